//! Text of which each character has the line that it is from.

use std::ops::Range;

/// A text in pieces, and the line that each piece is from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pieces {
    text: String,
    /// Where each piece begins, and the number of its line. Both ascend.
    starts: Vec<(u32, u64)>,
}

impl Pieces {
    /// How many bytes a piece takes beside its text.
    pub(super) const PIECE_BYTES: usize = size_of::<(u32, u64)>();

    /// Appends `text`, which is from `line`. Lines ascend.
    pub(super) fn push(&mut self, line: u64, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.starts.last().is_none_or(|(_, last)| *last < line) {
            self.starts.push((self.text.len() as u32, line));
        }
        self.text.push_str(text);
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The lines that a part of the text is from, in ascending order.
    pub(crate) fn lines(&self, range: Range<usize>) -> impl DoubleEndedIterator<Item = u64> {
        let range = range.start.min(self.text.len())..range.end.min(self.text.len());
        let before = |at: usize| move |start: &(u32, u64)| (start.0 as usize) < at;
        let first = match range.is_empty() {
            true => 0,
            // The piece that begins at the first byte, or the one that this byte is within.
            false => self.starts.partition_point(before(range.start + 1)) - 1,
        };
        let end = match range.is_empty() {
            true => 0,
            false => self.starts.partition_point(before(range.end)),
        };
        let pieces = self.starts.get(first..end).unwrap_or_default();
        pieces.iter().map(|(_, line)| *line)
    }

    /// The part of the text that is from `line`; empty if there is none.
    pub(crate) fn range(&self, line: u64) -> Range<usize> {
        match self.starts.binary_search_by_key(&line, |(_, line)| *line) {
            Err(_) => 0..0,
            Ok(place) => {
                let start = |place: usize| self.starts.get(place).map(|(at, _)| *at as usize);
                let end = start(place + 1).unwrap_or(self.text.len());
                start(place).unwrap_or(end)..end
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_character_has_its_line_and_each_line_its_characters() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..200 {
            let mut pieces = Pieces::default();
            let mut owners = Vec::new();
            let mut line = random.u64(..9);
            for _ in 0..random.usize(..40) {
                let text = *random.choice(&["", "a", "äö", "\u{1F600}x"]).expect("one");
                pieces.push(line, text);
                owners.extend(vec![line; text.len()]);
                line += random.u64(..3);
            }
            assert_eq!(pieces.text().len(), owners.len());
            for _ in 0..20 {
                let start = random.usize(..owners.len() + 2);
                let range = start..start + random.usize(..9);
                let mut expected: Vec<u64> = owners
                    .get(range.start.min(owners.len())..range.end.min(owners.len()))
                    .unwrap_or_default()
                    .to_vec();
                expected.dedup();
                assert_eq!(pieces.lines(range).collect::<Vec<_>>(), expected);
            }
            for line in 0..line + 2 {
                let range = pieces.range(line);
                assert_eq!(
                    range.len(),
                    owners.iter().filter(|owner| **owner == line).count()
                );
                assert!(owners[range].iter().all(|owner| *owner == line));
            }
        }
    }
}
