//! The reader: receives bytes, and passes on items.

use std::mem;

use crate::{block::Block, item::Item, lines::Lines};

const DEFAULT_BOUND: usize = 64 << 20;

/// Reads an event stream in chunks, which can end anywhere.
///
/// An [`Item`] is passed to the caller as soon as its last byte is read. Its text is borrowed, from the
/// caller's chunk where possible.
///
/// ```
/// use sse_wire::{Content, Reader};
///
/// let mut events = Vec::new();
/// let mut reader = Reader::default();
/// for chunk in ["data: fir", "st\n\nevent: end\ndata\n\n"] {
///     reader.read(chunk.as_bytes(), |item| {
///         if let Content::Event(event) = item.content {
///             events.push((event.event_type.to_owned(), event.data.to_owned()));
///         }
///     });
/// }
/// reader.finish(|_| {});
/// assert_eq!(events, [("message".into(), "first".into()), ("end".into(), "".into())]);
/// ```
#[derive(Clone, Debug)]
pub struct Reader {
    lines: Lines,
    block: Block,
}

impl Default for Reader {
    fn default() -> Self {
        Self::with_bound(DEFAULT_BOUND)
    }
}

impl Reader {
    /// Creates a reader that keeps at most `bound` bytes at once: the fields of the current block, the
    /// last event ID and the current line. A line or a block that does not fit is skipped with a
    /// [`Note::TooLarge`](crate::Note::TooLarge). The bound of `Reader::default()` is 64 MiB.
    pub fn with_bound(bound: usize) -> Self {
        Self {
            lines: Lines::new(),
            block: Block::new(bound),
        }
    }

    /// Sets the last event ID, for a stream that continues an earlier one.
    #[must_use]
    pub fn with_last_event_id(mut self, last_event_id: impl Into<String>) -> Self {
        self.block.buffers.last_event_id = last_event_id.into();
        self
    }

    /// Reads the next bytes of the stream, and passes each item that they complete to `sink`.
    pub fn read(&mut self, chunk: &[u8], mut sink: impl FnMut(Item<'_>)) {
        self.lines.read(chunk, &mut self.block, &mut sink);
    }

    /// Ends the stream. A line or a block that is unfinished is discarded with a note (HTML, 9.2.6).
    ///
    /// The reader can then read another stream. It keeps the last event ID, as an `EventSource` does
    /// when it reconnects.
    pub fn finish(&mut self, mut sink: impl FnMut(Item<'_>)) {
        self.lines.finish(&self.block, &mut sink);
        let last_event_id = mem::take(&mut self.block.buffers.last_event_id);
        *self = Self::with_bound(self.block.buffers.bound).with_last_event_id(last_event_id);
    }

    /// The last event ID, which a client sends as `Last-Event-ID` when it reconnects. An `id` field
    /// sets it at the end of its block ([`Item::id`]).
    pub fn last_event_id(&self) -> &str {
        &self.block.buffers.last_event_id
    }

    /// Where in the stream the current block begins, or, between blocks, the current line.
    pub fn pending(&self) -> u64 {
        self.block.start().unwrap_or(self.lines.line_start())
    }

    /// How many bytes the reader has allocated: at most the bound and the length of the last chunk.
    pub fn held(&self) -> usize {
        self.block.buffers.held()
    }
}
