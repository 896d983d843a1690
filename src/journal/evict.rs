//! What is beyond the bound is dropped.

use super::{Journal, Kind, MOST_BOUND, Row, figures::Figures, names::Names};

/// What a note counts against the bound, in bytes: itself, and the text that it quotes.
const NOTE_BYTES: usize = 160;

impl Journal {
    /// Keeps at most `bound` bytes from now on, and no more than 2 GiB.
    pub fn set_bound(&mut self, bound: usize) {
        self.bound = bound.min(MOST_BOUND);
        self.evict();
    }

    /// A line whose beginning is gone from the tape already cannot be kept, nor can those before it.
    pub(super) fn lose_if_cut(&mut self, start: u64) {
        if start < self.tape.range().start {
            self.evict_before(self.rows.range().end);
        }
    }

    /// The bytes that count against the bound, which they never exceed: those of the stream, also of
    /// an event that is unfinished, of the lines and of the notes. Event types are not counted, as
    /// few are kept, nor is the last event ID.
    pub fn held(&self) -> usize {
        self.tape.len()
            + self.rows.len() * size_of::<Row>()
            + self.notes.len() * NOTE_BYTES
            + self.ids.held()
    }

    /// Drops the oldest lines if the bound is exceeded: then some more, so that it need not be done
    /// for each line.
    pub(super) fn evict(&mut self) {
        if self.held() <= self.bound {
            return;
        }
        let goal = self.bound - self.bound / 64;
        let rows = self.rows.range();
        let (tape_start, mut held) = (self.tape.range().start, self.held());
        let (mut line, mut cut) = (rows.start, tape_start);
        while held > goal && line < rows.end {
            let is_note = self
                .rows
                .get(line)
                .is_some_and(|row| row.kind == Kind::Note);
            line += 1;
            let next = self
                .rows
                .get(line)
                .map_or(self.pending, |row| self.start(row));
            held -= size_of::<Row>() + (next - cut) as usize;
            held -= if is_note { NOTE_BYTES } else { 0 };
            cut = next;
        }
        self.evict_before(line);
        if self.tape.len() > self.bound {
            // An event without end that contributes nothing: comments within it, say.
            let end = self.tape.range().end;
            self.tape.forget_before(end - self.bound as u64 / 2);
            self.set_pending(self.pending);
            self.torn = true;
        }
    }

    /// Drops the lines before `line`.
    fn evict_before(&mut self, line: u64) {
        let kept = self.rows.range();
        if line <= kept.start {
            return;
        }
        if line == kept.end {
            self.ids.forget_all();
        } else if let Some(last) = self.get(line - 1) {
            let inherited = last.last_event_id().into_owned();
            self.ids.forget_before(line, inherited);
        }
        for gone in kept.start..line {
            if let Some(row) = self.rows.get(gone) {
                self.asides -= usize::from(row.kind.is_aside());
                self.names.remove(row.name);
            }
        }
        while self.notes.front().is_some_and(|(number, _)| *number < line) {
            self.notes.pop_front();
        }
        let cut = self
            .rows
            .get(line)
            .map_or(self.pending, |row| self.start(row));
        let last = self.rows.get(line - 1);
        self.torn = !last.is_some_and(|last| last.kind.is_link() && self.start(last) == cut);
        self.rows.forget_before(line);
        self.tape.forget_before(cut);
        // The state at the first kept line is that of the last change before it.
        while self.links.get(1).is_some_and(|(other, ..)| *other <= line) {
            self.links.pop_front();
        }
    }

    /// Forgets the lines, the counts and the figures.
    pub fn clear(&mut self) {
        self.evict_before(self.rows.range().end);
        self.first = self.rows.range().end;
        self.figures = Figures::default();
        self.names = Names::default();
    }
}
