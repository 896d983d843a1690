//! Reading a capture: the bytes of a file in, records out.

use std::mem;

use super::{
    super::{FailedAttempts, attempts::LONGEST_REASON, time::read_ms},
    HEAD, VERSION,
};
use crate::json;

/// The longest line of facts, in bytes.
const LONGEST_FACTS: usize = 1 << 20;

/// What a line of facts is, for errors.
const FACTS: &str = "a JSON object of facts";

/// The longest line of any other record, in bytes.
const LONGEST_RECORD: usize = 128;

/// The longest last event ID, in bytes.
const LONGEST_ID: u64 = 64 << 20;

/// Why a file cannot be read as a capture. The records before the error are valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// The file does not begin as a capture does, and it is not an event stream.
    #[error(
        "This is neither a capture, which begins with “sse-capture”, nor an event stream, which has lines such as “data: …”."
    )]
    NotACapture,
    /// The capture has a version that is not supported.
    #[error("This is a capture of version {version}; only version 1 is supported.")]
    UnknownVersion {
        /// The version.
        version: String,
    },
    /// A record is malformed.
    #[error("The capture is damaged: expected {expected} at byte {offset}.")]
    BadRecord {
        /// Where in the file the record begins, in bytes.
        offset: u64,
        /// What is accepted there.
        expected: &'static str,
    },
    /// The file ends before the record `end`.
    #[error("The capture is cut off at byte {offset}; the rest is missing.")]
    Truncated {
        /// The length of the file, in bytes.
        offset: u64,
    },
    /// The browser could not read the file, or the server did not send the capture.
    #[error("The capture cannot be read: {message}")]
    Unreadable {
        /// The browser's or the server's message.
        message: String,
    },
}

/// A record of a capture. Times are in ms since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Record<'a> {
    /// The JSON object of facts: always the first record, and the only one of its kind.
    Facts(&'a str),
    /// A JSON object of facts that became known later.
    MoreFacts(&'a str),
    /// A connection opened.
    Opened { at: f64 },
    /// Bytes of the stream.
    Bytes {
        at: f64,
        bytes: &'a [u8],
        /// Whether they belong to the same record of the file as the bytes before them.
        continues: bool,
    },
    /// The connection was lost or closed.
    Closed { at: f64 },
    /// Attempts to connect failed, the first of them at `at`.
    Failed {
        at: f64,
        attempts: &'a FailedAttempts,
    },
    /// The stream ended without a connection that closed.
    Broken { at: f64 },
    /// The last event ID changed, though no bytes set it.
    LastEventId(&'a str),
}

/// Reads a capture from the bytes of its file, however they are split.
#[derive(Debug)]
pub(crate) struct CaptureReader {
    part: Part,
    /// The beginning of the line or the text that is being read.
    unfinished: Vec<u8>,
    /// Where in the file the current record begins.
    begins: u64,
    /// How many bytes of the file were read.
    position: u64,
}

/// The part of the file that is being read.
#[derive(Clone, Debug)]
enum Part {
    Head,
    Facts,
    Record,
    /// The bytes of a stream.
    Bytes {
        at: f64,
        left: u64,
        continues: bool,
    },
    /// A last event ID.
    Id {
        left: u64,
    },
    /// Facts that became known later.
    MoreFacts {
        left: u64,
    },
    /// Why attempts failed.
    Reason {
        at: f64,
        /// Everything but the reason.
        attempts: FailedAttempts,
        left: u64,
    },
    /// The LF after bytes, an ID, facts or a reason.
    LineEnd,
    /// Nothing may follow.
    End,
    /// The file is not a capture, or it is damaged.
    Failed(CaptureError),
}

/// What receives the records.
type Sink<'a> = dyn FnMut(Record<'_>) + 'a;

impl CaptureReader {
    pub(crate) fn new() -> Self {
        Self {
            part: Part::Head,
            unfinished: Vec::new(),
            begins: 0,
            position: 0,
        }
    }

    /// Reads the next bytes of the file and passes each record to `sink`.
    ///
    /// # Errors
    ///
    /// If the bytes are not those of a capture. Every later call fails in the same way.
    pub(crate) fn feed(
        &mut self,
        mut bytes: &[u8],
        sink: &mut Sink<'_>,
    ) -> Result<(), CaptureError> {
        while !bytes.is_empty() {
            let read = match self.part {
                Part::Bytes {
                    at,
                    left,
                    continues,
                } => Ok(self.bytes(at, left, continues, bytes, sink)),
                Part::Id { .. } | Part::MoreFacts { .. } | Part::Reason { .. } => {
                    self.text(bytes, sink)
                }
                Part::LineEnd => self.line_end(bytes),
                Part::End => Err(self.bad("the end of the file")),
                Part::Head | Part::Facts | Part::Record => self.line(bytes, sink),
                Part::Failed(ref error) => Err(error.clone()),
            };
            let read = read.inspect_err(|error| self.part = Part::Failed(error.clone()))?;
            bytes = &bytes[read..];
            self.position += read as u64;
        }
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    ///
    /// If the capture is not complete.
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

    /// Reads bytes of a stream. This and the functions below return how many bytes they read.
    fn bytes(
        &mut self,
        at: f64,
        left: u64,
        continues: bool,
        bytes: &[u8],
        sink: &mut Sink<'_>,
    ) -> usize {
        let now = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        sink(Record::Bytes {
            at,
            bytes: &bytes[..now],
            continues,
        });
        self.part = match left - now as u64 {
            0 => Part::LineEnd,
            left => Part::Bytes {
                at,
                left,
                continues: true,
            },
        };
        now
    }

    /// Reads bytes of a last event ID, of facts or of a reason.
    fn text(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> Result<usize, CaptureError> {
        let (Part::Id { left } | Part::MoreFacts { left } | Part::Reason { left, .. }) =
            &mut self.part
        else {
            return Ok(0);
        };
        let now = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let (piece, _) = bytes.split_at(now);
        self.unfinished.extend_from_slice(piece);
        *left -= now as u64;
        if *left > 0 {
            return Ok(now);
        }
        let text = String::from_utf8(mem::take(&mut self.unfinished)).ok();
        let text = text.filter(|text| !text.contains(['\0', '\r', '\n']));
        let part = mem::replace(&mut self.part, Part::LineEnd);
        match part {
            Part::Reason {
                at, mut attempts, ..
            } => {
                attempts.reason = text.ok_or_else(|| self.bad("a reason"))?;
                sink(Record::Failed {
                    at,
                    attempts: &attempts,
                });
            }
            Part::MoreFacts { .. } => {
                let facts = text.as_deref().filter(|text| is_facts(text));
                sink(Record::MoreFacts(facts.ok_or_else(|| self.bad(FACTS))?));
            }
            _ => {
                let id = text.ok_or_else(|| self.bad("a last event ID"))?;
                sink(Record::LastEventId(&id));
            }
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

    /// Begins the next part, after `read` more bytes.
    fn next(&mut self, part: Part, read: usize) {
        self.part = part;
        self.begins = self.position + read as u64;
    }

    /// Reads bytes of a line.
    fn line(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> Result<usize, CaptureError> {
        let longest = match self.part {
            Part::Facts => LONGEST_FACTS,
            _ => LONGEST_RECORD,
        };
        let end = memchr::memchr(b'\n', bytes);
        let piece = &bytes[..end.unwrap_or(bytes.len())];
        let is_short = self.unfinished.len() + piece.len() <= longest;
        self.unfinished
            .extend_from_slice(&piece[..piece.len().min(longest)]);
        if let Part::Head = self.part {
            // A file that is not a capture need not be read to the end of its first line.
            let known = self.unfinished.len().min(HEAD.len());
            if self.unfinished[..known] != HEAD.as_bytes()[..known] {
                return Err(CaptureError::NotACapture);
            }
        }
        if end.is_none() && is_short {
            return Ok(bytes.len());
        }
        let read = piece.len() + 1;
        let line = mem::take(&mut self.unfinished);
        let line = str::from_utf8(&line).ok().filter(|_| is_short);
        let part = match self.part {
            Part::Head => match line.and_then(|line| line.strip_prefix(HEAD)) {
                None => return Err(CaptureError::NotACapture),
                Some(VERSION) => Part::Facts,
                Some(version) => {
                    return Err(CaptureError::UnknownVersion {
                        version: version.to_owned(),
                    });
                }
            },
            Part::Facts => {
                let facts = line.filter(|line| is_facts(line));
                let facts = facts.ok_or_else(|| self.bad(FACTS))?;
                sink(Record::Facts(facts));
                Part::Record
            }
            _ => line.and_then(|line| record(line, sink)).ok_or_else(|| {
                self.bad("open, close, break, fail, bytes, id or facts with its numbers, or end")
            })?,
        };
        self.next(part, read);
        Ok(read)
    }
}

fn is_facts(text: &str) -> bool {
    text.starts_with('{') && json::is_container(text)
}

/// Reads the line of a record; returns the part that follows, or `None` if the line is malformed.
fn record(line: &str, sink: &mut Sink<'_>) -> Option<Part> {
    if line == "end" {
        return Some(Part::End);
    }
    let (name, rest) = line.split_once(' ')?;
    if name == "id" {
        let left = number(rest).filter(|length| *length <= LONGEST_ID)?;
        return Some(Part::Id { left });
    }
    if name == "facts" {
        let left = number(rest).filter(|length| *length <= LONGEST_FACTS as u64)?;
        return Some(Part::MoreFacts { left });
    }
    if name == "fail" {
        return attempts(rest);
    }
    let (at, length) = match rest.split_once(' ') {
        Some((at, length)) => (at, Some(number(length)?)),
        None => (rest, None),
    };
    let at = read_ms(at)?;
    match (name, length) {
        ("bytes", Some(left)) => {
            return Some(Part::Bytes {
                at,
                left,
                continues: false,
            });
        }
        ("open", None) => sink(Record::Opened { at }),
        ("close", None) => sink(Record::Closed { at }),
        ("break", None) => sink(Record::Broken { at }),
        _ => return None,
    }
    Some(Part::Record)
}

/// Reads the numbers of a record of failed attempts; returns the part that follows.
fn attempts(numbers: &str) -> Option<Part> {
    let mut numbers = numbers.split(' ');
    let (at, last_at) = (read_ms(numbers.next()?)?, read_ms(numbers.next()?)?);
    let count = number(numbers.next()?).filter(|count| *count > 0)?;
    let left = number(numbers.next()?).filter(|length| *length <= LONGEST_REASON as u64)?;
    let took = match numbers.next() {
        Some(took) => Some(read_ms(took)?),
        None => None,
    };
    let reason = String::new();
    let attempts = FailedAttempts {
        last_at,
        count,
        took,
        reason,
    };
    let is_end = numbers.next().is_none();
    is_end.then_some(Part::Reason { at, attempts, left })
}

/// A whole number, in digits only.
fn number(text: &str) -> Option<u64> {
    let all_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| all_digits)
}
