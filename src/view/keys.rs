//! The keys of the page, and the table that lists them.

use leptos::{ev, prelude::*};
use leptos_use::use_event_listener;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent, Node};

use super::{focus::Focus, watched::Watched};

/// What each key does.
const KEYS: [(&[&str], &str); 11] = [
    (&["/"], "go to the filter"),
    (&["space"], "freeze the view, or resume"),
    (&["j", "k", "↓", "↑"], "next and previous line"),
    (
        &["PgDn", "PgUp", "Home", "End"],
        "in the log: a page down or up, first and last line",
    ),
    (&["Enter"], "go to the detail of the line"),
    (&["Esc"], "close, and go back to the log"),
    (&["u"], "go to the URL"),
    (&["Ctrl Enter"], "in the request: open it"),
    (&["e"], "go to the exports"),
    (
        &["+", "-", "←", "→", "0"],
        "in the timeline: zoom, move, follow the newest",
    ),
    (&["?"], "show this table"),
];

/// The keys that work anywhere on the page, and a dialog with a table of all keys.
///
/// Whatever has the focus comes first: a key that it has handled, or that the browser uses there, has no
/// other effect.
#[component]
pub(crate) fn Keys() -> impl IntoView {
    let watched = Watched::expect();
    let focus = expect_context::<Focus>();
    let _ = use_event_listener(document(), ev::keydown, move |event| {
        if press(watched, focus, &event) {
            event.prevent_default();
        }
    });

    let rows = KEYS.map(|(keys, effect)| {
        let keys: Vec<_> = keys
            .iter()
            .map(|key| view! { <kbd>{*key}</kbd> " " })
            .collect();
        view! {
            <tr>
                <th scope="row">{keys}</th>
                <td>{effect}</td>
            </tr>
        }
    });
    view! {
        <dialog aria-labelledby="keys-title" node_ref=focus.keys>
            <h2 id="keys-title">"Keys"</h2>
            <table>{rows.into_iter().collect_view()}</table>
            <form method="dialog">
                <button class="primary">"Close"</button>
            </form>
        </dialog>
    }
}

/// What uses keys where the focus is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nothing does.
    Page,
    /// A text or a choice: all keys are for it.
    Entry,
    /// A button: these press it.
    Button,
    /// The data in the detail, which scrolls.
    Detail,
}

impl Place {
    /// Where the focus is, if it is on an element with this tag and, of an `INPUT`, this type.
    fn of(tag: &str, kind: &str) -> Self {
        match (tag, kind) {
            ("INPUT", "checkbox" | "file" | "button" | "submit") => Self::Button,
            ("INPUT" | "TEXTAREA" | "SELECT", _) => Self::Entry,
            ("BUTTON" | "SUMMARY", _) => Self::Button,
            _ => Self::Page,
        }
    }

    /// Whether the browser uses `key` there.
    fn uses(self, key: &str) -> bool {
        match self {
            Self::Page => false,
            Self::Entry => key != "Escape",
            Self::Button => matches!(key, " " | "Enter"),
            Self::Detail => matches!(key, " " | "ArrowDown" | "ArrowUp" | "j" | "k"),
        }
    }
}

/// Does what a key does anywhere on the page. Returns whether it does anything.
fn press(watched: Watched, focus: Focus, event: &KeyboardEvent) -> bool {
    let dialog = focus.keys.get_untracked();
    if event.ctrl_key()
        || event.alt_key()
        || event.meta_key()
        || event.default_prevented()
        || dialog.as_ref().is_some_and(|dialog| dialog.open())
    {
        return false;
    }
    let target: Option<Element> = event.target().and_then(|target| target.dyn_into().ok());
    let key = event.key();
    let place = place(target.as_ref(), focus);
    if place.uses(&key) {
        return false;
    }
    let log = focus.log.get_untracked();
    match &*key {
        // Out of a box. Elsewhere, what is open closes itself.
        "Escape" if place == Place::Entry => focus_on(log.as_deref()),
        "/" => focus_on(focus.filter.get_untracked().as_deref()),
        "u" => focus_on(focus.url.get_untracked().as_deref()),
        "e" => {
            if let Some(menu) = focus.export_menu.get_untracked() {
                menu.set_open(true);
            }
            focus_on(focus.export.get_untracked().as_deref());
        }
        " " => watched.freeze(!untrack(|| watched.is_frozen())),
        "?" => {
            if let Some(dialog) = dialog {
                let _ = dialog.show_modal();
            }
        }
        "Enter" if watched.selected.get_untracked().is_some() => {
            focus_on(focus.detail.get_untracked().as_deref());
        }
        "j" | "k" | "ArrowDown" | "ArrowUp" => {
            // They are the log's own.
            let init = web_sys::KeyboardEventInit::new();
            init.set_key(&key);
            let again = KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &init);
            if let (Some(log), Ok(again)) = (log, again) {
                let _ = log.dispatch_event(&again);
                focus_on(Some(&log));
            }
        }
        _ => return false,
    }
    true
}

/// What uses keys at `target`.
fn place(target: Option<&Element>, focus: Focus) -> Place {
    let Some(target) = target else {
        return Place::Page;
    };
    let node: &Node = target;
    let detail = focus.detail.get_untracked();
    if detail.is_some_and(|detail| detail.contains(Some(node))) {
        return Place::Detail;
    }
    let kind = target.get_attribute("type").unwrap_or_default();
    Place::of(&target.tag_name(), &kind)
}

fn focus_on(element: Option<&HtmlElement>) {
    if let Some(element) = element {
        let _ = element.focus();
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn a_key_goes_to_what_has_the_focus() {
        for (tag, kind, key, expected) in [
            ("BODY", "", " ", false),
            ("DIV", "", "/", false),
            ("INPUT", "", "/", true),
            ("INPUT", "search", "u", true),
            ("INPUT", "radio", "ArrowDown", true),
            ("TEXTAREA", "", " ", true),
            ("SELECT", "", "j", true),
            ("TEXTAREA", "", "Escape", false),
            ("INPUT", "checkbox", " ", true),
            ("INPUT", "checkbox", "/", false),
            ("BUTTON", "button", "Enter", true),
            ("SUMMARY", "", " ", true),
            ("BUTTON", "button", "j", false),
        ] {
            assert_eq!(
                Place::of(tag, kind).uses(key),
                expected,
                "{key} at {tag} {kind}"
            );
        }
        assert!(Place::Detail.uses(" "));
        assert!(!Place::Detail.uses("/"));
    }
}
