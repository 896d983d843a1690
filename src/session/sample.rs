//! The beginning of a stream that an `EventSource` receives, by fetch: the bytes that an `EventSource` does not
//! expose.

use leptos::prelude::*;

use super::{Link, UseEventSourceOptions, UseEventSourceReturn, use_event_source};
use crate::{
    clock::now,
    via::{FetchRequest, Via},
};

/// A sample ends after this number of bytes, or after this time in ms. That is longer than an event may take to end.
const ENOUGH_BYTES: u64 = 64 << 10;
const ENOUGH_MS: f64 = 16_000.0;

/// How many bytes of a sample are kept. More than [`ENOUGH_BYTES`] may arrive before the next frame.
const BOUND: usize = 8 << 20;

/// For how long an open `EventSource` has no event before a sample is taken, in ms.
const SILENT_MS: f64 = 5_000.0;

/// The beginning of a stream, in a request of its own. It is taken when the user asks, and once by itself when
/// an `EventSource` was opened and has no event to show.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    of: UseEventSourceReturn,
    by_fetch: UseEventSourceReturn,
    /// The URL of the sample; empty while there is none.
    url: RwSignal<String>,
    /// When it was begun, in ms since the Unix epoch.
    begun: StoredValue<f64>,
}

/// Takes samples of the stream `of`. `clock` ticks while time passes.
pub(crate) fn use_sample(of: UseEventSourceReturn, clock: Signal<f64>) -> Sample {
    let url = RwSignal::new(String::new());
    let options = UseEventSourceOptions::default()
        .via(Via::Fetch(FetchRequest::default()))
        .with_credentials(of.with_credentials)
        .max_attempts(0)
        .bound(BOUND);
    let sample = Sample {
        of,
        by_fetch: use_event_source(url, options),
        url,
        begun: StoredValue::new(0.0),
    };
    Effect::new(move |_| {
        if sample.is_under_way() && sample.is_enough(clock) {
            sample.by_fetch.disconnect();
        }
    });
    let shows_nothing = Memo::new(move |_| sample.shows_nothing(clock));
    Effect::new(move |_| {
        if shows_nothing.get() && sample.stream().is_none() {
            sample.take();
        }
    });
    // A sample is of the series of connections in which it was taken.
    Effect::new(move |was_waiting: Option<bool>| {
        let link = of.link.get();
        let is_first = matches!(link, Link::Idle | Link::Connecting { attempt: 1 });
        if is_first && was_waiting != Some(true) {
            url.set(String::new());
        }
        matches!(link, Link::Waiting { .. })
    });
    sample
}

impl Sample {
    /// Whether the stream is received by an `EventSource` that was opened: otherwise a sample adds nothing.
    pub(crate) fn adds_something(self) -> bool {
        let by_event_source = self.of.via.with(|via| *via == Via::EventSource);
        let was_opened = || {
            let journal = self.of.entries.read_untracked();
            journal.connections().next().is_some()
        };
        let is_capture = || self.of.playback.with(|playback| playback.facts.is_some());
        by_event_source && !is_capture() && was_opened()
    }

    /// Requests the stream, in place of an earlier sample.
    pub(crate) fn take(self) {
        self.begun.set_value(now());
        let url = self.of.url();
        if self.url.read_untracked() == url {
            self.by_fetch.clear();
            self.by_fetch.connect();
        } else {
            self.url.set(url);
        }
    }

    /// The sample, if one was taken.
    pub(crate) fn stream(self) -> Option<UseEventSourceReturn> {
        (!self.url.read().is_empty()).then_some(self.by_fetch)
    }

    /// Whether more may arrive in the sample.
    pub(crate) fn is_under_way(self) -> bool {
        self.by_fetch.link.with(Link::is_live)
    }

    fn is_enough(self, clock: Signal<f64>) -> bool {
        clock.get() - self.begun.get_value() > ENOUGH_MS
            || self
                .by_fetch
                .entries
                .with(|journal| journal.figures().bytes >= ENOUGH_BYTES)
    }

    /// Whether the stream was opened and has had no event since: for some time, or until it was lost.
    fn shows_nothing(self, clock: Signal<f64>) -> bool {
        let link = self.of.link.get();
        let journal = self.of.entries.read_untracked();
        if !self.adds_something() || journal.connections().any(|each| each.events > 0) {
            return false;
        }
        match link {
            Link::Open { since } => clock.get() - since > SILENT_MS,
            Link::Waiting { .. } => true,
            _ => false,
        }
    }
}
