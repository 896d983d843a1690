//! How many ticks are missed, and how late the others are. Times are µs since the client began.

use std::{ops::Range, time::Duration};

use crate::client::Arrival;

pub(crate) const INTERVAL: Duration = Duration::from_secs(1);

/// Events within this time after the first one of a connection belong to the same tick.
const BEGINNING: u64 = 500_000;

/// Percentiles of the lateness, in ms.
pub(crate) struct Lateness {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

/// How many of the ticks due in `range` are missed, and how late the others are. `grid` is when the
/// first tick of all connections is due; without it each connection has its own grid.
pub(crate) fn lateness(
    arrivals: &[Arrival],
    connections: usize,
    range: Range<u64>,
    grid: Option<u64>,
) -> (usize, Lateness) {
    let mut of_each = vec![Vec::new(); connections];
    for arrival in arrivals {
        of_each[arrival.connection as usize].push(u64::from(arrival.at));
    }
    let (mut missed, mut late) = (0, Vec::new());
    for arrivals in &of_each {
        missed += lateness_of_one(arrivals, &range, grid, &mut late);
    }
    late.sort_unstable();
    let quantile = |part: f64| {
        let index = (late.len().saturating_sub(1)) as f64 * part;
        late.get(index.round() as usize)
            .map_or(f64::NAN, |late| *late as f64 / 1e3)
    };
    let late = Lateness {
        p50: quantile(0.5),
        p99: quantile(0.99),
        max: quantile(1.0),
    };
    (missed, late)
}

fn lateness_of_one(
    arrivals: &[u64],
    range: &Range<u64>,
    grid: Option<u64>,
    late: &mut Vec<u64>,
) -> usize {
    let interval = INTERVAL.as_micros() as u64;
    // The first events are one tick; none if the grid is given.
    let first = arrivals.first().copied().unwrap_or(0);
    let begins = grid.is_none().then_some(first);
    let rest = arrivals
        .iter()
        .copied()
        .filter(|at| *at > first + BEGINNING);
    let ticks: Vec<u64> = begins.into_iter().chain(rest).collect();
    // The earliest tick sets the grid: the first one may have been read late.
    let own = ticks.iter().enumerate();
    let own = own
        .map(|(index, at)| at.saturating_sub(index as u64 * interval))
        .min();
    let grid = grid.or(own).unwrap_or(0);

    let place = |time: u64| time.saturating_sub(grid).div_ceil(interval);
    let due = place(range.start)..place(range.end);
    let mut next = due.start;
    let mut seen = 0;
    for at in ticks.iter().filter(|at| **at >= grid) {
        let index = (at - grid) / interval;
        if due.contains(&index) {
            late.push((at - grid) % interval);
            seen += u64::from(index >= next);
            next = next.max(index + 1);
        }
    }
    (due.end - due.start - seen) as usize
}
