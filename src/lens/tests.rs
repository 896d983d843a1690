//! Streams as the providers' references print them, and properties.

mod properties;
mod speed;
mod streams;

use super::*;
use crate::journal::Journal;

/// A log in which a connection opened at 0 and these bytes arrived, each write in a read of its own, 100 ms apart.
fn log(writes: &[&str]) -> Journal {
    let mut journal = Journal::default();
    journal.opened(0.0);
    for (n, write) in writes.iter().enumerate() {
        journal.receive(100.0 * (n + 1) as f64, write.as_bytes());
    }
    journal
}

/// The lens after it read all of a log.
fn lens(journal: &Journal) -> Lens {
    let mut lens = Lens::default();
    assert!(lens.advance(journal, usize::MAX));
    lens
}

/// What is understood of a stream that is one answer.
fn answer(stream: &str) -> Answer {
    let writes: Vec<_> = stream.split_inclusive("\n\n").collect();
    let journal = log(&writes);
    let lens = lens(&journal);
    let unread: Vec<_> = lens.unread().kinds().collect();
    assert!(unread.is_empty(), "{unread:?}");
    assert_eq!(lens.answers().len(), 1);
    lens.answers()[0].clone()
}

/// The parts as `kind choice name: text`.
fn parts(answer: &Answer) -> Vec<String> {
    let parts = answer.parts.iter().map(|part| {
        let name = part.name.as_deref().unwrap_or_default();
        let head = format!("{} {} {name}", part.kind.name(), part.choice);
        format!("{}: {}", head.trim_end(), part.pieces.text())
    });
    parts.collect()
}

/// The usage as `name=figure`.
fn usage(answer: &Answer) -> String {
    let figures = answer.usage.iter();
    let figures: Vec<_> = figures
        .map(|(name, figure)| format!("{name}={figure}"))
        .collect();
    figures.join(" ")
}

/// The events of a stream whose data are these lines.
fn events(data: &[&str]) -> String {
    data.iter()
        .map(|data| format!("data: {data}\n\n"))
        .collect()
}

/// A stream of a piece of JSON for each event, whose type is its member `type`.
fn typed(data: &[&str]) -> String {
    let events = data.iter().map(|data| {
        let index = Index::of(data).expect("JSON");
        let json = Value::whole(&index).expect("a value");
        let kind = json.text_of("type").expect("a type");
        format!("event: {kind}\ndata: {data}\n\n")
    });
    events.collect()
}
