//! Why a stream shows nothing, or the wrong thing: evidence in, findings out. Pure.
//!
//! | file | contents |
//! | --- | --- |
//! | `mod.rs` | [`Evidence`], [`Finding`] and [`diagnose`] |
//! | `mistake.rs` | [`Mistake`]: what can be wrong, each with its name, its source and its mend |
//! | `framing.rs` | the rules on the bytes: no stream at all, lines that are ignored |
//! | `unfinished.rs` | the rules on events that do not end |
//! | `fields.rs` | the rules on comments and on the values of fields |
//! | `dispatched.rs` | the rules on the data of events, where the bytes are not seen |
//! | `sample.rs` | the rules on the bytes, by a sample of them |
//! | `types.rs` | the rules on event types |
//! | `answer.rs` | the rules on the response |
//! | `connection.rs` | the rules on its absence |
//! | `coding.rs` | the rules on compression, and on a head that is late |
//! | `origin.rs` | the rules on CORS and schemes |
//! | `course.rs` | the rules on several connections, and on the times of reads |
//! | `ending.rs` | how a stream ended, and whether it is silent |
//! | `report.rs` | findings as Markdown |
//!
//! A rule claims only what its evidence shows. What a healthy stream can do as well is
//! [`Information`](Certainty::Information), whatever it looks like: there must never be a false alarm.

mod answer;
mod coding;
mod connection;
mod course;
mod dispatched;
mod ending;
mod fields;
mod framing;
mod mistake;
mod origin;
mod report;
mod sample;
mod types;
mod unfinished;

use crate::{
    journal::{Journal, Line},
    session::{Link, Probes},
    source::{Comparison, Failure, Relayed, Response},
    text,
};

pub(crate) use coding::{Doubt, doubt};
pub(crate) use connection::probe_lines;
pub(crate) use mistake::Mistake;
pub(crate) use report::markdown;
pub(crate) use sample::line as sample_line;

/// What is known of a stream. Times are in ms since the Unix epoch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Evidence<'a> {
    pub(crate) means: Means,
    /// The state of the connection.
    pub(crate) link: &'a Link,
    /// The response to the last request, where it is known.
    pub(crate) response: Option<&'a Response>,
    /// What the relay reports about it.
    pub(crate) relayed: Option<&'a Relayed>,
    /// How the last connection failed or ended; `None` while one is open.
    pub(crate) failure: Option<&'a Failure>,
    /// What was found out by probes about that failure.
    pub(crate) probes: &'a Probes,
    /// The stream with compression and without, if they were compared.
    pub(crate) comparison: Option<&'a Comparison>,
    pub(crate) journal: &'a Journal,
    /// By EventSource: the beginning of the same stream by fetch.
    pub(crate) sample: Option<&'a Evidence<'a>>,
    /// The event types that the user asked for.
    pub(crate) asked: &'a [String],
    pub(crate) now: f64,
}

/// By which means the stream is received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Means {
    /// By the browser's `EventSource`, which exposes neither bytes nor comments nor the response.
    EventSource,
    /// By fetch.
    Fetch,
    /// By the relay.
    Relay,
    /// It is a capture: nothing is known of the connection.
    Capture,
}

impl Evidence<'_> {
    /// Whether everything of the stream counts and no event was dispatched.
    fn no_event(&self) -> bool {
        self.journal.figures().events == 0 && self.journal.connections().all(|each| each.is_whole)
    }

    /// Whether the bytes are those of the server.
    fn sees_bytes(&self) -> bool {
        self.means != Means::EventSource
    }
}

/// How certain a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Certainty {
    /// It is wrong, and this is why.
    Certain,
    /// It is probably wrong.
    Likely,
    /// Nothing is wrong that could be known.
    Information,
}

impl Certainty {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Information => "information",
        }
    }
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finding {
    pub(crate) mistake: Mistake,
    pub(crate) certainty: Certainty,
    /// What is wrong, with the figures of this stream.
    pub(crate) sentence: String,
    /// What shows it.
    pub(crate) evidence: Vec<Trace>,
}

/// A piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trace {
    pub(crate) text: String,
    /// The number of the line of the log that shows it.
    pub(crate) line: Option<u64>,
}

impl Trace {
    fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            line: None,
        }
    }

    /// The line `number` of the log, with its place in the stream and its first bytes.
    fn line(journal: &Journal, number: u64) -> Option<Self> {
        let line = journal.get(number)?;
        let bytes = line.first_bytes(QUOTED + 1);
        let mut text = match line.place() {
            Some(place) => format!(
                "Bytes {} to {}: ",
                text::count(place.start),
                text::count(place.end - 1)
            ),
            None => String::new(),
        };
        text.push_str(&quoted(&bytes));
        Some(Self {
            text,
            line: Some(line.seq()),
        })
    }

    /// The first and the last line of several.
    fn lines(journal: &Journal, sign: crate::journal::Sign) -> Vec<Self> {
        let mut numbers = vec![sign.first];
        if sign.last != sign.first {
            numbers.push(sign.last);
        }
        let lines = numbers.into_iter();
        lines.filter_map(|line| Self::line(journal, line)).collect()
    }
}

/// The findings so far, most certain first.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(
        &mut self,
        mistake: Mistake,
        certainty: Certainty,
        sentence: impl Into<String>,
        evidence: Vec<Trace>,
    ) {
        if self.0.iter().any(|other| other.mistake == mistake) {
            return;
        }
        // In its place, behind those of the same certainty: rules that come first are nearer to the cause.
        let place = self.0.partition_point(|other| other.certainty <= certainty);
        let finding = Finding {
            mistake,
            certainty,
            sentence: sentence.into(),
            evidence,
        };
        self.0.insert(place, finding);
    }
}

/// What is found in `evidence`, most certain first.
///
/// It reads a bounded part of the journal, so it can be called each second while the stream is flooded.
pub(crate) fn diagnose(evidence: &Evidence<'_>) -> Vec<Finding> {
    let mut found = Findings::default();
    answer::rules(evidence, &mut found);
    if evidence.sees_bytes() {
        framing::rules(evidence, &mut found);
    } else {
        sample::rules(evidence, &mut found);
        dispatched::rules(evidence, &mut found);
    }
    course::rules(evidence, &mut found);
    coding::rules(evidence, &mut found);
    ending::rules(evidence, &mut found);
    types::rules(evidence, &mut found);
    found.0
}

/// How much of a text is quoted, in bytes.
const QUOTED: usize = 60;

/// The beginning of `bytes` in quotation marks, on one line.
fn quoted(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(QUOTED)];
    let mut out = "“".to_owned();
    for c in String::from_utf8_lossy(shown).chars() {
        match c {
            '\n' => out.push('↵'),
            '\r' => out.push('␍'),
            c if c.is_control() => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    if shown.len() < bytes.len() {
        out.push('…');
    }
    out.push('”');
    out
}

/// `1 event`, `2 events`.
fn number(count: u64, one: &str, several: &str) -> String {
    let noun = if count == 1 { one } else { several };
    [&text::count(count), " ", noun].concat()
}

/// The events among the lines in `lines`, oldest first.
fn events(
    journal: &Journal,
    lines: std::ops::Range<u64>,
) -> impl DoubleEndedIterator<Item = Line<'_>> {
    lines
        .filter_map(|line| journal.get(line))
        .filter(|line| line.kind() == crate::journal::Kind::Event)
}

#[cfg(test)]
mod tests;
