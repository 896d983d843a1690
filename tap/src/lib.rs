//! Other people's event streams: a relay to servers that a page cannot reach, and a reverse proxy that shows
//! what any client really receives.

// Until their users are here.
#[allow(dead_code)]
mod capture;
mod decode;

pub use decode::{Coding, DecodeError, Decoder, UnknownCoding};
