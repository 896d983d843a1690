//! Light or dark: the theme of the system, or the chosen one.

use leptos::prelude::*;

use super::settings;

/// Where the choice is remembered. The script in `index.html` applies it before the first paint.
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

    /// Shows and remembers the theme.
    fn apply(self) {
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-theme", self.name());
        }
        settings::remember(KEY, self.name());
    }
}

/// A button that switches from one theme to the next, and shows the name of the current one.
///
/// Not `use_color_mode` of leptos-use: it adds a style element while it switches, which the content security
/// policy of the page forbids, and brings cookies, broadcast channels and a media query for what one
/// attribute and `color-scheme` in the style sheet do.
#[component]
pub(super) fn ThemeButton() -> impl IntoView {
    let theme = RwSignal::new(Theme::recall());
    view! {
        <button
            type="button"
            class="quiet"
            title="Light, dark, or as the system has it"
            on:click=move |_| {
                theme.update(|theme| *theme = theme.next());
                theme.get_untracked().apply();
            }
        >
            <span aria-hidden="true">"◐ "</span>
            <span class="theme-word">"Theme: "</span>
            <span class="theme">{move || theme.get().name()}</span>
        </button>
    }
}
