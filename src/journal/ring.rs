//! A queue in blocks: it grows without moving its items, and frees memory at its front.

use std::{borrow::Cow, collections::VecDeque, ops::Range};

/// The memory of a block, in bytes.
const BLOCK_BYTES: usize = 256 << 10;

/// A queue whose items keep their numbers. The first item ever pushed has the number 0, and dropping
/// items at the front does not renumber the others.
#[derive(Clone, Debug)]
pub(super) struct Ring<T> {
    blocks: VecDeque<Vec<T>>,
    /// The number of the first item of the first block.
    first: u64,
    /// The number of the first item that is still kept.
    start: u64,
    end: u64,
}

impl<T: Copy> Ring<T> {
    /// The items in a block.
    const BLOCK: usize = BLOCK_BYTES / size_of::<T>();

    pub(super) fn new() -> Self {
        Self {
            blocks: VecDeque::new(),
            first: 0,
            start: 0,
            end: 0,
        }
    }

    /// The numbers of the items.
    pub(super) fn range(&self) -> Range<u64> {
        self.start..self.end
    }

    pub(super) fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    pub(super) fn extend(&mut self, mut items: &[T]) {
        self.end += items.len() as u64;
        while !items.is_empty() {
            let block = match self.blocks.back_mut() {
                Some(block) if block.len() < Self::BLOCK => block,
                // Only the first block starts small and grows: a short queue takes little memory.
                Some(_) => {
                    self.blocks.push_back(Vec::with_capacity(Self::BLOCK));
                    continue;
                }
                None => {
                    self.blocks.push_back(Vec::new());
                    continue;
                }
            };
            let (now, later) = items.split_at(items.len().min(Self::BLOCK - block.len()));
            let needed = block.len() + now.len();
            if needed > block.capacity() {
                let wanted = needed.max(2 * block.capacity()).min(Self::BLOCK);
                block.reserve_exact(wanted - block.len());
            }
            block.extend_from_slice(now);
            items = later;
        }
    }

    pub(super) fn push(&mut self, item: T) {
        self.extend(&[item]);
    }

    pub(super) fn get(&self, number: u64) -> Option<&T> {
        if !self.range().contains(&number) {
            return None;
        }
        let (block, within) = self.place(number);
        self.blocks.get(block)?.get(within)
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        if !self.range().contains(&number) {
            return None;
        }
        let (block, within) = self.place(number);
        self.blocks.get_mut(block)?.get_mut(within)
    }

    /// The items in `numbers` that are still kept, in contiguous pieces.
    pub(super) fn pieces(&self, numbers: Range<u64>) -> impl Iterator<Item = &[T]> {
        let mut at = numbers.start.max(self.start);
        let end = numbers.end.min(self.end);
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let (block, within) = self.place(at);
            let block = self.blocks.get(block)?;
            let until = block.len().min(within + (end - at) as usize);
            at += (until - within) as u64;
            Some(&block[within..until])
        })
    }

    /// The number of the first item for which `is_before` is false. It must be true for all items
    /// before that one, and false for all after it.
    pub(super) fn partition_point(&self, is_before: impl Fn(&T) -> bool) -> u64 {
        self.partition_point_in(self.range(), is_before)
    }

    /// Like [`partition_point`](Self::partition_point), among the items in `range`.
    pub(super) fn partition_point_in(
        &self,
        mut range: Range<u64>,
        is_before: impl Fn(&T) -> bool,
    ) -> u64 {
        while range.start < range.end {
            let middle = range.start + (range.end - range.start) / 2;
            if self.get(middle).is_some_and(&is_before) {
                range.start = middle + 1;
            } else {
                range.end = middle;
            }
        }
        range.start
    }

    /// Drops the items before `number`.
    pub(super) fn drop_before(&mut self, number: u64) {
        self.start = number.clamp(self.start, self.end);
        while self.start - self.first >= Self::BLOCK as u64 {
            self.blocks.pop_front();
            self.first += Self::BLOCK as u64;
        }
    }

    fn place(&self, number: u64) -> (usize, usize) {
        let offset = (number - self.first) as usize;
        (offset / Self::BLOCK, offset % Self::BLOCK)
    }
}

impl Ring<u8> {
    /// The bytes in `numbers` that are still kept; copied only where they lie in two blocks.
    pub(super) fn bytes(&self, numbers: Range<u64>) -> Cow<'_, [u8]> {
        let mut pieces = self.pieces(numbers);
        let first = pieces.next().unwrap_or_default();
        match pieces.next() {
            None => Cow::Borrowed(first),
            Some(second) => {
                let mut all = [first, second].concat();
                for piece in pieces {
                    all.extend_from_slice(piece);
                }
                Cow::Owned(all)
            }
        }
    }
}

/// The smallest number from `base` on that equals `low` modulo 2³².
pub(super) fn widen(base: u64, low: u32) -> u64 {
    base + u64::from(low.wrapping_sub(base as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_again_by_its_low_bits() {
        for base in [0, 1, 5, (1 << 32) - 1, 1 << 32, (7 << 32) + 9] {
            for ahead in [0, 1, 1000, u32::MAX] {
                let number = base + u64::from(ahead);
                assert_eq!(widen(base, number as u32), number);
            }
        }
    }

    #[test]
    fn a_ring_holds_the_items_pushed_less_the_items_dropped() {
        let mut random = fastrand::Rng::with_seed(7);
        let (mut ring, mut model) = (Ring::<u8>::new(), Vec::new());
        let mut start = 0;
        for _ in 0..200 {
            let count = random.usize(..20_000);
            let more: Vec<u8> = std::iter::repeat_with(|| random.u8(..))
                .take(count)
                .collect();
            ring.extend(&more);
            model.extend_from_slice(&more);
            if random.bool() {
                start = random.usize(start..=model.len());
                ring.drop_before(start as u64);
            }
            assert_eq!(ring.range(), start as u64..model.len() as u64);
            assert_eq!(ring.len(), model.len() - start);
            let from = random.usize(start..=model.len());
            let to = random.usize(from..=model.len());
            let pieces: Vec<u8> = ring
                .pieces(from as u64..to as u64)
                .flatten()
                .copied()
                .collect();
            assert_eq!(pieces, model[from..to]);
            for number in [start, from, to] {
                assert_eq!(ring.get(number as u64), model.get(number));
            }
            assert_eq!(*ring.bytes(from as u64..to as u64), model[from..to]);
            assert!(ring.blocks.len() <= ring.len() / BLOCK_BYTES + 2);
            let memory: usize = ring.blocks.iter().map(Vec::capacity).sum();
            assert!(memory <= ring.blocks.len() * BLOCK_BYTES);
        }
    }

    #[test]
    fn dropped_items_are_gone() {
        let mut ring = Ring::<u64>::new();
        ring.extend(&[1, 2, 3]);
        ring.drop_before(2);
        assert_eq!(ring.get(1), None);
        assert_eq!(ring.get(2), Some(&3));
        assert_eq!(ring.pieces(0..9).collect::<Vec<_>>(), [&[3]]);
        assert_eq!(ring.partition_point(|item| *item < 3), 2);
        assert_eq!(ring.partition_point(|item| *item < 4), 3);
        ring.drop_before(9);
        assert_eq!(ring.range(), 3..3);
        ring.push(4);
        assert_eq!(ring.get(3), Some(&4));
    }
}
