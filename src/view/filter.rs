//! What the log is filtered by.

use gloo_timers::callback::Timeout;
use leptos::prelude::*;

use super::{
    chosen::Chosen,
    controls::Controls,
    find::{Find, PATTERN_BYTES, compile, escaped},
    settings,
    watched::Watched,
};
use crate::{
    journal::{Criteria, Text},
    text,
};

/// How long after the last key a regular expression is applied, in ms.
const TYPED_MS: u32 = 250;

/// What is entered as a filter. It is applied to the log whenever it changes.
#[derive(Clone, Copy)]
pub(super) struct Filter {
    /// What the data must contain.
    pub(super) text: RwSignal<String>,
    /// Whether upper and lower case differ.
    pub(super) match_case: RwSignal<bool>,
    /// Whether the text is a regular expression.
    pub(super) is_pattern: RwSignal<bool>,
    /// Which chips are pressed.
    pub(super) chosen: RwSignal<Chosen>,
    /// Why the text is not a regular expression. The log then stays as it was filtered before.
    pub(super) problem: RwSignal<Option<String>>,
    /// Whether only what a client with an `EventSource` receives is shown.
    lens: RwSignal<bool>,
}

impl Filter {
    pub(super) fn new(watched: Watched) -> Self {
        let asides = settings::recall("asides").as_deref() != Some("hidden");
        let filter = Self {
            text: RwSignal::default(),
            match_case: RwSignal::default(),
            is_pattern: RwSignal::default(),
            chosen: RwSignal::new(Chosen::all(asides)),
            problem: RwSignal::default(),
            lens: expect_context::<Controls>().lens,
        };
        let typing = StoredValue::new_local(None);
        let mut before = String::new();
        Effect::new(move |_| {
            filter.match_case.track();
            filter.chosen.track();
            filter.listeners(watched);
            let text = filter.text.get();
            // Nothing is searched for once the box is empty.
            if filter.is_pattern.get() && text != before && !text.is_empty() {
                let apply = move || filter.apply(watched);
                typing.set_value(Some(Timeout::new(TYPED_MS, apply)));
            } else {
                typing.set_value(None);
                filter.apply(watched);
            }
            before = text;
        });
        filter
    }

    /// Presses a chip.
    pub(super) fn choose(&self, press: impl FnOnce(&mut Chosen)) {
        self.chosen.update(press);
        let asides = self.chosen.read_untracked().has_asides_with_all();
        settings::remember("asides", if asides { "shown" } else { "hidden" });
    }

    /// The event types that a client listens to, if only what it receives is shown.
    pub(super) fn listeners(self, watched: Watched) -> Option<Vec<String>> {
        watched.listeners().filter(|_| self.lens.get())
    }

    fn apply(self, watched: Watched) {
        let sought = sought(
            &self.text.read_untracked(),
            self.match_case.get_untracked(),
            self.is_pattern.get_untracked(),
        );
        let problem = match sought {
            Ok(text) => {
                let chosen = self.chosen.read_untracked();
                watched.filter(Criteria {
                    text,
                    names: chosen.names().to_owned(),
                    events_only: !chosen.has_asides(),
                    listeners: untrack(|| self.listeners(watched)),
                });
                let highlight = Find::new(
                    &self.text.read_untracked(),
                    self.match_case.get_untracked(),
                    self.is_pattern.get_untracked(),
                );
                if watched
                    .highlight
                    .with_untracked(|before| *before != highlight)
                {
                    watched.highlight.set(highlight);
                }
                None
            }
            Err(problem) => Some(problem),
        };
        if *self.problem.read_untracked() != problem {
            self.problem.set(problem);
        }
    }
}

/// What the data must contain.
///
/// # Errors
///
/// The browser's message about an invalid regular expression.
fn sought(text: &str, match_case: bool, is_pattern: bool) -> Result<Text, String> {
    Ok(if text.is_empty() {
        Text::Any
    } else if is_pattern {
        let pattern = compile(text, if match_case { "u" } else { "iu" })?;
        Text::Pattern(Box::new(move |text| {
            pattern.test(text::beginning(text, PATTERN_BYTES))
        }))
    } else if match_case {
        Text::exact(text)
    } else if text.is_ascii() {
        Text::Folded(text.to_owned())
    } else {
        // The browser knows upper and lower case in all scripts.
        let pattern = compile(&escaped(text), "i")?;
        Text::Pattern(Box::new(move |text| pattern.test(text)))
    })
}
