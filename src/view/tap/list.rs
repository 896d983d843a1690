//! The table of exchanges.

use leptos::{ev, html, prelude::*};

use super::taps::{Taps, words};
use crate::{
    clock,
    tap::{Exchange, Secrets},
    text,
};

/// A column: its class, its heading, and what is in it. The time is called for only where it counts.
type Column = (
    &'static str,
    &'static str,
    fn(&Exchange, &dyn Fn() -> f64) -> String,
);

/// The columns before that of the request.
const BEFORE: [Column; 2] = [
    ("at", "Time", |exchange, _| clock::time_of_day(exchange.at)),
    ("name", "Tap", |exchange, _| exchange.tap.clone()),
];

/// The columns after it.
const AFTER: [Column; 8] = [
    ("client", "Client", |exchange, _| client(exchange)),
    ("status", "Status", |exchange, _| status(exchange)),
    ("type", "Type", |exchange, _| kind(exchange)),
    ("state", "State", |exchange, _| exchange.outcome()),
    ("number", "Events", |exchange, _| events(exchange)),
    ("number bytes", "Bytes", |exchange, _| {
        text::bytes(exchange.bytes)
    }),
    ("number", "Took", |exchange, now| {
        text::duration(exchange.duration(now))
    }),
    ("end", "How it ended", |exchange, _| {
        exchange.ending().to_owned()
    }),
];

/// The exchanges, the newest first. The keys move from row to row; a click or Enter chooses one.
#[component]
pub(super) fn List(
    taps: Taps,
    /// Whether to list only event streams.
    only_streams: RwSignal<bool>,
) -> impl IntoView {
    let rows = Memo::new(move |_| taps.list.read().rows(only_streams.get()));
    let is_empty = Memo::new(move |_| rows.read().is_empty());
    // The row that takes the focus from outside.
    let stop = Memo::new(move |_| {
        let rows = rows.read();
        let current = taps.current.get().filter(|current| rows.contains(current));
        current.or(rows.first().copied())
    });
    let on_keydown = move |event: ev::KeyboardEvent| {
        let rows = rows.read_untracked();
        let stop = stop.get_untracked();
        let at = rows.iter().position(|id| Some(*id) == stop);
        let at = at.unwrap_or_default();
        let to = match &*event.key() {
            "ArrowDown" | "j" => at + 1,
            "ArrowUp" | "k" => at.saturating_sub(1),
            "Home" => 0,
            "End" => rows.len(),
            _ => return,
        };
        event.prevent_default();
        taps.move_to(rows.get(to).or(rows.last()).copied());
    };
    view! {
        <table hidden=is_empty on:keydown=on_keydown>
            <caption class="unseen">"Exchanges through the taps, the newest first"</caption>
            <thead>
                <tr>{headings(&BEFORE)} <th class="request">"Request"</th> {headings(&AFTER)}</tr>
            </thead>
            <tbody>
                <For each=move || rows.get() key=|id| *id let:id>
                    <Row taps=taps id=id stop=stop />
                </For>
            </tbody>
        </table>
    }
}

fn headings(columns: &[Column]) -> Vec<AnyView> {
    let headings = columns.iter().map(|(class, label, _)| {
        view! {
            <th class=*class>
                <span>{*label}</span>
            </th>
        }
        .into_any()
    });
    headings.collect()
}

#[component]
fn Row(
    taps: Taps,
    id: u64,
    /// The row that takes the focus from outside.
    stop: Memo<Option<u64>>,
) -> impl IntoView {
    let exchange = taps.exchange(move || Some(id));
    let text = move |format: fn(&Exchange, &dyn Fn() -> f64) -> String| {
        Memo::new(move |_| {
            let exchange = exchange.read();
            let exchange = exchange.as_deref();
            exchange.map_or_else(String::new, |exchange| {
                format(exchange, &|| taps.clock.get())
            })
        })
    };
    let cells = move |columns: &[Column]| {
        let cells = columns.iter().map(|(class, _, format)| {
            let text = text(*format);
            view! {
                <td class=*class title=text>
                    {text}
                </td>
            }
            .into_any()
        });
        cells.collect::<Vec<_>>()
    };
    let tabindex = Memo::new(move |_| if stop.get() == Some(id) { "0" } else { "-1" });
    let is_chosen = Memo::new(move |_| taps.chosen.get() == Some(id));
    let button = NodeRef::<html::Button>::new();
    Effect::new(move |_| {
        if taps.current.get() == Some(id)
            && let Some(button) = button.get()
            && taps.takes_focus.get_value()
        {
            taps.takes_focus.set_value(false);
            let _ = button.focus();
        }
    });
    let request = text(|exchange, _| request(exchange));
    let state = text(|exchange, _| exchange.state.name().to_owned());
    view! {
        <tr aria-current=words(is_chosen) data-exchange=state on:click=move |_| taps.choose(id)>
            {cells(&BEFORE)}
            <td class="request" title=request>
                <button type="button" node_ref=button tabindex=tabindex>
                    {request}
                </button>
            </td>
            {cells(&AFTER)}
        </tr>
    }
}

/// `POST /v1/chat`
pub(super) fn request(exchange: &Exchange) -> String {
    let target = Secrets::Hidden.target(&exchange.path);
    [&*exchange.method, " ", &target].concat()
}

/// The name of the client, or else its address.
fn client(exchange: &Exchange) -> String {
    match &*exchange.agent {
        "" => exchange.client.clone(),
        agent => agent.to_owned(),
    }
}

fn status(exchange: &Exchange) -> String {
    let status = exchange.status.map(|status| status.to_string());
    status.unwrap_or_default()
}

fn kind(exchange: &Exchange) -> String {
    if exchange.is_stream { "SSE" } else { "" }.to_owned()
}

/// The number of events; nothing for what is no event stream.
fn events(exchange: &Exchange) -> String {
    if exchange.is_stream {
        text::count(exchange.events)
    } else {
        String::new()
    }
}
