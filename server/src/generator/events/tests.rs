use sse_wire::encode;

use super::*;

fn now() -> Timestamp {
    Timestamp::from_second(1_795_389_954).expect("in range")
}

fn events(query: &str) -> Events {
    Events::new(Spec::parse(query).expect(query), 7, Start::default())
}

/// The text of a stream, generated with `most` events owed at a time.
fn all(query: &str, most: u64) -> Vec<u8> {
    let mut events = events(query);
    let mut all = Vec::new();
    while !events.is_over() {
        let frame = events.frame(&mut most.clone(), now());
        assert!((1..=FRAME).contains(&frame.len()), "{}", frame.len());
        all.extend(frame);
    }
    all
}

#[test]
fn parameters_shape_an_event() {
    const DATE: &str = "Sun Nov 22 2026 23:25:54 GMT+0000 (Coordinated Universal Time)";
    for (query, expected) in [
        ("count=2&size=1", "data: 0\n\ndata: 1\n\n"),
        ("count=2&size=2", "data: 0 \n\ndata: 1 \n\n"),
        (
            "count=2&size=5&id=seq",
            "id: 0\ndata: 0 xxx\n\nid: 1\ndata: 1 xxx\n\n",
        ),
        ("count=1", &format!("data: {DATE}\n\n")),
        ("count=1&size=10&data=clock", "data: Sun Nov 22\n\n"),
        (
            "count=1&size=67&data=clock",
            &format!("data: {DATE} xxxx\n\n"),
        ),
        (
            "count=3&data=seq&event=a,,b",
            "event: a\ndata: 0\n\ndata: 1\n\nevent: b\ndata: 2\n\n",
        ),
        (
            "count=1&data=seq&lines=3",
            "data: 0\ndata: line 2\ndata: line 3\n\n",
        ),
        (
            "count=1&data=seq&lines=2&size=12",
            "data: 0\ndata: line 2 xxx\n\n",
        ),
        (
            "count=2&data=seq&newline=crlf&id=seq",
            "id: 0\r\ndata: 0\r\n\r\nid: 1\r\ndata: 1\r\n\r\n",
        ),
        ("count=1&data=seq&newline=cr", "data: 0\r\r"),
        ("count=2&data=seq&corrupt=no-blank", "data: 0\ndata: 1\n"),
        ("count=1&data=seq&corrupt=case", "Data: 0\n\n"),
        ("count=1&data=seq&corrupt=space", "data : 0\n\n"),
        (
            "count=2&data=seq&corrupt=nul-id",
            "id: 0\0\ndata: 0\n\nid: 1\0\ndata: 1\n\n",
        ),
        (
            "count=1&data=seq&id=time&interval=7ms&burst=2",
            "id: 0\ndata: 0\n\n",
        ),
        ("count=3&after=1&data=seq", "data: 0\n\n"),
        ("count=1&after=3&data=seq", "data: 0\n\n"),
    ] {
        let written = all(&format!("retry=none&{query}"), u64::MAX);
        let written = std::str::from_utf8(&written).expect(query);
        assert_eq!(written, expected, "{query}");
    }
    let latin_1 = all("retry=none&count=1&data=seq&corrupt=utf8", 1);
    assert_eq!(latin_1, b"data: 0 caf\xE9\n\n");
    let bare = all("count=1&corrupt=bare-json", 1);
    assert!(bare.starts_with(b"retry: 10000\n{\"n\":0,"));
    let opening = all("bom&retry=2s&count=1&data=seq", 1);
    assert_eq!(opening, b"\xEF\xBB\xBFretry: 2000\ndata: 0\n\n");
    let huge = all("count=1&corrupt=huge&retry=none", 1);
    assert_eq!(huge.len(), HUGE + "data: \n\n".len());
    let eleventh = all("count=11&size=1", u64::MAX);
    assert!(
        eleventh.ends_with(b"data: 9\n\ndata: x\n\n"),
        "10 has two digits"
    );
}

#[test]
fn json_stays_json_when_it_is_padded_or_has_lines() {
    for query in [
        "data=json&size=300&lines=4",
        "data=json&size=1",
        "data=tokens&size=400&lines=3",
    ] {
        let mut reader = sse_wire::Reader::default();
        let mut data = Vec::new();
        reader.read(&all(&format!("{query}&count=20"), 1), |item| {
            if let sse_wire::Content::Event(event) = item.content {
                data.push(event.data.to_string());
            }
        });
        assert_eq!(data.len(), 20);
        for data in data.iter().filter(|data| !data.starts_with("[DONE]")) {
            assert!(
                serde_json::from_str::<serde_json::Value>(data).is_ok(),
                "{data}"
            );
            assert!(data.len() >= if query.contains("size=1") { 1 } else { 300 });
        }
    }
}

#[test]
fn missed_events_are_reported_first() {
    for (missed, expected) in [(Missed::Unknown, "null"), (Missed::Count(12), "12")] {
        let start = Start {
            number: 5,
            missed: Some(missed),
        };
        let spec = Spec::parse("data=seq&id=seq").expect("a query");
        let mut events = Events::new(spec, 7, start);
        let frame = events.frame(&mut 1, now());
        assert_eq!(
            String::from_utf8_lossy(&frame),
            format!(
                "retry: 10000\nevent: incomplete\ndata: {{\"missed\":{expected}}}\n\nid: 5\ndata: 5\n\n"
            )
        );
    }
}

#[test]
fn half_an_event_is_not_dispatched() {
    for query in ["data=seq", "data=json&id=seq&lines=3", "size=1m"] {
        let mut events = events(query);
        let event = events.frame(&mut 1, now());
        let half = events.half(now());
        assert!(!half.is_empty() && half.len() < event.len());
        assert!(!half.ends_with(b"\n\n"));
    }
}

#[test]
fn mixed_uses_all_line_ends_and_never_merges_two() {
    let query = "count=500&data=json&id=seq&lines=2&newline=mixed";
    let written = all(query, 1);
    let mut seen = std::collections::BTreeSet::new();
    let mut events = 0;
    let mut reader = sse_wire::Reader::default();
    reader.read(&written, |item| {
        if matches!(item.content, sse_wire::Content::Event(_)) {
            events += 1;
        }
    });
    for pair in written.windows(2) {
        match pair {
            b"\r\n" => seen.insert("crlf"),
            [b'\r', _] => seen.insert("cr"),
            [b'\n', _] => seen.insert("lf"),
            _ => continue,
        };
    }
    assert_eq!((events, seen.len()), (500, 3));
    assert_eq!(
        written,
        all(query, u64::MAX),
        "line ends do not depend on the frames"
    );
}

#[test]
fn a_stream_without_events_is_its_opening() {
    assert_eq!(all("count=0&id=seq", u64::MAX), b"retry: 10000\n");
}

#[test]
fn any_size_in_any_frames_equals_the_encoder() {
    let small = (1..200).map(|size| (size, 12));
    let many = [(1, 12_000), (90, 1_500)];
    let near_a_frame = (FRAME - ROOM - 2..FRAME + 2)
        .step_by(3)
        .map(|size| (size, 2));
    let large = [(3 * FRAME, 2)];
    for (size, count) in small.chain(many).chain(near_a_frame).chain(large) {
        for id in ["none", "seq"] {
            let mut expected = Vec::new();
            encode::retry(&mut expected, 10_000);
            for number in 0..count {
                let number = number.to_string();
                let mut data = number.clone() + " ";
                if size < number.len() {
                    data.clear();
                }
                data.truncate(size);
                data.extend(std::iter::repeat_n('x', size - data.len()));
                let id = (id == "seq").then_some(&*number);
                encode::event(&mut expected, None, &data, id).expect("well-formed");
            }
            let query = format!("count={count}&size={size}&id={id}");
            for most in [1, u64::MAX] {
                assert!(all(&query, most) == expected, "{query} {most}");
            }
        }
    }
}

#[test]
fn a_frame_begins_only_owed_events() {
    let mut events = events(&format!("count=3&size={FRAME}"));
    let colons = |frame: &[u8]| frame.iter().filter(|byte| **byte == b':').count();
    let mut owed = 1;
    assert_eq!(
        colons(&events.frame(&mut owed, now())),
        2,
        "retry and the first event"
    );
    assert_eq!(owed, 0);
    assert!(events.is_within_an_event());
    assert_eq!(colons(&events.frame(&mut owed, now())), 0);
    assert!(!events.is_within_an_event() && !events.is_over());
    assert_eq!(colons(&events.frame(&mut u64::MAX.clone(), now())), 1);
}

#[test]
fn a_frame_allocates_what_it_needs() {
    let mut events = events("size=90&id=seq");
    let room = events.room;
    assert!(events.frame(&mut 1, now()).capacity() <= 90 + room + ROOM);
    assert!(events.frame(&mut u64::MAX.clone(), now()).capacity() == FRAME);
}

#[test]
fn the_date_follows_the_clock() {
    let mut events = events("count=2");
    let first = events.frame(&mut 1, now());
    let second = events.frame(&mut 1, now() + jiff::SignedDuration::from_secs(1));
    assert!(String::from_utf8_lossy(&first).contains("23:25:54"));
    assert!(String::from_utf8_lossy(&second).contains("23:25:55"));
}
