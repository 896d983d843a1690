//! The body of one response to `/stream`: what the [`Writer`] says, when it says so, to a client that
//! may not read.

use std::{
    io,
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

use super::{
    spec::End,
    writer::{Now, Step, Writer},
};
use crate::{
    http::Fate,
    shutdown::Stopped,
    streams::{Live, Streams},
};

/// How long the system has for what was written before the connection is cut, which would overtake
/// it.
const BEFORE_A_CUT: Duration = Duration::from_millis(50);

/// Who waits longer than this is woken together with others. At whole seconds an interval stays what
/// it is: all its ticks are later by the same.
const LONG: Duration = Duration::from_millis(250);

/// Without a reconnection time of its own a browser waits about so long, in ms.
const USUAL_RECONNECTION_TIME: u64 = 3_000;

/// hyper would take 400 kB from it before it waits for the client. So there is one place for a
/// frame, which is free again when the last byte of the frame is with the system.
pub(crate) struct StreamBody {
    writer: Writer,
    began: Instant,
    /// Until when there is nothing to write.
    sleep: Option<Pin<Box<Sleep>>>,
    place: Arc<Place>,
    /// The server stops.
    stop: Stopped,
    stopping: bool,
    /// In ms.
    reconnection_time: u64,
    /// How the connection ends; a test of the body alone has none.
    fate: Option<Fate>,
    /// When it is cut off, once nothing else is left; in µs since the beginning.
    cut_at: Option<u64>,
    live: Live,
    /// Held as long as the stream compresses.
    _gzip: Option<OwnedSemaphorePermit>,
}

impl StreamBody {
    pub(crate) fn new(
        writer: Writer,
        retry: Option<Duration>,
        streams: &Streams,
        fate: Option<Fate>,
        gzip: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self {
            writer,
            began: Instant::now(),
            sleep: None,
            place: Arc::default(),
            stop: streams.ended(),
            stopping: false,
            reconnection_time: retry
                .map_or(USUAL_RECONNECTION_TIME, |time| time.as_millis() as u64),
            fate,
            cut_at: None,
            live: Live::new(streams),
            _gzip: gzip,
        }
    }

    fn now(&self) -> Now {
        Now {
            elapsed: u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX),
            date: Timestamp::now(),
        }
    }

    /// Pending until `at`, in µs since the beginning, or a little later.
    fn poll_sleep(&mut self, at: u64, cx: &mut Context<'_>) -> Poll<()> {
        let mut at = self.began + Duration::from_micros(at);
        if at.saturating_duration_since(Instant::now()) > LONG {
            at = self.live.together(at);
        }
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if sleep.deadline() != at {
            sleep.as_mut().reset(at);
        }
        sleep.as_mut().poll(cx)
    }
}

impl http_body::Body for StreamBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        if !this.stopping && Pin::new(&mut this.stop).poll(cx).is_ready() {
            this.stopping = true;
            // Not all at once.
            let base = this.reconnection_time;
            let ms = base / 2 + fastrand::u64(..=base);
            let now = this.now();
            this.writer.stop(ms, now);
        }
        match this.place.poll_free(cx) {
            Poll::Ready(()) => {}
            // The end waits, too: a client that does not read is cut after a while.
            Poll::Pending => return Poll::Pending,
        }
        loop {
            let step = this.writer.step(this.now());
            this.live.count(this.writer.take_written());
            match step {
                Step::Write(bytes) => {
                    this.live.count_bytes(bytes.len());
                    let place = Arc::clone(&this.place);
                    place.taken.store(true, Ordering::Relaxed);
                    let frame = Bytes::from_owner(Placed { bytes, place });
                    return Poll::Ready(Some(Ok(Frame::data(frame))));
                }
                Step::Again => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Step::Wait(None) => return Poll::Pending,
                Step::Wait(Some(at)) => ready!(this.poll_sleep(at, cx)),
                Step::End(End::Close | End::Stall) => return Poll::Ready(None),
                Step::End(end) => {
                    let until = *this.cut_at.get_or_insert_with(|| {
                        let soon = this.began.elapsed() + BEFORE_A_CUT;
                        u64::try_from(soon.as_micros()).unwrap_or(u64::MAX)
                    });
                    ready!(this.poll_sleep(until, cx));
                    if let Some(fate) = this.fate.as_ref().filter(|_| end == End::Reset) {
                        fate.reset();
                    }
                    let cut =
                        io::Error::new(io::ErrorKind::ConnectionAborted, "the stream is to end so");
                    return Poll::Ready(Some(Err(cut)));
                }
            }
        }
    }
}

/// Where one frame may be.
#[derive(Default)]
struct Place {
    taken: AtomicBool,
    /// Who waits for it to be free.
    waiting: Mutex<Option<Waker>>,
}

impl Place {
    fn poll_free(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.taken.load(Ordering::Acquire) {
            *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
            // It may have become free before anybody was there to be woken.
            if self.taken.load(Ordering::Acquire) {
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }
}

/// A frame on its way. It is dropped when all of it is written, and frees its place.
struct Placed {
    bytes: Bytes,
    place: Arc<Place>,
}

impl Drop for Placed {
    fn drop(&mut self) {
        self.place.taken.store(false, Ordering::Release);
        let waiting = self.place.waiting.lock();
        let waiting = waiting.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waiting {
            waker.wake();
        }
    }
}

impl AsRef<[u8]> for Placed {
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
    use crate::generator::{FRAME, events::Start, spec::Spec};

    /// Counts how often it wakes.
    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn there_is_no_frame_before_the_last_one_is_written() {
        let streams = Streams::default();
        let spec = Spec::parse("interval=0&size=90").expect("a query");
        let writer = Writer::new(spec, 7, Start::default(), 0, None);
        let mut body = StreamBody::new(writer, None, &streams, None, None);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut cx = Context::from_waker(&waker);
        let mut poll = || Pin::new(&mut body).poll_frame(&mut cx);

        for round in 0..3 {
            let Poll::Ready(Some(Ok(frame))) = poll() else {
                panic!("a place is free");
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
            assert_eq!(woken.0.load(Ordering::Relaxed), round);
            drop(frame);
            assert_eq!(woken.0.load(Ordering::Relaxed), round + 1);
        }
        let _unwritten = poll();
        assert!(poll().is_pending());
        streams.end_all();
        assert!(poll().is_pending(), "nor an end");
    }
}
