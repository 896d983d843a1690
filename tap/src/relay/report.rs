//! Facts for the page, in JSON.

use std::time::Duration;

use axum::http::{HeaderMap, Response, Version};
use hyper::ext::ReasonPhrase;
use serde::Serialize;
use url::Url;

use super::{
    failure::Failure,
    redirect::Hop,
    upstream::{Times, Upstream},
};

/// The facts of the head of a capture.
pub(super) fn head(
    url: &Url,
    hops: &[Hop],
    times: Times,
    result: Result<&Upstream, &Failure>,
) -> String {
    let (response, failure) = match result {
        Ok(upstream) => (Some(response(upstream)), None),
        Err(failure) => (None, Some(failure)),
    };
    json(&Head {
        way: "relay",
        url: url.as_str(),
        hops: hops
            .iter()
            .map(|hop| HopFacts {
                url: hop.url.as_str(),
                status: hop.status.as_u16(),
                location: &hop.location,
            })
            .collect(),
        phases: PhaseFacts {
            name: times.dialed.name.map(milliseconds),
            connect: times.dialed.connect.map(milliseconds),
            tls: times.dialed.tls.map(milliseconds),
            head: times.head.map(milliseconds),
        },
        response,
        failure: failure.map(|failure| FailureFacts {
            kind: failure.kind,
            phase: failure.phase,
            text: &failure.text,
        }),
    })
}

/// How long after the request the first byte of the body arrived.
pub(super) fn first_byte(after: Duration) -> String {
    json(&FirstByte {
        first_byte: milliseconds(after),
    })
}

/// How a body ended, and its trailers.
pub(super) fn end(kind: &str, text: &str, trailers: Option<&HeaderMap>) -> String {
    json(&End {
        end: EndFacts { kind, text },
        trailers: trailers.map(lines),
    })
}

#[derive(Serialize)]
struct Head<'a> {
    way: &'a str,
    url: &'a str,
    hops: Vec<HopFacts<'a>>,
    phases: PhaseFacts,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<ResponseFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureFacts<'a>>,
}

#[derive(Serialize)]
struct HopFacts<'a> {
    url: &'a str,
    status: u16,
    location: &'a str,
}

/// In milliseconds.
#[derive(Serialize)]
struct PhaseFacts {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connect: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<f64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseFacts {
    status: u16,
    status_text: String,
    version: &'static str,
    remote: String,
    headers: Vec<(String, String)>,
}

#[derive(Serialize)]
struct FailureFacts<'a> {
    kind: &'a str,
    phase: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FirstByte {
    first_byte: f64,
}

#[derive(Serialize)]
struct End<'a> {
    end: EndFacts<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trailers: Option<Vec<(String, String)>>,
}

#[derive(Serialize)]
struct EndFacts<'a> {
    kind: &'a str,
    text: &'a str,
}

fn response(upstream: &Upstream) -> ResponseFacts {
    let response = &upstream.response;
    ResponseFacts {
        status: response.status().as_u16(),
        status_text: status_text(response),
        version: version(response.version()),
        remote: upstream.remote.to_string(),
        headers: lines(response.headers()),
    }
}

/// The reason phrase. hyper keeps it if it is not the usual one; HTTP/2 has none.
fn status_text<B>(response: &Response<B>) -> String {
    if response.version() == Version::HTTP_2 {
        return String::new();
    }
    match response.extensions().get::<ReasonPhrase>() {
        Some(reason) => String::from_utf8_lossy(reason.as_bytes()).into_owned(),
        None => response
            .status()
            .canonical_reason()
            .unwrap_or_default()
            .to_owned(),
    }
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        _ => "HTTP/1.1",
    }
}

fn lines(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let lines = headers.iter();
    lines
        .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
        .collect()
}

/// A time in milliseconds, to the microsecond.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

fn json(facts: &impl Serialize) -> String {
    // Strings and finite numbers only, and no map: nothing that JSON does not have.
    serde_json::to_string(facts).unwrap_or_else(|_| "{}".to_owned())
}
