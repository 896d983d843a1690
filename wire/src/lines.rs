//! Splits the stream into lines.

use std::{mem, ops::Range};

use crate::{
    block::Block,
    chunk::{Chunk, Line},
    item::{Content, Item},
    note::{LineEnd, Note},
};

const BOM: &[u8] = "\u{FEFF}".as_bytes();

/// Splits the stream into lines and passes them to a [`Block`] (HTML, 9.2.5).
///
/// A line that begins and ends in one chunk is not copied. If a line continues in the next chunk,
/// [`UnfinishedLine`] keeps its beginning.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    /// Where in the stream the next chunk begins.
    chunk_start: u64,
    /// Where in the stream the current line begins. The LF of a CRLF belongs to this line, because
    /// the CR has already ended the one before.
    line_start: u64,
    /// Whether the last byte was a CR: an LF that follows is part of the same line end.
    after_cr: bool,
    /// How many bytes of a byte order mark the stream begins with. `None` as soon as the byte order
    /// mark is complete, or the stream is known to begin with something else.
    bom: Option<usize>,
    first_line_end: Option<LineEnd>,
    /// Whether [`Note::MixedLineEnds`] was reported.
    mixed_noted: bool,
    unfinished: UnfinishedLine,
}

impl Lines {
    pub(crate) fn new() -> Self {
        Self {
            chunk_start: 0,
            line_start: 0,
            after_cr: false,
            bom: Some(0),
            first_line_end: None,
            mixed_noted: false,
            unfinished: UnfinishedLine::default(),
        }
    }

    /// Where in the stream the current line begins.
    pub(crate) fn line_start(&self) -> u64 {
        self.line_start
    }

    /// Passes each line that ends in the chunk `bytes` to `block`.
    #[inline(always)]
    pub(crate) fn read(
        &mut self,
        bytes: &[u8],
        block: &mut Block,
        sink: &mut impl FnMut(Item<'_>),
    ) {
        let mut start = self.skip_bom(bytes, block, sink);
        let chunk = Chunk::new(bytes);
        let every_line_fits = self.unfinished.len == 0 && block.fits_every_line(bytes.len());
        while start < bytes.len() {
            if self.after_cr && self.complete_line_end(bytes[start], sink) {
                start += 1;
                continue;
            }
            let Some(len) = chunk.line_len(start) else {
                break;
            };
            let end = start + len;
            let next = end + 1;
            let line = &bytes[start..end];
            let range = self.line_start..self.chunk_start + next as u64;
            if self.unfinished.len > 0 {
                let offset = self.chunk_start + start as u64;
                self.unfinished.push(line, offset, block);
                self.end_unfinished(range, &chunk, block, sink);
            } else if every_line_fits || block.fits_line(line) {
                let line = Line {
                    bytes: line,
                    range,
                    chunk: &chunk,
                    start_in_chunk: Some(start),
                };
                block.line(&line, sink);
            } else {
                block.skip_line(line, range, sink);
            }
            self.line_start = self.chunk_start + next as u64;
            if bytes[end] == b'\r' {
                self.after_cr = true;
            } else if self.first_line_end != Some(LineEnd::Lf) {
                self.note_line_end(LineEnd::Lf, sink);
            }
            start = next;
        }
        block.copy_data(bytes);
        if start < bytes.len() {
            let offset = self.chunk_start + start as u64;
            self.unfinished.push(&bytes[start..], offset, block);
        }
        self.chunk_start += bytes.len() as u64;
    }

    /// Reports a line or a block that is unfinished at the end of the stream.
    pub(crate) fn finish(&mut self, block: &Block, sink: &mut impl FnMut(Item<'_>)) {
        if self.after_cr {
            self.note_line_end(LineEnd::Cr, sink);
        }
        let end = self.chunk_start;
        let in_line = self.unfinished.len > 0 || self.bom.is_some_and(|read| read > 0);
        if let Some(start) = block.start().or(in_line.then_some(self.line_start)) {
            let note = if block.is_too_large() || !self.unfinished.fits() {
                block.too_large_note()
            } else {
                Note::Unfinished
            };
            sink(Item::new(start..end, Content::Note(note)));
        } else if self.line_start < end {
            // The LF of a CRLF.
            sink(Item::new(self.line_start..end, Content::Blank));
        }
    }

    /// Skips a byte order mark at the beginning of the stream. Returns how many bytes of the chunk
    /// belong to the byte order mark.
    #[inline]
    fn skip_bom(
        &mut self,
        chunk: &[u8],
        block: &mut Block,
        sink: &mut impl FnMut(Item<'_>),
    ) -> usize {
        let Some(read) = self.bom else { return 0 };
        let more = BOM[read..]
            .iter()
            .zip(chunk)
            .take_while(|(expected, byte)| expected == byte)
            .count();
        if read + more == BOM.len() {
            self.bom = None;
            self.line_start = BOM.len() as u64;
            let note = Content::Note(Note::BomAtStart);
            sink(Item::new(0..self.line_start, note));
            more
        } else if more == chunk.len() {
            self.bom = Some(read + more);
            more
        } else {
            // Not a byte order mark: these bytes begin the first line.
            self.bom = None;
            if read > 0 {
                self.unfinished.push(&BOM[..read], 0, block);
            }
            0
        }
    }

    /// Completes a line end that began with a CR, given the byte after the CR. Returns whether that
    /// byte is an LF, which is part of the line end.
    #[inline]
    fn complete_line_end(&mut self, byte: u8, sink: &mut impl FnMut(Item<'_>)) -> bool {
        self.after_cr = false;
        let is_lf = byte == b'\n';
        let line_end = if is_lf { LineEnd::CrLf } else { LineEnd::Cr };
        self.note_line_end(line_end, sink);
        is_lf
    }

    #[cold]
    fn note_line_end(&mut self, now: LineEnd, sink: &mut impl FnMut(Item<'_>)) {
        let first = *self.first_line_end.get_or_insert(now);
        if first != now && !self.mixed_noted {
            self.mixed_noted = true;
            // The byte that ended the line; of a CRLF, the CR.
            let range = self.line_start - 1..self.line_start;
            let note = Note::MixedLineEnds { first, now };
            sink(Item::new(range, Content::Note(note)));
        }
    }

    /// Passes the unfinished line, which is now complete, to `block`.
    #[cold]
    fn end_unfinished(
        &mut self,
        range: Range<u64>,
        chunk: &Chunk<'_>,
        block: &mut Block,
        sink: &mut impl FnMut(Item<'_>),
    ) {
        let unfinished = mem::take(&mut self.unfinished);
        if !unfinished.fits() {
            block.skip_line(unfinished.head(), range, sink);
        } else if unfinished.place == Place::Data {
            block.end_value(range.start);
        } else {
            let buffer = block.buffers.take_line();
            let bytes = match unfinished.place {
                Place::Head => unfinished.head(),
                _ => &buffer,
            };
            let line = Line {
                bytes,
                range,
                chunk,
                start_in_chunk: None,
            };
            block.line(&line, sink);
            block.buffers.put_line_back(buffer);
        }
    }
}

/// The beginning of a line whose end was not read yet.
#[derive(Clone, Debug, Default)]
struct UnfinishedLine {
    /// The length of the line so far, including bytes that are not kept.
    len: usize,
    /// The first bytes of the line, which decide where the others are kept.
    head: [u8; Self::HEAD],
    /// How many bytes can be kept of the line.
    room: usize,
    place: Place,
}

/// Where the bytes of an unfinished line are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// In [`UnfinishedLine::head`]: the line is shorter so far.
    #[default]
    Head,
    /// All of them in [`Buffers::line`](crate::buffers::Buffers::line).
    Line,
    /// The line is a `data` line, and the beginning of its value is at the end of the block's data. So
    /// a value of many chunks is neither copied nor kept twice.
    Data,
    /// Nowhere: the line is too long.
    Nowhere,
}

impl UnfinishedLine {
    /// Enough for every field name with its colon, and for `data:` with the space that is not part
    /// of the value.
    const HEAD: usize = 6;

    fn head(&self) -> &[u8] {
        &self.head[..self.len.min(Self::HEAD)]
    }

    fn fits(&self) -> bool {
        Block::needed_for_line(self.head(), self.len) <= self.room
    }

    /// Appends `piece`, which begins at `offset` in the stream, to the line.
    #[inline(never)]
    fn push(&mut self, piece: &[u8], offset: u64, block: &mut Block) {
        if self.len == 0 {
            self.room = block.room();
        }
        let free = &mut self.head[self.len.min(Self::HEAD)..];
        let (for_head, rest) = piece.split_at(free.len().min(piece.len()));
        free[..for_head.len()].copy_from_slice(for_head);
        self.len = self.len.saturating_add(piece.len());
        if self.len < Self::HEAD {
            return;
        }
        if !self.fits() {
            match self.place {
                Place::Data => block.buffers.data = Vec::new(),
                Place::Line => block.buffers.line = Vec::new(),
                Place::Head | Place::Nowhere => {}
            }
            self.place = Place::Nowhere;
            return;
        }
        if self.place == Place::Head {
            if let Some(value) = self.head.strip_prefix(b"data:") {
                let value = value.strip_prefix(b" ").unwrap_or(value);
                let offset = offset + (for_head.len() - value.len()) as u64;
                block.begin_value(offset);
                block.push_value(value);
                self.place = Place::Data;
            } else {
                block.buffers.push_line(&self.head);
                self.place = Place::Line;
            }
        }
        if self.place == Place::Data {
            block.push_value(rest);
        } else {
            block.buffers.push_line(rest);
        }
    }
}
