//! The lines about files: the work under way, the opened capture, and what went wrong.

use leptos::prelude::*;

use super::{
    files::{Files, url_of},
    watched::Watched,
};

/// The work under way, with its progress and a button to cancel it; which capture is opened; and why a
/// file could not be opened or written.
#[component]
pub(super) fn FileStatus(
    /// The exports.
    files: Files,
) -> impl IntoView {
    let watched = Watched::expect();
    let playback = watched.stream.playback;
    let opening = Memo::new(move |_| playback.with(|playback| playback.progress));
    let can_cancel = Memo::new(move |_| files.writing().is_some() || opening.get().is_some());
    let work = Memo::new(move |_| {
        files
            .writing()
            .or_else(|| opening.get().map(|part| ("Opening the capture", part)))
            .or_else(|| watched.filtering.get().map(|part| ("Filtering", part)))
    });
    let doing = Memo::new(move |_| work.get().map_or("", |(what, _)| what));
    let part = move || work.get().map_or(0.0, |(_, part)| part);
    let cancel = move |_| {
        files.cancel();
        watched.stream.stop_playing();
    };

    let opened = Memo::new(move |_| {
        let facts = playback.with(|playback| playback.facts.clone())?;
        Some(match url_of(&facts) {
            Some(url) => ["This is a capture of ", &*url, "."].concat(),
            None => "This is a capture.".to_owned(),
        })
    });
    let problem = Memo::new(move |_| {
        files
            .problem()
            .or_else(|| playback.with(|playback| playback.error.as_ref().map(ToString::to_string)))
    });

    view! {
        <p class="work" role="status" hidden=move || doing.get().is_empty()>
            <progress max="1" aria-label="Progress" prop:value=part></progress>
            <span>{doing}</span>
            <button
                type="button"
                class="quiet"
                data-do="cancel"
                hidden=move || !can_cancel.get()
                on:click=cancel
            >
                "Cancel"
            </button>
        </p>
        <Sentence class="opened" what="" text=opened />
        <Sentence class="problem" what="file" text=problem />
    }
}

/// A line that is shown while it has a text.
#[component]
pub(super) fn Sentence(
    /// The class of the line.
    class: &'static str,
    /// What the problem is about, if the line is about a problem.
    what: &'static str,
    /// The text.
    #[prop(into)]
    text: Signal<Option<String>>,
) -> impl IntoView {
    let what = (!what.is_empty()).then_some(what);
    view! {
        <p class=class data-problem=what role="status" hidden=move || text.with(Option::is_none)>
            {move || text.get().unwrap_or_default()}
        </p>
    }
}
