//! The view: one component in each file.

#![allow(
    unreachable_pub,
    reason = "the macro of a component declares public items, whatever its visibility"
)]

#[cfg(feature = "app")]
mod answer;
#[cfg(feature = "app")]
mod canvas;
#[cfg(feature = "app")]
mod chips;
mod chosen;
mod columns;
mod controls;
mod detail;
#[cfg(feature = "app")]
mod drop_target;
mod event_stream;
#[cfg(feature = "app")]
mod export_menu;
#[cfg(feature = "app")]
mod figures_bar;
#[cfg(feature = "app")]
mod file_status;
mod files;
#[cfg(feature = "app")]
mod filter;
#[cfg(feature = "app")]
mod filter_bar;
mod find;
mod focus;
#[cfg(feature = "app")]
mod generator;
mod grip;
#[cfg(feature = "app")]
mod header_rows;
#[cfg(feature = "app")]
mod held_request;
#[cfg(feature = "app")]
mod keep_menu;
#[cfg(feature = "app")]
mod keys;
mod labels;
#[cfg(feature = "app")]
mod lens;
mod link_state;
mod log;
mod marked;
#[cfg(feature = "app")]
mod masthead;
#[cfg(feature = "app")]
mod menu;
mod part;
#[cfg(feature = "app")]
mod request_bar;
#[cfg(feature = "app")]
mod request_menu;
mod row;
#[cfg(feature = "app")]
mod saved_menu;
#[cfg(feature = "app")]
mod search_box;
mod server_answer;
mod settings;
#[cfg(feature = "app")]
mod tap;
#[cfg(feature = "app")]
mod theme;
#[cfg(feature = "app")]
mod time_window;
#[cfg(feature = "app")]
mod timeline;
mod viewport;
mod watched;
#[cfg(feature = "app")]
mod why;
mod window;

#[cfg(feature = "app")]
pub(crate) use answer::AnswerPane;
#[cfg(feature = "app")]
pub(crate) use controls::Controls;
pub use event_stream::{EventStream, EventStreamProps};
#[cfg(feature = "app")]
pub(crate) use figures_bar::FiguresBar;
#[cfg(feature = "app")]
pub(crate) use filter_bar::FilterBar;
#[cfg(feature = "app")]
pub(crate) use focus::Focus;
#[cfg(feature = "app")]
pub(crate) use held_request::HeldRequest;
#[cfg(feature = "app")]
pub(crate) use keys::Keys;
pub use labels::Labels;
#[cfg(feature = "app")]
pub(crate) use masthead::Masthead;
#[cfg(feature = "app")]
pub(crate) use request_bar::RequestBar;
#[cfg(feature = "app")]
pub(crate) use tap::{TapPanel, TapPlayer, Taps};
#[cfg(feature = "app")]
pub(crate) use timeline::Timeline;
#[cfg(feature = "app")]
pub(crate) use why::Why;
