//! Notes on what has no effect, or an unexpected one.

use std::fmt;

/// The most bytes of the stream that a note quotes.
const QUOTED: usize = 60;

/// Something in the stream that has no effect, or an unexpected one.
///
/// The note's [`Display`](fmt::Display) is a sentence that explains it, and [`rule`](Note::rule) is the
/// rule that it follows from. The example beside each variant is a stream that causes the note.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// A field that the standard does not define: `foo: 1␊`
    UnknownField {
        /// The name of the field, shortened.
        name: String,
    },
    /// A field name that is not in lower case: `Data: 1␊`
    WrongCase {
        /// The field that was probably meant.
        meant: Field,
    },
    /// White space after the field name: `data : 1␊`
    SpaceBeforeColon {
        /// The field that was probably meant.
        meant: Field,
    },
    /// White space before the field name: ` data: 1␊`
    LeadingWhiteSpace {
        /// The field that was probably meant.
        meant: Field,
    },
    /// JSON without a field name: `{"a": 1}␊`
    BareJson {
        /// The beginning of the line.
        text: String,
    },
    /// A line without a colon that is not the name of a field: `hello␊`
    NoColon {
        /// The beginning of the line.
        text: String,
    },
    /// A line of white space, which is not empty and so does not end a block: `data: 1␊ ␊`
    WhiteSpaceOnly,
    /// A second `event` or `id` field, which replaces the first: `event: a␊event: b␊data: 1␊␊`
    Overridden {
        /// [`Field::Event`] or [`Field::Id`].
        field: Field,
    },
    /// A reconnection time that is not a number: `retry: 1s␊`
    RetryNotDigits {
        /// The value of the field, shortened.
        value: String,
    },
    /// An ID that contains U+0000: `id: 1␀␊`
    IdWithNul,
    /// A block without a `data` field: `event: a␊␊`
    NoData {
        /// The event type of the block, shortened; empty if the block has none.
        event_type: String,
    },
    /// The end of the stream inside a line or a block: `data: 1␊`
    Unfinished,
    /// Bytes that are not UTF-8: `data: \xFF␊␊`. There is no such note about an ignored line.
    InvalidUtf8 {
        /// Where the first of these bytes is, counted from the beginning of the stream.
        at: u64,
    },
    /// A byte order mark at the beginning of the stream: `\u{FEFF}data: 1␊␊`
    BomAtStart,
    /// A byte order mark at the beginning of a later line: `:␊\u{FEFF}data: 1␊`
    BomInside,
    /// Lines that end in different ways: `data: 1␊␍`. Reported once per stream.
    MixedLineEnds {
        /// How the lines before this one ended.
        first: LineEnd,
        /// How this line ends.
        now: LineEnd,
    },
    /// An event type that an `EventSource` also uses for events of its own:
    /// `event: error␊data: 1␊␊`
    Shadows {
        /// The event type: `open` or `error`.
        event_type: &'static str,
    },
    /// A block or a line that is larger than the bound of the [`Reader`](crate::Reader).
    TooLarge {
        /// The bound in bytes.
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

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Event => "event",
            Self::Id => "id",
            Self::Retry => "retry",
        }
    }

    /// The field with this name, in any case.
    fn ignoring_case(name: &[u8]) -> Option<Self> {
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
    /// U+000D U+000A
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
    /// Why `line` is ignored, which is neither empty, nor a comment, nor a field.
    pub(crate) fn on_ignored_line(line: &[u8]) -> Self {
        const BOM: &[u8] = "\u{FEFF}".as_bytes();
        let colon = memchr::memchr(b':', line);
        let name = &line[..colon.unwrap_or(line.len())];
        if line.trim_ascii().is_empty() {
            Self::WhiteSpaceOnly
        } else if line.starts_with(BOM) {
            Self::BomInside
        } else if let Some(meant) = Field::ignoring_case(name) {
            Self::WrongCase { meant }
        } else if let Some(meant) = Field::ignoring_case(name.trim_ascii_end()) {
            Self::SpaceBeforeColon { meant }
        } else if let Some(meant) = Field::ignoring_case(name.trim_ascii()) {
            Self::LeadingWhiteSpace { meant }
        } else if matches!(line.trim_ascii_start().first(), Some(b'{' | b'[' | b'"')) {
            Self::BareJson { text: quoted(line) }
        } else if colon.is_none() {
            Self::NoColon { text: quoted(line) }
        } else {
            Self::UnknownField { name: quoted(name) }
        }
    }

    /// The rule that the note follows from, with its section in the standard.
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
                "HTML, 9.2.6: field names are compared literally, and a line with an unknown field name is ignored"
            }
            Self::Overridden { .. } => {
                "HTML, 9.2.6: each event or id field replaces the value of the one before"
            }
            Self::RetryNotDigits { .. } => {
                "HTML, 9.2.6: a retry field is ignored unless it consists of ASCII digits only"
            }
            Self::IdWithNul => "HTML, 9.2.6: an id field that contains U+0000 is ignored",
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
            Self::TooLarge { .. } => "a bound of this reader; the standard has none",
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownField { name } => {
                write!(f, "The field “{name}” was ignored: the known fields are data, event, id and retry.")
            }
            Self::WrongCase { meant } => {
                write!(f, "The line was ignored: the field name must be in lower case, “{}”.", meant.name())
            }
            Self::SpaceBeforeColon { meant } => {
                write!(f, "The line was ignored: no space may follow the name “{}”.", meant.name())
            }
            Self::LeadingWhiteSpace { meant } => {
                write!(f, "The line was ignored: no white space may precede the name “{}”.", meant.name())
            }
            Self::BareJson { text } => {
                write!(f, "The line was ignored: “{text}” looks like JSON and needs “data: ” before it.")
            }
            Self::NoColon { text } => {
                write!(f, "The line “{text}” was ignored: it is neither a field nor a comment.")
            }
            Self::WhiteSpaceOnly => {
                f.write_str("The line was ignored: it contains white space, and only an empty line ends an event.")
            }
            Self::Overridden { field } => {
                write!(f, "The earlier “{}” field of this event has no effect: the last one counts.", field.name())
            }
            Self::RetryNotDigits { value } => {
                write!(f, "The reconnection time “{value}” was ignored: it must be a number of milliseconds, in digits only.")
            }
            Self::IdWithNul => {
                f.write_str("The last event ID was ignored: it contains U+0000.")
            }
            Self::NoData { event_type } if event_type.is_empty() => {
                f.write_str("Nothing was dispatched: the block has no data field.")
            }
            Self::NoData { event_type } => write!(
                f,
                "Nothing was dispatched: the block of type “{event_type}” has no data field, and its type does not apply to the next one."
            ),
            Self::Unfinished => f.write_str(
                "The stream ended before this was complete; it was discarded.",
            ),
            Self::InvalidUtf8 { at } => {
                write!(f, "Bytes that are not UTF-8, the first at offset {at}, were replaced by U+FFFD.")
            }
            Self::BomAtStart => f.write_str("A byte order mark at the beginning of the stream was skipped."),
            Self::BomInside => f.write_str(
                "The line was ignored: it begins with a byte order mark, which is part of the field name.",
            ),
            Self::MixedLineEnds { first, now } => {
                write!(f, "Lines end in different ways: with {first} before, with {now} here. Both are line ends.")
            }
            Self::Shadows { event_type } => write!(
                f,
                "Listeners for “{event_type}” receive both this event and the “{event_type}” events of the EventSource itself."
            ),
            Self::TooLarge { bound } => {
                write!(f, "This was skipped: it is larger than the {bound} bytes that are kept at once.")
            }
        }
    }
}

/// The beginning of `bytes` as text. Control characters are replaced, as a terminal would obey them.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    beginning(bytes).replace(char::is_control, "\u{FFFD}")
}

fn beginning(bytes: &[u8]) -> String {
    if bytes.len() <= QUOTED {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    // Back to the beginning of a character.
    let mut end = QUOTED;
    while end > QUOTED - 3 && bytes[end] & 0xC0 == 0x80 {
        end -= 1;
    }
    format!("{}…", String::from_utf8_lossy(&bytes[..end]))
}
