//! The state of one connection, as a pure machine.

use crate::source::UrlError;

/// Where a connection stands. All times are in ms since the Unix epoch.
///
/// An attempt is numbered within its series: from 1, until a connection opens.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Link {
    /// Nothing was asked for yet.
    #[default]
    Idle,
    /// Asked, and no answer yet.
    Connecting {
        /// The number of this attempt.
        attempt: u32,
    },
    /// Streaming.
    Open {
        /// When it opened.
        since: f64,
    },
    /// Lost or refused; there will be another attempt.
    Waiting {
        /// The number of the attempt that is waited for.
        attempt: u32,
        /// When that attempt is due. The browser does not tell when its own is.
        until: Option<f64>,
        /// Who makes it.
        by: By,
    },
    /// Over, until someone asks again.
    Closed {
        /// Why.
        cause: Cause,
    },
}

/// Who makes the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The browser: its `EventSource` is in the ready state CONNECTING.
    Browser,
    /// This page: the browser has given up, its `EventSource` is in the ready state CLOSED; or this
    /// page connects by `fetch`.
    Page,
}

/// Why a connection is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Somebody closed it.
    User,
    /// There is nothing to connect to.
    Url(UrlError),
    /// The request is not one that a browser makes; a sentence says why.
    Request(String),
    /// The server answered with status 204, which asks clients to stay away (HTML, 9.2.3).
    NoContent,
    /// The stream ended, and the request is not one to repeat without being asked: its method is
    /// not GET.
    Ended,
}

/// What can happen to a connection. All times are in ms since the Unix epoch.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A new series of attempts was asked for.
    Connect,
    /// The response is an event stream.
    Opened {
        /// When it came.
        at: f64,
    },
    /// The stream ended or could not be reached, and the browser tries again by itself.
    Lost,
    /// The stream ended or could not be reached, and this page tries again: because the browser has
    /// given up, or because it is this page that connects.
    GaveUp {
        /// When.
        until: f64,
    },
    /// The attempt that was waited for is made now, because it is due or because somebody did not
    /// want to wait.
    Retry,
    /// The connection is over, and nobody tries again: for any cause but [`Cause::User`].
    Over(Cause),
    /// Somebody closed the connection.
    Disconnect,
}

impl Link {
    /// The state after `input`. An input that this state does not expect, such as a late answer to
    /// a connection that is already closed, changes nothing.
    #[must_use]
    pub fn next(self, input: Input) -> Self {
        match (self, input) {
            (_, Input::Connect) => Self::Connecting { attempt: 1 },
            (Self::Idle | Self::Connecting { .. } | Self::Open { .. }, Input::Over(cause)) => {
                Self::Closed { cause }
            }

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

            (Self::Waiting { attempt, .. }, Input::Retry) => Self::Connecting { attempt },

            (
                Self::Connecting { .. } | Self::Open { .. } | Self::Waiting { .. },
                Input::Disconnect,
            ) => Self::Closed { cause: Cause::User },

            (unchanged, _) => unchanged,
        }
    }

    /// Whether events can arrive.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Open { .. })
    }

    /// Whether there is, or will be, a connection: what can be disconnected.
    pub fn is_live(&self) -> bool {
        matches!(
            self,
            Self::Connecting { .. } | Self::Open { .. } | Self::Waiting { .. }
        )
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
        // One row an input: what becomes of each of the states above.
        let table: [(Input, [Link; 8]); 7] = [
            (Input::Connect, std::array::from_fn(|_| connecting(1))),
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
                    browser(2),
                    page(4, 50.0),
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
    fn attempts_are_counted_from_one_again_after_a_connection() {
        let link = IDLE
            .next(Input::Connect)
            .next(Input::Lost)
            .next(Input::Lost)
            .next(Input::Opened { at: 1.0 })
            .next(Input::Lost);
        assert_eq!(link, browser(1));
    }

    #[test]
    fn what_can_be_disconnected() {
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
}
