//! OpenAI Chat Completions, and what is like it.
//!
//! Chunks: <https://platform.openai.com/docs/api-reference/chat-streaming>. What others add:
//!
//! - `reasoning_content`: DeepSeek <https://api-docs.deepseek.com/guides/reasoning_model>, llama.cpp, and vLLM, which
//!   calls it `reasoning` now <https://docs.vllm.ai/en/latest/features/reasoning_outputs.html>, as Ollama, Groq and
//!   OpenRouter do.
//! - Content in chunks, some of which are `thinking`: Mistral <https://docs.mistral.ai/capabilities/reasoning/>.
//! - `citations`: Perplexity <https://docs.perplexity.ai>.
//! - `error` in mid-stream: OpenRouter <https://openrouter.ai/docs/api-reference/errors>, vLLM, llama.cpp.
//! - `text` in place of `delta`: the older Completions.

use super::{
    super::answer::{Answer, Id, PartKind, text_or_raw},
    Event, Read, Row, has_keys, not_json, unknown,
};
use crate::json::{Kind, Value};

pub(super) const ROW: Row = Row {
    name: "OpenAI Chat Completions",
    end: "[DONE]",
    begins,
    read,
};

pub(super) fn is_sure(_: &str, data: &str) -> bool {
    has_keys(data, &["\"choices\"", "\"delta\""])
        || has_keys(data, &["\"choices\"", "\"text_completion\""])
        || data.contains("\"chat.completion.chunk\"")
}

fn begins(event: &Event<'_>, last: &Answer) -> bool {
    if !last.is_ended() && !last.is_over() {
        return false;
    }
    let Some(choice) = event.json.and_then(|json| json.items_of("choices").next()) else {
        return false;
    };
    // After a lost connection a server may go on, but not with the role.
    let goes_on = || {
        let id = event.json.and_then(|json| json.text_of("id"));
        let delta = choice.get("delta");
        let role = delta.and_then(|delta| delta.get("role"));
        last.id.as_deref() == id.as_deref() && role.is_none()
    };
    last.is_ended() || !goes_on()
}

fn read(event: &Event<'_>, answer: &mut Answer) -> Read {
    if event.data.trim() == "[DONE]" {
        answer.end(event);
        return Ok(());
    }
    let Some(json) = event.json else {
        return not_json(event);
    };
    let (mut is_known, mut result) = (false, Ok(()));
    // In one pass: this is the shape with the longest messages for each token.
    for member in json.children().filter(|member| !member.is_null()) {
        match &*member.key() {
            "id" => answer.set_id(member.text()),
            "model" => answer.set_model(member.text()),
            "choices" => {
                is_known = true;
                for choice in member.children() {
                    result = result.and(read_choice(event, answer, choice));
                }
            }
            "usage" => {
                is_known = true;
                answer.report(event, member);
            }
            "x_groq" => {
                if let Some(usage) = member.get("usage") {
                    is_known = true;
                    answer.report(event, usage);
                }
            }
            "error" => {
                is_known = true;
                answer.fail_with(event, member);
            }
            // The error of older versions of vLLM.
            "object" if member.raw() == "\"error\"" => {
                is_known = true;
                answer.fail_with(event, json);
            }
            "citations" => {
                for citation in member.children() {
                    answer.cite(event, &text_or_raw(citation));
                }
            }
            _ => {}
        }
    }
    match is_known {
        true => result,
        false => unknown("no choices"),
    }
}

fn read_choice(event: &Event<'_>, answer: &mut Answer, choice: Value<'_>) -> Read {
    let number = choice.number_of("index").unwrap_or_default();
    let mut result = Ok(());
    for member in choice.children().filter(|member| !member.is_null()) {
        match &*member.key() {
            "text" => {
                let text = text_or_raw(member);
                answer.add(event, PartKind::Text, number, Id::Number(0), &text);
            }
            "delta" => result = read_delta(event, answer, number, member),
            "finish_reason" => answer.finish(event, number, &text_or_raw(member)),
            _ => {}
        }
    }
    result
}

fn read_delta(event: &Event<'_>, answer: &mut Answer, choice: u64, delta: Value<'_>) -> Read {
    let mut result = Ok(());
    let mut has_reasoning = false;
    for member in delta.children().filter(|member| !member.is_null()) {
        let key = member.key();
        match &*key {
            "content" => result = result.and(read_content(event, answer, choice, member)),
            // Some servers send it by both names.
            "reasoning_content" | "reasoning" if !has_reasoning => {
                let text = text_or_raw(member);
                has_reasoning = !text.is_empty();
                answer.add(event, PartKind::Reasoning, choice, Id::Number(0), &text);
            }
            "refusal" => {
                let text = text_or_raw(member);
                answer.add(event, PartKind::Refusal, choice, Id::Number(0), &text);
            }
            "tool_calls" => {
                for (place, call) in member.children().enumerate() {
                    let number = call.number_of("index").unwrap_or(place as u64);
                    if let Some(function) = call.get("function") {
                        read_call(event, answer, choice, number, call, function);
                    }
                }
            }
            // Before there were tools.
            "function_call" => read_call(event, answer, choice, 0, member, member),
            "annotations" => {
                for annotation in member.children() {
                    let cited = annotation.get("url_citation").unwrap_or(annotation);
                    let url = cited.text_of("url");
                    answer.cite(event, &url.unwrap_or(annotation.raw().into()));
                }
            }
            // What `reasoning` has already, in another form.
            "role" | "reasoning" | "reasoning_content" | "reasoning_details" => {}
            _ if is_empty(member) => {}
            other => result = result.and(unknown(&["delta.", other].concat())),
        }
    }
    result
}

fn is_empty(value: Value<'_>) -> bool {
    value.raw() == "\"\"" || (value.kind().is_container() && value.children().next().is_none())
}

/// A text, or chunks of text and thinking.
fn read_content(event: &Event<'_>, answer: &mut Answer, choice: u64, content: Value<'_>) -> Read {
    let mut add = |kind, text: &str| answer.add(event, kind, choice, Id::Number(0), text);
    if let Some(text) = content.text() {
        add(PartKind::Text, &text);
        return Ok(());
    }
    if content.kind() != Kind::Array {
        return unknown("delta.content");
    }
    let mut result = Ok(());
    for chunk in content.children() {
        match chunk.text_of("type").as_deref() {
            Some("text") => add(PartKind::Text, &chunk.text_of("text").unwrap_or_default()),
            Some("thinking") => {
                for thought in chunk.items_of("thinking") {
                    let text = thought.text_of("text");
                    add(PartKind::Reasoning, &text.unwrap_or_default());
                }
            }
            other => {
                let kind = other.unwrap_or("without a type");
                result = result.and(unknown(&["delta.content ", kind].concat()));
            }
        }
    }
    result
}

fn read_call(
    event: &Event<'_>,
    answer: &mut Answer,
    choice: u64,
    number: u64,
    call: Value<'_>,
    function: Value<'_>,
) {
    let id = Id::Number(number);
    let name = function.text_of("name");
    answer.call(event, choice, id, name, call.text_of("id"));
    if let Some(arguments) = function.get("arguments") {
        let arguments = text_or_raw(arguments);
        answer.add(event, PartKind::ToolCall, choice, id, &arguments);
    }
}
