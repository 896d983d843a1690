//! The rules on the bytes of a stream that an `EventSource` receives, by a sample of them: an `EventSource` exposes
//! none.

use super::{Evidence, Findings, Trace, answer, ending, framing, number, types};
use crate::text;

pub(super) fn rules(evidence: &Evidence<'_>, found: &mut Findings) {
    let Some(sample) = evidence.sample else {
        return;
    };
    let mut in_sample = Findings::default();
    if let Some(response) = sample.response {
        answer::encoding(sample, response, &mut in_sample);
    }
    framing::rules(sample, &mut in_sample);
    let connections: Vec<_> = sample.journal.connections().collect();
    ending::cut_inside(sample, &connections, &mut in_sample);
    types::rules(sample, &mut in_sample);
    for finding in in_sample.0 {
        // Its lines are not in the log.
        let traces = finding.evidence.into_iter();
        let mut traces: Vec<_> = traces.map(|trace| Trace::text(trace.text)).collect();
        traces.push(Trace::text(line(sample)));
        found.add(finding.mistake, finding.certainty, finding.sentence, traces);
    }
}

/// What arrived in a sample, in a sentence.
pub(crate) fn line(sample: &Evidence<'_>) -> String {
    let figures = sample.journal.figures();
    let received = match sample.response {
        None if sample.link.is_live() => "there is no response yet".to_owned(),
        None => "there was no response".to_owned(),
        Some(response) if !response.is_event_stream() => {
            format!("the server answered with status {}", response.status)
        }
        Some(_) => format!(
            "{} and {} arrived",
            number(figures.events, "event", "events"),
            text::bytes(figures.bytes)
        ),
    };
    format!("In a request of its own, by fetch, {received}.")
}
