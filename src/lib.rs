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
//! The component works without a style sheet; [`STYLE`] is the one that it is designed with.
//!
//! # Features
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `app` (default) | the page: the component `App`, and `csr` |
//! | `csr`, `hydrate`, `ssr` | the features of Leptos of the same names |
//! | `json` | [`codec::JsonSerdeCodec`](codec) |
//! | `split` | the page in several WebAssembly modules; for its release, which `make build` splits |
//!
//! An application that uses the hook or the component needs none of the page: `default-features = false`.
//! On a server the component renders its first state and connects to nothing; it connects once the page
//! is hydrated.
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
//! | `via` | how a stream is received: what the hook is given; pure |
//! | `request` | a request: as entered, as sent, and as code for curl and JavaScript; pure |
//! | `curl` | reads a curl command line as a request; pure |
//! | `headers` | the headers of a request as rows; pure |
//! | `offers` | what the server of the page offers beside the page |
//! | `known_types` | the event types of known services; pure |
//! | `session` | [`use_event_source`]: one watched stream as signals and commands; `link` and `retry` are its rules, pure |
//! | `source` | the browser's network and file objects, each with one owner |
//! | `journal` | [`Journal`]: what was received, within a bound; pure |
//! | `diagnosis` | evidence in, findings out: why a stream shows nothing, or the wrong thing; pure |
//! | `lens` | what the data means: the answers of language models, assembled; pure |
//! | `tap` | the exchanges of the server's taps; pure |
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
#![cfg_attr(
    not(feature = "app"),
    allow(
        dead_code,
        unused_imports,
        reason = "the page uses more of the rooms than the component"
    )
)]

#[cfg(feature = "app")]
mod address;
#[cfg(feature = "app")]
mod app;
mod clock;
#[cfg(feature = "app")]
mod curl;
#[cfg(feature = "app")]
mod diagnosis;
mod frame;
#[cfg(feature = "app")]
mod headers;
mod journal;
mod json;
mod known_types;
#[cfg(feature = "app")]
mod lens;
mod offers;
#[cfg(feature = "app")]
mod request;
mod session;
mod source;
#[cfg(feature = "app")]
mod tap;
mod text;
mod via;
mod view;

#[cfg(feature = "app")]
pub use app::App;
pub use journal::{
    CaptureError, DEFAULT_BOUND, FailedAttempts, Figures, Journal, Kind, Line, Name,
};
pub use session::{
    By, Cause, EventTypes, Link, Message, Playback, UseEventSourceOptions, UseEventSourceReturn,
    use_event_source,
};
pub use source::{Failure, Hop, Phases, Relayed, Response, UpstreamEnd, UrlError};
pub use sse_wire::{Event, Field, LineEnd, Note};
pub use via::{FetchRequest, Via};
pub use view::{EventStream, EventStreamProps, Labels};

/// Codecs for [`UseEventSourceReturn::decoded`] and [`UseEventSourceOptions::on_decoded`], from the crate
/// `codee`.
pub mod codec {
    pub use codee::Decoder;
    pub use codee::string::FromToStringCodec;
    #[cfg(feature = "json")]
    pub use codee::string::JsonSerdeCodec;
}

/// The style sheet of [`EventStream`], light and dark as the system is. Without it the component works,
/// and its rows are legible.
///
/// Put it into the page once, in a `<style>` element or in a file of your own. Its custom properties, such
/// as `--accent`, can be set to other values after it.
///
/// ```
/// # use leptos::prelude::*;
/// # use sse_scope::EventStream;
/// # #[component]
/// # fn Demo() -> impl IntoView {
/// view! {
///     <style>{sse_scope::STYLE}</style>
///     <EventStream url="/events" />
/// }
/// # }
/// ```
///
/// The element needs the permission of a content security policy, if there is one: write the constant to a
/// file in a build script then.
pub const STYLE: &str = concat!(
    include_str!("../style/tokens.css"),
    include_str!("../style/component.css"),
    // The rules for buttons and boxes hold within the component only.
    ":where(.event-stream) {",
    include_str!("../style/controls.css"),
    "}",
    include_str!("../style/link.css"),
    include_str!("../style/log.css"),
    include_str!("../style/detail.css"),
);

/// Compiles the code in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Compiles the code in the README of this crate.
#[cfg(doctest)]
#[doc = include_str!("README.md")]
struct CrateReadme;
