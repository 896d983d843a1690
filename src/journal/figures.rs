//! Figures about what arrived, updated with each event: none is computed from the lines.

use super::rate::Rate;

/// Figures since the log was cleared. Times are in ms since the Unix epoch, gaps in ms.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Figures {
    /// Events received, kept or not.
    pub events: u64,
    /// Bytes received. For an `EventSource`, which does not expose them, the bytes that an encoder would
    /// write.
    pub bytes: u64,
    /// How many reads from the network the bytes arrived in; 0 for an `EventSource`.
    pub reads: u64,
    /// How often a connection opened.
    pub openings: u64,
    /// How many attempts to connect failed.
    pub failed_attempts: u64,
    /// The largest gap between two events.
    pub max_gap: Option<f64>,
    /// The gap between the last two events.
    pub last_gap: Option<f64>,
    last_at: Option<f64>,
    gaps: Gaps,
    rate: Rate,
}

impl Figures {
    /// Counts an event that arrived at `at`.
    pub(super) fn event(&mut self, at: f64) {
        self.events += 1;
        if let Some(last_at) = self.last_at {
            // A clock may be set back.
            let gap = (at - last_at).max(0.0);
            self.last_gap = Some(gap);
            self.max_gap = Some(self.max_gap.map_or(gap, |max| max.max(gap)));
            self.gaps.add(gap);
        }
        self.last_at = Some(at);
        self.rate.event(at);
    }

    /// Events a second, over the last five seconds or, for a slower stream, over its last gap.
    pub fn rate(&self, now: f64) -> f64 {
        self.rate.at(now)
    }

    /// The gap between the last two events or, if it is larger, the time since the last event; `None`
    /// before the first event.
    pub fn gap_until(&self, now: f64) -> Option<f64> {
        let silence = (now - self.last_at?).max(0.0);
        Some(self.last_gap.map_or(silence, |gap| gap.max(silence)))
    }

    /// The gap that the fraction `quantile` of all gaps does not exceed, accurate to 1/128; `None` before
    /// the second event.
    pub fn gap_quantile(&self, quantile: f64) -> Option<f64> {
        // The middle of the bucket may exceed the longest gap.
        let max = self.max_gap?;
        self.gaps.quantile(quantile).map(|gap| gap.min(max))
    }
}

/// Sub-buckets of each power of two.
const SUB: u64 = 1 << SUB_BITS;

const SUB_BITS: u64 = 6;

/// How many gaps there were of each size: in µs, in buckets that grow with the gap.
#[derive(Clone, Debug)]
struct Gaps {
    buckets: Vec<u64>,
    count: u64,
}

impl Default for Gaps {
    fn default() -> Self {
        Self {
            buckets: vec![0; Self::bucket(u64::MAX) + 1],
            count: 0,
        }
    }
}

impl Gaps {
    fn add(&mut self, gap: f64) {
        self.buckets[Self::bucket((gap * 1000.0) as u64)] += 1;
        self.count += 1;
    }

    fn bucket(us: u64) -> usize {
        if us < SUB {
            return us as usize;
        }
        let power = u64::from(us.ilog2());
        let sub = (us >> (power - SUB_BITS)) & (SUB - 1);
        ((power - SUB_BITS + 1) * SUB + sub) as usize
    }

    /// The middle of a bucket, in µs.
    fn middle(bucket: usize) -> f64 {
        let bucket = bucket as u64;
        if bucket < SUB {
            return bucket as f64;
        }
        let (power, sub) = (bucket / SUB - 1, bucket % SUB);
        ((SUB + sub) as f64 + 0.5) * (1_u64 << power) as f64
    }

    fn quantile(&self, quantile: f64) -> Option<f64> {
        let rank = (quantile * self.count as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        self.buckets.iter().enumerate().find_map(|(n, count)| {
            seen += count;
            (seen >= rank && *count > 0).then(|| Self::middle(n) / 1000.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Random times of events, in ms.
    fn times(seed: u64) -> Vec<f64> {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut at = 1.7e12 + random.f64() * 1e6;
        (0..random.usize(2..2_000))
            .map(|_| {
                at += match random.u8(..10) {
                    0 => 0.0,
                    1 => random.f64() * 5_000.0,
                    _ => random.f64() * 20.0,
                };
                at
            })
            .collect()
    }

    #[test]
    fn gaps_are_those_of_a_naive_computation() {
        for seed in 0..50 {
            let times = times(seed);
            let mut figures = Figures::default();
            for at in &times {
                figures.event(*at);
            }
            let mut gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert_eq!(figures.last_gap, gaps.last().copied());
            gaps.sort_by(f64::total_cmp);
            assert_eq!(figures.max_gap, gaps.last().copied());
            for quantile in [0.5, 0.9, 0.99, 1.0] {
                let rank = (quantile * gaps.len() as f64).ceil() as usize - 1;
                let (exact, measured) = (gaps[rank], figures.gap_quantile(quantile).expect("gaps"));
                assert!(
                    (measured - exact).abs() <= exact / 16.0 + 0.001,
                    "{quantile}: {measured} for {exact}"
                );
            }
        }
    }

    #[test]
    fn the_gap_grows_while_nothing_arrives() {
        let mut figures = Figures::default();
        assert_eq!(figures.gap_until(1_000.0), None);
        figures.event(1_000.0);
        assert_eq!(figures.gap_until(1_500.0), Some(500.0));
        figures.event(2_000.0);
        for (now, gap) in [(1_900.0, 1_000.0), (2_900.0, 1_000.0), (3_700.0, 1_700.0)] {
            assert_eq!(figures.gap_until(now), Some(gap));
        }
    }

    #[test]
    fn a_clock_that_is_set_back_makes_no_negative_gap() {
        let mut figures = Figures::default();
        figures.event(5_000.0);
        figures.event(1_000.0);
        assert_eq!(figures.max_gap, Some(0.0));
        figures.event(f64::MAX);
        assert_eq!(figures.events, 3);
        assert!(figures.rate(f64::MAX) < 1e-9);
    }

    #[test]
    fn every_gap_has_a_bucket() {
        for power in 0..64 {
            for us in [
                1 << power,
                (1 << power) + 1,
                (1_u64 << power).wrapping_sub(1),
            ] {
                let middle = Gaps::middle(Gaps::bucket(us));
                assert!(
                    (middle - us as f64).abs() <= us as f64 / 16.0 + 1e-9,
                    "{us}: {middle}"
                );
            }
        }
    }
}
