//! Cohere Chat, version 2: <https://docs.cohere.com/v2/docs/streaming>.

use super::{
    super::answer::{Answer, Id, PartKind},
    Event, Read, Row, not_json, unknown,
};

pub(super) const ROW: Row = Row {
    name: "Cohere Chat",
    end: "message-end",
    begins: |event, _| event.kind() == "message-start",
    read,
};

pub(super) fn is_sure(kind: &str, _: &str) -> bool {
    matches!(
        kind,
        "message-start"
            | "content-start"
            | "content-delta"
            | "content-end"
            | "tool-plan-delta"
            | "tool-call-start"
            | "tool-call-delta"
            | "tool-call-end"
            | "citation-start"
            | "citation-end"
            | "message-end"
    )
}

fn read(event: &Event<'_>, answer: &mut Answer) -> Read {
    if event.data.trim() == "[DONE]" {
        return Ok(());
    }
    let Some(json) = event.json else {
        return not_json(event);
    };
    let kind = event.kind();
    answer.begins(kind == "message-start");
    let id = Id::Number(json.number_of("index").unwrap_or_default());
    let delta = json.get("delta");
    let message = delta.and_then(|delta| delta.get("message"));
    match &*kind {
        "message-start" => answer.set_id(json.text_of("id")),
        "content-start" | "content-delta" => {
            if let Some(content) = message.and_then(|message| message.get("content")) {
                for (key, kind) in [("text", PartKind::Text), ("thinking", PartKind::Reasoning)] {
                    let text = content.text_of(key).unwrap_or_default();
                    answer.add(event, kind, 0, id, &text);
                }
            }
        }
        "tool-plan-delta" => {
            let plan = message.and_then(|message| message.text_of("tool_plan"));
            answer.add(event, PartKind::Reasoning, 0, id, &plan.unwrap_or_default());
        }
        "tool-call-start" | "tool-call-delta" => {
            if let Some(call) = message.and_then(|message| message.get("tool_calls")) {
                let function = call.get("function");
                let name = function.and_then(|function| function.text_of("name"));
                answer.call(event, 0, id, name, call.text_of("id"));
                let arguments = function.and_then(|function| function.text_of("arguments"));
                let arguments = arguments.unwrap_or_default();
                answer.add(event, PartKind::ToolCall, 0, id, &arguments);
            }
        }
        "citation-start" => {
            if let Some(citation) = message.and_then(|message| message.get("citations")) {
                let text = citation.text_of("text");
                answer.cite(event, &text.unwrap_or(citation.raw().into()));
            }
        }
        "message-end" => {
            if let Some(delta) = delta {
                if let Some(error) = delta.get("error") {
                    answer.fail_with(event, error);
                }
                if let Some(usage) = delta.get("usage") {
                    answer.report(event, usage);
                }
                let reason = delta.text_of("finish_reason");
                answer.finish(event, 0, &reason.unwrap_or_default());
            }
            answer.end(event);
        }
        "content-end" | "tool-call-end" | "citation-end" => {}
        other => return unknown(other),
    }
    Ok(())
}
