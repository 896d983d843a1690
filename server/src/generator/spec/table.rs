//! The parameters of `/stream` and some ready combinations: the one table that the server reads
//! queries by, that `/stream/help` prints, and that the page builds its panel from.

use super::{
    Asked, Corrupt, Data, End, Id, Newline, Resume,
    value::{base64url, duration, header, hold, names, number, outage, size, some_time, switch},
};

/// A parameter of `/stream`.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) group: Group,
    /// What it does, in a sentence.
    pub(crate) about: &'static str,
    /// What a value is: the end of the sentence that refuses another.
    pub(crate) accepts: &'static str,
    /// What holds without it, as people would write it or in words.
    pub(crate) default: &'static str,
    /// All values, where they are few.
    pub(crate) choices: &'static [&'static str],
    /// A stream of given bytes has a use for it.
    pub(super) with_raw: bool,
    /// A stream with it is no longer the article's: its `connecttime` is left out.
    pub(super) reshapes: bool,
    /// Takes a value down; `None` if it is not one that is accepted.
    pub(super) read: fn(&mut Asked, &str) -> Option<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Signal,
    Framing,
    Response,
    Fault,
    Resume,
}

impl Group {
    pub(crate) const ALL: [Self; 5] = [
        Self::Signal,
        Self::Framing,
        Self::Response,
        Self::Fault,
        Self::Resume,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Framing => "framing",
            Self::Response => "response",
            Self::Fault => "fault",
            Self::Resume => "resume",
        }
    }
}

/// A ready combination.
pub(crate) struct Preset {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) query: &'static str,
}

macro_rules! parameters {
    ($($group:ident $name:literal $(= [$($choice:literal)|+])? $(with_raw: $with_raw:literal)? $(reshapes: $reshapes:literal)?,
        $about:literal, $accepts:literal, $default:literal, $read:expr;)*) => {
        &[$(Parameter {
            name: $name,
            group: Group::$group,
            about: $about,
            accepts: $accepts,
            default: $default,
            choices: &[$($($choice),+)?],
            with_raw: false $(|| $with_raw)?,
            reshapes: false $(|| $reshapes)?,
            read: $read,
        }),*]
    };
}

/// All parameters, in the order in which people are told of them.
pub(crate) static PARAMETERS: &[Parameter] = parameters![
    Signal "interval" reshapes: true,
        "From one event (with burst: from one burst) to the next. With 0 the stream is as fast as the client reads.",
        "a duration: give 250ms, 2s or a number of ms, at most 3600s; 0 is as fast as the client reads",
        "1s",
        |asked, value| { asked.spec.interval = duration(value)?; Some(()) };
    Signal "count" reshapes: true,
        "How many events, then the end. With resume and id=seq: how many in all connections together.",
        "a number of events: give a whole number from 0, below 2^64",
        "without end",
        |asked, value| { asked.spec.count = Some(number(value)?); Some(()) };
    Signal "event" reshapes: true,
        "The event types, in turn; an empty one is an event without a type, which is a `message`.",
        "a list of event types: give up to 64 with commas between them, each of at most 256 bytes and without line breaks or U+0000",
        "no type",
        |asked, value| { asked.spec.events = names(value)?; Some(()) };
    Signal "data" = ["clock" | "seq" | "json" | "tokens"] reshapes: true,
        "What the events say: the date, their number from 0, a small JSON object, or the pieces of a language model's answer as common APIs send them, with `[DONE]` at the end.",
        "a kind of data: give clock, seq, json or tokens",
        "clock; with size seq; with corrupt=bare-json json",
        |asked, value| {
            asked.data = Some(match value {
                "clock" => Data::Clock,
                "seq" => Data::Seq,
                "json" => Data::Json,
                "tokens" => Data::Tokens,
                _ => return None,
            });
            Some(())
        };
    Signal "size" reshapes: true,
        "How many bytes of data each event has: padded with x, JSON with spaces. Dates are cut to it, numbers that are longer become x; JSON and further lines are not cut.",
        "a number of bytes: give 90, 64k or 1m, from 1 to 16m",
        "as long as the data is",
        |asked, value| { asked.spec.size = Some(size(value)?); Some(()) };
    Signal "lines" reshapes: true,
        "How many lines the data of an event has. Those after the first say which they are; in JSON they are empty.",
        "a number of lines: give 1 to 1000",
        "1",
        |asked, value| { asked.spec.lines = number(value).filter(|lines| (1..=1000).contains(lines))?; Some(()) };
    Signal "id" = ["none" | "seq" | "time"] reshapes: true,
        "The last event ID that each event sets: none, its number from 0, or its time in ms since 1970 on the grid of the interval, with -1, -2, … for more in a burst.",
        "a kind of ID: give none, seq for 0, 1, 2 and so on, or time",
        "none",
        |asked, value| {
            asked.spec.id = match value {
                "none" => Id::None,
                "seq" => Id::Seq,
                "time" => Id::Time,
                _ => return None,
            };
            Some(())
        };
    Signal "retry",
        "The reconnection time that opens the stream.",
        "a duration or none: give 250ms, 2s or a number of ms, at most 3600s",
        "10s",
        |asked, value| {
            asked.spec.retry = match value {
                "none" => None,
                _ => Some(duration(value)?),
            };
            Some(())
        };
    Signal "heartbeat",
        "A comment is sent each time that this has passed.",
        "a duration: give 250ms, 2s or a number of ms, from 1ms to 3600s",
        "none",
        |asked, value| { asked.spec.heartbeat = Some(some_time(value)?); Some(()) };
    Signal "jitter",
        "Events come up to this much late, at random; with an interval of 0 they do not.",
        "a duration: give 250ms, 2s or a number of ms, at most 3600s",
        "0",
        |asked, value| { asked.spec.jitter = duration(value)?; Some(()) };
    Signal "burst" reshapes: true,
        "How many events come together.",
        "a number of events: give 1 to 100000",
        "1",
        |asked, value| { asked.spec.burst = number(value).filter(|burst| (1..=100_000).contains(burst))?; Some(()) };
    Signal "seed",
        "What all that is random comes from: the same seed gives the same bytes in the same writes. Dates and IDs by time are not random.",
        "a number: give a whole number from 0, below 2^64",
        "another one each time; with resume always the same",
        |asked, value| { asked.spec.seed = Some(number(value)?); Some(()) };

    Framing "newline" = ["lf" | "cr" | "crlf" | "mixed"],
        "How lines end; all three are allowed, and mixed has all three.",
        "a kind of line end: give lf, cr, crlf or mixed",
        "lf",
        |asked, value| {
            asked.spec.newline = match value {
                "lf" => Newline::Lf,
                "cr" => Newline::Cr,
                "crlf" => Newline::CrLf,
                "mixed" => Newline::Mixed,
                _ => return None,
            };
            Some(())
        };
    Framing "bom" = ["0" | "1"],
        "Whether a byte order mark opens the stream; readers skip one.",
        "on or off: give 1 or 0",
        "0",
        |asked, value| { asked.spec.bom = switch(value)?; Some(()) };
    Framing "split" with_raw: true,
        "The most bytes of a write, wherever that cuts: through lines, fields and characters.",
        "a number of bytes: give 1 or more",
        "an event, or as much as the client takes",
        |asked, value| { asked.spec.split = number(value).filter(|size| *size > 0)?; Some(()) };
    Framing "hold" with_raw: true,
        "Everything is withheld and released at once, as a buffering proxy does: each time that this has passed, or that so much has gathered; at the latest at 64k.",
        "a duration or a size: give 5s, or 1k to 64k",
        "none",
        |asked, value| { asked.spec.hold = Some(hold(value)?); Some(()) };
    Framing "gzip" = ["0" | "1"] with_raw: true,
        "Whether the stream is compressed, whatever the client accepts; each write can be read at once.",
        "on or off: give 1 or 0",
        "0",
        |asked, value| { asked.spec.gzip = switch(value)?; Some(()) };

    Response "status" with_raw: true,
        "The status of the response. A status other than 2xx, and 204 and 205, come without a stream. With redirect: that of the redirections.",
        "a status: give 200 to 599",
        "200; with redirect 307",
        |asked, value| { asked.status = Some(number(value).filter(|status| (200..=599).contains(status))?); Some(()) };
    Response "type" with_raw: true,
        "The content type of the response; none leaves it out.",
        "a content type or none: give visible ASCII, at most 256 characters",
        "text/event-stream; charset=utf-8",
        |asked, value| {
            asked.spec.content_type = match value {
                "none" => None,
                _ => Some(header(value)?),
            };
            Some(())
        };
    Response "cors" = ["any" | "none"] with_raw: true,
        "Whether pages of any other origin may read the stream.",
        "a rule for other origins: give any or none",
        "any",
        |asked, value| {
            asked.spec.cors = match value {
                "any" => true,
                "none" => false,
                _ => return None,
            };
            Some(())
        };
    Response "redirect" with_raw: true,
        "How many redirections lead to the stream. Browsers follow 20.",
        "a number of redirections: give 0 to 30",
        "0",
        |asked, value| { asked.spec.redirect = number(value).filter(|hops| *hops <= 30)?; Some(()) };
    Response "delay" with_raw: true,
        "How long the client waits for the head of the response.",
        "a duration: give 250ms, 2s or a number of ms, at most 3600s",
        "0",
        |asked, value| { asked.spec.delay = duration(value)?; Some(()) };

    Fault "after",
        "Each connection ends after so many events, whatever the count.",
        "a number of events: give a whole number from 0, below 2^64",
        "never",
        |asked, value| { asked.spec.after = Some(number(value)?); Some(()) };
    Fault "end" = ["close" | "reset" | "truncate" | "stall"] with_raw: true,
        "How the stream ends: as a whole response; by a TCP reset; in the middle of one more event, without the end of the response; or not at all, it only falls silent.",
        "a kind of end: give close, reset, truncate or stall",
        "close",
        |asked, value| {
            asked.spec.end = match value {
                "close" => End::Close,
                "reset" => End::Reset,
                "truncate" => End::Truncate,
                "stall" => End::Stall,
                _ => return None,
            };
            Some(())
        };
    Fault "outage" with_raw: true,
        "Down for the first part of each period, by the clock: new connections get 503, open ones end. The periods begin at 1970, so that all servers agree.",
        "an outage: give the time down and the time from one to the next, such as 2s/10s, each from 1ms to 3600s",
        "none",
        |asked, value| { asked.spec.outage = Some(outage(value)?); Some(()) };
    Fault "corrupt" = ["utf8" | "nul-id" | "no-blank" | "case" | "space" | "bare-json" | "huge"],
        "What is wrong with each event: data that is not UTF-8 but Latin-1; an ID with U+0000, which is ignored; no empty line at its end, so that none is dispatched; Data for data; a space before the colon; JSON without a field; 64 MiB on one line.",
        "a kind of fault: give utf8, nul-id, no-blank, case, space, bare-json or huge",
        "none",
        |asked, value| {
            asked.spec.corrupt = Some(match value {
                "utf8" => Corrupt::Utf8,
                "nul-id" => Corrupt::NulId,
                "no-blank" => Corrupt::NoBlank,
                "case" => Corrupt::Case,
                "space" => Corrupt::Space,
                "bare-json" => Corrupt::BareJson,
                "huge" => Corrupt::Huge,
                _ => return None,
            });
            Some(())
        };
    Fault "raw" with_raw: true,
        "Exactly these bytes and nothing else, then the end.",
        "base64url: letters, digits, - and _ (RFC 4648, section 5)",
        "none",
        |asked, value| { asked.spec.raw = Some(base64url(value)?); Some(()) };

    Resume "resume" = ["ignore" | "replay" | "gap" | "repeat"],
        "What a client gets that says which ID it saw last: the stream anew; all that it missed, and an event of type `incomplete` where that is not to be had; the same without the first 3; or the same with the last 3 that it had once more.",
        "a way to resume: give ignore, replay, gap or repeat",
        "ignore",
        |asked, value| {
            asked.spec.resume = match value {
                "ignore" => Resume::Ignore,
                "replay" => Resume::Replay,
                "gap" => Resume::Gap,
                "repeat" => Resume::Repeat,
                _ => return None,
            };
            Some(())
        };
    Resume "lastEventId" with_raw: true,
        "The ID that the client saw last, for clients that cannot send the header Last-Event-ID, which comes first.",
        "an ID: give at most 256 bytes",
        "none",
        |asked, value| { asked.spec.last_event_id = (value.len() <= 256).then(|| Some(value.to_owned()))?; Some(()) };
];

/// Ready combinations, for the page's panel and `/stream/help`.
pub(crate) static PRESETS: &[Preset] = &[
    Preset {
        name: "healthy",
        about: "Two kinds of events, IDs and heartbeats: everything as it should be.",
        query: "interval=500ms&event=,status&data=json&id=seq&heartbeat=5s&retry=2s",
    },
    Preset {
        name: "model tokens",
        about: "A language model's answer in small pieces, with [DONE] at its end.",
        query: "data=tokens&interval=40ms&jitter=60ms&retry=none",
    },
    Preset {
        name: "flood",
        about: "As fast as the client reads.",
        query: "interval=0&size=90&id=seq",
    },
    Preset {
        name: "drops every 10 events",
        about: "The connection is reset after 10 events; nothing is lost, as the stream resumes.",
        query: "interval=200ms&data=seq&id=seq&after=10&end=reset&resume=replay&retry=1s",
    },
    Preset {
        name: "resumes with a gap",
        about: "Ends after 10 events and goes on 3 too late: the IDs tell.",
        query: "interval=200ms&data=seq&id=seq&after=10&resume=gap&retry=1s",
    },
    Preset {
        name: "buffering proxy",
        about: "Everything is withheld for 5 s and comes at once.",
        query: "interval=250ms&data=seq&hold=5s",
    },
    Preset {
        name: "never dispatches",
        about: "Data arrives and no event does: the empty line after each is missing.",
        query: "interval=500ms&data=json&corrupt=no-blank",
    },
    Preset {
        name: "wrong field names",
        about: "JSON without a field: every line is ignored.",
        query: "interval=500ms&corrupt=bare-json",
    },
    Preset {
        name: "broken characters",
        about: "Latin-1 where UTF-8 should be, in writes of 3 bytes, with all kinds of line ends.",
        query: "interval=500ms&corrupt=utf8&newline=mixed&split=3",
    },
    Preset {
        name: "half an event",
        about: "The server dies in the middle of the 6th event.",
        query: "interval=300ms&data=json&id=seq&after=5&end=truncate&retry=2s",
    },
    Preset {
        name: "falls silent",
        about: "Stays open after 5 events and says nothing more.",
        query: "interval=300ms&data=seq&after=5&end=stall",
    },
    Preset {
        name: "outages",
        about: "Down for 5 s of every 20 s: 503, and open streams end.",
        query: "interval=500ms&data=seq&id=time&resume=replay&outage=5s/20s&retry=1s",
    },
    Preset {
        name: "wrong content type",
        about: "JSON, says the head: an EventSource gives up for good.",
        query: "type=application/json",
    },
    Preset {
        name: "not for other origins",
        about: "Without the header that lets other origins read it.",
        query: "cors=none",
    },
];
