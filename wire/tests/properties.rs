//! What holds for every stream, on many random ones rich in edge cases.

mod common;

use common::{Read, items, model, random_stream, splits};
use sse_wire::{Content, Note, Reader, encode};

/// How many random streams each property is tried on: a second or two.
const STREAMS: u64 = 20_000;

#[test]
fn every_split_gives_the_same_items() {
    for seed in 0..STREAMS {
        let stream = random_stream(seed);
        for bound in [usize::MAX, 40] {
            let whole = items(bound, [&stream[..]]);
            let bytes = items(bound, stream.chunks(1));
            assert_eq!(whole, bytes, "{}", common::shown(seed, &stream));
            let random = items(bound, splits(seed, &stream));
            assert_eq!(whole, random, "{}", common::shown(seed, &stream));
        }
    }
}

#[test]
fn events_are_those_of_the_standard_s_own_steps() {
    for seed in 0..STREAMS {
        let stream = random_stream(seed);
        let events: Vec<_> = items(usize::MAX, splits(seed, &stream))
            .into_iter()
            .filter_map(|(_, read)| match read {
                Read::Event(event) => Some(event),
                _ => None,
            })
            .collect();
        assert_eq!(events, model(&stream), "{}", common::shown(seed, &stream));
    }
}

#[test]
fn ranges_cover_the_stream_and_overlap_only_within_an_event() {
    for seed in 0..STREAMS {
        let stream = random_stream(seed);
        for bound in [usize::MAX, 40] {
            let mut ranges: Vec<_> = items(bound, [&stream[..]])
                .into_iter()
                // These are about a part of another item.
                .filter(|(_, read)| {
                    !matches!(
                        read,
                        Read::Note(
                            Note::InvalidUtf8 { .. }
                                | Note::MixedLineEnds { .. }
                                | Note::Shadows { .. }
                        )
                    )
                })
                .map(|(range, _)| range)
                // An event or id line that is not UTF-8 but too large once replaced says both.
                .collect();
            ranges.dedup();
            ranges.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
            let mut covered = 0;
            for range in ranges {
                assert!(range.start < range.end);
                if range.start < covered {
                    assert!(
                        range.end <= covered,
                        "{range:?} {}",
                        common::shown(seed, &stream)
                    );
                } else {
                    assert_eq!(range.start, covered, "{}", common::shown(seed, &stream));
                    covered = range.end;
                }
            }
            assert_eq!(
                covered,
                stream.len() as u64,
                "{}",
                common::shown(seed, &stream)
            );
        }
    }
}

#[test]
fn memory_stays_within_the_bound_and_a_chunk() {
    for seed in 0..2_000 {
        let stream = random_stream(seed);
        for bound in [0, 1, 16, 100] {
            for size in [1, 7, 64] {
                let mut reader = Reader::with_bound(bound);
                for chunk in stream.chunks(size) {
                    reader.read(chunk, |_| {});
                    // The first bytes of a line are kept however small the bound is.
                    assert!(
                        reader.held() <= bound + 8 + size,
                        "{} of {bound}",
                        reader.held()
                    );
                }
            }
        }
    }
}

#[test]
fn a_large_stream_of_anything_stays_within_the_bound() {
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
fn encoding_then_reading_gives_back_what_went_in() {
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
        encode::event(&mut out, Some(&event_type), &data, Some(&id)).expect("nothing forbidden");
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
        if let "open" | "error" = expected_type {
            panic!("not among the words");
        }
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
fn what_would_break_the_stream_is_refused() {
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
    // Counted in what is given to the sink and kept, not timed: a quadratic reader would not end.
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
fn an_event_that_lies_whole_in_a_chunk_is_lent() {
    let chunk = b"id: 1\nevent: a\ndata: lent\n\n";
    let mut reader = Reader::default();
    reader.read(chunk, |item| {
        if let Content::Event(event) = item.content {
            let inside = chunk.as_ptr_range();
            assert!(inside.contains(&event.data.as_ptr()), "it was copied");
        }
    });
}
