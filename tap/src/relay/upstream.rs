//! One request to a server, until the head of its response is there.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::http::{HeaderValue, Response, Uri, Version, header};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use url::{Position, Url};

use super::{
    failure::Failure,
    first_bytes::{FirstBytes, Noted},
    request::Request,
};
use crate::dial::{Alpn, Dialed, Dialer, ForwardProxy, Phases};

/// The largest head of a response, in bytes.
const MAX_HEAD: u32 = 64 << 10;

/// How many headers a response may have.
const MAX_HEADERS: usize = 1024;

/// A response whose body is still to come.
pub(super) struct Upstream {
    pub(super) response: Response<Incoming>,
    pub(super) remote: SocketAddr,
    /// When the request was sent.
    pub(super) sent: Instant,
    /// Reads and writes the connection; dropped, it closes the connection.
    _connection: AbortOnDropHandle<()>,
}

/// How long each phase of an exchange took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    pub(super) dialed: Phases,
    /// From the request to the head of the response.
    pub(super) head: Option<Duration>,
}

/// Makes a request.
///
/// # Errors
///
/// If there is no response. `times` has the phases that passed.
pub(super) async fn send(
    request: &Request,
    dialer: &Dialer,
    head_timeout: Duration,
    times: &mut Times,
) -> Result<Upstream, Failure> {
    *times = Times::default();
    let dialed = dialer
        .dial(&request.url, Alpn::Http1Or2)
        .await
        .inspect_err(|error| times.dialed = error.phases)?;
    times.dialed = dialed.phases;
    let remote = dialed.remote;
    let message = message(request, &dialed).map_err(|error| Failure::request(&error))?;
    let first = FirstBytes::default();
    let io = TokioIo::new(Noted {
        stream: dialed.stream,
        first: first.clone(),
        read: 0,
    });
    let sent = Instant::now();
    let responding = async {
        if dialed.is_http2 {
            let mut http = http2::Builder::new(TokioExecutor::new());
            http.timer(TokioTimer::new()).max_header_list_size(MAX_HEAD);
            let (mut sender, connection) = http.handshake(io).await?;
            let connection = spawn(connection);
            Ok((sender.send_request(message).await?, connection))
        } else {
            let mut http = http1::Builder::new();
            // As lenient as browsers with what servers send.
            http.allow_obsolete_multiline_headers_in_responses(true)
                .allow_spaces_after_header_name_in_responses(true)
                .ignore_invalid_headers_in_responses(true)
                .max_header_size(MAX_HEAD as usize)
                .max_headers(MAX_HEADERS);
            let (mut sender, connection) = http.handshake(io).await?;
            let connection = spawn(connection);
            Ok((sender.send_request(message).await?, connection))
        }
    };
    let responded = timeout(head_timeout, responding)
        .await
        .map_err(|_| Failure::slow_head(head_timeout))?;
    let (response, connection) = responded.map_err(|error: hyper::Error| {
        // Of HTTP/2 the first bytes are frames, and TLS has agreed on them.
        let first = if dialed.is_http2 {
            FirstBytes::default()
        } else {
            first
        };
        Failure::before_head(&error, &first)
    })?;
    times.head = Some(sent.elapsed());
    Ok(Upstream {
        response,
        remote,
        sent,
        _connection: connection,
    })
}

fn spawn(
    connection: impl Future<Output = hyper::Result<()>> + Send + 'static,
) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async {
        // The request or the body has the same error.
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a relayed connection failed");
        }
    }))
}

/// The request as it is sent on this connection.
fn message(request: &Request, dialed: &Dialed) -> Result<http::Request<Full<Bytes>>, http::Error> {
    let mut headers = request.headers.clone();
    let authority = HeaderValue::from_str(authority(&request.url))?;
    let host = headers.get(header::HOST).cloned().unwrap_or(authority);
    let uri = if dialed.is_http2 {
        headers.remove(header::HOST);
        // RFC 9113, 8.3.1: `:authority` replaces `Host`.
        Uri::builder()
            .scheme(request.url.scheme())
            .authority(host.as_bytes())
            .path_and_query(target(&request.url))
            .build()?
    } else {
        headers.insert(header::HOST, host);
        match &dialed.forward_proxy {
            Some(ForwardProxy { authorization }) => {
                if let Some(authorization) = authorization {
                    headers.insert(header::PROXY_AUTHORIZATION, authorization.clone());
                }
                request.url.as_str().parse()?
            }
            None => target(&request.url).parse()?,
        }
    };
    let mut message = http::Request::builder()
        .method(request.method.clone())
        .uri(uri)
        .version(if dialed.is_http2 {
            Version::HTTP_2
        } else {
            Version::HTTP_11
        })
        .body(Full::new(request.body.clone().unwrap_or_default()))?;
    *message.headers_mut() = headers;
    Ok(message)
}

/// Host and port of a URL, the port unless it is the default.
fn authority(url: &Url) -> &str {
    &url[Position::BeforeHost..Position::AfterPort]
}

/// Path and query of a URL.
fn target(url: &Url) -> &str {
    &url[Position::BeforePath..Position::AfterQuery]
}
