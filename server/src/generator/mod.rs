//! Generates event streams. Knows nothing of sockets or HTTP.

mod body;
mod data;
mod date;
mod events;
mod framing;
mod resume;
mod schedule;
mod spec;
mod writer;

pub(crate) use body::StreamBody;
pub(crate) use spec::{Phase, Spec, json, text, us};
pub(crate) use writer::{Writer, Written};

/// The most that is written at once, and that is on its way to a client, in bytes.
pub(crate) const FRAME: usize = 64 << 10;
