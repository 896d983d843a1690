//! When to try again, after the browser has given up.

/// The bound of the first delay, in ms; it doubles with each failure.
const BASE_MS: f64 = 1_000.0;

/// The largest bound of a delay, in ms.
const CAP_MS: f64 = 30_000.0;

/// How long a connection must have been open, in ms, to count as one that held. A server that
/// accepts and drops at once is as much in trouble as one that refuses.
pub const HELD_MS: f64 = 5_000.0;

/// Exponential backoff with full jitter: each delay is anything from 0 to a bound that doubles, so
/// that the clients of a server that comes back do not all come back at once.
#[derive(Clone, Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The delay before the next attempt, in ms. `random` is in 0.0..1.0.
    pub fn next_delay(&mut self, random: f64) -> f64 {
        // `f64::exp2` would bring a table of 4 kB.
        let bound = (BASE_MS * f64::from(1_u32 << self.failures.min(31))).min(CAP_MS);
        self.failures = self.failures.saturating_add(1);
        random * bound
    }

    /// Starts again with short delays: to be called when a connection held.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_the_cap() {
        let mut backoff = Backoff::default();
        let bounds: Vec<f64> = (0..8).map(|_| backoff.next_delay(1.0)).collect();
        assert_eq!(bounds, [1e3, 2e3, 4e3, 8e3, 16e3, 30e3, 30e3, 30e3]);
    }

    #[test]
    fn jitter_is_full() {
        assert_eq!(Backoff::default().next_delay(0.0), 0.0);
        assert_eq!(Backoff::default().next_delay(0.25), 250.0);
    }

    #[test]
    fn reset_starts_again() {
        let mut backoff = Backoff { failures: 7 };
        backoff.reset();
        assert_eq!(backoff.next_delay(1.0), 1_000.0);
    }

    #[test]
    fn endless_failures_do_not_overflow() {
        let mut backoff = Backoff { failures: u32::MAX };
        assert_eq!(backoff.next_delay(1.0), CAP_MS);
        assert_eq!(backoff.next_delay(1.0), CAP_MS);
    }
}
