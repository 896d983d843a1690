//! Which lines are shown: by text, by event type, with or without comments and notes, and as a client with
//! an `EventSource` receives them.

use std::{collections::VecDeque, ops::Range};

use memchr::memmem::Finder;

use super::{Journal, Kind, Line};

/// The conditions that a line must meet to be shown.
#[derive(Default)]
pub(crate) struct Criteria {
    /// What its data must contain.
    pub(crate) text: Text,
    /// The types of the events to show; all if empty.
    pub(crate) names: Vec<String>,
    /// Whether to leave out comments, reconnection times and notes.
    pub(crate) events_only: bool,
    /// Show only what a client that listens to these event types receives, if given; see
    /// [`Dispatch`](super::Dispatch).
    pub(crate) listeners: Option<Vec<String>>,
}

/// What a text must contain.
#[derive(Default)]
pub(crate) enum Text {
    /// Anything: every text matches.
    #[default]
    Any,
    /// This text; see [`Text::exact`].
    Exact(Box<Finder<'static>>),
    /// This text, where the case of ASCII letters does not matter.
    Folded(String),
    /// A match by any other rule, such as a regular expression of the browser.
    Pattern(Box<dyn Fn(&str) -> bool + Send + Sync>),
}

impl Text {
    /// Matches `needle` exactly.
    pub(crate) fn exact(needle: &str) -> Self {
        Self::Exact(Box::new(Finder::new(needle).into_owned()))
    }

    fn is_in(&self, line: &Line<'_>) -> bool {
        let found = |find: &dyn Fn(&[u8]) -> bool| {
            if line.row.direct {
                find(&line.own_bytes())
            } else {
                find(line.data().as_bytes())
            }
        };
        match self {
            Self::Any => true,
            Self::Exact(needle) => found(&|text| needle.find(text).is_some()),
            Self::Folded(needle) => found(&|text| contains_folded(text, needle.as_bytes())),
            Self::Pattern(matches) => matches(&line.data()),
        }
    }
}

/// Whether `text` contains `needle`, where the case of ASCII letters does not matter.
fn contains_folded(text: &[u8], needle: &[u8]) -> bool {
    let Some((at, rare)) = rarest(needle) else {
        return true;
    };
    memchr::memchr2_iter(rare.to_ascii_lowercase(), rare.to_ascii_uppercase(), text)
        .filter_map(|found| text.get(found.checked_sub(at)?..)?.get(..needle.len()))
        .any(|text| text.eq_ignore_ascii_case(needle))
}

/// The byte of `needle` that is probably the rarest in JSON or English, and its position.
fn rarest(needle: &[u8]) -> Option<(usize, u8)> {
    let frequency = |byte: u8| match byte.to_ascii_lowercase() {
        b'"' | b' ' | b',' | b':' => 3,
        b'0'..=b'9' | b'a' | b'e' | b'i' | b'n' | b'o' | b'r' | b's' | b't' => 2,
        b'a'..=b'z' => 1,
        _ => 0,
    };
    // This runs for each line, and the first bytes are enough to find a rare one.
    let first = needle.iter().copied().enumerate().take(16);
    first.min_by_key(|(_, byte)| frequency(*byte))
}

impl Criteria {
    /// Whether every line is shown.
    pub(crate) fn is_all(&self) -> bool {
        !self.is_search() && !self.events_only && self.listeners.is_none()
    }

    /// Whether a text or a type is searched for. The lines about the connection are then left out.
    fn is_search(&self) -> bool {
        !self.names.is_empty() || !matches!(self.text, Text::Any)
    }

    /// Whether `line` is shown.
    pub(crate) fn matches(&self, line: &Line<'_>) -> bool {
        let mut listeners = self.listeners.iter();
        if listeners.any(|listeners| line.dispatch(listeners).is_missed()) {
            return false;
        }
        match line.kind() {
            Kind::Opened | Kind::Closed | Kind::Failed => !self.is_search(),
            Kind::Event => {
                let names = &self.names;
                let is_named =
                    names.is_empty() || names.iter().any(|name| *name == line.event_type());
                is_named && self.text.is_in(line)
            }
            Kind::Comment | Kind::Retry | Kind::Note => !self.events_only && self.text.is_in(line),
        }
    }
}

/// Numbers of lines, in ascending order.
pub(crate) enum Lines {
    Range(Range<u64>),
    List(Vec<u64>),
}

impl Lines {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Range(range) => (range.end - range.start) as usize,
            Self::List(list) => list.len(),
        }
    }

    /// The number at index `place`.
    pub(crate) fn get(&self, place: usize) -> Option<u64> {
        match self {
            Self::Range(range) => {
                let line = range.start.checked_add(place as u64)?;
                Some(line).filter(|line| *line < range.end)
            }
            Self::List(list) => list.get(place).copied(),
        }
    }
}

/// The lines that match. They are brought up to date in steps, as lines are added and evicted.
#[derive(Default)]
pub(crate) struct Matches {
    criteria: Criteria,
    /// The numbers of the lines that match; unused if all do.
    found: VecDeque<u64>,
    /// The first line that was not examined yet.
    seen: u64,
}

impl Matches {
    /// No matches yet: [`advance`](Self::advance) finds them.
    pub(crate) fn new(criteria: Criteria) -> Self {
        Self {
            criteria,
            found: VecDeque::new(),
            seen: 0,
        }
    }

    /// Whether matching one line may take unbounded time.
    pub(crate) fn is_costly(&self) -> bool {
        matches!(self.criteria.text, Text::Pattern(_))
    }

    /// Examines up to `most` more lines, and drops matches that were evicted. Returns whether all lines
    /// were examined.
    pub(crate) fn advance(&mut self, journal: &Journal, most: usize) -> bool {
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

    /// The fraction of the lines that was examined, from 0 to 1.
    pub(crate) fn progress(&self, journal: &Journal) -> f64 {
        let kept = journal.kept();
        let seen = self.seen.max(kept.start);
        if seen >= kept.end {
            return 1.0;
        }
        (seen - kept.start) as f64 / (kept.end - kept.start) as f64
    }

    /// How many of the examined lines before `end` match.
    pub(crate) fn count(&self, journal: &Journal, end: u64) -> u64 {
        if self.criteria.is_all() {
            let kept = journal.kept();
            return end.clamp(kept.start, kept.end) - kept.start;
        }
        let gone = self.gone(journal.kept());
        (self.found.partition_point(|line| *line < end).max(gone) - gone) as u64
    }

    /// The number of the line at index `place` among the matches.
    pub(crate) fn get(&self, journal: &Journal, place: u64) -> Option<u64> {
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

    /// The numbers of the lines before `end` that match, of those examined so far.
    pub(crate) fn lines(&self, journal: &Journal, end: u64) -> Lines {
        let kept = journal.kept();
        if self.criteria.is_all() {
            return Lines::Range(kept.start..end.clamp(kept.start, kept.end));
        }
        let found = self.found.iter().copied();
        let before_end = found.take_while(|line| *line < end);
        Lines::List(before_end.filter(|line| *line >= kept.start).collect())
    }

    /// How many of the found lines were evicted since.
    fn gone(&self, kept: Range<u64>) -> usize {
        self.found.partition_point(|line| *line < kept.start)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Name,
            tests::{Live, Owned},
        },
        *,
    };

    #[derive(Debug)]
    enum Sought {
        Any,
        Exact(&'static str),
        Folded(&'static str),
        Shorter(usize),
    }

    /// The same as [`Criteria`], with a `Debug` format.
    #[derive(Debug)]
    struct Spec {
        sought: Sought,
        names: Vec<String>,
        events_only: bool,
        listeners: Option<Vec<String>>,
    }

    impl Spec {
        fn random(random: &mut fastrand::Rng, names: &[Name]) -> Self {
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
            let mut some = || -> Vec<String> {
                let names = names.iter().filter(|_| random.u8(..4) == 0);
                names.map(|name| name.text.to_string()).collect()
            };
            let (names, listeners) = (some(), some());
            Self {
                sought: match random.u8(..5) {
                    0 => Sought::Any,
                    1 | 2 => Sought::Exact(needle),
                    3 => Sought::Folded(needle),
                    _ => Sought::Shorter(random.usize(..20)),
                },
                names,
                events_only: random.bool(),
                listeners: (random.u8(..3) == 0).then_some(listeners),
            }
        }

        fn criteria(&self) -> Criteria {
            Criteria {
                text: match self.sought {
                    Sought::Any => Text::Any,
                    Sought::Exact(needle) => Text::exact(needle),
                    Sought::Folded(needle) => Text::Folded(needle.to_owned()),
                    Sought::Shorter(than) => Text::Pattern(Box::new(move |text| text.len() < than)),
                },
                names: self.names.clone(),
                events_only: self.events_only,
                listeners: self.listeners.clone(),
            }
        }

        fn matches(&self, line: &Owned) -> bool {
            let is_sought = match self.sought {
                Sought::Any => true,
                Sought::Exact(needle) => line.data.contains(needle),
                Sought::Folded(needle) => line
                    .data
                    .to_ascii_lowercase()
                    .contains(&needle.to_ascii_lowercase()),
                Sought::Shorter(than) => line.data.len() < than,
            };
            let is_named = |name: &String| *name == line.event_type;
            let is_received = self.listeners.as_ref().is_none_or(|listeners| {
                let is_heard = ["message", "open", "error"].contains(&&*line.event_type);
                match line.kind {
                    Kind::Event => is_heard || listeners.iter().any(is_named),
                    // Its type is not known.
                    Kind::Note => line.data.contains("larger than the"),
                    kind => kind.is_link(),
                }
            });
            if line.kind.is_link() {
                matches!(self.sought, Sought::Any) && self.names.is_empty()
            } else {
                let is_chosen = match line.kind {
                    Kind::Event => self.names.is_empty() || self.names.iter().any(is_named),
                    _ => !self.events_only,
                };
                is_sought && is_chosen && is_received
            }
        }
    }

    /// Checks the matches after the lines before `seen` were examined.
    fn check(matches: &Matches, spec: &Spec, live: &mut Live, seen: u64) {
        let kept = live.journal.kept();
        let expected: Vec<u64> = (kept.start..seen.max(kept.start))
            .filter(|seq| spec.matches(&live.all_lines()[*seq as usize]))
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
        let lines = matches.lines(&live.journal, u64::MAX);
        let listed: Vec<u64> = (0..lines.len())
            .filter_map(|place| lines.get(place))
            .collect();
        assert_eq!(listed, expected, "{spec:?}");
        assert_eq!(lines.get(lines.len()), None);
        let before = matches.lines(&live.journal, seen / 2).len() as u64;
        assert_eq!(before, matches.count(&live.journal, seen / 2));
        let part = if seen.max(kept.start) == kept.end {
            1.0
        } else {
            (seen.max(kept.start) - kept.start) as f64 / (kept.end - kept.start) as f64
        };
        assert_eq!(matches.progress(&live.journal), part);
    }

    #[test]
    fn the_matches_are_the_kept_lines_that_meet_the_criteria() {
        for seed in 0..200 {
            let bound = [usize::MAX, 4_000, 1_000][seed as usize % 3];
            let mut live = Live::new(seed, bound, usize::MAX);
            let mut spec = Spec::random(&mut live.random, &[]);
            let (mut matches, mut seen) = (Matches::new(spec.criteria()), 0);
            for _ in 0..60 {
                let received = live.journal.received();
                live.step();
                let is_cleared = live.journal.received() < received;
                if is_cleared || live.random.u8(..20) == 0 {
                    spec = Spec::random(&mut live.random, live.journal.names());
                    (matches, seen) = (Matches::new(spec.criteria()), 0);
                }
                // Without criteria, all lines match at once.
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
    fn text_search_agrees_with_std() {
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
            assert_eq!(
                contains_folded(bytes, sought),
                text.to_ascii_lowercase()
                    .contains(&needle.to_ascii_lowercase()),
                "{needle} in {text}"
            );
        }
    }
}
