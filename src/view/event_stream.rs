//! One stream: its state, its commands and its log.

use leptos::prelude::*;

use super::{detail::Detail, labels::Labels, link_state::LinkState, log::Log};
use crate::session::{UseEventSourceOptions, use_event_source};

/// Connects to an event stream and shows what happens: `Connection open ...`, a line for each
/// event by its label, `Connection close.`; the state of the connection; and the buttons to connect
/// and disconnect.
///
/// Everything received is shown as text.
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
    /// Whether to send cookies to another origin. Default: no.
    #[prop(into, optional)]
    with_credentials: Option<Signal<bool>>,
) -> impl IntoView {
    let url: Signal<String> = Signal::from(Memo::new(move |_| url.get()));
    let mut options = UseEventSourceOptions::default();
    if let Some(events) = events {
        options = options.events(events);
    }
    if let Some(with_credentials) = with_credentials {
        options = options.with_credentials(with_credentials);
    }
    let stream = use_event_source(url, options);
    let labels = labels.unwrap_or_else(|| Signal::stored(Labels::default()));
    let selected = RwSignal::new(None);
    // The log takes the focus back when what had it is gone.
    let log = NodeRef::<leptos::html::Div>::new();
    let close_detail = move || {
        selected.set(None);
        if let Some(log) = log.get_untracked() {
            let _ = log.focus();
        }
    };
    // Another URL is another log.
    Effect::new(move |mounted: Option<()>| {
        url.track();
        if mounted.is_some() {
            selected.set(None);
        }
    });
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Escape" && selected.get_untracked().is_some() {
            close_detail();
        }
    };

    view! {
        <section class="event-stream" aria-label="Event stream" on:keydown=on_key>
            <LinkState stream />
            <Log entries=stream.entries labels selected node_ref=log />
            <Detail entries=stream.entries labels selected close=close_detail />
        </section>
    }
}
