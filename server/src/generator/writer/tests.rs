use std::{fmt::Write as _, io::Read};

use fastrand::Rng;

use super::*;
use crate::generator::{
    answer::Model,
    data, date,
    resume::Missed,
    spec::{Corrupt, Data, Gzip, Hold, Id, Newline},
};

/// When the streams of these tests begin, in µs since 1970.
const BEGAN: u64 = 1_795_389_954_321_000;

fn date() -> Timestamp {
    Timestamp::from_microsecond(BEGAN as i64).expect("in range")
}

/// All writes of a stream with their times, and its last step. The clock follows its waits.
fn run(spec: &Spec, seed: u64, start: Start, outage_at: Option<u64>) -> (Vec<(u64, Bytes)>, Step) {
    let mut writer = Writer::new(spec.clone(), seed, start, BEGAN, outage_at);
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
                assert!(until > elapsed, "a wait for the past");
                elapsed = until;
            }
            Step::Yield => {}
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

/// The text of a stream, and the event that would follow: slow and obvious, without frames or time.
fn model(spec: &Spec, seed: u64, start: Start) -> (Vec<u8>, Vec<u8>) {
    let end = match spec.newline {
        Newline::Lf => "\n",
        Newline::Cr => "\r",
        // For the comparison, mixed line ends are replaced by these.
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
    if let Some(missed) = start.missed {
        line(&mut out, "event: incomplete");
        let missed = match missed {
            Missed::Unknown => "null".to_owned(),
            Missed::Count(count) => count.to_string(),
        };
        line(&mut out, &format!("data: {{\"missed\":{missed}}}"));
        line(&mut out, "");
    }
    let answer = Model::new(spec, seed);
    let count = answer
        .as_ref()
        .map_or(spec.count.unwrap_or(u64::MAX), Model::count);
    let left = match spec.id {
        Id::Time => count,
        _ => count.saturating_sub(start.number),
    };
    let events = left.min(spec.after.unwrap_or(u64::MAX));
    for turn in 0..=events {
        let number = start.number + turn;
        let mut head = Vec::new();
        let event = answer.as_ref().map(|answer| answer.event(number));
        let name = match &spec.events[..] {
            [] if event.is_some() => event.as_ref().map_or("", |event| event.event_type),
            [] if spec.has_connecttime && number == 0 => "connecttime",
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
            Data::Tokens | Data::Answer(_) => event.expect("created for this data").data,
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
        let is_json = !matches!(spec.data, Data::Clock | Data::Seq);
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

/// A random query of a stream that ends; some are invalid.
fn some_query(rng: &mut Rng) -> String {
    let choices = [
        ("interval", &["0", "1", "7ms", "1s"][..]),
        ("event", &["a", "a,,b", ",status"]),
        (
            "data",
            &[
                "clock",
                "seq",
                "json",
                "tokens",
                "openai",
                "openai-responses",
                "anthropic",
                "gemini",
                "ai-sdk",
                "ag-ui",
            ],
        ),
        ("parts", &["text", "text,usage", "text,error"]),
        ("text", &["Hi there", "温度 🛰️"]),
        ("choices", &["2"]),
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
fn any_combination_of_parameters_equals_the_model() {
    let mut rng = Rng::with_seed(20_261_123);
    let mut streams = 0;
    while streams < 1_500 {
        let query = some_query(&mut rng);
        // Some queries contradict themselves.
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
            "{query}: the same seed"
        );
        let mut written = joined(&writes);
        if spec.gzip != Gzip::None {
            let packed = std::mem::take(&mut written);
            let unpacked = flate2::read::MultiGzDecoder::new(&packed[..]).read_to_end(&mut written);
            assert!(
                packed.is_empty() || unpacked.is_ok() == (spec.end == End::Close),
                "{query}: a complete stream, or no end"
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
        if spec.end == End::Truncate && spec.gzip == Gzip::None {
            let half = written.split_off(expected.len().min(written.len()));
            assert!(!half.is_empty() && half.len() < next.len(), "{query}");
            // A CRLF that is cut in half equals a CR.
            let sure = half.len() - usize::from(half.ends_with(b"\r\n"));
            assert!(next.starts_with(&half[..sure]), "{query}");
        }
        let same = written.iter().zip(&expected).take_while(|(a, b)| a == b);
        let same = same.count();
        let is_as_expected = match spec.end {
            // Decompression stops at the last flush, before the half event.
            End::Truncate if spec.gzip != Gzip::None => same == expected.len(),
            // When the stream stalls, bytes withheld until a size is reached stay withheld.
            End::Stall if matches!(spec.hold, Some(Hold::Bytes(_))) => same == written.len(),
            _ => (same, same) == (expected.len(), written.len()),
        };
        let rest = |bytes: &[u8]| {
            String::from_utf8_lossy(&bytes[same..bytes.len().min(same + 200)]).into_owned()
        };
        assert!(
            is_as_expected,
            "{query} at {same}\n{}\n{}",
            rest(&written),
            rest(&expected)
        );
    }
}

/// Replaces all line ends by CRLF.
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
    while let Some(at) = memchr::memmem::find(rest, part) {
        out.extend(&rest[..at]);
        rest = &rest[at + part.len()..];
    }
    out.extend(rest);
    out
}

fn spec(query: &str) -> Spec {
    Spec::parse(query).expect(query)
}

/// When each event is written, in ms.
fn times(query: &str, start: Start) -> Vec<u64> {
    let (writes, _) = run(&spec(query), 7, start, None);
    writes
        .iter()
        .flat_map(|(at, bytes)| {
            let events = memchr::memmem::find_iter(bytes, "\n\n").count();
            std::iter::repeat_n(at / 1_000, events)
        })
        .collect()
}

#[test]
fn events_are_written_when_they_are_due() {
    let beginning = Start::default();
    assert_eq!(
        times("count=4&data=seq", beginning),
        [0, 1_000, 2_000, 3_000]
    );
    assert_eq!(
        times("after=4", beginning),
        [0, 0, 1_000, 2_000],
        "the default stream"
    );
    assert_eq!(
        times("count=5&burst=2&interval=100", beginning),
        [0, 0, 100, 100, 200]
    );
    assert_eq!(
        times("count=4&interval=100&hold=250ms", beginning),
        [250, 250, 250, 300],
        "the end releases what is held"
    );
    assert_eq!(
        times("count=2&interval=1s&heartbeat=400ms", beginning),
        [0, 400, 800, 1_000]
    );
}

#[test]
fn time_ids_follow_the_clock() {
    let spec = spec("id=time&resume=replay&count=4&data=seq");
    let beginning = spec.start(None, BEGAN / 1_000);
    // 321 ms after the second.
    assert_eq!(
        times("id=time&count=3&data=seq", beginning),
        [0, 679, 1_679]
    );
    let behind = spec.start(Some("1795389951000"), BEGAN / 1_000);
    let query = "id=time&resume=replay&count=4&data=seq";
    assert_eq!(times(query, behind), [0, 0, 0, 679]);
}

#[test]
fn an_outage_ends_a_stream_as_the_query_asks() {
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
fn a_stopped_stream_sets_a_reconnection_time() {
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
    assert_eq!(
        rest, b"a: 0\n\nretry: 1\n",
        "a write that is begun is completed"
    );

    let mut writer = Writer::new(spec("size=1m"), 7, Start::default(), BEGAN, None);
    assert!(matches!(writer.step(now(0)), Step::Write(_)));
    writer.stop(1, now(0));
    assert_eq!(
        writer.step(now(0)),
        Step::End(End::Close),
        "no field inside an event"
    );
}
