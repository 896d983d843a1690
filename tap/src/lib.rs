//! Other people's event streams: a relay to servers that a page cannot reach, and a reverse proxy that shows
//! what any client really receives.
//!
//! # Code map
//!
//! | file | contents |
//! | --- | --- |
//! | `guard.rs` | [`Guard`]: which requests are those of the page |
//! | `relay/` | [`Relay`]: makes a request that the page asks for |
//! | `dial/` | the one client, below HTTP: a connection to the host of a URL |
//! | `capture.rs` | writes the capture format |
//! | `decode.rs` | decodes bodies as they arrive |

// Until their users are here.
#[allow(dead_code)]
mod capture;
mod decode;
pub mod dial;
mod guard;
mod relay;

pub use decode::{Coding, DecodeError, Decoder, UnknownCoding};
pub use guard::{Guard, Refusal};
pub use relay::{Limits, Relay};
