//! What the page sees of what passes, and does to it.

use std::io::Write as _;

use axum::http::StatusCode;
use flate2::{Compression, write::GzEncoder};
use serde_json::json;
use sse_scope_tap::Bounds;

use crate::support::{Ended, GET, Peer, STREAM, Tapped, asked, chunk, upstream};

#[tokio::test]
async fn an_exchange_is_listed_as_it_happens() {
    let (listener, url) = upstream().await;
    let tapped = Tapped::start(&url).await;
    let mut list = tapped.page.open("/tap/exchanges").await;
    let listen = tapped.address;
    let taps = format!(
        ": tap\n\nevent: taps\ndata: [{{\"name\":\"a\",\"listen\":\"{listen}\",\"url\":\"{url}/\"}}]\n\n"
    );
    assert_eq!(
        *list
            .until(|text| text.contains("\n\nevent: taps\n") && text.ends_with("\n\n"))
            .await,
        taps
    );

    let mut client = Peer::connect(tapped.address).await;
    client.send("POST /chat?x=1 HTTP/1.1\r\nHost: localhost\r\nUser-Agent: test/1\r\nContent-Length: 4\r\n\r\nab").await;
    list.until(|text| text.contains(r#""state":"request""#))
        .await;
    let mut upstream = Peer::accept(&listener).await;
    client.send("cd").await;
    upstream.until("abcd").await;
    list.until(|text| text.contains(r#""state":"waiting""#))
        .await;
    upstream.send("HTTP/1.1 103 Early Hints\r\n\r\n").await;
    upstream.send(STREAM).await;
    list.until(|text| text.contains(r#""status":200,"stream":true,"state":"open""#))
        .await;
    for count in 1..=3 {
        upstream.send(chunk("data: 1\n\n")).await;
        let events = format!(r#""events":{count},"bytes":{}"#, count * 9);
        list.until(|text| text.contains(&events)).await;
    }
    upstream.send("0\r\nX-Trailer: 1\r\n\r\n").await;
    list.until(|text| text.contains(r#""state":"over""#)).await;

    let detail = tapped.page.detail(1).await;
    let exchange = &detail["exchange"];
    assert_eq!(exchange["method"], "POST");
    assert_eq!(exchange["path"], "/chat?x=1");
    assert_eq!(exchange["agent"], "test/1");
    assert_eq!(
        exchange["client"],
        client.tcp.local_addr().expect("open").to_string()
    );
    assert_eq!(
        exchange["end"],
        json!({"kind": "complete", "text": "The response is complete."})
    );
    assert_eq!(exchange["lag"]["waiting"], 0);
    assert_eq!(detail["request"]["line"], "POST /chat?x=1 HTTP/1.1");
    assert_eq!(detail["request"]["body"], "abcd");
    assert_eq!(detail["request"]["bodyBytes"], 4);
    assert_eq!(
        detail["request"]["headers"][2],
        json!(["Content-Length", "4"])
    );
    let response = &detail["response"];
    assert_eq!(response["line"], "HTTP/1.1 200 OK");
    assert_eq!(
        response["informational"],
        json!(["HTTP/1.1 103 Early Hints"])
    );
    assert_eq!(response["trailers"], json!([["X-Trailer", "1"]]));
    assert!(
        response["phases"]["connect"]
            .as_f64()
            .is_some_and(|ms| ms > 0.0)
    );
    assert!(response["phases"]["firstByte"].as_f64() >= response["phases"]["head"].as_f64());
    assert_eq!(
        tapped.page.get("/tap/exchanges/2").await.0,
        StatusCode::NOT_FOUND
    );
}

/// A capture with its times left out.
fn without_times(capture: &str) -> String {
    let lines = capture.lines().map(|line| {
        let mut words: Vec<_> = line.split(' ').collect();
        if let ["open" | "close" | "bytes" | "break", ..] = words[..] {
            words.remove(1);
        }
        words.join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_copy_is_decoded_and_shown_while_it_arrives() {
    let (tapped, _client, mut upstream) = asked(GET).await;
    let mut capture = tapped.page.open("/tap/exchanges/1/capture").await;
    assert_eq!(
        capture.until(|text| !text.is_empty()).await,
        "sse-capture 1\n"
    );
    upstream
        .send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    for event in ["data: 1\n\n", "data: 22\n\n"] {
        gzip.write_all(event.as_bytes()).expect("a vector");
        gzip.flush().expect("a vector");
        upstream.send(chunk(std::mem::take(gzip.get_mut()))).await;
        capture
            .until(|text| text.contains(&format!("\n{event}\n")))
            .await;
    }
    upstream
        .send(
            [
                chunk(gzip.finish().expect("a vector")),
                b"0\r\n\r\n".to_vec(),
            ]
            .concat(),
        )
        .await;
    capture.until(|text| text.ends_with("end\n")).await;
    let (head, records) = capture.text.split_once("\nopen ").expect("a head");
    let facts: serde_json::Value =
        serde_json::from_str(head.lines().nth(1).expect("facts")).expect("JSON");
    assert_eq!(facts["way"], "tap");
    assert_eq!(facts["tap"], "a");
    assert_eq!(facts["method"], "GET");
    assert_eq!(facts["response"]["status"], 200);
    assert_eq!(facts["response"]["statusText"], "OK");
    assert_eq!(facts["response"]["version"], "HTTP/1.1");
    assert_eq!(
        without_times(&format!("open {records}")),
        "open\nbytes 9\ndata: 1\n\n\nbytes 10\ndata: 22\n\n\nfacts 62\n\
         {\"end\":{\"kind\":\"complete\",\"text\":\"The response is complete.\"}}\nclose\nend"
    );
    let detail = tapped.page.detail(1).await;
    assert_eq!(detail["exchange"]["events"], 2);
    assert_eq!(detail["exchange"]["bytes"], 19);
}

#[tokio::test]
async fn a_copy_whose_beginning_is_gone_begins_with_a_line() {
    let (listener, url) = upstream().await;
    let bounds = Bounds {
        exchange: 10_000,
        ..Bounds::default()
    };
    let tapped = Tapped::with(&url, bounds, |_| {}).await;
    let mut client = Peer::connect(tapped.address).await;
    client.send(GET).await;
    let mut upstream = Peer::accept(&listener).await;
    upstream.until("\r\n\r\n").await;
    upstream.send("HTTP/1.1 200 OK\r\n\r\n").await;
    let mut capture = tapped.page.open("/tap/exchanges/1/capture").await;
    capture.until(|text| text.contains("open ")).await;
    for place in 0..40 {
        client.received.clear();
        let bytes = format!("{place}\nhalf of {place},{}", "x".repeat(500));
        upstream.send(&bytes).await;
        client.until_length(bytes.len()).await;
    }
    let (_, late) = {
        drop(upstream);
        tapped.page.end(1).await;
        tapped.page.get("/tap/exchanges/1/capture").await
    };
    let gone = tapped.page.detail(1).await["exchange"]["gone"].as_u64();
    assert!(gone.is_some_and(|gone| gone > 10_000), "{gone:?}");
    assert!(!late.contains("\nopen "), "{late}");
    let first = late
        .lines()
        .position(|line| line.starts_with("bytes"))
        .expect("bytes");
    let first = late.lines().nth(first + 1).expect("a line");
    assert!(first.starts_with("half of "), "{first}");
    assert!(late.ends_with("end\n"));
    // The viewer that was there from the beginning, and did not read.
    capture.until(|text| text.ends_with("end\n")).await;
    assert!(capture.text.contains("\nbreak "), "{}", capture.text);
}

#[tokio::test]
async fn an_exchange_is_cut() {
    let (tapped, mut client, mut upstream) = asked(GET).await;
    upstream
        .send([STREAM.as_bytes(), &chunk("data: 1\n\n")].concat())
        .await;
    client.until("data: 1").await;
    assert_eq!(
        tapped.page.post("/tap/exchanges/1/cut").await,
        StatusCode::NO_CONTENT
    );
    assert_eq!(client.until_end().await, Ended::Reset);
    upstream.until_end().await;
    assert_eq!(tapped.page.end(1).await.0, "cut");
    assert_eq!(
        tapped.page.post("/tap/exchanges/1/cut").await,
        StatusCode::CONFLICT
    );
    assert_eq!(
        tapped.page.post("/tap/exchanges/9/cut").await,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        tapped.page.post("/tap/exchanges/1/other").await,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn an_exchange_is_cut_before_its_answer() {
    let (tapped, mut client, mut upstream) = asked(GET).await;
    assert_eq!(
        tapped.page.post("/tap/exchanges/1/cut").await,
        StatusCode::NO_CONTENT
    );
    assert_eq!(client.until_end().await, Ended::Reset);
    upstream.until_end().await;
    assert_eq!(tapped.page.end(1).await.0, "cut");
}

#[tokio::test]
async fn nothing_passes_while_an_exchange_is_held() {
    let (tapped, mut client, mut upstream) = asked(GET).await;
    upstream
        .send([STREAM.as_bytes(), &chunk("data: 1\n\n")].concat())
        .await;
    client.until("data: 1").await;
    assert_eq!(
        tapped.page.post("/tap/exchanges/1/hold").await,
        StatusCode::NO_CONTENT
    );
    assert_eq!(tapped.page.detail(1).await["exchange"]["state"], "held");
    upstream.send(chunk("data: 2\n\n")).await;
    // It was read, and waits.
    let detail = tapped
        .page
        .until(1, |detail| detail["exchange"]["events"] == 2)
        .await;
    assert_eq!(detail["exchange"]["lag"]["waiting"], 14);
    upstream.send(chunk("data: 3\n\n")).await;
    let mut byte = [0; 1];
    let read = client.tcp.try_read(&mut byte);
    assert!(read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock));
    assert_eq!(tapped.page.detail(1).await["exchange"]["events"], 2);
    assert_eq!(
        tapped.page.post("/tap/exchanges/1/release").await,
        StatusCode::NO_CONTENT
    );
    client.until("data: 3").await;
    let detail = tapped
        .page
        .until(1, |detail| detail["exchange"]["events"] == 3)
        .await;
    assert_eq!(detail["exchange"]["state"], "open");
    assert_eq!(detail["exchange"]["lag"]["waiting"], 0);
}

#[tokio::test]
async fn a_held_exchange_can_be_left_and_cut() {
    for cut in [false, true] {
        let (tapped, mut client, mut upstream) = asked(GET).await;
        assert_eq!(
            tapped.page.post("/tap/exchanges/1/hold").await,
            StatusCode::NO_CONTENT
        );
        upstream.send(STREAM).await;
        if cut {
            assert_eq!(
                tapped.page.post("/tap/exchanges/1/cut").await,
                StatusCode::NO_CONTENT
            );
            assert_eq!(client.until_end().await, Ended::Reset);
            assert_eq!(tapped.page.end(1).await.0, "cut");
        } else {
            client.reset();
            assert_eq!(tapped.page.end(1).await.0, "client-left");
        }
        upstream.until_end().await;
    }
}

#[tokio::test]
async fn a_client_is_followed_over_its_reconnections() {
    let (listener, url) = upstream().await;
    let tapped = Tapped::start(&url).await;
    for (id, sent, events) in [
        (
            1,
            None,
            "retry: 3000\nid: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: c\n\n",
        ),
        (2, Some("2"), "id: 2\ndata: b\n\nid: 4\ndata: d\n\n"),
    ] {
        let mut client = Peer::connect(tapped.address).await;
        let last = sent
            .map(|id| format!("Last-Event-ID: {id}\r\n"))
            .unwrap_or_default();
        client
            .send(format!(
                "GET /events HTTP/1.1\r\nHost: localhost\r\n{last}\r\n"
            ))
            .await;
        let mut upstream = Peer::accept(&listener).await;
        upstream.until("\r\n\r\n").await;
        upstream
            .send([STREAM.as_bytes(), &chunk(events)].concat())
            .await;
        client
            .until(events.get(events.len() - 9..).expect("long"))
            .await;
        tapped
            .page
            .until(id, |detail| detail["exchange"]["events"] != 0)
            .await;
        upstream.reset();
        tapped.page.end(id).await;
    }
    // Another client.
    let mut client = Peer::connect(tapped.address).await;
    client
        .send("GET /others HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    tapped
        .page
        .until(3, |detail| detail["ledger"] == json!([]))
        .await;

    let detail = tapped.page.detail(2).await;
    let ledger = &detail["ledger"];
    assert_eq!(ledger.as_array().map(Vec::len), Some(2));
    assert_eq!(ledger[0]["id"], 1);
    assert_eq!(ledger[0]["delay"], json!(null));
    assert_eq!(ledger[0]["last"], "3");
    let second = &ledger[1];
    assert_eq!(second["sent"], "2");
    assert_eq!(second["last"], "4");
    assert_eq!(second["retry"], 3000);
    assert!(second["delay"].as_f64().is_some_and(|delay| delay > 0.0));
    assert_eq!(second["lost"], json!(["3"]));
    assert_eq!(second["repeated"], json!(["2"]));
    assert_eq!(
        second["end"],
        "The upstream reset the connection before the last chunk of the response."
    );
}
