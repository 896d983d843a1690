//! What is shown: one component in each file.

#![allow(
    unreachable_pub,
    reason = "the macro of a component declares public items, whatever its visibility"
)]

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
mod request_bar;
mod row;
mod settings;
mod time_window;
mod timeline;
mod viewport;
mod watched;

pub use event_stream::{EventStream, EventStreamProps};
pub(crate) use figures_bar::FiguresBar;
pub(crate) use filter_bar::filter_bar;
pub(crate) use keys::keys;
pub use labels::Labels;
pub(crate) use masthead::masthead_buttons;
pub(crate) use request_bar::request_bar;
pub(crate) use timeline::Timeline;
pub(crate) use watched::Watched;
