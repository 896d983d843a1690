//! Adding to a journal: connections, bytes and events.

use std::{mem, ops::Range};

use sse_wire::{Content, Event, Item, Note, Reader, encode};

use super::{Arrival, Journal, Kind, NO_NAME, NoteKind, Record, Row, marks::What, read_items};

/// How much memory the buffer for encoding keeps between two events, in bytes.
const SCRATCH_BYTES: usize = 64 << 10;

impl Journal {
    /// Begins a new series of connections with the last event ID `last_event_id`, and without a
    /// reconnection time.
    pub fn restart(&mut self, last_event_id: &str) {
        self.reconnection_time = None;
        self.signs.restart();
        self.set_last_event_id(last_event_id);
    }

    /// A connection opened at `at`. All times are in ms since the Unix epoch.
    ///
    /// Until it is [`closed`](Self::closed), add either events or bytes: those of one connection do
    /// not mix.
    pub fn opened(&mut self, at: f64) {
        let unfinished = self.noted(NoteKind::Unfinished).count;
        self.end_stream(at);
        self.end_connection(at, unfinished);
        self.figures.openings += 1;
        self.reader = Reader::with_bound(self.largest_event).with_last_event_id(self.ids.current());
        self.begin_connection(at, true);
        self.link(at, What::Opened, Kind::Opened);
    }

    /// The connection was lost or closed at `at`. An unfinished line or event gets a note.
    pub fn closed(&mut self, at: f64) {
        let unfinished = self.noted(NoteKind::Unfinished).count;
        self.end_stream(at);
        self.end_connection(at, unfinished);
        self.link(at, What::Closed, Kind::Closed);
    }

    /// An event was dispatched at `at`, and its bytes are not known. A type with a line break, and an
    /// ID with a line break or U+0000, cannot have been in a stream and are left out.
    pub fn event(&mut self, at: f64, mut event: Event<'_>) {
        let breaks = |text: &str| memchr::memchr2(b'\n', b'\r', text.as_bytes()).is_some();
        if event.event_type.is_empty() || breaks(event.event_type) {
            event.event_type = "message";
        }
        let id = event.last_event_id;
        let sets_id = id != self.ids.current() && !breaks(id) && !id.contains('\0');
        let mut bytes = mem::take(&mut self.scratch);
        bytes.clear();
        if event.event_type != "message" {
            encode::raw::line(&mut bytes, "event: ", event.event_type);
        }
        if sets_id {
            encode::raw::line(&mut bytes, "id: ", id);
        }
        // Data alone can always be encoded.
        let _ = encode::event(&mut bytes, None, event.data, None);
        self.figures.bytes += bytes.len() as u64;
        let start = self.tape.range().end;
        if bytes.len() + size_of::<Row>() > self.bound {
            if sets_id {
                self.set_last_event_id(id);
            }
            let bound = self.bound;
            self.note(at, Note::TooLarge { bound }, start..start);
        } else {
            let last = self.arrivals.range().end.checked_sub(1);
            let last = last.and_then(|last| self.arrivals.get(last));
            let is_same = last.is_some_and(|last| last.at == at);
            self.append(at, &bytes, is_same);
            if sets_id {
                self.ids.set(self.rows.range().end, id);
            }
            // The encoded event ends in the data and two line feeds.
            let data_at = !breaks(event.data);
            let data_at = data_at.then(|| start + (bytes.len() - 2 - event.data.len()) as u64);
            self.push_event(at, start..self.tape.range().end, data_at, event);
        }
        self.stream = self.tape.range().end;
        self.pending = self.stream;
        // A single large event must not hold its memory for ever.
        if bytes.capacity() <= SCRATCH_BYTES {
            self.scratch = bytes;
        }
        self.evict();
    }

    /// Bytes of the stream arrived at `at`, in one read.
    pub fn receive(&mut self, at: f64, bytes: &[u8]) {
        self.read(at, bytes, false, &mut |_| {});
    }

    /// Like [`receive`](Self::receive), and also passes each event that the bytes complete to `on_event`.
    /// `continues` if they arrived in one read with the bytes before them.
    pub(crate) fn receive_with(
        &mut self,
        at: f64,
        bytes: &[u8],
        continues: bool,
        on_event: &mut dyn FnMut(Event<'_>),
    ) {
        self.read(at, bytes, continues, on_event);
    }

    /// Adds the content of a record of a capture.
    pub(crate) fn replay(&mut self, record: Record<'_>) {
        match record {
            Record::Facts(_) | Record::MoreFacts(_) => {}
            Record::Opened { at } => self.opened(at),
            Record::Closed { at } => self.closed(at),
            Record::Failed { at, attempts } => self.add_attempts(at, attempts.clone()),
            Record::Broken { at } => {
                self.end_stream(at);
                self.mark(at, What::Broken);
                self.evict();
            }
            Record::LastEventId(id) => self.set_last_event_id(id),
            Record::Bytes {
                at,
                bytes,
                continues,
            } => self.read(at, bytes, continues, &mut |_| {}),
        }
    }

    /// Reads bytes and adds what they complete; `continues` if they arrived in one read with the bytes
    /// before them.
    fn read(
        &mut self,
        at: f64,
        bytes: &[u8],
        continues: bool,
        on_event: &mut dyn FnMut(Event<'_>),
    ) {
        self.figures.bytes += bytes.len() as u64;
        self.figures.reads += u64::from(!bytes.is_empty() && !continues);
        let tape_at = self.tape.range().end;
        self.append(at, bytes, continues);
        let first = self.rows.range().end;
        let mut asides = false;
        let mut reader = mem::take(&mut self.reader);
        read_items(&mut reader, bytes, &mut |item: Item<'_>| {
            let range = self.stream + item.range.start..self.stream + item.range.end;
            if let Some(id) = item.id {
                self.set_id_in_block(&range, id);
            }
            match item.content {
                Content::Event(event) => {
                    on_event(event);
                    let data_at = offset_in(bytes, event.data).map(|offset| tape_at + offset);
                    return self.push_event(at, range, data_at, event);
                }
                Content::Comment(_) => {
                    self.signs.comments.add(self.rows.range().end);
                    self.push(at, Kind::Comment, range);
                }
                Content::Retry(ms) => {
                    self.reconnection_time = Some(ms);
                    self.signs.retries.add(self.rows.range().end);
                    self.push(at, Kind::Retry, range);
                }
                Content::Note(note) => self.note(at, note, range),
                Content::Blank => return,
            }
            asides = true;
        });
        self.pending = self.stream + reader.pending();
        self.reader = reader;
        if asides {
            self.order_starts(first);
        }
        self.evict();
    }

    /// Puts bytes on the tape.
    fn append(&mut self, at: f64, bytes: &[u8], continues: bool) {
        if bytes.is_empty() {
            return;
        }
        self.tape.extend(bytes);
        let end = self.tape.range().end;
        let last = self.arrivals.range().end.checked_sub(1);
        match last.and_then(|last| self.arrivals.get_mut(last)) {
            Some(last) if continues => last.end = end,
            _ => self.arrivals.push(Arrival { at, end }),
        }
    }

    /// Ends the stream at `at`. An unfinished line or event gets a note.
    pub(super) fn end_stream(&mut self, at: f64) {
        let first = self.rows.range().end;
        let mut reader = mem::take(&mut self.reader);
        reader.finish(|item| {
            if let Content::Note(note) = item.content {
                let range = self.stream + item.range.start..self.stream + item.range.end;
                self.note(at, note, range);
            }
        });
        self.reader = reader;
        self.stream = self.tape.range().end;
        self.pending = self.stream;
        self.order_starts(first);
        self.evict();
    }

    pub(super) fn link(&mut self, at: f64, what: What, kind: Kind) {
        self.mark(at, what);
        let end = self.tape.range().end;
        self.push(at, kind, end..end);
        self.evict();
    }

    /// Sets the last event ID where no bytes of the stream set it.
    fn set_last_event_id(&mut self, id: &str) {
        if id == self.ids.current() {
            return;
        }
        self.reader = mem::take(&mut self.reader).with_last_event_id(id);
        self.ids.set(self.rows.range().end, id);
        if let Some(change) = self.ids.last_change() {
            // The time of an ID has no meaning.
            self.mark(0.0, What::Id(change));
        }
        self.drop_beside();
        self.evict();
    }

    /// Sets the last event ID to that of the block in `range` of the tape. The line of this block is the
    /// next one to be added.
    fn set_id_in_block(&mut self, range: &Range<u64>, id: &str) {
        if id.is_empty() {
            self.signs.empty_ids.add(self.rows.range().end);
        }
        if range.start < self.tape.range().start {
            self.drop_unfinished(range.end);
            // The bytes that set it are gone.
            self.ids.inherit(id);
        } else {
            self.ids.set(self.rows.range().end, id);
        }
    }

    /// Makes the starts of lines ascend, so that no byte before the first kept line is needed. A line
    /// within an event is added before that event, so its start becomes that of the event.
    fn order_starts(&mut self, first: u64) {
        let mut lowest = self.pending.max(self.tape.range().start);
        for line in (first..self.rows.range().end).rev() {
            let Some(row) = self.rows.get(line).copied() else {
                continue;
            };
            let start = self.start(&row);
            if start > lowest {
                let within = (start - lowest) as u32;
                if let Some(row) = self.rows.get_mut(line) {
                    row.start = lowest as u32;
                    row.len += within;
                    row.data_at += within;
                }
            }
            lowest = lowest.min(start);
        }
    }

    fn note(&mut self, at: f64, note: Note, mut range: Range<u64>) {
        if range.start < self.tape.range().start {
            // The bytes are gone, but the note is kept.
            self.drop_unfinished(range.end);
            range.start = range.end;
        }
        self.signs.note(&note, self.rows.range().end);
        self.notes.push_back((self.rows.range().end, note));
        self.push(at, Kind::Note, range);
    }

    fn push_event(&mut self, at: f64, range: Range<u64>, data_at: Option<u64>, event: Event<'_>) {
        self.figures.event(at);
        self.last_event = Some(self.rows.range().end);
        let name = self.names.add(event.event_type).unwrap_or(NO_NAME);
        self.push_row(
            range.clone(),
            Row {
                at,
                start: range.start as u32,
                len: clamped(range.end - range.start),
                data_at: clamped(data_at.map_or(0, |at| at - range.start)),
                data_len: clamped(event.data.len() as u64),
                name,
                kind: Kind::Event,
                direct: data_at.is_some(),
            },
        );
    }

    fn push(&mut self, at: f64, kind: Kind, range: Range<u64>) {
        let len = clamped(range.end - range.start);
        self.asides += usize::from(kind.is_aside());
        self.link_lines += usize::from(kind.is_link());
        self.push_row(
            range.clone(),
            Row {
                at,
                start: range.start as u32,
                len,
                data_at: 0,
                data_len: len,
                name: NO_NAME,
                kind,
                direct: false,
            },
        );
    }

    fn push_row(&mut self, range: Range<u64>, row: Row) {
        self.runs.push(self.rows.range().end, row.at);
        self.rows.push(row);
        if range.start < self.tape.range().start {
            // The beginning of its bytes is gone, so the line cannot be kept.
            self.drop_unfinished(range.end);
        }
    }
}

/// Where `text` lies in `bytes`, if it borrows from them.
fn offset_in(bytes: &[u8], text: &str) -> Option<u64> {
    let offset = (text.as_ptr() as usize).checked_sub(bytes.as_ptr() as usize)?;
    (offset + text.len() <= bytes.len()).then_some(offset as u64)
}

fn clamped(len: u64) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
