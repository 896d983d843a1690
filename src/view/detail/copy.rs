//! Buttons that copy.

use leptos::prelude::*;
use leptos_use::{UseClipboardReturn, use_clipboard};

/// A button that copies a text. It is hidden where the browser has no clipboard for the page.
#[component]
pub(in crate::view) fn CopyButton(
    label: &'static str,
    /// Whether there is nothing to copy.
    #[prop(into)]
    hidden: Signal<bool>,
    /// The text to copy, when the button is pressed.
    text: Callback<(), String>,
) -> impl IntoView {
    let UseClipboardReturn {
        is_supported,
        copied,
        copy,
        ..
    } = use_clipboard();
    let label = Memo::new(move |_| if copied.get() { "Copied" } else { label });
    // A browser offers its clipboard only to pages from https: or from this computer.
    let cannot = Memo::new(move |_| hidden.get() || !is_supported.get());
    view! {
        <button type="button" class="quiet" hidden=cannot on:click=move |_| copy(&text.run(()))>
            {label}
        </button>
    }
}
