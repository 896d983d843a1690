//! A relay, servers for it to reach, and a client in place of the page.

use std::{future::Future, net::SocketAddr, time::Duration};

use serde_json::{Value, json};
use sse_scope_tap::{
    Guard, Limits, Relay,
    dial::{Allowed, Dialer},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::timeout,
};

/// The time limit for anything that a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for something at most as long as [`PATIENCE`].
pub(crate) async fn within<T>(waiting: impl Future<Output = T>) -> T {
    timeout(PATIENCE, waiting).await.expect("in time")
}

/// A server with the relay and nothing else.
pub(crate) struct Relaying {
    address: SocketAddr,
    token: String,
    shutdown: watch::Sender<bool>,
}

impl Relaying {
    pub(crate) async fn start() -> Self {
        Self::with(Dialer::new(Allowed::Any), Limits::default()).await
    }

    pub(crate) async fn by(dialer: Dialer) -> Self {
        Self::with(dialer, Limits::default()).await
    }

    pub(crate) async fn with(dialer: Dialer, limits: Limits) -> Self {
        let guard = Guard::new().expect("random bytes");
        let (shutdown, signal) = watch::channel(false);
        let relay = Relay::new(dialer, move || {
            let mut signal = signal.clone();
            async move {
                if signal.wait_for(|is_over| *is_over).await.is_err() {
                    // The test has dropped its `Relaying`, which is no shutdown.
                    std::future::pending().await
                }
            }
        });
        let app = relay.with_limits(limits).routes(&guard);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            address,
            token: guard.token().to_owned(),
            shutdown,
        }
    }

    /// Ends all relayed streams.
    pub(crate) fn shut_down(&self) {
        self.shutdown.send_replace(true);
    }

    /// Asks for a GET of `url`.
    pub(crate) async fn get(&self, url: &str) -> Page {
        self.ask(&json!({"url": url, "method": "GET", "headers": [], "body": null}))
            .await
    }

    /// Asks for a GET of `url`, and reads all that comes of it.
    pub(crate) async fn whole(&self, url: &str) -> Capture {
        self.get(url).await.whole().await
    }

    pub(crate) async fn ask(&self, asked: &Value) -> Page {
        self.send(asked.to_string().as_bytes()).await
    }

    /// Posts these bytes, as the page would.
    pub(crate) async fn send(&self, body: &[u8]) -> Page {
        let mut tcp = TcpStream::connect(self.address)
            .await
            .expect("the relay listens");
        let head = format!(
            "POST /relay HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nx-sse-scope-token: {}\r\ncontent-length: {}\r\n\r\n",
            self.address,
            self.token,
            body.len()
        );
        tcp.write_all(head.as_bytes())
            .await
            .expect("the relay reads");
        // The relay may refuse a large body before it has read all of it.
        let _ = tcp.write_all(body).await;
        Page {
            tcp,
            received: Vec::new(),
        }
    }
}

/// The connection of the page with the response to one request. Dropped, the page has left.
pub(crate) struct Page {
    tcp: TcpStream,
    received: Vec<u8>,
}

impl Page {
    /// Reads until the body contains `text`; returns the body so far.
    pub(crate) async fn until(&mut self, text: &str) -> String {
        loop {
            let body = String::from_utf8_lossy(&dechunked(&self.received)).into_owned();
            if body.contains(text) {
                return body;
            }
            assert!(
                self.read().await > 0,
                "the response ended without {text:?}: {body}"
            );
        }
    }

    /// Reads all; panics unless the response is complete.
    pub(crate) async fn whole(mut self) -> Capture {
        while self.read().await > 0 {}
        assert!(
            self.received.ends_with(b"\r\n0\r\n\r\n"),
            "cut off: {:?}",
            self.text()
        );
        let capture = Capture(String::from_utf8_lossy(&dechunked(&self.received)).into_owned());
        assert!(
            self.text()
                .contains("content-type: application/vnd.sse-scope.capture\r\n")
        );
        assert!(capture.0.starts_with("sse-capture 1\n{"), "{}", capture.0);
        assert!(capture.0.ends_with("\nend\n"), "{}", capture.0);
        capture
    }

    /// The status and the text of a response that is no capture.
    pub(crate) async fn refusal(mut self) -> (u16, String) {
        while self.read().await > 0 {}
        let text = self.text();
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).expect("a status");
        assert!(head.contains("content-type: text/plain"), "{head}");
        assert!(!head.contains("access-control"), "{head}");
        (status.parse().expect("a number"), body.to_owned())
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.received).into_owned()
    }

    async fn read(&mut self) -> usize {
        let reading = self.tcp.read_buf(&mut self.received);
        within(reading).await.unwrap_or(0)
    }
}

/// The whole of a capture that the page received.
pub(crate) struct Capture(pub(crate) String);

impl Capture {
    /// The facts of the head.
    pub(crate) fn facts(&self) -> Value {
        let line = self.0.lines().nth(1).expect("facts");
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// The failure: kind, phase, sentence.
    pub(crate) fn failure(&self) -> (String, String, String) {
        let failure = &self.facts()["failure"];
        let text = |name: &str| failure[name].as_str().expect(name).to_owned();
        assert_eq!(self.0.lines().count(), 3, "{}", self.0);
        (text("kind"), text("phase"), text("text"))
    }

    /// How the body ended: kind, sentence.
    pub(crate) fn end(&self) -> (String, String) {
        let end = &self.last_facts()["end"];
        let text = |name: &str| end[name].as_str().expect(name).to_owned();
        (text("kind"), text("text"))
    }

    /// The facts that came last.
    pub(crate) fn last_facts(&self) -> Value {
        let line = self.0.lines().rev().nth(2).expect("facts");
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {}", self.0))
    }

    /// The body: what its `bytes` records contain, each by itself.
    pub(crate) fn reads(&self) -> Vec<String> {
        let mut rest = &*self.0;
        let mut reads = Vec::new();
        while let Some((line, after)) = rest.split_once('\n') {
            rest = after;
            let mut words = line.split(' ');
            let length = match (words.next(), words.next(), words.next()) {
                (Some("bytes"), Some(_), Some(length)) => length,
                (Some("facts"), Some(length), None) => length,
                _ => continue,
            };
            let length: usize = length.parse().expect("a length");
            if line.starts_with("bytes") {
                reads.push(rest[..length].to_owned());
            }
            rest = &rest[length + 1..];
        }
        reads
    }

    pub(crate) fn body(&self) -> String {
        self.reads().concat()
    }
}

/// The data of a chunked response, as far as it is there.
fn dechunked(response: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    let Some(head) = find(response, b"\r\n\r\n") else {
        return data;
    };
    let mut rest = &response[head + 4..];
    while let Some(end) = find(rest, b"\r\n") {
        let size = std::str::from_utf8(&rest[..end]).expect("a size");
        let size = usize::from_str_radix(size, 16).expect("a size");
        rest = &rest[end + 2..];
        data.extend_from_slice(&rest[..size.min(rest.len())]);
        rest = &rest[(size + 2).min(rest.len())..];
    }
    data
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes
        .windows(pattern.len())
        .position(|window| window == pattern)
}

/// A connection to a server, with the request that arrived on it.
pub(crate) struct Asked {
    pub(crate) tcp: TcpStream,
    /// The head of the request, and what arrived together with it.
    pub(crate) request: String,
}

impl Asked {
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.tcp
            .write_all(bytes.as_ref())
            .await
            .expect("the relay reads");
    }

    /// Waits until the relay closes the connection.
    pub(crate) async fn until_left(&mut self) {
        let mut bytes = [0; 1024];
        let left = async { while self.tcp.read(&mut bytes).await.is_ok_and(|count| count > 0) {} };
        within(left).await;
    }

    /// Resets the connection once the relay has read all that was sent, so that nothing is lost by it.
    pub(crate) fn reset(self) {
        self.tcp.set_zero_linger().expect("a connection");
    }
}

/// Starts a server that treats each connection with `respond` once the head of a request is there.
/// Returns its origin.
pub(crate) async fn serve<F>(respond: impl Fn(Asked) -> F + Send + Sync + 'static) -> String
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            let mut request = Vec::new();
            while find(&request, b"\r\n\r\n").is_none() {
                if tcp.read_buf(&mut request).await.unwrap_or(0) == 0 {
                    break;
                }
            }
            let request = String::from_utf8_lossy(&request).into_owned();
            tokio::spawn(respond(Asked { tcp, request }));
        }
    });
    origin
}

/// Starts a server that sends each connection these bytes and closes it.
pub(crate) async fn answer(bytes: impl Into<Vec<u8>>) -> String {
    let bytes = bytes.into();
    serve(move |mut asked| {
        let bytes = bytes.clone();
        async move { asked.write(bytes).await }
    })
    .await
}
