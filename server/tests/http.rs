//! The server over raw sockets, byte for byte. `stream.rs` has the tests of the parameters of
//! `/stream`, `limits.rs` those of limits and load.

mod raw;

use std::time::Duration;

use raw::{Connection, GET_STREAM, LAST_CHUNK, PATIENCE, Response, Server, dechunk};
use sse_scope_server::has_page;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
    time::{Instant, timeout},
};

/// Replaces dates by `DATE`, and checks their format.
fn without_dates(stream: &str) -> String {
    stream
        .lines()
        .map(|line| match line.strip_prefix("data: ") {
            Some(date) => {
                assert_eq!(
                    date.len(),
                    "Sun Nov 22 2026 23:25:54 GMT+0000 (Coordinated Universal Time)".len()
                );
                assert!(
                    date.ends_with(" GMT+0000 (Coordinated Universal Time)"),
                    "{date}"
                );
                "data: DATE\n".to_owned()
            }
            None => format!("{line}\n"),
        })
        .collect()
}

#[tokio::test]
async fn the_head_is_that_of_the_default_stream() {
    let server = Server::start().await;
    let mut stream = server.send(GET_STREAM).await;
    let received = stream.until(|received| received.contains("\r\n\r\n")).await;
    let (head, _) = received.split_once("\r\n\r\n").expect("a head");
    let (head, date) = head
        .split_once("\r\ndate: ")
        .expect("the date header is last");
    assert!(date.ends_with(" GMT"), "{date}");
    assert_eq!(
        head,
        "HTTP/1.1 200 OK\r\n\
         content-type: text/event-stream; charset=utf-8\r\n\
         cache-control: no-cache\r\n\
         connection: keep-alive\r\n\
         access-control-allow-origin: *\r\n\
         x-accel-buffering: no\r\n\
         x-content-type-options: nosniff\r\n\
         transfer-encoding: chunked"
    );
}

#[tokio::test]
async fn the_first_events_arrive_at_once() {
    let server = Server::start().await;
    let asked = Instant::now();
    let mut stream = server.send(GET_STREAM).await;
    let received = stream
        .until(|received| received.matches("\n\n").count() >= 2)
        .await;
    let (_, body) = received.split_once("\r\n\r\n").expect("a head");
    assert_eq!(
        without_dates(&dechunk(body)),
        "retry: 10000\nevent: connecttime\ndata: DATE\n\ndata: DATE\n\n"
    );
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "a wait for the first tick"
    );
}

#[tokio::test]
async fn one_event_a_second() {
    let server = Server::start().await;
    let mut stream = server.send(GET_STREAM).await;
    stream
        .until(|received| received.matches("data: ").count() >= 2)
        .await;
    let first = Instant::now();
    stream
        .until(|received| received.matches("data: ").count() >= 5)
        .await;
    let three = first.elapsed();
    assert!(
        (Duration::from_millis(2_500)..Duration::from_secs(8)).contains(&three),
        "{three:?}"
    );
    let body = Response::parse(&stream.received);
    let stream = dechunk(body.text());
    assert_eq!(
        without_dates(&stream).matches("data: DATE\n\n").count(),
        5,
        "{stream}"
    );
}

#[tokio::test]
async fn raw_bytes_are_sent_exactly_and_split() {
    let server = Server::start().await;
    let joined = server.request("GET /stream?raw=ZGF0YTog_wBiDQo", "").await;
    assert_eq!(
        joined.header("content-type"),
        Some("text/event-stream; charset=utf-8")
    );
    assert_eq!(joined.body, b"B\r\ndata: \xFF\0b\r\n\r\n0\r\n\r\n");
    let split = server
        .request("GET /stream?raw=ZGF0YTog_wBiDQo&split=4", "")
        .await;
    assert_eq!(
        split.body,
        b"4\r\ndata\r\n4\r\n: \xFF\0\r\n3\r\nb\r\n\r\n0\r\n\r\n"
    );
    let empty = server.request("GET /stream?raw=", "").await;
    assert_eq!(
        (empty.status(), empty.header("access-control-allow-origin")),
        ("200", Some("*"))
    );
    server.until_live(0).await;
}

#[tokio::test]
async fn an_invalid_query_gets_a_sentence() {
    let server = Server::start().await;
    for (query, sentence) in [
        (
            "intervall=1",
            "There is no parameter “intervall”: /stream takes interval, count, event, data, size, lines, \
             id, retry, heartbeat, jitter, burst, seed, newline, bom, split, hold, gzip, status, type, \
             encoding, cors, retryAfter, redirect, delay, instead, after, end, outage, corrupt, raw, resume, lastEventId, parts, text and choices. See /stream/help.\n",
        ),
        (
            "interval=5x",
            "interval=5x is not a duration: give 250ms, 2s or a number of ms, at most 3600s; 0 is as fast as the client reads.\n",
        ),
        (
            "interval=3601s",
            "interval=3601s is not a duration: give 250ms, 2s or a number of ms, at most 3600s; 0 is as fast as the client reads.\n",
        ),
        (
            "interval=0&count=-1",
            "count=-1 is not a number of events: give a whole number from 0, below 2^64.\n",
        ),
        (
            "size=0",
            "size=0 is not a number of bytes: give 90, 64k or 1m, from 1 to 16m.\n",
        ),
        (
            "size=17m",
            "size=17m is not a number of bytes: give 90, 64k or 1m, from 1 to 16m.\n",
        ),
        (
            "id=clock",
            "id=clock is not a kind of ID: give none, seq for 0, 1, 2 and so on, or time.\n",
        ),
        (
            "raw=%25",
            "raw=% is not base64url: letters, digits, - and _ (RFC 4648, section 5).\n",
        ),
        (
            "raw=&split=x",
            "split=x is not a number of bytes: give 1 or more.\n",
        ),
        (
            "end=reset",
            "end needs a stream that ends: give count, after or outage.\n",
        ),
        ("count=1&count=1", "The parameter “count” is given twice.\n"),
        (
            "count=1&raw=",
            "raw and count cannot be combined: raw is for a stream of given bytes, count for one that is generated.\n",
        ),
    ] {
        let response = server.request(&format!("GET /stream?{query}"), "").await;
        assert_eq!((response.status(), response.text()), ("400", sentence));
        assert_eq!(
            response.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
        assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    }
}

/// One chunk of a response (RFC 9112, 7.1).
fn chunk(text: &str) -> String {
    format!("{:X}\r\n{text}\r\n", text.len())
}

#[tokio::test]
async fn parameters_shape_a_generated_stream() {
    let server = Server::start().await;
    for (query, chunks) in [
        ("count=0", vec!["retry: 10000\n"]),
        ("count=1&size=1", vec!["retry: 10000\ndata: 0\n\n"]),
        (
            "interval=0&count=3&size=4&id=seq",
            vec![
                "retry: 10000\n\
                 id: 0\ndata: 0 xx\n\n\
                 id: 1\ndata: 1 xx\n\n\
                 id: 2\ndata: 2 xx\n\n",
            ],
        ),
        // Each event that is due separately is a separate write.
        (
            "interval=1ms&count=3&size=6&id=none",
            vec![
                "retry: 10000\ndata: 0 xxxx\n\n",
                "data: 1 xxxx\n\n",
                "data: 2 xxxx\n\n",
            ],
        ),
    ] {
        let response = server.request(&format!("GET /stream?{query}"), "").await;
        assert_eq!(
            response.header("content-type"),
            Some("text/event-stream; charset=utf-8")
        );
        let expected: String = chunks.into_iter().map(chunk).collect();
        assert_eq!(response.text(), expected + LAST_CHUNK, "{query}");
    }
    server.until_live(0).await;
}

#[tokio::test]
async fn without_a_size_the_data_is_the_date() {
    let server = Server::start().await;
    let response = server
        .request("GET /stream?interval=0&count=2&id=seq", "")
        .await;
    assert_eq!(
        without_dates(&dechunk(response.text())),
        "retry: 10000\nid: 0\ndata: DATE\n\nid: 1\ndata: DATE\n\n"
    );
    let response = server.request("GET /stream?interval=0&count=1", "").await;
    assert_eq!(
        without_dates(&dechunk(response.text())),
        "retry: 10000\ndata: DATE\n\n"
    );
}

#[tokio::test]
async fn the_interval_separates_events_and_does_not_delay_the_first() {
    let server = Server::start().await;
    let asked = Instant::now();
    let response = server
        .request("GET /stream?interval=50ms&count=4&size=1&id=seq", "")
        .await;
    assert!(
        asked.elapsed() >= Duration::from_millis(150),
        "{:?}",
        asked.elapsed()
    );
    let ids: Vec<_> = response
        .text()
        .lines()
        .filter_map(|line| line.strip_prefix("id: "))
        .collect();
    assert_eq!(ids, ["0", "1", "2", "3"]);

    let request = "GET /stream?interval=3600s&size=1 HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut hourly = server.send(request).await;
    hourly
        .until(|received| received.contains("data: 0\n\n"))
        .await;
    server.until_live(1).await;
    drop(hourly);
    server.until_live(0).await;
}

#[tokio::test]
async fn a_flood_is_complete_and_in_order() {
    let server = Server::start().await;
    for (count, size) in [(100_000, 90), (100, 65_536), (3, 16 << 20)] {
        let response = server
            .request(
                &format!("GET /stream?interval=0&count={count}&size={size}&id=seq"),
                "",
            )
            .await;
        assert!(response.text().ends_with(LAST_CHUNK));
        let mut reader = sse_wire::Reader::with_bound(32 << 20);
        let mut next = 0;
        reader.read(dechunk(response.text()).as_bytes(), |item| {
            if let sse_wire::Content::Event(event) = item.content {
                assert_eq!(event.event_type, "message");
                assert_eq!(event.data.len(), size);
                assert!(event.data.starts_with(&format!("{next} x")));
                next += 1;
            }
        });
        assert_eq!(next, count);
        assert_eq!(reader.last_event_id(), (count - 1).to_string());
    }
}

/// More than the system buffers for a client that does not read.
const MORE_THAN_BUFFERED: usize = 64 << 20;

const GET_FLOOD: &str = "GET /stream?interval=0&size=90 HTTP/1.1\r\nhost: localhost\r\n\r\n";

#[tokio::test]
async fn a_client_that_does_not_read_stops_only_its_own_stream() {
    let server = Server::start().await;
    let socket = TcpSocket::new_v4().expect("a socket");
    socket
        .set_recv_buffer_size(64 << 10)
        .expect("not connected yet");
    let mut tcp = socket
        .connect(server.address)
        .await
        .expect("the server listens");
    tcp.write_all(GET_FLOOD.as_bytes())
        .await
        .expect("the server reads");
    let mut stalled = Connection {
        tcp,
        received: Vec::new(),
    };
    server.until_live(1).await;

    // In this time the first client, if it read, would receive as much as the second.
    let mut flooded = server.send(GET_FLOOD).await;
    let mut read = 0;
    let mut buffer = vec![0; 64 << 10];
    timeout(PATIENCE, async {
        while read < 2 * MORE_THAN_BUFFERED {
            read += flooded.tcp.read(&mut buffer).await.expect("open");
        }
    })
    .await
    .expect("a flood");
    let ticking = server
        .request("GET /stream?interval=5ms&count=20&size=2", "")
        .await;
    assert!(ticking.text().ends_with(LAST_CHUNK));

    assert_eq!(server.streams.live(), 2);
    server.streams.end_all();
    stalled.until_end_of_body().await;
    assert!(
        stalled.received.len() < MORE_THAN_BUFFERED,
        "{}",
        stalled.received.len()
    );
    let stalled = Response::parse(&stalled.received);
    let events = dechunk(stalled.text());
    assert!(
        events.starts_with("retry: 10000\ndata: 0 x"),
        "the beginning of the stream"
    );
}

#[tokio::test]
async fn a_flood_ends_when_its_client_disconnects() {
    let server = Server::start().await;
    let stalled = server.send(GET_FLOOD).await;
    let mut flooded = server.send(GET_FLOOD).await;
    flooded
        .until(|received| received.contains("data: 1000 "))
        .await;
    server.until_live(2).await;
    drop(stalled);
    server.until_live(1).await;
    drop(flooded);
    server.until_live(0).await;
}

#[tokio::test]
async fn shutdown_ends_floods_within_a_second() {
    let server = Server::start().await;
    let _stalled = server.send(GET_FLOOD).await;
    let mut flooded = server.send(GET_FLOOD).await;
    server.until_live(2).await;
    let asked = Instant::now();
    server.stop.send(()).expect("running");
    flooded.until_end().await;
    assert!(flooded.received.ends_with(LAST_CHUNK.as_bytes()));
    timeout(PATIENCE, server.running)
        .await
        .expect("an end")
        .expect("no panic")
        .expect("no error");
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "{:?}",
        asked.elapsed()
    );
}

#[tokio::test]
async fn a_stream_ends_when_its_client_disconnects() {
    let server = Server::start().await;
    for _ in 0..10 {
        let mut streams = Vec::new();
        for _ in 0..100 {
            streams.push(server.send(GET_STREAM).await);
        }
        for stream in &mut streams {
            stream
                .until(|received| received.contains("connecttime"))
                .await;
        }
        server.until_live(100).await;
        drop(streams);
        let took = server.until_live(0).await;
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
}

#[tokio::test]
async fn a_client_that_disconnects_at_once_leaves_no_stream() {
    let server = Server::start().await;
    for _ in 0..1_000 {
        drop(server.send(GET_STREAM).await);
    }
    // Connections are accepted in order: this one is the last to be counted.
    let mut last = server.send(GET_STREAM).await;
    last.until(|received| received.contains("connecttime"))
        .await;
    server.until_live(1).await;
}

#[tokio::test]
async fn a_head_request_gets_the_head_and_leaves_no_stream() {
    let server = Server::start().await;
    for path in ["/stream", "/stream?interval=0&size=90"] {
        let response = server.request(&format!("HEAD {path}"), "").await;
        assert_eq!(response.status(), "200");
        assert_eq!(
            response.header("content-type"),
            Some("text/event-stream; charset=utf-8")
        );
        assert_eq!(response.body, b"");
        server.until_live(0).await;
    }
}

#[tokio::test]
async fn a_preflight_allows_any_request() {
    let server = Server::start().await;
    let response = server
        .request(
            "OPTIONS /stream",
            "origin: https://example.org\r\n\
             access-control-request-method: GET\r\n\
             access-control-request-headers: last-event-id\r\n",
        )
        .await;
    assert_eq!(response.status(), "204");
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    assert!(
        response
            .header("access-control-allow-methods")
            .is_some_and(|methods| methods.contains("GET"))
    );
    assert_eq!(
        response.header("access-control-allow-headers"),
        Some("*, authorization")
    );
}

#[tokio::test]
async fn an_unknown_path_is_not_found_whatever_the_method() {
    let server = Server::start().await;
    for line in [
        "GET /strem",
        "POST /strem",
        "GET /stream/",
        "GET /index.html",
        "GET /../Cargo.toml",
    ] {
        let response = server.request(line, "").await;
        assert_eq!(response.status(), "404", "{line}");
        assert_eq!(
            response.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
        assert!(response.text().contains("/stream"), "{}", response.text());
    }
}

#[tokio::test]
async fn an_unsupported_method_gets_the_allowed_ones() {
    let server = Server::start().await;
    for (line, allow) in [
        ("DELETE /stream", "GET,HEAD,POST,OPTIONS"),
        ("POST /stream/help", "GET,HEAD"),
        ("POST /metrics", "GET,HEAD"),
        ("POST /", "GET,HEAD"),
        ("PUT /favicon.ico", "GET,HEAD"),
    ] {
        let response = server.request(line, "content-length: 0\r\n").await;
        assert_eq!(response.status(), "405", "{line}");
        assert_eq!(response.header("allow"), Some(allow), "{line}");
    }
}

#[tokio::test]
async fn the_favicon_is_served() {
    let server = Server::start().await;
    let response = server.request("GET /favicon.ico", "").await;
    assert_eq!(
        (response.status(), response.header("content-type")),
        ("200", Some("image/svg+xml"))
    );
}

#[tokio::test]
async fn the_documentation_of_faults_is_a_page_without_scripts() {
    let server = Server::start().await;
    let page = server.request("GET /faults", "").await;
    assert_eq!(page.status(), "200");
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(
        policy.starts_with("default-src 'none'; style-src 'self';"),
        "{policy}"
    );
    let text = page.text();
    for part in [
        "<a id=\"no-blank-line\"></a>",
        "<li><a href=\"#no-blank-line\">No blank line between events</a></li>",
        "<li><a href=\"#done-and-again\">“[DONE]”, and again</a></li>",
        "<a href=\"/?via=fetch&amp;url=%2Fstream%3F",
        "<link rel=\"stylesheet\" href=\"/faults.css\">",
    ] {
        assert!(text.contains(part), "{part}");
    }
    for absent in ["<script", "<img", "style=\"", "127.0.0.1:8844"] {
        assert!(!text.contains(absent), "{absent}");
    }
    let sheet = server.request("GET /faults.css", "").await;
    assert_eq!(
        sheet.header("content-type"),
        Some("text/css; charset=utf-8")
    );
    let packed = server
        .request("GET /faults", "accept-encoding: gzip\r\n")
        .await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
}

#[tokio::test]
async fn responses_can_claim_what_is_not_true() {
    let server = Server::start().await;
    let coded = server
        .request("GET /stream?raw=ZGF0YTogYQoK&encoding=br", "")
        .await;
    assert_eq!(coded.header("content-encoding"), Some("br"));
    assert!(coded.text().contains("data: a"), "{}", coded.text());
    let later = server
        .request("GET /stream?status=429&retryAfter=30", "")
        .await;
    assert_eq!(
        (later.status(), later.header("retry-after")),
        ("429", Some("30"))
    );
    for (cors, count) in [("any", 1), ("none", 0), ("other", 1), ("twice", 2)] {
        let path = format!("GET /stream?raw=ZGF0YTogYQoK&cors={cors}");
        let response = server.request(&path, "").await;
        let found = response
            .head
            .matches("access-control-allow-origin: ")
            .count();
        assert_eq!(found, count, "{cors}");
    }
}

#[tokio::test]
async fn invalid_http_does_not_harm_other_connections() {
    let server = Server::start().await;
    for garbage in [
        "\r\n\r\n",
        "GET\r\n\r\n",
        "\u{0}\u{ff}\r\n\r\n",
        "GET /stream HTTP/9.9\r\n\r\n",
    ] {
        let mut connection = server.send(garbage).await;
        connection.tcp.shutdown().await.expect("connected");
        connection.until_end().await;
    }
    let mut stream = server.send(GET_STREAM).await;
    stream
        .until(|received| received.contains("connecttime"))
        .await;
}

#[tokio::test]
async fn shutdown_ends_open_streams_cleanly_within_a_second() {
    let server = Server::start().await;
    let mut streams = Vec::new();
    for _ in 0..50 {
        let mut stream = server.send(GET_STREAM).await;
        stream
            .until(|received| received.contains("connecttime"))
            .await;
        streams.push(stream);
    }
    // Neither an idle connection nor half a request keeps the server running.
    let _idle = server.send("").await;
    let _half = server.send("GET /stream HT").await;
    let asked = Instant::now();
    server.stop.send(()).expect("running");
    for stream in &mut streams {
        stream.until_end().await;
        let text = std::str::from_utf8(&stream.received).expect("UTF-8");
        assert!(text.ends_with("\r\n0\r\n\r\n"), "no last chunk: {text:?}");
    }
    timeout(PATIENCE, server.running)
        .await
        .expect("an end")
        .expect("no panic")
        .expect("no error");
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "{:?}",
        asked.elapsed()
    );
}

/// The binary contains the page only if the page was built before; `make test` does so and enables
/// the feature.
#[tokio::test]
async fn the_page_is_served_with_its_policy_and_cached_by_name() {
    let server = Server::start().await;
    let page = server.request("GET /", "").await;
    if !has_page() {
        if cfg!(feature = "e2e") {
            panic!("this feature requires the built page");
        }
        assert_eq!(page.status(), "503");
        return;
    }
    assert_eq!(page.status(), "200");
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    assert!(!page.text().contains("{{"), "a placeholder is left");
    assert_eq!(page.header("vary"), Some("accept-encoding"));
    assert_eq!(page.header("content-encoding"), None);

    let nonce = |response: &Response| {
        let policy = response
            .header("content-security-policy")
            .expect("a policy")
            .to_owned();
        let (_, rest) = policy.split_once("'nonce-").expect("a nonce");
        rest.split_once('\'').expect("an end").0.to_owned()
    };
    let first = nonce(&page);
    assert!(page.text().contains(&format!("<script nonce=\"{first}\">")));
    let second = server.request("GET /", "").await;
    assert_ne!(first, nonce(&second), "a nonce is used once");
    assert!(!second.text().contains(&first));
    let packed = server
        .request("GET /", "accept-encoding: gzip, deflate, br, zstd\r\n")
        .await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(packed.header("vary"), Some("accept-encoding"));
    assert!(packed.body.len() < page.body.len());
    let unpacked = decompress("gzip", &packed.body);
    let unpacked = String::from_utf8(unpacked).expect("text");
    assert_eq!(
        unpacked.replace(&nonce(&packed), &first),
        page.text(),
        "the page has the nonce of its policy"
    );
    let refused = server
        .request("GET /", "accept-encoding: gzip;q=0, br\r\n")
        .await;
    assert_eq!(refused.header("content-encoding"), None);
    assert_eq!(refused.header("vary"), Some("accept-encoding"));
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(policy.contains("connect-src http: https:;"), "{policy}");
    assert!(
        !policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"),
        "{policy}"
    );

    let mut kinds = Vec::new();
    for path in page
        .text()
        .split(['"', '\'', '`', '=', ' ', '>'])
        .filter(|text| text.starts_with('/') && text.contains('.'))
    {
        let identity = server.request(&format!("GET {path}"), "").await;
        assert_eq!(identity.status(), "200", "{path}");
        assert_eq!(
            identity.header("cache-control"),
            Some("public, max-age=31536000, immutable"),
            "{path}"
        );
        assert_eq!(identity.header("content-encoding"), None, "{path}");
        for (accepted, coding) in [("gzip, deflate, br, zstd", "br"), ("gzip", "gzip")] {
            let packed = server
                .request(
                    &format!("GET {path}"),
                    &format!("accept-encoding: {accepted}\r\n"),
                )
                .await;
            assert_eq!(packed.header("content-encoding"), Some(coding), "{path}");
            assert_eq!(packed.header("vary"), Some("accept-encoding"), "{path}");
            assert_eq!(decompress(coding, &packed.body), identity.body, "{path}");
        }
        kinds.push(identity.header("content-type").expect("a type").to_owned());
    }
    for kind in [
        "text/javascript; charset=utf-8",
        "text/css; charset=utf-8",
        "application/wasm",
        "image/svg+xml",
    ] {
        assert!(
            kinds.iter().any(|known| known == kind),
            "{kind} is missing among {kinds:?}"
        );
    }
}

fn decompress(coding: &str, packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    match coding {
        "br" => std::io::copy(&mut brotli::Decompressor::new(packed, 4096), &mut bytes),
        _ => std::io::copy(&mut flate2::read::GzDecoder::new(packed), &mut bytes),
    }
    .expect("compressed data");
    bytes
}

/// A stream is written without hyper, which serves the requests before and after it.
#[tokio::test]
async fn a_connection_persists_after_a_stream() {
    let server = Server::start().await;
    let get =
        |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{more}\r\n");
    let stream = get("/stream?count=2&interval=20ms&data=seq", "");
    // First pipelined; then one by one, each after the previous response.
    let mut connection = server
        .send(&[&*stream, &stream, &get("/nowhere", "connection: close\r\n")].concat())
        .await;
    connection.until_end().await;
    let together = String::from_utf8(connection.received).expect("text");

    let mut connection = server.send(&stream).await;
    connection.until_end_of_body().await;
    for (request, ends) in [
        (stream.clone(), LAST_CHUNK),
        (get("/nowhere", ""), "help.\n"),
    ] {
        connection.received.clear();
        let sent = connection.tcp.write_all(request.as_bytes()).await;
        sent.expect("open");
        connection.until(|text| text.ends_with(ends)).await;
    }

    let body = "retry: 10000\ndata: 0\n\ndata: 1\n\n";
    let streams: Vec<_> = together.match_indices("HTTP/1.1 200 OK").collect();
    assert_eq!(streams.len(), 2, "{together}");
    for (at, _) in streams {
        let end = together[at..].find(LAST_CHUNK).expect("an end") + at;
        let text = dechunk(Response::parse(&together.as_bytes()[at..end + 5]).text());
        assert_eq!(text, body);
    }
    assert!(together.contains("HTTP/1.1 404 "));
}

/// Streams that hyper writes to the end have the same body.
#[tokio::test]
async fn http_1_0_and_requests_with_a_body_get_the_same_stream() {
    let server = Server::start().await;
    let query = "/stream?count=2&interval=1&data=seq";
    let body = "retry: 10000\ndata: 0\n\ndata: 1\n\n";
    let mut old = server
        .send(&format!("GET {query} HTTP/1.0\r\nhost: localhost\r\n\r\n"))
        .await;
    old.until_end().await;
    assert_eq!(Response::parse(&old.received).text(), body);
    let headers = "content-length: 2\r\n\r\n{}";
    let head = format!("POST {query} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    let mut post = server.send(&(head + headers)).await;
    post.until_end().await;
    assert_eq!(dechunk(Response::parse(&post.received).text()), body);
}
