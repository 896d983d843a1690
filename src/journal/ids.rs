//! The last event ID as it stood at each line.

use std::borrow::Cow;

use super::ring::{Ring, widen};

/// The last event IDs of a journal: each change once, with the first line that it holds for.
///
/// The texts lie on a ring of their own, so that no line is read again to know its ID.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    /// The last event ID now.
    current: String,
    /// The last event ID before the first change that is kept.
    inherited: String,
    changes: Ring<Change>,
    /// The IDs that `changes` set, one after the other.
    texts: Ring<u8>,
}

/// A change of the last event ID. Both numbers are modulo 2³², which is unambiguous: there are never that
/// many of either in memory.
#[derive(Clone, Copy, Debug)]
struct Change {
    /// The first line that the ID holds for.
    line: u32,
    /// Where the ID ends in `texts`.
    end: u32,
}

/// The memory of a change without its text, in bytes.
pub(super) const CHANGE_BYTES: usize = size_of::<Change>();

impl Ids {
    pub(super) fn new() -> Self {
        Self {
            current: String::new(),
            inherited: String::new(),
            changes: Ring::new(),
            texts: Ring::new(),
        }
    }

    /// The last event ID now.
    pub(super) fn current(&self) -> &str {
        &self.current
    }

    /// The last event ID before the first kept line.
    pub(super) fn inherited(&self) -> &str {
        &self.inherited
    }

    /// Sets the last event ID from the line `line` on. Does nothing if the ID is the same as before.
    pub(super) fn set(&mut self, line: u64, id: &str) {
        if id == self.current {
            return;
        }
        id.clone_into(&mut self.current);
        self.texts.extend(id.as_bytes());
        self.changes.push(Change {
            line: line as u32,
            end: self.texts.range().end as u32,
        });
    }

    /// Sets the last event ID for the next lines, while no line is kept.
    pub(super) fn inherit(&mut self, id: &str) {
        id.clone_into(&mut self.current);
        id.clone_into(&mut self.inherited);
        self.changes.drop_before(self.changes.range().end);
        self.texts.drop_before(self.texts.range().end);
    }

    /// The last event ID as it stood at `line`; `first` is the first kept line.
    pub(super) fn at(&self, line: u64, first: u64) -> Cow<'_, str> {
        let after = self
            .changes
            .partition_point(|change| widen(first, change.line) <= line);
        match after.checked_sub(1) {
            Some(change) if self.changes.range().contains(&change) => self.text(change),
            _ => Cow::Borrowed(&self.inherited),
        }
    }

    /// The number of the last change; `None` if there is none.
    pub(super) fn last_change(&self) -> Option<u64> {
        self.changes.range().end.checked_sub(1)
    }

    /// The ID that the change with the number `change` set.
    pub(super) fn text(&self, change: u64) -> Cow<'_, str> {
        let base = self.texts.range().start;
        let end = |change: u64| {
            let change = self.changes.get(change)?;
            Some(widen(base, change.end))
        };
        let start = change.checked_sub(1).and_then(end).unwrap_or(base);
        match self.texts.bytes(start..end(change).unwrap_or(base)) {
            Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
            Cow::Owned(bytes) => String::from_utf8_lossy(&bytes).into_owned().into(),
        }
    }

    /// Drops the changes before the line `line`; `first` is the first line that was kept until now.
    pub(super) fn drop_before(&mut self, line: u64, first: u64) {
        let gone = self
            .changes
            .partition_point(|change| widen(first, change.line) < line);
        self.drop_changes(gone);
    }

    /// Drops the changes before the one with the number `change`, which hold from the beginning on.
    pub(super) fn drop_changes(&mut self, change: u64) {
        let Some(last) = change.checked_sub(1) else {
            return;
        };
        if !self.changes.range().contains(&last) {
            return;
        }
        let text = self.text(last).into_owned();
        let base = self.texts.range().start;
        if let Some(last) = self.changes.get(last) {
            let end = widen(base, last.end);
            self.texts.drop_before(end);
        }
        self.changes.drop_before(change);
        self.inherited = text;
    }

    /// The bytes in use, without the two IDs that are always kept.
    pub(super) fn held(&self) -> usize {
        self.changes.len() * CHANGE_BYTES + self.texts.len()
    }
}
