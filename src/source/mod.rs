//! Where events come from: the only code that touches the browser's network objects.

mod event_source;
mod fetch;
mod url;

use sse_wire::Event;

pub(crate) use event_source::EventSource;
pub use fetch::{Answer, FetchRequest};
pub(crate) use fetch::{Fetch, forbidden_header};
pub use url::UrlError;
pub(crate) use url::resolve;

/// A connection to a stream, which ends when this is dropped.
pub(crate) enum Source {
    EventSource(EventSource),
    Fetch(#[expect(dead_code, reason = "held for its Drop")] Fetch),
}

/// What a source tells its owner.
pub(crate) enum Notice<'a> {
    /// The response is an event stream.
    Opened,
    /// An event was dispatched; the bytes that it came in are not known.
    Event {
        /// When, in ms since the page's time origin.
        time_stamp: f64,
        event: Event<'a>,
    },
    /// Bytes of the stream came.
    Bytes(&'a [u8]),
    /// What the server answered, an event stream or not.
    Answered(Answer),
    /// The connection failed or ended.
    Failed(Failure),
}

/// How a connection ended, unless its owner ended it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The browser tries again by itself.
    BrowserRetries,
    /// The stream ended, or broke off, or no answer came.
    Lost,
    /// The answer was none, and trying again at once would not help: a status that is not 200,
    /// another content type, or whatever an `EventSource` keeps to itself.
    Refused,
    /// Status 204: clients are to stay away (HTML, 9.2.3).
    NoContent,
}
