//! The sources of events: the only code that touches the browser's network and file objects.

mod answer;
mod body;
mod breaks;
mod capture;
mod comparison;
mod event_source;
mod fetch;
mod own_server;
mod own_streams;
mod probe;
mod relay;
mod response;
mod url;

use std::{cell::Cell, rc::Rc};

use sse_wire::Event;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortController, AbortSignal};

pub use answer::{Hop, Phases, Relayed};
pub(crate) use capture::Capture;
#[cfg(test)]
pub(crate) use comparison::Beginning;
pub(crate) use comparison::{Comparing, Comparison};
pub(crate) use event_source::EventSource;
pub(crate) use fetch::Fetch;
pub(crate) use own_server::ask;
pub(crate) use own_streams::{Counted, count};
pub(crate) use probe::{Inquiry, Outcome, Probe, Target};
pub(crate) use relay::Relay;
pub use response::Response;
pub(crate) use response::refusal;
pub use url::UrlError;
pub(crate) use url::{begins_with_a_host, resolve};

use crate::journal::{CaptureError, Record};

/// The message of a value that the browser threw.
pub(crate) fn thrown_message(thrown: &JsValue) -> String {
    let message = thrown
        .dyn_ref::<js_sys::Error>()
        .map(js_sys::Error::message);
    message.map_or_else(|| "the browser refuses it".to_owned(), String::from)
}

/// A stream that is being received. Dropping the source ends the stream.
pub(crate) enum Source {
    EventSource(EventSource),
    Fetch(#[expect(dead_code, reason = "held for its Drop")] Fetch),
    Relay(#[expect(dead_code, reason = "held for its Drop")] Relay),
    Capture(#[expect(dead_code, reason = "held for its Drop")] Capture),
}

/// What a source passes to its owner.
pub(crate) enum Notice<'a> {
    /// The response is an event stream.
    Opened,
    /// An event was dispatched, and its bytes are not known.
    Event {
        /// When it was dispatched, in ms since the page's time origin.
        time_stamp: f64,
        event: Event<'a>,
    },
    /// Bytes of the stream arrived.
    Bytes {
        bytes: &'a [u8],
        /// Whether they arrived in one read with the bytes before them.
        continues: bool,
    },
    /// The server answered, with an event stream or without.
    Response(Response),
    /// What the relay reports about the request, as far as it is known now.
    Relayed(Relayed),
    /// The connection failed or ended.
    Failed(Failure),
    /// A record of a capture.
    Record(Record<'a>),
    /// The fraction of a capture that was read so far, from 0 to 1.
    Progress(f64),
    /// The capture was read to its end, or to an error.
    Played(Result<(), CaptureError>),
}

/// Ends the notices of a source when it is dropped.
struct Guard(Rc<Cell<bool>>);

impl Guard {
    /// A guard, and a function that passes notices to `on_notice` until the guard is dropped. The function
    /// returns whether the source should go on.
    fn new(on_notice: Rc<dyn Fn(Notice<'_>)>) -> (Self, impl Fn(Notice<'_>) -> bool) {
        let alive = Rc::new(Cell::new(true));
        let guard = Self(Rc::clone(&alive));
        let notify = move |notice: Notice<'_>| {
            if alive.get() {
                on_notice(notice);
            }
            alive.get()
        };
        (guard, notify)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// Aborts a request when it is dropped.
struct Abort(AbortController);

impl Abort {
    fn new() -> Result<Self, JsValue> {
        AbortController::new().map(Self)
    }

    fn signal(&self) -> AbortSignal {
        self.0.signal()
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How a connection ended, other than by its owner. The `Display` is a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The connection was lost or could not be made, and the browser's `EventSource` tries again by
    /// itself.
    #[error("The connection was lost or could not be made.")]
    BrowserRetries,
    /// The browser's `EventSource` has given up, and does not expose why. The response may be none of an
    /// event stream, or CORS forbids reading it; but a browser may give up too if no server answers (HTML,
    /// 9.2.3), as Firefox does for another origin than the page's.
    #[error("The browser gave up and does not report why.")]
    BrowserGaveUp,
    /// No response arrived: the network failed, or CORS forbids reading the response. A browser does not expose
    /// which.
    #[error(
        "No response: no server answers there, the network is down, or CORS hides the response."
    )]
    Unreachable,
    /// The body of the response is over. The server has ended it, or the connection was lost in a way that
    /// the browser does not report: none does if the body has no length and is not chunked, and WebKit does
    /// not for a chunked body whose connection is closed.
    #[error("The stream ended or broke off.")]
    Ended,
    /// The browser reports that the connection was lost in the middle of the response. Bytes that it had
    /// not handed over by then are lost.
    #[error("The connection broke off in the middle of the response.")]
    BrokeOff,
    /// The response is not an event stream: its status is not 200, or its content type is not
    /// `text/event-stream`.
    #[error("The response is not an event stream.")]
    Refused {
        /// How long the server asks clients to wait (the `Retry-After` header), in ms.
        retry_after: Option<u64>,
    },
    /// The stream arrived faster than the page can read, in a browser that does not hold the server back:
    /// it was closed before it could fill the memory.
    #[error(
        "Closed before memory runs out: the server sends faster than the page reads. Request less, or slower."
    )]
    TooFast,
    /// The status is 204, which asks clients to stop reconnecting (HTML, 9.2.3).
    #[error("Server answered 204, which asks clients to stop.")]
    NoContent,
    /// By the relay: how the connection to the server failed or ended.
    #[error("{text}")]
    Upstream {
        /// What it means for the stream.
        end: UpstreamEnd,
        /// The relay's sentence.
        text: String,
    },
    /// The relay of the page's server could not do its part; the server of the stream has nothing to do
    /// with it.
    #[error("The relay of this page’s server: {text}")]
    Relay {
        /// Whether it would not do the same request later either.
        is_final: bool,
        /// What is wrong.
        text: String,
    },
    /// Nothing arrived for as long as the
    /// [`idle_timeout`](crate::UseEventSourceOptions::idle_timeout).
    #[error("Nothing arrived within the idle timeout.")]
    TimedOut,
}

/// How a connection that the relay made came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpstreamEnd {
    /// No response arrived.
    NoResponse,
    /// The response is complete: the server has ended it.
    Ended,
    /// The connection was lost in the middle of the response, or its content is damaged.
    BrokeOff,
}
