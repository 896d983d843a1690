//! An event stream by streamed `fetch`: any method, headers and body, and every byte.

use std::rc::Rc;

use js_sys::Array;
use leptos::{prelude::window, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, RequestCache, RequestCredentials, RequestInit};

use super::{Failure, Guard, Notice, body::Body};
use crate::{clock::ticks, via::FetchRequest};

/// How long to read before the page may draw, in ms. The rest of a frame at 60 Hz is for drawing.
const SHARE_MS: f64 = 9.0;

/// How much of a chunk to read before the next look at the clock, in bytes. Firefox and WebKit hand over
/// chunks of any size.
const PIECE: u32 = 64 * 1024;

/// How much of a stream may wait to be read, in bytes. Firefox and WebKit receive all that the server sends,
/// however slowly the page reads, until the memory is full (docs/engines.md).
const MOST_WAITING: f64 = 128.0 * 1024.0 * 1024.0;

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
    /// The headers that this page may read: from another origin only a few, unless the server exposes
    /// more.
    pub headers: Vec<(String, String)>,
    /// How long after the request the head of the response arrived; in Firefox, the first byte of its body.
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
}

/// A request that is aborted when this is dropped; no notice follows.
pub(crate) struct Fetch {
    abort: AbortController,
    _guard: Guard,
}

impl Fetch {
    /// Starts to request `url`.
    ///
    /// # Errors
    ///
    /// What the browser throws if it does not send such a request.
    pub(crate) fn open(
        url: &str,
        request: &FetchRequest,
        with_credentials: bool,
        last_event_id: &str,
        on_notice: Rc<dyn Fn(Notice<'_>)>,
    ) -> Result<Self, JsValue> {
        let abort = AbortController::new()?;
        let headers = Headers::new()?;
        headers.set("accept", "text/event-stream")?;
        for (name, value) in &request.headers {
            headers.set(name, value)?;
        }
        // An empty ID is not sent (HTML, 9.2.3). One that the stream set is newer than a header that was
        // set by hand.
        if !last_event_id.is_empty() {
            headers.set("last-event-id", last_event_id)?;
        }
        let init = RequestInit::new();
        init.set_method(&request.method);
        init.set_headers(&headers);
        init.set_cache(RequestCache::NoStore);
        init.set_signal(Some(&abort.signal()));
        init.set_credentials(if with_credentials {
            RequestCredentials::Include
        } else {
            RequestCredentials::SameOrigin
        });
        if let Some(body) = &request.body {
            init.set_body(&body.into());
        }
        let request = web_sys::Request::new_with_str_and_init(url, &init)?;
        let (guard, notify) = Guard::new(on_notice);
        spawn_local(async move {
            let failure = run(&request, &notify).await;
            notify(Notice::Failed(failure));
        });
        Ok(Self {
            abort,
            _guard: guard,
        })
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        self.abort.abort();
    }
}

/// Sends `request` and reads the response to its end, as long as `notify` returns true.
async fn run(request: &web_sys::Request, notify: &dyn Fn(Notice<'_>) -> bool) -> Failure {
    let Ok((incoming, mut response)) = connect(request).await else {
        return Failure::Unreachable;
    };
    if let Some(failure) = refusal(&response) {
        // The status alone explains the refusal, so the excerpt may be missing.
        response.excerpt = excerpt(&incoming).await.unwrap_or_default();
        notify(Notice::Response(response));
        return failure;
    }
    notify(Notice::Response(response));
    notify(Notice::Opened);
    read(&incoming, notify).await.unwrap_or(Failure::BrokeOff)
}

/// Sends `request` and waits for the head of the response.
async fn connect(request: &web_sys::Request) -> Result<(web_sys::Response, Response), JsValue> {
    let start = ticks();
    let incoming: web_sys::Response = JsFuture::from(window().fetch_with_request(request))
        .await?
        .unchecked_into();
    let response = Response {
        status: incoming.status(),
        status_text: incoming.status_text(),
        headers: pairs(&incoming.headers()),
        after: ticks() - start,
        redirected_to: incoming.redirected().then(|| incoming.url()),
        excerpt: String::new(),
    };
    Ok((incoming, response))
}

/// Why the response is not an event stream; `None` if it is one.
fn refusal(response: &Response) -> Option<Failure> {
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

/// The beginning of the body.
async fn excerpt(incoming: &web_sys::Response) -> Result<String, JsValue> {
    let Some(body) = incoming.body() else {
        return Ok(String::new());
    };
    let chunk = Body::new(&body).next().await?;
    let bytes = chunk.map(|chunk| chunk.to_vec()).unwrap_or_default();
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    text.truncate(text.floor_char_boundary(EXCERPT));
    Ok(text)
}

/// Reads the body as long as `notify` returns true, and returns why it ended.
async fn read(
    incoming: &web_sys::Response,
    notify: &dyn Fn(Notice<'_>) -> bool,
) -> Result<Failure, JsValue> {
    let Some(body) = incoming.body() else {
        return Ok(Failure::Ended);
    };
    let mut body = Body::new(&body);
    let mut buffer = vec![0; PIECE as usize];
    let mut since = ticks();
    while let Some(chunk) = body.next().await? {
        let len = chunk.length();
        for start in (0..len).step_by(PIECE as usize) {
            if f64::from(len - start) + body.waiting() > MOST_WAITING {
                return Ok(Failure::TooFast);
            }
            let piece = chunk.subarray(start, len.min(start + PIECE));
            let bytes = &mut buffer[..piece.length() as usize];
            piece.copy_to(bytes);
            if !notify(Notice::Bytes(bytes)) {
                return Ok(Failure::Ended);
            }
            if ticks() - since > SHARE_MS {
                body.pause(MOST_WAITING - f64::from(len - start)).await?;
                since = ticks();
            }
        }
    }
    Ok(Failure::Ended)
}

fn pairs(headers: &Headers) -> Vec<(String, String)> {
    let entries = Array::from(headers);
    let text = |value: JsValue| value.as_string().unwrap_or_default();
    entries
        .iter()
        .map(|pair| {
            let pair: Array = pair.unchecked_into();
            (text(pair.get(0)), text(pair.get(1)))
        })
        .collect()
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
