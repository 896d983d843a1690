//! The view: one component in each file.

#![allow(
    unreachable_pub,
    reason = "the macro of a component declares public items, whatever its visibility"
)]

mod canvas;
mod chips;
mod chosen;
mod columns;
mod controls;
mod detail;
mod drop_target;
mod event_stream;
mod export_menu;
mod figures_bar;
mod file_status;
mod files;
mod filter;
mod filter_bar;
mod focus;
mod generator;
mod header_rows;
mod held_request;
mod keep_menu;
mod keys;
mod labels;
mod link_state;
mod log;
mod masthead;
mod menu;
mod request_bar;
mod request_menu;
mod row;
mod saved_menu;
mod search_box;
mod settings;
mod theme;
mod time_window;
mod timeline;
mod viewport;
mod watched;

pub(crate) use controls::Controls;
pub use event_stream::{EventStream, EventStreamProps};
pub(crate) use figures_bar::FiguresBar;
pub(crate) use filter_bar::FilterBar;
pub(crate) use focus::Focus;
pub(crate) use held_request::HeldRequest;
pub(crate) use keys::Keys;
pub use labels::Labels;
pub(crate) use masthead::Masthead;
pub(crate) use request_bar::RequestBar;
pub(crate) use timeline::Timeline;
