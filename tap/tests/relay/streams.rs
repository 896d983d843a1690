//! Streams: what passes, when it passes, and when it ends.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use serde_json::json;
use sse_scope_tap::{
    Limits,
    dial::{Allowed, Dialer},
};
use tokio::sync::{mpsc, watch};

use super::support::{Relaying, answer, serve, within};

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";

/// A server that sends each connection what the test gives it.
async fn fed() -> (mpsc::UnboundedSender<Vec<u8>>, String) {
    let (feed, fed) = mpsc::unbounded_channel::<Vec<u8>>();
    let fed = std::sync::Arc::new(tokio::sync::Mutex::new(fed));
    let origin = serve(move |mut asked| {
        let fed = std::sync::Arc::clone(&fed);
        async move {
            while let Some(bytes) = fed.lock().await.recv().await {
                asked.write(bytes).await;
            }
        }
    })
    .await;
    (feed, origin)
}

#[tokio::test]
async fn the_capture_begins_before_the_server_answers() {
    let (feed, origin) = fed().await;
    let mut page = Relaying::start().await.get(&origin).await;
    assert_eq!(page.until("\n").await, "sse-capture 1\n");
    drop(feed);
}

#[tokio::test]
async fn each_read_passes_by_itself_and_at_once() {
    let (feed, origin) = fed().await;
    let mut page = Relaying::start().await.get(&origin).await;
    let send = |text: &str| feed.send(text.as_bytes().to_vec()).expect("a server");
    send(&format!("{HEAD}\r\n"));
    page.until("\nopen ").await;
    send("data: 1\n");
    page.until("data: 1\n").await;
    send("\nid: ");
    page.until("\nid: ").await;
    send("2\n\n");
    page.until("2\n\n").await;
    drop(feed);
    let capture = page.whole().await;
    assert_eq!(capture.reads(), ["data: 1\n", "\nid: ", "2\n\n"]);
    assert_eq!(capture.end().0, "ended");
    assert!(capture.0.contains("{\"firstByte\":"), "{}", capture.0);
}

#[tokio::test]
async fn what_is_compressed_passes_with_each_flush() {
    let (feed, origin) = fed().await;
    let asked = json!({"url": origin, "method": "GET", "headers": [["accept-encoding", "gzip"]], "body": null});
    let mut page = Relaying::start().await.ask(&asked).await;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    feed.send(format!("{HEAD}content-encoding: gzip\r\n\r\n").into())
        .expect("a server");
    for n in 1..4 {
        write!(encoder, "data: {n}\n\n").expect("memory");
        encoder.flush().expect("memory");
        feed.send(std::mem::take(encoder.get_mut()))
            .expect("a server");
        page.until(&format!("data: {n}\n\n")).await;
    }
    feed.send(encoder.finish().expect("memory"))
        .expect("a server");
    drop(feed);
    let capture = page.whole().await;
    assert_eq!(
        capture.reads(),
        ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"]
    );
    assert_eq!(capture.end().0, "ended");
}

#[tokio::test]
async fn the_request_is_as_the_page_asks() {
    let origin = serve(|mut asked| async move {
        let request = asked.request.clone();
        asked.write(format!("{HEAD}\r\n{request}")).await;
    })
    .await;
    let host = origin.trim_start_matches("http://");
    let version = env!("CARGO_PKG_VERSION");
    let relaying = Relaying::start().await;
    let request = relaying
        .whole(&format!("{origin}/a%20b?c=d|e#f"))
        .await
        .body();
    assert_eq!(
        request,
        format!(
            "GET /a%20b?c=d|e HTTP/1.1\r\naccept-encoding: identity\r\nuser-agent: sse-scope/{version}\r\n\
             host: {host}\r\n\r\n"
        )
    );
    let asked = json!({
        "url": origin, "method": "QUERY", "body": "{\"é\":1}",
        "headers": [["Origin", "https://a.example"], ["Cookie", "a=b"], ["host", "b.example"], ["x", "1"],
            ["x", "2"], ["User-Agent", "c"], ["accept-encoding", "br"]],
    });
    let request = relaying.ask(&asked).await.whole().await.body();
    assert_eq!(
        request,
        "QUERY / HTTP/1.1\r\norigin: https://a.example\r\ncookie: a=b\r\nhost: b.example\r\nx: 1\r\nx: 2\r\n\
         user-agent: c\r\naccept-encoding: br\r\ncontent-length: 8\r\n\r\n{\"é\":1}"
    );
}

#[tokio::test]
async fn the_head_of_the_response_is_reported() {
    let origin = answer(
        b"HTTP/1.1 203 Nearly  fine\r\nSet-Cookie: a=1\r\nX-Latin: caf\xe9\r\nnot a header\r\nset-cookie: b=2\r\n\
          transfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 6\r\n\r\n"
            .as_slice(),
    )
    .await;
    let capture = Relaying::start().await.whole(&origin).await;
    let facts = capture.facts();
    assert_eq!(facts["way"], "relay");
    assert_eq!(facts["url"], format!("{origin}/"));
    assert_eq!(facts["hops"], json!([]));
    assert_eq!(
        facts["response"],
        json!({
            "status": 203, "statusText": "Nearly  fine", "version": "HTTP/1.1",
            "remote": origin.trim_start_matches("http://"),
            "headers": [
                ["set-cookie", "a=1"], ["set-cookie", "b=2"], ["x-latin", "caf\u{fffd}"],
                ["transfer-encoding", "chunked"], ["trailer", "x-sum"],
            ],
        })
    );
    let phases = facts["phases"].as_object().expect("phases");
    // An address needs no look-up, http no TLS.
    assert_eq!(
        phases.keys().collect::<Vec<_>>(),
        ["connect", "head"],
        "in the order of their names"
    );
    assert_eq!(capture.body(), "abc");
    assert_eq!(capture.last_facts()["trailers"], json!([["x-sum", "6"]]));
    assert!(facts.get("failure").is_none());
}

#[tokio::test]
async fn a_name_has_a_phase_of_its_own() {
    let origin = answer("HTTP/1.0 204 Done\r\n\r\n")
        .await
        .replace("127.0.0.1", "localhost");
    let facts = Relaying::start().await.whole(&origin).await.facts();
    let phases = facts["phases"].as_object().expect("phases");
    assert_eq!(
        phases.keys().collect::<Vec<_>>(),
        ["connect", "head", "name"]
    );
    assert_eq!(facts["response"]["version"], "HTTP/1.0");
    assert_eq!(facts["response"]["statusText"], "Done");
}

#[tokio::test]
async fn when_the_page_leaves_the_request_ends() {
    for head in [String::new(), format!("{HEAD}\r\ndata: 1\n\n")] {
        let (left, mut has_left) = mpsc::unbounded_channel();
        let waits_for = if head.is_empty() {
            "sse-capture"
        } else {
            "data: 1"
        };
        let (asked, mut has_asked) = watch::channel(false);
        let origin = serve(move |mut connection| {
            let (left, asked, head) = (left.clone(), asked.clone(), head.clone());
            async move {
                connection.write(head).await;
                asked.send_replace(true);
                connection.until_left().await;
                left.send(()).expect("the test waits");
            }
        })
        .await;
        let relaying = Relaying::start().await;
        let mut page = relaying.get(&origin).await;
        page.until(waits_for).await;
        within(has_asked.wait_for(|asked| *asked))
            .await
            .expect("a server");
        drop(page);
        within(has_left.recv()).await.expect("the server sees it");
    }
}

#[tokio::test]
async fn a_page_that_does_not_read_holds_the_server_back() {
    let (stuck, mut is_stuck) = mpsc::unbounded_channel();
    let origin = serve(move |mut asked| {
        let stuck = stuck.clone();
        async move {
            asked.write(format!("{HEAD}\r\n")).await;
            let block = vec![b'x'; 64 << 10];
            // 1 GiB: far more than all buffers on the way.
            let mut written = 0_usize;
            while written < 1 << 30 {
                use tokio::io::AsyncWriteExt as _;
                let writing = asked.tcp.write_all(&block);
                if tokio::time::timeout(std::time::Duration::from_secs(1), writing)
                    .await
                    .is_err()
                {
                    break;
                }
                written += block.len();
            }
            stuck.send(written).expect("the test waits");
        }
    })
    .await;
    let page = Relaying::start().await.get(&origin).await;
    let written = within(is_stuck.recv()).await.expect("the server");
    assert!(written < 64 << 20, "{written} bytes were taken");
    drop(page);
}

#[tokio::test]
async fn a_shutdown_completes_the_response() {
    let origin = serve(|mut asked| async move {
        if asked.request.starts_with("GET /open ") {
            asked.write(format!("{HEAD}\r\ndata: 1\n\n")).await;
        }
        asked.until_left().await;
    })
    .await;
    let relaying = Relaying::start().await;
    let mut open = relaying.get(&format!("{origin}/open")).await;
    open.until("data: 1").await;
    let mut waiting = relaying.get(&format!("{origin}/waiting")).await;
    waiting.until("sse-capture 1").await;
    relaying.shut_down();
    assert_eq!(open.whole().await.end().0, "stopped");
    assert_eq!(waiting.whole().await.failure().0, "stopped");
}

#[tokio::test]
async fn only_so_many_streams_are_open() {
    let limits = Limits {
        streams: 1,
        ..Limits::default()
    };
    let relaying = Relaying::with(Dialer::new(Allowed::Any), limits).await;
    let (left, mut has_left) = mpsc::unbounded_channel();
    let origin = serve(move |mut asked| {
        let left = left.clone();
        async move {
            asked.write(format!("{HEAD}\r\ndata: 1\n\n")).await;
            asked.until_left().await;
            left.send(()).expect("the test waits");
        }
    })
    .await;
    let mut first = relaying.get(&origin).await;
    first.until("data: 1").await;
    let (status, text) = relaying.get(&origin).await.refusal().await;
    assert_eq!(status, 429);
    assert!(text.contains("1 relayed streams"), "{text}");
    drop(first);
    within(has_left.recv()).await.expect("the server sees it");
    relaying.get(&origin).await.until("data: 1").await;
}

#[tokio::test]
async fn what_is_not_a_request_is_refused() {
    let relaying = Relaying::start().await;
    for (body, status, named) in [
        (&b"{}"[..], 400, "url"),
        (b"\xff", 400, "JSON"),
        (
            br#"{"url":"/a","method":"GET","headers":[],"body":null}"#,
            400,
            "/a",
        ),
        (
            br#"{"url":"http://a/","method":"GET","headers":[],"body":null,"x":1}"#,
            400,
            "`x`",
        ),
    ] {
        let (actual, text) = relaying.send(body).await.refusal().await;
        assert_eq!(actual, status, "{text}");
        assert!(text.contains(named), "{text}");
    }
}

#[tokio::test]
async fn a_request_that_is_too_large_is_refused() {
    let relaying = Relaying::start().await;
    let (status, text) = relaying
        .send(&vec![b' '; (8 << 20) + 1])
        .await
        .refusal()
        .await;
    assert_eq!(status, 413);
    assert!(text.contains("8 MiB"), "{text}");
}
