//! Why an exchange did not complete.

use std::{error::Error, io, iter, time::Duration};

use url::Url;

use super::first_bytes::FirstBytes;
use crate::{
    decode::{DecodeError, UnknownCoding},
    dial::DialError,
};

/// Why an exchange did not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// The failure as a word, for programs.
    pub(super) kind: &'static str,
    /// The phase that failed: `name`, `connect`, `tls`, `head` or `body`.
    pub(super) phase: &'static str,
    /// The failure as a sentence.
    pub(super) text: String,
}

impl Failure {
    fn head(kind: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            kind,
            phase: "head",
            text,
        }
    }

    fn body(kind: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            kind,
            phase: "body",
            text,
        }
    }

    /// The server of the page ends.
    pub(super) fn stopped() -> Self {
        Self::head(
            "stopped",
            "The server of this page was stopped, and ended the stream.",
        )
    }

    /// A request that cannot be written.
    pub(super) fn request(error: &http::Error) -> Self {
        Self::head("url", format!("The request cannot be sent: {error}."))
    }

    pub(super) fn slow_head(after: Duration) -> Self {
        let text = format!(
            "The server sent no complete head of a response within {} s.",
            after.as_secs_f64()
        );
        Self::head("timed-out", text)
    }

    pub(super) fn redirect(from: &Url, location: &str, why: &str) -> Self {
        Self::head(
            "redirect",
            format!("{from} redirects to “{location}”, {why}."),
        )
    }

    pub(super) fn too_many_redirects(limit: usize, again: Option<&Url>) -> Self {
        let text = match again {
            Some(url) => format!("The redirects go round in a circle: {url} was there before."),
            None => format!("The server redirects more than {limit} times."),
        };
        Self::head("redirects", text)
    }

    /// hyper's error before there is a head.
    pub(super) fn before_head(error: &hyper::Error, first: &FirstBytes) -> Self {
        if error.is_parse_too_large() {
            return Self::head(
                "head-too-large",
                "The head of the response is larger than 64 KiB, or has too many headers.",
            );
        }
        if let Some((kind, text)) = first.of_something_else() {
            return Self::head(kind, text);
        }
        if is_reset(error) {
            return Self::head(
                "reset",
                "The server reset the connection before the head of its response was complete.",
            );
        }
        if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
            let text = if first.is_empty() {
                "The server closed the connection without a response."
            } else {
                "The server closed the connection within the head of its response."
            };
            return Self::head("closed", text);
        }
        if error.is_parse() {
            return Self::head(
                "not-http",
                format!(
                    "The head of the response is not HTTP: {}.",
                    innermost(error)
                ),
            );
        }
        Self::head(
            "failed",
            format!("There is no response: {}.", innermost(error)),
        )
    }

    /// hyper's error within a body.
    pub(super) fn within_body(error: &hyper::Error) -> Self {
        if is_reset(error) {
            return Self::body(
                "reset",
                "The server reset the connection in the middle of the response.",
            );
        }
        if error.is_incomplete_message() || has_io(error, io::ErrorKind::UnexpectedEof) {
            return Self::body(
                "broke-off",
                "The connection closed before the response was complete.",
            );
        }
        Self::body(
            "broke-off",
            format!("The response broke off: {}.", innermost(error)),
        )
    }
}

impl From<DialError> for Failure {
    fn from(error: DialError) -> Self {
        Self {
            kind: error.cause.kind(),
            phase: error.phase.as_str(),
            text: error.to_string(),
        }
    }
}

impl From<UnknownCoding> for Failure {
    fn from(error: UnknownCoding) -> Self {
        Self::body("encoding", error.to_string())
    }
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Self {
        let kind = match error {
            DecodeError::TooLarge { .. } => "limit",
            _ => "encoding",
        };
        Self::body(kind, error.to_string())
    }
}

fn sources<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| error.source())
}

fn has_io(error: &hyper::Error, kind: io::ErrorKind) -> bool {
    sources(error).any(|error| {
        let io = error.downcast_ref::<io::Error>();
        io.is_some_and(|error| error.kind() == kind)
    })
}

/// Whether the connection was reset, or the stream, in HTTP/2.
fn is_reset(error: &hyper::Error) -> bool {
    has_io(error, io::ErrorKind::ConnectionReset)
        || has_io(error, io::ErrorKind::BrokenPipe)
        || sources(error).any(|error| error.to_string().starts_with("stream error received"))
}

/// The error that says most.
fn innermost(error: &hyper::Error) -> String {
    sources(error)
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}
