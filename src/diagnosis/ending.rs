//! How a stream ended, and whether one that is open is silent.

use super::{
    Certainty::{Certain, Information, Likely},
    Evidence, Findings, Means, Mistake, Trace,
    course::{last_event, last_message},
    events, number, sample,
};
use crate::{
    journal::{Connection, Kind},
    session::{Cause, Link},
    source::{Failure, UpstreamEnd},
    text,
};

/// From which times on a silence is reported, in ms. Few, so that the sentence seldom changes.
const SILENCES: [f64; 6] = [
    15_000.0,
    60_000.0,
    300_000.0,
    1_800_000.0,
    7_200_000.0,
    43_200_000.0,
];

/// From which time on it is reported that an `EventSource` has dispatched no event yet, in ms.
const NO_EVENT: f64 = 5_000.0;

pub(super) fn rules(evidence: &Evidence<'_>, found: &mut Findings) {
    let connections: Vec<_> = evidence.journal.connections().collect();
    cut_inside(evidence, &connections, found);
    if evidence.means == Means::Capture {
        return;
    }
    let Some(last) = connections.last() else {
        return;
    };
    if evidence.link.is_open() {
        silent(evidence, last, found);
    } else if last.closed_at.is_some() {
        over(evidence, last, found);
    }
}

/// Streams that ended within an event. What the user closed was not cut.
pub(super) fn cut_inside(
    evidence: &Evidence<'_>,
    connections: &[Connection],
    found: &mut Findings,
) {
    let has_no_blank = |finding: &super::Finding| {
        matches!(
            finding.mistake,
            Mistake::NoBlankLine | Mistake::LiteralEscapes
        )
    };
    if found.0.iter().any(has_no_blank) || !evidence.sees_bytes() {
        return;
    }
    let cut: Vec<_> = connections
        .iter()
        .filter(|each| each.is_lost && each.is_unfinished)
        .collect();
    let Some(last) = cut.last() else {
        return;
    };
    let journal = evidence.journal;
    // The note is the line before the closing.
    let line = last
        .lines
        .clone()
        .rev()
        .filter_map(|line| journal.get(line));
    let line = line.take(4).find(|line| line.kind() == Kind::Note);
    let trace: Vec<_> = line
        .and_then(|line| Trace::line(journal, line.seq()))
        .into_iter()
        .collect();
    let place = match last.is_whole {
        true => format!(
            "in the middle of event {}, at byte {}",
            text::count(last.events + 1),
            text::count(last.bytes)
        ),
        false => "in the middle of an event".to_owned(),
    };
    let again = match cut.len() {
        1 => String::new(),
        several => format!(" {several} connections ended so."),
    };
    let sentence =
        format!("The stream ended {place}: what had arrived of it was discarded.{again}");
    found.add(Mistake::CutInside, Certain, sentence, trace);
}

/// How the last connection ended.
fn over(evidence: &Evidence<'_>, last: &Connection, found: &mut Findings) {
    let journal = evidence.journal;
    let what = if last.is_whole {
        format!(
            "after {} and {} in {}",
            number(last.events, "event", "events"),
            text::bytes(last.bytes),
            text::duration(last.lifetime(evidence.now))
        )
    } else {
        format!("after {}", text::duration(last.lifetime(evidence.now)))
    };
    // The line of the closing follows the lines of the connection.
    let trace = || {
        vec![Trace {
            text: "The closing in the log".to_owned(),
            line: journal.get(last.lines.end).map(|line| line.seq()),
        }]
    };
    let (link, failure) = (evidence.link, evidence.failure);
    if matches!(link, Link::Closed { cause: Cause::User }) {
        let sentence = format!("You closed the connection {what}.");
        found.add(Mistake::ClosedByUser, Information, sentence, trace());
        return;
    }
    if !last.is_lost {
        return;
    }
    let answer_ended = model_answer(evidence, last);
    match answer_ended {
        Some(false) => {
            let sentence = format!(
                "The answer is cut: the stream ended {what}, without the last message of a model's answer."
            );
            found.add(Mistake::AnswerCut, Certain, sentence, trace());
        }
        Some(true) => {
            let sentence = "The answer is complete: its last message arrived.";
            found.add(Mistake::AnswerComplete, Information, sentence, Vec::new());
        }
        None => {}
    }
    if last.is_unfinished && evidence.sees_bytes() {
        // Said by another rule.
        return;
    }
    let outcome = evidence.relayed.map_or("", |relayed| &*relayed.outcome);
    match failure {
        Some(Failure::TooFast) => {
            found.add(
                Mistake::TooFast,
                Certain,
                Failure::TooFast.to_string(),
                trace(),
            );
        }
        // Said by another rule.
        _ if found.0.iter().any(|finding| {
            matches!(
                finding.mistake,
                Mistake::WrongEncoding | Mistake::CutAfterSilence
            )
        }) => {}
        Some(Failure::BrokeOff) => {
            let sentence = if last.bytes == 0 {
                "The connection broke off before the first byte; or the body could not be decoded, because it is not what content-encoding says.".to_owned()
            } else {
                format!("The connection broke off {what}, between two events.")
            };
            found.add(Mistake::BrokeOff, Certain, sentence, trace());
        }
        Some(Failure::Upstream {
            end: UpstreamEnd::BrokeOff,
            text,
        }) => {
            let mistake = match outcome {
                "reset" => Mistake::Reset,
                _ => Mistake::BrokeOff,
            };
            found.add(mistake, Certain, format!("{text} It was {what}."), trace());
        }
        Some(Failure::Upstream {
            end: UpstreamEnd::Ended,
            ..
        }) => {
            let sentence = format!("The server ended the stream {what}: its response is complete.");
            found.add(Mistake::Ended, Information, sentence, trace());
        }
        Some(Failure::Ended) => {
            let sentence = format!("The stream ended {what}, between two events.");
            found.add(Mistake::Ended, Information, sentence, trace());
        }
        Some(Failure::BrowserRetries | Failure::BrowserGaveUp) => {
            let events = number(last.events, "event", "events");
            let sentence = format!(
                "The stream ended or was lost after {events} in {}: by EventSource a page cannot know which.",
                text::duration(last.lifetime(evidence.now))
            );
            found.add(Mistake::Ended, Information, sentence, trace());
        }
        _ => {}
    }
}

/// Whether the last message of a model's answer arrived; `None` if the stream is no such answer.
fn model_answer(evidence: &Evidence<'_>, last: &Connection) -> Option<bool> {
    let journal = evidence.journal;
    if last_message(journal, last) {
        return Some(true);
    }
    let first = events(journal, last.lines.clone()).next()?;
    let event_type = first.event_type();
    // Of an EventSource too: the page subscribes to all these types, whatever else is asked for.
    if !last.is_whole {
        return None;
    }
    let is_answer = event_type == "message_start"
        || event_type == "response.created"
        || first.beginning(400).contains("\"chat.completion.chunk\"");
    // Some servers send no [DONE], but a reason for the end; and an error ends an answer too.
    let is_explained = last_event(journal, last).is_some_and(|line| {
        let data = line.beginning(4_096);
        line.event_type() == "error"
            || data.contains("\"finish_reason\":\"")
            || data.contains("\"finish_reason\": \"")
            || data.contains("\"error\"")
    });
    (is_answer && !is_explained).then_some(false)
}

/// An open stream over which nothing arrives, or nothing that is an event.
fn silent(evidence: &Evidence<'_>, last: &Connection, found: &mut Findings) {
    let no_event = evidence.no_event();
    let silence = match no_event {
        true => evidence.now - last.opened_at,
        false => last.silence(evidence.now),
    };
    let early = (no_event && evidence.means == Means::EventSource).then_some(NO_EVENT);
    let mut waits = early.iter().chain(&SILENCES).rev();
    let Some(since) = waits.find(|since| silence >= **since) else {
        return;
    };
    let since = text::duration(*since);
    let is_explained = |finding: &super::Finding| finding.certainty <= Likely;
    if found.0.iter().any(is_explained) {
        return;
    }
    if evidence.means == Means::EventSource {
        let known = match evidence.sample {
            Some(sample) => sample::line(sample),
            None => {
                "An EventSource drops other types and comments unseen, so more cannot be known."
                    .to_owned()
            }
        };
        let sentence = format!(
            "Open, and for more than {since} no event of a type that is subscribed to. {known}"
        );
        found.add(
            Mistake::SilentBySubscription,
            Information,
            sentence,
            Vec::new(),
        );
        return;
    }
    // A stream without an event has a sentence of its own, or this one.
    let has_sentence = !found.0.is_empty();
    let sentence = match last.bytes {
        1.. if no_event && has_sentence => return,
        bytes @ 1.. if no_event => format!(
            "Open for more than {since} without an event: none is in the {} that arrived.",
            text::bytes(bytes)
        ),
        0 => format!(
            "Open, and not a byte for more than {since}. That need not be a fault: a heartbeat would tell."
        ),
        _ => format!(
            "Nothing arrived for more than {since}. That need not be a fault: a heartbeat would tell."
        ),
    };
    found.add(Mistake::Silent, Information, sentence, Vec::new());
}
