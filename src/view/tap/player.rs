//! Where an exchange is shown.

use leptos::prelude::*;

use super::{
    super::watched::Watched,
    taps::{Taps, name},
};

/// Has the chosen exchange shown in place of this stream, and ends the choice when another stream or capture is
/// shown there.
#[component]
pub(crate) fn TapPlayer() -> impl IntoView {
    let stream = Watched::expect().stream;
    let Some(taps) = Taps::get() else {
        return;
    };
    taps.player.set_value(Some(stream));
    // Another stream was opened.
    taps.chosen.set(None);
    let shown = Memo::new(move |_| {
        stream.playback.with(|playback| match &playback.facts {
            Some(_) => playback.name.clone(),
            None => String::new(),
        })
    });
    Effect::new(move |before: Option<bool>| {
        let shown = shown.get();
        let chosen = taps.chosen.get_untracked().map(name);
        let is_shown = chosen == Some(shown);
        // Until the chosen one has arrived, another is shown.
        if before == Some(true) && !is_shown {
            taps.chosen.set(None);
        }
        is_shown
    });
}
