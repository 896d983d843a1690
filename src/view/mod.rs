//! What is seen: one component a file.

mod detail;
mod event_stream;
mod labels;
mod link_state;
mod log;
mod open_form;
mod theme;

pub use event_stream::{EventStream, EventStreamProps};
pub use labels::Labels;
pub(crate) use open_form::{OpenForm, Request};
pub(crate) use theme::ThemeSwitch;

/// The local time of day with ms: `23:25:54.120`. `at` is in ms since the Unix epoch.
fn clock(at: f64) -> String {
    let date = js_sys::Date::new(&at.into());
    format!(
        "{:02}:{:02}:{:02}.{:03}",
        date.get_hours(),
        date.get_minutes(),
        date.get_seconds(),
        date.get_milliseconds()
    )
}
