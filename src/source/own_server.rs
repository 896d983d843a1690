//! Requests to the server of this page, for what it offers beside the page.

use leptos::{prelude::window, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, RequestCache, RequestInit, RequestRedirect, Response};

use super::{Abort, body::first_chunk, thrown_message};
use crate::{
    offers::{TOKEN, offers},
    text,
};

/// The longest reason that is shown, in bytes. Another server may answer with a page.
const LONGEST: usize = 500;

/// A request that is not sent yet.
pub(super) struct Request(web_sys::Request);

impl Request {
    /// A GET, or a POST of `json`, to `path`, and what aborts it.
    ///
    /// # Errors
    ///
    /// What the browser throws if it does not send such a request.
    pub(super) fn new(path: &str, json: Option<&str>) -> Result<(Self, Abort), JsValue> {
        let abort = Abort::new()?;
        let headers = Headers::new()?;
        headers.set(TOKEN, &offers().token)?;
        let init = RequestInit::new();
        init.set_cache(RequestCache::NoStore);
        // The token is for this server only. Not by the mode `same-origin`: where the page sends no referrer,
        // the header `Origin` of a POST is then `null` (Fetch, “Origin header”), which the server refuses.
        init.set_redirect(RequestRedirect::Error);
        init.set_signal(Some(&abort.signal()));
        if let Some(json) = json {
            headers.set("content-type", "application/json")?;
            init.set_method("POST");
            init.set_body(&json.into());
        }
        init.set_headers(&headers);
        let request = web_sys::Request::new_with_str_and_init(path, &init)?;
        Ok((Self(request), abort))
    }

    /// Sends the request and waits for the head of the response.
    pub(super) async fn send(&self) -> Result<Response, Refusal> {
        let sent = JsFuture::from(window().fetch_with_request(&self.0)).await;
        let response: Response = sent.map_err(|_| Refusal::no_answer())?.unchecked_into();
        if response.ok() {
            return Ok(response);
        }
        let text = first_chunk(&response).await.unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        Err(Refusal {
            status: Some(response.status()),
            text: text::beginning(text.trim(), LONGEST).to_owned(),
        })
    }
}

/// Sends a GET, or a POST, to `path`, and has `then` called with the text of the response, or with a sentence
/// about why the server does not do what it is asked for.
pub(crate) fn ask(path: &str, post: bool, then: Box<dyn FnOnce(Result<String, String>)>) {
    let request = Request::new(path, post.then_some(""));
    let message = |thrown: JsValue| thrown_message(&thrown);
    spawn_local(async move {
        // Dropping the second part would abort the request.
        let (request, _abort) = match request {
            Ok(request) => request,
            Err(thrown) => return then(Err(message(thrown))),
        };
        then(match request.send().await {
            Err(refusal) => Err(refusal.text),
            Ok(response) => match response.text() {
                Err(thrown) => Err(message(thrown)),
                Ok(text) => {
                    let text = JsFuture::from(text).await.map_err(message);
                    text.map(|text| text.as_string().unwrap_or_default())
                }
            },
        });
    });
}

/// Why the server does not do what it is asked for.
pub(super) struct Refusal {
    /// The status that it answered; `None` if it did not.
    pub(super) status: Option<u16>,
    /// Its reason, or what is wrong.
    pub(super) text: String,
}

impl Refusal {
    fn no_answer() -> Self {
        Self {
            status: None,
            text: "It does not answer.".to_owned(),
        }
    }
}
