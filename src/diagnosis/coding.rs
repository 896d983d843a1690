//! The rules on compression: what the same stream is with it and without, requested by the relay.

use super::{
    Certainty::{Certain, Information, Likely},
    Evidence, Findings, Means, Mistake, Trace,
    answer::not_decoded,
};
use crate::{
    source::{Comparison, Failure, Response},
    text,
};

/// From which time on an open stream that brings nothing is compared, in ms.
const SILENT_MS: f64 = 5_000.0;

/// How much later than without compression nothing may have arrived, in ms.
const HELD_MS: f64 = 1_000.0;

/// From which time on a head is late, in ms.
const LATE_MS: f64 = 2_000.0;

/// Within which time after a head the first bytes arrive together with it, in ms.
const TOGETHER_MS: f64 = 250.0;

/// What the relay is to be asked for: the stream with compression and without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// Nothing arrives, or only in bursts: if the stream is compressed.
    Held,
    /// What arrives cannot be read, or the head was late.
    Unreadable,
}

/// Whether requests with compression and without may show what is wrong.
pub(crate) fn doubt(evidence: &Evidence<'_>, findings: &[super::Finding]) -> Option<Doubt> {
    if !matches!(evidence.means, Means::EventSource | Means::Fetch) {
        return None;
    }
    let last = evidence.journal.connections().next_back()?;
    let is_empty = match evidence.sees_bytes() {
        true => last.bytes == 0,
        false => last.events == 0,
    };
    let is_lost = matches!(
        evidence.failure,
        Some(Failure::BrokeOff | Failure::BrowserRetries)
    ) && last.is_lost;
    // Whether bytes arrive over an EventSource, only a sample shows.
    let is_silent = match (evidence.means, evidence.sample) {
        (Means::EventSource, Some(sample)) => doubt(sample, &[]) == Some(Doubt::Held),
        (Means::EventSource, None) => false,
        _ => evidence.link.is_open() && evidence.now - last.opened_at >= SILENT_MS,
    };
    let has = |mistakes: &[Mistake]| {
        let mut findings = findings.iter();
        findings.any(|finding| mistakes.contains(&finding.mistake))
    };
    let unreadable = [
        Mistake::GzipUnmarked,
        Mistake::WrongEncoding,
        Mistake::HeadNotFlushed,
    ];
    if has(&unreadable) || is_empty && is_lost {
        Some(Doubt::Unreadable)
    } else if is_empty && is_silent || has(&[Mistake::Batches, Mistake::Buffered]) {
        Some(Doubt::Held)
    } else {
        None
    }
}

pub(super) fn rules(evidence: &Evidence<'_>, found: &mut Findings) {
    late_head(evidence, found);
    if let Some(comparison) = evidence.comparison
        && evidence.means != Means::Capture
    {
        compared(comparison, found);
    }
}

fn compared(comparison: &Comparison, found: &mut Findings) {
    let (compressed, plain) = (&comparison.compressed, &comparison.plain);
    let Some(response) = compressed.stream() else {
        return;
    };
    // What arrives as text without compression.
    let text = plain
        .stream()
        .filter(|response| coding(response).is_none() && !response.excerpt.contains('\u{FFFD}'));
    let text = text.and(plain.first_byte);
    let is_damaged = compressed.outcome == "encoding";
    if is_damaged {
        // Said with less certainty, or not at all, by the rules on the response.
        let is_other = |finding: &super::Finding| finding.mistake != Mistake::WrongEncoding;
        found.0.retain(is_other);
        let sentence = not_decoded(coding(response).unwrap_or("none"));
        found.add(
            Mistake::WrongEncoding,
            Certain,
            sentence,
            traces(comparison),
        );
    }
    let Some(after) = text else {
        return;
    };
    for finding in &mut found.0 {
        if matches!(
            finding.mistake,
            Mistake::WrongEncoding | Mistake::GzipUnmarked
        ) {
            finding.sentence.push_str(
                " To a request without compression (accept-encoding: identity) the stream arrives as text.",
            );
        }
    }
    let Some(coding) = coding(response).filter(|_| compressed.outcome.is_empty()) else {
        return;
    };
    let until = compressed.first_byte.unwrap_or(comparison.took);
    if until - after.max(response.after) < HELD_MS {
        return;
    }
    let until = text::duration(until);
    let (certainty, what) = match compressed.first_byte {
        None => (Certain, ["nothing of the stream arrives for ", &until]),
        Some(_) => (
            Likely,
            ["the first byte of the stream arrives after ", &until],
        ),
    };
    let sentence = format!(
        "Compressed ({}), {}; uncompressed, its first byte arrives after {}: the compressor is not flushed.",
        text::beginning(coding, 60),
        what.concat(),
        text::duration(after)
    );
    found.add(Mistake::NotFlushed, certainty, sentence, traces(comparison));
}

/// The content coding of a response, unless it has none.
fn coding(response: &Response) -> Option<&str> {
    let coding = response.header("content-encoding")?.trim();
    (!coding.is_empty() && !coding.eq_ignore_ascii_case("identity")).then_some(coding)
}

fn traces(comparison: &Comparison) -> Vec<Trace> {
    let all = [
        ("with", &comparison.compressed),
        ("without", &comparison.plain),
    ];
    let lines = all.into_iter().filter_map(|(how, begun)| {
        let coding = coding(begun.response.as_ref()?).unwrap_or("none");
        let body = match begun.first_byte {
            Some(after) => ["the first byte after ", &text::duration(after)].concat(),
            None if begun.outcome.is_empty() => {
                ["no byte in ", &text::duration(comparison.took)].concat()
            }
            None => "it could not be read".to_owned(),
        };
        let coding = text::beginning(coding, 60);
        Some(Trace::text(format!(
            "By the relay, {how} compression: content-encoding {coding}, {body}"
        )))
    });
    lines.collect()
}

/// A head that is sent with the first event only.
fn late_head(evidence: &Evidence<'_>, found: &mut Findings) {
    let journal = evidence.journal;
    let Some(response) = evidence.response.filter(|it| it.is_event_stream()) else {
        return;
    };
    let last = journal.connections().next_back();
    let phases = evidence.relayed.map(|relayed| relayed.phases);
    let (head, first) = match (evidence.means, phases, last.filter(|last| last.is_whole)) {
        (Means::Relay, Some(phases), _) => (phases.head, phases.first_byte),
        (Means::Fetch, _, Some(last)) => {
            let since = |at: f64| at - last.opened_at + response.after;
            (Some(response.after), journal.first_read(&last).map(since))
        }
        _ => return,
    };
    let (Some(head), Some(first)) = (head, first) else {
        return;
    };
    if head < LATE_MS || first - head > TOGETHER_MS {
        return;
    }
    let asked = evidence.comparison.and_then(|both| both.plain.stream());
    let hedge = match asked {
        Some(asked) if asked.after < LATE_MS => return,
        None if evidence.means == Means::Fetch => {
            " Firefox reports a head with the first byte after it, so there it may have arrived before."
        }
        _ => "",
    };
    let sentence = format!(
        "The head of the response arrived after {}, together with the first bytes of the stream: the server sends it with the first event only, or takes as long to answer.{hedge}",
        text::duration(head)
    );
    found.add(Mistake::HeadNotFlushed, Information, sentence, Vec::new());
}
