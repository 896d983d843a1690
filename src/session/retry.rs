//! Whether to try again after a connection failed, and when. Pure.

use super::link::{Cause, Input, Link};
use crate::source::Failure;

/// The upper limit of the first backoff delay, in ms. It doubles with each failure.
const BASE_MS: f64 = 1_000.0;

/// The largest upper limit of a backoff delay, in ms.
const CAP_MS: f64 = 30_000.0;

/// How long a connection must have been open to reset the backoff, in ms. A server that accepts and
/// drops connections at once is in as much trouble as one that refuses them.
const HELD_MS: f64 = 5_000.0;

/// The longest wait, in ms: a day.
const LONGEST_WAIT_MS: f64 = 86_400_000.0;

/// The state in which a connection failed.
pub(super) struct Attempt<'a> {
    /// The link just before the failure.
    pub(super) link: &'a Link,
    /// The method of the request.
    pub(super) method: &'a str,
    /// The reconnection time of the stream, in ms.
    pub(super) reconnection_time: f64,
    /// The time, in ms since the Unix epoch.
    pub(super) now: f64,
    /// A random number from 0 up to 1.
    pub(super) random: f64,
    /// After how many failed attempts in a row to stop; `None` never to stop.
    pub(super) max_attempts: Option<u32>,
}

/// Decides how the link continues after `failure`.
///
/// A stream that ended, or that cannot be reached, is requested again after its reconnection time, as a
/// browser does; after a failed attempt, with a backoff delay added to it. After a refusal, or if the
/// browser has given up, only the backoff delay counts, or the server's `Retry-After` if that is known and
/// longer. A request whose method is not GET is never repeated, nor any request after as many failures in
/// a row as are allowed.
pub(super) fn decide(failure: &Failure, attempt: &Attempt<'_>, backoff: &mut Backoff) -> Input {
    let is_open = attempt.link.is_open();
    if let Link::Open { since } = attempt.link
        && attempt.now - since >= HELD_MS
    {
        backoff.reset();
    }
    let attempts = attempt.link.failed_attempts();
    let delay = match failure {
        Failure::NoContent => return Input::Over(Cause::NoContent),
        Failure::TooFast => return Input::Over(Cause::TooFast),
        // The same request would get the same answer.
        Failure::Relay { is_final: true, .. } => {
            return Input::Over(Cause::NotRelayed(failure.clone()));
        }
        _ if attempt.max_attempts.is_some_and(|most| attempts >= most) => {
            return Input::Over(Cause::AttemptLimit {
                attempts,
                failure: failure.clone(),
            });
        }
        Failure::BrowserRetries => return Input::Lost,
        _ if !attempt.method.eq_ignore_ascii_case("GET") => {
            return Input::Over(Cause::NotRepeated(failure.clone()));
        }
        Failure::Ended
        | Failure::BrokeOff
        | Failure::Unreachable
        | Failure::TimedOut
        | Failure::Upstream { .. }
        | Failure::Relay { .. } => {
            let backoff = match is_open {
                true => 0.0,
                false => backoff.next_delay(attempt.random),
            };
            attempt.reconnection_time + backoff
        }
        Failure::BrowserGaveUp => backoff.next_delay(attempt.random),
        Failure::Refused { retry_after } => {
            let retry_after = retry_after.map_or(0.0, |ms| ms as f64);
            backoff.next_delay(attempt.random).max(retry_after)
        }
    };
    Input::GaveUp {
        until: attempt.now + longest(delay),
    }
}

/// `wait`, but no longer than any wait may be. Both in ms.
pub(super) fn longest(wait: f64) -> f64 {
    wait.min(LONGEST_WAIT_MS)
}

/// Exponential backoff with full jitter: each delay is random between 0 and an upper limit that
/// doubles. So the clients of a server that was down do not all return at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The delay before the next attempt, in ms. `random` is from 0 up to 1.
    fn next_delay(&mut self, random: f64) -> f64 {
        // `f64::exp2` would add a table of 4 kB to the page.
        let limit = (BASE_MS * f64::from(1_u32 << self.failures.min(31))).min(CAP_MS);
        self.failures = self.failures.saturating_add(1);
        random * limit
    }

    /// Starts again with short delays.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::{super::link::By, *};
    use crate::source::UpstreamEnd;

    const NOW: f64 = 1e12;

    /// The failures after which a GET is repeated.
    const REPEATED: [Failure; 9] = [
        Failure::TimedOut,
        Failure::Ended,
        Failure::BrokeOff,
        Failure::Unreachable,
        Failure::Refused { retry_after: None },
        Failure::Refused {
            retry_after: Some(7_000),
        },
        Failure::BrowserGaveUp,
        Failure::Upstream {
            end: UpstreamEnd::Ended,
            text: String::new(),
        },
        relay(false),
    ];

    const fn relay(is_final: bool) -> Failure {
        let text = String::new();
        Failure::Relay { is_final, text }
    }

    fn decided(failure: &Failure, link: &Link, method: &str, backoff: &mut Backoff) -> Input {
        let attempt = Attempt {
            link,
            method,
            reconnection_time: 3_000.0,
            now: NOW,
            random: 0.5,
            max_attempts: None,
        };
        decide(failure, &attempt, backoff)
    }

    fn gave_up(delay: f64) -> Input {
        Input::GaveUp { until: NOW + delay }
    }

    #[test]
    fn every_failure_by_every_link() {
        let links = [
            Link::Connecting { attempt: 1 },
            Link::Waiting {
                attempt: 3,
                until: None,
                by: By::Browser,
            },
            Link::Open { since: NOW - 1.0 },
            Link::Open {
                since: NOW - HELD_MS,
            },
        ];
        // Each row: the failure, and the delay in ms for each of the links above, after two failures
        // before this one: the backoff delay is 2 s, or 0.5 s after a connection that held.
        let table = [
            (&REPEATED[0], [5_000.0, 5_000.0, 3_000.0, 3_000.0]),
            (&REPEATED[1], [5_000.0, 5_000.0, 3_000.0, 3_000.0]),
            (&REPEATED[2], [5_000.0, 5_000.0, 3_000.0, 3_000.0]),
            (&REPEATED[3], [5_000.0, 5_000.0, 3_000.0, 3_000.0]),
            (&REPEATED[4], [2_000.0, 2_000.0, 2_000.0, 500.0]),
            (&REPEATED[5], [7_000.0, 7_000.0, 7_000.0, 7_000.0]),
            (&REPEATED[6], [2_000.0, 2_000.0, 2_000.0, 500.0]),
            (&REPEATED[7], [5_000.0, 5_000.0, 3_000.0, 3_000.0]),
            (&REPEATED[8], [5_000.0, 5_000.0, 3_000.0, 3_000.0]),
        ];
        for (failure, delays) in table {
            for (link, delay) in links.iter().zip(delays) {
                let input = decided(failure, link, "GET", &mut Backoff { failures: 2 });
                assert_eq!(input, gave_up(delay), "{failure:?} in {link:?}");
            }
        }
        for link in &links {
            let mut backoff = Backoff::default();
            let input = decided(&Failure::BrowserRetries, link, "GET", &mut backoff);
            assert_eq!(input, Input::Lost);
            let input = decided(&Failure::NoContent, link, "POST", &mut backoff);
            assert_eq!(input, Input::Over(Cause::NoContent));
            let input = decided(&Failure::TooFast, link, "GET", &mut backoff);
            assert_eq!(input, Input::Over(Cause::TooFast));
            let input = decided(&relay(true), link, "GET", &mut backoff);
            assert_eq!(input, Input::Over(Cause::NotRelayed(relay(true))));
        }
    }

    #[test]
    fn only_a_get_is_repeated() {
        for failure in REPEATED {
            let link = Link::Connecting { attempt: 1 };
            let input = decided(&failure, &link, "POST", &mut Backoff::default());
            assert_eq!(input, Input::Over(Cause::NotRepeated(failure.clone())));
            let input = decided(&failure, &link, "get", &mut Backoff::default());
            assert!(matches!(input, Input::GaveUp { .. }));
        }
    }

    #[test]
    fn after_as_many_failed_attempts_as_are_allowed_the_link_closes() {
        let browser = |attempt| Link::Waiting {
            attempt,
            until: None,
            by: By::Browser,
        };
        let open = Link::Open { since: NOW };
        // Each row: the link at the failure, how many attempts are allowed, and how many have failed if
        // that was the last.
        let table = [
            (&open, 0, Some(0)),
            (&open, 1, None),
            (&Link::Connecting { attempt: 1 }, 0, Some(1)),
            (&Link::Connecting { attempt: 1 }, 1, Some(1)),
            (&Link::Connecting { attempt: 1 }, 2, None),
            (&Link::Connecting { attempt: 2 }, 2, Some(2)),
            (&browser(1), 2, None),
            (&browser(2), 2, Some(2)),
        ];
        for (link, max_attempts, expected) in table {
            for failure in [Failure::BrowserRetries, Failure::Unreachable] {
                let attempt = Attempt {
                    link,
                    method: "GET",
                    reconnection_time: 3_000.0,
                    now: NOW,
                    random: 0.5,
                    max_attempts: Some(max_attempts),
                };
                let input = decide(&failure, &attempt, &mut Backoff::default());
                let over = match &input {
                    Input::Over(Cause::AttemptLimit { attempts, .. }) => Some(*attempts),
                    _ => None,
                };
                assert_eq!(
                    over, expected,
                    "{link:?}, {max_attempts} allowed: {input:?}"
                );
            }
        }
    }

    #[test]
    fn a_stream_that_is_lost_again_and_again_waits_no_longer_than_its_reconnection_time() {
        let (link, mut backoff) = (Link::Open { since: NOW }, Backoff::default());
        for _ in 0..10 {
            let input = decided(&Failure::Ended, &link, "GET", &mut backoff);
            assert_eq!(input, gave_up(3_000.0));
        }
    }

    #[test]
    fn no_wait_is_longer_than_a_day() {
        let failure = Failure::Refused {
            retry_after: Some(u64::MAX),
        };
        let input = decided(&failure, &Link::Idle, "GET", &mut Backoff::default());
        assert_eq!(input, gave_up(LONGEST_WAIT_MS));
    }

    #[test]
    fn the_limit_doubles_up_to_the_cap() {
        let mut backoff = Backoff::default();
        let limits: Vec<f64> = (0..8).map(|_| backoff.next_delay(1.0)).collect();
        assert_eq!(limits, [1e3, 2e3, 4e3, 8e3, 16e3, 30e3, 30e3, 30e3]);
    }

    #[test]
    fn jitter_is_full() {
        assert_eq!(Backoff::default().next_delay(0.0), 0.0);
        assert_eq!(Backoff::default().next_delay(0.25), 250.0);
    }

    #[test]
    fn endless_failures_do_not_overflow() {
        let mut backoff = Backoff { failures: u32::MAX };
        assert_eq!(backoff.next_delay(1.0), CAP_MS);
        assert_eq!(backoff.next_delay(1.0), CAP_MS);
    }
}
