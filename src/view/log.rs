//! The log: a window of rows over the lines that match. Only the rows in sight are in the document.

use std::sync::atomic::{AtomicU32, Ordering};

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::{
    columns::{Columns, Filled, Width},
    labels::Labels,
    row::{Cells, Place, Row},
    viewport::{Layout, ROW, Viewport},
    watched::Watched,
    window::{RowKey, Rows, observe_size},
};
use crate::{
    journal::{Journal, Kind, Line},
    text,
};

/// The lines of a stream. The log follows the newest line, unless the user scrolled up.
#[component]
pub(super) fn Log() -> impl IntoView {
    let watched = Watched::expect();
    let list = List::new(watched);
    let scroller = list.scroller;
    let (event, id) = (
        Width::remembered("width-event", 130),
        Width::remembered("width-id", 90),
    );
    let filled = Memo::new(move |before: Option<&Filled>| {
        let before = before.copied().unwrap_or_default();
        let journal = watched.stream.entries;
        watched
            .labels
            .with(|labels| journal.with(|journal| Filled::of(journal, labels, before)))
    });
    let active = move || {
        list.slots.with(|slots| {
            let selected = slots.iter().find(|slot| slot.place.get().selected)?;
            Some(selected.id.get())
        })
    };
    let keys = Signal::derive(move || {
        list.slots.with(|slots| {
            let key = |slot: &Slot| RowKey {
                number: slot.number,
                ..RowKey::default()
            };
            slots.iter().map(key).collect()
        })
    });
    let row = Callback::new(move |key: RowKey| {
        let slot = list.slots.with_untracked(|slots| {
            let mut slots = slots.iter();
            slots.find(|slot| slot.number == key.number).cloned()
        });
        let Some(slot) = slot else {
            return ().into_any();
        };
        view! { <Row id=slot.id.into() cells=slot.cells.into() place=slot.place.into() /> }
            .into_any()
    });
    view! {
        <div
            class="log"
            class:has-delta=move || filled.get().delta
            class:has-event=move || filled.get().event()
            class:has-id=move || filled.get().id
            class:has-size=move || filled.get().size
            style=("--chars-event", move || filled.get().event_css())
            style=("--width-event", move || event.css())
            style=("--width-id", move || id.css())
        >
            <div
                class="log-scroller"
                tabindex="0"
                role="grid"
                aria-label="Log"
                // The header is a row too.
                aria-rowcount=move || list.total.get() + 1
                aria-activedescendant=active
                // The number of rows in the document depends on this height, so no style sheet may raise
                // it to the height of all rows.
                style:max-height="100vh"
                style:overflow="hidden auto"
                node_ref=scroller
                on:scroll=move |_| list.scrolled()
                on:keydown=move |event| list.key(&event)
                on:click=move |event| list.click(&event)
            >
                <Columns event id />
                <div
                    class="log-sizer"
                    role="rowgroup"
                    style:position="relative"
                    node_ref=list.sizer
                >
                    <Rows keys row />
                </div>
            </div>
            <p class="log-empty" hidden=move || list.total.get() != 0>{move || why_empty(watched)}</p>
            <Foot list />
        </div>
    }
}

/// The counts of lines, and the way back to the newest.
#[component]
fn Foot(list: List) -> impl IntoView {
    let watched = list.watched;
    let counts = Memo::new(move |_| {
        let total = list.total.get();
        watched
            .stream
            .entries
            .with(|journal| counts(journal, total))
    });
    let away = Memo::new(move |_| watched.is_frozen() || !list.following.get());
    let follow = Memo::new(move |_| {
        let total = list.total.get();
        let frozen = watched.is_frozen();
        let behind = watched.stream.entries.with(|journal| {
            if frozen {
                journal.kept().end - watched.end(journal)
            } else {
                let seen = watched.matches().count(journal, list.seen.get());
                total.saturating_sub(seen)
            }
        });
        let what = if frozen { "frozen" } else { "follow" };
        format!("+{} new, {what}", text::count(behind))
    });
    view! {
        <div class="log-foot">
            <span class="log-counts">{counts}</span>
            <button
                type="button"
                class="quiet"
                data-do="follow"
                hidden=move || !away.get()
                on:click=move |_| list.follow()
            >
                {follow}
            </button>
        </div>
    }
}

/// How many lines there are, of which `total` are shown.
fn counts(journal: &Journal, total: u64) -> String {
    let mut counts = match journal.received() {
        1 => "1 line".to_owned(),
        received => format!("{} lines", text::count(received)),
    };
    let kept = journal.len() as u64;
    if journal.evicted() > 0 {
        counts.push_str(&format!(
            ": {} kept, the oldest {} evicted",
            text::count(kept),
            text::count(journal.evicted())
        ));
    }
    if total != kept {
        counts.push_str(&format!(", {} shown", text::count(total)));
    }
    counts
}

/// Why no line is shown.
fn why_empty(watched: Watched) -> &'static str {
    watched.track_matches();
    let journal = watched.journal();
    if watched.is_frozen() && watched.end(&journal) <= journal.kept().start {
        "The frozen lines have been evicted. Raise the limit under Keep."
    } else if !journal.is_empty() {
        "Nothing matches."
    } else if watched.stream.via_fetch() {
        "Nothing received yet."
    } else {
        "Nothing received yet. An EventSource delivers only “message” and the event types you subscribe to; by fetch all types arrive."
    }
}

/// A row in the document, and the line that it shows now.
#[derive(Clone)]
struct Slot {
    /// Distinguishes this row from the others.
    number: usize,
    seq: u64,
    /// What the cells depend on in addition to the line and the labels: the time of the line above, and
    /// the time that relative times count from.
    times: Option<(Option<f64>, Option<f64>)>,
    id: ArcRwSignal<String>,
    cells: ArcRwSignal<Cells>,
    place: ArcRwSignal<Place>,
}

/// The state of the log. Positions are counted in rows, as in [`Viewport`].
#[derive(Clone, Copy)]
struct List {
    watched: Watched,
    /// Distinguishes the logs of a page in the IDs of their rows.
    number: u32,
    scroller: NodeRef<html::Div>,
    /// The element that is as high as all rows.
    sizer: NodeRef<html::Div>,
    viewport: StoredValue<Viewport>,
    /// The line at the upper edge, and how much of its row is above that; unused while following.
    anchor: StoredValue<(u64, f64)>,
    /// What all rows depend on: the labels, and the types that a client listens to.
    known: StoredValue<(Labels, Option<Vec<String>>)>,
    /// Notifies when the user scrolls, or when the window changes its size.
    moved: Trigger,
    /// The rows in the document, from top to bottom.
    slots: RwSignal<Vec<Slot>>,
    /// How many lines match.
    total: RwSignal<u64>,
    following: RwSignal<bool>,
    /// The end of the lines that were shown when following ended: later lines are counted as new.
    seen: RwSignal<u64>,
}

impl List {
    fn new(watched: Watched) -> Self {
        static LOGS: AtomicU32 = AtomicU32::new(0);
        let list = Self {
            watched,
            number: LOGS.fetch_add(1, Ordering::Relaxed),
            scroller: watched.log,
            sizer: NodeRef::new(),
            viewport: StoredValue::new(Viewport::new(0.0)),
            anchor: StoredValue::new((0, 0.0)),
            known: StoredValue::new((Labels::default(), None)),
            moved: Trigger::new(),
            slots: RwSignal::new(Vec::new()),
            total: RwSignal::new(0),
            following: RwSignal::new(true),
            seen: RwSignal::new(0),
        };
        Effect::new(move |_| {
            watched.track_matches();
            watched.labels.track();
            watched.selected.track();
            watched.frozen.track();
            watched.relative.track();
            watched.listeners();
            watched.sought.track();
            watched.marked.track();
            list.moved.track();
            if list.scroller.get().is_some() && list.sizer.get().is_some() {
                list.update();
            }
        });
        list.observe_size();
        list
    }

    /// Measures the window when it appears and whenever its size changes.
    fn observe_size(self) {
        let measure = Callback::new(move |()| {
            if let Some(scroller) = self.scroller.get_untracked() {
                let height = visible_height(&scroller);
                self.viewport
                    .update_value(|viewport| viewport.set_height(height));
                self.moved.notify();
            }
        });
        observe_size(self.scroller, measure);
    }

    /// Decides what is in sight and fills the rows. It runs at most once a frame as lines are added, and
    /// its cost is that of the rows in sight.
    fn update(self) {
        let watched = self.watched;
        if let Some(line) = watched.sought.write_untracked().take() {
            self.centre(line);
        }
        let (journal, matches) = (watched.journal(), watched.matches());
        let total = matches.count(&journal, watched.end(&journal));
        let layout = self.layout(total);
        let shown = self
            .viewport
            .with_value(|viewport| layout.rows(viewport, total));
        let line_at = |index| journal.get(matches.get(&journal, index)?);
        let lines: Vec<(u64, Line<'_>)> = shown
            .clone()
            .filter_map(|index| Some((index, line_at(index)?)))
            .collect();
        let first = journal.get(journal.kept().start);
        let is_relative = watched.relative.get_untracked();
        let origin = first.filter(|_| is_relative).map(|line| line.at());
        let selected = watched.selected.get_untracked();
        let marked = watched.marked.read_untracked();
        let scroll = self.viewport.with_value(Viewport::scroll);

        let mut slots = self.assign(&lines);
        let known = (
            watched.labels.get_untracked(),
            untrack(|| watched.listeners()),
        );
        let is_other = self.known.with_value(|before| *before != known);
        let mut before = shown.start.checked_sub(1).and_then(line_at);
        for ((index, line), slot) in lines.iter().zip(&mut slots) {
            let times = (before.map(|line| line.at()), origin);
            // Later attempts that fail alike change their line.
            let may_change = line.kind() == Kind::Failed;
            if is_other || may_change || slot.times != Some(times) {
                slot.times = Some(times);
                let listeners = known.1.as_deref();
                let cells = Cells::of(line, times.0, times.1, listeners, watched);
                set_if_changed(&slot.cells, cells);
            }
            let place = Place {
                y: scroll + (*index as f64 - layout.top) * ROW,
                index: *index,
                selected: selected == Some(line.seq()),
                marked: marked.binary_search(&line.seq()).is_ok(),
            };
            set_if_changed(&slot.place, place);
            before = Some(*line);
        }
        self.known.set_value(known);
        drop((journal, matches));
        let is_same = self.slots.with_untracked(|before| {
            let number = |slot: &Slot| slot.number;
            before.iter().map(number).eq(slots.iter().map(number))
        });
        if is_same {
            // The rows stay in the document; only the lines that they show may have changed.
            *self.slots.write_untracked() = slots;
        } else {
            self.slots.set(slots);
        }
        if self.total.get_untracked() != total {
            self.total.set(total);
        }
        let following = self.viewport.with_value(Viewport::is_following);
        if self.following.get_untracked() != following {
            self.following.set(following);
        }
    }

    /// Gives each line a row. A line that has one keeps it, so that text selected in it stays selected.
    fn assign(self, lines: &[(u64, Line<'_>)]) -> Vec<Slot> {
        let before = self.slots.get_untracked();
        let is_shown = |slot: &&Slot| lines.iter().any(|(_, line)| line.seq() == slot.seq);
        let mut free = before.iter().filter(|slot| !is_shown(slot));
        let mut unused = before.iter().map(|slot| slot.number + 1).max().unwrap_or(0);
        let slot_of = |(_, line): &(u64, Line<'_>)| {
            let seq = line.seq();
            if let Some(slot) = before.iter().find(|slot| slot.seq == seq) {
                return slot.clone();
            }
            let id = format!("row-{}-{seq}", self.number);
            match free.next() {
                Some(slot) => {
                    slot.id.set(id);
                    Slot {
                        seq,
                        times: None,
                        ..slot.clone()
                    }
                }
                None => {
                    unused += 1;
                    Slot {
                        number: unused - 1,
                        seq,
                        times: None,
                        id: ArcRwSignal::new(id),
                        cells: ArcRwSignal::default(),
                        place: ArcRwSignal::default(),
                    }
                }
            }
        };
        lines.iter().map(slot_of).collect()
    }

    /// Decides which rows are in sight, and moves the scroll bar if needed.
    fn layout(self, total: u64) -> Layout {
        let held = self.held();
        let layout = self
            .viewport
            .try_update_value(|viewport| viewport.layout(total, held))
            .expect("the log is mounted");
        if layout.content_changed
            && let Some(sizer) = self.sizer.get_untracked()
        {
            // Set at once and not by a signal, because the scroll bar cannot move beyond the previous
            // height.
            let height = format!("{}px", layout.content as i64);
            let _ = (*sizer).style().set_property("height", &height);
        }
        if let (Some(scroll), Some(scroller)) = (layout.scroll, self.scroller.get_untracked()) {
            scroller.set_scroll_top(scroll as i32);
            let scroll = f64::from(scroller.scroll_top());
            self.viewport
                .update_value(|viewport| viewport.set_scroll(scroll));
        }
        layout
    }

    /// Handles a movement of the scroll bar.
    fn scrolled(self) {
        let Some(scroller) = self.scroller.get_untracked() else {
            return;
        };
        let scroll = f64::from(scroller.scroll_top());
        // When the window grows, the browser may move the bar before it reports the new height.
        let height = visible_height(&scroller);
        // The bar was moved over the rows that are laid out; more may have been added since.
        let (total, held) = (self.total.get_untracked(), self.held());
        self.move_to(|viewport| viewport.scrolled(scroll, height, total, held));
    }

    /// Changes the viewport by `change`, which returns the upper edge if it has changed.
    fn move_to(self, change: impl FnOnce(&mut Viewport) -> Option<f64>) {
        let was_following = self.viewport.with_value(Viewport::is_following);
        let top = self.viewport.try_update_value(change).flatten();
        let Some(top) = top else {
            return;
        };
        let (journal, matches) = (self.watched.journal(), self.watched.matches());
        let end = self.watched.end(&journal);
        let line = matches.get(&journal, top as u64);
        self.anchor.set_value((line.unwrap_or(end), top.fract()));
        if was_following && !self.viewport.with_value(Viewport::is_following) {
            self.seen.set(end);
        }
        drop((journal, matches));
        self.moved.notify();
    }

    /// How many lines match.
    fn count(self) -> u64 {
        let journal = self.watched.journal();
        let end = self.watched.end(&journal);
        self.watched.matches().count(&journal, end)
    }

    /// The position at the upper edge while the log does not follow.
    fn held(self) -> f64 {
        let (line, part) = self.anchor.get_value();
        self.index_of(line) as f64 + part
    }

    /// How many of the matching lines are before `line`.
    fn index_of(self, line: u64) -> u64 {
        let journal = self.watched.journal();
        self.watched.matches().count(&journal, line)
    }

    fn follow(self) {
        self.viewport
            .update_value(|viewport| viewport.set_following(true));
        self.watched.freeze(false);
        self.moved.notify();
        // The button that was pressed is hidden now.
        self.watched.focus_log();
    }

    /// Scrolls so that `line` is in the middle.
    fn centre(self, line: u64) {
        let (index, total) = (self.index_of(line), self.count());
        self.move_to(|viewport| {
            viewport.set_following(false);
            Some(viewport.centred(index, total))
        });
    }

    fn click(self, event: &ev::MouseEvent) {
        let target: Option<Element> = event.target().and_then(|target| target.dyn_into().ok());
        let row = target.and_then(|target| target.closest(".row").ok().flatten());
        let seq = row.and_then(|row| {
            self.slots.with_untracked(|slots| {
                let slot = slots
                    .iter()
                    .find(|slot| slot.id.get_untracked() == row.id())?;
                Some(slot.seq)
            })
        });
        if seq.is_none() {
            return;
        }
        // A second click closes the detail, unless it is the end of selecting text in the row.
        let selection = window().get_selection().ok().flatten();
        if self.watched.selected.get_untracked() != seq {
            self.watched.select(seq);
        } else if selection.is_none_or(|selection| selection.is_collapsed()) {
            self.watched.select(None);
        }
    }

    fn key(self, event: &ev::KeyboardEvent) {
        if event.ctrl_key() || event.alt_key() || event.meta_key() {
            return;
        }
        let page = self.viewport.with_value(Viewport::room).max(2.0) as i64 - 1;
        let step = match event.key().as_str() {
            "ArrowDown" | "j" => 1,
            "ArrowUp" | "k" => -1,
            "PageDown" => page,
            "PageUp" => -page,
            "Home" => i64::MIN,
            "End" => i64::MAX,
            _ => return,
        };
        event.prevent_default();
        self.step(step);
    }

    /// Selects the line `step` lines after the selected one, and scrolls to it.
    fn step(self, step: i64) {
        let total = self.count();
        let Some(last) = total.checked_sub(1) else {
            return;
        };
        let index = match self.watched.selected.get_untracked() {
            Some(seq) => self.index_of(seq).saturating_add_signed(step),
            None if step == i64::MIN => 0,
            None => last,
        };
        let index = index.min(last);
        let seq = self.watched.matches().get(&self.watched.journal(), index);
        let held = self.held();
        self.move_to(|viewport| viewport.reveal(index, total, held));
        self.watched.select(seq);
    }
}

/// The height of the window below the header, in px: no more than that of the screen, whatever the style.
fn visible_height(scroller: &Element) -> f64 {
    let height = f64::from(scroller.client_height());
    let screen = window()
        .inner_height()
        .ok()
        .and_then(|height| height.as_f64());
    let height = screen.map_or(height, |screen| height.min(screen));
    (height - ROW).max(0.0)
}

fn set_if_changed<T: PartialEq + Send + Sync + 'static>(signal: &ArcRwSignal<T>, value: T) {
    if signal.with_untracked(|known| *known != value) {
        signal.set(value);
    }
}
