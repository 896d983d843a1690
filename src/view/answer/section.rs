//! A part of an answer: its title, and a window over its text.

use std::ops::Range;

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{HtmlDetailsElement, ScrollIntoViewOptions, ScrollLogicalPosition};

use super::{
    super::{
        marked::{Breaks, marked},
        watched::Watched,
        window::{RowKey, Rows},
    },
    facts,
    reading::{Chunk, Reading},
};
use crate::{lens::PartKind, text};

/// How large a piece of the text is, in bytes. Only the last one changes while the text grows.
const CHUNK: usize = 2 << 10;

/// How many pieces are in the document: what a browser lays out within a frame.
const SHOWN: usize = 24;

/// Where a piece is in `text`. No character is cut.
pub(super) fn range_of(text: &str, number: usize) -> Range<usize> {
    text.floor_char_boundary(number * CHUNK)..text.floor_char_boundary((number + 1) * CHUNK)
}

/// A part of the answer that begins with the line `of`.
#[component]
pub(super) fn Section(reading: Reading, of: u64, part: usize) -> impl IntoView {
    let watched = Watched::expect();
    let kind = reading
        .part(of, part, |_, part| part.kind)
        .unwrap_or(PartKind::Text);
    let title = Memo::new(move |_| reading.part(of, part, facts::title_of).unwrap_or_default());
    let note = Memo::new(move |_| reading.part(of, part, facts::note_of).unwrap_or_default());
    let is_open = RwSignal::new(kind != PartKind::Reasoning);
    let length = Memo::new(move |_| {
        let length = reading.part(of, part, |_, part| part.pieces.text().len());
        length.unwrap_or_default()
    });
    // The first piece in the document; `None` shows the last ones.
    let from = RwSignal::new(None);
    let window = Memo::new(move |_| {
        let count = length.get().div_ceil(CHUNK);
        let last = count.saturating_sub(SHOWN);
        let first = from.get().unwrap_or(last).min(last);
        first..count.min(first + SHOWN)
    });
    // The text of the selected row comes into the document.
    Effect::new(move |_| {
        let Some(line) = watched.selected.get() else {
            return;
        };
        let range = untrack(|| reading.part(of, part, |_, part| part.pieces.range(line)));
        let Some(range) = range.filter(|range| !range.is_empty()) else {
            return;
        };
        is_open.set(true);
        let chunk = range.start / CHUNK;
        if !window.get_untracked().contains(&chunk) {
            from.set(Some(chunk.saturating_sub(SHOWN / 2)));
        }
    });
    let keys = Signal::derive(move || {
        let key = |number| RowKey {
            of: part as u64,
            number,
            ..RowKey::default()
        };
        let window = window.get();
        window.filter(|_| is_open.get()).map(key).collect()
    });
    let row = Callback::new(move |RowKey { number, .. }: RowKey| {
        view! { <Piece reading of part number /> }.into_any()
    });
    let earlier = Memo::new(move |_| match window.with(|window| window.start) {
        0 => String::new(),
        before => format!(
            "Show earlier text: {}",
            text::bytes((before * CHUNK) as u64)
        ),
    });
    let later = Memo::new(move |_| {
        match length
            .get()
            .saturating_sub(window.with(|window| window.end) * CHUNK)
        {
            0 => String::new(),
            after => format!("Show later text: {}", text::bytes(after as u64)),
        }
    });
    let no_earlier = Memo::new(move |_| earlier.with(String::is_empty));
    let no_later = Memo::new(move |_| later.with(String::is_empty));
    let show_earlier = move |_| {
        let start = window.with_untracked(|window| window.start);
        from.set(Some(start.saturating_sub(SHOWN / 2)));
    };
    let show_later = move |_| {
        let start = window.with_untracked(|window| window.start) + SHOWN / 2;
        let is_last = start + SHOWN >= length.get_untracked().div_ceil(CHUNK);
        from.set((!is_last).then_some(start));
    };
    let on_toggle = move |event: ev::Event| {
        let details = event
            .target()
            .map(JsCast::unchecked_into::<HtmlDetailsElement>);
        is_open.set(details.is_some_and(|details| details.open()));
    };
    view! {
        <details class="answer-part" prop:open=move || is_open.get() on:toggle=on_toggle>
            <summary>{move || title.with(|title| marked(title, &[], None, Breaks::Sign))}</summary>
            <button type="button" class="quiet" hidden=no_earlier on:click=show_earlier>
                {earlier}
            </button>
            <p class="answer-text" class:code=move || kind == PartKind::ToolCall dir="auto">
                <Rows keys row />
            </p>
            <button type="button" class="quiet" hidden=no_later on:click=show_later>
                {later}
            </button>
            <p class="detail-note">{note}</p>
        </details>
    }
}

/// A piece of the text. What is from the selected row is marked.
#[component]
fn Piece(reading: Reading, of: u64, part: usize, number: usize) -> impl IntoView {
    let watched = Watched::expect();
    let node = NodeRef::<html::Span>::new();
    let chunk = Chunk { part, number, node };
    reading.chunks.update_value(|chunks| chunks.push(chunk));
    on_cleanup(move || {
        reading.chunks.try_update_value(|chunks| {
            chunks.retain(|chunk| (chunk.part, chunk.number) != (part, number));
        });
    });
    // Where it is in the text of the part, and what is marked of that. Text is only appended.
    let shown = Memo::new(move |_| {
        let selected = watched.selected.get();
        let shown = reading.part(of, part, |_, part| {
            let range = range_of(part.pieces.text(), number);
            let marked = selected.map_or(0..0, |line| part.pieces.range(line));
            let marked = marked.start.max(range.start)..marked.end.min(range.end);
            let marked = match marked.is_empty() {
                true => 0..0,
                false => marked.start - range.start..marked.end - range.start,
            };
            (range, marked)
        });
        shown.unwrap_or_default()
    });
    let is_marked = Memo::new(move |_| shown.with(|(_, marked)| !marked.is_empty()));
    Effect::new(move |_| {
        let node = node.get().filter(|_| is_marked.get());
        request_animation_frame(move || {
            let mark = node.and_then(|node| node.first_element_child());
            if let Some(mark) = mark {
                let options = ScrollIntoViewOptions::new();
                options.set_block(ScrollLogicalPosition::Nearest);
                mark.scroll_into_view_with_scroll_into_view_options(&options);
            }
        });
    });
    let text = move || {
        let (range, places) = shown.get();
        let places: Vec<_> = Some(places)
            .filter(|place| !place.is_empty())
            .into_iter()
            .collect();
        let text = untrack(|| {
            reading.part(of, part, |_, part| {
                let text = part.pieces.text().get(range).unwrap_or_default();
                marked(text, &places, None, Breaks::Kept).into_any()
            })
        });
        text.unwrap_or_else(|| ().into_any())
    };
    view! { <span node_ref=node>{move || text()}</span> }
}
