//! One stream: its state, its commands and its log.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::{detail::Detail, labels::Labels, link_state::LinkState, log::log, watched::Watched};
use crate::{
    request::Via,
    session::{UseEventSourceOptions, use_event_source},
};

/// Connects to an event stream and shows what happens: `Connection open ...`, a line for each
/// event by its label, `Connection close.`; the state of the connection; and the buttons to connect
/// and disconnect.
///
/// Everything received is shown as text. What stands within the component is shown between the
/// state and the log.
#[allow(unreachable_pub, reason = "the macro makes an inner item public")]
#[component]
pub fn EventStream(
    /// The URL of the stream, which may be relative to the page. A change connects to the new one
    /// and begins a new log.
    #[prop(into)]
    url: Signal<String>,
    /// The event types to listen to beside `message`. An `EventSource` hears of no others.
    #[prop(into, optional)]
    events: Option<Signal<Vec<String>>>,
    /// What to call the events. Default: their types. A line that is in sight keeps its label.
    #[prop(into, optional)]
    labels: Option<Signal<Labels>>,
    /// How to read the stream. Default: by the browser's `EventSource`.
    #[prop(into, optional)]
    via: Option<Signal<Via>>,
    /// Whether to send cookies to another origin. Default: no.
    #[prop(into, optional)]
    with_credentials: Option<Signal<bool>>,
    /// Whether to connect at once, or when somebody asks. Default: at once.
    #[prop(default = true)]
    immediate: bool,
    /// What is shown between the state and the log.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let mut options = UseEventSourceOptions::default().immediate(immediate);
    if let Some(events) = events {
        options = options.events(events);
    }
    if let Some(via) = via {
        options = options.via(via);
    }
    if let Some(with_credentials) = with_credentials {
        options = options.with_credentials(with_credentials);
    }
    let stream = use_event_source(url, options);
    let labels = labels.unwrap_or_else(|| Signal::stored(Labels::default()));
    let watched = Watched::new(stream, labels);
    provide_context(watched);
    // Another URL is another log.
    let mut shown = url.get_untracked();
    Effect::new(move |_| {
        let url = url.get();
        if shown != url {
            shown = url;
            watched.start_over();
        }
    });

    let section = NodeRef::<html::Section>::new();
    let close_detail = move || {
        watched.select(None);
        if let Some(section) = section.get_untracked() {
            focus_log(&section);
        }
    };
    let on_keydown = move |event: ev::KeyboardEvent| {
        let is_open = watched.selected.get_untracked().is_some();
        if event.key() == "Escape" && is_open && !has_own_use_of_escape(&event) {
            close_detail();
        }
    };

    view! {
        <section class="event-stream" aria-label="Event stream" node_ref=section on:keydown=on_keydown>
            <LinkState />
            {children.map(|children| children())}
            {log(watched)}
            <Detail on_close=Callback::new(move |()| close_detail()) />
        </section>
    }
}

/// TEMPORARY, until the log is a component whose scroller is a `NodeRef`: the log takes the focus back from
/// the detail that closes.
fn focus_log(section: &Element) {
    if let Ok(Some(log)) = section.query_selector(".log-scroller") {
        let _ = log.unchecked_into::<HtmlElement>().focus();
    }
}

/// Whether Esc does something else where the focus is.
///
/// TEMPORARY, until menus and the dialog stop the propagation of an Esc that closes them: then a test for
/// an input is enough.
fn has_own_use_of_escape(event: &ev::KeyboardEvent) -> bool {
    let target = event.target().map(JsCast::unchecked_into::<Element>);
    event.default_prevented()
        || target.is_some_and(|target| {
            target
                .closest("dialog, .menu[open], input")
                .is_ok_and(|found| found.is_some())
        })
}
