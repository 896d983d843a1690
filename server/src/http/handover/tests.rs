//! The contract with hyper, and the sequence of the module docs on a socket of the tests' own.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    task::Waker,
};

use axum::response::IntoResponse;
use tokio::io::ReadBuf;

use super::*;

/// What hyper does to the socket.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Call {
    Write(Vec<u8>),
    Flush,
    Shutdown,
}

/// A socket with a request to read, that accepts `room` bytes a write and is full every other time.
struct Recorder {
    request: VecDeque<u8>,
    room: usize,
    full: bool,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl AsyncRead for Recorder {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.request.is_empty() {
            return Poll::Pending;
        }
        while buffer.remaining() > 0
            && let Some(byte) = self.request.pop_front()
        {
            buffer.put_slice(&[byte]);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Recorder {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.full = !self.full;
        if self.full {
            return Poll::Pending;
        }
        let count = bytes.len().min(self.room);
        let call = Call::Write(bytes[..count].to_vec());
        self.calls.lock().expect("no panic").push(call);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.calls.lock().expect("no panic").push(Call::Flush);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.calls.lock().expect("no panic").push(Call::Shutdown);
        Poll::Ready(Ok(()))
    }
}

fn written(calls: &[Call]) -> Vec<u8> {
    let written = calls.iter().filter_map(|call| match call {
        Call::Write(bytes) => Some(&bytes[..]),
        _ => None,
    });
    written.collect::<Vec<_>>().concat()
}

/// Steps 1 to 5 of the sequence: what the module relies on, in whatever portions the head is
/// written.
#[test]
fn hyper_flushes_when_the_head_is_written_and_writes_nothing_more() {
    const NEXT: &[u8] = b"GET /next HTTP/1.1\r\n";
    for room in [1, 7, 100, 4_096] {
        let request = [b"GET /stream HTTP/1.1\r\nhost: localhost\r\n\r\n", NEXT].concat();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let socket = Recorder {
            request: request.into(),
            room,
            full: false,
            calls: Arc::clone(&calls),
        };
        let handover = Handover::default();
        let io = Io {
            socket,
            read_ahead: Bytes::new(),
            handover: &handover,
        };
        let respond = service_fn(|request: Request<Incoming>| {
            let request_framing = RequestFraming::of(&request);
            let response = ([("x-test", "1")], Body::new(Pending)).into_response();
            let response = handover.take_body(response, request_framing);
            std::future::ready(Ok::<_, Infallible>(response))
        });
        let builder = http1::Builder::new();
        let mut connection = builder.serve_connection(TokioIo::new(io), respond);
        let mut cx = Context::from_waker(Waker::noop());
        let mut poll = || Pin::new(&mut connection).poll(&mut cx);

        let mut polls = 0;
        let response = loop {
            polls += 1;
            assert!(polls < 2_000, "the head is never flushed");
            assert!(poll().is_pending(), "hyper waits for the body");
            let calls = calls.lock().expect("no panic").clone();
            let head = written(&calls);
            let is_written = head.ends_with(b"\r\n\r\n");
            let flushes = calls.iter().filter(|call| **call == Call::Flush).count();
            match handover.response_with_head_written() {
                Some(response) => {
                    assert!(is_written, "a flush before the head is written");
                    let head = String::from_utf8(head).expect("ASCII");
                    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
                    assert!(
                        head.contains("\r\ntransfer-encoding: chunked\r\n"),
                        "{head}"
                    );
                    assert_eq!(head.matches("\r\n\r\n").count(), 1, "{head}");
                    break response;
                }
                None => assert!(!is_written || flushes == 0, "no flush after the head"),
            }
        };
        assert!(response.keep_alive);

        let length = written(&calls.lock().expect("no panic")).len();
        for _ in 0..10 {
            assert!(poll().is_pending());
            assert!(handover.response_with_head_written().is_none());
        }
        let calls = calls.lock().expect("no panic");
        assert_eq!(written(&calls).len(), length, "more than the head");
        assert!(!calls.contains(&Call::Shutdown));
        assert_eq!(connection.into_parts().read_buf, NEXT);
    }
}

/// Responds with a stream of 3 bytes at `/stream`, and with a text of known length elsewhere.
async fn app(request: Request<Incoming>) -> Response {
    if request.uri().path() == "/stream" {
        Body::new(ThreeBytes(3)).into_response()
    } else {
        "text".into_response()
    }
}

/// A body of unknown length.
struct ThreeBytes(u8);

impl HttpBody for ThreeBytes {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        let left = self.0;
        self.0 = left.saturating_sub(1);
        Poll::Ready((left > 0).then(|| Ok(http_body::Frame::data(Bytes::from_static(b"x")))))
    }
}

/// Regression: what hyper had not yet read of the bytes read ahead was lost at a handover.
#[tokio::test]
async fn no_pipelined_request_is_lost() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    // hyper enlarges its read buffer while it reads long heads, and starts with a small one after
    // each stream.
    let long = format!(
        "GET /text HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n",
        "x".repeat(20_000)
    );
    let stream = "GET /stream HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let requests = [long.repeat(3), stream.repeat(1_000)].concat();
    let (mut client, server) = tokio::io::duplex(1 << 20);
    let serving = tokio::spawn(async move {
        let http = http1::Builder::new();
        serve(server, &http, app, std::future::pending).await
    });
    client.write_all(requests.as_bytes()).await.expect("room");
    let mut received = Vec::new();
    let count = |received: &[u8]| memchr::memmem::find_iter(received, "\r\n0\r\n\r\n").count();
    while count(&received) < 1_000 {
        let reading = client.read_buf(&mut received);
        let read = tokio::time::timeout(std::time::Duration::from_secs(10), reading).await;
        let read = read.unwrap_or_else(|_| panic!("{} streams", count(&received)));
        assert_ne!(read.expect("a pipe"), 0);
    }
    drop(client);
    let _ = serving.await.expect("no panic");
}

#[tokio::test]
async fn a_shutdown_ends_the_connection_after_the_stream() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let (mut client, server) = tokio::io::duplex(1 << 20);
    let request = "GET /stream HTTP/1.1\r\nhost: localhost\r\n\r\n";
    client.write_all(request.as_bytes()).await.expect("room");
    let shutdown = crate::shutdown::Shutdown::default();
    let http = http1::Builder::new();
    let app = |request| {
        shutdown.begin();
        app(request)
    };
    let result = serve(server, &http, app, || shutdown.signal()).await;
    result.expect("a clean end");
    let mut received = String::new();
    client.read_to_string(&mut received).await.expect("text");
    assert!(received.starts_with("HTTP/1.1 200 OK\r\n"), "{received}");
    assert!(received.ends_with("\r\n0\r\n\r\n"), "{received}");
}

#[test]
fn a_request_decides_whether_the_connection_persists() {
    for (value, keep_alive) in [("keep-alive", true), ("Close", false), ("te, close", false)] {
        let request = Request::builder().header(CONNECTION, value);
        let request = request.body(Body::empty()).expect("a request");
        let framing = RequestFraming::of(&request);
        assert_eq!(framing.keep_alive, keep_alive, "{value}");
    }
}
