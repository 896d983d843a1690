//! A line, copied from the log.

use std::sync::Arc;

use sse_wire::Note;

use super::super::{row::failed, watched::Watched};
use crate::{
    clock,
    journal::{Dispatch, Journal, Kind, Line},
    json, text,
};

/// How much of a type or an ID is shown, in bytes.
const FACT: usize = 1_000;

/// How many event types a sentence names.
const NAMED: usize = 10;

/// A line, copied from the log, so that it stays visible if the log evicts it.
pub(super) struct Snapshot {
    /// The number of the line.
    pub(super) line: u64,
    pub(super) title: String,
    /// What is known about the line: names and values.
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) data: Arc<str>,
    /// The bytes of the line as they arrived.
    pub(super) bytes: Vec<u8>,
    kind: Kind,
    note: Option<Note>,
    /// The event type and the last event ID, of an event.
    event: Option<(String, String)>,
    /// When the line arrived, in ms since the Unix epoch.
    at: f64,
}

impl Snapshot {
    pub(super) fn of(line: Line<'_>, journal: &Journal, watched: Watched) -> Self {
        let before = line
            .seq()
            .checked_sub(1)
            .and_then(|before| journal.get(before));
        let event_type = line.event_type();
        let title = match line.kind() {
            Kind::Event => text::beginning(&watched.label(&event_type), 100).to_owned(),
            Kind::Opened | Kind::Closed | Kind::Failed => "Connection".to_owned(),
            Kind::Comment => "Comment".to_owned(),
            Kind::Retry => "Reconnection time".to_owned(),
            Kind::Note => "Note".to_owned(),
        };
        let mut facts = Vec::new();
        let mut event = None;
        let mut add = |name, value: &str| facts.push((name, fact(value)));
        if line.kind() == Kind::Event {
            let id = line.last_event_id();
            add("Type", &event_type);
            add("Last event ID", if id.is_empty() { "–" } else { &id });
            add(
                "Size",
                &format!("{} bytes", text::count(line.size() as u64)),
            );
            event = Some((event_type.into_owned(), id.into_owned()));
        }
        add("Received", &clock::time_of_day(line.at()));
        if let Some(before) = before {
            add("After previous", &text::gap(line.at() - before.at()));
        }
        add("Line", &text::count(line.seq() + 1));
        if let Some(note) = line.note() {
            add("Rule", note.rule());
        }
        let data = match line.kind() {
            Kind::Opened => "Connection open ...".into(),
            Kind::Closed => "Connection close.".into(),
            Kind::Failed => failed(&line).into(),
            _ => line.data(),
        };
        Self {
            line: line.seq(),
            title,
            facts,
            data: data.into(),
            bytes: line.bytes().into_owned(),
            kind: line.kind(),
            note: line.note().cloned(),
            event,
            at: line.at(),
        }
    }

    /// What an `EventSource` whose client listens to the types `listeners` makes of the line, as a sentence; empty if
    /// the line is about the connection.
    pub(super) fn dispatched(&self, listeners: &[String]) -> String {
        let event_type = self.event.as_ref().map_or("", |(event_type, _)| event_type);
        let of_type = || format!("Dispatches it to listeners of “{}”", fact(event_type));
        let dispatch = Dispatch::of(self.kind, event_type, self.note.as_ref(), listeners);
        match dispatch {
            _ if self.kind.is_link() => String::new(),
            Dispatch::Received => [&of_type(), "."].concat(),
            Dispatch::NoListener => {
                format!("{}; this page asked for {}.", of_type(), types(listeners))
            }
            Dispatch::Nothing => match self.kind {
                Kind::Retry => "Sets its reconnection time, and dispatches no event.",
                Kind::Comment => "Ignores the comment, and dispatches no event.",
                _ => "Dispatches no event for this note.",
            }
            .to_owned(),
            Dispatch::Unknown => {
                "Perhaps dispatches an event: this is too large only for the log.".to_owned()
            }
        }
    }

    /// The line as a JSON object.
    pub(super) fn json(&self) -> String {
        let time = js_sys::Date::new(&self.at.into()).to_iso_string();
        let mut out = ["{\"time\":\"", &String::from(time), "\""].concat();
        let mut add = |name: &str, value: &str| {
            out.push_str(",\"");
            out.push_str(name);
            out.push_str("\":\"");
            json::escape(value, &mut out);
            out.push('"');
        };
        if let Some((event_type, id)) = &self.event {
            add("event", event_type);
            add("id", id);
        }
        add("data", &self.data);
        out.push('}');
        out
    }
}

/// The types that a client listens to, of which a sentence names the first few.
fn types(listeners: &[String]) -> String {
    let mut types = "“message”".to_owned();
    for name in listeners.iter().take(NAMED) {
        types.push_str(&format!(", “{}”", fact(name)));
    }
    if listeners.len() > NAMED {
        types.push_str(", …");
    }
    types
}

/// The beginning of a value, with the length of the value if it is cut.
fn fact(value: &str) -> String {
    match text::beginning(value, FACT) {
        all if all.len() == value.len() => value.to_owned(),
        some => format!("{some}… ({} bytes in all)", value.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::fact;

    #[test]
    fn a_long_fact_is_cut_with_its_length() {
        assert_eq!(fact("7"), "7");
        let long = "x".repeat(2_004);
        assert_eq!(
            fact(&long),
            format!("{}… (2004 bytes in all)", "x".repeat(1_000))
        );
    }
}
