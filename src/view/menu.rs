//! A button that opens a box with controls in it.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::Node;

/// A button that opens and closes a box.
///
/// Esc within an open box closes it, and so does a press beside it. When the box closes with the focus in
/// it, the button takes the focus.
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
    /// Whether the button is marked, because something in the box is entered but not applied.
    #[prop(default = Signal::stored(false))]
    differs: Signal<bool>,
    /// Whether the box is open. Setting it opens or closes the box.
    #[prop(default = RwSignal::new(false))]
    open: RwSignal<bool>,
    /// The element. `set_open` opens the box at once, so that something in it can take the focus; `open` does
    /// so with the next effects.
    #[prop(optional)]
    node_ref: NodeRef<html::Details>,
    /// The contents of the box. They are in the document while it is closed, too.
    children: Children,
) -> impl IntoView {
    let summary = NodeRef::<html::Summary>::new();
    let contains = move |node: Option<Node>| {
        let menu = node_ref.get_untracked();
        menu.is_some_and(|menu| menu.contains(node.as_ref()))
    };
    let has_focus = move || contains(document().active_element().map(JsCast::unchecked_into));
    let focus = move || {
        if let Some(summary) = summary.get_untracked() {
            let _ = summary.focus();
        }
    };

    Effect::new(move |_| {
        if !open.get() && has_focus() {
            focus();
        }
    });
    let beside = window_event_listener(ev::pointerdown, move |event| {
        let pressed = event.target().map(JsCast::unchecked_into);
        if open.get_untracked() && !contains(pressed) {
            open.set(false);
        }
    });
    on_cleanup(move || beside.remove());

    view! {
        <details
            class=["menu ", class].concat()
            class:differs=move || differs.get()
            node_ref=node_ref
            prop:open=move || open.get()
            on:toggle=move |_| {
                if let Some(menu) = node_ref.get_untracked() {
                    open.set(menu.open());
                    // Safari does not focus a button that is pressed. Then Esc would not arrive here.
                    if menu.open() && !has_focus() {
                        focus();
                    }
                }
            }
            on:keydown=move |event| {
                if open.get_untracked() && event.key() == "Escape" {
                    // This Esc has no other effect.
                    event.prevent_default();
                    event.stop_propagation();
                    open.set(false);
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
