//! The rules on what an `EventSource` dispatches: of the bytes, only the data of the events is left.

use super::{Certainty::Likely, Evidence, Findings, Mistake, Trace, events, unfinished};

/// How many lines are searched.
const LINES: u64 = 32;

pub(super) fn rules(evidence: &Evidence<'_>, found: &mut Findings) {
    let journal = evidence.journal;
    unfinished::literal_at_the_end(journal, found);
    let kept = journal.kept();
    let lines = kept.start.max(kept.end.saturating_sub(LINES))..kept.end;
    let replaced = events(journal, lines).rev().find(|line| {
        let data = line.beginning(4_096);
        data.contains('\u{FFFD}')
    });
    if let Some(line) = replaced {
        let sentence = "The data contains U+FFFD (\u{FFFD}): the browser puts it in the place of bytes that are not UTF-8. They may be Latin-1.";
        let trace = Trace::line(journal, line.seq());
        found.add(
            Mistake::NotUtf8,
            Likely,
            sentence,
            trace.into_iter().collect(),
        );
    }
}
