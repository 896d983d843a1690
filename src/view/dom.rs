//! Parts of the page that are drawn by hand: fixed markup, filled in where something changed.
//!
//! A reactive closure in `view!` is about 1 kB of WebAssembly, whatever it does, and the page has
//! 100 kB in all. What changes once a frame is cheaper to write directly, in time too. The markup is
//! always a constant; whatever was received goes in as text.

use std::{cell::RefCell, rc::Rc};

use leptos::{html, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, EventTarget, HtmlElement};

use crate::runtime;

/// Draws a part of the page.
pub(super) type Draw = Rc<dyn Fn()>;

/// An element with fixed markup in it. `mount` gets it once it is in the page.
pub(super) fn panel(
    class: &'static str,
    markup: &'static str,
    mount: impl FnOnce(HtmlElement) + 'static,
) -> impl IntoView {
    let root = NodeRef::<html::Div>::new();
    when_mounted(root, markup, Box::new(mount));
    view! { <div class=class node_ref=root></div> }
}

fn when_mounted(
    root: NodeRef<html::Div>,
    markup: &'static str,
    mount: Box<dyn FnOnce(HtmlElement)>,
) {
    // What `mount` makes belongs to the component, not to one run of the effect; which belongs to it,
    // too, and must not keep it.
    let owner = Owner::current().map(|owner| owner.downgrade());
    let mount = RefCell::new(Some(mount));
    runtime::effect(move || {
        if let Some(root) = root.get()
            && let Some(mount) = mount.take()
            && let Some(owner) = owner.as_ref().and_then(|owner| owner.upgrade())
        {
            // Not in `view!`: a component that takes the place of another gets its element, with what
            // that one left in it.
            root.set_inner_html(markup);
            untrack(|| owner.with(|| mount(root.into())));
        }
    });
}

/// The element of our own markup that `css` selects.
pub(super) fn find(root: &Element, css: &str) -> HtmlElement {
    let found = root.query_selector(css).ok().flatten();
    debug_assert!(found.is_some(), "{css} is not in the markup");
    found.map_or_else(|| element("span"), |found| found.unchecked_into())
}

/// A new element.
pub(super) fn element(tag: &str) -> HtmlElement {
    document()
        .create_element(tag)
        .expect("a valid tag")
        .unchecked_into()
}

/// Sets an attribute of our own, whose name is valid.
pub(super) fn set(element: &Element, name: &str, value: &str) {
    let _ = element.set_attribute(name, value);
}

/// Hides an element, or shows it.
pub(super) fn show(element: &HtmlElement, shown: bool) {
    element.set_hidden(!shown);
}

/// An element whose text is written only when it changes.
pub(super) struct Slot {
    pub(super) element: HtmlElement,
    text: RefCell<String>,
}

impl Slot {
    pub(super) fn new(root: &Element, css: &str) -> Self {
        Self::of(find(root, css))
    }

    pub(super) fn of(element: HtmlElement) -> Self {
        Self {
            element,
            text: RefCell::default(),
        }
    }

    /// Has the next [`set`](Self::set) write, because something else did meanwhile.
    pub(super) fn forget(&self) {
        self.text.borrow_mut().clear();
    }

    pub(super) fn set(&self, text: &str) {
        if *self.text.borrow() != text {
            self.element.set_text_content(Some(text));
            text.clone_into(&mut self.text.borrow_mut());
        }
    }
}

/// An attribute that is written only when it changes; an empty one is not there.
pub(super) struct Attribute {
    element: HtmlElement,
    name: &'static str,
    value: RefCell<String>,
}

impl Attribute {
    pub(super) fn new(element: &HtmlElement, name: &'static str) -> Self {
        Self {
            element: element.clone(),
            name,
            value: RefCell::default(),
        }
    }

    pub(super) fn set(&self, value: &str) {
        if *self.value.borrow() == value {
            return;
        }
        if value.is_empty() {
            let _ = self.element.remove_attribute(self.name);
        } else {
            set(&self.element, self.name, value);
        }
        value.clone_into(&mut self.value.borrow_mut());
    }
}

/// Listens until the component that owns the present scope is unmounted.
pub(super) fn listen(
    target: &EventTarget,
    event_type: &'static str,
    handler: impl FnMut(web_sys::Event) + 'static,
) {
    let listening = Listening {
        target: target.clone(),
        event_type,
        callback: Closure::wrap(Box::new(handler)),
    };
    let callback = listening.callback.as_ref().unchecked_ref();
    let _ = target.add_event_listener_with_callback(event_type, callback);
    StoredValue::new_local(listening);
}

struct Listening {
    target: EventTarget,
    event_type: &'static str,
    callback: Closure<dyn FnMut(web_sys::Event)>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        let callback = self.callback.as_ref().unchecked_ref();
        let _ = self
            .target
            .remove_event_listener_with_callback(self.event_type, callback);
    }
}

/// Calls `act` with what the button says that is pressed within `root`: its `data-do`.
pub(super) fn on_press(root: &HtmlElement, act: impl Fn(&str, HtmlElement) + 'static) {
    listen(root, "click", move |event| {
        let target = event.target().and_then(|target| target.dyn_into().ok());
        let pressed = target.and_then(|target: Element| target.closest("[data-do]").ok().flatten());
        if let Some(pressed) = pressed
            && let Some(what) = pressed.get_attribute("data-do")
        {
            act(&what, pressed.unchecked_into());
        }
    });
}

/// The value of the box that `css` selects: an input, a selection or a text area.
pub(super) fn value(root: &Element, css: &str) -> String {
    let found = find(root, css);
    js_sys::Reflect::get(&found, &"value".into())
        .ok()
        .and_then(|value| value.as_string())
        .unwrap_or_default()
}

/// Sets the property `name` of an element, such as `value` or `checked`.
pub(super) fn set_property(element: &Element, name: &str, value: &wasm_bindgen::JsValue) {
    let _ = js_sys::Reflect::set(element, &name.into(), value);
}

/// Puts `text` on the clipboard and says so on `button` for a moment.
pub(super) fn copy(text: &str, button: &HtmlElement) {
    let copied = window().navigator().clipboard().write_text(text);
    let button = button.clone();
    runtime::spawn(async move {
        let said = match wasm_bindgen_futures::JsFuture::from(copied).await {
            Ok(_) => "Copied",
            Err(_) => "The browser refused",
        };
        let before = button.text_content();
        if before.as_deref() == Some(said) {
            // Pressed again meanwhile: what it says otherwise comes back by the first time.
            return;
        }
        button.set_text_content(Some(said));
        runtime::pause(1_200).await;
        button.set_text_content(before.as_deref());
    });
}
