//! What the streams of one server share: how many there are, what they did, and how they all end.
//! No stream depends on another.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Semaphore, time::Instant};

use crate::{
    generator::Written,
    metrics::{Metrics, Refusal},
    shutdown::{Stop, Stopped},
};

/// How many streams may compress at a time: each has some 300 kB of state.
const COMPRESSING: usize = 256;

/// The grid on which those are woken that waited for long. With thousands of streams something is due
/// at each millisecond, and to wake for a few of them costs as much as to write to some.
const GRID: Duration = Duration::from_millis(5);

/// The streams of one server: how many are live, and the means to end them all.
#[derive(Clone, Default)]
pub struct Streams(Arc<Shared>);

struct Shared {
    live: AtomicUsize,
    /// Where the grid is.
    began: Instant,
    end: Stop,
    compressing: Arc<Semaphore>,
    metrics: Metrics,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            live: AtomicUsize::new(0),
            began: Instant::now(),
            end: Stop::default(),
            compressing: Arc::new(Semaphore::new(COMPRESSING)),
            metrics: Metrics::default(),
        }
    }
}

impl Streams {
    /// How many streams are open: each holds at most one timer, which ends with it.
    pub fn live(&self) -> usize {
        self.0.live.load(Ordering::Relaxed)
    }

    /// Ends every open stream as a whole response ends, and every later one at once.
    pub fn end_all(&self) {
        self.0.end.say();
    }

    /// Ready when all are to end.
    pub(crate) fn ended(&self) -> Stopped {
        self.0.end.wait()
    }

    pub(crate) fn compressing(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.compressing)
    }

    pub(crate) fn refuse(&self, refusal: Refusal) {
        self.0.metrics.refuse(refusal);
    }

    /// All figures in the text format of Prometheus.
    pub(crate) fn metrics(&self) -> String {
        self.0.metrics.text(self.live())
    }
}

/// One live stream, counted as long as it exists.
pub(crate) struct Live(Arc<Shared>);

impl Live {
    pub(crate) fn new(streams: &Streams) -> Self {
        streams.0.live.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(&streams.0))
    }

    /// The next moment at which those are woken that waited for long.
    pub(crate) fn together(&self, at: Instant) -> Instant {
        let since = at.saturating_duration_since(self.0.began).as_micros();
        let grid = GRID.as_micros();
        let more = (since.next_multiple_of(grid) - since) as u64;
        at + Duration::from_micros(more)
    }

    pub(crate) fn count(&self, written: Written) {
        self.0.metrics.count(written);
    }

    pub(crate) fn count_bytes(&self, bytes: usize) {
        self.0.metrics.count_bytes(bytes);
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.live.fetch_sub(1, Ordering::Relaxed);
    }
}
