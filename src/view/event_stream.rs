//! One event stream: the state of its connection, its log, and the detail of a line.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::{
    detail::Detail,
    labels::Labels,
    link_state::LinkState,
    log::Log,
    part::{Part, part},
    watched::Watched,
};
use crate::{
    session::{EventTypes, UseEventSourceOptions, use_event_source},
    via::Via,
};

/// Connects to an event stream and shows the state of the connection, with buttons to connect and
/// disconnect, and the log: `Connection open ...`, a line for each event with its label,
/// `Connection close.`
///
/// Everything received is shown as text, never as HTML. The children are shown between the state and the
/// log.
#[component]
pub fn EventStream(
    /// The URL of the stream, which may be relative to the page. A change connects to the new URL and
    /// clears the log.
    #[prop(into)]
    url: Signal<String>,
    /// The event types to subscribe to, beside `message`. An `EventSource` delivers no others.
    #[prop(into, optional)]
    events: Option<EventTypes>,
    /// The labels of the event types. Default: the types themselves.
    #[prop(into, optional)]
    labels: Option<Signal<Labels>>,
    /// How to receive the stream. Default: by the browser's `EventSource`.
    #[prop(into, optional)]
    via: Option<Signal<Via>>,
    /// Whether to send cookies to another origin. Default: no.
    #[prop(into, optional)]
    with_credentials: Option<Signal<bool>>,
    /// Whether to connect when mounted, and not only when the user asks. Default: yes.
    #[prop(optional)]
    immediate: Option<bool>,
    /// How many bytes the log keeps at most. Default: [`DEFAULT_BOUND`](crate::DEFAULT_BOUND).
    #[prop(optional)]
    bound: Option<usize>,
    /// Every other option of the hook, such as a limit on failed attempts or a callback for each event. The
    /// props above take precedence.
    #[prop(optional)]
    options: UseEventSourceOptions,
    /// What to show between the state and the log.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let mut options = options;
    if let Some(immediate) = immediate {
        options = options.immediate(immediate);
    }
    if let Some(bound) = bound {
        options = options.bound(bound);
    }
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
    // A new URL begins a new log.
    let mut shown = url.get_untracked();
    Effect::new(move |_| {
        let url = url.get();
        if shown != url {
            shown = url;
            watched.start_over();
        }
    });

    let close_detail = move || {
        watched.select(None);
        watched.focus_log();
    };
    let on_keydown = move |event: ev::KeyboardEvent| {
        let is_open = watched.selected.get_untracked().is_some();
        if event.key() == "Escape" && is_open && !has_own_use_of_escape(&event) {
            close_detail();
        }
    };

    let is_selected = Memo::new(move |_| watched.selected.get().is_some());
    let on_close = Callback::new(move |()| close_detail());
    let detail = Callback::new(move |()| detail::call(on_close));
    view! {
        <section class="event-stream" aria-label="Event stream" on:keydown=on_keydown>
            <LinkState />
            {children.map(|children| children())}
            <Log />
            <Part needed=is_selected ahead=true load=detail::load view=detail />
        </section>
    }
}

part! {
    reading: fn detail(on_close: Callback<()>) -> AnyView { view! { <Detail on_close /> }.into_any() }
}

/// Whether the element that has the focus uses Esc itself.
fn has_own_use_of_escape(event: &ev::KeyboardEvent) -> bool {
    let target = event.target().map(JsCast::unchecked_into::<Element>);
    event.default_prevented()
        || target.is_some_and(|target| {
            target
                .closest("dialog, .menu[open], input")
                .is_ok_and(|found| found.is_some())
        })
}
