//! Each way to fail has its own kind, and a sentence.

use std::{io::Write as _, time::Duration};

use flate2::{Compression, write::GzEncoder};
use sse_scope_tap::{
    Limits,
    dial::{Allowed, Dialer},
};
use tokio::net::TcpListener;

use super::support::{Relaying, answer, serve};

const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

/// Asks the server at `url`, which fails; returns kind, phase and sentence.
async fn failure(url: &str) -> (String, String, String) {
    Relaying::start().await.whole(url).await.failure()
}

fn assert_failure(failure: (String, String, String), kind: &str, phase: &str, text: &str) {
    assert_eq!((&*failure.0, &*failure.1), (kind, phase), "{}", failure.2);
    assert!(failure.2.contains(text), "{}", failure.2);
}

#[tokio::test]
async fn an_unknown_name() {
    let failure = failure("http://nothing.invalid/").await;
    assert_failure(failure, "name-not-found", "name", "nothing.invalid");
}

#[tokio::test]
async fn a_refused_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    drop(listener);
    let failure = failure(&format!("http://{address}/")).await;
    assert_failure(failure, "refused", "connect", &address.to_string());
}

#[tokio::test]
async fn a_reset_before_and_within_the_head() {
    for head in ["", "HTTP/1.1 200 OK\r\ncontent-ty"] {
        let origin = serve(move |mut asked| async move {
            asked.write(head).await;
            asked.reset();
        })
        .await;
        assert_failure(failure(&origin).await, "reset", "head", "reset");
    }
}

#[tokio::test]
async fn a_connection_closed_before_and_within_the_head() {
    assert_failure(
        failure(&answer("").await).await,
        "closed",
        "head",
        "without a response",
    );
    let origin = answer("HTTP/1.1 200 OK\r\ncontent-ty").await;
    assert_failure(failure(&origin).await, "closed", "head", "within the head");
}

#[tokio::test]
async fn a_server_that_does_not_speak_http() {
    let origin = answer("SSH-2.0-OpenSSH_9.6\r\n").await;
    assert_failure(
        failure(&origin).await,
        "not-http",
        "head",
        "“SSH-2.0-OpenSSH_9.6\\r\\n”",
    );
    let origin = answer("hello").await;
    assert_failure(failure(&origin).await, "not-http", "head", "“hello”");
    let origin = answer([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46]).await;
    assert_failure(failure(&origin).await, "only-tls", "head", "https://");
    let origin = answer("HTTP/1.1 OK\r\n\r\n").await;
    assert_failure(failure(&origin).await, "not-http", "head", "status");
}

#[tokio::test]
async fn a_server_that_speaks_first() {
    // Before the request, as SSH and SMTP do.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
            let _ = tcp.write_all(b"220 mail.example ESMTP\r\n").await;
            let mut bytes = [0; 1024];
            while tcp.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
        }
    });
    assert_failure(
        failure(&origin).await,
        "not-http",
        "head",
        "220 mail.example",
    );
}

#[tokio::test]
async fn a_head_that_is_too_large() {
    let origin = answer(format!(
        "HTTP/1.1 200 OK\r\nx: {}\r\n\r\n",
        "x".repeat(70_000)
    ))
    .await;
    assert_failure(failure(&origin).await, "head-too-large", "head", "64 KiB");
    let origin = answer(format!(
        "HTTP/1.1 200 OK\r\n{}\r\n",
        "x: y\r\n".repeat(1100)
    ))
    .await;
    assert_failure(failure(&origin).await, "head-too-large", "head", "64 KiB");
}

#[tokio::test]
async fn a_head_that_does_not_arrive() {
    let origin = serve(|mut asked| async move { asked.until_left().await }).await;
    let limits = Limits {
        head_timeout: Duration::from_millis(50),
        ..Limits::default()
    };
    let relaying = Relaying::with(Dialer::new(Allowed::Any), limits).await;
    let failure = relaying.whole(&origin).await.failure();
    assert_failure(failure, "timed-out", "head", "within 0.05 s");
}

#[tokio::test]
async fn addresses_that_are_not_public() {
    let except = vec!["127.0.0.1/32".parse().expect("a network")];
    let relaying = Relaying::by(Dialer::new(Allowed::Public { except })).await;
    let origin = answer("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(relaying.whole(&origin).await.end().0, "ended");
    for url in [
        "http://127.0.0.2/",
        "http://[::1]/",
        "http://0/",
        "http://0x7f.2/",
        "http://2130706434/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://[::ffff:127.0.0.2]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "https://192.168.0.1/",
    ] {
        let failure = relaying.whole(url).await.failure();
        assert_failure(failure, "not-allowed", "name", "--relay-allow");
    }
    let none = Relaying::by(Dialer::new(Allowed::Public { except: vec![] })).await;
    for url in ["http://localhost/", "http://a.localhost./"] {
        let failure = none.whole(url).await.failure();
        assert_failure(failure, "not-allowed", "name", "127.0.0.1");
    }
}

#[tokio::test]
async fn a_redirect_to_an_address_that_is_not_public() {
    let except = vec!["127.0.0.1/32".parse().expect("a network")];
    let relaying = Relaying::by(Dialer::new(Allowed::Public { except })).await;
    let origin = answer("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.2/\r\n\r\n").await;
    let capture = relaying.whole(&origin).await;
    assert_failure(capture.failure(), "not-allowed", "name", "127.0.0.2");
    assert_eq!(capture.facts()["url"], "http://127.0.0.2/");
    assert_eq!(capture.facts()["hops"][0]["status"], 302);
}

/// Asks a server whose response is `head` and `body`; returns how it ended, and what was received.
async fn ended(head: &str, body: &[u8]) -> (String, String, String) {
    let origin = answer([head.as_bytes(), body].concat()).await;
    let capture = Relaying::start().await.whole(&origin).await;
    let (kind, text) = capture.end();
    (kind, text, capture.body())
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

#[tokio::test]
async fn a_body_that_breaks_off() {
    for (head, body) in [
        (CHUNKED, "5\r\nhello\r\n"),
        (CHUNKED, "5\r\nhello\r\n0\r\n"),
        (CHUNKED, "a\r\nhello"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n", "hello"),
    ] {
        let (kind, text, received) = ended(head, body.as_bytes()).await;
        assert_eq!(
            (&*kind, &*received),
            ("broke-off", "hello"),
            "{body:?} {text}"
        );
        assert!(text.contains("complete"), "{text}");
    }
    // A size of a chunk that is none.
    let (kind, _, received) = ended(CHUNKED, b"5\r\nhello\r\nzz\r\n").await;
    assert_eq!((&*kind, &*received), ("broke-off", "hello"));
}

#[tokio::test]
async fn a_body_longer_than_it_declares_ends_where_it_declares() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";
    let (kind, _, received) = ended(head, b"hello, world").await;
    assert_eq!((&*kind, &*received), ("ended", "hello"));
}

#[tokio::test]
async fn a_body_until_the_connection_closes() {
    let (kind, _, received) = ended("HTTP/1.0 200 OK\r\n\r\n", b"hello").await;
    assert_eq!((&*kind, &*received), ("ended", "hello"));
}

#[tokio::test]
async fn a_reset_within_the_body() {
    let (go, gone) = tokio::sync::watch::channel(false);
    let origin = serve(move |mut asked| {
        let mut gone = gone.clone();
        async move {
            asked.write(format!("{CHUNKED}5\r\nhello\r\n")).await;
            // A reset discards what was not read yet.
            let _ = gone.wait_for(|gone| *gone).await;
            asked.reset();
        }
    })
    .await;
    let relaying = Relaying::start().await;
    let mut page = relaying.get(&origin).await;
    page.until("hello").await;
    go.send_replace(true);
    let (kind, text) = page.whole().await.end();
    assert_eq!(kind, "reset", "{text}");
}

#[tokio::test]
async fn a_body_that_cannot_be_decoded() {
    let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n";
    let (kind, text, received) = ended(head, b"data: plain\n\n").await;
    assert_eq!((&*kind, &*received), ("encoding", ""), "{text}");
    assert!(text.contains("gzip"), "{text}");

    let whole = gzip("data: 1\n\n");
    let (kind, _, received) = ended(head, &whole).await;
    assert_eq!((&*kind, &*received), ("ended", "data: 1\n\n"));
    let (kind, text, _) = ended(head, &whole[..whole.len() - 3]).await;
    assert_eq!(kind, "encoding", "{text}");
    assert!(text.contains("ends before the end"), "{text}");

    let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip, lzma\r\n\r\n";
    let (kind, text, _) = ended(head, &whole).await;
    assert_eq!(kind, "encoding");
    assert!(text.contains("lzma"), "{text}");
}

#[tokio::test]
async fn a_body_that_expands_too_much() {
    let bomb = gzip(&"x".repeat(32 << 20));
    let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n";
    let (kind, text, _) = ended(head, &bomb).await;
    assert_eq!(kind, "limit", "{text}");
}
