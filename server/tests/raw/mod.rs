//! A server and raw sockets, for the tests that compare bytes.

// Each test program uses a part of this module.
#![allow(dead_code)]

use std::{net::SocketAddr, time::Duration};

use memchr::memmem;
use sse_scope_server::{Limits, Offers, Streams, app, run};
use sse_wire::{Content, Reader};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, timeout},
};

/// The time limit for a response; any response of the server takes less.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A server; each test starts its own.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) streams: Streams,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) running: JoinHandle<std::io::Result<()>>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::limited(Limits::default()).await
    }

    pub(crate) async fn limited(limits: Limits) -> Self {
        Self::offering(limits, Offers::default()).await
    }

    pub(crate) async fn offering(limits: Limits, offers: Offers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let streams = Streams::default();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(run(
            listener,
            app(&streams, offers),
            streams.clone(),
            limits,
            async {
                let _ = stopped.await;
            },
        ));
        Self {
            address,
            streams,
            stop,
            running,
        }
    }

    pub(crate) async fn send(&self, head: &str) -> Connection {
        let mut tcp = TcpStream::connect(self.address)
            .await
            .expect("the server listens");
        tcp.write_all(head.as_bytes())
            .await
            .expect("the server reads");
        Connection {
            tcp,
            received: Vec::new(),
        }
    }

    /// Sends a request on its own connection, and returns the complete response.
    pub(crate) async fn request(&self, line: &str, headers: &str) -> Response {
        let request =
            format!("{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n");
        let mut connection = self.send(&request).await;
        connection.until_end().await;
        Response::parse(&connection.received)
    }

    /// Waits until `count` streams are live, and returns how long that took.
    pub(crate) async fn until_live(&self, count: usize) -> Duration {
        let start = Instant::now();
        timeout(PATIENCE, async {
            while self.streams.live() != count {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap_or_else(|_| panic!("{} streams are live, not {count}", self.streams.live()));
        start.elapsed()
    }
}

pub(crate) struct Connection {
    pub(crate) tcp: TcpStream,
    pub(crate) received: Vec<u8>,
}

impl Connection {
    /// Reads until `is_enough` accepts all bytes received.
    pub(crate) async fn until(&mut self, is_enough: impl Fn(&str) -> bool) -> &str {
        let reading = async {
            while !is_enough(&String::from_utf8_lossy(&self.received)) {
                let read = self.tcp.read_buf(&mut self.received).await.expect("open");
                assert_ne!(
                    read,
                    0,
                    "the connection ended: {}",
                    String::from_utf8_lossy(&self.received)
                );
            }
        };
        assert!(
            timeout(PATIENCE, reading).await.is_ok(),
            "not received in time"
        );
        std::str::from_utf8(&self.received).expect("UTF-8")
    }

    /// Reads until the last chunk of a response. The connection stays open.
    pub(crate) async fn until_end_of_body(&mut self) {
        let reading = async {
            while !self.received.ends_with(LAST_CHUNK.as_bytes()) {
                let read = self.tcp.read_buf(&mut self.received).await;
                assert_ne!(read.expect("open"), 0, "the connection ended early");
            }
        };
        assert!(
            timeout(PATIENCE, reading).await.is_ok(),
            "the response does not end in time"
        );
    }

    pub(crate) async fn until_end(&mut self) {
        let reading = self.tcp.read_to_end(&mut self.received);
        timeout(PATIENCE, reading)
            .await
            .expect("the connection ends in time")
            .expect("a clean end");
    }
}

pub(crate) struct Response {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let end = memmem::find(bytes, b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(bytes[..end + 2].to_vec()).expect("ASCII");
        Self {
            head,
            body: bytes[end + 4..].to_vec(),
        }
    }

    pub(crate) fn status(&self) -> &str {
        &self.head["HTTP/1.1 ".len()..][..3]
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }
}

pub(crate) const GET_STREAM: &str = "GET /stream HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// The complete chunks of a body (RFC 9112, 7.1), without the last chunk.
pub(crate) fn chunks(mut body: &[u8]) -> Vec<Vec<u8>> {
    let mut chunks = Vec::new();
    while let Some(end) = memmem::find(body, b"\r\n") {
        let size = std::str::from_utf8(&body[..end]).expect("a chunk's size");
        let size = usize::from_str_radix(size, 16).expect("a chunk's size");
        let Some(chunk) = body.get(end + 2..end + 2 + size).filter(|_| size > 0) else {
            break;
        };
        chunks.push(chunk.to_vec());
        body = body.get(end + 2 + size + 2..).unwrap_or_default();
    }
    chunks
}

/// The data of all chunks, as text.
pub(crate) fn dechunk(body: &str) -> String {
    String::from_utf8(chunks(body.as_bytes()).concat()).expect("UTF-8")
}

/// Ends a chunked response.
pub(crate) const LAST_CHUNK: &str = "0\r\n\r\n";

/// The events that a browser dispatches for a stream: type, data and last event ID.
pub(crate) fn events(stream: &[u8]) -> Vec<(String, String, String)> {
    let mut events = Vec::new();
    Reader::default().read(stream, |item| {
        if let Content::Event(event) = item.content {
            events.push((
                event.event_type.to_string(),
                event.data.to_string(),
                event.last_event_id.to_string(),
            ));
        }
    });
    events
}
