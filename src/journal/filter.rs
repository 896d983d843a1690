//! Which lines are shown: by text, by event type, with or without what is beside the events.

use std::{collections::VecDeque, ops::Range};

use super::{Journal, Kind, Line};

/// What a line must be to be shown.
#[derive(Default)]
pub struct Criteria {
    /// What must be in its data.
    pub text: Text,
    /// Which event types, by their places among the journal's names; any if there is none.
    pub names: Vec<u16>,
    /// Whether comments, reconnection times and notes are left out.
    pub events_only: bool,
}

/// What must be in a text.
#[derive(Default)]
pub enum Text {
    /// Nothing.
    #[default]
    Any,
    /// These letters exactly.
    Exact(String),
    /// These letters, those of ASCII in capitals or not.
    Folded(String),
    /// Whatever this says, such as a regular expression of the browser's.
    Pattern(Box<dyn Fn(&str) -> bool>),
}

impl Text {
    fn is_in(&self, line: &Line<'_>) -> bool {
        let found = |needle: &str, find: fn(&[u8], &[u8]) -> bool| {
            let needle = needle.as_bytes();
            if line.row.direct {
                find(&line.own_bytes(), needle)
            } else {
                find(line.data().as_bytes(), needle)
            }
        };
        match self {
            Self::Any => true,
            Self::Exact(needle) => found(needle, contains),
            Self::Folded(needle) => found(needle, contains_folded),
            Self::Pattern(matches) => matches(&line.data()),
        }
    }
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    let Some((at, rare)) = rarest(needle) else {
        return true;
    };
    memchr::memchr_iter(rare, text)
        .filter_map(|found| text.get(found.checked_sub(at)?..))
        .any(|text| text.starts_with(needle))
}

fn contains_folded(text: &[u8], needle: &[u8]) -> bool {
    let Some((at, rare)) = rarest(needle) else {
        return true;
    };
    memchr::memchr2_iter(rare.to_ascii_lowercase(), rare.to_ascii_uppercase(), text)
        .filter_map(|found| text.get(found.checked_sub(at)?..)?.get(..needle.len()))
        .any(|text| text.eq_ignore_ascii_case(needle))
}

/// A byte of `needle`, and where in it, that is not found at every turn in JSON or English.
fn rarest(needle: &[u8]) -> Option<(usize, u8)> {
    let frequency = |byte: u8| match byte.to_ascii_lowercase() {
        b'"' | b' ' | b',' | b':' => 3,
        b'0'..=b'9' | b'a' | b'e' | b'i' | b'n' | b'o' | b'r' | b's' | b't' => 2,
        b'a'..=b'z' => 1,
        _ => 0,
    };
    // A few are enough to find one, and are looked at again for each line.
    let few = needle.iter().copied().enumerate().take(16);
    few.min_by_key(|(_, byte)| frequency(*byte))
}

impl Criteria {
    /// Whether every line is shown.
    pub fn is_all(&self) -> bool {
        !self.chooses() && !self.events_only
    }

    /// Whether something in particular is looked for; then the lines about the connection are left
    /// out.
    fn chooses(&self) -> bool {
        !self.names.is_empty() || !matches!(self.text, Text::Any)
    }

    /// Whether `line` is shown.
    pub fn matches(&self, line: &Line<'_>) -> bool {
        match line.kind() {
            Kind::Opened | Kind::Closed => return !self.chooses(),
            Kind::Event => {}
            Kind::Comment | Kind::Retry | Kind::Note => {
                if self.events_only || !self.names.is_empty() {
                    return false;
                }
            }
        }
        (self.names.is_empty() || line.name().is_some_and(|name| self.names.contains(&name)))
            && self.text.is_in(line)
    }
}

/// The lines that match, kept up to date in steps as others come and go.
#[derive(Default)]
pub struct Matches {
    criteria: Criteria,
    /// The numbers of the lines that match; unused if all do.
    found: VecDeque<u64>,
    /// The lines before this one were looked at.
    seen: u64,
}

impl Matches {
    /// Begins anew with other criteria: nothing is found until [`advance`](Self::advance).
    pub fn new(criteria: Criteria) -> Self {
        Self {
            criteria,
            found: VecDeque::new(),
            seen: 0,
        }
    }

    /// Whether nobody knows how long a line takes.
    pub fn is_costly(&self) -> bool {
        matches!(self.criteria.text, Text::Pattern(_))
    }

    /// Looks at up to `most` more lines, and forgets those that were evicted. Returns whether all
    /// were looked at.
    pub fn advance(&mut self, journal: &Journal, most: usize) -> bool {
        let kept = journal.kept();
        if self.criteria.is_all() {
            self.seen = kept.end;
            return true;
        }
        while self.found.front().is_some_and(|line| *line < kept.start) {
            self.found.pop_front();
        }
        self.seen = self.seen.max(kept.start);
        let until = kept.end.min(self.seen.saturating_add(most as u64));
        for seq in self.seen..until {
            if journal
                .get(seq)
                .is_some_and(|line| self.criteria.matches(&line))
            {
                self.found.push_back(seq);
            }
        }
        self.seen = until;
        until == kept.end
    }

    /// What part of the lines was looked at: from 0 to 1.
    pub fn progress(&self, journal: &Journal) -> f64 {
        let kept = journal.kept();
        let seen = self.seen.max(kept.start);
        if seen >= kept.end {
            return 1.0;
        }
        (seen - kept.start) as f64 / (kept.end - kept.start) as f64
    }

    /// How many of the lines before `end` match, as far as they were looked at.
    pub fn count(&self, journal: &Journal, end: u64) -> u64 {
        if self.criteria.is_all() {
            let kept = journal.kept();
            return end.clamp(kept.start, kept.end) - kept.start;
        }
        let gone = self.gone(journal.kept());
        (self.found.partition_point(|line| *line < end).max(gone) - gone) as u64
    }

    /// The number of the line at `place` among those that match.
    pub fn get(&self, journal: &Journal, place: u64) -> Option<u64> {
        let kept = journal.kept();
        if self.criteria.is_all() {
            return kept
                .start
                .checked_add(place)
                .filter(|line| *line < kept.end);
        }
        let place = self.gone(kept).checked_add(place.try_into().ok()?)?;
        self.found.get(place).copied()
    }

    /// How many were found that are evicted since.
    fn gone(&self, kept: Range<u64>) -> usize {
        self.found.partition_point(|line| *line < kept.start)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{Live, Owned},
        *,
    };

    #[derive(Debug)]
    enum Sought {
        Any,
        Exact(&'static str),
        Folded(&'static str),
        Shorter(usize),
    }

    /// Criteria that can be looked at.
    #[derive(Debug)]
    struct Spec {
        sought: Sought,
        names: Vec<u16>,
        events_only: bool,
    }

    impl Spec {
        fn random(random: &mut fastrand::Rng, names: usize) -> Self {
            const NEEDLES: [&str; 12] = [
                "",
                "a",
                "A",
                "\"b\"",
                "\": 1",
                "YYY",
                "ü",
                "\u{1F600}",
                "\n",
                "within",
                "NO",
                "aü",
            ];
            let needle = NEEDLES[random.usize(..NEEDLES.len())];
            Self {
                sought: match random.u8(..5) {
                    0 => Sought::Any,
                    1 | 2 => Sought::Exact(needle),
                    3 => Sought::Folded(needle),
                    _ => Sought::Shorter(random.usize(..20)),
                },
                names: (0..names as u16).filter(|_| random.u8(..4) == 0).collect(),
                events_only: random.bool(),
            }
        }

        fn criteria(&self) -> Criteria {
            Criteria {
                text: match self.sought {
                    Sought::Any => Text::Any,
                    Sought::Exact(needle) => Text::Exact(needle.to_owned()),
                    Sought::Folded(needle) => Text::Folded(needle.to_owned()),
                    Sought::Shorter(than) => Text::Pattern(Box::new(move |text| text.len() < than)),
                },
                names: self.names.clone(),
                events_only: self.events_only,
            }
        }

        fn matches(&self, journal: &Journal, line: &Owned) -> bool {
            let is_sought = match self.sought {
                Sought::Any => true,
                Sought::Exact(needle) => line.data.contains(needle),
                Sought::Folded(needle) => line
                    .data
                    .to_ascii_lowercase()
                    .contains(&needle.to_ascii_lowercase()),
                Sought::Shorter(than) => line.data.len() < than,
            };
            let is_named = |name: &u16| {
                line.kind == Kind::Event
                    && *journal.names()[usize::from(*name)].text == *line.event_type
            };
            if line.kind.is_link() {
                matches!(self.sought, Sought::Any) && self.names.is_empty()
            } else {
                is_sought
                    && (self.names.is_empty() || self.names.iter().any(is_named))
                    && !(self.events_only && line.kind.is_aside())
            }
        }
    }

    /// What holds when the lines before `seen` were looked at.
    fn check(matches: &Matches, spec: &Spec, live: &mut Live, seen: u64) {
        let kept = live.journal.kept();
        let expected: Vec<u64> = (kept.start..seen.max(kept.start))
            .filter(|seq| spec.matches(&live.journal, &live.all_lines()[*seq as usize]))
            .collect();
        let ends = [0, kept.start, seen, kept.end, u64::MAX];
        for end in ends.into_iter().chain([live.random.u64(0..=kept.end)]) {
            let before = expected.iter().filter(|seq| **seq < end).count();
            assert_eq!(matches.count(&live.journal, end), before as u64, "{spec:?}");
        }
        for place in 0..expected.len() + 2 {
            assert_eq!(
                matches.get(&live.journal, place as u64),
                expected.get(place).copied(),
                "{spec:?}"
            );
        }
        assert_eq!(matches.get(&live.journal, u64::MAX), None);
        let part = if seen.max(kept.start) == kept.end {
            1.0
        } else {
            (seen.max(kept.start) - kept.start) as f64 / (kept.end - kept.start) as f64
        };
        assert_eq!(matches.progress(&live.journal), part);
    }

    #[test]
    fn what_is_found_is_what_matches_and_is_kept() {
        for seed in 0..200 {
            let bound = [usize::MAX, 4_000, 1_000][seed as usize % 3];
            let mut live = Live::new(seed, bound, usize::MAX);
            let mut spec = Spec::random(&mut live.random, 0);
            let (mut matches, mut seen) = (Matches::new(spec.criteria()), 0);
            for _ in 0..60 {
                let received = live.journal.received();
                live.step();
                let is_cleared = live.journal.received() < received;
                if is_cleared || live.random.u8(..20) == 0 {
                    spec = Spec::random(&mut live.random, live.journal.names().len());
                    (matches, seen) = (Matches::new(spec.criteria()), 0);
                }
                // What is shown without a search is there at once.
                if !spec.criteria().is_all() {
                    check(&matches, &spec, &mut live, seen);
                }
                let most = [0, 1, 5, usize::MAX][live.random.usize(..4)];
                let kept = live.journal.kept();
                seen = seen.max(kept.start).saturating_add(most as u64);
                if spec.criteria().is_all() {
                    seen = kept.end;
                }
                seen = seen.min(kept.end);
                assert_eq!(matches.advance(&live.journal, most), seen == kept.end);
                check(&matches, &spec, &mut live, seen);
            }
        }
    }

    #[test]
    fn texts_are_searched_as_std_searches_them() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut word = |letters: &[char], most: usize| -> String {
            (0..random.usize(..most))
                .map(|_| letters[random.usize(..letters.len())])
                .collect()
        };
        for _ in 0..20_000 {
            let letters = ['a', 'A', 'b', '[', '{', '\u{E0}'];
            let (text, needle) = (word(&letters, 12), word(&letters, 4));
            let (bytes, sought) = (text.as_bytes(), needle.as_bytes());
            assert_eq!(contains(bytes, sought), text.contains(&needle));
            assert_eq!(
                contains_folded(bytes, sought),
                text.to_ascii_lowercase()
                    .contains(&needle.to_ascii_lowercase()),
                "{needle} in {text}"
            );
        }
    }
}
