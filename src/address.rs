//! The page's address and a [`Request`], both ways: `/?url=…&via=fetch&events=a,b`.

use leptos::prelude::window;
use wasm_bindgen::JsValue;
use web_sys::{Url, UrlSearchParams};

use crate::{request::Request, source::resolve};

/// The path of the default stream, on this page's own server.
const DEFAULT_PATH: &str = "/stream";

/// Other hosts whose `/stream` is the default stream: the default address of the server.
const DEFAULT_HOSTS: [&str; 2] = ["127.0.0.1:8844", "localhost:8844"];

/// The event type, beside `message`, of the default stream.
pub(crate) const CONNECT_TIME: &str = "connecttime";

/// The parameters of the address that a request is made of.
const PARAMETERS: [&str; 7] = [
    "url",
    "via",
    "events",
    "credentials",
    "method",
    "headers",
    "body",
];

/// The request in the page's address; for the default stream, if there is none.
pub(crate) fn requested() -> Request {
    let search = window().location().search().unwrap_or_default();
    let params = UrlSearchParams::new_with_str(&search).ok();
    let param = |name: &str| params.as_ref().and_then(|params| params.get(name));
    let mut request = Request {
        url: DEFAULT_PATH.to_owned(),
        ..Request::default()
    };
    for name in PARAMETERS {
        if let Some(value) = param(name) {
            request.set(name, &value);
        }
    }
    if param("events").is_none() && is_default_stream(&request.url) {
        request.events.push(CONNECT_TIME.to_owned());
    }
    request
}

/// The address of the page for `request`; see [`Request::parameters`] for `with_body`.
pub(crate) fn address_of(request: &Request, with_body: bool) -> Result<String, JsValue> {
    let address = Url::new(&window().location().href()?)?;
    address.set_search("");
    let params = address.search_params();
    for (name, value) in request.parameters(with_body) {
        params.set(name, &value);
    }
    Ok(address.href())
}

/// Makes the page's address that of `request`, without its body.
pub(crate) fn show(request: &Request) -> Result<(), JsValue> {
    let address = address_of(request, false)?;
    window()
        .history()?
        .replace_state_with_url(&JsValue::NULL, "", Some(&address))
}

/// Whether `url` is the default stream.
pub(crate) fn is_default_stream(url: &str) -> bool {
    resolve(url).is_ok_and(|url| {
        let here = window().location().host().unwrap_or_default();
        url.pathname() == DEFAULT_PATH
            && url.search().is_empty()
            && (url.host() == here || DEFAULT_HOSTS.contains(&url.host().as_str()))
    })
}
