//! Which chips are pressed.

use crate::text;

/// The chips that are pressed: the lines that a pressed chip stands for are shown.
///
/// Either all events are chosen, or those of some types. Comments and notes have a separate switch.
/// Choosing a type turns it off, so that one press leaves the events of that type; choosing all events
/// restores its earlier state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    /// The chosen event types; all if empty.
    names: Vec<String>,
    /// Whether comments and notes are shown beside all events.
    asides_with_all: bool,
    /// Whether comments and notes are shown beside the events of the chosen types.
    asides_with_some: bool,
}

impl Chosen {
    /// All events, with comments and notes or without.
    pub(super) fn all(asides: bool) -> Self {
        Self {
            names: Vec::new(),
            asides_with_all: asides,
            asides_with_some: false,
        }
    }

    /// The chosen event types; all if empty.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether all events are chosen.
    pub(super) fn is_all(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether the event type `name` is chosen by itself.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|chosen| chosen == name)
    }

    /// Whether comments and notes are shown.
    pub(super) fn has_asides(&self) -> bool {
        if self.is_all() {
            self.asides_with_all
        } else {
            self.asides_with_some
        }
    }

    /// Whether comments and notes are shown beside all events: the part that is remembered.
    pub(super) fn has_asides_with_all(&self) -> bool {
        self.asides_with_all
    }

    /// Presses the chip of all events.
    pub(super) fn choose_all(&mut self) {
        self.names.clear();
    }

    /// Presses the chip of the event type `name`.
    pub(super) fn toggle(&mut self, name: &str) {
        if self.is_all() {
            self.asides_with_some = false;
        }
        match self.names.iter().position(|chosen| chosen == name) {
            Some(place) => drop(self.names.remove(place)),
            None => self.names.push(name.to_owned()),
        }
    }

    /// Presses the chip of comments and notes.
    pub(super) fn toggle_asides(&mut self) {
        let asides = if self.is_all() {
            &mut self.asides_with_all
        } else {
            &mut self.asides_with_some
        };
        *asides = !*asides;
    }
}

/// What the chips hide: `5 events and 3 comments and notes hidden`. Empty if they hide nothing.
pub(super) fn hidden(events: u64, asides: u64) -> String {
    let counted = |count: u64, one: &str, more: &str| {
        let what = if count == 1 { one } else { more };
        (count > 0).then(|| [&*text::count(count), " ", what].concat())
    };
    let events = counted(events, "event", "events");
    let asides = counted(asides, "comment or note", "comments and notes");
    let parts: Vec<_> = events.into_iter().chain(asides).collect();
    if parts.is_empty() {
        return String::new();
    }
    [&*parts.join(", "), " hidden"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_press_shows_one_type_and_another_shows_all() {
        let mut chosen = Chosen::all(true);
        assert!(chosen.is_all() && chosen.has_asides());
        chosen.toggle("a");
        assert_eq!(chosen.names(), ["a"]);
        assert!(!chosen.has_asides());
        chosen.toggle("b");
        chosen.toggle_asides();
        assert!(chosen.has("a") && chosen.has("b") && chosen.has_asides());
        chosen.toggle("a");
        assert!(chosen.has_asides(), "another type does not hide them");
        chosen.choose_all();
        assert_eq!(
            chosen,
            Chosen {
                asides_with_some: true,
                ..Chosen::all(true)
            }
        );
        chosen.toggle("a");
        assert!(!chosen.has_asides(), "each choice begins without them");
        chosen.toggle("a");
        assert!(chosen.is_all() && chosen.has_asides());
    }

    #[test]
    fn comments_stay_hidden_beside_all_events_until_they_are_chosen() {
        let mut chosen = Chosen::all(true);
        chosen.toggle_asides();
        assert_eq!(chosen, Chosen::all(false));
        chosen.toggle("a");
        chosen.toggle_asides();
        assert!(chosen.has_asides() && !chosen.has_asides_with_all());
        chosen.choose_all();
        assert!(!chosen.has_asides());
    }

    #[test]
    fn hidden_lines_are_counted() {
        for (events, asides, expected) in [
            (0, 0, ""),
            (1, 0, "1 event hidden"),
            (2, 0, "2 events hidden"),
            (0, 1, "1 comment or note hidden"),
            (1_000, 3, "1\u{2009}000 events, 3 comments and notes hidden"),
        ] {
            assert_eq!(hidden(events, asides), expected);
        }
    }
}
