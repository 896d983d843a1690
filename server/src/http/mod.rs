//! The HTTP server.

mod assets;
mod connection;
mod handover;
mod hosts;
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
pub use connection::{Limits, run};
pub(crate) use socket::Fate;

use crate::streams::Streams;

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
