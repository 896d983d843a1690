//! The data of a line as text.

use std::{ops::Range, sync::Arc};

use leptos::{html, prelude::*};
use web_sys::{ScrollIntoViewOptions, ScrollLogicalPosition};

use super::{
    super::{
        focus::Focus,
        marked::{Breaks, marked},
        window::{RowKey, Rows},
    },
    search::Search,
    snapshot::Snapshot,
};
use crate::text;

/// How much is shown before "Show more", in bytes: what a browser lays out within a frame or two.
const PART: usize = 64 << 10;

/// The data as text, in parts that are added one by one, so that the browser does not lay out earlier
/// parts again.
#[component]
pub(super) fn Plain(snapshot: Memo<Option<Arc<Snapshot>>>, search: Search) -> impl IntoView {
    let pre: NodeRef<html::Pre> = Focus::get().text;
    let line = Memo::new(move |_| snapshot.with(|snapshot| Some(snapshot.as_ref()?.line)));
    // How many parts of which line are asked for.
    let asked = RwSignal::new((None, 1));
    let shown = Memo::new(move |_| match asked.get() {
        (of, parts) if of == line.get() => parts,
        _ => 1,
    });
    let show = move |parts: usize| asked.set((line.get_untracked(), parts));
    Effect::new(move |_| {
        line.track();
        if let Some(pre) = pre.get_untracked() {
            pre.set_scroll_top(0);
        }
    });
    Effect::new(move |_| {
        let Some(place) = search.current_place() else {
            return;
        };
        let parts = place.start / PART + 1;
        if parts > shown.get_untracked() {
            show(parts);
        }
        request_animation_frame(move || {
            let marks = pre.get_untracked().map(|pre| pre.children());
            let marks = marks
                .iter()
                .flat_map(|marks| (0..marks.length()).filter_map(|at| marks.item(at)));
            for mark in marks.filter(|mark| mark.has_attribute("aria-current")) {
                let options = ScrollIntoViewOptions::new();
                options.set_block(ScrollLogicalPosition::Nearest);
                mark.scroll_into_view_with_scroll_into_view_options(&options);
            }
        });
    });
    let keys = Signal::derive(move || {
        let Some(snapshot) = snapshot.get() else {
            return Vec::new();
        };
        let (version, current) = (search.version.get(), search.current_place());
        let number = search.current.get_untracked();
        let parts = snapshot.data.len().div_ceil(PART).min(shown.get());
        let key = |part: usize| {
            let range = range_of(&snapshot.data, part);
            let has = |place: &Range<usize>| place.start < range.end && place.end > range.start;
            let current = number.filter(|_| current.as_ref().is_some_and(has));
            RowKey {
                of: snapshot.line,
                number: part,
                version,
                current,
                ..RowKey::default()
            }
        };
        (0..parts).map(key).collect()
    });
    let part = Callback::new(
        move |RowKey {
                  number, current, ..
              }| {
            let Some(snapshot) = snapshot.get_untracked() else {
                return ().into_any();
            };
            let range = range_of(&snapshot.data, number);
            let (places, first) = search.with_found(|found| places_in(found, &range));
            let current = current.and_then(|current| current.checked_sub(first));
            let text = snapshot.data.get(range).unwrap_or_default();
            marked(text, &places, current, Breaks::Kept).into_any()
        },
    );
    let more = Memo::new(move |_| {
        let snapshot = snapshot.get();
        snapshot.map_or_else(String::new, |line| more(&line.data, shown.get()))
    });
    let no_more = Memo::new(move |_| more.with(String::is_empty));
    view! {
        <pre role="region" tabindex="0" aria-label="Data" node_ref=pre>
            <Rows keys row=part />
        </pre>
        <button type="button" hidden=no_more on:click=move |_| show(shown.get_untracked() + 1)>
            {more}
        </button>
    }
}

/// Where a part is. No character is cut.
fn range_of(text: &str, part: usize) -> Range<usize> {
    text.floor_char_boundary(part * PART)..text.floor_char_boundary((part + 1) * PART)
}

/// The places among `found` that are in a part, within that part, and the number of the first one.
fn places_in(found: &[Range<usize>], part: &Range<usize>) -> (Vec<Range<usize>>, usize) {
    let first = found.partition_point(|place| place.end <= part.start);
    let within = found.iter().skip(first);
    let within = within.take_while(|place| place.start < part.end);
    let places = within.map(|place| {
        place.start.max(part.start) - part.start..place.end.min(part.end) - part.start
    });
    (places.collect(), first)
}

/// The label of the button that shows the next part; empty if there are no more than `shown` parts.
fn more(text: &str, shown: usize) -> String {
    let all = text.len();
    match all - range_of(text, shown).start {
        0 => String::new(),
        rest => format!(
            "Show more: {} of {} left",
            text::bytes(rest as u64),
            text::bytes(all as u64)
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::single_range_in_vec_init, reason = "a list of ranges")]

    use super::*;

    #[test]
    fn the_parts_make_up_the_text_and_cut_no_character() {
        for length in [0, 1, PART - 1, PART, PART + 1, 3 * PART] {
            // Three bytes each: the parts do not end where characters do.
            let text = "€".repeat(length.div_ceil(3));
            let count = text.len().div_ceil(PART);
            let parts: Vec<&str> = (0..count)
                .map(|part| &text[range_of(&text, part)])
                .collect();
            assert_eq!(parts.concat(), text);
            assert!(parts.iter().all(|part| part.len() <= PART + 2), "{length}");
            assert_eq!(more(&text, count), "");
        }
    }

    #[test]
    fn more_is_offered_while_there_is_more() {
        let text = "x".repeat(2 * PART + 1_000);
        let offers: Vec<String> = (1..4).map(|shown| more(&text, shown)).collect();
        assert_eq!(
            offers,
            [
                "Show more: 66.5 kB of 132 kB left",
                "Show more: 1.00 kB of 132 kB left",
                ""
            ]
        );
    }

    #[test]
    fn a_match_is_marked_in_each_part_that_it_is_in() {
        let found = [0..2, 9..12, 20..21];
        assert_eq!(places_in(&found, &(0..10)), (vec![0..2, 9..10], 0));
        assert_eq!(places_in(&found, &(10..20)), (vec![0..2], 1));
        assert_eq!(places_in(&found, &(30..40)), (vec![], 3));
    }
}
