//! Where a redirect leads: HTTP-redirect fetch (Fetch, 4.4).

use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use url::Url;

use super::{
    failure::Failure,
    request::{Request, has_credentials},
};

/// How many redirects are followed, as in Fetch.
const MAX_REDIRECTS: usize = 20;

/// The headers that describe a body (Fetch, 2.2.2: request-body-header names).
const OF_THE_BODY: [HeaderName; 4] = [
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LOCATION,
    header::CONTENT_TYPE,
];

/// The headers that are for one origin only. Fetch removes `Authorization`; a page cannot set the others.
const OF_THE_ORIGIN: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::HOST,
    header::PROXY_AUTHORIZATION,
];

/// A redirect that was followed.
#[derive(Clone, Debug)]
pub(super) struct Hop {
    pub(super) url: Url,
    pub(super) status: StatusCode,
    pub(super) location: String,
}

/// If the response to `request` is a redirect, changes `request` to the next one, and notes the redirect in
/// `hops`. Returns whether it is one.
///
/// # Errors
///
/// If it leads nowhere, or if there are too many.
pub(super) fn follow(
    request: &mut Request,
    hops: &mut Vec<Hop>,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<bool, Failure> {
    let Some(location) = headers
        .get(header::LOCATION)
        .filter(|_| is_redirect(status))
    else {
        return Ok(false);
    };
    let location = String::from_utf8_lossy(location.as_bytes()).into_owned();
    let from = request.url.clone();
    let count = hops.len();
    let is_loop = hops.iter().any(|hop| hop.url == from);
    hops.push(Hop {
        url: from.clone(),
        status,
        location: location.clone(),
    });
    if count == MAX_REDIRECTS {
        return Err(Failure::too_many_redirects(
            MAX_REDIRECTS,
            is_loop.then_some(&from),
        ));
    }
    let nowhere = |why| Failure::redirect(&from, &location, why);
    let mut url = from
        .join(&location)
        .map_err(|_| nowhere("which is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(nowhere("which does not begin with http:// or https://"));
    }
    if has_credentials(&url) {
        return Err(nowhere("which has a user or a password in it"));
    }
    url.set_fragment(None);

    let becomes_get = match status {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => request.method == Method::POST,
        StatusCode::SEE_OTHER => !matches!(request.method, Method::GET | Method::HEAD),
        _ => false,
    };
    if becomes_get {
        request.method = Method::GET;
        request.body = None;
        remove(&mut request.headers, &OF_THE_BODY);
    }
    if url.origin() != from.origin() {
        remove(&mut request.headers, &OF_THE_ORIGIN);
    }
    request.url = url;
    Ok(true)
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn remove(headers: &mut HeaderMap, names: &[HeaderName]) {
    for name in names {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str) -> Request {
        let json = format!(
            r#"{{"url":"http://a.example/x/y?z","method":"{method}","body":"b","headers":[
            ["content-type","text/plain"],["authorization","a"],["cookie","c"],["host","h"],["x-key","k"]]}}"#
        );
        Request::parse(json.as_bytes()).expect("a request")
    }

    fn followed(method: &str, status: u16, location: &str) -> Result<Request, Failure> {
        let mut request = request(method);
        let status = StatusCode::from_u16(status).expect("a status");
        let mut headers = HeaderMap::new();
        headers.insert("location", location.parse().expect("a value"));
        let mut hops = Vec::new();
        assert!(follow(&mut request, &mut hops, status, &headers)?);
        assert_eq!(hops[0].url.as_str(), "http://a.example/x/y?z");
        assert_eq!((hops[0].status, &*hops[0].location), (status, location));
        Ok(request)
    }

    #[test]
    fn the_method_changes_as_in_fetch() {
        for (method, status, expected) in [
            ("POST", 301, "GET"),
            ("POST", 302, "GET"),
            ("POST", 303, "GET"),
            ("POST", 307, "POST"),
            ("POST", 308, "POST"),
            ("PUT", 301, "PUT"),
            ("PUT", 302, "PUT"),
            ("PUT", 303, "GET"),
            ("HEAD", 303, "HEAD"),
        ] {
            let next = followed(method, status, "/n").expect("a redirect");
            assert_eq!(next.method, expected, "{method} {status}");
            let lost_its_body = expected == "GET";
            assert_eq!(next.body.is_none(), lost_its_body, "{method} {status}");
            let lost_its_type = !next.headers.contains_key("content-type");
            assert_eq!(lost_its_type, lost_its_body, "{method} {status}");
        }
    }

    #[test]
    fn credentials_stay_with_their_origin() {
        for (location, url, keeps) in [
            ("/n#f", "http://a.example/n", true),
            ("n", "http://a.example/x/n", true),
            ("//b.example/", "http://b.example/", false),
            ("http://a.example:81/", "http://a.example:81/", false),
            ("https://a.example/", "https://a.example/", false),
        ] {
            let next = followed("GET", 302, location).expect("a redirect");
            assert_eq!(next.url.as_str(), url);
            for name in ["authorization", "cookie", "host"] {
                assert_eq!(next.headers.contains_key(name), keeps, "{location} {name}");
            }
            assert!(next.headers.contains_key("x-key"));
        }
    }

    #[test]
    fn a_redirect_that_leads_nowhere_fails() {
        for location in [
            "http://",
            "file:///etc/passwd",
            "javascript:1",
            "http://u:p@b.example/",
        ] {
            let failure = followed("GET", 302, location).expect_err("nowhere");
            assert_eq!(failure.kind, "redirect");
            assert!(failure.text.contains(location), "{}", failure.text);
        }
    }

    #[test]
    fn other_responses_are_not_redirects() {
        let mut headers = HeaderMap::new();
        headers.insert("location", "/n".parse().expect("a value"));
        for (status, headers) in [(200, &headers), (304, &headers), (302, &HeaderMap::new())] {
            let status = StatusCode::from_u16(status).expect("a status");
            let followed = follow(&mut request("GET"), &mut Vec::new(), status, headers);
            assert!(!followed.expect("no redirect"), "{status}");
        }
    }
}
