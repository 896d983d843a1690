//! Why there is no stream: what the page finds out by requests of its own, where an `EventSource` exposes nothing.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::browser::{Browser, ENTER, Engine, Server};
use super::{HEAD, open, read_request, serve};

/// An address that the page can open.
async fn listening() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("bound"));
    (listener, origin)
}

/// The heads of the requests that a server received.
type Heads = Arc<Mutex<Vec<String>>>;

/// How many of these requests have `part` in their head.
fn count(heads: &Heads, part: &str) -> usize {
    let heads = heads.lock().expect("not poisoned");
    heads.iter().filter(|head| head.contains(part)).count()
}

/// Starts a server that answers each request with what `answer` makes of its head, and then closes the
/// connection; it keeps a request without an answer. Returns its origin and the requests.
async fn answering(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> (String, Heads) {
    let (listener, origin) = listening().await;
    let heads = Heads::default();
    let (answer, seen) = (Arc::new(answer), Arc::clone(&heads));
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
            tokio::spawn(async move {
                let head = read_request(&mut connection).await.to_ascii_lowercase();
                if head.is_empty() {
                    return Ok(());
                }
                let answer = answer(&head);
                seen.lock().expect("not poisoned").push(head);
                connection.write_all(answer.as_bytes()).await?;
                if answer.is_empty() {
                    while connection.read(&mut [0; 4096]).await? > 0 {}
                }
                connection.shutdown().await
            });
        }
    });
    (origin, heads)
}

/// A response with these headers and this body.
fn response(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

/// Waits until the page has the finding `mistake`, and its sentence matches this regular expression.
async fn until_found(browser: &Browser, mistake: &str, sentence: &str) {
    browser
        .until(&format!("/{sentence}/.test(page.found('{mistake}'))"))
        .await;
}

#[tokio::test]
async fn what_the_server_answers_to_an_event_source_is_named() {
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    for (query, mistake, sentence) in [
        ("status=401", "unauthorized", "answered 401"),
        ("status=403", "forbidden", "answered 403"),
        ("status=404", "not-found", "answered 404"),
        ("status=429", "too-many-requests", "answered 429"),
        ("status=500", "server-error", "answered 500"),
        ("status=502", "bad-gateway", "answered 502"),
        ("status=503", "unavailable", "answered 503"),
        ("type=text/plain", "wrong-type", "is text.plain"),
        ("redirect=30", "redirects", "redirect"),
    ] {
        let stream = format!("/stream?{query}").replace('=', "%3d");
        let page = format!("{}/?via=eventsource&url={stream}", server.origin);
        browser.goto(&page).await;
        until_found(&browser, mistake, sentence).await;
        let first = browser.value("page.findings()[0]").await;
        assert_eq!(first, mistake, "{query}");
        browser
            .until("!page.findings().includes('gave-up') && !page.findings().includes('no-server')")
            .await;
    }
}

/// Faults of CORS: the headers of the response, what is found with the relay, and its sentence.
const CORS: [(&str, &str, &str, &str); 4] = [
    (
        "200 OK",
        "",
        "cors-missing",
        "has no access-control-allow-origin",
    ),
    (
        "200 OK",
        "access-control-allow-origin: http://other.example\r\n",
        "cors-other-origin",
        "is http:..other.example, and this page is http:..127",
    ),
    (
        "200 OK",
        "access-control-allow-origin: *\r\naccess-control-allow-origin: *\r\n",
        "cors-twice",
        "more than one",
    ),
    (
        "500 Oops",
        "",
        "cors-on-error",
        "The server answered 500, without",
    ),
];

#[tokio::test]
async fn what_is_wrong_with_cors_is_named_by_the_relay() {
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    for (status, headers, mistake, sentence) in CORS {
        let headers = ["content-type: text/event-stream\r\n", headers].concat();
        let (stream, _) = answering(move |_| response(status, &headers, "data: a\n\n")).await;
        for via in ["eventsource", "fetch"] {
            let page = format!("{}/?via={via}&url={stream}/", server.origin);
            browser.goto(&page).await;
            until_found(&browser, mistake, sentence).await;
        }
    }
    for (headers, mistake) in [
        ("access-control-allow-origin: *\r\n", "cors-star"),
        (
            "access-control-allow-origin: ORIGIN\r\n",
            "cors-credentials",
        ),
    ] {
        let headers = headers.replace("ORIGIN", &server.origin);
        let headers = ["content-type: text/event-stream\r\n", &headers].concat();
        let (stream, _) = answering(move |_| response("200 OK", &headers, "data: a\n\n")).await;
        let page = format!(
            "{}/?via=eventsource&credentials=include&url={stream}/",
            server.origin
        );
        browser.goto(&page).await;
        until_found(&browser, mistake, "credentials").await;
    }
}

#[tokio::test]
async fn without_the_relay_cors_is_not_taken_for_a_server_that_is_gone() {
    // Not on a loopback address only: there is no relay.
    let server = Server::start("0.0.0.0:0").await;
    let browser = Browser::start().await;
    let page = server.origin.replace("0.0.0.0", "127.0.0.1");
    let (hidden, _) = answering(|_| response("200 OK", "", "")).await;
    let star = serve(HEAD, |_| "data: a\n\n".to_owned(), 1).await;
    let (_, gone) = listening().await;
    for (url, mistake) in [
        (format!("{hidden}/"), "cors-hidden"),
        (format!("{star}/&credentials=include"), "cors-credentials"),
        (format!("{gone}/"), "no-server"),
    ] {
        browser
            .goto(&format!("{page}/?via=eventsource&url={url}"))
            .await;
        until_found(&browser, mistake, ".").await;
    }
}

#[tokio::test]
async fn why_no_connection_is_made_is_named() {
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    let (_, gone) = listening().await;
    let ssh = serve("SSH-2.0-OpenSSH_9.9\r\n", |_| String::new(), 0).await;
    let plain = serve(HEAD, |_| "data: a\n\n".to_owned(), 1).await;
    let (closing, _) = answering(|_| " ".to_owned()).await;
    for (url, mistake) in [
        (gone, "refused"),
        ("http://nothing.invalid".to_owned(), "name-not-found"),
        (ssh, "not-http"),
        (plain.replace("http:", "https:"), "wrong-scheme"),
        (closing, "not-http"),
    ] {
        for via in ["eventsource", "fetch"] {
            browser
                .goto(&format!("{}/?via={via}&url={url}/", server.origin))
                .await;
            until_found(&browser, mistake, ".").await;
        }
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_told_from_one_whose_six_connections_are_in_use() {
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    let (never, _) = answering(|_| String::new()).await;
    browser
        .goto(&format!("{}/?via=eventsource&url={never}/", server.origin))
        .await;
    until_found(&browser, "no-answer-in-time", "none to the relay").await;

    // WebKit has one pool for all credentials modes.
    if browser.engine() == Engine::WebKit {
        return;
    }
    let stream = serve(HEAD, |_| "data: a\n\n".to_owned(), 1).await;
    browser
        .goto(&format!("{}/?via=eventsource&url=", server.origin))
        .await;
    let six = format!("window.six = [1, 2, 3, 4, 5, 6].map(n => new EventSource('{stream}/' + n))");
    browser.value(&format!("void ({six})")).await;
    browser
        .until("window.six.every(source => source.readyState === 1)")
        .await;
    browser.fill("Stream", &format!("{stream}/7")).await;
    browser.keys(ENTER).await;
    until_found(&browser, "six-connections", "all six connections").await;
    // One less, and it opens.
    browser.value("window.six[0].close()").await;
    browser.until_state("Open").await;
    browser
        .until("!page.findings().includes('six-connections')")
        .await;
}

#[tokio::test]
async fn six_streams_of_the_pages_own_tabs_are_counted() {
    let stream = serve(HEAD, |_| "data: a\n\n".to_owned(), 1).await;
    let (server, browser) = open("?via=eventsource&url=").await;
    let page = format!("{}/?via=eventsource&url={stream}/", server.origin);
    for _ in 0..6 {
        let tab = browser.client.new_window(true).await.expect("a tab");
        let switched = browser.client.switch_to_window(tab.handle).await;
        switched.expect("the tab is there");
        browser.goto(&page).await;
        browser.until_state("Open").await;
    }
    let tab = browser.client.new_window(true).await.expect("a tab");
    let switched = browser.client.switch_to_window(tab.handle).await;
    switched.expect("the tab is there");
    browser.goto(&page).await;
    until_found(&browser, "six-connections", "certain .*tabs have 6 streams").await;
}

#[tokio::test]
async fn a_compressor_that_is_not_flushed_is_told_from_a_silent_server() {
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    // Of the page's own origin, where the browser shows the content coding, and of another.
    let other = server.origin.replace("127.0.0.1", "localhost");
    for origin in ["", &other] {
        for via in ["fetch", "eventsource"] {
            let stream = format!("{origin}/stream?gzip=unflushed&interval=200ms");
            let stream: String = stream.bytes().map(|byte| format!("%{byte:02x}")).collect();
            browser
                .goto(&format!("{}/?via={via}&url={stream}", server.origin))
                .await;
            let sentence =
                "^certain Compressed .gzip., nothing .* uncompressed, its first byte arrives after";
            until_found(&browser, "not-flushed", sentence).await;
        }
    }

    // Compressed, and silent with compression as without. Firefox opens a stream with its first byte.
    if browser.engine() == Engine::Firefox {
        return;
    }
    let silent = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\n\
                  access-control-allow-origin: *\r\n\r\n";
    let stream = serve(silent, |_| String::new(), 0).await;
    browser
        .goto(&format!("{}/?via=fetch&url={stream}/", server.origin))
        .await;
    // After 15 s; the comparison is over by then.
    until_found(&browser, "silent", "not a byte").await;
    let found = browser.value("page.findings()").await;
    assert_eq!(found, serde_json::json!(["silent"]));
}

#[tokio::test]
async fn a_head_that_is_sent_with_the_first_event_is_told_from_one_that_is_flushed() {
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    let late = "?delay=2500&interval=200ms"
        .replace('=', "%3d")
        .replace('&', "%26");
    browser
        .goto(&format!("{}/?via=fetch&url=/stream{late}", server.origin))
        .await;
    let sentence = "^information The head of the response arrived after 2.5\\d s, together with";
    until_found(&browser, "head-not-flushed", sentence).await;

    // The head at once, and the first bytes after 2.5 s. In Firefox the relay shows that.
    let flushed = "?hold=2500&interval=100ms"
        .replace('=', "%3d")
        .replace('&', "%26");
    browser
        .goto(&format!(
            "{}/?via=fetch&url=/stream{flushed}",
            server.origin
        ))
        .await;
    browser.until("page.number('Events') > 60").await;
    browser
        .until("!page.findings().includes('head-not-flushed')")
        .await;
}

/// Whether a request has a last event ID.
const RESUMED: &str = "last-event-id: 1";

#[tokio::test]
async fn after_204_an_event_source_stays_closed() {
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    // To another origin the question needs a preflight; where that is not allowed, the relay asks.
    for allowed in ["access-control-allow-headers: last-event-id\r\n", ""] {
        let cors = ["access-control-allow-origin: *\r\n", allowed].concat();
        let (stream, heads) = answering(move |head| {
            if head.contains(RESUMED) || head.starts_with("options") {
                return format!("HTTP/1.1 204 No Content\r\n{cors}connection: close\r\n\r\n");
            }
            let headers = [&cors, "content-type: text/event-stream\r\n"].concat();
            response(
                "200 OK",
                &headers,
                "retry: 1\nid: 1\ndata: a\n\ndata: b\n\n",
            )
        })
        .await;
        let page = format!("{}/?via=eventsource&url={stream}/", server.origin);
        browser.goto(&page).await;
        browser.until_state("Closed").await;
        browser
            .until("page.explanation().includes('204') && page.findings().includes('no-content')")
            .await;
        assert_eq!(browser.number("page.number('Events')").await, 2.0);
        browser.until("!page.findings().includes('gave-up')").await;
        // The browser's request and the question.
        assert!(count(&heads, RESUMED) >= 2);
    }
}

#[tokio::test]
async fn an_event_source_waits_as_long_as_the_server_asks() {
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    for cors in ["access-control-allow-origin: *\r\n", ""] {
        // The browser hides Retry-After from pages of another origin.
        let headers = [cors, "retry-after: 3000\r\n"].concat();
        let (stream, _) = answering(move |_| response("503 Busy", &headers, "busy")).await;
        for via in ["eventsource", "fetch"] {
            browser
                .goto(&format!("{}/?via={via}&url={stream}/", server.origin))
                .await;
            browser
                .until("/in (2|3) ?\\d{3} s/.test(page.time())")
                .await;
            until_found(&browser, "unavailable", "to wait").await;
        }
    }
}

#[tokio::test]
async fn a_post_is_never_probed() {
    let (stream, heads) = answering(|_| response("200 OK", "", "")).await;
    let (server, browser) = open(&format!("?url={stream}/&method=POST&body=a")).await;
    browser.press("Send POST").await;
    browser
        .until("page.findings().includes('no-response')")
        .await;
    browser.press("Why?").await;
    browser
        .until("page.find('button', 'Copy report') && !page.find('button', 'Probe')")
        .await;
    // A GET is probed: once that is over, a probe of the POST would have been sent.
    let page = format!("{}/?via=fetch&url={stream}/", server.origin);
    browser.goto(&page).await;
    until_found(&browser, "cors-missing", ".").await;
    assert_eq!(count(&heads, "post /"), 1);
}

#[tokio::test]
async fn a_fetch_that_cannot_resume_is_told_from_a_server_that_is_gone() {
    let (stream, heads) = answering(|head| {
        if head.starts_with("options") {
            return response("405 No", "access-control-allow-origin: *\r\n", "");
        }
        let headers = "access-control-allow-origin: *\r\ncontent-type: text/event-stream\r\n";
        response("200 OK", headers, "retry: 1\nid: 1\ndata: a\n\n")
    })
    .await;
    let (_server, browser) = open(&format!("?via=fetch&url={stream}/")).await;
    until_found(&browser, "preflight", "its status is 405").await;
    assert_eq!(count(&heads, "last-event-id: 1"), 1, "that of the relay");
}

#[tokio::test]
async fn a_failure_that_lasts_is_examined_once_and_again_when_asked() {
    let (stream, heads) = answering(|_| response("200 OK", "", "")).await;
    let (_server, browser) = open(&format!("?via=fetch&url={stream}/")).await;
    until_found(&browser, "cors-missing", ".").await;
    let no_cors = "sec-fetch-mode: no-cors";
    let before = count(&heads, no_cors);
    browser.until("page.number('Attempts failed') > 2").await;
    assert_eq!(count(&heads, no_cors), before);
    browser.press("Why?").await;
    browser.press("Probe").await;
    browser.until_says("By the relay: status 200").await;
    if browser.engine() == Engine::Chromium {
        assert_eq!(count(&heads, no_cors), before + 1);
    }
}
