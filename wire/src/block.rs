//! Reads the fields of a block and dispatches it.

use std::{borrow::Cow, ops::Range, str};

use crate::{
    buffers::Buffers,
    chunk::Line,
    item::{Content, Event, Item},
    note::{Field, Note, quoted},
    utf8::{replaced, replaced_len},
};

/// The fields of the current block: the lines up to the next empty line, which dispatches an event
/// (HTML, 9.2.6).
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) buffers: Buffers,
    /// Where in the stream the first `data`, `event` or `id` line begins, if there was one.
    start: Option<u64>,
    /// Whether a `data`, `event` or `id` line did not fit. Such a block dispatches no event.
    too_large: bool,
    /// Whether there was an `id` field, which becomes the last event ID when the block ends.
    has_id: bool,
    /// How many `data` lines there were.
    data_lines: usize,
    /// Where in the caller's chunk the value of the only `data` line is. The value is copied to
    /// [`Buffers::data`] only if there is a second `data` line, or if the block continues in the next
    /// chunk.
    data_in_chunk: Option<Range<usize>>,
    /// Where the value of the last `data` line begins, in the data and in the stream.
    last_value: (usize, u64),
    /// Where in the stream the first byte of [`Buffers::data`] that is not UTF-8 is.
    invalid_at: Option<u64>,
}

impl Block {
    pub(crate) fn new(bound: usize) -> Self {
        Self {
            buffers: Buffers::new(bound),
            start: None,
            too_large: false,
            has_id: false,
            data_lines: 0,
            data_in_chunk: None,
            last_value: (0, 0),
            invalid_at: None,
        }
    }

    /// Where in the stream the first `data`, `event` or `id` line begins, if there was one.
    pub(crate) fn start(&self) -> Option<u64> {
        self.start
    }

    pub(crate) fn is_too_large(&self) -> bool {
        self.too_large
    }

    /// The note about a line or a block that does not fit.
    pub(crate) fn too_large_note(&self) -> Note {
        Note::TooLarge {
            bound: self.buffers.bound,
        }
    }

    /// How many bytes can be kept in addition to the fields.
    #[inline(always)]
    pub(crate) fn room(&self) -> usize {
        let data = self.data_in_chunk.as_ref().map_or(0, Range::len);
        self.buffers.room_beside(self.buffers.data.len() + data)
    }

    /// How much room a line of `len` bytes that begins with `head` needs.
    #[inline(always)]
    pub(crate) fn needed_for_line(head: &[u8], len: usize) -> usize {
        // An event type or an ID is in memory twice while it is copied from the line.
        let is_copied = head.starts_with(b"id:") || head.starts_with(b"event:");
        len.saturating_mul(1 + usize::from(is_copied))
    }

    #[inline(always)]
    pub(crate) fn fits_line(&self, line: &[u8]) -> bool {
        Self::needed_for_line(line, line.len()) <= self.room()
    }

    /// Whether every line of a chunk of `len` bytes fits, however long it is.
    pub(crate) fn fits_every_line(&self, len: usize) -> bool {
        // A byte that is not UTF-8 becomes the three bytes of a U+FFFD.
        self.room() / 3 > len
    }

    /// Reads a complete line.
    #[inline(always)]
    pub(crate) fn line(&mut self, line: &Line<'_>, sink: &mut impl FnMut(Item<'_>)) {
        // Comparing with the known names is faster than searching for the colon.
        match line.bytes {
            [] => self.dispatch(line, sink),
            [b'd', b'a', b't', b'a', b':', value @ ..] => self.data(value, line),
            [b'i', b'd', b':', value @ ..] => self.id(value, line, sink),
            [b'e', b'v', b'e', b'n', b't', b':', value @ ..] => self.event_type(value, line, sink),
            [b':', text @ ..] => self.comment(text, line, sink),
            [b'r', b'e', b't', b'r', b'y', b':', value @ ..] => self.retry(value, line, sink),
            b"data" => self.data(b"", line),
            b"id" => self.id(b"", line, sink),
            b"event" => self.event_type(b"", line, sink),
            b"retry" => self.retry(b"", line, sink),
            other => note_line(Note::on_ignored_line(other), line.range.clone(), sink),
        }
    }

    /// Skips a line that begins with `head` and does not fit. If it is a `data`, `event` or `id` line,
    /// the block is skipped as well.
    #[cold]
    pub(crate) fn skip_line(
        &mut self,
        head: &[u8],
        range: Range<u64>,
        sink: &mut impl FnMut(Item<'_>),
    ) {
        let is = |field: Field| {
            let after_name = head.strip_prefix(field.name().as_bytes());
            after_name.is_some_and(|after| matches!(after.first(), None | Some(b':')))
        };
        if is(Field::Data) || is(Field::Event) || is(Field::Id) {
            self.start.get_or_insert(range.start);
            self.too_large = true;
            self.buffers.data = Vec::new();
            self.clear_values();
        } else {
            note_line(self.too_large_note(), range, sink);
        }
    }

    #[inline(always)]
    fn data(&mut self, value: &[u8], line: &Line<'_>) {
        self.start.get_or_insert(line.range.start);
        if self.too_large {
            return;
        }
        let value = without_space(value);
        let offset = line.offset(value);
        if self.data_lines == 0
            && let Some(range) = line.range_in_chunk(value)
        {
            self.data_in_chunk = Some(range);
            self.last_value = (0, offset);
        } else {
            self.copy_data(line.chunk.bytes);
            self.begin_value(offset);
            self.buffers.push_data(value);
            self.check_utf8();
        }
        self.data_lines += 1;
    }

    /// Copies the value that is in `chunk`, if there is one.
    pub(crate) fn copy_data(&mut self, chunk: &[u8]) {
        if let Some(range) = self.data_in_chunk.take() {
            self.buffers.push_data(&chunk[range]);
            self.check_utf8();
        }
    }

    /// Begins the value of a `data` line in [`Buffers::data`]. The value is at `offset` in the stream.
    pub(crate) fn begin_value(&mut self, offset: u64) {
        if self.data_lines > 0 {
            self.buffers.push_data(b"\n");
        }
        self.last_value = (self.buffers.data.len(), offset);
    }

    /// Appends to the value.
    pub(crate) fn push_value(&mut self, piece: &[u8]) {
        if !self.too_large {
            self.buffers.push_data(piece);
        }
    }

    /// Ends the value, whose line begins at `line_start` in the stream.
    pub(crate) fn end_value(&mut self, line_start: u64) {
        self.start.get_or_insert(line_start);
        if !self.too_large {
            self.data_lines += 1;
            self.check_utf8();
        }
    }

    /// Checks the last value in [`Buffers::data`]. No character can begin in one value and end in
    /// the next.
    fn check_utf8(&mut self) {
        let (start, offset) = self.last_value;
        if self.invalid_at.is_none()
            && let Err(error) = str::from_utf8(&self.buffers.data[start..])
        {
            self.invalid_at = Some(offset + error.valid_up_to() as u64);
        }
    }

    #[inline(always)]
    fn event_type(&mut self, value: &[u8], line: &Line<'_>, sink: &mut impl FnMut(Item<'_>)) {
        let Some(value) = self.text(without_space(value), 2, line, sink) else {
            return;
        };
        if !self.buffers.event_type.is_empty() {
            let field = Field::Event;
            note_line(Note::Overridden { field }, line.range.clone(), sink);
        }
        self.start.get_or_insert(line.range.start);
        self.buffers.set(|buffers| &mut buffers.event_type, &value);
    }

    #[inline(always)]
    fn id(&mut self, value: &[u8], line: &Line<'_>, sink: &mut impl FnMut(Item<'_>)) {
        let value = without_space(value);
        if line.has_nul(value) {
            note_line(Note::IdWithNul, line.range.clone(), sink);
            return;
        }
        let Some(value) = self.text(value, 2, line, sink) else {
            return;
        };
        if self.has_id {
            let field = Field::Id;
            note_line(Note::Overridden { field }, line.range.clone(), sink);
        }
        self.start.get_or_insert(line.range.start);
        self.has_id = true;
        self.buffers.set(|buffers| &mut buffers.next_id, &value);
    }

    fn retry(&mut self, value: &[u8], line: &Line<'_>, sink: &mut impl FnMut(Item<'_>)) {
        let value = without_space(value);
        if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
            let value = quoted(value);
            note_line(Note::RetryNotDigits { value }, line.range.clone(), sink);
            return;
        }
        let ms = value.iter().fold(0_u64, |ms, digit| {
            ms.saturating_mul(10)
                .saturating_add(u64::from(digit - b'0'))
        });
        sink(Item::new(line.range.clone(), Content::Retry(ms)));
    }

    #[inline(always)]
    fn comment(&mut self, text: &[u8], line: &Line<'_>, sink: &mut impl FnMut(Item<'_>)) {
        if let Some(text) = self.text(without_space(text), 1, line, sink) {
            sink(Item::new(line.range.clone(), Content::Comment(&text)));
        }
    }

    /// `value`, the last bytes of `line`, as text, with a note if it is not UTF-8. `None` if there is no
    /// room for `copies` copies of the text: then the line is skipped.
    #[inline(always)]
    fn text<'v>(
        &mut self,
        value: &'v [u8],
        copies: usize,
        line: &Line<'v>,
        sink: &mut impl FnMut(Item<'_>),
    ) -> Option<Cow<'v, str>> {
        if let Some(text) = line.text(value) {
            return Some(Cow::Borrowed(text));
        }
        let error = match str::from_utf8(value) {
            Ok(text) => return Some(Cow::Borrowed(text)),
            Err(error) => error,
        };
        let needed = copies.saturating_mul(replaced_len(value));
        if line.bytes.len().saturating_add(needed) > self.room() {
            self.skip_line(line.bytes, line.range.clone(), sink);
            return None;
        }
        let at = line.offset(value) + error.valid_up_to() as u64;
        note_line(Note::InvalidUtf8 { at }, line.range.clone(), sink);
        self.buffers.trim(needed);
        Some(Cow::Owned(replaced(value)))
    }

    /// Ends the block at an empty line.
    #[inline(always)]
    fn dispatch(&mut self, line: &Line<'_>, sink: &mut impl FnMut(Item<'_>)) {
        let Some(start) = self.start.take() else {
            sink(Item::new(line.range.clone(), Content::Blank));
            return;
        };
        let range = start..line.range.end;
        if self.has_id {
            self.buffers.set_last_event_id();
        }
        if self.too_large {
            sink(self.item(range, Content::Note(self.too_large_note())));
        } else if self.data_lines == 0 {
            let event_type = quoted(self.buffers.event_type.as_bytes());
            sink(self.item(range, Content::Note(Note::NoData { event_type })));
        } else {
            let in_chunk = self.data_in_chunk.clone();
            if let Some(data) = in_chunk.clone().and_then(|range| line.chunk.text(range)) {
                self.event(range, data, sink);
            } else {
                let in_chunk = in_chunk.map(|range| &line.chunk.bytes[range]);
                self.dispatch_unchecked(range, in_chunk, sink);
            }
        }
        self.too_large = false;
        self.has_id = false;
        self.clear_values();
    }

    /// Dispatches data that may not be UTF-8: the value `in_chunk`, or else [`Buffers::data`].
    #[inline(never)]
    fn dispatch_unchecked(
        &mut self,
        range: Range<u64>,
        in_chunk: Option<&[u8]>,
        sink: &mut impl FnMut(Item<'_>),
    ) {
        let data = in_chunk.unwrap_or(&self.buffers.data);
        let error = match str::from_utf8(data) {
            Ok(data) => return self.event(range, data, sink),
            Err(error) => error,
        };
        let at = self
            .invalid_at
            .unwrap_or(self.last_value.1 + error.valid_up_to() as u64);
        let needed = replaced_len(data);
        if needed > self.buffers.room_beside(data.len()) {
            sink(self.item(range, Content::Note(self.too_large_note())));
            return;
        }
        let note = Note::InvalidUtf8 { at };
        sink(Item::new(range.clone(), Content::Note(note)));
        self.buffers.trim(needed);
        let data = replaced(in_chunk.unwrap_or(&self.buffers.data));
        self.event(range, &data, sink);
    }

    #[inline(always)]
    fn event(&self, range: Range<u64>, data: &str, sink: &mut impl FnMut(Item<'_>)) {
        let event_type = match self.buffers.event_type.as_str() {
            "" => "message",
            "open" => note_shadows("open", &range, sink),
            "error" => note_shadows("error", &range, sink),
            other => other,
        };
        let event = Event {
            event_type,
            data,
            last_event_id: &self.buffers.last_event_id,
        };
        sink(self.item(range, Content::Event(event)));
    }

    /// The item that ends the block, with the last event ID that the block sets.
    #[inline(always)]
    fn item<'a>(&'a self, range: Range<u64>, content: Content<'a>) -> Item<'a> {
        Item {
            range,
            content,
            id: self.has_id.then_some(&self.buffers.last_event_id),
        }
    }

    /// Clears the data and the event type.
    #[inline(always)]
    fn clear_values(&mut self) {
        self.data_lines = 0;
        self.data_in_chunk = None;
        self.invalid_at = None;
        self.buffers.data.clear();
        self.buffers.event_type.clear();
    }
}

#[cold]
fn note_line(note: Note, range: Range<u64>, sink: &mut impl FnMut(Item<'_>)) {
    sink(Item::new(range, Content::Note(note)));
}

/// Reports that an `EventSource` uses `event_type` for events of its own. Returns `event_type`.
#[cold]
fn note_shadows(
    event_type: &'static str,
    range: &Range<u64>,
    sink: &mut impl FnMut(Item<'_>),
) -> &'static str {
    let note = Note::Shadows { event_type };
    sink(Item::new(range.clone(), Content::Note(note)));
    event_type
}

/// A value without the one leading space that is not part of it.
#[inline(always)]
fn without_space(value: &[u8]) -> &[u8] {
    value.strip_prefix(b" ").unwrap_or(value)
}
