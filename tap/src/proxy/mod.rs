//! The tap: a reverse proxy that passes bytes on as they come, and looks at a copy of them afterwards.
//!
//! Each connection of a client has one connection to the upstream, from its first request on. So the upstream
//! sees the same connections, requests and closes as without the tap, and the client the same responses: chunk
//! boundaries, trailers, informational responses, upgrades, half-closes and resets included.
//!
//! | file | contents |
//! | --- | --- |
//! | `mod.rs` | [`Tap`], and [`serve_tap`]: accepts connections |
//! | `connection.rs` | one connection, both ways |
//! | `requests.rs` | from the client to the upstream |
//! | `receive.rs` | from the upstream to the client |
//! | `responses.rs` | a look at what came from the upstream |
//! | `asked.rs` | requests that wait for their responses |
//! | `head.rs` | heads of requests and responses |
//! | `framing.rs` | where a body ends |
//! | `body.rs` | the content of a body: decoded, its events counted |
//! | `answer.rs` | what the tap itself answers |

mod answer;
mod asked;
mod body;
mod connection;
mod framing;
mod head;
mod receive;
mod requests;
mod responses;

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use http::StatusCode;
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::{Position, Url};

pub(crate) use self::head::{Headers, header};
use self::requests::Refusal;
use crate::{dial::Dialer, exchanges::Exchanges};

/// How many connections over the limit get status 503 at a time; further ones are closed at once.
const MAX_REFUSING: usize = 64;

/// Whether a tap answers a request with this value of `Host` on a connection to this address.
pub type HostCheck = Arc<dyn Fn(&[u8], IpAddr) -> bool + Send + Sync>;

/// A tap: a name, and the server that it stands in for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tap {
    name: Arc<str>,
    url: Url,
}

/// Why there can be no such tap.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TapError {
    /// The name has other characters, or none.
    #[error("“{0}” is not a name for a tap: use letters, digits and hyphens, at most 40.")]
    Name(String),
    /// Not a URL.
    #[error("“{given}” is not a URL of a server, such as http://localhost:3000: {reason}.")]
    Url {
        /// The URL.
        given: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Tap {
    /// A tap in front of the server at `url`, whose path is put before the path of each request.
    ///
    /// # Errors
    ///
    /// If the name or the URL cannot be used.
    pub fn new(name: &str, url: &str) -> Result<Self, TapError> {
        let is_name = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_name || name.is_empty() || name.len() > 40 {
            return Err(TapError::Name(name.chars().take(100).collect()));
        }
        let wrong = |reason: String| TapError::Url {
            given: url.chars().take(200).collect(),
            reason,
        };
        let parsed = Url::parse(url).map_err(|error| wrong(error.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(wrong(
                "it does not begin with http:// or https://".to_owned(),
            ));
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(wrong("a tap adds no user and no password".to_owned()));
        }
        if parsed.query().is_some() || parsed.fragment().is_some() {
            return Err(wrong(
                "a query or a fragment has no meaning here".to_owned(),
            ));
        }
        Ok(Self {
            name: name.into(),
            url: parsed,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server that it stands in for.
    pub fn url(&self) -> &Url {
        &self.url
    }
}

/// What a tap needs beside its name and its URL.
#[derive(Clone)]
pub struct TapSettings {
    /// Opens the connections to the server.
    pub dialer: Dialer,
    /// Where a copy of what passes is kept.
    pub exchanges: Exchanges,
    /// The hosts that it answers for.
    pub allows_host: HostCheck,
    /// How many connections may be open at a time. Further ones get status 503.
    pub max_connections: usize,
    /// Ends all connections.
    pub shutdown: CancellationToken,
}

/// What the connections of a tap share.
struct Upstream {
    name: Arc<str>,
    url: Url,
    /// The value of `Host`.
    authority: String,
    /// The path before each path, without a slash at its end.
    prefix: String,
    dialer: Dialer,
    exchanges: Exchanges,
    allows_host: HostCheck,
    shutdown: CancellationToken,
}

impl Upstream {
    fn new(tap: Tap, settings: TapSettings) -> Self {
        let Tap { name, url } = tap;
        Self {
            name,
            authority: url[Position::BeforeHost..Position::AfterPort].to_owned(),
            prefix: url.path().trim_end_matches('/').to_owned(),
            url,
            dialer: settings.dialer,
            exchanges: settings.exchanges,
            allows_host: settings.allows_host,
            shutdown: settings.shutdown,
        }
    }

    /// The URL that stands for `target` at the upstream.
    fn url_of(&self, target: &str) -> String {
        let Self {
            url,
            authority,
            prefix,
            ..
        } = self;
        format!("{}://{authority}{prefix}{target}", url.scheme())
    }
}

/// Serves a tap until the shutdown, which ends all its connections.
///
/// # Errors
///
/// If the listener has no local address. A failure to accept one connection is logged only.
pub async fn serve_tap(listener: TcpListener, tap: Tap, settings: TapSettings) -> io::Result<()> {
    listener.local_addr()?;
    let places = settings.max_connections.min(Semaphore::MAX_PERMITS);
    let places = Arc::new(Semaphore::new(places));
    let refusing = Arc::new(Semaphore::new(MAX_REFUSING));
    let upstream = Arc::new(Upstream::new(tap, settings));
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = upstream.shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (tcp, client) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(%error, "cannot accept a connection");
                // If the system has no file descriptors left, another attempt at once would only keep it busy.
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            let upstream = Arc::clone(&upstream);
            connections.spawn(async move {
                connection::serve(tcp, client, upstream).await;
                drop(place);
            });
        } else if let Ok(place) = Arc::clone(&refusing).try_acquire_owned() {
            let upstream = Arc::clone(&upstream);
            connections.spawn(async move {
                let refusal = Refusal {
                    status: StatusCode::SERVICE_UNAVAILABLE,
                    text: "Too many connections. --max-connections raises the limit.".to_owned(),
                };
                tokio::select! {
                    () = answer::send(&tcp, &upstream.name, &refusal) => {}
                    () = upstream.shutdown.cancelled() => {}
                }
                drop(place);
            });
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
    Ok(())
}
