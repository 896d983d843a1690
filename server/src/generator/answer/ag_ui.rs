//! AG-UI: <https://docs.ag-ui.com/concepts/events>. The end is `RUN_FINISHED` or `RUN_ERROR`. The usage
//! is a member of `RUN_FINISHED` since version 1.0 of the protocol.

use super::{
    Answer, At, ERROR, Event, Kind, MODEL, Part, Plan, TOOL,
    json::{Quoted, fill},
};

pub(super) fn plan(answer: &Answer, plan: &mut Plan) {
    plan.one(run_started);
    for part in &answer.parts {
        if part.kind == Kind::Reasoning {
            plan.part(part, reasoning_start);
        }
        plan.part(part, start);
        plan.parts(part, part.sent, content);
        if part.is_broken {
            break;
        }
        plan.part(part, end);
        if part.kind == Kind::Reasoning {
            plan.part(part, reasoning_end);
        }
    }
    match answer.has_error {
        true => plan.one(run_error),
        false => plan.one(run_finished),
    }
}

fn run_started(_: &Answer, _: At) -> Event {
    Event::untyped(
        r#"{"type":"RUN_STARTED","threadId":"thread_scope","runId":"run_scope"}"#.to_owned(),
    )
}

fn reasoning_start(_: &Answer, part: &Part, _: At) -> Event {
    Event::untyped(fill(
        r#"{"type":"REASONING_START","messageId":"reasoning_$"}"#,
        &[&part.nth],
    ))
}

fn start(_: &Answer, part: &Part, _: At) -> Event {
    Event::untyped(match part.kind {
        Kind::Reasoning => fill(
            r#"{"type":"REASONING_MESSAGE_START","messageId":"reasoning_$","role":"reasoning"}"#,
            &[&part.nth],
        ),
        Kind::Text => fill(
            r#"{"type":"TEXT_MESSAGE_START","messageId":"msg_$","role":"assistant"}"#,
            &[&part.nth],
        ),
        Kind::Tool => fill(
            r#"{"type":"TOOL_CALL_START","toolCallId":"call_$","toolCallName":"$"}"#,
            &[&part.nth, &TOOL],
        ),
    })
}

fn content(_: &Answer, part: &Part, at: At) -> Event {
    let template = match part.kind {
        Kind::Reasoning => {
            r#"{"type":"REASONING_MESSAGE_CONTENT","messageId":"reasoning_$","delta":$}"#
        }
        Kind::Text => r#"{"type":"TEXT_MESSAGE_CONTENT","messageId":"msg_$","delta":$}"#,
        Kind::Tool => r#"{"type":"TOOL_CALL_ARGS","toolCallId":"call_$","delta":$}"#,
    };
    let piece = Quoted(part.piece(0, at.index));
    Event::untyped(fill(template, &[&part.nth, &piece]))
}

fn end(_: &Answer, part: &Part, _: At) -> Event {
    let template = match part.kind {
        Kind::Reasoning => r#"{"type":"REASONING_MESSAGE_END","messageId":"reasoning_$"}"#,
        Kind::Text => r#"{"type":"TEXT_MESSAGE_END","messageId":"msg_$"}"#,
        Kind::Tool => r#"{"type":"TOOL_CALL_END","toolCallId":"call_$"}"#,
    };
    Event::untyped(fill(template, &[&part.nth]))
}

fn reasoning_end(_: &Answer, part: &Part, _: At) -> Event {
    Event::untyped(fill(
        r#"{"type":"REASONING_END","messageId":"reasoning_$"}"#,
        &[&part.nth],
    ))
}

fn run_finished(answer: &Answer, _: At) -> Event {
    let usage = answer.usage().map_or(String::new(), |usage| {
        fill(
            r#","usage":[{"model":"$","inputTokens":$,"outputTokens":$,"totalTokens":$,"reasoningTokens":$}]"#,
            &[
                &MODEL,
                &usage.input,
                &usage.output,
                &usage.total(),
                &usage.reasoning,
            ],
        )
    });
    Event::untyped(fill(
        r#"{"type":"RUN_FINISHED","threadId":"thread_scope","runId":"run_scope"$}"#,
        &[&usage],
    ))
}

fn run_error(_: &Answer, _: At) -> Event {
    Event::untyped(fill(
        r#"{"type":"RUN_ERROR","message":"$","code":"server_error"}"#,
        &[&ERROR],
    ))
}
