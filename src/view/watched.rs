//! What the parts of the page about one stream have in common.
//!
//! They are drawn together, once a frame at most, from what is here. That is less than signals can
//! do, and on purpose: each use of one is some hundred bytes of WebAssembly.

use std::{
    cell::{Cell, Ref, RefCell},
    ops::Deref,
    rc::Rc,
};

use gloo_timers::callback::{Interval, Timeout};
use leptos::prelude::*;

use super::{files, labels::Labels, settings};
use crate::{
    clock::now,
    frame::Frame,
    journal::{Criteria, Journal, Matches},
    runtime,
    session::UseEventSourceReturn,
    source::resolve,
};

/// How long a filter may work before the page can draw, in ms.
const SLICE_MS: f64 = 20.0;

/// How many lines are looked at before the time is.
const STEP: usize = 2_000;

/// How often the page is drawn when nothing comes, in ms: clocks and figures move on.
const TICK_MS: u32 = 100;

/// A stream, and what of it is looked at.
pub(crate) struct Watched {
    pub(super) stream: UseEventSourceReturn,
    pub(super) labels: Signal<Labels>,
    /// The number of the line whose detail is open.
    selected: Cell<Option<u64>>,
    /// While the view is frozen, the number of the first line that is not shown.
    frozen: Cell<Option<u64>>,
    /// A line that the log is to show.
    pub(super) sought: Cell<Option<u64>>,
    /// Whether the log shows a capture of another stream than this one.
    is_other: Cell<bool>,
    /// Whether times count from the first line.
    relative: Cell<bool>,
    /// The lines that are shown.
    matches: RefCell<Matches>,
    /// Continues a filter that was not done in one slice.
    rest: RefCell<Option<Timeout>>,
    draws: RefCell<Vec<Rc<dyn Fn()>>>,
    frame: Frame,
    tick: RefCell<Option<Interval>>,
}

/// Holds what is watched as long as the component is there. Its parts hold it, too, and it holds
/// what draws them: that circle ends here.
pub(crate) struct Watching(pub(crate) Rc<Watched>);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.draws.borrow_mut().clear();
        self.0.rest.take();
        self.0.tick.take();
    }
}

impl Watched {
    pub(super) fn new(stream: UseEventSourceReturn, labels: Signal<Labels>) -> Rc<Self> {
        let watched = Rc::new_cyclic(|me: &std::rc::Weak<Self>| {
            let (on_frame, on_tick) = (me.clone(), me.clone());
            Self {
                stream,
                labels,
                selected: Cell::default(),
                frozen: Cell::default(),
                sought: Cell::default(),
                is_other: Cell::default(),
                relative: Cell::new(settings::recall("time").as_deref() == Some("relative")),
                matches: RefCell::default(),
                rest: RefCell::default(),
                draws: RefCell::default(),
                frame: Frame::new(move || {
                    if let Some(watched) = on_frame.upgrade() {
                        watched.draw();
                    }
                }),
                tick: RefCell::new(Some(Interval::new(TICK_MS, move || {
                    if let Some(watched) = on_tick.upgrade() {
                        watched.draw();
                    }
                }))),
            }
        });
        let on_change = Rc::downgrade(&watched);
        runtime::effect(move || {
            stream.entries.track();
            stream.link.track();
            stream.answer.track();
            stream.failure.track();
            stream.playback.track();
            labels.get();
            if let Some(watched) = on_change.upgrade() {
                watched.is_other.set(watched.shows_other());
                watched.advance();
                watched.draw();
            }
        });
        watched
    }

    /// Has `draw` called whenever something may have changed.
    pub(super) fn on_draw(&self, draw: Rc<dyn Fn()>) {
        self.draws.borrow_mut().push(draw);
        self.changed();
    }

    /// Draws before the next frame.
    pub(super) fn changed(&self) {
        self.frame.request();
    }

    fn draw(&self) {
        // A copy: what is drawn may make others be drawn from now on.
        let draws = self.draws.borrow().clone();
        untrack(|| {
            for draw in draws {
                draw();
            }
        });
    }

    /// The log, to read. It cannot be changed meanwhile.
    pub(super) fn journal(&self) -> impl Deref<Target = Journal> {
        self.stream.journal()
    }

    /// The lines that are shown.
    pub(super) fn matches(&self) -> Ref<'_, Matches> {
        self.matches.borrow()
    }

    /// The number after that of the last line that may be shown.
    pub(super) fn end(&self, journal: &Journal) -> u64 {
        let end = journal.kept().end;
        self.frozen.get().map_or(end, |frozen| frozen.min(end))
    }

    /// Shows what matches `criteria`.
    pub(super) fn filter(self: &Rc<Self>, criteria: Criteria) {
        *self.matches.borrow_mut() = Matches::new(criteria);
        self.advance();
        self.changed();
    }

    /// Has the filter look at what is new, a slice at a time.
    fn advance(self: &Rc<Self>) {
        let until = now() + SLICE_MS;
        let (journal, mut matches) = (self.journal(), self.matches.borrow_mut());
        // A regular expression may take long over a single line.
        let step = if matches.is_costly() { 1 } else { STEP };
        let done = loop {
            let done = matches.advance(&journal, step);
            if done || now() > until {
                break done;
            }
        };
        let rest = (!done).then(|| {
            let me = Rc::downgrade(self);
            Timeout::new(0, move || {
                if let Some(watched) = me.upgrade() {
                    watched.advance();
                    watched.changed();
                }
            })
        });
        *self.rest.borrow_mut() = rest;
    }

    /// How far the filter is that has not looked at everything yet: 0 to 1.
    pub(super) fn progress(&self) -> Option<f64> {
        self.rest.borrow().as_ref()?;
        Some(self.matches().progress(&self.journal()))
    }

    pub(super) fn selected(&self) -> Option<u64> {
        self.selected.get()
    }

    /// Opens the detail of a line, or closes it.
    pub(super) fn select(&self, line: Option<u64>) {
        self.selected.set(line);
        self.changed();
    }

    /// Opens the detail of a line and has the log show it.
    pub(super) fn go_to(&self, line: u64) {
        self.sought.set(Some(line));
        self.select(Some(line));
    }

    pub(super) fn is_frozen(&self) -> bool {
        self.frozen.get().is_some()
    }

    /// Stops the view, but not the capture; or lets it go on.
    pub(super) fn freeze(&self, frozen: bool) {
        let end = self.journal().kept().end;
        self.frozen.set(frozen.then_some(end));
        self.changed();
    }

    pub(super) fn is_relative(&self) -> bool {
        self.relative.get()
    }

    pub(super) fn set_relative(&self, relative: bool) {
        self.relative.set(relative);
        settings::remember("time", if relative { "relative" } else { "day" });
        self.changed();
    }

    /// Begins to look at another log.
    pub(super) fn start_over(&self) {
        self.select(None);
        self.freeze(false);
    }

    /// The label of an event type. Labels belong to the stream, so a capture of another stream has none.
    pub(super) fn label(&self, event_type: &str) -> String {
        if self.is_other.get() {
            return event_type.to_owned();
        }
        runtime::current(self.labels).get(event_type).to_owned()
    }

    /// Whether the log shows a capture of another stream than this one.
    fn shows_other(&self) -> bool {
        let href = |url: &str| resolve(url).map(|url| url.href());
        match self.stream.current_playback().facts {
            Some(facts) => files::url_of(&facts)
                .is_none_or(|captured| href(&captured) != href(&self.stream.url())),
            None => false,
        }
    }
}
