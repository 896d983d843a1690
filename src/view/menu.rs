//! A button that opens a box with controls in it.

use leptos::{ev, html, prelude::*};
use leptos_use::{UseEventListenerOptions, use_event_listener, use_event_listener_with_options};
use wasm_bindgen::JsCast;

/// A button that opens and closes a box.
///
/// Esc closes an open box, wherever the focus is, and so does a press beside it. When the box closes with
/// the focus in it, the button takes the focus.
#[component]
pub(super) fn Menu(
    /// The text of the button.
    label: &'static str,
    /// The tooltip of the button.
    #[prop(optional)]
    title: &'static str,
    /// Classes beside `menu`.
    #[prop(optional)]
    class: &'static str,
    /// Whether the box is open. Setting the signal opens or closes the box.
    #[prop(default = RwSignal::new(false))]
    open: RwSignal<bool>,
    /// The element, for code that opens the box and focuses something in it at once: `set_open` takes
    /// effect immediately, a signal only when effects run next.
    #[prop(optional)]
    node_ref: NodeRef<html::Details>,
    /// The contents of the box. They are in the document while it is closed, too.
    children: Children,
) -> impl IntoView {
    let summary = NodeRef::<html::Summary>::new();
    let contains = move |node: Option<web_sys::Node>| {
        let menu = node_ref.get_untracked();
        menu.is_some_and(|menu| menu.contains(node.as_ref()))
    };

    Effect::new(move |_| {
        let focused = || document().active_element().map(JsCast::unchecked_into);
        if !open.get()
            && contains(focused())
            && let Some(summary) = summary.get_untracked()
        {
            let _ = summary.focus();
        }
    });
    // In the capture phase: this Esc has no other effect.
    let _ = use_event_listener_with_options(
        document(),
        ev::keydown,
        move |event| {
            if open.get_untracked() && event.key() == "Escape" {
                event.prevent_default();
                event.stop_propagation();
                open.set(false);
            }
        },
        UseEventListenerOptions::default().capture(true),
    );
    let _ = use_event_listener(document(), ev::pointerdown, move |event| {
        let pressed = event.target().map(JsCast::unchecked_into);
        if open.get_untracked() && !contains(pressed) {
            open.set(false);
        }
    });

    view! {
        <details
            class=["menu ", class].concat()
            node_ref=node_ref
            prop:open=open
            on:toggle=move |_| {
                if let Some(menu) = node_ref.get_untracked() {
                    open.set(menu.open());
                }
            }
        >
            <summary title=title node_ref=summary>
                {label}
            </summary>
            <div>{children()}</div>
        </details>
    }
}
