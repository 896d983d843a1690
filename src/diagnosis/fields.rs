//! The rules on comments, and on fields with a value that has no effect, or hardly the intended one.

use super::{
    Certainty::{Certain, Information, Likely},
    Evidence, Findings, Mistake, Trace,
    framing::{hex, were},
    number,
};
use crate::{
    journal::{Journal, NoteKind, Sign},
    text,
};

/// How many comments there must be before it is said that there is nothing else.
const COMMENTS: u64 = 3;

/// Reconnection times that were hardly meant: below, as if in seconds; from this one on, away for long. In ms.
const SMALL_RETRY: u64 = 100;
const LONG_RETRY: u64 = 3_600_000;

/// `before` is how many findings there were before those on framing.
pub(super) fn rules(evidence: &Evidence<'_>, found: &mut Findings, before: usize) {
    comments(evidence, found, before);
    fields(evidence, found);
    utf8(evidence.journal, found);
    large(evidence, found);
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
fn fields(evidence: &Evidence<'_>, found: &mut Findings) {
    let journal = evidence.journal;
    let twice = journal.noted(NoteKind::Overridden);
    // Before the first event, every empty line may be missing.
    if twice.count > 0 && !evidence.no_event() {
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
