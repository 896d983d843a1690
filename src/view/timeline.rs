//! The stream over time: the state of the connection as a band, events as ticks.

use leptos::{ev, html, prelude::*};
use web_sys::{HtmlCanvasElement, PointerEvent};

use super::{
    canvas::Canvas,
    time_window::{TimeWindow, nearest, within},
    watched::Watched,
};
use crate::{
    clock,
    journal::{Journal, Kind},
    text,
};

/// How often the timeline is drawn at most, in ms.
const PACE_MS: f64 = 90.0;

/// How far the pointer moves before a press becomes a drag, in px.
const SLACK: f64 = 4.0;

/// The height of the band, in px.
const BAND: f64 = 4.0;

/// The height of the axis, in px.
const AXIS: f64 = 14.0;

/// The stream over time.
#[component]
pub(crate) fn Timeline() -> impl IntoView {
    let watched = Watched::expect();
    let timeline = State {
        watched,
        canvas: NodeRef::new(),
        window: RwSignal::new(TimeWindow::new()),
        grabbed: StoredValue::new(None),
    };
    let pace = Memo::new(move |_| (watched.clock.get() / PACE_MS) as u64);
    Effect::new(move |_| {
        pace.track();
        watched.selected.track();
        watched.stream.link.track();
        timeline.window.track();
        if let Some(element) = timeline.canvas.get() {
            timeline.draw(&element);
        }
    });
    view! {
        <div class="timeline">
            <canvas
                tabindex="0"
                role="img"
                aria-label="Events over time"
                title="Zoom: wheel, + or -. Move: drag or arrow keys. Click: select an event. Double click or 0: follow the present."
                node_ref=timeline.canvas
                on:wheel=move |event| timeline.wheel(&event)
                on:pointerdown=move |event| timeline.grab(&event)
                on:pointermove=move |event| timeline.drag(&event)
                on:pointerup=move |event| timeline.release(&event)
                on:pointercancel=move |_| timeline.grabbed.set_value(None)
                on:dblclick=move |_| timeline.window.set(TimeWindow::new())
                on:keydown=move |event| timeline.key(&event)
            ></canvas>
        </div>
    }
}

/// The state of the timeline.
#[derive(Clone, Copy)]
struct State {
    watched: Watched,
    canvas: NodeRef<html::Canvas>,
    window: RwSignal<TimeWindow>,
    /// Where the pointer went down, and where it was last, in px.
    grabbed: StoredValue<Option<(f64, f64)>>,
}

impl State {
    /// The time that the timeline follows. While nothing can arrive, that is the time of the last line.
    fn present(self) -> f64 {
        let is_live = self
            .watched
            .stream
            .link
            .with_untracked(|link| link.is_live());
        let journal = self.watched.journal();
        let last = journal.iter().next_back().filter(|_| !is_live);
        last.map_or_else(clock::now, |last| last.at())
    }

    /// The width of the canvas, in px.
    fn width(self) -> f64 {
        let canvas = self.canvas.get_untracked();
        f64::from(canvas.map_or(1, |canvas| canvas.client_width().max(1)))
    }

    fn change(self, change: impl FnOnce(TimeWindow, f64) -> TimeWindow) {
        let present = self.present();
        self.window
            .update(|window| *window = change(*window, present));
    }

    fn wheel(self, event: &ev::WheelEvent) {
        event.prevent_default();
        let factor = js_sys::Math::exp(within(event.delta_y() * 0.002, (-1.0, 1.0)));
        let part = f64::from(event.offset_x()) / self.width();
        self.change(|window, present| window.zoomed(factor, part, present));
    }

    fn grab(self, event: &PointerEvent) {
        if let Some(canvas) = self.canvas.get_untracked() {
            let _ = canvas.set_pointer_capture(event.pointer_id());
        }
        let x = f64::from(event.client_x());
        self.grabbed.set_value(Some((x, x)));
    }

    fn drag(self, event: &PointerEvent) {
        let x = f64::from(event.client_x());
        let Some((start, last)) = self.grabbed.get_value() else {
            return;
        };
        if last == start && (x - start).abs() <= SLACK {
            return;
        }
        self.grabbed.set_value(Some((start, x)));
        let width = self.width();
        self.change(|window, present| window.moved((last - x) * window.span() / width, present));
    }

    fn release(self, event: &PointerEvent) {
        let grabbed = self.grabbed.get_value();
        self.grabbed.set_value(None);
        if grabbed.is_none_or(|(start, last)| start != last) {
            return;
        }
        let (window, present) = (self.window.get_untracked(), self.present());
        let per_px = window.span() / self.width();
        let at = window.start(present) + f64::from(event.offset_x()) * per_px;
        let found = nearest(&self.watched.journal(), at, SLACK * per_px);
        if let Some(line) = found {
            self.watched.go_to(line);
        }
    }

    fn key(self, event: &ev::KeyboardEvent) {
        let change: fn(TimeWindow, f64) -> TimeWindow = match event.key().as_str() {
            "+" | "=" => |window, present| window.zoomed(0.5, 0.5, present),
            "-" => |window, present| window.zoomed(2.0, 0.5, present),
            "ArrowLeft" => |window, present| window.moved(-window.span() / 8.0, present),
            "ArrowRight" => |window, present| window.moved(window.span() / 8.0, present),
            "0" => |_, _| TimeWindow::new(),
            _ => return,
        };
        event.prevent_default();
        self.change(change);
    }

    fn draw(self, element: &HtmlCanvasElement) {
        let Some(canvas) = Canvas::begin(element) else {
            return;
        };
        let (window, present) = (self.window.get_untracked(), self.present());
        let scale = Scale {
            start: window.start(present),
            per_px: window.span() / canvas.width,
        };
        let journal = self.watched.journal();
        draw_axis(&canvas, scale);
        draw_band(&canvas, scale, &journal, present);
        draw_ticks(&canvas, scale, &journal);
        let selected = self.watched.selected.get_untracked();
        if let Some(line) = selected.and_then(|line| journal.get(line)) {
            canvas.pen.set_fill_style_str(&canvas.colour("--ink"));
            let x = scale.x(line.at()).floor() - 1.0;
            canvas.pen.fill_rect(x, 0.0, 2.0, canvas.height - AXIS);
        }
    }
}

/// Where times are on the canvas.
#[derive(Clone, Copy)]
struct Scale {
    /// The time at the left edge, in ms since the Unix epoch.
    start: f64,
    /// The ms in a px.
    per_px: f64,
}

impl Scale {
    fn x(self, at: f64) -> f64 {
        (at - self.start) / self.per_px
    }

    fn at(self, x: f64) -> f64 {
        self.start + x * self.per_px
    }
}

/// Ticks for the events in each pixel's time. The height is the number of lines, by powers of two; the
/// colour is that of the first event's type.
fn draw_ticks(canvas: &Canvas, scale: Scale, journal: &Journal) {
    let colours: [String; 8] = std::array::from_fn(|n| canvas.colour(&format!("--series-{n}")));
    let floor = canvas.height - AXIS - BAND - 2.0;
    for lines in journal.between(scale.start..scale.at(canvas.width)) {
        let mut line = lines.start;
        while let Some(first) = journal.get(line).filter(|_| line < lines.end) {
            let x = scale.x(first.at()).floor();
            let next = journal.first_from(line..lines.end, scale.at(x + 1.0));
            let next = next.max(line + 1);
            // Of many lines, the first few decide the colour.
            let event = (line..next.min(line + 8))
                .filter_map(|line| journal.get(line))
                .find(|line| line.kind() == Kind::Event);
            if let Some(event) = event {
                let many = (next - line).ilog2();
                let height = (floor * (0.4 + 0.06 * f64::from(many))).min(floor);
                let name = usize::from(event.name().unwrap_or_default());
                canvas
                    .pen
                    .set_fill_style_str(&colours[name % colours.len()]);
                canvas.pen.fill_rect(x, floor - height, 1.5, height);
            }
            line = next;
        }
    }
}

/// The band: one colour while the connection was open, another while it was not.
fn draw_band(canvas: &Canvas, scale: Scale, journal: &Journal, present: f64) {
    let y = canvas.height - AXIS - BAND;
    let (good, bad) = (canvas.colour("--good"), canvas.colour("--busy"));
    let bar = |is_open: bool, from: f64, to: f64| {
        let x = scale.x(from).max(0.0);
        let width = scale.x(to).min(canvas.width) - x;
        if width > 0.0 {
            canvas
                .pen
                .set_fill_style_str(if is_open { &good } else { &bad });
            canvas.pen.fill_rect(x, y, width.max(1.0), BAND);
        }
    };
    let mut last: Option<(f64, bool)> = None;
    for (at, is_open) in journal.links() {
        if let Some((since, was_open)) = last {
            bar(was_open, since, at);
        }
        last = Some((at, is_open));
    }
    if let Some((since, was_open)) = last {
        bar(was_open, since, present);
    }
}

/// The axis: times at round intervals.
fn draw_axis(canvas: &Canvas, scale: Scale) {
    const STEPS: [f64; 18] = [
        1.0, 5.0, 10.0, 50.0, 100.0, 500.0, 1e3, 5e3, 1e4, 3e4, 6e4, 3e5, 6e5, 1.8e6, 3.6e6,
        2.16e7, 8.64e7, 8.64e8,
    ];
    // A label needs this many px.
    let least = 110.0 * scale.per_px;
    let step = STEPS
        .into_iter()
        .find(|step| *step >= least)
        .unwrap_or(8.64e9);
    let (ink, line) = (canvas.colour("--ink-soft"), canvas.colour("--line"));
    canvas.pen.set_font("11px ui-monospace, monospace");
    let mut at = (scale.start / step).ceil() * step;
    while scale.x(at) < canvas.width {
        let x = scale.x(at).floor();
        let time = clock::time_of_day(at);
        let label = text::beginning(&time, if step < 1e3 { 12 } else { 8 });
        canvas.pen.set_fill_style_str(&ink);
        let _ = canvas.pen.fill_text(label, x + 3.0, canvas.height - 3.0);
        canvas.pen.set_fill_style_str(&line);
        canvas.pen.fill_rect(x, 0.0, 1.0, canvas.height);
        at += step;
    }
}
