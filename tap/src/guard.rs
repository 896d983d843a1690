//! Which requests are those of the page that this server has served.
//!
//! What is behind the guard reaches other servers with the rights of this machine, and shows what others
//! sent. A page of any site can send requests to this server; it cannot read the token, which is in the page.

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// The header with the token.
const TOKEN: HeaderName = HeaderName::from_static("x-sse-scope-token");

/// Set by browsers, and not to be set by pages: where a request comes from (Fetch Metadata, 2.3).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Set by reverse proxies.
const FORWARDED: [HeaderName; 6] = [
    header::FORWARDED,
    header::VIA,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-real-ip"),
];

/// Lets the requests of the page pass, and no others.
#[derive(Clone)]
pub struct Guard {
    token: String,
    may_be_forwarded: bool,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Without the token, or with another.
    #[error(
        "This is for the page of this server only: the header x-sse-scope-token must have the token of the page. \
         If the server was started again, reload the page."
    )]
    Token,
    /// From a page of another origin.
    #[error(
        "A page of another origin may not use this: `Origin` must have the host and the port of `Host`."
    )]
    Origin,
    /// From a page of another site, or not from a page.
    #[error("A page of another origin may not use this: `Sec-Fetch-Site` must be `same-origin`.")]
    Site,
    /// Through a reverse proxy.
    #[error(
        "This request came through a proxy, so that it can be anyone's: start the server with --relay to allow \
         it."
    )]
    Forwarded,
}

impl Guard {
    /// A guard with a new token, which refuses requests that a reverse proxy forwards: a server for this
    /// machine only may unknowingly be open to others by one.
    ///
    /// # Errors
    ///
    /// If the system has no random bytes.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut random = [0; 16];
        getrandom::fill(&mut random)?;
        Ok(Self {
            token: URL_SAFE_NO_PAD.encode(random),
            may_be_forwarded: false,
        })
    }

    /// Lets requests pass that a reverse proxy forwards.
    pub fn allow_forwarded(mut self) -> Self {
        self.may_be_forwarded = true;
        self
    }

    /// The token, for the page and nothing else.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Checks a request.
    ///
    /// # Errors
    ///
    /// If it is not one of the page.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if self.is_forwarded(headers) {
            return Err(Refusal::Forwarded);
        }
        match only(headers, &header::ORIGIN) {
            Ok(None) => {}
            Ok(Some(origin)) if is_origin_of(origin, headers) => {}
            _ => return Err(Refusal::Origin),
        }
        match only(headers, &SEC_FETCH_SITE) {
            Ok(None) => {}
            Ok(Some(site)) if site == "same-origin" => {}
            _ => return Err(Refusal::Site),
        }
        match only(headers, &TOKEN) {
            Ok(Some(token)) if equal(token.as_bytes(), self.token.as_bytes()) => Ok(()),
            _ => Err(Refusal::Token),
        }
    }

    /// Whether a reverse proxy has forwarded the request, where none may.
    pub fn is_forwarded(&self, headers: &HeaderMap) -> bool {
        !self.may_be_forwarded && FORWARDED.iter().any(|name| headers.contains_key(name))
    }

    /// Puts the guard before every route of `router`. Responses are not stored and not sniffed.
    ///
    /// A method that a route does not support is refused before the guard: no route supports OPTIONS, so that a
    /// preflight gets 405, without a CORS header.
    pub fn before<S: Clone + Send + Sync + 'static>(&self, router: Router<S>) -> Router<S> {
        router.route_layer(middleware::from_fn_with_state(self.clone(), guard))
    }
}

async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let mut response = match guard.check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => text(StatusCode::FORBIDDEN, &refusal),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

/// A response of one sentence.
pub(crate) fn text(status: StatusCode, sentence: &impl ToString) -> Response {
    let content_type = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (status, content_type, sentence.to_string() + "\n").into_response()
}

/// The value of a header that a request has once at most.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a HeaderValue>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        _ => Err(()),
    }
}

/// Whether an origin has the host and the port that the request is for. Both leave out the default port.
fn is_origin_of(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let Ok(Some(host)) = only(headers, &header::HOST) else {
        return false;
    };
    let origin = origin.as_bytes();
    let authority = origin
        .strip_prefix(b"http://")
        .or_else(|| origin.strip_prefix(b"https://"));
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host.as_bytes()))
}

/// Compares in a time that does not depend on where the first difference is.
fn equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard() -> Guard {
        Guard::new().expect("random bytes")
    }

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().expect("a value"));
        }
        headers
    }

    #[test]
    fn each_launch_has_a_token_of_its_own() {
        let guard = guard();
        assert_eq!(guard.token().len(), 22);
        assert_ne!(guard.token(), Guard::new().expect("random bytes").token());
    }

    #[test]
    fn only_requests_of_the_page_pass() {
        let guard = guard();
        let token = guard.token().to_owned();
        let old = Guard::new().expect("random bytes").token().to_owned();
        let host = ("host", "127.0.0.1:8844");
        let own = ("x-sse-scope-token", &*token);
        for (lines, expected) in [
            (&[host, own][..], Ok(())),
            (&[host, own, ("origin", "http://127.0.0.1:8844")], Ok(())),
            (&[host, own, ("sec-fetch-site", "same-origin")], Ok(())),
            (
                &[
                    ("host", "scope.example"),
                    own,
                    ("origin", "https://Scope.Example"),
                ],
                Ok(()),
            ),
            (&[host], Err(Refusal::Token)),
            (&[host, ("x-sse-scope-token", "")], Err(Refusal::Token)),
            (&[host, ("x-sse-scope-token", &old)], Err(Refusal::Token)),
            (
                &[host, ("x-sse-scope-token", &token[1..])],
                Err(Refusal::Token),
            ),
            (&[host, own, own], Err(Refusal::Token)),
            (&[host, own, ("origin", "null")], Err(Refusal::Origin)),
            (
                &[host, own, ("origin", "http://127.0.0.1:8845")],
                Err(Refusal::Origin),
            ),
            (
                &[host, own, ("origin", "http://127.0.0.1")],
                Err(Refusal::Origin),
            ),
            (
                &[host, own, ("origin", "http://evil.example")],
                Err(Refusal::Origin),
            ),
            (
                &[host, own, ("origin", "http://127.0.0.1:8844.evil.example")],
                Err(Refusal::Origin),
            ),
            (
                &[
                    host,
                    own,
                    ("origin", "http://evil.example"),
                    ("origin", "http://127.0.0.1:8844"),
                ],
                Err(Refusal::Origin),
            ),
            (
                &[own, ("origin", "http://127.0.0.1:8844")],
                Err(Refusal::Origin),
            ),
            (
                &[host, own, ("sec-fetch-site", "cross-site")],
                Err(Refusal::Site),
            ),
            (
                &[host, own, ("sec-fetch-site", "same-site")],
                Err(Refusal::Site),
            ),
            (&[host, own, ("sec-fetch-site", "none")], Err(Refusal::Site)),
            (
                &[host, own, ("x-forwarded-for", "192.0.2.1")],
                Err(Refusal::Forwarded),
            ),
            (&[host, own, ("via", "1.1 proxy")], Err(Refusal::Forwarded)),
        ] {
            assert_eq!(guard.check(&headers(lines)), expected, "{lines:?}");
        }
        let forwarded = headers(&[host, own, ("x-forwarded-for", "192.0.2.1")]);
        assert_eq!(guard.allow_forwarded().check(&forwarded), Ok(()));
    }
}
