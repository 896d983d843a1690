//! What is written is read as it was, and written again as it is.

use super::{
    super::{
        Journal, Kind,
        tests::{Live, Owned},
        time,
    },
    read::CaptureError,
    *,
};

use std::mem;

use sse_wire::Reader;

const FACTS: &str = r#"{"url":"/stream","way":"fetch"}"#;

fn written(journal: &Journal, random: &mut fastrand::Rng) -> Vec<u8> {
    let (mut writer, mut out) = (Writer::new(FACTS), Vec::new());
    while !writer.step(journal, random.usize(..10), &mut out) {
        assert!((0.0..1.0).contains(&writer.progress(journal)));
    }
    assert!(journal.is_empty() || writer.progress(journal) == 1.0);
    out
}

/// The journal of a capture, read by a reader with `bound`.
fn read(capture: &[u8], bound: usize, random: &mut fastrand::Rng) -> Journal {
    let mut journal = Journal::new(usize::MAX);
    let mut reader = CaptureReader::new();
    reader.reader = Some(Reader::with_bound(bound));
    let mut rest = capture;
    while !rest.is_empty() {
        let most = [3, 100, 10_000][random.usize(..3)];
        let (piece, after) = rest.split_at(random.usize(..=rest.len().min(most)));
        reader.feed(piece, &mut journal).expect("a capture");
        rest = after;
    }
    reader.finish().expect("whole");
    assert_eq!(reader.facts(), FACTS);
    journal
}

fn lines(journal: &Journal) -> Vec<Owned> {
    journal
        .iter()
        .map(|line| {
            let mut owned = Owned::of(&line);
            owned.at = time::from_micros(time::micros(owned.at));
            // It comes when the line end is known, which may be a byte later.
            if owned.data.starts_with("Lines end") {
                owned.at = 0.0;
                owned.id.clear();
            }
            owned
        })
        .collect()
}

fn assert_same(left: &[Owned], right: &[Owned]) {
    for (left, right) in left.iter().zip(right) {
        assert_eq!(left, right);
    }
    assert_eq!(left.len(), right.len());
}

fn shown(capture: &[u8]) -> String {
    capture.escape_ascii().to_string().replace("\\n", "\\n\n")
}

#[test]
fn a_capture_is_what_was_received() {
    for seed in 0..120 {
        let reader_bound = [usize::MAX, 64][seed as usize % 2];
        let mut live = Live::new(seed, usize::MAX, reader_bound);
        live.only_whole = true;
        live.only_bytes = reader_bound == 64;
        for _ in 0..live.random.usize(..100) {
            live.step();
        }
        let capture = written(&live.journal, &mut live.random);
        let again = read(&capture, reader_bound, &mut live.random);
        println!("seed {seed}\n{}", shown(&capture));
        assert_same(&lines(&again), &lines(&live.journal));
        assert_eq!(again.last_event_id(), live.journal.last_event_id());
        assert_eq!(shown(&written(&again, &mut live.random)), shown(&capture));
    }
}

/// What of a line is the same when lines before it are missing: what is said of line ends and of
/// where in the stream something is depends on those.
fn comparable(journal: &Journal) -> Vec<Owned> {
    let mut lines = lines(journal);
    lines.retain(|line| !line.data.starts_with("Lines end"));
    // A byte order mark would be skipped at the beginning.
    lines.retain(|line| {
        let bytes = line.bytes.strip_prefix(b"\n").unwrap_or(&line.bytes);
        !bytes.starts_with("\u{FEFF}".as_bytes())
    });
    // Events that were too large to be kept have left no bytes.
    lines.retain(|line| line.kind != Kind::Note || line.size > 0);
    for line in &mut lines {
        // The first may have begun with the end of the line before it.
        line.bytes.clear();
        if line.kind != Kind::Event {
            line.size = 0;
        }
        if line.data.starts_with("Bytes that are not UTF-8") {
            line.data.clear();
        }
    }
    lines
}

#[test]
fn what_was_evicted_is_missing_at_the_beginning() {
    for seed in 0..240 {
        let bound = [4_000, 1_000, 500, 200][seed as usize % 4];
        let reader_bound = [usize::MAX, 64][seed as usize / 4 % 2];
        let mut live = Live::new(seed, bound, reader_bound);
        live.only_bytes = reader_bound == 64;
        for _ in 0..live.random.usize(..200) {
            live.step();
        }
        let capture = written(&live.journal, &mut live.random);
        println!("seed {seed}\n{}", shown(&capture));
        let again = read(&capture, reader_bound, &mut live.random);
        let (again_lines, live_lines) = (comparable(&again), comparable(&live.journal));
        // Of a line within an event the bytes may be there still, so that it comes back.
        let more = again_lines.len() - live_lines.len();
        assert_same(&again_lines[more..], &live_lines);
        assert_eq!(shown(&written(&again, &mut live.random)), shown(&capture));
    }
}

#[test]
fn what_is_evicted_while_it_is_written_makes_no_false_event() {
    for seed in 0..120 {
        let bound = [4_000, 1_000, 500][seed as usize % 3];
        let mut live = Live::new(seed, bound, usize::MAX);
        for _ in 0..live.random.usize(..100) {
            live.step();
        }
        let end = live.journal.kept().end;
        let (mut writer, mut capture) = (Writer::new(FACTS), Vec::new());
        while !writer.step(&live.journal, live.random.usize(..20), &mut capture) {
            for _ in 0..live.random.usize(..30) {
                live.step();
            }
        }
        println!("seed {seed}\n{}", shown(&capture));
        let again = read(&capture, usize::MAX, &mut live.random);
        let of_events = |line: &Owned| line.kind == Kind::Event;
        let mut came = live.all_lines()[..end as usize]
            .iter()
            .filter(|line| of_events(line));
        for line in lines(&again).into_iter().filter(of_events) {
            let same = |came: &&Owned| {
                time::micros(came.at) == time::micros(line.at)
                    && (&came.data, &came.id, &came.event_type)
                        == (&line.data, &line.id, &line.event_type)
            };
            assert!(came.any(|came| same(&came)), "{line:?}");
        }
        // An ID that was told twice, for what was evicted as well, is told once from then on.
        let mut capture = written(&again, &mut live.random);
        for _ in 0..2 {
            let again = read(&capture, usize::MAX, &mut live.random);
            let before = mem::replace(&mut capture, written(&again, &mut live.random));
            assert!(capture.len() <= before.len());
        }
        let again = read(&capture, usize::MAX, &mut live.random);
        assert_eq!(shown(&written(&again, &mut live.random)), shown(&capture));
    }
}

#[test]
fn what_is_before_a_cut_is_there() {
    for seed in 0..10 {
        let mut live = Live::new(seed, usize::MAX, usize::MAX);
        for _ in 0..30 {
            live.step();
        }
        let capture = written(&live.journal, &mut live.random);
        let whole = lines(&read(&capture, usize::MAX, &mut live.random));
        let mut known = 0;
        for cut in 0..capture.len() {
            let (mut reader, mut journal) = (CaptureReader::new(), Journal::default());
            let result = reader.feed(&capture[..cut], &mut journal);
            assert_eq!(result, Ok(()));
            assert!(whole.starts_with(&lines(&journal)));
            assert!(journal.len() >= known);
            known = journal.len();
            let error = reader.finish().expect_err("cut off");
            match cut {
                0 => assert_eq!(error, CaptureError::NotACapture),
                _ => assert_eq!(error, CaptureError::Truncated { offset: cut as u64 }),
            }
        }
    }
}

/// What becomes of a capture with these records.
fn opened(records: &str) -> (Journal, Result<(), CaptureError>) {
    let capture = format!("sse-capture 1\n{{}}\n{records}");
    let (mut journal, mut reader) = (Journal::default(), CaptureReader::new());
    let result = reader.feed(capture.as_bytes(), &mut journal);
    let result = result.and_then(|()| reader.finish());
    (journal, result)
}

#[test]
fn the_example_of_the_documentation() {
    let document = include_str!("../../../docs/capture-format.md");
    let example = document.split("```").nth(1).expect("an example");
    let example = example.trim_start_matches(|c| c != '\n').trim_start();
    let (mut journal, mut reader) = (Journal::default(), CaptureReader::new());
    reader
        .feed(example.as_bytes(), &mut journal)
        .expect("a capture");
    reader.finish().expect("whole");
    let kinds: Vec<_> = journal.iter().map(|line| line.kind()).collect();
    assert_eq!(
        kinds,
        [
            Kind::Opened,
            Kind::Retry,
            Kind::Event,
            Kind::Event,
            Kind::Comment,
            Kind::Event,
            Kind::Closed
        ]
    );
    let (mut writer, mut out) = (Writer::new(reader.facts()), Vec::new());
    assert!(writer.step(&journal, usize::MAX, &mut out));
    assert_eq!(shown(&out), shown(example.as_bytes()));
}

#[test]
fn what_is_no_capture_is_told_at_once() {
    for (file, told_at) in [
        ("data: a\n\n", 1),
        ("sse-captor 1\n", 9),
        ("\u{FEFF}sse-capture 1\n", 1),
        ("sse-capture\n", 12),
    ] {
        for cut in 1..=file.len() {
            let (mut reader, mut journal) = (CaptureReader::new(), Journal::default());
            let result = reader.feed(&file.as_bytes()[..cut], &mut journal);
            assert_eq!(result.is_err(), cut >= told_at, "{file:?} {cut}");
            if cut >= told_at {
                assert_eq!(result, Err(CaptureError::NotACapture));
                assert_eq!(reader.feed(b"\n", &mut journal), result);
                assert_eq!(reader.finish(), result);
            }
        }
    }
    let (mut reader, mut journal) = (CaptureReader::new(), Journal::default());
    let version = "2".to_owned();
    assert_eq!(
        reader.feed(b"sse-capture 2\n", &mut journal),
        Err(CaptureError::UnknownVersion { version })
    );
    let (mut reader, long) = (CaptureReader::new(), "1".repeat(100));
    let result = reader.feed(format!("sse-capture {long}").as_bytes(), &mut journal);
    assert_eq!(result, Err(CaptureError::NotACapture));
}

#[test]
fn facts_are_an_object() {
    for facts in ["", "[]", "1", "{", "{} {}", "{\"a\":}", "\u{FEFF}{}"] {
        let (mut reader, mut journal) = (CaptureReader::new(), Journal::default());
        let file = format!("sse-capture 1\n{facts}\nend\n");
        assert_eq!(
            reader.feed(file.as_bytes(), &mut journal),
            Err(CaptureError::BadRecord {
                offset: 14,
                expected: "a JSON object of facts"
            }),
            "{facts}"
        );
    }
    let writer = &mut Writer::new("{\n\"a\":\r\n1}");
    let mut out = Vec::new();
    assert!(writer.step(&Journal::default(), 1, &mut out));
    assert_eq!(shown(&out), shown(b"sse-capture 1\n{ \"a\":  1}\nend\n"));
}

#[test]
fn a_damaged_record_is_told_with_its_place() {
    const RECORD: &str = "open, close, break, bytes or id with its numbers, or end";
    for (records, at, expected) in [
        ("\n", 0, RECORD),
        ("begin 1\n", 0, RECORD),
        ("open\n", 0, RECORD),
        ("open \n", 0, RECORD),
        ("open 1 2\n", 0, RECORD),
        ("open -1\n", 0, RECORD),
        ("open +1\n", 0, RECORD),
        ("open 1.\n", 0, RECORD),
        ("open .1\n", 0, RECORD),
        ("open 1.2345\n", 0, RECORD),
        ("open 1e3\n", 0, RECORD),
        ("open 4398046511104\n", 0, RECORD),
        ("open 99999999999999999999\n", 0, RECORD),
        ("open 1\r\n", 0, RECORD),
        ("open 1\nclose 2 \n", 7, RECORD),
        ("bytes 1\n", 0, RECORD),
        ("bytes 1 -2\n", 0, RECORD),
        ("bytes 1 99999999999999999999\n", 0, RECORD),
        ("bytes 1 2\n:\nend\n", 12, "the end of a line"),
        ("bytes 1 2\n:\n\n\n", 13, RECORD),
        ("id 99999999999\n", 0, RECORD),
        ("id 1\n\0\n", 5, "a last event ID"),
        ("id 2\n\u{7FF}\n", 0, ""),
        ("id 1\n12\n", 6, "the end of a line"),
        ("end \n", 0, RECORD),
        ("end\nend\n", 4, "the end of the file"),
        (&format!("open {}", "1".repeat(100)), 0, RECORD),
    ] {
        let (_, result) = opened(records);
        if expected.is_empty() {
            assert_eq!(
                result,
                opened("")
                    .1
                    .map_err(|_| CaptureError::Truncated { offset: 25 })
            );
            continue;
        }
        let offset = "sse-capture 1\n{}\n".len() as u64 + at;
        assert_eq!(
            result,
            Err(CaptureError::BadRecord { offset, expected }),
            "{records}"
        );
    }
}

#[test]
fn a_stream_that_no_line_ends_is_ended_by_the_next() {
    let (journal, result) =
        opened("open 1\nbytes 2 7\ndata: a\nopen 3\nbytes 4 9\ndata: b\n\n\nbreak 5.25\nend\n");
    assert_eq!(result, Ok(()));
    let lines: Vec<_> = lines(&journal)
        .into_iter()
        .map(|line| (line.at, line.kind, line.data))
        .collect();
    let unfinished = "The stream ended before this was complete; it was discarded.";
    assert_eq!(
        lines,
        [
            (1.0, Kind::Opened, String::new()),
            (3.0, Kind::Note, unfinished.to_owned()),
            (3.0, Kind::Opened, String::new()),
            (4.0, Kind::Event, "b".to_owned()),
        ]
    );
}

#[test]
fn a_journal_that_is_cleared_reads_as_a_new_one() {
    let (mut live, mut random) = (
        Live::new(3, usize::MAX, usize::MAX),
        fastrand::Rng::with_seed(3),
    );
    live.only_whole = true;
    for _ in 0..60 {
        live.step();
    }
    let capture = written(&live.journal, &mut random);
    let mut journal = live.journal.clone();
    journal.closed(live.at);
    journal.clear();
    let mut reader = CaptureReader::new();
    reader.feed(&capture, &mut journal).expect("a capture");
    assert_same(&lines(&journal), &lines(&live.journal));
    assert_eq!(shown(&written(&journal, &mut random)), shown(&capture));
}

#[test]
fn errors_are_sentences() {
    let record = CaptureError::BadRecord {
        offset: 17,
        expected: "the end of a line",
    };
    assert_eq!(
        record.to_string(),
        "The capture is damaged: the end of a line was expected at byte 17."
    );
}
