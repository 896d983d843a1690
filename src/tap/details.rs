//! The request and the response of an exchange.

use super::{Connection, Exchange, Member, Secrets};
use crate::{
    headers,
    journal::{CaptureReader, Record},
    json::Index,
    request::{self, Way},
    text,
};

/// Headers that belong to one connection, or that curl sets itself.
const OWN: [&str; 8] = [
    "host",
    "content-length",
    "connection",
    "keep-alive",
    "transfer-encoding",
    // curl would show the body as it is encoded.
    "accept-encoding",
    "expect",
    "te",
];

/// What the server reports about an exchange beside its summary. Times are in ms.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Details {
    pub(crate) request: Request,
    /// `None` until its head arrived.
    pub(crate) response: Option<Response>,
    /// The body of a response that is complete and no event stream; empty if it is not known.
    pub(crate) answer: String,
    /// The connections of the same client, the oldest first.
    pub(crate) ledger: Vec<Connection>,
}

/// The request of a client.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Request {
    /// The first line: `POST /v1/chat HTTP/1.1`.
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    /// The beginning of the body, decoded.
    pub(crate) body: String,
    /// The length of the body as it was sent.
    pub(crate) body_bytes: u64,
}

/// The head of a response, and how long its parts took.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Response {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    /// The first lines of the informational responses before it.
    pub(crate) informational: Vec<String>,
    pub(crate) trailers: Vec<(String, String)>,
    pub(crate) phases: Phases,
}

/// How long each phase took: its name, and the time in ms.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Phases(pub(crate) Vec<(&'static str, f64)>);

impl Details {
    /// Reads the server's answer; `None` if it is none.
    pub(crate) fn read(data: &str) -> Option<(Exchange, Self)> {
        let index = Index::of(data)?;
        let json = Member::whole(&index);
        let exchange = Exchange::of(json.get("exchange"))?;
        let response = json.get("response");
        let details = Self {
            request: Request::of(json.get("request")),
            response: response.is_some().then(|| Response::of(response)),
            answer: String::new(),
            ledger: json.get("ledger").items().map(Connection::of).collect(),
        };
        Some((exchange, details))
    }

    /// Takes the body of the response from its capture, which is complete. What is no text is left out.
    pub(crate) fn read_answer(&mut self, capture: &str) {
        let mut body = Vec::new();
        let read = CaptureReader::new().feed(capture.as_bytes(), &mut |record| {
            if let Record::Bytes { bytes, .. } = record {
                body.extend_from_slice(bytes);
            }
        });
        // As a text, the capture has another sign for each byte that is none.
        let body = String::from_utf8(body)
            .ok()
            .filter(|body| !body.contains('\u{FFFD}'));
        self.answer = body.filter(|_| read.is_ok()).unwrap_or_default();
    }

    /// The body of a response that is no event stream.
    pub(crate) fn answer(&self, secrets: Secrets) -> String {
        let headers = self.response.as_ref().map(|response| &*response.headers);
        let content_type = value(headers.unwrap_or_default(), "content-type");
        secrets.body(content_type.unwrap_or_default(), &self.answer)
    }
}

impl Request {
    fn of(json: Member<'_>) -> Self {
        let text = |key| json.get(key).text().unwrap_or_default();
        Self {
            line: text("line"),
            headers: json.get("headers").pairs(),
            body: text("body"),
            body_bytes: json.get("bodyBytes").count(),
        }
    }

    /// The first line and the headers.
    pub(crate) fn head(&self, secrets: Secrets) -> String {
        let line: Vec<String> = self
            .line
            .split(' ')
            .map(|word| secrets.target(word))
            .collect();
        head(&line.join(" "), &self.headers, secrets)
    }

    /// The beginning of the body.
    pub(crate) fn body(&self, secrets: Secrets) -> String {
        let content_type = value(&self.headers, "content-type").unwrap_or_default();
        secrets.body(content_type, &self.body)
    }

    /// What was not kept of the body; empty if all of it was.
    pub(crate) fn missing(&self) -> String {
        if self.is_whole() {
            return String::new();
        }
        format!(
            "The body has {} as sent; shown is what was kept.",
            text::bytes(self.body_bytes)
        )
    }

    /// Whether the body was kept as a whole.
    pub(crate) fn is_whole(&self) -> bool {
        self.body_bytes <= self.body.len() as u64
    }

    /// A command line for curl that sends the request to `origin` again; `None` if the body was not kept as a
    /// whole.
    pub(crate) fn curl(&self, origin: &str, secrets: Secrets) -> Option<String> {
        if !self.is_whole() {
            return None;
        }
        let mut words = self.line.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        let is_own = |name: &str| OWN.iter().any(|own| name.eq_ignore_ascii_case(own));
        // The letters that a header can have: the signs of what is hidden are none.
        let shown = |name: &str, value: &str| {
            let value = secrets.header(name, value);
            value.replace(|c| u32::from(c) > 0xFF, "*")
        };
        let rows: Vec<(&str, String)> = self
            .headers
            .iter()
            .filter(|(name, _)| !is_own(name))
            .map(|(name, value)| (&**name, shown(name, value)))
            .collect();
        let request = request::Request {
            way: Way::Fetch,
            method: method.to_owned(),
            headers: headers::text(rows.iter().map(|(name, value)| (*name, &**value))),
            body: self.body(secrets),
            ..request::Request::default()
        };
        Some(request.as_curl(&[origin, &secrets.target(target)].concat()))
    }
}

impl Response {
    fn of(json: Member<'_>) -> Self {
        let phases = json.get("phases");
        let names = [
            ("name", "name"),
            ("connect", "connect"),
            ("tls", "TLS"),
            ("head", "head"),
            ("firstByte", "first byte"),
        ];
        let phases = names
            .into_iter()
            .filter_map(|(key, name)| Some((name, phases.get(key).number()?)));
        Self {
            line: json.get("line").text().unwrap_or_default(),
            headers: json.get("headers").pairs(),
            informational: json.get("informational").texts(),
            trailers: json.get("trailers").pairs(),
            phases: Phases(phases.collect()),
        }
    }

    /// The first lines, the headers, and the trailers.
    pub(crate) fn head(&self, secrets: Secrets) -> String {
        let mut text = String::new();
        for line in &self.informational {
            text.push_str(&[line.trim_end(), "\n\n"].concat());
        }
        text.push_str(&head(&self.line, &self.headers, secrets));
        if !self.trailers.is_empty() {
            text.push_str(&head("\n\nTrailers", &self.trailers, secrets));
        }
        text
    }
}

impl Phases {
    /// `connect 0.20 ms, head 30.5 ms`
    pub(crate) fn text(&self) -> String {
        let phases = self.0.iter();
        let phases = phases.map(|(name, ms)| [name, " ", &text::duration(*ms)].concat());
        phases.collect::<Vec<_>>().join(", ")
    }
}

/// The value of the header `name`.
fn value<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut headers = headers.iter();
    let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| &**value)
}

fn head(line: &str, headers: &[(String, String)], secrets: Secrets) -> String {
    let mut text = line.to_owned();
    for (name, value) in headers {
        let value = match &*name.to_ascii_lowercase() {
            "location" | "referer" => secrets.target(value),
            _ => secrets.header(name, value),
        };
        text.push_str(&["\n", name, ": ", &value].concat());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{super::exchange::tests::OPEN, *};

    fn read(parts: &str) -> Details {
        let data = format!("{{\"exchange\":{OPEN},{parts}}}");
        let (exchange, details) = Details::read(&data).expect("details");
        assert_eq!(exchange.id, 12);
        details
    }

    #[test]
    fn the_heads_are_shown_as_they_were_sent_but_for_keys() {
        let details = read(
            r#""request":{"line":"POST /v1?key=abc HTTP/1.1","headers":[["Host","h"],["X-Api-Key","abc"]],
               "body":"{\"token\":\"x\"}","bodyBytes":13,"at":1},
               "response":{"line":"HTTP/1.1 200 OK","headers":[["Set-Cookie","a=b"]],
               "informational":["HTTP/1.1 103 Early Hints\r\n"],"trailers":[["x","y"]],
               "phases":{"name":null,"connect":0.2,"head":30.5}},"ledger":[]"#,
        );
        let response = details.response.as_ref().expect("a response");
        assert_eq!(
            details.request.head(Secrets::Hidden),
            "POST /v1?key=•••• HTTP/1.1\nHost: h\nX-Api-Key: ••••"
        );
        assert_eq!(
            details.request.head(Secrets::Shown),
            "POST /v1?key=abc HTTP/1.1\nHost: h\nX-Api-Key: abc"
        );
        assert_eq!(
            details.request.body(Secrets::Hidden),
            "{\"token\":\"••••\"}"
        );
        assert_eq!(details.request.missing(), "");
        assert_eq!(
            response.head(Secrets::Hidden),
            "HTTP/1.1 103 Early Hints\n\nHTTP/1.1 200 OK\nSet-Cookie: ••••\n\nTrailers\nx: y"
        );
        assert_eq!(response.phases.text(), "connect 200 µs, head 30.5 ms");
    }

    #[test]
    fn a_request_is_repeated_by_curl_through_the_tap() {
        let details = read(
            r#""request":{"line":"POST /v1?key=abc HTTP/1.1","headers":[["Host","127.0.0.1:8845"],["Accept","*/*"],
               ["Authorization","Bearer abc"],["Content-Type","application/json"],["Content-Length","11"],["Accept-Encoding","gzip"]],
               "body":"{\"a\":\"it's\"}","bodyBytes":12},"response":null,"ledger":[]"#,
        );
        assert_eq!(details.response, None);
        let origin = "http://127.0.0.1:8845";
        assert_eq!(
            details
                .request
                .curl(origin, Secrets::Shown)
                .expect("all of it"),
            "curl -gN -X POST \\\n  -H 'Accept: */*' \\\n  -H 'Authorization: Bearer abc' \\\n  \
             -H 'Content-Type: application/json' \\\n  --data-raw '{\"a\":\"it'\\''s\"}' 'http://127.0.0.1:8845/v1?key=abc'"
        );
        let masked = details
            .request
            .curl(origin, Secrets::Hidden)
            .expect("all of it");
        assert!(
            masked.contains("Bearer ****") && masked.contains("key=••••"),
            "{masked}"
        );
        assert!(!masked.contains("abc"), "{masked}");
        let cut = Request {
            body_bytes: 300_000,
            ..details.request
        };
        assert_eq!(cut.curl(origin, Secrets::Shown), None);
        assert_eq!(
            cut.missing(),
            "The body has 300 kB as sent; shown is what was kept."
        );
    }

    #[test]
    fn the_body_of_an_answer_is_taken_from_its_capture() {
        let mut details = read(
            r#""request":{},"response":{"headers":[["Content-Type","application/json"]]},"ledger":[]"#,
        );
        let head = "sse-capture 1\n{}\nopen 1\n";
        for (records, expected) in [
            ("bytes 1 10\n{\"token\": \nbytes 2 4\n\"ä\"}\nend\n", ""),
            (
                "bytes 1 10\n{\"token\": \nbytes 2 5\n\"ä\"}\nclose 3\nend\n",
                "{\"token\": \"••••\"}",
            ),
            ("bytes 1 3\n\u{FFFD}\nclose 3\nend\n", ""),
            ("close 3\nend\n", ""),
        ] {
            details.read_answer(&[head, records].concat());
            assert_eq!(details.answer(Secrets::Hidden), expected, "{records}");
        }
    }

    #[test]
    fn what_is_no_details_is_none() {
        for data in ["", "{}", "[]", r#"{"exchange":{}}"#] {
            assert_eq!(Details::read(data), None, "{data}");
        }
    }
}
