//! Which rows a tree has while some of its containers are folded.

use super::Index;

/// Which containers of an [`Index`] are unfolded, and the rows that are visible because of that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Folding {
    is_open: Vec<bool>,
    /// The numbers of the visible nodes, in ascending order.
    rows: Vec<u32>,
}

impl Folding {
    /// Unfolds the whole, and more levels as long as there are at most `most` rows.
    pub(crate) fn new(index: &Index, most: usize) -> Self {
        let mut levels: Vec<usize> = Vec::new();
        for node in index.nodes() {
            let depth = node.depth as usize;
            if depth == levels.len() {
                levels.push(0);
            }
            levels[depth] += 1;
        }
        let mut rows = 0;
        let fitting = levels.iter().take_while(|level| {
            rows += *level;
            rows <= most
        });
        let open = (fitting.count() as u32).saturating_sub(1).max(1);
        let mut folding = Self {
            is_open: index.nodes().iter().map(|node| node.depth < open).collect(),
            rows: Vec::new(),
        };
        folding.find_rows(index);
        folding
    }

    /// The numbers of the visible nodes, in ascending order.
    pub(crate) fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// The row of a node, if it is visible.
    pub(crate) fn row_of(&self, node: usize) -> Option<usize> {
        self.rows.binary_search(&(node as u32)).ok()
    }

    /// Whether a container is unfolded.
    pub(crate) fn is_open(&self, node: usize) -> bool {
        self.is_open.get(node).copied().unwrap_or_default()
    }

    /// Unfolds or folds a container.
    pub(crate) fn set(&mut self, index: &Index, node: usize, open: bool) {
        if let Some(is_open) = self.is_open.get_mut(node) {
            *is_open = open;
            self.find_rows(index);
        }
    }

    /// Unfolds or folds all containers. The whole stays unfolded.
    pub(crate) fn set_all(&mut self, index: &Index, open: bool) {
        self.is_open.fill(open);
        self.set(index, 0, true);
    }

    /// Unfolds what is needed for `node` to be visible, and returns its row.
    pub(crate) fn reveal(&mut self, index: &Index, node: usize) -> Option<usize> {
        if self.row_of(node).is_none() {
            let mut at = node;
            while let Some(parent) = index.parent(at) {
                *self.is_open.get_mut(parent)? = true;
                at = parent;
            }
            self.find_rows(index);
        }
        self.row_of(node)
    }

    fn find_rows(&mut self, index: &Index) {
        self.rows.clear();
        let mut at = 0;
        while at < index.len() {
            self.rows.push(at as u32);
            at = if self.is_open(at) {
                at + 1
            } else {
                index.next(at)
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::index::tests::{index, value},
        *,
    };

    #[test]
    fn the_first_levels_are_unfolded_up_to_a_number_of_rows() {
        let json = r#"{"a":[1,2,{"b":[3]}],"c":{"d":[]}}"#;
        let index = index(json, usize::MAX);
        // The nodes: 0 the whole, 1 a, 2 1, 3 2, 4 {b}, 5 b, 6 3, 7 c, 8 d.
        for (most, rows) in [
            (0, &[0, 1, 7][..]),
            (6, &[0, 1, 7]),
            (7, &[0, 1, 2, 3, 4, 7, 8]),
            (8, &[0, 1, 2, 3, 4, 5, 7, 8]),
            (9, &[0, 1, 2, 3, 4, 5, 6, 7, 8]),
        ] {
            assert_eq!(Folding::new(&index, most).rows(), rows, "{most}");
        }
    }

    #[test]
    fn a_row_is_visible_if_all_that_it_is_within_are_unfolded() {
        let mut random = fastrand::Rng::with_seed(2);
        for _ in 0..500 {
            let index = index(&value(&mut random, 5), usize::MAX);
            let mut folding = Folding::new(&index, random.usize(..20));
            for _ in 0..10 {
                let node = random.usize(..index.len());
                match random.u8(..8) {
                    0 => folding.set_all(&index, random.bool()),
                    1 => assert!(folding.reveal(&index, node).is_some()),
                    _ => folding.set(&index, node, random.bool()),
                }
                let is_visible = |node: &usize| {
                    let parents = std::iter::successors(Some(*node), |node| index.parent(*node));
                    parents.skip(1).all(|parent| folding.is_open(parent))
                };
                let expected: Vec<usize> = (0..index.len()).filter(is_visible).collect();
                let rows: Vec<usize> = folding.rows().iter().map(|row| *row as usize).collect();
                assert_eq!(rows, expected);
                for node in 0..index.len() {
                    let row = expected.iter().position(|row| *row == node);
                    assert_eq!(folding.row_of(node), row);
                }
            }
        }
    }
}
