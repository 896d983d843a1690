//! An event stream by streamed `fetch`: any method, headers and body, and every byte.

use std::{cell::Cell, rc::Rc};

use js_sys::{Array, Promise, Reflect, Uint8Array};
use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Headers, MessageChannel, ReadableStreamDefaultReader, RequestCache,
    RequestCredentials, RequestInit, Response,
};

use super::{Failure, Notice};
use crate::boxed;

/// How long to read before the page may draw, in ms: what is left of a frame at 60 Hz is for that.
const SHARE_MS: f64 = 9.0;

/// How long to wait for a frame, in ms.
const PATIENCE_MS: i32 = 250;

/// How much of a body that is no event stream is shown, in bytes.
const EXCERPT: usize = 2_000;

/// What is sent to ask for a stream by `fetch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchRequest {
    /// The method: `GET`, `POST` …
    pub method: String,
    /// Names and values of headers beside those that the browser sends.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one. Browsers refuse one for GET and HEAD.
    pub body: Option<String>,
}

impl Default for FetchRequest {
    fn default() -> Self {
        Self {
            method: "GET".to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }
}

/// What a server answered. Times are in ms.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The reason phrase; HTTP/2 has none.
    pub status_text: String,
    /// Those headers that the server lets this page see; of another origin they are few.
    pub headers: Vec<(String, String)>,
    /// How long after the request they came.
    pub after: f64,
    /// The URL that answered, if the request was redirected.
    pub redirected_to: Option<String>,
    /// The beginning of the body if it is no event stream.
    pub excerpt: String,
    /// The connection was lost in the middle of the body. What the browser had not handed over by
    /// then is lost with it.
    pub broke_off: bool,
}

impl Answer {
    /// Whether it is an event stream (HTML, 9.2.3): status 200 and the content type.
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

/// A request that is aborted when this is dropped; then nothing more is told.
pub(crate) struct Fetch {
    abort: AbortController,
    alive: Rc<Cell<bool>>,
}

impl Fetch {
    /// Starts to ask for `url`.
    ///
    /// # Errors
    ///
    /// What the browser throws if it would not make this request.
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
        // An empty one is not sent (HTML, 9.2.3).
        if !last_event_id.is_empty() {
            headers.set("last-event-id", last_event_id)?;
        }
        for (name, value) in &request.headers {
            headers.set(name, value)?;
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
        let alive = Rc::new(Cell::new(true));
        let told = Rc::clone(&alive);
        let tell = move |notice: Notice<'_>| {
            if told.get() {
                on_notice(notice);
            }
            told.get()
        };
        boxed::spawn(async move {
            let failure = match run(&request, &tell).await {
                Ok(failure) => failure,
                // The network failed, or CORS refused; a browser does not tell which.
                Err(_) => Failure::Lost,
            };
            tell(Notice::Failed(failure));
        });
        Ok(Self { abort, alive })
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        self.alive.set(false);
        self.abort.abort();
    }
}

/// Sends `request` and reads the answer to its end.
async fn run(
    request: &web_sys::Request,
    tell: &dyn Fn(Notice<'_>) -> bool,
) -> Result<Failure, JsValue> {
    let asked = ticks();
    let response: Response = JsFuture::from(window().fetch_with_request(request))
        .await?
        .unchecked_into();
    let mut answer = Answer {
        status: response.status(),
        status_text: response.status_text(),
        headers: pairs(&response.headers()),
        after: ticks() - asked,
        redirected_to: response.redirected().then(|| response.url()),
        excerpt: String::new(),
        broke_off: false,
    };
    let is_event_stream = answer.is_event_stream();
    let status = answer.status;
    let refused = if status == 204 {
        Failure::NoContent
    } else {
        Failure::Refused
    };
    let Some(body) = response.body() else {
        tell(Notice::Answered(answer));
        return Ok(refused);
    };
    if is_event_stream {
        tell(Notice::Answered(answer.clone()));
        tell(Notice::Opened);
    }
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let mut buffer = Vec::new();
    let mut since = ticks();
    loop {
        let result = match JsFuture::from(reader.read()).await {
            Err(_) if is_event_stream => {
                answer.broke_off = true;
                tell(Notice::Answered(answer));
                return Ok(Failure::Lost);
            }
            result => result?,
        };
        let chunk = Reflect::get(&result, &"value".into())?;
        if chunk.is_undefined() {
            break;
        }
        let chunk: Uint8Array = chunk.unchecked_into();
        let len = chunk.length() as usize;
        if !is_event_stream {
            answer.excerpt = String::from_utf8_lossy(&chunk.to_vec()).into_owned();
            answer
                .excerpt
                .truncate(answer.excerpt.floor_char_boundary(EXCERPT));
            break;
        }
        if buffer.len() < len {
            buffer.resize(len, 0);
        }
        chunk.copy_to(&mut buffer[..len]);
        if !tell(Notice::Bytes(&buffer[..len])) {
            break;
        }
        // What is not read meanwhile waits in the network: TCP holds the sender back.
        if ticks() - since > SHARE_MS {
            pause().await?;
            since = ticks();
        }
    }
    if is_event_stream {
        return Ok(Failure::Lost);
    }
    tell(Notice::Answered(answer));
    Ok(refused)
}

/// Waits until the page has drawn; where it does not, because it is hidden, until whatever else
/// waits was done. A timer would do as well, but browsers have those of hidden pages wait a second.
async fn pause() -> Result<(), JsValue> {
    let channel = MessageChannel::new()?;
    let done = Promise::new(&mut |resolve, _| {
        if document().hidden() {
            channel.port1().set_onmessage(Some(&resolve));
            let _ = channel.port2().post_message(&JsValue::NULL);
        } else {
            let _ = window().request_animation_frame(&resolve);
            // No frame comes if the page is hidden just now.
            let _ = window()
                .set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, PATIENCE_MS);
        }
    });
    JsFuture::from(done).await?;
    Ok(())
}

fn ticks() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
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

/// Whether a browser silently leaves out the header `name` of a request (Fetch, 2.2.2), which is
/// better said than found out.
pub(crate) fn forbidden_header(name: &str) -> bool {
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

    fn answer(status: u16, content_type: &str) -> Answer {
        Answer {
            status,
            status_text: String::new(),
            headers: vec![("Content-Type".to_owned(), content_type.to_owned())],
            after: 0.0,
            redirected_to: None,
            excerpt: String::new(),
            broke_off: false,
        }
    }

    #[test]
    fn what_is_an_event_stream() {
        for (status, content_type, expected) in [
            (200, "text/event-stream", true),
            (200, "Text/Event-Stream ; charset=utf-8", true),
            (200, "text/plain", false),
            (200, "text/event-stream2", false),
            (201, "text/event-stream", false),
            (500, "text/event-stream", false),
        ] {
            let answer = answer(status, content_type);
            assert_eq!(answer.is_event_stream(), expected, "{answer:?}");
        }
    }

    #[test]
    fn headers_that_a_browser_leaves_out() {
        for (name, expected) in [
            ("Cookie", true),
            ("Sec-Fetch-Mode", true),
            ("Host", true),
            ("Authorization", false),
            ("X-Cookie", false),
            ("", false),
        ] {
            assert_eq!(forbidden_header(name), expected, "{name}");
        }
    }
}
