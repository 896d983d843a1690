//! Writing a journal as a capture.

use super::{
    super::{
        Arrival, FailedAttempts, Journal,
        marks::{Mark, What},
        time,
    },
    BOM, HEAD, VERSION,
};

/// Writes in steps what a journal holds at the first step.
///
/// If bytes are evicted before they are written, the capture has a `break` in their place.
#[derive(Debug)]
pub(crate) struct Writer {
    facts: String,
    /// What to write; known from the first step on.
    scope: Option<Scope>,
    /// The position on the tape of the next byte to write.
    at: u64,
    /// The number of the next mark to write.
    mark: u64,
}

/// What a journal held at the first step.
#[derive(Clone, Copy, Debug)]
struct Scope {
    /// The first byte on the tape.
    start: u64,
    /// The end of the tape.
    end: u64,
    /// The number after the last mark.
    marks_end: u64,
}

impl Writer {
    /// A writer of a capture with the JSON object `facts`.
    pub(crate) fn new(facts: &str) -> Self {
        Self {
            // A line break ends the line of facts. In JSON it stands only between tokens.
            facts: facts.replace(['\n', '\r'], " "),
            scope: None,
            at: 0,
            mark: 0,
        }
    }

    /// Appends to `out` about `most` bytes of the capture: whole records, and at least one. Returns
    /// whether the capture is complete.
    pub(crate) fn step(&mut self, journal: &Journal, most: usize, out: &mut Vec<u8>) -> bool {
        let scope = self.begin(journal, out);
        let until = out.len().saturating_add(most);
        loop {
            let mark = journal
                .marks
                .get(self.mark)
                .filter(|_| self.mark < scope.marks_end);
            match mark {
                Some(mark) if mark.position <= self.at => {
                    write_mark(mark, journal, out);
                    self.mark += 1;
                }
                _ if self.at >= scope.end && mark.is_none() => {
                    out.extend_from_slice(b"end\n");
                    return true;
                }
                _ => {
                    let end = mark.map_or(scope.end, |mark| mark.position.min(scope.end));
                    self.write_bytes(journal, end, out);
                }
            }
            if out.len() >= until {
                return false;
            }
        }
    }

    /// The fraction of the bytes that is written, from 0 to 1.
    pub(crate) fn progress(&self) -> f64 {
        let Some(Scope { start, end, .. }) = self.scope else {
            return 0.0;
        };
        (self.at - start) as f64 / (end - start).max(1) as f64
    }

    /// Writes the head in the first step; in a later step a break, if bytes were evicted meanwhile.
    fn begin(&mut self, journal: &Journal, out: &mut Vec<u8>) -> Scope {
        let tape = journal.tape.range();
        match self.scope {
            Some(scope) => {
                let marks_are_gone = journal.marks.first() > self.mark;
                // Bytes are missing, or the mark that ended the stream is.
                let is_gap =
                    tape.start > self.at || (marks_are_gone && journal.marks.stream() >= self.at);
                if is_gap {
                    let oldest = journal.arrivals.get(journal.arrivals.range().start);
                    let at = oldest.map_or(0.0, |oldest| oldest.at);
                    record("break", at, None, out);
                }
                if is_gap || marks_are_gone {
                    self.skip_to_kept(journal, scope, is_gap, out);
                }
                scope
            }
            None => {
                for part in [HEAD, VERSION, "\n", &self.facts, "\n"] {
                    out.extend_from_slice(part.as_bytes());
                }
                let scope = Scope {
                    start: tape.start,
                    end: tape.end,
                    marks_end: journal.marks.end(),
                };
                self.scope = Some(scope);
                self.skip_to_kept(journal, scope, true, out);
                scope
            }
        }
    }

    /// Continues with the first kept mark, and the first kept byte if the bytes before it are missing.
    fn skip_to_kept(&mut self, journal: &Journal, scope: Scope, is_gap: bool, out: &mut Vec<u8>) {
        let is_first = self.at == 0 && self.mark == 0;
        self.mark = journal.marks.first();
        let id = journal.ids.inherited();
        if !is_first || !id.is_empty() {
            write_id(id, out);
        }
        if !is_gap {
            return;
        }
        self.at = journal.tape.range().start.min(scope.end);
        let streams = || {
            let marks = (self.mark..scope.marks_end).filter_map(|mark| journal.marks.get(mark));
            marks.filter(|mark| mark.ends_stream())
        };
        let is_torn =
            journal.marks.stream() < self.at && !streams().any(|mark| mark.position == self.at);
        if is_torn {
            let end = streams().next().map_or(scope.end, |mark| mark.position);
            self.skip_torn(journal, end.min(scope.end));
        }
    }

    /// The first kept byte is not the first of its stream, which ends at `end`: skips bytes that would
    /// mean something else at the beginning of a stream.
    fn skip_torn(&mut self, journal: &Journal, end: u64) {
        if journal.pending < self.at {
            // They belong to an unfinished event whose beginning is missing.
            self.at = end;
        }
        loop {
            // The LF of a CRLF belongs to the line after it.
            if self.at < end && journal.tape.get(self.at) == Some(&b'\n') {
                self.at += 1;
            }
            let bytes = journal
                .tape
                .bytes(self.at..end.min(self.at + BOM.len() as u64));
            if *bytes != *BOM {
                return;
            }
            // A line that begins with a byte order mark is ignored, but not at the beginning.
            self.at = line_end(journal, self.at, end);
        }
    }

    /// Writes the next record of bytes, up to `end` at most.
    fn write_bytes(&mut self, journal: &Journal, end: u64, out: &mut Vec<u8>) {
        let next = journal
            .arrivals
            .partition_point(|arrival| arrival.end <= self.at);
        let Some(&Arrival { at, end: until }) = journal.arrivals.get(next) else {
            debug_assert!(false, "every byte arrived");
            self.at = end;
            return;
        };
        let until = until.min(end);
        record("bytes", at, Some(until - self.at), out);
        for piece in journal.tape.pieces(self.at..until) {
            out.extend_from_slice(piece);
        }
        out.push(b'\n');
        self.at = until;
    }
}

/// Where on the tape the line ends that is at `at`: at `end` at the latest.
fn line_end(journal: &Journal, at: u64, end: u64) -> u64 {
    let mut position = at;
    for piece in journal.tape.pieces(at..end) {
        if let Some(found) = memchr::memchr2(b'\n', b'\r', piece) {
            return position + found as u64 + 1;
        }
        position += piece.len() as u64;
    }
    end
}

fn write_mark(mark: &Mark, journal: &Journal, out: &mut Vec<u8>) {
    match mark.what {
        What::Opened => record("open", mark.at, None, out),
        What::Closed => record("close", mark.at, None, out),
        What::Broken => record("break", mark.at, None, out),
        What::Failed => {
            if let Some(attempts) = journal.attempts.get(mark.line) {
                write_attempts(mark.at, attempts, out);
            }
        }
        What::Id(change) => write_id(&journal.ids.text(change), out),
    }
}

fn write_id(id: &str, out: &mut Vec<u8>) {
    let mut line = String::from("id ");
    time::digits(id.len() as u64, 1, &mut line);
    for part in [&line, "\n", id, "\n"] {
        out.extend_from_slice(part.as_bytes());
    }
}

fn write_attempts(at: f64, attempts: &FailedAttempts, out: &mut Vec<u8>) {
    let mut line = String::from("fail ");
    time::ms(time::micros(at), &mut line);
    line.push(' ');
    time::ms(time::micros(attempts.last_at), &mut line);
    for number in [attempts.count, attempts.reason.len() as u64] {
        line.push(' ');
        time::digits(number, 1, &mut line);
    }
    if let Some(took) = attempts.took {
        line.push(' ');
        time::ms(time::micros(took), &mut line);
    }
    for part in [&line, "\n", &attempts.reason, "\n"] {
        out.extend_from_slice(part.as_bytes());
    }
}

fn record(name: &str, at: f64, length: Option<u64>, out: &mut Vec<u8>) {
    let mut line = String::from(name);
    line.push(' ');
    time::ms(time::micros(at), &mut line);
    if let Some(length) = length {
        line.push(' ');
        time::digits(length, 1, &mut line);
    }
    line.push('\n');
    out.extend_from_slice(line.as_bytes());
}
