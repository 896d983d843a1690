//! The lines about files: the work under way, the opened capture, and what went wrong.

use leptos::prelude::*;

use super::{
    files::{Files, url_of},
    watched::Watched,
};
use crate::{
    clock,
    journal::Journal,
    json::Index,
    tap::{Member, Secrets},
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
        let (name, facts) = playback.with(|playback| {
            let facts = playback.facts.clone()?;
            Some((playback.name.clone(), facts))
        })?;
        if let Some(tapped) = tapped(&facts) {
            return Some(tapped);
        }
        let times = watched.stream.entries.with(times);
        Some(opened(&name, url_of(&facts).as_deref(), times.as_ref()))
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

/// The times of the first and the last line, to the second.
fn times(journal: &Journal) -> Option<(String, String)> {
    let mut lines = journal.iter();
    let first = clock::date_time(lines.next()?.at());
    let last = lines.next_back().map(|last| clock::date_time(last.at()));
    Some((first.clone(), last.unwrap_or(first)))
}

/// What is opened: the name of the file, where it is from, and when.
fn opened(name: &str, url: Option<&str>, times: Option<&(String, String)>) -> String {
    let mut opened = "Capture".to_owned();
    let mut add = |before: &str, text: &str, after: &str| {
        if !text.is_empty() {
            for part in [before, text, after] {
                opened.push_str(part);
            }
        }
    };
    add(" “", name, "”");
    add(" of ", url.unwrap_or_default(), "");
    if let Some((first, last)) = times {
        add(", ", first, "");
        // On the same day, the date is not repeated.
        let days = [first, last].map(|time| time.split_once(' ').unwrap_or_default());
        match days {
            [(day, _), (same, time)] if day == same && first != last => add(" to ", time, ""),
            _ if first != last => add(" to ", last, ""),
            _ => {}
        }
    }
    opened
}

/// Which exchange of a tap is shown, and how it ended; `None` if the capture is not of a tap.
fn tapped(facts: &str) -> Option<String> {
    let index = Index::of(facts)?;
    let facts = Member::whole(&index);
    let text = |key| facts.get(key).text().unwrap_or_default();
    if text("way") != "tap" {
        return None;
    }
    let end = facts.get("end").get("text").text();
    let state = end.map_or_else(|| "open".to_owned(), |end| ["over: ", &end].concat());
    let url = text("url");
    // After the scheme and the host.
    let path = url.splitn(4, '/').nth(3).unwrap_or_default();
    let path = Secrets::Hidden.target(path);
    let parts = [
        "Tap ",
        &text("tap"),
        ", ",
        &text("method"),
        " /",
        &path,
        ", ",
        &state,
    ];
    Some(parts.concat())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_of_a_tap_shows_what_it_is_and_how_it_ended() {
        let facts = |end: &str| {
            let end = end.to_owned();
            format!(r#"{{"way":"tap","url":"http://h/v1?key=abc","tap":"a","method":"POST"{end}}}"#)
        };
        let open = facts("");
        assert_eq!(
            tapped(&open).as_deref(),
            Some("Tap a, POST /v1?key=••••, open")
        );
        let over = facts(r#","end":{"kind":"client-left","text":"The client left."}"#);
        assert_eq!(
            tapped(&over).as_deref(),
            Some("Tap a, POST /v1?key=••••, over: The client left.")
        );
        assert_eq!(tapped(r#"{"way":"fetch","url":"http://h/"}"#), None);
    }

    #[test]
    fn an_opened_capture_shows_its_name_its_origin_and_its_times() {
        let times = |first: &str, last: &str| (first.to_owned(), last.to_owned());
        let same_day = times("2026-11-24 23:25:54", "2026-11-24 23:26:10");
        let next_day = times("2026-11-24 23:25:54", "2026-11-25 00:00:10");
        let at_once = times("2026-11-24 23:25:54", "2026-11-24 23:25:54");
        let url = Some("https://example.org/");
        for (name, url, times, expected) in [
            ("", None, None, "Capture"),
            (
                "a.sse",
                url,
                None,
                "Capture “a.sse” of https://example.org/",
            ),
            (
                "a.sse",
                url,
                Some(same_day),
                "Capture “a.sse” of https://example.org/, 2026-11-24 23:25:54 to 23:26:10",
            ),
            (
                "a.sse",
                None,
                Some(next_day),
                "Capture “a.sse”, 2026-11-24 23:25:54 to 2026-11-25 00:00:10",
            ),
            ("", None, Some(at_once), "Capture, 2026-11-24 23:25:54"),
        ] {
            assert_eq!(opened(name, url, times.as_ref()), expected);
        }
    }
}
