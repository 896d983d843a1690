//! One test for each rule of the standard: a stream, and the items that are read from it.

use sse_wire::{Content, Field, LineEnd, Note, Reader};

/// The items of `stream`: `type|data|last event ID`, `:comment`, `retry ms`, and the `Debug` format of
/// notes. Blank lines are left out.
fn read(stream: impl AsRef<[u8]>) -> Vec<String> {
    let mut items = Vec::new();
    let mut reader = Reader::default();
    let mut sink = |item: sse_wire::Item<'_>| match item.content {
        Content::Event(event) => {
            items.push(format!(
                "{}|{}|{}",
                event.event_type, event.data, event.last_event_id
            ));
        }
        Content::Comment(text) => items.push(format!(":{text}")),
        Content::Retry(ms) => items.push(format!("retry {ms}")),
        Content::Note(note) => items.push(format!("{note:?}")),
        Content::Blank => {}
    };
    reader.read(stream.as_ref(), &mut sink);
    reader.finish(&mut sink);
    items
}

/// Asserts that each stream has the items beside it.
fn table(rows: &[(&str, &[&str])]) {
    for (stream, expected) in rows {
        assert_eq!(read(stream), *expected, "{stream:?}");
    }
}

fn note(note: Note) -> String {
    format!("{note:?}")
}

#[test]
fn the_examples_of_the_standard() {
    table(&[
        (
            "data: This is the first message.\n\ndata: This is the second message, it\ndata: has two lines.\n\n\
             data: This is the third message.\n\n",
            &[
                "message|This is the first message.|",
                "message|This is the second message, it\nhas two lines.|",
                "message|This is the third message.|",
            ],
        ),
        (
            "event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\nevent: add\ndata: 113411\n\n",
            &["add|73857293|", "remove|2153|", "add|113411|"],
        ),
        (
            "data: YHOO\ndata: +2\ndata: 10\n\n",
            &["message|YHOO\n+2\n10|"],
        ),
        (
            ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            &[
                ":test stream",
                "message|first event|1",
                "message|second event|",
                "message| third event|",
            ],
        ),
        (
            "data\n\ndata\ndata\n\ndata:",
            &["message||", "message|\n|", &note(Note::Unfinished)],
        ),
        (
            "data:test\n\ndata: test\n\n",
            &["message|test|", "message|test|"],
        ),
    ]);
}

#[test]
fn lines_end_with_lf_cr_or_crlf() {
    for end in ["\n", "\r", "\r\n"] {
        let stream = ["data: a", "data: b", "", "data: c", "", ""].join(end);
        assert_eq!(read(stream), ["message|a\nb|", "message|c|"], "{end:?}");
    }
}

#[test]
fn lf_cr_is_two_line_ends() {
    let mixed = note(Note::MixedLineEnds {
        first: LineEnd::Lf,
        now: LineEnd::Cr,
    });
    assert_eq!(
        read("data: a\n\rdata: b\n\n"),
        ["message|a|", &mixed, "message|b|"]
    );
}

#[test]
fn mixed_line_ends_are_reported_once() {
    let mixed = note(Note::MixedLineEnds {
        first: LineEnd::CrLf,
        now: LineEnd::Lf,
    });
    assert_eq!(
        read("data: a\r\n\ndata: b\n\rdata: c\r\n\n"),
        ["message|a|", &mixed, "message|b|", "message|c|"]
    );
}

#[test]
fn a_cr_at_the_end_of_a_chunk_does_not_delay_the_event() {
    let mut reader = Reader::default();
    let mut events = 0;
    reader.read(b"data: a\r\n\r", |item| {
        events += usize::from(matches!(item.content, Content::Event(_)))
    });
    assert_eq!(events, 1);
    reader.read(b"\ndata: b\r\n\r\n", |item| {
        events += usize::from(matches!(item.content, Content::Event(_)))
    });
    assert_eq!(events, 2);
}

#[test]
fn one_leading_byte_order_mark_is_skipped() {
    table(&[
        (
            "\u{FEFF}data: a\n\n",
            &[&note(Note::BomAtStart), "message|a|"],
        ),
        (
            "\u{FEFF}\u{FEFF}data: a\n\n",
            &[&note(Note::BomAtStart), &note(Note::BomInside)],
        ),
        (
            ":\n\u{FEFF}data: a\ndata: \u{FEFF}b\n\n",
            &[":", &note(Note::BomInside), "message|\u{FEFF}b|"],
        ),
    ]);
}

#[test]
fn an_incomplete_byte_order_mark_is_not_skipped() {
    assert_eq!(
        read(b"\xEF\xBBdata: a\n\n"),
        [note(Note::UnknownField {
            name: "\u{FFFD}data".into()
        })]
    );
    assert_eq!(read(b"\xEF\xBB"), [note(Note::Unfinished)]);
}

#[test]
fn one_leading_space_is_not_part_of_a_value() {
    table(&[(
        "data:a\ndata: b\ndata:  c\ndata:\td\n\n",
        &["message|a\nb\n c\n\td|"],
    )]);
}

#[test]
fn a_value_may_contain_colons() {
    table(&[("data: a:b: c\n\n", &["message|a:b: c|"])]);
}

#[test]
fn an_empty_data_line_is_an_empty_line_of_data() {
    table(&[
        ("data\n\n", &["message||"]),
        ("data:\n\n", &["message||"]),
        ("data:\ndata:\n\n", &["message|\n|"]),
        ("data: a\ndata\ndata: b\n\n", &["message|a\n\nb|"]),
    ]);
}

#[test]
fn the_default_event_type_is_message() {
    table(&[
        ("event: b\ndata: 1\n\ndata: 2\n\n", &["b|1|", "message|2|"]),
        ("event\ndata: 1\n\n", &["message|1|"]),
    ]);
}

#[test]
fn a_block_without_data_is_dropped_and_its_type_reset() {
    table(&[(
        "event: a\n\ndata: 1\n\nid: 7\n\ndata: 2\n\n",
        &[
            &note(Note::NoData {
                event_type: "a".into(),
            }),
            "message|1|",
            &note(Note::NoData {
                event_type: String::new(),
            }),
            "message|2|7",
        ],
    )]);
}

#[test]
fn the_last_event_id_stays_until_it_is_set_or_reset() {
    table(&[(
        "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\ndata: d\nid: 2\n\n",
        &["message|a|1", "message|b|1", "message|c|", "message|d|2"],
    )]);
}

#[test]
fn an_id_with_nul_is_ignored() {
    table(&[(
        "id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n",
        &["message|a|1", &note(Note::IdWithNul), "message|b|1"],
    )]);
}

#[test]
fn a_reconnection_time_is_ascii_digits_only() {
    let ignored = |value: &str| {
        note(Note::RetryNotDigits {
            value: value.into(),
        })
    };
    table(&[
        ("retry: 10000\n", &["retry 10000"]),
        ("retry:007\n", &["retry 7"]),
        (
            "retry: 99999999999999999999999\n",
            &["retry 18446744073709551615"],
        ),
        ("retry: 1s\n", &[&ignored("1s")]),
        ("retry: -1\n", &[&ignored("-1")]),
        ("retry: 1 \n", &[&ignored("1 ")]),
        ("retry:  1\n", &[&ignored(" 1")]),
        ("retry: ١\n", &[&ignored("١")]),
        ("retry\n", &[&ignored("")]),
    ]);
}

#[test]
fn a_reconnection_time_is_set_immediately_even_within_a_block() {
    table(&[(
        "data: a\nretry: 5\ndata: b\n\n",
        &["retry 5", "message|a\nb|"],
    )]);
}

#[test]
fn a_comment_within_a_block_has_no_effect_on_it() {
    table(&[(
        ":\n: a\n:b\ndata: 1\n:  c\ndata: 2\n\n",
        &[":", ":a", ":b", ": c", "message|1\n2|"],
    )]);
}

#[test]
fn field_names_are_compared_literally() {
    let case = |meant| note(Note::WrongCase { meant });
    let space = |meant| note(Note::SpaceBeforeColon { meant });
    let white = |meant| note(Note::LeadingWhiteSpace { meant });
    table(&[
        ("Data: a\n\n", &[&case(Field::Data)]),
        ("EVENT: a\n", &[&case(Field::Event)]),
        ("ID\n", &[&case(Field::Id)]),
        ("data : a\n\n", &[&space(Field::Data)]),
        ("Retry\t: 1\n", &[&space(Field::Retry)]),
        (" data: a\n\n", &[&white(Field::Data)]),
        ("\tid : a\n", &[&white(Field::Id)]),
    ]);
}

#[test]
fn a_line_that_is_not_a_field_is_ignored() {
    table(&[
        (
            "foo: 1\n",
            &[&note(Note::UnknownField { name: "foo".into() })],
        ),
        (
            "dataset: 1\n",
            &[&note(Note::UnknownField {
                name: "dataset".into(),
            })],
        ),
        (
            "{\"a\": 1}\n",
            &[&note(Note::BareJson {
                text: "{\"a\": 1}".into(),
            })],
        ),
        ("[1]\n", &[&note(Note::BareJson { text: "[1]".into() })]),
        (
            "hello\n",
            &[&note(Note::NoColon {
                text: "hello".into(),
            })],
        ),
    ]);
}

#[test]
fn an_unfinished_line_or_block_at_the_end_of_the_stream_is_discarded() {
    for stream in ["data: a\n", "data: a", "d", ": a", "id: 1", "event: a\n"] {
        assert_eq!(read(stream), [note(Note::Unfinished)], "{stream:?}");
    }
    assert_eq!(read(""), Vec::<String>::new());
    assert_eq!(read("\n\n"), Vec::<String>::new());
}

#[test]
fn bytes_that_are_not_utf_8_are_replaced_and_their_offset_reported() {
    for (stream, at, data) in [
        (&b"data: a\xFFb\n\n"[..], 7, "a\u{FFFD}b"),
        (b"data: a\ndata: \xF0\x9F\n\n", 14, "a\n\u{FFFD}"),
        (
            b"data: \xC0\x80\ndata: \xFF\n\n",
            6,
            "\u{FFFD}\u{FFFD}\n\u{FFFD}",
        ),
        (
            b"data: \xE2\x82\xAC\xED\xA0\x80\n\n",
            9,
            "\u{20AC}\u{FFFD}\u{FFFD}\u{FFFD}",
        ),
    ] {
        assert_eq!(
            read(stream),
            [note(Note::InvalidUtf8 { at }), format!("message|{data}|")]
        );
    }
    assert_eq!(
        read(b"event: \xFF\nid: \xFE\n:\xFD\ndata: a\n\n"),
        [
            note(Note::InvalidUtf8 { at: 7 }),
            note(Note::InvalidUtf8 { at: 13 }),
            note(Note::InvalidUtf8 { at: 16 }),
            ":\u{FFFD}".into(),
            "\u{FFFD}|a|\u{FFFD}".into(),
        ]
    );
}

#[test]
fn event_types_are_not_reserved_but_open_and_error_are_noted() {
    table(&[(
        "event: error\ndata: a\n\nevent: open\ndata: b\n\n",
        &[
            &note(Note::Shadows {
                event_type: "error",
            }),
            "error|a|",
            &note(Note::Shadows { event_type: "open" }),
            "open|b|",
        ],
    )]);
}

#[test]
fn after_the_end_of_a_stream_only_the_last_event_id_is_kept() {
    let mut reader = Reader::default();
    reader.read(b"id: 7\ndata: a\n\nevent: b\ndata", |_| {});
    reader.finish(|_| {});
    assert_eq!(reader.last_event_id(), "7");
    let mut events = Vec::new();
    reader.read("\u{FEFF}data: c\n\n".as_bytes(), |item| {
        if let Content::Event(event) = item.content {
            events.push((
                event.event_type.to_owned(),
                event.last_event_id.to_owned(),
                item.range,
            ));
        }
    });
    assert_eq!(events, [("message".to_owned(), "7".to_owned(), 3..12)]);
}

#[test]
fn an_id_is_the_last_event_id_only_after_an_empty_line() {
    let mut reader = Reader::default();
    reader.read(b"id: 1\ndata: a\n\nid: 2\n\nid: 3\ndata: b\n", |_| {});
    assert_eq!(
        reader.last_event_id(),
        "2",
        "a block without data sets it, too"
    );
    reader.finish(|_| {});
    assert_eq!(reader.last_event_id(), "2");

    let mut reader = Reader::default().with_last_event_id("9");
    reader.read(b"data: c\n\n", |item| {
        if let Content::Event(event) = item.content {
            assert_eq!(event.last_event_id, "9");
        }
    });
    assert_eq!(reader.last_event_id(), "9");
}

#[test]
fn an_item_has_the_last_event_id_that_its_block_sets() {
    let mut reader = Reader::with_bound(40).with_last_event_id("0");
    for (name, block, expected) in [
        ("set", "id: 1\ndata: a\n\n", Some("1")),
        ("kept", "data: b\n\n", None),
        ("the same", "id: 1\ndata: c\n\n", Some("1")),
        ("no data", "id: 2\nevent: d\n\n", Some("2")),
        (
            "too large",
            "id: 3\ndata: 1234567890123456789012345678901234567890\n\n",
            Some("3"),
        ),
        ("reset", "id\ndata: e\n\n", Some("")),
        ("ignored", "id: \0\n\n", None),
    ] {
        let mut ids = Vec::new();
        reader.read(block.as_bytes(), |item| {
            ids.push(item.id.map(str::to_owned))
        });
        let expected = expected.map(str::to_owned);
        // Only the item that ends the block has an ID.
        assert_eq!(ids.pop(), Some(expected), "{name}");
        assert!(ids.iter().all(Option::is_none), "{name}");
    }
    reader.read(b"id: 4\ndata: f\n", |_| {});
    reader.finish(|item| assert_eq!(item.id, None, "unfinished"));
    assert_eq!(reader.last_event_id(), "");
}

#[test]
fn white_space_does_not_end_an_event() {
    table(&[(
        "data: 1\n \t\ndata: 2\n\n",
        &[&note(Note::WhiteSpaceOnly), "message|1\n2|"],
    )]);
}

#[test]
fn a_second_event_type_or_id_replaces_the_first() {
    table(&[
        (
            "event: a\nevent: b\ndata: 1\n\n",
            &[
                &note(Note::Overridden {
                    field: Field::Event,
                }),
                "b|1|",
            ],
        ),
        (
            "id: 1\nid: 2\ndata: 1\n\n",
            &[&note(Note::Overridden { field: Field::Id }), "message|1|2"],
        ),
    ]);
}

#[test]
fn an_unfinished_line_or_block_that_is_too_large_is_reported_as_too_large() {
    for stream in [
        "data: 12345678901234567890",
        "id: 12345678901234567890\ndata: 1\n",
    ] {
        let mut notes = Vec::new();
        let mut reader = Reader::with_bound(14);
        reader.read(stream.as_bytes(), |_| {});
        reader.finish(|item| {
            if let Content::Note(note) = item.content {
                notes.push(note);
            }
        });
        assert_eq!(notes, [Note::TooLarge { bound: 14 }]);
    }
}

#[test]
fn a_note_quotes_no_control_characters() {
    let [note] = &read("\x1b[2J: 1\n")[..] else {
        panic!("not one note")
    };
    assert!(note.contains("\u{FFFD}[2J"), "{note}");
}

#[test]
fn every_note_has_a_sentence_and_a_rule() {
    let text = || "x".to_owned();
    for note in [
        Note::UnknownField { name: text() },
        Note::WrongCase { meant: Field::Data },
        Note::SpaceBeforeColon {
            meant: Field::Event,
        },
        Note::LeadingWhiteSpace { meant: Field::Id },
        Note::BareJson { text: text() },
        Note::NoColon { text: text() },
        Note::WhiteSpaceOnly,
        Note::Overridden { field: Field::Id },
        Note::RetryNotDigits { value: text() },
        Note::IdWithNul,
        Note::NoData {
            event_type: String::new(),
        },
        Note::NoData { event_type: text() },
        Note::Unfinished,
        Note::InvalidUtf8 { at: 1 },
        Note::BomAtStart,
        Note::BomInside,
        Note::MixedLineEnds {
            first: LineEnd::Lf,
            now: LineEnd::Cr,
        },
        Note::Shadows { event_type: "open" },
        Note::TooLarge { bound: 1 },
    ] {
        let sentence = note.to_string();
        assert!(sentence.ends_with('.') && sentence.len() > 20, "{sentence}");
        assert!(!note.rule().is_empty());
    }
}

#[test]
fn a_note_quotes_at_most_the_beginning_of_a_long_line() {
    let long = "ä".repeat(10_000);
    let [note] = &read(format!("x{long}\n"))[..] else {
        panic!("not one note")
    };
    assert!(note.len() < 200 && !note.contains('\u{FFFD}'), "{note}");
}

#[test]
fn a_line_or_block_that_is_too_large_is_skipped() {
    for (stream, expected) in [
        (
            "data: 1234\n\ndata: 123456789\n\ndata: 2\n\n",
            "message|1234| TooLarge message|2|",
        ),
        (
            "data: 1234\ndata: 123456789\n\ndata: 2\n\n",
            "TooLarge message|2|",
        ),
        (
            "data: 1234\ndata: 1234\ndata: 1234\n\ndata: 2\n\n",
            "TooLarge message|2|",
        ),
        (":123456789012345\ndata: 2\n\n", "TooLarge message|2|"),
        (
            "data: 1\n:123456789012345\ndata: 2\n\n",
            "TooLarge message|1\n2|",
        ),
        (
            "event: 1234567890\ndata: 1\n\ndata: 2\n\n",
            "TooLarge message|2|",
        ),
        ("foofoofoofoofoofoo: 1\ndata: 2\n\n", "TooLarge message|2|"),
    ] {
        let mut items = Vec::new();
        let mut reader = Reader::with_bound(14);
        reader.read(stream.as_bytes(), |item| match item.content {
            Content::Event(event) => items.push(format!("{}|{}|", event.event_type, event.data)),
            Content::Note(Note::TooLarge { bound: 14 }) => items.push("TooLarge".into()),
            Content::Blank => {}
            other => panic!("{other:?}"),
        });
        assert_eq!(items.join(" "), expected, "{stream:?}");
    }
}
