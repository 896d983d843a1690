//! Captures: the bytes of streams and the times of their arrival, as a file. `docs/capture-format.md`
//! describes the format.

mod plain;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use plain::FileKind;
pub use read::CaptureError;
pub(crate) use read::{CaptureReader, Record};
pub(crate) use write::Writer;

/// The beginning of every capture.
const HEAD: &str = "sse-capture ";

/// The byte order mark that a stream may begin with (HTML, 9.2.5).
const BOM: &[u8] = "\u{FEFF}".as_bytes();

/// The version of the format.
const VERSION: &str = "1";
