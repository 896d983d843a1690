//! Anthropic Messages: <https://platform.claude.com/docs/en/build-with-claude/streaming>.

use super::{
    Answer, At, Event, Kind, MODEL, Part, Plan, TOOL,
    json::{Quoted, fill},
};

pub(super) fn plan(answer: &Answer, plan: &mut Plan) {
    plan.one(message_start);
    for part in &answer.parts {
        plan.part(part, content_block_start);
        if part.index == 0 {
            plan.one(ping);
        }
        if part.kind == Kind::Tool {
            plan.part(part, empty_arguments);
        }
        plan.parts(part, part.sent, content_block_delta);
        if part.is_broken {
            break;
        }
        if part.kind == Kind::Reasoning {
            plan.part(part, signature);
        }
        plan.part(part, content_block_stop);
    }
    if answer.has_error {
        plan.one(error);
        return;
    }
    plan.one(message_delta);
    plan.one(message_stop);
}

fn message_start(answer: &Answer, _: At) -> Event {
    let usage = answer.usage().map_or(String::new(), |usage| {
        fill(
            r#","usage":{"input_tokens":$,"output_tokens":1}"#,
            &[&usage.input],
        )
    });
    Event {
        event_type: "message_start",
        data: fill(
            r#"{"type":"message_start","message":{"id":"msg_scope","type":"message","role":"assistant","content":[],"model":"$","stop_reason":null,"stop_sequence":null$}}"#,
            &[&MODEL, &usage],
        ),
    }
}

fn ping(_: &Answer, _: At) -> Event {
    Event {
        event_type: "ping",
        data: r#"{"type":"ping"}"#.to_owned(),
    }
}

fn content_block_start(_: &Answer, part: &Part, _: At) -> Event {
    let block = match part.kind {
        Kind::Reasoning => r#"{"type":"thinking","thinking":"","signature":""}"#.to_owned(),
        Kind::Text => r#"{"type":"text","text":""}"#.to_owned(),
        Kind::Tool => fill(
            r#"{"type":"tool_use","id":"toolu_scope_$","name":"$","input":{}}"#,
            &[&part.nth, &TOOL],
        ),
    };
    Event {
        event_type: "content_block_start",
        data: fill(
            r#"{"type":"content_block_start","index":$,"content_block":$}"#,
            &[&part.index, &block],
        ),
    }
}

fn content_block_delta(_: &Answer, part: &Part, at: At) -> Event {
    let template = match part.kind {
        Kind::Reasoning => r#"{"type":"thinking_delta","thinking":$}"#,
        Kind::Text => r#"{"type":"text_delta","text":$}"#,
        Kind::Tool => r#"{"type":"input_json_delta","partial_json":$}"#,
    };
    let piece = Quoted(part.piece(0, at.index));
    delta(part, &fill(template, &[&piece]))
}

/// The first delta of a call, as the reference prints it.
fn empty_arguments(_: &Answer, part: &Part, _: At) -> Event {
    delta(part, r#"{"type":"input_json_delta","partial_json":""}"#)
}

/// The signature by which the API recognises its own thinking.
fn signature(_: &Answer, part: &Part, _: At) -> Event {
    delta(
        part,
        r#"{"type":"signature_delta","signature":"c2lnbmF0dXJl"}"#,
    )
}

fn delta(part: &Part, delta: &str) -> Event {
    Event {
        event_type: "content_block_delta",
        data: fill(
            r#"{"type":"content_block_delta","index":$,"delta":$}"#,
            &[&part.index, &delta],
        ),
    }
}

fn content_block_stop(_: &Answer, part: &Part, _: At) -> Event {
    Event {
        event_type: "content_block_stop",
        data: fill(r#"{"type":"content_block_stop","index":$}"#, &[&part.index]),
    }
}

fn message_delta(answer: &Answer, _: At) -> Event {
    let reason = match answer.has_tool() {
        true => "tool_use",
        false => "end_turn",
    };
    let usage = answer.usage().map_or(String::new(), |usage| {
        fill(r#","usage":{"output_tokens":$}"#, &[&usage.output])
    });
    Event {
        event_type: "message_delta",
        data: fill(
            r#"{"type":"message_delta","delta":{"stop_reason":"$","stop_sequence":null}$}"#,
            &[&reason, &usage],
        ),
    }
}

fn message_stop(_: &Answer, _: At) -> Event {
    Event {
        event_type: "message_stop",
        data: r#"{"type":"message_stop"}"#.to_owned(),
    }
}

fn error(_: &Answer, _: At) -> Event {
    Event {
        event_type: "error",
        data: r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#
            .to_owned(),
    }
}
