//! The relay as a way of the page: what only it can show.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::browser::{Browser, Server};
use super::{open, read_request, serve};

/// The head of an event stream that a page of another origin may not read.
const NO_CORS: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nx-only-here: a\r\nSet-Cookie: b=c\r\nconnection: close\r\n\r\n";

/// The details of the response, whether they are open or not.
const DETAILS: &str = "document.querySelector('.response pre').textContent";

/// Starts a server that answers each request with `response` of the number of the request and its head, and
/// then closes the connection. Returns its origin and the number of requests.
async fn answering(
    response: impl Fn(usize, &str) -> String + Send + 'static,
) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("bound"));
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let head = read_request(&mut connection).await;
            let number = counter.fetch_add(1, Ordering::SeqCst);
            let response = response(number, &head);
            let _ = connection.write_all(response.as_bytes()).await;
            let _ = connection.shutdown().await;
        }
    });
    (origin, count)
}

/// An address that refuses connections.
async fn refusing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("bound").to_string()
}

#[tokio::test]
async fn a_server_without_cors_is_one_click_away_with_all_its_headers() {
    let stream = serve(NO_CORS, |_| "id: 5\ndata: shown\n\n".to_owned(), 1).await;
    let (_server, browser) = open(&format!("?url={stream}/a")).await;
    browser
        .until("/^No response: /.test(page.explanation())")
        .await;
    browser.press("Use relay").await;
    browser.until_line("^message: shown$").await;
    browser.until_state("Open").await;
    browser
        .until("new URLSearchParams(location.search).get('via') === 'relay'")
        .await;
    browser.until("!page.find('button', 'Use relay')").await;
    for part in [
        "x-only-here: a\\n",
        "et-cookie: b=c\\n",
        "HTTP/1.1 from 127.0.0.1:",
        "connect ",
        " · head ",
        " · first byte ",
    ] {
        browser
            .until(&format!("{DETAILS}.includes('{part}')"))
            .await;
    }
    // The button is for a fetch that got no response.
    let page = browser.value("location.href").await;
    browser.goto(page.as_str().expect("an address")).await;
    browser.until_line("^message: shown$").await;
}

#[tokio::test]
async fn why_there_is_no_response_is_shown_by_the_relay() {
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    let refusing = refusing().await;
    let plain = serve("HTTP/1.1 400 Bad Request\r\n\r\n", |_| String::new(), 0).await;
    let other = serve("SSH-2.0-OpenSSH_9.9\r\n", |_| String::new(), 0).await;
    for (url, cause) in [
        (
            format!("http://{refusing}/"),
            format!("The connection was refused: nothing listens at {refusing}"),
        ),
        (
            "http://nothing.invalid/".to_owned(),
            "The name nothing.invalid was not found".to_owned(),
        ),
        (plain.replace("http:", "https:"), "TLS".to_owned()),
        (other, "HTTP".to_owned()),
    ] {
        browser
            .goto(&format!("{}/?via=relay&url={url}", server.origin))
            .await;
        browser
            .until(&format!("page.explanation().includes('{cause}')"))
            .await;
        browser
            .until("/^No connection\\. /.test(page.state())")
            .await;
        browser
            .until(&format!(
                "page.lines().some(line => line.startsWith('Connection failed: ') && line.includes('{cause}'))"
            ))
            .await;
        browser
            .until("page.all('button', 'No response').length === 1")
            .await;
    }
}

#[tokio::test]
async fn each_redirection_is_shown_by_the_relay() {
    let stream = serve(NO_CORS, |_| "data: there\n\n".to_owned(), 1).await;
    let to = format!("{stream}/b");
    let location = to.clone();
    let (from, _) = answering(move |number, _| {
        let location = match number {
            0 => "/again",
            _ => &*location,
        };
        format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n")
    })
    .await;
    let (_server, browser) = open(&format!("?via=relay&url={from}/a")).await;
    browser.until_line("^message: there$").await;
    browser
        .until(&format!(
            "{DETAILS}.startsWith('302 {from}/a → /again\\n302 {from}/again → {to}\\n')"
        ))
        .await;
    assert_eq!(browser.console_errors().await, Vec::<String>::new());

    let (from, _) = answering(|_, _| {
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: /a\r\ncontent-length: 0\r\n\r\n".to_owned()
    })
    .await;
    let page = browser.value("location.origin").await;
    let page = page.as_str().expect("an origin");
    browser
        .goto(&format!("{page}/?via=relay&url={from}/a"))
        .await;
    browser
        .until("/go round in a circle/.test(page.explanation())")
        .await;
}

#[tokio::test]
async fn a_stream_by_the_relay_ends_and_is_resumed_with_its_last_event_id() {
    let (stream, count) = answering(|number, head| {
        let header = "last-event-id: ";
        let sent = head.lines().find_map(|line| line.strip_prefix(header));
        let sent = sent.unwrap_or("nothing");
        // The third waits for longer than the test runs.
        let retry = if number < 2 { 10 } else { 3_600_000 };
        format!("{NO_CORS}retry: {retry}\nid: {number}é\ndata: after {sent}\n\n")
    })
    .await;
    let (_server, browser) = open(&format!("?via=relay&url={stream}/")).await;
    browser.until_line("^message: after 1é$").await;
    let lines = browser.lines().await;
    let events: Vec<_> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("message: "))
        .collect();
    assert_eq!(events, ["after nothing", "after 0é", "after 1é"]);
    // By fetch it would be “Ended or lost”.
    browser.until("/^Ended\\. /.test(page.state())").await;
    browser
        .until("page.explanation().startsWith('The server ended the response. ')")
        .await;
    assert_eq!(count.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_disconnect_ends_the_request_of_the_relay() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let stream = listener.local_addr().expect("bound");
    let (_server, browser) = open(&format!("?via=relay&url=http://{stream}/")).await;
    let (mut connection, _) = listener.accept().await.expect("a connection");
    read_request(&mut connection).await;
    // Without a head.
    browser
        .until_says("the server has not sent the head of a response")
        .await;
    browser.press("Disconnect").await;
    assert_eq!(connection.read(&mut [0]).await.ok(), Some(0));

    browser.press("Connect").await;
    let (mut connection, _) = listener.accept().await.expect("a connection");
    read_request(&mut connection).await;
    let event = format!("{NO_CORS}data: a\n\n");
    let sent = connection.write_all(event.as_bytes()).await;
    sent.expect("the relay reads");
    browser.until_line("^message: a$").await;
    browser.press("Disconnect").await;
    assert_eq!(connection.read(&mut [0]).await.ok(), Some(0));
    browser.until_state("Closed").await;
}

#[tokio::test]
async fn a_refusal_by_the_relay_is_the_same_as_by_fetch() {
    let busy = serve(
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: 3600\r\ncontent-length: 5\r\n\r\n",
        |_| "busy\n".to_owned(),
        1,
    )
    .await;
    let (server, browser) = open(&format!("?via=relay&url={busy}/")).await;
    browser
        .until_line("^Connection failed: 503 Service Unavailable: busy, in")
        .await;
    browser.until("/^Refused\\. /.test(page.state())").await;
    browser
        .until("page.explanation() === 'Server answered 503; expected 200.'")
        .await;
    browser.until("/^in 3\\d{3} s$/.test(page.time())").await;
    browser
        .until(&format!("{DETAILS}.endsWith('\\n\\nbusy\\n')"))
        .await;

    let stop = serve("HTTP/1.1 204 No Content\r\n\r\n", |_| String::new(), 0).await;
    browser
        .goto(&format!("{}/?via=relay&url={stop}/", server.origin))
        .await;
    browser.until_state("Closed").await;
    browser.until("/204/.test(page.explanation())").await;
}

#[tokio::test]
async fn a_link_does_not_have_the_relay_send_headers() {
    let (echo, count) = answering(|_, head| {
        let cookie = head.lines().find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("cookie: ")
                .map(str::to_owned)
        });
        format!("{NO_CORS}retry: 3600000\n\ndata: {cookie:?}\n\n")
    })
    .await;
    let (_server, browser) = open(&format!("?via=relay&headers=Cookie:%20a=b&url={echo}/")).await;
    browser.until_says("Nothing was sent.").await;
    assert_eq!(count.load(Ordering::SeqCst), 0);
    browser.press("Send GET").await;
    browser.until_line("^message: Some\\(\"a=b\"\\)$").await;
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_is_not_a_get_is_held_before_the_relay_sends_it() {
    let (post, count) = answering(|_, head| {
        let line = head.lines().next().unwrap_or_default();
        format!("{NO_CORS}data: {line}\n\n")
    })
    .await;
    let (_server, browser) = open(&format!("?method=POST&url={post}/a")).await;
    browser.press("Send POST").await;
    browser.press("Use relay").await;
    // The server was reached by fetch, though the page may not read its response.
    let by_fetch = count.load(Ordering::SeqCst);
    browser.until_says("Nothing was sent.").await;
    assert_eq!(count.load(Ordering::SeqCst), by_fetch);
    browser.press("Send POST").await;
    browser.until_line(r"^message: POST \/a HTTP\/1\.1$").await;
    browser.until_state("Closed").await;
    browser
        .until("/Only a GET is repeated automatically/.test(page.explanation())")
        .await;
    assert_eq!(count.load(Ordering::SeqCst), by_fetch + 1);
}

#[tokio::test]
async fn what_the_relay_itself_refuses_is_said_to_be_its_own() {
    let stream = serve(NO_CORS, |_| "data: a\n\n".to_owned(), 1).await;
    let (mut server, browser) = open(&format!("?via=relay&url={stream}/")).await;
    browser.until_line("^message: a$").await;
    server.kill().await;
    browser
        .until("/^The relay of this page’s server: /.test(page.explanation())")
        .await;
    // It has another token.
    let _back = Server::start(server.address()).await;
    browser.until_state("Cannot connect").await;
    browser
        .until("/^The relay of this page’s server: .*reload the page/.test(page.explanation())")
        .await;
}

#[tokio::test]
async fn a_server_without_a_relay_says_how_to_get_one() {
    let server = Server::start("0.0.0.0:0").await;
    let browser = Browser::start().await;
    let origin = server.origin.replace("0.0.0.0", "127.0.0.1");
    browser
        .goto(&format!("{origin}/?via=relay&url=/stream"))
        .await;
    browser.until_says("offers no relay").await;
    browser.until_says("--relay").await;
    assert_eq!(browser.lines().await, Vec::<String>::new());
}
