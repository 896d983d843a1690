//! The UI message stream of the AI SDK: <https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol>. The usage is
//! metadata of the message, as in <https://ai-sdk.dev/docs/ai-sdk-ui/chatbot#usage-tracking>. The marker
//! at the end also follows an error.

use super::{
    ARGUMENTS, Answer, At, ERROR, Event, Kind, Part, Plan, TOOL,
    json::{Quoted, fill},
};

pub(super) fn plan(answer: &Answer, plan: &mut Plan) {
    plan.one(start);
    plan.one(start_step);
    for part in &answer.parts {
        plan.part(part, start_part);
        plan.parts(part, part.sent, delta);
        if !part.is_broken {
            plan.part(part, end_part);
        }
    }
    if answer.has_error {
        plan.one(error);
    } else {
        plan.one(finish_step);
        plan.one(finish);
    }
    plan.one(done);
}

fn start(_: &Answer, _: At) -> Event {
    Event::untyped(r#"{"type":"start","messageId":"msg_scope"}"#.to_owned())
}

fn start_step(_: &Answer, _: At) -> Event {
    Event::untyped(r#"{"type":"start-step"}"#.to_owned())
}

fn start_part(_: &Answer, part: &Part, _: At) -> Event {
    Event::untyped(match part.kind {
        Kind::Reasoning => fill(
            r#"{"type":"reasoning-start","id":"reasoning_$"}"#,
            &[&part.nth],
        ),
        Kind::Text => fill(r#"{"type":"text-start","id":"text_$"}"#, &[&part.nth]),
        Kind::Tool => fill(
            r#"{"type":"tool-input-start","toolCallId":"call_$","toolName":"$"}"#,
            &[&part.nth, &TOOL],
        ),
    })
}

fn delta(_: &Answer, part: &Part, at: At) -> Event {
    let template = match part.kind {
        Kind::Reasoning => r#"{"type":"reasoning-delta","id":"reasoning_$","delta":$}"#,
        Kind::Text => r#"{"type":"text-delta","id":"text_$","delta":$}"#,
        Kind::Tool => r#"{"type":"tool-input-delta","toolCallId":"call_$","inputTextDelta":$}"#,
    };
    let piece = Quoted(part.piece(0, at.index));
    Event::untyped(fill(template, &[&part.nth, &piece]))
}

fn end_part(_: &Answer, part: &Part, _: At) -> Event {
    Event::untyped(match part.kind {
        Kind::Reasoning => fill(
            r#"{"type":"reasoning-end","id":"reasoning_$"}"#,
            &[&part.nth],
        ),
        Kind::Text => fill(r#"{"type":"text-end","id":"text_$"}"#, &[&part.nth]),
        Kind::Tool => fill(
            r#"{"type":"tool-input-available","toolCallId":"call_$","toolName":"$","input":$}"#,
            &[&part.nth, &TOOL, &ARGUMENTS],
        ),
    })
}

fn error(_: &Answer, _: At) -> Event {
    Event::untyped(fill(r#"{"type":"error","errorText":"$"}"#, &[&ERROR]))
}

fn finish_step(_: &Answer, _: At) -> Event {
    Event::untyped(r#"{"type":"finish-step"}"#.to_owned())
}

fn finish(answer: &Answer, _: At) -> Event {
    let reason = match answer.has_tool() {
        true => "tool-calls",
        false => "stop",
    };
    let metadata = answer.usage().map_or(String::new(), |usage| {
        fill(
            r#","messageMetadata":{"totalUsage":{"inputTokens":$,"outputTokens":$,"outputTokenDetails":{"textTokens":$,"reasoningTokens":$},"totalTokens":$}}"#,
            &[
                &usage.input,
                &usage.output,
                &(usage.output - usage.reasoning),
                &usage.reasoning,
                &usage.total(),
            ],
        )
    });
    Event::untyped(fill(
        r#"{"type":"finish","finishReason":"$"$}"#,
        &[&reason, &metadata],
    ))
}

fn done(_: &Answer, _: At) -> Event {
    Event::untyped("[DONE]".to_owned())
}
