//! Finds out why a connection failed, by probes.

use leptos::prelude::*;

use super::{
    link::{By, Cause, Input, Link},
    probes::{Case, Probed, Probes, Trouble, hint},
    retry::longest,
    stream::Session,
};
use crate::{
    clock::{now, ticks},
    offers::offers,
    source::{Counted, Failure, Inquiry, Outcome, Probe, Target, count, refusal, resolve},
};

/// The headers that a request to another origin may have without a preflight, whatever their value (Fetch,
/// “CORS-safelisted request-header”). `Content-Type` is one only for some values.
const SAFE_HEADERS: [&str; 3] = ["accept", "accept-language", "content-language"];

impl Session {
    /// Sends probes after `failure` if they can explain it. Returns whether the next attempt has to wait for
    /// the first of them.
    pub(super) fn find_out_after(&self, failure: &Failure, was_open: bool) -> bool {
        let trouble = match failure {
            Failure::BrowserGaveUp => Trouble::GaveUp,
            // An open stream that is lost is nothing to explain.
            Failure::BrowserRetries if !was_open => Trouble::NoConnection,
            Failure::Unreachable => Trouble::Unreachable,
            Failure::Refused { retry_after: None } if self.hides_headers() => Trouble::Refused,
            _ => return false,
        };
        self.find_out(trouble);
        trouble == Trouble::GaveUp && self.inquiry.borrow().is_some()
    }

    /// Whether a header that says what to do is missing in the response: a browser hides it from pages of another
    /// origin.
    fn hides_headers(&self) -> bool {
        self.response.with_untracked(|response| {
            response.as_ref().is_some_and(|response| {
                hint(response.status).is_some_and(|name| response.header(name).is_none())
            })
        })
    }

    /// Begins to send probes, unless the same failure was examined before. After an `EventSource` gave up the
    /// first one is sent again, because its answer decides whether there is another attempt.
    pub(super) fn find_out(&self, trouble: Trouble) {
        let Some(case) = self.case(trouble) else {
            return;
        };
        let is_known = self.probes.with_untracked(|probes| probes.explain(&case));
        match trouble {
            Trouble::NoConnection | Trouble::Unreachable | Trouble::Refused | Trouble::Hanging
                if is_known =>
            {
                // What the server asked for then, it asks for again.
                return self.obey();
            }
            Trouble::GaveUp if is_known => self.asks_again.set(true),
            Trouble::Hanging => {
                return self.begin_after_count(case);
            }
            _ => return self.begin(case),
        }
        self.inquire();
    }

    /// Counts the streams of the tabs of this page, then begins to send probes if there is still no response.
    fn begin_after_count(&self, mut case: Case) {
        let me = self.me.clone();
        let (origin, has_credentials) = (case.origin.clone(), case.target.has_credentials);
        let then = move |own_streams| {
            if let Some(session) = me.upgrade()
                && matches!(session.link.get_untracked(), Link::Connecting { .. })
                && session.case(Trouble::Hanging).as_ref() == Some(&case)
            {
                case.own_streams = own_streams;
                session.begin(case);
            }
        };
        count(&origin, has_credentials, then);
    }

    /// Begins to send probes.
    fn begin(&self, case: Case) {
        self.asks_again.set(false);
        self.probes.set(Probes {
            case: Some(case),
            ..Probes::default()
        });
        self.inquire();
    }

    /// Has the open stream counted among those of the tabs of this page, or no longer.
    pub(super) fn count(&self, is_open: bool) {
        let counted = (is_open && self.is_diagnosed.get())
            .then(|| self.case(Trouble::Hanging))
            .flatten()
            .and_then(|case| Counted::new(&case.origin, case.target.has_credentials));
        drop(self.counted.replace(counted));
    }

    /// Forgets what the probes found, and ends the one that is under way.
    pub(super) fn forget_probes(&self) {
        self.inquiry.take();
        self.asks_again.set(false);
        if self.probes.with_untracked(|probes| probes.case.is_some()) {
            self.probes.set(Probes::default());
        }
    }

    /// What is to be explained; `None` if no probe may be sent: only a GET has no effect, and the relay explains
    /// its failures itself.
    pub(super) fn case(&self, trouble: Trouble) -> Option<Case> {
        let via = self.via.get_untracked();
        let request = via.request();
        let is_whole = self.is_diagnosed.get();
        // Without a diagnosis only one thing matters: whether the server ended the stream for good.
        if !via.can_be_probed() || !is_whole && trouble != Trouble::GaveUp {
            return None;
        }
        let url = resolve(&self.url.get_untracked()).ok()?;
        let page = window().location().origin().unwrap_or_default();
        let last_event_id = self
            .entries
            .with_untracked(|journal| journal.last_event_id().to_owned());
        let has_header = request.is_some_and(|request| {
            let mut names = request.headers.iter().map(|(name, _)| name);
            let is_safe = |name: &String| {
                let mut safe = SAFE_HEADERS.iter();
                safe.any(|safe| name.eq_ignore_ascii_case(safe))
            };
            !last_event_id.is_empty() || !names.all(is_safe)
        });
        Some(Case {
            trouble,
            origin: url.origin(),
            by_event_source: request.is_none(),
            has_header,
            can_relay: offers().relay,
            own_streams: 0,
            is_whole,
            target: Target {
                url: url.href(),
                has_credentials: self.with_credentials.get_untracked() || url.origin() == page,
                page,
                last_event_id,
            },
        })
    }

    /// Sends the next probe, if there is one.
    fn inquire(&self) {
        let mut probes = self.probes.get_untracked();
        let next = match self.asks_again.get() {
            true => Some(Probe::Fetch),
            false => probes.next(),
        };
        if !self.asks_again.get() {
            probes.goes_on = next.is_some();
        }
        let target = probes.case.as_ref().map(|case| case.target.clone());
        self.probes.set(probes);
        let (Some(probe), Some(target)) = (next, target) else {
            self.inquiry.take();
            return;
        };
        let (me, since) = (self.me.clone(), ticks());
        let then = move |outcome| {
            if let Some(session) = me.upgrade() {
                session.learn(Probed {
                    probe,
                    outcome,
                    took: ticks() - since,
                });
            }
        };
        match Inquiry::send(probe, &target, Box::new(then)) {
            Ok(inquiry) => drop(self.inquiry.replace(Some(inquiry))),
            // A header that no request can have, such as an ID with a line break: there is nothing to learn.
            Err(_) => self.learn(Probed {
                probe,
                outcome: Outcome::Failed,
                took: 0.0,
            }),
        }
    }

    fn learn(&self, probed: Probed) {
        self.probes.update(|probes| {
            if self.asks_again.take() {
                match probes.made.first_mut() {
                    // What the others found holds, and those that are missing follow.
                    Some(first) if first.is_like(&probed) => return *first = probed,
                    _ => probes.made.clear(),
                }
            }
            probes.made.push(probed);
        });
        self.inquire();
        self.obey();
    }

    /// Obeys what the server answered to a probe, while the page waits for its next attempt.
    fn obey(&self) {
        let Link::Waiting {
            until: Some(until),
            by: By::Page,
            ..
        } = self.link.get_untracked()
        else {
            return;
        };
        let answer = self
            .probes
            .with_untracked(|probes| probes.verdict().and_then(refusal));
        match answer {
            Some(Failure::NoContent) => {
                self.release();
                self.set_failure(Some(Failure::NoContent));
                self.apply(Input::Over(Cause::NoContent));
            }
            Some(Failure::Refused {
                retry_after: Some(ms),
            }) => {
                let until = until.max(now() + longest(ms as f64));
                self.apply(Input::Postponed { until });
                self.retry_at(until);
            }
            // The next probe may show what is to be obeyed.
            _ if self.probes.with_untracked(|probes| probes.goes_on) => {}
            _ => self.retry_at(until),
        }
    }
}
