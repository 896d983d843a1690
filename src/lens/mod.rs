//! What the data means: the answers of language models and agents, assembled from the events of a [`Journal`].
//! Pure.
//!
//! A [`Lens`] reads the lines that are new since it last did, so that a frame costs what arrived in it. It keeps
//! at most [`MOST_BYTES`] of text and [`MOST_ANSWERS`] answers: older answers are dropped and counted, and of a
//! single answer that is larger, the rest is left out and counted. An event that it does not understand is counted
//! by its kind.
//!
//! | file | contents |
//! | --- | --- |
//! | `answer.rs` | an answer: its parts, how it ended, usage, errors |
//! | `pieces.rs` | text of which each character has its line |
//! | `timing.rs` | when what arrived |
//! | `unread.rs` | what was not understood |
//! | `shapes/` | the protocols, one in each file |

mod answer;
mod pieces;
mod shapes;
mod timing;
mod unread;

use std::{borrow::Cow, collections::VecDeque};

pub(crate) use answer::{Answer, Part, PartKind, State};
pub(crate) use pieces::Pieces;
pub(crate) use shapes::Shape;
pub(crate) use timing::{Moment, Rate, Timing};
pub(crate) use unread::Unreads;

use crate::{
    journal::{Journal, Kind, Line},
    json::{Index, Reader, Value},
};

/// How many bytes all answers take at most: their text, and where each piece of it is from.
pub(crate) const MOST_BYTES: usize = 32 << 20;

/// How many answers are kept.
pub(crate) const MOST_ANSWERS: usize = 64;

/// How large the data of an event may be, so that one event does not take longer than a frame.
const LARGEST: usize = 1 << 20;

/// How much of an event's data is enough to recognise its shape, in bytes.
const BEGINNING: usize = 1_024;

/// How many events of a connection are looked at for [`is_answer`].
const FIRST_EVENTS: usize = 8;

/// An event as the shapes read it.
struct Event<'a> {
    line: u64,
    at: f64,
    /// The number of the read in which it ended.
    read: u64,
    event_type: &'a str,
    data: &'a str,
    /// The data, if it is JSON.
    json: Option<Value<'a>>,
}

impl<'a> Event<'a> {
    fn moment(&self) -> Moment {
        Moment {
            line: self.line,
            at: self.at,
        }
    }

    /// The kind of a message: its member `type`, or else the event type.
    fn kind(&self) -> Cow<'a, str> {
        let kind = self.json.and_then(|json| json.text_of("type"));
        kind.unwrap_or(Cow::Borrowed(self.event_type))
    }
}

/// Whether the log begins, or a connection in it, with an event of a model's answer: the shape of the first one
/// that has one, among the first events after the last opening.
pub(crate) fn is_answer(journal: &Journal) -> bool {
    let last = journal.connections().next_back();
    let first = last.map_or(0, |last| last.lines.start);
    let lines = journal.since(first).take(4 * FIRST_EVENTS);
    let events = lines.filter(|line| line.kind() == Kind::Event);
    events
        .take(FIRST_EVENTS)
        .any(|line| shape_of(&line).is_some())
}

fn shape_of(line: &Line<'_>) -> Option<Shape> {
    Shape::of(&line.event_type(), &line.beginning(BEGINNING))
}

/// The answers in a log.
#[derive(Debug)]
pub(crate) struct Lens {
    /// The number of the next line to be read.
    next: u64,
    /// The number of the first line of the log, as it was: another one is another log.
    first: u64,
    answers: VecDeque<Answer>,
    /// How many answers were dropped to stay within the bounds.
    dropped: u64,
    /// How many lines were evicted before they were read.
    missed: u64,
    unread: Unreads,
    /// When the last connection opened, if that is in the log.
    opened_at: Option<f64>,
    most_bytes: usize,
    /// The memory of the index of the event before.
    index: Option<Index>,
}

impl Default for Lens {
    fn default() -> Self {
        Self::with_bound(MOST_BYTES)
    }
}

impl Lens {
    fn with_bound(most_bytes: usize) -> Self {
        Self {
            next: 0,
            first: 0,
            answers: VecDeque::new(),
            dropped: 0,
            missed: 0,
            unread: Unreads::default(),
            opened_at: None,
            most_bytes,
            index: None,
        }
    }

    /// Reads lines that are new, until about `most` bytes of data are read. Returns whether all are read.
    pub(crate) fn advance(&mut self, journal: &Journal, most: usize) -> bool {
        let kept = journal.kept();
        let first = kept.start - journal.evicted();
        if first != self.first || self.next > kept.end {
            // The log was cleared, or is another one.
            *self = Self {
                first,
                next: first,
                index: self.index.take(),
                ..Self::with_bound(self.most_bytes)
            };
        }
        if self.next < kept.start {
            self.missed += kept.start - self.next;
            self.next = kept.start;
        }
        let mut left = most;
        while self.next < kept.end {
            let Some(line) = journal.get(self.next) else {
                break;
            };
            self.next += 1;
            self.line(&line);
            // A line costs something, however short it is.
            let cost = line.size() + 64;
            if cost >= left {
                break;
            }
            left -= cost;
        }
        self.next >= kept.end
    }

    /// The answers that are kept, oldest first.
    pub(crate) fn answers(&self) -> &VecDeque<Answer> {
        &self.answers
    }

    /// How many older answers were dropped.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// How many lines were evicted from the log before they were read.
    pub(crate) fn missed(&self) -> u64 {
        self.missed
    }

    /// The events that were not understood.
    pub(crate) fn unread(&self) -> &Unreads {
        &self.unread
    }

    fn line(&mut self, line: &Line<'_>) {
        match line.kind() {
            Kind::Opened => self.opened_at = Some(line.at()),
            Kind::Closed => {
                self.opened_at = None;
                if let Some(last) = self.answers.back_mut() {
                    last.close(line.seq());
                }
            }
            Kind::Event if line.size() > LARGEST => self.unread.add(line.seq(), "too large"),
            Kind::Event => {
                let data = line.data();
                // The data of an answer is JSON, or a word.
                let reader = match self.index.take() {
                    Some(index) => Reader::reusing(data.as_ref().into(), index),
                    None => Reader::new(data.as_ref().into()),
                };
                let (is_json, index) = read(reader);
                let event = Event {
                    line: line.seq(),
                    at: line.at(),
                    read: line.read(),
                    event_type: &line.event_type(),
                    data: &data,
                    json: Value::whole(&index).filter(|_| is_json),
                };
                self.event(&event, line);
                self.index = Some(index);
            }
            Kind::Failed | Kind::Comment | Kind::Retry | Kind::Note => {}
        }
    }

    fn event(&mut self, event: &Event<'_>, line: &Line<'_>) {
        let begins = match self.answers.back() {
            None => shape_of(line),
            Some(last) if last.shape.begins(event, last) => Some(last.shape),
            // Another connection may bring another shape.
            Some(last) if last.is_over() => shape_of(line).filter(|shape| *shape != last.shape),
            Some(_) => None,
        };
        if let Some(shape) = begins {
            self.begin(shape, event);
        }
        let Some(mut result) = self.read(event) else {
            return self.unread.add(event.line, "before any answer");
        };
        if result.is_err()
            && begins.is_none()
            && let Some(shape) = shape_of(line)
            && self.answers.back().is_some_and(|last| last.shape != shape)
        {
            // It was taken for another shape.
            self.begin(shape, event);
            result = self.read(event).unwrap_or(result);
        }
        if let Err(unknown) = result {
            self.unread.add(event.line, &unknown);
        }
    }

    fn begin(&mut self, shape: Shape, event: &Event<'_>) {
        if let Some(last) = self.answers.back_mut() {
            last.close(event.line);
        }
        if self.answers.len() == MOST_ANSWERS {
            self.answers.pop_front();
            self.dropped += 1;
        }
        self.answers
            .push_back(Answer::new(shape, event.line, self.opened_at));
    }

    /// Adds an event to the last answer; `None` if there is none.
    fn read(&mut self, event: &Event<'_>) -> Option<Result<(), Cow<'static, str>>> {
        let mut others: usize = self.answers.iter().rev().skip(1).map(Answer::held).sum();
        // What an event adds is at most a few times its data.
        while self.answers.len() > 1
            && others + self.answers.back()?.held() + 4 * event.data.len() > self.most_bytes
        {
            let oldest = self.answers.pop_front()?;
            others -= oldest.held();
            self.dropped += 1;
        }
        let last = self.answers.back_mut()?;
        last.room = self.most_bytes - others.min(self.most_bytes);
        let result = last.shape.read(event, last);
        if result.is_ok() {
            last.resume();
            last.timing.event(event);
        }
        Some(result)
    }
}

/// Reads JSON, if it is JSON, and returns the index in any case: its memory is used again.
fn read(mut reader: Reader) -> (bool, Index) {
    let is_json = reader.read(usize::MAX) == Ok(true);
    (is_json, reader.finish())
}

#[cfg(test)]
mod tests;
