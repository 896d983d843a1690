//! The heads of requests and responses: what the tap needs of them, and what it changes.

use std::ops::Range;

use http::{Method, StatusCode};
use httparse::{EMPTY_HEADER, Header, ParserConfig, Status};

use super::framing::Framing;

/// The largest head, in bytes.
pub(super) const MAX_HEAD: usize = 64 << 10;

/// How many header lines a head can have.
const MAX_LINES: usize = 256;

/// Header lines as text, in their order.
pub(crate) type Headers = Vec<(String, String)>;

/// The head of a request.
#[derive(Debug)]
pub(super) struct RequestHead {
    pub(super) method: Method,
    pub(super) target: String,
    /// The request line, without its end.
    pub(super) line: String,
    pub(super) headers: Headers,
    pub(super) framing: Framing,
    /// Whether the connection can become a tunnel: by `CONNECT` or `Upgrade`.
    pub(super) may_become_tunnel: bool,
    /// The length of the head.
    pub(super) length: usize,
    target_at: Range<usize>,
    host_at: Option<Range<usize>>,
    /// Where the first header line begins.
    lines_at: usize,
}

/// Why the tap itself answers a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadRequest {
    #[error("The head of the request has more than {} KiB or {MAX_LINES} lines.", MAX_HEAD >> 10)]
    TooLarge,
    #[error("The client closed its side within the head of a request.")]
    Unfinished,
    #[error("The request is not HTTP/1.1: {0}.")]
    Malformed(httparse::Error),
    #[error(
        "The request names a whole URL, as for a proxy. A tap stands in for its server: set the base URL of the \
         client to the address of the tap, and no proxy."
    )]
    AbsoluteForm,
    #[error("“{0}” is not a path.")]
    NotAPath(String),
    #[error("The request has several Host lines, or none.")]
    Hosts,
    #[error("Where the body of the request ends is ambiguous: {0}.")]
    Ambiguous(&'static str),
}

impl BadRequest {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl From<httparse::Error> for BadRequest {
    fn from(error: httparse::Error) -> Self {
        match error {
            httparse::Error::TooManyHeaders => Self::TooLarge,
            error => Self::Malformed(error),
        }
    }
}

impl RequestHead {
    /// Reads the head that `bytes` begin with; `None` if it is not complete.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<Self>, BadRequest> {
        let mut lines = [EMPTY_HEADER; MAX_LINES];
        let mut request = httparse::Request::new(&mut lines);
        let length = match request.parse(bytes)? {
            Status::Complete(length) if length <= MAX_HEAD => length,
            Status::Partial if bytes.len() < MAX_HEAD => return Ok(None),
            _ => return Err(BadRequest::TooLarge),
        };
        let (Some(method), Some(target), Some(version)) =
            (request.method, request.path, request.version)
        else {
            return Ok(None);
        };
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|_| BadRequest::Malformed(httparse::Error::Token))?;
        check_target(&method, target)?;
        let host_at = {
            let mut hosts = named(request.headers, "host");
            match (hosts.next(), hosts.next()) {
                (Some(host), None) => Some(place(bytes, host).ok_or(BadRequest::Hosts)?),
                // RFC 9112, 3.2: only HTTP/1.1 requires it.
                (None, _) if version == 0 => None,
                _ => return Err(BadRequest::Hosts),
            }
        };
        let target_at = place(bytes, target.as_bytes())
            .ok_or_else(|| BadRequest::NotAPath(target.chars().take(100).collect()))?;
        let lines_at = bytes[target_at.end..]
            .iter()
            .position(|&byte| byte == b'\n')
            .map_or(length, |end| target_at.end + end + 1);
        Ok(Some(Self {
            framing: request_framing(request.headers, version)?,
            may_become_tunnel: method == Method::CONNECT
                || named(request.headers, "upgrade").next().is_some(),
            line: format!("{method} {target} HTTP/1.{version}"),
            headers: text_headers(request.headers),
            target: target.to_owned(),
            method,
            length,
            target_at,
            host_at,
            lines_at,
        }))
    }

    /// The value of `Host`.
    pub(super) fn host<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        self.host_at.clone().map(|place| &bytes[place])
    }

    /// The first value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The head in `bytes`, as the upstream gets it: with the upstream's authority as `Host`, with
    /// `target_prefix` before the path, and with `line` as an additional header line.
    pub(super) fn rewrite(
        &self,
        bytes: &[u8],
        authority: &str,
        target_prefix: &str,
        line: &[u8],
    ) -> Vec<u8> {
        let is_path = self.target.starts_with('/');
        let mut out =
            Vec::with_capacity(self.length + target_prefix.len() + authority.len() + line.len());
        out.extend_from_slice(&bytes[..self.target_at.start]);
        if is_path {
            out.extend_from_slice(target_prefix.as_bytes());
        }
        out.extend_from_slice(&bytes[self.target_at.start..self.lines_at]);
        out.extend_from_slice(line);
        match &self.host_at {
            Some(host) => {
                out.extend_from_slice(&bytes[self.lines_at..host.start]);
                out.extend_from_slice(authority.as_bytes());
                out.extend_from_slice(&bytes[host.end..self.length]);
            }
            None => out.extend_from_slice(&bytes[self.lines_at..self.length]),
        }
        out
    }
}

fn check_target(method: &Method, target: &str) -> Result<(), BadRequest> {
    let is_absolute = || {
        target.split_once("://").is_some_and(|(scheme, _)| {
            !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
    };
    if target.starts_with('/') || target == "*" || *method == Method::CONNECT {
        Ok(())
    } else if is_absolute() {
        Err(BadRequest::AbsoluteForm)
    } else {
        Err(BadRequest::NotAPath(target.chars().take(100).collect()))
    }
}

fn request_framing(lines: &[Header<'_>], version: u8) -> Result<Framing, BadRequest> {
    let codings = named(lines, "transfer-encoding").count();
    let length = length(lines).map_err(BadRequest::Ambiguous)?;
    match (codings, length) {
        (0, length) => Ok(Framing::Length(length.unwrap_or(0))),
        (_, Some(_)) => Err(BadRequest::Ambiguous(
            "it has both Transfer-Encoding and Content-Length",
        )),
        // RFC 9112, 6.1
        (_, None) if version == 0 => Err(BadRequest::Ambiguous(
            "it has Transfer-Encoding, which HTTP/1.0 does not define",
        )),
        (_, None) if ends_chunked(lines) => Ok(Framing::chunked()),
        (_, None) => Err(BadRequest::Ambiguous(
            "its Transfer-Encoding does not end with chunked",
        )),
    }
}

/// The head of a response.
#[derive(Debug)]
pub(super) struct ResponseHead {
    pub(super) status: u16,
    /// The status line, without its end.
    pub(super) line: String,
    pub(super) headers: Headers,
    pub(super) body: ResponseBody,
    /// The length of the head.
    pub(super) length: usize,
}

/// What follows the head of a response.
#[derive(Debug)]
pub(super) enum ResponseBody {
    /// Another head: the response is informational.
    Head,
    Framed(Framing),
    /// Any bytes, both ways.
    Tunnel,
}

impl ResponseHead {
    /// Reads the head that `bytes` begin with, of the response to a request with `method`; `None` if it is not
    /// complete.
    pub(super) fn read(bytes: &[u8], method: &Method) -> Result<Option<Self>, httparse::Error> {
        let mut lines = [EMPTY_HEADER; MAX_LINES];
        let mut response = httparse::Response::new(&mut lines);
        let parsed = ParserConfig::default()
            .allow_obsolete_multiline_headers_in_responses(true)
            .allow_spaces_after_header_name_in_responses(true)
            .allow_multiple_spaces_in_response_status_delimiters(true)
            .ignore_invalid_headers_in_responses(true)
            .parse_response(&mut response, bytes)?;
        let length = match parsed {
            Status::Complete(length) => length,
            Status::Partial if bytes.len() < MAX_HEAD => return Ok(None),
            Status::Partial => return Err(httparse::Error::TooManyHeaders),
        };
        let (Some(status), Some(version)) = (response.code, response.version) else {
            return Ok(None);
        };
        let reason = response.reason.unwrap_or_default();
        Ok(Some(Self {
            status,
            line: format!("HTTP/1.{version} {status:03} {reason}")
                .trim_end()
                .to_owned(),
            body: response_body(status, method, response.headers),
            headers: text_headers(response.headers),
            length,
        }))
    }

    /// All values of a header, joined with commas.
    pub(super) fn joined(&self, name: &str) -> String {
        let values = self
            .headers
            .iter()
            .filter(|(one, _)| one.eq_ignore_ascii_case(name));
        let values: Vec<_> = values.map(|(_, value)| value.as_str()).collect();
        values.join(",")
    }

    /// Whether the body is an event stream.
    pub(super) fn is_event_stream(&self) -> bool {
        let essence =
            header(&self.headers, "content-type").and_then(|value| value.split(';').next());
        essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("text/event-stream"))
    }
}

/// RFC 9112, 6.3
fn response_body(status: u16, method: &Method, lines: &[Header<'_>]) -> ResponseBody {
    match status {
        101 => return ResponseBody::Tunnel,
        100..200 => return ResponseBody::Head,
        200..300 if *method == Method::CONNECT => return ResponseBody::Tunnel,
        _ => {}
    }
    let has_no_body = *method == Method::HEAD || matches!(status, 204 | 304);
    let is_coded = named(lines, "transfer-encoding").next().is_some();
    ResponseBody::Framed(match length(lines) {
        _ if has_no_body => Framing::NONE,
        _ if is_coded && ends_chunked(lines) => Framing::chunked(),
        Ok(Some(length)) if !is_coded => Framing::Length(length),
        _ => Framing::UntilClose,
    })
}

/// The length of the body that a head declares.
fn length(lines: &[Header<'_>]) -> Result<Option<u64>, &'static str> {
    let mut length = None;
    let values = named(lines, "content-length").flat_map(|value| value.split(|&byte| byte == b','));
    for value in values {
        let value = value.trim_ascii();
        let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        let number = str::from_utf8(value)
            .ok()
            .and_then(|value| value.parse().ok());
        match number.filter(|_| is_number) {
            None => return Err("its Content-Length is not a number"),
            Some(number) if length.is_some_and(|length| length != number) => {
                return Err("it has several different Content-Lengths");
            }
            Some(number) => length = Some(number),
        }
    }
    Ok(length)
}

/// Whether the last transfer coding is `chunked`.
fn ends_chunked(lines: &[Header<'_>]) -> bool {
    named(lines, "transfer-encoding")
        .last()
        .and_then(|value| value.rsplit(|&byte| byte == b',').next())
        .is_some_and(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"chunked"))
}

fn named<'a>(lines: &'a [Header<'a>], name: &str) -> impl Iterator<Item = &'a [u8]> {
    lines
        .iter()
        .filter(move |line| line.name.eq_ignore_ascii_case(name))
        .map(|line| line.value)
}

/// Where in `bytes` its part `part` is.
fn place(bytes: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(bytes.as_ptr() as usize)?;
    let place = start..start + part.len();
    (bytes.get(place.clone()) == Some(part)).then_some(place)
}

/// The first value of a header.
pub(crate) fn header<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    let mut values = headers
        .iter()
        .filter(|(one, _)| one.eq_ignore_ascii_case(name));
    values.next().map(|(_, value)| value.as_str())
}

/// Header lines as text: in UTF-8, or else in Latin-1, as RFC 9110, 5.5 has it. A folded line is unfolded.
pub(super) fn text_headers(lines: &[Header<'_>]) -> Headers {
    let text = |bytes: &[u8]| match str::from_utf8(bytes) {
        Ok(text) => text.replace("\r\n", ""),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    };
    lines
        .iter()
        .map(|line| (line.name.to_owned(), text(line.value)))
        .collect()
}
