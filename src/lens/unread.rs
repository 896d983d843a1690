//! What was not understood: counted, and found again.

use crate::text;

/// How many kinds are told apart.
const MOST: usize = 20;

/// How long the name of a kind is at most, in bytes.
const LONGEST: usize = 80;

/// Events of one kind that were not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unread {
    pub(crate) what: String,
    pub(crate) count: u64,
    /// The number of the first line.
    pub(crate) line: u64,
}

/// The events that were not understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unreads {
    kinds: Vec<Unread>,
    /// Those of further kinds.
    others: Option<Unread>,
}

impl Unreads {
    pub(super) fn add(&mut self, line: u64, what: &str) {
        let what = text::beginning(what, LONGEST);
        let mut kinds = self.kinds.iter_mut();
        let kind = match kinds.find(|kind| kind.what == what) {
            Some(kind) => kind,
            None => {
                let new = |what: &str| Unread {
                    what: what.to_owned(),
                    count: 0,
                    line,
                };
                if self.kinds.len() < MOST {
                    self.kinds.push(new(what));
                }
                match self.kinds.last_mut() {
                    Some(kind) if kind.what == what => kind,
                    _ => self.others.get_or_insert_with(|| new("of other kinds")),
                }
            }
        };
        kind.count += 1;
    }

    /// The kinds in the order of their first lines.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &Unread> {
        self.kinds.iter().chain(&self.others)
    }

    /// How many events there are.
    #[cfg(test)]
    pub(super) fn count(&self) -> u64 {
        self.kinds().map(|kind| kind.count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_bounded_and_each_event_is_counted() {
        let mut unreads = Unreads::default();
        for n in 0..1_000 {
            unreads.add(n, &format!("kind {}", n % 50));
        }
        assert_eq!(unreads.count(), 1_000);
        assert_eq!(unreads.kinds().count(), MOST + 1);
        let first: Vec<_> = unreads
            .kinds()
            .map(|kind| (kind.line, kind.count))
            .collect();
        assert_eq!(first[1], (1, 20));
        assert_eq!(first[MOST], (20, 600));
    }
}
