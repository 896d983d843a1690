//! The table of event types.

/// How many event types the table holds. A stream that makes up a new type for each event must not
/// make it grow for ever.
const MOST: usize = 4096;

/// The longest event type in the table, in bytes.
const LONGEST: usize = 256;

/// An event type, and how many events have it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Name {
    /// The event type.
    pub text: Box<str>,
    /// How many kept events have this type.
    pub kept: u64,
    /// How many events of this type were received since the log was cleared.
    pub received: u64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    names: Vec<Name>,
    /// The indices of `names`, in the order of their texts.
    order: Vec<u16>,
    /// The index of the type that was added last: most streams repeat one.
    last: u16,
}

impl Names {
    /// Counts one more event of the type `text` and returns its index; `None` if the table has no room
    /// for it.
    pub(super) fn add(&mut self, text: &str) -> Option<u16> {
        let is_last = self
            .names
            .get(usize::from(self.last))
            .is_some_and(|name| *name.text == *text);
        if !is_last {
            self.last = self.find(text)?;
        }
        let name = &mut self.names[usize::from(self.last)];
        name.kept += 1;
        name.received += 1;
        Some(self.last)
    }

    fn find(&mut self, text: &str) -> Option<u16> {
        let names = &self.names;
        let found = self
            .order
            .binary_search_by(|index| (*names[usize::from(*index)].text).cmp(text));
        match found {
            Ok(place) => Some(self.order[place]),
            Err(_) if self.names.len() >= MOST || text.len() > LONGEST => None,
            Err(place) => {
                let index = self.names.len() as u16;
                self.names.push(Name {
                    text: text.into(),
                    kept: 0,
                    received: 0,
                });
                self.order.insert(place, index);
                Some(index)
            }
        }
    }

    /// One event of the type with this index was evicted.
    pub(super) fn remove(&mut self, index: u16) {
        if let Some(name) = self.names.get_mut(usize::from(index)) {
            name.kept -= 1;
        }
    }

    /// The log was cleared, so no event is kept. Each type keeps its index, so that it keeps its colour;
    /// only a table that is full starts again.
    pub(super) fn clear(&mut self) {
        if self.names.len() == MOST {
            *self = Self::default();
        }
        for name in &mut self.names {
            (name.kept, name.received) = (0, 0);
        }
    }

    pub(super) fn get(&self, index: u16) -> Option<&str> {
        self.names.get(usize::from(index)).map(|name| &*name.text)
    }

    pub(super) fn all(&self) -> &[Name] {
        &self.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_is_in_the_table_once_and_counted() {
        let mut names = Names::default();
        let added: Vec<_> = ["b", "a", "b", "b", "c", "a"]
            .map(|text| names.add(text).expect("few"))
            .into();
        assert_eq!(added, [0, 1, 0, 0, 2, 1]);
        names.remove(0);
        let counts: Vec<_> = names
            .all()
            .iter()
            .map(|name| (&*name.text, name.kept))
            .collect();
        assert_eq!(counts, [("b", 2), ("a", 2), ("c", 1)]);
        assert_eq!(names.get(2), Some("c"));
        assert_eq!(names.get(3), None);
        names.clear();
        assert_eq!(names.add("c"), Some(2), "a type keeps its index");
        let counts: Vec<_> = names
            .all()
            .iter()
            .map(|name| (name.kept, name.received))
            .collect();
        assert_eq!(counts, [(0, 0), (0, 0), (1, 1)]);
    }

    #[test]
    fn a_stream_of_new_names_is_bounded() {
        let mut names = Names::default();
        for n in 0..2 * MOST {
            names.add(&n.to_string());
        }
        assert_eq!(names.all().len(), MOST);
        assert_eq!(names.add("0"), Some(0), "known types are found");
        assert_eq!(names.add(&"x".repeat(LONGEST + 1)), None);
        names.clear();
        assert_eq!(names.add("new"), Some(0), "a full table starts again");
    }
}
