//! The head of the page.

use leptos::prelude::*;

use super::{focus::Focus, theme::ThemeButton};

/// The name of the page, and the buttons for the theme and the table of keys.
#[component]
pub(crate) fn Masthead() -> impl IntoView {
    let focus = expect_context::<Focus>();
    view! {
        <header class="masthead">
            <h1>"SSE Scope"</h1>
            <div class="masthead-buttons">
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
