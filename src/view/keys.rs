//! The keys of the page, and the table that lists them.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent, Node};

use super::{focus::Focus, watched::Watched};

/// The keys that work anywhere on the page, and a dialog with a table of all keys.
///
/// Whatever has the focus comes first: a key that it has handled, or that the browser uses there, has no
/// other effect.
#[component]
pub(crate) fn Keys() -> impl IntoView {
    let watched = Watched::expect();
    let focus = expect_context::<Focus>();
    // Not by leptos-use, whose `use_event_listener` does the same and adds 4 kB to the page (brotli).
    let listening = window_event_listener(ev::keydown, move |event| {
        if press(watched, focus, &event) {
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
                    <td>"go to the detail of the line"</td>
                </tr>
                <tr>
                    <th scope="row"><kbd>"Esc"</kbd></th>
                    <td>"close, and go back to the log"</td>
                </tr>
                <tr>
                    <th scope="row"><kbd>"u"</kbd></th>
                    <td>"go to the URL"</td>
                </tr>
                <tr>
                    <th scope="row"><kbd>"Ctrl Enter"</kbd></th>
                    <td>"in the request: open it"</td>
                </tr>
                <tr>
                    <th scope="row"><kbd>"e"</kbd></th>
                    <td>"go to the exports"</td>
                </tr>
                <tr>
                    <th scope="row"><kbd>"+"</kbd> " " <kbd>"-"</kbd> " " <kbd>"←"</kbd> " " <kbd>"→"</kbd> " " <kbd>"0"</kbd></th>
                    <td>"in the timeline: zoom, move, follow the newest"</td>
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
    let log = log(focus);
    match &*key {
        // Out of a box. Elsewhere, what is open closes itself.
        "Escape" if place == Place::Entry => focus_on(log),
        "/" => focus_on(filter(focus)),
        "u" => focus_on(focus.url.get_untracked().map(JsCast::unchecked_into)),
        "e" => focus_on(exports(focus)),
        " " => watched.freeze(!untrack(|| watched.is_frozen())),
        "?" => {
            if let Some(dialog) = dialog {
                let _ = dialog.show_modal();
            }
        }
        "Enter" if watched.selected.get_untracked().is_some() => focus_on(detail(focus)),
        "j" | "k" | "ArrowDown" | "ArrowUp" => {
            // They are the log's own.
            let init = web_sys::KeyboardEventInit::new();
            init.set_key(&key);
            let again = KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &init);
            if let (Some(log), Ok(again)) = (log, again) {
                let _ = log.dispatch_event(&again);
                focus_on(Some(log));
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
    if detail(focus).is_some_and(|detail| detail.contains(Some(node))) {
        return Place::Detail;
    }
    let kind = target.get_attribute("type").unwrap_or_default();
    Place::of(&target.tag_name(), &kind)
}

fn focus_on(element: Option<HtmlElement>) {
    if let Some(element) = element {
        let _ = element.focus();
    }
}

// TEMPORARY: until these panels put their elements into `Focus`, they are looked up.

fn filter(focus: Focus) -> Option<HtmlElement> {
    let element = focus.filter.get_untracked().map(JsCast::unchecked_into);
    element.or_else(|| look_up("[name=filter]"))
}

fn log(focus: Focus) -> Option<HtmlElement> {
    let element = focus.log.get_untracked().map(JsCast::unchecked_into);
    element.or_else(|| look_up(".log-scroller"))
}

fn detail(focus: Focus) -> Option<HtmlElement> {
    let element = focus.detail.get_untracked().map(JsCast::unchecked_into);
    element.or_else(|| look_up(".detail pre"))
}

/// The first button in the menu of exports, which is opened.
fn exports(focus: Focus) -> Option<HtmlElement> {
    let menu = focus.export_menu.get_untracked();
    let menu = menu.or_else(|| look_up(".filter-bar .menu").map(JsCast::unchecked_into));
    if let Some(menu) = menu {
        menu.set_open(true);
    }
    let element = focus.export.get_untracked().map(JsCast::unchecked_into);
    element.or_else(|| look_up(".filter-bar .menu button"))
}

/// Closes a menu that is not a `Menu` yet.
pub(super) fn close(menu: &HtmlElement) {
    if let Some(button) = menu.first_element_child() {
        let _ = button.unchecked_into::<HtmlElement>().focus();
    }
    let _ = menu.remove_attribute("open");
}

fn look_up(css: &str) -> Option<HtmlElement> {
    let found = document().query_selector(css).ok().flatten()?;
    Some(found.unchecked_into())
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
