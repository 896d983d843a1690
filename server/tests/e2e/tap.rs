//! The panel of the taps: a client of its own, a server of its own, and a tap between them.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use super::HEAD;
use super::accessibility::examine;
use super::browser::{Browser, DOWN, ENTER, ESCAPE, Server, UP};
use super::files::saved;

/// What a client sends that nobody else should read by accident.
const SECRET: &str = "sk-proj-0123456789abcdef";

/// A request that has arrived at the upstream, and its connection.
struct Arrived {
    head: String,
    connection: TcpStream,
}

/// The page, with its tap `a` in front of an upstream whose connections the test answers itself.
struct Tapped {
    server: Server,
    browser: Browser,
    /// The address of the tap.
    tap: String,
    /// The origin of the upstream.
    upstream: String,
    arrived: mpsc::UnboundedReceiver<Arrived>,
}

impl Tapped {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let upstream = format!("http://{}", listener.local_addr().expect("bound"));
        let (sender, arrived) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let sender = sender.clone();
                tokio::spawn(async move {
                    let head = read_until(&mut connection, "\r\n\r\n").await;
                    let _ = sender.send(Arrived { head, connection });
                });
            }
        });
        let (server, tap) = Server::start_with_tap(&upstream, "127.0.0.1:0").await;
        let browser = Browser::start().await;
        browser.goto(&server.origin).await;
        browser.until_line("^Ping: ").await;
        Self {
            server,
            browser,
            tap,
            upstream,
            arrived,
        }
    }

    /// Sends a request through the tap, and waits until it has arrived.
    async fn ask(&mut self, request: &str) -> (TcpStream, Arrived) {
        let mut client = TcpStream::connect(&self.tap)
            .await
            .expect("the tap listens");
        let request = format!("{request}\r\nHost: {}\r\n", self.tap);
        client
            .write_all(request.as_bytes())
            .await
            .expect("the tap reads");
        client.write_all(b"\r\n").await.expect("the tap reads");
        (client, self.arrived.recv().await.expect("it is passed on"))
    }

    /// The same, and begins an event stream with `events` as the response, which has arrived too.
    async fn stream(&mut self, request: &str, events: &str) -> (TcpStream, TcpStream) {
        let (mut client, Arrived { mut connection, .. }) = self.ask(request).await;
        send(&mut connection, HEAD).await;
        send(&mut connection, events).await;
        read_until(&mut client, events).await;
        (client, connection)
    }

    /// Opens the panel.
    async fn open(&self) {
        self.browser.click("page.find('button', /^Tap/)").await;
        self.browser.until("page.find('region', 'Tap')").await;
    }

    /// Waits until the list has a row that matches the regular expression `pattern`.
    async fn until_row(&self, pattern: &str) {
        self.browser
            .until(&format!(
                "page.exchanges().some(row => /{pattern}/.test(row))"
            ))
            .await;
    }
}

/// Reads until `end` was read, and returns what was read.
async fn read_until(connection: &mut TcpStream, end: &str) -> String {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&read).contains(end) {
        let length = connection.read(&mut buffer).await.expect("a connection");
        assert!(length > 0, "it ended before {end:?}");
        read.extend_from_slice(&buffer[..length]);
    }
    String::from_utf8(read).expect("UTF-8")
}

/// Breaks a connection. One that is closed may still wait for the response: the tap passes its end on.
fn reset(connection: TcpStream) {
    connection.set_zero_linger().expect("a connection");
}

async fn send(connection: &mut TcpStream, bytes: &str) {
    connection
        .write_all(bytes.as_bytes())
        .await
        .expect("it is read");
}

#[tokio::test]
async fn an_exchange_is_listed_and_shown_live_until_it_is_over() {
    let mut tapped = Tapped::start().await;
    tapped.open().await;
    let try_it = format!("OPENAI_BASE_URL=http://{}/v1 python app.py", tapped.tap);
    tapped.browser.until_says(&try_it).await;

    let request = "POST /v1/chat?x=1 HTTP/1.1\r\nUser-Agent: test\r\nContent-Length: 0";
    let (_client, Arrived { mut connection, .. }) = tapped.ask(request).await;
    tapped
        .until_row(r"a \| POST \/v1\/chat\?x=1 \| .*waiting")
        .await;
    send(&mut connection, HEAD).await;
    send(&mut connection, "data: one\n\n").await;
    tapped.until_row(r"200 \| SSE \| open \| 1 ").await;
    let browser = &tapped.browser;
    browser
        .until("page.name(page.find('button', /^Tap/)) === 'Tap 1'")
        .await;

    browser.press("POST /v1/chat?x=1").await;
    browser.until_line("^message: one$").await;
    browser.until_state("Tap").await;
    browser.until_says("Tap a, POST /v1/chat?x=1, open").await;
    send(&mut connection, "data: two\n\n").await;
    browser.until_line("^message: two$").await;
    // The time since the last event goes on.
    let gap = browser.value("page.figure('Gap now')").await;
    browser
        .until(&format!("page.figure('Gap now') !== {gap}"))
        .await;

    drop(connection);
    browser.until_line("^Connection close.$").await;
    tapped
        .until_row(r"POST \/v1\/chat\?x=1 \| .*SSE \| complete \| 2 ")
        .await;
    browser
        .until("page.name(page.find('button', /^Tap/)).trim() === 'Tap'")
        .await;
    browser.until_says("Tap a, POST /v1/chat?x=1, over: ").await;

    // The page's own stream takes its place.
    browser.press("Connect").await;
    browser.until_line("^Ping: ").await;
    browser.until("!page.says('Tap a, POST')").await;
    browser.until("!page.find('button', 'Cut now')").await;
}

#[tokio::test]
async fn what_looks_like_a_key_is_hidden_until_it_is_asked_for() {
    let mut tapped = Tapped::start().await;
    tapped.open().await;
    let body = format!("{{\"api_key\":\"{SECRET}\"}}");
    let request = format!(
        "POST /v1/chat?token={SECRET} HTTP/1.1\r\nAuthorization: Bearer {SECRET}\r\nContent-Type: application/json\r\nContent-Length: {}",
        body.len()
    );
    let (
        mut client,
        Arrived {
            head,
            mut connection,
        },
    ) = tapped.ask(&request).await;
    assert_eq!(
        head.matches(SECRET).count(),
        2,
        "the upstream gets all: {head}"
    );
    send(&mut client, &body).await;
    read_until(&mut connection, &body).await;
    let cookie = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nSet-Cookie: session={SECRET}\r\n\r\ndata: 1\n\n"
    );
    send(&mut connection, &cookie).await;
    tapped.until_row("SSE").await;
    let browser = &tapped.browser;
    browser.press("POST /v1/chat?token=••••cdef").await;
    browser.until_line("^message: 1$").await;
    for hidden in [
        "Bearer ••••cdef",
        "\"api_key\":\"••••cdef\"",
        "Set-Cookie: ••••cdef",
    ] {
        browser.until_says(hidden).await;
    }
    let found = format!("document.documentElement.outerHTML.includes('{SECRET}')");
    assert_eq!(browser.value(&found).await, false);
    browser.press("Show keys").await;
    for shown in [
        "Authorization: Bearer ",
        "\"api_key\":\"",
        "Set-Cookie: session=",
    ] {
        browser.until_says(&[shown, SECRET].concat()).await;
    }
    browser.press("Show keys").await;
    browser.until(&format!("!{found}")).await;

    browser.press("Export").await;
    browser
        .press("Capture (.sse): every byte with its time")
        .await;
    let (_, capture) = saved(browser, &tapped.upstream, "sse").await;
    let capture = String::from_utf8(capture).expect("UTF-8");
    assert!(capture.contains("\ndata: 1\n"), "{capture}");
    assert!(
        !capture.contains(SECRET) && !capture.contains("Bearer"),
        "{capture}"
    );
}

#[tokio::test]
async fn an_exchange_is_held_released_and_cut() {
    let mut tapped = Tapped::start().await;
    tapped.open().await;
    let (mut client, mut upstream) = tapped.stream("GET /events HTTP/1.1", "data: 1\n\n").await;
    let browser = &tapped.browser;
    browser.press("GET /events").await;
    browser.until_line("^message: 1$").await;

    browser.press("Hold").await;
    tapped.until_row("held").await;
    browser.until("page.isPressed('Hold')").await;
    send(&mut upstream, "data: 2\n\n").await;
    browser.press("Hold").await;
    tapped.until_row("open").await;
    read_until(&mut client, "data: 2\n\n").await;
    browser.until_line("^message: 2$").await;

    browser.press("Cut now").await;
    let mut rest = [0; 16];
    let cut = client.read(&mut rest).await;
    let cut = cut.expect_err("a connection that is reset");
    assert_eq!(cut.kind(), std::io::ErrorKind::ConnectionReset);
    tapped.until_row(r"SSE \| cut ").await;
    browser.until_line("^Connection close.$").await;
    browser
        .until("page.find('button', 'Cut now').disabled")
        .await;
}

#[tokio::test]
async fn a_client_is_followed_over_its_reconnections() {
    let mut tapped = Tapped::start().await;
    tapped.open().await;
    let events = "retry: 10\nid: 1\ndata: a\n\nid: 2\ndata: b\n\n";
    let (client, upstream) = tapped.stream("GET /events HTTP/1.1", events).await;
    tapped.until_row(r"open \| 2 ").await;
    reset(client);
    tapped.until_row("client left").await;
    drop(upstream);
    let request = "GET /events HTTP/1.1\r\nLast-Event-ID: 2";
    let events = "id: 2\ndata: b\n\nid: 3\ndata: c\n\n";
    let (_client, _upstream) = tapped.stream(request, events).await;
    tapped.until_row(r"open \| 2 ").await;
    let browser = &tapped.browser;
    browser.click("page.find('button', 'GET /events')").await;
    browser.until("page.ledger().length === 2").await;
    browser.until("page.ledger()[0].includes(' | 2 | ')").await;
    browser
        .until("/ \\| .*, retry 10.0 ms \\| 2 \\| 3 \\| repeated 2 \\| /.test(page.ledger()[1])")
        .await;
}

#[tokio::test]
async fn a_response_that_is_no_stream_is_shown_with_its_body() {
    let mut tapped = Tapped::start().await;
    tapped.open().await;
    let (mut client, Arrived { mut connection, .. }) = tapped.ask("GET /v1/models HTTP/1.1").await;
    let answer = "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"error\":\"no\"}\n";
    send(&mut connection, answer).await;
    read_until(&mut client, "{\"error\":\"no\"}").await;
    tapped
        .until_row(r"GET \/v1\/models \| .*404 \|  \| complete")
        .await;
    let browser = &tapped.browser;
    browser.press("GET /v1/models").await;
    browser.until_says("HTTP/1.1 404 Not Found").await;
    browser
        .until("page.text(page.find('region', 'Response body')) === '{\"error\":\"no\"}'")
        .await;
    // The list of event streams has none.
    browser.click("page.find('checkbox', 'Streams only')").await;
    browser.until("page.exchanges().length === 0").await;
    browser.until_says("0 event streams").await;
}

#[tokio::test]
async fn the_panel_is_used_by_keyboard_alone() {
    let mut tapped = Tapped::start().await;
    let (_first, _upstream) = tapped.stream("GET /first HTTP/1.1", "data: 1\n\n").await;
    let (_second, _other) = tapped.stream("GET /second HTTP/1.1", "data: 2\n\n").await;
    let browser = &tapped.browser;
    browser
        .until("page.name(page.find('button', /^Tap/)) === 'Tap 2'")
        .await;
    browser.keys("t").await;
    browser.until("page.focused() === 'GET /second'").await;
    browser.keys(DOWN).await;
    browser.until("page.focused() === 'GET /first'").await;
    browser.keys(ENTER).await;
    browser.until_line("^message: 1$").await;
    browser.keys(UP).await;
    browser.keys(ENTER).await;
    browser.until_line("^message: 2$").await;
    browser.keys(ESCAPE).await;
    browser.until("!page.find('region', 'Tap')").await;
    browser.until("page.focused() === 'Tap 2'").await;
    // What was chosen is shown as before, and is where the keys go on.
    browser.until_state("Tap").await;
    browser.keys("t").await;
    browser.until("page.focused() === 'GET /second'").await;
}

#[tokio::test]
async fn a_server_that_is_gone_or_started_anew_is_reported() {
    let mut tapped = Tapped::start().await;
    let (_client, _upstream) = tapped.stream("GET /events HTTP/1.1", "data: 1\n\n").await;
    tapped.open().await;
    tapped.until_row("open").await;
    tapped.server.kill().await;
    tapped
        .browser
        .until_says("The server of this page does not answer")
        .await;
    let address = tapped.server.address().to_owned();
    let (_server, _) = Server::start_with_tap(&tapped.upstream, &address).await;
    tapped.browser.until_says("reload this page").await;
}

#[tokio::test]
async fn axe_finds_nothing_in_the_panel() {
    let mut tapped = Tapped::start().await;
    tapped.open().await;
    tapped
        .browser
        .until_says("Nothing has passed through a tap yet")
        .await;
    examine(&tapped.browser, "a tap without an exchange").await;
    let (client, upstream) = tapped
        .stream("GET /events HTTP/1.1", "id: 1\ndata: 1\n\n")
        .await;
    reset(client);
    tapped.until_row("client left").await;
    drop(upstream);
    let (_client, _upstream) = tapped.stream("GET /events HTTP/1.1", "data: 2\n\n").await;
    tapped.until_row("open").await;
    examine(&tapped.browser, "a list of exchanges").await;
    tapped
        .browser
        .click("page.find('button', 'GET /events')")
        .await;
    tapped.browser.until("page.ledger().length === 2").await;
    examine(&tapped.browser, "an exchange").await;
    tapped.browser.press("Hold").await;
    tapped.until_row("held").await;
    examine(&tapped.browser, "an exchange that is held").await;
}
