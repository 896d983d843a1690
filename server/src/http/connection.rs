//! One connection: its requests, and the limits on its time.

use std::{error::Error, io, iter, net::IpAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
    response::{IntoResponse, Response},
};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::rt::TokioTimer;
use socket2::{SockRef, TcpKeepalive};
use tokio::{io::Interest, net::TcpStream, sync::OwnedSemaphorePermit};
use tower_service::Service as _;

use super::{
    Limits, handover,
    hosts::Hosts,
    limits::{GRACE, KEEPALIVE, MAX_HEAD, REFUSING_TIMEOUT, STALL_TIMEOUT},
    socket::Socket,
};
use crate::{
    generator::{CutOff, FRAME},
    metrics::Refusal,
    shutdown::Shutdown,
    streams::Streams,
};

/// What all connections of a server share.
pub(super) struct Shared {
    pub(super) streams: Streams,
    pub(super) shutdown: Shutdown,
    hosts: Hosts,
    http: http1::Builder,
}

impl Shared {
    pub(super) fn new(streams: Streams, limits: &Limits) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(limits.header_timeout)
            .max_header_size(MAX_HEAD)
            .max_buf_size(MAX_HEAD);
        Self {
            streams,
            shutdown: Shutdown::default(),
            hosts: Hosts::new(&limits.allow_hosts),
            http,
        }
    }
}

/// Serves one connection until it ends. Without an app the connection is one over the limit: its
/// request gets status 503.
pub(super) async fn serve(
    tcp: TcpStream,
    app: Option<Router>,
    _place: OwnedSemaphorePermit,
    shared: Arc<Shared>,
) {
    tracing::debug!("connection opened");
    let is_refused = app.is_none();
    let deadline = async {
        until_asked_to_end(is_refused, &shared).await;
        tokio::time::sleep(GRACE).await;
    };
    let tcp = Arc::new(tcp);
    tokio::select! {
        biased;
        result = requests(Arc::clone(&tcp), app, &shared) => match result {
            Ok(()) => tracing::debug!("connection closed"),
            Err(error) => {
                let cut = match cut_off(&*error) {
                    Some(CutOff::Reset) => tcp.set_zero_linger(),
                    Some(CutOff::NotHttp) => tcp.try_write(NOT_HTTP).map(drop),
                    Some(CutOff::Truncate) | None => Ok(()),
                };
                if let Err(error) = cut {
                    tracing::debug!(%error, "cannot end the connection as asked for");
                }
                tracing::debug!(error, "connection ended early");
            }
        },
        // A handler still owed request bytes would not notice a disconnect.
        _ = tcp.ready(Interest::ERROR) => tracing::debug!("connection failed"),
        () = deadline => tracing::debug!("connection did not end in time"),
    }
}

/// Waits for the shutdown signal; for a refused connection at most as long as its request may take.
async fn until_asked_to_end(is_refused: bool, shared: &Shared) {
    let shutdown = shared.shutdown.signal();
    if is_refused {
        let _ = tokio::time::timeout(REFUSING_TIMEOUT, shutdown).await;
    } else {
        shutdown.await;
    }
}

/// Serves the requests of a connection.
async fn requests(
    tcp: Arc<TcpStream>,
    app: Option<Router>,
    shared: &Arc<Shared>,
) -> Result<(), handover::Error> {
    let local = tcp.local_addr()?.ip().to_canonical();
    if let Err(error) = set_options(&tcp) {
        tracing::debug!(%error, "cannot set the options of the connection");
    }
    let shutdown = || until_asked_to_end(app.is_none(), shared);
    let respond = |request| respond(request, app.clone(), local, Arc::clone(shared));
    handover::serve(Socket(tcp), &shared.http, respond, shutdown).await
}

fn set_options(tcp: &TcpStream) -> io::Result<()> {
    // An event is a small write that should not wait: Nagle's algorithm would only delay it.
    tcp.set_nodelay(true)?;
    let socket = SockRef::from(tcp);
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))?;
    // By default the system queues megabytes for a client that does not read.
    socket.set_send_buffer_size(FRAME)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(STALL_TIMEOUT))?;
    Ok(())
}

/// An answer that is not HTTP: the greeting of a mail server (RFC 5321, 4.3.1).
const NOT_HTTP: &[u8] = b"220 mail.example.org ESMTP\r\n";

/// How the generator asks for the connection to end.
fn cut_off(error: &(dyn Error + 'static)) -> Option<CutOff> {
    iter::successors(Some(error), |&error| error.source())
        .find_map(|error| error.downcast_ref().copied())
}

async fn respond(
    request: Request<Incoming>,
    app: Option<Router>,
    local: IpAddr,
    shared: Arc<Shared>,
) -> Response {
    let Some(mut app) = app else {
        return too_many_connections();
    };
    if let Err(host) = shared.hosts.check(request.uri(), request.headers(), local) {
        shared.streams.count_refusal(Refusal::Host);
        return host_not_allowed(&host);
    }
    let Ok(response) = app.call(request.map(Body::new)).await;
    response
}

fn too_many_connections() -> Response {
    (
        StatusCode::SERVICE_UNAVAILABLE,
        [
            ("content-type", "text/plain; charset=utf-8"),
            ("retry-after", "5"),
            ("connection", "close"),
            // Lets a page of another origin distinguish this from a server that is down.
            ("access-control-allow-origin", "*"),
        ],
        "Too many connections. --max-connections raises the limit.\n",
    )
        .into_response()
}

fn host_not_allowed(host: &str) -> Response {
    let text = if host.is_empty() {
        "The request does not name exactly one host.\n".to_owned()
    } else {
        let host: String = host.chars().take(100).collect();
        format!(
            "The host “{host}” is not allowed: this server answers for localhost, 127.0.0.1 and the names \
             given by --allow-host. To allow it, start it with --allow-host {host}\n"
        )
    };
    let headers = [
        ("content-type", "text/plain; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
    ];
    (StatusCode::FORBIDDEN, headers, text).into_response()
}
