//! What the page asks for.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use bytes::Bytes;
use serde::Deserialize;
use url::Url;

/// The headers that belong to a connection or to the framing of a message: the relay sets them itself.
const OWN: [HeaderName; 10] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// A request to a server.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) url: Url,
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
}

/// Why a request is not made.
#[derive(Debug, thiserror::Error)]
pub(super) enum RequestError {
    #[error(
        "The request is not JSON such as {{\"url\":\"https://example.org/events\",\"method\":\"GET\",\
         \"headers\":[[\"accept\",\"text/event-stream\"]],\"body\":null}}: {0}."
    )]
    Json(#[from] serde_json::Error),
    #[error("“{0}” is not a whole URL that begins with http:// or https://.")]
    Url(String),
    #[error(
        "The URL has a user or a password in it. Send them in the header `Authorization` instead."
    )]
    Credentials,
    #[error("“{0}” is not a method that can be relayed, such as GET or POST.")]
    Method(String),
    #[error("“{0}” is not the name of a header.")]
    HeaderName(String),
    #[error("The value of the header {0} has characters that no header can have.")]
    HeaderValue(HeaderName),
    #[error("The header {0} cannot be set: the relay sets it as the connection requires.")]
    OwnHeader(HeaderName),
    #[error("The request has the header {0} twice.")]
    Twice(HeaderName),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    url: String,
    method: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

impl Request {
    /// Reads and checks what the page asks for.
    pub(super) fn parse(json: &[u8]) -> Result<Self, RequestError> {
        let asked: Asked = serde_json::from_slice(json)?;
        let mut url = Url::parse(&asked.url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or(RequestError::Url(asked.url))?;
        if has_credentials(&url) {
            return Err(RequestError::Credentials);
        }
        url.set_fragment(None);
        Ok(Self {
            url,
            method: method(&asked.method).ok_or(RequestError::Method(asked.method))?,
            headers: headers(&asked.headers)?,
            body: asked.body.map(Bytes::from),
        })
    }
}

/// Whether a URL has a user or a password.
pub(super) fn has_credentials(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// The methods of Fetch (2.2.1): all but three.
fn method(name: &str) -> Option<Method> {
    let forbidden = ["CONNECT", "TRACE", "TRACK"];
    let is_forbidden = forbidden.iter().any(|one| one.eq_ignore_ascii_case(name));
    Method::from_bytes(name.as_bytes())
        .ok()
        .filter(|_| !is_forbidden)
}

fn headers(given: &[(String, String)]) -> Result<HeaderMap, RequestError> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let name =
            HeaderName::try_from(name).map_err(|_| RequestError::HeaderName(name.clone()))?;
        if OWN.contains(&name) {
            return Err(RequestError::OwnHeader(name));
        }
        // RFC 9112, 3.2: a request with two is refused.
        if name == header::HOST && headers.contains_key(&name) {
            return Err(RequestError::Twice(name));
        }
        let value = HeaderValue::from_bytes(value.trim_matches([' ', '\t']).as_bytes())
            .map_err(|_| RequestError::HeaderValue(name.clone()))?;
        headers.append(name, value);
    }
    // A body as it was sent, unless the user wants to see what a server compresses.
    headers
        .entry(header::ACCEPT_ENCODING)
        .or_insert(HeaderValue::from_static("identity"));
    headers
        .entry(header::USER_AGENT)
        .or_insert(HeaderValue::from_static(concat!(
            "sse-scope/",
            env!("CARGO_PKG_VERSION")
        )));
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_relayed_is_named() {
        let ask = |url: &str, method: &str, headers: &str| {
            let json =
                format!(r#"{{"url":"{url}","method":"{method}","headers":{headers},"body":null}}"#);
            Request::parse(json.as_bytes())
                .expect_err("refused")
                .to_string()
        };
        for (error, named) in [
            (ask("ftp://a/", "GET", "[]"), "ftp://a/"),
            (ask("/stream", "GET", "[]"), "/stream"),
            (ask("http://a:b@c/", "GET", "[]"), "Authorization"),
            (ask("http://a/", "CONNECT", "[]"), "CONNECT"),
            (ask("http://a/", "G ET", "[]"), "G ET"),
            (ask("http://a/", "GET", r#"[["a b","c"]]"#), "a b"),
            (ask("http://a/", "GET", r#"[["x-a","b\nc: d"]]"#), "x-a"),
            (
                ask("http://a/", "GET", r#"[["Content-Length","3"]]"#),
                "content-length",
            ),
            (
                ask("http://a/", "GET", r#"[["transfer-encoding","chunked"]]"#),
                "transfer-encoding",
            ),
            (
                ask("http://a/", "GET", r#"[["host","a"],["Host","b"]]"#),
                "host",
            ),
            (ask("http://a/", "GET", "{}"), "JSON"),
        ] {
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn the_relay_adds_only_what_is_not_given() {
        let parse = |headers: &str| {
            let json = format!(
                r#"{{"url":"http://a/#b","method":"POST","headers":{headers},"body":"é"}}"#
            );
            Request::parse(json.as_bytes()).expect("a request")
        };
        let request = parse("[]");
        assert_eq!(request.url.as_str(), "http://a/");
        assert_eq!(request.body.as_deref(), Some("é".as_bytes()));
        assert_eq!(request.headers["accept-encoding"], "identity");
        assert!(
            request.headers["user-agent"]
                .as_bytes()
                .starts_with(b"sse-scope/")
        );
        assert_eq!(request.headers.len(), 2);
        let request =
            parse(r#"[["User-Agent","x"],["Accept-Encoding","gzip"],["a","1"],["a","2"]]"#);
        assert_eq!(request.headers["user-agent"], "x");
        assert_eq!(request.headers["accept-encoding"], "gzip");
        assert_eq!(request.headers.get_all("a").iter().count(), 2);
    }
}
