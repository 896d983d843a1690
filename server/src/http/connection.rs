//! Connections: how many there may be, how long they may take, how they end.

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    io,
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::Poll,
    time::Duration,
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
    io::{AsyncWrite, Interest},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::task::TaskTracker;
use tower_service::Service as _;

use super::{
    handover::{Chunks, Taken, Wish},
    hosts::Hosts,
    socket::{Fate, Socket},
};
use crate::{generator::FRAME, metrics::Refusal, shutdown::Stop, streams::Streams};

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
        closing: Stop::default(),
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
    shared.closing.say();
    connections.close();
    connections.wait().await;
    Ok(())
}

/// What all connections have in common.
struct Shared {
    hosts: Hosts,
    streams: Streams,
    closing: Stop,
    http: http1::Builder,
}

/// Serves one connection to its end; without an app it is refused.
async fn serve(
    tcp: TcpStream,
    app: Option<Router>,
    _place: OwnedSemaphorePermit,
    shared: Arc<Shared>,
) {
    let refused = app.is_none();
    let too_long = async {
        patience(refused, &shared).await;
        tokio::time::sleep(GRACE).await;
    };
    let tcp = Arc::new(tcp);
    tokio::select! {
        biased;
        result = answer(Arc::clone(&tcp), app, &shared) => {
            if let Err(error) = result {
                tracing::debug!(error, "a connection ended");
            }
        }
        // Who has not read a request to its end asks for no more of its client, and would never hear
        // that it is gone.
        _ = tcp.ready(Interest::ERROR) => tracing::debug!("a connection broke off"),
        () = too_long => tracing::debug!("a connection did not end in time and is cut"),
    }
}

/// Until a connection is asked to end.
async fn patience(refused: bool, shared: &Shared) {
    let closing = shared.closing.wait();
    if refused {
        let _ = tokio::time::timeout(REFUSED_WITHIN, closing).await;
    } else {
        closing.await;
    }
}

/// Requests by hyper and streams by [`Chunks`], in turn.
async fn answer(
    tcp: Arc<TcpStream>,
    app: Option<Router>,
    shared: &Arc<Shared>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let ip = tcp.local_addr()?.ip().to_canonical();
    if let Err(error) = prepare(&tcp) {
        tracing::debug!(%error, "cannot set the options of a connection");
    }
    let fate = Fate::default();
    let mut socket = Socket::new(tcp, fate.clone());
    loop {
        let service = Service {
            app: app.clone(),
            ip,
            fate: fate.clone(),
            shared: Arc::clone(shared),
        };
        let Some((back, taken)) = requests(socket, service).await? else {
            return Ok(());
        };
        socket = back;
        let keep = taken.keep;
        let mut chunks = Chunks::new(taken, std::mem::take(&mut socket.ahead));
        poll_fn(|cx| chunks.poll(&mut socket, cx)).await?;
        if !keep || shared.closing.said() {
            return Ok(poll_fn(|cx| Pin::new(&mut socket).poll_shutdown(cx)).await?);
        }
        socket.ahead = chunks.ahead;
    }
}

/// Answers requests until the connection ends or a stream begins.
async fn requests(socket: Socket, service: Service) -> hyper::Result<Option<(Socket, Taken)>> {
    let (fate, shared) = (service.fate.clone(), Arc::clone(&service.shared));
    let mut patience = Some(Box::pin({
        let (refused, shared) = (service.app.is_none(), Arc::clone(&shared));
        async move { patience(refused, &shared).await }
    }));
    // In a box, and so gone without a trace when the stream begins.
    let io = TokioIo::new(socket);
    let mut connection = Box::new(shared.http.serve_connection(io, service));
    let taken = poll_fn(|cx| {
        let mut connection = Pin::new(&mut *connection);
        let impatient = patience.as_mut().map(|patience| patience.as_mut().poll(cx));
        if impatient.is_some_and(|impatient| impatient.is_ready()) {
            patience = None;
            connection.as_mut().graceful_shutdown();
        }
        match connection.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(result.map(|()| None)),
            Poll::Pending => match fate.handover().take() {
                Some(taken) => Poll::Ready(Ok(Some(taken))),
                None => Poll::Pending,
            },
        }
    });
    let Some(taken) = taken.await? else {
        return Ok(None);
    };
    let parts = connection.into_parts();
    let mut socket = parts.io.into_inner();
    if !parts.read_buf.is_empty() {
        socket.ahead = parts.read_buf;
    }
    Ok(Some((socket, taken)))
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
        let fate = self.fate.clone();
        request.extensions_mut().insert(fate.clone());
        let wish = Wish::of(&request);
        Box::pin(async move {
            let response = app.call(request.map(Body::new)).await?;
            Ok(fate.handover().take_from(response, &wish))
        })
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
