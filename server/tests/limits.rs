//! Limits and load: clients that are slow, many, disconnected or malformed, and hosts that are not
//! allowed.

mod raw;

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use raw::{Connection, GET_STREAM, LAST_CHUNK, PATIENCE, Response, Server, chunks};
use sse_scope_server::Limits;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, timeout},
};

/// Waits until the server ends the connection, and returns what it sent.
async fn until_closed(connection: &mut Connection) -> String {
    let reading = connection.tcp.read_to_end(&mut connection.received);
    // The server resets a connection that it has not read to the end. That counts as an end as well.
    let _ = timeout(PATIENCE, reading)
        .await
        .expect("the connection ends");
    String::from_utf8_lossy(&connection.received).into_owned()
}

/// Waits until the metric `name` of `/metrics` satisfies `condition`.
async fn until_metric(server: &Server, name: &str, condition: impl Fn(f64) -> bool) {
    let reading = async {
        loop {
            let metrics = server.request("GET /metrics", "").await;
            let value: Option<f64> = metrics
                .text()
                .lines()
                .find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
            if value.is_some_and(&condition) {
                break;
            }
        }
    };
    let reached = timeout(PATIENCE, reading).await.is_ok();
    assert!(
        reached,
        "{name}: {}",
        server.request("GET /metrics", "").await.text()
    );
}

#[tokio::test]
async fn a_host_that_is_not_allowed_gets_403() {
    let limits = Limits {
        allow_hosts: vec!["scope.example".to_owned()],
        ..Limits::default()
    };
    let server = Server::limited(limits).await;
    for path in ["/", "/stream", "/stream/help", "/metrics", "/nowhere"] {
        for host in ["evil.example", "localhost.evil.example:8844", "192.0.2.1"] {
            let request =
                format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
            let mut connection = server.send(&request).await;
            connection.until_end().await;
            let response = Response::parse(&connection.received);
            assert_eq!(response.status(), "403", "{path} at {host}");
            assert!(response.text().contains("start it with --allow-host"));
            assert_eq!(response.header("access-control-allow-origin"), None);
        }
    }
    for host in ["localhost:1", "127.0.0.1", "[::1]:8844", "Scope.Example"] {
        let request =
            format!("GET /stream/help HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        let mut connection = server.send(&request).await;
        connection.until_end().await;
        assert_eq!(
            Response::parse(&connection.received).status(),
            "200",
            "{host}"
        );
    }
    let mut nameless = server
        .send("GET /stream HTTP/1.1\r\nconnection: close\r\n\r\n")
        .await;
    nameless.until_end().await;
    assert_eq!(Response::parse(&nameless.received).status(), "403");
    until_metric(
        &server,
        "sse_scope_refusals_total{reason=\"Host\"}",
        |refused| refused == 16.0,
    )
    .await;
}

#[tokio::test]
async fn an_incomplete_head_times_out() {
    let limits = Limits {
        header_timeout: Duration::from_millis(200),
        ..Limits::default()
    };
    let server = Server::limited(limits).await;
    for beginning in ["", "GET /stream HTTP/1.1\r\nhost: loc"] {
        let mut silent = server.send(beginning).await;
        let closed = until_closed(&mut silent).await;
        assert!(!closed.contains("200 OK"), "{closed}");
    }
    // One header at a time, as slowhttptest sends them.
    let mut slow = server
        .send("GET /stream HTTP/1.1\r\nhost: localhost\r\n")
        .await;
    let asked = Instant::now();
    let dripping = async {
        while slow.tcp.write_all(b"x-a: b\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(
        timeout(PATIENCE, dripping).await.is_ok(),
        "the connection is closed"
    );
    assert!(asked.elapsed() < Duration::from_secs(5));
    // An idle persistent connection.
    let mut idle = server
        .send("GET /stream/help HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await;
    let response = until_closed(&mut idle).await;
    assert!(response.starts_with("HTTP/1.1 200 OK"));
    // The timeout does not apply to a stream.
    let mut stream = server
        .send("GET /stream?interval=100ms&data=seq HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await;
    stream
        .until(|received| received.contains("data: 7\n"))
        .await;
}

#[tokio::test]
async fn the_size_of_a_head_is_limited() {
    let server = Server::start().await;
    let long = "x".repeat(100_000);
    for (head, statuses) in [
        (
            format!("GET /stream?raw={long} HTTP/1.1\r\nhost: localhost\r\n\r\n"),
            ["414", "431"],
        ),
        (
            format!("GET / HTTP/1.1\r\nhost: localhost\r\nx: {long}\r\n\r\n"),
            ["431", "431"],
        ),
        (
            format!(
                "GET / HTTP/1.1\r\nhost: localhost\r\n{}\r\n",
                "x: y\r\n".repeat(101)
            ),
            ["431", "431"],
        ),
    ] {
        let mut tcp = TcpStream::connect(server.address)
            .await
            .expect("the server listens");
        // The server may close the connection before all is sent.
        let _ = tcp.write_all(head.as_bytes()).await;
        let mut received = Vec::new();
        let mut connection = Connection {
            tcp,
            received: std::mem::take(&mut received),
        };
        let response = until_closed(&mut connection).await;
        let status = response.get(9..12).unwrap_or("none");
        assert!(statuses.contains(&status), "{response}");
    }
}

#[tokio::test]
async fn connections_over_the_limit_get_503() {
    let limits = Limits {
        max_connections: 3,
        ..Limits::default()
    };
    let server = Server::limited(limits).await;
    let mut streams = Vec::new();
    for _ in 0..3 {
        let mut stream = server.send(GET_STREAM).await;
        stream
            .until(|received| received.contains("connecttime"))
            .await;
        streams.push(stream);
    }
    let mut refused = server.send(GET_STREAM).await;
    refused.until_end().await;
    let refused = Response::parse(&refused.received);
    assert_eq!(refused.status(), "503");
    assert_eq!(refused.header("retry-after"), Some("5"));
    assert!(refused.text().contains("--max-connections"));
    streams.pop();
    server.until_live(2).await;
    // The place becomes free a little after the stream has ended.
    let asking =
        async { while server.request("GET /stream?count=0", "").await.status() != "200" {} };
    timeout(PATIENCE, asking).await.expect("a free place");
}

#[tokio::test]
async fn a_thousand_stalled_clients_do_not_delay_another() {
    const STALLED: usize = 1_000;
    let server = Server::start().await;
    let mut stalled = Vec::new();
    for _ in 0..STALLED {
        stalled.push(
            server
                .send("GET /stream?interval=0&size=4k HTTP/1.1\r\nhost: localhost\r\n\r\n")
                .await,
        );
    }
    server.until_live(STALLED).await;
    // All clients are stalled once no more bytes are written.
    let mut before = -1.0;
    loop {
        let metrics = server.request("GET /metrics", "").await;
        let written: f64 = metrics
            .text()
            .lines()
            .find_map(|line| {
                line.strip_prefix("sse_scope_written_bytes_total ")?
                    .parse()
                    .ok()
            })
            .expect("a number");
        if written == before {
            break;
        }
        before = written;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let each = before / STALLED as f64;
    // The buffers of the system at both ends, and one frame.
    assert!(each < 8e6, "{each} bytes are queued for each");
    let asked = Instant::now();
    let ticking = server
        .request("GET /stream?interval=10ms&count=51&data=seq&retry=none", "")
        .await;
    assert_eq!(chunks(&ticking.body).len(), 51);
    assert!(
        asked.elapsed() < Duration::from_secs(3),
        "half a second of events took {:?}",
        asked.elapsed()
    );
    drop(stalled);
    server.until_live(0).await;
}

#[tokio::test]
async fn ten_thousand_clients_that_disconnect_leave_no_stream() {
    let server = Server::start().await;
    let mut clients = JoinSet::new();
    for client in 0..10_000_u32 {
        if clients.len() >= 64 {
            clients.join_next().await;
        }
        let address = server.address;
        clients.spawn(async move {
            let Ok(mut tcp) = TcpStream::connect(address).await else {
                return;
            };
            let request = GET_STREAM.as_bytes();
            let some = client as usize % (request.len() + 1);
            let _ = tcp.write_all(&request[..some]).await;
            if client % 2 == 0 {
                // Resets the connection, as for a client that is killed with data unread.
                let _ = tcp.set_zero_linger();
            }
        });
    }
    while clients.join_next().await.is_some() {}
    server.until_live(0).await;
    let mut stream = server.send(GET_STREAM).await;
    stream
        .until(|received| received.contains("connecttime"))
        .await;
}

#[tokio::test]
async fn many_streams_end_cleanly_and_spread_reconnection() {
    const STREAMS: usize = 2_000;
    let server = Server::start().await;
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        streams.push(server.send(GET_STREAM).await);
    }
    server.until_live(STREAMS).await;
    let reading: Vec<_> = streams
        .into_iter()
        .map(|mut stream| {
            tokio::spawn(async move {
                stream.until_end().await;
                stream.received
            })
        })
        .collect();
    let asked = Instant::now();
    server.stop.send(()).expect("running");
    server.running.await.expect("no panic").expect("no error");
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
    let mut times = std::collections::BTreeSet::new();
    for reading in reading {
        let received = reading.await.expect("no panic");
        assert!(received.ends_with(LAST_CHUNK.as_bytes()));
        let chunks = chunks(&Response::parse(&received).body);
        let last = String::from_utf8(chunks.last().expect("some").clone()).expect("text");
        let ms = last
            .strip_prefix("retry: ")
            .and_then(|ms| ms.strip_suffix('\n'))
            .and_then(|ms| ms.parse().ok());
        let ms: u64 = ms.unwrap_or_else(|| panic!("{last:?} is no reconnection time"));
        assert!((5_000..=15_000).contains(&ms), "{ms}");
        times.insert(ms);
    }
    assert!(times.len() > STREAMS / 2, "{} different times", times.len());
}

#[tokio::test]
async fn a_split_stream_ends_cleanly_on_shutdown() {
    let server = Server::start().await;
    let request = "GET /stream?split=3&data=seq HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut stream = server.send(request).await;
    stream.until(|received| received.contains("a: ")).await;
    server.stop.send(()).expect("running");
    stream.until_end().await;
    let text = chunks(&Response::parse(&stream.received).body).concat();
    let text = String::from_utf8(text).expect("text");
    assert!(text.contains("data: 0\n\n"), "{text}");
    let last = text.lines().last().expect("some");
    assert!(
        last.starts_with("retry: ") && text.ends_with('\n'),
        "{text}"
    );
    server.running.await.expect("no panic").expect("no error");
}

#[tokio::test]
async fn a_reset_by_the_client_ends_a_stalled_stream() {
    let server = Server::start().await;
    let stall = "/stream?after=0&end=stall HTTP/1.1\r\nhost: localhost\r\n";
    for request in [
        format!("GET {stall}\r\n"),
        // The beginning of another request.
        format!("GET {stall}\r\nG"),
        format!("POST {stall}content-length: 10\r\n\r\n12345"),
    ] {
        let mut stream = server.send(&request).await;
        stream.until(|received| received.contains("retry: ")).await;
        server.until_live(1).await;
        stream.tcp.set_zero_linger().expect("an option");
        drop(stream);
        server.until_live(0).await;
    }
}

#[tokio::test]
async fn a_refused_connection_does_not_delay_shutdown() {
    let limits = Limits {
        max_connections: 1,
        ..Limits::default()
    };
    let server = Server::limited(limits).await;
    let mut stream = server.send(GET_STREAM).await;
    stream
        .until(|received| received.contains("connecttime"))
        .await;
    let _silent = server.send("").await;
    until_refused(&server).await;
    let asked = Instant::now();
    server.stop.send(()).expect("running");
    server.running.await.expect("no panic").expect("no error");
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "{:?}",
        asked.elapsed()
    );
}

/// Waits until a connection is refused; then earlier ones have been as well.
async fn until_refused(server: &Server) {
    let mut refused = server.send(GET_STREAM).await;
    refused.until_end().await;
    assert_eq!(Response::parse(&refused.received).status(), "503");
}

#[tokio::test]
async fn metrics_count_streams_events_and_refusals() {
    let server = Server::start().await;
    server
        .request("GET /stream?interval=1&count=5&size=10&retry=none", "")
        .await;
    server.request("GET /stream?nonsense=1", "").await;
    server.request("GET /stream?outage=1s/1s", "").await;
    let _open = server.send(GET_STREAM).await;
    server.until_live(1).await;
    let metrics = server.request("GET /metrics", "").await;
    assert_eq!(
        metrics.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    for line in [
        "sse_scope_live_streams 1",
        "sse_scope_refusals_total{reason=\"Query\"} 1",
        "sse_scope_refusals_total{reason=\"Outage\"} 1",
        "# TYPE sse_scope_lateness_seconds histogram",
        "# EOF",
    ] {
        assert!(
            metrics.text().lines().any(|one| one == line),
            "{line}: {}",
            metrics.text()
        );
    }
    until_metric(&server, "sse_scope_events_total", |events| events == 7.0).await;
    until_metric(&server, "sse_scope_lateness_seconds_count", |count| {
        count == 6.0
    })
    .await;
    until_metric(&server, "sse_scope_written_bytes_total", |bytes| {
        bytes > 90.0
    })
    .await;
}

/// Panics of the server during `no_request_panics_or_leaks`.
static PANICS: AtomicUsize = AtomicUsize::new(0);

#[tokio::test]
async fn no_request_panics_or_leaks() {
    let shown = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current()
            .name()
            .is_none_or(|name| name.contains("no_request"))
        {
            PANICS.fetch_add(1, Ordering::Relaxed);
        }
        shown(info);
    }));
    let limits = Limits {
        header_timeout: Duration::from_millis(300),
        ..Limits::default()
    };
    let server = Server::limited(limits).await;
    let mut rng = fastrand::Rng::with_seed(20_261_123);
    let mut clients = JoinSet::new();
    for _ in 0..3_000 {
        if clients.len() >= 32 {
            clients.join_next().await.expect("some").expect("no panic");
        }
        let request = random_request(&mut rng);
        let address = server.address;
        clients.spawn(async move {
            let mut tcp = TcpStream::connect(address)
                .await
                .expect("the server listens");
            let _ = tcp.write_all(&request).await;
            let mut received = [0; 4096];
            // A part of the response is sufficient, and there may be none.
            let _ = timeout(Duration::from_millis(20), tcp.read(&mut received)).await;
        });
    }
    while let Some(done) = clients.join_next().await {
        done.expect("no panic");
    }
    server.until_live(0).await;
    let mut stream = server.send(GET_STREAM).await;
    stream
        .until(|received| received.contains("connecttime"))
        .await;
    assert_eq!(PANICS.load(Ordering::Relaxed), 0);
}

/// A random request, in part malformed.
fn random_request(rng: &mut fastrand::Rng) -> Vec<u8> {
    let names = [
        "interval",
        "count",
        "event",
        "data",
        "size",
        "lines",
        "id",
        "retry",
        "heartbeat",
        "jitter",
        "burst",
        "seed",
        "newline",
        "bom",
        "split",
        "hold",
        "parts",
        "text",
        "choices",
        "gzip",
        "status",
        "type",
        "cors",
        "redirect",
        "delay",
        "after",
        "end",
        "outage",
        "corrupt",
        "raw",
        "resume",
        "lastEventId",
    ];
    let values = [
        "",
        "0",
        "1",
        "7",
        "90",
        "64k",
        "16m",
        "1ms",
        "3600s",
        "18446744073709551615",
        "-1",
        "none",
        "seq",
        "time",
        "json",
        "tokens",
        "openai",
        "openai-responses",
        "anthropic",
        "gemini",
        "reasoning,text,tool,usage,error",
        "clock",
        "mixed",
        "crlf",
        "reset",
        "truncate",
        "stall",
        "replay",
        "gap",
        "repeat",
        "1ms/2ms",
        "1s/1s",
        "utf8",
        "huge",
        "no-blank",
        "204",
        "304",
        "599",
        "%00",
        "%0D%0A",
        "%FF",
        "ZGF0YQ",
        "a,b,,c",
        "text/plain",
    ];
    let method = ["GET", "HEAD", "POST", "OPTIONS", "DELETE", "G\0T"][rng.usize(..6)];
    let path = [
        "/stream",
        "/stream",
        "/stream",
        "/",
        "/metrics",
        "/stream/help",
        "//",
        "*",
    ][rng.usize(..8)];
    let query: Vec<_> = (0..rng.usize(..6))
        .map(|_| {
            format!(
                "{}={}",
                names[rng.usize(..names.len())],
                values[rng.usize(..values.len())]
            )
        })
        .collect();
    let ids = [
        "",
        "7",
        "18446744073709551615",
        "1795389954000-3",
        "\u{FFFD}",
    ];
    let mut request = format!(
        "{method} {path}?{} HTTP/1.1\r\nhost: localhost\r\nlast-event-id: {}\r\naccept-encoding: {}\r\n\r\n",
        query.join("&"),
        ids[rng.usize(..ids.len())],
        ["gzip", "br;q=x", ","][rng.usize(..3)],
    )
    .into_bytes();
    // Half of the requests are damaged.
    for _ in 0..rng.usize(..4) / 2 {
        let at = rng.usize(..request.len());
        match rng.u8(..3) {
            0 => request[at] = rng.u8(..),
            1 => request.truncate(at),
            _ => request.insert(at, rng.u8(..)),
        }
        if request.is_empty() {
            break;
        }
    }
    request
}
