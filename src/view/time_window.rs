//! The part of time that the timeline shows. Pure.

use super::viewport::within;
use crate::journal::{Journal, Kind};

/// The span while a stream is followed, once it has lasted that long, in ms.
const SPAN_MS: f64 = 60_000.0;

/// The spans of a stream that has not lasted for a minute, in ms. Fixed spans keep events in their places
/// as others arrive.
const FIRST_SPANS_MS: [f64; 4] = [5_000.0, 10_000.0, 20_000.0, 30_000.0];

/// The smallest and the largest span, in ms: from 10 ms to 30 days.
const SPANS: (f64, f64) = (10.0, 2_592_000_000.0);

/// Which part of the span is left empty before the first line and after the last.
const MARGIN: f64 = 0.01;

/// How many events at one place are compared to find the nearest, or counted.
const COMPARED: u64 = 1_000;

/// The time over which there are lines. Times are in ms since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Extent {
    /// The time of the first line.
    pub(super) first: f64,
    /// The present or, if nothing more can arrive, the time of the last line.
    pub(super) present: f64,
    /// Whether to show all of it, as of a capture, and not only the last minute.
    pub(super) whole: bool,
}

/// A part of time. Times are in ms since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TimeWindow {
    /// The end of the window; `None` follows the present.
    end: Option<f64>,
    /// The length of the window; `None` fits what is there.
    span: Option<f64>,
}

impl TimeWindow {
    /// What is there, up to the last minute.
    pub(super) fn new() -> Self {
        Self {
            end: None,
            span: None,
        }
    }

    /// All lines.
    pub(super) fn whole(extent: Extent) -> Self {
        Self::new().pinned(Extent {
            whole: true,
            ..extent
        })
    }

    /// Whether it shows what [`TimeWindow::new`] does.
    pub(super) fn is_home(self) -> bool {
        self == Self::new()
    }

    /// Whether the window moves with the present.
    pub(super) fn follows(self) -> bool {
        self.end.is_none()
    }

    /// The length of the window, in ms.
    pub(super) fn span(self, extent: Extent) -> f64 {
        self.span.unwrap_or_else(|| {
            let length = extent.present - extent.first;
            if extent.whole {
                return within(length * (1.0 + 2.0 * MARGIN), SPANS);
            }
            let fits = |span: &f64| *span * (1.0 - 2.0 * MARGIN) >= length;
            FIRST_SPANS_MS.into_iter().find(fits).unwrap_or(SPAN_MS)
        })
    }

    /// The beginning of the window.
    pub(super) fn start(self, extent: Extent) -> f64 {
        let span = self.span(extent);
        let end = self.end.unwrap_or_else(|| {
            if self.span.is_some() {
                return extent.present;
            }
            // The first line stays in its place until the window is full.
            let first_at_left = extent.first - span * MARGIN + span;
            let margin = if extent.whole { span * MARGIN } else { 0.0 };
            if first_at_left > extent.present {
                first_at_left
            } else {
                extent.present + margin
            }
        });
        end - span
    }

    /// The end of the window.
    pub(super) fn end(self, extent: Extent) -> f64 {
        self.start(extent) + self.span(extent)
    }

    /// The same window, which neither follows nor fits.
    fn pinned(self, extent: Extent) -> Self {
        Self {
            end: Some(self.end(extent)),
            span: Some(self.span(extent)),
        }
    }

    /// The window with a span `factor` times as long, in which the time at `part` of the width (0 to 1)
    /// stays in its place. A window that follows the present continues to follow it.
    pub(super) fn zoomed(self, factor: f64, part: f64, extent: Extent) -> Self {
        let span = within(self.span(extent) * factor, SPANS);
        let fixed = self.start(extent) + part * self.span(extent);
        let follows = self.end.is_none() && !extent.whole;
        Self {
            end: (!follows).then_some(fixed + (1.0 - part) * span),
            span: Some(span),
        }
    }

    /// The window moved by `ms`, but not beyond the first line. When its end reaches the present, it
    /// begins to follow.
    pub(super) fn moved(self, ms: f64, extent: Extent) -> Self {
        let pinned = self.pinned(extent);
        let end = pinned.end.unwrap_or(extent.present) + ms;
        let end = if end < extent.first {
            extent.first
        } else {
            end
        };
        Self {
            end: Some(end).filter(|end| *end < extent.present),
            span: pinned.span,
        }
    }

    /// How much of the time up to the window's end is before it, in percent: 100 if it follows.
    pub(super) fn position(self, extent: Extent) -> i32 {
        let length = extent.present - extent.first;
        if self.end.is_none() || length <= 0.0 {
            return 100;
        }
        let part = (self.end(extent) - extent.first) / length;
        within(part * 100.0, (0.0, 100.0)) as i32
    }
}

/// How far apart the labels of a scale are, in ms, if they must be at least `least` apart: a length that
/// people count in.
pub(super) fn scale_step(least: f64) -> f64 {
    const STEPS: [f64; 24] = [
        1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 1.5e4, 3e4, 6e4,
        1.2e5, 3e5, 6e5, 1.8e6, 3.6e6, 2.16e7, 8.64e7, 8.64e8,
    ];
    let step = STEPS.into_iter().find(|step| *step >= least);
    step.unwrap_or(8.64e9)
}

/// The event nearest to `at`, at most `distance` ms away.
pub(super) fn nearest(journal: &Journal, at: f64, distance: f64) -> Option<u64> {
    let away = |seq: &u64| {
        journal
            .get(*seq)
            .map_or(f64::MAX, |line| (line.at() - at).abs())
    };
    journal
        .between(at - distance..at + distance)
        .flat_map(|lines| lines.start..lines.end.min(lines.start + COMPARED))
        .filter(|seq| {
            journal
                .get(*seq)
                .is_some_and(|line| line.kind() == Kind::Event)
        })
        .min_by(|a, b| away(a).total_cmp(&away(b)))
}

/// How many lines there are in a part of time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counts {
    /// All lines.
    pub(super) lines: u64,
    /// The events; `None` if there are too many lines to look at each of them.
    pub(super) events: Option<u64>,
}

/// How many lines there are from `start` to `end`.
pub(super) fn counts(journal: &Journal, start: f64, end: f64) -> Counts {
    let (mut lines, mut events) = (0, 0);
    for found in journal.between(start..end) {
        lines += found.end - found.start;
        if lines <= COMPARED {
            let kinds = found.filter_map(|line| Some(journal.get(line)?.kind()));
            events += kinds.filter(|kind| *kind == Kind::Event).count() as u64;
        }
    }
    Counts {
        lines,
        events: (lines <= COMPARED).then_some(events),
    }
}

#[cfg(test)]
mod tests {
    use sse_wire::Event;

    use super::*;

    const NOW: f64 = 1_000_000.0;

    /// A stream that has lasted for long.
    const LONG: Extent = Extent {
        first: 0.0,
        present: NOW,
        whole: false,
    };

    fn later(ms: f64) -> Extent {
        Extent {
            present: NOW + ms,
            ..LONG
        }
    }

    #[test]
    fn a_window_follows_the_present_until_it_is_moved() {
        let window = TimeWindow::new();
        assert_eq!(window.start(LONG), NOW - SPAN_MS);
        assert_eq!(window.start(later(5.0)), NOW + 5.0 - SPAN_MS);
        let moved = window.moved(-1_000.0, LONG);
        assert_eq!(moved.start(LONG), NOW - 1_000.0 - SPAN_MS);
        assert_eq!(moved.start(later(5.0)), moved.start(LONG));
        assert!(!moved.is_home());
        let back = moved.moved(2_000.0, LONG);
        assert_eq!(back.start(later(5.0)), NOW + 5.0 - SPAN_MS, "it follows");
    }

    #[test]
    fn a_window_fits_what_is_there_until_a_minute_is_full() {
        let window = TimeWindow::new();
        let mut starts = Vec::new();
        for (lasted, span) in [
            (0.0, 5_000.0),
            (4_000.0, 5_000.0),
            (5_000.0, 10_000.0),
            (15_000.0, 20_000.0),
            (25_000.0, 30_000.0),
            (45_000.0, 60_000.0),
            (3_600_000.0, 60_000.0),
        ] {
            let extent = Extent {
                first: NOW,
                present: NOW + lasted,
                whole: false,
            };
            assert_eq!(window.span(extent), span, "{lasted}");
            let start = window.start(extent);
            assert!(start + span >= extent.present);
            if lasted < SPAN_MS {
                assert!(start < NOW && start >= NOW - span * 0.02, "{lasted}");
            }
            starts.push((span, start));
        }
        // While the span is the same, nothing moves.
        assert_eq!(starts[0], starts[1]);
    }

    #[test]
    fn a_capture_fits_whole() {
        for length in [0.0, 3.0, 7_200_000.0] {
            let extent = Extent {
                first: NOW,
                present: NOW + length,
                whole: true,
            };
            let window = TimeWindow::new();
            let (start, end) = (window.start(extent), window.end(extent));
            assert!(start < extent.first && end > extent.present, "{length}");
            assert!(end - start <= length * 1.03 + SPANS.0);
            // The time under the pointer stays in its place at once.
            let zoomed = window.zoomed(0.5, 0.25, extent);
            let at = |window: TimeWindow| window.start(extent) + 0.25 * window.span(extent);
            if length > 100.0 {
                assert!((at(zoomed) - at(window)).abs() < 1e-3);
            }
            assert_eq!(TimeWindow::whole(extent).start(extent), start);
        }
    }

    #[test]
    fn zooming_keeps_the_time_under_the_pointer() {
        let window = TimeWindow::new().moved(-10_000.0, LONG);
        let at = |window: TimeWindow, part: f64| window.start(LONG) + part * window.span(LONG);
        for factor in [0.5, 2.0, 0.01] {
            for part in [0.0, 0.25, 1.0] {
                let zoomed = window.zoomed(factor, part, LONG);
                assert_eq!(zoomed.span(LONG), SPAN_MS * factor);
                assert!((at(zoomed, part) - at(window, part)).abs() < 1e-6);
            }
        }
        let following = TimeWindow::new().zoomed(0.5, 0.5, LONG);
        assert_eq!(following.end(LONG), NOW);
        assert!(!following.is_home());
    }

    #[test]
    fn a_window_does_not_leave_the_lines() {
        let window = TimeWindow::new().moved(-1e12, LONG);
        assert_eq!(window.end(LONG), LONG.first);
        assert_eq!(window.position(LONG), 0);
        assert_eq!(TimeWindow::new().position(LONG), 100);
        let half = TimeWindow::new().moved(-NOW / 2.0, LONG);
        assert_eq!(half.position(LONG), 50);
    }

    #[test]
    fn a_span_is_limited() {
        let window = TimeWindow::new();
        assert_eq!(window.zoomed(0.0, 0.5, LONG).span(LONG), SPANS.0);
        assert_eq!(window.zoomed(f64::INFINITY, 0.5, LONG).span(LONG), SPANS.1);
        assert_eq!(window.zoomed(f64::NAN, 0.5, LONG).span(LONG), SPANS.0);
    }

    #[test]
    fn labels_are_far_enough_apart() {
        for (least, step) in [
            (0.1, 1.0),
            (3.0, 5.0),
            (1_000.0, 1_000.0),
            (12_000.0, 15_000.0),
            (1e9, 8.64e9),
        ] {
            assert_eq!(scale_step(least), step);
        }
    }

    fn add(journal: &mut Journal, at: f64) {
        let event = Event {
            event_type: "message",
            data: "",
            last_event_id: "",
        };
        journal.event(at, event);
    }

    #[test]
    fn the_nearest_event_is_found_even_if_the_clock_was_set_back() {
        let mut journal = Journal::default();
        journal.opened(100.0);
        for at in [110.0, 200.0, 300.0, 150.0, 250.0] {
            add(&mut journal, at);
        }
        for (at, distance, expected) in [
            (112.0, 5.0, Some(1)),
            (104.0, 10.0, Some(1)),
            (155.0, 20.0, Some(4)),
            (260.0, 20.0, Some(5)),
            (290.0, 60.0, Some(3)),
            (400.0, 60.0, None),
        ] {
            assert_eq!(nearest(&journal, at, distance), expected, "{at}");
        }
    }

    #[test]
    fn lines_are_counted_and_events_if_there_are_few() {
        let mut journal = Journal::default();
        journal.opened(100.0);
        for at in [110.0, 120.0, 300.0] {
            add(&mut journal, at);
        }
        let count = |start, end| counts(&journal, start, end);
        let few = |lines, events| Counts {
            lines,
            events: Some(events),
        };
        assert_eq!(count(0.0, 115.0), few(2, 1));
        assert_eq!(count(110.0, 301.0), few(3, 3));
        assert_eq!(count(400.0, 500.0), few(0, 0));
        for _ in 0..COMPARED {
            add(&mut journal, 350.0);
        }
        let many = counts(&journal, 300.0, 351.0);
        assert_eq!((many.lines, many.events), (COMPARED + 1, None));
    }
}
