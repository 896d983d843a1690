//! The stream over time: the link as a band, events as ticks.

use std::{cell::Cell, rc::Rc};

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlElement, KeyboardEvent, PointerEvent, WheelEvent};

use super::{
    canvas::Canvas,
    dom,
    time_window::{TimeWindow, nearest, within},
    watched::Watched,
};
use crate::{
    clock::{self, now},
    journal::{Journal, Kind},
    text,
};

/// How often it moves at most, in ms.
const PACE_MS: f64 = 90.0;

/// How far the pointer moves before it drags rather than presses, in px.
const SLACK: f64 = 4.0;

/// The heights of the band and of the times below it, in px.
const BAND: f64 = 4.0;
const AXIS: f64 = 14.0;

const MARKUP: &str = r#"<canvas tabindex="0" role="img" aria-label="Events over time" title="Wheel or + and - zoom, drag or arrows move, a click goes to the event, double click or 0 follows the present"></canvas>"#;

pub(crate) fn timeline(watched: Watched) -> impl IntoView {
    dom::panel("timeline", MARKUP, move |root| {
        let timeline = Timeline::new(watched, &root);
        watched.on_draw(Rc::new(move || timeline.draw()));
    })
}

struct Timeline {
    watched: Watched,
    canvas: Canvas,
    element: HtmlElement,
    window: Cell<TimeWindow>,
    /// Where the pointer went down, and where it was last.
    grabbed: Cell<Option<(f64, f64)>>,
    drawn: Cell<f64>,
}

impl Timeline {
    fn new(watched: Watched, root: &HtmlElement) -> Rc<Self> {
        let element = dom::find(root, "canvas");
        let timeline = Rc::new(Self {
            watched,
            canvas: Canvas::new(element.clone()),
            element,
            window: Cell::new(TimeWindow::new()),
            grabbed: Cell::default(),
            drawn: Cell::new(0.0),
        });
        for name in [
            "wheel",
            "pointerdown",
            "pointermove",
            "pointerup",
            "dblclick",
            "keydown",
        ] {
            let heard = Rc::clone(&timeline);
            dom::listen(&timeline.element, name, move |event| {
                heard.hear(name, &event)
            });
        }
        timeline
    }

    /// While nothing can come the present stands still: where the last line is.
    fn present(&self) -> f64 {
        if self.watched.stream.current_link().is_live() {
            return now();
        }
        let journal = self.watched.journal();
        let last = journal.kept().end.checked_sub(1);
        last.and_then(|last| journal.get(last))
            .map_or_else(now, |last| last.at())
    }

    fn width(&self) -> f64 {
        f64::from(self.element.client_width().max(1))
    }

    fn hear(&self, name: &str, event: &web_sys::Event) {
        let (window, present) = (self.window.get(), self.present());
        let pointer: &PointerEvent = event.unchecked_ref();
        let (x, client_x) = (
            || f64::from(pointer.offset_x()),
            || f64::from(pointer.client_x()),
        );
        let changed = match name {
            "wheel" => {
                let wheel: &WheelEvent = event.unchecked_ref();
                event.prevent_default();
                let factor = js_sys::Math::exp(within(wheel.delta_y() * 0.002, (-1.0, 1.0)));
                window.zoomed(factor, x() / self.width(), present)
            }
            "pointerdown" => {
                let _ = self.element.set_pointer_capture(pointer.pointer_id());
                return self.grabbed.set(Some((client_x(), client_x())));
            }
            "pointermove" => {
                let Some((start, last)) = self.grabbed.get() else {
                    return;
                };
                if last == start && (client_x() - start).abs() <= SLACK {
                    return;
                }
                self.grabbed.set(Some((start, client_x())));
                window.moved((last - client_x()) * window.span() / self.width(), present)
            }
            "pointerup" => {
                let Some((start, last)) = self.grabbed.take() else {
                    return;
                };
                if start == last {
                    let per_px = window.span() / self.width();
                    let at = window.start(present) + x() * per_px;
                    let found = nearest(&self.watched.journal(), at, SLACK * per_px);
                    if let Some(line) = found {
                        self.watched.go_to(line);
                    }
                }
                return;
            }
            "dblclick" => TimeWindow::new(),
            _ => {
                let key: &KeyboardEvent = event.unchecked_ref();
                let changed = match key.key().as_str() {
                    "+" | "=" => window.zoomed(0.5, 0.5, present),
                    "-" => window.zoomed(2.0, 0.5, present),
                    "ArrowLeft" => window.moved(-window.span() / 8.0, present),
                    "ArrowRight" => window.moved(window.span() / 8.0, present),
                    "0" => TimeWindow::new(),
                    _ => return,
                };
                event.prevent_default();
                changed
            }
        };
        self.window.set(changed);
        self.drawn.set(0.0);
        self.draw();
    }

    fn draw(&self) {
        let now = now();
        if now - self.drawn.get() < PACE_MS {
            return;
        }
        self.drawn.set(now);
        let Some(pen) = self.canvas.begin() else {
            return;
        };
        let (window, present) = (self.window.get(), self.present());
        let (start, per_px) = (window.start(present), window.span() / self.canvas.width());
        draw_axis(&self.canvas, &pen, start, window.span());
        let journal = self.watched.journal();
        draw_band(&self.canvas, &pen, &journal, start, per_px, present);
        draw_ticks(&self.canvas, &pen, &journal, start, per_px);
        let selected = self
            .watched
            .selected
            .get_untracked()
            .and_then(|line| journal.get(line));
        if let Some(line) = selected {
            pen.set_fill_style_str(&self.canvas.colour("--ink"));
            let x = (line.at() - start) / per_px;
            pen.fill_rect(x.floor() - 1.0, 0.0, 2.0, self.canvas.height() - AXIS);
        }
    }
}

/// Ticks for the events in each pixel's time. The height is the number of lines, by powers of two; the
/// colour is that of the first event's type.
fn draw_ticks(
    canvas: &Canvas,
    pen: &CanvasRenderingContext2d,
    journal: &Journal,
    start: f64,
    per_px: f64,
) {
    let colours: Vec<String> = (0..8)
        .map(|n| canvas.colour(&format!("--series-{n}")))
        .collect();
    let floor = canvas.height() - AXIS - BAND - 2.0;
    for lines in journal.between(start..start + per_px * canvas.width()) {
        let mut line = lines.start;
        while line < lines.end {
            let Some(first) = journal.get(line) else {
                break;
            };
            let x = ((first.at() - start) / per_px).floor();
            let next = journal.first_from(line..lines.end, start + (x + 1.0) * per_px);
            let next = next.max(line + 1);
            // Of many lines, the first few decide the colour.
            let event = (line..next.min(line + 8))
                .filter_map(|line| journal.get(line))
                .find(|line| line.kind() == Kind::Event);
            if let Some(event) = event {
                let many = (next - line).ilog2();
                let height = (floor * (0.4 + 0.06 * f64::from(many))).min(floor);
                let name = usize::from(event.name().unwrap_or_default());
                pen.set_fill_style_str(&colours[name % colours.len()]);
                pen.fill_rect(x, floor - height, 1.5, height);
            }
            line = next;
        }
    }
}

/// When the link was open, in the colour of that; when not, in the other.
fn draw_band(
    canvas: &Canvas,
    pen: &CanvasRenderingContext2d,
    journal: &Journal,
    start: f64,
    per_px: f64,
    present: f64,
) {
    let y = canvas.height() - AXIS - BAND;
    let bar = |colour: &str, from: f64, to: f64| {
        let x = ((from - start) / per_px).max(0.0);
        let width = ((to - start) / per_px).min(canvas.width()) - x;
        if width > 0.0 {
            pen.set_fill_style_str(colour);
            pen.fill_rect(x, y, width.max(1.0), BAND);
        }
    };
    let (good, bad) = (canvas.colour("--good"), canvas.colour("--busy"));
    let mut last: Option<(f64, bool)> = None;
    for (at, open) in journal.links() {
        if let Some((since, was_open)) = last {
            bar(if was_open { &good } else { &bad }, since, at);
        }
        last = Some((at, open));
    }
    if let Some((since, was_open)) = last {
        bar(if was_open { &good } else { &bad }, since, present);
    }
}

/// Times below, at round distances.
fn draw_axis(canvas: &Canvas, pen: &CanvasRenderingContext2d, start: f64, span: f64) {
    const STEPS: [f64; 18] = [
        1.0, 5.0, 10.0, 50.0, 100.0, 500.0, 1e3, 5e3, 1e4, 3e4, 6e4, 3e5, 6e5, 1.8e6, 3.6e6,
        2.16e7, 8.64e7, 8.64e8,
    ];
    let per_px = span / canvas.width();
    let wanted = 110.0 * per_px;
    let step = STEPS
        .into_iter()
        .find(|step| *step >= wanted)
        .unwrap_or(8.64e9);
    pen.set_fill_style_str(&canvas.colour("--ink-soft"));
    pen.set_font("11px ui-monospace, monospace");
    let line = canvas.colour("--line");
    let mut at = (start / step).ceil() * step;
    while at < start + span {
        let x = ((at - start) / per_px).floor();
        let clock = clock::time_of_day(at);
        let text = text::beginning(&clock, if step < 1e3 { 12 } else { 8 });
        let _ = pen.fill_text(text, x + 3.0, canvas.height() - 3.0);
        pen.set_fill_style_str(&line);
        pen.fill_rect(x, 0.0, 1.0, canvas.height());
        pen.set_fill_style_str(&canvas.colour("--ink-soft"));
        at += step;
    }
}
