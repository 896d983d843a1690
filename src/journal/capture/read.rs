//! A capture as a journal.

use std::mem;

use sse_wire::Reader;

use super::{
    super::{Journal, pretty, time},
    HEAD, VERSION,
};

/// How long the line of facts may be, and that of a record.
const LONGEST_FACTS: usize = 1 << 20;
const LONGEST_RECORD: usize = 64;

/// How long a last event ID may be.
const LONGEST_ID: u64 = 64 << 20;

/// Why a capture cannot be read on. What was read before stays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CaptureError {
    /// It does not begin as a capture does.
    #[error("This is not a capture: it does not begin with “sse-capture”.")]
    NotACapture,
    /// It is of a version that is not known.
    #[error("This is a capture of version {version}, and only version 1 can be read here.")]
    UnknownVersion {
        /// What it says of its version.
        version: String,
    },
    /// A record is not what it has to be.
    #[error("The capture is damaged: {expected} was expected at byte {offset}.")]
    BadRecord {
        /// Where in the file it begins.
        offset: u64,
        /// What should be there.
        expected: &'static str,
    },
    /// The file ends before the record that says so.
    #[error("The capture is cut off at byte {offset}: what came after that is missing.")]
    Truncated {
        /// How long the file is.
        offset: u64,
    },
}

/// Reads a capture from its bytes, however they are split, into a journal.
#[derive(Debug)]
pub(crate) struct CaptureReader {
    facts: String,
    part: Part,
    /// What came so far of the line that is being read, or of the ID.
    held: Vec<u8>,
    /// Where in the file what is being read begins, and how much of the file came.
    begins: u64,
    position: u64,
    /// Reads the streams; there is none before the first record.
    pub(super) reader: Option<Reader>,
}

/// What comes next in the file.
#[derive(Clone, Debug)]
enum Part {
    Head,
    Facts,
    Record,
    /// So many bytes of a stream, which came at a time.
    Bytes(f64, u64),
    /// A last event ID of so many bytes.
    Id(u64),
    /// The end of the line after one of them.
    LineEnd,
    /// Nothing.
    End,
    /// Anything, as it was not what it should be.
    Failed(CaptureError),
}

impl CaptureReader {
    /// A reader for a file.
    pub(crate) fn new() -> Self {
        Self {
            facts: String::new(),
            part: Part::Head,
            held: Vec::new(),
            begins: 0,
            position: 0,
            reader: None,
        }
    }

    /// The JSON object of facts, once it came.
    pub(crate) fn facts(&self) -> &str {
        &self.facts
    }

    /// Adds to `journal` what the next bytes of the file tell.
    ///
    /// # Errors
    ///
    /// If they are not those of a capture; then again for all that comes after them.
    pub(crate) fn feed(
        &mut self,
        mut bytes: &[u8],
        journal: &mut Journal,
    ) -> Result<(), CaptureError> {
        while !bytes.is_empty() {
            let taken = match self.part {
                Part::Bytes(at, left) => self.stream(at, left, bytes, journal),
                Part::Id(left) => self.id(left, bytes, journal),
                Part::LineEnd => self.line_end(bytes),
                Part::End => Err(self.bad("the end of the file")),
                Part::Head | Part::Facts | Part::Record => self.line(bytes, journal),
                Part::Failed(ref error) => Err(error.clone()),
            };
            let taken = taken.inspect_err(|error| self.part = Part::Failed(error.clone()))?;
            bytes = &bytes[taken..];
            self.position += taken as u64;
        }
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    ///
    /// If it is not whole.
    pub(crate) fn finish(&self) -> Result<(), CaptureError> {
        match &self.part {
            Part::End => Ok(()),
            Part::Failed(error) => Err(error.clone()),
            _ if self.position == 0 => Err(CaptureError::NotACapture),
            _ => Err(CaptureError::Truncated {
                offset: self.position,
            }),
        }
    }

    fn bad(&self, expected: &'static str) -> CaptureError {
        CaptureError::BadRecord {
            offset: self.begins,
            expected,
        }
    }

    /// Takes bytes of a stream.
    fn stream(
        &mut self,
        at: f64,
        left: u64,
        bytes: &[u8],
        journal: &mut Journal,
    ) -> Result<usize, CaptureError> {
        let now = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        journal.receive(self.reader(journal), at, &bytes[..now], |_| {});
        self.part = match left - now as u64 {
            0 => Part::LineEnd,
            left => Part::Bytes(at, left),
        };
        Ok(now)
    }

    /// Takes bytes of a last event ID.
    fn id(
        &mut self,
        left: u64,
        bytes: &[u8],
        journal: &mut Journal,
    ) -> Result<usize, CaptureError> {
        let now = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        self.held.extend_from_slice(&bytes[..now]);
        self.part = Part::Id(left - now as u64);
        if left == now as u64 {
            let id = String::from_utf8(mem::take(&mut self.held)).ok();
            let id = id
                .filter(|id| !id.contains(['\0', '\r', '\n']))
                .ok_or_else(|| self.bad("a last event ID"))?;
            let reader = self.reader(journal);
            *reader = mem::take(reader).with_last_event_id(id);
            journal.follow_id(reader);
            self.part = Part::LineEnd;
        }
        Ok(now)
    }

    fn line_end(&mut self, bytes: &[u8]) -> Result<usize, CaptureError> {
        if bytes.first() != Some(&b'\n') {
            self.begins = self.position;
            return Err(self.bad("the end of a line"));
        }
        self.next(Part::Record, 1);
        Ok(1)
    }

    /// What comes next begins after `taken` more bytes.
    fn next(&mut self, part: Part, taken: usize) {
        self.part = part;
        self.begins = self.position + taken as u64;
    }

    /// Takes bytes of a line.
    fn line(&mut self, bytes: &[u8], journal: &mut Journal) -> Result<usize, CaptureError> {
        let longest = match self.part {
            Part::Facts => LONGEST_FACTS,
            _ => LONGEST_RECORD,
        };
        let end = memchr::memchr(b'\n', bytes);
        let piece = &bytes[..end.unwrap_or(bytes.len())];
        let is_short = self.held.len() + piece.len() <= longest;
        self.held
            .extend_from_slice(&piece[..piece.len().min(longest)]);
        if let Part::Head = self.part {
            let known = self.held.len().min(HEAD.len());
            if self.held[..known] != HEAD.as_bytes()[..known] {
                return Err(CaptureError::NotACapture);
            }
        }
        if end.is_none() && is_short {
            return Ok(bytes.len());
        }
        let taken = piece.len() + 1;
        let held = mem::take(&mut self.held);
        let line = str::from_utf8(&held).ok().filter(|_| is_short);
        let part = match self.part {
            Part::Head => {
                let version = line.and_then(|line| line.strip_prefix(HEAD));
                match version {
                    None => return Err(CaptureError::NotACapture),
                    Some(VERSION) => Part::Facts,
                    Some(version) => {
                        return Err(CaptureError::UnknownVersion {
                            version: version.to_owned(),
                        });
                    }
                }
            }
            Part::Facts => {
                let facts = line.filter(|line| line.starts_with('{') && pretty(line).is_some());
                let facts = facts.ok_or_else(|| self.bad("a JSON object of facts"))?;
                facts.clone_into(&mut self.facts);
                // A journal may have had another last event ID before it was cleared.
                journal.follow_id(self.reader(journal));
                Part::Record
            }
            _ => line
                .and_then(|line| self.record(line, journal))
                .ok_or_else(|| {
                    self.bad("open, close, break, bytes or id with its numbers, or end")
                })?,
        };
        self.next(part, taken);
        Ok(taken)
    }

    /// Does what a record says; returns what comes after its line.
    fn record(&mut self, line: &str, journal: &mut Journal) -> Option<Part> {
        if line == "end" {
            return Some(Part::End);
        }
        let (name, rest) = line.split_once(' ')?;
        if name == "id" {
            let length = number(rest).filter(|length| *length <= LONGEST_ID)?;
            return Some(Part::Id(length));
        }
        let (at, length) = match rest.split_once(' ') {
            Some((at, length)) => (at, Some(number(length)?)),
            None => (rest, None),
        };
        let at = time::from_micros(time::parse_ms(at)?);
        match (name, length) {
            ("bytes", Some(length)) => return Some(Part::Bytes(at, length)),
            ("open" | "close" | "break", None) => journal.finish(self.reader(journal), at),
            _ => return None,
        }
        match name {
            "open" => journal.opened(at),
            "close" => journal.closed(at),
            _ => {}
        }
        Some(Part::Record)
    }

    fn reader(&mut self, journal: &Journal) -> &mut Reader {
        self.reader
            .get_or_insert_with(|| Reader::with_bound(journal.bound()))
    }
}

/// A whole number, in digits only.
fn number(text: &str) -> Option<u64> {
    let all_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| all_digits)
}
