//! The log: a window of rows over the lines that match. Only the rows in sight are in the document.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
    sync::atomic::{AtomicU32, Ordering},
};

use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{HtmlElement, KeyboardEvent, ResizeObserver};

use super::{
    dom::{self, Attribute, Slot},
    row::{Row, px, row_id},
    viewport::{Layout, ROW, Viewport},
    watched::Watched,
};
use crate::{
    journal::{Journal, Line},
    text,
};

const MARKUP: &str = r#"
<div class="row columns">
  <button type="button" class="time" data-do="time" title="Time of day, or since the first line">time</button>
  <span class="delta">Δ</span>
  <span class="label">event<i class="grip" data-column="event" role="separator" aria-orientation="vertical" aria-label="Width of the event column" tabindex="0"></i></span>
  <span class="id">id<i class="grip" data-column="id" role="separator" aria-orientation="vertical" aria-label="Width of the id column" tabindex="0"></i></span>
  <span class="size">size</span>
  <span class="data">data</span>
</div>
<div class="log-scroller" tabindex="0" role="grid" aria-label="Log" aria-colcount="6">
  <div class="log-sizer" role="presentation"></div>
</div>
<p class="log-empty"></p>
<div class="log-foot">
  <span class="log-counts"></span>
  <button type="button" class="quiet" data-do="follow" hidden></button>
</div>"#;

/// The lines of a stream. It follows the newest line, unless the reader scrolled up.
pub(super) fn log(watched: Watched) -> impl IntoView {
    dom::panel("log", MARKUP, move |root| {
        let list = List::new(watched, &root);
        watched.on_draw(Rc::new(move || list.draw()));
    })
}

struct List {
    watched: Watched,
    /// Which log of the page it is, for the ids of its rows.
    number: u32,
    scroller: HtmlElement,
    sizer: HtmlElement,
    empty: Slot,
    counts: Slot,
    follow: Slot,
    rowcount: Attribute,
    active: Attribute,
    rows: RefCell<Vec<Row>>,
    viewport: RefCell<Viewport>,
    /// The line at the upper edge, and how much of its row is above that; unused while following.
    anchor: Cell<(u64, f64)>,
    /// The end of the lines that were shown when following ended: later lines are counted as new.
    seen: Cell<u64>,
    /// The height that the sizer has, in px.
    sizer_height: Cell<f64>,
    observer: RefCell<Option<Observer>>,
}

impl List {
    fn new(watched: Watched, root: &HtmlElement) -> Rc<Self> {
        static LOGS: AtomicU32 = AtomicU32::new(0);
        let scroller = dom::find(root, ".log-scroller");
        let list = Rc::new(Self {
            watched,
            number: LOGS.fetch_add(1, Ordering::Relaxed),
            sizer: dom::find(root, ".log-sizer"),
            empty: Slot::new(root, ".log-empty"),
            counts: Slot::new(root, ".log-counts"),
            follow: Slot::new(root, "[data-do=follow]"),
            rowcount: Attribute::new(&scroller, "aria-rowcount"),
            active: Attribute::new(&scroller, "aria-activedescendant"),
            rows: RefCell::default(),
            viewport: RefCell::new(Viewport::new(f64::from(scroller.client_height()))),
            anchor: Cell::new((0, 0.0)),
            seen: Cell::new(0),
            sizer_height: Cell::new(0.0),
            observer: RefCell::default(),
            scroller,
        });
        let (on_scroll, on_key, on_click) = (list.clone(), list.clone(), list.clone());
        dom::listen(&list.scroller, "scroll", move |_| on_scroll.scrolled());
        dom::listen(&list.scroller, "keydown", move |event| {
            on_key.key(event.unchecked_ref());
        });
        dom::listen(&list.scroller, "click", move |event| on_click.click(&event));
        let following = list.clone();
        dom::on_press(root, move |what, _| match what {
            "follow" => following.follow(),
            _ => following
                .watched
                .set_relative(!following.watched.is_relative()),
        });
        super::columns::adjustable(root);
        list.observe_size();
        list
    }

    fn observe_size(self: &Rc<Self>) {
        let list = Rc::downgrade(self);
        let callback = Closure::<dyn Fn()>::new(move || {
            if let Some(list) = list.upgrade() {
                let height = f64::from(list.scroller.client_height());
                list.viewport.borrow_mut().set_height(height);
                list.draw();
            }
        });
        // Every browser that runs WebAssembly has it.
        if let Ok(observer) = ResizeObserver::new(callback.as_ref().unchecked_ref()) {
            observer.observe(&self.scroller);
            *self.observer.borrow_mut() = Some(Observer {
                observer,
                _callback: callback,
            });
        }
    }

    /// Called at most once a frame: the cost is that of the rows in sight.
    fn draw(&self) {
        if let Some(line) = self.watched.sought.write_untracked().take() {
            self.show(line);
        }
        let (journal, matches) = (&*self.watched.journal(), &*self.watched.matches());
        let end = self.watched.end(journal);
        let selected = self.watched.selected.get_untracked();
        let total = matches.count(journal, end);
        let shown = self.layout(total);
        let scroll = self.viewport.borrow().scroll();
        let line_at = |place| journal.get(matches.get(journal, place)?);
        let top = shown.top;
        let places = shown.rows(&self.viewport.borrow(), total);
        let first = places.start;
        let lines: Vec<(u64, Line<'_>)> = places
            .filter_map(|place| Some((place, line_at(place)?)))
            .collect();
        let origin = journal
            .get(journal.kept().start)
            .filter(|_| self.watched.is_relative())
            .map(|line| line.at());
        let mut before = first.checked_sub(1).and_then(line_at).map(|line| line.at());
        let mut rows = self.rows.borrow_mut();
        self.assign(&mut rows, &lines);
        for ((place, line), row) in lines.iter().zip(rows.iter_mut()) {
            row.write(line, before, origin, self.watched);
            before = Some(line.at());
            row.put(
                scroll + (*place as f64 - top) * ROW,
                *place,
                selected == Some(line.seq()),
            );
        }
        self.rowcount.set(&total.to_string());
        let active = selected.filter(|seq| lines.iter().any(|(_, line)| line.seq() == *seq));
        self.active
            .set(&active.map_or(String::new(), |seq| row_id(self.number, seq)));
        dom::show(&self.empty.element, total == 0);
        self.empty.set(if self.watched.is_frozen() && end <= journal.kept().start {
            "The frozen lines have been evicted. Raise the limit under Keep."
        } else if !journal.is_empty() {
            "Nothing matches."
        } else if self.watched.stream.via_fetch() {
            "Nothing received yet."
        } else {
            "Nothing received yet. An EventSource delivers only “message” and the event types you subscribe to; by fetch all types arrive."
        });
        self.foot(journal, total, end, matches.count(journal, self.seen.get()));
    }

    /// Decides which rows are in sight, and moves the scroll bar if needed.
    fn layout(&self, total: u64) -> Layout {
        let mut viewport = self.viewport.borrow_mut();
        let layout = viewport.layout(total, self.anchored());
        if self.sizer_height.replace(layout.content) != layout.content {
            let style = self.sizer.style();
            let _ = style.set_property("height", &px(layout.content));
        }
        if let Some(scroll) = layout.scroll {
            self.scroller.set_scroll_top(scroll as i32);
            viewport.set_scroll(f64::from(self.scroller.scroll_top()));
        }
        layout
    }

    /// The scroll bar moved.
    fn scrolled(&self) {
        let scroll = f64::from(self.scroller.scroll_top());
        // When the window grows, the browser may move the bar before it reports the new height.
        let height = f64::from(self.scroller.client_height());
        let (total, held) = (self.total(), self.anchored());
        let was_following = self.viewport.borrow().is_following();
        let top = self
            .viewport
            .borrow_mut()
            .scrolled(scroll, height, total, held);
        if let Some(top) = top {
            self.hold(top, was_following);
            self.draw();
        }
    }

    /// How many lines are shown.
    fn total(&self) -> u64 {
        let journal = self.watched.journal();
        let end = self.watched.end(&journal);
        self.watched.matches().count(&journal, end)
    }

    /// The position at the upper edge while the log does not follow.
    fn anchored(&self) -> f64 {
        let (line, part) = self.anchor.get();
        self.place_of(line) as f64 + part
    }

    /// How many of the shown lines are before `line`.
    fn place_of(&self, line: u64) -> u64 {
        let journal = self.watched.journal();
        self.watched.matches().count(&journal, line)
    }

    /// Keeps the line at `top` at the upper edge from now on, unless the log follows.
    fn hold(&self, top: f64, was_following: bool) {
        let journal = self.watched.journal();
        let end = self.watched.end(&journal);
        let line = self.watched.matches().get(&journal, top as u64);
        self.anchor.set((line.unwrap_or(end), top.fract()));
        if was_following && !self.viewport.borrow().is_following() {
            self.seen.set(end);
        }
    }

    fn follow(&self) {
        self.viewport.borrow_mut().set_following(true);
        self.watched.freeze(false);
        self.draw();
        let _ = self.scroller.focus();
    }

    /// Gives each line a row, in their order in the document too. A line that had one keeps it, so
    /// that what is selected in it by the mouse stays selected.
    fn assign(&self, rows: &mut Vec<Row>, lines: &[(u64, Line<'_>)]) {
        let wanted = || lines.iter().map(|(_, line)| Some(line.seq()));
        if rows.iter().map(|row| row.seq).eq(wanted()) {
            return;
        }
        let (mut kept, mut free) = (VecDeque::new(), VecDeque::new());
        for row in rows.drain(..) {
            if wanted().any(|line| line == row.seq) {
                kept.push_back(row);
            } else {
                free.push_back(row);
            }
        }
        let mut next = self.sizer.first_child();
        for (_, line) in lines {
            let row = match kept.front() {
                Some(row) if row.seq == Some(line.seq()) => kept.pop_front(),
                _ => free.pop_front(),
            };
            let mut row = row.unwrap_or_else(Row::new);
            if row.seq != Some(line.seq()) {
                row.give(self.number, line.seq());
            }
            match &next {
                Some(node) if row.element.is_same_node(Some(node)) => next = node.next_sibling(),
                _ => drop(self.sizer.insert_before(&row.element, next.as_ref())),
            }
            rows.push(row);
        }
        for row in free.into_iter().chain(kept) {
            row.element.remove();
        }
    }

    /// Scrolls so that `line` is in the middle.
    fn show(&self, line: u64) {
        let (place, total) = (self.place_of(line), self.total());
        let was_following = self.viewport.borrow().is_following();
        let top = self.viewport.borrow().centred(place, total);
        self.viewport.borrow_mut().set_following(false);
        self.hold(top, was_following);
    }

    fn foot(&self, journal: &Journal, total: u64, end: u64, seen: u64) {
        let lines = |count: u64| match count {
            1 => "1 line".to_owned(),
            _ => format!("{} lines", text::count(count)),
        };
        let mut counts = lines(journal.received());
        if journal.evicted() > 0 {
            let (kept, evicted) = (journal.len() as u64, journal.evicted());
            counts.push_str(&format!(
                ": {} kept, the oldest {} evicted",
                text::count(kept),
                text::count(evicted)
            ));
        }
        let shown = journal.len() as u64;
        if total != shown {
            counts.push_str(&format!(", {} shown", text::count(total)));
        }
        self.counts.set(&counts);
        let frozen = self.watched.is_frozen();
        let behind = if frozen {
            journal.kept().end - end
        } else {
            total.saturating_sub(seen)
        };
        let away = frozen || !self.viewport.borrow().is_following();
        if away {
            let what = if frozen { "frozen" } else { "follow" };
            self.follow
                .set(&format!("+{} new, {what}", text::count(behind)));
        }
        dom::show(&self.follow.element, away);
    }

    fn click(&self, event: &web_sys::Event) {
        let target: Option<web_sys::Element> =
            event.target().and_then(|target| target.dyn_into().ok());
        let row = target.and_then(|target| target.closest(".row").ok().flatten());
        let seq = row.and_then(|clicked| {
            let rows = self.rows.borrow();
            let row = rows
                .iter()
                .find(|row| row.element.is_same_node(Some(&clicked)));
            row.and_then(|row| row.seq)
        });
        if seq.is_none() {
            return;
        }
        // A click on what is open closes it, but not the end of selecting its text.
        let marked = window().get_selection().ok().flatten();
        if self.watched.selected.get_untracked() != seq {
            self.watched.select(seq);
        } else if marked.is_none_or(|marked| marked.is_collapsed()) {
            self.watched.select(None);
        }
    }

    fn key(&self, event: &KeyboardEvent) {
        if event.ctrl_key() || event.alt_key() || event.meta_key() {
            return;
        }
        let page = self.viewport.borrow().room().max(2.0) as i64 - 1;
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

    /// Selects the line that is `step` lines after the selected one, and has it in sight.
    fn step(&self, step: i64) {
        let selected = self.watched.selected.get_untracked();
        let Some(last) = self.total().checked_sub(1) else {
            return;
        };
        let place = match selected {
            Some(seq) => self.place_of(seq).saturating_add_signed(step),
            None if step == i64::MIN => 0,
            None => last,
        };
        let place = place.min(last);
        let found = self.watched.matches().get(&self.watched.journal(), place);
        let Some(seq) = found else {
            return;
        };
        let held = self.anchored();
        let was_following = self.viewport.borrow().is_following();
        let top = self.viewport.borrow_mut().reveal(place, last + 1, held);
        if let Some(top) = top {
            self.hold(top, was_following);
        }
        self.watched.select(Some(seq));
    }
}

struct Observer {
    observer: ResizeObserver,
    _callback: Closure<dyn Fn()>,
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
