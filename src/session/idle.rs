//! How long a stream may be silent. Pure.

/// What to do when the timer of the idle timeout fires.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Idle {
    /// Look again after this time, in ms.
    Wait(f64),
    /// Nothing arrived for as long as the timeout: the connection counts as lost.
    TimedOut,
}

impl Idle {
    /// Compares the time since `last`, when something last arrived, with `timeout`. The timer is not set
    /// again whenever something arrives, because that may be a million times a second. All times are in
    /// ms.
    pub(super) fn at(now: f64, last: f64, timeout: f64) -> Self {
        let left = last + timeout - now;
        if left <= 0.0 {
            Self::TimedOut
        } else {
            // No longer than the timeout, even if the clock was set back.
            Self::Wait(left.min(timeout))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_silence_of_the_whole_timeout_counts() {
        for (now, last, expected) in [
            (1_000.0, 1_000.0, Idle::Wait(50.0)),
            (1_050.0, 1_030.0, Idle::Wait(30.0)),
            (1_049.5, 1_000.0, Idle::Wait(0.5)),
            (1_050.0, 1_000.0, Idle::TimedOut),
            (9_000.0, 1_000.0, Idle::TimedOut),
            // The clock was set back.
            (1_000.0, 9_000.0, Idle::Wait(50.0)),
        ] {
            assert_eq!(Idle::at(now, last, 50.0), expected, "{now}, {last}");
        }
    }
}
