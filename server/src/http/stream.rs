//! `/stream`: from a request to the head of its response. What comes after that is in `body.rs`. The
//! README states the default stream as a contract.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{RawQuery, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;

use super::socket::Fate;
use crate::{
    generator::{self, Phase, Spec, StreamBody, Writer},
    metrics::Refusal,
    streams::Streams,
};

pub(crate) async fn serve(
    State(streams): State<Streams>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Response {
    let query = query.unwrap_or_default();
    let spec = match Spec::parse(&query) {
        Ok(spec) => spec,
        Err(error) => {
            streams.refuse(Refusal::Query);
            return plain(StatusCode::BAD_REQUEST, true, format!("{error}\n"));
        }
    };
    if !spec.delay.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(spec.delay) => {}
            () = streams.ended() => {}
        }
    }
    answer(spec, &query, &request, &streams)
}

fn answer(spec: Spec, query: &str, request: &Request, streams: &Streams) -> Response {
    let now = Timestamp::now();
    let now_us = u64::try_from(now.as_microsecond()).unwrap_or(0);
    let phase = spec.outage.map(|outage| outage.at(now_us / 1_000));
    if let Some(Phase::Down { left }) = phase {
        streams.refuse(Refusal::Outage);
        return come_back(left, spec.cors, "Down, as asked for by outage.\n");
    }
    if spec.redirect > 0 {
        return redirect(&spec, query, request.uri().path());
    }
    let status = StatusCode::from_u16(spec.status).expect("checked when read");
    if !has_stream(status) {
        return without_stream(&spec, status);
    }
    let last = request.headers().get("last-event-id");
    let last = last.map(|id| String::from_utf8_lossy(id.as_bytes()));
    let last = last.as_deref().or(spec.last_event_id.as_deref());
    let start = spec.start(last, now_us / 1_000);
    let seed = spec.seed();
    if spec.is_complete(start, seed) {
        return without_stream(&spec, StatusCode::NO_CONTENT);
    }
    let gzip = match spec.gzip.then(|| streams.compressing().try_acquire_owned()) {
        Some(Err(_)) => {
            streams.refuse(Refusal::Gzip);
            let left = Duration::from_secs(5);
            return come_back(left, spec.cors, "Too many streams compress already.\n");
        }
        Some(Ok(place)) => Some(place),
        None => None,
    };
    let headers = headers(&spec);
    let cut = match phase {
        Some(Phase::Up { left }) => Some(generator::us(left)),
        _ => None,
    };
    let retry = spec.retry;
    let writer = Writer::new(spec, seed, start, now_us, cut);
    let fate = request.extensions().get::<Fate>().cloned();
    let body = StreamBody::new(writer, retry, streams, fate, gzip);
    (status, headers, Body::new(body)).into_response()
}

/// The head of a stream; the order is that of the contract.
fn headers(spec: &Spec) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut add = |name, value| headers.insert(name, HeaderValue::from_static(value));
    add(header::CONTENT_TYPE, "");
    add(header::CACHE_CONTROL, "no-cache");
    add(header::CONNECTION, "keep-alive");
    if spec.cors {
        add(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    }
    // These two keep what stands between server and client from buffering and guessing.
    add(header::HeaderName::from_static("x-accel-buffering"), "no");
    add(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if spec.gzip {
        add(header::CONTENT_ENCODING, "gzip");
    }
    // A document made of what a link asks for must not act as a page of this server.
    if spec.content_type != Spec::default().content_type {
        add(
            header::CONTENT_SECURITY_POLICY,
            "sandbox; default-src 'none'",
        );
    }
    match &spec.content_type {
        Some(kind) => headers.insert(header::CONTENT_TYPE, value(kind)),
        None => headers.remove(header::CONTENT_TYPE),
    };
    headers
}

/// Whether a response of this status has a stream.
fn has_stream(status: StatusCode) -> bool {
    // RFC 9110, 15.3.5 and 15.3.6: these two have no content.
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
    if spec.content_type != Spec::default().content_type {
        match &spec.content_type {
            Some(kind) => response
                .headers_mut()
                .insert(header::CONTENT_TYPE, value(kind)),
            None => response.headers_mut().remove(header::CONTENT_TYPE),
        };
    }
    response
}

/// To the same stream, with one redirection less before it.
fn redirect(spec: &Spec, query: &str, path: &str) -> Response {
    let left = spec.redirect - 1;
    let rest = form_urlencoded::parse(query.as_bytes()).filter_map(|(name, value)| {
        match (&*name, left) {
            // They were about the redirections.
            ("redirect" | "status", 0) => None,
            ("redirect", _) => Some((name, left.to_string().into())),
            _ => Some((name, value)),
        }
    });
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(rest)
        .finish();
    let status = StatusCode::from_u16(spec.redirection).expect("checked when read");
    let mut response = plain(status, spec.cors, String::new());
    let location = value(&format!("{path}?{query}"));
    response.headers_mut().insert(header::LOCATION, location);
    response
}

/// 503, for now.
fn come_back(after: Duration, cors: bool, text: &str) -> Response {
    let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, cors, text.to_owned());
    // Whole seconds (RFC 9110, 10.2.3), and not too early.
    let seconds = after.as_millis().div_ceil(1_000);
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, value(&seconds.to_string()));
    response
}

/// A short answer in place of a stream.
fn plain(status: StatusCode, cors: bool, text: String) -> Response {
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
    if cors {
        response.headers_mut().insert(
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            HeaderValue::from_static("*"),
        );
    }
    response
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("visible ASCII: checked when read, or encoded")
}

/// Answers the question that a browser asks before it sends anything but a simple request from
/// another origin (Fetch, 4.8), such as one with `Last-Event-ID`.
pub(crate) async fn preflight() -> impl IntoResponse {
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

/// The parameters, for people.
pub(crate) async fn help() -> impl IntoResponse {
    helping("text/plain; charset=utf-8", generator::text())
}

/// The parameters, for the page.
pub(crate) async fn help_json() -> impl IntoResponse {
    helping("application/json", generator::json())
}

fn helping(kind: &'static str, text: String) -> impl IntoResponse {
    let headers = [
        ("content-type", kind),
        ("cache-control", "no-cache"),
        ("x-content-type-options", "nosniff"),
    ];
    (headers, text)
}
