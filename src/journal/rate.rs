//! How many events arrive a second.

use std::collections::VecDeque;

/// How much of the past the rate is measured over, in ms.
const WINDOW_MS: f64 = 5_000.0;

/// How far apart the marks are at least, in ms.
const STEP_MS: f64 = 100.0;

/// The rate of a stream of events. Times are in ms.
///
/// It is measured from one arrival to another, not from one full second to the next: so it is right as
/// soon as there are two arrivals, and one event each second is a rate of exactly 1.
#[derive(Clone, Debug, Default)]
pub(super) struct Rate {
    /// Arrivals within the window and one before it, oldest first; not the last arrival.
    marks: VecDeque<Mark>,
    last: Mark,
    /// How many events were in the last arrival.
    last_size: u64,
}

/// An arrival of one or more events.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    at: f64,
    /// The number of events up to and including this arrival.
    events: u64,
}

impl Rate {
    /// Counts an event that arrived at `at`.
    pub(super) fn event(&mut self, at: f64) {
        if self.last.events > 0 && at == self.last.at {
            self.last.events += 1;
            self.last_size += 1;
            return;
        }
        if at < self.last.at {
            // The clock was set back: the old times cannot be compared with the new ones.
            *self = Self::default();
        }
        let last = self.last;
        let is_first = last.events == 0;
        let is_apart = |mark: &Mark| last.at - mark.at >= STEP_MS;
        if !is_first && self.marks.back().is_none_or(is_apart) {
            self.marks.push_back(last);
        }
        while self
            .marks
            .get(1)
            .is_some_and(|second| second.at <= at - WINDOW_MS)
        {
            self.marks.pop_front();
        }
        self.last = Mark {
            at,
            events: last.events + 1,
        };
        self.last_size = 1;
    }

    /// Events a second at the time `now`; 0 after a silence that is long for this stream.
    pub(super) fn at(&self, now: f64) -> f64 {
        let silence = (now - self.last.at).max(0.0);
        let from = now - WINDOW_MS;
        let base = self.marks.iter().find(|mark| mark.at >= from);
        let Some(base) = base.or(self.marks.back()) else {
            // A single arrival has no rate yet: its events count as those of one second.
            let is_recent = self.last.events > 0 && silence <= WINDOW_MS;
            return if is_recent {
                self.last.events as f64 / (silence / 1_000.0).max(1.0)
            } else {
                0.0
            };
        };
        let span = self.last.at - base.at;
        if silence > WINDOW_MS.max(2.0 * span) {
            return 0.0;
        }
        let events = self.last.events - base.events;
        let measured = events as f64 / span;
        // When the next arrival is late, the rate can be no more than if it arrived now.
        let at_most = (events + self.last_size) as f64 / (span + silence);
        measured.min(at_most) * 1_000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A time since the Unix epoch, in ms.
    const START: f64 = 1.7e12 + 420.0;

    /// The rate after `arrivals`, each of `size` events and `gap` ms after the one before, at `later` ms
    /// after the last.
    fn rate(arrivals: u32, size: u32, gap: f64, later: f64) -> f64 {
        let mut rate = Rate::default();
        for n in 0..arrivals {
            for _ in 0..size {
                rate.event(START + f64::from(n) * gap);
            }
        }
        rate.at(START + f64::from(arrivals - 1) * gap + later)
    }

    #[test]
    fn a_steady_stream_has_its_rate_from_the_second_arrival_on() {
        for arrivals in [2, 3, 6, 7, 100, 10_000] {
            for (size, gap, expected) in [
                (1, 1_000.0, 1.0),
                (10, 1_000.0, 10.0),
                (1, 20.0, 50.0),
                (500, 2.0, 250_000.0),
                (1, 4_000.0, 0.25),
                (1, 30_000.0, 1.0 / 30.0),
            ] {
                for later in [0.0, 0.5, 1.0] {
                    let measured = rate(arrivals, size, gap, later * gap);
                    assert!(
                        (measured - expected).abs() < expected * 1e-6,
                        "{arrivals} of {size} each {gap} ms: {measured}"
                    );
                }
            }
        }
    }

    #[test]
    fn one_arrival_counts_as_one_second() {
        assert_eq!(rate(1, 10, 0.0, 0.0), 10.0);
        assert_eq!(rate(1, 10, 0.0, 2_000.0), 5.0);
        assert_eq!(rate(1, 10, 0.0, 6_000.0), 0.0);
        assert_eq!(Rate::default().at(START), 0.0);
    }

    #[test]
    fn the_rate_falls_while_nothing_arrives() {
        let falling: Vec<f64> = [0.0, 500.0, 1_000.0, 3_000.0, 5_500.0]
            .map(|later| rate(1_000, 1, 10.0, later))
            .to_vec();
        assert!(falling.is_sorted_by(|a, b| a > b), "{falling:?}");
        assert_eq!(falling.last(), Some(&0.0));
        let overdue = rate(5, 1, 30_000.0, 59_000.0);
        assert!((overdue - 2.0 / 89.0).abs() < 1e-9, "{overdue}");
        assert_eq!(rate(5, 1, 30_000.0, 61_000.0), 0.0);
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let mut rate = Rate::default();
        let mut at = START;
        for gap in [1.0, 100.0] {
            for _ in 0..10_000 {
                at += gap;
                rate.event(at);
            }
            let measured = rate.at(at);
            assert!((measured - 1_000.0 / gap).abs() < 1e-6, "{measured}");
        }
    }

    #[test]
    fn few_marks_are_kept() {
        let mut rate = Rate::default();
        for n in 0..1_000_000 {
            rate.event(START + f64::from(n) * 0.37);
        }
        assert!(rate.marks.len() <= 52, "{}", rate.marks.len());
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_stop_the_rate() {
        for back in [0.0, 1.0, 1_000.0, 59_000.0, 3.6e6] {
            let mut rate = Rate::default();
            for n in 0..100 {
                rate.event(START + f64::from(n) * 1_000.0);
            }
            let from = START + 100_000.0 - back;
            for n in 0..70 {
                rate.event(from + f64::from(n) * 1_000.0);
            }
            let measured = rate.at(from + 69_500.0);
            assert!((measured - 1.0).abs() < 1e-6, "{back}: {measured}");
        }
        let mut rate = Rate::default();
        rate.event(START);
        rate.event(f64::MAX);
        assert!(rate.at(f64::MAX) < 1e-9);
        assert!(rate.at(START).is_finite());
    }
}
