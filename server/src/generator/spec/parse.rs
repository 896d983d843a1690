//! Reads a query.

use std::time::Duration;

use super::{
    Api, Corrupt, Data, Id, Resume, Spec, help,
    table::{PARAMETERS, Parameter},
};
use crate::generator::answer::Answer;

/// Why a query is invalid.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SpecError {
    #[error(
        "There is no parameter “{name}”: /stream takes {}. See /stream/help.",
        help::names()
    )]
    Unknown { name: String },
    #[error("The parameter “{name}” is given twice.")]
    Repeated { name: &'static str },
    #[error("{name}={given} is not {accepts}.")]
    NotAccepted {
        name: &'static str,
        given: String,
        accepts: &'static str,
    },
    #[error(
        "raw and {other} cannot be combined: raw is for a stream of given bytes, {other} for one that is generated."
    )]
    NotWithRaw { other: &'static str },
    #[error(
        "count={given} is not a number of events of this answer: give {}, or cut it short with after.",
        numbers(*least, *most)
    )]
    Length { given: u64, least: u64, most: u64 },
    #[error("{name} needs {needs}.")]
    Needs {
        name: &'static str,
        needs: &'static str,
    },
}

fn numbers(least: u64, most: u64) -> String {
    match least == most {
        true => least.to_string(),
        false => format!("{least} to {most}"),
    }
}

/// What parameters of a model's answer need.
const A_MODEL: &str =
    "a model's answer: give data=openai, openai-responses, anthropic, gemini, ai-sdk or ag-ui";

/// How many characters of an invalid value or name an error quotes.
pub(super) const MAX_QUOTED: usize = 100;

/// A query that is partly read. What `data`, `retry` and `status` mean depends on the rest of the query.
#[derive(Default)]
pub(super) struct PartialSpec {
    pub(super) spec: Spec,
    pub(super) data: Option<Data>,
    pub(super) retry: Option<Option<Duration>>,
    pub(super) status: Option<u16>,
}

impl Spec {
    /// Reads a query, without its question mark.
    ///
    /// # Errors
    ///
    /// If any part of the query is invalid: a parameter with a typo must not be ignored.
    pub(crate) fn parse(query: &str) -> Result<Self, SpecError> {
        let mut partial = PartialSpec::default();
        let mut given: Vec<&Parameter> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let Some(parameter) = PARAMETERS.iter().find(|known| known.name == name) else {
                return Err(SpecError::Unknown {
                    name: name.chars().take(MAX_QUOTED).collect(),
                });
            };
            let Parameter { name, accepts, .. } = *parameter;
            if given.iter().any(|earlier| earlier.name == name) {
                return Err(SpecError::Repeated { name });
            }
            if (parameter.read)(&mut partial, &value).is_none() {
                return Err(SpecError::NotAccepted {
                    name,
                    given: value.chars().take(MAX_QUOTED).collect(),
                    accepts,
                });
            }
            given.push(parameter);
        }
        partial.finish(&given)
    }
}

impl PartialSpec {
    /// Applies the rules that concern several parameters.
    fn finish(self, given: &[&Parameter]) -> Result<Spec, SpecError> {
        let Self {
            mut spec,
            data,
            retry,
            status,
        } = self;
        let is_given = |name| given.iter().any(|parameter| parameter.name == name);
        if spec.raw.is_some()
            && let Some(other) = given.iter().find(|parameter| !parameter.with_raw)
        {
            return Err(SpecError::NotWithRaw { other: other.name });
        }
        spec.has_connecttime = !given.iter().any(|parameter| parameter.changes_events);
        spec.data = data.unwrap_or(match spec {
            _ if spec.corrupt == Some(Corrupt::BareJson) => Data::Json,
            _ if spec.size.is_some() => Data::Seq,
            _ => Data::Clock,
        });
        let is_answer = matches!(spec.data, Data::Answer(_));
        spec.retry = retry.unwrap_or(spec.retry.filter(|_| !is_answer));
        if spec.redirect == 0 {
            spec.status = status.unwrap_or(spec.status);
        } else {
            spec.redirection = status.unwrap_or(spec.redirection);
        }
        let has_end = spec.after.or(spec.count).is_some()
            || spec.outage.is_some()
            || spec.raw.is_some()
            || spec.data == Data::Tokens
            || is_answer;
        for (applies, is_met, name, needs) in [
            (
                spec.redirect > 0,
                matches!(spec.redirection, 301 | 302 | 303 | 307 | 308),
                "redirect",
                "a status that redirects: give 301, 302, 303, 307 or 308",
            ),
            (
                spec.id == Id::Time,
                !spec.interval.is_zero(),
                "id=time",
                "an interval, as no two events may have the same time",
            ),
            (
                spec.data == Data::Tokens,
                spec.id != Id::Time,
                "data=tokens",
                "numbers from 0: give id=seq or none",
            ),
            (
                is_answer,
                spec.id != Id::Time,
                "A model's answer",
                "numbers from 0: give id=seq or none",
            ),
            (
                is_answer,
                !is_given("event"),
                "event",
                "other data: a model's answer has event types of its own, or none",
            ),
            (is_given("parts"), is_answer, "parts", A_MODEL),
            (is_given("text"), is_answer, "text", A_MODEL),
            (is_given("choices"), is_answer, "choices", A_MODEL),
            (
                spec.choices > 1,
                matches!(spec.data, Data::Answer(Api::OpenAi | Api::Gemini)),
                "choices",
                "an API that has several: give data=openai or gemini",
            ),
            (
                spec.resume != Resume::Ignore,
                spec.id != Id::None,
                "resume",
                "IDs to resume by: give id=seq or id=time",
            ),
            (
                is_given("end"),
                has_end,
                "end",
                "a stream that ends: give count, after or outage",
            ),
        ] {
            if applies && !is_met {
                return Err(SpecError::Needs { name, needs });
            }
        }
        if let (Data::Answer(api), Some(given)) = (spec.data, spec.count) {
            let (least, most) = Answer::lengths(api, &spec);
            if !(least..=most).contains(&given) {
                return Err(SpecError::Length { given, least, most });
            }
        }
        Ok(spec)
    }
}
