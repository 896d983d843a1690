//! An oscilloscope for Server-Sent Events.
//!
//! To show an event stream in a Leptos application, use the component [`EventStream`]. For a view of your
//! own design, use the hook that the component is built on, [`use_event_source`]:
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
//!             events=["step", "done"]
//!             labels=Labels::new([("step", "Step"), ("done", "Finished")])
//!         />
//!     }
//! }
//! ```
//!
//! The component brings no style sheet; the sheets in `style/` style [`App`].
//!
//! # Code map
//!
//! Data flows one way, from `source` to `session` to `journal` to `view`. Commands flow back, from `view`
//! to `session` to `source`. Only the session changes the journal.
//!
//! | room | contents |
//! | --- | --- |
//! | `app` | [`App`], the page: everything around one watched stream |
//! | `address` | converts between the page's address and a request |
//! | `request` | a request: as entered, as sent, and as code for curl and JavaScript; pure |
//! | `curl` | reads a curl command line as a request; pure |
//! | `headers` | the headers of a request as rows; pure |
//! | `known_types` | the event types of known services; pure |
//! | `session` | [`use_event_source`]: one watched stream as signals and commands; `link` and `retry` are its rules, pure |
//! | `source` | the browser's network and file objects, each with one owner |
//! | `journal` | [`Journal`]: what was received, within a bound; pure |
//! | `json`, `text` | JSON and numbers as text; pure |
//! | `clock` | the time |
//! | `frame` | at most one call for each frame |
//! | `view` | one component in each file; [`EventStream`] consists of some of them |
//!
//! `HTML, 9.2` in comments is the section of the HTML standard on server-sent events:
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>.

// Use `get`: slicing adds 5 kB of panic messages to the page.
#![cfg_attr(not(test), warn(clippy::string_slice))]
#![warn(unreachable_pub)]

mod address;
mod app;
mod clock;
mod curl;
mod frame;
mod headers;
mod journal;
mod json;
mod known_types;
mod request;
mod session;
mod source;
mod text;
mod view;

pub use app::App;
pub use journal::{CaptureError, DEFAULT_BOUND, Figures, Journal, Kind, Line, Name};
pub use request::{FetchRequest, Via};
pub use session::{
    By, Cause, EventTypes, Link, Message, Playback, UseEventSourceOptions, UseEventSourceReturn,
    use_event_source,
};
pub use source::{Answer, Failure, UrlError};
pub use sse_wire::{Event, Note};
pub use view::{EventStream, EventStreamProps, Labels};

/// Compiles the code in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
