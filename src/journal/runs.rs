//! Lines by time, though times need not ascend: a clock can be set back, and a capture can hold any
//! times.

use std::{collections::VecDeque, ops::Range};

use super::Journal;

/// The runs of lines whose times ascend.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs {
    /// The lines with an earlier time than the line before them: each begins a run.
    starts: VecDeque<u64>,
    /// The time of the last line.
    last: Option<f64>,
}

impl Runs {
    /// Adds the line with the number `line`, which has the time `at`.
    pub(super) fn push(&mut self, line: u64, at: f64) {
        if self.last.replace(at).is_some_and(|last| at < last) {
            self.starts.push_back(line);
        }
    }

    /// Drops the runs that end before `line`.
    pub(super) fn drop_before(&mut self, line: u64) {
        while self.starts.front().is_some_and(|start| *start <= line) {
            self.starts.pop_front();
        }
    }

    /// The bytes in use.
    pub(super) fn held(&self) -> usize {
        self.starts.len() * size_of::<u64>()
    }
}

impl Journal {
    /// The kept lines whose time is in `times`, in ms since the Unix epoch, as ranges of line numbers:
    /// one range, unless a clock was set back in between.
    pub fn between(&self, times: Range<f64>) -> impl Iterator<Item = Range<u64>> {
        let kept = self.kept();
        let mut start = kept.start;
        let starts = self.runs.starts.iter().copied();
        starts.chain([kept.end]).filter_map(move |end| {
            let run = std::mem::replace(&mut start, end)..end;
            let first = |at| self.first_from(run.clone(), at);
            let found = first(times.start)..first(times.end);
            (!found.is_empty()).then_some(found)
        })
    }

    /// The first of `lines` with the time `at` or later. Their times must ascend, as in each range of
    /// [`between`](Self::between).
    pub(crate) fn first_from(&self, lines: Range<u64>, at: f64) -> u64 {
        self.rows.partition_point_in(lines, |row| row.at < at)
    }
}
