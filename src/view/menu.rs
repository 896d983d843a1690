//! A button that opens a box.

use leptos::{html, prelude::*};

/// A menu. It is closed by a press beside it and by Esc ([`keys`](super::keys)), or through `open`.
#[component]
pub(super) fn Menu(
    /// What is on its button.
    label: &'static str,
    /// Its classes, `menu` among them.
    class: &'static str,
    /// Whether it is open. If the focus is within when it closes, its button has it then.
    open: RwSignal<bool>,
    children: Children,
) -> impl IntoView {
    let details = NodeRef::<html::Details>::new();
    let button = NodeRef::<html::Summary>::new();
    Effect::new(move |was_open: Option<bool>| {
        let is_open = open.get();
        if was_open == Some(true)
            && !is_open
            && let Some(details) = details.get_untracked()
            && details.contains(document().active_element().as_deref())
            && let Some(button) = button.get_untracked()
        {
            let _ = button.focus();
        }
        is_open
    });
    // The browser opens and closes it, too.
    let toggled = move |_| {
        if let Some(details) = details.get_untracked() {
            open.set(details.open());
        }
    };
    view! {
        <details class=class node_ref=details prop:open=open on:toggle=toggled>
            <summary node_ref=button>{label}</summary>
            <div>{children()}</div>
        </details>
    }
}
