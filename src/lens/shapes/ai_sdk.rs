//! The UI message stream of the AI SDK: <https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol#data-stream-protocol>.

use super::{
    super::answer::{Answer, Id, PartKind, text_or_raw},
    Event, Read, Row, has_keys, not_json, unknown,
};

pub(super) const ROW: Row = Row {
    name: "AI SDK UI message stream",
    end: "[DONE]",
    begins: |event, _| event.kind() == "start",
    read,
};

pub(super) fn is_sure(kind: &str, data: &str) -> bool {
    match kind {
        "start" => has_keys(data, &["\"messageId\""]) || data.len() < 20,
        "text-start" | "text-delta" | "text-end" | "reasoning-start" | "reasoning-delta"
        | "reasoning-end" | "start-step" | "finish-step" => true,
        kind => kind.starts_with("tool-input-") || kind.starts_with("tool-output-"),
    }
}

fn read(event: &Event<'_>, answer: &mut Answer) -> Read {
    if event.data.trim() == "[DONE]" {
        answer.end(event);
        return Ok(());
    }
    let Some(json) = event.json else {
        return not_json(event);
    };
    let kind = event.kind();
    answer.begins(kind == "start");
    let text = |key| json.text_of(key).unwrap_or_default();
    let id = text("id");
    let id = Id::Text(&id);
    let call = text("toolCallId");
    let call_id = Id::Text(&call);
    match &*kind {
        "start" => answer.set_id(json.text_of("messageId")),
        "text-start" => {
            answer.begin(event, PartKind::Text, 0, id);
        }
        "text-delta" => answer.add(event, PartKind::Text, 0, id, &text("delta")),
        "reasoning-start" => {
            answer.begin(event, PartKind::Reasoning, 0, id);
        }
        "reasoning-delta" => answer.add(event, PartKind::Reasoning, 0, id, &text("delta")),
        "tool-input-start" | "tool-input-delta" | "tool-input-available" | "tool-input-error" => {
            let (name, call) = (json.text_of("toolName"), Some((&*call).into()));
            answer.call(event, 0, call_id, name, call);
            let delta = text("inputTextDelta");
            answer.add(event, PartKind::ToolCall, 0, call_id, &delta);
            if let Some(input) = json.get("input") {
                let input = input.raw();
                answer.add_missing(event, PartKind::ToolCall, 0, call_id, input);
            }
            if let Some(error) = json.text_of("errorText") {
                answer.fail(event, &error);
            }
        }
        "tool-output-available" | "tool-output-error" => {
            for key in ["output", "errorText"] {
                if let Some(output) = json.get(key) {
                    let output = text_or_raw(output);
                    answer.add(event, PartKind::ToolResult, 0, call_id, &output);
                }
            }
        }
        "source-url" | "source-document" => {
            let source = json.text_of("url").or_else(|| json.text_of("title"));
            answer.cite(event, &source.unwrap_or(json.raw().into()));
        }
        "error" => answer.fail(event, &text("errorText")),
        "abort" => answer.finish(event, 0, "abort"),
        "finish" => answer.finish(
            event,
            0,
            json.text_of("finishReason").as_deref().unwrap_or("finish"),
        ),
        "text-end" | "reasoning-end" | "start-step" | "finish-step" | "message-metadata" => {}
        other => return unknown(other),
    }
    Ok(())
}
