//! What a reader passes to its caller.

use std::ops::Range;

use crate::Note;

/// A part of an event stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// The bytes of the item, counted from the beginning of the stream.
    ///
    /// An event begins with its first line that has an effect on it (`data`, `event` or `id`) and ends
    /// with the empty line that dispatches it. A comment, a reconnection time and an ignored line are
    /// one line each, which can be between the lines of an event. A line includes its end, except that
    /// the LF of a CRLF belongs to the next line, because the CR has already ended the line.
    ///
    /// So the ranges of all items cover the stream without a gap. They overlap in two cases only: a
    /// line within an event, and a note that accompanies the item that it is about
    /// ([`Note::InvalidUtf8`], [`Note::Shadows`], [`Note::MixedLineEnds`] and [`Note::Overridden`]).
    pub range: Range<u64>,
    /// What the item is.
    pub content: Content<'a>,
    /// The last event ID that the item sets, if it ends a block with an `id` field.
    ///
    /// A block sets the last event ID even if it dispatches no event, so [`Note::NoData`] and
    /// [`Note::TooLarge`] can have an ID as well. While a stream is read, nothing else changes the
    /// last event ID. The ID may be empty, and may be the same as before.
    ///
    /// ```
    /// let mut ids = Vec::new();
    /// let mut reader = sse_wire::Reader::default();
    /// reader.read(b"id: 1\ndata: a\n\ndata: b\n\nid: 2\n\n", |item| {
    ///     ids.push(item.id.map(str::to_owned));
    /// });
    /// assert_eq!(ids, [Some("1".to_owned()), None, Some("2".to_owned())]);
    /// assert_eq!(reader.last_event_id(), "2");
    /// ```
    pub id: Option<&'a str>,
}

impl<'a> Item<'a> {
    /// An item that does not set the last event ID.
    pub(crate) fn new(range: Range<u64>, content: Content<'a>) -> Self {
        Self {
            range,
            content,
            id: None,
        }
    }
}

/// What an [`Item`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// An event that a browser dispatches.
    Event(Event<'a>),
    /// A comment: the text after the colon, without one leading space.
    Comment(&'a str),
    /// A new reconnection time, in ms. One that exceeds `u64` is `u64::MAX`.
    Retry(u64),
    /// Something that has no effect, or an unexpected one.
    Note(Note),
    /// A line end without meaning: an empty line outside of a block, or the LF of a CRLF at the end of
    /// the stream.
    Blank,
}

/// An event exactly as a browser dispatches it (HTML, 9.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// The event type; `message` if the event has no `event` field, or an empty one.
    pub event_type: &'a str,
    /// The data: the values of all `data` fields, joined by LF.
    pub data: &'a str,
    /// The last event ID at the dispatch, set by this event ([`Item::id`]) or by an earlier block.
    pub last_event_id: &'a str,
}
