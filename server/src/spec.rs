//! What a request to `/stream` asks for, as its query says.

use std::time::Duration;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;

/// Base64 with the URL's alphabet (RFC 4648, 5), with or without padding.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The longest time that a parameter takes.
const LONGEST: Duration = Duration::from_secs(3_600);

/// The most data of an event.
const LARGEST: u64 = 16 << 20;

/// The stream that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Spec {
    /// The article's.
    Default,
    /// Events as the parameters say.
    Generated(Generated),
    /// Exactly these bytes, then the end.
    Raw {
        bytes: Bytes,
        /// How many bytes a write.
        split: usize,
    },
}

/// The events of a generated stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Generated {
    /// From one event to the next; zero is as fast as the client reads.
    pub(crate) interval: Duration,
    /// How many, then the end; `None` is without end.
    pub(crate) count: Option<u64>,
    /// How many bytes of data each; `None` is the date as data.
    pub(crate) size: Option<usize>,
    pub(crate) id: Id,
}

impl Default for Generated {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(1),
            count: None,
            size: None,
            id: Id::None,
        }
    }
}

/// The last event ID that each event sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Id {
    None,
    /// The number of the event, from 0.
    Seq,
}

/// Why a query asks for nothing that can be had.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SpecError {
    #[error("There is no parameter “{name}”: /stream takes {}.", names())]
    Unknown { name: String },
    #[error("The parameter “{name}” is given twice.")]
    Twice { name: &'static str },
    #[error("{name}={given} is not {accepts}.")]
    NotAccepted {
        name: &'static str,
        given: String,
        accepts: &'static str,
    },
    #[error(
        "{raw} and {generated} cannot be combined: {raw} is for a stream of given bytes, {generated} for one that is generated."
    )]
    Apart {
        raw: &'static str,
        generated: &'static str,
    },
    #[error("split is about the bytes of raw, and there is no raw.")]
    SplitAlone,
}

/// A parameter of `/stream`.
struct Parameter {
    name: &'static str,
    /// Which kind of stream it is about.
    about: About,
    /// What a value is: the end of the sentence that refuses another.
    accepts: &'static str,
    /// Takes a value down; `None` if it is not one that is accepted.
    read: fn(&mut Asked, &str) -> Option<()>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Generated,
    Raw,
}

/// What was read of a query so far.
#[derive(Default)]
struct Asked {
    generated: Generated,
    raw: Option<Bytes>,
    split: Option<usize>,
}

/// All parameters, in the order in which people are told of them.
static PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "interval",
        about: About::Generated,
        accepts: "a duration: give 250ms, 2s or a number of ms, at most 3600s; 0 is as fast as the client reads",
        read: |asked, value| {
            asked.generated.interval = duration(value)?;
            Some(())
        },
    },
    Parameter {
        name: "count",
        about: About::Generated,
        accepts: "a number of events: give a whole number from 0, below 2^64",
        read: |asked, value| {
            asked.generated.count = Some(number(value)?);
            Some(())
        },
    },
    Parameter {
        name: "size",
        about: About::Generated,
        accepts: "a number of bytes: give 90, 64k or 1m, from 1 to 16m",
        read: |asked, value| {
            asked.generated.size = Some(size(value)?);
            Some(())
        },
    },
    Parameter {
        name: "id",
        about: About::Generated,
        accepts: "a kind of ID: give none, or seq for 0, 1, 2 and so on",
        read: |asked, value| {
            asked.generated.id = match value {
                "none" => Id::None,
                "seq" => Id::Seq,
                _ => return None,
            };
            Some(())
        },
    },
    Parameter {
        name: "raw",
        about: About::Raw,
        accepts: "base64url: letters, digits, - and _ (RFC 4648, section 5)",
        read: |asked, value| {
            asked.raw = Some(BASE64URL.decode(value).ok()?.into());
            Some(())
        },
    },
    Parameter {
        name: "split",
        about: About::Raw,
        accepts: "a number of bytes: give 1 or more",
        read: |asked, value| {
            asked.split = Some(value.parse().ok().filter(|size| *size > 0)?);
            Some(())
        },
    },
];

impl Spec {
    /// Reads a query, without its question mark.
    ///
    /// # Errors
    ///
    /// If anything in it is not understood: a parameter that is mistyped must not be passed over.
    pub(crate) fn parse(query: &str) -> Result<Self, SpecError> {
        let mut asked = Asked::default();
        let mut given: Vec<&Parameter> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let Some(parameter) = PARAMETERS.iter().find(|known| known.name == name) else {
                return Err(SpecError::Unknown {
                    name: name.into_owned(),
                });
            };
            let Parameter { name, accepts, .. } = *parameter;
            if given.iter().any(|earlier| earlier.name == name) {
                return Err(SpecError::Twice { name });
            }
            if (parameter.read)(&mut asked, &value).is_none() {
                return Err(SpecError::NotAccepted {
                    name,
                    given: value.into_owned(),
                    accepts,
                });
            }
            given.push(parameter);
        }
        let first = |about| given.iter().find(|one| one.about == about);
        match (first(About::Raw), first(About::Generated), asked.raw) {
            (None, None, _) => Ok(Self::Default),
            (None, Some(_), _) => Ok(Self::Generated(asked.generated)),
            (Some(raw), Some(generated), _) => Err(SpecError::Apart {
                raw: raw.name,
                generated: generated.name,
            }),
            (Some(_), None, None) => Err(SpecError::SplitAlone),
            (Some(_), None, Some(bytes)) => Ok(Self::Raw {
                bytes,
                split: asked.split.unwrap_or(usize::MAX),
            }),
        }
    }
}

/// The names of all parameters: `a, b and c`.
fn names() -> String {
    let mut names = String::new();
    for (index, parameter) in PARAMETERS.iter().enumerate() {
        let before = match index {
            0 => "",
            _ if index + 1 == PARAMETERS.len() => " and ",
            _ => ", ",
        };
        names += before;
        names += parameter.name;
    }
    names
}

/// A whole number in decimal digits and nothing else: Rust's own reading takes a `+` as well.
fn number(value: &str) -> Option<u64> {
    let (digits, unit) = split_unit(value);
    if unit.is_empty() {
        digits.parse().ok()
    } else {
        None
    }
}

/// A time up to [`LONGEST`]: `250ms`, `2s`, or a bare number of ms.
fn duration(value: &str) -> Option<Duration> {
    let (digits, unit) = split_unit(value);
    let number = digits.parse().ok()?;
    let duration = match unit {
        "" | "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        _ => return None,
    };
    (duration <= LONGEST).then_some(duration)
}

/// From 1 to [`LARGEST`] bytes: `64k`, `1m`, or a bare number of bytes.
fn size(value: &str) -> Option<usize> {
    let (digits, unit) = split_unit(value);
    let number: u64 = digits.parse().ok()?;
    let bytes = match unit {
        "" => number,
        "k" => number.checked_mul(1 << 10)?,
        "m" => number.checked_mul(1 << 20)?,
        _ => return None,
    };
    let bytes = Some(bytes).filter(|bytes| (1..=LARGEST).contains(bytes))?;
    usize::try_from(bytes).ok()
}

/// The digits that `value` begins with, and what comes after them.
fn split_unit(value: &str) -> (&str, &str) {
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    value.split_at(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generated(change: impl FnOnce(&mut Generated)) -> Result<Spec, SpecError> {
        let mut generated = Generated::default();
        change(&mut generated);
        Ok(Spec::Generated(generated))
    }

    fn raw(bytes: &'static [u8], split: usize) -> Result<Spec, SpecError> {
        let bytes = bytes.into();
        Ok(Spec::Raw { bytes, split })
    }

    #[test]
    fn a_query_says_what_is_asked_for() {
        for (query, expected) in [
            ("", Ok(Spec::Default)),
            ("interval=1000", generated(|_| {})),
            ("interval=0", generated(|g| g.interval = Duration::ZERO)),
            (
                "interval=1",
                generated(|g| g.interval = Duration::from_millis(1)),
            ),
            (
                "interval=250ms",
                generated(|g| g.interval = Duration::from_millis(250)),
            ),
            (
                "interval=2s",
                generated(|g| g.interval = Duration::from_secs(2)),
            ),
            ("interval=3600000", generated(|g| g.interval = LONGEST)),
            ("interval=3600s", generated(|g| g.interval = LONGEST)),
            ("count=0", generated(|g| g.count = Some(0))),
            (
                "count=18446744073709551615",
                generated(|g| g.count = Some(u64::MAX)),
            ),
            ("size=1", generated(|g| g.size = Some(1))),
            ("size=64k", generated(|g| g.size = Some(65_536))),
            ("size=16m", generated(|g| g.size = Some(16_777_216))),
            ("size=16777216", generated(|g| g.size = Some(16_777_216))),
            ("id=none", generated(|_| {})),
            ("id=seq", generated(|g| g.id = Id::Seq)),
            (
                "id=seq&size=90&count=7&interval=0s",
                generated(|g| {
                    *g = Generated {
                        interval: Duration::ZERO,
                        count: Some(7),
                        size: Some(90),
                        id: Id::Seq,
                    }
                }),
            ),
            ("raw=ZGF0YQ", raw(b"data", usize::MAX)),
            ("raw=ZGF0YQ%3D%3D&split=2", raw(b"data", 2)),
            ("split=2&raw=ZGF0YQ", raw(b"data", 2)),
            ("raw=", raw(b"", usize::MAX)),
            ("raw=-_8", raw(b"\xFB\xFF", usize::MAX)),
        ] {
            assert_eq!(Spec::parse(query), expected, "{query}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_by_name() {
        for (name, refused) in [
            (
                "interval",
                "|-1|+1|1.5s|2 s|s|2S|1m|3600001|3601s|99999999999999999999",
            ),
            ("count", "|-1|+1|1k|1.0|18446744073709551616"),
            (
                "size",
                "|0|0k|-1|+1|64K|1g|1kb|16777217|17m|99999999999999999k",
            ),
            ("id", "|Seq|0|seq "),
            ("raw", "a b|++|%"),
            ("split", "|0|-1|x"),
        ] {
            for given in refused.split('|') {
                let query = form_urlencoded::Serializer::new(String::new())
                    .append_pair(name, given)
                    .finish();
                let refusal = Spec::parse(&query).expect_err(&query);
                let SpecError::NotAccepted {
                    name: named,
                    given: quoted,
                    ..
                } = &refusal
                else {
                    panic!("{query}: {refusal}");
                };
                assert_eq!((*named, quoted.as_str()), (name, given));
            }
        }
    }

    #[test]
    fn a_query_contradicts_neither_itself_nor_the_table() {
        for (query, sentence) in [
            (
                "intervall=1",
                "There is no parameter “intervall”: /stream takes interval, count, size, id, raw and split.",
            ),
            ("raw=&raw=", "The parameter “raw” is given twice."),
            (
                "count=1&size=1&count=1",
                "The parameter “count” is given twice.",
            ),
            (
                "split=1",
                "split is about the bytes of raw, and there is no raw.",
            ),
            (
                "raw=&id=seq",
                "raw and id cannot be combined: raw is for a stream of given bytes, id for one that is generated.",
            ),
            (
                "interval=0&split=1",
                "split and interval cannot be combined: split is for a stream of given bytes, interval for one that is generated.",
            ),
        ] {
            let refusal = Spec::parse(query).expect_err(query);
            assert_eq!(refusal.to_string(), sentence, "{query}");
        }
    }
}
