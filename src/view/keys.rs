//! The keys of the page, and the table that tells them.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlDialogElement, HtmlElement, KeyboardEvent};

use super::{dom, watched::Watched};

const MARKUP: &str = r#"
<dialog aria-labelledby="keys-title">
  <h2 id="keys-title">Keys</h2>
  <table>
    <tr><th><kbd>/</kbd></th><td>to the filter</td></tr>
    <tr><th><kbd>space</kbd></th><td>freeze the view, or let it go on</td></tr>
    <tr><th><kbd>j</kbd> <kbd>k</kbd> <kbd>↓</kbd> <kbd>↑</kbd></th><td>next and previous line</td></tr>
    <tr><th><kbd>PgDn</kbd> <kbd>PgUp</kbd> <kbd>Home</kbd> <kbd>End</kbd></th><td>further</td></tr>
    <tr><th><kbd>Enter</kbd></th><td>into the detail</td></tr>
    <tr><th><kbd>Esc</kbd></th><td>back</td></tr>
    <tr><th><kbd>u</kbd></th><td>to the URL</td></tr>
    <tr><th><kbd>e</kbd></th><td>to the exports</td></tr>
    <tr><th><kbd>+</kbd> <kbd>-</kbd> <kbd>←</kbd> <kbd>→</kbd> <kbd>0</kbd></th><td>in the timeline: zoom, move, follow</td></tr>
    <tr><th><kbd>?</kbd></th><td>this table</td></tr>
  </table>
  <form method="dialog"><button class="primary">Close</button></form>
</dialog>"#;

/// The keys that work anywhere on the page but where one writes.
pub(crate) fn keys(watched: Watched) -> impl IntoView {
    dom::panel("keys", MARKUP, move |root| {
        let dialog: HtmlDialogElement = dom::find(&root, "dialog").unchecked_into();
        let opened = dialog.clone();
        if let Some(button) = in_page("[data-do=keys]") {
            dom::listen(&button, "click", move |_| drop(opened.show_modal()));
        }
        dom::listen(&document(), "keydown", move |event| {
            key(watched, &dialog, event.unchecked_ref());
        });
        // A menu is closed by a press beside it.
        dom::listen(&document(), "pointerdown", |event| {
            if let Some(menu) = in_page(".menu[open]")
                && !menu.contains(event.target().as_ref().map(|target| target.unchecked_ref()))
            {
                let _ = menu.remove_attribute("open");
            }
        });
    })
}

fn key(watched: Watched, dialog: &HtmlDialogElement, event: &KeyboardEvent) {
    let target: Option<Element> = event.target().and_then(|target| target.dyn_into().ok());
    let Some(target) = target else { return };
    let writes = matches!(&*target.tag_name(), "INPUT" | "TEXTAREA" | "SELECT");
    let key = event.key();
    if event.ctrl_key() || event.alt_key() || event.meta_key() || event.default_prevented() {
        return;
    }
    if key == "Escape"
        && let Some(menu) = in_page(".menu[open]")
    {
        close(&menu);
        return event.prevent_default();
    }
    if writes {
        if key == "Escape" {
            focus(".log-scroller");
            // A search box would be emptied.
            event.prevent_default();
        }
        return;
    }
    // A button is pressed by these, and a dialog has keys of its own.
    let presses = matches!(&*target.tag_name(), "BUTTON" | "SUMMARY");
    if dialog.open() || (presses && matches!(&*key, " " | "Enter")) {
        return;
    }
    match &*key {
        "/" => focus("[name=filter]"),
        "u" => focus("[name=url]"),
        "e" => {
            if let Some(menu) = in_page(".filter-bar .export") {
                dom::set(&menu, "open", "");
            }
            focus(".filter-bar .export button");
        }
        " " => watched.freeze(!watched.is_frozen()),
        "?" => drop(dialog.show_modal()),
        "Enter" if watched.selected.get_untracked().is_some() => focus(".detail pre"),
        "j" | "k" | "ArrowDown" | "ArrowUp" => {
            if target
                .closest(".detail, .timeline, .log-scroller")
                .ok()
                .flatten()
                .is_some()
            {
                return;
            }
            // The log has them itself.
            focus(".log-scroller");
            let Some(log) = in_page(".log-scroller") else {
                return;
            };
            let init = web_sys::KeyboardEventInit::new();
            init.set_key(&key);
            if let Ok(again) = KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &init) {
                let _ = log.dispatch_event(&again);
            }
        }
        _ => return,
    }
    event.prevent_default();
}

/// Closes a menu; its button takes the focus from what is gone.
pub(super) fn close(menu: &HtmlElement) {
    let _ = dom::find(menu, "summary").focus();
    let _ = menu.remove_attribute("open");
}

fn in_page(css: &str) -> Option<HtmlElement> {
    let found = document()
        .document_element()?
        .query_selector(css)
        .ok()
        .flatten()?;
    Some(found.unchecked_into())
}

fn focus(css: &str) {
    if let Some(found) = in_page(css) {
        let _ = found.focus();
    }
}
