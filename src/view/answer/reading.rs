//! The lens over the log, which reads while the answer is open.

use gloo_timers::callback::Timeout;
use leptos::{html, prelude::*};
use send_wrapper::SendWrapper;

use super::super::watched::Watched;
use crate::{
    clock::now,
    lens::{Answer, Lens, Part},
};

/// How long the lens may read before the page can draw, in ms.
const SLICE_MS: f64 = 8.0;

/// How many bytes the lens reads before it looks at the clock.
const STEP: usize = 32 << 10;

/// A piece of a part that is in the document.
#[derive(Clone, Copy)]
pub(super) struct Chunk {
    pub(super) part: usize,
    pub(super) number: usize,
    pub(super) node: NodeRef<html::Span>,
}

/// The lens, and which of its answers is shown.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    /// Notifies once a frame when something was read.
    pub(super) lens: RwSignal<Lens>,
    /// The line that the chosen answer begins with; `None` for the last answer.
    chosen: RwSignal<Option<u64>>,
    /// Whether text of the answer is selected: until it is not, nothing moves.
    pub(super) is_held: RwSignal<bool>,
    pub(super) chunks: StoredValue<Vec<Chunk>>,
    watched: Watched,
    /// Continues to read when one slice is not enough.
    rest: StoredValue<Option<SendWrapper<Timeout>>>,
}

impl Reading {
    pub(super) fn new(watched: Watched) -> Self {
        let reading = Self {
            lens: RwSignal::new(Lens::default()),
            chosen: RwSignal::new(None),
            is_held: RwSignal::new(false),
            chunks: StoredValue::new(Vec::new()),
            watched,
            rest: StoredValue::new(None),
        };
        Effect::new(move |_| {
            watched.stream.entries.track();
            let is_new = reading
                .lens
                .with_untracked(|lens| lens.answers().is_empty());
            let stays = reading.is_held.get() || (watched.is_frozen() && !is_new);
            if watched.answer.get() && !stays {
                reading.advance();
            }
        });
        reading
    }

    fn advance(self) {
        let until = now() + SLICE_MS;
        let journal = self.watched.journal();
        let mut lens = self.lens.write_untracked();
        let done = loop {
            let done = lens.advance(&journal, STEP);
            if done || now() > until {
                break done;
            }
        };
        drop((lens, journal));
        let rest = (!done).then(|| SendWrapper::new(Timeout::new(0, move || self.advance())));
        self.rest.set_value(rest);
        self.lens.notify();
    }

    /// Shows the answer at this place among those that are kept.
    pub(super) fn choose(self, place: Option<usize>) {
        let line = place.and_then(|place| {
            self.lens.with_untracked(|lens| {
                let is_last = place + 1 >= lens.answers().len();
                let answer = lens.answers().get(place).filter(|_| !is_last);
                answer.map(|answer| answer.line)
            })
        });
        self.chosen.set(line);
    }

    /// The place of the answer that is shown.
    pub(super) fn place(self) -> Option<usize> {
        let chosen = self.chosen.get();
        self.lens.with(|lens| {
            let mut answers = lens.answers().iter();
            let place = chosen.and_then(|line| answers.position(|each| each.line == line));
            place.or(lens.answers().len().checked_sub(1))
        })
    }

    /// The answer that is shown, and the line that it begins with.
    pub(super) fn answer<T>(self, read: impl FnOnce(&Answer, u64) -> T) -> Option<T> {
        let place = self.place()?;
        self.lens.with(|lens| {
            let answer = lens.answers().get(place)?;
            Some(read(answer, answer.line))
        })
    }

    /// A part of the answer that begins with the line `of`.
    pub(super) fn part<T>(
        self,
        of: u64,
        part: usize,
        read: impl FnOnce(&Answer, &Part) -> T,
    ) -> Option<T> {
        self.lens.with(|lens| {
            let mut answers = lens.answers().iter().rev();
            let answer = answers.find(|answer| answer.line == of)?;
            Some(read(answer, answer.parts.get(part)?))
        })
    }
}
