//! What the server offers to its own page, beside its streams.

use axum::{
    Router,
    http::{HeaderMap, StatusCode},
    routing::any,
};
use sse_scope_tap::{Guard, Relay, dial::Dialer};

use crate::streams::Streams;

/// What the server offers to its own page, beside its streams; by default nothing.
#[derive(Clone, Default)]
pub struct Offers {
    /// `None` if nothing is offered.
    guard: Option<Guard>,
    relay: Option<Dialer>,
}

impl Offers {
    /// Offers behind this guard.
    pub fn new(guard: Guard) -> Self {
        Self {
            guard: Some(guard),
            relay: None,
        }
    }

    /// Offers the relay, which connects by `dialer`.
    pub fn with_relay(mut self, dialer: Dialer) -> Self {
        self.relay = Some(dialer);
        self
    }

    /// What the page reads: a word for each offer, then the token. Empty if there is none.
    pub(super) fn words(&self, headers: &HeaderMap) -> String {
        let Some(guard) = &self.guard else {
            return String::new();
        };
        let words: Vec<_> = self.relay.iter().map(|_| "relay").collect();
        if words.is_empty() || guard.is_forwarded(headers) {
            return String::new();
        }
        format!("{} {}", words.join(" "), guard.token())
    }

    /// The routes of what is offered. What is not has a route that names the argument that offers it.
    pub(super) fn routes(self, streams: &Streams) -> Router<Streams> {
        match (self.guard, self.relay) {
            (Some(guard), Some(dialer)) => {
                let streams = streams.clone();
                Relay::new(dialer, move || streams.shutdown()).routes(&guard)
            }
            _ => Router::new().route("/relay", any(relay_is_off)),
        }
    }
}

async fn relay_is_off() -> axum::response::Response {
    super::text(
        StatusCode::NOT_FOUND,
        "The relay is off. It is on if the server listens on a loopback address and has no --allow-host; elsewhere\n\
         --relay turns it on.\n",
    )
}
