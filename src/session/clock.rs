//! The time, finer than `Date` tells it.

use std::cell::Cell;

use leptos::prelude::window;

thread_local! {
    /// What to add to times since the page's time origin.
    static ORIGIN: Cell<f64> = const { Cell::new(0.0) };
}

/// How far the two clocks may differ, in ms: a computer that sleeps stops one of them.
const DRIFT_MS: f64 = 100.0;

fn ticks() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
}

/// Sets the clock by `Date`. To be called when a connection opens, not while one is measured.
pub(crate) fn set() {
    let origin = js_sys::Date::now() - ticks();
    ORIGIN.with(|kept| {
        if (kept.get() - origin).abs() > DRIFT_MS {
            kept.set(origin);
        }
    });
}

/// The time, in ms since the Unix epoch.
pub(crate) fn now() -> f64 {
    from_time_stamp(ticks())
}

/// The same for a time since the page's time origin, such as that of a DOM event.
pub(crate) fn from_time_stamp(time_stamp: f64) -> f64 {
    ORIGIN.with(|origin| {
        if origin.get() == 0.0 {
            origin.set(js_sys::Date::now() - ticks());
        }
        origin.get() + time_stamp
    })
}
