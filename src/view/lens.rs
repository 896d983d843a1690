//! The log as a client with an `EventSource` receives it.

use leptos::prelude::*;

use super::{controls::Controls, watched::Watched};
use crate::request::Request;

/// The switch that shows only what a client with an `EventSource` receives, and the event types that this
/// client listens to. By `EventSource` there is nothing else to show.
#[component]
pub(super) fn Lens() -> impl IntoView {
    let watched = Watched::expect();
    let Controls { asked, lens, .. } = expect_context();
    let listen = move |events: String| {
        let types = Request {
            events,
            ..Request::default()
        }
        .event_types();
        if asked.get_untracked() != types {
            asked.set(types);
        }
    };
    view! {
        <div class="lens" hidden=move || !watched.sees_all.get()>
            <button
                type="button"
                data-do="lens"
                aria-pressed=move || if lens.get() { "true" } else { "false" }
                title="Shows only what a client with an EventSource receives: events of the type “message” and of the types that it listens to"
                on:click=move |_| lens.update(|lens| *lens = !*lens)
            >
                <span>"As an EventSource"</span>
            </button>
            <input
                name="listeners"
                aria-label="Event types that it listens to"
                title="Event types that the client listens to beside “message”, with commas between them"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                placeholder="only message"
                hidden=move || !lens.get()
                prop:value=move || asked.get().join(", ")
                on:change=move |event| listen(event_target_value(&event))
            />
        </div>
    }
}
