//! Anthropic Messages: <https://docs.anthropic.com/en/docs/build-with-claude/streaming>.

use super::{
    super::answer::{Answer, Id, PartKind, text_or_raw},
    Event, Read, Row, not_json, unknown,
};
use crate::json::Value;

pub(super) const ROW: Row = Row {
    name: "Anthropic Messages",
    end: "message_stop",
    begins: |event, _| event.kind() == "message_start",
    read,
};

pub(super) fn is_sure(kind: &str, _: &str) -> bool {
    matches!(
        kind,
        "message_start"
            | "content_block_start"
            | "content_block_delta"
            | "content_block_stop"
            | "message_delta"
            | "message_stop"
    )
}

fn read(event: &Event<'_>, answer: &mut Answer) -> Read {
    let Some(json) = event.json else {
        return not_json(event);
    };
    let kind = event.kind();
    let number = json.number_of("index").unwrap_or_default();
    answer.begins(kind == "message_start");
    match &*kind {
        "message_start" => {
            let message = json.get("message").unwrap_or(json);
            answer.set_id(message.text_of("id"));
            answer.set_model(message.text_of("model"));
            if let Some(usage) = message.get("usage") {
                answer.report(event, usage);
            }
        }
        "content_block_start" => match json.get("content_block") {
            Some(block) => return read_block(event, answer, number, block),
            None => return unknown("content_block_start without a block"),
        },
        "content_block_delta" => match json.get("delta") {
            Some(delta) => return read_delta(event, answer, number, delta),
            None => return unknown("content_block_delta without a delta"),
        },
        "message_delta" => {
            let delta = json.get("delta");
            if let Some(reason) = delta.and_then(|delta| delta.text_of("stop_reason")) {
                answer.finish(event, 0, &reason);
            }
            if let Some(usage) = json.get("usage") {
                answer.report(event, usage);
            }
        }
        "message_stop" => answer.end(event),
        "error" => answer.fail_with(event, json.get("error").unwrap_or(json)),
        "ping" | "content_block_stop" => {}
        other => return unknown(other),
    }
    Ok(())
}

fn read_block(event: &Event<'_>, answer: &mut Answer, number: u64, block: Value<'_>) -> Read {
    let id = Id::Number(number);
    let kind = block.text_of("type").unwrap_or_default();
    match &*kind {
        "text" => {
            answer.begin(event, PartKind::Text, 0, id);
            let text = block.text_of("text").unwrap_or_default();
            answer.add(event, PartKind::Text, 0, id, &text);
        }
        "thinking" | "redacted_thinking" => {
            answer.begin(event, PartKind::Reasoning, 0, id);
            let text = block.text_of("thinking").unwrap_or_default();
            answer.add(event, PartKind::Reasoning, 0, id, &text);
        }
        "tool_use" | "server_tool_use" | "mcp_tool_use" => {
            answer.begin(event, PartKind::ToolCall, 0, id);
            answer.call(event, 0, id, block.text_of("name"), block.text_of("id"));
            // It is empty where the input arrives in pieces.
            let input = block.get("input");
            if let Some(input) = input.filter(|input| input.children().next().is_some()) {
                answer.add(event, PartKind::ToolCall, 0, id, input.raw());
            }
        }
        result if result.ends_with("_tool_result") => {
            answer.begin(event, PartKind::ToolResult, 0, id);
            if let Some(content) = block.get("content") {
                answer.add(event, PartKind::ToolResult, 0, id, &text_or_raw(content));
            }
        }
        other => return unknown(&["content block ", other].concat()),
    }
    Ok(())
}

fn read_delta(event: &Event<'_>, answer: &mut Answer, number: u64, delta: Value<'_>) -> Read {
    let kind = delta.text_of("type").unwrap_or_default();
    let (kind, key) = match &*kind {
        "text_delta" => (PartKind::Text, "text"),
        "thinking_delta" => (PartKind::Reasoning, "thinking"),
        "input_json_delta" => (PartKind::ToolCall, "partial_json"),
        "citations_delta" => {
            if let Some(citation) = delta.get("citation") {
                let source = ["url", "document_title", "source", "cited_text"];
                let mut sources = source.iter().filter_map(|key| citation.text_of(key));
                let text = sources.next().unwrap_or(citation.raw().into());
                answer.cite(event, &text);
            }
            return Ok(());
        }
        "signature_delta" => return Ok(()),
        other => return unknown(&["delta ", other].concat()),
    };
    let text = delta.text_of(key).unwrap_or_default();
    answer.add(event, kind, 0, Id::Number(number), &text);
    Ok(())
}
