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

mod assets;
mod body;
mod chunks;
mod connection;
mod data;
mod date;
mod events;
mod framing;
mod hosts;
mod metrics;
mod resume;
mod schedule;
mod socket;
mod spec;
mod stop;
mod stream;
mod streams;
mod writer;

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};

pub use assets::has_page;
pub use connection::{Limits, run};
pub use streams::Streams;

/// The most that is written at once, and that is on its way to a client, in bytes.
const FRAME: usize = 64 << 10;

/// All paths of the server. What is not here is a 404: a mistyped stream must not look alive.
///
/// `streams` counts the streams that this app serves and can end them.
pub fn app(streams: &Streams) -> Router {
    assets::routes()
        .route(
            "/stream",
            get(stream::serve)
                .post(stream::serve)
                .options(stream::preflight),
        )
        .route("/stream/help", get(stream::help))
        .route("/stream/help.json", get(stream::help_json))
        .route("/metrics", get(metrics))
        .with_state(streams.clone())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
}

async fn metrics(State(streams): State<Streams>) -> impl IntoResponse {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([("content-type", kind)], streams.metrics())
}

async fn not_found() -> Response {
    text(
        StatusCode::NOT_FOUND,
        "Nothing is here. The page is at /, the event stream at /stream, its parameters at /stream/help.\n",
    )
}

async fn method_not_allowed() -> Response {
    text(
        StatusCode::METHOD_NOT_ALLOWED,
        "This path does not take that method; the `allow` header lists those it takes.\n",
    )
}

/// A short answer for people with curl.
fn text(status: StatusCode, body: &'static str) -> Response {
    (
        status,
        [
            ("content-type", "text/plain; charset=utf-8"),
            ("x-content-type-options", "nosniff"),
        ],
        body,
    )
        .into_response()
}
