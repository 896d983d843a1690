//! The rules on bytes and fields: what has no effect, or another one than was meant.

use super::{
    Certainty::{Certain, Information, Likely},
    Evidence, Findings, Mistake, Trace,
    course::deliveries,
    number, quoted,
};
use crate::{
    journal::{Connection, Journal, NoteKind, Sign},
    text,
};

/// From this size on an event without its empty line may just be large.
const LARGE: u64 = 64 << 10;

/// How many comments there must be before it is said that there is nothing else.
const COMMENTS: u64 = 3;

/// How many lines, and for how long, before an empty line is missed.
const LINES: usize = 3;
const SPAN_MS: f64 = 500.0;

/// How far apart parts of one write may arrive, in ms.
const TOGETHER_MS: f64 = 50.0;

/// How long nothing may follow the beginning of an event, in ms.
const PATIENCE_MS: f64 = 15_000.0;

/// Reconnection times that were hardly meant: below, as if in seconds; from this one on, away for long. In ms.
const SMALL_RETRY: u64 = 100;
const LONG_RETRY: u64 = 3_600_000;

pub(super) fn rules(evidence: &Evidence<'_>, found: &mut Findings) {
    let journal = evidence.journal;
    let before = found.0.len();
    no_stream(evidence, found);
    if found.0.len() > before {
        // Whatever the lines look like follows from this.
        return;
    }
    ignored_lines(evidence, found);
    unfinished(evidence, found, before);
    comments(evidence, found, before);
    fields(journal, found);
    utf8(journal, found);
    large(evidence, found);
}

/// The last connection over which bytes arrived.
fn last_with_bytes(journal: &Journal) -> Option<Connection> {
    let mut connections = journal.connections().rev();
    connections.find(|connection| connection.bytes > 0)
}

/// Bytes that are none of an event stream at all.
fn no_stream(evidence: &Evidence<'_>, found: &mut Findings) {
    let journal = evidence.journal;
    let Some(connection) = last_with_bytes(journal).filter(|connection| connection.is_whole) else {
        return;
    };
    let head = journal.beginning_of(&connection, 64);
    let trace = || vec![Trace::text(format!("The first bytes: {}", hex(&head)))];
    match *head {
        // gzip, and zstd (RFC 8878, 3.1.1).
        [0x1F, 0x8B, 8, ..] | [0x28, 0xB5, 0x2F, 0xFD, ..] => {
            let what = if head[0] == 0x1F { "gzip" } else { "zstd" };
            let sentence = format!(
                "What arrives is compressed ({what}): content-encoding is missing, or it was compressed twice. {} and no line of an event stream.",
                text::bytes(connection.bytes)
            );
            found.add(Mistake::GzipUnmarked, Certain, sentence, trace());
        }
        _ if is_utf16(&head) => {
            let sentence =
                "The stream is UTF-16: every other byte is zero. Event streams are always UTF-8.";
            found.add(Mistake::Utf16, Certain, sentence, trace());
        }
        _ if evidence.no_event() && is_page(&head) => {
            let sentence = "A web page was sent as an event stream: it begins with HTML.";
            let trace = Trace::text(format!("The first bytes: {}", quoted(&head)));
            found.add(Mistake::PageAsStream, Certain, sentence, vec![trace]);
        }
        _ => {}
    }
}

fn is_utf16(head: &[u8]) -> bool {
    let Some(head) = head.get(..8) else {
        return false;
    };
    let zero = |odd: usize| (0..8).all(|at| (head[at] == 0) == (at % 2 == odd));
    let after_mark = |odd: usize| (2..8).all(|at| (head[at] == 0) == (at % 2 == odd));
    zero(1)
        || zero(0)
        || (head.starts_with(&[0xFF, 0xFE]) && after_mark(1))
        || (head.starts_with(&[0xFE, 0xFF]) && after_mark(0))
}

/// Whether `text` begins as an HTML document does.
pub(super) fn is_page(text: &[u8]) -> bool {
    let text = text.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(text);
    let text = text.trim_ascii_start();
    [&b"<!doctype html"[..], b"<html", b"<head"]
        .iter()
        .any(|begin| {
            text.get(..begin.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(begin))
        })
}

/// `1f 8b 08 …`
fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('?');
    let mut out = String::new();
    for byte in bytes.iter().take(12) {
        out.extend([digit(byte >> 4), digit(byte & 15), ' ']);
    }
    out.push('…');
    out
}

/// Lines that are ignored because of how they begin.
fn ignored_lines(evidence: &Evidence<'_>, found: &mut Findings) {
    let journal = evidence.journal;
    let nothing = evidence.no_event();
    let json = journal.noted(NoteKind::BareJson);
    let unnamed = journal.noted(NoteKind::NoColon);
    if json.count > 0 {
        // A line of indented JSON begins with a quotation mark; its other lines have no colon.
        if first_byte(journal, json) == Some(b'"') || (unnamed.count > 0 && !nothing) {
            unprefixed(journal, found, json, json.count + unnamed.count);
        } else if nothing && json.count > 1 && are_adjacent(journal, json) {
            let sentence = format!(
                "{} and no “data: ” before any: this is NDJSON, which no client of event streams reads. No event was dispatched.",
                number(json.count, "line of JSON", "lines of JSON")
            );
            found.add(
                Mistake::Ndjson,
                Certain,
                sentence,
                Trace::lines(journal, json),
            );
        } else {
            let sentence = format!(
                "{} with bare JSON {} ignored: “data: ” is missing before it.",
                number(json.count, "line", "lines"),
                were(json.count),
            );
            found.add(
                Mistake::BareJson,
                Certain,
                sentence,
                Trace::lines(journal, json),
            );
        }
    } else if unnamed.count > 0 {
        if nothing && unnamed.count < 2 {
            // An event may follow.
            let sentence = "A line that is neither a field nor a comment was ignored.";
            found.add(
                Mistake::UnprefixedLines,
                Information,
                sentence,
                Trace::lines(journal, unnamed),
            );
        } else {
            unprefixed(journal, found, unnamed, unnamed.count);
        }
    }
    for (kind, mistake, why) in [
        (
            NoteKind::WrongCase,
            Mistake::WrongCase,
            "names of fields are in lower case",
        ),
        (
            NoteKind::SpaceBeforeColon,
            Mistake::SpaceBeforeColon,
            "there is a space before the colon, which makes it a part of the name",
        ),
        (
            NoteKind::LeadingWhiteSpace,
            Mistake::Indented,
            "there is white space before the name of the field",
        ),
        (
            NoteKind::BomInside,
            Mistake::BomInside,
            "a byte order mark (U+FEFF) is before the name of the field",
        ),
    ] {
        let sign = journal.noted(kind);
        if sign.count > 0 {
            let sentence = format!(
                "{} {} ignored: {why}.{}",
                number(sign.count, "line", "lines"),
                were(sign.count),
                if nothing {
                    " No event was dispatched."
                } else {
                    ""
                }
            );
            found.add(mistake, Certain, sentence, Trace::lines(journal, sign));
        }
    }
    let white = journal.noted(NoteKind::WhiteSpaceOnly);
    if white.count > 0 {
        let sentence = format!(
            "{} of white space {} where an empty line would end an event: these do not.",
            number(white.count, "line", "lines"),
            if white.count == 1 { "is" } else { "are" },
        );
        let certainty = if nothing { Certain } else { Likely };
        found.add(
            Mistake::WhiteSpaceLine,
            certainty,
            sentence,
            Trace::lines(journal, white),
        );
    }
    let unknown = journal.noted(NoteKind::UnknownField);
    if unknown.count > 0 {
        let sentence = format!(
            "{} with other fields than data, event, id and retry {} ignored.{}",
            number(unknown.count, "line", "lines"),
            were(unknown.count),
            if nothing {
                " No event was dispatched."
            } else {
                ""
            }
        );
        let trace = Trace::lines(journal, unknown);
        if nothing && unknown.count >= 3 && found.0.is_empty() {
            found.add(Mistake::UnknownFields, Certain, sentence, trace);
        } else {
            found.add(Mistake::HarmlessFields, Information, sentence, trace);
        }
    }
}

fn were(count: u64) -> &'static str {
    if count == 1 { "was" } else { "were" }
}

fn unprefixed(journal: &Journal, found: &mut Findings, sign: Sign, count: u64) {
    let sentence = format!(
        "{} without the name of a field {} ignored: each line of the data needs “data: ” before it.",
        number(count, "line", "lines"),
        were(count),
    );
    found.add(
        Mistake::UnprefixedLines,
        Certain,
        sentence,
        Trace::lines(journal, sign),
    );
}

/// The first byte, beside white space, of the first of these lines.
fn first_byte(journal: &Journal, sign: Sign) -> Option<u8> {
    let bytes = journal.get(sign.first)?.first_bytes(64);
    bytes.trim_ascii_start().first().copied()
}

/// Whether the second of these lines follows the first one without an empty line between them.
fn are_adjacent(journal: &Journal, sign: Sign) -> bool {
    let place = |line: u64| journal.get(line).and_then(|line| line.place());
    let (Some(first), Some(second)) = (place(sign.first), place(sign.first + 1)) else {
        return false;
    };
    first.end == second.start
}

/// Events that do not end. `before` is how many findings there were before those on framing.
fn unfinished(evidence: &Evidence<'_>, found: &mut Findings, before: usize) {
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
    if nothing && has_literal_ends(block) && (is_over || silence >= SPAN_MS) {
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
            lines_read_apart(evidence)
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

/// Over which time the lines of the unfinished event arrived, if they did so in several reads that each end
/// where a line does: an event that is only large is cut anywhere.
fn lines_read_apart(evidence: &Evidence<'_>) -> Option<f64> {
    let journal = evidence.journal;
    let start = journal.unfinished_at();
    let mut reads = deliveries(journal, TOGETHER_MS);
    reads.retain(|read| read.end > start);
    let (first, last) = (reads.first()?, reads.last()?);
    let span = last.from - first.from;
    let whole = reads.iter().all(|read| {
        let before = journal.bytes_before(read.end);
        before
            .last()
            .is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
    });
    (whole && reads.len() >= LINES && span >= SPAN_MS).then_some(span)
}

/// Whether a line goes on after a line feed that is written as a backslash and an “n”.
fn has_literal_ends(block: &[u8]) -> bool {
    if !block.starts_with(b"data") && !block.starts_with(b"event") && !block.starts_with(b"id") {
        return false;
    }
    ["\\ndata:", "\\nevent:", "\\nid:", "\\n\\ndata"]
        .iter()
        .any(|end| block.windows(end.len()).any(|part| part == end.as_bytes()))
        || block.trim_ascii_end().ends_with(b"\\n\\n")
}

/// Whether the data of the last event ends in line feeds that are written as a backslash and an “n”.
fn literal_at_the_end(journal: &Journal, found: &mut Findings) {
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

/// Streams of comments.
fn comments(evidence: &Evidence<'_>, found: &mut Findings, before: usize) {
    let journal = evidence.journal;
    let comments = journal.comments();
    if comments.count < COMMENTS || !evidence.no_event() || found.0.len() > before {
        return;
    }
    let trace = Trace::lines(journal, comments);
    let is_field = journal.get(comments.last).is_some_and(|line| {
        let text = line.beginning(64);
        let text = text.trim_start_matches([' ', ':']);
        ["data:", "event:", "{\""]
            .iter()
            .any(|begin| text.starts_with(begin))
    });
    if is_field {
        let sentence = format!(
            "{} and no event: the fields are in comments, because the lines begin with a colon.",
            number(comments.count, "comment", "comments")
        );
        found.add(Mistake::EventInComment, Likely, sentence, trace);
    } else {
        let sentence = format!(
            "{} and no event so far: the connection works, and clients see nothing of comments.",
            number(comments.count, "comment", "comments")
        );
        found.add(Mistake::OnlyComments, Information, sentence, trace);
    }
}

/// Fields with a value that has no effect, or hardly the intended one.
fn fields(journal: &Journal, found: &mut Findings) {
    let twice = journal.noted(NoteKind::Overridden);
    if twice.count > 0 {
        let sentence = format!(
            "{} an event or id field twice, and the first has no effect: is an empty line missing between two events?",
            number(twice.count, "time an event has", "times an event has"),
        );
        found.add(
            Mistake::FieldTwice,
            Likely,
            sentence,
            Trace::lines(journal, twice),
        );
    }
    no_data(journal, found);
    let nul = journal.noted(NoteKind::IdWithNul);
    if nul.count > 0 {
        let sentence = format!(
            "{} with U+0000 {} ignored: a client that reconnects cannot say where it was.",
            number(nul.count, "ID", "IDs"),
            were(nul.count),
        );
        found.add(
            Mistake::NulId,
            Certain,
            sentence,
            Trace::lines(journal, nul),
        );
    }
    let empty = journal.empty_ids();
    if empty.count > 1 {
        let sentence = format!(
            "{} with an empty id: it resets the last event ID, and a client that reconnects cannot say where it was.",
            number(empty.count, "event", "events")
        );
        found.add(
            Mistake::EmptyId,
            Likely,
            sentence,
            Trace::lines(journal, empty),
        );
    }
    let wrong = journal.noted(NoteKind::RetryNotDigits);
    if wrong.count > 0 {
        let sentence = "A retry field was ignored: its value is no number of milliseconds.";
        found.add(
            Mistake::RetryNotANumber,
            Certain,
            sentence,
            Trace::lines(journal, wrong),
        );
    }
    let retries = Trace::lines(
        journal,
        Sign {
            first: journal.retries().last,
            ..journal.retries()
        },
    );
    match journal.reconnection_time() {
        Some(0) => {
            let sentence = "retry: 0 has clients come back at once, and a server that restarts gets all of them at once.";
            found.add(Mistake::RetryZero, Likely, sentence, retries);
        }
        Some(ms @ 1..SMALL_RETRY) => {
            let sentence = format!("retry: {ms} is {ms} milliseconds. Were seconds meant?");
            found.add(Mistake::RetrySmall, Likely, sentence, retries);
        }
        Some(ms @ LONG_RETRY..) => {
            let sentence = format!(
                "retry: {ms} keeps a client that lost the connection away for {}.",
                text::duration(ms as f64)
            );
            found.add(Mistake::RetryLong, Likely, sentence, retries);
        }
        _ => {}
    }
}

/// Blocks without data. Without a type too they only set an ID, which is of use.
fn no_data(journal: &Journal, found: &mut Findings) {
    let blocks = journal.noted(NoteKind::NoData);
    let first = journal.get(blocks.first).filter(|_| blocks.count > 0);
    let Some(sse_wire::Note::NoData { event_type }) = first.and_then(|line| line.note()) else {
        return;
    };
    if event_type.is_empty() {
        return;
    }
    let is_heartbeat = ["ping", "heartbeat", "keepalive", "keep-alive", "hb"]
        .iter()
        .any(|known| event_type.eq_ignore_ascii_case(known));
    let certainty = if is_heartbeat { Information } else { Likely };
    let sentence = format!(
        "{} without a data field, the first of type “{event_type}”: no client receives {}.",
        number(blocks.count, "event", "events"),
        if blocks.count == 1 { "it" } else { "them" }
    );
    found.add(
        Mistake::NoData,
        certainty,
        sentence,
        Trace::lines(journal, blocks),
    );
}

/// Bytes that are not UTF-8.
fn utf8(journal: &Journal, found: &mut Findings) {
    let sign = journal.noted(NoteKind::InvalidUtf8);
    if sign.count == 0 {
        return;
    }
    let first = journal.get(sign.first);
    let bytes = first
        .map(|line| line.first_bytes(4_096))
        .unwrap_or_default();
    let invalid = std::str::from_utf8(&bytes)
        .err()
        .map(|error| error.valid_up_to());
    let mut trace = Trace::lines(journal, sign);
    let mut guess = "";
    if let Some(at) = invalid
        && let Some(&byte @ 0xA0..) = bytes.get(at)
        && bytes.get(at + 1).is_none_or(u8::is_ascii)
    {
        guess = " They look like Latin-1 or Windows-1252.";
        let byte_hex = hex(&[byte]).trim_end_matches([' ', '…']).to_owned();
        trace.push(Trace::text(format!(
            "The byte {byte_hex} is “{}” in Latin-1.",
            char::from(byte)
        )));
    }
    let sentence = format!(
        "Bytes that are not UTF-8 in {}: clients see U+FFFD (\u{FFFD}) in their place.{guess}",
        number(sign.count, "line or event", "lines or events"),
    );
    found.add(Mistake::NotUtf8, Certain, sentence, trace);
}

/// Events that this page does not keep.
fn large(evidence: &Evidence<'_>, found: &mut Findings) {
    let sign = evidence.journal.noted(NoteKind::TooLarge);
    if sign.count > 0 {
        let sentence = format!(
            "{} skipped: larger than the {} that this page keeps. A client may have received {}.",
            number(sign.count, "event was", "events were"),
            text::bytes(evidence.journal.bound() as u64),
            if sign.count == 1 { "it" } else { "them" }
        );
        found.add(Mistake::TooLarge, Information, sentence, Vec::new());
    }
}
