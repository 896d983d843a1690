//! The parameters of `/stream` and some presets: the one table that the server reads queries with,
//! that `/stream/help` prints, and that the page builds its panel from.

use super::{
    Api, Corrupt, Cors, CutOff, Data, Encoding, End, Gzip, Id, Newline, Resume,
    parse::PartialSpec,
    value::{
        answer_text, base64url, content_type, contents, duration, event_types, hold,
        non_zero_duration, number, outage, size,
    },
};

/// A parameter of `/stream`.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) group: Group,
    /// What the parameter does, in a sentence.
    pub(super) about: &'static str,
    /// Which values are accepted; ends the sentence that rejects a value.
    pub(super) accepts: &'static str,
    /// What applies without the parameter: a value, or words.
    pub(super) default: &'static str,
    /// All accepted values, if the parameter is a choice.
    pub(super) choices: &'static [&'static str],
    /// Whether the parameter applies to a stream of given bytes.
    pub(super) with_raw: bool,
    /// Whether the parameter changes the events of the default stream: its `connecttime` is
    /// omitted.
    pub(super) changes_events: bool,
    /// Stores a value; `None` if the value is not accepted.
    pub(super) read: fn(&mut PartialSpec, &str) -> Option<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Signal,
    Framing,
    Response,
    Fault,
    Resume,
    Answer,
}

impl Group {
    pub(super) const ALL: [Self; 6] = [
        Self::Signal,
        Self::Framing,
        Self::Response,
        Self::Fault,
        Self::Resume,
        Self::Answer,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Framing => "framing",
            Self::Response => "response",
            Self::Fault => "fault",
            Self::Resume => "resume",
            Self::Answer => "answer",
        }
    }
}

/// A useful combination of parameters.
pub(super) struct Preset {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) query: &'static str,
}

/// A row has: group, name, flags, about, accepts, default, and how a value is read, which is either
/// - `value { |partial, value| STATEMENT }`, in which `?` rejects the value, or
/// - `choice { |partial, choice| STATEMENT; NAME => CHOICE, … }`: the choices, and how the chosen one
///   is stored.
macro_rules! parameters {
    ($($group:ident $name:literal $(with_raw: $with_raw:literal)? $(changes_events: $changes_events:literal)?,
        $about:literal, $accepts:literal, $default:literal, $kind:ident $reading:tt;)*) => {
        &[$(Parameter {
            name: $name,
            group: Group::$group,
            about: $about,
            accepts: $accepts,
            default: $default,
            choices: choices!($kind $reading),
            with_raw: false $(|| $with_raw)?,
            changes_events: false $(|| $changes_events)?,
            read: read!($kind $reading),
        }),*]
    };
}

macro_rules! choices {
    (value $reading:tt) => {
        &[]
    };
    (choice { |$partial:ident, $choice:ident| $store:expr; $($name:literal $(or $alias:literal)? => $value:expr),+ }) => {
        &[$($name),+]
    };
}

macro_rules! read {
    (value { |$partial:ident, $value:ident| $store:expr }) => {
        |$partial, $value| {
            $store;
            Some(())
        }
    };
    (choice { |$partial:ident, $choice:ident| $store:expr; $($name:literal $(or $alias:literal)? => $value:expr),+ }) => {
        |$partial, value| {
            let $choice = match value {
                $($name $(| $alias)? => $value,)+
                _ => return None,
            };
            $store;
            Some(())
        }
    };
}

/// All parameters, in the order in which the help lists them.
pub(super) static PARAMETERS: &[Parameter] = parameters![
    Signal "interval" changes_events: true,
        "The time from one event (with burst: from one burst) to the next. With 0 the stream is as fast as the client reads.",
        "a duration: give 250ms, 2s or a number of ms, at most 3600s; 0 is as fast as the client reads",
        "1s",
        value { |partial, value| partial.spec.interval = duration(value)? };
    Signal "count" changes_events: true,
        "The number of events before the stream ends. With resume and id=seq: the number over all connections.",
        "a number of events: give a whole number from 0, below 2^64",
        "without end",
        value { |partial, value| partial.spec.count = Some(number(value)?) };
    Signal "event" changes_events: true,
        "The event types, in turn. An empty one stands for an event without a type, which is a `message`.",
        "a list of event types: give up to 64 with commas between them, each of at most 256 bytes and without line breaks or U+0000",
        "no type",
        value { |partial, value| partial.spec.events = event_types(value)? };
    Signal "data" changes_events: true,
        "The data of the events: the date, the event's number from 0, a small JSON object, the pieces of a text in the shape of chat completions, with `[DONE]` at the end, or a language model's answer exactly as an API streams it: OpenAI Chat Completions or Responses, Anthropic Messages, Gemini, the AI SDK's UI message stream, AG-UI. An answer ends as the API ends it; with count it has that many events, and after cuts it short.",
        "a kind of data: give clock, seq, json, tokens, openai, openai-responses, anthropic, gemini, ai-sdk or ag-ui",
        "clock; with size seq; with corrupt=bare-json json",
        choice {
            |partial, choice| partial.data = Some(choice);
            "clock" => Data::Clock,
            "seq" => Data::Seq,
            "json" => Data::Json,
            "tokens" => Data::Tokens,
            "openai" => Data::Answer(Api::OpenAi),
            "openai-responses" => Data::Answer(Api::Responses),
            "anthropic" => Data::Answer(Api::Anthropic),
            "gemini" => Data::Answer(Api::Gemini),
            "ai-sdk" => Data::Answer(Api::AiSdk),
            "ag-ui" => Data::Answer(Api::AgUi)
        };
    Signal "size" changes_events: true,
        "The number of bytes of data in each event: padded with x, or with spaces for JSON. A longer date is cut, a longer number is replaced by x; JSON and further lines are not cut.",
        "a number of bytes: give 90, 64k or 1m, from 1 to 16m",
        "as long as the data is",
        value { |partial, value| partial.spec.size = Some(size(value)?) };
    Signal "lines" changes_events: true,
        "The number of data lines in each event. Lines after the first contain their number; in JSON they are empty.",
        "a number of lines: give 1 to 1000",
        "1",
        value { |partial, value| partial.spec.lines = number(value).filter(|lines| (1..=1000).contains(lines))? };
    Signal "id" changes_events: true,
        "The last event ID that each event sets: none, the event's number from 0, or its time in ms since 1970 on the grid of the interval, with -1, -2, … for further events of a burst.",
        "a kind of ID: give none, seq for 0, 1, 2 and so on, or time",
        "none",
        choice {
            |partial, choice| partial.spec.id = choice;
            "none" => Id::None,
            "seq" => Id::Seq,
            "time" => Id::Time
        };
    Signal "retry",
        "The reconnection time that the stream sets at its beginning.",
        "a duration or none: give 250ms, 2s or a number of ms, at most 3600s",
        "10s; with a model's answer none, as the APIs do",
        value {
            |partial, value| partial.retry = Some(match value {
                "none" => None,
                _ => Some(duration(value)?),
            })
        };
    Signal "heartbeat",
        "The time from one comment to the next.",
        "a duration: give 250ms, 2s or a number of ms, from 1ms to 3600s",
        "none",
        value { |partial, value| partial.spec.heartbeat = Some(non_zero_duration(value)?) };
    Signal "jitter",
        "Each event is late by a random time of at most this; with an interval of 0 there is no jitter.",
        "a duration: give 250ms, 2s or a number of ms, at most 3600s",
        "0",
        value { |partial, value| partial.spec.jitter = duration(value)? };
    Signal "burst" changes_events: true,
        "The number of events sent together.",
        "a number of events: give 1 to 100000",
        "1",
        value { |partial, value| partial.spec.burst = number(value).filter(|burst| (1..=100_000).contains(burst))? };
    Signal "seed",
        "The seed of all that is random: the same seed gives the same bytes in the same writes. Dates and IDs by time are not random.",
        "a number: give a whole number from 0, below 2^64",
        "a random one for each stream; with resume always the same",
        value { |partial, value| partial.spec.seed = Some(number(value)?) };

    Framing "newline",
        "How lines end. All three line ends are valid; mixed uses all three.",
        "a kind of line end: give lf, cr, crlf or mixed",
        "lf",
        choice {
            |partial, choice| partial.spec.newline = choice;
            "lf" => Newline::Lf,
            "cr" => Newline::Cr,
            "crlf" => Newline::CrLf,
            "mixed" => Newline::Mixed
        };
    Framing "bom",
        "Whether the stream begins with a byte order mark, which readers skip.",
        "on or off: give 1 or 0",
        "0",
        choice { |partial, choice| partial.spec.bom = choice; "0" => false, "1" or "" => true };
    Framing "split" with_raw: true,
        "The largest write in bytes, wherever that cuts: through lines, fields and characters.",
        "a number of bytes: give 1 or more",
        "an event, or as much as the client accepts",
        value { |partial, value| partial.spec.split = number(value).filter(|size| *size > 0)? };
    Framing "hold" with_raw: true,
        "Everything is withheld and then released at once, as a buffering proxy does: each time that this time has passed or this size is reached, and at the latest at 64k.",
        "a duration or a size: give 5s, or 1k to 64k",
        "none",
        value { |partial, value| partial.spec.hold = Some(hold(value)?) };
    Framing "gzip" with_raw: true,
        "Whether the stream is compressed: with 1, whatever the client accepts, and each write can be decompressed at once; with unflushed, if the client accepts it, and as by a compressor that is never flushed, so that hardly anything arrives before the end.",
        "a way to compress: give 0, 1 or unflushed",
        "0",
        choice {
            |partial, choice| partial.spec.gzip = choice;
            "0" => Gzip::None,
            "1" or "" => Gzip::Flushed,
            "unflushed" => Gzip::Unflushed
        };

    Response "status" with_raw: true,
        "The status of the response. Statuses other than 2xx, and 204 and 205, have no stream. With redirect: the status of the redirections.",
        "a status: give 200 to 599",
        "200; with redirect 307",
        value { |partial, value| partial.status = Some(number(value).filter(|status| (200..=599).contains(status))?) };
    Response "type" with_raw: true,
        "The content type of the response; none omits the header.",
        "a content type or none: give visible ASCII, at most 256 characters",
        "text/event-stream; charset=utf-8",
        value {
            |partial, value| partial.spec.content_type = match value {
                "none" => None,
                _ => Some(content_type(value)?),
            }
        };
    Response "encoding" with_raw: true,
        "The content coding that the response claims, whatever its bytes are; with none and gzip the stream is compressed and no header says so.",
        "a content coding: give none, gzip or br",
        "gzip if it is compressed, otherwise none",
        choice {
            |partial, choice| partial.spec.encoding = Some(choice);
            "none" => Encoding::None,
            "gzip" => Encoding::Gzip,
            "br" => Encoding::Brotli
        };
    Response "cors" with_raw: true,
        "Which pages of other origins may read the stream: those of any origin, none, or those of another one than the page has. With twice the header is there twice, which no browser accepts.",
        "a rule for other origins: give any, none, other or twice",
        "any",
        choice {
            |partial, choice| partial.spec.cors = choice;
            "any" => Cors::Any,
            "none" => Cors::None,
            "other" => Cors::Other,
            "twice" => Cors::Twice
        };
    Response "retryAfter" with_raw: true,
        "How long the response asks clients to wait (Retry-After), for statuses such as 429 and 503.",
        "a number of seconds: give 0 to 3600",
        "none; with outage the time that is left of it",
        value { |partial, value| partial.spec.retry_after = Some(number(value).filter(|seconds| *seconds <= 3600)?) };
    Response "redirect" with_raw: true,
        "The number of redirections before the stream. Browsers follow 20.",
        "a number of redirections: give 0 to 30",
        "0",
        value { |partial, value| partial.spec.redirect = number(value).filter(|hops| *hops <= 30)? };
    Response "delay" with_raw: true,
        "The time that the client waits for the head of the response.",
        "a duration: give 250ms, 2s or a number of ms, at most 3600s",
        "0",
        value { |partial, value| partial.spec.delay = duration(value)? };
    Response "instead" with_raw: true,
        "What the client gets in place of a response: a TCP reset; the end of the connection; or the greeting of a mail server, which is not HTTP.",
        "something in place of a response: give none, reset, empty or not-http",
        "none",
        choice {
            |partial, choice| partial.spec.instead = choice;
            "none" => None,
            "reset" => Some(CutOff::Reset),
            "empty" => Some(CutOff::Truncate),
            "not-http" => Some(CutOff::NotHttp)
        };

    Fault "after",
        "The number of events after which each connection ends, whatever the count.",
        "a number of events: give a whole number from 0, below 2^64",
        "never",
        value { |partial, value| partial.spec.after = Some(number(value)?) };
    Fault "end" with_raw: true,
        "How the stream ends: with a complete response; with a TCP reset; in the middle of one more event, without the end of the response; or not at all: it stays open and silent.",
        "a kind of end: give close, reset, truncate or stall",
        "close",
        choice {
            |partial, choice| partial.spec.end = choice;
            "close" => End::Close,
            "reset" => End::Reset,
            "truncate" => End::Truncate,
            "stall" => End::Stall
        };
    Fault "outage" with_raw: true,
        "The server is down for the first part of each period, by the clock: new connections get 503, open streams end. The periods are counted from 1970, so that all servers agree.",
        "an outage: give the time down and the time from one to the next, such as 2s/10s, each from 1ms to 3600s",
        "none",
        value { |partial, value| partial.spec.outage = Some(outage(value)?) };
    Fault "corrupt",
        "What is wrong with each event: data in Latin-1 instead of UTF-8; an ID with U+0000, which is ignored; no empty line at the end, so that no event is dispatched; Data instead of data; a space before the colon; JSON without a field name; 64 MiB on one line.",
        "a kind of fault: give utf8, nul-id, no-blank, case, space, bare-json or huge",
        "none",
        choice {
            |partial, choice| partial.spec.corrupt = Some(choice);
            "utf8" => Corrupt::Utf8,
            "nul-id" => Corrupt::NulId,
            "no-blank" => Corrupt::NoBlank,
            "case" => Corrupt::Case,
            "space" => Corrupt::Space,
            "bare-json" => Corrupt::BareJson,
            "huge" => Corrupt::Huge
        };
    Fault "raw" with_raw: true,
        "Exactly these bytes and nothing else, then the end.",
        "base64url: letters, digits, - and _ (RFC 4648, section 5)",
        "none",
        value { |partial, value| partial.spec.raw = Some(base64url(value)?) };

    Resume "resume",
        "What a client gets that sends the last ID it received: the stream from its beginning; all events that it missed, after an event of type `incomplete` if some are no longer available; the same without the first 3; or the same after the last 3 events that it received.",
        "a way to resume: give ignore, replay, gap or repeat",
        "ignore",
        choice {
            |partial, choice| partial.spec.resume = choice;
            "ignore" => Resume::Ignore,
            "replay" => Resume::Replay,
            "gap" => Resume::Gap,
            "repeat" => Resume::Repeat
        };
    Resume "lastEventId" with_raw: true,
        "The last ID that the client received, for clients that cannot send the header Last-Event-ID. The header takes precedence.",
        "an ID: give at most 256 bytes",
        "none",
        value { |partial, value| partial.spec.last_event_id = (value.len() <= 256).then(|| Some(value.to_owned()))? };

    Answer "parts" changes_events: true,
        "What a model's answer consists of, in this order: reasoning, text, calls of a tool, the usage in tokens, each piece being one, and an error, which breaks off the part before it in its middle.",
        "a list of parts: give up to 16 of reasoning, text, tool, usage and error, with commas between them, usage only once and error only at the end",
        "text,usage",
        value { |partial, value| partial.spec.parts = contents(value)? };
    Answer "text" changes_events: true,
        "What a model answers.",
        "a text: give 1 to 4096 bytes",
        "a few sentences about Server-Sent Events",
        value { |partial, value| partial.spec.text = Some(answer_text(value)?) };
    Answer "choices" changes_events: true,
        "The number of answers that a model gives side by side. The text of each after the first begins with its number, such as (2).",
        "a number of answers: give 1 to 8",
        "1",
        value { |partial, value| partial.spec.choices = number(value).filter(|choices| (1..=8).contains(choices))? };
];

/// The presets, for the panel of the page and for `/stream/help`.
pub(super) static PRESETS: &[Preset] = &[
    Preset {
        name: "healthy",
        about: "Two event types, IDs and heartbeats: everything as it should be.",
        query: "interval=500ms&event=,status&data=json&id=seq&heartbeat=5s&retry=2s",
    },
    Preset {
        name: "model tokens",
        about: "A language model's answer in small pieces, with [DONE] at the end.",
        query: "data=tokens&interval=40ms&jitter=60ms&retry=none",
    },
    Preset {
        name: "model answer",
        about: "An answer as Anthropic's API streams it: thinking, text and the call of a tool.",
        query: "data=anthropic&parts=reasoning,text,tool,usage&interval=40ms&jitter=60ms",
    },
    Preset {
        name: "answer cut short",
        about: "Status 200, and the connection ends before the answer does: no [DONE] is received.",
        query: "data=openai&after=40&interval=40ms&jitter=60ms",
    },
    Preset {
        name: "flood",
        about: "A million events, as fast as the client reads.",
        query: "interval=0&count=1000000&size=90&id=seq",
    },
    Preset {
        name: "drops every 10 events",
        about: "The connection is reset after 10 events. Nothing is lost, because the stream resumes.",
        query: "interval=200ms&data=seq&id=seq&after=10&end=reset&resume=replay&retry=1s",
    },
    Preset {
        name: "resumes with a gap",
        about: "Ends after 10 events and resumes 3 events too late: the IDs show the gap.",
        query: "interval=200ms&data=seq&id=seq&after=10&resume=gap&retry=1s",
    },
    Preset {
        name: "buffering proxy",
        about: "Everything is withheld for 5 s and then arrives at once.",
        query: "interval=250ms&data=seq&hold=5s",
    },
    Preset {
        name: "never dispatches",
        about: "Data arrives but no event: the empty line after each event is missing.",
        query: "interval=500ms&data=json&corrupt=no-blank",
    },
    Preset {
        name: "wrong field names",
        about: "JSON without a field name: every line is ignored.",
        query: "interval=500ms&corrupt=bare-json",
    },
    Preset {
        name: "broken characters",
        about: "Latin-1 instead of UTF-8, in writes of 3 bytes, with all three line ends.",
        query: "interval=500ms&corrupt=utf8&newline=mixed&split=3",
    },
    Preset {
        name: "half an event",
        about: "The server fails in the middle of the 6th event.",
        query: "interval=300ms&data=json&id=seq&after=5&end=truncate&retry=2s",
    },
    Preset {
        name: "falls silent",
        about: "Stays open after 5 events and sends nothing more.",
        query: "interval=300ms&data=seq&after=5&end=stall",
    },
    Preset {
        name: "outages",
        about: "Down for 5 s of every 20 s: 503, and open streams end.",
        query: "interval=500ms&data=seq&id=time&resume=replay&outage=5s/20s&retry=1s",
    },
    Preset {
        name: "wrong content type",
        about: "The head announces JSON: an EventSource gives up for good.",
        query: "type=application/json",
    },
    Preset {
        name: "not for other origins",
        about: "Without the header that lets other origins read the stream.",
        query: "cors=none",
    },
];
