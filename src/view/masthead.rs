//! Light or dark: as the system has it, or as chosen.

use std::cell::Cell;

use leptos::prelude::*;

use super::{
    dom::{self, Slot},
    settings,
};

const MARKUP: &str = r#"
<button type="button" class="quiet" data-do="theme" title="Light, dark, or as the system has it"><span aria-hidden="true">◐ </span>Theme: <span class="theme"></span></button>
<button type="button" class="quiet" data-do="keys" title="?">Keys</button>"#;

/// Where the choice is remembered. `index.html` reads it, as `sse-scope-theme`, before the first
/// paint.
const KEY: &str = "theme";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Theme {
    System,
    Light,
    Dark,
}

impl Theme {
    fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn next(self) -> Self {
        match self {
            Self::System => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::System,
        }
    }

    fn recall() -> Self {
        match settings::recall(KEY).as_deref() {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::System,
        }
    }

    /// Shows and remembers it.
    fn apply(self) {
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-theme", self.name());
        }
        settings::remember(KEY, self.name());
    }
}

/// The button that goes through the themes, and the one that tells the keys (see `keys.rs`).
pub(crate) fn masthead_buttons() -> impl IntoView {
    dom::panel("masthead-buttons", MARKUP, |root| {
        let name = Slot::new(&root, ".theme");
        let theme = Cell::new(Theme::recall());
        name.set(theme.get().name());
        dom::listen(&dom::find(&root, "[data-do=theme]"), "click", move |_| {
            theme.set(theme.get().next());
            theme.get().apply();
            name.set(theme.get().name());
        });
    })
}
