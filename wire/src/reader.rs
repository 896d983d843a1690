//! Reading: bytes in, in any split; items out.

use std::{borrow::Cow, ops::Range, str};

use memchr::memchr2;

use crate::{
    item::{Content, Event, Item},
    note::{Field, LineEnd, Note, quoted},
};

/// How many bytes a [`Reader`] keeps at once unless told otherwise: 64 MiB.
pub const DEFAULT_BOUND: usize = 64 << 20;

/// The longest beginning that tells what a line is: `event:` and the byte after it.
const HEAD: usize = 7;

const BOM: &[u8] = "\u{FEFF}".as_bytes();

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
    bound: usize,

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
    /// Its bytes, or its first ones if they are not kept here.
    line: Vec<u8>,

    /// Where the event that is being read begins, if one is.
    event_start: Option<u64>,
    /// It is too large and will be skipped.
    skipped: bool,
    data_lines: usize,
    /// The only data line so far, where it lies in the caller's chunk.
    lent: Option<Range<usize>>,
    /// The data otherwise.
    data: Vec<u8>,
    /// Where the value of the last line in `data` begins: there, and in the stream.
    last_value: (usize, u64),
    /// Where in the stream the first byte in `data` is that is not UTF-8.
    invalid_at: Option<u64>,
    event_type: String,
    last_event_id: String,
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
            bound,
            position: 0,
            line_start: 0,
            after_cr: false,
            bom: Some(0),
            line_end: None,
            mixed: false,
            partial: Partial::Line,
            partial_len: 0,
            line: Vec::new(),
            event_start: None,
            skipped: false,
            data_lines: 0,
            lent: None,
            data: Vec::new(),
            last_value: (0, 0),
            invalid_at: None,
            event_type: String::new(),
            last_event_id: String::new(),
        }
    }

    /// Reads the next bytes of the stream and gives each item that they complete to `sink`.
    pub fn read(&mut self, chunk: &[u8], mut sink: impl FnMut(Item<'_>)) {
        let sink = &mut sink;
        let mut at = self.skip_bom(chunk, sink);
        let text = Chunk::new(chunk);
        while at < chunk.len() {
            if self.after_cr {
                self.after_cr = false;
                let line_feed = chunk[at] == b'\n';
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
            let rest = &chunk[at..];
            // An empty line is known by its first byte, without a search.
            let end = if matches!(rest[0], b'\n' | b'\r') {
                Some(0)
            } else {
                memchr2(b'\n', b'\r', rest)
            };
            let Some(end) = end else {
                self.settle(chunk);
                self.keep(rest, self.position + at as u64);
                break;
            };
            let line = at..at + end;
            at = line.end + 1;
            let stream_end = self.position + at as u64;
            if self.partial_len > 0 {
                self.keep(&chunk[line.clone()], self.position + line.start as u64);
                self.partial_line(&text, stream_end, sink);
            } else {
                self.whole_line(&text, line.clone(), stream_end, sink);
            }
            self.line_start = stream_end;
            if chunk[line.end] == b'\r' {
                self.after_cr = true;
            } else if self.line_end != Some(LineEnd::Lf) {
                self.note_line_end(LineEnd::Lf, sink);
            }
        }
        self.settle(chunk);
        self.position += chunk.len() as u64;
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
            sink(Item {
                range,
                content: Content::Note(Note::BomAtStart),
            });
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
            sink(Item {
                range: start..end,
                content: Content::Note(Note::Unfinished),
            });
        } else if self.line_start < end {
            // The LF of a last CRLF.
            sink(Item {
                range: self.line_start..end,
                content: Content::Blank,
            });
        }
        let last_event_id = std::mem::take(&mut self.last_event_id);
        *self = Self {
            last_event_id,
            ..Self::with_bound(self.bound)
        };
    }

    /// The last event ID as it stands.
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// The bytes that this reader holds now: never more than its bound and one chunk, but for the
    /// first few of a line, which it needs to tell what is too large.
    pub fn held(&self) -> usize {
        self.line.capacity()
            + self.data.capacity()
            + self.event_type.capacity()
            + self.last_event_id.capacity()
    }

    /// Keeps `piece`, which lies at `at` in the stream, of a line whose end has not come, or has
    /// come just after it.
    fn keep(&mut self, piece: &[u8], at: u64) {
        self.partial_len += piece.len();
        if self.partial == Partial::Skipped {
            let head = HEAD.saturating_sub(self.line.len()).min(piece.len());
            self.line.extend_from_slice(&piece[..head]);
            return;
        }
        let values = match self.partial {
            // Less the line feed that joins this value to those before.
            Partial::Data => self.last_value.0 - usize::from(self.data_lines > 0),
            _ => self.values_len(),
        };
        if self.partial_len > self.room_beside(values) {
            if self.partial == Partial::Data {
                self.data = Vec::new();
                self.line.extend_from_slice(b"data:");
            } else {
                let head = HEAD.saturating_sub(self.line.len()).min(piece.len());
                self.line.extend_from_slice(&piece[..head]);
                self.line.truncate(HEAD);
            }
            self.line.shrink_to_fit();
            self.partial = Partial::Skipped;
        } else if self.partial == Partial::Data {
            self.push_data(piece);
        } else {
            self.push_line(piece);
            // Its value can go where it belongs as soon as it is known whether a space is skipped.
            if self.line.len() > b"data:".len() && self.line.starts_with(b"data:") && !self.skipped
            {
                let value = 5 + usize::from(self.line[5] == b' ');
                let value_at = at + piece.len() as u64 - (self.line.len() - value) as u64;
                let line = std::mem::take(&mut self.line);
                self.begin_value(value_at);
                self.push_data(&line[value..]);
                self.partial = Partial::Data;
            }
        }
    }

    /// The line that was kept is complete and ends at `end` in the stream.
    fn partial_line(&mut self, chunk: &Chunk<'_>, end: u64, sink: &mut impl FnMut(Item<'_>)) {
        self.partial_len = 0;
        let mut line = std::mem::take(&mut self.line);
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
        self.line = line;
        self.trim(0);
    }

    /// A line that lies whole in the chunk, and ends at `end` in the stream.
    #[inline]
    fn whole_line(
        &mut self,
        chunk: &Chunk<'_>,
        place: Range<usize>,
        end: u64,
        sink: &mut impl FnMut(Item<'_>),
    ) {
        let bytes = &chunk.bytes[place.clone()];
        if bytes.len() > self.room_beside(self.values_len()) {
            self.too_large(bytes, end, sink);
        } else {
            self.line(
                chunk,
                Line {
                    bytes,
                    in_chunk: Some(place.start),
                    end,
                },
                sink,
            );
        }
    }

    /// A complete line.
    #[inline]
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

    #[inline]
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
            self.push_data(value);
            self.check_utf8();
        }
        self.data_lines += 1;
    }

    /// Copies what is lent from `chunk`, which will be gone.
    fn settle(&mut self, chunk: &[u8]) {
        if let Some(lent) = self.lent.take() {
            self.push_data(&chunk[lent]);
            self.check_utf8();
        }
    }

    /// Makes `data` ready for the value of another line, which lies at `at` in the stream.
    fn begin_value(&mut self, at: u64) {
        if self.data_lines > 0 {
            self.push_data(b"\n");
        }
        self.last_value = (self.data.len(), at);
    }

    /// Looks for what is not UTF-8 in the last value in `data`. Nothing that is not UTF-8 can
    /// begin in one line and end in another.
    fn check_utf8(&mut self) {
        let (start, at) = self.last_value;
        if self.invalid_at.is_none()
            && let Err(error) = str::from_utf8(&self.data[start..])
        {
            self.invalid_at = Some(at + error.valid_up_to() as u64);
        }
    }

    #[inline]
    fn event_field(
        &mut self,
        chunk: &Chunk<'_>,
        value: &[u8],
        line: &Line<'_>,
        sink: &mut impl FnMut(Item<'_>),
    ) {
        let Some(value) = self.decode(chunk, value, line, sink) else {
            return;
        };
        self.event_start.get_or_insert(self.line_start);
        if set(&mut self.event_type, &value) {
            self.trim(0);
        }
    }

    #[inline]
    fn id_field(
        &mut self,
        chunk: &Chunk<'_>,
        value: &[u8],
        line: &Line<'_>,
        sink: &mut impl FnMut(Item<'_>),
    ) {
        // Not by memchr: an ID is too short for its start to pay.
        if value.contains(&0) {
            self.note_line(Note::IdWithNul, line.end, sink);
            return;
        }
        let Some(value) = self.decode(chunk, value, line, sink) else {
            return;
        };
        self.event_start.get_or_insert(self.line_start);
        if set(&mut self.last_event_id, &value) {
            self.trim(0);
        }
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
        sink(Item {
            range: self.line_start..line.end,
            content: Content::Retry(ms),
        });
    }

    #[inline]
    fn comment(
        &mut self,
        chunk: &Chunk<'_>,
        text: &[u8],
        line: &Line<'_>,
        sink: &mut impl FnMut(Item<'_>),
    ) {
        if let Some(text) = self.decode(chunk, text, line, sink) {
            sink(Item {
                range: self.line_start..line.end,
                content: Content::Comment(&text),
            });
        }
    }

    /// `value`, which ends where `line` does, as text; with a note if it is not UTF-8.
    #[inline]
    fn decode<'v>(
        &mut self,
        chunk: &Chunk<'v>,
        value: &'v [u8],
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
        if replaced_len(value) > self.room_beside(self.values_len() + line.bytes.len()) {
            self.too_large(line.bytes, line.end, sink);
            return None;
        }
        let at = line.end - 1 - (value.len() - error.valid_up_to()) as u64;
        self.note_line(Note::InvalidUtf8 { at }, line.end, sink);
        Some(String::from_utf8_lossy(value))
    }

    /// An empty line.
    #[inline]
    fn dispatch(&mut self, chunk: &Chunk<'_>, end: u64, sink: &mut impl FnMut(Item<'_>)) {
        let Some(start) = self.event_start.take() else {
            sink(Item {
                range: self.line_start..end,
                content: Content::Blank,
            });
            return;
        };
        let range = start..end;
        if self.skipped {
            let note = Note::TooLarge { bound: self.bound };
            sink(Item {
                range,
                content: Content::Note(note),
            });
        } else if self.data_lines == 0 {
            let event_type = quoted(self.event_type.as_bytes());
            sink(Item {
                range,
                content: Content::Note(Note::NoData { event_type }),
            });
        } else {
            let lent = self.lent.take();
            if let Some(data) = lent.clone().and_then(|lent| chunk.text(lent)) {
                self.event(range, data, sink);
            } else {
                let data = lent.map_or(&self.data[..], |lent| &chunk.bytes[lent]);
                match str::from_utf8(data) {
                    Ok(data) => self.event(range, data, sink),
                    Err(error) => {
                        let at = self
                            .invalid_at
                            .unwrap_or(self.last_value.1 + error.valid_up_to() as u64);
                        self.event_with_replacement(range, data, at, sink);
                    }
                }
            }
        }
        self.skipped = false;
        self.data_lines = 0;
        self.data.clear();
        self.event_type.clear();
        self.invalid_at = None;
    }

    #[cold]
    fn event_with_replacement(
        &self,
        range: Range<u64>,
        data: &[u8],
        at: u64,
        sink: &mut impl FnMut(Item<'_>),
    ) {
        if replaced_len(data) > self.room_beside(data.len()) {
            let note = Note::TooLarge { bound: self.bound };
            sink(Item {
                range,
                content: Content::Note(note),
            });
            return;
        }
        let note = Content::Note(Note::InvalidUtf8 { at });
        sink(Item {
            range: range.clone(),
            content: note,
        });
        self.event(range, &String::from_utf8_lossy(data), sink);
    }

    #[inline]
    fn event(&self, range: Range<u64>, data: &str, sink: &mut impl FnMut(Item<'_>)) {
        let event_type = match self.event_type.as_str() {
            "" => "message",
            "open" => self.shadows("open", &range, sink),
            "error" => self.shadows("error", &range, sink),
            named => named,
        };
        let event = Event {
            event_type,
            data,
            last_event_id: &self.last_event_id,
        };
        sink(Item {
            range,
            content: Content::Event(event),
        });
    }

    #[cold]
    fn shadows(
        &self,
        event_type: &'static str,
        range: &Range<u64>,
        sink: &mut impl FnMut(Item<'_>),
    ) -> &'static str {
        let content = Content::Note(Note::Shadows { event_type });
        sink(Item {
            range: range.clone(),
            content,
        });
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
            self.data = Vec::new();
            self.data_lines = 0;
            self.invalid_at = None;
            self.event_type.clear();
        } else {
            self.note_line(Note::TooLarge { bound: self.bound }, end, sink);
        }
    }

    fn note_line(&self, note: Note, end: u64, sink: &mut impl FnMut(Item<'_>)) {
        sink(Item {
            range: self.line_start..end,
            content: Content::Note(note),
        });
    }

    fn note_line_end(&mut self, now: LineEnd, sink: &mut impl FnMut(Item<'_>)) {
        let first = *self.line_end.get_or_insert(now);
        if first != now && !self.mixed {
            self.mixed = true;
            // The byte that ended the line; of a CRLF, the CR.
            let range = self.line_start - 1..self.line_start;
            sink(Item {
                range,
                content: Content::Note(Note::MixedLineEnds { first, now }),
            });
        }
    }

    /// Appends to the data, without growing beyond the bound for the sake of growth.
    fn push_data(&mut self, bytes: &[u8]) {
        let needed = self.data.len() + bytes.len();
        if needed > self.data.capacity() {
            self.trim(needed - self.data.len());
            let most = self
                .bound
                .saturating_sub(self.held() - self.data.capacity());
            let wanted = (2 * self.data.capacity()).min(most).max(needed);
            self.data.reserve_exact(wanted - self.data.len());
        }
        self.data.extend_from_slice(bytes);
    }

    /// Appends to the line, likewise.
    fn push_line(&mut self, bytes: &[u8]) {
        let needed = self.line.len() + bytes.len();
        if needed > self.line.capacity() {
            self.trim(needed - self.line.len());
            let most = self
                .bound
                .saturating_sub(self.held() - self.line.capacity());
            let wanted = (2 * self.line.capacity()).min(most).max(needed);
            self.line.reserve_exact(wanted - self.line.len());
        }
        self.line.extend_from_slice(bytes);
    }

    /// Gives back what is held and not used, if it and `more` bytes are beyond the bound.
    fn trim(&mut self, more: usize) {
        if self.held() + more > self.bound {
            self.line.shrink_to_fit();
            self.data.shrink_to_fit();
            self.event_type.shrink_to_fit();
            self.last_event_id.shrink_to_fit();
        }
    }

    /// How many bytes can be kept beside `values` bytes of data and the other fields.
    #[inline]
    fn room_beside(&self, values: usize) -> usize {
        self.bound
            .saturating_sub(values + self.event_type.len() + self.last_event_id.len())
    }

    /// The length of the data so far, wherever it is.
    #[inline]
    fn values_len(&self) -> usize {
        self.data.len() + self.lent.as_ref().map_or(0, Range::len)
    }
}

/// A chunk, and as much of it as is UTF-8 from its beginning on: checked at once, which costs much
/// less than to check each value.
struct Chunk<'a> {
    bytes: &'a [u8],
    text: &'a str,
    /// Where `text` begins in `bytes`: after the end of a character that began in the chunk before.
    text_at: usize,
}

impl<'a> Chunk<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let text_at = bytes
            .iter()
            .take(3)
            .take_while(|byte| **byte & 0xC0 == 0x80)
            .count();
        let text = str::from_utf8(&bytes[text_at..]).unwrap_or_else(|error| {
            let valid = &bytes[text_at..text_at + error.valid_up_to()];
            str::from_utf8(valid).unwrap_or_default()
        });
        Self {
            bytes,
            text,
            text_at,
        }
    }

    /// The bytes in `range` as text, if that is known to be UTF-8.
    #[inline]
    fn text(&self, range: Range<usize>) -> Option<&'a str> {
        self.text
            .get(range.start.checked_sub(self.text_at)?..range.end.checked_sub(self.text_at)?)
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

/// Makes `text` be `value`; whether it had to grow for that.
#[inline]
fn set(text: &mut String, value: &str) -> bool {
    let grows = value.len() > text.capacity();
    text.clear();
    if grows {
        text.reserve_exact(value.len());
    }
    text.push_str(value);
    grows
}

/// The value of a field, less the one space that may stand before it.
fn without_space(value: &[u8]) -> &[u8] {
    value.strip_prefix(b" ").unwrap_or(value)
}

/// The length of `bytes` as text, with three bytes for each replacement.
fn replaced_len(bytes: &[u8]) -> usize {
    bytes
        .utf8_chunks()
        .map(|part| part.valid().len() + if part.invalid().is_empty() { 0 } else { 3 })
        .sum()
}
