//! Has the relay request the stream with compression and without.

use leptos::prelude::*;

use super::{probes::Trouble, stream::Session};
use crate::source::Comparing;

impl Session {
    /// Compares the stream with compression to the stream without, once for each series of connections. If
    /// `only_if_compressed`, not where the response is known to have no content coding: a browser hides that of
    /// another origin.
    pub(super) fn compare(&self, only_if_compressed: bool) {
        if self.comparing.borrow().is_some() || self.comparison.with_untracked(Option::is_some) {
            return;
        }
        // Only a GET has no effect.
        let Some(case) = self.case(Trouble::Asked).filter(|case| case.can_relay) else {
            return;
        };
        let is_plain = self.response.with_untracked(|response| {
            response.as_ref().is_some_and(|response| {
                response.header("content-encoding").is_none() && !case.is_cross_origin()
            })
        });
        if only_if_compressed && is_plain {
            return;
        }
        let me = self.me.clone();
        let then = move |comparison| {
            if let Some(session) = me.upgrade() {
                session.comparing.take();
                session.comparison.set(Some(comparison));
            }
        };
        // A browser that does not send it: there is nothing to learn.
        if let Ok(comparing) = Comparing::send(&case.target, case.accepted(), Box::new(then)) {
            *self.comparing.borrow_mut() = Some(comparing);
        }
    }

    /// Forgets what was compared.
    pub(super) fn forget_comparison(&self) {
        self.comparing.take();
        if self.comparison.with_untracked(Option::is_some) {
            self.comparison.set(None);
        }
    }
}
