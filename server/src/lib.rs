//! The generator of SSE Scope: one small HTTP server that serves the page and emits the event
//! stream that the page shows.
//!
//! # Code map
//!
//! | file | what it holds |
//! | --- | --- |
//! | `lib.rs` | [`app`]: which path is answered by what |
//! | `connection.rs` | [`run`]: connections, their limits, a clean end |
//! | `socket.rs` | one client's socket, and how it ends |
//! | `hosts.rs` | for which hosts it answers |
//! | `spec/` | what the query of `/stream` asks for: the table of its parameters |
//! | `stream.rs` | from a request for `/stream` to the head of the response |
//! | `resume.rs` | where a stream begins for a client that comes back |
//! | `chunks.rs` | from the head of a stream on: its body, written without hyper |
//! | `body.rs` | the body: a clock, a client, and what the writer says |
//! | `writer.rs` | what is written next, and when: it joins the four below |
//! | `schedule.rs` | when events are due |
//! | `events.rs` | their text, a frame at a time |
//! | `data.rs` | what they say, where it is more than a date or a number |
//! | `framing.rs` | compressed, withheld, cut |
//! | `streams.rs` | [`Streams`]: what all streams share |
//! | `stop.rs` | that all is to end |
//! | `metrics.rs` | the figures at `/metrics` |
//! | `date.rs` | the dates, as ECMAScript writes them |
//! | `assets.rs` | the page, embedded by `build.rs`, and its policy |
//! | `main.rs` | the command line |
//!
//! From `spec` to `framing` nothing knows of sockets or clocks.
//!
//! # Example
//!
//! A server on a free port, ended by the program itself:
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let streams = sse_scope_server::Streams::default();
//! let app = sse_scope_server::app(&streams);
//! let limits = sse_scope_server::Limits::default();
//! sse_scope_server::run(listener, app, streams, limits, async { /* until this is ready */ }).await
//! # }
//! ```

mod generator;
mod http;
mod metrics;
mod shutdown;
mod streams;

pub use http::{Limits, app, has_page, run};
pub use streams::Streams;
