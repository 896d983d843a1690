//! What a stream writes next, and when: the events in their time and form, until the end that is
//! asked for. Pure: times are µs since the stream began, and the caller has the clock.

use bytes::Bytes;
use jiff::Timestamp;

use crate::generator::{
    FRAME,
    events::{Events, Start},
    framing::Framing,
    schedule::Schedule,
    spec::{End, Spec, us},
};

/// A moment of one stream.
#[derive(Clone, Copy)]
pub(crate) struct Now {
    /// µs since the stream began.
    pub(crate) elapsed: u64,
    /// What dates say.
    pub(crate) date: Timestamp,
}

/// What is next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Write(Bytes),
    /// Nothing yet, and more to do: others come first.
    Again,
    /// Nothing before this moment; `None` is never.
    Wait(Option<u64>),
    End(End),
}

/// How many frames are made at once of which nothing is written, because they are withheld.
const TURNS: usize = 16;

pub(crate) struct Writer {
    source: Source,
    schedule: Schedule,
    framing: Framing,
    /// Events that are due and not begun.
    owed: u64,
    /// Anything is written: the opening comes before all.
    opened: bool,
    heartbeat: Option<Heartbeat>,
    end: End,
    /// When an outage ends it.
    cut: Option<u64>,
    written: Written,
}

enum Source {
    Events(Box<Events>),
    Raw(Bytes),
    /// Nothing comes any more.
    Over,
}

struct Heartbeat {
    period: u64,
    due: u64,
}

/// What was written since the last time that somebody asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) events: u64,
    /// How long after it was due the first of them was written, in µs.
    pub(crate) late: Option<u64>,
}

impl Writer {
    /// `now` is in µs since 1970; `cut` is when an outage ends the stream.
    pub(crate) fn new(spec: Spec, seed: u64, start: Start, now: u64, cut: Option<u64>) -> Self {
        Self {
            schedule: Schedule::new(&spec, seed, start.number, now),
            framing: Framing::new(&spec),
            owed: 0,
            opened: false,
            heartbeat: spec.heartbeat.map(|period| Heartbeat {
                period: us(period),
                due: us(period),
            }),
            end: spec.end,
            cut,
            written: Written::default(),
            source: match &spec.raw {
                Some(bytes) => Source::Raw(bytes.clone()),
                None => Source::Events(Box::new(Events::new(spec, seed, start))),
            },
        }
    }

    /// What was written since the last call.
    pub(crate) fn take_written(&mut self) -> Written {
        std::mem::take(&mut self.written)
    }

    /// What is next at `now`. What it says to write is on its way before it is called again.
    pub(crate) fn step(&mut self, now: Now) -> Step {
        for _ in 0..TURNS {
            if let Some(write) = self.framing.next(now.elapsed) {
                return Step::Write(write);
            }
            let is_cut = self.cut.is_some_and(|cut| cut <= now.elapsed);
            match &mut self.source {
                Source::Over => {
                    return match self.end {
                        End::Stall => Step::Wait(self.framing.release()),
                        end => Step::End(end),
                    };
                }
                Source::Raw(bytes) if bytes.is_empty() || is_cut => self.finish(),
                Source::Raw(bytes) => {
                    let size = bytes.len().min(FRAME);
                    let frame = bytes.split_to(size).into();
                    self.framing.push(frame, now.elapsed);
                }
                Source::Events(events) if events.is_over() || is_cut => {
                    if self.end == End::Truncate && !events.is_within_an_event() {
                        let half = events.half(now.date);
                        // Nothing after it.
                        self.source = Source::Raw(Bytes::new());
                        self.framing.push(half, now.elapsed);
                    } else {
                        self.finish();
                    }
                }
                // Together with the first events only if those are due from the beginning: writes must
                // not depend on how late the machine is.
                Source::Events(events)
                    if !self.opened && self.schedule.due().is_some_and(|due| due > 0) =>
                {
                    self.opened = true;
                    let opening = events.frame(&mut 0, now.date);
                    self.framing.push(opening, now.elapsed);
                }
                Source::Events(events) => {
                    // What is begun comes first: writes must not depend on how long it takes.
                    let (due, late) = match self.owed == 0 && !events.is_within_an_event() {
                        true => self.schedule.take(now.elapsed),
                        false => (0, None),
                    };
                    self.owed = self.owed.saturating_add(due);
                    self.written.late = self.written.late.or(late);
                    let beat = self
                        .heartbeat
                        .as_mut()
                        .filter(|beat| beat.due <= now.elapsed);
                    if let Some(beat) = beat
                        && self.opened
                        && !events.is_within_an_event()
                    {
                        beat.due = (now.elapsed / beat.period + 1) * beat.period;
                        let comment = events.heartbeat();
                        self.framing.push(comment, now.elapsed);
                    } else if self.opened && self.owed == 0 && !events.is_within_an_event() {
                        return Step::Wait(self.next_moment());
                    } else {
                        self.opened = true;
                        let owed = self.owed;
                        let frame = events.frame(&mut self.owed, now.date);
                        self.written.events += owed - self.owed;
                        self.framing.push(frame, now.elapsed);
                    }
                }
            }
        }
        Step::Again
    }

    /// The server stops: the client is told to come back after `ms`, and the stream ends as a whole
    /// response does.
    pub(crate) fn stop(&mut self, ms: u64, now: Now) {
        if let Source::Events(events) = &mut self.source
            && !events.is_within_an_event()
        {
            let last = events.come_back_after(ms);
            self.framing.push(last, now.elapsed);
        }
        self.end = End::Close;
        self.finish();
    }

    fn finish(&mut self) {
        self.source = Source::Over;
        // What falls silent does not end: what is withheld stays so.
        if self.end != End::Stall {
            self.framing.finish(self.end == End::Close);
        }
    }

    fn next_moment(&self) -> Option<u64> {
        [
            self.schedule.due(),
            self.heartbeat.as_ref().map(|beat| beat.due),
            self.framing.release(),
            self.cut,
        ]
        .into_iter()
        .flatten()
        .min()
    }
}

#[cfg(test)]
mod tests {
    use std::{fmt::Write as _, io::Read};

    use fastrand::Rng;

    use super::*;
    use crate::generator::{
        data::{self, Tokens},
        date,
        spec::{Corrupt, Data, Hold, Id, Newline},
    };

    /// When all streams of these tests begin, in µs since 1970.
    const BEGAN: u64 = 1_795_389_954_321_000;

    fn date() -> Timestamp {
        Timestamp::from_microsecond(BEGAN as i64).expect("in range")
    }

    /// Everything that a stream writes, with its moment, and how it ends; time passes as it asks.
    fn run(spec: &Spec, seed: u64, start: Start, cut: Option<u64>) -> (Vec<(u64, Bytes)>, Step) {
        let mut writer = Writer::new(spec.clone(), seed, start, BEGAN, cut);
        let mut writes = Vec::new();
        let mut elapsed = 0;
        loop {
            let date = date();
            match writer.step(Now { elapsed, date }) {
                Step::Write(bytes) => {
                    assert!((1..=FRAME).contains(&bytes.len()));
                    assert!(bytes.len() <= spec.split);
                    writes.push((elapsed, bytes));
                }
                Step::Wait(Some(until)) => {
                    assert!(until > elapsed, "it waits for the past");
                    elapsed = until;
                }
                Step::Again => {}
                end => return (writes, end),
            }
        }
    }

    fn joined(writes: &[(u64, Bytes)]) -> Vec<u8> {
        writes
            .iter()
            .flat_map(|(_, bytes)| bytes.to_vec())
            .collect()
    }

    /// What a stream is to be, and the event that would come next: slow and obvious, without frames,
    /// numbers as digits, or time.
    fn model(spec: &Spec, seed: u64, start: Start) -> (Vec<u8>, Vec<u8>) {
        let end = match spec.newline {
            Newline::Lf => "\n",
            Newline::Cr => "\r",
            // Mixed ones are compared as if they were these.
            Newline::CrLf | Newline::Mixed => "\r\n",
        };
        let mut out = Vec::new();
        let line = |out: &mut Vec<u8>, text: &str| out.extend([text, end].concat().bytes());
        if spec.bom {
            out.extend("\u{FEFF}".bytes());
        }
        if let Some(retry) = spec.retry {
            line(&mut out, &format!("retry: {}", retry.as_millis()));
        }
        if let Some(missed) = start.incomplete {
            line(&mut out, "event: incomplete");
            let missed = missed.map_or("null".to_owned(), |missed| missed.to_string());
            line(&mut out, &format!("data: {{\"missed\":{missed}}}"));
            line(&mut out, "");
        }
        let tokens = Tokens::new(seed, spec.count);
        let count = match spec.data {
            Data::Tokens => tokens.count,
            _ => spec.count.unwrap_or(u64::MAX),
        };
        let left = match spec.id {
            Id::Time => count,
            _ => count.saturating_sub(start.number),
        };
        let events = left.min(spec.after.unwrap_or(u64::MAX));
        for turn in 0..=events {
            let number = start.number + turn;
            let mut head = Vec::new();
            let name = match &spec.events[..] {
                [] if spec.article && number == 0 => "connecttime",
                [] => "",
                names => &names[(number % names.len() as u64) as usize],
            };
            if !name.is_empty() {
                line(&mut head, &format!("event: {name}"));
            }
            let mut id = match spec.id {
                Id::None => String::new(),
                Id::Seq => number.to_string(),
                Id::Time => spec.time_id(number),
            };
            if spec.corrupt == Some(Corrupt::NulId) {
                if id.is_empty() {
                    id = number.to_string();
                }
                id += "\0";
            }
            if !id.is_empty() {
                line(&mut head, &format!("id: {id}"));
            }
            let size = spec.size.unwrap_or(0);
            let mut text = match spec.data {
                Data::Clock => date::to_string(date()),
                Data::Seq => number.to_string(),
                Data::Json => data::object(number, &mut data::rng(seed, number)),
                Data::Tokens => tokens.data(number),
            };
            match spec.data {
                Data::Clock if size > 0 => text.truncate(size),
                Data::Seq if (1..text.len()).contains(&size) => text.clear(),
                _ => {}
            }
            let mut text = text.into_bytes();
            if spec.corrupt == Some(Corrupt::Utf8) {
                text.extend(b" caf\xE9");
            }
            let is_json = matches!(spec.data, Data::Json | Data::Tokens);
            for number in 2..=spec.lines {
                let mut more = String::from("\n");
                if !is_json {
                    write!(more, "line {number}").expect("memory");
                }
                text.extend(more.bytes());
            }
            if text.len() < size {
                if !text.is_empty() {
                    text.push(b' ');
                }
                text.resize(size, if is_json { b' ' } else { b'x' });
            }
            let field = match spec.corrupt {
                Some(Corrupt::Case) => "Data: ",
                Some(Corrupt::Space) => "data : ",
                Some(Corrupt::BareJson) => "",
                _ => "data: ",
            };
            let mut event = head;
            let lines: Vec<_> = text.split(|byte| *byte == b'\n').collect();
            for (index, text) in lines.iter().enumerate() {
                event.extend(field.bytes());
                event.extend(*text);
                if index + 1 < lines.len() {
                    event.extend(end.bytes());
                }
            }
            line(&mut event, "");
            if spec.corrupt != Some(Corrupt::NoBlank) {
                line(&mut event, "");
            }
            if turn == events {
                return (out, event);
            }
            out.extend(event);
        }
        unreachable!("the last turn returns");
    }

    /// Some query of a stream that ends.
    fn some_query(rng: &mut Rng) -> String {
        let choices = [
            ("interval", &["0", "1", "7ms", "1s"][..]),
            ("event", &["a", "a,,b", ",status"]),
            ("data", &["clock", "seq", "json", "tokens"]),
            ("size", &["1", "2", "90", "700", "70000"]),
            ("lines", &["1", "3", "50"]),
            ("id", &["none", "seq", "time"]),
            ("retry", &["none", "0", "2s"]),
            ("heartbeat", &["3ms", "500ms"]),
            ("jitter", &["5ms", "3s"]),
            ("burst", &["2", "7"]),
            ("newline", &["lf", "cr", "crlf", "mixed"]),
            ("bom", &["1"]),
            ("split", &["1", "5", "1000"]),
            ("hold", &["20ms", "5s", "1k", "64k"]),
            ("gzip", &["1"]),
            ("after", &["0", "1", "11"]),
            ("end", &["close", "reset", "truncate", "stall"]),
            (
                "corrupt",
                &["utf8", "nul-id", "no-blank", "case", "space", "bare-json"],
            ),
            ("resume", &["replay", "gap", "repeat"]),
        ];
        let mut query = format!("count={}", rng.u32(0..16));
        for (name, values) in choices {
            if rng.u32(..4) == 0 {
                let value = values[rng.usize(..values.len())];
                write!(query, "&{name}={value}").expect("memory");
            }
        }
        query
    }

    #[test]
    fn any_combination_of_parameters_yields_what_it_says() {
        let mut rng = Rng::with_seed(20_261_123);
        let mut streams = 0;
        while streams < 1_500 {
            let query = some_query(&mut rng);
            // Some contradict themselves.
            let Ok(spec) = Spec::parse(&query) else {
                continue;
            };
            streams += 1;
            let seed = rng.u64(..);
            let last = [None, Some("2"), Some("x"), Some("1795389954000")][rng.usize(..4)];
            let start = spec.start(last, BEGAN / 1_000);
            let (writes, end) = run(&spec, seed, start, None);
            assert_eq!(
                end,
                match spec.end {
                    End::Stall => Step::Wait(None),
                    end => Step::End(end),
                },
                "{query}"
            );
            assert_eq!(
                run(&spec, seed, start, None).0,
                writes,
                "{query}: the seed decides"
            );
            let mut written = joined(&writes);
            if spec.gzip {
                let packed = std::mem::take(&mut written);
                let unpacked =
                    flate2::read::MultiGzDecoder::new(&packed[..]).read_to_end(&mut written);
                assert!(
                    packed.is_empty() || unpacked.is_ok() == (spec.end == End::Close),
                    "{query}: a whole end, or none"
                );
            }
            let (mut expected, mut next) = model(&spec, seed, start);
            if spec.newline == Newline::Mixed {
                for bytes in [&mut written, &mut expected, &mut next] {
                    *bytes = as_crlf(bytes);
                }
            }
            for end in ["\r\n", "\n", "\r"] {
                if spec.heartbeat.is_none() {
                    break;
                }
                let blank = match spec.corrupt {
                    Some(Corrupt::NoBlank) => "",
                    _ => end,
                };
                let beat = format!(": heartbeat{end}{blank}");
                written = without(&written, beat.as_bytes());
            }
            if spec.end == End::Truncate && !spec.gzip {
                let half = written.split_off(expected.len().min(written.len()));
                assert!(!half.is_empty() && half.len() < next.len(), "{query}");
                // Half of CRLF was all of CR.
                let sure = half.len() - usize::from(half.ends_with(b"\r\n"));
                assert!(next.starts_with(&half[..sure]), "{query}");
            }
            let same = written.iter().zip(&expected).take_while(|(a, b)| a == b);
            let same = same.count();
            let is_whole = match spec.end {
                // What was not flushed by an end is not there to be unpacked.
                End::Truncate if spec.gzip => same == expected.len(),
                // What is withheld when it falls silent stays so.
                End::Stall if matches!(spec.hold, Some(Hold::Bytes(_))) => same == written.len(),
                _ => (same, same) == (expected.len(), written.len()),
            };
            let rest = |bytes: &[u8]| {
                String::from_utf8_lossy(&bytes[same..bytes.len().min(same + 200)]).into_owned()
            };
            assert!(
                is_whole,
                "{query} at {same}\n{}\n{}",
                rest(&written),
                rest(&expected)
            );
        }
    }

    /// All line ends made CRLF.
    fn as_crlf(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut rest = bytes;
        loop {
            rest = match rest {
                [] => return out,
                [b'\r', b'\n', rest @ ..] | [b'\r' | b'\n', rest @ ..] => {
                    out.extend(b"\r\n");
                    rest
                }
                [byte, rest @ ..] => {
                    out.push(*byte);
                    rest
                }
            };
        }
    }

    fn without(bytes: &[u8], part: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut rest = bytes;
        while let Some(at) = rest.windows(part.len()).position(|window| window == part) {
            out.extend(&rest[..at]);
            rest = &rest[at + part.len()..];
        }
        out.extend(rest);
        out
    }

    fn spec(query: &str) -> Spec {
        Spec::parse(query).expect(query)
    }

    /// When each event was written, in ms.
    fn moments(query: &str, start: Start) -> Vec<u64> {
        let (writes, _) = run(&spec(query), 7, start, None);
        writes
            .iter()
            .flat_map(|(at, bytes)| {
                let events = bytes.windows(2).filter(|pair| pair == b"\n\n").count();
                std::iter::repeat_n(at / 1_000, events)
            })
            .collect()
    }

    #[test]
    fn events_are_written_when_they_are_due() {
        let anew = Start::default();
        assert_eq!(moments("count=4&data=seq", anew), [0, 1_000, 2_000, 3_000]);
        assert_eq!(
            moments("after=4", anew),
            [0, 0, 1_000, 2_000],
            "as the article's"
        );
        assert_eq!(
            moments("count=5&burst=2&interval=100", anew),
            [0, 0, 100, 100, 200]
        );
        assert_eq!(
            moments("count=4&interval=100&hold=250ms", anew),
            [250, 250, 250, 300],
            "the end releases"
        );
        assert_eq!(
            moments("count=2&interval=1s&heartbeat=400ms", anew),
            [0, 400, 800, 1_000]
        );
    }

    #[test]
    fn the_whole_seconds_of_ids_are_those_of_the_clock() {
        let spec = spec("id=time&resume=replay&count=4&data=seq");
        let anew = spec.start(None, BEGAN / 1_000);
        // 321 ms after the second.
        assert_eq!(moments("id=time&count=3&data=seq", anew), [0, 679, 1_679]);
        let behind = spec.start(Some("1795389951000"), BEGAN / 1_000);
        let query = "id=time&resume=replay&count=4&data=seq";
        assert_eq!(moments(query, behind), [0, 0, 0, 679]);
    }

    #[test]
    fn an_outage_ends_a_stream_as_it_is_asked_to_end() {
        for (query, end) in [
            ("outage=1s/9s", Step::End(End::Close)),
            ("outage=1s/9s&end=reset", Step::End(End::Reset)),
            ("outage=1s/9s&end=truncate", Step::End(End::Truncate)),
            ("outage=1s/9s&end=stall", Step::Wait(None)),
        ] {
            let query = format!("interval=100ms&data=seq&{query}");
            let (writes, ended) = run(&spec(&query), 7, Start::default(), Some(350_000));
            let text = joined(&writes);
            let text = String::from_utf8_lossy(&text);
            assert_eq!(ended, end);
            assert_eq!(text.matches("\n\n").count(), 4, "{text}");
        }
    }

    #[test]
    fn a_server_that_stops_says_when_to_come_back() {
        let now = |elapsed| Now {
            elapsed,
            date: date(),
        };
        let mut writer = Writer::new(spec("data=seq"), 7, Start::default(), BEGAN, None);
        assert!(matches!(writer.step(now(0)), Step::Write(_)));
        writer.stop(4_321, now(1));
        assert_eq!(
            writer.step(now(2)),
            Step::Write(Bytes::from_static(b"retry: 4321\n"))
        );
        assert_eq!(writer.step(now(2)), Step::End(End::Close));

        let query = "data=seq&split=3&end=stall&after=1&retry=none";
        let mut writer = Writer::new(spec(query), 7, Start::default(), BEGAN, None);
        assert_eq!(writer.step(now(0)), Step::Write("dat".into()));
        writer.stop(1, now(0));
        let mut rest = Vec::new();
        while let Step::Write(bytes) = writer.step(now(0)) {
            rest.extend(bytes);
        }
        assert_eq!(rest, b"a: 0\n\nretry: 1\n", "what is begun is not lost");

        let mut writer = Writer::new(spec("size=1m"), 7, Start::default(), BEGAN, None);
        assert!(matches!(writer.step(now(0)), Step::Write(_)));
        writer.stop(1, now(0));
        assert_eq!(
            writer.step(now(0)),
            Step::End(End::Close),
            "nothing inside an event"
        );
    }
}
