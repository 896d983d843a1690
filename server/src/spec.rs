//! What a request to `/stream` asks for, as its query says.

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

/// The stream that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Spec {
    /// The article's.
    Default,
    /// Exactly these bytes, then the end.
    Raw {
        bytes: Bytes,
        /// How many bytes a write.
        split: usize,
    },
}

/// Why a query asks for nothing that can be had.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SpecError {
    #[error("There is no parameter “{name}”: /stream takes raw and split.")]
    Unknown { name: String },
    #[error("The parameter “{name}” is given twice.")]
    Twice { name: &'static str },
    #[error("raw={given} is not base64url: letters, digits, - and _ (RFC 4648, section 5).")]
    NotBase64 { given: String },
    #[error("split={given} is not a number of bytes: give 1 or more.")]
    NotASize { given: String },
    #[error("split is about the bytes of raw, and there is no raw.")]
    SplitAlone,
}

impl Spec {
    /// Reads a query, without its question mark.
    ///
    /// # Errors
    ///
    /// If anything in it is not understood: a parameter that is mistyped must not be passed over.
    pub(crate) fn parse(query: &str) -> Result<Self, SpecError> {
        let (mut raw, mut split) = (None, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "raw" => {
                    let bytes = BASE64URL
                        .decode(&*value)
                        .map_err(|_| SpecError::NotBase64 {
                            given: value.into_owned(),
                        })?;
                    once("raw", &mut raw, Bytes::from(bytes))?;
                }
                "split" => {
                    let size = value.parse().ok().filter(|size| *size > 0);
                    let size = size.ok_or(SpecError::NotASize {
                        given: value.into_owned(),
                    })?;
                    once("split", &mut split, size)?;
                }
                _ => {
                    return Err(SpecError::Unknown {
                        name: name.into_owned(),
                    });
                }
            }
        }
        match (raw, split) {
            (None, None) => Ok(Self::Default),
            (None, Some(_)) => Err(SpecError::SplitAlone),
            (Some(bytes), split) => Ok(Self::Raw {
                bytes,
                split: split.unwrap_or(usize::MAX),
            }),
        }
    }
}

fn once<T>(name: &'static str, slot: &mut Option<T>, value: T) -> Result<(), SpecError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(SpecError::Twice { name }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_says_what_is_asked_for() {
        for (query, expected) in [
            ("", Ok(Spec::Default)),
            (
                "raw=ZGF0YQ",
                Ok(Spec::Raw {
                    bytes: "data".into(),
                    split: usize::MAX,
                }),
            ),
            (
                "raw=ZGF0YQ%3D%3D&split=2",
                Ok(Spec::Raw {
                    bytes: "data".into(),
                    split: 2,
                }),
            ),
            (
                "raw=",
                Ok(Spec::Raw {
                    bytes: "".into(),
                    split: usize::MAX,
                }),
            ),
            (
                "raw=-_8",
                Ok(Spec::Raw {
                    bytes: (&b"\xFB\xFF"[..]).into(),
                    split: usize::MAX,
                }),
            ),
            (
                "raw=a%20b",
                Err(SpecError::NotBase64 {
                    given: "a b".into(),
                }),
            ),
            (
                "raw=%2B%2B",
                Err(SpecError::NotBase64 { given: "++".into() }),
            ),
            ("raw=&raw=", Err(SpecError::Twice { name: "raw" })),
            (
                "raw=&split=0",
                Err(SpecError::NotASize { given: "0".into() }),
            ),
            (
                "raw=&split=-1",
                Err(SpecError::NotASize { given: "-1".into() }),
            ),
            ("raw=&split=", Err(SpecError::NotASize { given: "".into() })),
            ("split=1", Err(SpecError::SplitAlone)),
            (
                "intervall=1",
                Err(SpecError::Unknown {
                    name: "intervall".into(),
                }),
            ),
        ] {
            assert_eq!(Spec::parse(query), expected, "{query}");
        }
    }
}
