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
    /// What to call the events. Default: their types.
    #[prop(into, optional)]
    labels: Option<Signal<Labels>>,
    /// Whether to send cookies to another origin. Default: no.
    #[prop(into, optional)]
    with_credentials: Option<Signal<bool>>,
) -> impl IntoView {
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

    view! {
        <section class="event-stream" aria-label="Event stream">
            <LinkState stream />
            <Log entries=stream.entries labels selected />
            <Detail entries=stream.entries labels selected />
        </section>
    }
}
