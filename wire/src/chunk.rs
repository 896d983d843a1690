//! The caller's bytes, and what is asked of them once instead of at each line.

use std::{ops::Range, str};

use memchr::memchr;

/// A chunk, and as much of it as is UTF-8 from its beginning on: checked at once, which costs much
/// less than to check each value.
pub(crate) struct Chunk<'a> {
    pub(crate) bytes: &'a [u8],
    text: &'a str,
    /// Where `text` begins in `bytes`: after the end of a character that began in the chunk before.
    text_at: usize,
    /// There may be a CR in it.
    pub(crate) cr: bool,
    /// There may be a NUL in it.
    pub(crate) nul: bool,
}

impl<'a> Chunk<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let text_at = bytes
            .iter()
            .take(3)
            .take_while(|byte| **byte & 0xC0 == 0x80)
            .count();
        let text = str::from_utf8(&bytes[text_at..]).unwrap_or_else(|error| {
            let valid = &bytes[text_at..text_at + error.valid_up_to()];
            str::from_utf8(valid).unwrap_or_default()
        });
        // In a short chunk there is little to win by knowing.
        let may_contain = |byte| bytes.len() < 256 || memchr(byte, bytes).is_some();
        Self {
            bytes,
            text,
            text_at,
            cr: may_contain(b'\r'),
            nul: may_contain(0),
        }
    }

    /// The bytes in `range` as text, if that is known to be UTF-8.
    #[inline(always)]
    pub(crate) fn text(&self, range: Range<usize>) -> Option<&'a str> {
        self.text
            .get(range.start.checked_sub(self.text_at)?..range.end.checked_sub(self.text_at)?)
    }
}
