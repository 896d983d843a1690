//! One exchange: a request, its response, and the copy of what passed.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::Serialize;
use tokio::sync::Notify;

use super::{
    control::Control,
    copy::Copy,
    lag::{Lag, LagSummary},
    ledger::Key,
    recorder::Taken,
};
use crate::proxy::Headers;

/// The part of a request's body that is kept, in bytes.
pub(crate) const MAX_REQUEST_BODY: usize = 256 << 10;

/// How many informational responses are kept.
const MAX_INFORMATIONAL: usize = 16;

/// What an exchange costs without its heads and bodies.
const COST: usize = 2 << 10;

/// How an exchange ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct End {
    pub(crate) kind: EndKind,
    /// A sentence.
    pub(crate) text: String,
}

/// The kinds of ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EndKind {
    /// The whole response passed.
    Complete,
    /// The client closed or reset the connection.
    ClientLeft,
    /// The upstream closed the connection early.
    UpstreamEnded,
    /// The upstream reset the connection.
    UpstreamReset,
    /// By [`Control::cut`].
    Cut,
    /// The request did not reach the upstream, or the tap stopped.
    Failed,
    /// A tunnel was closed.
    Tunnel,
}

impl End {
    pub(crate) fn new(kind: EndKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }
}

/// What is known of an exchange when it begins.
pub(crate) struct Begun {
    pub(crate) tap: Arc<str>,
    /// The URL that the upstream is asked for.
    pub(crate) url: String,
    pub(crate) method: String,
    /// The target, as the client sent it.
    pub(crate) path: String,
    pub(crate) client: SocketAddr,
    /// The request line.
    pub(crate) line: String,
    pub(crate) headers: Headers,
    pub(crate) control: Arc<Control>,
}

/// Durations in ms, from the beginning of each phase; for `head` and `firstByte` from the sending of the request.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Phases {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) connect: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) head: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_byte: Option<f64>,
}

/// The head of a response.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    pub(crate) line: String,
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) is_event_stream: bool,
}

/// The body of a request, as far as it is kept.
#[derive(Debug, Default)]
pub(super) struct RequestBody {
    pub(super) kept: Vec<u8>,
    /// How long it is, as it was sent.
    pub(super) length: u64,
    pub(super) is_complete: bool,
}

/// An exchange.
pub(super) struct Exchange {
    pub(super) id: u64,
    pub(super) at: f64,
    pub(super) begun: Begun,
    pub(super) request_body: RequestBody,
    /// The upstream's address.
    pub(super) remote: Option<SocketAddr>,
    pub(super) answered: Option<Answered>,
    /// When the head of the response was read.
    pub(super) answered_at: f64,
    pub(super) informational: Vec<String>,
    pub(super) trailers: Headers,
    pub(super) phases: Phases,
    pub(super) events: u64,
    /// The length of the response's body, decoded.
    pub(super) length: u64,
    pub(super) end: Option<End>,
    pub(super) ended_at: f64,
    pub(super) lag: Lag,
    pub(super) waiting: usize,
    pub(super) copy: Copy,
    /// The client in the ledger, if it is followed.
    pub(super) key: Option<Key>,
    /// The number of its last change that a viewer has not seen.
    pub(super) changed: u64,
    /// For those who view its copy.
    pub(super) wake: Arc<Notify>,
    pub(super) other_cost: usize,
    begun_at: Instant,
    /// When the request was sent to the upstream.
    pub(super) sent: Option<Instant>,
    took: Option<Duration>,
}

/// Where an exchange is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// The request is being sent.
    Request,
    /// The request is sent; there is no answer.
    Waiting,
    /// The response is being received.
    Open,
    /// Nothing passes until it is released.
    Held,
    /// It has ended.
    Over,
}

/// An exchange, as the list of exchanges has it.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    id: u64,
    tap: String,
    at: f64,
    method: String,
    path: String,
    client: String,
    agent: Option<String>,
    status: Option<u16>,
    stream: bool,
    state: State,
    events: u64,
    bytes: u64,
    ms: f64,
    end: Option<End>,
    lag: LagSummary,
    gone: u64,
}

impl Exchange {
    pub(super) fn new(id: u64, at: f64, changed: u64, begun: Begun) -> Self {
        let other_cost =
            COST + begun.line.len() + begun.path.len() + begun.url.len() + cost(&begun.headers);
        Self {
            id,
            at,
            begun,
            request_body: RequestBody::default(),
            remote: None,
            answered: None,
            answered_at: at,
            informational: Vec::new(),
            trailers: Headers::new(),
            phases: Phases::default(),
            events: 0,
            length: 0,
            end: None,
            ended_at: at,
            lag: Lag::default(),
            waiting: 0,
            copy: Copy::default(),
            key: None,
            changed,
            wake: Arc::default(),
            other_cost,
            begun_at: Instant::now(),
            sent: None,
            took: None,
        }
    }

    /// What it costs, in bytes.
    pub(super) fn cost(&self) -> usize {
        self.other_cost + self.copy.cost
    }

    pub(super) fn is_over(&self) -> bool {
        self.end.is_some()
    }

    pub(super) fn is_stream(&self) -> bool {
        self.answered
            .as_ref()
            .is_some_and(|head| head.is_event_stream)
    }

    pub(super) fn agent(&self) -> Option<&str> {
        crate::proxy::header(&self.begun.headers, "user-agent")
    }

    /// The time since the request was sent.
    pub(super) fn since_sent(&self) -> Option<f64> {
        self.sent.map(|sent| super::ms(sent.elapsed()))
    }

    pub(super) fn inform(&mut self, line: String) {
        if self.informational.len() < MAX_INFORMATIONAL {
            self.other_cost += line.len();
            self.informational.push(line);
        }
    }

    pub(super) fn answer(&mut self, head: Answered) {
        self.other_cost += head.line.len() + cost(&head.headers);
        self.phases.head = self.since_sent();
        self.answered = Some(head);
    }

    pub(super) fn take(&mut self, taken: Taken) {
        match taken {
            Taken::All(lag) => {
                self.lag.add(lag);
                self.waiting = 0;
            }
            Taken::NotYet(waiting) => self.waiting = waiting,
        }
    }

    pub(super) fn over(&mut self, at: f64, end: End) {
        self.ended_at = at;
        self.took = Some(self.begun_at.elapsed());
        self.end = Some(end);
    }

    fn state(&self) -> State {
        if self.is_over() {
            State::Over
        } else if self.begun.control.is_held() {
            State::Held
        } else if self.answered.is_some() {
            State::Open
        } else if self.request_body.is_complete {
            State::Waiting
        } else {
            State::Request
        }
    }

    pub(super) fn summary(&self) -> Summary {
        Summary {
            id: self.id,
            tap: self.begun.tap.to_string(),
            at: super::round(self.at),
            method: self.begun.method.clone(),
            path: self.begun.path.clone(),
            client: self.begun.client.to_string(),
            agent: self.agent().map(str::to_owned),
            status: self.answered.as_ref().map(|head| head.status),
            stream: self.is_stream(),
            state: self.state(),
            events: self.events,
            bytes: self.length,
            ms: super::ms(self.took.unwrap_or_else(|| self.begun_at.elapsed())),
            end: self.end.clone(),
            lag: self.lag.summary(self.waiting as u64),
            gone: self.copy.gone,
        }
    }
}

/// What header lines cost, in bytes.
pub(super) fn cost(headers: &Headers) -> usize {
    let line =
        |(name, value): &(String, String)| size_of::<(String, String)>() + name.len() + value.len();
    headers.iter().map(line).sum()
}
