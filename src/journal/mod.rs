//! What was received: a bounded log.

use std::{collections::VecDeque, ops::Range, rc::Rc};

/// How many bytes a [`Journal`] keeps unless told otherwise: 64 MiB.
pub const DEFAULT_BOUND: usize = 64 << 20;

/// How many lines a [`Journal`] keeps at most, however short they are: what a browser can lay out
/// one below the other (Firefox ends at some 17 million px).
pub const MOST_LINES: usize = 600_000;

/// One line of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// When it came, in ms since the Unix epoch.
    pub at: f64,
    /// What came.
    pub item: Item,
}

/// What a line of the log is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// The connection opened.
    Opened,
    /// The connection was lost, or closed by hand.
    Closed,
    /// An event was dispatched.
    Event(Event),
}

/// One event, as the browser dispatched it (HTML, 9.2.6).
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The event type: `message` unless the stream names another.
    pub event_type: Rc<str>,
    /// The data.
    pub data: String,
    /// The last event ID as it stood at dispatch.
    pub last_event_id: String,
}

impl Entry {
    /// What it counts against the bound, in bytes.
    fn size(&self) -> usize {
        let text = match &self.item {
            Item::Event(event) => event.data.capacity() + event.last_event_id.capacity(),
            Item::Opened | Item::Closed => 0,
        };
        size_of::<Self>() + text
    }
}

/// A log that is bounded by the memory it takes, and by [`MOST_LINES`], and evicts its oldest lines.
///
/// Always `received() == len() + evicted()`. Lines are numbered in the order in which they came, and
/// the numbers never restart, not even after [`clear`](Journal::clear). The newest line is kept
/// even if it alone exceeds the bound.
///
/// Adding a line costs the same however many there are.
#[derive(Clone, Debug)]
pub struct Journal {
    entries: VecDeque<Entry>,
    /// The number of the first line since it was cleared.
    first: u64,
    evicted: u64,
    bytes: usize,
    bound: usize,
}

impl Default for Journal {
    fn default() -> Self {
        Self::new(DEFAULT_BOUND)
    }
}

impl Journal {
    /// An empty log that keeps at most `bound` bytes.
    pub fn new(bound: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            first: 0,
            evicted: 0,
            bytes: 0,
            bound,
        }
    }

    /// Adds a line that came at `at` (ms since the Unix epoch).
    pub fn push(&mut self, at: f64, item: Item) {
        let entry = Entry { at, item };
        self.bytes += entry.size();
        self.entries.push_back(entry);
        while (self.bytes > self.bound || self.entries.len() > MOST_LINES) && self.entries.len() > 1
        {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= oldest.size();
            self.evicted += 1;
        }
    }

    /// Forgets the lines and the counts.
    pub fn clear(&mut self) {
        *self = Self {
            first: self.kept().end,
            ..Self::new(self.bound)
        };
    }

    /// The line with the number `seq`, if it is kept.
    pub fn get(&self, seq: u64) -> Option<&Entry> {
        let index = seq.checked_sub(self.kept().start)?;
        self.entries.get(usize::try_from(index).ok()?)
    }

    /// The kept lines, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.entries.iter()
    }

    /// The numbers of the kept lines.
    pub fn kept(&self) -> Range<u64> {
        self.first + self.evicted..self.first + self.received()
    }

    /// How many lines are kept.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no line is kept.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many lines were dropped to stay within the bound, since it was cleared.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// How many lines were added since it was cleared.
    pub fn received(&self) -> u64 {
        self.evicted + self.entries.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(data: &str) -> Item {
        Item::Event(Event {
            event_type: "message".into(),
            data: data.to_owned(),
            last_event_id: String::new(),
        })
    }

    /// How many bytes a line with `data` counts.
    fn size(data: &str) -> usize {
        Entry {
            at: 0.0,
            item: event(data),
        }
        .size()
    }

    fn data(journal: &Journal) -> Vec<&str> {
        journal
            .iter()
            .map(|entry| match &entry.item {
                Item::Event(event) => event.data.as_str(),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn received_is_kept_and_evicted_after_every_push() {
        let mut journal = Journal::new(10 * size("0000"));
        for n in 0..1_000_u64 {
            journal.push(0.0, event(&format!("{n:04}")));
            assert_eq!(journal.received(), n + 1);
            assert_eq!(journal.received(), journal.len() as u64 + journal.evicted());
            assert_eq!(journal.len() as u64, (n + 1).min(10));
        }
        assert_eq!(data(&journal).first(), Some(&"0990"));
    }

    #[test]
    fn numbers_are_those_of_arrival() {
        let mut journal = Journal::new(3 * size("a"));
        for line in ["a", "b", "c", "d", "e"] {
            journal.push(0.0, event(line));
        }
        assert_eq!(journal.kept(), 2..5);
        assert_eq!(journal.get(1), None);
        assert_eq!(journal.get(2).map(|entry| &entry.item), Some(&event("c")));
        assert_eq!(journal.get(5), None);
    }

    #[test]
    fn a_long_event_counts_by_its_length() {
        let long = "x".repeat(1_000);
        let mut journal = Journal::new(size(&long) + size("a"));
        for line in ["a", "b", "c", &long, "d"] {
            journal.push(0.0, event(line));
        }
        assert_eq!(data(&journal), [long.as_str(), "d"]);
    }

    #[test]
    fn the_newest_line_is_kept_whatever_its_size() {
        let long = "x".repeat(1_000);
        let mut journal = Journal::new(100);
        journal.push(0.0, event("a"));
        journal.push(0.0, event(&long));
        assert_eq!(data(&journal), [long.as_str()]);
        assert_eq!(journal.evicted(), 1);
    }

    #[test]
    fn clear_starts_again() {
        let mut journal = Journal::new(3 * size("a"));
        for line in ["a", "b", "c", "d", "e"] {
            journal.push(0.0, event(line));
        }
        journal.clear();
        assert!(journal.is_empty());
        assert_eq!((journal.received(), journal.evicted()), (0, 0));
        for line in ["a", "b", "c", "d"] {
            journal.push(0.0, event(line));
        }
        assert_eq!(data(&journal), ["b", "c", "d"]);
        assert_eq!(journal.kept(), 6..9, "numbers do not restart");
    }

    #[test]
    fn the_number_of_lines_is_bounded_too() {
        let mut journal = Journal::new(usize::MAX);
        for _ in 0..MOST_LINES + 5 {
            journal.push(0.0, Item::Opened);
        }
        assert_eq!((journal.len(), journal.evicted()), (MOST_LINES, 5));
    }
}
