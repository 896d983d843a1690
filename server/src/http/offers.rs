//! What the server offers to its own page, beside its streams.

use axum::{
    Router,
    http::{HeaderMap, StatusCode},
    routing::any,
};
use sse_scope_tap::{Guard, Relay, TapApi, dial::Dialer};

use crate::streams::Streams;

/// What the server offers to its own page, beside its streams; by default nothing.
#[derive(Clone, Default)]
pub struct Offers {
    /// `None` if nothing is offered.
    guard: Option<Guard>,
    relay: Option<Dialer>,
    taps: Option<TapApi>,
}

impl Offers {
    /// Offers behind this guard.
    pub fn new(guard: Guard) -> Self {
        Self {
            guard: Some(guard),
            relay: None,
            taps: None,
        }
    }

    /// Offers the relay, which connects by `dialer`.
    pub fn with_relay(mut self, dialer: Dialer) -> Self {
        self.relay = Some(dialer);
        self
    }

    /// Offers a view of what passes through the taps.
    pub fn with_taps(mut self, taps: TapApi) -> Self {
        self.taps = Some(taps);
        self
    }

    /// What the page reads: a word for each offer, then the token. Empty if there is none.
    pub(super) fn words(&self, headers: &HeaderMap) -> String {
        let Some(guard) = &self.guard else {
            return String::new();
        };
        let relay = self.relay.iter().map(|_| "relay");
        let words: Vec<_> = relay.chain(self.taps.iter().map(|_| "tap")).collect();
        if words.is_empty() || guard.is_forwarded(headers) {
            return String::new();
        }
        format!("{} {}", words.join(" "), guard.token())
    }

    /// The routes of what is offered. What is not has a route that names the argument that offers it.
    pub(super) fn routes(self, streams: &Streams) -> Router<Streams> {
        let relay = match (&self.guard, self.relay) {
            (Some(guard), Some(dialer)) => {
                let streams = streams.clone();
                Relay::new(dialer, move || streams.shutdown()).routes(guard)
            }
            _ => Router::new().route("/relay", any(relay_is_off)),
        };
        let taps = match (&self.guard, self.taps) {
            (Some(guard), Some(taps)) => taps.routes(guard),
            _ => Router::new().route("/tap/{*path}", any(there_is_no_tap)),
        };
        relay.merge(taps)
    }
}

async fn there_is_no_tap() -> axum::response::Response {
    super::text(
        StatusCode::NOT_FOUND,
        "There is no tap. Start the server with --tap URL, such as --tap http://localhost:3000\n",
    )
}

async fn relay_is_off() -> axum::response::Response {
    super::text(
        StatusCode::NOT_FOUND,
        "The relay is off. It is on if the server listens on a loopback address and has no --allow-host; elsewhere\n\
         --relay turns it on.\n",
    )
}
