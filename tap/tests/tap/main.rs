//! The tap over real sockets: an upstream and a client that the tests write byte by byte.

mod exchanges;
mod faults;
mod passing;
mod support;
mod upstreams;
