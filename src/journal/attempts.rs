//! Attempts to connect that failed. Those in succession that failed alike share one line.

use std::{collections::VecDeque, fmt};

use super::{Journal, Kind, marks::What, time};
use crate::text;

/// The longest reason that is kept, in bytes.
pub(super) const LONGEST_REASON: usize = 300;

/// Attempts in succession that failed alike. Times are in ms since the Unix epoch.
///
/// Its `Display` is a text such as `503 Service Unavailable: overloaded, in 12.5 ms`, or with
/// `, 3 times, the last at 2026-11-23T03:14:26.120000Z in 12.5 ms` at its end.
#[derive(Clone, Debug, PartialEq)]
pub struct FailedAttempts {
    /// When the last of them failed.
    pub last_at: f64,
    /// How many there were.
    pub count: u64,
    /// How long the last of them took, in ms. `None` if a browser made it by itself, because it does not
    /// expose when it began.
    pub took: Option<f64>,
    /// What failed, on one line: the status with its reason phrase and the first line of the body, as far
    /// as they are known.
    pub reason: String,
}

impl FailedAttempts {
    /// The text, with the time of the last attempt as `time` writes it.
    pub(crate) fn describe(&self, time: &dyn Fn(f64) -> String) -> String {
        let mut described = self.reason.clone();
        let mut add = |parts: &[&str]| parts.iter().for_each(|part| described.push_str(part));
        if self.count > 1 {
            let (count, last) = (text::count(self.count), time(self.last_at));
            add(&[", ", &count, " times, the last at ", &last]);
        }
        if let Some(took) = self.took {
            let separator = if self.count > 1 { " in " } else { ", in " };
            add(&[separator, &text::duration(took)]);
        }
        described
    }

    /// The bytes in use.
    fn held(&self) -> usize {
        size_of::<(u64, Self)>() + self.reason.len()
    }
}

impl fmt::Display for FailedAttempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe(&|at| {
            let mut text = String::new();
            time::iso(at, &mut text);
            text
        }))
    }
}

/// The failed attempts of a journal, each with the number of its line.
#[derive(Clone, Debug, Default)]
pub(super) struct Attempts {
    lines: VecDeque<(u64, FailedAttempts)>,
    held: usize,
}

impl Attempts {
    pub(super) fn get(&self, line: u64) -> Option<&FailedAttempts> {
        let place = self
            .lines
            .binary_search_by_key(&line, |(line, _)| *line)
            .ok()?;
        self.lines.get(place).map(|(_, attempts)| attempts)
    }

    pub(super) fn drop_before(&mut self, line: u64) {
        while self.lines.front().is_some_and(|(first, _)| *first < line) {
            let gone = self.lines.pop_front();
            self.held -= gone.map_or(0, |(_, gone)| gone.held());
        }
    }

    /// The bytes in use.
    pub(super) fn held(&self) -> usize {
        self.held
    }
}

impl Journal {
    /// An attempt to connect failed at `at`, after `took` ms if that is known. Only the first line of
    /// `reason` is kept, and no more than 300 bytes of it.
    ///
    /// If the last line of the log is about attempts that failed for the same reason, this one is added to
    /// it; otherwise it gets a line of its own.
    pub fn failed(&mut self, at: f64, reason: &str, took: Option<f64>) {
        let reason = reason.lines().next().unwrap_or_default();
        let reason = text::beginning(reason, LONGEST_REASON);
        let last = self.rows.range().end.checked_sub(1);
        let last = last.filter(|last| self.rows.get(*last).is_some());
        match self.attempts.lines.back_mut() {
            Some((line, known)) if Some(*line) == last && known.reason == reason => {
                known.last_at = at;
                known.count = known.count.saturating_add(1);
                known.took = took;
                self.figures.failed_attempts = self.figures.failed_attempts.saturating_add(1);
            }
            _ => self.add_attempts(
                at,
                FailedAttempts {
                    last_at: at,
                    count: 1,
                    took,
                    reason: reason.to_owned(),
                },
            ),
        }
    }

    /// Adds a line about attempts of which the first failed at `at`.
    pub(super) fn add_attempts(&mut self, at: f64, attempts: FailedAttempts) {
        self.end_stream(at);
        let failed = self.figures.failed_attempts;
        self.figures.failed_attempts = failed.saturating_add(attempts.count);
        self.attempts.held += attempts.held();
        let line = self.rows.range().end;
        self.attempts.lines.push_back((line, attempts));
        self.link(at, What::Failed, Kind::Failed);
    }

    /// When attempts failed, as far back as the kept lines: the times of the first and the last of those
    /// that share a line, in ms since the Unix epoch.
    pub(crate) fn failures(&self) -> impl DoubleEndedIterator<Item = (f64, f64)> {
        let lines = self.attempts.lines.iter();
        lines.filter_map(|(line, attempts)| Some((self.rows.get(*line)?.at, attempts.last_at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(journal: &Journal) -> Vec<String> {
        journal
            .iter()
            .map(|line| line.data().into_owned())
            .collect()
    }

    #[test]
    fn attempts_that_fail_alike_share_a_line() {
        let mut journal = Journal::default();
        journal.failed(0.0, "no response", None);
        journal.failed(1_000.0, "503 Busy", Some(2.0));
        journal.failed(2_000.0, "503 Busy", Some(12.5));
        journal.failed(3_000.0, "503 Busy", Some(4.0));
        journal.failed(4_000.0, "no response", Some(1.0));
        assert_eq!(
            lines(&journal),
            [
                "no response",
                "503 Busy, 3 times, the last at 1970-01-01T00:00:03.000000Z in 4.00 ms",
                "no response, in 1.00 ms"
            ]
        );
        assert_eq!(journal.figures().failed_attempts, 5);
        assert_eq!(journal.received(), 3);
        assert_eq!(journal.kept_events(), 0);
        let failures: Vec<_> = journal.failures().collect();
        assert_eq!(
            failures,
            [(0.0, 0.0), (1_000.0, 3_000.0), (4_000.0, 4_000.0)]
        );
    }

    #[test]
    fn attempts_before_and_after_a_connection_do_not_share_a_line() {
        let mut journal = Journal::default();
        journal.failed(0.0, "no response", None);
        journal.opened(1.0);
        journal.closed(2.0);
        journal.failed(3.0, "no response", None);
        journal.failed(4.0, "no response", None);
        assert_eq!(journal.received(), 4);
        journal.clear();
        journal.failed(5.0, "no response", None);
        assert_eq!((journal.received(), journal.len()), (1, 1));
        assert_eq!(journal.figures().failed_attempts, 1);
    }

    #[test]
    fn a_reason_is_one_line_of_limited_length() {
        let mut journal = Journal::default();
        journal.failed(0.0, "500 Error: a\nb", None);
        journal.failed(0.0, &"ü".repeat(200), None);
        journal.failed(0.0, "", None);
        let reasons = lines(&journal);
        assert_eq!(
            reasons,
            ["500 Error: a".to_owned(), "ü".repeat(150), "".to_owned()]
        );
    }

    #[test]
    fn the_bound_counts_reasons() {
        let mut journal = Journal::new(5_000);
        for n in 0..1_000_u32 {
            journal.failed(f64::from(n), &format!("{n}{}", "x".repeat(200)), None);
            assert!(journal.held() <= 5_000);
            assert_eq!(journal.received(), u64::from(n) + 1);
            assert_eq!(journal.received(), journal.len() as u64 + journal.evicted());
        }
        journal.clear();
        assert_eq!(journal.attempts.held(), 0);
    }
}
