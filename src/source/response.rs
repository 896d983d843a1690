//! A server's response.

use super::Failure;

/// How much of a body that is not an event stream is kept, in bytes.
const EXCERPT: usize = 2_000;

/// A server's response, without the body of an event stream. Times are in ms.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The reason phrase; empty with HTTP/2.
    pub status_text: String,
    /// The headers. By fetch those that this page may read: from another origin only a few, unless the
    /// server exposes more.
    pub headers: Vec<(String, String)>,
    /// How long after the request the head of the response arrived; by fetch in Firefox, the first byte of
    /// its body.
    pub after: f64,
    /// The URL that answered, if the request was redirected.
    pub redirected_to: Option<String>,
    /// The beginning of a body that is not an event stream.
    pub excerpt: String,
}

impl Response {
    /// Whether the response is an event stream: by its status, 200, and its content type (HTML, 9.2.3).
    pub fn is_event_stream(&self) -> bool {
        self.status == 200 && self.has_type()
    }

    fn has_type(&self) -> bool {
        self.header("content-type").is_some_and(|value| {
            let essence = value.split(';').next().unwrap_or_default();
            essence.trim().eq_ignore_ascii_case("text/event-stream")
        })
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| &**value)
    }

    /// Sets the excerpt to the beginning of the body.
    pub(super) fn set_excerpt(&mut self, body: &[u8]) {
        let mut text = String::from_utf8_lossy(body).into_owned();
        text.truncate(text.floor_char_boundary(EXCERPT));
        self.excerpt = text;
    }
}

/// Why the response is not an event stream; `None` if it is one.
pub(crate) fn refusal(response: &Response) -> Option<Failure> {
    if response.is_event_stream() {
        return None;
    }
    if response.status == 204 {
        return Some(Failure::NoContent);
    }
    let retry_after = response.header("retry-after").and_then(|value| {
        // Seconds, or a date (RFC 9110, 10.2.3).
        let ms = match value.trim().parse::<u32>() {
            Ok(seconds) => f64::from(seconds) * 1_000.0,
            Err(_) => js_sys::Date::parse(value) - js_sys::Date::now(),
        };
        (ms >= 0.0).then_some(ms as u64)
    });
    Some(Failure::Refused { retry_after })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, name: &str, value: &str) -> Response {
        Response {
            status,
            status_text: String::new(),
            headers: vec![(name.to_owned(), value.to_owned())],
            after: 0.0,
            redirected_to: None,
            excerpt: String::new(),
        }
    }

    #[test]
    fn status_and_content_type_decide_what_is_an_event_stream() {
        for (status, content_type, expected) in [
            (200, "text/event-stream", true),
            (200, "Text/Event-Stream ; charset=utf-8", true),
            (200, "text/plain", false),
            (200, "text/event-stream2", false),
            (201, "text/event-stream", false),
            (500, "text/event-stream", false),
        ] {
            let response = response(status, "Content-Type", content_type);
            assert_eq!(response.is_event_stream(), expected, "{response:?}");
        }
    }

    #[test]
    fn a_refusal_has_the_time_that_the_server_asks_to_wait() {
        let refused = |retry_after| Some(Failure::Refused { retry_after });
        for (response, expected) in [
            (response(200, "content-type", "text/event-stream"), None),
            (response(204, "retry-after", "5"), Some(Failure::NoContent)),
            (response(503, "Retry-After", " 5 "), refused(Some(5_000))),
            (response(503, "retry-after", "0"), refused(Some(0))),
            (
                response(500, "content-type", "text/event-stream"),
                refused(None),
            ),
        ] {
            assert_eq!(refusal(&response), expected, "{response:?}");
        }
    }
}
