//! The head of the page.

use leptos::prelude::*;

use super::{
    focus::Focus,
    tap::{Taps, words},
    theme::ThemeButton,
};

/// The name of the page, and the buttons for the taps, the theme and the table of keys.
#[component]
pub(crate) fn Masthead() -> impl IntoView {
    let focus = expect_context::<Focus>();
    let tap = Taps::get().map(|taps| view! { <TapButton taps=taps /> }.into_any());
    view! {
        <header class="masthead">
            <h1>"SSE Scope"</h1>
            <div class="masthead-buttons">
                {tap}
                <ThemeButton />
                <button
                    type="button"
                    class="quiet"
                    title="?"
                    on:click=move |_| {
                        if let Some(keys) = focus.keys.get_untracked() {
                            let _ = keys.show_modal();
                        }
                    }
                >
                    "Keys"
                </button>
            </div>
        </header>
    }
}

/// A button that opens and closes the panel of the taps, with the number of exchanges that are not over.
#[component]
fn TapButton(taps: Taps) -> impl IntoView {
    let open = Memo::new(move |_| match taps.open_count() {
        0 => String::new(),
        open => open.to_string(),
    });
    view! {
        <button
            type="button"
            class="quiet tap-button"
            title="What passes through the taps of this server; the number of exchanges that are open (t)"
            aria-expanded=words(taps.is_open)
            node_ref=taps.button
            on:click=move |_| taps.toggle()
        >
            "Tap " <span>{open}</span>
        </button>
    }
}
