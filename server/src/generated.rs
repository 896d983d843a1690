//! The body of a generated stream: when a frame is due, and how much may be on its way.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::Frame;
use jiff::Timestamp;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};
use tokio_util::sync::{PollSemaphore, WaitForCancellationFutureOwned};

use crate::{
    events::Events,
    spec::Generated,
    stream::{Live, Streams},
};

/// The body of one response: events at an interval, or as fast as the client reads.
///
/// hyper would take 400 kB from it before it waits for the client. So there is one place for a
/// frame, which is free again when the last byte of the frame is with the system.
pub(crate) struct Generator {
    events: Events,
    /// When an event is due; without it always.
    ticks: Option<Interval>,
    places: PollSemaphore,
    /// The place of the next frame, once it is free.
    place: Option<OwnedSemaphorePermit>,
    end: Pin<Box<WaitForCancellationFutureOwned>>,
    _live: Live,
}

impl Generator {
    pub(crate) fn start(spec: &Generated, streams: &Streams) -> Self {
        let ticks = (!spec.interval.is_zero()).then(|| {
            let mut ticks = interval_at(Instant::now() + spec.interval, spec.interval);
            // As in the default stream: no heap of events after a while of not reading.
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            ticks
        });
        Self {
            events: Events::new(spec),
            ticks,
            places: PollSemaphore::new(Arc::new(Semaphore::new(1))),
            place: None,
            end: streams.end(),
            _live: Live::new(streams),
        }
    }
}

impl http_body::Body for Generator {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.end.as_mut().poll(cx).is_ready() || self.events.is_over() {
            return Poll::Ready(None);
        }
        // Before the tick: one that is due while there is no place must not get lost.
        if self.place.is_none() {
            self.place = ready!(self.places.poll_acquire(cx));
        }
        let (new, within) = (self.events.is_new(), self.events.is_within_an_event());
        let most = match &mut self.ticks {
            None => u64::MAX,
            Some(_) if within => 0,
            Some(_) if new => 1,
            Some(ticks) => {
                ready!(ticks.poll_tick(cx));
                1
            }
        };
        let frame = Bytes::from_owner(Placed {
            bytes: self.events.frame(most, Timestamp::now()),
            _place: self.place.take(),
        });
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }
}

/// A frame on its way. It is dropped when all of it is written, and frees its place.
struct Placed {
    bytes: Vec<u8>,
    _place: Option<OwnedSemaphorePermit>,
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
        time::Duration,
    };

    use http_body::Body;

    use super::*;
    use crate::events::FRAME;

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
        let spec = Generated {
            interval: Duration::ZERO,
            size: Some(90),
            ..Generated::default()
        };
        let mut body = Generator::start(&spec, &streams);
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
                (FRAME - 200..=FRAME).contains(&frame.len()),
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
        assert!(
            matches!(poll(), Poll::Ready(None)),
            "the end waits for no place"
        );
    }
}
