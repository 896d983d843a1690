//! The browser's own `EventSource` and `sse-wire` read the same random streams, and must agree.
//!
//! `SSE_SCOPE_STREAMS` is the number of streams, `SSE_SCOPE_SERVER` the server that sends them; both are
//! read when this file is compiled. `make test-page` sets the second.

#![cfg(target_arch = "wasm32")]

#[path = "../wire/tests/common/mod.rs"]
mod common;

use std::{cell::RefCell, rc::Rc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use common::{Read, items, random_stream, shown};
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Event, EventSource, MessageEvent};

wasm_bindgen_test_configure!(run_in_browser);

/// Type, data, last event ID.
type Dispatched = (String, String, String);

#[wasm_bindgen_test]
async fn wire_reads_what_the_browser_dispatches() {
    let Some(server) = option_env!("SSE_SCOPE_SERVER") else {
        console_log!("not run: needs a server; `make test-page` starts one");
        return;
    };
    let streams: u64 = option_env!("SSE_SCOPE_STREAMS")
        .unwrap_or("2000")
        .parse()
        .expect("SSE_SCOPE_STREAMS is a number");
    let mut events = 0;
    for seed in 0..streams {
        let stream = random_stream(seed);
        // Chromium does not recognize a line end right after a byte order mark, and dispatches nothing.
        if stream.starts_with(b"\xEF\xBB\xBF\n") || stream.starts_with(b"\xEF\xBB\xBF\r") {
            continue;
        }
        let read: Vec<Dispatched> = items(usize::MAX, [&stream[..]])
            .into_iter()
            .filter_map(|(_, read)| match read {
                Read::Event(event) => Some(event),
                _ => None,
            })
            .collect();
        let dispatched = browser(server, seed, &stream, &read).await;
        assert_eq!(
            dispatched,
            read,
            "the browser (left) and wire (right) differ, {}",
            shown(seed, &stream)
        );
        events += read.len();
    }
    console_log!("{streams} streams, {events} events: no difference");
}

/// What the browser's own `EventSource` dispatches, with subscriptions to the types in `expected`.
async fn browser(
    server: &str,
    seed: u64,
    stream: &[u8],
    expected: &[Dispatched],
) -> Vec<Dispatched> {
    let raw = URL_SAFE_NO_PAD.encode(stream);
    // The server sends the stream in writes of 1 to 6 bytes, or in one write.
    let split = match seed % 7 {
        0 => String::new(),
        size => format!("&split={size}"),
    };
    let source = EventSource::new(&format!("{server}/stream?raw={raw}{split}")).expect("a URL");
    let dispatched = Rc::new(RefCell::new(Vec::new()));
    let ended = Rc::new(RefCell::new(false));
    let listener = Closure::<dyn Fn(Event)>::new({
        let (source, dispatched, ended) =
            (source.clone(), Rc::clone(&dispatched), Rc::clone(&ended));
        move |event: Event| match event.dyn_into::<MessageEvent>() {
            Ok(event) => dispatched.borrow_mut().push((
                event.type_(),
                event.data().as_string().expect("text"),
                event.last_event_id(),
            )),
            Err(event) if event.type_() == "error" => {
                source.close();
                *ended.borrow_mut() = true;
            }
            Err(_) => {}
        }
    });
    let types = expected.iter().map(|(event_type, ..)| event_type.as_str());
    for event_type in types.chain(["message", "error", "open"]) {
        source
            .add_event_listener_with_callback(event_type, listener.as_ref().unchecked_ref())
            .expect("a listener");
    }
    let start = js_sys::Date::now();
    while !*ended.borrow() {
        assert!(
            js_sys::Date::now() - start < 30_000.0,
            "it never ended, {}",
            shown(seed, stream)
        );
        TimeoutFuture::new(0).await;
    }
    dispatched.take()
}
