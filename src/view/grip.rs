//! A grip between two parts of the page, by which the user sets the size of the second one.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::settings;

/// By how much an arrow key changes a size, in px.
const STEP: i32 = 20;

/// The smallest size that the user can set, in px.
const LEAST: i32 = 160;

/// Along which axis a grip moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    /// It changes a width.
    X,
    /// It changes a height.
    Y,
}

/// A size that the user may set. It is remembered.
#[derive(Clone, Copy)]
pub(super) struct Size {
    /// The name in the settings.
    key: &'static str,
    axis: Axis,
    /// The size in px; `None` leaves it to the style sheet.
    px: RwSignal<Option<i32>>,
}

impl Size {
    /// The size that was set at an earlier visit under the name `key`.
    pub(super) fn remembered(key: &'static str, axis: Axis) -> Self {
        let px = settings::remembered(key, None, |px| px.parse().ok().map(Some));
        Self { key, axis, px }
    }

    /// The value of the custom property that sets the size, if the user has set one.
    pub(super) fn css(self) -> Option<String> {
        self.px.get().map(|px| [&px.to_string(), "px"].concat())
    }

    /// The largest size: some of the window is left to the other part.
    fn most(self) -> i32 {
        let window = window();
        let length = match self.axis {
            Axis::X => window.inner_width(),
            Axis::Y => window.inner_height(),
        };
        let length = length.ok().and_then(|length| length.as_f64());
        (length.unwrap_or_default() * 0.8).max(f64::from(LEAST)) as i32
    }

    fn set(self, px: Option<i32>) {
        let px = px.map(|px| px.clamp(LEAST, self.most()));
        self.px.set(px);
        settings::remember(self.key, &px.map_or(String::new(), |px| px.to_string()));
    }
}

/// A grip at the left or upper edge of the part whose size it sets, within that part.
#[component]
pub(super) fn Grip(
    /// The accessible name of the grip.
    label: &'static str,
    size: Size,
    /// Notifies when the part may have another size than before.
    #[prop(into)]
    resized: Signal<()>,
) -> impl IntoView {
    let is_x = size.axis == Axis::X;
    let grip = NodeRef::<html::I>::new();
    // The size plus the position of the pointer that drags the grip.
    let start = RwSignal::new(None);
    let measured = move || {
        let part = grip.get_untracked().and_then(|grip| grip.parent_element());
        let part = part.and_then(|part| part.dyn_into::<HtmlElement>().ok());
        part.map_or(0, |part| match size.axis {
            Axis::X => part.offset_width(),
            Axis::Y => part.offset_height(),
        })
    };
    let position = move |event: &ev::PointerEvent| match size.axis {
        Axis::X => event.client_x(),
        Axis::Y => event.client_y(),
    };
    let on_keydown = move |event: ev::KeyboardEvent| {
        let (more, less) = if is_x {
            ("ArrowLeft", "ArrowRight")
        } else {
            ("ArrowUp", "ArrowDown")
        };
        let px = match &*event.key() {
            key if key == more => measured() + STEP,
            key if key == less => measured() - STEP,
            "Home" => LEAST,
            "End" => size.most(),
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        size.set(Some(px));
    };
    let on_pointerdown = move |event: ev::PointerEvent| {
        event.prevent_default();
        if let Some(grip) = grip.get_untracked() {
            let _ = grip.focus();
            // Without pointer capture, the grip can still be moved while the pointer is over it.
            let _ = grip.set_pointer_capture(event.pointer_id());
        }
        start.set(Some(measured() + position(&event)));
    };
    let on_pointermove = move |event: ev::PointerEvent| {
        if let Some(start) = start.get_untracked() {
            size.set(Some(start - position(&event)));
        }
    };
    // A server has no window to measure.
    let (now, most) = (RwSignal::new(LEAST), RwSignal::new(LEAST));
    Effect::new(move |_| {
        resized.track();
        size.px.track();
        // Once it is laid out, unless it is gone by then.
        request_animation_frame(move || {
            if !now.is_disposed() {
                now.set(measured());
                most.set(size.most());
            }
        });
    });
    view! {
        <i
            class="part-grip"
            role="separator"
            aria-orientation=if is_x { "vertical" } else { "horizontal" }
            aria-label=label
            aria-valuemin=LEAST
            aria-valuemax=move || most.get()
            aria-valuenow=move || now.get()
            title="Drag it or use the arrow keys; a double click resets the size"
            tabindex="0"
            node_ref=grip
            on:keydown=on_keydown
            on:dblclick=move |_| size.set(None)
            on:pointerdown=on_pointerdown
            on:pointermove=on_pointermove
            on:lostpointercapture=move |_| start.set(None)
        ></i>
    }
}
