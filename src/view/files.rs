//! Exports, and captures that are opened again: long work in slices, with progress, to be cancelled.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use js_sys::{Array, Uint8Array};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, DragEvent, HtmlElement, Url};

use super::{
    dom::{self, Slot},
    watched::Watched,
};
use crate::{
    boxed,
    journal::{CaptureReader, Format, Journal, Writer, header, write_line},
    request::quoted,
    session::now,
};

/// How long to work before the page may draw, in ms.
const SLICE_MS: f64 = 20.0;

/// How much of a capture is taken down at once, in bytes; also enough for its head.
const HEAD: usize = 1 << 16;

/// How much of a file is read at once, in bytes.
const PIECE: f64 = (1 << 20) as f64;

pub(super) struct Files {
    watched: Rc<Watched>,
    root: HtmlElement,
    work: HtmlElement,
    doing: Slot,
    problem: Slot,
    /// Which capture is shown, and the facts that it came with.
    opened: Slot,
    facts: RefCell<Option<String>>,
    /// What is done, and how far it is: 0 to 1.
    progress: RefCell<Option<(String, f64)>>,
    /// Which work it is: another number cancels the one before.
    turn: Cell<u32>,
}

impl Files {
    pub(super) fn new(watched: Rc<Watched>, root: &HtmlElement) -> Rc<Self> {
        let files = Rc::new(Self {
            watched,
            root: root.clone(),
            work: dom::find(root, ".work"),
            doing: Slot::new(root, ".work span"),
            problem: Slot::new(root, ".problem"),
            opened: Slot::new(root, ".opened"),
            facts: RefCell::default(),
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
        let live = Rc::clone(&files);
        boxed::effect(move || {
            live.watched.stream.link.track();
            if live.watched.stream.current_link().is_live() {
                live.make_room();
            }
        });
        // The work of a component that is gone is given up.
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
            "cancel" => self.cancel(),
            _ => {}
        }
    }

    /// What is shown is the stream again.
    pub(super) fn forget(&self) {
        self.cancel();
        dom::show(&self.problem.element, false);
        self.facts.take();
        dom::show(&self.opened.element, false);
    }

    fn cancel(&self) {
        self.turn.set(self.turn.get() + 1);
        self.progress.take();
    }

    /// Shows what is being done; `filtering` is how far the filter is, if it is not done.
    pub(super) fn draw(&self, filtering: Option<f64>) {
        let progress = self.progress.borrow();
        let shown = progress
            .as_ref()
            .map(|(what, part)| (&**what, *part))
            .or(filtering.map(|part| ("Filtering", part)));
        dom::show(&self.work, shown.is_some());
        if let Some((what, part)) = shown {
            self.doing.set(what);
            dom::set_property(&dom::find(&self.work, "progress"), "value", &part.into());
            dom::show(&dom::find(&self.work, "button"), progress.is_some());
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
        boxed::pause(0).await;
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
        boxed::spawn(async move {
            let parts = Array::new();
            let facts = files.facts.borrow().clone();
            let facts = facts.unwrap_or_else(|| facts_of(&files.watched));
            let mut work = Export::new(kind, shown, &facts, &files.watched);
            loop {
                let until = now() + SLICE_MS;
                let mut out = Vec::new();
                let done = loop {
                    let done = work.step(&files.watched, &mut out);
                    if done || now() > until {
                        break done;
                    }
                };
                parts.push(&Uint8Array::from(&out[..]));
                if done {
                    break;
                }
                if !files.goes_on(turn, work.part(&files.watched)).await {
                    return;
                }
            }
            files.cancel();
            files.draw(None);
            if let Err(error) = save(&parts, &format!("sse-scope.{suffix}")) {
                files.fail(&crate::session::message(&error));
            } else if work.missing > 0 {
                let missing = super::format::count(work.missing);
                files.fail(&format!("{missing} lines were evicted while the file was written, and are missing in it: Freeze does not keep them, a larger bound does."));
            }
        });
    }

    fn open_first(self: &Rc<Self>, list: &JsValue) {
        let first = js_sys::Reflect::get_u32(list, 0).unwrap_or_default();
        if !first.is_undefined() {
            self.open(first.unchecked_into());
        }
    }

    /// Shows a capture in place of the stream.
    fn open(self: &Rc<Self>, file: Blob) {
        let turn = self.begin("Opening the capture".to_owned());
        let files = Rc::clone(self);
        boxed::spawn(async move {
            let mut reader = CaptureReader::new();
            let mut at = 0.0;
            loop {
                let piece = file.slice_with_f64_and_f64(at, (at + PIECE).min(file.size()));
                let bytes = match piece {
                    Ok(piece) => JsFuture::from(piece.array_buffer()).await,
                    Err(error) => Err(error),
                };
                if files.turn.get() != turn {
                    return;
                }
                let bytes = match bytes {
                    Ok(bytes) => Uint8Array::new(&bytes).to_vec(),
                    Err(error) => return files.fail(&crate::session::message(&error)),
                };
                // What is no capture must not cost the log that is there.
                if at == 0.0 {
                    match head(&bytes) {
                        Ok(facts) => files.show_capture(facts),
                        Err(why) => return files.fail(&why),
                    }
                }
                // Small enough pieces that a frame is not missed.
                for bytes in bytes.chunks(HEAD) {
                    let mut result = Ok(());
                    let stream = files.watched.stream;
                    stream.edit(|journal| result = reader.feed(bytes, journal));
                    if let Err(error) = result {
                        return files.fail(&error.to_string());
                    }
                }
                at += PIECE;
                if at >= file.size() {
                    break;
                }
                if !files.goes_on(turn, at / file.size()).await {
                    return;
                }
            }
            files.cancel();
            files.draw(None);
            if let Err(error) = reader.finish() {
                files.fail(&error.to_string());
            }
        });
    }

    fn show_capture(&self, facts: String) {
        self.watched.stream.disconnect();
        self.watched.start_over();
        self.watched.stream.edit(Journal::clear);
        self.opened.set(&title(&facts));
        self.facts.replace(Some(facts));
        dom::show(&self.opened.element, true);
    }

    /// The stream is opened again: what is there of a capture is not of it.
    fn make_room(&self) {
        if self.facts.borrow().is_some() {
            self.forget();
            self.watched.start_over();
            self.watched.stream.edit(Journal::clear);
        }
    }
}

/// The facts of the capture that begins with `bytes`.
///
/// # Errors
///
/// Why it is none.
fn head(bytes: &[u8]) -> Result<String, String> {
    let mut reader = CaptureReader::new();
    for bytes in bytes.chunks(HEAD) {
        let fed = reader.feed(bytes, &mut Journal::default());
        if !reader.facts().is_empty() {
            // What is wrong further on is told when it is reached.
            return Ok(reader.facts().to_owned());
        }
        fed.map_err(|why| why.to_string())?;
    }
    match reader.finish() {
        Ok(()) => Ok(String::new()),
        Err(why) => Err(why.to_string()),
    }
}

/// The JSON object that a capture of this stream begins with.
fn facts_of(watched: &Watched) -> String {
    let way = if watched.stream.is_fetch() {
        "fetch"
    } else {
        "eventsource"
    };
    format!(
        "{{\"url\":{},\"way\":\"{way}\"}}",
        quoted(&watched.stream.url())
    )
}

/// What is shown of the facts of a capture.
fn title(facts: &str) -> String {
    let facts = js_sys::JSON::parse(facts).unwrap_or_default();
    let url = js_sys::Reflect::get(&facts, &"url".into()).ok();
    let url = url.and_then(|url| url.as_string());
    match url {
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
    fn new(kind: Kind, shown: bool, facts: &str, watched: &Watched) -> Self {
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
    fn step(&mut self, watched: &Watched, out: &mut Vec<u8>) -> bool {
        const STEP: u64 = 500;
        let (journal, matches) = (watched.journal(), watched.matches());
        let Some(format) = self.format else {
            return self.capture.step(&journal, STEP as usize, out);
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

    fn part(&self, watched: &Watched) -> f64 {
        match self.format {
            Some(_) => self.next as f64 / self.end.max(1) as f64,
            None => self.capture.progress(&watched.journal()),
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
    boxed::spawn(async move {
        // The browser has begun to read it by then.
        boxed::pause(10_000).await;
        let _ = Url::revoke_object_url(&url);
    });
    Ok(())
}
