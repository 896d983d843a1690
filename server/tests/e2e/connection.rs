//! The connection: opened, lost, closed, and never asked for what is not a GET.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{io::AsyncWriteExt, net::TcpListener};

use super::browser::{Browser, Server};
use super::{CLOSE, DATE, HEAD, OPEN, open, read_request, serve};

#[tokio::test]
async fn the_default_stream_appears_under_the_policy_without_a_console_error() {
    let (_server, browser) = open("").await;

    browser.until_line(&format!("^Ping: {DATE}")).await;
    let lines = browser.lines().await;
    assert_eq!(lines[0], OPEN);
    assert!(lines[1].starts_with("Start time: "), "{lines:?}");
    assert!(lines[2].starts_with("Ping: "), "{lines:?}");
    browser.until_line(&format!("^Start time: {DATE}")).await;
    browser.until("page.time() >= '00:00:02'").await;

    browser.press("Disconnect").await;
    browser.until_line("^Connection close.$").await;
    browser.press("Connect").await;
    browser.until_state("Open").await;
    browser
        .until(&format!(
            "page.lines().filter(line => line === '{OPEN}').length === 2"
        ))
        .await;
    assert_eq!(browser.count(CLOSE).await, 1);
    assert_eq!(browser.console_errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_lost_server_is_one_line_and_its_return_another() {
    let mut server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    browser.goto(&server.origin).await;
    browser.until_line("^Ping: ").await;

    server.kill().await;
    browser.until_line("^Connection close.$").await;
    // At least one attempt fails before the server is back.
    browser
        .until("page.number('Attempts failed') > 0 && /retries/.test(page.state())")
        .await;
    let _back = Server::start(server.address()).await;
    browser.until_state("Open").await;
    browser
        .until(&format!(
            "page.lines().filter(line => line === '{OPEN}').length === 2"
        ))
        .await;
    assert_eq!(browser.count(CLOSE).await, 1);
}

/// A refusal with a body.
const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\naccess-control-allow-origin: *\r\n\
     connection: close\r\ncontent-length: 11\r\n\r\nbusy\nlater\n";

#[tokio::test]
async fn failed_attempts_by_fetch_share_a_line_with_their_reason_and_their_number() {
    let busy = serve(BUSY, |_| String::new(), 0).await;
    let (_server, browser) = open(&format!("?via=fetch&url={busy}/")).await;
    let line = "^Connection failed: 503 Service Unavailable: busy, \\d+ times, the last at \\d\\d:\\d\\d:\\d\\d\\.\\d{3} in \\d";
    browser.until_line(line).await;
    assert_eq!(browser.count("Connection failed").await, 1);
    browser.until("page.number('Attempts failed') >= 2").await;
}

#[tokio::test]
async fn a_failed_attempt_by_event_source_is_a_line_without_a_reason() {
    let busy = serve(BUSY, |_| String::new(), 0).await;
    let (server, browser) = open(&format!("?via=EventSource&url={busy}/")).await;
    browser
        .until_line("^Connection failed: the browser gives no reason")
        .await;
    // By fetch more is known.
    let page = format!("{}/?via=fetch&url=http://127.0.0.1:1/", server.origin);
    browser.goto(&page).await;
    browser
        .until_line("^Connection failed: no response, in")
        .await;
}

/// An address that refuses connections.
async fn refusing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    format!("http://{}", listener.local_addr().expect("bound"))
}

/// Starts a server that resets each connection before it answers. Returns its origin.
async fn resetting() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let _ = connection.readable().await;
            // Closed before the request is read.
            drop(connection);
        }
    });
    origin
}

#[tokio::test]
async fn nobody_is_said_to_refuse_where_no_server_answers() {
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    let nowhere = [
        refusing().await,
        "http://nothing.invalid".to_owned(),
        resetting().await,
    ];
    for url in nowhere {
        for (via, line, explanation) in [
            // Some browsers give up, and some try again.
            (
                "EventSource",
                "the browser gives no reason",
                "The browser gave up and does not report why\\.|No response: no server answers there",
            ),
            (
                "fetch",
                "no response, in",
                "No response: no server answers there",
            ),
        ] {
            let page = format!("{}/?via={via}&url={url}/", server.origin);
            browser.goto(&page).await;
            browser
                .until_line(&format!("^Connection failed: {line}"))
                .await;
            browser
                .until("/^No connection\\. /.test(page.state())")
                .await;
            browser
                .until(&format!("/^({explanation})/.test(page.explanation())"))
                .await;
        }
    }
}

#[tokio::test]
async fn a_stream_is_resumed_after_its_server_was_gone_by_the_browser_or_by_the_button() {
    // Another origin: there Firefox gives up.
    let mut source = Server::start("127.0.0.1:0").await;
    let stream = "/stream?id=seq%26data=seq%26interval=200ms%26retry=600ms%26resume=replay";
    let (_server, browser) = open(&format!("?via=EventSource&url={}{stream}", source.origin)).await;
    browser.until("page.number('Last ID') > 4").await;

    source.kill().await;
    browser.until("page.number('Attempts failed') > 0").await;
    let next = browser.number("page.number('Last ID') + 1").await;
    let mut first = 0.0;
    // A new EventSource would begin at 0 again.
    if browser.value("/gave up/.test(page.explanation())").await == true {
        browser
            .until("page.explanation().includes('send the last event ID')")
            .await;
        browser.press("Use fetch").await;
        first = next;
    }
    let _back = Server::start(source.address()).await;
    // None is missing, and none was received twice.
    browser
        .until(&format!(
            "page.number('Last ID') > {next} && page.number('Events') === page.number('Last ID') + 1 - {first}"
        ))
        .await;
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_not_said_to_have_ended() {
    let stream = "/stream?interval=50ms&count=2&end=truncate&retry=3600s";
    let (mut server, browser) =
        open(&format!("?via=fetch&url={}", stream.replace('&', "%26"))).await;
    // WebKit does not report it.
    let broken =
        "/broke off/.test(page.explanation()) && /^(Lost|Ended or lost)\\. /.test(page.state())";
    browser.until(broken).await;

    browser
        .goto(&format!("{}/?via=fetch&url=/stream", server.origin))
        .await;
    browser.until_line("^message: |^Ping: ").await;
    server.kill().await;
    browser.until(broken).await;
}

#[tokio::test]
async fn a_response_without_a_head_or_a_body_is_explained() {
    let (server, browser) = open("").await;
    for via in ["EventSource", "fetch"] {
        let page = format!("{}/?via={via}&url=/stream%3Fdelay=60s", server.origin);
        browser.goto(&page).await;
        browser.until_says("in some browsers no first byte").await;

        // A head alone opens the stream in some browsers; the others wait for the first byte.
        let head = serve(HEAD, |_| String::new(), 0).await;
        browser
            .goto(&format!("{}/?via={via}&url={head}/", server.origin))
            .await;
        browser
            .until("page.state() === 'Open' || page.says('in some browsers no first byte')")
            .await;
    }
}

/// Starts a server that sends each connection the reconnection time `retry`, and an event every 50 ms.
/// Returns its origin and the number of open connections.
async fn serve_counted(retry: u32) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("bound"));
    let open = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&open);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let open = Arc::clone(&counter);
            open.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                read_request(&mut connection).await;
                let head = format!("{HEAD}retry: {retry}\n\n");
                let mut sent = connection.write_all(head.as_bytes()).await;
                while sent.is_ok() {
                    sent = connection.write_all(b"data: 1\n\n").await;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                open.fetch_sub(1, Ordering::Relaxed);
            });
        }
    });
    (origin, open)
}

#[tokio::test]
async fn back_on_the_page_its_stream_goes_on_by_one_connection() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 12\r\n\r\n";
    let other = serve(head, |_| "another page".to_owned(), 1).await;
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    // By fetch, the page must not wait.
    for (via, retry) in [("EventSource", 100), ("fetch", 3_600_000)] {
        let (stream, open) = serve_counted(retry).await;
        let page = format!("{}/?via={via}&url={stream}/", server.origin);
        browser.goto(&page).await;
        browser.until("page.number('Events') > 2").await;
        // The page goes to another, not the driver: the browser may keep this one.
        browser
            .value(&format!("setTimeout(() => location.href = '{other}')"))
            .await;
        let other = format!("{other}/").parse().expect("a URL");
        let there = browser.client.wait().for_url(&other).await;
        there.expect("the other page");
        browser.client.back().await.expect("a page to go back to");
        browser
            .until("page.state() === 'Open' && page.number('Events') > 2")
            .await;
        let events = browser.number("page.number('Events')").await;
        browser
            .until(&format!("page.number('Events') > {events}"))
            .await;
        while open.load(Ordering::Relaxed) != 1 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
