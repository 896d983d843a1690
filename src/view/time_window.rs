//! The part of time that the timeline shows. Pure.

use crate::journal::{Journal, Kind};

/// The initial span, in ms.
const SPAN_MS: f64 = 60_000.0;

/// The smallest and the largest span, in ms: from 10 ms to 30 days.
const SPANS: (f64, f64) = (10.0, 2_592_000_000.0);

/// How many events at one place are compared to find the nearest.
const COMPARED: u64 = 1_000;

/// A part of time. Times are in ms since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TimeWindow {
    /// The end of the window; `None` follows the present.
    end: Option<f64>,
    /// The length of the window, in ms.
    span: f64,
}

impl TimeWindow {
    /// The last minute.
    pub(super) fn new() -> Self {
        Self {
            end: None,
            span: SPAN_MS,
        }
    }

    /// The length of the window, in ms.
    pub(super) fn span(self) -> f64 {
        self.span
    }

    /// The beginning of the window.
    pub(super) fn start(self, present: f64) -> f64 {
        self.end.unwrap_or(present) - self.span
    }

    /// The window with a span `factor` times as long, in which the time at `part` of the width (0 to 1)
    /// stays in its place. A window that follows the present continues to follow it.
    pub(super) fn zoomed(self, factor: f64, part: f64, present: f64) -> Self {
        let span = within(self.span * factor, SPANS);
        let fixed = self.start(present) + part * self.span;
        let end = self.end.map(|_| fixed + (1.0 - part) * span);
        Self { end, span }
    }

    /// The window moved by `ms`. When its end reaches the present, it begins to follow.
    pub(super) fn moved(self, ms: f64, present: f64) -> Self {
        let end = self.end.unwrap_or(present) + ms;
        Self {
            end: Some(end).filter(|end| *end < present),
            ..self
        }
    }
}

/// `number`, or the limit that it exceeds. The panic message of `f64::clamp` formats numbers, which would
/// add a tenth to the size of the page.
pub(super) fn within(number: f64, (low, high): (f64, f64)) -> f64 {
    let number = if number > low { number } else { low };
    if number < high { number } else { high }
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

#[cfg(test)]
mod tests {
    use sse_wire::Event;

    use super::*;

    const NOW: f64 = 1_000_000.0;

    #[test]
    fn a_window_follows_the_present_until_it_is_moved() {
        let window = TimeWindow::new();
        assert_eq!(window.start(NOW), NOW - SPAN_MS);
        assert_eq!(window.start(NOW + 5.0), NOW + 5.0 - SPAN_MS);
        let moved = window.moved(-1_000.0, NOW);
        assert_eq!(moved.start(NOW), NOW - 1_000.0 - SPAN_MS);
        assert_eq!(moved.start(NOW + 5.0), moved.start(NOW));
        assert_eq!(moved.moved(2_000.0, NOW), window, "it follows again");
    }

    #[test]
    fn zooming_keeps_the_time_under_the_pointer() {
        let window = TimeWindow::new().moved(-10_000.0, NOW);
        let at = |window: TimeWindow, part: f64| window.start(NOW) + part * window.span();
        for factor in [0.5, 2.0, 0.01] {
            for part in [0.0, 0.25, 1.0] {
                let zoomed = window.zoomed(factor, part, NOW);
                assert_eq!(zoomed.span(), SPAN_MS * factor);
                assert!((at(zoomed, part) - at(window, part)).abs() < 1e-6);
            }
        }
        let following = TimeWindow::new().zoomed(0.5, 0.5, NOW);
        assert_eq!(following.start(NOW) + following.span(), NOW);
    }

    #[test]
    fn a_span_is_limited() {
        let window = TimeWindow::new();
        assert_eq!(window.zoomed(0.0, 0.5, NOW).span(), SPANS.0);
        assert_eq!(window.zoomed(f64::INFINITY, 0.5, NOW).span(), SPANS.1);
        assert_eq!(window.zoomed(f64::NAN, 0.5, NOW).span(), SPANS.0);
    }

    #[test]
    fn the_nearest_event_is_found_even_if_the_clock_was_set_back() {
        let mut journal = Journal::default();
        journal.opened(100.0);
        for at in [110.0, 200.0, 300.0, 150.0, 250.0] {
            let event = Event {
                event_type: "message",
                data: "",
                last_event_id: "",
            };
            journal.event(at, event);
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
}
