//! OpenAI Responses: <https://platform.openai.com/docs/api-reference/responses-streaming>.

use super::{
    super::answer::{Answer, Id, PartKind, text_or_raw},
    Event, Read, Row, not_json, unknown,
};
use crate::json::Value;

pub(super) const ROW: Row = Row {
    name: "OpenAI Responses",
    end: "response.completed",
    begins: |event, _| event.kind() == "response.created",
    read,
};

pub(super) fn is_sure(kind: &str, _: &str) -> bool {
    is_known(kind)
}

/// The beginnings of what follows `response.`.
const KNOWN: [&str; 20] = [
    "created",
    "queued",
    "in_progress",
    "completed",
    "incomplete",
    "failed",
    "cancelled",
    "output_item.",
    "content_part.",
    "output_text.",
    "refusal.",
    "reasoning",
    "function_call_arguments.",
    "custom_tool_call_input.",
    "file_search_call.",
    "web_search_call.",
    "code_interpreter_call",
    "image_generation_call.",
    "mcp_",
    "audio.",
];

fn is_known(kind: &str) -> bool {
    let rest = kind.strip_prefix("response.");
    rest.is_some_and(|rest| KNOWN.iter().any(|known| rest.starts_with(known)))
}

fn read(event: &Event<'_>, answer: &mut Answer) -> Read {
    if event.data.trim() == "[DONE]" {
        return Ok(());
    }
    let Some(json) = event.json else {
        return not_json(event);
    };
    let kind = event.kind();
    answer.begins(kind == "response.created");
    let place = |key| json.number_of(key).unwrap_or_default();
    let output = place("output_index");
    let text = |key| json.text_of(key).unwrap_or_default();
    let content = content_id(output, place("content_index"));
    // Above the numbers of contents: a summary is beside the reasoning.
    let summary = content_id(output, (1 << 16) + place("summary_index"));
    let mut add = |kind, id| answer.add(event, kind, 0, id, &text("delta"));
    match &*kind {
        "response.output_text.delta" => add(PartKind::Text, content),
        "response.refusal.delta" => add(PartKind::Refusal, content),
        "response.reasoning_text.delta" => add(PartKind::Reasoning, content),
        "response.reasoning_summary_text.delta" => add(PartKind::Reasoning, summary),
        "response.function_call_arguments.delta"
        | "response.mcp_call_arguments.delta"
        | "response.custom_tool_call_input.delta"
        | "response.code_interpreter_call_code.delta" => {
            add(PartKind::ToolCall, Id::Number(output))
        }
        "response.output_text.done" => {
            answer.add_missing(event, PartKind::Text, 0, content, &text("text"));
        }
        "response.refusal.done" => {
            answer.add_missing(event, PartKind::Refusal, 0, content, &text("refusal"));
        }
        "response.reasoning_text.done" => {
            answer.add_missing(event, PartKind::Reasoning, 0, content, &text("text"));
        }
        "response.reasoning_summary_text.done" => {
            answer.add_missing(event, PartKind::Reasoning, 0, summary, &text("text"));
        }
        "response.function_call_arguments.done" | "response.mcp_call_arguments.done" => {
            let id = Id::Number(output);
            answer.add_missing(event, PartKind::ToolCall, 0, id, &text("arguments"));
        }
        "response.output_item.added" | "response.output_item.done" => {
            let item = json.get("item").unwrap_or(json);
            read_item(event, answer, output, item, kind.ends_with(".done"));
        }
        "response.output_text.annotation.added" => {
            if let Some(annotation) = json.get("annotation") {
                cite(event, answer, annotation);
            }
        }
        "error" => answer.fail_with(event, json.get("error").unwrap_or(json)),
        known if is_known(known) => {
            if let Some(response) = json.get("response") {
                read_response(event, answer, known, response);
            }
        }
        other => return unknown(other),
    }
    Ok(())
}

/// What identifies a content of an item.
fn content_id<'a>(output: u64, content: u64) -> Id<'a> {
    Id::Number(output.wrapping_shl(20).wrapping_add(content))
}

fn read_response(event: &Event<'_>, answer: &mut Answer, kind: &str, response: Value<'_>) {
    answer.set_id(response.text_of("id"));
    answer.set_model(response.text_of("model"));
    if matches!(
        kind,
        "response.created" | "response.queued" | "response.in_progress"
    ) {
        return;
    }
    if let Some(usage) = response.get("usage") {
        answer.report(event, usage);
    }
    if let Some(error) = response.get("error") {
        answer.fail_with(event, error);
    }
    for (output, item) in response.items_of("output").enumerate() {
        read_item(event, answer, output as u64, item, true);
    }
    let details = response.get("incomplete_details");
    let reason = details.and_then(|details| details.text_of("reason"));
    let reason = reason.or_else(|| response.text_of("status"));
    answer.finish(event, 0, &reason.unwrap_or_default());
    answer.end(event);
}

/// An item of the output, as far as its pieces did not arrive.
fn read_item(event: &Event<'_>, answer: &mut Answer, output: u64, item: Value<'_>, is_whole: bool) {
    let kind = item.text_of("type").unwrap_or_default();
    let contents = |key| item.items_of(key).enumerate();
    match &*kind {
        "message" if is_whole => {
            for (place, content) in contents("content") {
                let id = content_id(output, place as u64);
                if let Some(text) = content.text_of("text") {
                    answer.add_missing(event, PartKind::Text, 0, id, &text);
                }
                if let Some(text) = content.text_of("refusal") {
                    answer.add_missing(event, PartKind::Refusal, 0, id, &text);
                }
                for annotation in content.items_of("annotations") {
                    cite(event, answer, annotation);
                }
            }
        }
        "reasoning" if is_whole => {
            for (key, first) in [("content", 0), ("summary", 1 << 16)] {
                for (place, content) in contents(key) {
                    let id = content_id(output, first + place as u64);
                    let text = content.text_of("text").unwrap_or_default();
                    answer.add_missing(event, PartKind::Reasoning, 0, id, &text);
                }
            }
        }
        "message" | "reasoning" => {}
        call => {
            let id = Id::Number(output);
            let name = item.text_of("name").unwrap_or(call.into());
            answer.call(event, 0, id, Some(name), item.text_of("call_id"));
            let is_json = matches!(call, "function_call" | "mcp_call");
            if !is_json && let Some(part) = answer.part(PartKind::ToolCall, 0, id) {
                part.has_no_json();
            }
            for key in ["arguments", "input", "code", "action"] {
                if let Some(arguments) = item.get(key).filter(|_| is_whole) {
                    let arguments = text_or_raw(arguments);
                    answer.add_missing(event, PartKind::ToolCall, 0, id, &arguments);
                }
            }
        }
    }
}

fn cite(event: &Event<'_>, answer: &mut Answer, annotation: Value<'_>) {
    let source = ["url", "filename", "file_id"];
    let mut sources = source.iter().filter_map(|key| annotation.text_of(key));
    let text = sources.next().unwrap_or(annotation.raw().into());
    answer.cite(event, &text);
}
