//! The header of the log, with grips that set the widths of columns.

use leptos::{ev, html, prelude::*};

use super::{settings, watched::Watched};

/// The smallest and the largest width of a column, in px.
const WIDTHS: std::ops::RangeInclusive<i32> = 40..=600;

/// By how much an arrow key changes a width, in px.
const STEP: i32 = 10;

/// The width of a column that the user may set. It is remembered.
#[derive(Clone, Copy)]
pub(super) struct Width {
    /// The name in the settings.
    key: &'static str,
    /// The width in px; `None` leaves the width to the style sheet.
    px: RwSignal<Option<i32>>,
}

impl Width {
    pub(super) fn remembered(key: &'static str) -> Self {
        let px = settings::recall(key).and_then(|width| width.parse().ok());
        Self {
            key,
            px: RwSignal::new(px),
        }
    }

    /// The value of the custom property that sets the width, if the user has set one.
    pub(super) fn css(self) -> Option<String> {
        self.px.get().map(|px| format!("{px}px"))
    }

    fn set(self, px: Option<i32>) {
        let px = px.map(|px| px.clamp(*WIDTHS.start(), *WIDTHS.end()));
        self.px.set(px);
        settings::remember(self.key, &px.map_or(String::new(), |px| px.to_string()));
    }
}

/// The names of the columns. A press on the first switches between the time of day and the time since the
/// first line.
#[component]
pub(super) fn Columns(event: Width, id: Width) -> impl IntoView {
    let watched = Watched::expect();
    view! {
        <div class="row columns">
            <button
                type="button"
                class="time"
                title="Switches between the time of day and the time since the first line"
                on:click=move |_| watched.set_relative(!watched.relative.get_untracked())
            >
                "time"
            </button>
            <span class="delta">"Δ"</span>
            <span class="label">"event" <Grip label="Width of the event column" width=event /></span>
            <span class="id">"id" <Grip label="Width of the id column" width=id /></span>
            <span class="size">"size"</span>
            <span class="data">"data"</span>
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
        width.set(Some(column_width() + step));
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
            width.set(Some(start + event.client_x()));
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
            on:dblclick=move |_| width.set(None)
            on:pointerdown=on_pointerdown
            on:pointermove=on_pointermove
            on:lostpointercapture=move |_| start.set(None)
        ></i>
    }
}
