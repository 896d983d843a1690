//! What a request to `/stream` asks for.
//!
//! | file | contents |
//! | --- | --- |
//! | `mod.rs` | [`Spec`], and the types of its fields |
//! | `parse.rs` | reads a query; `SpecError` |
//! | `table.rs` | the parameters and presets, defined once |
//! | `value.rs` | reads durations, sizes and other values |
//! | `help.rs` | the table as text and as JSON |

mod help;
mod parse;
mod table;
#[cfg(test)]
mod tests;
mod value;

use std::time::Duration;

use bytes::Bytes;

use super::body::CutOff;
pub(crate) use help::{json, text};

/// The stream that a query asks for. An empty query asks for the default stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    /// Whether the stream begins with a `connecttime`, as the default stream does: no given
    /// parameter changes its events.
    pub(crate) has_connecttime: bool,

    /// The time from one burst to the next; zero is as fast as the client reads.
    pub(crate) interval: Duration,
    /// The number of events; `None` is without end.
    pub(crate) count: Option<u64>,
    /// The event types in turn; an empty one stands for an event without a type.
    pub(crate) events: Vec<String>,
    pub(crate) data: Data,
    /// What a model's answer consists of, in order.
    pub(crate) parts: Vec<Content>,
    /// What a model answers; `None` is a text of the server.
    pub(crate) text: Option<String>,
    /// How many answers a model gives side by side.
    pub(crate) choices: u64,
    /// The number of bytes of data in each event.
    pub(crate) size: Option<usize>,
    /// The number of data lines in each event.
    pub(crate) lines: usize,
    pub(crate) id: Id,
    pub(crate) retry: Option<Duration>,
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) jitter: Duration,
    /// The number of events sent together.
    pub(crate) burst: u64,
    /// The seed; `None` is a random one for each stream.
    pub(crate) seed: Option<u64>,

    pub(crate) newline: Newline,
    pub(crate) bom: bool,
    /// The largest write, in bytes.
    pub(crate) split: usize,
    pub(crate) hold: Option<Hold>,
    pub(crate) gzip: Gzip,

    pub(crate) status: u16,
    /// The content type; `None` is a response without one.
    pub(crate) content_type: Option<String>,
    /// The content coding that the response claims, whatever its bytes are; `None` is a true claim.
    pub(crate) encoding: Option<Encoding>,
    pub(crate) cors: Cors,
    /// The value of `Retry-After`, in seconds.
    pub(crate) retry_after: Option<u64>,
    /// The number of redirections before the stream, each with the status `redirection`.
    pub(crate) redirect: u8,
    pub(crate) redirection: u16,
    pub(crate) delay: Duration,
    /// What the client gets in place of a response.
    pub(crate) instead: Option<CutOff>,

    /// The number of events on this connection, whatever the count.
    pub(crate) after: Option<u64>,
    pub(crate) end: End,
    pub(crate) outage: Option<Outage>,
    pub(crate) corrupt: Option<Corrupt>,
    /// Exactly these bytes in place of events.
    pub(crate) raw: Option<Bytes>,

    pub(crate) resume: Resume,
    /// The last event ID from the query; the header takes precedence.
    pub(crate) last_event_id: Option<String>,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            has_connecttime: true,
            interval: Duration::from_secs(1),
            count: None,
            events: Vec::new(),
            data: Data::Clock,
            parts: vec![Content::Text, Content::Usage],
            text: None,
            choices: 1,
            size: None,
            lines: 1,
            id: Id::None,
            retry: Some(Duration::from_secs(10)),
            heartbeat: None,
            jitter: Duration::ZERO,
            burst: 1,
            seed: None,
            newline: Newline::Lf,
            bom: false,
            split: usize::MAX,
            hold: None,
            gzip: Gzip::None,
            status: 200,
            content_type: Some("text/event-stream; charset=utf-8".to_owned()),
            encoding: None,
            cors: Cors::Any,
            retry_after: None,
            redirect: 0,
            redirection: 307,
            delay: Duration::ZERO,
            instead: None,
            after: None,
            end: End::Close,
            outage: None,
            corrupt: None,
            raw: None,
            resume: Resume::Ignore,
            last_event_id: None,
        }
    }
}

impl Spec {
    /// The seed of all that is random in the stream.
    pub(crate) fn seed(&self) -> u64 {
        match (self.seed, self.resume) {
            (Some(seed), _) => seed,
            (None, Resume::Ignore) => fastrand::u64(..),
            // The next connection continues the same stream.
            (None, _) => 0,
        }
    }
}

/// A duration in whole ms.
pub(crate) fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A duration in whole µs.
pub(crate) fn us(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The data of the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    /// The date.
    Clock,
    /// The number of the event, from 0.
    Seq,
    /// A small JSON object.
    Json,
    /// The pieces of a text in the shape of chat completions.
    Tokens,
    /// A model's answer as an API streams it.
    Answer(Api),
}

/// An API that streams the answers of language models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    /// OpenAI Chat Completions.
    OpenAi,
    /// OpenAI Responses.
    Responses,
    /// Anthropic Messages.
    Anthropic,
    /// Gemini `streamGenerateContent`.
    Gemini,
    /// The UI message stream of the AI SDK.
    AiSdk,
    /// AG-UI.
    AgUi,
}

/// What a model's answer consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Reasoning,
    Text,
    /// A call of a tool.
    Tool,
    /// How many tokens were used. Where it stands is the API's matter.
    Usage,
    /// An error, in the middle of the part before it.
    Error,
}

/// The last event ID that each event sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Id {
    None,
    /// The number of the event, from 0.
    Seq,
    /// When the event is due, in ms since 1970, on the grid of the interval.
    Time,
}

/// How lines end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Newline {
    Lf,
    Cr,
    CrLf,
    /// All three, at random.
    Mixed,
}

/// How a stream is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gzip {
    None,
    /// The compressor is flushed after each write, whatever the client accepts.
    Flushed,
    /// It is never flushed; if the client accepts gzip.
    Unflushed,
}

/// Which content coding a response claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    None,
    Gzip,
    Brotli,
}

/// Which pages of other origins may read the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cors {
    Any,
    None,
    /// Those of an origin that no page has.
    Other,
    /// All, said twice, which no browser accepts.
    Twice,
}

/// When withheld bytes are released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// At each multiple of this time.
    For(Duration),
    /// When this many bytes are withheld.
    Bytes(usize),
}

/// How a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With a complete response.
    Close,
    /// With a TCP reset.
    Reset,
    /// In the middle of an event, without the end of the response.
    Truncate,
    /// Not at all: it stays open and silent.
    Stall,
}

/// Down for the first part of each period, by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outage {
    pub(crate) down: Duration,
    pub(crate) period: Duration,
}

impl Outage {
    /// The state at `now`, in ms since 1970.
    pub(crate) fn at(self, now: u64) -> OutageState {
        let (down, period) = (ms(self.down), ms(self.period));
        let elapsed = now % period;
        if elapsed < down {
            OutageState::Down {
                left: Duration::from_millis(down - elapsed),
            }
        } else {
            OutageState::Up {
                left: Duration::from_millis(period - elapsed),
            }
        }
    }
}

/// Whether an outage lasts at a moment, and how long until that changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutageState {
    Down { left: Duration },
    Up { left: Duration },
}

/// What is wrong with each event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Corrupt {
    /// Data in Latin-1.
    Utf8,
    /// An ID with U+0000.
    NulId,
    /// No empty line at the end.
    NoBlank,
    /// `Data` instead of `data`.
    Case,
    /// A space before the colon.
    Space,
    /// JSON without a field name.
    BareJson,
    /// 64 MiB of data on one line.
    Huge,
}

/// What a client gets that sends the last event ID it received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resume {
    /// The stream from its beginning.
    Ignore,
    /// All events that it missed.
    Replay,
    /// The events that it missed without the first few.
    Gap,
    /// The last few events that it received, then those that it missed.
    Repeat,
}
