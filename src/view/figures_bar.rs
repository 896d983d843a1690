//! The figures of a stream: how many events, how fast, how regularly.

use leptos::prelude::*;

use super::watched::Watched;
use crate::{
    journal::{Figures, Journal},
    text,
};

/// How often figures change at most, in ms: what changes faster cannot be read.
const PACE_MS: f64 = 200.0;

/// How often a screen reader announces the number of events at most, in ms.
const SPOKEN_MS: f64 = 10_000.0;

/// How many gaps there must be before their median or their 99th percentile means anything.
const MEDIAN_FROM: u64 = 3;
const P99_FROM: u64 = 100;

/// Shown in place of a figure that has no value yet.
const NONE: &str = "–";

/// The moment for which figures are shown.
#[derive(Clone, Copy, PartialEq)]
struct Moment {
    /// In ms since the Unix epoch.
    now: f64,
    /// Whether more events can arrive.
    is_live: bool,
}

/// The figures, each in a labelled cell that keeps its width.
#[component]
pub(crate) fn FiguresBar() -> impl IntoView {
    let watched = Watched::expect();
    let moment = Memo::new(move |_| Moment {
        now: in_steps(watched.clock.get(), PACE_MS),
        is_live: watched.stream.goes_on(),
    });
    let figure = move |format: fn(&Journal, Moment) -> String| {
        Memo::new(move |_| {
            let moment = moment.get();
            format(&watched.journal(), moment)
        })
    };
    let exact = figure(|journal, _| journal.figures().events.to_string());
    let none_failed = Memo::new(move |_| {
        moment.get();
        watched.journal().figures().failed_attempts == 0
    });
    let turn = Memo::new(move |_| (watched.clock.get() / SPOKEN_MS) as u64);
    let spoken = Memo::new(move |_| {
        turn.get();
        spoken(watched.journal().figures().events)
    });

    view! {
        <div class="figures-bar">
            <dl>
                <div title="Events since the log was cleared">
                    <dt>"Events"</dt>
                    <dd data-figure="events" data-value=exact>{figure(events)}</dd>
                </div>
                <Cell name="rate" label="Rate" title="Over the last five seconds" text=figure(rate) />
                <Cell
                    name="gap"
                    label="Gap now"
                    title="Time between the last two events; grows while no event arrives"
                    text=figure(gap)
                />
                <Cell name="median" label="median" title="Half of the gaps are at most this long" text=figure(median) />
                <Cell
                    name="p99"
                    label="p99"
                    title="99 of 100 gaps are at most this long. Shown once there are 100 gaps"
                    text=figure(p99)
                />
                <Cell name="max" label="max" title="The longest gap" text=figure(max) />
                <Cell name="bytes" label="Bytes" title="Bytes of the stream" text=figure(bytes) />
                <Cell name="id" label="Last ID" title="Last event ID" text=figure(last_id) />
                <Cell
                    name="reconnects"
                    label="Reconnects"
                    title="How often the connection was opened again"
                    text=figure(reconnects)
                />
                <div
                    title="How many attempts to connect failed. The log shows why"
                    hidden=move || none_failed.get()
                >
                    <dt>"Attempts failed"</dt>
                    <dd data-figure="failed">{figure(failed)}</dd>
                </div>
            </dl>
            <p class="unseen" role="status">{spoken}</p>
        </div>
    }
}

/// One figure with its label.
#[component]
fn Cell(
    /// For tests and the style: the value of `data-figure`.
    name: &'static str,
    label: &'static str,
    /// The explanation that a pointer shows.
    title: &'static str,
    text: Memo<String>,
) -> impl IntoView {
    view! {
        <div title=title>
            <dt>{label}</dt>
            <dd data-figure=name>{text}</dd>
        </div>
    }
}

/// The last time at or before `now` that is a multiple of `step`.
fn in_steps(now: f64, step: f64) -> f64 {
    (now / step).floor() * step
}

/// What a screen reader announces.
fn spoken(events: u64) -> String {
    match events {
        0 => String::new(),
        1 => "1 event".to_owned(),
        _ => format!("{events} events"),
    }
}

fn events(journal: &Journal, _: Moment) -> String {
    text::count(journal.figures().events)
}

fn rate(journal: &Journal, Moment { now, .. }: Moment) -> String {
    text::rate(journal.figures().rate(now))
}

fn gap(journal: &Journal, Moment { now, is_live }: Moment) -> String {
    let figures = journal.figures();
    duration(if is_live {
        figures.gap_until(now)
    } else {
        figures.last_gap
    })
}

fn median(journal: &Journal, _: Moment) -> String {
    duration(quantile(journal.figures(), 0.5, MEDIAN_FROM))
}

fn p99(journal: &Journal, _: Moment) -> String {
    duration(quantile(journal.figures(), 0.99, P99_FROM))
}

fn max(journal: &Journal, _: Moment) -> String {
    duration(journal.figures().max_gap)
}

fn bytes(journal: &Journal, _: Moment) -> String {
    text::bytes(journal.figures().bytes)
}

fn last_id(journal: &Journal, _: Moment) -> String {
    match journal.last_event_id() {
        "" => NONE.to_owned(),
        // A longer ID does not fit into the cell.
        id => text::beginning(id, 40).to_owned(),
    }
}

fn reconnects(journal: &Journal, _: Moment) -> String {
    text::count(journal.figures().openings.saturating_sub(1))
}

fn failed(journal: &Journal, _: Moment) -> String {
    text::count(journal.figures().failed_attempts)
}

/// A quantile of the gaps, if there are at least `from` of them.
fn quantile(figures: &Figures, part: f64, from: u64) -> Option<f64> {
    // Each event but the first ends a gap.
    (figures.events > from).then(|| figures.gap_quantile(part))?
}

fn duration(ms: Option<f64>) -> String {
    ms.map_or_else(|| NONE.to_owned(), text::duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log of `events` events, one each second.
    fn log(events: u32) -> Journal {
        let mut journal = Journal::default();
        journal.opened(0.0);
        for n in 0..events {
            journal.receive(1_000.0 * f64::from(n), b"data: 1\n\n");
        }
        journal
    }

    #[test]
    fn quantiles_need_enough_gaps() {
        let moment = Moment {
            now: 0.0,
            is_live: false,
        };
        for (events, expected) in [
            (0, ["–", "–", "–"]),
            (2, ["–", "–", "1.00 s"]),
            (3, ["–", "–", "1.00 s"]),
            (4, ["1.00 s", "–", "1.00 s"]),
            (100, ["1.00 s", "–", "1.00 s"]),
            (101, ["1.00 s", "1.00 s", "1.00 s"]),
        ] {
            let log = log(events);
            let shown = [median, p99, max].map(|figure| figure(&log, moment));
            assert_eq!(shown, expected, "{events}");
        }
    }

    #[test]
    fn the_gap_grows_only_while_events_are_expected() {
        let log = log(3);
        for (now, is_live, expected) in [
            (2_500.0, true, "1.00 s"),
            (9_000.0, true, "7.00 s"),
            (9_000.0, false, "1.00 s"),
        ] {
            assert_eq!(gap(&log, Moment { now, is_live }), expected);
        }
    }

    #[test]
    fn a_screen_reader_announces_the_number_with_its_noun() {
        assert_eq!(spoken(0), "");
        assert_eq!(spoken(1), "1 event");
        assert_eq!(spoken(2_000), "2000 events");
    }
}
