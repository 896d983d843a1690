//! The log: a window of rows over the journal.
//!
//! However many lines are kept, only those in sight are in the document, each at
//! `(its number - the number of the first kept line) * ROW`.

use std::{
    ops::Range,
    sync::atomic::{AtomicU32, Ordering},
};

use leptos::{html, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{KeyboardEvent, ResizeObserver};

use super::labels::Labels;
use crate::journal::{Entry, Item, Journal};

/// The height of a row in px: `--row` of `style/log.css`.
const ROW: i32 = 24;

/// How many rows are kept ready above and below those in sight.
const MARGIN: i32 = 8;

/// How many bytes of an event's data a row shows. The whole is in the detail.
const SHOWN: usize = 400;

/// The lines of a journal. It follows the newest line, unless the reader scrolled up.
#[component]
pub(super) fn Log(
    entries: ReadSignal<Journal, LocalStorage>,
    labels: Signal<Labels>,
    /// The number of the line whose detail is open.
    selected: RwSignal<Option<u64>>,
    /// The element that scrolls and takes the keys.
    node_ref: NodeRef<html::Div>,
) -> impl IntoView {
    static LOGS: AtomicU32 = AtomicU32::new(0);
    let log = LOGS.fetch_add(1, Ordering::Relaxed);
    let scroller = node_ref;
    let sizer = NodeRef::<html::Div>::new();
    let rows = RwSignal::new(0..0);
    // The first kept line: what the scroll position counts from.
    let base = RwSignal::new(0_u64);
    let following = RwSignal::new(true);

    // Reads the layout once and writes it once: called once a frame at most.
    let lay_out = move || {
        let (Some(scroller), Some(sizer)) = (scroller.get_untracked(), sizer.get_untracked())
        else {
            return;
        };
        let kept = entries.with_untracked(Journal::kept);
        let gone = kept.start.saturating_sub(base.get_untracked());
        let _ = sizer.style(("height", format!("{}px", pixels(kept.end - kept.start))));
        if following.get_untracked() {
            scroller.set_scroll_top(i32::MAX);
        } else if pixels(kept.end - kept.start) <= scroller.client_height() {
            following.set(true);
        } else if gone > 0 {
            // Lines were evicted above those in sight: these stay where they are.
            scroller.set_scroll_top(scroller.scroll_top() - pixels(gone));
        }
        if base.get_untracked() != kept.start {
            base.set(kept.start);
        }
        let seen = in_sight(&kept, scroller.scroll_top(), scroller.client_height());
        if rows.get_untracked() != seen {
            rows.set(seen);
        }
    };

    Effect::new(move |_| {
        entries.track();
        lay_out();
    });
    observe_size(scroller, lay_out);

    let scrolled = move |_| {
        if let Some(scroller) = scroller.get_untracked() {
            let below = scroller.scroll_height() - scroller.client_height() - scroller.scroll_top();
            // One pixel is what rounding may leave.
            let at_end = below <= 1;
            if following.get_untracked() != at_end {
                following.set(at_end);
            }
        }
        lay_out();
    };
    let follow = move || {
        following.set(true);
        lay_out();
        if let Some(scroller) = scroller.get_untracked() {
            let _ = scroller.focus();
        }
    };

    // Moves the selection and keeps it in sight.
    let select = move |seq: u64| {
        selected.set(Some(seq));
        if let Some(scroller) = scroller.get_untracked() {
            let top = pixels(seq.saturating_sub(base.get_untracked()));
            let lowest = top + ROW - scroller.client_height();
            if top < scroller.scroll_top() {
                scroller.set_scroll_top(top);
            } else if lowest > scroller.scroll_top() {
                scroller.set_scroll_top(lowest);
            }
        }
    };
    let on_key = move |event: KeyboardEvent| {
        if event.ctrl_key() || event.alt_key() || event.meta_key() {
            return;
        }
        let kept = entries.with_untracked(Journal::kept);
        let target = match (event.key().as_str(), selected.get_untracked()) {
            ("ArrowDown" | "j", Some(seq)) => {
                Some((seq + 1).clamp(kept.start, kept.end.saturating_sub(1)))
            }
            ("ArrowUp" | "k", Some(seq)) => Some(seq.saturating_sub(1).max(kept.start)),
            ("ArrowDown" | "ArrowUp" | "j" | "k", None) => Some(kept.end.saturating_sub(1)),
            _ => None,
        };
        match target {
            Some(seq) if !kept.is_empty() => {
                event.prevent_default();
                select(seq);
            }
            _ => {}
        }
    };

    let counts = Memo::new(move |_| entries.with(counts));
    let is_empty = Memo::new(move |_| entries.with(Journal::is_empty));

    view! {
        <div class="log">
            <div
                class="log-scroller"
                node_ref=scroller
                tabindex="0"
                role="listbox"
                aria-label="Log"
                aria-activedescendant=move || {
                    let seq = selected.get().filter(|seq| rows.with(|rows| rows.contains(seq)));
                    seq.map(|seq| row_id(log, seq))
                }
                on:scroll=scrolled
                on:keydown=on_key
            >
                <div class="log-sizer" node_ref=sizer role="presentation">
                    <div
                        class="log-rows"
                        role="presentation"
                        style:transform=move || {
                            let above = rows.with(|rows| rows.start).saturating_sub(base.get());
                            format!("translateY({}px)", pixels(above))
                        }
                    >
                        <For
                            each=move || rows.get()
                            key=|seq| *seq
                            children=move |seq| view! { <Row log seq entries labels base selected /> }
                        />
                    </div>
                </div>
            </div>
            <Show when=move || is_empty.get()>
                <p class="log-empty">"Nothing received yet."</p>
            </Show>
            <p class="log-foot">
                <span class="log-counts">{counts}</span>
                <Show when=move || !following.get()>
                    <button type="button" class="quiet" on:click=move |_| follow()>
                        "Follow the newest"
                    </button>
                </Show>
            </p>
        </div>
    }
}

/// One line. It never changes: a line with another number is another row.
#[component]
fn Row(
    /// Which log of the page it is in, for its id.
    log: u32,
    seq: u64,
    entries: ReadSignal<Journal, LocalStorage>,
    labels: Signal<Labels>,
    base: RwSignal<u64>,
    selected: RwSignal<Option<u64>>,
) -> impl IntoView {
    let line = entries.with_untracked(|entries| {
        entries
            .get(seq)
            .map(|entry| (super::clock(entry.at), kind(entry), text(entry, labels)))
    });
    let (time, kind, (label, data)) = line?;
    let is_selected = move || selected.get() == Some(seq);
    Some(view! {
        <div
            class="row"
            id=row_id(log, seq)
            role="option"
            data-kind=kind
            aria-selected=move || is_selected().to_string()
            aria-posinset=move || (seq + 1).saturating_sub(base.get()).to_string()
            aria-setsize="-1"
            on:click=move |_| selected.set(if is_selected() { None } else { Some(seq) })
        >
            <time>{time}</time>
            <span class="line">{label.map(|label| view! { <b class="label">{label}</b> ": " })}{data}</span>
        </div>
    })
}

fn row_id(log: u32, seq: u64) -> String {
    format!("row-{log}-{seq}")
}

fn kind(entry: &Entry) -> &'static str {
    match &entry.item {
        Item::Opened => "opened",
        Item::Closed => "closed",
        Item::Event(_) => "event",
    }
}

/// The label, if it is an event, and the text of a line: in the article's words.
fn text(entry: &Entry, labels: Signal<Labels>) -> (Option<String>, String) {
    match &entry.item {
        Item::Opened => (None, "Connection open ...".to_owned()),
        Item::Closed => (None, "Connection close.".to_owned()),
        Item::Event(event) => (
            Some(labels.with_untracked(|labels| labels.get(&event.event_type).to_owned())),
            shortened(&event.data),
        ),
    }
}

/// The beginning of `data`, and how much is left out.
fn shortened(data: &str) -> String {
    if data.len() <= SHOWN {
        return data.to_owned();
    }
    let end = data.floor_char_boundary(SHOWN);
    format!("{}… ({} bytes in all)", &data[..end], data.len())
}

/// How many lines there are, in a sentence that hides nothing.
fn counts(entries: &Journal) -> String {
    let plural = if entries.received() == 1 { "" } else { "s" };
    let received = format!("{} line{plural}", entries.received());
    match entries.evicted() {
        0 => received,
        evicted => format!(
            "{received}: {} kept, the oldest {evicted} evicted",
            entries.len()
        ),
    }
}

/// The numbers of the rows to draw.
fn in_sight(kept: &Range<u64>, scroll_top: i32, height: i32) -> Range<u64> {
    let first = u64::from((scroll_top / ROW - MARGIN).max(0).unsigned_abs());
    let count = u64::from((height / ROW + 2 * MARGIN + 2).unsigned_abs());
    let start = (kept.start + first).min(kept.end);
    start..(start + count).min(kept.end)
}

/// The height of `rows` rows, in px: what a browser can lay out, as the journal keeps
/// [`MOST_LINES`](crate::MOST_LINES).
fn pixels(rows: u64) -> i32 {
    i32::try_from(rows).unwrap_or(i32::MAX).saturating_mul(ROW)
}

/// Calls `lay_out` whenever the size of `element` changes.
fn observe_size(element: NodeRef<html::Div>, lay_out: impl Fn() + Copy + 'static) {
    struct Observer {
        observer: ResizeObserver,
        _callback: Closure<dyn Fn()>,
    }
    impl Drop for Observer {
        fn drop(&mut self) {
            self.observer.disconnect();
        }
    }
    let kept = StoredValue::new_local(None);
    Effect::new(move |_| {
        let Some(element) = element.get() else { return };
        let callback = Closure::<dyn Fn()>::new(lay_out);
        // Every browser that runs WebAssembly has it.
        if let Ok(observer) = ResizeObserver::new(callback.as_ref().unchecked_ref()) {
            observer.observe(&element);
            kept.set_value(Some(Observer {
                observer,
                _callback: callback,
            }));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_in_sight_are_drawn() {
        let kept = 100..1_000_000;
        assert_eq!(in_sight(&kept, 0, 480), 100..138);
        assert_eq!(in_sight(&kept, 24 * 50, 480), 142..180);
    }

    #[test]
    fn rows_in_sight_are_kept_ones() {
        assert_eq!(in_sight(&(0..0), 0, 480), 0..0);
        assert_eq!(in_sight(&(5..8), 0, 480), 5..8);
        assert_eq!(in_sight(&(5..8), 24 * 500, 480), 8..8);
    }

    #[test]
    fn long_data_is_shortened_between_characters() {
        let short = "ä".repeat(SHOWN / 2);
        assert_eq!(shortened(&short), short);
        let long = format!("a{}", "ä".repeat(SHOWN));
        let shown = shortened(&long);
        assert!(shown.starts_with("aää"), "{shown}");
        assert!(
            shown.ends_with(&format!("ä… ({} bytes in all)", long.len())),
            "{shown}"
        );
    }

    #[test]
    fn evicted_lines_are_counted() {
        let mut entries = Journal::new(0);
        entries.push(0.0, Item::Opened);
        assert_eq!(counts(&entries), "1 line");
        entries.push(0.0, Item::Closed);
        entries.push(0.0, Item::Opened);
        assert_eq!(counts(&entries), "3 lines: 1 kept, the oldest 2 evicted");
    }
}
