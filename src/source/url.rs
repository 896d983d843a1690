//! What can be opened.

use leptos::prelude::document;
use web_sys::Url;

/// Why a text is not the URL of an event stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// There is none.
    #[error("The URL is empty: give one such as /stream or https://example.org/events.")]
    Empty,
    /// It is not a URL.
    #[error("“{given}” is not a URL: give one such as /stream or https://example.org/events.")]
    Unparsable {
        /// What was given.
        given: String,
    },
    /// It begins with the name of a server, and a URL with its scheme.
    #[error(
        "“{given}” has no scheme: write http://{given} for that server, or ./{given} for a path of this one."
    )]
    NoScheme {
        /// What was given.
        given: String,
    },
    /// It is not of the web.
    #[error(
        "“{given}” has the scheme “{scheme}”: an event stream has http: or https:, as in http://localhost:8844/stream."
    )]
    Scheme {
        /// What was given.
        given: String,
        /// Its scheme, with the colon.
        scheme: String,
    },
}

/// The absolute form of `given`, which may be relative to the page.
///
/// # Errors
///
/// If nothing could be opened there.
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

/// Whether a server is named where a scheme or a path should be: `localhost:8844/x` would have the
/// scheme `localhost:`, and `example.org/x` would be a path of the page's own server.
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
    fn a_server_without_a_scheme_is_told_from_paths_and_schemes() {
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
