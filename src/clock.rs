//! The time, with a finer resolution than `Date`, and its text.

use std::cell::Cell;

use leptos::prelude::window;

thread_local! {
    /// The page's time origin, in ms since the Unix epoch; 0 until it is known.
    static ORIGIN: Cell<f64> = const { Cell::new(0.0) };
}

/// How far the clock may differ from `Date`, in ms. While a computer sleeps, this clock may stand still,
/// but `Date` does not.
const DRIFT_MS: f64 = 100.0;

/// The time since the page's time origin, in ms. On a server, which has none, 0.
pub(crate) fn ticks() -> f64 {
    if !cfg!(target_arch = "wasm32") {
        return 0.0;
    }
    window().performance().map_or(0.0, |clock| clock.now())
}

/// Sets the clock by `Date`. Call this when a connection opens, so that no gap between two events is
/// measured with two clocks.
pub(crate) fn set() {
    let origin = js_sys::Date::now() - ticks();
    ORIGIN.with(|known| {
        if (known.get() - origin).abs() > DRIFT_MS {
            known.set(origin);
        }
    });
}

/// The time, in ms since the Unix epoch.
pub(crate) fn now() -> f64 {
    from_time_stamp(ticks())
}

/// A time since the page's time origin, such as the `timeStamp` of a DOM event, as one since the Unix
/// epoch. Both are in ms.
pub(crate) fn from_time_stamp(time_stamp: f64) -> f64 {
    if !cfg!(target_arch = "wasm32") {
        return time_stamp;
    }
    ORIGIN.with(|origin| {
        if origin.get() == 0.0 {
            origin.set(js_sys::Date::now() - ticks());
        }
        origin.get() + time_stamp
    })
}

/// The local date and time for the name of a file: `2026-11-24T2325`. `at` is in ms since the Unix epoch.
pub(crate) fn minute(at: f64) -> String {
    let date = js_sys::Date::new(&at.into());
    format!(
        "{:04}-{:02}-{:02}T{:02}{:02}",
        date.get_full_year(),
        date.get_month() + 1,
        date.get_date(),
        date.get_hours(),
        date.get_minutes()
    )
}

/// The local date and time, to the second: `2026-11-24 23:25:54`. `at` is in ms since the Unix epoch.
pub(crate) fn date_time(at: f64) -> String {
    let (minute, time) = (minute(at), time_of_day(at));
    let (date, _) = minute.split_once('T').unwrap_or_default();
    [date, " ", time.get(..8).unwrap_or_default()].concat()
}

/// The local time of day with ms: `23:25:54.120`. `at` is in ms since the Unix epoch.
pub(crate) fn time_of_day(at: f64) -> String {
    let date = js_sys::Date::new(&at.into());
    format!(
        "{:02}:{:02}:{:02}.{:03}",
        date.get_hours(),
        date.get_minutes(),
        date.get_seconds(),
        date.get_milliseconds()
    )
}
