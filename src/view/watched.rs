//! The state that the parts of the page about one stream share.

use std::ops::Deref;

use gloo_timers::callback::{Interval, Timeout};
use leptos::{html, prelude::*};
use send_wrapper::SendWrapper;

use super::{controls::Controls, files, find::Find, focus::Focus, labels::Labels, settings};
use crate::{
    clock::now,
    journal::{Criteria, Journal, Matches},
    session::UseEventSourceReturn,
    source::resolve,
    via::Via,
};

/// How long a filter may work before the page can draw, in ms.
const SLICE_MS: f64 = 20.0;

/// How many lines a filter examines before it looks at the clock.
const STEP: usize = 2_000;

/// How often the clock ticks, in ms.
const TICK_MS: u32 = 100;

/// A stream, and the state of its view. Provided as context to the parts of the page.
///
/// `stream.entries` notifies at most once a frame when the log changed, and `matches` after it, when the
/// lines that are shown are known. Components that show the time read `clock`.
#[derive(Clone, Copy)]
pub(crate) struct Watched {
    pub(super) stream: UseEventSourceReturn,
    /// The labels of the event types. They belong to the stream: a capture of another stream has none.
    pub(super) labels: Signal<Labels>,
    /// The time, in ms since the Unix epoch. It ticks ten times a second.
    pub(super) clock: Signal<f64>,
    /// The number of the line whose detail is open.
    pub(super) selected: RwSignal<Option<u64>>,
    /// While the view is frozen, the number of the first line that is not shown.
    pub(super) frozen: RwSignal<Option<u64>>,
    /// The element of the log that scrolls and takes the keys.
    pub(super) log: NodeRef<html::Div>,
    /// A line that the log should scroll to.
    pub(super) sought: RwSignal<Option<u64>>,
    /// Whether times count from the first line.
    pub(super) relative: RwSignal<bool>,
    /// What the filter finds in the data, to be marked there.
    pub(super) highlight: RwSignal<Option<Find>>,
    /// Whether the answer of a model is shown in place of the detail.
    pub(super) answer: RwSignal<bool>,
    /// The lines that the selected text of the answer is from, in ascending order.
    pub(super) marked: RwSignal<Vec<u64>>,
    /// Whether the log has lines that a client with an `EventSource` may not receive: by fetch, by the relay and
    /// in a capture.
    pub(super) sees_all: Memo<bool>,
    /// The event types that the user asked for, in the page.
    asked: Option<RwSignal<Vec<String>>>,
    /// The lines that are shown.
    matches: RwSignal<Matches>,
    /// The fraction of the lines that the filter has examined, from 0 to 1; `None` once it has examined
    /// all.
    pub(super) filtering: RwSignal<Option<f64>>,
    /// Continues a filter that needs more than one slice.
    rest: StoredValue<Option<SendWrapper<Timeout>>>,
}

impl Watched {
    pub(super) fn new(stream: UseEventSourceReturn, labels: Signal<Labels>) -> Self {
        let time = RwSignal::new(now());
        // On a server no time passes.
        if cfg!(target_arch = "wasm32") {
            StoredValue::new_local(Interval::new(TICK_MS, move || time.set(now())));
        }
        let shows_other = Memo::new(move |_| {
            let href = |url: &str| resolve(url).map(|url| url.href());
            stream.playback.with(|playback| {
                playback.facts.as_deref().is_some_and(|facts| {
                    files::url_of(facts)
                        .is_none_or(|captured| href(&captured) != href(&stream.url()))
                })
            })
        });
        let labels = Signal::derive(move || {
            if shows_other.get() {
                Labels::default()
            } else {
                labels.get()
            }
        });
        let watched = Self {
            stream,
            labels,
            clock: time.into(),
            selected: RwSignal::new(None),
            frozen: RwSignal::new(None),
            log: Focus::get().log,
            sought: RwSignal::new(None),
            relative: settings::remembered("time", false, |time| Some(time == "relative")),
            highlight: RwSignal::new(None),
            answer: RwSignal::new(false),
            marked: RwSignal::new(Vec::new()),
            sees_all: Memo::new(move |_| {
                stream.way() != Via::EventSource.name()
                    || stream.playback.with(|playback| playback.facts.is_some())
            }),
            asked: Controls::get().map(|controls| controls.asked),
            matches: RwSignal::new(Matches::default()),
            filtering: RwSignal::new(None),
            rest: StoredValue::new(None),
        };
        Effect::new(move |_| {
            stream.entries.track();
            watched.advance();
        });
        watched
    }

    /// The state of the stream that the calling component is a part of.
    pub(crate) fn expect() -> Self {
        use_context().expect("a component within an EventStream")
    }

    /// The log, to read without subscribing. It cannot be changed meanwhile.
    pub(super) fn journal(&self) -> impl Deref<Target = Journal> + use<> {
        self.stream.entries.read_untracked()
    }

    /// The lines that are shown, without subscribing.
    pub(super) fn matches(&self) -> impl Deref<Target = Matches> + use<> {
        self.matches.read_untracked()
    }

    /// Subscribes to the lines that are shown.
    pub(super) fn track_matches(&self) {
        self.matches.track();
    }

    /// The event types that a client with an `EventSource` would listen to; `None` where the log has nothing
    /// that such a client would not receive.
    pub(super) fn listeners(&self) -> Option<Vec<String>> {
        let asked = self.asked?;
        self.sees_all.get().then(|| asked.get())
    }

    /// The number after the last line that may be shown.
    pub(super) fn end(&self, journal: &Journal) -> u64 {
        let end = journal.kept().end;
        self.frozen
            .get_untracked()
            .map_or(end, |frozen| frozen.min(end))
    }

    /// Shows the lines that match `criteria`.
    pub(super) fn filter(&self, criteria: Criteria) {
        *self.matches.write_untracked() = Matches::new(criteria);
        self.advance();
    }

    /// Examines new lines, one slice at a time.
    fn advance(&self) {
        let until = now() + SLICE_MS;
        let journal = self.journal();
        let mut matches = self.matches.write_untracked();
        // Matching one line may take unbounded time: then look at the clock after each.
        let step = if matches.is_costly() { 1 } else { STEP };
        let done = loop {
            let done = matches.advance(&journal, step);
            if done || now() > until {
                break done;
            }
        };
        let progress = (!done).then(|| matches.progress(&journal));
        drop((matches, journal));
        let watched = *self;
        let rest = (!done).then(|| SendWrapper::new(Timeout::new(0, move || watched.advance())));
        self.rest.set_value(rest);
        if self.filtering.get_untracked() != progress {
            self.filtering.set(progress);
        }
        self.matches.notify();
    }

    /// Opens the detail of a line, or closes it.
    pub(super) fn select(&self, line: Option<u64>) {
        self.selected.set(line);
    }

    /// Opens the detail of a line and scrolls the log to it.
    pub(super) fn go_to(&self, line: u64) {
        self.sought.set(Some(line));
        self.select(Some(line));
    }

    /// Whether the view is frozen.
    pub(super) fn is_frozen(&self) -> bool {
        self.frozen.get().is_some()
    }

    /// Freezes the view while the log continues, or unfreezes it.
    pub(super) fn freeze(&self, frozen: bool) {
        let end = self.journal().kept().end;
        self.frozen.set(frozen.then_some(end));
    }

    pub(super) fn set_relative(&self, relative: bool) {
        self.relative.set(relative);
        settings::remember("time", if relative { "relative" } else { "day" });
    }

    /// Moves the focus to the log.
    pub(super) fn focus_log(&self) {
        if let Some(log) = self.log.get_untracked() {
            let _ = log.focus();
        }
    }

    /// Clears the selection and unfreezes the view, for a new log.
    pub(super) fn start_over(&self) {
        self.select(None);
        self.freeze(false);
    }

    /// The label of an event type, without subscribing.
    pub(super) fn label(&self, event_type: &str) -> String {
        self.labels
            .with_untracked(|labels| labels.get(event_type).to_owned())
    }
}
