//! The rules on what an `EventSource` dispatches: of the bytes, only the data of the events is left.

use super::{Certainty::Likely, Evidence, Findings, Mistake, Trace, events, number, unfinished};

/// How many lines are searched.
const LINES: u64 = 32;

pub(super) fn rules(evidence: &Evidence<'_>, found: &mut Findings) {
    let journal = evidence.journal;
    unfinished::literal_at_the_end(journal, found);
    let kept = journal.kept();
    let lines = kept.start.max(kept.end.saturating_sub(LINES))..kept.end;
    let few: Vec<_> = events(journal, lines).collect();
    let trace = |line: u64| Trace::line(journal, line).into_iter().collect();
    let mut newest = few.iter().rev();
    if let Some(line) = newest.find(|line| line.beginning(4_096).contains('\u{FFFD}')) {
        let sentence = "The data contains U+FFFD (\u{FFFD}): the browser puts it in the place of bytes that are not UTF-8. They may be Latin-1.";
        found.add(Mistake::NotUtf8, Likely, sentence, trace(line.seq()));
    }
    let opened: Vec<_> = few
        .iter()
        .filter(|line| matches!(&*line.beginning(2), "{" | "["))
        .collect();
    if let [.., _, line] = opened[..] {
        let sentence = format!(
            "The data of {} is nothing but an opening bracket: JSON over several lines, each of which needs “data: ” before it.",
            number(opened.len() as u64, "event", "events")
        );
        found.add(
            Mistake::UnprefixedLines,
            Likely,
            sentence,
            trace(line.seq()),
        );
    }
}
