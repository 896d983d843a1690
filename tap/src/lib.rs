//! Other people's event streams: a relay to servers that a page cannot reach, and a reverse proxy that shows
//! what any client really receives.
//!
//! # Code map
//!
//! | file | contents |
//! | --- | --- |
//! | `dial/` | the one client, below HTTP: a connection to the host of a URL |

pub mod dial;
