//! What the page asks for: the list of exchanges, one of them, its copy, and commands.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::{
    Exchanges,
    copy::Place,
    exchange::{Answered, Exchange, Phases, Summary},
    ledger::Connection,
};
use crate::{capture, proxy::Headers};

/// How many exchanges are listed at once, so that the lock is held briefly.
const BATCH: usize = 200;

/// How much of a capture is written at once, in bytes, beside one read.
const PIECE: usize = 256 << 10;

/// What a viewer of the list has seen.
#[derive(Debug, Default)]
pub(crate) struct ListCursor {
    /// The last exchange of the first listing so far; `None` before it.
    listed: Option<u64>,
    /// Whether the first listing is complete.
    is_complete: bool,
    /// The last change that was seen.
    seen: u64,
    /// How many dropped exchanges were seen.
    dropped: u64,
}

/// What a viewer of the list has not seen.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    pub(crate) exchanges: Vec<Summary>,
    pub(crate) gone: Option<Gone>,
    /// Whether there is more at once.
    pub(crate) has_more: bool,
}

/// Exchanges that were dropped.
#[derive(Debug, Serialize)]
pub(crate) struct Gone {
    pub(crate) ids: Vec<u64>,
    /// How many were dropped in all.
    pub(crate) count: u64,
}

/// Everything about an exchange but the body of its response.
#[derive(Debug, Serialize)]
pub(crate) struct Detail {
    exchange: Summary,
    request: RequestDetail,
    response: Option<ResponseDetail>,
    ledger: Vec<Connection>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestDetail {
    line: String,
    headers: Headers,
    body: String,
    body_bytes: u64,
    at: f64,
}

#[derive(Debug, Serialize)]
struct ResponseDetail {
    line: String,
    headers: Headers,
    informational: Vec<String>,
    trailers: Headers,
    phases: Phases,
}

/// What can be done to an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Cut,
    Hold,
    Release,
}

/// Why a command has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CommandError {
    #[error("There is no such exchange, or its copy was dropped for newer ones.")]
    Unknown,
    #[error("The exchange is over.")]
    Over,
}

impl Exchanges {
    /// Waits for a change of the list. Changes that happen after this call are noticed.
    pub(crate) fn changed(&self) -> impl Future<Output = ()> {
        let mut notified = Box::pin(self.0.changed.notified());
        notified.as_mut().enable();
        notified
    }

    /// What `cursor` has not seen; `None` if it missed what was dropped, and has to start again.
    pub(crate) fn list(&self, cursor: &mut ListCursor) -> Option<Listed> {
        let mut kept = self.lock();
        let mut listed = Listed::default();
        if !cursor.is_complete {
            let after = match cursor.listed {
                Some(listed) => listed,
                None => {
                    cursor.seen = kept.last_change;
                    cursor.dropped = kept.dropped_count;
                    kept.seen = kept.last_change;
                    0
                }
            };
            let exchanges = kept.exchanges.range(after + 1..).take(BATCH);
            let exchanges: Vec<_> = exchanges.map(|(id, one)| (*id, one.summary())).collect();
            listed.has_more = exchanges.len() == BATCH;
            cursor.is_complete = !listed.has_more;
            cursor.listed = exchanges.last().map(|(id, _)| *id);
            listed.exchanges = exchanges.into_iter().map(|(_, summary)| summary).collect();
            return Some(listed);
        }
        let missed = usize::try_from(kept.dropped_count - cursor.dropped).unwrap_or(usize::MAX);
        if missed > 0 {
            let first = kept.dropped.len().checked_sub(missed)?;
            listed.gone = Some(Gone {
                ids: kept.dropped.range(first..).copied().collect(),
                count: kept.dropped_count,
            });
            cursor.dropped = kept.dropped_count;
        }
        let changes = kept.changes.range(cursor.seen + 1..).take(BATCH);
        let changes: Vec<_> = changes.map(|(change, id)| (*change, *id)).collect();
        listed.has_more = changes.len() == BATCH;
        cursor.seen = changes.last().map_or(cursor.seen, |(change, _)| *change);
        kept.seen = kept.seen.max(cursor.seen);
        let changed = changes.iter().filter_map(|(_, id)| kept.exchanges.get(id));
        listed.exchanges = changed.map(Exchange::summary).collect();
        Some(listed)
    }

    /// Everything about an exchange but the body of its response.
    pub(crate) fn detail(&self, id: u64) -> Option<Detail> {
        let kept = self.lock();
        let exchange = kept.exchanges.get(&id)?;
        let ledger = exchange.key.as_ref();
        Some(Detail {
            exchange: exchange.summary(),
            request: RequestDetail {
                line: exchange.begun.line.clone(),
                headers: exchange.begun.headers.clone(),
                body: String::from_utf8_lossy(&exchange.request_body.kept).into_owned(),
                body_bytes: exchange.request_body.length,
                at: super::round(exchange.at),
            },
            response: exchange.answered.as_ref().map(|head| ResponseDetail {
                line: head.line.clone(),
                headers: head.headers.clone(),
                informational: exchange.informational.clone(),
                trailers: exchange.trailers.clone(),
                phases: exchange.phases,
            }),
            ledger: ledger.map_or_else(Vec::new, |key| kept.ledger.of(key)),
        })
    }

    /// Does something to an exchange that is not over.
    pub(crate) fn command(&self, id: u64, command: Command) -> Result<(), CommandError> {
        self.change(id, |exchange, _| {
            if exchange.is_over() {
                return Err(CommandError::Over);
            }
            let control = &exchange.begun.control;
            match command {
                Command::Cut => control.cut(),
                Command::Hold => control.hold(),
                Command::Release => control.release(),
            }
            Ok(())
        })
        .unwrap_or(Err(CommandError::Unknown))
    }

    /// A viewer of the copy of an exchange, if it is kept.
    pub(crate) fn capture(&self, id: u64) -> Option<CaptureCursor> {
        let kept = self.lock();
        let exchange = kept.exchanges.get(&id)?;
        Some(CaptureCursor {
            exchanges: self.clone(),
            id,
            wake: Arc::clone(&exchange.wake),
            part: Part::Format,
            place: Place::default(),
            skips_line: false,
        })
    }
}

/// Writes the copy of an exchange as a capture, as far as it is there.
#[derive(Debug)]
pub(crate) struct CaptureCursor {
    exchanges: Exchanges,
    id: u64,
    wake: Arc<Notify>,
    part: Part,
    place: Place,
    /// Whether bytes were dropped within a line, so that the rest of it is left out.
    skips_line: bool,
}

/// What comes next in a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Format,
    Head,
    Reads,
    Nothing,
}

impl CaptureCursor {
    /// Waits until there is more, and writes it; false at the end.
    pub(crate) async fn next(&mut self, out: &mut Vec<u8>) -> bool {
        loop {
            let wake = Arc::clone(&self.wake);
            let mut woken = std::pin::pin!(wake.notified());
            woken.as_mut().enable();
            if self.part == Part::Nothing {
                return false;
            }
            self.write(out);
            if !out.is_empty() {
                return true;
            }
            woken.await;
        }
    }

    /// Writes what is there.
    fn write(&mut self, out: &mut Vec<u8>) {
        if self.part == Part::Format {
            // At once: Firefox holds a response until its first byte.
            capture::begin(out);
            self.part = Part::Head;
            return;
        }
        let kept = self.exchanges.lock();
        let Some(exchange) = kept.exchanges.get(&self.id) else {
            if self.part == Part::Head {
                capture::head(out, "{}");
            }
            capture::broken(out, capture::now());
            capture::end(out);
            self.part = Part::Nothing;
            return;
        };
        if self.part == Part::Head {
            let is_known = exchange.answered.is_some() || exchange.length > 0 || exchange.is_over();
            if !is_known {
                return;
            }
            capture::head(out, &facts(exchange).to_string());
            self.part = Part::Reads;
            let (_, is_cut) = exchange.copy.from(self.place);
            if is_cut {
                self.place = exchange.copy.oldest();
                self.skips_line = !exchange.copy.begins_line();
            } else if exchange.answered.is_some() {
                capture::open(out, exchange.answered_at);
            }
        }
        let (reads, is_behind) = exchange.copy.from(self.place);
        if is_behind {
            capture::broken(out, capture::now());
            self.place = exchange.copy.oldest();
            self.skips_line = !exchange.copy.begins_line();
        }
        for read in reads {
            let mut bytes = &*read.bytes;
            if self.skips_line {
                let end = bytes.iter().position(|&byte| byte == b'\n');
                self.skips_line = end.is_none();
                bytes = end.map_or(&[][..], |end| &bytes[end + 1..]);
            }
            if !bytes.is_empty() {
                capture::bytes(out, read.at, bytes);
            }
            self.place = self.place.next();
            if out.len() > PIECE {
                return;
            }
        }
        if let Some(end) = &exchange.end {
            let mut last = json!({ "end": end });
            if !exchange.trailers.is_empty() {
                last["trailers"] = json!(exchange.trailers);
            }
            capture::facts(out, &last.to_string());
            if exchange.answered.is_some() {
                capture::close(out, exchange.ended_at);
            }
            capture::end(out);
            self.part = Part::Nothing;
        }
    }
}

/// The facts in the head of a capture.
fn facts(exchange: &Exchange) -> Value {
    let begun = &exchange.begun;
    let mut facts = json!({
        "way": "tap",
        "url": begun.url,
        "tap": begun.tap.as_ref(),
        "method": begun.method,
        "phases": exchange.phases,
    });
    if let Some(head) = &exchange.answered {
        facts["response"] = response(head, exchange);
    } else if let Some(end) = &exchange.end {
        facts["failure"] = json!(end);
    }
    facts
}

fn response(head: &Answered, exchange: &Exchange) -> Value {
    let (version, rest) = head.line.split_once(' ').unwrap_or((&head.line, ""));
    json!({
        "status": head.status,
        "statusText": rest.split_once(' ').map_or("", |(_, reason)| reason),
        "version": version,
        "remote": exchange.remote.map(|remote| remote.to_string()),
        "headers": head.headers,
    })
}
