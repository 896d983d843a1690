//! Counts of what may be wrong with a stream, and its last connections: evidence for the diagnosis. Each is
//! updated when something arrives; none is computed from the lines.

use std::{borrow::Cow, collections::VecDeque, ops::Range};

use sse_wire::Note;

use super::{Journal, Line};

/// How many connections are remembered.
const MOST_CONNECTIONS: usize = 16;

/// The notes that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoteKind {
    UnknownField,
    WrongCase,
    SpaceBeforeColon,
    LeadingWhiteSpace,
    BareJson,
    NoColon,
    WhiteSpaceOnly,
    Overridden,
    RetryNotDigits,
    IdWithNul,
    NoData,
    Unfinished,
    InvalidUtf8,
    BomInside,
    TooLarge,
    /// Any other.
    Other,
}

impl From<&Note> for NoteKind {
    fn from(note: &Note) -> Self {
        match note {
            Note::UnknownField { .. } => Self::UnknownField,
            Note::WrongCase { .. } => Self::WrongCase,
            Note::SpaceBeforeColon { .. } => Self::SpaceBeforeColon,
            Note::LeadingWhiteSpace { .. } => Self::LeadingWhiteSpace,
            Note::BareJson { .. } => Self::BareJson,
            Note::NoColon { .. } => Self::NoColon,
            Note::WhiteSpaceOnly => Self::WhiteSpaceOnly,
            Note::Overridden { .. } => Self::Overridden,
            Note::RetryNotDigits { .. } => Self::RetryNotDigits,
            Note::IdWithNul => Self::IdWithNul,
            Note::NoData { .. } => Self::NoData,
            Note::Unfinished => Self::Unfinished,
            Note::InvalidUtf8 { .. } => Self::InvalidUtf8,
            Note::BomInside => Self::BomInside,
            Note::TooLarge { .. } => Self::TooLarge,
            _ => Self::Other,
        }
    }
}

/// How many lines of one kind there were since the log was cleared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sign {
    pub(crate) count: u64,
    /// The numbers of the first and the last of these lines.
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl Sign {
    pub(super) fn add(&mut self, line: u64) {
        if self.count == 0 {
            self.first = line;
        }
        self.count += 1;
        self.last = line;
    }
}

/// A connection. Times are in ms since the Unix epoch.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Connection {
    pub(crate) opened_at: f64,
    /// `None` while it is open.
    pub(crate) closed_at: Option<f64>,
    /// The numbers of its lines, from the one of the opening on.
    pub(crate) lines: Range<u64>,
    /// Whether everything that arrived counts. Otherwise the log was cleared meanwhile.
    pub(crate) is_whole: bool,
    /// Whether it was lost or ended by the server. Otherwise the user has closed it, or it is not known.
    pub(crate) is_lost: bool,
    /// Whether it ended within a line or an event.
    pub(crate) is_unfinished: bool,
    /// What arrived; while it is kept in [`Signs`] and open, what had arrived before.
    pub(crate) events: u64,
    pub(crate) bytes: u64,
    /// When the last byte arrived.
    pub(crate) last_byte_at: Option<f64>,
    /// Where its bytes begin on the tape.
    start: u64,
}

impl Connection {
    /// How long the connection was open, up to `now` if it is, in ms.
    pub(crate) fn lifetime(&self, now: f64) -> f64 {
        (self.closed_at.unwrap_or(now) - self.opened_at).max(0.0)
    }

    /// How long nothing arrived before the end, or before `now` if it is open, in ms.
    pub(crate) fn silence(&self, now: f64) -> f64 {
        let last = self.last_byte_at.unwrap_or(self.opened_at);
        (self.closed_at.unwrap_or(now) - last).max(0.0)
    }
}

/// Bytes that were read together. Positions are counted from the beginning of the stream.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Read {
    /// In ms since the Unix epoch.
    pub(crate) at: f64,
    pub(crate) bytes: Range<u64>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Signs {
    notes: [Sign; NoteKind::Other as usize + 1],
    pub(super) comments: Sign,
    pub(super) retries: Sign,
    /// Events with an empty ID.
    pub(super) empty_ids: Sign,
    connections: VecDeque<Connection>,
}

impl Signs {
    pub(super) fn note(&mut self, note: &Note, line: u64) {
        self.notes[NoteKind::from(note) as usize].add(line);
    }

    /// Forgets the connections: the next one begins another series.
    pub(super) fn restart(&mut self) {
        self.connections.clear();
    }
}

impl Journal {
    /// The notes of a kind.
    pub(crate) fn noted(&self, kind: NoteKind) -> Sign {
        self.signs.notes[kind as usize]
    }

    /// The comments.
    pub(crate) fn comments(&self) -> Sign {
        self.signs.comments
    }

    /// The reconnection times.
    pub(crate) fn retries(&self) -> Sign {
        self.signs.retries
    }

    /// The events with an empty ID, which resets the last event ID.
    pub(crate) fn empty_ids(&self) -> Sign {
        self.signs.empty_ids
    }

    /// The last connections since [`restart`](Self::restart), oldest first.
    pub(crate) fn connections(&self) -> impl DoubleEndedIterator<Item = Connection> {
        self.signs.connections.iter().map(|connection| {
            let mut connection = connection.clone();
            if connection.closed_at.is_none() {
                self.complete(&mut connection);
            }
            connection
        })
    }

    /// Sets what arrived over an open connection.
    fn complete(&self, connection: &mut Connection) {
        connection.events = self.figures.events - connection.events;
        connection.bytes = self.figures.bytes - connection.bytes;
        connection.lines.end = self.rows.range().end;
        let last = self.arrivals.range().end.checked_sub(1);
        let last = last.and_then(|last| self.arrivals.get(last));
        let last = last.filter(|last| last.end > connection.start);
        connection.last_byte_at = last.map(|last| last.at);
    }

    pub(super) fn begin_connection(&mut self, at: f64, is_whole: bool) {
        let connections = &mut self.signs.connections;
        if connections.len() == MOST_CONNECTIONS {
            connections.pop_front();
        }
        let line = self.rows.range().end;
        connections.push_back(Connection {
            opened_at: at,
            closed_at: None,
            lines: line..line,
            is_whole,
            is_lost: false,
            is_unfinished: false,
            events: self.figures.events,
            bytes: self.figures.bytes,
            last_byte_at: None,
            start: self.tape.range().end,
        });
    }

    /// Ends the open connection, if there is one; `unfinished` is how many notes about unfinished events
    /// there were before.
    pub(super) fn end_connection(&mut self, at: f64, unfinished: u64) {
        let is_unfinished = self.noted(NoteKind::Unfinished).count > unfinished;
        let Some(mut last) = self.signs.connections.pop_back() else {
            return;
        };
        if last.closed_at.is_none() {
            self.complete(&mut last);
            last.closed_at = Some(at);
            last.is_unfinished = is_unfinished;
        }
        self.signs.connections.push_back(last);
    }

    /// The connection that was closed last had been lost, or ended by the server: the user has not closed
    /// it.
    pub(crate) fn lost(&mut self) {
        if let Some(last) = self.signs.connections.back_mut() {
            last.is_lost = last.closed_at.is_some();
        }
    }

    /// Begins to count anew, after the log was cleared. An open connection stays, if it `goes_on`.
    pub(super) fn clear_signs(&mut self, goes_on: bool) {
        let open = self.signs.connections.pop_back();
        self.signs = Signs::default();
        if let Some(open) = open.filter(|open| goes_on && open.closed_at.is_none()) {
            self.begin_connection(open.opened_at, false);
        }
    }

    /// The first bytes of a connection, at most `most`, as far as they are kept.
    pub(crate) fn beginning_of(&self, connection: &Connection, most: usize) -> Cow<'_, [u8]> {
        let most = connection.bytes.min(most as u64);
        self.kept_bytes(connection.start..connection.start + most)
    }

    /// The bytes of the line or event that is not finished, at most `most`, and how many there are.
    pub(crate) fn unfinished(&self, most: usize) -> (Cow<'_, [u8]>, u64) {
        let end = self.tape.range().end;
        let shown = end.min(self.pending + most as u64);
        (self.kept_bytes(self.pending..shown), end - self.pending)
    }

    /// Where in its stream the bytes begin that [`unfinished`](Self::unfinished) returns.
    pub(crate) fn unfinished_at(&self) -> u64 {
        self.pending.saturating_sub(self.stream)
    }

    /// The reads of the current stream, as far as they are kept, newest first.
    pub(crate) fn reads(&self) -> impl Iterator<Item = Read> {
        let numbers = self.arrivals.range().rev();
        numbers.map_while(|number| {
            let arrival = self.arrivals.get(number)?;
            let before = number.checked_sub(1).and_then(|n| self.arrivals.get(n));
            let start = before.map_or(self.stream, |before| before.end.max(self.stream));
            (arrival.end > self.stream).then(|| Read {
                at: arrival.at,
                bytes: start - self.stream..arrival.end - self.stream,
            })
        })
    }

    /// When the first bytes of a connection arrived, in ms since the Unix epoch; `None` if there are none, or if they
    /// are evicted.
    pub(crate) fn first_read(&self, connection: &Connection) -> Option<f64> {
        let arrivals = &self.arrivals;
        let first = arrivals.partition_point(|arrival| arrival.end <= connection.start);
        let is_kept = |before: u64| arrivals.get(before).is_some();
        let read = arrivals.get(first);
        read.filter(|_| first.checked_sub(1).is_none_or(is_kept))
            .map(|read| read.at)
    }

    /// The last bytes, at most two, of the current stream before `position`.
    pub(crate) fn bytes_before(&self, position: u64) -> Cow<'_, [u8]> {
        let end = self.stream + position;
        self.kept_bytes(end.saturating_sub(2).max(self.stream)..end)
    }

    /// The bytes in `range` of the tape; none unless all are kept.
    fn kept_bytes(&self, range: Range<u64>) -> Cow<'_, [u8]> {
        let kept = self.tape.range();
        if range.start < kept.start || range.end > kept.end {
            return Cow::Borrowed(&[]);
        }
        self.tape.bytes(range)
    }
}

impl<'a> Line<'a> {
    /// The first bytes of the line in the stream, at most `most`.
    pub(crate) fn first_bytes(&self, most: usize) -> Cow<'a, [u8]> {
        let start = self.journal.start(&self.row);
        // The line of a note may begin with an event that it is within.
        let skip = if self.row.kind.is_aside() {
            u64::from(self.row.data_at)
        } else {
            0
        };
        let end = start + u64::from(self.row.len);
        let start = start + skip;
        self.journal
            .kept_bytes(start..end.min(start + most as u64).max(start))
    }

    /// The number of the read in which the line ended.
    pub(crate) fn read(&self) -> u64 {
        let start = self.journal.start(&self.row);
        let end = start + u64::from(self.row.len);
        let arrivals = &self.journal.arrivals;
        arrivals.partition_point(|arrival| arrival.end < end)
    }

    /// Where in its stream the bytes of the line are; `None` if it has none, or where the stream began is not
    /// known any more.
    pub(crate) fn place(&self) -> Option<Range<u64>> {
        let start = self.journal.start(&self.row);
        let end = start + u64::from(self.row.len);
        let start = start
            + match self.row.kind {
                kind if kind.is_aside() => u64::from(self.row.data_at),
                _ => 0,
            };
        let connections = self.journal.signs.connections.iter().rev();
        let mut began = connections.filter(|connection| connection.is_whole);
        let began = began
            .find(|connection| connection.lines.start < self.seq)?
            .start;
        (start < end && began <= start).then(|| start - began..end - began)
    }
}
