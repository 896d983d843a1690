//! Exports, and captures that are opened.

use std::time::Duration;

use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, Uint8Array};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, FileList, HtmlAnchorElement, Url};

use super::{
    part::{self, part},
    watched::Watched,
};
use crate::{
    clock::{self, now},
    journal::{Export, Format},
    json::{Index, quoted},
    source::{resolve, thrown_message},
    text,
};

/// How long an export works before the page can draw, in ms.
const SLICE_MS: f64 = 20.0;

/// How long after a download began its content is released.
const RELEASED_AFTER: Duration = Duration::from_secs(10);

/// What is exported.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content {
    /// Lines of the log as text.
    Lines {
        format: Format,
        /// Whether to write only the lines that are shown.
        only_shown: bool,
    },
    /// Every byte with its time.
    Capture,
}

impl Content {
    fn suffix(self) -> &'static str {
        match self {
            Self::Lines {
                format: Format::JsonLines,
                ..
            } => "jsonl",
            Self::Lines {
                format: Format::Csv,
                ..
            } => "csv",
            Self::Capture => "sse",
        }
    }

    fn doing(self) -> &'static str {
        match self {
            Self::Lines { .. } => "Writing the file",
            Self::Capture => "Writing the capture",
        }
    }
}

/// Writes exports, one at a time, and opens captures.
#[derive(Clone, Copy)]
pub(super) struct Files {
    watched: Watched,
    /// The export under way, and the fraction of it that is done, from 0 to 1.
    writing: RwSignal<Option<(&'static str, f64)>>,
    /// What went wrong with the last export.
    problem: RwSignal<Option<String>>,
    /// The number of the current export. An export with another number is cancelled, and so is one
    /// whose component is unmounted: then there is no number.
    turn: StoredValue<u32>,
}

impl Files {
    pub(super) fn new(watched: Watched) -> Self {
        let playback = watched.stream.playback;
        let turn = Memo::new(move |_| playback.with(|playback| playback.turn));
        Effect::new(move |before: Option<()>| {
            // A memo that is not read never notifies.
            turn.get();
            if before.is_some() {
                // The log is a new one.
                watched.start_over();
            }
        });
        Self {
            watched,
            writing: RwSignal::default(),
            problem: RwSignal::default(),
            turn: StoredValue::default(),
        }
    }

    /// The export under way, and the fraction of it that is done, from 0 to 1.
    pub(super) fn writing(&self) -> Option<(&'static str, f64)> {
        self.writing.get()
    }

    /// What went wrong with the last export.
    pub(super) fn problem(&self) -> Option<String> {
        self.problem.get()
    }

    /// Cancels the export under way.
    pub(super) fn cancel(&self) {
        self.turn.update_value(|turn| *turn += 1);
        self.writing.set(None);
    }

    /// The log is cleared: cancels the export under way, and forgets what went wrong with it.
    pub(super) fn forget(&self) {
        self.cancel();
        self.problem.set(None);
    }

    /// Opens the first of `files` in place of the stream.
    pub(super) fn open_first(&self, files: Option<FileList>) {
        if let Some(file) = files.and_then(|files| files.get(0)) {
            self.forget();
            self.watched.stream.play(file.into());
        }
    }

    /// Writes a file and has the browser save it. An export under way is cancelled.
    pub(super) fn export(self, content: Content) {
        self.forget();
        self.writing.set(Some((content.doing(), 0.0)));
        let turn = self.turn.get_value();
        spawn_local(async move {
            let loaded = writer::load().await;
            // Cancelled meanwhile.
            if self.turn.try_get_value() != Some(turn) {
                return;
            }
            if loaded.is_err() || writer::call(self, content, turn).is_none() {
                self.writing.set(None);
                self.problem.set(Some(part::NOT_LOADED.to_owned()));
            }
        });
    }

    /// Writes the export with the number `turn`.
    fn write(self, content: Content, turn: u32) {
        spawn_local(async move {
            let name = file_name(self.watched, content.suffix());
            let mut export = begin(self.watched, content);
            let parts = Array::new();
            loop {
                let until = now() + SLICE_MS;
                let mut out = Vec::new();
                let done = loop {
                    let done = export.step(&self.watched.journal(), &mut out);
                    if done || now() > until {
                        break done;
                    }
                };
                parts.push(&Uint8Array::from(&out[..]));
                if done {
                    break;
                }
                self.writing.set(Some((content.doing(), export.progress())));
                // The page draws, and the export may be cancelled meanwhile.
                TimeoutFuture::new(0).await;
                if self.turn.try_get_value() != Some(turn) {
                    return;
                }
            }
            self.writing.set(None);
            let problem = match save(&parts, &name) {
                Err(error) => thrown_message(&error),
                Ok(()) if export.missing() > 0 => {
                    let missing = text::count(export.missing());
                    format!(
                        "{missing} lines were evicted while the file was written, and are missing from it. Raise the limit under Keep."
                    )
                }
                Ok(()) => return,
            };
            self.problem.set(Some(problem));
        });
    }
}

part! {
    reading: fn writer(files: Files, content: Content, turn: u32) -> () { files.write(content, turn) }
}

fn begin(watched: Watched, content: Content) -> Export {
    let journal = watched.journal();
    match content {
        Content::Lines {
            format,
            only_shown: false,
        } => Export::all(format, &journal),
        Content::Lines {
            format,
            only_shown: true,
        } => {
            let end = watched.end(&journal);
            Export::matches(format, &journal, &watched.matches(), end)
        }
        Content::Capture => {
            let captured = watched.stream.current_playback().facts;
            let facts = captured.map_or_else(|| facts_of(watched), |facts| exported(&facts));
            Export::capture(&facts)
        }
    }
}

/// The facts of a capture that is shown, for a file: without keys, if it is a copy of a client's exchange.
fn exported(facts: &str) -> String {
    #[cfg(feature = "app")]
    if member(facts, "way").as_deref() == Some("tap") {
        return crate::tap::masked_facts(facts);
    }
    facts.to_owned()
}

/// The JSON object of facts for a capture of this stream.
fn facts_of(watched: Watched) -> String {
    let way = watched.stream.way();
    let url = watched.stream.url();
    // The file may be opened on another page.
    let url = resolve(&url).map_or(url, |url| url.href());
    format!("{{\"url\":{},\"way\":\"{way}\"}}", quoted(&url))
}

/// The URL in the facts of a capture.
pub(super) fn url_of(facts: &str) -> Option<String> {
    member(facts, "url")
}

/// A text in the facts of a capture.
pub(super) fn member(facts: &str, key: &str) -> Option<String> {
    let facts = Index::of(facts)?;
    facts.text(facts.member(0, key)?)
}

/// The name of a file about this stream, such as `sse-scope-localhost-8844-2026-11-24T2312.sse`: the host
/// of the stream, and the minute of its last line.
fn file_name(watched: Watched, suffix: &str) -> String {
    let captured = watched.stream.current_playback().facts;
    let url = match captured {
        Some(facts) => url_of(&facts).unwrap_or_default(),
        None => watched.stream.url(),
    };
    let host = resolve(&url).map_or(String::new(), |url| url.host());
    let last = watched.journal().iter().next_back().map(|line| line.at());
    let minute = clock::minute(last.unwrap_or_else(now));
    [
        "sse-scope",
        &*in_file_name(&host),
        "-",
        &*minute,
        ".",
        suffix,
    ]
    .concat()
}

/// A host with only letters and digits, and a hyphen before each group of them.
fn in_file_name(host: &str) -> String {
    let groups = host.split(|c: char| !c.is_ascii_alphanumeric());
    let groups = groups.filter(|group| !group.is_empty());
    groups.flat_map(|group| ["-", group]).collect()
}

/// Has the browser save a file.
fn save(parts: &Array, name: &str) -> Result<(), JsValue> {
    let blob = Blob::new_with_u8_array_sequence(parts)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let link: HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    set_timeout(move || drop(Url::revoke_object_url(&url)), RELEASED_AFTER);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::in_file_name;

    #[test]
    fn a_host_in_a_file_name_has_only_allowed_characters() {
        for (host, expected) in [
            ("localhost:8844", "-localhost-8844"),
            ("api.example.org", "-api-example-org"),
            ("[::1]:80", "-1-80"),
            ("xn--bcher-kva.example", "-xn-bcher-kva-example"),
            ("", ""),
        ] {
            assert_eq!(in_file_name(host), expected);
        }
    }
}
