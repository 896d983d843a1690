//! The body of one response to `/stream`: runs the [`Writer`] by the clock, at the pace of the
//! client.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::Frame;
use jiff::Timestamp;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, Sleep},
};
use tracing::Span;

use super::{
    spec::{End, us},
    writer::{Now, Step, Writer},
};
use crate::{
    shutdown::ShutdownSignal,
    streams::{LiveStream, Streams},
};

/// The time from the last write to a cut-off. A reset discards what the kernel has not sent yet.
const CUT_OFF_DELAY: Duration = Duration::from_millis(50);

/// Streams that wait longer than this are woken together with others. At whole seconds an interval
/// keeps its length: all its ticks are later by the same time.
const LONG_WAIT: Duration = Duration::from_millis(250);

/// About the time after which a browser reconnects if the stream sets no reconnection time, in ms.
const DEFAULT_RECONNECTION_TIME: u64 = 3_000;

/// Why a response or its body fails: the query asks for no response, or for a stream that is cut off. The
/// connection is then closed without a head, or without the last chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CutOff {
    /// The connection is closed.
    #[error("the query asks for a connection that is closed early")]
    Truncate,
    /// The connection ends with a TCP reset.
    #[error("the query asks for a stream that ends with a reset")]
    Reset,
    /// Bytes that are not HTTP are sent, and the connection is closed.
    #[error("the query asks for an answer that is not HTTP")]
    NotHttp,
}

/// The body of one stream.
///
/// hyper would buffer 400 kB of the body before it waits for the client. So the body has a slot for
/// one frame, and generates the next frame when the kernel has the last byte of the previous one.
pub(crate) struct StreamBody {
    writer: Writer,
    began: Instant,
    /// The wait for the next moment at which there is something to write.
    sleep: Option<Pin<Box<Sleep>>>,
    slot: Arc<FrameSlot>,
    shutdown: ShutdownSignal,
    is_shutting_down: bool,
    /// The reconnection time of the stream, in ms.
    reconnection_time: u64,
    /// When the connection is cut off, in µs since the beginning; set once all is written.
    cut_off_at: Option<u64>,
    live: LiveStream,
    span: Span,
    /// The number of events written, for the log.
    events: u64,
    bytes: u64,
    /// Held while the stream compresses.
    _gzip: Option<OwnedSemaphorePermit>,
}

impl StreamBody {
    /// `retry` is the reconnection time that the stream sets. `span` identifies the stream in the
    /// log.
    pub(crate) fn new(
        writer: Writer,
        retry: Option<Duration>,
        streams: &Streams,
        gzip: Option<OwnedSemaphorePermit>,
        span: Span,
    ) -> Self {
        tracing::debug!(parent: &span, "stream begins");
        Self {
            writer,
            began: Instant::now(),
            sleep: None,
            slot: Arc::default(),
            shutdown: streams.shutdown(),
            is_shutting_down: false,
            reconnection_time: retry
                .map_or(DEFAULT_RECONNECTION_TIME, |time| time.as_millis() as u64),
            cut_off_at: None,
            live: LiveStream::new(streams),
            span,
            events: 0,
            bytes: 0,
            _gzip: gzip,
        }
    }

    fn now(&self) -> Now {
        Now {
            elapsed: us(self.began.elapsed()),
            date: Timestamp::now(),
        }
    }

    /// Ready at `at`, in µs since the beginning, or a little later.
    fn poll_sleep(&mut self, at: u64, cx: &mut Context<'_>) -> Poll<()> {
        let mut at = self.began + Duration::from_micros(at);
        if at.saturating_duration_since(Instant::now()) > LONG_WAIT {
            at = self.live.next_wake(at);
        }
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if sleep.deadline() != at {
            sleep.as_mut().reset(at);
        }
        sleep.as_mut().poll(cx)
    }

    /// Ends the stream on the shutdown signal.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) {
        if self.is_shutting_down || Pin::new(&mut self.shutdown).poll(cx).is_pending() {
            return;
        }
        self.is_shutting_down = true;
        // Random, so that the clients do not all reconnect at once.
        let base = self.reconnection_time;
        let ms = base / 2 + fastrand::u64(..=base);
        let now = self.now();
        self.writer.stop(ms, now);
    }

    fn count(&mut self) {
        let written = self.writer.take_written();
        let metrics = self.live.metrics();
        metrics.count_events(written.events);
        if let Some(late) = written.late {
            metrics.observe_lateness(late);
        }
        self.events += written.events;
    }

    /// The frame to send, in the slot.
    fn frame(&mut self, bytes: Bytes) -> Frame<Bytes> {
        self.live.metrics().count_bytes(bytes.len());
        self.bytes += bytes.len() as u64;
        self.slot.is_occupied.store(true, Ordering::Relaxed);
        let slot = Arc::clone(&self.slot);
        Frame::data(Bytes::from_owner(UnwrittenFrame { bytes, slot }))
    }
}

impl http_body::Body for StreamBody {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        let this = self.get_mut();
        this.poll_shutdown(cx);
        // The end of the stream waits for the slot as well: a client that does not read is cut off
        // by the limits of its connection.
        ready!(this.slot.poll_free(cx));
        loop {
            let step = this.writer.step(this.now());
            this.count();
            match step {
                Step::Write(bytes) => return Poll::Ready(Some(Ok(this.frame(bytes)))),
                Step::Yield => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Step::Wait(None) => return Poll::Pending,
                Step::Wait(Some(at)) => ready!(this.poll_sleep(at, cx)),
                Step::End(End::Close | End::Stall) => return Poll::Ready(None),
                Step::End(end) => {
                    let at = *this
                        .cut_off_at
                        .get_or_insert_with(|| us(this.began.elapsed() + CUT_OFF_DELAY));
                    ready!(this.poll_sleep(at, cx));
                    let cut_off = match end {
                        End::Reset => CutOff::Reset,
                        _ => CutOff::Truncate,
                    };
                    return Poll::Ready(Some(Err(cut_off)));
                }
            }
        }
    }
}

impl Drop for StreamBody {
    fn drop(&mut self) {
        let (events, bytes) = (self.events, self.bytes);
        tracing::debug!(parent: &self.span, events, bytes, "stream ended");
    }
}

/// Holds at most one frame.
#[derive(Default)]
struct FrameSlot {
    is_occupied: AtomicBool,
    /// The task that waits for the slot to be free.
    waiting: Mutex<Option<Waker>>,
}

impl FrameSlot {
    fn poll_free(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_occupied.load(Ordering::Acquire) {
            *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
            // The frame may have been dropped before the waker was stored.
            if self.is_occupied.load(Ordering::Acquire) {
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }
}

/// A frame that is not completely written. It is dropped once it is, and frees its slot.
struct UnwrittenFrame {
    bytes: Bytes,
    slot: Arc<FrameSlot>,
}

impl Drop for UnwrittenFrame {
    fn drop(&mut self) {
        self.slot.is_occupied.store(false, Ordering::Release);
        let waiting = self.slot.waiting.lock();
        let waiting = waiting.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waiting {
            waker.wake();
        }
    }
}

impl AsRef<[u8]> for UnwrittenFrame {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        task::{Wake, Waker},
    };

    use http_body::Body;

    use super::*;
    use crate::generator::{FRAME, resume::Start, spec::Spec};

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn a_frame_is_generated_when_the_previous_one_is_written() {
        let streams = Streams::default();
        let spec = Spec::parse("interval=0&size=90").expect("a query");
        let writer = Writer::new(spec, 7, Start::default(), 0, None);
        let mut body = StreamBody::new(writer, None, &streams, None, Span::none());
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(Arc::clone(&wakes));
        let mut cx = Context::from_waker(&waker);
        let mut poll = || Pin::new(&mut body).poll_frame(&mut cx);

        for round in 0..3 {
            let Poll::Ready(Some(Ok(frame))) = poll() else {
                panic!("the slot is free");
            };
            let mut frame = frame.into_data().expect("data");
            assert!(
                (FRAME - 700..=FRAME).contains(&frame.len()),
                "{}",
                frame.len()
            );
            assert!(poll().is_pending());
            let written = frame.split_to(frame.len() - 1);
            drop(written);
            assert!(poll().is_pending(), "a byte is not yet written");
            assert_eq!(wakes.0.load(Ordering::Relaxed), round);
            drop(frame);
            assert_eq!(wakes.0.load(Ordering::Relaxed), round + 1);
        }
        let _unwritten = poll();
        assert!(poll().is_pending());
        streams.end_all();
        assert!(poll().is_pending(), "the end waits as well");
    }
}
