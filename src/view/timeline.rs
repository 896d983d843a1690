//! The stream over time: the state of the connection as a band, events as ticks.

use leptos::{ev, html, prelude::*};
use web_sys::{HtmlCanvasElement, PointerEvent};

use super::{
    canvas::Canvas,
    time_window::{Counts, Extent, TimeWindow, counts, nearest, scale_step},
    viewport::within,
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

/// How far around the pointer events are counted, in px.
const REACH: f64 = 2.0;

/// The height above the ticks, where the reading is, in px.
const HEAD: f64 = 18.0;

/// The height of the band, in px.
const BAND: f64 = 4.0;

/// The height of the axis, in px.
const AXIS: f64 = 14.0;

/// How many lines about failed attempts are drawn at most.
const FAILURES: usize = 1_000;

/// A change of the window.
type Change = fn(TimeWindow, Extent) -> TimeWindow;

/// The stream over time, and what is under the pointer.
#[component]
pub(crate) fn Timeline() -> impl IntoView {
    let watched = Watched::expect();
    let timeline = State {
        watched,
        canvas: NodeRef::new(),
        window: RwSignal::new(TimeWindow::new()),
        pointer: RwSignal::new(None),
        grabbed: StoredValue::new(None),
    };
    // A memo is computed only if it is read: `track` alone would never notify.
    let pace = Memo::new(move |_| (watched.clock.get() / PACE_MS) as u64);
    let is_capture = Memo::new(move |_| timeline.is_capture());
    Effect::new(move |before: Option<bool>| {
        let is_capture = is_capture.get();
        if before.is_some_and(|before| before != is_capture) {
            // Another log: show what is there.
            timeline.window.set(TimeWindow::new());
        }
        is_capture
    });
    Effect::new(move |_| {
        pace.get();
        watched.selected.track();
        watched.stream.link.track();
        timeline.window.track();
        if let Some(element) = timeline.canvas.get() {
            timeline.draw(&element);
        }
    });
    let reading = Memo::new(move |_| {
        pace.get();
        timeline.reading()
    });
    let spoken = Memo::new(move |_| {
        let window = timeline.window.get();
        if window.follows() {
            // The same while time passes: a screen reader would announce each change.
            pace.get();
            let span = text::duration(window.span(timeline.extent()));
            [&*span, ", up to the last line"].concat()
        } else {
            timeline.shown()
        }
    });
    let at_home = Memo::new(move |_| timeline.window.get().is_home());
    let home = move || {
        if is_capture.get() { "Show all" } else { "Now" }
    };
    view! {
        <div class="timeline">
            <canvas
                tabindex="0"
                role="slider"
                aria-label="Events over time"
                aria-orientation="horizontal"
                aria-valuemin="0"
                aria-valuemax="100"
                aria-valuenow=move || {
                    pace.get();
                    timeline.window.get().position(timeline.extent())
                }
                aria-valuetext=spoken
                title="Zoom: wheel, + or -. Move: drag or arrow keys; Home shows all lines, End the newest. Click: select an event."
                node_ref=timeline.canvas
                on:wheel=move |event| timeline.wheel(&event)
                on:pointerdown=move |event| timeline.grab(&event)
                on:pointermove=move |event| timeline.drag(&event)
                on:pointerup=move |event| timeline.release(&event)
                on:pointercancel=move |_| timeline.grabbed.set_value(None)
                on:pointerleave=move |_| timeline.pointer.set(None)
                on:dblclick=move |_| timeline.change(NEWEST)
                on:keydown=move |event| timeline.key(&event)
            ></canvas>
            <p class="timeline-reading" aria-hidden="true">{reading}</p>
            // Its place is reserved, so that nothing moves when it appears.
            <button
                type="button"
                class="quiet timeline-home"
                style:visibility=move || if at_home.get() { "hidden" } else { "visible" }
                on:click=move |_| timeline.go_home()
            >
                {move || home()}
            </button>
        </div>
    }
}

/// Shows what is there at first, and follows.
const NEWEST: Change = |_, _| TimeWindow::new();

/// What a key does; `None` if the timeline does not use it.
fn change_by(key: &str) -> Option<Change> {
    Some(match key {
        "+" | "=" => |window, extent| window.zoomed(0.5, 0.5, extent),
        "-" => |window, extent| window.zoomed(2.0, 0.5, extent),
        "ArrowLeft" | "ArrowDown" => {
            |window, extent| window.moved(-window.span(extent) / 8.0, extent)
        }
        "ArrowRight" | "ArrowUp" => {
            |window, extent| window.moved(window.span(extent) / 8.0, extent)
        }
        "PageUp" => |window, extent| window.moved(-window.span(extent), extent),
        "PageDown" => |window, extent| window.moved(window.span(extent), extent),
        "Home" => |_, extent| TimeWindow::whole(extent),
        "End" | "0" => NEWEST,
        _ => return None,
    })
}

/// The state of the timeline.
#[derive(Clone, Copy)]
struct State {
    watched: Watched,
    canvas: NodeRef<html::Canvas>,
    window: RwSignal<TimeWindow>,
    /// Where the pointer is, in px from the left edge, while it is over the timeline.
    pointer: RwSignal<Option<f64>>,
    /// Where the pointer went down, and where it was last, in px.
    grabbed: StoredValue<Option<(f64, f64)>>,
}

impl State {
    /// Whether a capture is shown that is complete.
    fn is_capture(self) -> bool {
        let playback = self.watched.stream.playback;
        playback.with(|playback| playback.facts.is_some() && !playback.is_live)
    }

    /// The time over which there are lines.
    fn extent(self) -> Extent {
        let stream = self.watched.stream;
        let is_live = untrack(|| stream.goes_on());
        let now = clock::now();
        let journal = self.watched.journal();
        let mut lines = journal.iter();
        let first = lines.next();
        let last = lines.next_back().or(first).filter(|_| !is_live);
        let last_at = last.map(|last| {
            let attempts = last.failed_attempts();
            attempts.map_or(last.at(), |attempts| attempts.last_at)
        });
        Extent {
            first: first.map_or(now, |first| first.at()),
            present: last_at.unwrap_or(now),
            whole: untrack(|| self.is_capture()),
        }
    }

    /// The width of the canvas, in px.
    fn width(self) -> f64 {
        let canvas = self.canvas.get_untracked();
        f64::from(canvas.map_or(1, |canvas| canvas.client_width().max(1)))
    }

    fn change(self, change: impl FnOnce(TimeWindow, Extent) -> TimeWindow) {
        let extent = self.extent();
        self.window
            .update(|window| *window = change(*window, extent));
    }

    fn go_home(self) {
        self.change(NEWEST);
        // The button that was pressed is hidden now.
        if let Some(canvas) = self.canvas.get_untracked() {
            let _ = canvas.focus();
        }
    }

    fn scale(self, window: TimeWindow, width: f64) -> Scale {
        let extent = self.extent();
        Scale {
            start: window.start(extent),
            per_px: window.span(extent) / width,
        }
    }

    /// What is under the pointer or, if it is elsewhere, what the timeline shows.
    fn reading(self) -> String {
        let (window, pointer) = (self.window.get(), self.pointer.get());
        let Some(x) = pointer else {
            return self.shown();
        };
        let scale = self.scale(window, self.width());
        let (start, end) = (scale.at(x - REACH), scale.at(x + REACH));
        let journal = self.watched.journal();
        let counted = counted(counts(&journal, start, end));
        let mut failures = journal.failures().rev().take(FAILURES);
        let failed = failures.any(|(first, last)| first < end && last >= start);
        let failed = if failed { ", attempts failed" } else { "" };
        [&*clock::time_of_day(scale.at(x)), ": ", &counted, failed].concat()
    }

    /// The time that the timeline shows, and how much there is in it.
    fn shown(self) -> String {
        let (window, extent) = (self.window.get(), self.extent());
        let (start, end) = (window.start(extent), window.end(extent));
        let counted = counted(counts(&self.watched.journal(), start, end));
        let span = text::duration(window.span(extent));
        let [start, end] = [start, end].map(clock::time_of_day);
        let whole = |time: &str| text::beginning(time, 8).to_owned();
        [
            &*whole(&start),
            " to ",
            &whole(&end),
            ", ",
            &span,
            ": ",
            &counted,
        ]
        .concat()
    }

    fn wheel(self, event: &ev::WheelEvent) {
        event.prevent_default();
        let factor = js_sys::Math::exp(within(event.delta_y() * 0.002, (-1.0, 1.0)));
        let part = f64::from(event.offset_x()) / self.width();
        self.change(|window, extent| window.zoomed(factor, part, extent));
    }

    fn grab(self, event: &PointerEvent) {
        if let Some(canvas) = self.canvas.get_untracked() {
            let _ = canvas.set_pointer_capture(event.pointer_id());
        }
        let x = f64::from(event.client_x());
        self.grabbed.set_value(Some((x, x)));
    }

    fn drag(self, event: &PointerEvent) {
        self.pointer.set(Some(f64::from(event.offset_x())));
        let x = f64::from(event.client_x());
        let Some((start, last)) = self.grabbed.get_value() else {
            return;
        };
        if last == start && (x - start).abs() <= SLACK {
            return;
        }
        self.grabbed.set_value(Some((start, x)));
        let width = self.width();
        self.change(|window, extent| {
            window.moved((last - x) * window.span(extent) / width, extent)
        });
    }

    fn release(self, event: &PointerEvent) {
        let grabbed = self.grabbed.get_value();
        self.grabbed.set_value(None);
        if grabbed.is_none_or(|(start, last)| start != last) {
            return;
        }
        let scale = self.scale(self.window.get_untracked(), self.width());
        let at = scale.at(f64::from(event.offset_x()));
        let found = nearest(&self.watched.journal(), at, SLACK * scale.per_px);
        if let Some(line) = found {
            self.watched.go_to(line);
        }
    }

    fn key(self, event: &ev::KeyboardEvent) {
        if event.ctrl_key() || event.alt_key() || event.meta_key() {
            return;
        }
        if let Some(change) = change_by(&event.key()) {
            event.prevent_default();
            self.change(change);
        }
    }

    fn draw(self, element: &HtmlCanvasElement) {
        let Some(canvas) = Canvas::begin(element) else {
            return;
        };
        let scale = self.scale(self.window.get_untracked(), canvas.width);
        let present = self.extent().present;
        let journal = self.watched.journal();
        draw_axis(&canvas, scale);
        draw_band(&canvas, scale, &journal, present);
        draw_failures(&canvas, scale, &journal);
        draw_ticks(&canvas, scale, &journal);
        let selected = self.watched.selected.get_untracked();
        if let Some(line) = selected.and_then(|line| journal.get(line)) {
            canvas.pen.set_fill_style_str(&canvas.colour("--ink"));
            let x = scale.x(line.at()).floor() - 1.0;
            canvas
                .pen
                .fill_rect(x, HEAD, 2.0, canvas.height - AXIS - HEAD);
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
    let room = floor - HEAD;
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
                let height = (room * (0.4 + 0.06 * f64::from(many))).min(room);
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

/// How many events there are, or lines where events are not counted.
fn counted(counts: Counts) -> String {
    let (number, one, many) = match counts.events {
        Some(events) => (events, " event", " events"),
        None => (counts.lines, " line", " lines"),
    };
    [&*text::count(number), if number == 1 { one } else { many }].concat()
}

/// Marks for failed attempts: they stand out above the band.
fn draw_failures(canvas: &Canvas, scale: Scale, journal: &Journal) {
    const HEIGHT: f64 = BAND + 5.0;
    canvas.pen.set_fill_style_str(&canvas.colour("--bad"));
    let y = canvas.height - AXIS - HEIGHT;
    for (first, last) in journal.failures().rev().take(FAILURES) {
        let (from, to) = (scale.x(first).max(0.0), scale.x(last).min(canvas.width));
        if to >= 0.0 && from <= canvas.width {
            let width = (to - from).max(2.0);
            canvas.pen.fill_rect(from, y + HEIGHT - BAND, width, BAND);
            canvas.pen.fill_rect(from, y, 2.0, HEIGHT);
            canvas.pen.fill_rect(from + width - 2.0, y, 2.0, HEIGHT);
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
            // Half as high while not open: so it differs without colours too.
            let height = if is_open { BAND } else { BAND / 2.0 };
            canvas
                .pen
                .fill_rect(x, y + BAND - height, width.max(1.0), height);
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
    // A label needs this many px.
    let step = scale_step(110.0 * scale.per_px);
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
        canvas.pen.fill_rect(x, HEAD, 1.0, canvas.height - HEAD);
        at += step;
    }
}
