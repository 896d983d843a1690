//! Connections: how many there may be, how long they may take, how they end.

use std::{
    convert::Infallible, future::Future, io, net::IpAddr, pin::Pin, sync::Arc, time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
    response::{IntoResponse, Response},
};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_service::Service as _;

use crate::{
    FRAME,
    hosts::Hosts,
    metrics::Refusal,
    socket::{Fate, Socket},
    streams::Streams,
};

/// How long a connection may take to end after [`run`] was asked to stop. A client that does not
/// read must not keep the program alive.
const GRACE: Duration = Duration::from_millis(500);

/// The most that a request's head may be, in bytes; its URL cannot be longer either.
const HEAD: usize = 64 << 10;

/// How many connections over the limit are told so at a time; more are closed without a word.
const REFUSING: usize = 256;

/// How long one of those has to send its request.
const REFUSED_WITHIN: Duration = Duration::from_secs(2);

/// How long a client may take nothing of what was sent to it.
const STALLED: Duration = Duration::from_secs(300);

/// After so long without a word the system asks whether the client is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// What a server bears, and for whom it answers.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Names that it answers for, beside loopback names and the address that a request came in at.
    /// `*` is any.
    pub allow_hosts: Vec<String>,
    /// How many connections there may be at a time. Those above it get 503.
    pub max_connections: usize,
    /// How long the head of a request may take, from the opening of the connection or from the end
    /// of the request before.
    pub header_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            allow_hosts: Vec::new(),
            max_connections: 16_000,
            header_timeout: Duration::from_secs(10),
        }
    }
}

/// Serves `app` until `shutdown` is ready, then ends all open streams and returns within a second.
///
/// # Errors
///
/// Those of the listener.
pub async fn run(
    listener: TcpListener,
    app: Router,
    streams: Streams,
    limits: Limits,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    listener.local_addr()?;
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_header_size(HEAD)
        .max_buf_size(HEAD);
    let shared = Arc::new(Shared {
        hosts: Hosts::new(&limits.allow_hosts),
        streams,
        closing: CancellationToken::new(),
        http,
    });
    let places = Arc::new(Semaphore::new(
        limits.max_connections.min(Semaphore::MAX_PERMITS),
    ));
    let refusing = Arc::new(Semaphore::new(REFUSING));
    let connections = TaskTracker::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        let tcp = match accepted {
            Ok((tcp, _)) => tcp,
            // That client is gone.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
                ) =>
            {
                continue;
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                // Where the system has no more file descriptors, asking again at once would only
                // keep it busy.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            let app = Some(app.clone());
            connections.spawn(serve(tcp, app, place, Arc::clone(&shared)));
        } else {
            shared.streams.refuse(Refusal::Connections);
            if let Ok(place) = Arc::clone(&refusing).try_acquire_owned() {
                connections.spawn(serve(tcp, None, place, Arc::clone(&shared)));
            }
        }
    }
    drop(listener);
    shared.streams.end_all();
    shared.closing.cancel();
    connections.close();
    connections.wait().await;
    Ok(())
}

/// What all connections have in common.
struct Shared {
    hosts: Hosts,
    streams: Streams,
    closing: CancellationToken,
    http: http1::Builder,
}

/// Serves one connection to its end; without an app it is refused.
async fn serve(
    tcp: TcpStream,
    app: Option<Router>,
    _place: OwnedSemaphorePermit,
    shared: Arc<Shared>,
) {
    let Ok(address) = tcp.local_addr() else {
        return;
    };
    if let Err(error) = prepare(&tcp) {
        tracing::debug!(%error, "cannot set the options of a connection");
    }
    let refused = app.is_none();
    let fate = Fate::default();
    let service = Service {
        app,
        ip: address.ip().to_canonical(),
        fate: fate.clone(),
        shared: Arc::clone(&shared),
    };
    let socket = Socket::new(tcp, fate);
    let io = TokioIo::new(socket.clone());
    let mut connection = std::pin::pin!(shared.http.serve_connection(io, service));
    let patience = async {
        let closing = shared.closing.cancelled();
        if refused {
            let _ = tokio::time::timeout(REFUSED_WITHIN, closing).await;
        } else {
            closing.await;
        }
    };
    let result = tokio::select! {
        result = &mut connection => result,
        () = socket.broken() => return,
        () = patience => {
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(GRACE, connection).await {
                Ok(result) => result,
                Err(_) => {
                    tracing::debug!("a connection did not end in time and is cut");
                    return;
                }
            }
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended");
    }
}

fn prepare(tcp: &TcpStream) -> io::Result<()> {
    // An event is a small write that waits for nothing: Nagle's algorithm would only delay it.
    tcp.set_nodelay(true)?;
    let socket = SockRef::from(tcp);
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))?;
    // The system would queue megabytes for a client that does not read.
    socket.set_send_buffer_size(FRAME)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(STALLED))?;
    Ok(())
}

struct Service {
    app: Option<Router>,
    /// The address that its clients came to.
    ip: IpAddr,
    fate: Fate,
    shared: Arc<Shared>,
}

impl hyper::service::Service<Request<Incoming>> for Service {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let Some(mut app) = self.app.clone() else {
            return Box::pin(std::future::ready(Ok(too_many())));
        };
        let checked = self
            .shared
            .hosts
            .check(request.uri(), request.headers(), self.ip);
        if let Err(host) = checked {
            self.shared.streams.refuse(Refusal::Host);
            return Box::pin(std::future::ready(Ok(not_ours(&host))));
        }
        request.extensions_mut().insert(self.fate.clone());
        Box::pin(app.call(request.map(Body::new)))
    }
}

fn too_many() -> Response {
    (
        StatusCode::SERVICE_UNAVAILABLE,
        [
            ("content-type", "text/plain; charset=utf-8"),
            ("retry-after", "5"),
            ("connection", "close"),
            // So that a page of another origin can tell it from a server that is gone.
            ("access-control-allow-origin", "*"),
        ],
        "Too many connections. The server takes more with --max-connections.\n",
    )
        .into_response()
}

fn not_ours(host: &str) -> Response {
    let text = if host.is_empty() {
        "The request does not say which one host it is for.\n".to_owned()
    } else {
        let host: String = host.chars().take(100).collect();
        format!(
            "The host “{host}” is not one of this server's, which are localhost, 127.0.0.1 and what --allow-host names: start it with --allow-host {host}\n"
        )
    };
    let headers = [
        ("content-type", "text/plain; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
    ];
    (StatusCode::FORBIDDEN, headers, text).into_response()
}
