//! The rules on event types.

use super::{
    Certainty::{Certain, Information},
    Evidence, Findings, Means, Mistake, Trace, events, number,
};
use crate::journal::has_listener;

/// How many types a sentence names.
const NAMED: usize = 5;

/// How many of the last lines are searched for an event of a type.
const SEARCHED: u64 = 256;

pub(super) fn rules(evidence: &Evidence<'_>, found: &mut Findings) {
    own_events(evidence, found);
    if matches!(evidence.means, Means::Fetch | Means::Relay) {
        not_subscribed(evidence, found);
    }
}

/// Events of the types that an `EventSource` uses for its own.
fn own_events(evidence: &Evidence<'_>, found: &mut Findings) {
    let journal = evidence.journal;
    for (own, mistake, handler) in [
        (
            "error",
            Mistake::OwnErrorEvent,
            "onerror, as if the connection were lost",
        ),
        (
            "open",
            Mistake::OwnOpenEvent,
            "onopen, as if the connection had opened",
        ),
    ] {
        let mut names = journal.names().iter();
        let Some(name) = names.find(|name| &*name.text == own && name.received > 0) else {
            continue;
        };
        let sentence = format!(
            "{} of type “{own}” from the server: an EventSource passes {} to {handler}.",
            number(name.received, "event", "events"),
            if name.received == 1 { "it" } else { "them" },
        );
        let kept = journal.kept();
        let lines = kept.start.max(kept.end.saturating_sub(SEARCHED))..kept.end;
        let mut last = events(journal, lines).rev();
        let line = last.find(|line| line.event_type() == own);
        let trace = line.and_then(|line| Trace::line(journal, line.seq()));
        found.add(mistake, Certain, sentence, trace.into_iter().collect());
    }
}

/// Types that an `EventSource` with the subscriptions of the user would drop.
fn not_subscribed(evidence: &Evidence<'_>, found: &mut Findings) {
    let journal = evidence.journal;
    let asked = evidence.asked;
    let received = || journal.names().iter().filter(|name| name.received > 0);
    let has_message = received().any(|name| &*name.text == "message");
    if asked.is_empty() && has_message {
        return;
    }
    let dropped: Vec<_> = received()
        .filter(|name| !has_listener(&name.text, asked))
        .collect();
    if dropped.is_empty() {
        return;
    }
    let count = dropped.iter().map(|name| name.received).sum();
    let types: Vec<_> = dropped.iter().take(NAMED).map(|name| &*name.text).collect();
    let sentence = if asked.is_empty() {
        format!(
            "No event is of type message: onmessage receives none of the {}. A page has to add listeners for the types.",
            number(count, "event", "events"),
        )
    } else {
        format!(
            "An EventSource that subscribes to the event types of this request does not receive {}, of other types.",
            number(count, "event", "events"),
        )
    };
    let more = if dropped.len() > NAMED { ", …" } else { "" };
    let trace = Trace::text(format!("Types: {}{more}", types.join(", ")));
    found.add(Mistake::NotSubscribed, Information, sentence, vec![trace]);
}
