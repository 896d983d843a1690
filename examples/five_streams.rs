//! Five event streams side by side.
//!
//! It shows the component `EventStream`: each instance has a connection and a log of its own. Five is
//! the most that leaves room for another request: a browser opens at most six connections to one
//! HTTP/1.1 server, over all its tabs.
//!
//! To run it, start the server that sends the streams, and in another terminal trunk:
//!
//! ```sh
//! cargo run -p sse-scope-server
//! trunk serve examples/index.html --example five_streams
//! ```

use leptos::prelude::*;
use sse_scope::{EventStream, FetchRequest, Labels, Via};

/// What each stream is, and its URL. `/stream/help` on the server lists the parameters.
const STREAMS: [(&str, &str); 5] = [
    (
        "Two event types, IDs and heartbeats",
        "/stream?interval=500ms&event=,status&data=json&id=seq&heartbeat=5s",
    ),
    (
        "Ends every 10 events, and resumes",
        "/stream?interval=200ms&data=seq&id=seq&after=10&end=reset&resume=replay&retry=1s",
    ),
    (
        "A proxy that buffers for 5 s",
        "/stream?interval=250ms&data=seq&hold=5s",
    ),
    (
        "Events without the empty line at their end",
        "/stream?interval=500ms&data=json&corrupt=no-blank",
    ),
    (
        "JSON without a field name",
        "/stream?interval=500ms&corrupt=bare-json",
    ),
];

#[component]
fn FiveStreams() -> impl IntoView {
    let labels = Labels::new([("message", "Message"), ("status", "Status")]);
    // By fetch, the log also shows comments, and notes on lines that have no effect.
    let via = Signal::stored(Via::Fetch(FetchRequest::default()));
    view! {
        <div class="streams">
            {STREAMS
                .map(|(name, url)| {
                    let labels = labels.clone();
                    view! {
                        <article>
                            <h2>{name}</h2>
                            <EventStream url via labels />
                        </article>
                    }
                })
                .collect_view()}
        </div>
    }
}

fn main() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(FiveStreams);
}
