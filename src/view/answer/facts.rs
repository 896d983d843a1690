//! What the pane shows of an answer beside its text, as text.

use std::borrow::Cow;

use leptos::prelude::*;

use super::{super::watched::Watched, items::Item, reading::Reading};
use crate::{
    json::Progress,
    lens::{Answer, Lens, MOST_BYTES, Moment, Part, PartKind, State},
    text,
};

/// What is shown of an answer beside its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) title: String,
    /// The place of the answer among those that are kept, and their number.
    pub(super) place: usize,
    pub(super) count: usize,
    pub(super) is_growing: bool,
    /// For the style: how it ended.
    pub(super) state: &'static str,
    pub(super) sentence: String,
    pub(super) figures: Vec<Item>,
    /// Errors, citations, and what is not shown.
    pub(super) notes: Vec<Item>,
}

impl Facts {
    pub(super) fn of(reading: Reading, watched: Watched) -> Self {
        let Some(place) = reading.place() else {
            return Self {
                title: "Answer".to_owned(),
                sentence: "No event of a model's answer was recognised yet.".to_owned(),
                notes: reading.lens.with(of_lens),
                ..Self::default()
            };
        };
        // By EventSource the reads are not known.
        let sees_reads = watched.sees_all.get();
        reading.lens.with(|lens| {
            let count = lens.answers().len();
            let Some(answer) = lens.answers().get(place) else {
                return Self::default();
            };
            let mut notes = of_answer(answer);
            notes.extend(of_lens(lens));
            let number = lens.dropped() + place as u64 + 1;
            let all = lens.dropped() + count as u64;
            let name = answer.shape.name();
            let (state, sentence) = sentence(answer);
            Self {
                title: match all {
                    1 => name.to_owned(),
                    _ => format!("{name}, {number} of {all}"),
                },
                place,
                count,
                is_growing: answer.state() == State::Growing,
                state,
                sentence,
                figures: figures(answer, sees_reads),
                notes,
            }
        })
    }
}

fn sentence(answer: &Answer) -> (&'static str, String) {
    let end = answer.shape.end();
    let (state, mut sentence) = match answer.state() {
        State::Growing => (
            "growing",
            format!("Not complete yet: “{end}” did not arrive so far."),
        ),
        State::Complete(_) => ("complete", "Complete: its last message arrived.".to_owned()),
        State::Finished(_) => (
            "complete",
            format!(
                "Finished: a finish reason arrived. “{end}” did not, which some servers do not send."
            ),
        ),
        State::Failed(_) => ("failed", "Failed: the server sent an error.".to_owned()),
        State::Cut(_) => (
            "failed",
            format!("Cut: its end is missing, “{end}” did not arrive."),
        ),
    };
    if answer.has_beginning == Some(false) {
        sentence.push_str(" Its first message is missing too.");
    }
    (state, sentence)
}

fn item(name: impl Into<Cow<'static, str>>, value: String, line: Option<u64>) -> Item {
    Item {
        name: name.into(),
        value,
        line,
    }
}

fn figures(answer: &Answer, sees_reads: bool) -> Vec<Item> {
    let timing = &answer.timing;
    let mut items = Vec::new();
    if let Some(model) = &answer.model {
        items.push(item("Model", model.clone(), None));
    }
    if let Some(last) = answer.finishes.last() {
        let reasons: Vec<_> = answer
            .finishes
            .iter()
            .map(|finish| match answer.finishes.len() {
                1 => finish.reason.clone(),
                _ => format!("{}: {}", finish.choice, finish.reason),
            })
            .collect();
        items.push(item("Finish reason", reasons.join(", "), Some(last.line)));
    }
    let mut after = |name: &'static str, moment: Option<Moment>| {
        if let (Some(ms), Some(moment)) = (timing.after_opening(moment), moment) {
            items.push(item(name, text::duration(ms), Some(moment.line)));
        }
    };
    after("First event after", timing.first);
    after("First piece after", timing.first_generated);
    after(
        "First text after reasoning",
        timing.first_text_after_reasoning(),
    );
    // What arrives in one read has no pauses.
    if let Some(gap) = timing.longest_gap.filter(|gap| gap.ms > 0.0) {
        items.push(item(
            "Longest pause",
            text::duration(gap.ms),
            Some(gap.line),
        ));
    }
    let events = text::count(timing.events);
    items.push(match sees_reads {
        true => item(
            "Events",
            match timing.reads {
                1 => format!("{events} in 1 read"),
                reads => format!("{events} in {} reads", text::count(reads)),
            },
            None,
        ),
        false => item("Events", events, None),
    });
    if let Some(rate) = answer.rate() {
        let tokens = text::count(rate.tokens);
        let value = format!(
            "{} ({tokens} in {})",
            text::rate(rate.per_second()),
            text::duration(rate.ms)
        );
        items.push(item("Tokens, as reported", value, None));
    }
    items
}

fn of_answer(answer: &Answer) -> Vec<Item> {
    let usage: Vec<_> = answer
        .usage
        .iter()
        .map(|(name, figure)| format!("{name} {figure}"))
        .collect();
    let usage = item(
        "Usage",
        match usage.is_empty() {
            true => "not reported".to_owned(),
            false => usage.join(", "),
        },
        None,
    );
    let errors = answer.errors.iter();
    let errors = errors.map(|error| item("Error", error.text.clone(), Some(error.line)));
    let mut notes: Vec<_> = errors.chain([usage]).collect();
    for citation in &answer.citations {
        notes.push(item("Citation", citation.text.clone(), Some(citation.line)));
    }
    let left_out = answer.left_out;
    if let Some(line) = left_out.line {
        let value = format!(
            "{} of text and {} other items: all answers together take {} at most",
            text::bytes(left_out.bytes),
            text::count(left_out.items),
            text::bytes(MOST_BYTES as u64),
        );
        notes.push(item("Left out", value, Some(line)));
    }
    notes
}

/// What the lens did not read or keep.
fn of_lens(lens: &Lens) -> Vec<Item> {
    let unread = lens.unread().kinds().map(|unread| {
        let value = match unread.count {
            1 => format!("{}: 1 event", unread.what),
            count => format!("{}: {} events", unread.what, text::count(count)),
        };
        item("Not shown", value, Some(unread.line))
    });
    let mut notes: Vec<_> = unread.collect();
    if lens.missed() > 0 {
        let value = format!(
            "{} lines, before they were read",
            text::count(lens.missed())
        );
        notes.push(item("Evicted from the log", value, None));
    }
    if lens.dropped() > 0 {
        let value = format!("{} older answers", text::count(lens.dropped()));
        notes.push(item("Not kept", value, None));
    }
    notes
}

/// The title of a part.
pub(super) fn title_of(answer: &Answer, part: &Part) -> String {
    let mut title = match answer.has_choices {
        true => format!("Choice {}: {}", part.choice, part.kind.name()),
        false => part.kind.name().to_owned(),
    };
    if let Some(name) = &part.name {
        title.push_str(": ");
        title.push_str(name);
    }
    if part.kind == PartKind::Reasoning {
        let length = text::bytes(part.pieces.text().len() as u64);
        title.push_str(", ");
        title.push_str(&length);
    }
    title
}

/// Whether the arguments of a tool call are JSON; empty for any other part.
pub(super) fn note_of(answer: &Answer, part: &Part) -> String {
    let is_growing = answer.state() == State::Growing;
    match part.progress() {
        None => String::new(),
        Some(Progress::Whole) => "The arguments are JSON.".to_owned(),
        Some(Progress::Empty) if is_growing => "No arguments so far.".to_owned(),
        Some(Progress::Empty) => "No arguments.".to_owned(),
        Some(Progress::Beginning) if is_growing => {
            "The arguments so far are the beginning of JSON.".to_owned()
        }
        Some(Progress::Beginning) => {
            "The arguments are cut: they are only the beginning of JSON.".to_owned()
        }
        Some(Progress::Broken(at)) => {
            format!(
                "The arguments are no JSON: they are wrong at byte {}.",
                text::count(at as u64)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Journal;

    /// The lens over a log of Chat Completions with these chunks, closed or not.
    fn lens(chunks: &[&str], is_closed: bool) -> Lens {
        let mut journal = Journal::default();
        journal.opened(0.0);
        for (n, chunk) in chunks.iter().enumerate() {
            let event = format!("data: {chunk}\n\n");
            journal.receive(50.0 * (n + 1) as f64, event.as_bytes());
        }
        if is_closed {
            journal.closed(9_000.0);
        }
        let mut lens = Lens::default();
        lens.advance(&journal, usize::MAX);
        lens
    }

    const CALL: &str = r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{\"a\":"}}]}}]}"#;

    #[test]
    fn each_state_has_its_sentence() {
        let text = r#"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#;
        let stop = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
        let error = r#"{"error":{"code":429,"message":"Slow down"}}"#;
        for (chunks, is_closed, state, beginning) in [
            (&[text][..], false, "growing", "Not complete yet: “[DONE]” "),
            (
                &[text],
                true,
                "failed",
                "Cut: its end is missing, “[DONE]” ",
            ),
            (&[text, stop], false, "growing", "Not complete yet: "),
            (
                &[text, stop],
                true,
                "complete",
                "Finished: a finish reason ",
            ),
            (&[text, "[DONE]"], false, "complete", "Complete: "),
            (&[text, error], false, "failed", "Failed: "),
        ] {
            let lens = lens(chunks, is_closed);
            let (found, sentence) = sentence(&lens.answers()[0]);
            assert_eq!(found, state);
            assert!(sentence.starts_with(beginning), "{sentence}");
        }
    }

    #[test]
    fn arguments_are_checked_while_they_arrive() {
        for (arguments, is_closed, expected) in [
            ("", false, "The arguments so far are the beginning of JSON."),
            (
                "",
                true,
                "The arguments are cut: they are only the beginning of JSON.",
            ),
            ("1}", false, "The arguments are JSON."),
            (
                "}",
                false,
                "The arguments are no JSON: they are wrong at byte 5.",
            ),
        ] {
            let more = format!(
                r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{{"index":0,"function":{{"arguments":"{arguments}"}}}}]}}}}]}}"#
            );
            let lens = lens(&[CALL, &more], is_closed);
            let answer = &lens.answers()[0];
            assert_eq!(note_of(answer, &answer.parts[0]), expected);
            assert_eq!(title_of(answer, &answer.parts[0]), "Tool call: f");
        }
    }

    #[test]
    fn what_is_not_reported_is_not_a_number() {
        let text = r#"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#;
        let shown = |items: Vec<Item>| {
            let items = items.into_iter();
            let items = items.map(|item| format!("{}: {}", item.name, item.value));
            items.collect::<Vec<_>>()
        };
        let answers = lens(&[text, text], false);
        let answer = &answers.answers()[0];
        assert_eq!(shown(of_answer(answer)), ["Usage: not reported"]);
        assert_eq!(
            shown(figures(answer, true)),
            [
                "First event after: 50.0 ms",
                "First piece after: 50.0 ms",
                "Longest pause: 50.0 ms",
                "Events: 2 in 2 reads"
            ]
        );
        assert_eq!(
            shown(figures(answer, false)).last().map(|s| &**s),
            Some("Events: 2")
        );
    }
}
