//! `/stream`: from a request to the head of the response. The generator makes the body. The README
//! states the default stream as a contract.

use std::{future::poll_fn, pin::Pin, time::Duration};

use axum::{
    body::Body,
    extract::{RawQuery, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http_body::Body as _;
use jiff::Timestamp;
use tokio::time::timeout;

use crate::{
    generator::{
        Api, Cors, CutOff, Data, Encoding, Gzip, OutageState, Spec, StreamBody, Writer,
        help_json as json, help_text as text, us,
    },
    metrics::Refusal,
    streams::Streams,
};

/// How many bytes of a request's body are read: more than a prompt with pictures has.
const MAX_DISCARDED: usize = 64 << 20;

/// How long a stream waits for the body of its request.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(1);

pub(super) async fn serve(
    State(streams): State<Streams>,
    RawQuery(query): RawQuery,
    mut request: Request,
) -> Response {
    if !request.body().is_end_stream() {
        tokio::select! {
            () = discard(request.body_mut()) => {}
            () = streams.shutdown() => {}
        }
    }
    let query = query.unwrap_or_default();
    let spec = match Spec::parse(&query) {
        Ok(spec) => spec,
        Err(error) => {
            streams.count_refusal(Refusal::Query);
            return plain(StatusCode::BAD_REQUEST, Cors::Any, format!("{error}\n"));
        }
    };
    if !spec.delay.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(spec.delay) => {}
            () = streams.shutdown() => {}
        }
    }
    respond(spec, &query, &request, &streams)
}

/// Reads the body of a request, which has no meaning here. hyper closes the connection after a request whose
/// body is not read, and the kernel resets a connection that is closed with bytes to read: the client would
/// lose the end of the stream. A client that is slow to send gets its stream, and perhaps not its end.
async fn discard(body: &mut Body) {
    let mut left = MAX_DISCARDED;
    let reading = async {
        while let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                break;
            }
        }
    };
    let _ = timeout(DISCARD_TIMEOUT, reading).await;
}

fn respond(mut spec: Spec, query: &str, request: &Request, streams: &Streams) -> Response {
    let now = Timestamp::now();
    let now_us = u64::try_from(now.as_microsecond()).unwrap_or(0);
    let outage = spec.outage.map(|outage| outage.at(now_us / 1_000));
    if let Some(OutageState::Down { left }) = outage {
        streams.count_refusal(Refusal::Outage);
        return unavailable(left, spec.cors, "Down, as asked for by outage.\n");
    }
    if spec.redirect > 0 {
        return redirect(&spec, query, request.uri().path());
    }
    if let Some(cut_off) = spec.instead {
        return instead(cut_off);
    }
    let status = StatusCode::from_u16(spec.status).expect("checked by the parser");
    if !has_stream(status) {
        return without_stream(&spec, status);
    }
    let last_id = request.headers().get("last-event-id");
    let last_id = last_id.map(|id| String::from_utf8_lossy(id.as_bytes()));
    let last_id = last_id.as_deref().or(spec.last_event_id.as_deref());
    let start = spec.start(last_id, now_us / 1_000);
    let seed = spec.seed();
    if spec.is_complete(start, seed) {
        return without_stream(&spec, StatusCode::NO_CONTENT);
    }
    let varies = spec.gzip == Gzip::Unflushed;
    if varies && !accepts_gzip(request.headers()) {
        spec.gzip = Gzip::None;
    }
    let mut gzip_permit = None;
    if spec.gzip != Gzip::None {
        gzip_permit = streams.try_compress();
        if gzip_permit.is_none() {
            streams.count_refusal(Refusal::Gzip);
            let left = Duration::from_secs(5);
            return unavailable(left, spec.cors, "Too many streams compress already.\n");
        }
    }
    let mut headers = headers(&spec);
    if varies {
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    let outage_at = match outage {
        Some(OutageState::Up { left }) => Some(us(left)),
        _ => None,
    };
    let retry = spec.retry;
    let span = tracing::debug_span!("stream", query);
    let writer = Writer::new(spec, seed, start, now_us, outage_at);
    let body = StreamBody::new(writer, retry, streams, gzip_permit, span);
    (status, headers, Body::new(body)).into_response()
}

/// Has the connection end with `cut_off` in place of a response.
fn instead(cut_off: CutOff) -> Response {
    let mut response = Response::default();
    response.extensions_mut().insert(cut_off);
    response
}

/// Whether the client accepts gzip (RFC 9110, 12.5.3).
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    let mut codings = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    codings.any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().trim_start_matches("q=");
        name.trim().eq_ignore_ascii_case("gzip") && weight.parse() != Ok(0.0)
    })
}

/// The headers of a stream, in the order of the contract.
fn headers(spec: &Spec) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(""));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("keep-alive"));
    allow(&mut headers, spec.cors);
    let mut add = |name, value| headers.insert(name, HeaderValue::from_static(value));
    // These two keep proxies from buffering and browsers from sniffing.
    add(header::HeaderName::from_static("x-accel-buffering"), "no");
    add(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if spec.data == Data::Answer(Api::AiSdk) {
        // Part of the protocol: https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol
        add(
            header::HeaderName::from_static("x-vercel-ai-ui-message-stream"),
            "v1",
        );
    }
    let coding = match spec.encoding {
        Some(Encoding::Gzip) => Some("gzip"),
        Some(Encoding::Brotli) => Some("br"),
        Some(Encoding::None) => None,
        None => (spec.gzip != Gzip::None).then_some("gzip"),
    };
    if let Some(coding) = coding {
        add(header::CONTENT_ENCODING, coding);
    }
    // A link can make this response an HTML document of any content: it must not act as a page of
    // this server.
    if spec.content_type != Spec::default().content_type {
        add(
            header::CONTENT_SECURITY_POLICY,
            "sandbox; default-src 'none'",
        );
    }
    match &spec.content_type {
        Some(content_type) => headers.insert(header::CONTENT_TYPE, value(content_type)),
        None => headers.remove(header::CONTENT_TYPE),
    };
    headers
}

/// Says which pages of other origins may read the response.
fn allow(headers: &mut HeaderMap, cors: Cors) {
    let origins: &[_] = match cors {
        Cors::Any => &["*"],
        Cors::None => &[],
        // A name that is reserved for examples (RFC 2606).
        Cors::Other => &["https://other.example"],
        Cors::Twice => &["*", "*"],
    };
    for origin in origins {
        headers.append(
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            HeaderValue::from_static(origin),
        );
    }
}

/// Whether a response with this status has a stream.
fn has_stream(status: StatusCode) -> bool {
    // RFC 9110, 15.3.5 and 15.3.6: 204 and 205 have no content.
    status.is_success() && ![StatusCode::NO_CONTENT, StatusCode::RESET_CONTENT].contains(&status)
}

fn without_stream(spec: &Spec, status: StatusCode) -> Response {
    let text = match status {
        StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED => {
            String::new()
        }
        _ => format!("Status {}, as asked for.\n", status.as_u16()),
    };
    let mut response = plain(status, spec.cors, text);
    if let Some(seconds) = spec.retry_after {
        let seconds = value(&seconds.to_string());
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    if spec.content_type != Spec::default().content_type {
        match &spec.content_type {
            Some(content_type) => response
                .headers_mut()
                .insert(header::CONTENT_TYPE, value(content_type)),
            None => response.headers_mut().remove(header::CONTENT_TYPE),
        };
    }
    response
}

/// Redirects to the same stream with one redirection less.
fn redirect(spec: &Spec, query: &str, path: &str) -> Response {
    let left = spec.redirect - 1;
    let rest = form_urlencoded::parse(query.as_bytes()).filter_map(|(name, value)| {
        match (&*name, left) {
            // These parameters concern the redirections only.
            ("redirect" | "status", 0) => None,
            ("redirect", _) => Some((name, left.to_string().into())),
            _ => Some((name, value)),
        }
    });
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(rest)
        .finish();
    let status = StatusCode::from_u16(spec.redirection).expect("checked by the parser");
    let mut response = plain(status, spec.cors, String::new());
    let location = value(&format!("{path}?{query}"));
    response.headers_mut().insert(header::LOCATION, location);
    response
}

/// Status 503 for this long.
fn unavailable(after: Duration, cors: Cors, text: &str) -> Response {
    let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, cors, text.to_owned());
    // Whole seconds (RFC 9110, 10.2.3), rounded up.
    let seconds = after.as_millis().div_ceil(1_000);
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, value(&seconds.to_string()));
    response
}

/// A short response in place of a stream.
fn plain(status: StatusCode, cors: Cors, text: String) -> Response {
    let mut response = (
        status,
        [
            (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ],
        text,
    )
        .into_response();
    allow(response.headers_mut(), cors);
    response
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("visible ASCII: checked by the parser, or encoded")
}

/// The response to the preflight of a cross-origin request that is not a simple one (Fetch, 4.8),
/// such as one with `Last-Event-ID`.
pub(super) async fn preflight() -> impl IntoResponse {
    (
        StatusCode::NO_CONTENT,
        [
            ("access-control-allow-origin", "*"),
            ("access-control-allow-methods", "GET, HEAD, POST, OPTIONS"),
            // `*` does not include `authorization` (Fetch, 4.10).
            ("access-control-allow-headers", "*, authorization"),
            ("access-control-max-age", "86400"),
        ],
    )
}

/// The table of parameters as text.
pub(super) async fn help() -> impl IntoResponse {
    help_response("text/plain; charset=utf-8", text())
}

/// The table of parameters as JSON.
pub(super) async fn help_json() -> impl IntoResponse {
    help_response("application/json", json())
}

fn help_response(content_type: &'static str, text: String) -> impl IntoResponse {
    let headers = [
        ("content-type", content_type),
        ("cache-control", "no-cache"),
        ("x-content-type-options", "nosniff"),
    ];
    (headers, text)
}
