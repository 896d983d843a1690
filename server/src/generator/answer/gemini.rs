//! Gemini, `streamGenerateContent?alt=sse`:
//! <https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse>. Reasoning is a thought
//! summary: <https://ai.google.dev/gemini-api/docs/thinking>. A call of a function arrives in one piece,
//! and the end is the chunk with a finish reason. An error is Google's JSON of an error
//! (<https://google.aip.dev/193>), which Google's own SDK looks for in each event.

use super::{
    ARGUMENTS, Answer, At, Event, INPUT_TOKENS, Kind, MODEL, Part, Plan, TOOL,
    json::{Quoted, fill},
};

pub(super) fn plan(answer: &Answer, plan: &mut Plan) {
    for part in &answer.parts {
        match part.kind {
            // The candidates share each event.
            Kind::Reasoning | Kind::Text => {
                plan.parts(part, part.sent / answer.choices, text);
            }
            Kind::Tool if part.is_broken => {}
            Kind::Tool => plan.part(part, call),
        }
    }
    match answer.has_error {
        true => plan.one(error),
        false => plan.one(finish),
    }
}

/// An event in which each candidate has one part.
fn chunk(answer: &Answer, part: impl Fn(u64) -> String, is_last: bool) -> Event {
    let reason = match is_last {
        true => r#","finishReason":"STOP""#,
        false => "",
    };
    let candidates = (0..answer.choices).map(|choice| {
        fill(
            r#"{"content":{"parts":[$],"role":"model"}$,"index":$}"#,
            &[&part(choice), &reason, &choice],
        )
    });
    let candidates = candidates.collect::<Vec<_>>().join(",");
    let usage = answer.usage().map_or(String::new(), |usage| match is_last {
        false => fill(
            r#""usageMetadata":{"promptTokenCount":$,"totalTokenCount":$},"#,
            &[&INPUT_TOKENS, &INPUT_TOKENS],
        ),
        true => fill(
            r#""usageMetadata":{"promptTokenCount":$,"candidatesTokenCount":$,"totalTokenCount":$,"thoughtsTokenCount":$},"#,
            &[
                &usage.input,
                // The candidates' tokens do not include those of the thoughts.
                &(usage.output - usage.reasoning),
                &usage.total(),
                &usage.reasoning,
            ],
        ),
    });
    Event::untyped(fill(
        r#"{"candidates":[$],$"modelVersion":"$","responseId":"scope"}"#,
        &[&candidates, &usage, &MODEL],
    ))
}

fn text(answer: &Answer, part: &Part, at: At) -> Event {
    let template = match part.kind {
        Kind::Reasoning => r#"{"text":$,"thought":true}"#,
        Kind::Text | Kind::Tool => r#"{"text":$}"#,
    };
    let piece = |choice| fill(template, &[&Quoted(part.piece(choice, at.index))]);
    chunk(answer, piece, false)
}

fn call(answer: &Answer, _: &Part, _: At) -> Event {
    let call = |_| {
        fill(
            r#"{"functionCall":{"name":"$","args":$}}"#,
            &[&TOOL, &ARGUMENTS],
        )
    };
    chunk(answer, call, false)
}

fn finish(answer: &Answer, _: At) -> Event {
    chunk(answer, |_| r#"{"text":""}"#.to_owned(), true)
}

fn error(_: &Answer, _: At) -> Event {
    Event::untyped(
        r#"{"error":{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}}"#
            .to_owned(),
    )
}
