//! A request for a stream: as entered, as sent, and as code for curl and JavaScript. Pure, except that
//! [`Way::Auto`] looks at the address of the page, and [`Way::Relay`] at what its server offers.

use crate::{
    address::is_default_stream,
    json::{self, quoted},
    offers::offers,
    via::{FetchRequest, Via},
};

/// The way that was chosen for a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Way {
    /// `EventSource` for the default stream, `fetch` for everything else, so that all that arrives is
    /// shown.
    #[default]
    Auto,
    EventSource,
    Fetch,
    /// By the server of the page. `Auto` never does so by itself.
    Relay,
}

/// Why a request is not sent by the relay.
const NO_RELAY: &str = "The server of this page offers no relay: sse-scope-server has one while it listens on loopback addresses only, and elsewhere with --relay.";

impl Way {
    /// The way with this name, in any case; `Auto` for any other name.
    pub(crate) fn named(name: &str) -> Self {
        [Self::EventSource, Self::Fetch, Self::Relay]
            .into_iter()
            .find(|way| way.name().eq_ignore_ascii_case(name))
            .unwrap_or_default()
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::EventSource => "EventSource",
            Self::Fetch => "fetch",
            Self::Relay => "relay",
        }
    }

    /// The way for the stream at `url`: never `Auto`.
    pub(crate) fn resolved(self, url: &str) -> Self {
        match self {
            Self::Auto if is_default_stream(url) => Self::EventSource,
            Self::Auto => Self::Fetch,
            way => way,
        }
    }
}

/// A request as entered in the form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) url: String,
    pub(crate) way: Way,
    /// The event types to subscribe to in addition to `message`, separated by commas. By fetch, all types
    /// arrive.
    pub(crate) events: String,
    pub(crate) with_credentials: bool,
    /// The method, for fetch and the relay; empty means GET.
    pub(crate) method: String,
    /// The headers, for fetch and the relay: on each line a name, a colon and a value.
    pub(crate) headers: String,
    /// The body, for fetch and the relay.
    pub(crate) body: String,
}

/// Which parts of two requests differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Differences {
    pub(crate) url: bool,
    /// The way that was chosen.
    pub(crate) way: bool,
    pub(crate) events: bool,
    /// Credentials and, by fetch, the method, headers and body.
    pub(crate) rest: bool,
}

impl Differences {
    /// Whether any part differs.
    pub(crate) fn any(self) -> bool {
        self.url || self.way || self.events || self.rest
    }
}

impl Request {
    /// The request with these parameters of the page's address, as a query.
    pub(crate) fn from_query(query: &str) -> Self {
        let mut request = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            request.set(&name, &value);
        }
        request
    }

    /// The query of the page's address for this request; see [`parameters`](Self::parameters).
    pub(crate) fn to_query(&self, with_body: bool) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(self.parameters(with_body))
            .finish()
    }

    /// Whether the request is sent by fetch, or by the relay, which sends and receives the same. A method, headers or a body need fetch, so `Auto` is fetch if
    /// there are any.
    pub(crate) fn by_fetch(&self) -> bool {
        match self.way {
            Way::Auto
                if !(self.method.is_empty() && self.headers.is_empty() && self.body.is_empty()) =>
            {
                true
            }
            way => way.resolved(&self.url) != Way::EventSource,
        }
    }

    /// The event types to subscribe to, each once. A type may contain spaces.
    pub(crate) fn event_types(&self) -> Vec<String> {
        let mut types: Vec<String> = Vec::new();
        for name in self.events.split(',').map(str::trim) {
            if !name.is_empty() && !types.iter().any(|known| known == name) {
                types.push(name.to_owned());
            }
        }
        types
    }

    /// Changes the URL. Event types belong to a URL, so the types of `open`, the request whose stream is
    /// open, are replaced by the `usual` types of the new URL, and are restored with the URL of `open`.
    /// Types that the user entered stay.
    pub(crate) fn set_url(&mut self, url: String, open: &Self, usual: impl Fn(&str) -> String) {
        let types_of = |url: &str| match url {
            _ if url == open.url => open.events.clone(),
            url => usual(url),
        };
        if self.events == types_of(&self.url) {
            self.events = types_of(&url);
        }
        self.url = url;
    }

    /// The parts in which the request, as sent, differs from `open`.
    pub(crate) fn differences(&self, open: &Self) -> Differences {
        let by_fetch = |request: &Self| {
            (
                request.method().to_owned(),
                request.headers.clone(),
                request.body.clone(),
            )
        };
        Differences {
            url: self.url != open.url,
            way: self.way != open.way,
            events: self.event_types() != open.event_types() && !self.by_fetch(),
            rest: self.sends_cookies() != open.sends_cookies()
                || (by_fetch(self) != by_fetch(open) && self.by_fetch()),
        }
    }

    /// Sets the part of the request that `parameter` of the page's address stands for.
    pub(crate) fn set(&mut self, parameter: &str, value: &str) {
        match parameter {
            "url" => value.trim().clone_into(&mut self.url),
            "via" => self.way = Way::named(value),
            "events" => value.clone_into(&mut self.events),
            "credentials" => self.with_credentials = value == "include",
            "method" => self.method = value.trim().to_ascii_uppercase(),
            "headers" => value.clone_into(&mut self.headers),
            "body" => value.clone_into(&mut self.body),
            _ => {}
        }
    }

    /// The parameters of the page's address for this request.
    ///
    /// Headers and body are left out unless `with_body`: they may be confidential, and a body may be longer
    /// than an address can be. The method stays, so that a reload does not turn the request into a GET.
    pub(crate) fn parameters(&self, with_body: bool) -> Vec<(&'static str, String)> {
        let mut parameters = vec![
            ("url", self.url.clone()),
            ("events", self.event_types().join(",")),
        ];
        let mut add = |name, value: &str| {
            if !value.is_empty() {
                parameters.push((name, value.to_owned()));
            }
        };
        if self.with_credentials {
            add("credentials", "include");
        }
        match self.way {
            Way::Auto => {}
            Way::EventSource => add("via", "eventsource"),
            Way::Fetch => add("via", "fetch"),
            Way::Relay => add("via", "relay"),
        }
        if self.by_fetch() {
            add("method", &self.method);
            if with_body {
                add("headers", &self.headers);
                add("body", &self.body);
            }
        }
        parameters
    }

    /// Whether the method is GET.
    pub(crate) fn is_get(&self) -> bool {
        !self.by_fetch() || self.method() == "GET"
    }

    /// Whether the browser sends its cookies to another origin: the relay has none.
    pub(crate) fn sends_cookies(&self) -> bool {
        self.with_credentials && self.way != Way::Relay
    }

    /// Whether the relay sends headers that were entered.
    pub(crate) fn relays_headers(&self) -> bool {
        self.way == Way::Relay && !self.headers.trim().is_empty()
    }

    /// The method that is sent by fetch.
    pub(crate) fn method(&self) -> &str {
        match &*self.method {
            "" => "GET",
            method => method,
        }
    }

    /// The names and values of the headers.
    ///
    /// # Errors
    ///
    /// A sentence about the first line that is not a header.
    pub(crate) fn header_pairs(&self) -> Result<Vec<(&str, &str)>, String> {
        self.headers
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(|line| match line.split_once(':') {
                Some((name, value)) if is_header(name.trim(), value) => {
                    Ok((name.trim(), value.trim()))
                }
                _ => Err(format!(
                    "The header “{line}” is not a name, a colon and a value, in letters that headers can have: write one a line, such as Authorization: Bearer x."
                )),
            })
            .collect()
    }

    /// How to receive the stream.
    ///
    /// # Errors
    ///
    /// A sentence about what cannot be sent.
    pub(crate) fn via(&self) -> Result<Via, String> {
        self.via_if(offers().relay)
    }

    /// The same; `has_relay` if there is a relay.
    fn via_if(&self, has_relay: bool) -> Result<Via, String> {
        if !self.by_fetch() {
            return Ok(Via::EventSource);
        }
        let is_relayed = self.way == Way::Relay;
        if is_relayed && !has_relay {
            return Err(NO_RELAY.to_owned());
        }
        let mut headers = self.header_pairs()?;
        if !is_relayed {
            self.check_for_browser(&headers)?;
        }
        if let Some(content_type) = self.json_type(&headers) {
            headers.push(content_type);
        }
        let request = FetchRequest {
            method: self.method().to_owned(),
            headers: headers
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: Some(self.body.clone()).filter(|body| !body.is_empty()),
        };
        Ok(match is_relayed {
            true => Via::Relay(request),
            false => Via::Fetch(request),
        })
    }

    /// Checks what a browser does not let a page send.
    fn check_for_browser(&self, headers: &[(&str, &str)]) -> Result<(), String> {
        if let Some((name, _)) = headers.iter().find(|(name, _)| is_forbidden_header(name)) {
            return Err(format!(
                "A browser does not let a page set the header “{name}” (Fetch standard, forbidden request-headers).{}",
                by_relay()
            ));
        }
        if !self.body.is_empty() && matches!(self.method(), "GET" | "HEAD") {
            return Err(format!(
                "A {} has no body in a browser: choose POST, or leave the body empty.{}",
                self.method(),
                by_relay()
            ));
        }
        Ok(())
    }

    /// The content type of a body that is a JSON object or array, unless it is among `headers`.
    fn json_type(&self, headers: &[(&str, &str)]) -> Option<(&'static str, &'static str)> {
        (!has(headers, "content-type") && json::is_container(&self.body))
            .then_some(("content-type", "application/json"))
    }

    /// The headers, with the defaults for those that were not entered.
    pub(crate) fn all_headers(&self) -> Vec<(&str, &str)> {
        let mut headers = self.header_pairs().unwrap_or_default();
        if !has(&headers, "accept") {
            headers.push(("accept", "text/event-stream"));
        }
        if let Some(content_type) = self.json_type(&headers) {
            headers.push(content_type);
        } else if !self.body.is_empty() && !has(&headers, "content-type") {
            // The type of a body that is a string (Fetch, 5.2).
            headers.push(("content-type", "text/plain;charset=UTF-8"));
        }
        headers
    }

    /// The request as a command line for a POSIX shell. `url` is absolute.
    pub(crate) fn as_curl(&self, url: &str) -> String {
        // -g: curl would expand brackets and braces in a URL.
        let mut command = "curl -gN".to_owned();
        let by_fetch = self.by_fetch();
        if by_fetch {
            if self.method() != "GET" {
                command.push_str(&format!(" -X {}", shell(self.method())));
            }
            for (name, value) in self.all_headers() {
                // curl sends a header without a value if the name ends with a semicolon instead of a
                // colon.
                let header = match value {
                    "" => [name, ";"].concat(),
                    value => [name, ": ", value].concat(),
                };
                command.push_str(&format!(" \\\n  -H {}", shell(&header)));
            }
            if !self.body.is_empty() {
                command.push_str(&format!(" \\\n  --data-raw {}", shell(&self.body)));
            }
        }
        if !by_fetch {
            command.push_str(" \\\n  -H 'accept: text/event-stream'");
        }
        command.push_str(&[" ", &shell(url)].concat());
        command
    }

    /// The request as JavaScript for a browser's console. `url` is absolute.
    pub(crate) fn as_javascript(&self, url: &str) -> String {
        if !self.by_fetch() {
            let init = if self.with_credentials {
                ", { withCredentials: true }"
            } else {
                ""
            };
            let mut program = format!("const source = new EventSource({}{init});\n", quoted(url));
            let types = ["message"]
                .into_iter()
                .map(str::to_owned)
                .chain(self.event_types());
            for name in types {
                let name = quoted(&name);
                program.push_str(&format!(
                    "source.addEventListener({name}, (event) => console.log({name}, event.lastEventId, event.data));\n"
                ));
            }
            return program;
        }
        let headers: Vec<String> = self
            .all_headers()
            .into_iter()
            .map(|(name, value)| format!("{}: {}", quoted(name), quoted(value)))
            .collect();
        let mut program = format!(
            "const response = await fetch({}, {{\n  method: {},\n  headers: {{ {} }},\n",
            quoted(url),
            quoted(self.method()),
            headers.join(", ")
        );
        if self.sends_cookies() {
            program.push_str("  credentials: \"include\",\n");
        }
        if !self.body.is_empty() {
            program.push_str(&format!("  body: {},\n", quoted(&self.body)));
        }
        program.push_str(
            "});\nconst text = response.body.pipeThrough(new TextDecoderStream());\n\
             for await (const chunk of text) console.log(chunk);\n",
        );
        program
    }
}

/// What to do about a request that a browser does not send.
fn by_relay() -> &'static str {
    match offers().relay {
        true => " The relay sends it.",
        false => "",
    }
}

/// Whether the header `name` is among `headers`.
fn has(headers: &[(&str, &str)], name: &str) -> bool {
    headers
        .iter()
        .any(|(known, _)| known.eq_ignore_ascii_case(name))
}

/// Whether a browser accepts the header: its name is a token, and its value has no character above
/// U+00FF (Fetch, 2.2.2).
fn is_header(name: &str, value: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(token) && value.chars().all(|char| u32::from(char) < 256)
}

/// `text` as one word of a POSIX shell.
fn shell(text: &str) -> String {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&byte);
    if !text.is_empty() && text.bytes().all(safe) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Whether browsers silently drop the request header `name` (Fetch, 2.2.2).
pub(crate) fn is_forbidden_header(name: &str) -> bool {
    const FORBIDDEN: &str = "accept-charset accept-encoding access-control-request-headers \
         access-control-request-method connection content-length cookie cookie2 date dnt expect \
         host keep-alive origin referer set-cookie te trailer transfer-encoding upgrade via";
    let name = name.to_ascii_lowercase();
    name.starts_with("proxy-")
        || name.starts_with("sec-")
        || FORBIDDEN.split(' ').any(|known| known == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post() -> Request {
        Request {
            url: "/chat?a=b".to_owned(),
            way: Way::Fetch,
            events: "a".to_owned(),
            with_credentials: true,
            method: "POST".to_owned(),
            headers: "Authorization: Bearer it's\n\n x : y:z ".to_owned(),
            body: "{\"q\": \"</script>\n\"}".to_owned(),
        }
    }

    #[test]
    fn event_types_are_split_at_commas_and_not_repeated() {
        for (events, expected) in [(" a, b c,,d , a ", &["a", "b c", "d"][..]), (" , ", &[])] {
            let request = Request {
                events: events.to_owned(),
                ..Request::default()
            };
            assert_eq!(request.event_types(), expected, "{events:?}");
        }
    }

    #[test]
    fn event_types_do_not_carry_over_to_another_url() {
        let usual = |url: &str| if url == "/stream" { "connecttime" } else { "" }.to_owned();
        let open = Request {
            url: "/a".to_owned(),
            events: "step, done".to_owned(),
            ..Request::default()
        };
        let mut form = open.clone();
        for (url, expected) in [
            ("/a", "step, done"),
            ("/ab", ""),
            ("/stream", "connecttime"),
            ("/b", ""),
            ("/a", "step, done"),
        ] {
            form.set_url(url.to_owned(), &open, usual);
            assert_eq!((&*form.url, &*form.events), (url, expected));
        }
        form.events = "own".to_owned();
        for url in ["/b", "/stream", "/a"] {
            form.set_url(url.to_owned(), &open, usual);
            assert_eq!((&*form.url, &*form.events), (url, "own"));
        }
    }

    #[test]
    fn differences_are_between_requests_as_sent() {
        let by_event_source = Request {
            way: Way::EventSource,
            ..post()
        };
        type Change = fn(&mut Request);
        for (open, change, expected) in [
            (post(), (|_| {}) as Change, [false; 4]),
            (
                post(),
                |form| form.url.push('x'),
                [true, false, false, false],
            ),
            (
                by_event_source.clone(),
                |form| form.way = Way::Fetch,
                // With method, headers and body.
                [false, true, false, false],
            ),
            (
                by_event_source.clone(),
                |form| form.events.push_str(", b"),
                [false, false, true, false],
            ),
            (
                by_event_source.clone(),
                |form| form.events.insert(0, ' '),
                [false; 4],
            ),
            // All types arrive by fetch.
            (post(), |form| form.events.push_str(", b"), [false; 4]),
            (
                post(),
                |form| form.body.push(' '),
                [false, false, false, true],
            ),
            (
                by_event_source.clone(),
                |form| form.body.push(' '),
                [false; 4],
            ),
            (
                by_event_source,
                |form| form.with_credentials = false,
                [false, false, false, true],
            ),
        ] {
            let mut form = open.clone();
            change(&mut form);
            let found = form.differences(&open);
            let found = [found.url, found.way, found.events, found.rest];
            assert_eq!(found, expected, "{form:?}");
        }
    }

    #[test]
    fn the_parameters_restore_the_request() {
        let by_event_source = Request {
            url: "/é?a=b&c".to_owned(),
            events: "a b".to_owned(),
            way: Way::EventSource,
            ..Request::default()
        };
        let auto = Request {
            way: Way::Auto,
            ..post()
        };
        for request in [by_event_source, auto, post()] {
            let again = Request::from_query(&request.to_query(true));
            assert_eq!(again, request);
        }
    }

    #[test]
    fn headers_and_body_are_left_out_by_default() {
        let names: Vec<_> = post()
            .parameters(false)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["url", "events", "credentials", "via", "method"]);
    }

    #[test]
    fn a_request_that_cannot_be_sent_is_explained() {
        for (change, expected) in [
            ("headers", "The header “no colon” is not a name, a colon"),
            ("name", "The header “Bad Name: x” is not a name, a colon"),
            ("value", "The header “x: €” is not a name, a colon"),
            (
                "cookie",
                "A browser does not let a page set the header “Cookie”",
            ),
            ("method", "A GET has no body in a browser"),
        ] {
            let mut request = post();
            match change {
                "headers" => request.headers = "no colon".to_owned(),
                "name" => request.headers = "Bad Name: x".to_owned(),
                "value" => request.headers = "x: €".to_owned(),
                "cookie" => request.headers = "Cookie: a=b".to_owned(),
                _ => request.method = String::new(),
            }
            let said = request.via().expect_err(change);
            assert!(said.starts_with(expected), "{said}");
            request.way = Way::EventSource;
            assert_eq!(
                request.via(),
                Ok(Via::EventSource),
                "an EventSource has none of these"
            );
        }
    }

    #[test]
    fn the_relay_sends_what_a_browser_refuses_if_there_is_one() {
        let request = Request {
            way: Way::Relay,
            method: String::new(),
            headers: "Cookie: a=b".to_owned(),
            ..post()
        };
        assert_eq!(request.via_if(false), Err(NO_RELAY.to_owned()));
        let Ok(Via::Relay(sent)) = request.via_if(true) else {
            panic!("by the relay")
        };
        assert_eq!((&*sent.method, sent.body.is_some()), ("GET", true));
        assert_eq!(sent.headers[0], ("Cookie".to_owned(), "a=b".to_owned()));
        let broken = Request {
            headers: "no colon".to_owned(),
            ..request
        };
        assert!(broken.via_if(true).is_err());
    }

    #[test]
    fn a_request_by_the_relay_is_the_same_in_the_address_and_in_curl() {
        let request = Request {
            way: Way::Relay,
            ..post()
        };
        assert_eq!(Request::from_query(&request.to_query(true)), request);
        assert!(request.to_query(false).contains("via=relay&method=POST"));
        assert!(!request.is_get());
        let by_fetch = Request {
            way: Way::Fetch,
            ..post()
        };
        assert_eq!(request.as_curl("/"), by_fetch.as_curl("/"));
        assert!(!request.as_javascript("/").contains("credentials"));
    }

    #[test]
    fn a_request_by_fetch_is_as_entered() {
        let Ok(Via::Fetch(request)) = post().via() else {
            panic!("by fetch")
        };
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(request.method, "POST");
        assert_eq!(
            request.headers,
            [pair("Authorization", "Bearer it's"), pair("x", "y:z")]
        );
        assert_eq!(request.body, Some(post().body));
    }

    #[test]
    fn a_json_body_is_sent_as_json() {
        let json = Some("application/json");
        for (body, headers, expected) in [
            ("{\"a\": 1}", "", json),
            (" [1, 2]\n", "x: y", json),
            ("{}", "", json),
            ("{\"a\": 1}", "Content-Type: text/x", Some("text/x")),
            ("{\"a\": 1", "", None),
            ("[1] 2", "", None),
            ("{}{}", "", None),
            ("1", "", None),
            ("a=b", "", None),
            ("", "", None),
        ] {
            let request = Request {
                body: body.to_owned(),
                headers: headers.to_owned(),
                ..post()
            };
            let Ok(Via::Fetch(sent)) = request.via() else {
                panic!("by fetch")
            };
            let types: Vec<&str> = sent
                .headers
                .iter()
                .filter(|(name, _)| name.eq_ignore_ascii_case("content-type"))
                .map(|(_, value)| &**value)
                .collect();
            assert_eq!(types, Vec::from_iter(expected), "{body} with {headers:?}");
            // A browser sends a type with every body; so do curl and the JavaScript.
            let written = expected.unwrap_or("text/plain;charset=UTF-8");
            let is_written = |program: &str| program.contains(written);
            assert_eq!(
                is_written(&request.as_curl("/")),
                !body.is_empty(),
                "{body}"
            );
            assert_eq!(
                is_written(&request.as_javascript("/")),
                !body.is_empty(),
                "{body}"
            );
        }
    }

    #[test]
    fn a_way_is_named_in_any_case() {
        for (name, expected) in [
            ("fetch", Way::Fetch),
            ("relay", Way::Relay),
            ("Relay", Way::Relay),
            ("EventSource", Way::EventSource),
            ("eventsource", Way::EventSource),
            ("auto", Way::Auto),
            ("", Way::Auto),
        ] {
            assert_eq!(Way::named(name), expected, "{name}");
        }
    }

    #[test]
    fn what_an_event_source_cannot_send_goes_by_fetch_unless_it_was_chosen() {
        let auto = Request {
            url: "/stream".to_owned(),
            headers: "a: b".to_owned(),
            ..Request::default()
        };
        assert!(auto.by_fetch());
        let chosen = Request {
            way: Way::EventSource,
            ..auto
        };
        assert!(!chosen.by_fetch());
    }

    #[test]
    fn as_curl() {
        assert_eq!(
            post().as_curl("http://h/chat?a=b"),
            "curl -gN -X POST \\\n  -H 'Authorization: Bearer it'\\''s' \\\n  -H 'x: y:z' \\\n  \
             -H 'accept: text/event-stream' \\\n  -H 'content-type: text/plain;charset=UTF-8' \\\n  \
             --data-raw '{\"q\": \"</script>\n\"}' 'http://h/chat?a=b'"
        );
        let own = Request {
            headers: "Accept: a/b\nX-Empty:".to_owned(),
            way: Way::Fetch,
            ..Request::default()
        };
        assert_eq!(
            own.as_curl("http://h/[1]"),
            "curl -gN \\\n  -H 'Accept: a/b' \\\n  -H 'X-Empty;' 'http://h/[1]'"
        );
        assert_eq!(
            Request {
                way: Way::EventSource,
                ..Request::default()
            }
            .as_curl("http://h/"),
            "curl -gN \\\n  -H 'accept: text/event-stream' http://h/"
        );
    }

    #[test]
    fn as_javascript() {
        assert!(
            post()
                .as_javascript("http://h/")
                .contains("body: \"{\\\"q\\\": \\\"\\u003c/script>\\n\\\"}\"")
        );
        let request = Request {
            events: "a\"b".to_owned(),
            way: Way::EventSource,
            ..Request::default()
        };
        let program = request.as_javascript("http://h/");
        assert!(program.starts_with("const source = new EventSource(\"http://h/\");\n"));
        assert!(program.contains("addEventListener(\"a\\\"b\""), "{program}");
    }

    #[test]
    fn headers_that_a_browser_drops() {
        for (name, expected) in [
            ("Cookie", true),
            ("Sec-Fetch-Mode", true),
            ("Host", true),
            ("Authorization", false),
            ("X-Cookie", false),
            ("", false),
        ] {
            assert_eq!(is_forbidden_header(name), expected, "{name}");
        }
    }
}
