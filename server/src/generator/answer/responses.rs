//! OpenAI Responses: <https://platform.openai.com/docs/api-reference/responses-streaming>. Reasoning is a
//! summary, as OpenAI sends it. There is no marker at the end: the last event is `response.completed`,
//! or after an error `response.failed`.

use std::fmt::Display;

use super::{
    Answer, At, ERROR, Event, Kind, MODEL, Part, Plan, TOOL,
    json::{Quoted, fill},
};

pub(super) fn plan(answer: &Answer, plan: &mut Plan) {
    plan.one(created);
    plan.one(in_progress);
    for part in &answer.parts {
        plan.part(part, item_added);
        if part.kind != Kind::Tool {
            plan.part(part, part_added);
        }
        plan.parts(part, part.sent, delta);
        if part.is_broken {
            break;
        }
        plan.part(part, done);
        if part.kind != Kind::Tool {
            plan.part(part, part_done);
        }
        plan.part(part, item_done);
    }
    if answer.has_error {
        plan.one(error);
        plan.one(failed);
        return;
    }
    plan.one(completed);
}

/// An event: its type, its number, and its other members.
fn event(event_type: &'static str, at: At, template: &str, values: &[&dyn Display]) -> Event {
    let members = fill(template, values);
    Event {
        event_type,
        data: fill(
            r#"{"type":"$","sequence_number":$,$}"#,
            &[&event_type, &at.number, &members],
        ),
    }
}

/// An event that has the whole response.
fn response(
    event_type: &'static str,
    at: At,
    status: &str,
    error: &str,
    output: &str,
    usage: &str,
) -> Event {
    event(
        event_type,
        at,
        r#""response":{"id":"resp_scope","object":"response","created_at":1700000000,"status":"$","error":$,"incomplete_details":null,"instructions":null,"max_output_tokens":null,"model":"$","output":[$],"parallel_tool_calls":true,"previous_response_id":null,"reasoning":{"effort":null,"summary":null},"store":true,"temperature":1.0,"text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[],"top_p":1.0,"truncation":"disabled","usage":$,"user":null,"metadata":{}}"#,
        &[&status, &error, &MODEL, &output, &usage],
    )
}

/// The item of a part: as it begins without a text, later with all of it.
fn item(part: &Part, whole: Option<&str>) -> String {
    let status = match whole {
        Some(_) => "completed",
        None => "in_progress",
    };
    match part.kind {
        Kind::Reasoning => fill(
            r#"{"id":"rs_$","type":"reasoning","summary":[$]}"#,
            &[
                &part.nth,
                &whole.map_or(String::new(), |text| content(part, text)),
            ],
        ),
        Kind::Text => fill(
            r#"{"id":"msg_$","type":"message","status":"$","role":"assistant","content":[$]}"#,
            &[
                &part.nth,
                &status,
                &whole.map_or(String::new(), |text| content(part, text)),
            ],
        ),
        Kind::Tool => fill(
            r#"{"id":"fc_$","type":"function_call","status":"$","arguments":$,"call_id":"call_$","name":"$"}"#,
            &[
                &part.nth,
                &status,
                &Quoted(whole.unwrap_or_default()),
                &part.nth,
                &TOOL,
            ],
        ),
    }
}

/// The content part, or the part of the summary, with this text.
fn content(part: &Part, text: &str) -> String {
    let template = match part.kind {
        Kind::Reasoning => r#"{"type":"summary_text","text":$}"#,
        Kind::Text | Kind::Tool => r#"{"type":"output_text","text":$,"annotations":[]}"#,
    };
    fill(template, &[&Quoted(text)])
}

fn created(_: &Answer, at: At) -> Event {
    response("response.created", at, "in_progress", "null", "", "null")
}

fn in_progress(_: &Answer, at: At) -> Event {
    response(
        "response.in_progress",
        at,
        "in_progress",
        "null",
        "",
        "null",
    )
}

fn item_added(_: &Answer, part: &Part, at: At) -> Event {
    event(
        "response.output_item.added",
        at,
        r#""output_index":$,"item":$"#,
        &[&part.index, &item(part, None)],
    )
}

fn item_done(_: &Answer, part: &Part, at: At) -> Event {
    event(
        "response.output_item.done",
        at,
        r#""output_index":$,"item":$"#,
        &[&part.index, &item(part, Some(&part.whole()))],
    )
}

fn part_added(_: &Answer, part: &Part, at: At) -> Event {
    let (event_type, template) = match part.kind {
        Kind::Reasoning => (
            "response.reasoning_summary_part.added",
            r#""item_id":"rs_$","output_index":$,"summary_index":0,"part":$"#,
        ),
        Kind::Text | Kind::Tool => (
            "response.content_part.added",
            r#""item_id":"msg_$","output_index":$,"content_index":0,"part":$"#,
        ),
    };
    let values: &[&dyn Display] = &[&part.nth, &part.index, &content(part, "")];
    event(event_type, at, template, values)
}

fn part_done(_: &Answer, part: &Part, at: At) -> Event {
    let (event_type, template) = match part.kind {
        Kind::Reasoning => (
            "response.reasoning_summary_part.done",
            r#""item_id":"rs_$","output_index":$,"summary_index":0,"part":$"#,
        ),
        Kind::Text | Kind::Tool => (
            "response.content_part.done",
            r#""item_id":"msg_$","output_index":$,"content_index":0,"part":$"#,
        ),
    };
    let values: &[&dyn Display] = &[&part.nth, &part.index, &content(part, &part.whole())];
    event(event_type, at, template, values)
}

fn delta(_: &Answer, part: &Part, at: At) -> Event {
    let (event_type, template) = match part.kind {
        Kind::Reasoning => (
            "response.reasoning_summary_text.delta",
            r#""item_id":"rs_$","output_index":$,"summary_index":0,"delta":$"#,
        ),
        Kind::Text => (
            "response.output_text.delta",
            r#""item_id":"msg_$","output_index":$,"content_index":0,"delta":$,"logprobs":[]"#,
        ),
        Kind::Tool => (
            "response.function_call_arguments.delta",
            r#""item_id":"fc_$","output_index":$,"delta":$"#,
        ),
    };
    let piece = Quoted(part.piece(0, at.index));
    event(event_type, at, template, &[&part.nth, &part.index, &piece])
}

fn done(_: &Answer, part: &Part, at: At) -> Event {
    let (event_type, template) = match part.kind {
        Kind::Reasoning => (
            "response.reasoning_summary_text.done",
            r#""item_id":"rs_$","output_index":$,"summary_index":0,"text":$"#,
        ),
        Kind::Text => (
            "response.output_text.done",
            r#""item_id":"msg_$","output_index":$,"content_index":0,"text":$,"logprobs":[]"#,
        ),
        Kind::Tool => (
            "response.function_call_arguments.done",
            r#""item_id":"fc_$","output_index":$,"arguments":$"#,
        ),
    };
    let whole = Quoted(part.whole());
    event(event_type, at, template, &[&part.nth, &part.index, &whole])
}

fn completed(answer: &Answer, at: At) -> Event {
    let output = answer.parts.iter();
    let output = output.map(|part| item(part, Some(&part.whole())));
    let output = output.collect::<Vec<_>>().join(",");
    let usage = answer.usage().map_or("null".to_owned(), |usage| {
        fill(
            r#"{"input_tokens":$,"input_tokens_details":{"cached_tokens":0},"output_tokens":$,"output_tokens_details":{"reasoning_tokens":$},"total_tokens":$}"#,
            &[
                &usage.input,
                &usage.output,
                &usage.reasoning,
                &usage.total(),
            ],
        )
    });
    response(
        "response.completed",
        at,
        "completed",
        "null",
        &output,
        &usage,
    )
}

fn error(_: &Answer, at: At) -> Event {
    event(
        "error",
        at,
        r#""code":"server_error","message":"$","param":null"#,
        &[&ERROR],
    )
}

fn failed(_: &Answer, at: At) -> Event {
    let error = fill(r#"{"code":"server_error","message":"$"}"#, &[&ERROR]);
    response("response.failed", at, "failed", &error, "", "null")
}
