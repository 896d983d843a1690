//! OpenAI Chat Completions: <https://platform.openai.com/docs/api-reference/chat-streaming>.
//!
//! That API does not send its reasoning. `reasoning_content` is the field of DeepSeek, vLLM and others
//! with the same API: <https://api-docs.deepseek.com/guides/reasoning_model>. The reference has no error
//! in mid-stream; OpenAI's own SDKs read an event with a member `error`.

use super::{
    Answer, At, ERROR, Event, Kind, MODEL, Part, Plan, TOOL,
    json::{Quoted, fill},
};

pub(super) fn plan(answer: &Answer, plan: &mut Plan) {
    // Each choice has events of its own.
    plan.many(answer.choices, role);
    for part in &answer.parts {
        match part.kind {
            Kind::Reasoning => plan.parts(part, part.sent, reasoning),
            Kind::Text => plan.parts(part, part.sent, text),
            Kind::Tool => {
                plan.parts(part, answer.choices, call);
                plan.parts(part, part.sent, arguments);
            }
        }
    }
    if answer.has_error {
        plan.one(error);
        return;
    }
    plan.many(answer.choices, finish);
    if answer.has_usage {
        plan.one(usage);
    }
    plan.one(done);
}

/// An event with these choices.
fn chunk(answer: &Answer, choices: &str, usage: &str) -> Event {
    // With `stream_options.include_usage` each chunk has a usage, which is null before the last one.
    let usage = match answer.has_usage {
        true => format!(r#","usage":{usage}"#),
        false => String::new(),
    };
    Event::untyped(fill(
        r#"{"id":"chatcmpl-scope","object":"chat.completion.chunk","created":1700000000,"model":"$","system_fingerprint":"fp_scope","choices":[$]$}"#,
        &[&MODEL, &choices, &usage],
    ))
}

/// An event of the choice whose turn it is.
fn choice(answer: &Answer, at: At, delta: &str, finish_reason: &str) -> Event {
    let choice = fill(
        r#"{"index":$,"delta":$,"logprobs":null,"finish_reason":$}"#,
        &[&(at.index % answer.choices), &delta, &finish_reason],
    );
    chunk(answer, &choice, "null")
}

/// An event with the next piece of the choice whose turn it is.
fn piece(answer: &Answer, part: &Part, at: At, template: &str) -> Event {
    let (turn, choice_number) = (at.index / answer.choices, at.index % answer.choices);
    let piece = Quoted(part.piece(choice_number, turn));
    let delta = match part.kind {
        Kind::Tool => fill(template, &[&part.nth, &piece]),
        _ => fill(template, &[&piece]),
    };
    choice(answer, at, &delta, "null")
}

fn role(answer: &Answer, at: At) -> Event {
    let delta = r#"{"role":"assistant","content":"","refusal":null}"#;
    choice(answer, at, delta, "null")
}

fn reasoning(answer: &Answer, part: &Part, at: At) -> Event {
    piece(answer, part, at, r#"{"reasoning_content":$}"#)
}

fn text(answer: &Answer, part: &Part, at: At) -> Event {
    piece(answer, part, at, r#"{"content":$}"#)
}

fn call(answer: &Answer, part: &Part, at: At) -> Event {
    let choice_number = at.index % answer.choices;
    let delta = fill(
        r#"{"tool_calls":[{"index":$,"id":"call_scope_$_$","type":"function","function":{"name":"$","arguments":""}}]}"#,
        &[&part.nth, &choice_number, &part.nth, &TOOL],
    );
    choice(answer, at, &delta, "null")
}

fn arguments(answer: &Answer, part: &Part, at: At) -> Event {
    let template = r#"{"tool_calls":[{"index":$,"function":{"arguments":$}}]}"#;
    piece(answer, part, at, template)
}

fn finish(answer: &Answer, at: At) -> Event {
    let reason = match answer.has_tool() {
        true => r#""tool_calls""#,
        false => r#""stop""#,
    };
    choice(answer, at, "{}", reason)
}

fn usage(answer: &Answer, _: At) -> Event {
    let usage = answer.usage().map_or("null".to_owned(), |usage| {
        fill(
            r#"{"prompt_tokens":$,"completion_tokens":$,"total_tokens":$,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":$}}"#,
            &[
                &usage.input,
                &usage.output,
                &usage.total(),
                &usage.reasoning,
            ],
        )
    });
    chunk(answer, "", &usage)
}

fn error(_: &Answer, _: At) -> Event {
    Event::untyped(fill(
        r#"{"error":{"message":"$","type":"server_error","param":null,"code":null}}"#,
        &[&ERROR],
    ))
}

fn done(_: &Answer, _: At) -> Event {
    Event::untyped("[DONE]".to_owned())
}
