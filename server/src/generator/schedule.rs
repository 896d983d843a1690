//! When events are due. Pure: times are µs since the stream began.

use super::{
    data,
    spec::{Id, Spec, us},
};

/// Ticks at an interval. At each tick a burst of events is due.
pub(crate) struct Schedule {
    interval: u64,
    jitter: u64,
    seed: u64,
    /// How many events are due at a tick.
    burst: u64,
    /// How many are due at the next tick; differs from `burst` at the first.
    next_burst: u64,
    /// The time of the beginning of the stream on the grid of ticks.
    origin: u64,
    /// The number of the next tick.
    tick: u64,
    /// Whether every tick takes place, however late it is.
    keeps_all: bool,
}

impl Schedule {
    /// `number` is the number of the first event; `now` is in µs since 1970.
    pub(crate) fn new(spec: &Spec, seed: u64, number: u64, now: u64) -> Self {
        // If IDs are times, ticks follow the clock, and the first may be in the past.
        let by_clock = spec.id == Id::Time;
        let (tick, rest) = (number / spec.burst, spec.burst - number % spec.burst);
        Self {
            interval: us(spec.interval),
            jitter: us(spec.jitter),
            // Other random numbers than those of the data.
            seed: !seed,
            burst: spec.burst,
            next_burst: match by_clock {
                true => rest,
                // The `connecttime` and the first event.
                false if spec.has_connecttime => 2,
                false => spec.burst,
            },
            origin: if by_clock { now } else { 0 },
            tick: if by_clock { tick } else { 0 },
            keeps_all: by_clock,
        }
    }

    /// When the next tick is due; `None` if events are always due.
    pub(crate) fn due(&self) -> Option<u64> {
        if self.interval == 0 {
            return None;
        }
        let jitter = match self.jitter {
            0 => 0,
            most => data::rng(self.seed, self.tick).u64(..=most),
        };
        let grid = self.tick.saturating_mul(self.interval);
        Some(grid.saturating_sub(self.origin).saturating_add(jitter))
    }

    /// Takes the next tick if it is due at `now`: how many events it has, and how late it is. One
    /// tick a call: the writes must not depend on how late the machine is.
    ///
    /// Ticks that passed while the client did not read are skipped, unless IDs are times, of which
    /// none may be missing.
    pub(crate) fn take(&mut self, now: u64) -> (u64, Option<u64>) {
        let Some(due) = self.due() else {
            return (u64::MAX, None);
        };
        if due > now {
            return (0, None);
        }
        self.tick += 1;
        if !self.keeps_all {
            let passed = now.saturating_sub(self.jitter) / self.interval;
            self.tick = self.tick.max(passed + 1);
        }
        let events = std::mem::replace(&mut self.next_burst, self.burst);
        (events, Some(now - due))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(query: &str, number: u64, now: u64) -> Schedule {
        Schedule::new(&Spec::parse(query).expect(query), 7, number, now)
    }

    #[test]
    fn ticks_are_due_at_the_interval() {
        let mut schedule = schedule("interval=100&burst=3", 0, 0);
        assert_eq!(schedule.take(0), (3, Some(0)));
        assert_eq!(schedule.take(99_999), (0, None));
        assert_eq!(schedule.due(), Some(100_000));
        assert_eq!(schedule.take(100_250), (3, Some(250)));
        assert_eq!(
            schedule.due(),
            Some(200_000),
            "a late tick does not shift the grid"
        );
    }

    #[test]
    fn passed_ticks_are_skipped_unless_ids_are_times() {
        let mut ticks = schedule("interval=100", 0, 0);
        assert_eq!(ticks.take(1_050_000).0, 1);
        assert_eq!(ticks.due(), Some(1_100_000));
        let mut ticks = schedule("interval=100&id=time", 20, 2_000_000);
        for _ in 0..11 {
            assert_eq!(ticks.take(1_050_000).0, 1);
        }
        assert_eq!(ticks.due(), Some(1_100_000));
    }

    #[test]
    fn ticks_in_the_past_are_due_at_once() {
        let mut ticks = schedule("interval=100&id=time&burst=4", 4 * 15 + 3, 2_034_000);
        let due: Vec<u64> = (0..7).map(|_| ticks.take(0).0).collect();
        assert_eq!(due, [1, 4, 4, 4, 4, 4, 0], "ticks 15 to 20");
        assert_eq!(ticks.due(), Some(66_000));
    }

    #[test]
    fn jitter_is_bounded_and_skips_no_tick() {
        for query in ["interval=100&jitter=30", "interval=10&jitter=95"] {
            let mut ticks = schedule(query, 0, 0);
            let (interval, most) = (ticks.interval, ticks.jitter);
            let mut now = 0;
            let mut delays = std::collections::BTreeSet::new();
            for tick in 0..1_000 {
                assert_eq!(ticks.tick, tick);
                let due = ticks.due().expect("an interval");
                delays.insert(due - tick * interval);
                now = due.max(now);
                assert_eq!(ticks.take(now), (1, Some(now - due)));
            }
            assert!(delays.iter().all(|delay| *delay <= most));
            assert!(delays.len() > 900);
        }
    }

    #[test]
    fn the_default_stream_begins_with_two_events() {
        let mut ticks = schedule("", 0, 0);
        assert_eq!(ticks.take(5).0, 2);
        assert_eq!(ticks.take(1_000_000).0, 1);
    }
}
