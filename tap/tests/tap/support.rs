//! A tap, a raw client, a raw upstream, and the page's side of the tap.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
};
use http_body_util::BodyExt;
use serde_json::Value;
use sse_scope_tap::{
    Bounds, Exchanges, Guard, Listening, Tap, TapApi, TapSettings,
    dial::{Allowed, Dialer},
    serve_tap,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tower_service::Service;

/// The time limit for anything; everything takes less.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn patiently<T>(what: &str, work: impl Future<Output = T>) -> T {
    timeout(PATIENCE, work)
        .await
        .unwrap_or_else(|_| panic!("not in time: {what}"))
}

/// A tap in front of an upstream.
pub(crate) struct Tapped {
    pub(crate) address: SocketAddr,
    pub(crate) exchanges: Exchanges,
    pub(crate) page: Page,
    pub(crate) shutdown: CancellationToken,
    pub(crate) running: JoinHandle<io::Result<()>>,
}

impl Tapped {
    pub(crate) async fn start(url: &str) -> Self {
        Self::with(url, Bounds::default(), |_| {}).await
    }

    pub(crate) async fn with(
        url: &str,
        bounds: Bounds,
        change: impl FnOnce(&mut TapSettings),
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let tap = Tap::new("a", url).expect("a URL");
        let exchanges = Exchanges::new(bounds);
        let shutdown = CancellationToken::new();
        let mut settings = TapSettings {
            dialer: Dialer::new(Allowed::Any),
            exchanges: exchanges.clone(),
            allows_host: Arc::new(|host, _| !host.starts_with(b"evil")),
            max_connections: 10_000,
            shutdown: shutdown.clone(),
        };
        change(&mut settings);
        let guard = Guard::new().expect("random bytes");
        let listening = Listening::new(&tap, address);
        Self {
            address,
            page: Page {
                router: TapApi::new(exchanges.clone(), vec![listening]).routes(&guard),
                token: guard.token().to_owned(),
            },
            exchanges,
            shutdown,
            running: tokio::spawn(serve_tap(listener, tap, settings)),
        }
    }
}

/// The page's side of the tap.
pub(crate) struct Page {
    router: Router,
    token: String,
}

impl Page {
    async fn call(&self, method: &str, path: &str) -> axum::response::Response {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("x-sse-scope-token", &self.token);
        let request = request.body(Body::empty()).expect("a request");
        let Ok(response) = self.router.clone().call(request).await;
        response
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, String) {
        let response = self.call("GET", path).await;
        let status = response.status();
        let body = response.into_body().collect();
        let body = patiently(path, body).await.expect("a body").to_bytes();
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    pub(crate) async fn detail(&self, id: u64) -> Value {
        let (status, text) = self.get(&format!("/tap/exchanges/{id}")).await;
        assert_eq!(status, StatusCode::OK, "{text}");
        serde_json::from_str(&text).expect("JSON")
    }

    /// Waits until an exchange is as `is_so` accepts.
    pub(crate) async fn until(&self, id: u64, is_so: impl Fn(&Value) -> bool) -> Value {
        let waiting = async {
            loop {
                let changed = async {
                    let (_, text) = self.get(&format!("/tap/exchanges/{id}")).await;
                    serde_json::from_str::<Value>(&text).ok()
                };
                match changed.await {
                    Some(detail) if is_so(&detail) => return detail,
                    _ => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        };
        let waited = timeout(PATIENCE, waiting).await;
        match waited {
            Ok(detail) => detail,
            Err(_) => panic!("not in time: {:#}", self.detail(id).await),
        }
    }

    /// Waits until an exchange is over; how it ended.
    pub(crate) async fn end(&self, id: u64) -> (String, String) {
        let detail = self
            .until(id, |detail| detail["exchange"]["state"] == "over")
            .await;
        let end = &detail["exchange"]["end"];
        let text = |name: &str| end[name].as_str().unwrap_or_default().to_owned();
        (text("kind"), text("text"))
    }

    pub(crate) async fn post(&self, path: &str) -> StatusCode {
        self.call("POST", path).await.status()
    }

    pub(crate) async fn open(&self, path: &str) -> Streaming {
        let response = self.call("GET", path).await;
        assert_eq!(response.status(), StatusCode::OK);
        Streaming {
            body: response.into_body(),
            text: String::new(),
        }
    }
}

/// A response that is read as it arrives.
pub(crate) struct Streaming {
    body: Body,
    pub(crate) text: String,
}

impl Streaming {
    pub(crate) async fn until(&mut self, is_enough: impl Fn(&str) -> bool) -> &str {
        while !is_enough(&self.text) {
            let frame = timeout(PATIENCE, self.body.frame()).await;
            let frame = frame.unwrap_or_else(|_| panic!("not in time: {}", self.text));
            let frame = frame.unwrap_or_else(|| panic!("it ended: {}", self.text));
            if let Ok(data) = frame.expect("no error").into_data() {
                self.text.push_str(&String::from_utf8_lossy(&data));
            }
        }
        &self.text
    }
}

/// How a side of a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Closed,
    Reset,
}

/// One end of a raw connection.
pub(crate) struct Peer {
    pub(crate) tcp: TcpStream,
    pub(crate) received: Vec<u8>,
    pub(crate) ended: Option<Ended>,
}

impl Peer {
    pub(crate) fn new(tcp: TcpStream) -> Self {
        tcp.set_nodelay(true).expect("a socket");
        Self {
            tcp,
            received: Vec::new(),
            ended: None,
        }
    }

    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::new(TcpStream::connect(address).await.expect("it listens"))
    }

    pub(crate) async fn accept(listener: &TcpListener) -> Self {
        let (tcp, _) = patiently("a connection", listener.accept())
            .await
            .expect("a connection");
        Self::new(tcp)
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.tcp.write_all(bytes.as_ref()).await.expect("open");
    }

    /// Reads once more; false at the end.
    async fn read(&mut self) -> bool {
        match self.tcp.read_buf(&mut self.received).await {
            Ok(0) => self.ended = Some(Ended::Closed),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                self.ended = Some(Ended::Reset);
            }
            Err(error) => panic!("{error}"),
        }
        self.ended.is_none()
    }

    /// Reads until `length` bytes have arrived, those of earlier reads included.
    pub(crate) async fn until_length(&mut self, length: usize) {
        let reading = async { while self.received.len() < length && self.read().await {} };
        if timeout(PATIENCE, reading).await.is_err() || self.received.len() < length {
            panic!("{length} bytes were sent, these arrived: {}", self.text());
        }
    }

    pub(crate) async fn until(&mut self, text: &str) {
        let reading = async { while !self.text().contains(text) && self.read().await {} };
        if timeout(PATIENCE, reading).await.is_err() || !self.text().contains(text) {
            panic!("not received: {text:?}, but {:?}", self.text());
        }
    }

    pub(crate) async fn until_end(&mut self) -> Ended {
        let reading = async { while self.read().await {} };
        if timeout(PATIENCE, reading).await.is_err() {
            panic!("the connection does not end; received {:?}", self.text());
        }
        self.ended.expect("it ended")
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.received).into_owned()
    }

    pub(crate) fn reset(self) {
        self.tcp.set_zero_linger().expect("a socket");
    }
}

/// An upstream that does nothing by itself.
pub(crate) async fn upstream() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    (listener, format!("http://{address}"))
}

/// A tap, and a connection through it that has sent a request: client, upstream.
pub(crate) async fn asked(request: &str) -> (Tapped, Peer, Peer) {
    let (listener, url) = upstream().await;
    let tapped = Tapped::start(&url).await;
    let mut client = Peer::connect(tapped.address).await;
    client.send(request).await;
    let mut upstream = Peer::accept(&listener).await;
    upstream.until("\r\n\r\n").await;
    upstream.received.clear();
    (tapped, client, upstream)
}

pub(crate) const GET: &str = "GET /events HTTP/1.1\r\nHost: localhost\r\nUser-Agent: test\r\n\r\n";

pub(crate) const STREAM: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

/// A chunk.
pub(crate) fn chunk(text: impl AsRef<[u8]>) -> Vec<u8> {
    let text = text.as_ref();
    let mut out = format!("{:x}\r\n", text.len()).into_bytes();
    out.extend_from_slice(text);
    out.extend_from_slice(b"\r\n");
    out
}
