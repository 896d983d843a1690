//! What had no effect or a surprising one, and why.

use std::fmt;

/// How many bytes of the stream a note quotes at most.
const QUOTED: usize = 60;

/// Something in the stream that had no effect, or a surprising one.
///
/// [`Display`](fmt::Display) explains it in a sentence; [`rule`](Note::rule) says what it follows
/// from. Each example is a stream that causes the note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A field that the standard does not know: `foo: 1␊`
    UnknownField {
        /// Its name, shortened.
        name: String,
    },
    /// A field in capitals: `Data: 1␊`
    WrongCase {
        /// What may have been meant.
        meant: Field,
    },
    /// A space after the name: `data : 1␊`
    SpaceBeforeColon {
        /// What may have been meant.
        meant: Field,
    },
    /// White space before the name: ` data: 1␊`
    LeadingWhiteSpace {
        /// What may have been meant.
        meant: Field,
    },
    /// JSON without a field around it: `{"a": 1}␊`
    BareJson {
        /// Its beginning.
        text: String,
    },
    /// A line that is no field and has no colon: `hello␊`
    NoColon {
        /// Its beginning.
        text: String,
    },
    /// A line of white space: it is not empty, and so does not end an event: `data: 1␊ ␊`
    WhiteSpaceOnly,
    /// A second field of a kind of which only the last counts: `event: a␊event: b␊data: 1␊␊`
    Overridden {
        /// `event` or `id`.
        field: Field,
    },
    /// A reconnection time that is not a number: `retry: 1s␊`
    RetryNotDigits {
        /// What is there, shortened.
        value: String,
    },
    /// A last event ID with U+0000 in it: `id: 1␀␊`
    IdWithNul,
    /// A block without a `data` field: `event: a␊␊`
    NoData {
        /// Its event type, shortened; empty if it has none.
        event_type: String,
    },
    /// The end of the stream inside a line or a block: `data: 1␊`
    Unfinished,
    /// Bytes that are not UTF-8: `data: \xFF␊␊`. Not told of a line that is ignored anyway.
    InvalidUtf8 {
        /// Where the first one is, in bytes from the beginning of the stream.
        at: u64,
    },
    /// A byte order mark at the beginning of the stream: `\u{FEFF}data: 1␊␊`
    BomAtStart,
    /// A byte order mark at the beginning of a later line: `:␊\u{FEFF}data: 1␊`
    BomInside,
    /// Lines that end in different ways: `data: 1␊␍`. Told once a stream.
    MixedLineEnds {
        /// How lines ended so far.
        first: LineEnd,
        /// How this one does.
        now: LineEnd,
    },
    /// An event type that is also what an `EventSource` calls an event of its own:
    /// `event: error␊data: 1␊␊`
    Shadows {
        /// `open` or `error`.
        event_type: &'static str,
    },
    /// An event or a line that is larger than the [`Reader`](crate::Reader) takes.
    TooLarge {
        /// What it takes, in bytes.
        bound: usize,
    },
}

/// A field of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `data`
    Data,
    /// `event`
    Event,
    /// `id`
    Id,
    /// `retry`
    Retry,
}

impl Field {
    const ALL: [Self; 4] = [Self::Data, Self::Event, Self::Id, Self::Retry];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Event => "event",
            Self::Id => "id",
            Self::Retry => "retry",
        }
    }

    fn almost(name: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|field| name.eq_ignore_ascii_case(field.name().as_bytes()))
    }
}

/// What ends a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnd {
    /// U+000A
    Lf,
    /// U+000D
    Cr,
    /// Both, in the order CR LF.
    CrLf,
}

impl fmt::Display for LineEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lf => "LF",
            Self::Cr => "CR",
            Self::CrLf => "CRLF",
        })
    }
}

impl Note {
    /// What becomes of `line`, which is neither empty, nor a comment, nor a field.
    pub(crate) fn on_line(line: &[u8]) -> Self {
        const BOM: &[u8] = "\u{FEFF}".as_bytes();
        let colon = memchr::memchr(b':', line);
        let name = &line[..colon.unwrap_or(line.len())];
        if line.trim_ascii().is_empty() {
            Self::WhiteSpaceOnly
        } else if line.starts_with(BOM) {
            Self::BomInside
        } else if let Some(meant) = Field::almost(name) {
            Self::WrongCase { meant }
        } else if let Some(meant) = Field::almost(name.trim_ascii_end()) {
            Self::SpaceBeforeColon { meant }
        } else if let Some(meant) = Field::almost(name.trim_ascii()) {
            Self::LeadingWhiteSpace { meant }
        } else if matches!(line.trim_ascii_start().first(), Some(b'{' | b'[' | b'"')) {
            Self::BareJson { text: quoted(line) }
        } else if colon.is_none() {
            Self::NoColon { text: quoted(line) }
        } else {
            Self::UnknownField { name: quoted(name) }
        }
    }

    /// Where the rule stands from which the note follows.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::UnknownField { .. }
            | Self::WrongCase { .. }
            | Self::SpaceBeforeColon { .. }
            | Self::LeadingWhiteSpace { .. }
            | Self::BareJson { .. }
            | Self::NoColon { .. }
            | Self::WhiteSpaceOnly
            | Self::BomInside => {
                "HTML, 9.2.6: field names are compared literally, and a field that is not known is ignored"
            }
            Self::Overridden { .. } => "HTML, 9.2.6: each event or id field sets its buffer anew",
            Self::RetryNotDigits { .. } => {
                "HTML, 9.2.6: a retry field that is not only ASCII digits is ignored"
            }
            Self::IdWithNul => "HTML, 9.2.6: an id field with U+0000 is ignored",
            Self::NoData { .. } => {
                "HTML, 9.2.6: if the data buffer is empty, the event type buffer is reset and nothing is dispatched"
            }
            Self::Unfinished => "HTML, 9.2.6: at the end of the stream, pending data is discarded",
            Self::InvalidUtf8 { .. } => {
                "HTML, 9.2.6, and Encoding, 4.5: UTF-8 decode, with replacement"
            }
            Self::BomAtStart => "HTML, 9.2.5: one leading byte order mark is ignored",
            Self::MixedLineEnds { .. } => "HTML, 9.2.5: LF, CR and CRLF each end a line",
            Self::Shadows { .. } => "HTML, 9.2.2 and 9.2.6: event types are not reserved",
            Self::TooLarge { .. } => "this reader's bound; the standard has none",
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownField { name } => {
                write!(f, "The field “{name}” is not known and was ignored; known are data, event, id and retry.")
            }
            Self::WrongCase { meant } => {
                write!(f, "The line was ignored: field names are in lower case, as in “{}”.", meant.name())
            }
            Self::SpaceBeforeColon { meant } => {
                write!(f, "The line was ignored: no space may follow the name “{}”.", meant.name())
            }
            Self::LeadingWhiteSpace { meant } => {
                write!(f, "The line was ignored: no white space may stand before “{}”.", meant.name())
            }
            Self::BareJson { text } => {
                write!(f, "The line was ignored: “{text}” looks like JSON and needs “data: ” before it.")
            }
            Self::NoColon { text } => {
                write!(f, "The line “{text}” was ignored: it is neither a field nor a comment.")
            }
            Self::WhiteSpaceOnly => {
                f.write_str("The line was ignored: it has white space in it, and only an empty line ends an event.")
            }
            Self::Overridden { field } => {
                write!(f, "The “{}” before this one has no effect: of several in an event, the last counts.", field.name())
            }
            Self::RetryNotDigits { value } => {
                write!(f, "The reconnection time “{value}” was ignored: it must be digits only, in ms.")
            }
            Self::IdWithNul => {
                f.write_str("The last event ID was ignored: it contains U+0000.")
            }
            Self::NoData { event_type } if event_type.is_empty() => {
                f.write_str("Nothing was dispatched: the block has no data field.")
            }
            Self::NoData { event_type } => write!(
                f,
                "Nothing was dispatched: the block of type “{event_type}” has no data field, and its type was forgotten."
            ),
            Self::Unfinished => f.write_str(
                "The stream ended before this was complete; it was discarded.",
            ),
            Self::InvalidUtf8 { at } => {
                write!(f, "Bytes that are not UTF-8, the first at {at}, were replaced by U+FFFD.")
            }
            Self::BomAtStart => f.write_str("A byte order mark at the beginning of the stream was skipped."),
            Self::BomInside => f.write_str(
                "The line was ignored: it begins with a byte order mark, which counts as part of the field's name.",
            ),
            Self::MixedLineEnds { first, now } => {
                write!(f, "Lines end in different ways: by {first} before, by {now} here; each counts.")
            }
            Self::Shadows { event_type } => write!(
                f,
                "An event of type “{event_type}” comes to the same listeners as the EventSource's own “{event_type}”."
            ),
            Self::TooLarge { bound } => {
                write!(f, "This is larger than the {bound} bytes that are kept at once, and was skipped.")
            }
        }
    }
}

/// The beginning of `bytes`, as text; without control characters, which a terminal would obey.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    beginning(bytes).replace(char::is_control, "\u{FFFD}")
}

fn beginning(bytes: &[u8]) -> String {
    if bytes.len() <= QUOTED {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    // Not in the middle of a character.
    let mut end = QUOTED;
    while end > QUOTED - 3 && bytes[end] & 0xC0 == 0x80 {
        end -= 1;
    }
    format!("{}…", String::from_utf8_lossy(&bytes[..end]))
}
