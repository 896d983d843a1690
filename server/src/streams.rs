//! What the streams of one server share: their number, their metrics, and the shutdown signal.
//! Streams do not depend on each other.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use crate::{
    metrics::{Metrics, Refusal},
    shutdown::{Shutdown, ShutdownSignal},
};

/// How many streams may compress at a time: the state of each takes about 300 kB.
const MAX_COMPRESSING: usize = 256;

/// Streams that have waited for long are woken on a grid of this period. With thousands of streams
/// some are due at each millisecond, and waking up for a few costs as much as writing to some.
const WAKE_PERIOD: Duration = Duration::from_millis(5);

/// The streams of one server: counts them, and can end them all.
#[derive(Clone, Default)]
pub struct Streams(Arc<Shared>);

struct Shared {
    live: AtomicUsize,
    /// The origin of the grid on which streams are woken.
    origin: Instant,
    shutdown: Shutdown,
    compressing: Arc<Semaphore>,
    metrics: Metrics,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            live: AtomicUsize::new(0),
            origin: Instant::now(),
            shutdown: Shutdown::default(),
            compressing: Arc::new(Semaphore::new(MAX_COMPRESSING)),
            metrics: Metrics::default(),
        }
    }
}

impl Streams {
    /// How many streams are open. Each holds at most one timer, which ends with the stream.
    pub fn live(&self) -> usize {
        self.0.live.load(Ordering::Relaxed)
    }

    /// Ends every open stream with a complete response, and every later one at once.
    pub fn end_all(&self) {
        self.0.shutdown.begin();
    }

    /// Ready when all streams are to end.
    pub(crate) fn shutdown(&self) -> ShutdownSignal {
        self.0.shutdown.signal()
    }

    /// A permit for one compressed stream, if there is one left.
    pub(crate) fn try_compress(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.compressing).try_acquire_owned().ok()
    }

    pub(crate) fn count_refusal(&self, reason: Refusal) {
        self.0.metrics.count_refusal(reason);
    }

    /// All metrics in the text format of OpenMetrics.
    pub(crate) fn metrics(&self) -> String {
        self.0.metrics.text(self.live())
    }
}

/// One open stream; counted as long as this exists.
pub(crate) struct LiveStream(Arc<Shared>);

impl LiveStream {
    pub(crate) fn new(streams: &Streams) -> Self {
        streams.0.live.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(&streams.0))
    }

    /// The first moment from `at` on at which streams that have waited for long are woken.
    pub(crate) fn next_wake(&self, at: Instant) -> Instant {
        let since = at.saturating_duration_since(self.0.origin).as_micros();
        let wait = since.next_multiple_of(WAKE_PERIOD.as_micros()) - since;
        at + Duration::from_micros(wait as u64)
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }
}

impl Drop for LiveStream {
    fn drop(&mut self) {
        self.0.live.fetch_sub(1, Ordering::Relaxed);
    }
}
