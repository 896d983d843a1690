//! What was received: read, kept within a bound, counted, filtered and exported. Pure.

mod add;
mod attempts;
mod capture;
mod dispatch;
mod evict;
mod export;
mod figures;
mod filter;
mod ids;
mod line;
mod marks;
mod names;
mod rate;
mod ring;
mod runs;
mod signs;
mod time;

use std::{collections::VecDeque, ops::Range};

use sse_wire::{Item, Note, Reader};

use attempts::Attempts;
use ids::Ids;
use marks::Marks;
use names::Names;
use ring::{Ring, widen};
use runs::Runs;
use signs::Signs;

pub use attempts::FailedAttempts;
pub use capture::CaptureError;
pub(crate) use capture::{CaptureReader, FileKind, Record};
pub(crate) use dispatch::{Dispatch, has_listener};
pub(crate) use export::{Export, Format};
pub use figures::Figures;
pub(crate) use filter::{Criteria, Matches, Text};
pub use line::Line;
pub use names::Name;
pub(crate) use signs::{Connection, NoteKind, Sign};
pub(crate) use time::read_ms;

/// How many bytes a [`Journal`] keeps by default: 64 MiB.
pub const DEFAULT_BOUND: usize = 64 << 20;

/// The largest bound, in bytes: a line's position on the tape is kept in 32 bits.
const MOST_BOUND: usize = 2 << 30;

/// The `name` of an event whose type is not in the table of names.
const NO_NAME: u16 = u16::MAX;

/// A log with a bound on its memory, which evicts its oldest lines.
///
/// `received() == len() + evicted()` always holds. Lines are numbered in the order of their arrival.
/// The numbers never restart, not even after [`clear`](Journal::clear).
///
/// The bytes of the stream are kept once, as they arrived, on the *tape*. A line takes another 32 bytes,
/// and adding one costs the same however many there are. Data is decoded when a line is read. An
/// `EventSource` does not expose the bytes of its events; for these the tape has the bytes that an
/// encoder would write.
///
/// The journal reads the stream itself, so it alone knows the last event ID and the reconnection time.
#[derive(Clone, Debug)]
pub struct Journal {
    bound: usize,
    /// How large an event may be, in bytes; larger ones are skipped with a note.
    largest_event: usize,
    reader: Reader,
    /// The reconnection time that the stream set, in ms.
    reconnection_time: Option<u64>,
    /// The bytes of all streams, one after the other.
    tape: Ring<u8>,
    arrivals: Ring<Arrival>,
    marks: Marks,
    rows: Ring<Row>,
    runs: Runs,
    ids: Ids,
    names: Names,
    /// The notes, each with the number of its line.
    notes: VecDeque<(u64, Note)>,
    attempts: Attempts,
    /// How many of the kept lines are comments, reconnection times or notes.
    asides: usize,
    /// How many of the kept lines are about the connection.
    link_lines: usize,
    /// The number of the first line since the log was cleared.
    first: u64,
    figures: Figures,
    signs: Signs,
    /// The number of the last event.
    last_event: Option<u64>,
    /// Where on the tape the current stream begins.
    stream: u64,
    /// The position on the tape of the first byte that belongs to no line yet, such as the beginning of
    /// an unfinished event. If that is before the tape's own beginning, the event is too large to be
    /// kept.
    pending: u64,
    /// The buffer in which an event without known bytes is encoded.
    scratch: Vec<u8>,
}

/// Bytes that arrived together.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    /// The time, in ms since the Unix epoch.
    at: f64,
    /// Where the bytes end on the tape.
    end: u64,
}

/// What is kept of a line.
#[derive(Clone, Copy, Debug)]
struct Row {
    /// The time at which its last byte arrived, in ms since the Unix epoch.
    at: f64,
    /// Where its bytes begin on the tape, modulo 2³².
    start: u32,
    /// The length of its bytes.
    len: u32,
    /// Where in its bytes the data begins, if `direct`; for a line that is one line of the stream,
    /// where that line begins.
    data_at: u32,
    data_len: u32,
    /// The index of the event type in the table of names.
    name: u16,
    kind: Kind,
    /// Whether its bytes contain the data in one piece.
    direct: bool,
}

/// What a line of the log is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The connection opened.
    Opened,
    /// The connection was lost, or closed by hand.
    Closed,
    /// Attempts to connect failed.
    Failed,
    /// An event was dispatched.
    Event,
    /// A comment.
    Comment,
    /// A reconnection time (the `retry` field).
    Retry,
    /// Something in the stream that had no effect, or an unexpected one.
    Note,
}

impl Kind {
    /// Whether the line is about the connection.
    pub(crate) fn is_link(self) -> bool {
        matches!(self, Self::Opened | Self::Closed | Self::Failed)
    }

    /// Whether the line is a comment, a reconnection time or a note.
    pub fn is_aside(self) -> bool {
        matches!(self, Self::Comment | Self::Retry | Self::Note)
    }
}

impl Default for Journal {
    fn default() -> Self {
        Self::new(DEFAULT_BOUND)
    }
}

impl Journal {
    /// An empty log that keeps at most `bound` bytes. A bound above 2 GiB counts as 2 GiB.
    pub fn new(bound: usize) -> Self {
        let bound = bound.min(MOST_BOUND);
        Self {
            bound,
            largest_event: bound,
            reader: Reader::with_bound(bound),
            reconnection_time: None,
            tape: Ring::new(),
            arrivals: Ring::new(),
            marks: Marks::new(),
            rows: Ring::new(),
            runs: Runs::default(),
            ids: Ids::new(),
            names: Names::default(),
            notes: VecDeque::new(),
            attempts: Attempts::default(),
            asides: 0,
            link_lines: 0,
            first: 0,
            figures: Figures::default(),
            signs: Signs::default(),
            last_event: None,
            stream: 0,
            pending: 0,
            scratch: Vec::new(),
        }
    }

    /// How many bytes the log keeps at most.
    pub fn bound(&self) -> usize {
        self.bound
    }

    /// Where the bytes of a line begin on the tape.
    fn start(&self, row: &Row) -> u64 {
        widen(self.tape.range().start, row.start)
    }

    /// The line with the number `seq`, if it is kept.
    pub fn get(&self, seq: u64) -> Option<Line<'_>> {
        let row = *self.rows.get(seq)?;
        Some(Line {
            journal: self,
            seq,
            row,
        })
    }

    /// The kept lines, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Line<'_>> {
        self.rows.range().filter_map(|seq| self.get(seq))
    }

    /// The kept lines from the number `seq` on: those that are new since an earlier call.
    ///
    /// ```
    /// # let mut journal = sse_scope::Journal::default();
    /// let mut read = 0;
    /// journal.receive(0.0, b"data: a\n\ndata: b\n\n");
    /// let new: Vec<_> = journal.since(read).map(|line| line.data().into_owned()).collect();
    /// read = journal.kept().end;
    /// assert_eq!(new, ["a", "b"]);
    /// assert_eq!(journal.since(read).count(), 0);
    /// ```
    pub fn since(&self, seq: u64) -> impl DoubleEndedIterator<Item = Line<'_>> {
        let kept = self.rows.range();
        (seq.max(kept.start)..kept.end).filter_map(|seq| self.get(seq))
    }

    /// The last event, if it is kept.
    pub fn last_event(&self) -> Option<Line<'_>> {
        self.last_event.and_then(|seq| self.get(seq))
    }

    /// The numbers of the kept lines.
    pub fn kept(&self) -> Range<u64> {
        self.rows.range()
    }

    /// How many lines are kept.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no line is kept.
    pub fn is_empty(&self) -> bool {
        self.rows.len() == 0
    }

    /// How many lines were evicted to stay within the bound, since the log was cleared.
    pub fn evicted(&self) -> u64 {
        self.rows.range().start - self.first
    }

    /// How many lines were added since the log was cleared.
    pub fn received(&self) -> u64 {
        self.rows.range().end - self.first
    }

    /// How many of the kept lines are comments, reconnection times and notes.
    pub fn asides(&self) -> usize {
        self.asides
    }

    /// How many of the kept lines are about something too large to be kept.
    pub(crate) fn kept_too_large(&self) -> usize {
        // Looking for them takes longest where there are none.
        if self.noted(NoteKind::TooLarge).count == 0 {
            return 0;
        }
        let notes = self.notes.iter();
        notes
            .filter(|(_, note)| matches!(note, Note::TooLarge { .. }))
            .count()
    }

    /// How many of the kept lines are events.
    pub(crate) fn kept_events(&self) -> usize {
        self.len() - self.asides - self.link_lines
    }

    /// The event types seen so far, in the order of their first events. Clearing the log does not
    /// remove them: a type keeps its place.
    pub fn names(&self) -> &[Name] {
        self.names.all()
    }

    /// The figures since the log was cleared.
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// The last event ID: what a client sends when it reconnects.
    pub fn last_event_id(&self) -> &str {
        self.ids.current()
    }

    /// The reconnection time that the stream set last, in ms; `None` if it set none. An `EventSource`
    /// does not expose it.
    pub fn reconnection_time(&self) -> Option<u64> {
        self.reconnection_time
    }
}

/// Reads `bytes`. Every call of the generic [`Reader::read`] compiles the reader once more; this is the
/// only one.
#[inline(never)]
fn read_items(reader: &mut Reader, bytes: &[u8], sink: &mut dyn FnMut(Item<'_>)) {
    reader.read(bytes, sink);
}

impl<'a> IntoIterator for &'a Journal {
    type Item = Line<'a>;
    type IntoIter = Box<dyn DoubleEndedIterator<Item = Line<'a>> + 'a>;

    /// The kept lines, oldest first.
    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter())
    }
}

#[cfg(test)]
mod tests;
