//! The rules on the bytes: what is no event stream, and lines that are ignored. The rules on events that do not end
//! and on fields follow from here.

use super::{
    Certainty::{Certain, Information, Likely},
    Evidence, Findings, Mistake, Trace, fields, number, quoted, unfinished,
};
use crate::{
    journal::{Connection, Journal, NoteKind, Sign},
    text,
};

pub(super) fn rules(evidence: &Evidence<'_>, found: &mut Findings) {
    let before = found.0.len();
    no_stream(evidence, found);
    if found.0.len() > before {
        // Whatever the lines look like follows from this.
        return;
    }
    ignored_lines(evidence, found);
    unfinished::rules(evidence, found, before);
    fields::rules(evidence, found, before);
}

/// The last connection over which bytes arrived.
pub(super) fn last_with_bytes(journal: &Journal) -> Option<Connection> {
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
        // gzip, zlib (RFC 1950, 2.2) and zstd (RFC 8878, 3.1.1).
        [0x1F, 0x8B, 8, ..] | [0x78, 0x01 | 0x9C | 0xDA, ..] | [0x28, 0xB5, 0x2F, 0xFD, ..] => {
            let what = match head[0] {
                0x1F => "gzip",
                0x78 => "deflate",
                _ => "zstd",
            };
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
pub(super) fn hex(bytes: &[u8]) -> String {
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
        if is_quoted(journal, json) {
            quoted_events(journal, found, json);
        } else if first_byte(journal, json) == Some(b'"') || (unnamed.count > 0 && !nothing) {
            unprefixed(journal, found, json, json.count + unnamed.count);
        } else if nothing
            && json.count > 1
            && are_adjacent(journal, json)
            && is_whole(journal, json)
        {
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
        } else if !(nothing && json.count == 1 && evidence.link.is_open() && is_last(journal, json))
        {
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
    if unknown.count > 0 && is_quoted(journal, unknown) {
        quoted_events(journal, found, unknown);
    } else if unknown.count > 0 {
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

pub(super) fn were(count: u64) -> &'static str {
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

/// Whether the first of these lines is a quoted string with the fields of an event in it.
fn is_quoted(journal: &Journal, sign: Sign) -> bool {
    let first = journal.get(sign.first).map(|line| line.first_bytes(16));
    first.is_some_and(|first| unfinished::is_quoted_event(&first))
}

fn quoted_events(journal: &Journal, found: &mut Findings, sign: Sign) {
    let sentence = format!(
        "{} quoted: what was sent is the text of a string, with each line feed as a backslash and an “n”.",
        number(sign.count, "event is", "events are"),
    );
    found.add(
        Mistake::LiteralEscapes,
        Certain,
        sentence,
        Trace::lines(journal, sign),
    );
}

/// Whether the first of these lines ends as a JSON text of its own does.
fn is_whole(journal: &Journal, sign: Sign) -> bool {
    let Some(line) = journal.get(sign.first) else {
        return false;
    };
    let bytes = line.first_bytes(LONG);
    bytes.len() == LONG || matches!(bytes.trim_ascii_end().last(), Some(b'}' | b']'))
}

/// How much of a line is looked at, in bytes.
const LONG: usize = 4_096;

/// The first byte, beside white space, of the first of these lines.
fn first_byte(journal: &Journal, sign: Sign) -> Option<u8> {
    let bytes = journal.get(sign.first)?.first_bytes(64);
    bytes.trim_ascii_start().first().copied()
}

/// Whether nothing has arrived yet after the first of these lines: more of them make it NDJSON.
fn is_last(journal: &Journal, sign: Sign) -> bool {
    let place = journal.get(sign.first).and_then(|line| line.place());
    let read = journal.reads().next();
    place
        .zip(read)
        .is_some_and(|(place, read)| place.end == read.bytes.end)
}

/// Whether the second of these lines follows the first one without an empty line between them.
fn are_adjacent(journal: &Journal, sign: Sign) -> bool {
    let place = |line: u64| journal.get(line).and_then(|line| line.place());
    let (Some(first), Some(second)) = (place(sign.first), place(sign.first + 1)) else {
        return false;
    };
    first.end == second.start
}
