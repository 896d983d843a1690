//! A capture that is written and read again gives the same journal, and the same capture.

use super::{
    super::{
        Journal, Kind,
        tests::{Live, Owned},
        time,
    },
    *,
};

use std::mem;

const FACTS: &str = r#"{"url":"/stream","way":"fetch"}"#;

fn written(journal: &Journal, random: &mut fastrand::Rng) -> Vec<u8> {
    let (mut writer, mut out) = (Writer::new(FACTS), Vec::new());
    while !writer.step(journal, random.usize(..100), &mut out) {
        assert!((0.0..=1.0).contains(&writer.progress()));
    }
    assert!(journal.tape.len() == 0 || writer.progress() == 1.0);
    out
}

/// Reads a capture, or the beginning of one, into `journal`; returns its facts.
fn feed(
    reader: &mut CaptureReader,
    bytes: &[u8],
    journal: &mut Journal,
) -> Result<Option<String>, CaptureError> {
    let mut facts = None;
    reader.feed(bytes, &mut |record| {
        if let Record::Facts(text) = record {
            facts = Some(text.to_owned());
        }
        journal.replay(record);
    })?;
    Ok(facts)
}

/// The journal of a capture whose events may be as large as `largest_event`.
fn read(capture: &[u8], largest_event: usize, random: &mut fastrand::Rng) -> Journal {
    let mut journal = Journal::new(usize::MAX);
    journal.largest_event = largest_event;
    journal.reader = sse_wire::Reader::with_bound(largest_event);
    let (mut reader, mut facts) = (CaptureReader::new(), None);
    let mut rest = capture;
    while !rest.is_empty() {
        let most = [3, 100, 10_000][random.usize(..3)];
        let (piece, after) = rest.split_at(random.usize(..=rest.len().min(most)));
        let found = feed(&mut reader, piece, &mut journal).expect("a capture");
        facts = facts.or(found);
        rest = after;
    }
    reader.finish().expect("complete");
    assert_eq!(facts.as_deref(), Some(FACTS));
    journal
}

fn lines(journal: &Journal) -> Vec<Owned> {
    journal
        .iter()
        .map(|line| {
            let mut owned = Owned::of(&line);
            owned.at = time::from_micros(time::micros(owned.at));
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
fn a_capture_restores_what_was_received() {
    for seed in 0..120 {
        let largest_event = [usize::MAX, 64][seed as usize % 2];
        let mut live = Live::new(seed, usize::MAX, largest_event);
        live.only_complete = true;
        live.only_bytes = largest_event == 64;
        for _ in 0..live.random.usize(..100) {
            live.step();
        }
        let capture = written(&live.journal, &mut live.random);
        let again = read(&capture, largest_event, &mut live.random);
        println!("seed {seed}\n{}", shown(&capture));
        assert_same(&lines(&again), &lines(&live.journal));
        assert_eq!(again.last_event_id(), live.journal.last_event_id());
        if live.only_bytes {
            assert_eq!(again.figures().reads, live.journal.figures().reads);
        }
        assert_eq!(shown(&written(&again, &mut live.random)), shown(&capture));
    }
}

/// The lines without what depends on lines before them, which may be missing: notes about line ends, and
/// positions in the stream.
fn comparable(journal: &Journal) -> Vec<Owned> {
    let mut lines = lines(journal);
    lines.retain(|line| !line.data.starts_with("Lines end"));
    // A line that begins with a byte order mark is left out at the beginning.
    lines.retain(|line| {
        let bytes = line.bytes.strip_prefix(b"\n").unwrap_or(&line.bytes);
        !bytes.starts_with("\u{FEFF}".as_bytes())
    });
    // Of an event that was too large, no bytes are left.
    lines.retain(|line| line.kind != Kind::Note || line.size > 0);
    for line in &mut lines {
        // The first line may have begun with the LF of a CRLF.
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
fn evicted_lines_are_missing_at_the_beginning() {
    for seed in 0..240 {
        let bound = [4_000, 1_000, 500, 200][seed as usize % 4];
        let largest_event = [usize::MAX, 64][seed as usize / 4 % 2];
        let mut live = Live::new(seed, bound, largest_event);
        live.only_bytes = largest_event == 64;
        for _ in 0..live.random.usize(..200) {
            live.step();
        }
        let capture = written(&live.journal, &mut live.random);
        println!("seed {seed}\n{}", shown(&capture));
        let again = read(&capture, largest_event, &mut live.random);
        let (again_lines, live_lines) = (comparable(&again), comparable(&live.journal));
        // The bytes of a line within an event may outlive the line, which is then read again.
        let more = again_lines.len() - live_lines.len();
        assert_same(&again_lines[more..], &live_lines);
        assert_eq!(shown(&written(&again, &mut live.random)), shown(&capture));
    }
}

#[test]
fn an_eviction_during_writing_makes_no_false_event() {
    for seed in 0..120 {
        let bound = [4_000, 1_000, 500][seed as usize % 3];
        let mut live = Live::new(seed, bound, usize::MAX);
        for _ in 0..live.random.usize(..100) {
            live.step();
        }
        let end = live.journal.kept().end;
        let (mut writer, mut capture) = (Writer::new(FACTS), Vec::new());
        while !writer.step(&live.journal, live.random.usize(..200), &mut capture) {
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
        // An ID that was written twice, for evicted bytes as well, is written once from then on.
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
fn the_records_before_a_cut_are_valid() {
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
            assert!(feed(&mut reader, &capture[..cut], &mut journal).is_ok());
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

/// Reads a capture with these records.
fn opened(records: &str) -> (Journal, Result<(), CaptureError>) {
    let capture = format!("sse-capture 1\n{{}}\n{records}");
    let (mut journal, mut reader) = (Journal::default(), CaptureReader::new());
    let result = feed(&mut reader, capture.as_bytes(), &mut journal);
    let result = result.and_then(|_| reader.finish());
    (journal, result)
}

#[test]
fn the_example_of_the_documentation() {
    let document = include_str!("../../../docs/capture-format.md");
    let example = document.split("```").nth(1).expect("an example");
    let example = example.trim_start_matches(|c| c != '\n').trim_start();
    let (mut journal, mut reader) = (Journal::default(), CaptureReader::new());
    let facts = feed(&mut reader, example.as_bytes(), &mut journal);
    let facts = facts.expect("a capture").expect("facts");
    reader.finish().expect("complete");
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
    let (mut writer, mut out) = (Writer::new(&facts), Vec::new());
    assert!(writer.step(&journal, usize::MAX, &mut out));
    assert_eq!(shown(&out), shown(example.as_bytes()));
}

#[test]
fn a_file_that_is_not_a_capture_is_refused_at_once() {
    for (file, refused_at) in [
        ("data: a\n\n", 1),
        ("sse-captor 1\n", 9),
        ("\u{FEFF}sse-capture 1\n", 1),
        ("sse-capture\n", 12),
    ] {
        for cut in 1..=file.len() {
            let mut reader = CaptureReader::new();
            let result = reader.feed(&file.as_bytes()[..cut], &mut |_| {});
            assert_eq!(result.is_err(), cut >= refused_at, "{file:?} {cut}");
            if cut >= refused_at {
                assert_eq!(result, Err(CaptureError::NotACapture));
                assert_eq!(reader.feed(b"\n", &mut |_| {}), result);
                assert_eq!(reader.finish(), result);
            }
        }
    }
    let mut reader = CaptureReader::new();
    let version = "2".to_owned();
    assert_eq!(
        reader.feed(b"sse-capture 2\n", &mut |_| {}),
        Err(CaptureError::UnknownVersion { version })
    );
    let (mut reader, long) = (CaptureReader::new(), "1".repeat(200));
    let result = reader.feed(format!("sse-capture {long}").as_bytes(), &mut |_| {});
    assert_eq!(result, Err(CaptureError::NotACapture));
}

#[test]
fn facts_are_an_object() {
    for facts in ["", "[]", "1", "{", "{} {}", "{\"a\":}", "\u{FEFF}{}"] {
        let mut reader = CaptureReader::new();
        let file = format!("sse-capture 1\n{facts}\nend\n");
        assert_eq!(
            reader.feed(file.as_bytes(), &mut |_| {}),
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
fn a_malformed_record_is_reported_with_its_position() {
    const RECORD: &str = "open, close, break, fail, bytes, id or facts with its numbers, or end";
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
        ("fail 1 2 3\n", 0, RECORD),
        ("fail 1 2 0 0\n", 0, RECORD),
        ("fail 1 2 1 301\n", 0, RECORD),
        ("fail 1 2 1 0 \n", 0, RECORD),
        ("fail 1 2 1 0 5 6\n", 0, RECORD),
        ("fail 1 2 1 1\n\0\n", 13, "a reason"),
        ("fail 1 2 1 1\nxy\n", 14, "the end of a line"),
        ("id 99999999999\n", 0, RECORD),
        ("id 1\n\0\n", 5, "a last event ID"),
        ("id 2\n\u{7FF}\n", 0, ""),
        ("id 1\n12\n", 6, "the end of a line"),
        ("facts\n", 0, RECORD),
        ("facts 1048577\n", 0, RECORD),
        ("facts 2\n[]\n", 8, "a JSON object of facts"),
        ("facts 3\n{\n}\n", 8, "a JSON object of facts"),
        ("facts 2\n{}}\n", 10, "the end of a line"),
        ("end \n", 0, RECORD),
        ("end\nend\n", 4, "the end of the file"),
        (&format!("open {}", "1".repeat(200)), 0, RECORD),
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
fn failed_attempts_are_restored() {
    let records = "fail 1 3.5 2 8 1.25\n503 Busy\nfail 4 4 1 0\n\nopen 5\nbytes 6 7\ndata: a\nfail 7 7 1 4\nlost\nend\n";
    let (journal, result) = opened(records);
    assert_eq!(result, Ok(()));
    let lines: Vec<_> = lines(&journal)
        .into_iter()
        .map(|line| (line.at, line.kind, line.data))
        .collect();
    let unfinished = "The stream ended before this was complete; it was discarded.";
    assert_eq!(
        lines,
        [
            (
                1.0,
                Kind::Failed,
                "503 Busy, 2 times, the last at 1970-01-01T00:00:00.003500Z in 1.25 ms".to_owned()
            ),
            (4.0, Kind::Failed, String::new()),
            (5.0, Kind::Opened, String::new()),
            (7.0, Kind::Note, unfinished.to_owned()),
            (7.0, Kind::Failed, "lost".to_owned()),
        ]
    );
    assert_eq!(journal.figures().failed_attempts, 4);
    let (mut writer, mut out) = (Writer::new("{}"), Vec::new());
    assert!(writer.step(&journal, usize::MAX, &mut out));
    assert_eq!(
        shown(&out),
        shown(format!("sse-capture 1\n{{}}\n{records}").as_bytes())
    );
}

#[test]
fn a_new_connection_ends_the_stream_before_it() {
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
fn a_cleared_journal_reads_a_capture_like_a_new_one() {
    let mut random = fastrand::Rng::with_seed(3);
    let mut live = Live::new(3, usize::MAX, usize::MAX);
    live.only_complete = true;
    for _ in 0..60 {
        live.step();
    }
    let capture = written(&live.journal, &mut random);
    let mut journal = live.journal.clone();
    journal.closed(live.at);
    journal.clear();
    journal.restart("");
    feed(&mut CaptureReader::new(), &capture, &mut journal).expect("a capture");
    assert_same(&lines(&journal), &lines(&live.journal));
    assert_eq!(shown(&written(&journal, &mut random)), shown(&capture));
}

#[test]
fn every_read_is_a_record_with_its_own_time() {
    let mut journal = Journal::default();
    journal.opened(1.0);
    // The end of the event arrives in the same write of the server, but in a read of its own.
    for (at, bytes) in [(2.0, "data: a\n"), (2.25, "\n"), (231.0, ": b\n")] {
        journal.receive(at, bytes.as_bytes());
    }
    journal.closed(300.0);
    let (mut writer, mut out) = (Writer::new("{}"), Vec::new());
    assert!(writer.step(&journal, usize::MAX, &mut out));
    assert_eq!(
        shown(&out),
        shown(
            b"sse-capture 1\n{}\nopen 1\nbytes 2 8\ndata: a\n\nbytes 2.25 1\n\n\nbytes 231 4\n: b\n\n\
              close 300\nend\n"
        )
    );
}

#[test]
fn an_event_without_its_beginning_is_left_out() {
    let mut journal = Journal::new(1_000);
    journal.opened(0.0);
    for _ in 0..50 {
        let line = format!("data: {}\n", "x".repeat(90));
        journal.receive(2.0, line.as_bytes());
    }
    let mut random = fastrand::Rng::with_seed(1);
    let capture = written(&journal, &mut random);
    assert_eq!(
        shown(&capture),
        shown(format!("sse-capture 1\n{FACTS}\nend\n").as_bytes())
    );
}

#[test]
fn errors_are_sentences() {
    let record = CaptureError::BadRecord {
        offset: 17,
        expected: "the end of a line",
    };
    assert_eq!(
        record.to_string(),
        "The capture is damaged: expected the end of a line at byte 17."
    );
}
