//! Converts between the page's address and a [`Request`]: `/?url=…&via=fetch&events=a,b`.

use leptos::prelude::window;
use wasm_bindgen::JsValue;
use web_sys::Url;

use crate::{
    request::Request,
    source::{begins_with_a_host, resolve},
};

/// The path of the default stream, on this page's own server.
const DEFAULT_PATH: &str = "/stream";

/// Hosts whose `/stream` is the default stream whatever the page's own host: the server's default
/// address.
const DEFAULT_HOSTS: [&str; 2] = ["127.0.0.1:8844", "localhost:8844"];

/// The event type that the default stream has in addition to `message`.
pub(crate) const CONNECT_TIME: &str = "connecttime";

/// The request in the page's address, or one for the default stream if the address has none. The state of
/// the history entry has the parts that are not in the address.
pub(crate) fn requested() -> Request {
    let search = window().location().search().unwrap_or_default();
    let query = search.trim_start_matches('?');
    let mut request = Request::from_query(query);
    let state = window().history().and_then(|history| history.state());
    if let Some(state) = state.ok().and_then(|state| state.as_string()) {
        let Request { headers, body, .. } = Request::from_query(&state);
        for (part, kept) in [(&mut request.headers, headers), (&mut request.body, body)] {
            if part.is_empty() {
                *part = kept;
            }
        }
    }
    let is_given =
        |name: &str| form_urlencoded::parse(query.as_bytes()).any(|(known, _)| known == name);
    if !is_given("url") {
        DEFAULT_PATH.clone_into(&mut request.url);
    }
    request.url = with_scheme(&request.url);
    if !is_given("events") {
        request.events = usual_types(&request.url);
    }
    request
}

/// The event types to subscribe to at `url` by default: if the generator makes the stream there, the
/// types that the stream contains; otherwise none.
pub(crate) fn usual_types(url: &str) -> String {
    match resolve(url) {
        Ok(url) if is_generated(&url) => generated_types(&url.search()),
        _ => String::new(),
    }
}

/// The event types that the generator's stream for `query` contains in addition to `message`.
fn generated_types(query: &str) -> String {
    let mut types = String::new();
    let mut resumes = false;
    for (name, value) in form_urlencoded::parse(query.trim_start_matches('?').as_bytes()) {
        match &*name {
            "event" => types = value.into_owned(),
            "resume" => resumes = value != "ignore",
            _ => {}
        }
    }
    if types.is_empty() {
        // Some parameters do not change the events of the default stream. With the others, this
        // additional subscription has no effect.
        types.push_str(CONNECT_TIME);
    }
    if resumes {
        types.push_str(", incomplete");
    }
    types
}

/// Adds a scheme to `given` if it begins with a host: `http://`, as curl does, or `https://` for a domain
/// name without a port, which is probably a public server. Such a server usually redirects `http://`, and
/// a page may follow a redirection from another origin only if the response allows it (CORS).
pub(crate) fn with_scheme(given: &str) -> String {
    let given = given.trim();
    if !begins_with_a_host(given) {
        return given.to_owned();
    }
    let host = given.split(['/', '?', '#']).next().unwrap_or_default();
    // The last label of a domain name begins with a letter; that of an IPv4 address is a number.
    let label = host.trim_end_matches('.').rsplit('.').next();
    // Letters beyond ASCII are not looked up: their table would add 2 kB to the page.
    let is_letter = |c: char| c.is_ascii_alphabetic() || !c.is_ascii();
    let is_domain = label.is_some_and(|label| label.starts_with(is_letter));
    let is_public = is_domain && host.contains('.') && !host.contains(':') && !is_local(host);
    let scheme = if is_public { "https://" } else { "http://" };
    [scheme, given].concat()
}

/// Whether a domain name belongs to this computer or to the local network.
fn is_local(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    [".localhost", ".local", ".lan", ".internal", ".test"]
        .iter()
        .any(|end| host.ends_with(end))
}

/// Whether the page's address asks for the log as a client with an `EventSource` receives it.
pub(crate) fn has_lens() -> bool {
    let search = window().location().search().unwrap_or_default();
    let mut parameters = form_urlencoded::parse(search.trim_start_matches('?').as_bytes());
    parameters.any(|(name, value)| name == "lens" && value == "eventsource")
}

/// The address of the page for `request`; see [`Request::parameters`] for `with_body`, and [`has_lens`].
pub(crate) fn address_of(
    request: &Request,
    lens: bool,
    with_body: bool,
) -> Result<String, JsValue> {
    let address = Url::new(&window().location().href()?)?;
    let mut query = request.to_query(with_body);
    if lens {
        query.push_str("&lens=eventsource");
    }
    address.set_search(&query);
    Ok(address.href())
}

/// How an address enters the history of the tab.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// In place of the current one.
    Same,
    /// After the current one, so that Back returns to that.
    New,
}

/// Sets the page's address to that of `request`. Its headers and body go into the state of the history
/// entry, which survives a reload and is not part of the address.
///
/// A browser may refuse if changes are too frequent or the state is too large; the page works without it.
pub(crate) fn show(request: &Request, lens: bool, entry: Entry) {
    let address = address_of(request, lens, false);
    let (Ok(address), Ok(history)) = (address, window().history()) else {
        return;
    };
    let state = if request.headers.is_empty() && request.body.is_empty() {
        JsValue::NULL
    } else {
        request.to_query(true).into()
    };
    let set = |state: &JsValue| match entry {
        Entry::Same => history.replace_state_with_url(state, "", Some(&address)),
        Entry::New => history.push_state_with_url(state, "", Some(&address)),
    };
    if set(&state).is_err() {
        let _ = set(&JsValue::NULL);
    }
}

/// Whether `url` is the default stream.
pub(crate) fn is_default_stream(url: &str) -> bool {
    resolve(url).is_ok_and(|url| is_generated(&url) && url.search().is_empty())
}

/// Whether the generator makes the stream at `url`.
fn is_generated(url: &Url) -> bool {
    let here = window().location().host().unwrap_or_default();
    url.pathname() == DEFAULT_PATH
        && (url.host() == here || DEFAULT_HOSTS.contains(&url.host().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_gets_a_scheme() {
        for (given, expected) in [
            ("localhost:3000/x", "http://localhost:3000/x"),
            (" localhost ", "http://localhost"),
            (
                "127.0.0.1:8844/stream?a=b",
                "http://127.0.0.1:8844/stream?a=b",
            ),
            ("192.168.1.20/events", "http://192.168.1.20/events"),
            ("[::1]:8844/x", "http://[::1]:8844/x"),
            ("raspberry.local/x", "http://raspberry.local/x"),
            ("example.org:8080/x", "http://example.org:8080/x"),
            ("example.org", "https://example.org"),
            ("example.org/x?a=b:c", "https://example.org/x?a=b:c"),
            ("api.example.co.uk/v1", "https://api.example.co.uk/v1"),
            // These have a scheme, are paths on the page's own server, or are not URLs.
            ("http://example.org", "http://example.org"),
            ("ftp://example.org/", "ftp://example.org/"),
            ("javascript:alert(1)", "javascript:alert(1)"),
            ("/stream", "/stream"),
            ("./a.b", "./a.b"),
            ("?a=b.c", "?a=b.c"),
            ("stream", "stream"),
            ("", ""),
        ] {
            assert_eq!(with_scheme(given), expected, "{given:?}");
        }
    }

    #[test]
    fn event_types_of_a_generated_stream_are_those_in_its_query() {
        for (query, expected) in [
            ("", "connecttime"),
            ("?interval=5", "connecttime"),
            ("?event=a,b%20c", "a,b c"),
            ("?event=&resume=ignore", "connecttime"),
            ("?resume=replay", "connecttime, incomplete"),
            ("?event=a&resume=gap", "a, incomplete"),
        ] {
            assert_eq!(generated_types(query), expected, "{query}");
        }
    }
}
