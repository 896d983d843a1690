//! A component or a hook in the document of a browser, with a live server.

// Each test that includes this module uses a part of it.
#![allow(dead_code)]

use std::{cell::RefCell, rc::Rc};

use gloo_timers::future::TimeoutFuture;
use leptos::{mount::mount_to, prelude::*, tachys::dom::body};
use sse_scope::{UseEventSourceOptions, UseEventSourceReturn, use_event_source};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// How long a condition may take to become true, in ms.
const PATIENCE_MS: f64 = 30_000.0;

/// Expands to the address of the live server. Without a server, returns from the test.
macro_rules! server {
    () => {
        match option_env!("SSE_SCOPE_SERVER") {
            Some(server) => server,
            None => {
                console_log!("not run: needs a server; `make test-page` starts one");
                return;
            }
        }
    };
}

/// The URL of a stream of exactly `body`.
pub(crate) fn raw(server: &str, body: &str, more: &str) -> String {
    let body = String::from(js_sys::encode_uri_component(body));
    format!("{server}/fixture/raw?body={body}{more}")
}

/// Waits until `condition` is true.
pub(crate) async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    let start = js_sys::Date::now();
    while !condition().await {
        assert!(
            js_sys::Date::now() - start < PATIENCE_MS,
            "never became true: {what}"
        );
        TimeoutFuture::new(10).await;
    }
}

/// A view that is mounted in a new element, and unmounted when dropped.
pub(crate) struct Mounted {
    pub(crate) element: HtmlElement,
    _handle: Box<dyn std::any::Any>,
}

impl Mounted {
    pub(crate) fn new<N: IntoView + 'static>(view: impl FnOnce() -> N + 'static) -> Self {
        let element: HtmlElement = document()
            .create_element("div")
            .expect("an element")
            .unchecked_into();
        element
            .style()
            .set_property("height", "400px")
            .expect("a style");
        body().append_child(&element).expect("a place");
        let handle = mount_to(element.clone(), view);
        Self {
            element,
            _handle: Box::new(handle),
        }
    }

    pub(crate) fn find(&self, css: &str) -> Option<Element> {
        self.element.query_selector(css).expect("valid CSS")
    }

    pub(crate) fn text(&self, css: &str) -> String {
        self.find(css)
            .and_then(|element| element.text_content())
            .unwrap_or_default()
    }

    /// The lines of the log that are in the document.
    pub(crate) fn lines(&self) -> Vec<String> {
        let found = self
            .element
            .query_selector_all(".row .line")
            .expect("valid CSS");
        (0..found.length())
            .filter_map(|n| found.get(n)?.text_content())
            .collect()
    }

    pub(crate) async fn until_lines(&self, count: usize) -> Vec<String> {
        until(&format!("{count} lines"), async || {
            self.lines().len() >= count
        })
        .await;
        self.lines()
    }

    pub(crate) fn press(&self, text: &str) {
        let buttons = self
            .element
            .query_selector_all("button")
            .expect("valid CSS");
        let button = (0..buttons.length())
            .filter_map(|n| buttons.get(n))
            .find(|button| button.text_content().as_deref() == Some(text))
            .unwrap_or_else(|| panic!("no button {text}"));
        button.unchecked_into::<HtmlElement>().click();
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        self._handle = Box::new(());
        self.element.remove();
    }
}

/// Mounts a component that only calls the hook.
pub(crate) fn watch(
    url: impl Into<Signal<String>>,
    options: UseEventSourceOptions,
) -> (UseEventSourceReturn, Mounted) {
    let url = url.into();
    let slot = Rc::new(RefCell::new(None));
    let filled = Rc::clone(&slot);
    let mounted = Mounted::new(move || *filled.borrow_mut() = Some(use_event_source(url, options)));
    let stream = slot.borrow().expect("mounted");
    (stream, mounted)
}

pub(crate) use server;
