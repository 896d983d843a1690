//! `GET /stream`: the article's stream, unless the query asks for another. The README states it as a
//! contract. The body of a generated stream is in `generated.rs`.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::Body,
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http_body::Frame;
use jiff::Timestamp;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use sse_wire::encode;

use crate::{date, generated::Generator, spec::Spec};

/// The time between two events of the default stream.
const PERIOD: Duration = Duration::from_secs(1);

/// How long a client is to wait before it tries again, in ms.
pub(crate) const RECONNECTION_TIME_MS: u64 = 10_000;

/// The streams of one server: how many are live, and the means to end them all.
#[derive(Clone, Default)]
pub struct Streams {
    live: Arc<AtomicUsize>,
    end: CancellationToken,
}

impl Streams {
    /// How many streams are open: each holds at most one timer, which ends with it.
    pub fn live(&self) -> usize {
        self.live.load(Ordering::Relaxed)
    }

    /// Ends every open stream as a whole response ends, and every later one at once.
    pub fn end_all(&self) {
        self.end.cancel();
    }

    pub(crate) async fn ended(&self) {
        self.end.cancelled().await;
    }

    /// [`Streams::ended`] for a body, which keeps it to poll it.
    pub(crate) fn end(&self) -> Pin<Box<WaitForCancellationFutureOwned>> {
        Box::pin(self.end.clone().cancelled_owned())
    }
}

pub(crate) async fn serve(State(streams): State<Streams>, RawQuery(query): RawQuery) -> Response {
    let body = match Spec::parse(query.as_deref().unwrap_or_default()) {
        Ok(Spec::Default) => Body::new(Clock::start(&streams)),
        Ok(Spec::Generated(spec)) => Body::new(Generator::start(&spec, &streams)),
        Ok(Spec::Raw { bytes, split }) => Body::new(Raw {
            bytes,
            split,
            wrote: false,
            _live: Live::new(&streams),
        }),
        Err(error) => {
            let headers = [
                ("content-type", "text/plain; charset=utf-8"),
                ("access-control-allow-origin", "*"),
                ("x-content-type-options", "nosniff"),
            ];
            return (StatusCode::BAD_REQUEST, headers, format!("{error}\n")).into_response();
        }
    };
    let headers = [
        ("content-type", "text/event-stream; charset=utf-8"),
        ("cache-control", "no-cache"),
        ("connection", "keep-alive"),
        ("access-control-allow-origin", "*"),
        // These two keep what stands between server and client from buffering and guessing.
        ("x-accel-buffering", "no"),
        ("x-content-type-options", "nosniff"),
    ];
    (headers, body).into_response()
}

/// Answers the question that a browser asks before it sends anything but a simple request from
/// another origin (Fetch, 4.8), such as one with `Last-Event-ID`.
pub(crate) async fn preflight() -> impl IntoResponse {
    (
        StatusCode::NO_CONTENT,
        [
            ("access-control-allow-origin", "*"),
            ("access-control-allow-methods", "GET, HEAD, OPTIONS"),
            // `*` does not include `authorization` (Fetch, 4.10).
            ("access-control-allow-headers", "*, authorization"),
            ("access-control-max-age", "86400"),
        ],
    )
}

/// The body of one response: the start time, then the time once a second.
///
/// It is polled only when the client has taken what was sent before, and dropped as soon as the
/// client leaves, its timer with it.
struct Clock {
    /// What opens the stream, until it is sent.
    opening: Option<Bytes>,
    ticks: Interval,
    end: Pin<Box<WaitForCancellationFutureOwned>>,
    _live: Live,
}

impl Clock {
    fn start(streams: &Streams) -> Self {
        let mut opening = Vec::new();
        encode::retry(&mut opening, RECONNECTION_TIME_MS);
        let now = Timestamp::now();
        event(&mut opening, Some("connecttime"), now);
        event(&mut opening, None, now);
        let mut ticks = interval_at(Instant::now() + PERIOD, PERIOD);
        // A client that did not read for a while gets the time as it is then, not a heap of events
        // that all carry the same one.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        Self {
            opening: Some(opening.into()),
            ticks,
            end: streams.end(),
            _live: Live::new(streams),
        }
    }
}

impl http_body::Body for Clock {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.end.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        if let Some(opening) = self.opening.take() {
            return Poll::Ready(Some(Ok(Frame::data(opening))));
        }
        ready!(self.ticks.poll_tick(cx));
        let mut out = Vec::new();
        event(&mut out, None, Timestamp::now());
        Poll::Ready(Some(Ok(Frame::data(out.into()))))
    }
}

/// Writes an event whose data is `time`.
fn event(out: &mut Vec<u8>, event_type: Option<&str>, time: Timestamp) {
    encode::event(out, event_type, &date::to_string(time), None)
        .expect("neither has a line break or NUL");
}

/// The body of one response: given bytes, some a write, then the end.
struct Raw {
    bytes: Bytes,
    split: usize,
    /// The last poll gave a frame, which must be written before there is another.
    wrote: bool,
    _live: Live,
}

impl http_body::Body for Raw {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.bytes.is_empty() {
            return Poll::Ready(None);
        }
        // hyper gathers frames as long as there are more, and writes when it has to wait.
        self.wrote = !self.wrote;
        if !self.wrote {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let size = self.split.min(self.bytes.len());
        Poll::Ready(Some(Ok(Frame::data(self.bytes.split_to(size)))))
    }
}

/// One live stream, counted as long as it exists.
pub(crate) struct Live(Arc<AtomicUsize>);

impl Live {
    pub(crate) fn new(streams: &Streams) -> Self {
        streams.live.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(&streams.live))
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
