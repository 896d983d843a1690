//! What is shown: one component in each file.

// Of a component that is private to the view, `#[component]` makes an inner item public.
#![allow(unreachable_pub)]

mod canvas;
mod columns;
mod detail;
mod dom;
mod event_stream;
mod figures_bar;
mod files;
mod filter_bar;
mod focus;
mod generator;
mod keys;
mod labels;
mod link_state;
mod log;
mod masthead;
mod menu;
mod request_bar;
mod request_menu;
mod row;
mod settings;
mod theme;
mod time_window;
mod timeline;
mod viewport;
mod watched;

pub use event_stream::{EventStream, EventStreamProps};
pub(crate) use figures_bar::figures_bar;
pub(crate) use filter_bar::filter_bar;
pub(crate) use focus::Focus;
pub(crate) use keys::Keys;
pub use labels::Labels;
pub(crate) use masthead::Masthead;
pub(crate) use request_bar::RequestBar;
pub(crate) use timeline::timeline;
pub(crate) use watched::Watched;
