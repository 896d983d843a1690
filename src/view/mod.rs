//! What is seen: one component a file.

mod canvas;
mod columns;
mod detail;
mod dom;
mod event_stream;
mod files;
mod filter_bar;
mod format;
mod generator;
mod keys;
mod labels;
mod link_state;
mod log;
mod request_bar;
mod row;
mod settings;
mod strip;
mod theme;
mod timeline;
mod watched;

pub use event_stream::{EventStream, EventStreamProps};
pub(crate) use filter_bar::filter_bar;
pub(crate) use keys::keys;
pub use labels::Labels;
pub(crate) use request_bar::request_bar;
pub(crate) use strip::strip;
pub(crate) use theme::tools;
pub(crate) use timeline::timeline;
pub(crate) use watched::Watching;
