//! What was received: bounded, in the order in which it came, and read again where it is looked at.

mod add;
mod capture;
mod evict;
mod export;
mod figures;
mod filter;
mod ids;
mod line;
mod names;
mod pretty;
mod ring;
mod time;

use std::{borrow::Cow, collections::VecDeque, ops::Range};

use sse_wire::{Item, Note, Reader};

use ids::Ids;
use names::Names;
use ring::Ring;

pub(crate) use capture::{CaptureReader, Writer};
pub(crate) use export::{Format, header, json_text, line as write_line};
pub use figures::{Figures, SECONDS};
pub use filter::{Criteria, Matches, Text};
pub use line::Line;
pub use names::Name;
pub(crate) use pretty::pretty;

/// How many bytes a [`Journal`] keeps unless told otherwise: 64 MiB.
pub const DEFAULT_BOUND: usize = 64 << 20;

/// The largest bound, in bytes: where a line begins on the tape is told in 32 bits.
const MOST_BOUND: usize = 2 << 30;

/// The `name` of an event whose type is not among the names that are kept.
const NO_NAME: u16 = u16::MAX;

/// A log that is bounded by the memory it takes and evicts its oldest lines.
///
/// Always `received() == len() + evicted()`. Lines are numbered in the order in which they came, and
/// the numbers never restart, not even after [`clear`](Journal::clear). What alone exceeds the
/// bound is evicted as well.
///
/// The bytes of the stream are kept as they came, once; a line is 32 bytes beside them, whatever is
/// in it, and adding one costs the same however many there are. Data is decoded where it is looked
/// at. Where the bytes are not known, because a browser's `EventSource` does not tell, they are
/// those that an encoder would write.
#[derive(Clone, Debug)]
pub struct Journal {
    bound: usize,
    /// The bytes of all streams, one after the other.
    tape: Ring<u8>,
    rows: Ring<Row>,
    names: Names,
    /// The notes of those lines that are one.
    notes: VecDeque<(u64, Note)>,
    /// Kept lines that are comments, reconnection times or notes.
    asides: usize,
    /// The number of the first line since it was cleared.
    first: u64,
    figures: Figures,
    /// The lines in which the link opened and closed, and when, as far back as the kept lines.
    links: VecDeque<(u64, f64, bool)>,
    /// Where on the tape the present stream begins.
    stream: u64,
    /// Where on the tape that begins which is not yet part of a line.
    pending: u64,
    /// When the last bytes came.
    last_at: f64,
    /// The tape begins within a stream: what was before it is gone.
    torn: bool,
    ids: Ids,
    /// Where events are encoded that come without their bytes.
    scratch: Vec<u8>,
}

/// What is kept of a line.
#[derive(Clone, Copy, Debug)]
struct Row {
    at: f64,
    /// Where its bytes begin on the tape, modulo 2³².
    start: u32,
    /// How many there are, up to its end.
    len: u32,
    /// Where in them the data lies, if `direct`; for what is one line of the stream, that line.
    data_at: u32,
    data_len: u32,
    /// How many lines before this one the last event ID was set.
    id_back: u32,
    name: u16,
    kind: Kind,
    /// The data lies in the bytes as it is.
    direct: bool,
}

/// What a line of the log is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The connection opened.
    Opened,
    /// The connection was lost, or closed by hand.
    Closed,
    /// An event was dispatched.
    Event,
    /// A comment came.
    Comment,
    /// A reconnection time came.
    Retry,
    /// Something had no effect, or a surprising one.
    Note,
}

impl Kind {
    /// Whether it is about the connection.
    pub(crate) fn is_link(self) -> bool {
        matches!(self, Self::Opened | Self::Closed)
    }

    /// Whether it is beside the events: a comment, a reconnection time or a note.
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
    /// An empty log that keeps at most `bound` bytes, of which it takes no more than 2 GiB.
    pub fn new(bound: usize) -> Self {
        Self {
            bound: bound.min(MOST_BOUND),
            tape: Ring::new(),
            rows: Ring::new(),
            names: Names::default(),
            notes: VecDeque::new(),
            asides: 0,
            first: 0,
            figures: Figures::default(),
            links: VecDeque::new(),
            stream: 0,
            pending: 0,
            last_at: 0.0,
            torn: false,
            ids: Ids::default(),
            scratch: Vec::new(),
        }
    }

    /// How many bytes it keeps at most.
    pub fn bound(&self) -> usize {
        self.bound
    }

    /// Where the bytes of a line begin on the tape.
    fn start(&self, row: &Row) -> u64 {
        let tape = self.tape.range().start;
        tape + u64::from(row.start.wrapping_sub(tape as u32))
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

    /// How many lines were dropped to stay within the bound, since it was cleared.
    pub fn evicted(&self) -> u64 {
        self.rows.range().start - self.first
    }

    /// How many lines were added since it was cleared.
    pub fn received(&self) -> u64 {
        self.rows.range().end - self.first
    }

    /// How many of the kept lines are comments, reconnection times and notes.
    pub fn asides(&self) -> usize {
        self.asides
    }

    /// The event types that came since it was cleared, in the order in which they first did.
    pub fn names(&self) -> &[Name] {
        self.names.all()
    }

    /// The figures since it was cleared.
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// When the link opened (`true`) and when it closed, as far back as the kept lines.
    pub fn links(&self) -> impl Iterator<Item = (f64, bool)> {
        self.links.iter().map(|(_, at, open)| (*at, *open))
    }

    /// The last event ID as it stands.
    pub fn last_event_id(&self) -> &str {
        self.ids.last()
    }

    /// The number of the first kept line that came at `at` or later.
    pub fn seek(&self, at: f64) -> u64 {
        let mut range = self.rows.range();
        while range.start < range.end {
            let middle = range.start + (range.end - range.start) / 2;
            if self.rows.get(middle).is_some_and(|row| row.at < at) {
                range.start = middle + 1;
            } else {
                range.end = middle;
            }
        }
        range.start
    }

    /// Bytes on the tape, in one piece.
    fn bytes(&self, range: Range<u64>) -> Cow<'_, [u8]> {
        let mut pieces = self.tape.pieces(range);
        let first = pieces.next().unwrap_or_default();
        match pieces.next() {
            None => Cow::Borrowed(first),
            Some(second) => {
                let mut all = [first, second].concat();
                for piece in pieces {
                    all.extend_from_slice(piece);
                }
                Cow::Owned(all)
            }
        }
    }
}

/// Reads `bytes`. Not generic, as the reader would be compiled again for each sink.
#[inline(never)]
fn read(reader: &mut Reader, bytes: &[u8], sink: &mut dyn FnMut(Item<'_>)) {
    reader.read(bytes, sink);
}

#[cfg(test)]
mod tests;
