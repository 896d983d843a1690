//! The page: which stream, what its events are called, and the parts around it.

use std::{cell::Cell, rc::Rc};

use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::{Url, UrlSearchParams};

use crate::{
    boxed,
    request::Request,
    source::resolve,
    view::{EventStream, Labels, Watching, filter_bar, keys, request_bar, strip, timeline, tools},
};

/// The path of the default stream, on this page's own server.
const DEFAULT_PATH: &str = "/stream";

/// The address of the article's own server, whose stream is the same.
const ARTICLE_HOSTS: [&str; 2] = ["127.0.0.1:8844", "localhost:8844"];

/// The event type that the default stream names.
const CONNECT_TIME: &str = "connecttime";

/// The page. It opens the stream of its address, `/?url=…&via=fetch&events=a,b`, or else the default
/// stream.
#[component]
pub fn App() -> impl IntoView {
    let request = RwSignal::new(requested());
    // Apart: what is listened to can change while the stream is open.
    let events = RwSignal::new(request.get_untracked().events);

    // What a link asks for beside a GET is not asked for again by a reload.
    let mut shown = request.get_untracked();
    if shown.parameters(true) != shown.parameters(false) {
        let _ = follow(&shown);
    }
    // The address follows the form, so that it can be kept and passed on.
    boxed::effect(move || {
        let events = events.get();
        let request = Request {
            events,
            ..request.get()
        };
        // A browser may refuse so many changes; the page works without.
        if request != shown && follow(&request).is_ok() {
            shown = request;
        }
    });

    let by_form = Cell::new(false);
    view! {
        <header class="masthead">
            <h1>"SSE Scope"</h1>
            {tools()}
        </header>
        <main>
            {request_bar(request, events)}
            // Each time that the form is submitted is another stream with a log of its own, also if
            // it is the same URL again.
            {move || {
                let request = request.get();
                let labels = labels(&request.url);
                // What cannot be sent was refused by the form.
                let via = request.via().unwrap_or_default();
                // A link is not to send a POST: somebody asks for that by Connect, or by the form.
                let immediate = by_form.replace(true) || request.is_get();
                let Request { url, with_credentials, .. } = request;
                view! {
                    <EventStream url events labels immediate via=Signal::stored(via) with_credentials=Signal::stored(with_credentials)>
                        <Instruments />
                    </EventStream>
                }
            }}
        </main>
    }
}

/// What the page has beside the component.
#[component]
fn Instruments() -> impl IntoView {
    // `expect_context` would write the name of this type into the page.
    let watching =
        use_context::<StoredValue<Watching, LocalStorage>>().expect("it is within an EventStream");
    let watched = || watching.with_value(|watching| Rc::clone(&watching.0));
    (
        strip(watched()),
        timeline(watched()),
        filter_bar(watched()),
        keys(watched()),
    )
}

/// The article's labels for the default stream, none for any other.
fn labels(url: &str) -> Labels {
    if is_default_stream(url) {
        Labels::new([(CONNECT_TIME, "Start time"), ("message", "Ping")])
    } else {
        Labels::default()
    }
}

fn is_default_stream(url: &str) -> bool {
    resolve(url).is_ok_and(|url| {
        let here = window().location().host().unwrap_or_default();
        url.pathname() == DEFAULT_PATH
            && url.search().is_empty()
            && (url.host() == here || ARTICLE_HOSTS.contains(&url.host().as_str()))
    })
}

/// What the page's address asks for.
fn requested() -> Request {
    let search = window().location().search().unwrap_or_default();
    let params = UrlSearchParams::new_with_str(&search).ok();
    let param = |name: &str| params.as_ref().and_then(|params| params.get(name));
    let mut request = Request {
        url: DEFAULT_PATH.to_owned(),
        ..Request::default()
    };
    for name in [
        "url",
        "via",
        "events",
        "credentials",
        "method",
        "headers",
        "body",
    ] {
        if let Some(value) = param(name) {
            request.set(name, &value);
        }
    }
    if param("events").is_none() && is_default_stream(&request.url) {
        request.events.push(CONNECT_TIME.to_owned());
    }
    request
}

/// The address of the page that asks for `request`.
pub(crate) fn address(request: &Request, whole: bool) -> Result<String, JsValue> {
    let address = Url::new(&window().location().href()?)?;
    address.set_search("");
    let params = address.search_params();
    for (name, value) in request.parameters(whole) {
        params.set(name, &value);
    }
    Ok(address.href())
}

fn follow(request: &Request) -> Result<(), JsValue> {
    let address = address(request, false)?;
    window()
        .history()?
        .replace_state_with_url(&JsValue::NULL, "", Some(&address))
}
