//! What becomes of a line of the log in an `EventSource`, and whether a client receives it.

use sse_wire::Note;

use super::{Kind, Line};

/// The event types that reach every client: `message` has `onmessage`, and an event of the server with the
/// type `open` or `error` reaches `onopen` or `onerror`, like the events of the connection (HTML, 9.2.2).
const ALWAYS: [&str; 3] = ["message", "open", "error"];

/// What an `EventSource` makes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dispatch {
    /// An event that the client receives, or one of the connection.
    Received,
    /// An event of a type that the client has no listener for.
    NoListener,
    /// No event.
    Nothing,
    /// Perhaps an event. It is too large for the log, so that its type is not known.
    Unknown,
}

impl Dispatch {
    /// What the `EventSource` of a client with listeners for the types `listeners`, and for those that every
    /// client receives, makes of a line of this kind.
    pub(crate) fn of(
        kind: Kind,
        event_type: &str,
        note: Option<&Note>,
        listeners: &[String],
    ) -> Self {
        match kind {
            Kind::Opened | Kind::Closed | Kind::Failed => Self::Received,
            Kind::Event if has_listener(event_type, listeners) => Self::Received,
            Kind::Event => Self::NoListener,
            Kind::Note if matches!(note, Some(Note::TooLarge { .. })) => Self::Unknown,
            Kind::Comment | Kind::Retry | Kind::Note => Self::Nothing,
        }
    }

    /// Whether the client certainly does not receive the line.
    pub(crate) fn is_missed(self) -> bool {
        matches!(self, Self::NoListener | Self::Nothing)
    }
}

/// Whether a client with listeners for the types `listeners` receives events of the type `event_type`.
pub(crate) fn has_listener(event_type: &str, listeners: &[String]) -> bool {
    ALWAYS.contains(&event_type) || listeners.iter().any(|listener| listener == event_type)
}

impl Line<'_> {
    /// What the `EventSource` of a client with these listeners makes of the line.
    pub(crate) fn dispatch(&self, listeners: &[String]) -> Dispatch {
        let kind = self.kind();
        let note = match kind {
            Kind::Note => self.note(),
            _ => None,
        };
        Dispatch::of(kind, &self.event_type(), note, listeners)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Journal, *};

    fn all(journal: &Journal, listeners: &[&str]) -> Vec<Dispatch> {
        let listeners: Vec<_> = listeners.iter().map(|name| (*name).to_owned()).collect();
        let lines = journal.iter();
        lines.map(|line| line.dispatch(&listeners)).collect()
    }

    #[test]
    fn a_client_receives_events_of_the_types_that_it_listens_to_and_nothing_else() {
        use Dispatch::{NoListener, Nothing, Received};
        let mut journal = Journal::default();
        journal.opened(0.0);
        journal.receive(
            0.0,
            b"data: 1\n\nevent: a\ndata: 2\n\nevent: b\ndata: 3\n\nevent: error\ndata: 4\n\n",
        );
        let events = [Received, Received, NoListener, NoListener, Received];
        let without_notes = |found: Vec<Dispatch>| -> Vec<_> {
            let events = found.into_iter();
            events.filter(|each| *each != Nothing).collect()
        };
        assert_eq!(without_notes(all(&journal, &[])), events);
        let a = [Received, Received, Received, NoListener, Received];
        assert_eq!(without_notes(all(&journal, &["a"])), a);
        // Types differ if their case does (HTML, 9.2.6).
        assert_eq!(without_notes(all(&journal, &["A"])), events);
        let both = without_notes(all(&journal, &["a", "b"]));
        assert_eq!(both, [Received; 5]);
    }

    #[test]
    fn comments_blocks_without_data_and_unfinished_events_are_not_dispatched() {
        use Dispatch::{Nothing, Received};
        let mut journal = Journal::default();
        journal.opened(0.0);
        journal.receive(
            0.0,
            b": c\nretry: 5\nData: x\nid: 7\n\nevent: a\n\ndata: cut",
        );
        journal.closed(0.0);
        let found = all(&journal, &["a"]);
        let (first, rest) = found.split_first().expect("lines");
        let (last, missed) = rest.split_last().expect("lines");
        assert_eq!((*first, *last), (Received, Received), "the connection");
        assert_eq!(
            missed.len(),
            6,
            "{:?}",
            journal
                .iter()
                .map(|line| line.data().into_owned())
                .collect::<Vec<_>>()
        );
        assert!(missed.iter().all(|each| *each == Nothing), "{missed:?}");
        assert!(missed.iter().all(|each| each.is_missed()));
    }

    #[test]
    fn what_is_too_large_for_the_log_may_have_been_received() {
        let mut journal = Journal {
            largest_event: 1_000,
            ..Journal::default()
        };
        journal.opened(0.0);
        journal.receive(0.0, format!("data: {}\n\n", "x".repeat(5_000)).as_bytes());
        assert_eq!(journal.kept_too_large(), 1);
        let found = all(&journal, &[]);
        assert_eq!(found, [Dispatch::Received, Dispatch::Unknown]);
        assert!(!Dispatch::Unknown.is_missed());
        journal.clear();
        assert_eq!(journal.kept_too_large(), 0);
    }

    #[test]
    fn a_type_that_is_not_in_the_table_of_types_is_compared_too() {
        let long = "x".repeat(300);
        let mut journal = Journal::default();
        journal.receive(0.0, format!("event: {long}\ndata: 1\n\n").as_bytes());
        assert_eq!(all(&journal, &[]), [Dispatch::NoListener]);
        assert_eq!(all(&journal, &[&long]), [Dispatch::Received]);
    }
}
