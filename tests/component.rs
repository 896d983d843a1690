//! The component and the hook in a real browser.
//!
//! The tests that need a stream use the server whose address is in `SSE_SCOPE_SERVER` when this file is
//! compiled; `make test-page` starts one (`server/examples/fixture.rs`). Without it they print that they
//! did not run, and only the others run.

#![cfg(target_arch = "wasm32")]

mod mounted;

use std::{cell::RefCell, rc::Rc};

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use mounted::{Mounted, raw, server, until, watch};
use sse_scope::{
    By, CaptureError, Cause, EventStream, Failure, FetchRequest, Kind, Labels, Link, Message,
    UrlError, UseEventSourceOptions, UseEventSourceReturn, Via,
};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::HtmlElement;

wasm_bindgen_test_configure!(run_in_browser);

async fn live(server: &str) -> u32 {
    let response = JsFuture::from(window().fetch_with_str(&format!("{server}/fixture/live")))
        .await
        .expect("the server answers")
        .unchecked_into::<web_sys::Response>();
    let text = JsFuture::from(response.text().expect("a body"))
        .await
        .expect("a text");
    text.as_string().expect("a text").parse().expect("a number")
}

/// The log as text, with the labels of the default stream.
fn log(stream: UseEventSourceReturn) -> Vec<String> {
    stream.entries.with_untracked(|log| {
        log.iter()
            .map(|line| match line.kind() {
                Kind::Opened => "open".to_owned(),
                Kind::Closed => "close".to_owned(),
                Kind::Failed => format!("failed {}", line.data()),
                Kind::Event => format!("{}={}", line.event_type(), line.data()),
                Kind::Comment => format!("comment {}", line.data()),
                Kind::Retry => format!("retry {}", line.data()),
                Kind::Note => format!("note {}", line.data()),
                kind => panic!("a line of an unknown kind: {kind:?}"),
            })
            .collect()
    })
}

fn default_labels() -> Labels {
    Labels::new([("connecttime", "Start time"), ("message", "Ping")])
}

#[wasm_bindgen_test]
async fn the_default_stream_is_four_lines() {
    let server = server!();
    let page = Mounted::new(move || {
        view! {
            <EventStream
                url=format!("{server}/stream")
                events=vec!["connecttime".to_owned()]
                labels=default_labels()
            />
        }
    });
    let lines = page.until_lines(4).await;
    assert_eq!(lines[0], "Connection open ...");
    assert!(
        lines[1].starts_with("Start time: ") && lines[1].ends_with("(Coordinated Universal Time)")
    );
    assert_eq!(lines[2].replacen("Ping", "Start time", 1), lines[1]);
    assert!(lines[3].starts_with("Ping: "));
    assert_eq!(page.text(".link-name"), "Open");

    page.press("Disconnect");
    until("the closing line", async || {
        page.lines()
            .last()
            .is_some_and(|line| line == "Connection close.")
    })
    .await;
    assert_eq!(page.text(".link-name"), "Closed");
    page.press("Connect");
    until("open again", async || {
        page.lines()
            .iter()
            .filter(|line| *line == "Connection open ...")
            .count()
            == 2
    })
    .await;
}

#[wasm_bindgen_test]
async fn an_event_without_a_label_is_shown_by_its_type() {
    let server = server!();
    let url = raw(server, "event: step\ndata: 1\n\ndata: 2\n\n", "");
    let page = Mounted::new(move || {
        view! { <EventStream url events=vec!["step".to_owned()] labels=Labels::new([("message", "Ping")]) /> }
    });
    assert_eq!(
        page.until_lines(3).await,
        ["Connection open ...", "step: 1", "Ping: 2"]
    );
}

#[wasm_bindgen_test]
async fn received_text_is_shown_as_text() {
    let server = server!();
    let image = "<img src=x onerror=window.broken=1>";
    let script = "<script>window.broken=1</script>";
    let url = raw(
        server,
        &format!("event: <b>\ndata: {image}\n\nid: {image}\ndata: {script}\n\n"),
        "",
    );
    let page = Mounted::new(move || {
        view! { <EventStream url events=vec!["<b>".to_owned()] /> }
    });
    let lines = page.until_lines(3).await;
    assert_eq!(
        lines[1..],
        [format!("<b>: {image}"), format!("message: {script}")]
    );
    page.find("[data-kind=event]:last-child")
        .expect("a row")
        .unchecked_into::<HtmlElement>()
        .click();
    until("the detail", async || page.text(".detail pre") == script).await;
    assert!(page.text(".detail dl").contains(image));
    assert!(page.find("img, script, .row b b, .detail b").is_none());
    assert!(
        js_sys::Reflect::get(&window(), &"broken".into())
            .expect("a window")
            .is_undefined()
    );
}

#[wasm_bindgen_test]
async fn error_and_open_events_of_the_server_are_events() {
    let server = server!();
    let url = raw(
        server,
        "event: error\ndata: e\n\nevent: open\ndata: o\n\ndata: m\n\n",
        "",
    );
    let (stream, _page) = watch(url, UseEventSourceOptions::default());
    until("all three", async || log(stream).len() >= 4).await;
    assert_eq!(log(stream), ["open", "error=e", "open=o", "message=m"]);
    assert!(stream.link.get_untracked().is_open());
}

#[wasm_bindgen_test]
async fn the_last_event_id_is_kept_with_each_event() {
    let server = server!();
    let url = raw(server, "data: a\n\nid: 7\ndata: b\n\ndata: c\n\n", "");
    let (stream, _page) = watch(url, UseEventSourceOptions::default());
    until("all three", async || log(stream).len() >= 4).await;
    let ids: Vec<String> = stream.entries.with_untracked(|log| {
        log.iter()
            .filter(|line| line.kind() == Kind::Event)
            .map(|event| event.last_event_id().into_owned())
            .collect()
    });
    assert_eq!(ids, ["", "7", "7"]);
}

#[wasm_bindgen_test]
async fn unmounting_closes_the_stream() {
    let server = server!();
    for _ in 0..3 {
        let page = Mounted::new(move || view! { <EventStream url=format!("{server}/stream") /> });
        page.until_lines(2).await;
        until("one stream is live", async || live(server).await == 1).await;
        drop(page);
        until("no stream is live", async || live(server).await == 0).await;
    }
    // The same if it is unmounted before the response.
    for _ in 0..50 {
        let page = Mounted::new(move || view! { <EventStream url=format!("{server}/stream") /> });
        TimeoutFuture::new(0).await;
        drop(page);
    }
    until("no stream is live", async || live(server).await == 0).await;
}

#[wasm_bindgen_test]
async fn a_change_of_url_leaves_no_stream_behind() {
    let server = server!();
    let first = raw(server, "data: first\n\n", "");
    let second = raw(server, "data: second\n\n", "");
    let url = RwSignal::new(first);
    let (stream, page) = watch(url, UseEventSourceOptions::default());
    until("the first", async || {
        log(stream) == ["open", "message=first"]
    })
    .await;
    url.set(second);
    until("the second, in a log of its own", async || {
        log(stream) == ["open", "message=second"]
    })
    .await;
    until("one stream is live", async || live(server).await == 1).await;
    drop(page);
    until("no stream is live", async || live(server).await == 0).await;
}

#[wasm_bindgen_test]
async fn another_log_never_shows_lines_of_the_one_before() {
    let server = server!();
    let url = RwSignal::new(raw(server, "data: first\n\n", ""));
    let page = Mounted::new(move || view! { <EventStream url /> });
    page.until_lines(2).await;
    page.find("[data-kind=event]")
        .expect("a row")
        .unchecked_into::<HtmlElement>()
        .click();
    until("the detail", async || page.text(".detail pre") == "first").await;
    url.set(raw(server, "data: second\n\n", ""));
    until("the second", async || {
        page.lines() == ["Connection open ...", "message: second"]
    })
    .await;
    assert!(
        page.find(".detail:not([hidden])").is_none(),
        "the detail of a line that is gone"
    );
}

#[wasm_bindgen_test]
async fn setting_the_url_to_the_same_value_does_not_reconnect() {
    let server = server!();
    let url = RwSignal::new(raw(server, "data: a\n\n", ""));
    let (stream, _page) = watch(url, UseEventSourceOptions::default());
    until("the event", async || log(stream).len() == 2).await;
    url.set(url.get_untracked());
    TimeoutFuture::new(0).await;
    assert!(stream.link.get_untracked().is_open());
    assert_eq!(log(stream), ["open", "message=a"]);
}

#[wasm_bindgen_test]
async fn a_change_of_url_during_a_retry_leaves_no_stream_behind() {
    let server = server!();
    for broken in ["/fixture/status/500", "/fixture/html"] {
        let url = RwSignal::new(format!("{server}{broken}"));
        let (stream, page) = watch(url, UseEventSourceOptions::default());
        until("waiting", async || {
            matches!(
                stream.link.get_untracked(),
                Link::Waiting { by: By::Page, .. }
            )
        })
        .await;
        url.set(format!("{server}/stream"));
        until("open", async || stream.link.get_untracked().is_open()).await;
        // This takes longer than the longest first delay, so the old retry would have made a second
        // stream.
        until("the stream goes on", async || log(stream).len() >= 4).await;
        until("one stream is live", async || live(server).await == 1).await;
        assert_eq!(log(stream).iter().filter(|line| *line == "open").count(), 1);
        drop(page);
        until("no stream is live", async || live(server).await == 0).await;
    }
}

#[wasm_bindgen_test]
async fn unmounting_during_a_retry_ends_it() {
    let server = server!();
    let key = js_sys::Math::random();
    let (stream, page) = watch(
        format!("{server}/fixture/flaky?failures=1&key={key}"),
        UseEventSourceOptions::default(),
    );
    until("waiting", async || {
        matches!(stream.link.get_untracked(), Link::Waiting { .. })
    })
    .await;
    drop(page);
    // Another stream, which opens after a retry, shows that enough time has passed.
    let (other, page) = watch(
        format!("{server}/fixture/flaky?failures=1&key={key}-other"),
        UseEventSourceOptions::default(),
    );
    until("the other's pings", async || log(other).len() >= 3).await;
    until("one stream is live", async || live(server).await == 1).await;
    drop(page);
    until("no stream is live", async || live(server).await == 0).await;
}

#[wasm_bindgen_test]
async fn the_page_tries_again_after_the_browser_gives_up() {
    let server = server!();
    let key = js_sys::Math::random();
    // Two attempts, and the question after the first why the browser gave up.
    let (stream, _page) = watch(
        format!("{server}/fixture/flaky?failures=3&key={key}"),
        UseEventSourceOptions::default(),
    );
    until("a second wait", async || {
        matches!(
            stream.link.get_untracked(),
            Link::Waiting {
                attempt: 3,
                until: Some(_),
                by: By::Page
            }
        )
    })
    .await;
    let lines = log(stream);
    assert_eq!(lines.len(), 1, "attempts that fail alike share a line");
    let beginning = "failed the browser gives no reason, 2 times, the last at ";
    assert!(lines[0].starts_with(beginning), "{lines:?}");
    until("open", async || stream.link.get_untracked().is_open()).await;
    assert_eq!(log(stream)[1], "open");
}

#[wasm_bindgen_test]
async fn a_wait_can_be_cut_short() {
    let server = server!();
    let url = raw(server, "retry: 3600000\ndata: a\n\n", "&end=true");
    let (stream, _page) = watch(url, UseEventSourceOptions::default());
    until("lost", async || {
        stream.link.get_untracked()
            == Link::Waiting {
                attempt: 1,
                until: None,
                by: By::Browser,
            }
    })
    .await;
    stream.retry();
    assert_eq!(stream.link.get_untracked(), Link::Connecting { attempt: 1 });
    until("the second time", async || log(stream).len() >= 6).await;
    assert_eq!(
        log(stream),
        ["open", "message=a", "close", "open", "message=a", "close"]
    );
}

#[wasm_bindgen_test]
async fn each_opening_and_each_loss_is_one_line() {
    let server = server!();
    let url = raw(server, "retry: 1\ndata: a\n\n", "&end=true");
    let (stream, _page) = watch(url, UseEventSourceOptions::default());
    until("some losses", async || log(stream).len() >= 12).await;
    stream.disconnect();
    // What follows the twelfth line was cut wherever `disconnect` fell.
    for lines in log(stream)[..12].chunks(3) {
        assert_eq!(lines, ["open", "message=a", "close"]);
    }
    assert_eq!(
        stream.link.get_untracked(),
        Link::Closed { cause: Cause::User }
    );
}

#[wasm_bindgen_test]
async fn an_event_type_can_be_added_without_reconnecting() {
    let server = server!();
    let url = raw(
        server,
        "event: a\ndata: 1\n\nevent: b\ndata: 2\n\n",
        "&every=20",
    );
    let events = RwSignal::new(vec!["a".to_owned()]);
    let (stream, _page) = watch(url, UseEventSourceOptions::default().events(events));
    until("some of the first", async || log(stream).len() >= 5).await;
    assert!(!log(stream).contains(&"b=2".to_owned()));
    events.set(vec!["b".to_owned()]);
    until("some of the second", async || {
        log(stream).iter().filter(|line| *line == "b=2").count() >= 3
    })
    .await;
    let lines = log(stream);
    let first = lines.iter().position(|line| line == "b=2").expect("some");
    assert!(!lines[first..].contains(&"a=1".to_owned()), "{lines:?}");
    assert_eq!(lines.iter().filter(|line| *line == "open").count(), 1);
}

#[wasm_bindgen_test]
async fn the_log_is_bounded_and_counts_what_it_evicted() {
    let server = server!();
    let url = raw(server, &"data: x\n\n".repeat(1_000), "");
    let (stream, _page) = watch(url, UseEventSourceOptions::default().bound(10_000));
    until("all of them", async || {
        stream.entries.with_untracked(|log| log.received()) == 1_001
    })
    .await;
    stream.entries.with_untracked(|log| {
        assert!(log.evicted() > 0);
        assert_eq!(log.received(), log.len() as u64 + log.evicted());
    });
}

#[wasm_bindgen_test]
async fn subscribers_are_notified_once_a_frame() {
    let server = server!();
    let url = raw(server, &"data: x\n\n".repeat(1_000), "");
    let (stream, _page) = watch(url, UseEventSourceOptions::default());
    let notified = RwSignal::new(0);
    let _effect = Effect::new(move |_| {
        stream.entries.track();
        notified.update_untracked(|notified| *notified += 1);
    });
    until("all of them", async || {
        stream.entries.with_untracked(|log| log.received()) == 1_001
    })
    .await;
    until("a notification", async || notified.get_untracked() > 1).await;
    assert!(
        notified.get_untracked() < 100,
        "{} times",
        notified.get_untracked()
    );
}

#[wasm_bindgen_test]
async fn events_are_shown_even_without_frames() {
    let server = server!();
    let frames: JsValue =
        js_sys::Reflect::get(&window(), &"requestAnimationFrame".into()).expect("a function");
    let never = js_sys::Function::new_no_args("return 0;");
    js_sys::Reflect::set(&window(), &"requestAnimationFrame".into(), &never).expect("replaceable");
    let page = Mounted::new(move || view! { <EventStream url=format!("{server}/stream") /> });
    page.until_lines(2).await;
    js_sys::Reflect::set(&window(), &"requestAnimationFrame".into(), &frames).expect("replaceable");
}

#[wasm_bindgen_test]
async fn nothing_is_opened_before_it_is_requested() {
    let server = server!();
    let (stream, _page) = watch(
        format!("{server}/stream"),
        UseEventSourceOptions::default().immediate(false),
    );
    TimeoutFuture::new(0).await;
    assert_eq!(stream.link.get_untracked(), Link::Idle);
    stream.connect();
    until("open", async || stream.link.get_untracked().is_open()).await;
}

#[wasm_bindgen_test]
async fn a_bad_url_is_a_sentence() {
    for (url, expected) in [
        (
            "http://[",
            UrlError::Unparsable {
                given: "http://[".to_owned(),
            },
        ),
        (
            "ftp://example.org/",
            UrlError::Scheme {
                given: "ftp://example.org/".to_owned(),
                scheme: "ftp:".to_owned(),
            },
        ),
    ] {
        let page = Mounted::new(move || view! { <EventStream url /> });
        let sentence = expected.to_string();
        until(&sentence, async || {
            page.text(".link-explanation") == sentence
        })
        .await;
        assert_eq!(page.text(".link-name"), "Cannot connect");
        assert_eq!(page.lines(), Vec::<String>::new());
    }
}

fn fetch() -> UseEventSourceOptions {
    UseEventSourceOptions::default().via(Signal::stored(Via::Fetch(FetchRequest::default())))
}

#[wasm_bindgen_test]
async fn by_fetch_everything_in_the_stream_is_in_the_log() {
    let server = server!();
    let body = "retry: 3600000\n: hello\nid: 7\nevent: step\ndata: 1\ndata: 2\n\ndata : 3\n\n";
    let (stream, _page) = watch(raw(server, body, ""), fetch());
    until("all of it", async || log(stream).len() >= 5).await;
    let lines = log(stream);
    assert_eq!(
        lines[..4],
        ["open", "retry 3600000", "comment hello", "step=1\n2"]
    );
    assert!(
        lines[4].starts_with("note The line was ignored"),
        "{lines:?}"
    );
    let response = stream.response.get_untracked().expect("a response");
    assert_eq!(
        (response.status, response.header("content-type")),
        (200, Some("text/event-stream"))
    );
}

#[wasm_bindgen_test]
async fn by_fetch_text_that_is_split_between_chunks_is_complete() {
    let server = server!();
    let (stream, _page) = watch(
        format!(
            "{server}/stream?raw={}&split=1",
            base64_of("data: a\u{e4}\u{20ac}\u{1f600}\n\ndata: 2\r\n\r\n")
        ),
        fetch(),
    );
    until("both", async || log(stream).len() >= 4).await;
    let lines = log(stream);
    assert_eq!(lines[1], "message=a\u{e4}\u{20ac}\u{1f600}");
    assert_eq!(lines[3], "message=2", "after the note about line ends");
}

fn base64_of(text: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(text)
}

#[wasm_bindgen_test]
async fn by_fetch_a_lost_stream_is_requested_with_its_last_event_id() {
    let server = server!();
    let (stream, _page) = watch(format!("{server}/fixture/resume"), fetch());
    until("three connections", async || {
        log(stream).contains(&"message=after 2".to_owned())
    })
    .await;
    let lines = log(stream);
    assert_eq!(
        lines[..8],
        [
            "open",
            "retry 10",
            "message=after nothing",
            "close",
            "open",
            "retry 10",
            "message=after 1",
            "close"
        ]
    );
}

#[wasm_bindgen_test]
async fn by_fetch_status_204_ends_the_stream_for_good() {
    let server = server!();
    let (stream, _page) = watch(format!("{server}/fixture/status/204"), fetch());
    until("closed", async || {
        stream.link.get_untracked()
            == Link::Closed {
                cause: Cause::NoContent,
            }
    })
    .await;
}

#[wasm_bindgen_test]
async fn by_fetch_the_page_shows_the_answer() {
    let server = server!();
    for (path, expected) in [
        ("status/500", "Server answered 500; expected 200."),
        ("html", "Content type is text/html; expected"),
    ] {
        let url = format!("{server}/fixture/{path}");
        let page = Mounted::new(move || {
            view! { <EventStream url via=Signal::stored(Via::Fetch(FetchRequest::default())) /> }
        });
        until(expected, async || {
            page.text(".link-explanation").starts_with(expected)
        })
        .await;
        assert!(page.find(".response[open]:not([hidden])").is_some());
        until("the attempt is a line", async || {
            let lines = page.lines();
            lines.len() == 1 && lines[0].starts_with("Connection failed: ")
        })
        .await;
    }
}

#[wasm_bindgen_test]
async fn by_fetch_a_post_sends_method_headers_and_body_and_is_not_repeated() {
    let server = server!();
    let request = FetchRequest {
        method: "POST".to_owned(),
        headers: vec![
            ("x-test".to_owned(), "yes".to_owned()),
            ("content-type".to_owned(), "application/json".to_owned()),
        ],
        body: Some("{\"q\": \"\u{e4}\"}".to_owned()),
    };
    let (stream, _page) = watch(
        format!("{server}/fixture/echo"),
        UseEventSourceOptions::default().via(Signal::stored(Via::Fetch(request))),
    );
    until("the end", async || {
        stream.link.get_untracked()
            == Link::Closed {
                cause: Cause::NotRepeated(Failure::Ended),
            }
    })
    .await;
    assert_eq!(
        log(stream),
        [
            "open",
            "message=POST",
            "message=x-test: yes",
            "message=content-type: application/json",
            "message={\"q\": \"\u{e4}\"}",
            "close"
        ]
    );
}

#[wasm_bindgen_test]
async fn by_fetch_an_unreachable_and_a_refused_post_have_different_explanations() {
    let server = server!();
    let refused = Failure::Refused { retry_after: None };
    for (url, expected) in [
        ("http://127.0.0.1:1/".to_owned(), Failure::Unreachable),
        (format!("{server}/fixture/status/500"), refused),
    ] {
        let request = FetchRequest {
            method: "POST".to_owned(),
            ..FetchRequest::default()
        };
        let via = Signal::stored(Via::Fetch(request));
        let (stream, _page) = watch(url, UseEventSourceOptions::default().via(via));
        let cause = Cause::NotRepeated(expected);
        until(&format!("{cause:?}"), async || {
            stream.link.get_untracked()
                == Link::Closed {
                    cause: cause.clone(),
                }
        })
        .await;
    }
}

#[wasm_bindgen_test]
async fn the_callback_gets_each_event_once_in_order_and_may_disconnect() {
    let server = server!();
    for via in [Via::EventSource, Via::Fetch(FetchRequest::default())] {
        let url = raw(server, "data: 1\n\nid: 7\ndata: 2\n\ndata: end\n\n", "");
        let seen = Rc::new(RefCell::new(Vec::new()));
        let slot: Rc<RefCell<Option<UseEventSourceReturn>>> = Rc::default();
        let (callback_seen, callback_slot) = (Rc::clone(&seen), Rc::clone(&slot));
        let options = UseEventSourceOptions::default()
            .via(Signal::stored(via))
            .on_event(move |message: Message| {
                if message.data == "end" {
                    callback_slot.borrow().expect("mounted").disconnect();
                }
                callback_seen.borrow_mut().push(message);
            });
        let (stream, _page) = watch(url, options);
        *slot.borrow_mut() = Some(stream);
        until("closed", async || {
            stream.link.get_untracked() == Link::Closed { cause: Cause::User }
        })
        .await;
        let message = |data: &str, id: &str| Message {
            event_type: "message".to_owned(),
            data: data.to_owned(),
            last_event_id: id.to_owned(),
        };
        assert_eq!(
            *seen.borrow(),
            [message("1", ""), message("2", "7"), message("end", "7")]
        );
        assert_eq!(stream.message.get_untracked(), Some(message("end", "7")));
    }
}

/// The data of the events, which are numbers.
fn numbers(stream: UseEventSourceReturn) -> Vec<u64> {
    stream.entries.with_untracked(|log| {
        let events = log.into_iter().filter(|line| line.kind() == Kind::Event);
        events
            .filter_map(|event| event.data().parse().ok())
            .collect()
    })
}

#[wasm_bindgen_test]
async fn a_restart_and_a_new_header_resume_after_the_last_event() {
    let server = server!();
    let url = format!("{server}/stream?id=seq&data=seq&interval=10ms&resume=replay");
    let request = |token: &str| {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Via::Fetch(FetchRequest {
            // An ID that was set by hand counts until the stream sets one.
            headers: vec![header("last-event-id", "4"), header("x-token", token)],
            ..FetchRequest::default()
        })
    };
    let via = RwSignal::new(request("first"));
    let (stream, _page) = watch(url, UseEventSourceOptions::default().via(via));
    // Events of the connection before may still arrive, so their number says nothing about the next one.
    let has_events = async |connection: usize| {
        let log = log(stream);
        let openings = log.iter().filter(|line| *line == "open").count();
        openings == connection && log.last().is_some_and(|line| line.starts_with("message="))
    };
    until("some events", async || has_events(1).await).await;
    stream.restart();
    until("more events", async || has_events(2).await).await;
    via.set(request("second"));
    until("even more events", async || has_events(3).await).await;
    let numbers = numbers(stream);
    let expected: Vec<u64> = (5..5 + numbers.len() as u64).collect();
    assert_eq!(numbers, expected, "none is missing and none is repeated");
}

#[wasm_bindgen_test]
async fn a_stream_can_be_resumed_from_an_id() {
    let server = server!();
    let url = format!("{server}/stream?id=seq&data=seq&interval=10ms&resume=replay");
    let (stream, _page) = watch(url, fetch().last_event_id("41"));
    until("some events", async || numbers(stream).len() >= 2).await;
    assert_eq!(numbers(stream)[..2], [42, 43]);
}

#[wasm_bindgen_test]
async fn commands_after_unmounting_do_nothing() {
    let (stream, page) = watch(
        "/nowhere",
        UseEventSourceOptions::default().immediate(false),
    );
    drop(page);
    stream.connect();
    stream.retry();
    stream.disconnect();
    stream.clear();
    stream.set_bound(1);
    stream.play(file(CAPTURE));
    stream.stop_playing();
}

const CAPTURE: &str = "sse-capture 1\n{\"url\":\"https://example.org/\"}\nopen 1000\n\
    bytes 2000 22\nid: 7\ndata: captured\n\n\nclose 3000\nend\n";

fn file(content: &str) -> web_sys::Blob {
    let parts = js_sys::Array::of1(&content.into());
    web_sys::Blob::new_with_str_sequence(&parts).expect("a file")
}

#[wasm_bindgen_test]
async fn a_capture_takes_the_place_of_the_stream() {
    let server = server!();
    let (stream, _page) = watch(format!("{server}/stream"), fetch());
    until("open", async || log(stream).len() >= 3).await;
    stream.play(file(CAPTURE));
    until("the capture", async || {
        log(stream) == ["open", "message=captured", "close"]
    })
    .await;
    let playback = stream.playback.get_untracked();
    assert_eq!(
        playback.facts.as_deref(),
        Some("{\"url\":\"https://example.org/\"}")
    );
    until("its end", async || {
        stream.playback.get_untracked().progress.is_none()
    })
    .await;
    assert_eq!(stream.playback.get_untracked().error, None);
    let times: Vec<f64> = stream
        .entries
        .with_untracked(|log| log.iter().map(|line| line.at()).collect());
    assert_eq!(times, [1_000.0, 2_000.0, 3_000.0]);
    until("no stream is live", async || live(server).await == 0).await;

    stream.play(file(&CAPTURE.replace("captured", "replaced")));
    until("another capture", async || {
        log(stream) == ["open", "message=replaced", "close"]
    })
    .await;

    stream.connect();
    until("the stream again", async || log(stream).len() >= 3).await;
    assert!(!log(stream).contains(&"message=captured".to_owned()));
    assert_eq!(stream.playback.get_untracked().facts, None);
}

#[wasm_bindgen_test]
async fn a_file_that_is_not_a_capture_changes_nothing() {
    let server = server!();
    let (stream, _page) = watch(format!("{server}/stream"), fetch());
    until("open", async || log(stream).len() >= 3).await;
    for (content, expected) in [
        ("no stream", CaptureError::NotACapture),
        ("", CaptureError::NotACapture),
        ("sse-cap", CaptureError::Truncated { offset: 7 }),
    ] {
        stream.play(file(content));
        until(&expected.to_string(), async || {
            stream.playback.get_untracked().error.as_ref() == Some(&expected)
        })
        .await;
        assert!(stream.link.get_untracked().is_open());
        assert_eq!(log(stream)[0], "open");
    }
}

#[wasm_bindgen_test]
async fn an_event_stream_without_times_is_opened_like_a_capture() {
    let server = server!();
    let (stream, _page) = watch(format!("{server}/stream"), fetch());
    until("open", async || log(stream).len() >= 3).await;
    stream.play(file("\u{FEFF}id: 7\ndata: saved\n\ndata: unfinished"));
    until("the end of the file", async || {
        log(stream).last().is_some_and(|line| line == "close")
    })
    .await;
    let lines = log(stream);
    assert_eq!(lines[0], "open");
    // The byte order mark has a note of its own.
    assert!(lines.contains(&"message=saved".to_owned()), "{lines:?}");
    assert_eq!(stream.playback.get_untracked().error, None);
    assert!(stream.playback.get_untracked().facts.is_some());
}

#[wasm_bindgen_test]
async fn an_unfinished_event_of_a_capture_is_not_reported_in_the_next_log() {
    let server = server!();
    let (stream, _page) = watch(format!("{server}/stream"), fetch());
    until("open", async || log(stream).len() >= 3).await;
    let cut_off = "sse-capture 1\n{}\nopen 1000\nbytes 2000 16\ndata: unfinished\n";
    stream.play(file(cut_off));
    until("the error", async || {
        stream.playback.get_untracked().error.is_some()
    })
    .await;
    stream.play(file(CAPTURE));
    until("the next capture", async || {
        log(stream) == ["open", "message=captured", "close"]
    })
    .await;
    stream.play(file(cut_off));
    until("the error", async || {
        stream.playback.get_untracked().error.is_some()
    })
    .await;
    stream.connect();
    until("the stream", async || log(stream).len() >= 3).await;
    assert_eq!(log(stream)[0], "open");
    stream.play(file(cut_off));
    until("the error", async || {
        stream.playback.get_untracked().error.is_some()
    })
    .await;
    stream.clear();
    stream.connect();
    until("the stream", async || log(stream).len() >= 3).await;
    assert_eq!(log(stream)[0], "open");
}

#[wasm_bindgen_test]
async fn records_before_damage_in_a_capture_are_shown() {
    let (stream, _page) = watch(
        "/nowhere",
        UseEventSourceOptions::default().immediate(false),
    );
    stream.play(file(&CAPTURE.replace("close", "chose")));
    until("the error", async || {
        stream.playback.get_untracked().error.is_some()
    })
    .await;
    assert_eq!(log(stream), ["open", "message=captured"]);
    stream.clear();
    assert_eq!(log(stream), Vec::<String>::new());
    assert_eq!(stream.playback.get_untracked().facts, None);
}

#[wasm_bindgen_test]
async fn by_fetch_unmounting_ends_the_request() {
    let server = server!();
    for _ in 0..3 {
        let (stream, page) = watch(format!("{server}/stream"), fetch());
        until("open", async || stream.link.get_untracked().is_open()).await;
        drop(page);
        until("no stream is live", async || live(server).await == 0).await;
    }
}

/// Every event of a flood is in the log, in order.
async fn flood(via: Via) {
    const COUNT: u64 = 100_000;
    let server = server!();
    let url = format!("{server}/stream?interval=0&count={COUNT}&size=20&id=seq");
    let options = UseEventSourceOptions::default().via(Signal::stored(via));
    let (stream, _page) = watch(url, options);
    until("all of them", async || {
        stream.entries.with_untracked(|log| log.figures().events) >= COUNT
    })
    .await;
    stream.disconnect();
    let mut expected = 0;
    let kept = stream.entries.with_untracked(|log| {
        assert_eq!(log.received(), log.len() as u64 + log.evicted());
        log.kept()
    });
    // In slices, because the driver gives up on a page that does not respond.
    for slice in kept.step_by(5_000) {
        stream.entries.with_untracked(|log| {
            let lines = (slice..slice + 5_000).filter_map(|line| log.get(line));
            for line in lines.filter(|line| line.kind() == Kind::Event) {
                let number = expected.to_string();
                let (id, data) = (line.last_event_id(), line.data());
                assert!(
                    id == number && data.starts_with(&number),
                    "event {number} has the ID {id:?} and the data {data:?}"
                );
                expected += 1;
            }
        });
        TimeoutFuture::new(0).await;
    }
    assert_eq!(expected, COUNT);
}

#[wasm_bindgen_test]
async fn a_flood_by_event_source_is_complete() {
    flood(Via::EventSource).await;
}

#[wasm_bindgen_test]
async fn a_flood_by_fetch_is_complete() {
    flood(Via::Fetch(FetchRequest::default())).await;
}
