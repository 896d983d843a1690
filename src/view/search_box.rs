//! The box for the text that the log is filtered by.

use leptos::prelude::*;

use super::{filter::Filter, focus::Focus};

/// A box for a text, and two switches: whether its case matters, and whether it is a regular expression.
#[component]
pub(super) fn SearchBox(
    /// What is entered.
    filter: Filter,
) -> impl IntoView {
    view! {
        <div class="filter">
            <input
                type="search"
                name="filter"
                placeholder="Filter"
                aria-label="Filter by text in the data"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                title="/"
                aria-invalid=move || filter.problem.with(Option::is_some).then_some("true")
                node_ref=Focus::get().filter
                bind:value=filter.text
            />
            <Switch what="case" text="Aa" name="Match case" about="Match case" on=filter.match_case />
            <Switch
                what="pattern"
                text=".*"
                name="Regular expression"
                about="Regular expression, applied to the first 16 KiB of the data"
                on=filter.is_pattern
            />
        </div>
    }
}

/// A button that stays pressed.
#[component]
fn Switch(
    /// The value of `data-do`, for tests and the style.
    what: &'static str,
    /// The text on the button.
    text: &'static str,
    /// The accessible name of the button.
    name: &'static str,
    /// What the button does, as a tooltip.
    about: &'static str,
    /// Whether the button is pressed.
    on: RwSignal<bool>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="toggle"
            data-do=what
            aria-pressed=move || if on.get() { "true" } else { "false" }
            aria-label=name
            title=about
            on:click=move |_| on.update(|on| *on = !*on)
        >
            {text}
        </button>
    }
}
