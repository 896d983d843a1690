//! The rules on events that do not end.

use super::{
    Certainty::{Certain, Information, Likely},
    Evidence, Findings, Mistake, Trace,
    course::deliveries,
    framing::last_with_bytes,
    number, quoted,
};
use crate::{
    journal::{Journal, NoteKind},
    text,
};

/// From this size on an event without its empty line may just be large.
const LARGE: u64 = 64 << 10;

/// How many lines, and for how long, before an empty line is missed.
const LINES: usize = 3;
const SPAN_MS: f64 = 500.0;

/// How far apart parts of one write may arrive, in ms.
const TOGETHER_MS: f64 = 50.0;

/// How long nothing may follow the beginning of an event, in ms.
const PATIENCE_MS: f64 = 15_000.0;

/// Events that do not end. `before` is how many findings there were before those on framing.
pub(super) fn rules(evidence: &Evidence<'_>, found: &mut Findings, before: usize) {
    let journal = evidence.journal;
    let (pending, len) = journal.unfinished(LARGE as usize);
    let silence = last_with_bytes(journal).map_or(0.0, |last| last.silence(evidence.now));
    let nothing = evidence.no_event();
    let ended = journal.noted(NoteKind::Unfinished);
    let ended_line = (ended.count > 0 && pending.is_empty())
        .then(|| journal.get(ended.first))
        .flatten();
    let ended_bytes = ended_line.map(|line| line.first_bytes(LARGE as usize));
    let block = ended_bytes.as_deref().unwrap_or(&pending);
    if block.is_empty() {
        literal_at_the_end(journal, found);
        return;
    }
    let is_over = ended_bytes.is_some();
    let trace = |text: String| Trace {
        text,
        line: ended_line.map(|line| line.seq()),
    };
    let is_written =
        || is_over || silence >= SPAN_MS || read_apart(evidence, ends_literally).is_some();
    if nothing && has_literal_ends(block) && is_written() {
        let sentence = format!(
            "The line feeds are written as a backslash and an “n”: {} and no event.",
            text::bytes(block.len() as u64)
        );
        found.add(
            Mistake::LiteralEscapes,
            Certain,
            sentence,
            vec![trace(quoted(block))],
        );
        return;
    }
    if nothing && found.0.len() == before {
        let lines = data_lines(block);
        let is_small = len < LARGE && block.len() < LARGE as usize;
        let span = if is_over {
            None
        } else {
            read_apart(evidence, ends_a_line)
        };
        let is_complete = block
            .last()
            .is_some_and(|byte| matches!(byte, b'\n' | b'\r'));
        if is_small && is_over && is_complete && lines >= 1
            || is_small && span.is_some() && lines >= LINES
        {
            let sentence = format!(
                "{} and no blank line: end each event with an empty line. No event was dispatched.",
                number(lines as u64, "data line", "data lines")
            );
            let mut evidence = vec![trace(quoted(block))];
            if let Some(span) = span {
                evidence.push(Trace::text(format!(
                    "They arrived over {}.",
                    text::duration(span)
                )));
            }
            found.add(Mistake::NoBlankLine, Certain, sentence, evidence);
            return;
        }
    }
    if is_over {
        // The rules on the end have it.
        return;
    }
    if silence >= PATIENCE_MS {
        let sentence = format!(
            "An event began and did not end: {}, then nothing for more than 15 s.",
            text::bytes(len)
        );
        found.add(
            Mistake::NeverEnds,
            Likely,
            sentence,
            vec![trace(quoted(block))],
        );
    } else if len >= LARGE {
        let sentence = format!("An event of {} so far has not ended yet.", text::bytes(len));
        found.add(
            Mistake::LargeEvent,
            Information,
            sentence,
            vec![trace(quoted(&block[..block.len().min(61)]))],
        );
    }
}

/// How many lines of `block` are data.
fn data_lines(block: &[u8]) -> usize {
    block
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .filter(|line| line.starts_with(b"data:") || *line == b"data")
        .count()
}

fn ends_a_line(last: &[u8]) -> bool {
    last.last()
        .is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
}

/// Whether bytes end in a line feed that is written as a backslash and an “n”, perhaps before a quotation mark.
fn ends_literally(last: &[u8]) -> bool {
    matches!(last, b"\\n" | b"n'" | b"n\"")
}

/// Over which time the unfinished event arrived, if it did so in several reads that each end so: an event that is
/// only large is cut anywhere. `ends` is given the last two bytes.
fn read_apart(evidence: &Evidence<'_>, ends: fn(&[u8]) -> bool) -> Option<f64> {
    let journal = evidence.journal;
    let start = journal.unfinished_at();
    let mut reads = deliveries(journal, TOGETHER_MS);
    reads.retain(|read| read.end > start);
    let (first, last) = (reads.first()?, reads.last()?);
    let span = last.from - first.from;
    let whole = reads
        .iter()
        .all(|read| ends(&journal.bytes_before(read.end)));
    (whole && reads.len() >= LINES && span >= SPAN_MS).then_some(span)
}

/// Whether a line goes on after a line feed that is written as a backslash and an “n”.
fn has_literal_ends(block: &[u8]) -> bool {
    if !begins_with_field(without_quote(block)) {
        return false;
    }
    ["\\ndata:", "\\nevent:", "\\nid:", "\\n\\ndata"]
        .iter()
        .any(|end| block.windows(end.len()).any(|part| part == end.as_bytes()))
        || without_quote_at_the_end(block.trim_ascii_end()).ends_with(b"\\n\\n")
}

fn begins_with_field(line: &[u8]) -> bool {
    let names = [&b"data:"[..], b"event:", b"id:"];
    names.iter().any(|name| line.starts_with(name))
}

/// A line without the beginning of a string in Python or JSON: `b'`, `'` or `"`.
fn without_quote(line: &[u8]) -> &[u8] {
    let rest = line.strip_prefix(b"b").unwrap_or(line);
    match rest {
        [b'\'' | b'"', rest @ ..] => rest,
        _ => line,
    }
}

fn without_quote_at_the_end(line: &[u8]) -> &[u8] {
    match line {
        [rest @ .., b'\'' | b'"'] => rest,
        _ => line,
    }
}

/// Whether `line` is a quoted string with the fields of an event in it.
pub(super) fn is_quoted_event(line: &[u8]) -> bool {
    let rest = without_quote(line);
    rest.len() < line.len() && begins_with_field(rest)
}

/// Whether the data of the last event ends in line feeds that are written as a backslash and an “n”.
pub(super) fn literal_at_the_end(journal: &Journal, found: &mut Findings) {
    let last = journal.last_event().filter(|line| line.size() < 4_096);
    if let Some(line) = last
        && line.data().ends_with("\\n\\n")
    {
        let sentence =
            "The data ends in “\\n\\n”: the line feeds are written as a backslash and an “n”.";
        let trace = Trace::line(journal, line.seq());
        found.add(
            Mistake::LiteralEscapes,
            Likely,
            sentence,
            trace.into_iter().collect(),
        );
    }
}
