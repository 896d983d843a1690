//! The proxies of the environment.

use std::{
    future::{Ready, ready},
    net::SocketAddr,
    task::{Context, Poll},
};

use http::{HeaderValue, Uri};
use hyper_util::{
    client::{
        legacy::connect::proxy::{SocksV5, Tunnel},
        proxy::matcher::{Intercept, Matcher},
    },
    rt::TokioIo,
};
use tokio::net::TcpStream;
use tower_service::Service;
use url::{Host, Position, Url};

use super::{Cause, ForwardProxy};

/// A proxy on the way to a host.
pub(super) struct Proxy {
    way: Way,
    /// Its address, as it was given, without user and password.
    url: Url,
    intercept: Intercept,
}

/// How a proxy is used.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// It gets the requests themselves.
    Forward,
    /// `CONNECT` (RFC 9110, 9.3.6).
    Tunnel,
    /// SOCKS5 (RFC 1928). The proxy looks up the name.
    Socks,
}

impl Proxy {
    /// The proxy for a URL, if there is one.
    pub(super) fn of(url: &Url, proxies: &Matcher) -> Result<Option<Self>, Cause> {
        let Ok(origin) = origin(url) else {
            return Ok(None);
        };
        let Some(intercept) = proxies.intercept(&origin) else {
            return Ok(None);
        };
        let given = intercept.uri().to_string();
        let way = match (intercept.uri().scheme_str(), url.scheme()) {
            (Some("http"), "http") => Way::Forward,
            (Some("http"), _) => Way::Tunnel,
            (Some("socks5" | "socks5h"), _) => Way::Socks,
            _ => {
                return Err(Cause::Proxy {
                    proxy: given,
                    reason: "of the proxies that the environment can name, those with http:// and socks5:// \
                             are supported"
                        .to_owned(),
                });
            }
        };
        match Url::parse(&given) {
            Ok(url) if url.host().is_some() => Ok(Some(Self {
                way,
                url,
                intercept,
            })),
            _ => Err(Cause::Proxy {
                proxy: given,
                reason: "its address is not valid".to_owned(),
            }),
        }
    }

    pub(super) fn host(&self) -> Host<&str> {
        match self.url.host() {
            // A URL whose scheme is not one of the web's does not parse addresses.
            Some(Host::Domain(name)) => match name.parse() {
                Ok(address) => Host::Ipv4(address),
                Err(_) => Host::Domain(name),
            },
            Some(host) => host,
            None => Host::Domain(""),
        }
    }

    pub(super) fn port(&self) -> u16 {
        let default = if self.way == Way::Socks { 1080 } else { 80 };
        self.url.port().unwrap_or(default)
    }

    /// What each request needs, if the proxy forwards requests.
    pub(super) fn forwards(&self) -> Option<ForwardProxy> {
        (self.way == Way::Forward).then(|| ForwardProxy {
            authorization: self.authorization(),
        })
    }

    fn authorization(&self) -> Option<HeaderValue> {
        self.intercept.basic_auth().cloned()
    }

    /// Asks the proxy for a connection to the host of `url`.
    pub(super) async fn pass(
        &self,
        tcp: TcpStream,
        url: &Url,
        remote: SocketAddr,
    ) -> Result<TcpStream, Cause> {
        let refused = |reason: String| Cause::Proxy {
            proxy: remote.to_string(),
            reason,
        };
        if self.way == Way::Forward {
            return Ok(tcp);
        }
        let host = origin(url).map_err(|error| refused(error.to_string()))?;
        let proxy = self.intercept.uri().clone();
        let connected = Connected(Some(tcp));
        let passed = if self.way == Way::Tunnel {
            let mut tunnel = Tunnel::new(proxy, connected);
            if let Some(authorization) = self.authorization() {
                tunnel = tunnel.with_auth(authorization);
            }
            let passing = tunnel.call(host).await;
            passing.map_err(|error| refused(error.to_string()))?
        } else {
            let mut socks = SocksV5::new(proxy, connected);
            if let Some((user, password)) = self.intercept.raw_auth() {
                socks = socks.with_auth(user.to_owned(), password.to_owned());
            }
            let passing = socks.call(host).await;
            passing.map_err(|error| refused(error.to_string()))?
        };
        Ok(passed.into_inner())
    }
}

/// Scheme, host and port of a URL. hyper's proxies take a URL without a port for one of HTTPS.
fn origin(url: &Url) -> Result<Uri, http::uri::InvalidUri> {
    let host = &url[Position::BeforeHost..Position::AfterHost];
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{}://{host}:{port}", url.scheme()).parse()
}

/// Returns the connection that it was made with: hyper's proxies ask for one.
struct Connected(Option<TcpStream>);

impl Service<Uri> for Connected {
    type Response = TokioIo<TcpStream>;
    type Error = std::io::Error;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let tcp = self.0.take().map(TokioIo::new);
        ready(tcp.ok_or_else(|| std::io::ErrorKind::NotConnected.into()))
    }
}
