//! The rules on several connections, and on the times of reads.

use super::{
    Certainty::{Certain, Information, Likely},
    Evidence, Findings, Means, Mistake, Trace, events, number,
};
use crate::{
    journal::{Connection, Journal, Line},
    text,
};

/// How many events of a connection are looked at.
const EVENTS: usize = 100;

/// How many lines of a connection are looked at.
const LINES: u64 = 400;

/// How many IDs must rise before their order means anything.
const IDS: usize = 3;

/// The shortest silence that a proxy is set to, in ms.
const SILENCE_MS: f64 = 5_000.0;

pub(super) fn rules(evidence: &Evidence<'_>, found: &mut Findings) {
    let journal = evidence.journal;
    let connections: Vec<_> = journal.connections().filter(|each| each.is_whole).collect();
    // What the user closed and opened again is no course of the server's.
    let follows = |pair: &[Connection]| pair[0].is_lost;
    for pair in connections.windows(2).rev().filter(|pair| follows(pair)) {
        if again(evidence, &connections, &pair[0], &pair[1], found) {
            break;
        }
    }
    let lost: Vec<_> = connections.iter().filter(|each| each.is_lost).collect();
    times(evidence, &lost, found);
    if evidence.means != Means::Capture {
        buffering(evidence, found);
    }
}

/// Whether the last event of a connection is the one that ends a model's answer.
pub(super) fn last_message(journal: &Journal, connection: &Connection) -> bool {
    const LAST: [&str; 5] = [
        "message_stop",
        "response.completed",
        "response.failed",
        "response.incomplete",
        "response.cancelled",
    ];
    last_event(journal, connection)
        .is_some_and(|line| line.beginning(16) == "[DONE]" || LAST.contains(&&*line.event_type()))
}

pub(super) fn last_event<'a>(journal: &'a Journal, connection: &Connection) -> Option<Line<'a>> {
    let lines = &connection.lines;
    let few = lines.end.saturating_sub(8).max(lines.start)..lines.end;
    events(journal, few).next_back()
}

/// What a connection brings again that follows another one. Returns whether something was found.
fn again(
    evidence: &Evidence<'_>,
    connections: &[Connection],
    before: &Connection,
    after: &Connection,
    found: &mut Findings,
) -> bool {
    let journal = evidence.journal;
    let opening = Trace {
        text: "The second opening in the log".to_owned(),
        line: journal.get(after.lines.start).map(|line| line.seq()),
    };
    if after.events == 0 {
        return false;
    }
    // A stream of many answers may be lost at any time.
    if last_message(journal, before) && before.silence(evidence.now) < PAUSE_MS {
        let last = last_event(journal, before);
        let end = last.and_then(|line| Trace::line(journal, line.seq()));
        let trace = end.into_iter().chain([opening]).collect();
        let sentence = "The answer was complete, the client connected again, and the server began another answer.";
        found.add(Mistake::DoneAndAgain, Certain, sentence, trace);
        return true;
    }
    if ids(evidence, connections, before, after, &opening, found) {
        return true;
    }
    if !(after.is_lost && before.events == after.events && are_alike(journal, before, after)) {
        return false;
    }
    let same = connections
        .iter()
        .filter(|each| each.is_lost && each.events == after.events);
    let same = same.count();
    // One event may be a state that is asked for again and again, and a reconnection time is set for that.
    // By EventSource it is not known whether one is.
    let is_set = !evidence.sees_bytes() || journal.reconnection_time().is_some();
    if after.events > 1 && !is_set {
        let sentence = format!(
            "A finite answer in a loop: {same} connections brought the same {} and ended, and the client connects again.",
            number(after.events, "event", "events")
        );
        found.add(Mistake::FiniteInLoop, Likely, sentence, vec![opening]);
    } else {
        let sentence = format!(
            "Each connection brings the same {} and ends: polling, or a finite answer in a loop.",
            number(after.events, "event", "events")
        );
        found.add(Mistake::Polling, Information, sentence, vec![opening]);
    }
    true
}

/// The first events of a connection.
fn first_events<'a>(
    journal: &'a Journal,
    connection: &Connection,
) -> impl Iterator<Item = Line<'a>> {
    let lines = &connection.lines;
    events(journal, lines.start..lines.end.min(lines.start + LINES)).take(EVENTS)
}

/// Whether the first events of two connections are the same.
fn are_alike(journal: &Journal, a: &Connection, b: &Connection) -> bool {
    let (a, b) = (first_events(journal, a), first_events(journal, b));
    let mut pairs = 0;
    for (a, b) in a.zip(b) {
        pairs += 1;
        if a.size() != b.size()
            || a.event_type() != b.event_type()
            || a.beginning(4_096) != b.beginning(4_096)
        {
            return false;
        }
    }
    pairs > 0
}

/// Compares the IDs of two connections. Returns whether something was found.
fn ids(
    evidence: &Evidence<'_>,
    connections: &[Connection],
    before: &Connection,
    after: &Connection,
    opening: &Trace,
    found: &mut Findings,
) -> bool {
    let journal = evidence.journal;
    // An EventSource that is opened after the browser gave up does not send the ID.
    let is_sent = evidence.means != Means::EventSource || journal.figures().failed_attempts == 0;
    let old = last_ids(journal, before);
    let is_rising = old.len() >= IDS && old.windows(2).all(|pair| pair[0] < pair[1]);
    let (Some(&last), true) = (old.last(), is_rising && is_sent) else {
        return false;
    };
    let new: Vec<u64> = first_events(journal, after)
        .filter_map(|line| line.last_event_id().parse().ok())
        .filter(|id| *id != last)
        .take(IDS)
        .collect();
    let Some(&next) = new.first() else {
        return false;
    };
    let first = connections.first().and_then(|first| {
        first_events(journal, first).find_map(|line| line.last_event_id().parse::<u64>().ok())
    });
    let place = format!("after ID {last} the client reconnected, and the next ID was {next}");
    let trace = vec![opening.clone()];
    let are_counted = |ids: &[u64]| ids.windows(2).all(|pair| pair[0] + 1 == pair[1]);
    if next < last && first == Some(next) {
        let sentence = format!(
            "The server starts from its beginning again: {place}. Last-Event-ID has no effect."
        );
        found.add(Mistake::IdsRestarted, Likely, sentence, trace);
    } else if next < last {
        let sentence = format!("Events arrive again: {place}.");
        found.add(Mistake::IdsRepeated, Likely, sentence, trace);
    } else if next > last + 1 && are_counted(&old) && are_counted(&new) && new.len() >= IDS {
        let sentence = format!(
            "{} missing: {place}.",
            number(next - last - 1, "event is", "events are")
        );
        found.add(Mistake::IdsGap, Likely, sentence, trace);
    } else {
        return false;
    }
    true
}

/// The last IDs of a connection, as far as all of them are numbers.
fn last_ids(journal: &Journal, connection: &Connection) -> Vec<u64> {
    let lines = &connection.lines;
    let lines = lines.end.saturating_sub(LINES).max(lines.start)..lines.end;
    let mut ids = Vec::new();
    for line in events(journal, lines).rev().take(EVENTS) {
        let Ok(id) = line.last_event_id().parse::<u64>() else {
            break;
        };
        if ids.last() != Some(&id) {
            ids.push(id);
        }
    }
    ids.reverse();
    ids
}

/// Whether numbers, in ms, differ by little.
fn are_near(numbers: impl Iterator<Item = f64> + Clone, part: f64) -> bool {
    let most = numbers.clone().fold(0.0, f64::max);
    let least = numbers.fold(f64::INFINITY, f64::min);
    most - least <= (most * part).max(500.0)
}

/// When connections ended that were lost.
fn times(evidence: &Evidence<'_>, lost: &[&Connection], found: &mut Findings) {
    let count = lost.len();
    let Some(last) = lost.last().filter(|_| count >= 2) else {
        return;
    };
    let now = evidence.now;
    let lifetimes = lost.iter().map(|each| each.lifetime(now));
    let silences = lost.iter().map(|each| each.silence(now));
    let is_regular = are_near(lifetimes.clone(), 0.05);
    if is_regular && count >= 3 && last.lifetime(now) >= 1_000.0 {
        let sentence = format!(
            "Each of {count} connections ended after about {}: a renewal by the server, or a limit of a proxy.",
            text::duration(last.lifetime(now))
        );
        found.add(Mistake::Renewal, Information, sentence, Vec::new());
    } else if !is_regular
        && evidence.sees_bytes()
        && evidence.means != Means::Capture
        && silences.clone().all(|silence| silence >= SILENCE_MS)
        && are_near(silences, 0.03)
    {
        let sentence = format!(
            "Each of {count} connections was cut after {} of silence: a proxy or the server closes what is idle.",
            text::duration(last.silence(now))
        );
        let trace = Trace::text(
            "The connections lasted for different times, and their silence for the same.",
        );
        found.add(Mistake::CutAfterSilence, Likely, sentence, vec![trace]);
    }
}

/// What arrived without a pause.
pub(super) struct Delivery {
    /// When it began and ended, in ms since the Unix epoch.
    pub(super) from: f64,
    to: f64,
    /// Where it ends in the stream.
    pub(super) end: u64,
}

/// The pause between two deliveries, in ms.
const PAUSE_MS: f64 = 1_000.0;

/// How many reads and deliveries are looked at.
const READS: usize = 8_192;
const MOST_DELIVERIES: usize = 8;

/// How many deliveries must show the same.
const DELIVERIES: usize = 3;

/// Events that were held back on their way.
fn buffering(evidence: &Evidence<'_>, found: &mut Findings) {
    let journal = evidence.journal;
    let kept = journal.kept();
    let lines = kept.end.saturating_sub(4 * LINES).max(kept.start)..kept.end;
    let all: Vec<_> = events(journal, lines).collect();
    let mut deliveries = match evidence.sees_bytes() {
        true => deliveries(journal, PAUSE_MS / 4.0),
        false => together(all.iter().rev().map(|line| (line.at(), 0)), PAUSE_MS / 4.0),
    };
    // Of the first one it is not known how long it was held back, and the last one may not be complete.
    deliveries.pop();
    if deliveries.len() < DELIVERIES
        || deliveries
            .windows(2)
            .any(|pair| pair[1].from - pair[0].to < PAUSE_MS)
    {
        return;
    }
    let mut several = 0;
    let (mut full, mut older) = (0, 0);
    for pair in deliveries.windows(2) {
        let (before, this) = (&pair[0], &pair[1]);
        let inside: Vec<_> = all
            .iter()
            .filter(|line| (this.from..=this.to).contains(&line.at()))
            .collect();
        several += usize::from(inside.len() > 1);
        let stamp = |line: Option<&&Line<'_>>| line.and_then(|line| stamp(&line.beginning(512)));
        if let (Some(first), Some(last)) = (stamp(inside.first()), stamp(inside.last())) {
            // A day is over at midnight.
            let span = (last - first).rem_euclid(DAY_MS);
            older += usize::from(span * 2.0 >= this.from - before.to && span < DAY_MS / 2.0);
        }
        let tail = journal.bytes_before(this.end);
        let is_inside = !matches!(&*tail, b"\n\n" | b"\r\r" | []);
        full += usize::from(evidence.sees_bytes() && this.end.is_multiple_of(1_024) && is_inside);
    }
    let seen = deliveries.len() - 1;
    if several < seen {
        return;
    }
    let pause = text::duration(deliveries[1].from - deliveries[0].to);
    if full == seen && older == seen {
        let size = deliveries[1].end - deliveries[0].end;
        let sentence = format!(
            "Something on the way buffers: {} arrive together after pauses of about {pause}, although their own times are apart.",
            text::bytes(size)
        );
        let trace = Trace::text(format!(
            "{seen} reads end at a multiple of 1024 bytes, within an event."
        ));
        found.add(Mistake::Buffered, Certain, sentence, vec![trace]);
    } else {
        let own = if older == seen {
            " Their own times are apart: they wait on the server or on the way."
        } else {
            ""
        };
        let sentence = format!("Events arrive together, with pauses of about {pause}.{own}");
        found.add(Mistake::Batches, Information, sentence, Vec::new());
    }
}

/// The last deliveries of the current stream, oldest first: reads with less than `pause` ms between them are
/// one.
pub(super) fn deliveries(journal: &Journal, pause: f64) -> Vec<Delivery> {
    let reads = journal.reads().take(READS);
    together(reads.map(|read| (read.at, read.bytes.end)), pause)
}

/// Joins what arrived with less than `pause` ms between: when, and where it ends in the stream, newest first.
fn together(reads: impl Iterator<Item = (f64, u64)>, pause: f64) -> Vec<Delivery> {
    let mut deliveries: Vec<Delivery> = Vec::new();
    for (at, end) in reads {
        let is_full = deliveries.len() == MOST_DELIVERIES;
        match deliveries.last_mut() {
            Some(next) if next.from - at < pause => next.from = at,
            _ if is_full => break,
            _ => deliveries.push(Delivery {
                from: at,
                to: at,
                end,
            }),
        }
    }
    deliveries.reverse();
    deliveries
}

const DAY_MS: f64 = 86_400_000.0;

/// The time of the day in `text`, in ms: of `12:34:56`, `12:34:56.789`, or ms since the Unix epoch.
fn stamp(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let digits = |from: usize, len: usize| -> Option<f64> {
        let digits = text.get(from..from + len)?;
        let all = digits.bytes().all(|byte| byte.is_ascii_digit());
        // Whole numbers only: reading floating-point numbers would add to the page.
        all.then(|| digits.parse::<u64>().ok())
            .flatten()
            .map(|number| number as f64)
    };
    for at in 2..bytes.len() {
        if bytes[at] == b':' && bytes.get(at + 3) == Some(&b':') {
            let (Some(hours), Some(minutes), Some(seconds)) =
                (digits(at - 2, 2), digits(at + 1, 2), digits(at + 4, 2))
            else {
                continue;
            };
            let ms = match bytes.get(at + 6) {
                Some(b'.') => digits(at + 7, 3).unwrap_or(0.0),
                _ => 0.0,
            };
            return Some(((hours * 60.0 + minutes) * 60.0 + seconds) * 1_000.0 + ms);
        }
    }
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let at = (0..bytes.len()).find(|at| {
        (*at == 0 || !is_digit(at - 1)) && (*at..at + 13).all(is_digit) && !is_digit(at + 13)
    })?;
    digits(at, 13).map(|ms| ms % DAY_MS)
}
