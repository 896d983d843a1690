//! The generator of SSE Scope: one small HTTP server that serves the page and sends the event
//! stream that a query asks for, healthy or faulty.
//!
//! Without a query `/stream` is the *default stream*, byte for byte the stream of the article that
//! the project started from: `retry: 10000`, an event of type `connecttime`, then the date once a
//! second. Rules of the event stream format are cited as "HTML, 9.2.6" and so on: sections of the
//! [HTML standard](https://html.spec.whatwg.org/multipage/server-sent-events.html).
//!
//! # Code map
//!
//! | file | contents |
//! | --- | --- |
//! | `http/` | connections, limits, routes, responses, the page |
//! | `generator/` | from a query to bytes and times; uses no sockets |
//! | `streams.rs` | [`Streams`]: what all streams of a server share |
//! | `metrics.rs` | the metrics at `/metrics` |
//! | `shutdown.rs` | the shutdown signal |
//! | `main.rs`, `command/`, `taps.rs` | the program: its arguments, opening the browser, starting the taps |
//!
//! `http` uses `generator`; both use the shared files, which use neither.
//!
//! # Example
//!
//! A server on a free port:
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let streams = sse_scope_server::Streams::default();
//! let app = sse_scope_server::app(&streams, sse_scope_server::Offers::default());
//! let limits = sse_scope_server::Limits::default();
//! sse_scope_server::run(listener, app, streams, limits, async { /* ready on shutdown */ }).await
//! # }
//! ```

#![warn(unreachable_pub)]

mod generator;
mod http;
mod metrics;
mod shutdown;
mod streams;

pub use http::{Hosts, Limits, Offers, app, has_page, run};
pub use streams::Streams;
