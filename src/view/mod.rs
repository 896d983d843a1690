//! What is shown: one component in each file.

mod canvas;
mod columns;
mod detail;
mod dom;
mod event_stream;
mod figures_bar;
mod files;
mod filter_bar;
mod generator;
mod keys;
mod labels;
mod link_state;
mod log;
mod masthead;
#[allow(dead_code, reason = "the panels adopt it one after another")]
mod menu;
mod request_bar;
mod row;
mod settings;
mod time_window;
mod timeline;
mod viewport;
mod watched;

pub use event_stream::{EventStream, EventStreamProps};
pub(crate) use figures_bar::figures_bar;
pub(crate) use filter_bar::filter_bar;
pub(crate) use keys::keys;
pub use labels::Labels;
pub(crate) use masthead::masthead_buttons;
pub(crate) use request_bar::request_bar;
pub(crate) use timeline::timeline;
pub(crate) use watched::Watched;
