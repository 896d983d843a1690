//! What went wrong on the way to a connection.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use super::{Certificate, Phases, TlsProblem};

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct DialError {
    /// The phase that failed.
    pub phase: Phase,
    /// How long the phases before it took.
    pub phases: Phases,
    /// What went wrong.
    pub cause: Cause,
}

/// A phase of [`Dialer::dial`](super::Dialer::dial).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The look-up of the name.
    Name,
    /// The connection, including the way through a proxy.
    Connect,
    /// The TLS handshake.
    Tls,
}

impl Phase {
    /// The phase as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Connect => "connect",
            Self::Tls => "tls",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "look-up of the name",
            Self::Connect => "connection",
            Self::Tls => "TLS handshake",
        })
    }
}

/// What went wrong on the way to a connection.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// Not a URL that can be connected to.
    #[error("“{0}” is not a URL that begins with http:// or https:// and names a host.")]
    Url(String),
    /// The name has no address.
    #[error("The name {name} was not found: {reason}.")]
    NameNotFound {
        /// The name.
        name: String,
        /// What the system says.
        reason: String,
    },
    /// The addresses of the host may not be connected to.
    #[error(
        "{host} is at {address}, which is not a public address: this server connects only to public addresses \
         and to networks given by --relay-allow."
    )]
    NotAllowed {
        /// The host.
        host: String,
        /// Its first address.
        address: IpAddr,
    },
    /// Nothing listens there.
    #[error(
        "The connection was refused: nothing listens at {}.",
        listed(addresses)
    )]
    Refused {
        /// All addresses that refused.
        addresses: Vec<SocketAddr>,
    },
    /// There is no way to the address.
    #[error("{address} cannot be reached: {error}.")]
    Unreachable {
        /// The first address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// The connection failed in another way.
    #[error("No connection to {address}: {error}.")]
    Connect {
        /// The first address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// The other end reset the connection.
    #[error("The other end reset the connection before it was of use.")]
    Reset,
    /// The other end closed the connection.
    #[error("The other end closed the connection during the TLS handshake.")]
    Closed,
    /// A phase took too long.
    #[error("The {phase} did not complete within {} s.", after.as_secs_f64())]
    TimedOut {
        /// The phase.
        phase: Phase,
        /// The limit.
        after: Duration,
    },
    /// TLS is not possible.
    #[error("{problem}{}", certificate.as_ref().map(|c| format!(" {c}")).unwrap_or_default())]
    Tls {
        /// What is wrong.
        problem: TlsProblem,
        /// The certificate that was refused, if one was.
        certificate: Option<Box<Certificate>>,
    },
    /// The proxy does not let the connection through.
    #[error("The proxy {proxy} does not connect to the host: {reason}.")]
    Proxy {
        /// The address of the proxy, without user and password.
        proxy: String,
        /// What is wrong.
        reason: String,
    },
    /// The connection failed.
    #[error("The connection failed: {0}.")]
    Io(#[from] io::Error),
}

impl Cause {
    /// The cause as a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Url(_) => "url",
            Self::NameNotFound { .. } => "name-not-found",
            Self::NotAllowed { .. } => "not-allowed",
            Self::Refused { .. } => "refused",
            Self::Unreachable { .. } => "unreachable",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::TimedOut { .. } => "timed-out",
            Self::Tls {
                problem: TlsProblem::NotTls,
                ..
            } => "no-tls",
            Self::Tls { .. } => "tls",
            Self::Proxy { .. } => "proxy",
            Self::Connect { .. } | Self::Io(_) => "failed",
        }
    }
}

/// Addresses, as in a sentence.
fn listed(addresses: &[SocketAddr]) -> String {
    let texts: Vec<_> = addresses.iter().map(SocketAddr::to_string).collect();
    match texts.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => texts.concat(),
    }
}
