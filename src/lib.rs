//! An oscilloscope for Server-Sent Events.
//!
//! For a Leptos application that wants to show an event stream, [`EventStream`] is a component
//! that does, and [`use_event_source`] the hook under it, for a look of one's own:
//!
//! ```
//! use leptos::prelude::*;
//! use sse_scope::{EventStream, Labels};
//!
//! #[component]
//! fn Progress() -> impl IntoView {
//!     view! {
//!         <EventStream
//!             url="/jobs/7/progress"
//!             events=vec!["step".to_owned(), "done".to_owned()]
//!             labels=Labels::new([("step", "Step"), ("done", "Finished")])
//!         />
//!     }
//! }
//! ```
//!
//! The component brings no style of its own; the sheets in `style/` are those of [`App`].
//!
//! # Code map
//!
//! Data flows from `source` to `session` to `journal` to `view`; commands flow back from `view` to
//! `session` to `source`.
//!
//! | room | what it holds |
//! | --- | --- |
//! | `app` | [`App`], the page: which stream, what to call its events, and the parts around it |
//! | `request` | what is asked for, as an address, for curl, as JavaScript; pure |
//! | `session` | [`use_event_source`]: one watched stream as signals; in `link` and `backoff` its rules, pure |
//! | `source` | the browser's network objects, each owned |
//! | `journal` | [`Journal`]: what was received, bounded, pure |
//! | `boxed` | effects, futures and signals, as little code as can be |
//! | `frame` | drawing once a frame, however much happens in between |
//! | `view` | one component a file; [`EventStream`] is made of the others |

// By `get` instead: what a slice of a string says in a panic is 5 kB of the page.
#![cfg_attr(not(test), warn(clippy::string_slice))]

mod app;
mod boxed;
mod frame;
mod journal;
mod request;
mod session;
mod source;
mod view;

pub use app::App;
pub use journal::{DEFAULT_BOUND, Figures, Journal, Kind, Line, Name};
pub use session::{
    By, Cause, Input, Link, UseEventSourceOptions, UseEventSourceReturn, Via, use_event_source,
};
pub use source::{Answer, FetchRequest, UrlError};
pub use view::{EventStream, EventStreamProps, Labels};
