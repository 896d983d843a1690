//! The hook as other applications use it: switched off by an empty URL, its limits and its codecs.
//!
//! As in `component.rs`, the tests that need a stream use the server whose address is in
//! `SSE_SCOPE_SERVER` when this file is compiled.

#![cfg(target_arch = "wasm32")]

mod mounted;

use std::{cell::RefCell, rc::Rc};

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use mounted::{Mounted, raw, server, until, watch};
use sse_scope::{
    Cause, EventStream, Failure, FetchRequest, Kind, Link, UseEventSourceOptions,
    UseEventSourceReturn, Via, codec::FromToStringCodec,
};
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

fn by(via: &Via) -> UseEventSourceOptions {
    UseEventSourceOptions::default().via(Signal::stored(via.clone()))
}

/// Both ways to receive a stream.
fn ways() -> [Via; 2] {
    [Via::EventSource, Via::Fetch(FetchRequest::default())]
}

fn count(stream: UseEventSourceReturn, kind: Kind) -> usize {
    stream
        .entries
        .with_untracked(|log| log.iter().filter(|line| line.kind() == kind).count())
}

/// A callback that collects its arguments, and what it has collected.
fn collect<T: 'static>() -> (impl Fn(T) + 'static, Rc<RefCell<Vec<T>>>) {
    let collected = Rc::new(RefCell::new(Vec::new()));
    let sink = Rc::clone(&collected);
    (move |item| sink.borrow_mut().push(item), collected)
}

#[wasm_bindgen_test]
async fn an_empty_url_turns_the_stream_off_and_keeps_its_log() {
    let server = server!();
    for via in ways() {
        let on = RwSignal::new(false);
        let address = format!("{server}/stream");
        let url = Signal::derive(move || {
            if on.get() {
                address.clone()
            } else {
                String::new()
            }
        });
        let (stream, _page) = watch(url, by(&via));
        stream.connect();
        TimeoutFuture::new(50).await;
        assert_eq!(stream.link.get_untracked(), Link::Idle);
        on.set(true);
        until("an event", async || count(stream, Kind::Event) > 0).await;
        on.set(false);
        until("off", async || stream.link.get_untracked() == Link::Idle).await;
        assert_eq!(stream.failure.get_untracked(), None);
        assert!(count(stream, Kind::Event) > 0, "the log stays");
        on.set(true);
        until("on", async || stream.link.get_untracked().is_open()).await;
    }
}

#[wasm_bindgen_test]
async fn an_empty_url_is_no_error_in_the_component() {
    for url in ["", "  "] {
        let page = Mounted::new(move || view! { <EventStream url /> });
        until("shown", async || page.text("*").contains("Not connected")).await;
        assert!(!page.text("*").contains("URL"), "{}", page.text("*"));
    }
}

#[wasm_bindgen_test]
async fn after_the_last_allowed_attempt_the_stream_is_closed() {
    // Nothing listens on port 2. Port 1 is one that a browser refuses to use, and WebKit's EventSource then
    // fires no event.
    for via in ways() {
        let options = by(&via).max_attempts(1).reconnection_time(1);
        let (stream, _page) = watch("http://127.0.0.1:2/", options);
        until("closed", async || {
            !stream.link.get_untracked().is_live() && stream.link.get_untracked() != Link::Idle
        })
        .await;
        let Link::Closed {
            cause: Cause::AttemptLimit { attempts, failure },
        } = stream.link.get_untracked()
        else {
            panic!("{}", stream.link.get_untracked());
        };
        assert_eq!(attempts, 1);
        match via {
            // Firefox gives up after a refused connection, where the others try again.
            Via::EventSource => assert!(matches!(
                failure,
                Failure::BrowserRetries | Failure::BrowserGaveUp
            )),
            _ => assert_eq!(failure, Failure::Unreachable),
        }
    }
}

#[wasm_bindgen_test]
async fn the_component_has_the_options_of_the_hook_and_its_props_take_precedence() {
    let options = by(&ways()[1]).max_attempts(1).immediate(false);
    let url = "http://127.0.0.1:2/";
    let page = Mounted::new(move || view! { <EventStream url options immediate=true /> });
    // Without the limit the page would wait for the next attempt.
    until("closed", async || page.text("*").contains("Closed")).await;
    let limit = "There is no second attempt.";
    until(limit, async || page.text("*").contains(limit)).await;
}

#[wasm_bindgen_test]
async fn without_further_attempts_a_lost_stream_stays_closed() {
    let server = server!();
    for via in ways() {
        let options = by(&via).max_attempts(0);
        let (stream, _page) = watch(raw(server, "data: 1\n\n", "&end=true"), options);
        until("closed", async || {
            matches!(
                stream.link.get_untracked(),
                Link::Closed {
                    cause: Cause::AttemptLimit { attempts: 0, .. }
                }
            )
        })
        .await;
        assert_eq!(count(stream, Kind::Event), 1);
    }
}

#[wasm_bindgen_test]
async fn the_reconnection_time_counts_until_the_stream_sets_one() {
    let server = server!();
    let fetch = Via::Fetch(FetchRequest::default());
    let options = by(&fetch).reconnection_time(5);
    let (stream, _page) = watch(raw(server, "data: 1\n\n", "&end=true"), options);
    until("three openings", async || count(stream, Kind::Opened) >= 3).await;

    let options = by(&fetch).reconnection_time(5);
    let (stream, _page) = watch(
        raw(server, "retry: 60000\ndata: 1\n\n", "&end=true"),
        options,
    );
    let waits = || match stream.link.get_untracked() {
        Link::Waiting {
            until: Some(until), ..
        } => until - js_sys::Date::now() > 30_000.0,
        _ => false,
    };
    until("a wait of a minute", async || waits()).await;
}

#[wasm_bindgen_test]
async fn a_silent_stream_is_lost_after_the_idle_timeout() {
    let server = server!();
    for via in ways() {
        // An event at once, and the next in an hour.
        let url = format!("{server}/stream?interval=3600s&retry=none");
        let options = by(&via).idle_timeout(300).reconnection_time(500);
        let (stream, _page) = watch(url, options);
        until("timed out", async || {
            stream.failure.get_untracked() == Some(Failure::TimedOut)
        })
        .await;
        until("opened again", async || count(stream, Kind::Opened) >= 2).await;
    }
}

#[wasm_bindgen_test]
async fn a_stream_that_sends_in_time_stays_open() {
    let server = server!();
    for via in ways() {
        let url = format!("{server}/stream?interval=50ms");
        let (stream, _page) = watch(url, by(&via).idle_timeout(2_000));
        until("events for longer than the timeout", async || {
            count(stream, Kind::Event) > 60
        })
        .await;
        assert_eq!(count(stream, Kind::Opened), 1);
    }
    // By fetch, comments count.
    let url = format!("{server}/stream?interval=3600s&heartbeat=50ms");
    let fetch = Via::Fetch(FetchRequest::default());
    let (stream, _page) = watch(url, by(&fetch).idle_timeout(2_000));
    until("comments", async || count(stream, Kind::Comment) > 60).await;
    assert_eq!(count(stream, Kind::Opened), 1);
}

#[wasm_bindgen_test]
async fn no_answer_within_the_idle_timeout_is_a_failed_attempt() {
    let server = server!();
    for via in ways() {
        let url = format!("{server}/stream?delay=3600s");
        let options = by(&via).idle_timeout(100).max_attempts(1);
        let (stream, _page) = watch(url, options);
        let cause = Cause::AttemptLimit {
            attempts: 1,
            failure: Failure::TimedOut,
        };
        until("closed", async || {
            stream.link.get_untracked()
                == Link::Closed {
                    cause: cause.clone(),
                }
        })
        .await;
    }
}

#[wasm_bindgen_test]
async fn typed_callbacks_get_the_events_of_their_type() {
    let server = server!();
    for via in ways() {
        let body =
            "event: n\ndata: 1\n\ndata: other\n\nevent: n\ndata: two\n\nevent: n\ndata: 3\n\n";
        let (on_number, numbers) = collect();
        let (on_event, events) = collect();
        let options = by(&via)
            .events(["n"])
            .max_attempts(0)
            .on_decoded::<u32, FromToStringCodec>("n", move |n| on_number(n.ok()))
            .on_event(move |message| on_event(message.data));
        let (stream, _page) = watch(raw(server, body, "&end=true"), options);
        let latest = stream.decoded::<u32, FromToStringCodec>();
        until("four events", async || events.borrow().len() == 4).await;
        assert_eq!(*numbers.borrow(), [Some(1), None, Some(3)]);
        assert_eq!(*events.borrow(), ["1", "other", "two", "3"]);
        until("the latest", async || {
            matches!(latest.get_untracked(), Some(Ok(3)))
        })
        .await;
    }
}
