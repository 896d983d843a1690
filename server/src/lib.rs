//! The generator of SSE Scope: one small HTTP server that serves the page and emits the event
//! stream that the page shows.
//!
//! # Code map
//!
//! | file | what it holds |
//! | --- | --- |
//! | `lib.rs` | [`app`]: which path is answered by what; [`run`]: from a listener to a clean end |
//! | `spec.rs` | what the query of `/stream` asks for: the table of its parameters |
//! | `stream.rs` | `GET /stream`: the default stream, one timer a client; given bytes |
//! | `generated.rs` | a stream by parameters: when a frame is due, and how much may be on its way |
//! | `events.rs` | the text of that stream, a frame at a time |
//! | `date.rs` | the dates, as ECMAScript writes them |
//! | `assets.rs` | the page, embedded by `build.rs`, and its policy |
//! | `main.rs` | the command line |
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
//! sse_scope_server::run(listener, app, streams, async { /* until this is ready */ }).await
//! # }
//! ```

mod assets;
mod date;
mod events;
mod generated;
mod spec;
mod stream;

use std::{future::Future, io, time::Duration};

use axum::{
    Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
    serve::ListenerExt,
};
use tokio::net::TcpListener;

pub use assets::has_page;
pub use stream::Streams;

/// How long a connection may take to end after [`run`] was asked to stop. A client that does not
/// read must not keep the program alive.
const GRACE: Duration = Duration::from_millis(500);

/// All paths of the server. What is not here is a 404: a mistyped stream must not look alive.
///
/// `streams` counts the streams that this app serves and can end them.
pub fn app(streams: &Streams) -> Router {
    assets::routes()
        .route(
            "/stream",
            get(stream::serve)
                .options(stream::preflight)
                .with_state(streams.clone()),
        )
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
}

/// Serves `app` until `shutdown` is ready, then ends all open streams and returns within a second.
///
/// # Errors
///
/// Those of the listener.
pub async fn run(
    listener: TcpListener,
    app: Router,
    streams: Streams,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    // An event is a small write that waits for nothing: Nagle's algorithm would only delay it.
    let listener = listener.tap_io(|tcp| {
        if let Err(error) = tcp.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
    });
    let ending = streams.clone();
    let server = axum::serve(listener, app).with_graceful_shutdown(async move {
        shutdown.await;
        ending.end_all();
    });
    let deadline = async {
        streams.ended().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        result = server.into_future() => result,
        () = deadline => {
            tracing::warn!(live = streams.live(), "some connections did not end in time and are cut");
            Ok(())
        }
    }
}

async fn not_found() -> Response {
    text(
        StatusCode::NOT_FOUND,
        "Nothing is here. The page is at /, the event stream at /stream.\n",
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
