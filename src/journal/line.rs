//! One line of the log, decoded from its bytes when it is read.

use std::borrow::Cow;

use sse_wire::{Content, Event, Note, Reader};

use super::{FailedAttempts, Journal, Kind, NO_NAME, Row, read_items};

/// One line of a [`Journal`].
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    pub(super) journal: &'a Journal,
    pub(super) seq: u64,
    pub(super) row: Row,
}

impl<'a> Line<'a> {
    /// The number of the line.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The time at which the line's last byte arrived, in ms since the Unix epoch.
    pub fn at(&self) -> f64 {
        self.row.at
    }

    /// What the line is about.
    pub fn kind(&self) -> Kind {
        self.row.kind
    }

    /// The length of an event's data in bytes; for any other line the length of its
    /// [`bytes`](Self::bytes).
    pub fn size(&self) -> usize {
        self.row.data_len as usize
    }

    /// The line's bytes in the stream: of an event, all bytes from its first line to the line that
    /// dispatched it.
    pub fn bytes(&self) -> Cow<'a, [u8]> {
        if self.row.kind != Kind::Event {
            return self.own_bytes();
        }
        let start = self.journal.start(&self.row);
        self.journal
            .tape
            .bytes(start..start + u64::from(self.row.len))
    }

    /// The index of the event type in [`Journal::names`], if it is in that table.
    pub fn name(&self) -> Option<u16> {
        Some(self.row.name).filter(|name| *name != NO_NAME)
    }

    /// The event type; empty for a line that is not an event.
    pub fn event_type(&self) -> Cow<'a, str> {
        match self.journal.names.get(self.row.name) {
            Some(name) => Cow::Borrowed(name),
            None if self.row.kind == Kind::Event => {
                Cow::Owned(self.decode(&|event| event.event_type.to_owned()))
            }
            None => Cow::Borrowed(""),
        }
    }

    /// The last event ID as it stood at this line.
    pub fn last_event_id(&self) -> Cow<'a, str> {
        self.journal.ids.at(self.seq, self.journal.kept().start)
    }

    /// The note, if the line is one.
    pub fn note(&self) -> Option<&'a Note> {
        let notes = &self.journal.notes;
        let place = notes
            .binary_search_by_key(&self.seq, |(seq, _)| *seq)
            .ok()?;
        Some(&notes[place].1)
    }

    /// The failed attempts, if the line is about some.
    pub fn failed_attempts(&self) -> Option<&'a FailedAttempts> {
        self.journal.attempts.get(self.seq)
    }

    /// The data of an event, the text of a comment, the reconnection time in ms, the sentence of a
    /// note, or why attempts failed.
    pub fn data(&self) -> Cow<'a, str> {
        match self.row.kind {
            Kind::Event if self.row.direct => text(self.own_bytes()),
            Kind::Event => Cow::Owned(self.decode(&|event| event.data.to_owned())),
            Kind::Note => Cow::Owned(self.note().map(ToString::to_string).unwrap_or_default()),
            Kind::Comment | Kind::Retry => {
                let line = text(self.own_bytes());
                let line = line.trim_matches(['\r', '\n']);
                let (_, value) = line.split_once(':').unwrap_or_default();
                Cow::Owned(value.strip_prefix(' ').unwrap_or(value).to_owned())
            }
            Kind::Failed => {
                let attempts = self.failed_attempts();
                Cow::Owned(attempts.map(ToString::to_string).unwrap_or_default())
            }
            Kind::Opened | Kind::Closed => Cow::Borrowed(""),
        }
    }

    /// The beginning of [`data`](Self::data): at most `most` bytes. Where the data is one line of the
    /// stream, only these bytes are read.
    pub fn beginning(&self, most: usize) -> Cow<'a, str> {
        if self.row.direct && self.size() > most {
            let start = self.journal.start(&self.row) + u64::from(self.row.data_at);
            let bytes = self.journal.tape.bytes(start..start + most as u64);
            // The cut may be within a character.
            let end =
                std::str::from_utf8(&bytes).map_or_else(|error| error.valid_up_to(), str::len);
            return Cow::Owned(String::from_utf8_lossy(&bytes[..end]).into_owned());
        }
        let mut data = self.data();
        if data.len() > most {
            let end = data.floor_char_boundary(most);
            data.to_mut().truncate(end);
        }
        data
    }

    /// The bytes of an event's data, if `direct`; of any other line, its bytes.
    pub(super) fn own_bytes(&self) -> Cow<'a, [u8]> {
        let start = self.journal.start(&self.row) + u64::from(self.row.data_at);
        self.journal
            .tape
            .bytes(start..start + u64::from(self.row.data_len))
    }

    /// Reads the event again, and returns a part of it.
    fn decode(&self, part: &dyn Fn(Event<'_>) -> String) -> String {
        let mut decoded = String::new();
        let mut reader = Reader::with_bound(usize::MAX);
        read_items(&mut reader, &self.bytes(), &mut |item| {
            if let Content::Event(event) = item.content {
                decoded = part(event);
            }
        });
        decoded
    }
}

/// Bytes as text, with U+FFFD for what is not UTF-8.
fn text(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(
            String::from_utf8(bytes)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        ),
    }
}
