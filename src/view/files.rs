//! Exports, and captures that are opened again: long work in slices, with progress, to be cancelled.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use js_sys::{Array, Uint8Array};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, DragEvent, HtmlElement, Url};

use super::{
    dom::{self, Slot},
    watched::Watched,
};
use crate::{
    clock::now,
    journal::{Format, Writer, header, write_line},
    json::quoted,
    runtime,
    session::Playback,
    source::resolve,
    text,
};

/// How long to work before the page may draw, in ms.
const SLICE_MS: f64 = 20.0;

pub(super) struct Files {
    watched: Watched,
    root: HtmlElement,
    work: HtmlElement,
    doing: Slot,
    problem: Slot,
    /// Which capture is shown.
    opened: Slot,
    /// The export under way, and which part of it is done: 0 to 1.
    progress: RefCell<Option<(String, f64)>>,
    /// The number of the current export. An export whose number is another one is cancelled.
    turn: Cell<u32>,
}

impl Files {
    pub(super) fn new(watched: Watched, root: &HtmlElement) -> Rc<Self> {
        let files = Rc::new(Self {
            watched,
            root: root.clone(),
            work: dom::find(root, ".work"),
            doing: Slot::new(root, ".work span"),
            problem: Slot::new(root, "[data-problem=file]"),
            opened: Slot::new(root, ".opened"),
            progress: RefCell::default(),
            turn: Cell::new(0),
        });
        let picker = dom::find(root, "input[type=file]");
        let (picked, input) = (Rc::clone(&files), picker.clone());
        dom::listen(&picker, "change", move |_| {
            picked.open_first(&js_sys::Reflect::get(&input, &"files".into()).unwrap_or_default());
            dom::set_property(&input, "value", &"".into());
        });
        dom::listen(&document(), "dragover", |event| {
            // Text is for the boxes.
            if has_files(&event) {
                event.prevent_default();
            }
        });
        let dropped = Rc::clone(&files);
        dom::listen(&document(), "drop", move |event| {
            if has_files(&event) {
                event.prevent_default();
                let event: &DragEvent = event.unchecked_ref();
                let files = event.data_transfer().and_then(|data| data.files());
                dropped.open_first(&files.into());
            }
        });
        let shown = Rc::clone(&files);
        let playback = files.watched.stream.playback;
        let mut before = Playback::default();
        runtime::effect(move || {
            let playback = playback.get();
            if playback.facts != before.facts {
                // The log is another one.
                shown.watched.start_over();
            }
            shown.show_playback(&playback, &before);
            before = playback;
        });
        // An export ends with its component.
        StoredValue::new_local(GiveUp(Rc::downgrade(&files)));
        files
    }

    /// A button of the menu was pressed.
    pub(super) fn press(self: &Rc<Self>, what: &str) {
        // Before the line with the button goes away that was pressed.
        super::keys::close(&dom::find(&self.root, ".menu"));
        let shown = !what.ends_with("-all");
        match what.trim_end_matches("-all") {
            "jsonl" => self.export(Kind::Text(Format::JsonLines), shown, "jsonl"),
            "csv" => self.export(Kind::Text(Format::Csv), shown, "csv"),
            "capture" => self.export(Kind::Capture, false, "sse"),
            "open" => dom::find(&self.root, "input[type=file]").click(),
            "cancel" => {
                self.cancel();
                self.watched.stream.stop_playing();
            }
            _ => {}
        }
    }

    /// The log was cleared: ends an export, and hides its problem.
    pub(super) fn forget(&self) {
        self.cancel();
        dom::show(&self.problem.element, false);
    }

    fn cancel(&self) {
        self.turn.set(self.turn.get() + 1);
        self.progress.take();
    }

    /// Shows which capture is opened, or why a file could not be.
    fn show_playback(&self, playback: &Playback, before: &Playback) {
        if let Some(facts) = &playback.facts {
            self.opened.set(&title(facts));
        }
        dom::show(&self.opened.element, playback.facts.is_some());
        match &playback.error {
            Some(error) => {
                self.problem.set(&error.to_string());
                dom::show(&self.problem.element, true);
            }
            None if before.error.is_some() => dom::show(&self.problem.element, false),
            None => {}
        }
    }

    /// Shows the work under way: an export, a capture that is being read, or a filter of which
    /// `filtering` is done.
    pub(super) fn draw(&self, filtering: Option<f64>) {
        let progress = self.progress.borrow();
        let playing = self.watched.stream.current_playback().progress;
        let shown = progress
            .as_ref()
            .map(|(what, part)| (&**what, *part))
            .or(playing.map(|part| ("Opening the capture", part)))
            .or(filtering.map(|part| ("Filtering", part)));
        dom::show(&self.work, shown.is_some());
        if let Some((what, part)) = shown {
            self.doing.set(what);
            dom::set_property(&dom::find(&self.work, "progress"), "value", &part.into());
            let can_cancel = progress.is_some() || playing.is_some();
            dom::show(&dom::find(&self.work, "button"), can_cancel);
        }
    }

    fn begin(&self, what: String) -> u32 {
        self.cancel();
        dom::show(&self.problem.element, false);
        self.progress.replace(Some((what, 0.0)));
        self.draw(None);
        self.turn.get()
    }

    /// Shows how far the work is, lets the page draw, and tells whether the work goes on: meanwhile
    /// it may have been cancelled, or its component be gone, and the log with that.
    async fn goes_on(&self, turn: u32, part: f64) -> bool {
        if let Some((_, shown)) = &mut *self.progress.borrow_mut() {
            *shown = part;
        }
        self.draw(None);
        runtime::pause(0).await;
        self.turn.get() == turn
    }

    fn fail(&self, why: &str) {
        self.cancel();
        self.problem.set(why);
        dom::show(&self.problem.element, true);
        self.draw(None);
    }

    fn export(self: &Rc<Self>, kind: Kind, shown: bool, suffix: &'static str) {
        let turn = self.begin(format!("Writing .{suffix}"));
        let files = Rc::clone(self);
        runtime::spawn(async move {
            let parts = Array::new();
            let captured = files.watched.stream.current_playback().facts;
            let facts = captured.unwrap_or_else(|| facts_of(files.watched));
            let mut work = Export::new(kind, shown, &facts, files.watched);
            loop {
                let until = now() + SLICE_MS;
                let mut out = Vec::new();
                let done = loop {
                    let done = work.step(files.watched, &mut out);
                    if done || now() > until {
                        break done;
                    }
                };
                parts.push(&Uint8Array::from(&out[..]));
                if done {
                    break;
                }
                if !files.goes_on(turn, work.part()).await {
                    return;
                }
            }
            files.cancel();
            files.draw(None);
            if let Err(error) = save(&parts, &format!("sse-scope.{suffix}")) {
                files.fail(&runtime::thrown_message(&error));
            } else if work.missing > 0 {
                let missing = text::count(work.missing);
                files.fail(&format!("{missing} lines were evicted while the file was written, and are missing in it: Freeze does not keep them, a larger bound does."));
            }
        });
    }

    fn open_first(&self, list: &JsValue) {
        let first = js_sys::Reflect::get_u32(list, 0).unwrap_or_default();
        if !first.is_undefined() {
            self.forget();
            self.watched.stream.play(first.unchecked_into());
        }
    }
}

/// The JSON object of facts for a capture of this stream.
fn facts_of(watched: Watched) -> String {
    let way = if watched.stream.via_fetch() {
        "fetch"
    } else {
        "eventsource"
    };
    let url = watched.stream.url();
    // The file may be opened on another page.
    let url = resolve(&url).map_or(url, |url| url.href());
    format!("{{\"url\":{},\"way\":\"{way}\"}}", quoted(&url))
}

/// The URL in the facts of a capture.
pub(super) fn url_of(facts: &str) -> Option<String> {
    let facts = js_sys::JSON::parse(facts).ok()?;
    js_sys::Reflect::get(&facts, &"url".into())
        .ok()?
        .as_string()
}

/// The line about an opened capture.
fn title(facts: &str) -> String {
    match url_of(facts) {
        Some(url) => ["This is a capture of ", &url, "."].concat(),
        None => "This is a capture.".to_owned(),
    }
}

struct GiveUp(std::rc::Weak<Files>);

impl Drop for GiveUp {
    fn drop(&mut self) {
        if let Some(files) = self.0.upgrade() {
            files.turn.set(files.turn.get() + 1);
        }
    }
}

enum Kind {
    Text(Format),
    Capture,
}

/// An export that is under way.
struct Export {
    format: Option<Format>,
    capture: Writer,
    shown: bool,
    /// The next line, or its place among those that are shown.
    next: u64,
    end: u64,
    text: String,
    /// How many lines were evicted before they could be written.
    missing: u64,
}

impl Export {
    fn new(kind: Kind, shown: bool, facts: &str, watched: Watched) -> Self {
        let (mut export, format) = (
            Self {
                format: None,
                capture: Writer::new(facts),
                shown,
                next: 0,
                end: 0,
                text: String::new(),
                missing: 0,
            },
            match kind {
                Kind::Text(format) => Some(format),
                Kind::Capture => None,
            },
        );
        if let Some(format) = format {
            export.text.push_str(header(format));
        }
        export.format = format;
        let journal = watched.journal();
        (export.next, export.end) = if shown {
            (0, watched.matches().count(&journal, watched.end(&journal)))
        } else {
            (journal.kept().start, journal.kept().end)
        };
        export
    }

    /// Writes some more to `out`; returns whether that was all.
    fn step(&mut self, watched: Watched, out: &mut Vec<u8>) -> bool {
        const STEP: u64 = 500;
        const STEP_BYTES: usize = 256 << 10;
        let (journal, matches) = (watched.journal(), watched.matches());
        let Some(format) = self.format else {
            return self.capture.step(&journal, STEP_BYTES, out);
        };
        let until = (self.next + STEP).min(self.end);
        for next in self.next..until {
            let line = if self.shown {
                matches
                    .get(&journal, next)
                    .and_then(|line| journal.get(line))
            } else {
                journal.get(next)
            };
            match line {
                Some(line) => write_line(format, &line, &mut self.text),
                None => self.missing += 1,
            }
        }
        self.next = until;
        out.extend_from_slice(self.text.as_bytes());
        self.text.clear();
        until == self.end
    }

    fn part(&self) -> f64 {
        match self.format {
            Some(_) => self.next as f64 / self.end.max(1) as f64,
            None => self.capture.progress(),
        }
    }
}

/// Whether files are dragged, and not text.
fn has_files(event: &web_sys::Event) -> bool {
    let event: &DragEvent = event.unchecked_ref();
    let types = event.data_transfer().map(|data| data.types());
    types.is_some_and(|types| types.includes(&"Files".into(), 0))
}

/// Has the browser save a file.
fn save(parts: &Array, name: &str) -> Result<(), JsValue> {
    let blob = Blob::new_with_u8_array_sequence(parts)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let link = dom::element("a");
    dom::set(&link, "href", &url);
    dom::set(&link, "download", name);
    link.click();
    runtime::spawn(async move {
        // The browser has begun to read it by then.
        runtime::pause(10_000).await;
        let _ = Url::revoke_object_url(&url);
    });
    Ok(())
}
