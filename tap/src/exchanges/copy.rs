//! The copy of a body: each read with its time. The oldest reads are dropped for new ones.

use std::collections::VecDeque;

/// What a read costs beside its bytes: its place in the queue, and the allocator's share.
const READ_COST: usize = size_of::<Read>() + 16;

/// What one read of the upstream's connection decoded to.
#[derive(Debug)]
pub(super) struct Read {
    /// When it was read, in ms since 1970-01-01 UTC.
    pub(super) at: f64,
    pub(super) bytes: Box<[u8]>,
}

/// The reads that are kept.
#[derive(Debug, Default)]
pub(super) struct Copy {
    reads: VecDeque<Read>,
    /// How many reads were dropped.
    dropped: u64,
    /// How many bytes they had.
    pub(super) gone: u64,
    /// What the reads cost, in bytes.
    pub(super) cost: usize,
    /// The last byte that was dropped.
    last_gone: Option<u8>,
}

/// The next read that a viewer wants, counted from the first of the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place(u64);

impl Copy {
    pub(super) fn push(&mut self, at: f64, bytes: &[u8]) {
        self.cost += bytes.len() + READ_COST;
        self.reads.push_back(Read {
            at,
            bytes: bytes.into(),
        });
    }

    /// Drops the oldest read; returns what it cost, or 0 if there is none.
    pub(super) fn drop_oldest(&mut self) -> usize {
        let Some(read) = self.reads.pop_front() else {
            return 0;
        };
        self.dropped += 1;
        self.gone += read.bytes.len() as u64;
        self.last_gone = read.bytes.last().copied().or(self.last_gone);
        let cost = read.bytes.len() + READ_COST;
        self.cost -= cost;
        cost
    }

    /// The reads from `place` on, and whether reads are missing before them.
    pub(super) fn from(&self, place: Place) -> (impl Iterator<Item = &Read>, bool) {
        let behind = self.dropped.saturating_sub(place.0);
        let skipped = place.0.saturating_sub(self.dropped);
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        (self.reads.iter().skip(skipped), behind > 0)
    }

    /// The place of the oldest read.
    pub(super) fn oldest(&self) -> Place {
        Place(self.dropped)
    }

    /// Whether the oldest read begins with the beginning of a line.
    pub(super) fn begins_line(&self) -> bool {
        matches!(self.last_gone, None | Some(b'\n' | b'\r'))
    }
}

impl Place {
    /// The place of the next read.
    pub(super) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_reads_that_are_dropped() {
        let mut copy = Copy::default();
        for bytes in ["a\n", "b", "c\n", "d\n"] {
            copy.push(1.0, bytes.as_bytes());
        }
        let place = Place::default().next();
        let texts = |place| {
            let (reads, is_behind) = copy_from(&copy, place);
            (reads, is_behind)
        };
        assert_eq!(texts(place), ("bc\nd\n".to_owned(), false));
        let cost = copy.cost;
        let freed = copy.drop_oldest();
        assert_eq!((copy.cost, copy.gone), (cost - freed, 2));
        assert!(copy.begins_line());
        assert_eq!(copy_from(&copy, place), ("bc\nd\n".to_owned(), false));
        copy.drop_oldest();
        assert!(!copy.begins_line());
        assert_eq!(copy_from(&copy, place), ("c\nd\n".to_owned(), true));
        assert_eq!(
            copy_from(&copy, copy.oldest()),
            ("c\nd\n".to_owned(), false)
        );
        copy.drop_oldest();
        copy.drop_oldest();
        assert_eq!((copy.cost, copy.drop_oldest()), (0, 0));
    }

    fn copy_from(copy: &Copy, place: Place) -> (String, bool) {
        let (reads, is_behind) = copy.from(place);
        let bytes: Vec<_> = reads.flat_map(|read| read.bytes.to_vec()).collect();
        (String::from_utf8_lossy(&bytes).into_owned(), is_behind)
    }
}
