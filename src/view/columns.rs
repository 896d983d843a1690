//! The widths of columns, as the reader drags them.

use std::{cell::Cell, rc::Rc};

use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent, PointerEvent};

use super::{dom, settings};

/// How narrow and how wide a column may be, in px.
const RANGE: std::ops::RangeInclusive<i32> = 40..=600;

/// Makes the grips within `log` set the widths of their columns, as remembered from the last time.
pub(super) fn adjustable(log: &HtmlElement) {
    for column in ["event", "id"] {
        let key = ["width-", column].concat();
        if let Some(width) = settings::recall(&key).and_then(|width| width.parse().ok()) {
            set(log, column, width);
        }
        let grip = dom::find(log, &format!("[data-column={column}]"));
        let start = Rc::new(Cell::new(None));
        dom::set(&grip, "title", "Drag, arrow keys, or a double click");
        let (by_key, pressed, key_of) = (log.clone(), grip.clone(), key.clone());
        dom::listen(&grip, "keydown", move |event| {
            let event: &KeyboardEvent = event.unchecked_ref();
            let by = match &*event.key() {
                "ArrowLeft" => -10,
                "ArrowRight" => 10,
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            let cell = pressed.parent_element();
            let width = cell.map_or(0, |cell| cell.client_width());
            let width = set(&by_key, column, width + by);
            settings::remember(&key_of, &width.to_string());
        });
        let (reset, key_of) = (log.clone(), key.clone());
        dom::listen(&grip, "dblclick", move |_| {
            let _ = reset.style().remove_property(&["--", &key_of].concat());
            settings::remember(&key_of, "");
        });
        let (on_down, grabbed) = (Rc::clone(&start), grip.clone());
        dom::listen(&grip, "pointerdown", move |event| {
            let event: &PointerEvent = event.unchecked_ref();
            event.prevent_default();
            let _ = grabbed.set_pointer_capture(event.pointer_id());
            let cell = grabbed.parent_element();
            let width = cell.map_or(0, |cell| cell.client_width());
            on_down.set(Some(width - event.client_x()));
        });
        let (on_move, moved) = (Rc::clone(&start), log.clone());
        dom::listen(&grip, "pointermove", move |event| {
            let event: &PointerEvent = event.unchecked_ref();
            if let Some(start) = on_move.get() {
                let width = set(&moved, column, start + event.client_x());
                settings::remember(&key, &width.to_string());
            }
        });
        dom::listen(&grip, "lostpointercapture", move |_| start.set(None));
    }
}

fn set(log: &HtmlElement, column: &str, width: i32) -> i32 {
    let width = width.clamp(*RANGE.start(), *RANGE.end());
    let _ = log
        .style()
        .set_property(&format!("--width-{column}"), &format!("{width}px"));
    width
}
