//! Light or dark: as the system has it, or as chosen.

use leptos::prelude::*;

use super::settings;

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
