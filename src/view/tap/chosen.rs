//! The chosen exchange, and what can be done to it.

use leptos::prelude::*;

use super::{
    details::Shown,
    list::request,
    taps::{Taps, is_empty, path, words},
};
use crate::{
    source::ask,
    tap::{Exchange, State},
    view::settings,
};

/// Where it is remembered whether the details are open.
const KEY: &str = "tap-details";

/// The chosen exchange: what it is, how it is or ended, buttons that stall it or cut it off, and its details.
#[component]
pub(super) fn Chosen(taps: Taps) -> impl IntoView {
    let exchange = taps.exchange(move || taps.chosen.get());
    let text = move |format: fn(&Exchange) -> String| {
        Memo::new(move |_| exchange.read().as_deref().map_or_else(String::new, format))
    };
    let title = text(request);
    let is_in = move |state: State| {
        Memo::new(move |_| {
            let exchange = exchange.read();
            exchange
                .as_deref()
                .is_some_and(|exchange| exchange.state == state)
        })
    };
    let (is_held, is_over) = (is_in(State::Held), is_in(State::Over));
    let command = Callback::new(move |what: &'static str| {
        let id = taps.chosen.get_untracked();
        let answered = move |answer: Result<String, String>| {
            if taps.chosen.try_get_untracked() == Some(id) {
                taps.refused.set(answer.err().unwrap_or_default());
            }
        };
        ask(
            &path(id.unwrap_or_default(), what),
            true,
            Box::new(answered),
        );
    });
    let details = settings::remembered(KEY, has_room(), |open| Some(open == "true"));
    let toggle = move |_| {
        details.update(|open| *open = !*open);
        settings::remember(KEY, words_of(details.get_untracked()));
    };
    let shows_details = Memo::new(move |_| details.get() && !title.read().is_empty());
    view! {
        <div class="tap-chosen" hidden=is_empty(title)>
            <h3>{title}</h3>
            <button
                type="button"
                title="Breaks the connection of the client now, as a network would"
                disabled=is_over
                on:click=move |_| command.run("/cut")
            >
                "Cut now"
            </button>
            <button
                type="button"
                title="Stops reading from the upstream: nothing passes until it is released"
                aria-pressed=words(is_held)
                disabled=is_over
                on:click=move |_| command.run(if is_held.get_untracked() { "/release" } else { "/hold" })
            >
                "Hold"
            </button>
            <button type="button" aria-expanded=words(details) on:click=toggle>
                "Details"
            </button>
            <p role="status">{text(sentence)}</p>
            <p class="problem" role="status">{move || taps.refused.get()}</p>
        </div>
        {move || shows_details.get().then(|| view! { <Shown taps=taps exchange=exchange /> }.into_any())}
    }
}

fn words_of(is: bool) -> &'static str {
    if is { "true" } else { "false" }
}

/// Whether the page is so large that the details leave room for the list, as the sheet has it.
fn has_room() -> bool {
    let size = |size: Result<wasm_bindgen::JsValue, _>| {
        size.ok().and_then(|size| size.as_f64()).unwrap_or_default()
    };
    size(window().inner_width()) >= 1_000.0 && size(window().inner_height()) > 620.0
}

/// How far the exchange is, or how it ended.
fn sentence(exchange: &Exchange) -> String {
    let sentence = match exchange.state {
        State::Request => "The request is on its way to the upstream.",
        State::Waiting => "The upstream has not answered yet.",
        State::Open => "Open.",
        State::Held => "Held: nothing passes until you release it.",
        State::Over => exchange.ending(),
    };
    sentence.to_owned()
}
