//! What a request to `/stream` asks for, as its query says.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `mod.rs` | [`Spec`]: a query, read |
//! | `table.rs` | the parameters and presets, defined once |
//! | `value.rs` | how values are read |
//! | `help.rs` | the table, for people and for the page |

mod help;
mod table;
mod value;

use std::time::Duration;

use bytes::Bytes;

pub(crate) use help::{json, text};
use table::{PARAMETERS, Parameter};

/// The stream that is asked for. Without parameters it is the article's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    /// The article's stream, which begins with a `connecttime`: no parameter makes it another.
    pub(crate) article: bool,

    /// From one burst to the next; zero is as fast as the client reads.
    pub(crate) interval: Duration,
    /// How many events, then the end; `None` is without end.
    pub(crate) count: Option<u64>,
    /// The event types in turn; an empty one is none.
    pub(crate) events: Vec<String>,
    pub(crate) data: Data,
    /// How many bytes of data each.
    pub(crate) size: Option<usize>,
    pub(crate) lines: usize,
    pub(crate) id: Id,
    pub(crate) retry: Option<Duration>,
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) jitter: Duration,
    /// How many events come together.
    pub(crate) burst: u64,
    /// `None` is another one for each stream.
    pub(crate) seed: Option<u64>,

    pub(crate) newline: Newline,
    pub(crate) bom: bool,
    /// The most bytes of a write.
    pub(crate) split: usize,
    pub(crate) hold: Option<Hold>,
    pub(crate) gzip: bool,

    pub(crate) status: u16,
    /// `None` is a response without one.
    pub(crate) content_type: Option<String>,
    /// Pages of other origins may read it.
    pub(crate) cors: bool,
    /// How many redirections lead to it, each with the status `redirection`.
    pub(crate) redirect: u8,
    pub(crate) redirection: u16,
    pub(crate) delay: Duration,

    /// How many events this connection gets, whatever `count` says.
    pub(crate) after: Option<u64>,
    pub(crate) end: End,
    pub(crate) outage: Option<Outage>,
    pub(crate) corrupt: Option<Corrupt>,
    /// Exactly these bytes in place of events.
    pub(crate) raw: Option<Bytes>,

    pub(crate) resume: Resume,
    /// What the query says; the header comes first.
    pub(crate) last_event_id: Option<String>,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            article: true,
            interval: Duration::from_secs(1),
            count: None,
            events: Vec::new(),
            data: Data::Clock,
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
            gzip: false,
            status: 200,
            content_type: Some("text/event-stream; charset=utf-8".to_owned()),
            cors: true,
            redirect: 0,
            redirection: 307,
            delay: Duration::ZERO,
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

/// How many ms a time is.
pub(crate) fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// How many µs a time is.
pub(crate) fn us(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// What the events say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    /// The date.
    Clock,
    /// The number of the event, from 0.
    Seq,
    /// A small JSON object.
    Json,
    /// The pieces of a language model's answer.
    Tokens,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Newline {
    Lf,
    Cr,
    CrLf,
    /// All three, at random.
    Mixed,
}

/// When what is withheld is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    For(Duration),
    /// When so many bytes have gathered.
    Bytes(usize),
}

/// How a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// As a whole response.
    Close,
    /// By a TCP reset.
    Reset,
    /// In the middle of an event, and without the end of the response.
    Truncate,
    /// It stays open and says nothing.
    Stall,
}

/// Down for the first part of each period, by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outage {
    pub(crate) down: Duration,
    pub(crate) period: Duration,
}

impl Outage {
    /// How long it is down from `now` on, or until it is: both in ms since 1970.
    pub(crate) fn at(self, now: u64) -> Phase {
        let (down, period) = (ms(self.down), ms(self.period));
        let into = now % period;
        if into < down {
            Phase::Down {
                left: Duration::from_millis(down - into),
            }
        } else {
            Phase::Up {
                left: Duration::from_millis(period - into),
            }
        }
    }
}

/// Where an outage stands, and how long that lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Down { left: Duration },
    Up { left: Duration },
}

/// What is wrong with each event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Corrupt {
    Utf8,
    NulId,
    NoBlank,
    Case,
    Space,
    BareJson,
    Huge,
}

/// What a client gets that says which ID it saw last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resume {
    /// The stream from its beginning.
    Ignore,
    /// All that it missed.
    Replay,
    /// That without the first few.
    Gap,
    /// That, and the last few that it had.
    Repeat,
}

/// Why a query asks for nothing that can be had.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SpecError {
    #[error(
        "There is no parameter “{name}”: /stream takes {}. See /stream/help.",
        help::names()
    )]
    Unknown { name: String },
    #[error("The parameter “{name}” is given twice.")]
    Twice { name: &'static str },
    #[error("{name}={given} is not {accepts}.")]
    NotAccepted {
        name: &'static str,
        given: String,
        accepts: &'static str,
    },
    #[error(
        "raw and {other} cannot be combined: raw is for a stream of given bytes, {other} for one that is generated."
    )]
    Apart { other: &'static str },
    #[error("{name} needs {needs}.")]
    Needs {
        name: &'static str,
        needs: &'static str,
    },
}

/// What was read of a query so far, where it depends on the rest what it means.
#[derive(Default)]
struct Asked {
    spec: Spec,
    data: Option<Data>,
    status: Option<u16>,
}

/// The most of a bad value that is said back, in characters.
const QUOTED: usize = 100;

impl Spec {
    /// What all that is random in the stream comes from.
    pub(crate) fn seed(&self) -> u64 {
        match (self.seed, self.resume) {
            (Some(seed), _) => seed,
            (None, Resume::Ignore) => fastrand::u64(..),
            // Another connection goes on with the same stream.
            (None, _) => 0,
        }
    }

    /// Reads a query, without its question mark.
    ///
    /// # Errors
    ///
    /// If anything in it is not understood: a parameter that is mistyped must not be passed over.
    pub(crate) fn parse(query: &str) -> Result<Self, SpecError> {
        let mut asked = Asked::default();
        let mut given: Vec<&Parameter> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let Some(parameter) = PARAMETERS.iter().find(|known| known.name == name) else {
                return Err(SpecError::Unknown {
                    name: name.chars().take(QUOTED).collect(),
                });
            };
            let Parameter { name, accepts, .. } = *parameter;
            if given.iter().any(|earlier| earlier.name == name) {
                return Err(SpecError::Twice { name });
            }
            if (parameter.read)(&mut asked, &value).is_none() {
                return Err(SpecError::NotAccepted {
                    name,
                    given: value.chars().take(QUOTED).collect(),
                    accepts,
                });
            }
            given.push(parameter);
        }
        asked.finish(&given)
    }
}

impl Asked {
    /// Settles what depends on several parameters.
    fn finish(self, given: &[&Parameter]) -> Result<Spec, SpecError> {
        let Self {
            mut spec,
            data,
            status,
        } = self;
        let is_given = |name| given.iter().any(|parameter| parameter.name == name);
        if spec.raw.is_some()
            && let Some(other) = given.iter().find(|parameter| !parameter.with_raw)
        {
            return Err(SpecError::Apart { other: other.name });
        }
        spec.article = !given.iter().any(|parameter| parameter.reshapes);
        spec.data = data.unwrap_or(match spec {
            _ if spec.corrupt == Some(Corrupt::BareJson) => Data::Json,
            _ if spec.size.is_some() => Data::Seq,
            _ => Data::Clock,
        });
        if spec.redirect == 0 {
            spec.status = status.unwrap_or(spec.status);
        } else {
            spec.redirection = status.unwrap_or(spec.redirection);
        }
        let ends = spec.after.or(spec.count).is_some()
            || spec.outage.is_some()
            || spec.raw.is_some()
            || spec.data == Data::Tokens;
        for (wanted, met, name, needs) in [
            (
                spec.redirect > 0,
                matches!(spec.redirection, 301 | 302 | 303 | 307 | 308),
                "redirect",
                "a status that redirects: give 301, 302, 303, 307 or 308",
            ),
            (
                spec.id == Id::Time,
                !spec.interval.is_zero(),
                "id=time",
                "an interval, as no two events may have the same time",
            ),
            (
                spec.data == Data::Tokens,
                spec.id != Id::Time,
                "data=tokens",
                "numbers from 0: give id=seq or none",
            ),
            (
                spec.resume != Resume::Ignore,
                spec.id != Id::None,
                "resume",
                "IDs to resume by: give id=seq or id=time",
            ),
            (
                is_given("end"),
                ends,
                "end",
                "a stream that ends: give count, after or outage",
            ),
        ] {
            if wanted && !met {
                return Err(SpecError::Needs { name, needs });
            }
        }
        Ok(spec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use table::PRESETS;

    fn reads(query: &str, change: impl FnOnce(&mut Spec)) {
        let mut expected = Spec::default();
        change(&mut expected);
        assert_eq!(Spec::parse(query), Ok(expected), "{query}");
    }

    /// As [`reads`], of a stream that is not the article's.
    fn reshapes(query: &str, change: impl FnOnce(&mut Spec)) {
        reads(query, |spec| {
            spec.article = false;
            change(spec);
        });
    }

    #[test]
    fn a_query_says_what_is_asked_for() {
        let ms = Duration::from_millis;
        reads("", |_| {});
        reshapes("interval=1000", |_| {});
        reshapes("interval=0", |s| s.interval = Duration::ZERO);
        reshapes("interval=1", |s| s.interval = ms(1));
        reshapes("interval=250ms", |s| s.interval = ms(250));
        reshapes("interval=2s", |s| s.interval = ms(2_000));
        reshapes("interval=3600000", |s| s.interval = value::LONGEST);
        reshapes("interval=3600s", |s| s.interval = value::LONGEST);
        reshapes("count=0", |s| s.count = Some(0));
        reshapes("count=18446744073709551615", |s| s.count = Some(u64::MAX));
        reshapes("event=a,,b%20c", |s| {
            s.events = ["a", "", "b c"].map(str::to_owned).to_vec();
        });
        reshapes("data=clock", |_| {});
        reshapes("data=tokens", |s| s.data = Data::Tokens);
        for (text, size) in [("1", 1), ("64k", 65_536), ("16m", 1 << 24)] {
            reshapes(&format!("size={text}"), |s| {
                (s.size, s.data) = (Some(size), Data::Seq);
            });
        }
        reshapes("size=9&data=clock", |s| s.size = Some(9));
        reshapes("lines=1000", |s| s.lines = 1_000);
        reshapes("id=none", |_| {});
        reshapes("id=seq", |s| s.id = Id::Seq);
        reshapes("id=time", |s| s.id = Id::Time);
        reshapes("burst=5", |s| s.burst = 5);
        reads("retry=none", |s| s.retry = None);
        reads("retry=0", |s| s.retry = Some(ms(0)));
        reads("heartbeat=15s", |s| s.heartbeat = Some(ms(15_000)));
        reads("jitter=40", |s| s.jitter = ms(40));
        reads("seed=7", |s| s.seed = Some(7));
        reads("newline=mixed", |s| s.newline = Newline::Mixed);
        reads("bom", |s| s.bom = true);
        reads("bom=1&gzip=0", |s| s.bom = true);
        reads("split=2", |s| s.split = 2);
        reads("hold=5s", |s| s.hold = Some(Hold::For(ms(5_000))));
        reads("hold=500", |s| s.hold = Some(Hold::For(ms(500))));
        reads("hold=64k", |s| s.hold = Some(Hold::Bytes(65_536)));
        reads("gzip=1", |s| s.gzip = true);
        reads("status=503", |s| s.status = 503);
        reads("type=none", |s| s.content_type = None);
        reads("type=text/plain", |s| {
            s.content_type = Some("text/plain".to_owned());
        });
        reads("cors=none", |s| s.cors = false);
        reads("redirect=3", |s| s.redirect = 3);
        reads("redirect=1&status=301", |s| {
            (s.redirect, s.redirection) = (1, 301);
        });
        reads("delay=2s", |s| s.delay = ms(2_000));
        reads("after=10&end=reset", |s| {
            (s.after, s.end) = (Some(10), End::Reset);
        });
        reads("outage=2s/10s", |s| {
            s.outage = Some(Outage {
                down: ms(2_000),
                period: ms(10_000),
            });
        });
        reads("corrupt=space", |s| s.corrupt = Some(Corrupt::Space));
        reads("corrupt=bare-json", |s| {
            (s.corrupt, s.data) = (Some(Corrupt::BareJson), Data::Json);
        });
        reshapes("id=seq&resume=gap&lastEventId=4", |s| {
            (s.id, s.resume) = (Id::Seq, Resume::Gap);
            s.last_event_id = Some("4".to_owned());
        });
        for (query, bytes) in [
            ("raw=ZGF0YQ", b"data".as_slice()),
            ("raw=ZGF0YQ%3D%3D", b"data"),
            ("raw=", b""),
            ("raw=-_8", b"\xFB\xFF"),
        ] {
            reads(query, |s| s.raw = Some(bytes.to_vec().into()));
        }
        reads("end=stall&raw=ZA&gzip&split=1&type=none", |s| {
            (s.end, s.gzip, s.split, s.content_type) = (End::Stall, true, 1, None);
            s.raw = Some("d".into());
        });
    }

    #[test]
    fn what_is_not_understood_is_refused_by_name() {
        let time = "|-1|+1|1.5s|2 s|s|2S|1m|3600001|3601s|99999999999999999999";
        let long = "x".repeat(257);
        let many = ",".repeat(64);
        for (name, refused) in [
            ("interval", time),
            ("count", "|-1|+1|1k|1.0|18446744073709551616"),
            ("event", &format!("a\nb|\r|x\0|{long}|{many}")),
            ("data", "|Clock|dates"),
            (
                "size",
                "|0|0k|-1|+1|64K|1g|1kb|16777217|17m|99999999999999999k",
            ),
            ("lines", "|0|1001|-1"),
            ("id", "|Seq|0|seq "),
            ("retry", time),
            ("heartbeat", &format!("{time}|0")),
            ("jitter", time),
            ("burst", "|0|100001"),
            ("seed", "|x|-1"),
            ("newline", "|LF|\n"),
            ("bom", "2|yes|true"),
            ("split", "|0|-1|x"),
            ("hold", "|0|0k|65k|1m|x"),
            ("gzip", "2|br"),
            ("status", "|0|100|199|600|OK"),
            ("type", &format!("| a|a |a\nb|é|{long}")),
            ("cors", "|*|http://a"),
            ("redirect", "|31|-1|/elsewhere|http://evil.example"),
            ("delay", time),
            ("after", "|-1|x"),
            ("end", "|rst"),
            ("outage", "|1s|1s/|/1s|0/1s|2s/1s|1s/3601s|1s/0"),
            ("corrupt", "|UTF8|all"),
            ("raw", "a b|++|%"),
            ("resume", "|yes"),
            ("lastEventId", &long),
        ] {
            for given in refused.split('|') {
                let query = form_urlencoded::Serializer::new(String::new())
                    .append_pair(name, given)
                    .finish();
                let refusal = Spec::parse(&query).expect_err(&query);
                let SpecError::NotAccepted {
                    name: named,
                    given: quoted,
                    ..
                } = &refusal
                else {
                    panic!("{query}: {refusal}");
                };
                let beginning: String = given.chars().take(QUOTED).collect();
                assert_eq!((*named, quoted), (name, &beginning));
            }
        }
    }

    #[test]
    fn each_parameter_is_tested_above() {
        let source = include_str!("mod.rs");
        for parameter in PARAMETERS {
            let here = format!("(\"{}\", ", parameter.name);
            let wrapped = format!("\"{}\",\n", parameter.name);
            assert!(
                source.contains(&here) || source.contains(&wrapped),
                "{}",
                parameter.name
            );
        }
    }

    #[test]
    fn what_the_table_says_of_a_value_is_what_is_read() {
        for parameter in PARAMETERS {
            let reads = |value: &str| (parameter.read)(&mut Asked::default(), value).is_some();
            for choice in parameter.choices {
                assert!(reads(choice), "{}={choice}", parameter.name);
                let told = parameter
                    .accepts
                    .split([' ', ',', ':'])
                    .any(|word| word == *choice);
                assert!(told, "{}: {choice} is not told", parameter.name);
            }
        }
        for preset in PRESETS {
            let spec = Spec::parse(preset.query).expect(preset.name);
            assert_ne!(spec, Spec::default(), "{}", preset.name);
        }
    }

    #[test]
    fn a_query_contradicts_neither_itself_nor_the_table() {
        for (query, sentence) in [
            ("raw=&raw=", "The parameter “raw” is given twice."),
            (
                "count=1&size=1&count=1",
                "The parameter “count” is given twice.",
            ),
            (
                "raw=&id=seq",
                "raw and id cannot be combined: raw is for a stream of given bytes, id for one that is generated.",
            ),
            (
                "bom&raw=",
                "raw and bom cannot be combined: raw is for a stream of given bytes, bom for one that is generated.",
            ),
            (
                "id=time&interval=0",
                "id=time needs an interval, as no two events may have the same time.",
            ),
            (
                "data=tokens&id=time",
                "data=tokens needs numbers from 0: give id=seq or none.",
            ),
            (
                "resume=replay",
                "resume needs IDs to resume by: give id=seq or id=time.",
            ),
            (
                "end=reset",
                "end needs a stream that ends: give count, after or outage.",
            ),
            (
                "redirect=2&status=200",
                "redirect needs a status that redirects: give 301, 302, 303, 307 or 308.",
            ),
        ] {
            let refusal = Spec::parse(query).expect_err(query);
            assert_eq!(refusal.to_string(), sentence, "{query}");
        }
        let unknown = Spec::parse("intervall=1").expect_err("mistyped");
        let unknown = unknown.to_string();
        assert!(unknown.starts_with(
            "There is no parameter “intervall”: /stream takes interval, count, event, data, size,"
        ));
        assert!(unknown.ends_with(", resume and lastEventId. See /stream/help."));
    }

    #[test]
    fn an_outage_is_by_the_clock() {
        let outage = Outage {
            down: Duration::from_secs(2),
            period: Duration::from_secs(10),
        };
        for (now, phase) in [
            (0, Phase::Down { left: outage.down }),
            (
                51_999,
                Phase::Down {
                    left: Duration::from_millis(1),
                },
            ),
            (
                52_000,
                Phase::Up {
                    left: Duration::from_secs(8),
                },
            ),
            (
                59_999,
                Phase::Up {
                    left: Duration::from_millis(1),
                },
            ),
        ] {
            assert_eq!(outage.at(now), phase, "{now}");
        }
    }
}
