//! The component and the hook on a server: they render their first state and touch nothing of a browser.
//!
//! `cargo test -p sse-scope --no-default-features --features ssr --test server_side`

#![cfg(all(feature = "ssr", not(target_arch = "wasm32")))]

use leptos::prelude::*;
use sse_scope::{EventStream, Labels, Link, UseEventSourceOptions, use_event_source};

fn rendered() -> String {
    let labels = Labels::new([("done", "Finished")]);
    view! { <EventStream url="/stream" events=["done"] labels /> }.to_html()
}

#[test]
fn the_component_renders_its_first_state() {
    let owner = Owner::new();
    let html = owner.with(rendered);
    for expected in [
        "Not connected",
        "Connect",
        "Nothing received yet",
        "0 lines",
    ] {
        assert!(html.contains(expected), "{expected} in {html}");
    }
}

#[test]
fn what_was_rendered_may_be_dropped_by_another_thread() {
    let owner = Owner::new();
    owner.with(rendered);
    std::thread::spawn(move || {
        owner.cleanup();
        drop(owner);
    })
    .join()
    .expect("no panic");
}

#[test]
fn the_hook_is_idle_and_its_commands_do_nothing() {
    let owner = Owner::new();
    owner.with(|| {
        let stream = use_event_source("/stream", UseEventSourceOptions::default());
        stream.connect();
        stream.restart();
        stream.retry();
        stream.clear();
        stream.set_bound(1);
        stream.disconnect();
        assert_eq!(stream.link.get_untracked(), Link::Idle);
        assert_eq!(stream.message.get_untracked(), None);
        assert!(stream.entries.with_untracked(|log| log.is_empty()));
    });
}
