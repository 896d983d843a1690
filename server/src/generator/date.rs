//! Dates in the format of ECMAScript.

use std::cell::RefCell;

use jiff::{Timestamp, tz::TimeZone};

thread_local! {
    /// The second that this thread formatted last, and its date.
    static LAST: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
}

/// Calls `use_date` with the date of `time`. It is formatted once a second for all streams of a
/// thread.
pub(crate) fn with<T>(time: Timestamp, use_date: impl FnOnce(&str) -> T) -> T {
    LAST.with_borrow_mut(|(second, text)| {
        if *second != time.as_second() {
            *second = time.as_second();
            *text = to_string(time);
        }
        use_date(text)
    })
}

/// `Date.prototype.toString` of ECMAScript in the time zone UTC (ECMA-262, 21.4.4.41):
/// `Sun Nov 22 2026 23:25:54 GMT+0000 (Coordinated Universal Time)`.
pub(crate) fn to_string(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC)
        .strftime("%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_equal_those_of_node() {
        // Each line from: TZ=UTC node -p 'String(new Date(SECONDS * 1000))'
        for (seconds, expected) in [
            (
                1_795_389_954,
                "Sun Nov 22 2026 23:25:54 GMT+0000 (Coordinated Universal Time)",
            ),
            (
                0,
                "Thu Jan 01 1970 00:00:00 GMT+0000 (Coordinated Universal Time)",
            ),
            (
                951_782_400,
                "Tue Feb 29 2000 00:00:00 GMT+0000 (Coordinated Universal Time)",
            ),
        ] {
            let time = Timestamp::from_second(seconds).expect("in range");
            assert_eq!(to_string(time), expected);
            with(time, |date| assert_eq!(date, expected));
        }
    }
}
