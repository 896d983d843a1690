//! What a connection reports of an exchange while its bytes pass.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use super::{
    Exchanges,
    exchange::{Answered, End, Exchange, MAX_REQUEST_BODY, Phases, cost},
    ledger::Key,
};
use crate::proxy::{Headers, header};

/// Reports one exchange.
#[derive(Clone)]
pub(crate) struct Recorder {
    exchanges: Exchanges,
    id: u64,
}

/// What a read of an event stream has in it.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) events: u64,
    pub(crate) retry: Option<u64>,
    pub(crate) ids: Vec<String>,
}

/// One read of the upstream.
pub(crate) struct Read<'a> {
    /// When it was read, in ms since 1970-01-01 UTC.
    pub(crate) at: f64,
    /// What it decoded to.
    pub(crate) bytes: &'a [u8],
    pub(crate) seen: &'a Seen,
    pub(crate) taken: Taken,
}

/// Whether the client has taken what was read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Taken {
    /// All of it, after this time.
    All(Duration),
    /// Not yet all: this number of bytes waits.
    NotYet(usize),
}

impl Recorder {
    pub(super) fn new(exchanges: Exchanges, id: u64) -> Self {
        Self { exchanges, id }
    }

    fn change(&self, change: impl FnOnce(&mut Exchange)) {
        let _ = self
            .exchanges
            .change(self.id, |exchange, _| change(exchange));
    }

    /// There is a connection to the upstream.
    pub(crate) fn connected(&self, remote: SocketAddr, phases: Phases) {
        self.change(|exchange| {
            exchange.remote = Some(remote);
            exchange.phases = phases;
        });
    }

    /// The head of the request was sent.
    pub(crate) fn sent(&self) {
        self.change(|exchange| exchange.sent = Some(Instant::now()));
    }

    /// Part of the request's body passed: `length` bytes, which decode to `bytes`.
    pub(crate) fn request_body(&self, length: usize, bytes: &[u8]) {
        self.change(|exchange| {
            let body = &mut exchange.request_body;
            body.length += length as u64;
            let room = MAX_REQUEST_BODY - body.kept.len();
            let kept = &bytes[..bytes.len().min(room)];
            body.kept.extend_from_slice(kept);
            exchange.other_cost += kept.len();
        });
    }

    /// The request is complete.
    pub(crate) fn request_complete(&self) {
        self.change(|exchange| exchange.request_body.is_complete = true);
    }

    /// The upstream sent an informational response.
    pub(crate) fn informed(&self, line: String) {
        self.change(|exchange| exchange.inform(line));
    }

    /// The upstream sent the head of its response, which was read at `at`.
    pub(crate) fn answered(&self, at: f64, head: Answered) {
        let _ = self.exchanges.change(self.id, |exchange, ledger| {
            if head.is_event_stream && exchange.key.is_none() {
                let key = key(exchange);
                let sent = last_event_id(exchange);
                ledger.connect(&key, exchange.id, exchange.at, sent.as_deref());
                exchange.key = Some(key);
            }
            exchange.answer(head);
            exchange.answered_at = at;
        });
    }

    /// Part of the response's body was read.
    pub(crate) fn read(&self, read: &Read<'_>) {
        let _ = self.exchanges.change(self.id, |exchange, ledger| {
            if exchange.phases.first_byte.is_none() {
                exchange.phases.first_byte = exchange.since_sent();
            }
            exchange.length += read.bytes.len() as u64;
            if !read.bytes.is_empty() {
                exchange.copy.push(read.at, read.bytes);
            }
            exchange.take(read.taken);
            exchange.events += read.seen.events;
            if let Some(key) = &exchange.key {
                for id in &read.seen.ids {
                    ledger.event_id(key, exchange.id, id);
                }
                if let Some(retry) = read.seen.retry {
                    ledger.retry(key, retry);
                }
            }
        });
    }

    /// The client has taken what waited.
    pub(crate) fn taken(&self, taken: Taken) {
        self.change(|exchange| exchange.take(taken));
    }

    /// The response has these trailers.
    pub(crate) fn trailers(&self, trailers: Headers) {
        if !trailers.is_empty() {
            self.change(|exchange| {
                exchange.other_cost += cost(&trailers);
                exchange.trailers = trailers;
            });
        }
    }

    /// The exchange is over. Only the first end counts.
    pub(crate) fn end(&self, end: End) {
        let at = crate::capture::now();
        let _ = self.exchanges.change(self.id, |exchange, ledger| {
            if exchange.is_over() {
                return;
            }
            if let Some(key) = &exchange.key {
                ledger.end(key, exchange.id, at, &end.text);
            }
            exchange.over(at, end);
        });
    }
}

/// The client of an exchange, for the ledger.
pub(super) fn key(exchange: &Exchange) -> Key {
    let begun = &exchange.begun;
    Key {
        tap: begun.tap.to_string(),
        method: begun.method.clone(),
        target: begun.path.clone(),
        client: begun.client.ip(),
        agent: exchange.agent().map(str::to_owned),
    }
}

pub(super) fn last_event_id(exchange: &Exchange) -> Option<String> {
    header(&exchange.begun.headers, "last-event-id").map(str::to_owned)
}
