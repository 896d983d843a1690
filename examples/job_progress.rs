//! The progress of a job, from events whose data is JSON.
//!
//! It shows the hook `use_event_source`: events read as a Rust type, a progress bar, and a page that
//! closes the stream at the last event. A server cannot end a stream for good by closing it: every
//! `EventSource` connects again.
//!
//! To run it, start the server that sends the events, and in another terminal trunk:
//!
//! ```sh
//! cargo run -p sse-scope-server
//! trunk serve examples/index.html --example job_progress
//! ```

use leptos::prelude::*;
use serde::Deserialize;
use sse_scope::{UseEventSourceOptions, use_event_source};

/// How many steps the job has.
const STEPS: usize = 20;

/// The data of an event of type `step`: the fields of interest, by their names in the JSON.
#[derive(Clone, Deserialize)]
struct Step {
    n: usize,
    text: String,
}

/// How far the job is.
#[derive(Clone)]
enum Progress {
    Waiting,
    At(Step),
    Unreadable(String),
    Done,
}

#[component]
fn JobProgress(#[prop(into)] url: Signal<String>) -> impl IntoView {
    let progress = RwSignal::new(Progress::Waiting);
    let options = UseEventSourceOptions::default()
        .events(["step", "done"])
        .on_event(move |message| {
            progress.set(match &*message.event_type {
                "done" => Progress::Done,
                _ => match serde_json::from_str(&message.data) {
                    Ok(step) => Progress::At(step),
                    Err(error) => Progress::Unreadable(error.to_string()),
                },
            });
        });
    let job = use_event_source(url, options);

    let is_done = Memo::new(move |_| progress.with(|now| matches!(now, Progress::Done)));
    Effect::new(move |_| {
        if is_done.get() {
            job.disconnect();
        }
    });
    let steps_done = move || match progress.get() {
        Progress::Done => STEPS,
        Progress::At(step) => step.n,
        Progress::Waiting | Progress::Unreadable(_) => 0,
    };
    let status = move || match progress.get() {
        Progress::Waiting => "Waiting for the first step …".to_owned(),
        Progress::At(step) => format!("Step {} of {STEPS}: {}", step.n + 1, step.text),
        Progress::Unreadable(error) => format!("This event cannot be read: {error}."),
        Progress::Done => "Done.".to_owned(),
    };
    let start_again = move |_| {
        progress.set(Progress::Waiting);
        job.connect();
    };
    view! {
        <section>
            <h1>"Job"</h1>
            <progress max=STEPS value=steps_done aria-label="Progress of the job"></progress>
            <p role="status">{status}</p>
            <button type="button" disabled=move || !is_done.get() on:click=start_again>
                "Start again"
            </button>
        </section>
    }
}

fn main() {
    console_error_panic_hook::set_once();
    // The server's generator sends event types in turn: a `step` for each step, then `done`.
    let types = [["step"; STEPS].as_slice(), &["done"]].concat().join(",");
    let count = STEPS + 1;
    let url = format!("/stream?interval=200ms&data=json&event={types}&count={count}");
    leptos::mount::mount_to_body(move || view! { <JobProgress url /> });
}
