//! Captures: the bytes of streams and the times of their arrival, as a file. `docs/capture-format.md`
//! describes the format.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::CaptureError;
pub(crate) use read::{CaptureReader, Record};
pub(crate) use write::Writer;

/// The beginning of every capture.
const HEAD: &str = "sse-capture ";

/// The version of the format.
const VERSION: &str = "1";
