//! The one client of the relay and the taps, below HTTP: from a URL to an open connection to its host.
//!
//! | file | contents |
//! | --- | --- |
//! | `mod.rs` | [`Dialer`]: name, connection, TLS, one after another, each with its time |
//! | `allowed.rs` | [`Allowed`]: the addresses that may be connected to |
//! | `connect.rs` | from a name to addresses, from addresses to a connection |
//! | `proxy.rs` | the proxies of the environment |
//! | `tls.rs` | TLS, and what a certificate that was refused says |
//! | `stream.rs` | [`Stream`]: a connection, with or without TLS |
//! | `error.rs` | [`DialError`]: what went wrong, and in which phase |

mod allowed;
mod connect;
mod error;
mod proxy;
mod stream;
mod tls;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use http::HeaderValue;
use hyper_util::client::proxy::matcher::Matcher;
use rustls::RootCertStore;
use tokio::{net::TcpStream, time::timeout};
use url::{Host, Url};

pub use ipnet::IpNet;

pub use self::{
    allowed::Allowed,
    error::{Cause, DialError, Phase},
    stream::Stream,
    tls::{Certificate, TlsProblem},
};
use self::{proxy::Proxy, tls::Roots};

/// How long each phase may take, unless [`Dialer::with_timeout`] sets another limit.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Opens connections to the hosts of URLs.
///
/// The proxies of the environment (`HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`) are used as curl
/// uses them, with two exceptions: never for a loopback host, as in browsers, and never where the addresses
/// are restricted, because the proxy would look up the name, and nothing here could check the address.
#[derive(Clone)]
pub struct Dialer {
    allowed: Arc<Allowed>,
    proxies: Option<Arc<Matcher>>,
    roots: Roots,
    timeout: Duration,
}

/// The versions of HTTP that may be agreed upon, where there is TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alpn {
    /// HTTP/1.1 only.
    Http1,
    /// HTTP/2, or else HTTP/1.1.
    Http1Or2,
}

/// An open connection.
#[derive(Debug)]
pub struct Dialed {
    /// The connection.
    pub stream: Stream,
    /// Whether HTTP/2 was agreed upon.
    pub is_http2: bool,
    /// If the connection is to a proxy that forwards requests: what it needs to see in each.
    pub forward_proxy: Option<ForwardProxy>,
    /// How long each phase took.
    pub phases: Phases,
    /// The other end of the connection: the host, or the proxy.
    pub remote: SocketAddr,
}

/// A proxy that forwards requests: it needs the request target in absolute form (RFC 9112, 3.2.2).
#[derive(Clone, Debug)]
pub struct ForwardProxy {
    /// The value of the `proxy-authorization` header, if the proxy's address has a user or a password.
    pub authorization: Option<HeaderValue>,
}

/// How long each phase took; `None` for one that was not needed or not completed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases {
    /// The look-up of the name.
    pub name: Option<Duration>,
    /// The connection, including the way through a proxy.
    pub connect: Option<Duration>,
    /// The TLS handshake.
    pub tls: Option<Duration>,
}

impl Dialer {
    /// A dialer for these addresses, with the proxies of the environment and the certificates of the system.
    pub fn new(allowed: Allowed) -> Self {
        let proxies = (allowed == Allowed::Any).then(|| Arc::new(Matcher::from_env()));
        Self {
            allowed: Arc::new(allowed),
            proxies,
            roots: Roots::of_the_system(),
            timeout: TIMEOUT,
        }
    }

    /// Uses these proxies in place of those of the environment.
    pub fn with_proxies(mut self, proxies: Matcher) -> Self {
        self.proxies = Some(Arc::new(proxies));
        self
    }

    /// Trusts these certificate authorities in place of those of the system.
    pub fn with_roots(mut self, roots: RootCertStore) -> Self {
        self.roots = Roots::these(roots);
        self
    }

    /// Limits the time of each phase.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Connects to the host of an `http` or `https` URL, and completes the TLS handshake for `https`.
    ///
    /// # Errors
    ///
    /// What went wrong, and in which phase.
    pub async fn dial(&self, url: &Url, alpn: Alpn) -> Result<Dialed, DialError> {
        let mut phases = Phases::default();
        match self.attempt(url, alpn, &mut phases).await {
            Ok((stream, remote, forward_proxy)) => Ok(Dialed {
                is_http2: stream.agreed_on_http2(),
                stream,
                forward_proxy,
                phases,
                remote,
            }),
            Err((phase, cause)) => Err(DialError {
                phase,
                phases,
                cause,
            }),
        }
    }

    async fn attempt(
        &self,
        url: &Url,
        alpn: Alpn,
        phases: &mut Phases,
    ) -> Result<(Stream, SocketAddr, Option<ForwardProxy>), (Phase, Cause)> {
        let unusable = || (Phase::Name, Cause::Url(url.to_string()));
        let host = url.host().ok_or_else(unusable)?;
        let port = url.port_or_known_default().ok_or_else(unusable)?;
        let has_tls = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(unusable()),
        };
        let proxy = self
            .proxy(url, &host)
            .map_err(|cause| (Phase::Connect, cause))?;

        let (dialed_host, dialed_port) = match &proxy {
            Some(proxy) => (proxy.host(), proxy.port()),
            None => (host.clone(), port),
        };
        let looking_up = connect::addresses(&dialed_host, dialed_port);
        let addresses = match dialed_host {
            // Nothing to look up: no phase.
            Host::Ipv4(_) | Host::Ipv6(_) => looking_up.await.map_err(|c| (Phase::Name, c))?,
            Host::Domain(_) => {
                self.phase(Phase::Name, &mut phases.name, looking_up)
                    .await?
            }
        };
        let addresses = self.allowed_of(addresses, &host)?;

        let connecting = async {
            let (tcp, remote) = connect::connect(addresses).await?;
            match &proxy {
                Some(proxy) => Ok((proxy.pass(tcp, url, remote).await?, remote)),
                None => Ok((tcp, remote)),
            }
        };
        let (tcp, remote) = self
            .phase(Phase::Connect, &mut phases.connect, connecting)
            .await?;

        if has_tls {
            let handshake = tls::handshake(tcp, &host, alpn, &self.roots);
            let tls = self.phase(Phase::Tls, &mut phases.tls, handshake).await?;
            Ok((Stream::Tls(Box::new(tls)), remote, None))
        } else {
            let forward_proxy = proxy.and_then(|proxy| proxy.forwards());
            Ok((Stream::Tcp(tcp), remote, forward_proxy))
        }
    }

    /// The proxy for a URL, if there is one.
    fn proxy(&self, url: &Url, host: &Host<&str>) -> Result<Option<Proxy>, Cause> {
        match &self.proxies {
            Some(proxies) if !connect::is_loopback(host) => Proxy::of(url, proxies),
            _ => Ok(None),
        }
    }

    /// The addresses that may be connected to.
    fn allowed_of(
        &self,
        addresses: Vec<SocketAddr>,
        host: &Host<&str>,
    ) -> Result<Vec<SocketAddr>, (Phase, Cause)> {
        let (allowed, others): (Vec<_>, Vec<_>) = addresses
            .into_iter()
            .partition(|address| self.allowed.contains(address.ip()));
        match others.first() {
            Some(address) if allowed.is_empty() => Err((
                Phase::Name,
                Cause::NotAllowed {
                    host: host.to_string(),
                    address: address.ip(),
                },
            )),
            _ => Ok(allowed),
        }
    }

    /// Limits the time of a phase, and notes how long it took.
    async fn phase<T>(
        &self,
        phase: Phase,
        took: &mut Option<Duration>,
        work: impl Future<Output = Result<T, Cause>>,
    ) -> Result<T, (Phase, Cause)> {
        let begin = Instant::now();
        let done = match timeout(self.timeout, work).await {
            Ok(done) => done.map_err(|cause| (phase, cause))?,
            Err(_) => {
                let after = self.timeout;
                return Err((phase, Cause::TimedOut { phase, after }));
            }
        };
        *took = Some(begin.elapsed());
        Ok(done)
    }
}

/// Sets what every connection of the dialer has: no delay of small writes, and probes of a silent peer.
fn set_options(tcp: &TcpStream) {
    let keepalive = socket2::TcpKeepalive::new().with_time(Duration::from_secs(60));
    let set = tcp
        .set_nodelay(true)
        .and_then(|()| socket2::SockRef::from(tcp).set_tcp_keepalive(&keepalive));
    if let Err(error) = set {
        tracing::debug!(%error, "cannot set the options of a connection");
    }
}
