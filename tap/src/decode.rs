//! Decodes a body as it arrives: the content codings gzip, deflate, br and zstd, and several of them.
//!
//! What one read of the body decodes to is available after this read: nothing is held back until more
//! arrives, as far as the encoder flushed it.

use std::{
    fmt,
    io::{self, Write},
    mem,
};

use brotli_decompressor::{BrotliDecoderParameter, DecompressorWriter};
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use zstd::stream::{raw, write::Decoder as ZstdDecoder};

/// The largest output of one push, in bytes.
const MAX_OUTPUT: usize = 8 << 20;

/// How many codings a body may have.
const MAX_CODINGS: usize = 4;

/// The binary logarithm of the largest window of zstd: RFC 9659, 3, 8 MiB.
const ZSTD_WINDOW: u32 = 23;

/// The size of brotli's buffer of output, in bytes.
const BROTLI_BUFFER: usize = 16 << 10;

/// Why a body cannot be decoded at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownCoding {
    /// A coding that is not supported.
    #[error("The content coding “{name}” is not supported, only gzip, deflate, br and zstd.")]
    Name {
        /// Its name, as far as a message can have it.
        name: String,
    },
    /// More codings than anybody uses.
    #[error("The body has {count} content codings; at most {MAX_CODINGS} are supported.")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// The library of a coding has no memory.
    #[error("The decoder of {coding} cannot start: {message}.")]
    Start {
        /// The coding.
        coding: Coding,
        /// What the library reports.
        message: String,
    },
}

/// Why the decoding of a body ended early.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes do not have the format of the coding.
    #[error("The body is not valid {coding}: {message}.")]
    Invalid {
        /// The coding.
        coding: Coding,
        /// What the library of the coding reports.
        message: String,
    },
    /// A read decodes to too much.
    #[error(
        "The body expands too much: one read of it decodes from {coding} to more than {} MiB.",
        MAX_OUTPUT >> 20
    )]
    TooLarge {
        /// The coding.
        coding: Coding,
    },
    /// The body ends within the coding.
    #[error("The body ends before the end of its {coding} data.")]
    Truncated {
        /// The coding.
        coding: Coding,
    },
}

/// A content coding: RFC 9110, 8.4.1; RFC 7932; RFC 8878.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// `gzip`, also `x-gzip`.
    Gzip,
    /// `deflate`: the zlib format; many servers send it without the zlib header.
    Deflate,
    /// `br`.
    Brotli,
    /// `zstd`.
    Zstd,
}

impl fmt::Display for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        })
    }
}

/// Decodes one body.
///
/// After an error it decodes nothing more.
pub struct Decoder {
    /// In the order in which they are decoded: the last one applied first.
    layers: Vec<Layer>,
    failed: Option<DecodeError>,
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codings = self.layers.iter().map(|layer| layer.coding);
        f.debug_list().entries(codings).finish()
    }
}

impl Decoder {
    /// A decoder for the value of `Content-Encoding`; several fields are joined with commas. Empty: no coding.
    ///
    /// # Errors
    ///
    /// If a coding is not supported.
    pub fn new(content_encoding: &str) -> Result<Self, UnknownCoding> {
        let names = content_encoding
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"));
        let codings = names.map(coding).collect::<Result<Vec<_>, _>>()?;
        if codings.len() > MAX_CODINGS {
            return Err(UnknownCoding::TooMany {
                count: codings.len(),
            });
        }
        // RFC 9110, 8.4: they are listed in the order in which they were applied.
        let layers = codings.into_iter().rev().map(Layer::new);
        Ok(Self {
            layers: layers.collect::<Result<_, _>>()?,
            failed: None,
        })
    }

    /// Whether the body has no coding.
    pub fn is_identity(&self) -> bool {
        self.layers.is_empty()
    }

    /// Decodes the next bytes of the body, and appends to `out` all that can be decoded so far.
    ///
    /// # Errors
    ///
    /// If the bytes are not valid, or expand too much. What was decoded before is in `out`.
    pub fn push(&mut self, raw: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let Some((first, rest)) = self.layers.split_first_mut() else {
            out.extend_from_slice(raw);
            return Ok(());
        };
        let (mut bytes, mut result) = first.push(raw);
        for layer in rest {
            let pushed = layer.push(&bytes);
            bytes = pushed.0;
            result = result.and(pushed.1);
        }
        out.append(&mut bytes);
        self.failed = result.clone().err();
        result
    }

    /// Checks that the body ended where its coding does. A body without bytes is complete.
    ///
    /// # Errors
    ///
    /// If it did not.
    pub fn finish(&mut self) -> Result<(), DecodeError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        self.layers.iter_mut().try_for_each(Layer::finish)
    }
}

fn coding(name: &str) -> Result<Coding, UnknownCoding> {
    match name.to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" => Ok(Coding::Gzip),
        "deflate" => Ok(Coding::Deflate),
        "br" => Ok(Coding::Brotli),
        "zstd" => Ok(Coding::Zstd),
        _ => Err(UnknownCoding::Name {
            name: name.chars().take(100).collect(),
        }),
    }
}

/// One coding.
struct Layer {
    coding: Coding,
    state: State,
    is_empty: bool,
}

enum State {
    Gzip(MultiGzDecoder<Output>),
    /// The first byte decides whether there is a zlib header.
    DeflateOrZlib,
    Zlib(ZlibDecoder<Output>),
    Deflate(DeflateDecoder<Output>),
    Brotli(Box<DecompressorWriter<Output>>),
    Zstd(ZstdDecoder<'static, Output>),
}

impl Layer {
    fn new(coding: Coding) -> Result<Self, UnknownCoding> {
        let state = match coding {
            Coding::Gzip => State::Gzip(MultiGzDecoder::new(Output::default())),
            Coding::Deflate => State::DeflateOrZlib,
            Coding::Brotli => State::Brotli(Box::new(brotli())),
            Coding::Zstd => State::Zstd(zstd().map_err(|error| UnknownCoding::Start {
                coding,
                message: error.to_string(),
            })?),
        };
        Ok(Self {
            coding,
            state,
            is_empty: true,
        })
    }

    /// Decodes `raw`: what can be decoded, and whether that is all of it.
    fn push(&mut self, raw: &[u8]) -> (Vec<u8>, Result<(), DecodeError>) {
        let Some(&first) = raw.first() else {
            return (Vec::new(), Ok(()));
        };
        self.is_empty = false;
        if let State::DeflateOrZlib = self.state {
            // RFC 1950, 2.2: the lower half of the first byte is the compression method, 8. A deflate block
            // that begins like this is a stored one with padding that no encoder writes.
            self.state = if first & 0x0f == 8 {
                State::Zlib(ZlibDecoder::new(Output::default()))
            } else {
                State::Deflate(DeflateDecoder::new(Output::default()))
            };
        }
        let written = match &mut self.state {
            State::Gzip(decoder) => write(decoder, raw),
            State::Zlib(decoder) => write(decoder, raw),
            State::Deflate(decoder) => write(decoder, raw),
            State::Brotli(decoder) => write(decoder, raw),
            State::Zstd(decoder) => write(decoder, raw),
            State::DeflateOrZlib => Ok(()),
        };
        let Some(output) = self.output() else {
            return (Vec::new(), Ok(()));
        };
        let bytes = mem::take(&mut output.bytes);
        let is_full = mem::take(&mut output.is_full);
        let coding = self.coding;
        let result = match written {
            _ if is_full => Err(DecodeError::TooLarge { coding }),
            Ok(()) => Ok(()),
            // The decoder takes no more.
            Err(error) if error.kind() == io::ErrorKind::WriteZero => Err(DecodeError::Invalid {
                coding,
                message: "there are bytes after its end".to_owned(),
            }),
            Err(error) => Err(DecodeError::Invalid {
                coding,
                message: error.to_string(),
            }),
        };
        (bytes, result)
    }

    fn output(&mut self) -> Option<&mut Output> {
        match &mut self.state {
            State::Gzip(decoder) => Some(decoder.get_mut()),
            State::DeflateOrZlib => None,
            State::Zlib(decoder) => Some(decoder.get_mut()),
            State::Deflate(decoder) => Some(decoder.get_mut()),
            State::Brotli(decoder) => Some(decoder.get_mut()),
            State::Zstd(decoder) => Some(decoder.get_mut()),
        }
    }

    fn finish(&mut self) -> Result<(), DecodeError> {
        if self.is_empty {
            return Ok(());
        }
        let finished = match &mut self.state {
            State::Gzip(decoder) => decoder.try_finish(),
            State::DeflateOrZlib => Ok(()),
            State::Zlib(decoder) => decoder.try_finish(),
            State::Deflate(decoder) => decoder.try_finish(),
            State::Brotli(decoder) => decoder.close(),
            State::Zstd(decoder) => decoder.do_finish(),
        };
        finished.map_err(|_| DecodeError::Truncated {
            coding: self.coding,
        })
    }
}

fn brotli() -> DecompressorWriter<Output> {
    let mut decoder = DecompressorWriter::new(Output::default(), BROTLI_BUFFER);
    // RFC 7932, 9.1: the window is at most 16 MiB. The larger ones of an extension are not for HTTP.
    decoder.set_parameter(BrotliDecoderParameter::BROTLI_DECODER_PARAM_LARGE_WINDOW, 0);
    decoder
}

fn zstd() -> io::Result<ZstdDecoder<'static, Output>> {
    let mut decoder = raw::Decoder::new()?;
    decoder.set_parameter(raw::DParameter::WindowLogMax(ZSTD_WINDOW))?;
    Ok(ZstdDecoder::with_decoder(Output::default(), decoder))
}

fn write(decoder: &mut impl Write, raw: &[u8]) -> io::Result<()> {
    decoder.write_all(raw)?;
    decoder.flush()
}

/// What a decoder writes to: up to the bound.
#[derive(Default)]
struct Output {
    bytes: Vec<u8>,
    is_full: bool,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > MAX_OUTPUT {
            self.is_full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
