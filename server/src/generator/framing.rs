//! Compresses, withholds and splits what is written. Pure: times are µs since the stream began.

use std::io::Write;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};

use super::{
    FRAME,
    spec::{Gzip, Hold, Spec, us},
};

pub(crate) struct Framing {
    gzip: Option<GzEncoder<Vec<u8>>>,
    /// Whether the compressor is flushed after each write.
    is_flushed: bool,
    hold: Option<Hold>,
    /// Withheld bytes.
    held: Vec<u8>,
    /// When they are released.
    release: Option<u64>,
    /// The largest write, in bytes.
    split: usize,
    /// Bytes to write, not withheld.
    ready: Bytes,
}

impl Framing {
    pub(crate) fn new(spec: &Spec) -> Self {
        Self {
            gzip: (spec.gzip != Gzip::None)
                .then(|| GzEncoder::new(Vec::new(), Compression::default())),
            is_flushed: spec.gzip == Gzip::Flushed,
            hold: spec.hold,
            held: Vec::new(),
            release: None,
            split: spec.split,
            ready: Bytes::new(),
        }
    }

    /// Adds bytes that are generated at `now`.
    pub(crate) fn push(&mut self, bytes: Vec<u8>, now: u64) {
        if bytes.is_empty() {
            return;
        }
        let bytes = match &mut self.gzip {
            None => bytes,
            Some(encoder) => {
                let mut written = encoder.write_all(&bytes);
                if self.is_flushed {
                    // So that the client can decompress it at once.
                    written = written.and_then(|()| encoder.flush());
                }
                written.expect("writing to memory");
                std::mem::take(encoder.get_mut())
            }
        };
        match self.hold {
            None => self.make_ready(bytes),
            Some(hold) => {
                self.held.extend(bytes);
                let (full, time) = match hold {
                    Hold::For(time) => (FRAME, Some(us(time))),
                    Hold::Bytes(size) => (size, None),
                };
                if self.held.len() >= full {
                    // A full buffer is released: what does not fit begins the next one, within an event.
                    let rest = self.held.len() % full;
                    let rest = match time {
                        None => self.held.split_off(self.held.len() - rest),
                        Some(_) => Vec::new(),
                    };
                    self.release_held();
                    self.held = rest;
                } else if let (None, Some(time)) = (self.release, time) {
                    self.release = Some((now / time + 1).saturating_mul(time));
                }
            }
        }
    }

    /// When withheld bytes are released.
    pub(crate) fn release(&self) -> Option<u64> {
        self.release
    }

    /// The next write at `now`, if there is one.
    pub(crate) fn next(&mut self, now: u64) -> Option<Bytes> {
        if self.release.is_some_and(|release| release <= now) {
            self.release_held();
        }
        let size = self.split.min(FRAME).min(self.ready.len());
        (size > 0).then(|| self.ready.split_to(size))
    }

    /// The last call of [`push`](Self::push) was made: releases withheld bytes, and ends the
    /// compressed data if `is_complete`.
    pub(crate) fn finish(&mut self, is_complete: bool) {
        if let Some(encoder) = self.gzip.take()
            && is_complete
        {
            self.held
                .extend(encoder.finish().expect("writing to memory"));
        }
        self.release_held();
    }

    fn release_held(&mut self) {
        self.release = None;
        let held = std::mem::take(&mut self.held);
        self.make_ready(held);
    }

    fn make_ready(&mut self, bytes: Vec<u8>) {
        self.ready = match self.ready.is_empty() {
            true => bytes.into(),
            false => [&self.ready[..], &bytes].concat().into(),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn framing(query: &str) -> Framing {
        Framing::new(&Spec::parse(query).expect(query))
    }

    /// All writes at `now`.
    fn writes(framing: &mut Framing, now: u64) -> Vec<Bytes> {
        std::iter::from_fn(|| framing.next(now)).collect()
    }

    #[test]
    fn writes_are_split() {
        let mut framing = framing("split=3");
        framing.push(b"12345678".to_vec(), 0);
        assert_eq!(writes(&mut framing, 0), ["123", "456", "78"]);
    }

    #[test]
    fn a_hold_by_time_releases_at_once() {
        let mut framing = framing("hold=2s");
        for now in [100, 900_000, 1_999_999] {
            framing.push(b"x".to_vec(), now);
            assert_eq!(framing.release(), Some(2_000_000));
            assert!(writes(&mut framing, now).is_empty());
        }
        assert_eq!(writes(&mut framing, 2_000_000), ["xxx"]);
        assert_eq!(framing.release(), None);
        framing.push(vec![b'x'; FRAME], 2_000_001);
        assert_eq!(
            writes(&mut framing, 2_000_001).len(),
            1,
            "a full frame is released"
        );
    }

    #[test]
    fn a_hold_by_size_releases_full_buffers() {
        let mut framing = framing("hold=1k&split=600");
        framing.push(vec![b'x'; 1_000], 0);
        assert!(writes(&mut framing, u64::MAX).is_empty());
        framing.push(vec![b'x'; 100], 0);
        let sizes: Vec<_> = writes(&mut framing, 0).iter().map(Bytes::len).collect();
        assert_eq!(sizes, [600, 424]);
        framing.push(vec![b'x'; 10], 0);
        framing.finish(true);
        assert_eq!(writes(&mut framing, 0), [vec![b'x'; 86]]);
        framing.push(vec![b'x'; 2_100], 0);
        assert_eq!(writes(&mut framing, 0).concat().len(), 2_048);
    }

    fn unpacked(packed: &[u8]) -> String {
        let mut unpacked = String::new();
        flate2::read::GzDecoder::new(packed)
            .read_to_string(&mut unpacked)
            .expect("a complete stream");
        unpacked
    }

    #[test]
    fn each_write_can_be_decompressed_at_once() {
        let mut framing = framing("gzip");
        let mut packed = Vec::new();
        for round in 1..=3 {
            framing.push(b"data: x\n\n".to_vec(), 0);
            packed.extend(writes(&mut framing, 0).concat());
            let mut unpacked = vec![0; 9 * round];
            flate2::read::GzDecoder::new(&packed[..])
                .read_exact(&mut unpacked)
                .expect("all of the event");
        }
        framing.finish(true);
        packed.extend(writes(&mut framing, 0).concat());
        assert_eq!(unpacked(&packed), "data: x\n\n".repeat(3));
    }

    #[test]
    fn a_compressor_that_is_never_flushed_holds_events_back_until_the_end() {
        let mut framing = framing("gzip=unflushed");
        let mut packed = Vec::new();
        for _ in 0..100 {
            framing.push(b"data: x\n\n".to_vec(), 0);
            packed.extend(writes(&mut framing, 0).concat());
        }
        // No more than the header of gzip (RFC 1952, 2.3).
        assert!(packed.len() <= 10, "{packed:?}");
        framing.finish(true);
        packed.extend(writes(&mut framing, 0).concat());
        assert_eq!(unpacked(&packed), "data: x\n\n".repeat(100));
    }
}
