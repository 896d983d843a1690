//! Random streams, a naive reader to compare with, and the properties of every stream.

// Each test that includes this module uses a part of it.
#![allow(dead_code)]

use std::ops::Range;

use sse_wire::{Content, Note, Reader};

/// An item with owned text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Read {
    /// The event type, the data and the last event ID.
    Event((String, String, String)),
    Comment(String),
    Retry(u64),
    Note(Note),
    Blank,
}

/// The items of the stream that consists of `chunks`, with their ranges.
pub(crate) fn items<'a>(
    bound: usize,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<(Range<u64>, Read)> {
    let mut items = Vec::new();
    let mut reader = Reader::with_bound(bound);
    let mut sink = |item: sse_wire::Item<'_>| {
        let read = match item.content {
            Content::Event(event) => Read::Event((
                event.event_type.to_owned(),
                event.data.to_owned(),
                event.last_event_id.to_owned(),
            )),
            Content::Comment(text) => Read::Comment(text.to_owned()),
            Content::Retry(ms) => Read::Retry(ms),
            Content::Note(note) => Read::Note(note),
            Content::Blank => Read::Blank,
        };
        items.push((item.range, read));
    };
    for chunk in chunks {
        reader.read(chunk, &mut sink);
    }
    reader.finish(&mut sink);
    items
}

/// The last event IDs that the items of the stream set, in order.
fn ids<'a>(bound: usize, chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut ids = Vec::new();
    let mut reader = Reader::with_bound(bound);
    for chunk in chunks {
        let seen = ids.len();
        let before = reader.last_event_id().to_owned();
        reader.read(chunk, |item| {
            if let (Some(id), Content::Event(event)) = (item.id, &item.content) {
                assert_eq!(id, event.last_event_id);
            }
            ids.extend(item.id.map(str::to_owned));
        });
        // Nothing else changes the last event ID.
        let last = ids[seen..].last().unwrap_or(&before);
        assert_eq!(reader.last_event_id(), last);
    }
    reader.finish(|item| assert_eq!(item.id, None));
    ids
}

/// A stream of 1 to 20 pieces that are likely to matter: fields, line ends, parts of characters.
pub(crate) fn random_stream(seed: u64) -> Vec<u8> {
    const PIECES: [&[u8]; 47] = [
        b"data",
        b"data",
        b"data:",
        b"data: ",
        b"data: a",
        b"event",
        b"event: ",
        b"event: b",
        b"id",
        b"id: ",
        b"id: 1",
        b"id: \0",
        b"retry",
        b"retry: ",
        b"retry: 12",
        b"retry: x",
        b":",
        b": c",
        b"foo: d",
        b"Data: e",
        b"data : f",
        b" data: g",
        b"{\"h\": 1}",
        b"\n",
        b"\n",
        b"\n",
        b"\n\n",
        b"\n\n",
        b"\r",
        b"\r\n",
        b"\r\n\r\n",
        b"\r\r",
        b" ",
        b"\t",
        b"\0",
        b"\xEF\xBB\xBF",
        b"\xEF\xBB",
        b"\xEF",
        b"\xFF",
        b"\xF0\x9F\x98\x80",
        b"\xF0\x9F",
        b"\x98\x80",
        b"\xE2\x82\xAC",
        b"\xC3",
        b"event: error",
        b"event: open",
        b"x",
    ];
    let mut random = fastrand::Rng::with_seed(seed);
    let mut stream = Vec::new();
    for _ in 0..random.usize(1..=20) {
        stream.extend_from_slice(PIECES[random.usize(..PIECES.len())]);
        // Sometimes a value that is as long as the bounds that are tested.
        if random.u8(..) < 16 {
            stream.resize(stream.len() + random.usize(1..100), b'y');
        }
    }
    stream
}

/// Splits `stream` into random chunks, some of them empty.
pub(crate) fn splits(seed: u64, stream: &[u8]) -> Vec<&[u8]> {
    let mut random = fastrand::Rng::with_seed(seed ^ 0x5EED);
    let mut chunks = Vec::new();
    let mut rest = stream;
    while !rest.is_empty() {
        let most = if random.bool() { 12 } else { 100 };
        let (chunk, after) = rest.split_at(random.usize(..=rest.len().min(most)));
        chunks.push(chunk);
        rest = after;
    }
    chunks
}

/// Describes a stream in the message of a failed assertion.
pub(crate) fn shown(seed: u64, stream: &[u8]) -> String {
    format!("seed {seed}: {}", stream.escape_ascii())
}

/// The events, comments and reconnection times of a stream, and the last event IDs that its blocks
/// set. Follows the steps of the standard literally (HTML, 9.2.5 and 9.2.6), on the complete stream.
pub(crate) fn model(stream: &[u8]) -> (Vec<Read>, Vec<String>) {
    let text = String::from_utf8_lossy(stream).into_owned();
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<&str> = text.split('\n').collect();
    // After the last line end, there is no line.
    lines.pop();

    let mut read = Vec::new();
    let (mut data, mut event_type, mut id_buffer) = (String::new(), String::new(), String::new());
    let mut last_event_id = String::new();
    let (mut has_id, mut ids) = (false, Vec::new());
    for line in lines {
        if line.is_empty() {
            last_event_id.clone_from(&id_buffer);
            if has_id {
                ids.push(last_event_id.clone());
                has_id = false;
            }
            if !data.is_empty() {
                data.pop();
                let named = if event_type.is_empty() {
                    "message"
                } else {
                    &event_type
                };
                read.push(Read::Event((
                    named.to_owned(),
                    data.clone(),
                    last_event_id.clone(),
                )));
            }
            data.clear();
            event_type.clear();
            continue;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => event_type = value.to_owned(),
            "data" => {
                data += value;
                data.push('\n');
            }
            "id" if !value.contains('\0') => {
                id_buffer = value.to_owned();
                has_id = true;
            }
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                read.push(Read::Retry(value.parse().unwrap_or(u64::MAX)));
            }
            "" if line.starts_with(':') => read.push(Read::Comment(value.to_owned())),
            _ => {}
        }
    }
    (read, ids)
}

/// Asserts the properties that every stream has, for any split and any bound.
pub(crate) fn check(seed: u64, bound: usize, stream: &[u8]) {
    for bound in [usize::MAX, bound] {
        let unsplit = items(bound, [stream]);
        assert_eq!(
            unsplit,
            items(bound, stream.chunks(1)),
            "{}",
            shown(seed, stream)
        );
        assert_eq!(
            unsplit,
            items(bound, splits(seed, stream)),
            "{}",
            shown(seed, stream)
        );
        check_ranges(seed, stream, &unsplit);
        let ids_set = ids(bound, [stream]);
        assert_eq!(
            ids_set,
            ids(bound, splits(seed, stream)),
            "{}",
            shown(seed, stream)
        );
        let too_large: Vec<_> = unsplit
            .iter()
            .filter(|(_, read)| matches!(read, Read::Note(Note::TooLarge { .. })))
            .collect();
        let read: Vec<_> = unsplit
            .iter()
            .map(|(_, read)| read)
            .filter(|read| !matches!(read, Read::Note(_) | Read::Blank))
            .collect();
        let (expected, expected_ids) = model(stream);
        if too_large.is_empty() {
            assert!(
                read.iter().copied().eq(&expected),
                "{}",
                shown(seed, stream)
            );
            assert_eq!(ids_set, expected_ids, "{}", shown(seed, stream));
        } else {
            // Each lost event is reported as too large. An ID that is too large leaves the last event
            // ID unchanged, so only the data can be compared.
            assert!(bound < usize::MAX, "{}", shown(seed, stream));
            let data = |read: &Read| match read {
                Read::Event((_, data, _)) => data.clone(),
                other => format!("{other:?}"),
            };
            let mut rest = expected.iter().map(data);
            for read in read.iter().copied().map(data) {
                assert!(
                    rest.any(|expected| expected == read),
                    "{}",
                    shown(seed, stream)
                );
            }
            let lost = expected.len() - read.len();
            assert!(
                lost <= too_large.len(),
                "{lost} lost: {}",
                shown(seed, stream)
            );
        }
    }
    let mut reader = Reader::with_bound(bound);
    for chunk in splits(seed, stream) {
        reader.read(chunk, |_| {});
        // The first bytes of a line are kept even if the bound is smaller.
        assert!(
            reader.held() <= bound + 16 + chunk.len(),
            "{} held of {bound}, {}: {}",
            reader.held(),
            chunk.len(),
            shown(seed, stream)
        );
    }
}

/// Asserts that the ranges cover the stream, and overlap only within an event.
fn check_ranges(seed: u64, stream: &[u8], items: &[(Range<u64>, Read)]) {
    let accompanies_an_item = |read: &Read| {
        matches!(
            read,
            Read::Note(
                Note::InvalidUtf8 { .. }
                    | Note::MixedLineEnds { .. }
                    | Note::Shadows { .. }
                    | Note::Overridden { .. }
            )
        )
    };
    let mut ranges: Vec<_> = items
        .iter()
        .filter(|(_, read)| !accompanies_an_item(read))
        .map(|(range, _)| range)
        .collect();
    ranges.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
    let mut covered = 0;
    for range in ranges {
        assert!(range.start < range.end, "{}", shown(seed, stream));
        if range.start < covered {
            assert!(range.end <= covered, "{range:?} {}", shown(seed, stream));
        } else {
            assert_eq!(range.start, covered, "{}", shown(seed, stream));
            covered = range.end;
        }
    }
    assert_eq!(covered, stream.len() as u64, "{}", shown(seed, stream));
}
