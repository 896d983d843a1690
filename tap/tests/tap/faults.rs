//! What happens when one side fails, does not read, or sends very much.

use std::{io::Write as _, time::Duration};

use flate2::{Compression, write::GzEncoder};
use sse_scope_tap::{
    Bounds,
    dial::{Allowed, Dialer},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{Ended, GET, Peer, STREAM, Tapped, asked, chunk, patiently, upstream};

#[tokio::test]
async fn an_upstream_that_dies_is_named_with_the_place() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&[b'x'; 1000]).expect("a vector");
    let gzip = gzip.finish().expect("a vector");
    let gzip = [
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
        &gzip[..gzip.len() / 2],
    ]
    .concat();
    let in_event = [STREAM.as_bytes(), &chunk("data: 1\n\ndata: 2")].concat();
    for (sent, resets, kind, text) in [
        (
            b"".to_vec(),
            false,
            "upstream-ended",
            "The upstream closed the connection before it answered.",
        ),
        (
            b"".to_vec(),
            true,
            "upstream-reset",
            "The upstream reset the connection before it answered.",
        ),
        (
            b"HTTP/1.1 20".to_vec(),
            false,
            "upstream-ended",
            "The upstream closed the connection within the head of its answer.",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc".to_vec(),
            true,
            "upstream-reset",
            "The upstream reset the connection 7 bytes before the end of the response.",
        ),
        (
            in_event.clone(),
            false,
            "upstream-ended",
            "The upstream closed the connection before the last chunk of the response.",
        ),
        (
            in_event.clone(),
            true,
            "upstream-reset",
            "The upstream reset the connection before the last chunk of the response.",
        ),
        (
            [STREAM, "5\r\nda"].concat().into_bytes(),
            false,
            "upstream-ended",
            "The upstream closed the connection before the last chunk of the response.",
        ),
        (
            gzip,
            false,
            "complete",
            "The response is complete. The body ends before the end of its gzip data.",
        ),
        (
            b"\x16\x03\x01".to_vec(),
            false,
            "upstream-ended",
            "The upstream's answer is not HTTP/1.1: invalid HTTP version. The upstream closed the connection.",
        ),
    ] {
        let (tapped, mut client, mut upstream) = asked(GET).await;
        upstream.send(&sent).await;
        client.until_length(sent.len()).await;
        let ended = if resets {
            upstream.reset();
            Ended::Reset
        } else {
            drop(upstream);
            Ended::Closed
        };
        assert_eq!(client.until_end().await, ended, "{text}");
        assert_eq!(client.received, sent);
        assert_eq!(tapped.page.end(1).await, (kind.to_owned(), text.to_owned()));
    }
}

#[tokio::test]
async fn a_client_that_leaves_ends_its_upstream_request() {
    // A reset, while nothing is sent.
    let (tapped, client, mut upstream) = asked(GET).await;
    client.reset();
    assert_eq!(upstream.until_end().await, Ended::Reset);
    let end = tapped.page.end(1).await;
    assert_eq!(
        end,
        (
            "client-left".to_owned(),
            "The client reset the connection.".to_owned()
        )
    );
    // A close of its side, then a reset, while nothing is sent.
    let (tapped, client, mut upstream) = asked(GET).await;
    socket2::SockRef::from(&client.tcp)
        .shutdown(std::net::Shutdown::Write)
        .expect("open");
    assert_eq!(upstream.until_end().await, Ended::Closed);
    client.reset();
    let end = tapped.page.end(1).await;
    assert_eq!(
        end,
        (
            "client-left".to_owned(),
            "The client closed the connection.".to_owned()
        )
    );
    // A close, and the upstream goes on sending.
    let (tapped, client, mut upstream) = asked(GET).await;
    upstream.send(STREAM).await;
    drop(client);
    assert_eq!(upstream.until_end().await, Ended::Closed);
    let sending = async {
        while upstream.tcp.write_all(&chunk("data: 1\n\n")).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    patiently("the end of the upstream's connection", sending).await;
    let (kind, _) = tapped.page.end(1).await;
    assert_eq!(kind, "client-left");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let (listener, url) = upstream().await;
    let tapped = Tapped::with(&url, Bounds::default(), |settings| {
        settings.dialer = Dialer::new(Allowed::Any).with_timeout(Duration::from_secs(5));
    })
    .await;
    drop(listener);
    let mut client = Peer::connect(tapped.address).await;
    client.send(GET).await;
    assert_eq!(client.until_end().await, Ended::Closed);
    assert!(
        client.text().starts_with("HTTP/1.1 502 Bad Gateway\r\n"),
        "{}",
        client.text()
    );
    assert!(
        client.text().contains("nothing listens at"),
        "{}",
        client.text()
    );
    let (kind, text) = tapped.page.end(1).await;
    assert_eq!(kind, "failed");
    assert!(
        text.starts_with("The request did not reach the upstream. The connection was refused"),
        "{text}"
    );
    assert!(tapped.page.detail(1).await["response"].is_null());
    let (_, capture) = tapped.page.get("/tap/exchanges/1/capture").await;
    assert!(
        capture.contains("\"failure\":{\"kind\":\"failed\""),
        "{capture}"
    );
    assert!(capture.ends_with("end\n"), "{capture}");
}

/// A client that reads and forgets; how much it read.
async fn swallow(mut tcp: TcpStream) -> u64 {
    let mut buffer = vec![0; 1 << 20];
    let mut total = 0;
    while let Ok(length @ 1..) = tcp.read(&mut buffer).await {
        total += length as u64;
    }
    total
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_a_gigabyte_passes_in_bounded_memory() {
    const LENGTH: u64 = 1 << 30;
    let (listener, url) = upstream().await;
    let bounds = Bounds {
        exchange: 4 << 20,
        ..Bounds::default()
    };
    let tapped = Tapped::with(&url, bounds, |_| {}).await;
    let mut client = Peer::connect(tapped.address).await;
    client.send(GET).await;
    let mut upstream = Peer::accept(&listener).await;
    upstream.until("\r\n\r\n").await;
    // A viewer that does not read loses its view, never the client its bytes.
    let mut viewer = tapped.page.open("/tap/exchanges/1/capture").await;
    let before = resident();
    let sending = tokio::spawn(async move {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n");
        upstream.send(head).await;
        let piece = [b"data: ".as_slice(), &vec![b'x'; (1 << 20) - 8], b"\n\n"].concat();
        for _ in 0..LENGTH >> 20 {
            upstream.send(&piece).await;
        }
    });
    let total = tokio::time::timeout(Duration::from_secs(120), swallow_until(client, LENGTH)).await;
    assert!(total.expect("in time") >= LENGTH);
    sending.await.expect("sent");
    tapped.page.end(1).await;
    assert!(tapped.exchanges.cost() <= 4 << 20);
    // Of the whole process, with the buffers of the test itself.
    let grown = resident().saturating_sub(before);
    assert!(grown < 64 << 20, "{} MiB", grown >> 20);
    let exchange = &tapped.page.detail(1).await["exchange"];
    assert_eq!(exchange["bytes"], LENGTH);
    assert!(exchange["gone"].as_u64() > Some(LENGTH - (5 << 20)));
    viewer.until(|text| text.ends_with("end\n")).await;
    assert!(viewer.text.contains("break "));
}

async fn swallow_until(client: Peer, length: u64) -> u64 {
    let Peer { mut tcp, .. } = client;
    let mut buffer = vec![0; 1 << 20];
    let mut total = 0;
    while total < length {
        match tcp.read(&mut buffer).await {
            Ok(read @ 1..) => total += read as u64,
            _ => break,
        }
    }
    total
}

/// The memory of this process, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = status
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_streams_pass_at_once() {
    const STREAMS: usize = 1000;
    let (listener, url) = upstream().await;
    let tapped = Tapped::start(&url).await;
    let mut pairs = Vec::new();
    for _ in 0..STREAMS {
        let mut client = Peer::connect(tapped.address).await;
        client.send(GET).await;
        let mut upstream = Peer::accept(&listener).await;
        upstream.until("\r\n\r\n").await;
        upstream.send(STREAM).await;
        pairs.push((client, upstream));
    }
    for round in 0..3 {
        for (_, upstream) in &mut pairs {
            upstream.send(chunk(format!("data: {round}\n\n"))).await;
        }
        for (client, _) in &mut pairs {
            client.until(&format!("data: {round}\n\n")).await;
        }
    }
    for id in [1, STREAMS as u64] {
        tapped
            .page
            .until(id, |detail| detail["exchange"]["events"] == 3)
            .await;
    }
    // All end at the shutdown.
    tapped.shutdown.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(5), tapped.running).await;
    ended
        .expect("in time")
        .expect("no panic")
        .expect("no error");
    for (client, _) in pairs {
        patiently("the end of a client's connection", swallow(client.tcp)).await;
    }
}

#[tokio::test]
async fn a_connection_over_the_limit_is_refused() {
    let (_listener, url) = upstream().await;
    let tapped = Tapped::with(&url, Bounds::default(), |settings| {
        settings.max_connections = 1
    })
    .await;
    let mut first = Peer::connect(tapped.address).await;
    first.send("GET").await;
    let mut second = Peer::connect(tapped.address).await;
    assert_eq!(second.until_end().await, Ended::Closed);
    assert!(
        second.text().starts_with("HTTP/1.1 503 "),
        "{}",
        second.text()
    );
}
