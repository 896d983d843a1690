//! The HTTP server: connections, routes and responses.
//!
//! | file | contents |
//! | --- | --- |
//! | `mod.rs` | [`app`]: the routes |
//! | `listener.rs` | [`run`]: accepts connections until the shutdown signal |
//! | `limits.rs` | [`Limits`]: what the server accepts, and how long it waits |
//! | `connection.rs` | one connection, from accept to close |
//! | `handover/` | serves streams without hyper's buffers |
//! | `socket.rs` | a TCP connection that two futures share |
//! | `hosts.rs` | [`Hosts`]: the host names that the server answers for |
//! | `offers.rs` | [`Offers`]: what only the page may use |
//! | `stream.rs` | `/stream`: from a request to the head of the response |
//! | `assets.rs` | the page and `/faults`, embedded by `build.rs`, and their content security policies |

mod assets;
mod connection;
mod handover;
mod hosts;
mod limits;
mod listener;
mod offers;
mod socket;
mod stream;

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};

pub use assets::has_page;
pub use hosts::Hosts;
pub use limits::Limits;
pub use listener::run;
pub use offers::Offers;

use crate::streams::Streams;

/// The routes of the server. An unknown path is a 404: a stream with a typo in its path must not
/// look alive.
///
/// `streams` counts the streams that this app serves, and can end them. The page may use `offers`.
pub fn app(streams: &Streams, offers: Offers) -> Router {
    assets::routes(&offers)
        .merge(offers.routes(streams))
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
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([("content-type", content_type)], streams.metrics())
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
        "This path does not support the method; the `allow` header lists those it supports.\n",
    )
}

/// A short response for people with curl.
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
