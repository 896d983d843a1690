//! What the server accepts, and how long it waits.

use std::time::Duration;

/// What the server accepts.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Host names that the server answers for, in addition to loopback names and the address that a
    /// client connected to. `*` stands for any.
    pub allow_hosts: Vec<String>,
    /// How many connections may be open at a time. Further ones get status 503.
    pub max_connections: usize,
    /// How long the head of a request may take, from the opening of the connection or from the end
    /// of the previous request.
    pub header_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            allow_hosts: Vec::new(),
            max_connections: 16_000,
            header_timeout: Duration::from_secs(10),
        }
    }
}

/// How long a connection may take to end after [`run`](super::run) received the shutdown signal. A
/// client that does not read must not keep the program alive.
pub(super) const GRACE: Duration = Duration::from_millis(500);

/// The largest head of a request, in bytes; no URL can be longer.
pub(super) const MAX_HEAD: usize = 64 << 10;

/// How many connections over the limit get status 503 at a time; further ones are closed at once.
pub(super) const MAX_REFUSING: usize = 256;

/// How long a connection over the limit has to send its request.
pub(super) const REFUSING_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a client may acknowledge none of the bytes sent to it.
pub(super) const STALL_TIMEOUT: Duration = Duration::from_secs(300);

/// After this much silence the system probes whether the client still exists.
pub(super) const KEEPALIVE: Duration = Duration::from_secs(60);
