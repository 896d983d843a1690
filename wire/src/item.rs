//! What is read.

use std::ops::Range;

use crate::Note;

/// Something in an event stream, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Item<'a> {
    /// Its bytes, counted from the beginning of the stream.
    ///
    /// An event begins at its first line that contributes (`data`, `event` or `id`) and ends with
    /// the empty line that dispatches it; a comment, a reconnection time or an ignored line is that
    /// line, also between the lines of an event. Each line includes its end; of a CRLF, the LF is
    /// counted with what follows, because a CR already ends the line. So the ranges of all items
    /// cover the stream without a gap, and without an overlap but for lines within an event, and
    /// for notes that stand beside the item that they are about: [`Note::InvalidUtf8`],
    /// [`Note::Shadows`], [`Note::MixedLineEnds`] and [`Note::Overridden`].
    pub range: Range<u64>,
    /// What it is.
    pub content: Content<'a>,
    /// The last event ID that this item sets, if it ends a block with an `id` field.
    ///
    /// A block need not be an event to set the last event ID: [`Note::NoData`] and
    /// [`Note::TooLarge`] can have an `id` too. In a stream, the last event ID changes with these
    /// items and with no others. The ID may be empty, or the same as before.
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
    /// An item that sets no last event ID.
    pub(crate) fn new(range: Range<u64>, content: Content<'a>) -> Self {
        Self {
            range,
            content,
            id: None,
        }
    }
}

/// What an [`Item`] is.
#[derive(Clone, Debug, PartialEq)]
pub enum Content<'a> {
    /// An event that a browser dispatches.
    Event(Event<'a>),
    /// A comment: what follows the colon, less one space.
    Comment(&'a str),
    /// A new reconnection time in ms, as large as `u64` can tell.
    Retry(u64),
    /// Something without effect, or with a surprising one.
    Note(Note),
    /// An end of a line that ends nothing: an empty line outside of any event, or the LF of a CRLF
    /// that ended the stream.
    Blank,
}

/// An event exactly as a browser dispatches it (HTML, 9.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// The event type; `message` unless the stream says otherwise.
    pub event_type: &'a str,
    /// The data: the values of all `data` fields, joined by LF.
    pub data: &'a str,
    /// The last event ID as it stands at the dispatch, from this event or an earlier one.
    pub last_event_id: &'a str,
}
