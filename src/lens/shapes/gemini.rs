//! Gemini: <https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse>, with `alt=sse`.

use super::{
    super::answer::{Answer, Id, PartKind},
    Event, Read, Row, has_keys, not_json, unknown,
};
use crate::json::Value;

pub(super) const ROW: Row = Row {
    name: "Gemini",
    end: "finishReason",
    begins,
    read,
};

pub(super) fn is_sure(_: &str, data: &str) -> bool {
    has_keys(data, &["\"candidates\"", "\"content\""])
        || has_keys(data, &["\"candidates\"", "\"finishReason\""])
        || data.contains("\"promptFeedback\"")
}

/// No message is the first one: an answer has an ID, or a connection of its own.
fn begins(event: &Event<'_>, last: &Answer) -> bool {
    let id = event.json.and_then(|json| json.text_of("responseId"));
    match (id, &last.id) {
        (Some(id), Some(last)) => *id != **last,
        _ => {
            last.is_over()
                && event
                    .json
                    .is_some_and(|json| json.get("candidates").is_some())
        }
    }
}

fn read(event: &Event<'_>, answer: &mut Answer) -> Read {
    let Some(json) = event.json else {
        return not_json(event);
    };
    answer.set_id(json.text_of("responseId"));
    answer.set_model(json.text_of("modelVersion"));
    if let Some(usage) = json.get("usageMetadata") {
        answer.report(event, usage);
    }
    if let Some(error) = json.get("error") {
        answer.fail_with(event, error);
        return Ok(());
    }
    let feedback = json.get("promptFeedback");
    if let Some(reason) = feedback.and_then(|feedback| feedback.text_of("blockReason")) {
        answer.finish(event, 0, &reason);
        answer.end(event);
        return Ok(());
    }
    let Some(candidates) = json.get("candidates") else {
        return match json.get("usageMetadata") {
            Some(_) => Ok(()),
            None => unknown("no candidates"),
        };
    };
    let mut result = Ok(());
    for candidate in candidates.children() {
        let choice = candidate.number_of("index").unwrap_or_default();
        if let Some(content) = candidate.get("content") {
            for part in content.items_of("parts") {
                result = result.and(read_part(event, answer, choice, part));
            }
        }
        read_citations(event, answer, candidate);
        if let Some(reason) = candidate.text_of("finishReason") {
            answer.finish(event, choice, &reason);
            // The last message of a candidate.
            answer.end(event);
        }
    }
    result
}

fn read_part(event: &Event<'_>, answer: &mut Answer, choice: u64, part: Value<'_>) -> Read {
    // Parts have no numbers: text goes on where the last part is of its kind.
    let last = answer.last_part(choice).map(|last| last.kind);
    let count = answer.parts.len() as u64;
    let next = Id::Number(count);
    if let Some(text) = part.text_of("text") {
        let is_thought = part
            .get("thought")
            .is_some_and(|thought| thought.raw() == "true");
        let kind = match is_thought {
            true => PartKind::Reasoning,
            false => PartKind::Text,
        };
        if last != Some(kind) && !text.is_empty() {
            answer.begin(event, kind, choice, Id::Number(0));
        }
        answer.add(event, kind, choice, Id::Number(0), &text);
    } else if let Some(call) = part.get("functionCall") {
        answer.call(
            event,
            choice,
            next,
            call.text_of("name"),
            call.text_of("id"),
        );
        if let Some(arguments) = call.get("args") {
            answer.add(event, PartKind::ToolCall, choice, next, arguments.raw());
        }
    } else if let Some(code) = part.get("executableCode") {
        answer.call(event, choice, next, Some("executableCode".into()), None);
        if let Some(part) = answer.part(PartKind::ToolCall, choice, next) {
            part.has_no_json();
        }
        let code = code.text_of("code").unwrap_or_default();
        answer.add(event, PartKind::ToolCall, choice, next, &code);
    } else if let Some(outcome) = part.get("codeExecutionResult") {
        let output = outcome.text_of("output").unwrap_or_default();
        answer.add(event, PartKind::ToolResult, choice, next, &output);
    } else {
        let mut members = part.children().map(Value::key);
        match members.find(|key| key != "thoughtSignature") {
            Some(key) => return unknown(&["part ", &key].concat()),
            None => return Ok(()),
        }
    }
    Ok(())
}

fn read_citations(event: &Event<'_>, answer: &mut Answer, candidate: Value<'_>) {
    if let Some(citations) = candidate.get("citationMetadata") {
        for key in ["citationSources", "citations"] {
            for source in citations.items_of(key) {
                answer.cite(event, &source.text_of("uri").unwrap_or(source.raw().into()));
            }
        }
    }
    if let Some(grounding) = candidate.get("groundingMetadata") {
        for chunk in grounding.items_of("groundingChunks") {
            let web = chunk.get("web").and_then(|web| web.text_of("uri"));
            answer.cite(event, &web.unwrap_or(chunk.raw().into()));
        }
    }
}
