//! Which ticks are missed, and how late the others are. Times are µs since the client began.

use std::{ops::Range, time::Duration};

use crate::client::Arrival;

pub(crate) const INTERVAL: Duration = Duration::from_secs(1);

/// What comes so soon after the beginning of a connection belongs to that.
const BEGINNING: u64 = 500_000;

/// In ms: half of the ticks are no later, 99 of 100, all.
pub(crate) struct Lateness {
    pub(crate) half: f64,
    pub(crate) most: f64,
    pub(crate) all: f64,
}

/// How many of the ticks that were due in `range` are missed, and how late the others are. `grid` is
/// when the first was due for all connections; without it each has its own.
pub(crate) fn judge(
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
        missed += judge_one(arrivals, &range, grid, &mut late);
    }
    late.sort_unstable();
    let quantile = |part: f64| {
        let index = (late.len().saturating_sub(1)) as f64 * part;
        late.get(index.round() as usize)
            .map_or(f64::NAN, |late| *late as f64 / 1e3)
    };
    let late = Lateness {
        half: quantile(0.5),
        most: quantile(0.99),
        all: quantile(1.0),
    };
    (missed, late)
}

fn judge_one(
    arrivals: &[u64],
    range: &Range<u64>,
    grid: Option<u64>,
    late: &mut Vec<u64>,
) -> usize {
    let interval = INTERVAL.as_micros() as u64;
    // The beginning is one tick, however many events it has; where others set the grid, it is none.
    let first = arrivals.first().copied().unwrap_or(0);
    let begins = grid.is_none().then_some(first);
    let rest = arrivals
        .iter()
        .copied()
        .filter(|at| *at > first + BEGINNING);
    let ticks: Vec<u64> = begins.into_iter().chain(rest).collect();
    // The earliest tells where the grid is: the client may have seen the first late.
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
