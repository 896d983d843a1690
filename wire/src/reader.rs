//! Reading: bytes in, in any split; items out.

use std::{borrow::Cow, ops::Range, str};

use memchr::{memchr, memchr2};

use crate::{
    chunk::Chunk,
    item::{Content, Event, Item},
    kept::Kept,
    note::{Field, LineEnd, Note, quoted},
};

/// How many bytes a [`Reader`] keeps at once unless told otherwise: 64 MiB.
pub const DEFAULT_BOUND: usize = 64 << 20;

/// The longest beginning that tells what a line is: `event:` and the byte after it.
const HEAD: usize = 7;

const BOM: &[u8] = "\u{FEFF}".as_bytes();

const DATA: &[u8] = b"data:";

/// Reads an event stream from its bytes, however they are split.
///
/// Each item is given to the caller as soon as its last byte is there. Text is lent, from the
/// caller's own chunk where it lies whole in one.
///
/// ```
/// use sse_wire::{Content, Reader};
///
/// let mut data = Vec::new();
/// let mut reader = Reader::default();
/// for chunk in ["data: fir", "st\n\nevent: end\ndata\n\n"] {
///     reader.read(chunk.as_bytes(), |item| {
///         if let Content::Event(event) = item.content {
///             data.push((event.event_type.to_owned(), event.data.to_owned()));
///         }
///     });
/// }
/// reader.finish(|_| {});
/// assert_eq!(data, [("message".into(), "first".into()), ("end".into(), "".into())]);
/// ```
#[derive(Clone, Debug)]
pub struct Reader {
    /// The line that is being read (its bytes, or the first ones if they are not kept there), the
    /// data if it is not lent, and the other fields.
    kept: Kept,

    /// Where in the stream the next chunk begins.
    position: u64,
    /// Where the line that is being read begins, with the LF of a CRLF before it.
    line_start: u64,
    /// The last byte was a CR, which ended a line: an LF now is part of that end.
    after_cr: bool,
    /// How many bytes of a byte order mark the stream begins with, until it is known whether it is
    /// one; then `None`.
    bom: Option<usize>,
    line_end: Option<LineEnd>,
    mixed: bool,

    /// What came so far of a line whose end has not come.
    partial: Partial,
    /// Its length, kept or not.
    partial_len: usize,

    /// Where the event that is being read begins, if one is.
    event_start: Option<u64>,
    /// It is too large and will be skipped.
    skipped: bool,
    /// It has an ID, which becomes the last event ID when it ends.
    has_id: bool,
    data_lines: usize,
    /// The only data line so far, where it lies in the caller's chunk.
    lent: Option<Range<usize>>,
    /// Where the value of the last line in `data` begins: there, and in the stream.
    last_value: (usize, u64),
    /// Where in the stream the first byte in `data` is that is not UTF-8.
    invalid_at: Option<u64>,
}

/// Where the beginning of an unfinished line is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Partial {
    /// In `line`, whole.
    Line,
    /// It is a data line: its value is at the end of `data`.
    Data,
    /// Nowhere, as it is too long; `line` has its first bytes.
    Skipped,
}

impl Default for Reader {
    fn default() -> Self {
        Self::with_bound(DEFAULT_BOUND)
    }
}

impl Reader {
    /// A reader that keeps at most `bound` bytes at once: the values of the event that is being
    /// read, the last event ID, and the line that is being read. What does not fit is skipped with
    /// a [`Note::TooLarge`], and reading goes on after it.
    pub fn with_bound(bound: usize) -> Self {
        Self {
            kept: Kept::new(bound),
            position: 0,
            line_start: 0,
            after_cr: false,
            bom: Some(0),
            line_end: None,
            mixed: false,
            partial: Partial::Line,
            partial_len: 0,
            event_start: None,
            skipped: false,
            has_id: false,
            data_lines: 0,
            lent: None,
            last_value: (0, 0),
            invalid_at: None,
        }
    }

    /// The same reader, beginning with a last event ID from an earlier stream.
    #[must_use]
    pub fn with_last_event_id(mut self, last_event_id: impl Into<String>) -> Self {
        self.kept.last_event_id = last_event_id.into();
        self
    }

    /// Reads the next bytes of the stream and gives each item that they complete to `sink`.
    pub fn read(&mut self, chunk: &[u8], mut sink: impl FnMut(Item<'_>)) {
        let sink = &mut sink;
        let mut at = self.skip_bom(chunk, sink);
        let chunk = Chunk::new(chunk);
        let bytes = chunk.bytes;
        // What is kept grows by three bytes for one at most: those of a replacement.
        let roomy =
            self.partial_len == 0 && self.kept.room_beside(self.values_len()) / 3 > bytes.len();
        while at < bytes.len() {
            if self.after_cr {
                self.after_cr = false;
                let line_feed = bytes[at] == b'\n';
                self.note_line_end(
                    if line_feed {
                        LineEnd::CrLf
                    } else {
                        LineEnd::Cr
                    },
                    sink,
                );
                if line_feed {
                    at += 1;
                    continue;
                }
            }
            let rest = &bytes[at..];
            // An empty line is known by its first byte, without a search.
            let end = if matches!(rest[0], b'\n' | b'\r') {
                Some(0)
            } else if chunk.cr {
                memchr2(b'\n', b'\r', rest)
            } else {
                memchr(b'\n', rest)
            };
            let Some(end) = end else {
                self.settle(bytes);
                self.keep(rest, self.position + at as u64);
                break;
            };
            let line = at..at + end;
            at = line.end + 1;
            let stream_end = self.position + at as u64;
            if self.partial_len > 0 {
                self.keep(&bytes[line.clone()], self.position + line.start as u64);
                self.partial_line(&chunk, stream_end, sink);
            } else if roomy || self.fits(&bytes[line.clone()], end, self.values_len()) {
                let line = Line {
                    bytes: &bytes[line.clone()],
                    in_chunk: Some(line.start),
                    end: stream_end,
                };
                self.line(&chunk, line, sink);
            } else {
                self.too_large(&bytes[line.clone()], stream_end, sink);
            }
            self.line_start = stream_end;
            if bytes[line.end] == b'\r' {
                self.after_cr = true;
            } else if self.line_end != Some(LineEnd::Lf) {
                self.note_line_end(LineEnd::Lf, sink);
            }
        }
        self.settle(bytes);
        self.position += bytes.len() as u64;
    }

    /// Skips a byte order mark at the beginning of the stream; returns where in the chunk to go on.
    fn skip_bom(&mut self, chunk: &[u8], sink: &mut impl FnMut(Item<'_>)) -> usize {
        let Some(seen) = self.bom else { return 0 };
        let more = BOM[seen..]
            .iter()
            .zip(chunk)
            .take_while(|(expected, byte)| expected == byte)
            .count();
        if seen + more == BOM.len() {
            self.bom = None;
            let range = 0..BOM.len() as u64;
            self.line_start = range.end;
            sink(Item::new(range, Content::Note(Note::BomAtStart)));
            return more;
        }
        if more == chunk.len() {
            self.bom = Some(seen + more);
            return more;
        }
        // It is none: what was taken for one belongs to the first line.
        self.bom = None;
        if seen > 0 {
            self.keep(&BOM[..seen], 0);
        }
        0
    }

    /// Ends the stream: what is unfinished is discarded, with a note (HTML, 9.2.6).
    ///
    /// The reader is then as new, but for the last event ID, which an `EventSource` keeps when it
    /// reconnects.
    pub fn finish(&mut self, mut sink: impl FnMut(Item<'_>)) {
        if self.after_cr {
            self.note_line_end(LineEnd::Cr, &mut sink);
        }
        let end = self.position;
        let half_bom = self.bom.is_some_and(|seen| seen > 0);
        if self.event_start.is_some() || self.partial_len > 0 || half_bom {
            let start = self.event_start.unwrap_or(self.line_start);
            let note = if self.skipped || self.partial == Partial::Skipped {
                Note::TooLarge {
                    bound: self.kept.bound,
                }
            } else {
                Note::Unfinished
            };
            sink(Item::new(start..end, Content::Note(note)));
        } else if self.line_start < end {
            // The LF of a last CRLF.
            sink(Item::new(self.line_start..end, Content::Blank));
        }
        let mut fresh = Self::with_bound(self.kept.bound);
        fresh.kept.last_event_id = std::mem::take(&mut self.kept.last_event_id);
        *self = fresh;
    }

    /// The last event ID: that of the last block that an empty line has ended. A client that
    /// connects again sends it as `Last-Event-ID`.
    pub fn last_event_id(&self) -> &str {
        &self.kept.last_event_id
    }

    /// Where in the stream that begins which is not read to its end: the event, or else the line.
    pub fn pending(&self) -> u64 {
        self.event_start.unwrap_or(self.line_start)
    }

    /// The bytes that this reader holds now: never more than its bound and one chunk, but for the
    /// first few of a line, which it needs to tell what is too large.
    pub fn held(&self) -> usize {
        self.kept.held()
    }

    /// Keeps `piece`, which lies at `at` in the stream, of a line whose end has not come, or has
    /// come just after it.
    #[inline(never)]
    fn keep(&mut self, mut piece: &[u8], at: u64) {
        self.partial_len = self.partial_len.saturating_add(piece.len());
        let mut head = [0; HEAD];
        let mut head_len = 0;
        for byte in self.kept.line.iter().chain(piece).take(HEAD) {
            head[head_len] = *byte;
            head_len += 1;
        }
        let mut head = &head[..head_len];
        // The value of a data line goes where it belongs as soon as it is known whether a space is
        // skipped.
        if self.partial == Partial::Line
            && !self.skipped
            && self.kept.line.len() <= DATA.len()
            && head.len() > DATA.len()
            && head.starts_with(DATA)
        {
            let value = DATA.len() + usize::from(head[DATA.len()] == b' ') - self.kept.line.len();
            piece = &piece[value..];
            self.kept.line.clear();
            self.begin_value(at + value as u64);
            self.partial = Partial::Data;
        }
        let mut values = self.values_len();
        if self.partial == Partial::Data {
            head = DATA;
            // Less the line feed that joins this value to those before.
            values = self.last_value.0 - usize::from(self.data_lines > 0);
        }
        if self.partial != Partial::Skipped && !self.fits(head, self.partial_len, values) {
            if self.partial == Partial::Data {
                self.kept.data = Vec::new();
            }
            self.kept.line = Vec::new();
            self.kept.line.extend_from_slice(head);
            self.partial = Partial::Skipped;
            return;
        }
        match self.partial {
            Partial::Line => self.kept.push_line(piece),
            Partial::Data => self.kept.push_data(piece),
            Partial::Skipped => {
                let more = HEAD.saturating_sub(self.kept.line.len()).min(piece.len());
                self.kept.line.extend_from_slice(&piece[..more]);
            }
        }
    }

    /// Whether a line of `len` bytes that begins with `head` can be kept beside `values` bytes of
    /// data. A type or an ID counts twice: it is copied to where it stays.
    fn fits(&self, head: &[u8], len: usize, values: usize) -> bool {
        let copies = 1 + usize::from(head.starts_with(b"id:") || head.starts_with(b"event:"));
        copies.saturating_mul(len) <= self.kept.room_beside(values)
    }

    /// The line that was kept is complete and ends at `end` in the stream.
    #[cold]
    fn partial_line(&mut self, chunk: &Chunk<'_>, end: u64, sink: &mut impl FnMut(Item<'_>)) {
        self.partial_len = 0;
        let mut line = self.kept.take_line();
        match std::mem::replace(&mut self.partial, Partial::Line) {
            Partial::Line => self.line(
                chunk,
                Line {
                    bytes: &line,
                    in_chunk: None,
                    end,
                },
                sink,
            ),
            Partial::Data => {
                self.event_start.get_or_insert(self.line_start);
                self.data_lines += 1;
                self.check_utf8();
            }
            Partial::Skipped => self.too_large(&line, end, sink),
        }
        line.clear();
        self.kept.put_back(line);
    }

    /// A complete line.
    #[inline(always)]
    fn line(&mut self, chunk: &Chunk<'_>, line: Line<'_>, sink: &mut impl FnMut(Item<'_>)) {
        // The fields first, by their first bytes: no search for the colon.
        match line.bytes {
            [] => self.dispatch(chunk, line.end, sink),
            [b'd', b'a', b't', b'a', b':', value @ ..] => self.data_field(chunk, value, 5, &line),
            [b'i', b'd', b':', value @ ..] => {
                self.id_field(chunk, without_space(value), &line, sink)
            }
            [b'e', b'v', b'e', b'n', b't', b':', value @ ..] => {
                self.event_field(chunk, without_space(value), &line, sink);
            }
            [b':', text @ ..] => self.comment(chunk, without_space(text), &line, sink),
            [b'r', b'e', b't', b'r', b'y', b':', value @ ..] => {
                self.retry_field(without_space(value), &line, sink);
            }
            b"data" => self.data_field(chunk, b"", 4, &line),
            b"id" => self.id_field(chunk, b"", &line, sink),
            b"event" => self.event_field(chunk, b"", &line, sink),
            b"retry" => self.retry_field(b"", &line, sink),
            other => self.note_line(Note::on_line(other), line.end, sink),
        }
    }

    #[inline(always)]
    fn data_field(&mut self, chunk: &Chunk<'_>, value: &[u8], name_len: usize, line: &Line<'_>) {
        self.event_start.get_or_insert(self.line_start);
        if self.skipped {
            return;
        }
        let space = usize::from(value.first() == Some(&b' '));
        let value = &value[space..];
        if self.data_lines == 0
            && let Some(at) = line.in_chunk
        {
            let start = at + name_len + space;
            self.lent = Some(start..start + value.len());
            self.last_value = (0, self.position + start as u64);
        } else {
            self.settle(chunk.bytes);
            self.begin_value(line.end - 1 - value.len() as u64);
            self.kept.push_data(value);
            self.check_utf8();
        }
        self.data_lines += 1;
    }

    /// Copies what is lent from `chunk`, which will be gone.
    fn settle(&mut self, chunk: &[u8]) {
        if let Some(lent) = self.lent.take() {
            self.kept.push_data(&chunk[lent]);
            self.check_utf8();
        }
    }

    /// Makes `data` ready for the value of another line, which lies at `at` in the stream.
    fn begin_value(&mut self, at: u64) {
        if self.data_lines > 0 {
            self.kept.push_data(b"\n");
        }
        self.last_value = (self.kept.data.len(), at);
    }

    /// Looks for what is not UTF-8 in the last value in `data`. Nothing that is not UTF-8 can
    /// begin in one line and end in another.
    fn check_utf8(&mut self) {
        let (start, at) = self.last_value;
        if self.invalid_at.is_none()
            && let Err(error) = str::from_utf8(&self.kept.data[start..])
        {
            self.invalid_at = Some(at + error.valid_up_to() as u64);
        }
    }

    #[inline(always)]
    fn event_field(
        &mut self,
        chunk: &Chunk<'_>,
        value: &[u8],
        line: &Line<'_>,
        sink: &mut impl FnMut(Item<'_>),
    ) {
        let Some(value) = self.decode(chunk, value, 2, line, sink) else {
            return;
        };
        if !self.kept.event_type.is_empty() {
            let field = Field::Event;
            self.note_line(Note::Overridden { field }, line.end, sink);
        }
        self.event_start.get_or_insert(self.line_start);
        self.kept.set(|kept| &mut kept.event_type, &value);
    }

    #[inline(always)]
    fn id_field(
        &mut self,
        chunk: &Chunk<'_>,
        value: &[u8],
        line: &Line<'_>,
        sink: &mut impl FnMut(Item<'_>),
    ) {
        // Not by memchr: an ID is too short for its start to pay.
        if (chunk.nul || line.in_chunk.is_none()) && value.contains(&0) {
            self.note_line(Note::IdWithNul, line.end, sink);
            return;
        }
        let Some(value) = self.decode(chunk, value, 2, line, sink) else {
            return;
        };
        if self.has_id {
            let field = Field::Id;
            self.note_line(Note::Overridden { field }, line.end, sink);
        }
        self.event_start.get_or_insert(self.line_start);
        self.has_id = true;
        self.kept.set(|kept| &mut kept.id_buffer, &value);
    }

    fn retry_field(&mut self, value: &[u8], line: &Line<'_>, sink: &mut impl FnMut(Item<'_>)) {
        if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
            self.note_line(
                Note::RetryNotDigits {
                    value: quoted(value),
                },
                line.end,
                sink,
            );
            return;
        }
        let ms = value.iter().fold(0_u64, |ms, digit| {
            ms.saturating_mul(10)
                .saturating_add(u64::from(digit - b'0'))
        });
        sink(Item::new(self.line_start..line.end, Content::Retry(ms)));
    }

    #[inline(always)]
    fn comment(
        &mut self,
        chunk: &Chunk<'_>,
        text: &[u8],
        line: &Line<'_>,
        sink: &mut impl FnMut(Item<'_>),
    ) {
        if let Some(text) = self.decode(chunk, text, 1, line, sink) {
            sink(Item::new(
                self.line_start..line.end,
                Content::Comment(&text),
            ));
        }
    }

    /// `value`, which ends where `line` does, as text; with a note if it is not UTF-8. `copies` is
    /// how often there will be that text.
    #[inline(always)]
    fn decode<'v>(
        &mut self,
        chunk: &Chunk<'v>,
        value: &'v [u8],
        copies: usize,
        line: &Line<'_>,
        sink: &mut impl FnMut(Item<'_>),
    ) -> Option<Cow<'v, str>> {
        let in_chunk = line.in_chunk.and_then(|at| {
            let end = at + line.bytes.len();
            chunk.text(end - value.len()..end)
        });
        if let Some(text) = in_chunk {
            return Some(Cow::Borrowed(text));
        }
        let error = match str::from_utf8(value) {
            Ok(text) => return Some(Cow::Borrowed(text)),
            Err(error) => error,
        };
        let needed = copies.saturating_mul(replaced_len(value));
        if needed > self.kept.room_beside(self.values_len() + line.bytes.len()) {
            self.too_large(line.bytes, line.end, sink);
            return None;
        }
        let at = line.end - 1 - (value.len() - error.valid_up_to()) as u64;
        self.note_line(Note::InvalidUtf8 { at }, line.end, sink);
        self.kept.trim(needed);
        Some(Cow::Owned(replaced(value)))
    }

    /// An empty line.
    #[inline(always)]
    fn dispatch(&mut self, chunk: &Chunk<'_>, end: u64, sink: &mut impl FnMut(Item<'_>)) {
        let Some(start) = self.event_start.take() else {
            sink(Item::new(self.line_start..end, Content::Blank));
            return;
        };
        let range = start..end;
        if self.has_id {
            self.kept.commit_id();
        }
        if self.skipped {
            let note = Note::TooLarge {
                bound: self.kept.bound,
            };
            sink(self.block(range, Content::Note(note)));
        } else if self.data_lines == 0 {
            let event_type = quoted(self.kept.event_type.as_bytes());
            sink(self.block(range, Content::Note(Note::NoData { event_type })));
        } else {
            let lent = self.lent.take();
            if let Some(data) = lent.clone().and_then(|lent| chunk.text(lent)) {
                self.event(range, data, sink);
            } else {
                self.dispatch_unchecked(range, lent.map(|lent| &chunk.bytes[lent]), sink);
            }
        }
        self.skipped = false;
        self.has_id = false;
        self.data_lines = 0;
        self.kept.data.clear();
        self.kept.event_type.clear();
        self.invalid_at = None;
    }

    /// Dispatches data of which it is not known whether it is UTF-8: what is lent, or what is kept.
    #[inline(never)]
    fn dispatch_unchecked(
        &mut self,
        range: Range<u64>,
        lent: Option<&[u8]>,
        sink: &mut impl FnMut(Item<'_>),
    ) {
        let data = lent.unwrap_or(&self.kept.data);
        let error = match str::from_utf8(data) {
            Ok(data) => return self.event(range, data, sink),
            Err(error) => error,
        };
        let at = self
            .invalid_at
            .unwrap_or(self.last_value.1 + error.valid_up_to() as u64);
        let needed = replaced_len(data);
        if needed > self.kept.room_beside(data.len()) {
            let note = Note::TooLarge {
                bound: self.kept.bound,
            };
            sink(self.block(range, Content::Note(note)));
            return;
        }
        let note = Note::InvalidUtf8 { at };
        sink(Item::new(range.clone(), Content::Note(note)));
        self.kept.trim(needed);
        let data = replaced(lent.unwrap_or(&self.kept.data));
        self.event(range, &data, sink);
    }

    /// The item that a block is, with the last event ID that it sets.
    #[inline(always)]
    fn block<'a>(&'a self, range: Range<u64>, content: Content<'a>) -> Item<'a> {
        Item {
            range,
            content,
            id: self.has_id.then_some(&self.kept.last_event_id),
        }
    }

    #[inline(always)]
    fn event(&self, range: Range<u64>, data: &str, sink: &mut impl FnMut(Item<'_>)) {
        let event_type = match self.kept.event_type.as_str() {
            "" => "message",
            "open" => self.shadows("open", &range, sink),
            "error" => self.shadows("error", &range, sink),
            named => named,
        };
        let event = Event {
            event_type,
            data,
            last_event_id: &self.kept.last_event_id,
        };
        sink(self.block(range, Content::Event(event)));
    }

    #[cold]
    fn shadows(
        &self,
        event_type: &'static str,
        range: &Range<u64>,
        sink: &mut impl FnMut(Item<'_>),
    ) -> &'static str {
        let content = Content::Note(Note::Shadows { event_type });
        sink(Item::new(range.clone(), content));
        event_type
    }

    /// A line, of which `head` is the beginning, is more than can be kept.
    #[cold]
    fn too_large(&mut self, head: &[u8], end: u64, sink: &mut impl FnMut(Item<'_>)) {
        let is = |field: Field| {
            let name = field.name().as_bytes();
            head.strip_prefix(name)
                .is_some_and(|after| matches!(after.first(), None | Some(b':')))
        };
        if is(Field::Data) || is(Field::Event) || is(Field::Id) {
            self.event_start.get_or_insert(self.line_start);
            self.skipped = true;
            self.lent = None;
            self.kept.data = Vec::new();
            self.data_lines = 0;
            self.invalid_at = None;
            self.kept.event_type.clear();
        } else {
            self.note_line(
                Note::TooLarge {
                    bound: self.kept.bound,
                },
                end,
                sink,
            );
        }
    }

    #[cold]
    fn note_line(&self, note: Note, end: u64, sink: &mut impl FnMut(Item<'_>)) {
        sink(Item::new(self.line_start..end, Content::Note(note)));
    }

    #[cold]
    fn note_line_end(&mut self, now: LineEnd, sink: &mut impl FnMut(Item<'_>)) {
        let first = *self.line_end.get_or_insert(now);
        if first != now && !self.mixed {
            self.mixed = true;
            // The byte that ended the line; of a CRLF, the CR.
            let range = self.line_start - 1..self.line_start;
            let note = Note::MixedLineEnds { first, now };
            sink(Item::new(range, Content::Note(note)));
        }
    }

    /// The length of the data so far, wherever it is.
    #[inline(always)]
    fn values_len(&self) -> usize {
        self.kept.data.len() + self.lent.as_ref().map_or(0, Range::len)
    }
}

/// A complete line.
struct Line<'a> {
    bytes: &'a [u8],
    /// Where it begins in the chunk, if it lies there whole.
    in_chunk: Option<usize>,
    /// Where it ends in the stream, with the byte that ends it.
    end: u64,
}

/// The value of a field, less the one space that may stand before it.
fn without_space(value: &[u8]) -> &[u8] {
    value.strip_prefix(b" ").unwrap_or(value)
}

/// The length of `bytes` as text, with three bytes for each replacement.
fn replaced_len(bytes: &[u8]) -> usize {
    replacing(bytes).map(str::len).sum()
}

/// `bytes` as text, in no more memory than that takes.
fn replaced(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(replaced_len(bytes));
    text.extend(replacing(bytes));
    text
}

/// `bytes` as text, with U+FFFD for what is not UTF-8 (Encoding, 4.5).
fn replacing(bytes: &[u8]) -> impl Iterator<Item = &str> {
    bytes.utf8_chunks().flat_map(|part| {
        let replacement = if part.invalid().is_empty() {
            ""
        } else {
            "\u{FFFD}"
        };
        [part.valid(), replacement]
    })
}
