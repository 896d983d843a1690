//! A chat whose answers stream in, token by token.
//!
//! It shows the hook `use_event_source` with `Via::Fetch`: a stream that is requested by POST, which an
//! `EventSource` cannot do. Each answer is a component that owns its stream: the stream is requested
//! when the component is mounted and closed when it is unmounted. A POST is never repeated by itself.
//!
//! To run it, start the server that sends the answers, and in another terminal trunk:
//!
//! ```sh
//! cargo run -p sse-scope-server
//! trunk serve examples/index.html --example chat
//! ```

use leptos::{ev::SubmitEvent, prelude::*};
use serde_json::{Value, json};
use sse_scope::{Cause, FetchRequest, Link, UseEventSourceOptions, Via, use_event_source};

/// The server's generator sends the same answer to every question, in the format of common APIs.
const URL: &str = "/stream?data=tokens&interval=40ms&jitter=60ms&retry=none";

#[component]
fn Chat() -> impl IntoView {
    let questions = RwSignal::new(Vec::<String>::new());
    let draft = RwSignal::new(String::new());
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        let question = draft.get().trim().to_owned();
        if !question.is_empty() {
            questions.update(|questions| questions.push(question));
            draft.set(String::new());
        }
    };
    view! {
        <h1>"Chat"</h1>
        <For each=move || questions.get().into_iter().enumerate() key=|(number, _)| *number let((_, question))>
            <p class="question">{question.clone()}</p>
            <Answer question />
        </For>
        <form on:submit=send>
            <input type="text" aria-label="Your question" placeholder="Ask anything" bind:value=draft />
            <button type="submit" class="primary">"Send"</button>
        </form>
    }
}

#[component]
fn Answer(question: String) -> impl IntoView {
    let request = FetchRequest {
        method: "POST".to_owned(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: Some(json!({"stream": true, "prompt": question}).to_string()),
    };
    let answer = RwSignal::new(String::new());
    let is_complete = RwSignal::new(false);
    let options = UseEventSourceOptions::default()
        .via(Signal::stored(Via::Fetch(request)))
        .on_event(move |message| match &*message.data {
            "[DONE]" => is_complete.set(true),
            data => answer.update(|answer| answer.push_str(&token(data))),
        });
    let stream = use_event_source(URL, options);

    Effect::new(move |_| {
        if is_complete.get() {
            stream.disconnect();
        }
    });
    let is_broken_off = move || {
        let link = stream.link.get();
        matches!(link, Link::Closed { cause } if cause != Cause::User) && !is_complete.get()
    };
    view! {
        <p class="reply">{answer}</p>
        <Show when=is_broken_off>
            <p role="alert">"The answer broke off."</p>
        </Show>
        <Show when=move || stream.link.get().is_live()>
            <button type="button" on:click=move |_| stream.disconnect()>"Stop"</button>
        </Show>
    }
}

/// The text that an event adds to the answer; empty if the event is about something else.
fn token(data: &str) -> String {
    let event: Value = serde_json::from_str(data).unwrap_or_default();
    let content = event["choices"][0]["delta"]["content"].as_str();
    content.unwrap_or_default().to_owned()
}

fn main() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(Chat);
}
