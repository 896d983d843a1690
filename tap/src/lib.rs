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
//! | `proxy/` | [`Tap`]: a reverse proxy that passes bytes on, then looks at a copy of them |
//! | `exchanges/` | [`Exchanges`]: what the taps keep, within bounds |
//! | `api.rs` | what the page asks about exchanges |
//! | `capture.rs` | writes the capture format |
//! | `decode.rs` | decodes bodies as they arrive |

mod api;
mod capture;
mod decode;
pub mod dial;
mod exchanges;
mod guard;
mod proxy;
mod relay;

pub use api::{Listening, TapApi};
pub use decode::{Coding, DecodeError, Decoder, UnknownCoding};
pub use exchanges::{Bounds, Exchanges};
pub use guard::{Guard, Refusal};
pub use proxy::{HostCheck, Tap, TapError, TapSettings, serve_tap};
pub use relay::{Limits, Relay};
