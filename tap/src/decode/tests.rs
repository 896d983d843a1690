use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};

use super::*;

const EVENTS: [&str; 3] = [
    "retry: 500\nid: 1\ndata: one\n\n",
    "data: two two two two two two two\n\n",
    ": three\n\n",
];

/// The events as an encoder writes them that flushes after each: its output after each, then at its end.
fn encoded<W: Write>(
    make: impl FnOnce(Vec<u8>) -> W,
    output: impl Fn(&mut W) -> &mut Vec<u8>,
    finish: impl FnOnce(W) -> Vec<u8>,
) -> Vec<Vec<u8>> {
    let mut encoder = make(Vec::new());
    let mut pieces = Vec::new();
    for event in EVENTS {
        encoder.write_all(event.as_bytes()).expect("a vector");
        encoder.flush().expect("a vector");
        pieces.push(mem::take(output(&mut encoder)));
    }
    pieces.push(finish(encoder));
    pieces
}

fn every_coding() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let level = Compression::default();
    vec![
        ("", {
            let mut pieces: Vec<_> = EVENTS
                .iter()
                .map(|event| event.as_bytes().to_vec())
                .collect();
            pieces.push(Vec::new());
            pieces
        }),
        (
            "gzip",
            encoded(
                |out| GzEncoder::new(out, level),
                |encoder| encoder.get_mut(),
                |encoder| encoder.finish().expect("a vector"),
            ),
        ),
        (
            "deflate",
            encoded(
                |out| ZlibEncoder::new(out, level),
                |encoder| encoder.get_mut(),
                |encoder| encoder.finish().expect("a vector"),
            ),
        ),
        (
            "Deflate ",
            encoded(
                |out| DeflateEncoder::new(out, level),
                |encoder| encoder.get_mut(),
                |encoder| encoder.finish().expect("a vector"),
            ),
        ),
        (
            "br",
            encoded(
                |out| brotli::CompressorWriter::new(out, 4096, 5, 22),
                |encoder| encoder.get_mut(),
                |encoder| encoder.into_inner(),
            ),
        ),
        (
            "identity, zstd",
            encoded(
                |out| zstd::stream::write::Encoder::new(out, 3).expect("memory"),
                |encoder| encoder.get_mut(),
                |encoder| encoder.finish().expect("a vector"),
            ),
        ),
    ]
}

#[test]
fn each_event_is_decoded_when_its_bytes_arrive() {
    for (name, pieces) in every_coding() {
        let mut decoder = Decoder::new(name).expect("a known coding");
        for (piece, event) in pieces.iter().zip(EVENTS) {
            let mut out = Vec::new();
            decoder.push(piece, &mut out).expect("valid");
            assert_eq!(String::from_utf8_lossy(&out), event, "{name}");
        }
        let mut out = Vec::new();
        decoder.push(&pieces[3], &mut out).expect("valid");
        assert!(out.is_empty(), "{name}");
        assert_eq!(decoder.finish(), Ok(()), "{name}");
    }
}

#[test]
fn a_byte_at_a_time_decodes_to_the_same() {
    for (name, pieces) in every_coding() {
        let mut decoder = Decoder::new(name).expect("a known coding");
        let mut out = Vec::new();
        for byte in pieces.concat() {
            decoder.push(&[byte], &mut out).expect("valid");
        }
        assert_eq!(String::from_utf8_lossy(&out), EVENTS.concat(), "{name}");
        assert_eq!(decoder.finish(), Ok(()), "{name}");
    }
}

#[test]
fn a_body_that_ends_early_is_reported() {
    for (name, pieces) in every_coding().into_iter().skip(1) {
        let whole = pieces.concat();
        let mut decoder = Decoder::new(name).expect("a known coding");
        assert_eq!(decoder.finish(), Ok(()), "{name}: no body");
        for length in 1..whole.len() {
            let mut decoder = Decoder::new(name).expect("a known coding");
            let mut out = Vec::new();
            decoder.push(&whole[..length], &mut out).expect("valid");
            assert!(EVENTS.concat().as_bytes().starts_with(&out), "{name}");
            assert!(
                matches!(decoder.finish(), Err(DecodeError::Truncated { .. })),
                "{name}: {length} of {}",
                whole.len()
            );
        }
    }
}

#[test]
fn several_codings_are_decoded_from_the_last_to_the_first() {
    let level = Compression::default();
    let mut inner = GzEncoder::new(Vec::new(), level);
    inner.write_all(b"data: 1\n\n").expect("a vector");
    let inner = inner.finish().expect("a vector");
    let outer = zstd::encode_all(inner.as_slice(), 3).expect("memory");
    let mut out = Vec::new();
    let mut decoder = Decoder::new("x-gzip, zstd").expect("known");
    decoder.push(&outer, &mut out).expect("valid");
    assert_eq!(out, b"data: 1\n\n");
    assert_eq!(decoder.finish(), Ok(()));
}

#[test]
fn what_was_decoded_before_an_invalid_byte_is_kept() {
    for (name, pieces) in every_coding().into_iter().skip(1) {
        let mut decoder = Decoder::new(name).expect("a known coding");
        let mut out = Vec::new();
        decoder.push(&pieces[0], &mut out).expect("valid");
        // Not a valid block in any of the codings.
        let mut result = Ok(());
        for _ in 0..64 {
            result = result.and_then(|()| decoder.push(&[0xff; 1024], &mut out));
        }
        let error = result.expect_err(name);
        assert!(
            matches!(error, DecodeError::Invalid { .. }),
            "{name}: {error}"
        );
        assert!(out.starts_with(EVENTS[0].as_bytes()), "{name}");
        assert_eq!(decoder.push(&pieces[1], &mut out), Err(error.clone()));
        assert_eq!(decoder.finish(), Err(error));
    }
}

#[test]
fn what_expands_too_much_is_refused() {
    let zeros = vec![0; MAX_OUTPUT + 1];
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&zeros).expect("a vector");
    let gzip = encoder.finish().expect("a vector");
    let zstd = zstd::encode_all(zeros.as_slice(), 3).expect("memory");
    let mut br = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
    br.write_all(&zeros).expect("a vector");
    for (name, raw) in [("gzip", gzip), ("zstd", zstd), ("br", br.into_inner())] {
        let mut out = Vec::new();
        let result = Decoder::new(name).expect("known").push(&raw, &mut out);
        assert!(
            matches!(result, Err(DecodeError::TooLarge { .. })),
            "{name}: {result:?}"
        );
        assert!(out.len() <= MAX_OUTPUT, "{name}");
        // In pieces it is no more than the network delivers.
        let mut decoder = Decoder::new(name).expect("known");
        let mut length = 0;
        for piece in raw.chunks(raw.len().div_ceil(4)) {
            let mut out = Vec::new();
            if decoder.push(piece, &mut out).is_err() {
                break;
            }
            length += out.len();
        }
        assert!(length > 0, "{name}");
    }
}

#[test]
fn an_unknown_coding_is_named() {
    assert_eq!(
        Decoder::new("gzip, aes128gcm")
            .expect_err("unknown")
            .to_string(),
        "The content coding “aes128gcm” is not supported, only gzip, deflate, br and zstd."
    );
    assert!(Decoder::new("gzip,gzip,gzip,gzip,gzip").is_err());
    assert!(Decoder::new("").expect("no coding").is_identity());
}
