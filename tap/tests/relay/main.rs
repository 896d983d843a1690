//! The relay over real sockets: what the page receives, and what the server that it looks at receives.

mod failures;
mod proxies;
mod redirects;
mod streams;
mod support;
mod tls;
