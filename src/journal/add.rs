//! What comes is added.

use std::ops::Range;

use sse_wire::{Content, Event, Note, Reader, encode};

use super::{Journal, Kind, NO_NAME, Row, read};

/// How much memory is kept to encode events in, in bytes.
const SCRATCH_BYTES: usize = 64 << 10;

impl Journal {
    /// A connection opened at `at`. All times are in ms since the Unix epoch.
    ///
    /// Until it is [`closed`](Self::closed), all that comes must come in the same way: either by
    /// [`event`](Self::event), or by [`receive`](Self::receive) with one reader, which
    /// [`finish`](Self::finish) ends.
    pub fn opened(&mut self, at: f64) {
        self.figures.openings += 1;
        self.link(at, Kind::Opened);
    }

    /// A connection was lost or closed at `at`.
    pub fn closed(&mut self, at: f64) {
        self.link(at, Kind::Closed);
    }

    fn link(&mut self, at: f64, kind: Kind) {
        let end = self.tape.range().end;
        self.stream = end;
        self.pending = end;
        let line = self.rows.range().end;
        self.links.push_back((line, at, kind == Kind::Opened));
        self.push(at, kind, end..end);
        self.evict();
    }

    /// An event was dispatched at `at` of which only this is known, and not the bytes. What cannot
    /// have been in a stream is left out: a type with a line break, or an ID with one or U+0000.
    pub fn event(&mut self, at: f64, mut event: Event<'_>) {
        let breaks = |text: &str| memchr::memchr2(b'\n', b'\r', text.as_bytes()).is_some();
        if event.event_type.is_empty() || breaks(event.event_type) {
            event.event_type = "message";
        }
        let id = event.last_event_id;
        let sets_id = id != self.ids.last() && !breaks(id) && !id.contains('\0');
        let mut bytes = std::mem::take(&mut self.scratch);
        bytes.clear();
        if event.event_type != "message" {
            encode::raw::line(&mut bytes, "event: ", event.event_type);
        }
        if sets_id {
            encode::raw::line(&mut bytes, "id: ", id);
        }
        // Data alone can always be written.
        let _ = encode::event(&mut bytes, None, event.data, None);
        self.figures.bytes += bytes.len() as u64;
        let start = self.tape.range().end;
        if bytes.len() + size_of::<Row>() > self.bound {
            if sets_id {
                self.ids.tell(self.rows.range().end, id, true);
            }
            let bound = self.bound;
            self.note(at, Note::TooLarge { bound }, start..start);
        } else {
            self.tape.extend(&bytes);
            // It ends in the data and two line feeds.
            let data_at = !breaks(event.data);
            let data_at = data_at.then(|| start + (bytes.len() - 2 - event.data.len()) as u64);
            self.push_event(at, start..self.tape.range().end, data_at, event, sets_id);
        }
        self.stream = self.tape.range().end;
        self.pending = self.stream;
        // One event that was large does not take its memory for ever.
        if bytes.capacity() <= SCRATCH_BYTES {
            self.scratch = bytes;
        }
        self.evict();
    }

    /// Bytes of the stream came at `at`: what `reader` reads in them is added, and each reconnection
    /// time (in ms) given to `on_retry`.
    pub fn receive(
        &mut self,
        reader: &mut Reader,
        at: f64,
        chunk: &[u8],
        mut on_retry: impl FnMut(u64),
    ) {
        // What is generic is compiled again for each caller.
        self.receive_chunk(reader, at, chunk, &mut on_retry);
    }

    fn receive_chunk(
        &mut self,
        reader: &mut Reader,
        at: f64,
        chunk: &[u8],
        on_retry: &mut dyn FnMut(u64),
    ) {
        self.follow_id(reader);
        self.figures.bytes += chunk.len() as u64;
        if !chunk.is_empty() {
            self.last_at = at;
        }
        let chunk_at = self.tape.range().end;
        self.tape.extend(chunk);
        let first = self.rows.range().end;
        let mut asides = false;
        read(reader, chunk, &mut |item| {
            let range = self.stream + item.range.start..self.stream + item.range.end;
            match item.content {
                Content::Event(event) => {
                    let data_at = offset_in(chunk, event.data).map(|at| chunk_at + at);
                    let sets_id = event.last_event_id != self.ids.last();
                    self.push_event(at, range, data_at, event, sets_id);
                    return;
                }
                Content::Comment(_) => self.push(at, Kind::Comment, range),
                Content::Retry(ms) => {
                    on_retry(ms);
                    self.push(at, Kind::Retry, range);
                }
                Content::Note(note) => self.note(at, note, range),
                Content::Blank => return,
            }
            asides = true;
        });
        self.set_pending(self.stream + reader.pending());
        if asides {
            self.order_starts(first);
        }
        self.follow_id(reader);
        self.evict();
    }

    /// The stream ended at `at`: what is unfinished is noted.
    pub fn finish(&mut self, reader: &mut Reader, at: f64) {
        let first = self.rows.range().end;
        reader.finish(|item| {
            if let Content::Note(note) = item.content {
                let range = self.stream + item.range.start..self.stream + item.range.end;
                self.note(at, note, range);
            }
        });
        // What may come next is another stream.
        self.stream = self.tape.range().end;
        self.pending = self.stream;
        self.order_starts(first);
        self.evict();
    }

    /// Takes over the last event ID of `reader`, if it did not come about in bytes that are here.
    pub(super) fn follow_id(&mut self, reader: &Reader) {
        let id = reader.last_event_id();
        if id == self.ids.last() {
            return;
        }
        if self.is_empty() {
            self.ids.inherit(id);
        } else {
            self.ids.tell(self.rows.range().end, id, true);
        }
    }

    /// What is unfinished begins at `at`, or where its beginning was dropped.
    pub(super) fn set_pending(&mut self, at: u64) {
        self.pending = at.max(self.tape.range().start);
    }

    /// Makes no line begin after a later one, so that what is before a kept line's beginning is not
    /// needed. Those that stand within an event come before it.
    fn order_starts(&mut self, first: u64) {
        let mut lowest = self.pending;
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

    fn note(&mut self, at: f64, note: Note, range: Range<u64>) {
        // A block may set the last event ID though it is no event.
        match note {
            Note::NoData { .. } => self.follow_block(usize::MAX, &range, false),
            Note::TooLarge { bound } => self.follow_block(bound, &range, true),
            _ => {}
        }
        self.notes.push_back((self.rows.range().end, note));
        self.push(at, Kind::Note, range);
    }

    /// Takes over the last event ID that the bytes in `range` set for a reader with `bound`; those
    /// that are too `large` are not read again for it later.
    #[cold]
    fn follow_block(&mut self, bound: usize, range: &Range<u64>, large: bool) {
        if range.start < self.tape.range().start {
            self.ids.doubt();
            return;
        }
        let mut reader = Reader::with_bound(bound).with_last_event_id(self.ids.last());
        read(&mut reader, &self.bytes(range.clone()), &mut |_| {});
        let (line, id) = (self.rows.range().end, reader.last_event_id());
        if id == self.ids.last() {
            return;
        }
        if large {
            self.ids.tell(line, id, false);
        } else {
            self.ids.set_by_bytes(line, id);
        }
    }

    fn push_event(
        &mut self,
        at: f64,
        range: Range<u64>,
        data_at: Option<u64>,
        event: Event<'_>,
        sets_id: bool,
    ) {
        self.figures.event(at);
        let line = self.rows.range().end;
        if sets_id {
            self.ids.set_by_event(line, event.last_event_id);
        }
        let name = self.names.add(event.event_type).unwrap_or(NO_NAME);
        self.rows.push(Row {
            at,
            start: range.start as u32,
            len: clamped(range.end - range.start),
            data_at: clamped(data_at.map_or(0, |at| at - range.start)),
            data_len: clamped(event.data.len() as u64),
            id_back: self.ids.back(line),
            name,
            kind: Kind::Event,
            direct: data_at.is_some(),
        });
        self.lose_if_cut(range.start);
    }

    fn push(&mut self, at: f64, kind: Kind, range: Range<u64>) {
        let len = clamped(range.end - range.start);
        self.asides += usize::from(kind.is_aside());
        self.rows.push(Row {
            at,
            start: range.start as u32,
            len,
            data_at: 0,
            data_len: len,
            id_back: self.ids.back(self.rows.range().end),
            name: NO_NAME,
            kind,
            direct: false,
        });
        self.lose_if_cut(range.start);
    }
}

/// Where in `chunk` the text lies, if it was lent from there.
fn offset_in(chunk: &[u8], text: &str) -> Option<u64> {
    let offset = (text.as_ptr() as usize).checked_sub(chunk.as_ptr() as usize)?;
    (offset + text.len() <= chunk.len()).then_some(offset as u64)
}

fn clamped(len: u64) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
