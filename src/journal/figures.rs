//! Figures about what came, kept as it comes: none is computed from the lines.

/// How many seconds the rate is remembered for.
pub(crate) const SECONDS: usize = 60;

/// How many seconds the current rate is the mean of, at most.
const RATE_SECONDS: u64 = 5;

/// Figures since the log was cleared. Times are in ms since the Unix epoch, gaps in ms.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Events received, kept or not.
    pub events: u64,
    /// Bytes received. For an `EventSource`, which does not expose them, the bytes that an encoder would
    /// write.
    pub bytes: u64,
    /// In how many reads of the network the bytes arrived; 0 for an `EventSource`.
    pub reads: u64,
    /// How often a connection opened.
    pub openings: u64,
    /// The largest gap between two events.
    pub max_gap: Option<f64>,
    /// The gap between the last two events.
    pub last_gap: Option<f64>,
    last_at: Option<f64>,
    gaps: Gaps,
    /// Events in each of the last seconds, by the second modulo [`SECONDS`].
    seconds: [u32; SECONDS],
    /// The first second that has a count, and the last.
    first_second: u64,
    last_second: u64,
}

impl Default for Figures {
    fn default() -> Self {
        Self {
            events: 0,
            bytes: 0,
            reads: 0,
            openings: 0,
            max_gap: None,
            last_gap: None,
            last_at: None,
            gaps: Gaps::default(),
            seconds: [0; SECONDS],
            first_second: 0,
            last_second: 0,
        }
    }
}

impl Figures {
    /// An event came at `at`.
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
        let second = second(at);
        // A clock that was set back by more than is remembered begins anew.
        if self.events == 1 || second.saturating_add(SECONDS as u64) <= self.last_second {
            self.seconds = [0; SECONDS];
            self.first_second = second;
            self.last_second = second;
        }
        self.first_second = self.first_second.min(second);
        self.forward(second);
        let count = &mut self.seconds[second as usize % SECONDS];
        *count = count.saturating_add(1);
    }

    fn forward(&mut self, second: u64) {
        let passed = second.saturating_sub(self.last_second).min(SECONDS as u64);
        for ago in 0..passed {
            self.seconds[(second - ago) as usize % SECONDS] = 0;
        }
        self.last_second = self.last_second.max(second);
    }

    /// Events in each of the last 60 seconds before the one of `now`, oldest first.
    pub fn per_second(&self, now: f64) -> [u32; SECONDS] {
        let now = second(now);
        std::array::from_fn(|n| {
            now.checked_sub((SECONDS - n) as u64)
                .map_or(0, |second| self.in_second(second))
        })
    }

    fn in_second(&self, second: u64) -> u32 {
        let remembered = second <= self.last_second
            && second.saturating_add(SECONDS as u64) > self.last_second
            && second >= self.first_second;
        if self.events > 0 && remembered {
            self.seconds[second as usize % SECONDS]
        } else {
            0
        }
    }

    /// Events a second: the mean of the last five whole seconds, or of as many as there are.
    pub fn rate(&self, now: f64) -> f64 {
        let now = second(now);
        let whole = now.saturating_sub(self.first_second).min(RATE_SECONDS);
        if self.events == 0 || whole == 0 {
            return f64::from(self.in_second(now));
        }
        let sum: u64 = (1..=whole)
            .map(|ago| u64::from(self.in_second(now - ago)))
            .sum();
        sum as f64 / whole as f64
    }

    /// The gap that the fraction `quantile` of all gaps do not exceed, within 1/128; `None` before
    /// the second event.
    pub fn gap_quantile(&self, quantile: f64) -> Option<f64> {
        // The middle of its bucket may be beyond the longest.
        let max = self.max_gap?;
        self.gaps.quantile(quantile).map(|gap| gap.min(max))
    }
}

fn second(at: f64) -> u64 {
    (at / 1000.0) as u64
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
                let (exact, told) = (gaps[rank], figures.gap_quantile(quantile).expect("gaps"));
                assert!(
                    (told - exact).abs() <= exact / 16.0 + 0.001,
                    "{quantile}: {told} for {exact}"
                );
            }
        }
    }

    #[test]
    fn seconds_are_those_of_a_naive_computation() {
        for seed in 0..50 {
            let times = times(seed);
            let mut figures = Figures::default();
            for (n, at) in times.iter().enumerate() {
                figures.event(*at);
                let now = at + 1_500.0;
                let count = |second: u64| {
                    times[..=n]
                        .iter()
                        .filter(|at| (**at / 1000.0) as u64 == second)
                        .count() as u32
                };
                if n % 97 == 0 {
                    let current = (now / 1000.0) as u64;
                    let naive: [u32; SECONDS] =
                        std::array::from_fn(|ago| count(current - (SECONDS - ago) as u64));
                    // What is older than the memory is not told.
                    let told = figures.per_second(now);
                    assert_eq!(told[3..], naive[3..]);
                    let since = (times[0] / 1000.0) as u64;
                    let whole = (current - since).min(5);
                    let sum: u32 = (1..=whole).map(|ago| count(current - ago)).sum();
                    assert_eq!(figures.rate(now), f64::from(sum) / whole as f64);
                }
            }
        }
    }

    #[test]
    fn one_event_a_second_is_a_rate_of_one() {
        let mut figures = Figures::default();
        assert_eq!(figures.rate(0.0), 0.0);
        for n in 0..100 {
            figures.event(1e12 + 500.0 + f64::from(n) * 1_000.0);
            assert_eq!(figures.rate(1e12 + 900.0 + f64::from(n) * 1_000.0), 1.0);
        }
        assert_eq!(figures.rate(1e12 + 500_000.0), 0.0, "silence");
    }

    #[test]
    fn a_clock_that_is_set_back_is_no_negative_gap() {
        let mut figures = Figures::default();
        figures.event(5_000.0);
        figures.event(1_000.0);
        assert_eq!(figures.max_gap, Some(0.0));
        figures.event(f64::MAX);
        assert_eq!(figures.events, 3);
        assert_eq!(figures.rate(f64::MAX), 0.0);
        assert_eq!(figures.per_second(f64::MAX), [0; SECONDS]);
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_stop_the_rate() {
        for back in [0.0, 1_000.0, 59_000.0, 60_000.0, 3.6e6] {
            let mut figures = Figures::default();
            for n in 0..100 {
                figures.event(1e12 + f64::from(n) * 1_000.0);
            }
            let from = 1e12 + 100_000.0 - back;
            for n in 0..70 {
                figures.event(from + f64::from(n) * 1_000.0);
            }
            let told = figures.per_second(from + 70_000.0);
            assert_eq!(told[SECONDS - 9..], [1; 9], "{back}");
            assert_eq!(figures.rate(from + 70_000.0), 1.0, "{back}");
        }
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
