//! The header of the log, with grips that set the widths of columns.

use leptos::{ev, html, prelude::*};

use super::{labels::Labels, settings, viewport::ROW, watched::Watched};
use crate::{journal::Journal, text};

/// The smallest and the largest width of a column, in px.
const WIDTHS: std::ops::RangeInclusive<i32> = 40..=600;

/// By how much an arrow key changes a width, in px.
const STEP: i32 = 10;

/// The shortest event column, in characters: its header fits.
const LEAST_CHARS: usize = 6;

/// How many event types are compared to find the longest label.
const COMPARED: usize = 200;

/// The width of a column that the user may set. It is remembered.
#[derive(Clone, Copy)]
pub(super) struct Width {
    /// The name in the settings.
    key: &'static str,
    /// The width in px that the user did not set.
    default: i32,
    px: RwSignal<i32>,
}

impl Width {
    pub(super) fn remembered(key: &'static str, default: i32) -> Self {
        Self {
            key,
            default,
            px: settings::remembered(key, default, |width| width.parse().ok()),
        }
    }

    /// The width as CSS.
    pub(super) fn css(self) -> String {
        [&self.px.get().to_string(), "px"].concat()
    }

    fn set(self, px: i32) {
        let px = px.clamp(*WIDTHS.start(), *WIDTHS.end());
        self.px.set(px);
        settings::remember(self.key, &px.to_string());
    }

    fn reset(self) {
        self.px.set(self.default);
        settings::remember(self.key, "");
    }
}

/// The columns that have content. A column that is shown stays until the log is cleared, so that the data
/// does not move to and fro.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Filled {
    pub(super) delta: bool,
    pub(super) id: bool,
    pub(super) size: bool,
    /// The length of the longest text in the event column, in characters.
    event: usize,
}

impl Filled {
    /// The columns of `journal`, of which `before` were shown until now.
    pub(super) fn of(journal: &Journal, labels: &Labels, before: Self) -> Self {
        let before = if journal.is_empty() {
            Self::default()
        } else {
            before
        };
        let names = journal.names().iter().take(COMPARED);
        let kept = names.filter(|name| name.kept > 0);
        let lengths = kept.map(|name| shown_length(labels.get(&name.text)));
        let aside = if journal.asides() > 0 { ASIDE_CHARS } else { 0 };
        Self {
            delta: before.delta || journal.len() > 1,
            id: before.id || (!journal.is_empty() && !journal.last_event_id().is_empty()),
            size: before.size || journal.kept_events() > 0,
            event: lengths.fold(before.event.max(aside), usize::max),
        }
    }

    /// Whether the event column is shown.
    pub(super) fn event(self) -> bool {
        self.event > 0
    }

    /// The width of the content of the event column, as CSS.
    pub(super) fn event_css(self) -> String {
        [&self.event.max(LEAST_CHARS).to_string(), "ch"].concat()
    }
}

/// The length of a label as it is shown, in characters: a character that cannot be seen has its name in its
/// place.
fn shown_length(label: &str) -> usize {
    if text::is_plain(label) {
        return label.len();
    }
    let lengths = label
        .chars()
        .map(|c| text::unseen(c, None, None).map_or(1, |name| name.len() + 1));
    lengths.sum()
}

/// The length of `comment`, the longest name of a line that is not an event.
const ASIDE_CHARS: usize = 7;

/// The names of the columns. A press on the first switches between the time of day and the time since the
/// first line.
#[component]
pub(super) fn Columns(event: Width, id: Width) -> impl IntoView {
    let watched = Watched::expect();
    view! {
        // In sight while the rows scroll.
        <div
            class="row columns"
            role="row"
            aria-rowindex="1"
            style:position="sticky"
            style:top="0"
            style:z-index="1"
            style:height=format!("{}px", ROW as i64)
        >
            <span class="time" role="columnheader">
                <button
                    type="button"
                    title="Switches between the time of day and the time since the first line"
                    on:click=move |_| watched.set_relative(!watched.relative.get_untracked())
                >
                    "time"
                </button>
            </span>
            // The names without the values of the grips.
            <span class="delta" role="columnheader" aria-label="time since the line above">"Δ"</span>
            <span class="label" role="columnheader" aria-label="event">"event" <Grip label="Width of the event column" width=event /></span>
            <span class="data" role="columnheader">"data"</span>
            <span class="id" role="columnheader" aria-label="id">"id" <Grip label="Width of the id column" width=id /></span>
            <span class="size" role="columnheader">"size"</span>
        </div>
    }
}

/// A grip at the right edge of a column, which the user drags or moves by the arrow keys.
#[component]
fn Grip(
    /// The accessible name of the grip.
    label: &'static str,
    width: Width,
) -> impl IntoView {
    let grip = NodeRef::<html::I>::new();
    // The width of the column less the position of the pointer that drags it.
    let start = RwSignal::new(None);
    let column_width = move || {
        let column = grip.get_untracked().and_then(|grip| grip.parent_element());
        column.map_or(0, |column| column.client_width())
    };
    let on_keydown = move |event: ev::KeyboardEvent| {
        let step = match &*event.key() {
            "ArrowLeft" => -STEP,
            "ArrowRight" => STEP,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        width.set(column_width() + step);
    };
    let on_pointerdown = move |event: ev::PointerEvent| {
        event.prevent_default();
        if let Some(grip) = grip.get_untracked() {
            // Without pointer capture, the grip can still be moved while the pointer is over it.
            let _ = grip.set_pointer_capture(event.pointer_id());
        }
        start.set(Some(column_width() - event.client_x()));
    };
    let on_pointermove = move |event: ev::PointerEvent| {
        if let Some(start) = start.get_untracked() {
            width.set(start + event.client_x());
        }
    };
    view! {
        <i
            class="grip"
            role="separator"
            aria-orientation="vertical"
            aria-label=label
            aria-valuemin=*WIDTHS.start()
            aria-valuemax=*WIDTHS.end()
            aria-valuenow=move || width.px.get()
            title="Drag it or use the arrow keys; a double click resets the width"
            tabindex="0"
            node_ref=grip
            on:keydown=on_keydown
            on:dblclick=move |_| width.reset()
            on:pointerdown=on_pointerdown
            on:pointermove=on_pointermove
            on:lostpointercapture=move |_| start.set(None)
        ></i>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_shown_once_it_has_content_and_until_the_log_is_cleared() {
        let labels = Labels::new([("message", "Ping")]);
        let mut journal = Journal::default();
        let mut filled = Filled::default();
        let mut look = |journal: &Journal| {
            filled = Filled::of(journal, &labels, filled);
            (filled.delta, filled.id, filled.size, filled.event)
        };
        assert_eq!(look(&journal), (false, false, false, 0));
        journal.opened(0.0);
        assert_eq!(look(&journal), (false, false, false, 0));
        journal.receive(1.0, b"data: a\n\n");
        assert_eq!(look(&journal), (true, false, true, 4));
        journal.receive(1.0, b"id: 7\nevent: measurement\ndata: b\n\n");
        assert_eq!(look(&journal), (true, true, true, 11));
        journal.receive(1.0, b"id\ndata: c\n\n");
        assert_eq!(look(&journal), (true, true, true, 11), "it stays");
        journal.clear();
        assert_eq!(look(&journal), (false, false, false, 0));
        journal.receive(1.0, b": a\n");
        assert_eq!(look(&journal), (false, false, false, ASIDE_CHARS));
    }

    #[test]
    fn a_sign_counts_as_long_as_the_name_in_it() {
        assert_eq!(shown_length("ab c"), 4);
        assert_eq!(shown_length("é"), 1);
        assert_eq!(shown_length("a\u{202E}b"), 2 + "U+202E".len() + 1);
    }
}
