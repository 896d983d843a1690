//! The browser's own `EventSource` and `sse-wire` read the same random streams, and must agree.
//!
//! `SSE_SCOPE_STREAMS` is the number of streams, `SSE_SCOPE_SERVER` the server that sends them; both are
//! read when this file is compiled. `make test-page` sets the second, `make test-differential` both.

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

/// A rule of the standard that not every browser keeps.
struct Quirk {
    /// What such a browser does.
    what: &'static str,
    /// The shortest stream that shows it, and how many bytes the server writes at once; 0 for all.
    example: (&'static [u8], u64),
    /// Whether a stream, written like that, may be read in another way for this reason.
    affects: fn(&[u8], u64) -> bool,
}

/// Where browsers are known to differ from the standard. Each browser is asked, so that one without the
/// quirk is compared on all streams. docs/engines.md has the same list.
const QUIRKS: [Quirk; 5] = [
    Quirk {
        what: "it dispatches nothing if a line end follows a byte order mark",
        example: (b"\xEF\xBB\xBF\ndata: a\n\n", 0),
        affects: |stream, _| {
            stream.starts_with(b"\xEF\xBB\xBF\n") || stream.starts_with(b"\xEF\xBB\xBF\r")
        },
    },
    Quirk {
        what: "it drops NUL",
        example: (b"data: a\0b\n\n", 0),
        affects: |stream, _| {
            let without: Vec<u8> = stream.iter().copied().filter(|byte| *byte != 0).collect();
            wire(&without) != wire(stream)
        },
    },
    Quirk {
        what: "it dispatches nothing for a block with an ID that contains NUL",
        example: (b"id: \0\ndata: a\n\n", 0),
        affects: |stream, _| {
            let stream = stream.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(stream);
            let mut lines = stream.split(|byte| matches!(byte, b'\n' | b'\r'));
            lines.any(|line| line.starts_with(b"id:") && line.contains(&0))
        },
    },
    Quirk {
        what: "it forgets an ID that a block without data sets",
        example: (b"id: 1\n\ndata: a\n\n", 0),
        affects: |stream, _| {
            let (mut forgotten, mut affects) = (false, false);
            sse_wire::Reader::with_bound(usize::MAX).read(stream, |item| {
                if matches!(item.content, sse_wire::Content::Event(_)) {
                    affects |= forgotten && item.id.is_none();
                    forgotten = false;
                } else {
                    forgotten |= item.id.is_some();
                }
            });
            affects
        },
    },
    Quirk {
        what: "it loses the first line after a byte order mark that arrives in parts",
        example: (b"\xEF\xBB\xBFdata: a\n\n", 1),
        affects: |stream, split| stream.starts_with(b"\xEF\xBB\xBF") && matches!(split, 1 | 2),
    },
];

/// What `sse-wire` reads.
fn wire(stream: &[u8]) -> Vec<Dispatched> {
    let items = items(usize::MAX, [stream]).into_iter();
    let events = items.filter_map(|(_, read)| match read {
        Read::Event(event) => Some(event),
        _ => None,
    });
    events.collect()
}

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

    // Of each quirk that this browser has: how many streams differ that it may affect.
    let mut quirks = Vec::new();
    for quirk in &QUIRKS {
        let (stream, split) = quirk.example;
        let read = wire(stream);
        // Bytes that are written one by one may still arrive together.
        for _ in 0..20 {
            if browser(server, split, stream, &read).await != read {
                quirks.push((quirk, 0));
                break;
            }
        }
    }

    let (mut events, mut affected, mut different) = (0, 0, 0);
    let mut unexplained = Vec::new();
    for seed in 0..streams {
        let mut stream = random_stream(seed);
        // Otherwise few streams end their last block, and few have an event.
        if seed % 2 == 1 {
            stream.extend(b"\n\n");
        }
        // The server sends the stream in writes of 1 to 6 bytes, or in one write.
        let split = seed % 7;
        let read = wire(&stream);
        let dispatched = browser(server, split, &stream, &read).await;
        let is_equal = dispatched == read;
        let mut is_explained = false;
        for (quirk, differences) in &mut quirks {
            if (quirk.affects)(&stream, split) {
                is_explained = true;
                *differences += u64::from(!is_equal);
            }
        }
        affected += u64::from(is_explained);
        if is_equal {
            events += read.len();
            continue;
        }
        different += 1;
        if !is_explained {
            unexplained.push((seed, stream, dispatched, read));
        }
    }
    for (quirk, differences) in &quirks {
        console_log!("in this browser, {}: {differences} streams", quirk.what);
    }
    console_log!("{streams} streams, {events} equal events, {different} streams differ");
    unexplained.sort_by_key(|(_, stream, ..)| stream.len());
    if let Some((seed, stream, dispatched, read)) = unexplained.first() {
        panic!(
            "the browser reads {} streams in another way; the shortest is {}: browser {dispatched:?}, wire {read:?}",
            unexplained.len(),
            shown(*seed, stream),
        );
    }
    assert!(
        affected * 4 < streams,
        "quirks may affect {affected} streams"
    );
}

/// What the browser's own `EventSource` dispatches, with subscriptions to the types in `expected`, if the
/// server writes `split` bytes at once.
async fn browser(
    server: &str,
    split: u64,
    stream: &[u8],
    expected: &[Dispatched],
) -> Vec<Dispatched> {
    let raw = URL_SAFE_NO_PAD.encode(stream);
    let written = match split {
        0 => String::new(),
        size => format!("&split={size}"),
    };
    let source = EventSource::new(&format!("{server}/stream?raw={raw}{written}")).expect("a URL");
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
            shown(split, stream)
        );
        TimeoutFuture::new(0).await;
    }
    dispatched.take()
}
