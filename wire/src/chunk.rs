//! A chunk of the stream, and one line of it.

use std::{ops::Range, str};

use memchr::{memchr, memchr2};

/// The chunk that the caller passes to the reader. It is checked once, because checking each line
/// would be slow.
pub(crate) struct Chunk<'a> {
    pub(crate) bytes: &'a [u8],
    /// The bytes from `utf8_start` to the first that is not UTF-8, or to the end of the chunk.
    utf8: &'a str,
    /// Where the first character of the chunk begins. Bytes before it belong to a character that began
    /// in the chunk before.
    utf8_start: usize,
    may_have_cr: bool,
    may_have_nul: bool,
}

impl<'a> Chunk<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let utf8_start = bytes
            .iter()
            .take(3)
            .take_while(|byte| **byte & 0xC0 == 0x80)
            .count();
        let utf8 = str::from_utf8(&bytes[utf8_start..]).unwrap_or_else(|error| {
            let valid = &bytes[utf8_start..utf8_start + error.valid_up_to()];
            str::from_utf8(valid).unwrap_or_default()
        });
        // In a short chunk, searching costs more than it saves.
        let may_have = |byte| bytes.len() < 256 || memchr(byte, bytes).is_some();
        Self {
            bytes,
            utf8,
            utf8_start,
            may_have_cr: may_have(b'\r'),
            may_have_nul: may_have(0),
        }
    }

    /// The length of the line that begins at `start`, if the line ends in this chunk.
    #[inline(always)]
    pub(crate) fn line_len(&self, start: usize) -> Option<usize> {
        let rest = &self.bytes[start..];
        // Every other line of most streams is empty: no search for its end.
        if matches!(rest.first(), Some(b'\n' | b'\r')) {
            Some(0)
        } else if self.may_have_cr {
            memchr2(b'\n', b'\r', rest)
        } else {
            memchr(b'\n', rest)
        }
    }

    /// The bytes in `range` as text, if they are known to be UTF-8.
    #[inline(always)]
    pub(crate) fn text(&self, range: Range<usize>) -> Option<&'a str> {
        let start = range.start.checked_sub(self.utf8_start)?;
        let end = range.end.checked_sub(self.utf8_start)?;
        self.utf8.get(start..end)
    }
}

/// A complete line.
pub(crate) struct Line<'a> {
    /// The line without its end.
    pub(crate) bytes: &'a [u8],
    /// Where the line is in the stream, with its end. The LF of a CRLF belongs to the next line.
    pub(crate) range: Range<u64>,
    /// The chunk in which the line ends.
    pub(crate) chunk: &'a Chunk<'a>,
    /// Where `bytes` begins in `chunk`; `None` if the line began in an earlier chunk.
    pub(crate) start_in_chunk: Option<usize>,
}

impl<'a> Line<'a> {
    /// Where `value`, the last bytes of this line, lies in the chunk.
    #[inline(always)]
    pub(crate) fn range_in_chunk(&self, value: &[u8]) -> Option<Range<usize>> {
        let end = self.start_in_chunk? + self.bytes.len();
        Some(end - value.len()..end)
    }

    /// Where `value`, the last bytes of this line, begins in the stream.
    #[inline(always)]
    pub(crate) fn offset(&self, value: &[u8]) -> u64 {
        self.range.end - 1 - value.len() as u64
    }

    /// `value`, the last bytes of this line, as text, if it is known to be UTF-8.
    #[inline(always)]
    pub(crate) fn text(&self, value: &[u8]) -> Option<&'a str> {
        self.chunk.text(self.range_in_chunk(value)?)
    }

    /// Whether `value`, the last bytes of this line, contains U+0000.
    #[inline(always)]
    pub(crate) fn has_nul(&self, value: &[u8]) -> bool {
        // An ID is too short for memchr to pay off.
        (self.chunk.may_have_nul || self.start_in_chunk.is_none()) && value.contains(&0)
    }
}
