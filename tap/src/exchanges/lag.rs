//! How late the client takes what the upstream sent: quantiles in little memory.

use std::time::Duration;

use serde::Serialize;

/// Buckets for each doubling of the time: a quantile is at most an eighth too large.
const PER_DOUBLING: usize = 8;

/// Doublings from 1 µs: the last bucket has what is over an hour.
const DOUBLINGS: usize = 32;

/// Counts times in buckets that grow with the time.
#[derive(Debug)]
pub(super) struct Lag {
    buckets: Box<[u32; PER_DOUBLING * DOUBLINGS]>,
    count: u64,
    max: Duration,
}

/// Times in ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct LagSummary {
    p50: f64,
    p99: f64,
    max: f64,
    /// How many bytes were read from the upstream that the client has not taken.
    pub(super) waiting: u64,
}

impl Default for Lag {
    fn default() -> Self {
        Self {
            buckets: Box::new([0; PER_DOUBLING * DOUBLINGS]),
            count: 0,
            max: Duration::ZERO,
        }
    }
}

impl Lag {
    pub(super) fn add(&mut self, lag: Duration) {
        let bucket = &mut self.buckets[bucket(lag)];
        *bucket = bucket.saturating_add(1);
        self.count += 1;
        self.max = self.max.max(lag);
    }

    pub(super) fn summary(&self, waiting: u64) -> LagSummary {
        LagSummary {
            p50: self.quantile(0.5),
            p99: self.quantile(0.99),
            max: super::ms(self.max),
            waiting,
        }
    }

    /// The end of the bucket with this quantile, in ms; no more than the maximum.
    fn quantile(&self, quantile: f64) -> f64 {
        let rank = (quantile * self.count as f64).ceil() as u64;
        let mut below = 0;
        let found = self.buckets.iter().position(|count| {
            below += u64::from(*count);
            below >= rank
        });
        let end = found.map_or(f64::INFINITY, end) / 1000.0;
        super::round(end.min(super::ms(self.max)))
    }
}

fn bucket(lag: Duration) -> usize {
    let micros = lag.as_secs_f64() * 1e6;
    let place = (micros.max(1.0).log2() * PER_DOUBLING as f64) as usize;
    place.min(PER_DOUBLING * DOUBLINGS - 1)
}

/// Where a bucket ends, in µs.
fn end(bucket: usize) -> f64 {
    ((bucket + 1) as f64 / PER_DOUBLING as f64).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_at_most_an_eighth_too_large() {
        let mut lag = Lag::default();
        assert_eq!(lag.summary(7).p99, 0.0);
        for micros in 1..=10_000 {
            lag.add(Duration::from_micros(micros));
        }
        let summary = lag.summary(7);
        assert!((5.0..5.0 * 1.125).contains(&summary.p50), "{summary:?}");
        assert!((9.9..=10.0).contains(&summary.p99), "{summary:?}");
        assert_eq!(summary.max, 10.0);
        assert_eq!(summary.waiting, 7);
    }

    #[test]
    fn any_time_is_counted() {
        let mut lag = Lag::default();
        for time in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
            lag.add(time);
        }
        assert_eq!(lag.summary(0).p50, 0.001);
    }
}
