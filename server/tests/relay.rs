//! The relay as the server mounts it: who may use it, and when it ends. `tap/tests/relay` has the tests of what
//! it does.

mod raw;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use raw::{Connection, PATIENCE, Response, Server};
use sse_scope_server::{Limits, Offers};
use sse_scope_tap::{
    Guard,
    dial::{Allowed, Dialer},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Notify,
    time::{Instant, timeout},
};

/// A server that relays to any address, and the token of its page.
async fn relaying() -> (Server, String) {
    let guard = Guard::new().expect("random bytes");
    let token = guard.token().to_owned();
    let offers = Offers::new(guard).with_relay(Dialer::new(Allowed::Any));
    (Server::offering(Limits::default(), offers).await, token)
}

/// A server to relay to: sends each connection an event, and keeps the stream open.
struct Upstream {
    url: String,
    connections: Arc<AtomicUsize>,
    /// A connection ended.
    left: Arc<Notify>,
}

impl Upstream {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/", listener.local_addr().expect("bound"));
        let connections = Arc::new(AtomicUsize::new(0));
        let left = Arc::new(Notify::new());
        let (counted, leaving) = (Arc::clone(&connections), Arc::clone(&left));
        tokio::spawn(async move {
            while let Ok((mut tcp, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                let leaving = Arc::clone(&leaving);
                tokio::spawn(async move {
                    let head =
                        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: 1\n\n";
                    let _ = tcp.write_all(head).await;
                    let mut bytes = [0; 1024];
                    while tcp.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
                    leaving.notify_one();
                });
            }
        });
        Self {
            url,
            connections,
            left,
        }
    }

    /// What the page sends to have this server requested.
    fn order(&self) -> String {
        format!(
            r#"{{"url":"{}","method":"GET","headers":[],"body":null}}"#,
            self.url
        )
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// Sends a request for /relay with these headers, and `order` as its body.
async fn ask(server: &Server, method: &str, headers: &str, order: &str) -> Connection {
    let length = order.len();
    server
        .send(&format!(
            "{method} /relay HTTP/1.1\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{order}"
        ))
        .await
}

#[tokio::test]
async fn no_way_in_but_that_of_the_page() {
    let (server, token) = relaying().await;
    let upstream = Upstream::start().await;
    let order = upstream.order();
    let host = format!("host: {}\r\n", server.address);
    let port = server.address.port();
    let own = format!("x-sse-scope-token: {token}\r\n");
    let old = format!(
        "x-sse-scope-token: {}\r\n",
        Guard::new().expect("random bytes").token()
    );
    let evil = "origin: http://evil.example\r\n";
    let cross = "sec-fetch-site: cross-site\r\n";
    for (way, method, headers, status) in [
        (
            "fetch by a page of another origin",
            "POST",
            format!(
                "{host}{evil}{cross}content-type: application/json\r\nsec-fetch-mode: cors\r\n"
            ),
            "403",
        ),
        (
            "fetch in the mode no-cors",
            "POST",
            format!("{host}{evil}{cross}content-type: text/plain\r\nsec-fetch-mode: no-cors\r\n"),
            "403",
        ),
        (
            "a form whose text is JSON",
            "POST",
            format!("{host}{evil}{cross}content-type: text/plain\r\nsec-fetch-mode: navigate\r\n"),
            "403",
        ),
        (
            "a page without an origin, in a sandbox",
            "POST",
            format!("{host}origin: null\r\ncontent-type: text/plain\r\n{own}"),
            "403",
        ),
        (
            "a page whose name points here",
            "POST",
            format!(
                "host: evil.example:{port}\r\norigin: http://evil.example:{port}\r\nsec-fetch-site: same-origin\r\n{own}"
            ),
            "403",
        ),
        (
            "a page on another port of this machine",
            "POST",
            format!("{host}origin: http://127.0.0.1:1\r\nsec-fetch-site: same-site\r\n{own}"),
            "403",
        ),
        (
            "a preflight",
            "OPTIONS",
            format!(
                "{host}{evil}access-control-request-method: POST\r\naccess-control-request-headers: x-sse-scope-token\r\n"
            ),
            "405",
        ),
        ("no token", "POST", host.clone(), "403"),
        (
            "an empty token",
            "POST",
            format!("{host}x-sse-scope-token: \r\n"),
            "403",
        ),
        (
            "the token of another launch",
            "POST",
            format!("{host}{old}"),
            "403",
        ),
        ("two tokens", "POST", format!("{host}{old}{own}"), "403"),
        (
            "the token from another origin",
            "POST",
            format!("{host}{own}{evil}"),
            "403",
        ),
        (
            "the token from another site",
            "POST",
            format!("{host}{own}{cross}"),
            "403",
        ),
        (
            "the token in an address bar",
            "POST",
            format!("{host}{own}sec-fetch-site: none\r\n"),
            "403",
        ),
        (
            "the token through a reverse proxy",
            "POST",
            format!("{host}{own}x-forwarded-for: 192.0.2.1\r\n"),
            "403",
        ),
        (
            "another method without the token",
            "GET",
            host.clone(),
            "405",
        ),
        ("another method", "GET", format!("{host}{own}"), "405"),
    ] {
        let mut connection = ask(&server, method, &headers, &order).await;
        connection.until_end().await;
        let response = Response::parse(&connection.received);
        assert_eq!(response.status(), status, "{way}: {}", response.text());
        let readable = response
            .head
            .to_ascii_lowercase()
            .contains("access-control-allow");
        assert!(!readable, "{way}: {}", response.head);
        if status == "403" {
            assert_eq!(
                response.header("content-type"),
                Some("text/plain; charset=utf-8"),
                "{way}"
            );
            assert_eq!(
                response.header("x-content-type-options"),
                Some("nosniff"),
                "{way}"
            );
        }
    }
    let headers = format!(
        "{host}{own}origin: http://{}\r\nsec-fetch-site: same-origin\r\n",
        server.address
    );
    let mut page = ask(&server, "POST", &headers, &order).await;
    let received = page.until(|received| received.contains("data: 1")).await;
    for line in [
        "HTTP/1.1 200 OK\r\n",
        "content-type: application/vnd.sse-scope.capture\r\n",
        "cache-control: no-store\r\n",
        "x-content-type-options: nosniff\r\n",
    ] {
        assert!(received.contains(line), "{line} is missing in {received}");
    }
    assert!(!received.contains("access-control"), "{received}");
    assert!(!received.contains("set-cookie"), "{received}");
    // Of all those requests only the one of the page has reached the server.
    assert_eq!(upstream.connections(), 1);
}

#[tokio::test]
async fn a_relay_that_is_off_names_the_argument() {
    let server = Server::start().await;
    let response = server.request("POST /relay", "").await;
    assert_eq!(response.status(), "404");
    assert!(response.text().contains("--relay"), "{}", response.text());
}

/// What the page at this server reads of its offers. With this feature the page is in the server.
#[cfg(feature = "e2e")]
async fn offered(server: &Server, headers: &str) -> String {
    let page = server.request("GET /", headers).await;
    let (before, after) = page
        .text()
        .split_once("sse-scope-offers")
        .expect("the element");
    let begin = before.rfind('<').expect("the element");
    let end = after.find('>').expect("the element");
    let element = [&before[begin..], &after[..end]].concat();
    let (_, content) = element
        .split_once("content=\"")
        .expect("its content, quoted");
    let (content, _) = content.split_once('"').expect("its content, quoted");
    content.trim().to_owned()
}

#[cfg(feature = "e2e")]
#[tokio::test]
async fn the_page_reads_what_is_offered() {
    let (server, token) = relaying().await;
    assert_eq!(offered(&server, "").await, format!("relay {token}"));
    assert_eq!(offered(&server, "via: 1.1 proxy\r\n").await, "");
    assert_eq!(offered(&Server::start().await, "").await, "");
}

#[tokio::test]
async fn when_the_page_leaves_the_upstream_request_ends() {
    let (server, token) = relaying().await;
    let upstream = Upstream::start().await;
    let headers = format!("host: localhost\r\nx-sse-scope-token: {token}\r\n");
    let mut page = ask(&server, "POST", &headers, &upstream.order()).await;
    page.until(|received| received.contains("data: 1")).await;
    drop(page);
    timeout(PATIENCE, upstream.left.notified())
        .await
        .expect("the server sees it");
}

#[tokio::test]
async fn a_shutdown_ends_relayed_streams_with_a_complete_response() {
    let (server, token) = relaying().await;
    let upstream = Upstream::start().await;
    let headers = format!("host: localhost\r\nx-sse-scope-token: {token}\r\n");
    let mut open = ask(&server, "POST", &headers, &upstream.order()).await;
    open.until(|received| received.contains("data: 1")).await;
    // A page that reads nothing must not keep the program alive.
    let unread = unread_flood(&server, &headers).await;
    let begin = Instant::now();
    server.stop.send(()).expect("the server runs");
    let stopped = timeout(PATIENCE, server.running).await.expect("in time");
    stopped.expect("no panic").expect("no error");
    assert!(
        begin.elapsed() < Duration::from_secs(5),
        "{:?}",
        begin.elapsed()
    );
    open.until_end_of_body().await;
    let received = String::from_utf8_lossy(&open.received).into_owned();
    assert!(
        received.contains(r#""end":{"kind":"stopped""#),
        "{received}"
    );
    assert!(received.contains("\nend\n"), "{received}");
    drop(unread);
}

/// A page that has relayed a flood, and does not read it.
async fn unread_flood(server: &Server, headers: &str) -> Connection {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address: SocketAddr = listener.local_addr().expect("bound");
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.expect("a connection");
        let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        let _ = begun.send(());
        while tcp.write_all(&[b'x'; 8192]).await.is_ok() {}
    });
    let order = format!(r#"{{"url":"http://{address}","method":"GET","headers":[],"body":null}}"#);
    let page = ask(server, "POST", headers, &order).await;
    has_begun.await.expect("a connection");
    page
}
