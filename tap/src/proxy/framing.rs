//! Where the body of a message ends: RFC 9112, 6.3 and 7.1.

use std::mem;

use super::head::{Headers, text_headers};

/// The trailer section that is kept, in bytes. A longer one passes all the same.
const MAX_TRAILERS: usize = 16 << 10;

/// How many digits the size of a chunk can have: those of a `u64`.
const MAX_DIGITS: u8 = 16;

/// How the end of a body is found.
#[derive(Debug)]
pub(super) enum Framing {
    /// After this many more bytes.
    Length(u64),
    /// After the last chunk and the trailers.
    Chunked(Chunked),
    /// Where the connection ends.
    UntilClose,
}

/// How far a body was followed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Followed {
    /// How many of the bytes belong to the body.
    pub(super) length: usize,
    /// Whether the body ends there.
    pub(super) is_end: bool,
}

/// The body is not chunked as its head says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotChunked;

impl Framing {
    /// There is no body.
    pub(super) const NONE: Self = Self::Length(0);

    pub(super) fn chunked() -> Self {
        Self::Chunked(Chunked::default())
    }

    /// Follows `bytes`, which come next, and passes the content among them to `content`.
    pub(super) fn follow(
        &mut self,
        bytes: &[u8],
        content: &mut impl FnMut(&[u8]),
    ) -> Result<Followed, NotChunked> {
        match self {
            Self::Length(left) => {
                let length =
                    usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                content(&bytes[..length]);
                *left -= length as u64;
                Ok(Followed {
                    length,
                    is_end: *left == 0,
                })
            }
            Self::Chunked(chunked) => chunked.follow(bytes, content),
            Self::UntilClose => {
                content(bytes);
                Ok(Followed {
                    length: bytes.len(),
                    is_end: false,
                })
            }
        }
    }

    /// The trailers, once the body has ended.
    pub(super) fn trailers(&self) -> Headers {
        match self {
            Self::Chunked(chunked) => chunked.trailers(),
            Self::Length(_) | Self::UntilClose => Headers::new(),
        }
    }
}

/// A body in chunks.
#[derive(Debug, Default)]
pub(super) struct Chunked {
    part: Part,
    trailers: Vec<u8>,
}

#[derive(Debug)]
enum Part {
    Size {
        size: u64,
        digits: u8,
    },
    /// The extensions of a chunk, to the end of the line.
    Extensions {
        size: u64,
    },
    Data {
        left: u64,
    },
    /// After the data: CRLF.
    DataEnd,
    /// A line of the trailer section, of this length so far.
    Trailer {
        length: usize,
    },
}

impl Default for Part {
    fn default() -> Self {
        Self::Size { size: 0, digits: 0 }
    }
}

impl Chunked {
    fn follow(
        &mut self,
        bytes: &[u8],
        content: &mut impl FnMut(&[u8]),
    ) -> Result<Followed, NotChunked> {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if let Part::Data { left } = &mut self.part {
                let rest = &bytes[at..];
                let length = usize::try_from(*left).map_or(rest.len(), |left| left.min(rest.len()));
                content(&rest[..length]);
                at += length;
                *left -= length as u64;
                if *left == 0 {
                    self.part = Part::DataEnd;
                }
                continue;
            }
            at += 1;
            if self.byte(byte)? {
                return Ok(Followed {
                    length: at,
                    is_end: true,
                });
            }
        }
        Ok(Followed {
            length: at,
            is_end: false,
        })
    }

    /// Reads a byte that is not data; returns whether the body ends with it.
    fn byte(&mut self, byte: u8) -> Result<bool, NotChunked> {
        // RFC 9112, 2.2: a lone LF may end a line.
        self.part = match (mem::take(&mut self.part), byte) {
            (Part::Size { digits: 0, .. }, b'\r' | b'\n' | b';' | b' ' | b'\t') => {
                return Err(NotChunked);
            }
            (Part::Size { size, .. } | Part::Extensions { size }, b'\n') => match size {
                0 => Part::Trailer { length: 0 },
                left => Part::Data { left },
            },
            (Part::Size { size, .. }, b'\r' | b';' | b' ' | b'\t') => Part::Extensions { size },
            (Part::Extensions { size }, _) => Part::Extensions { size },
            (Part::Size { size, digits }, byte) => {
                let digit = char::from(byte).to_digit(16).ok_or(NotChunked)?;
                if digits == MAX_DIGITS {
                    return Err(NotChunked);
                }
                Part::Size {
                    size: size << 4 | u64::from(digit),
                    digits: digits + 1,
                }
            }
            (Part::DataEnd, b'\r') => Part::DataEnd,
            (Part::DataEnd, b'\n') => Part::default(),
            (Part::DataEnd | Part::Data { .. }, _) => return Err(NotChunked),
            (Part::Trailer { length: 0 }, b'\n') => return Ok(true),
            (Part::Trailer { length }, byte) => {
                if self.trailers.len() < MAX_TRAILERS {
                    self.trailers.push(byte);
                }
                match byte {
                    b'\n' => Part::Trailer { length: 0 },
                    b'\r' => Part::Trailer { length },
                    _ => Part::Trailer { length: length + 1 },
                }
            }
        };
        Ok(false)
    }

    fn trailers(&self) -> Headers {
        let mut section = self.trailers.clone();
        // The CR of the empty line is among them, its LF is not.
        if section.ends_with(b"\r") {
            section.pop();
        }
        section.extend_from_slice(b"\r\n");
        let mut headers = [httparse::EMPTY_HEADER; 64];
        match httparse::parse_headers(&section, &mut headers) {
            Ok(httparse::Status::Complete((_, headers))) => text_headers(headers),
            _ => Headers::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows `bytes` in pieces of `size`: the content, and how many bytes belong to the body if it ended.
    fn follow(
        framing: &mut Framing,
        bytes: &[u8],
        size: usize,
    ) -> Result<(Vec<u8>, Option<usize>), NotChunked> {
        let mut content = Vec::new();
        let mut total = 0;
        for piece in bytes.chunks(size) {
            let followed = framing.follow(piece, &mut |bytes| content.extend_from_slice(bytes))?;
            total += followed.length;
            if followed.is_end {
                return Ok((content, Some(total)));
            }
            assert_eq!(followed.length, piece.len());
        }
        Ok((content, None))
    }

    #[test]
    fn the_end_of_a_chunked_body_is_found_in_any_pieces() {
        for (body, content, trailers) in [
            ("0\r\n\r\n", "", vec![]),
            ("5\r\nabcde\r\n0\r\n\r\n", "abcde", vec![]),
            (
                "00A;x=\"y\"\r\n0123456789\r\n1 \r\n!\r\n000\r\n\r\n",
                "0123456789!",
                vec![],
            ),
            ("3\nabc\n0\n\n", "abc", vec![]),
            (
                "1\r\na\r\n0\r\nX-A: 1\r\nx-b:2\r\n\r\n",
                "a",
                vec![("X-A", "1"), ("x-b", "2")],
            ),
        ] {
            let rest = format!("{body}HTTP/1.1");
            for size in 1..=rest.len() {
                let mut framing = Framing::chunked();
                let followed = follow(&mut framing, rest.as_bytes(), size);
                let (followed, length) = followed.expect("chunked");
                assert_eq!(String::from_utf8_lossy(&followed), content, "{body:?}");
                assert_eq!(length, Some(body.len()), "{body:?} by {size}");
                let found = framing.trailers();
                let found: Vec<_> = found.iter().map(|(n, v)| (&**n, &**v)).collect();
                assert_eq!(found, trailers);
            }
        }
    }

    #[test]
    fn what_is_not_chunked_is_an_error() {
        for body in [
            "\r\n",
            "x\r\n",
            "-1\r\na",
            "1\r\nab\r\n",
            "11111111111111111\r\n",
            ";\r\n",
        ] {
            assert_eq!(
                follow(&mut Framing::chunked(), body.as_bytes(), 1),
                Err(NotChunked),
                "{body:?}"
            );
        }
    }

    #[test]
    fn a_length_ends_a_body_and_a_close_does_not_show() {
        let followed = follow(&mut Framing::Length(3), b"abcdef", 2);
        assert_eq!(followed, Ok((b"abc".to_vec(), Some(3))));
        let followed = follow(&mut Framing::UntilClose, b"abcdef", 2);
        assert_eq!(followed, Ok((b"abcdef".to_vec(), None)));
        let mut none = Framing::NONE;
        let nothing = none.follow(b"", &mut |_| {});
        assert_eq!(
            nothing,
            Ok(Followed {
                length: 0,
                is_end: true
            })
        );
    }

    #[test]
    fn trailers_are_kept_within_a_bound() {
        let mut framing = Framing::chunked();
        let long = format!("0\r\nx: {}\r\n\r\n", "y".repeat(1 << 20));
        let followed = follow(&mut framing, long.as_bytes(), 1000);
        assert_eq!(followed, Ok((Vec::new(), Some(long.len()))));
        let Framing::Chunked(chunked) = framing else {
            panic!("chunked");
        };
        assert!(chunked.trailers.len() <= MAX_TRAILERS);
    }
}
