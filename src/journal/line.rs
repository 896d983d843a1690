//! One line of the log: what it says is read in its bytes when it is asked.

use std::borrow::Cow;

use sse_wire::{Content, Event, Note, Reader};

use super::{Journal, Kind, NO_NAME, Row, ids::Ids, read};

/// One line of a [`Journal`].
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    pub(super) journal: &'a Journal,
    pub(super) seq: u64,
    pub(super) row: Row,
}

impl<'a> Line<'a> {
    /// Its number.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// When it came, in ms since the Unix epoch.
    pub fn at(&self) -> f64 {
        self.row.at
    }

    /// What it is about.
    pub fn kind(&self) -> Kind {
        self.row.kind
    }

    /// The length of an event's data in bytes; of anything else, that of its [`bytes`](Self::bytes).
    pub fn size(&self) -> usize {
        self.row.data_len as usize
    }

    /// The bytes of the stream that it is about, in one piece: of an event, all from its first line
    /// to the one that dispatched it.
    pub fn bytes(&self) -> Cow<'a, [u8]> {
        if self.row.kind != Kind::Event {
            return self.own_bytes();
        }
        let start = self.journal.start(&self.row);
        self.journal.bytes(start..start + u64::from(self.row.len))
    }

    /// Where among the names of its journal the event type is, if it is there.
    pub fn name(&self) -> Option<u16> {
        Some(self.row.name).filter(|name| *name != NO_NAME)
    }

    /// The event type; empty if it is no event.
    pub fn event_type(&self) -> Cow<'a, str> {
        match self.journal.names.get(self.row.name) {
            Some(name) => Cow::Borrowed(name),
            None if self.row.kind == Kind::Event => {
                Cow::Owned(self.decode(&|event| event.event_type.to_owned()))
            }
            None => Cow::Borrowed(""),
        }
    }

    /// The last event ID as it stood then.
    pub fn last_event_id(&self) -> Cow<'a, str> {
        let ids = &self.journal.ids;
        let Some(setter) = Ids::setter(self.seq, self.row.id_back) else {
            return Cow::Borrowed(ids.inherited());
        };
        if let Some(id) = ids.told(setter) {
            return Cow::Borrowed(id);
        }
        match self.journal.get(setter) {
            Some(line) => {
                // Not what an event has: a block without data sets it as well.
                let mut reader = Reader::with_bound(usize::MAX);
                read(&mut reader, &line.bytes(), &mut |_| {});
                Cow::Owned(reader.last_event_id().to_owned())
            }
            None => Cow::Borrowed(ids.inherited()),
        }
    }

    /// The note, if it is one.
    pub fn note(&self) -> Option<&'a Note> {
        let notes = &self.journal.notes;
        let place = notes
            .binary_search_by_key(&self.seq, |(seq, _)| *seq)
            .ok()?;
        Some(&notes[place].1)
    }

    /// The data of an event, the text of a comment, the reconnection time, or the sentence of a
    /// note.
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
            Kind::Opened | Kind::Closed => Cow::Borrowed(""),
        }
    }

    /// The beginning of [`data`](Self::data): no more than `most` bytes, and no more work than that
    /// if it lies in the stream as it is.
    pub fn beginning(&self, most: usize) -> Cow<'a, str> {
        if self.row.direct && self.size() > most {
            let start = self.journal.start(&self.row) + u64::from(self.row.data_at);
            let bytes = self.journal.bytes(start..start + most as u64);
            // All of it is UTF-8, but perhaps not this end.
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

    /// The bytes of its data, or of its own line.
    pub(super) fn own_bytes(&self) -> Cow<'a, [u8]> {
        let start = self.journal.start(&self.row) + u64::from(self.row.data_at);
        self.journal
            .bytes(start..start + u64::from(self.row.data_len))
    }

    /// Reads its bytes again.
    fn decode(&self, take: &dyn Fn(Event<'_>) -> String) -> String {
        let mut taken = String::new();
        let mut reader = Reader::with_bound(usize::MAX);
        read(&mut reader, &self.bytes(), &mut |item| {
            if let Content::Event(event) = item.content {
                taken = take(event);
            }
        });
        taken
    }
}

/// Bytes as text, with replacement.
fn text(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(
            String::from_utf8(bytes)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
        ),
    }
}
