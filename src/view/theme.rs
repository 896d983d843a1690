//! Light or dark: as the system has it, or as chosen.

use leptos::prelude::*;
use web_sys::Storage;

/// Where the choice is remembered. `index.html` reads it before the first paint.
const KEY: &str = "sse-scope-theme";

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
        let stored = storage().and_then(|storage| storage.get_item(KEY).ok().flatten());
        match stored.as_deref() {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::System,
        }
    }

    /// Shows and remembers it. A browser may refuse to remember; then it holds until the next load.
    fn apply(self) {
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-theme", self.name());
        }
        if let Some(storage) = storage() {
            let _ = storage.set_item(KEY, self.name());
        }
    }
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// A button that goes through the themes.
#[component]
pub(crate) fn ThemeSwitch() -> impl IntoView {
    let theme = RwSignal::new(Theme::recall());
    let switch = move |_| {
        theme.update(|theme| *theme = theme.next());
        theme.get_untracked().apply();
    };
    view! {
        <button type="button" class="quiet" title="Light, dark, or as the system has it" on:click=switch>
            <span aria-hidden="true">"◐ "</span>
            "Theme: "
            {move || theme.get().name()}
        </button>
    }
}
