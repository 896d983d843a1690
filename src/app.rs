//! The page: which stream, and what its events are called.

use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::{Url, UrlSearchParams};

use crate::{
    source::resolve,
    view::{EventStream, Labels, OpenForm, Request, ThemeSwitch},
};

/// The path of the default stream, on this page's own server.
const DEFAULT_PATH: &str = "/stream";

/// The address of the article's own server, whose stream is the same.
const ARTICLE_HOSTS: [&str; 2] = ["127.0.0.1:8844", "localhost:8844"];

/// The event type that the default stream names.
const CONNECT_TIME: &str = "connecttime";

/// The page. It opens the stream of its address, `/?url=…&events=a,b`, or else the default stream.
#[component]
pub fn App() -> impl IntoView {
    let request = RwSignal::new(requested());

    // The address follows the form, so that it can be kept and passed on.
    Effect::new(move |mounted: Option<()>| {
        request.with(|request| {
            if mounted.is_some() {
                remember(request);
            }
        });
    });

    view! {
        <header class="masthead">
            <h1>"SSE Scope"</h1>
            <ThemeSwitch />
        </header>
        <main>
            <OpenForm request />
            // Each time that the form is submitted is another stream with a log of its own, also if
            // it is the same URL again.
            {move || {
                let Request { url, events } = request.get();
                let labels = labels(&url);
                view! { <EventStream url events labels /> }
            }}
        </main>
    }
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
    let param = |name| params.as_ref().and_then(|params| params.get(name));
    let url = param("url").unwrap_or_else(|| DEFAULT_PATH.to_owned());
    let events = param("events").unwrap_or_else(|| {
        if is_default_stream(&url) {
            CONNECT_TIME.to_owned()
        } else {
            String::new()
        }
    });
    Request::new(&url, &events)
}

/// Makes the page's address ask for `request`.
fn remember(request: &Request) {
    let set = || -> Result<(), JsValue> {
        let address = Url::new(&window().location().href()?)?;
        let params = address.search_params();
        params.set("url", &request.url);
        params.set("events", &request.events.join(","));
        window()
            .history()?
            .replace_state_with_url(&JsValue::NULL, "", Some(&address.href()))
    };
    if let Err(error) = set() {
        leptos::logging::warn!("the address cannot follow the form: {error:?}");
    }
}
