//! The server: the page, the files that hydrate it, and the event stream.

use std::convert::Infallible;

use axum::{
    Router,
    extract::State,
    response::{
        Html,
        sse::{Event, KeepAlive, Sse},
    },
    routing::get,
};
use leptos::{config::LeptosOptions, hydration::HydrationScripts, prelude::*};
use tokio::sync::broadcast;
use tokio_stream::{Stream, StreamExt, wrappers::BroadcastStream};
use tower_http::services::ServeDir;

use crate::App;

/// The routes. Each number that `ticks` sends is an event of all open streams.
pub fn router(ticks: broadcast::Sender<u64>) -> Router {
    Router::new()
        .route("/", get(async || Html(Owner::new().with(page))))
        .route("/events", get(events))
        // What wasm-pack wrote.
        .nest_service(
            "/pkg",
            ServeDir::new(concat!(env!("CARGO_MANIFEST_DIR"), "/pkg")),
        )
        .with_state(ticks)
}

fn page() -> String {
    // `HydrationScripts` loads `/pkg/hydrate.js`, which loads `/pkg/hydrate_bg.wasm`.
    let options = LeptosOptions::builder().output_name("hydrate").build();
    let page = view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <title>"Hydrated"</title>
                <link rel="icon" href="data:," />
                <style>{sse_scope::STYLE}</style>
                <HydrationScripts options />
            </head>
            <body>
                <App />
            </body>
        </html>
    };
    page.to_html()
}

async fn events(
    State(ticks): State<broadcast::Sender<u64>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    // A client that is too slow misses ticks.
    let ticks = BroadcastStream::new(ticks.subscribe()).filter_map(Result::ok);
    let events = ticks.map(|tick| Event::default().event("tick").data(format!("{tick} s")));
    Sse::new(events.map(Ok)).keep_alive(KeepAlive::default())
}
