//! The keys of the page, and the table that lists them.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlInputElement, KeyboardEvent, Node};

use super::{focus::Focus, tap::Taps, watched::Watched};

/// The keys that work anywhere on the page, and a dialog with a table of all keys.
///
/// The focused element takes precedence: a key that it has handled, or that the browser uses there, has
/// no other effect.
#[component]
pub(crate) fn Keys() -> impl IntoView {
    let watched = Watched::expect();
    let focus = expect_context::<Focus>();
    let taps = Taps::get();
    // Not by leptos-use, whose `use_event_listener` does the same and adds 5 kB to the page (brotli).
    let listening = window_event_listener(ev::keydown, move |event| {
        if press(watched, focus, taps, &event) {
            event.prevent_default();
        }
    });
    on_cleanup(move || listening.remove());

    view! {
        <dialog aria-labelledby="keys-title" node_ref=focus.keys>
            <h2 id="keys-title">"Keys"</h2>
            <table>
                <tr>
                    <th scope="row"><kbd>"/"</kbd></th>
                    <td>"go to the filter"</td>
                </tr>
                <tr>
                    <th scope="row"><kbd>"space"</kbd></th>
                    <td>"freeze the view, or resume"</td>
                </tr>
                <tr>
                    <th scope="row"><kbd>"j"</kbd> " " <kbd>"k"</kbd> " " <kbd>"↓"</kbd> " " <kbd>"↑"</kbd></th>
                    <td>"next and previous line"</td>
                </tr>
                <tr>
                    <th scope="row"><kbd>"PgDn"</kbd> " " <kbd>"PgUp"</kbd> " " <kbd>"Home"</kbd> " " <kbd>"End"</kbd></th>
                    <td>"in the log: a page down or up, first and last line"</td>
                </tr>
                <tr>
                    <th scope="row"><kbd>"Enter"</kbd></th>
                    <td>"go to the detail of the line; in a search to the next match"</td>
                </tr>
                <tr>
                    <th scope="row"><kbd>"Esc"</kbd></th>
                    <td>"clear the filter, then close and go back to the log"</td>
                </tr>
                <tr>
                    <th scope="row"><kbd>"→"</kbd> " " <kbd>"←"</kbd></th>
                    <td>"in a tree: unfold, fold"</td>
                </tr>
                <tr>
                    <th scope="row"><kbd>"u"</kbd></th>
                    <td>"go to the URL"</td>
                </tr>
                <tr>
                    <th scope="row"><kbd>"Ctrl Enter"</kbd></th>
                    <td>"in the request: open the stream"</td>
                </tr>
                <tr>
                    <th scope="row"><kbd>"e"</kbd></th>
                    <td>"open the export menu"</td>
                </tr>
                <tr hidden=taps.is_none()>
                    <th scope="row"><kbd>"t"</kbd></th>
                    <td>"open the panel of the taps; arrows and Enter choose an exchange, Esc closes it"</td>
                </tr>
                <tr>
                    <th scope="row"><kbd>"+"</kbd> " " <kbd>"-"</kbd> " " <kbd>"←"</kbd> " " <kbd>"→"</kbd> " " <kbd>"0"</kbd></th>
                    <td>"in the timeline: zoom, move, follow the present"</td>
                </tr>
                <tr>
                    <th scope="row"><kbd>"?"</kbd></th>
                    <td>"show this table"</td>
                </tr>
            </table>
            <form method="dialog">
                <button class="primary">"Close"</button>
            </form>
        </dialog>
    }
}

/// Where the focus is, as far as that decides which keys have another use there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// On an element that uses no keys.
    Page,
    /// On a text box or a list of choices, which use all keys.
    Entry,
    /// On a button, which Space and Enter press.
    Button,
    /// On the data in the detail, which keys scroll.
    Detail,
}

impl Place {
    /// The place of an element with this tag and, for an `INPUT`, this type.
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

/// Performs the action of a key that works anywhere on the page. Returns whether the key has one.
fn press(watched: Watched, focus: Focus, taps: Option<Taps>, event: &KeyboardEvent) -> bool {
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
    if let (Some(target), Some(filter)) = (&target, focus.filter.get_untracked())
        && target.is_same_node(Some(&filter))
    {
        return press_in_filter(watched, &filter, &key);
    }
    let place = place(target.as_ref(), focus);
    if place.uses(&key) {
        return false;
    }
    let log = focus.log.get_untracked();
    match &*key {
        // Leaves a text box. Elsewhere, open menus and the detail handle Esc themselves.
        "Escape" if place == Place::Entry => focus_on(log.as_deref()),
        "/" => focus_on(focus.filter.get_untracked().as_deref()),
        "u" => focus_on(focus.url.get_untracked().as_deref()),
        "e" => {
            if let Some(menu) = focus.export_menu.get_untracked() {
                menu.set_open(true);
            }
            focus_on(focus.export.get_untracked().as_deref());
        }
        "t" => {
            let Some(taps) = taps else {
                return false;
            };
            taps.open();
        }
        " " => watched.freeze(!untrack(|| watched.is_frozen())),
        "?" => {
            if let Some(dialog) = dialog {
                let _ = dialog.show_modal();
            }
        }
        "Enter" if watched.selected.get_untracked().is_some() => {
            focus_on(focus.data().as_ref());
        }
        "j" | "k" | "ArrowDown" | "ArrowUp" => {
            // The log itself handles these keys.
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

/// Performs the action of a key in the box of the filter: Esc empties the box, then closes the detail;
/// Enter goes to the lines that match. Returns whether the key has an action there.
fn press_in_filter(watched: Watched, filter: &HtmlInputElement, key: &str) -> bool {
    match key {
        "Escape" if !filter.value().is_empty() => {
            filter.set_value("");
            let init = web_sys::EventInit::new();
            init.set_bubbles(true);
            if let Ok(event) = web_sys::Event::new_with_event_init_dict("input", &init) {
                let _ = filter.dispatch_event(&event);
            }
            // Other lines are between those in sight now. The selected one stays in sight.
            if let Some(selected) = watched.selected.get_untracked() {
                request_animation_frame(move || watched.sought.set(Some(selected)));
            }
        }
        "Escape" => {
            watched.select(None);
            watched.focus_log();
        }
        "Enter" => watched.focus_log(),
        _ => return false,
    }
    true
}

/// The place of `target`.
fn place(target: Option<&Element>, focus: Focus) -> Place {
    let Some(target) = target else {
        return Place::Page;
    };
    let node: &Node = target;
    if focus
        .data()
        .is_some_and(|detail| detail.contains(Some(node)))
    {
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
    fn a_key_goes_to_the_focused_element() {
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
