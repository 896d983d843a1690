//! The elements that keys and buttons focus from elsewhere on the page.

use leptos::{html, prelude::*};
use web_sys::HtmlElement;

/// The elements that keys and buttons focus from elsewhere on the page. The page provides it as context, and
/// each component puts its own elements in.
#[derive(Clone, Copy, Default)]
pub(crate) struct Focus {
    /// The box for the URL of the stream.
    pub(super) url: NodeRef<html::Input>,
    /// The table of the keys.
    pub(super) keys: NodeRef<html::Dialog>,
    /// The box for the text of the filter.
    pub(super) filter: NodeRef<html::Input>,
    /// The scrolled part of the log.
    pub(super) log: NodeRef<html::Div>,
    /// The menu of exports.
    pub(super) export_menu: NodeRef<html::Details>,
    /// The first button in that menu.
    pub(super) export: NodeRef<html::Button>,
    /// The data in the detail, as text.
    pub(super) text: NodeRef<html::Pre>,
    /// The data in the detail, as rows: a tree, or bytes.
    pub(super) rows: NodeRef<html::Div>,
}

impl Focus {
    /// The elements of the page; for a component that is used without the page, a new set.
    pub(super) fn get() -> Self {
        use_context().unwrap_or_default()
    }

    /// The data in the detail, in the form that is shown.
    pub(super) fn data(&self) -> Option<HtmlElement> {
        let text = self.text.get_untracked();
        let text = text.map(|text| HtmlElement::clone(&text));
        let rows = self.rows.get_untracked();
        let rows = rows.map(|rows| HtmlElement::clone(&rows));
        [text, rows]
            .into_iter()
            .flatten()
            .find(|element| element.is_connected())
    }
}
