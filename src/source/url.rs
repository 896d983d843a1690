//! The URL of an event stream.

use leptos::prelude::document;
use web_sys::Url;

/// Why a text is not the URL of an event stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// The text is empty.
    #[error("The URL is empty: give one such as /stream or https://example.org/events.")]
    Empty,
    /// The text is not a URL.
    #[error("“{given}” is not a URL: give one such as /stream or https://example.org/events.")]
    Unparsable {
        /// The text.
        given: String,
    },
    /// The text begins with a host; a URL begins with its scheme.
    #[error(
        "“{given}” has no scheme: write http://{given} for that server, or ./{given} for a path of this one."
    )]
    NoScheme {
        /// The text.
        given: String,
    },
    /// The scheme is not one of the web.
    #[error(
        "“{given}” has the scheme “{scheme}”: an event stream has http: or https:, as in http://localhost:8844/stream."
    )]
    Scheme {
        /// The text.
        given: String,
        /// The scheme, with the colon.
        scheme: String,
    },
}

/// The absolute URL of `given`, which may be relative to the page.
///
/// # Errors
///
/// Why no stream can be opened there.
pub(crate) fn resolve(given: &str) -> Result<Url, UrlError> {
    let given = given.trim();
    if given.is_empty() {
        return Err(UrlError::Empty);
    }
    if begins_with_a_host(given) {
        return Err(UrlError::NoScheme {
            given: given.to_owned(),
        });
    }
    let base = document().base_uri().ok().flatten().unwrap_or_default();
    let url = Url::new_with_base(given, &base).map_err(|_| UrlError::Unparsable {
        given: given.to_owned(),
    })?;
    match url.protocol().as_str() {
        "http:" | "https:" => Ok(url),
        scheme => Err(UrlError::Scheme {
            given: given.to_owned(),
            scheme: scheme.to_owned(),
        }),
    }
}

/// Whether `given` begins with a host instead of a scheme or a path. As a URL, `localhost:8844/x` has the
/// scheme `localhost:`, and `example.org/x` is a path on this page's own server.
pub(crate) fn begins_with_a_host(given: &str) -> bool {
    let first = given.split(['/', '?', '#']).next().unwrap_or_default();
    if first.starts_with('[') {
        // An IPv6 address.
        return first.contains("]:") || first.ends_with(']');
    }
    match first.split_once(':') {
        Some((_, port)) => !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()),
        None => first == "localhost" || (first.contains('.') && !first.starts_with('.')),
    }
}

#[cfg(test)]
mod tests {
    use super::begins_with_a_host;

    #[test]
    fn a_host_is_distinguished_from_a_path_and_a_scheme() {
        for (given, expected) in [
            ("localhost", true),
            ("localhost:8844/stream", true),
            ("127.0.0.1:9000?a=b", true),
            ("[::1]", true),
            ("[::1]:8844/x", true),
            ("[a", false),
            ("example.org/x", true),
            ("example.org", true),
            ("stream", false),
            ("/stream.txt", false),
            ("./a.b", false),
            ("../a.b", false),
            ("?a=b.c", false),
            ("http://example.org", false),
            ("http://example.org:80/x", false),
            ("javascript:alert(1)", false),
            ("data:text/plain,1", false),
        ] {
            assert_eq!(begins_with_a_host(given), expected, "{given}");
        }
    }
}
