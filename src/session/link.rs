//! The state of a connection. Pure.

use std::fmt;

use crate::source::{Failure, UrlError};

/// The state of a connection. Times are in ms since the Unix epoch.
///
/// Attempts are numbered from 1 until a connection opens.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Link {
    /// No connection was requested yet, or the URL is empty, which turns the stream off.
    #[default]
    Idle,
    /// Requested, but not answered yet.
    Connecting {
        /// The number of this attempt.
        attempt: u32,
    },
    /// The stream is open.
    Open {
        /// When it opened.
        since: f64,
    },
    /// Lost or refused; there will be another attempt.
    Waiting {
        /// The number of the next attempt.
        attempt: u32,
        /// When the next attempt is due. A browser does not expose when its own is.
        until: Option<f64>,
        /// Who makes the next attempt.
        by: By,
    },
    /// The connection is over, and no attempt follows unless the user asks for one.
    Closed {
        /// Why the connection is over.
        cause: Cause,
    },
}

/// Who makes the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum By {
    /// The browser: its `EventSource` is in the ready state CONNECTING.
    Browser,
    /// The page: because the browser's `EventSource` has given up (ready state CLOSED), or because the
    /// page connects by `fetch`.
    Page,
}

/// Why a connection is over. The `Display` is a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// It was closed by [`disconnect`](crate::UseEventSourceReturn::disconnect).
    #[error("The user closed the connection.")]
    User,
    /// The URL cannot be opened.
    #[error(transparent)]
    Url(UrlError),
    /// The browser does not send this request; the text is its reason.
    #[error("The browser does not send this request: {0}.")]
    Request(String),
    /// The server answered with status 204, which asks clients to stop reconnecting (HTML, 9.2.3).
    #[error("{}", Failure::NoContent)]
    NoContent,
    /// The stream arrived faster than the page can read, in a browser that does not hold the server back.
    #[error("{}", Failure::TooFast)]
    TooFast,
    /// The relay of the page's server does not make this request.
    #[error("{0}")]
    NotRelayed(Failure),
    /// The connection failed or ended, and the request is not repeated because its method is not GET.
    #[error("{0} Only a GET is repeated automatically.")]
    NotRepeated(Failure),
    /// As many attempts failed in a row as
    /// [`max_attempts`](crate::UseEventSourceOptions::max_attempts) allows.
    #[error("{failure} {}", attempts_failed(*attempts))]
    AttemptLimit {
        /// How many attempts failed since the stream was open, or since it was requested. None if the
        /// stream was lost and no attempt is allowed.
        attempts: u32,
        /// How the last one failed.
        failure: Failure,
    },
}

/// The sentence after that of the last failure, once no further attempt is allowed.
pub(crate) fn attempts_failed(attempts: u32) -> String {
    match attempts {
        0 => "It is not requested again.".to_owned(),
        1 => "There is no second attempt.".to_owned(),
        attempts => format!("{attempts} attempts failed in a row; no further one follows."),
    }
}

/// Something that happens to a connection. Times are in ms since the Unix epoch.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Input {
    /// The user asks for a connection.
    Connect,
    /// The URL is empty: no connection is wanted.
    TurnOff,
    /// The response is an event stream.
    Opened {
        /// When the head of the response arrived.
        at: f64,
    },
    /// The connection was lost or could not be made, and the browser tries again by itself.
    Lost,
    /// The connection was lost or could not be made, and the page tries again.
    GaveUp {
        /// When the next attempt is due.
        until: f64,
    },
    /// The page waits longer: the server asked for it.
    Postponed {
        /// When the next attempt is due.
        until: f64,
    },
    /// The next attempt is made now: it is due, or the user does not want to wait.
    Retry,
    /// The connection is over, for any cause but [`Cause::User`].
    Over(Cause),
    /// The user closes the connection.
    Disconnect,
}

impl Link {
    /// The state after `input`. An input that this state does not expect, such as a late answer to a
    /// connection that is already closed, changes nothing.
    #[must_use]
    pub(super) fn next(self, input: Input) -> Self {
        match (self, input) {
            (_, Input::Connect) => Self::Connecting { attempt: 1 },
            (_, Input::TurnOff) => Self::Idle,
            (
                Self::Idle | Self::Connecting { .. } | Self::Open { .. } | Self::Waiting { .. },
                Input::Over(cause),
            ) => Self::Closed { cause },

            (
                Self::Connecting { .. }
                | Self::Waiting {
                    by: By::Browser, ..
                },
                Input::Opened { at },
            ) => Self::Open { since: at },

            (Self::Connecting { attempt }, Input::Lost)
            | (
                Self::Waiting {
                    attempt,
                    by: By::Browser,
                    ..
                },
                Input::Lost,
            ) => Self::Waiting {
                attempt: attempt + 1,
                until: None,
                by: By::Browser,
            },
            (Self::Open { .. }, Input::Lost) => Self::Waiting {
                attempt: 1,
                until: None,
                by: By::Browser,
            },

            (Self::Connecting { attempt }, Input::GaveUp { until })
            | (
                Self::Waiting {
                    attempt,
                    by: By::Browser,
                    ..
                },
                Input::GaveUp { until },
            ) => Self::Waiting {
                attempt: attempt + 1,
                until: Some(until),
                by: By::Page,
            },
            (Self::Open { .. }, Input::GaveUp { until }) => Self::Waiting {
                attempt: 1,
                until: Some(until),
                by: By::Page,
            },

            (
                Self::Waiting {
                    attempt,
                    by: By::Page,
                    ..
                },
                Input::Postponed { until },
            ) => Self::Waiting {
                attempt,
                until: Some(until),
                by: By::Page,
            },

            (Self::Waiting { attempt, .. }, Input::Retry) => Self::Connecting { attempt },

            (
                Self::Connecting { .. } | Self::Open { .. } | Self::Waiting { .. },
                Input::Disconnect,
            ) => Self::Closed { cause: Cause::User },

            (unchanged, _) => unchanged,
        }
    }

    /// How many attempts failed since the stream was open or was requested, if the current one fails.
    pub(super) fn failed_attempts(&self) -> u32 {
        match self {
            Self::Connecting { attempt } | Self::Waiting { attempt, .. } => *attempt,
            Self::Idle | Self::Open { .. } | Self::Closed { .. } => 0,
        }
    }

    /// Whether events can arrive.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Open { .. })
    }

    /// Whether the stream is open, connecting, or waiting for another attempt.
    pub fn is_live(&self) -> bool {
        matches!(
            self,
            Self::Connecting { .. } | Self::Open { .. } | Self::Waiting { .. }
        )
    }
}

impl fmt::Display for Link {
    /// The state in a few words: `connecting, attempt 2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idle => f.write_str("not connected"),
            Self::Connecting { attempt: 1 } => f.write_str("connecting"),
            Self::Connecting { attempt } => write!(f, "connecting, attempt {attempt}"),
            Self::Open { .. } => f.write_str("open"),
            Self::Waiting { attempt, .. } => write!(f, "waiting for attempt {attempt}"),
            Self::Closed { .. } => f.write_str("closed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Link = Link::Idle;
    const OPEN: Link = Link::Open { since: 10.0 };
    const CLOSED: Link = Link::Closed { cause: Cause::User };

    fn connecting(attempt: u32) -> Link {
        Link::Connecting { attempt }
    }
    fn browser(attempt: u32) -> Link {
        Link::Waiting {
            attempt,
            until: None,
            by: By::Browser,
        }
    }
    fn page(attempt: u32, until: f64) -> Link {
        Link::Waiting {
            attempt,
            until: Some(until),
            by: By::Page,
        }
    }
    fn refused() -> Link {
        Link::Closed {
            cause: Cause::Url(UrlError::Empty),
        }
    }

    #[test]
    fn every_state_by_every_input() {
        let states = [
            IDLE,
            connecting(1),
            connecting(3),
            OPEN,
            browser(2),
            page(4, 50.0),
            CLOSED,
            refused(),
        ];
        // Each row: an input, and the state after it for each of the states above.
        let table: [(Input, [Link; 8]); 9] = [
            (Input::Connect, std::array::from_fn(|_| connecting(1))),
            (Input::TurnOff, std::array::from_fn(|_| IDLE)),
            (
                Input::Opened { at: 20.0 },
                [
                    IDLE,
                    Link::Open { since: 20.0 },
                    Link::Open { since: 20.0 },
                    OPEN,
                    Link::Open { since: 20.0 },
                    page(4, 50.0),
                    CLOSED,
                    refused(),
                ],
            ),
            (
                Input::Lost,
                [
                    IDLE,
                    browser(2),
                    browser(4),
                    browser(1),
                    browser(3),
                    page(4, 50.0),
                    CLOSED,
                    refused(),
                ],
            ),
            (
                Input::GaveUp { until: 60.0 },
                [
                    IDLE,
                    page(2, 60.0),
                    page(4, 60.0),
                    page(1, 60.0),
                    page(3, 60.0),
                    page(4, 50.0),
                    CLOSED,
                    refused(),
                ],
            ),
            (
                Input::Retry,
                [
                    IDLE,
                    connecting(1),
                    connecting(3),
                    OPEN,
                    connecting(2),
                    connecting(4),
                    CLOSED,
                    refused(),
                ],
            ),
            (
                Input::Over(Cause::Url(UrlError::Empty)),
                [
                    refused(),
                    refused(),
                    refused(),
                    refused(),
                    refused(),
                    refused(),
                    CLOSED,
                    refused(),
                ],
            ),
            (
                Input::Postponed { until: 70.0 },
                [
                    IDLE,
                    connecting(1),
                    connecting(3),
                    OPEN,
                    browser(2),
                    page(4, 70.0),
                    CLOSED,
                    refused(),
                ],
            ),
            (
                Input::Disconnect,
                [
                    IDLE,
                    CLOSED,
                    CLOSED,
                    CLOSED,
                    CLOSED,
                    CLOSED,
                    CLOSED,
                    refused(),
                ],
            ),
        ];
        for (input, expected) in table {
            for (state, expected) in states.iter().zip(expected) {
                assert_eq!(
                    state.clone().next(input.clone()),
                    expected,
                    "{state:?} by {input:?}"
                );
            }
        }
    }

    #[test]
    fn a_connection_resets_the_number_of_attempts() {
        let link = IDLE
            .next(Input::Connect)
            .next(Input::Lost)
            .next(Input::Lost)
            .next(Input::Opened { at: 1.0 })
            .next(Input::Lost);
        assert_eq!(link, browser(1));
    }

    #[test]
    fn a_link_is_live_from_the_request_to_the_end() {
        for (state, live) in [
            (IDLE, false),
            (connecting(1), true),
            (OPEN, true),
            (browser(1), true),
            (CLOSED, false),
        ] {
            assert_eq!(state.is_live(), live, "{state:?}");
        }
    }

    #[test]
    fn links_and_causes_are_shown_in_words() {
        for (shown, expected) in [
            (IDLE.to_string(), "not connected"),
            (connecting(1).to_string(), "connecting"),
            (connecting(3).to_string(), "connecting, attempt 3"),
            (OPEN.to_string(), "open"),
            (page(4, 50.0).to_string(), "waiting for attempt 4"),
            (CLOSED.to_string(), "closed"),
            (Cause::User.to_string(), "The user closed the connection."),
            (
                Cause::Request("no such method".to_owned()).to_string(),
                "The browser does not send this request: no such method.",
            ),
            (
                Cause::NoContent.to_string(),
                "Server answered 204, which asks clients to stop.",
            ),
            (
                Cause::NotRepeated(Failure::Ended).to_string(),
                "The stream ended or broke off. Only a GET is repeated automatically.",
            ),
            (
                Cause::AttemptLimit {
                    attempts: 3,
                    failure: Failure::TimedOut,
                }
                .to_string(),
                "Nothing arrived within the idle timeout. 3 attempts failed in a row; no further one follows.",
            ),
        ] {
            assert_eq!(shown, expected);
        }
    }
}
