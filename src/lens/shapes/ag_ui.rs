//! AG-UI: <https://docs.ag-ui.com/concepts/events>.

use super::{
    super::answer::{Answer, Id, PartKind, text_or_raw},
    Event, Read, Row, not_json, unknown,
};

pub(super) const ROW: Row = Row {
    name: "AG-UI",
    end: "RUN_FINISHED",
    begins: |event, _| event.kind() == "RUN_STARTED",
    read,
};

pub(super) fn is_sure(kind: &str, _: &str) -> bool {
    [
        "RUN_STARTED",
        "RUN_FINISHED",
        "RUN_ERROR",
        "TEXT_MESSAGE_",
        "TOOL_CALL_",
        "REASONING_",
        "THINKING_",
    ]
    .iter()
    .any(|beginning| kind.starts_with(beginning))
}

fn read(event: &Event<'_>, answer: &mut Answer) -> Read {
    let Some(json) = event.json else {
        return not_json(event);
    };
    let kind = event.kind();
    answer.begins(kind == "RUN_STARTED");
    let text = |key| json.text_of(key).unwrap_or_default();
    let message = text("messageId");
    let message = Id::Text(&message);
    let call = text("toolCallId");
    let call_id = Id::Text(&call);
    let delta = text("delta");
    match &*kind {
        "RUN_STARTED" => answer.set_id(json.text_of("runId")),
        "RUN_FINISHED" => {
            answer.finish(event, 0, &text("outcome"));
            answer.end(event);
        }
        "RUN_ERROR" => {
            answer.fail_with(event, json);
            answer.end(event);
        }
        "TEXT_MESSAGE_START" => {
            answer.begin(event, PartKind::Text, 0, message);
        }
        "TEXT_MESSAGE_CONTENT" | "TEXT_MESSAGE_CHUNK" => {
            answer.add(event, PartKind::Text, 0, message, &delta);
        }
        "REASONING_MESSAGE_START" | "THINKING_TEXT_MESSAGE_START" => {
            answer.begin(event, PartKind::Reasoning, 0, message);
        }
        "REASONING_MESSAGE_CONTENT"
        | "REASONING_MESSAGE_CHUNK"
        | "THINKING_TEXT_MESSAGE_CONTENT" => {
            answer.add(event, PartKind::Reasoning, 0, message, &delta);
        }
        "TOOL_CALL_START" | "TOOL_CALL_ARGS" | "TOOL_CALL_CHUNK" => {
            let (name, call) = (json.text_of("toolCallName"), Some((&*call).into()));
            answer.call(event, 0, call_id, name, call);
            answer.add(event, PartKind::ToolCall, 0, call_id, &delta);
        }
        "TOOL_CALL_RESULT" => {
            if let Some(content) = json.get("content") {
                let content = text_or_raw(content);
                answer.add(event, PartKind::ToolResult, 0, call_id, &content);
            }
        }
        "TEXT_MESSAGE_END"
        | "TOOL_CALL_END"
        | "STEP_STARTED"
        | "STEP_FINISHED"
        | "REASONING_START"
        | "REASONING_END"
        | "REASONING_MESSAGE_END"
        | "THINKING_START"
        | "THINKING_END"
        | "THINKING_TEXT_MESSAGE_END" => {}
        other => return unknown(other),
    }
    Ok(())
}
