//! Evicting the oldest lines to stay within the bound.

use sse_wire::Reader;

use super::{Arrival, Journal, MOST_BOUND, Row, figures::Figures};

/// How many bytes a note counts against the bound: the note itself, and the text that it quotes.
const NOTE_BYTES: usize = 160;

impl Journal {
    /// Keeps at most `bound` bytes from now on, but no more than 2 GiB. The bound on a single event
    /// changes with the next connection.
    pub fn set_bound(&mut self, bound: usize) {
        self.bound = bound.min(MOST_BOUND);
        self.largest_event = self.bound;
        self.evict();
    }

    /// The bytes that count against the bound, which they never exceed: the bytes of the stream, an
    /// unfinished event included, and what is kept of lines, arrivals, last event IDs, failed
    /// attempts and notes.
    ///
    /// The table of event types and the last event ID itself do not count. Both are limited.
    pub fn held(&self) -> usize {
        self.tape.len()
            + self.rows.len() * size_of::<Row>()
            + self.arrivals.len() * size_of::<Arrival>()
            + self.notes.len() * NOTE_BYTES
            + self.attempts.held()
            + self.ids.held()
            + self.marks.held()
            + self.runs.held()
    }

    /// Drops the oldest lines if the bound is exceeded; some more than needed, so that this need not
    /// be done for each line.
    pub(super) fn evict(&mut self) {
        if self.held() <= self.bound {
            return;
        }
        let goal = self.bound - self.bound / 64;
        while self.held() > goal && !self.is_empty() {
            let some = (self.rows.len() / 64).max(1) as u64;
            self.evict_before(self.rows.range().start + some);
        }
        if self.held() > self.bound {
            // An unfinished event that alone exceeds the bound.
            self.tape.drop_before(self.tape.range().end);
            self.drop_beside();
        }
    }

    /// Drops the rest, up to `end`, of an event whose beginning is gone from the tape, and the lines
    /// before the event.
    #[cold]
    pub(super) fn drop_unfinished(&mut self, end: u64) {
        self.pending = end;
        self.evict_before(self.rows.range().end);
    }

    /// Drops the lines before `line`.
    fn evict_before(&mut self, line: u64) {
        let kept = self.rows.range();
        for gone in kept.start..line {
            if let Some(row) = self.rows.get(gone) {
                self.asides -= usize::from(row.kind.is_aside());
                self.link_lines -= usize::from(row.kind.is_link());
                self.names.remove(row.name);
            }
        }
        while self.notes.front().is_some_and(|(number, _)| *number < line) {
            self.notes.pop_front();
        }
        self.attempts.drop_before(line);
        let cut = self
            .rows
            .get(line)
            .map_or(self.pending, |row| self.start(row));
        self.ids.drop_before(line, kept.start);
        self.runs.drop_before(line);
        self.rows.drop_before(line);
        self.tape.drop_before(cut);
        self.drop_beside();
    }

    /// Drops the arrivals and marks of which neither a line nor a byte is left.
    pub(super) fn drop_beside(&mut self) {
        let tape = self.tape.range().start;
        let gone = self.arrivals.partition_point(|arrival| arrival.end <= tape);
        self.arrivals.drop_before(gone);
        let ids = &mut self.ids;
        let line = self.rows.range().start;
        self.marks
            .drop_before(line, tape, |change| ids.drop_changes(change + 1));
    }

    /// Drops everything, an unfinished event included: the next bytes are those of another stream.
    pub(crate) fn start_over(&mut self) {
        self.reader = Reader::with_bound(self.largest_event).with_last_event_id(self.ids.current());
        self.stream = self.tape.range().end;
        self.pending = self.stream;
        self.clear();
        self.clear_signs(false);
    }

    /// Drops the lines, the counts and the figures.
    pub fn clear(&mut self) {
        self.evict_before(self.rows.range().end);
        self.first = self.rows.range().end;
        self.figures = Figures::default();
        self.clear_signs(true);
        self.names.clear();
    }
}
