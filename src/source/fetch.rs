//! An event stream by streamed `fetch`: any method, headers and body, and every byte.

use std::rc::Rc;

use js_sys::Array;
use leptos::{prelude::window, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, RequestCache, RequestCredentials, RequestInit};

use super::{
    Abort, Failure, Guard, Notice, Response,
    body::{first_chunk, read},
    response::refusal,
};
use crate::{clock::ticks, via::FetchRequest};

/// A request that is aborted when this is dropped; no notice follows.
pub(crate) struct Fetch {
    _abort: Abort,
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
        let abort = Abort::new()?;
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
            _abort: abort,
            _guard: guard,
        })
    }
}

/// Sends `request` and reads the response to its end, as long as `notify` returns true.
async fn run(request: &web_sys::Request, notify: &dyn Fn(Notice<'_>) -> bool) -> Failure {
    let Ok((incoming, mut response)) = connect(request).await else {
        return Failure::Unreachable;
    };
    if let Some(failure) = refusal(&response) {
        // The status alone explains the refusal, so the excerpt may be missing.
        response.set_excerpt(&first_chunk(&incoming).await.unwrap_or_default());
        notify(Notice::Response(response));
        return failure;
    }
    notify(Notice::Response(response));
    notify(Notice::Opened);
    let mut pass_on = |bytes: &[u8]| {
        notify(Notice::Bytes {
            bytes,
            continues: false,
        })
    };
    let ended = read(&incoming, &mut pass_on).await;
    ended.unwrap_or(Failure::BrokeOff)
}

/// Sends `request` and waits for the head of the response.
pub(super) async fn connect(
    request: &web_sys::Request,
) -> Result<(web_sys::Response, Response), JsValue> {
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
