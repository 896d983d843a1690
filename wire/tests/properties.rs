//! Properties of every stream, on random streams that are rich in edge cases.

mod common;

use common::{Read, items, random_stream, splits};
use sse_wire::{Content, Reader, encode};

/// How many random streams each property is tested on: enough for a second or two.
const STREAMS: u64 = 5_000;

/// Every split gives the same items, the events are those of the standard's steps, the ranges cover
/// the stream, and no more memory is used than the bound and a chunk.
#[test]
fn properties_hold_for_streams_of_random_pieces() {
    for seed in 0..STREAMS {
        let stream = random_stream(seed);
        for bound in [0, 1, 16, 40, 100] {
            common::check(seed, bound, &stream);
        }
    }
}

/// The same as the fuzz target does, on random bytes.
#[test]
fn properties_hold_for_streams_of_random_bytes() {
    const BYTES: &[u8] = b"data: evntiry\n\n\n\r\r:\0\xEF\xBB\xBF\xFF1";
    for seed in 0..STREAMS {
        let mut random = fastrand::Rng::with_seed(seed);
        let length = random.usize(..60);
        let stream: Vec<u8> = std::iter::repeat_with(|| BYTES[random.usize(..BYTES.len())])
            .take(length)
            .collect();
        common::check(seed, random.usize(..64), &stream);
    }
}

#[test]
fn a_large_stream_of_any_line_stays_within_the_bound() {
    let bound = 1 << 20;
    for line in [
        "data: x\n",
        "data: ",
        ": ",
        "event: x\nid: y\n",
        "data: \u{FF}\n",
        "foo",
        "\r",
        "id: 1\n\n",
    ] {
        for chunk in [1 << 10, 1 << 16] {
            let chunk = line.repeat(chunk / line.len());
            let mut reader = Reader::with_bound(bound);
            let mut most = 0;
            for _ in 0..8 * bound / chunk.len() {
                reader.read(chunk.as_bytes(), |_| {});
                most = most.max(reader.held());
            }
            assert!(most <= bound + chunk.len(), "{most} for {line:?}");
        }
    }
}

#[test]
fn reading_what_was_encoded_gives_the_same_values() {
    let words = [
        "",
        " ",
        "a",
        "ä€😀",
        "a:b",
        ": c",
        "data: d",
        "\u{FEFF}",
        "x y",
        "\0",
    ];
    let breaks = ["\n", "\r", "\r\n", "", "\n\n"];
    for seed in 0..STREAMS {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut word = || words[random.usize(..words.len())];
        let (event_type, id) = (word().replace('\0', ""), word().replace('\0', ""));
        let mut data = String::new();
        for _ in 0..random.usize(..4) {
            data += words[random.usize(..words.len())];
            data += breaks[random.usize(..breaks.len())];
        }
        let mut out = Vec::new();
        encode::event(&mut out, Some(&event_type), &data, Some(&id))
            .expect("no line break and no U+0000");
        encode::comment(&mut out, &data);
        encode::retry(&mut out, seed);
        let read = items(usize::MAX, splits(seed, &out));

        let data = data.replace("\r\n", "\n").replace('\r', "\n");
        let expected_type = if event_type.is_empty() {
            "message"
        } else {
            &event_type
        };
        let mut expected = vec![Read::Event((expected_type.into(), data.clone(), id))];
        assert!(
            !matches!(expected_type, "open" | "error"),
            "these types have a note as well"
        );
        expected.extend(data.split('\n').map(|line| Read::Comment(line.into())));
        expected.push(Read::Retry(seed));
        let read: Vec<_> = read.into_iter().map(|(_, read)| read).collect();
        assert_eq!(
            read,
            expected,
            "{seed}: {:?}",
            String::from_utf8_lossy(&out)
        );
    }
}

#[test]
fn a_type_or_id_that_would_break_the_stream_is_refused() {
    for value in ["a\nb", "a\rb", "a\0", "\r\n"] {
        let mut out = Vec::new();
        assert!(
            encode::event(&mut out, Some(value), "", None).is_err(),
            "{value:?}"
        );
        assert!(
            encode::event(&mut out, None, "", Some(value)).is_err(),
            "{value:?}"
        );
        assert!(out.is_empty());
    }
}

#[test]
fn an_event_in_one_byte_chunks_is_read_in_linear_time() {
    // Not timed: with quadratic time, this test would not finish.
    let data = "x".repeat(10 << 20);
    let mut reader = Reader::default();
    let mut length = 0;
    for byte in format!("data: {data}\n\n").as_bytes().chunks(1) {
        reader.read(byte, |item| {
            if let Content::Event(event) = item.content {
                length = event.data.len();
            }
        });
    }
    assert_eq!(length, data.len());
}

#[test]
fn an_event_within_one_chunk_is_borrowed_from_it() {
    let chunk = b"id: 1\nevent: a\ndata: borrowed\n\n";
    let mut reader = Reader::default();
    reader.read(chunk, |item| {
        if let Content::Event(event) = item.content {
            let inside = chunk.as_ptr_range();
            assert!(inside.contains(&event.data.as_ptr()), "the data was copied");
        }
    });
}
