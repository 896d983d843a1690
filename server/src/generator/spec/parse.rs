//! Reads a query.

use super::{
    Corrupt, Data, Id, Resume, Spec, help,
    table::{PARAMETERS, Parameter},
};

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
    #[error("{name} needs {needs}.")]
    Needs {
        name: &'static str,
        needs: &'static str,
    },
}

/// How many characters of an invalid value or name an error quotes.
pub(super) const MAX_QUOTED: usize = 100;

/// A query that is partly read. What `data` and `status` mean depends on the rest of the query.
#[derive(Default)]
pub(super) struct PartialSpec {
    pub(super) spec: Spec,
    pub(super) data: Option<Data>,
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
        if spec.redirect == 0 {
            spec.status = status.unwrap_or(spec.status);
        } else {
            spec.redirection = status.unwrap_or(spec.redirection);
        }
        let has_end = spec.after.or(spec.count).is_some()
            || spec.outage.is_some()
            || spec.raw.is_some()
            || spec.data == Data::Tokens;
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
        Ok(spec)
    }
}
