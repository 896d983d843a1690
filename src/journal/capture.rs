//! Captures: the bytes of the streams and the times at which they came, as a file. What the format
//! is, `docs/capture-format.md` says.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use read::CaptureReader;
pub(crate) use write::Writer;

/// What a capture begins with.
const HEAD: &str = "sse-capture ";

/// The version of the format.
const VERSION: &str = "1";
