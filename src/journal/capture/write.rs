//! A journal as a capture.

use std::ops::Range;

use sse_wire::Note;

use super::{
    super::{Journal, Kind, Line, time},
    HEAD, VERSION,
};

/// Writes what a journal has when it begins, in slices.
///
/// What is evicted before it is written is left out, and the stream told to break off there.
#[derive(Debug)]
pub(crate) struct Writer {
    facts: String,
    /// What there is to write, once it has begun.
    whole: Option<Whole>,
    /// The line that comes next.
    next: u64,
    /// What is written of the tape ends here.
    at: u64,
    /// What the lines before this one set the last event ID to is written.
    told: u64,
}

/// What a journal had when writing began.
#[derive(Clone, Copy, Debug)]
struct Whole {
    /// Its first line, and the one after its last.
    first: u64,
    end: u64,
    /// Where its tape ended.
    tape_end: u64,
    /// When the last bytes had come, in µs.
    last: u64,
}

impl Writer {
    /// A writer that puts the JSON object `facts` before all.
    pub(crate) fn new(facts: &str) -> Self {
        Self {
            // Line breaks are but space in JSON, and would end the line.
            facts: facts.replace(['\n', '\r'], " "),
            whole: None,
            next: 0,
            at: 0,
            told: 0,
        }
    }

    /// Appends to `out` what the next `most_lines` of the journal tell, and some more if more came
    /// at the same time. Returns whether that was all.
    pub(crate) fn step(&mut self, journal: &Journal, most_lines: usize, out: &mut Vec<u8>) -> bool {
        let kept = journal.kept();
        let whole = match self.whole {
            Some(whole) => {
                if self.next < kept.start {
                    self.begin(journal, whole, true, out);
                }
                whole
            }
            None => {
                for part in [HEAD, VERSION, "\n", &self.facts, "\n"] {
                    out.extend_from_slice(part.as_bytes());
                }
                let whole = Whole {
                    first: kept.start,
                    end: kept.end,
                    tape_end: journal.tape.range().end,
                    last: time::micros(journal.last_at),
                };
                self.whole = Some(whole);
                self.begin(journal, whole, false, out);
                whole
            }
        };
        let until = self.next.saturating_add(most_lines.max(1) as u64);
        // What came at the same time is one record: the time, and where that ends on the tape.
        let mut group: Option<(u64, u64)> = None;
        while self.next < whole.end
            && let Some(line) = journal.get(self.next)
        {
            let at = time::micros(line.at());
            let is_same = group.is_some_and(|(time, _)| time == at);
            let is_told = self.next >= self.told && journal.ids.told_apart(self.next).is_some();
            if !is_same || is_told {
                self.group(journal, group.take(), out);
                if self.next >= until {
                    return false;
                }
            }
            self.tell_id(journal, self.next, out);
            self.next += 1;
            if line.kind().is_link() {
                let start = journal.start(&line.row);
                self.group(journal, Some((at, start)), out);
                group = None;
                let opened = line.kind() == Kind::Opened;
                record(if opened { "open" } else { "close" }, at, None, out);
            } else if !is_derived(&line) {
                group = Some((at, end(journal, &line)));
                if self.breaks_off(journal, whole, &line) {
                    self.group(journal, group.take(), out);
                    record("break", at, None, out);
                }
            }
        }
        if let Some((at, until)) = &mut group
            && *at == whole.last
        {
            *until = whole.tape_end;
        }
        self.group(journal, group, out);
        self.tell_id(journal, whole.end, out);
        self.group(journal, Some((whole.last, whole.tape_end)), out);
        out.extend_from_slice(b"end\n");
        true
    }

    /// How much is written: from 0 to 1.
    pub(crate) fn progress(&self, journal: &Journal) -> f64 {
        let kept = journal.kept();
        let (first, end) = self
            .whole
            .map_or((kept.start, kept.end), |whole| (whole.first, whole.end));
        let written = self.next.clamp(first, end) - first;
        written as f64 / (end - first).max(1) as f64
    }

    /// Begins with the oldest line, or goes on with it if those before it are `evicted`.
    fn begin(&mut self, journal: &Journal, whole: Whole, evicted: bool, out: &mut Vec<u8>) {
        let kept = journal.kept();
        self.next = kept.start.min(whole.end);
        let tape_start = journal.tape.range().start;
        // Lines within an event are evicted before its bytes are.
        let is_gap = tape_start > self.at;
        if evicted && is_gap {
            let oldest = journal.get(kept.start);
            let at = oldest.map_or(journal.last_at, |oldest| oldest.at());
            record("break", time::micros(at), None, out);
        }
        if is_gap {
            self.at = tape_start;
        }
        if journal.torn && (is_gap || !evicted) {
            self.skip_torn(journal, whole);
        }
        let ids = &journal.ids;
        let before = self.next.checked_sub(1).and_then(|seq| journal.get(seq));
        let id = match (ids.told_apart(self.next), before) {
            (Some(id), _) => id.into(),
            (None, Some(before)) => before.last_event_id(),
            (None, None) => ids.inherited().into(),
        };
        if evicted || !id.is_empty() {
            id_record(&id, out);
        }
        self.told = self.next + 1;
    }

    /// Skips what would mean something else at the beginning of a stream than it does within one.
    fn skip_torn(&mut self, journal: &Journal, whole: Whole) {
        const BOM: &[u8] = "\u{FEFF}".as_bytes();
        loop {
            let line = lines(journal, self.next..whole.end).next();
            if line.is_some_and(|line| line.kind().is_link()) {
                // What follows is another stream.
                return;
            }
            // Of a CRLF, the LF belongs to the line after it.
            if journal.tape.get(self.at) == Some(&b'\n') {
                self.at += 1;
            }
            if *journal.bytes(self.at..self.at + BOM.len() as u64) != *BOM {
                return;
            }
            // The line is one that was ignored, or will be.
            let Some(line) = line else {
                self.next = whole.end;
                self.at = whole.tape_end;
                return;
            };
            self.next = line.seq() + 1;
            self.at = end(journal, &line);
        }
    }

    /// Tells what the last event ID is from the line `seq` on, if the bytes do not.
    fn tell_id(&mut self, journal: &Journal, seq: u64, out: &mut Vec<u8>) {
        if seq < self.told {
            return;
        }
        self.told = seq + 1;
        if let Some(id) = journal.ids.told_apart(seq) {
            id_record(id, out);
        }
    }

    /// Whether a stream ended after `line`, the one before the next, without a line that tells of it.
    fn breaks_off(&self, journal: &Journal, whole: Whole, line: &Line<'_>) -> bool {
        let only_at_end = match line.note() {
            Some(Note::Unfinished) => false,
            // It may be one that is unfinished, and nothing is lost if it is not.
            Some(Note::TooLarge { .. }) if line.row.len > 0 => true,
            _ => return false,
        };
        let ended = end(journal, line);
        match lines(journal, self.next..whole.end).next() {
            Some(next) if next.kind().is_link() => {
                time::micros(next.at()) != time::micros(line.at())
                    && (!only_at_end || journal.start(&next.row) == ended)
            }
            _ => !only_at_end,
        }
    }

    /// Writes the tape as far as it came at a time.
    fn group(&mut self, journal: &Journal, group: Option<(u64, u64)>, out: &mut Vec<u8>) {
        let from = self.at.max(journal.tape.range().start);
        let Some((at, until)) = group.filter(|(_, until)| *until > from) else {
            return;
        };
        record("bytes", at, Some(until - from), out);
        for piece in journal.tape.pieces(from..until) {
            out.extend_from_slice(piece);
        }
        out.push(b'\n');
        self.at = until;
    }
}

/// The lines that say what came.
fn lines(journal: &Journal, numbers: Range<u64>) -> impl Iterator<Item = Line<'_>> {
    let lines = numbers.filter_map(|seq| journal.get(seq));
    lines.filter(|line| !is_derived(line))
}

/// Whether the line is about others: what is told of line ends depends on those before, which may
/// have been evicted, and on the byte after. So it must not matter for what is written.
fn is_derived(line: &Line<'_>) -> bool {
    line.kind() == Kind::Note && matches!(line.note(), Some(Note::MixedLineEnds { .. }))
}

/// Where the bytes of a line end on the tape.
fn end(journal: &Journal, line: &Line<'_>) -> u64 {
    journal.start(&line.row) + u64::from(line.row.len)
}

fn id_record(id: &str, out: &mut Vec<u8>) {
    let mut line = String::from("id ");
    time::digits(id.len() as u64, 1, &mut line);
    for part in [&line, "\n", id, "\n"] {
        out.extend_from_slice(part.as_bytes());
    }
}

fn record(name: &str, at: u64, length: Option<u64>, out: &mut Vec<u8>) {
    let mut line = String::from(name);
    line.push(' ');
    time::ms(at, &mut line);
    if let Some(length) = length {
        line.push(' ');
        time::digits(length, 1, &mut line);
    }
    line.push('\n');
    out.extend_from_slice(line.as_bytes());
}
