//! The whole of one line.

use leptos::prelude::*;

use super::{clock, labels::Labels};
use crate::journal::{Entry, Event, Item, Journal};

/// The selected event in full: its type, last event ID, size, time and data.
#[component]
pub(super) fn Detail(
    entries: ReadSignal<Journal, LocalStorage>,
    labels: Signal<Labels>,
    selected: RwSignal<Option<u64>>,
    close: impl Fn() + Copy + Send + 'static,
) -> impl IntoView {
    // A copy: it stays although the line may be evicted.
    let event = move || {
        let seq = selected.get()?;
        entries.with_untracked(|entries| match entries.get(seq)? {
            Entry {
                at,
                item: Item::Event(event),
            } => Some((*at, event.clone())),
            _ => None,
        })
    };
    move || {
        event().map(|(at, Event { event_type, data, last_event_id })| {
            let label = labels.with_untracked(|labels| labels.get(&event_type).to_owned());
            view! {
                <aside class="detail" aria-label="Detail">
                    <div class="detail-head">
                        <h2>{label}</h2>
                        <button type="button" class="quiet" on:click=move |_| close()>
                            "Close"
                        </button>
                    </div>
                    <dl>
                        <div><dt>"Type"</dt><dd>{event_type.to_string()}</dd></div>
                        <div><dt>"Received"</dt><dd>{clock(at)}</dd></div>
                        <div><dt>"Size"</dt><dd>{data.len()} " bytes"</dd></div>
                        <div>
                            <dt>"Last event ID"</dt>
                            <dd>{if last_event_id.is_empty() { "–".to_owned() } else { last_event_id }}</dd>
                        </div>
                    </dl>
                    <pre tabindex="0">{data}</pre>
                </aside>
            }
        })
    }
}
