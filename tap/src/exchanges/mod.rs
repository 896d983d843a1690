//! What the taps keep of the exchanges that pass through them, within bounds.
//!
//! | file | contents |
//! | --- | --- |
//! | `mod.rs` | [`Exchanges`]: all that are kept, and which go when there are too many |
//! | `exchange.rs` | one exchange |
//! | `copy.rs` | the copy of a body: reads with their times |
//! | `recorder.rs` | [`Recorder`]: what a connection reports while bytes pass |
//! | `view.rs` | what the page asks: the list, an exchange, its copy |
//! | `ledger.rs` | a client over its reconnections |
//! | `lag.rs` | how late a client takes what was sent |
//! | `control.rs` | [`Control`]: hold, release, cut |

mod control;
mod copy;
mod exchange;
mod lag;
mod ledger;
mod recorder;
mod view;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

pub(crate) use self::{
    control::Control,
    exchange::{Answered, Begun, End, EndKind, Phases},
    recorder::{Read, Recorder, Seen, Taken},
    view::{Command, CommandError, ListCursor},
};
use self::{exchange::Exchange, ledger::Ledger};

/// How many IDs of dropped exchanges are remembered, for those who view the list.
const MAX_DROPPED: usize = 10_000;

/// The largest part of the whole that is freed at once from the exchange with the most.
const FREED_PART: usize = 64;

/// How much is kept, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Of one exchange: beyond this its oldest reads are dropped.
    pub exchange: usize,
    /// Of all: beyond this the oldest exchanges that are over are dropped.
    pub total: usize,
    /// How many exchanges, of those that are over.
    pub count: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            exchange: 64 << 20,
            total: 512 << 20,
            count: 10_000,
        }
    }
}

/// The exchanges of all taps. Cheap to clone.
#[derive(Clone)]
pub struct Exchanges(Arc<Shared>);

struct Shared {
    kept: Mutex<Kept>,
    /// For those who view the list.
    changed: Notify,
    bounds: Bounds,
}

/// What is kept.
#[derive(Default)]
struct Kept {
    exchanges: BTreeMap<u64, Exchange>,
    last_id: u64,
    /// Those that are over.
    over: BTreeSet<u64>,
    /// What all cost, in bytes.
    cost: usize,
    ledger: Ledger,
    /// Exchanges by the number of their last change.
    changes: BTreeMap<u64, u64>,
    last_change: u64,
    /// Changes up to this one have been seen by a viewer: a change of the same exchange gets a new number.
    seen: u64,
    dropped: VecDeque<u64>,
    dropped_count: u64,
}

impl fmt::Debug for Exchanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchanges").finish_non_exhaustive()
    }
}

impl Exchanges {
    /// None yet.
    pub fn new(bounds: Bounds) -> Self {
        Self(Arc::new(Shared {
            kept: Mutex::default(),
            changed: Notify::new(),
            bounds,
        }))
    }

    /// What all that is kept costs, in bytes.
    pub fn cost(&self) -> usize {
        self.lock().cost
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Each change is complete before anything can panic.
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An exchange begins.
    pub(crate) fn begin(&self, begun: Begun) -> Recorder {
        let at = crate::capture::now();
        let mut kept = self.lock();
        kept.last_id += 1;
        kept.last_change += 1;
        let (id, change) = (kept.last_id, kept.last_change);
        let mut exchange = Exchange::new(id, at, change, begun);
        let key = recorder::key(&exchange);
        if kept.ledger.has(&key) {
            let sent = recorder::last_event_id(&exchange);
            kept.ledger.connect(&key, id, at, sent.as_deref());
            exchange.key = Some(key);
        }
        kept.cost += exchange.cost();
        kept.exchanges.insert(id, exchange);
        kept.changes.insert(change, id);
        kept.fit(id, self.0.bounds);
        drop(kept);
        self.0.changed.notify_waiters();
        Recorder::new(self.clone(), id)
    }

    /// Changes an exchange. One that was dropped is over, and nothing changes it.
    fn change<T>(
        &self,
        id: u64,
        change: impl FnOnce(&mut Exchange, &mut Ledger) -> T,
    ) -> Option<T> {
        let mut kept = self.lock();
        let Kept {
            exchanges,
            ledger,
            cost,
            over,
            ..
        } = &mut *kept;
        let exchange = exchanges.get_mut(&id)?;
        let before = exchange.cost();
        let result = change(exchange, ledger);
        *cost = *cost - before + exchange.cost();
        if exchange.is_over() {
            over.insert(id);
        }
        exchange.wake.notify_waiters();
        kept.note_change(id);
        kept.fit(id, self.0.bounds);
        drop(kept);
        self.0.changed.notify_waiters();
        Some(result)
    }
}

impl Kept {
    fn note_change(&mut self, id: u64) {
        if let Some(exchange) = self.exchanges.get_mut(&id)
            && exchange.changed <= self.seen
        {
            self.changes.remove(&exchange.changed);
            self.last_change += 1;
            exchange.changed = self.last_change;
            self.changes.insert(self.last_change, id);
        }
    }

    /// Drops what is too much, after exchange `id` grew.
    fn fit(&mut self, id: u64, bounds: Bounds) {
        self.shrink(id, bounds.exchange);
        while self.cost > bounds.total || self.over.len() > bounds.count {
            // The exchange that has just ended stays while there are others.
            let oldest = self.over.iter().find(|over| **over != id).copied();
            if let Some(oldest) = oldest {
                self.remove(oldest);
                continue;
            }
            let largest = self.exchanges.values().max_by_key(|one| one.copy.cost);
            let Some(largest) = largest.filter(|largest| largest.copy.cost > 0) else {
                break;
            };
            let (largest, cost) = (largest.id, largest.cost());
            let excess = self.cost.saturating_sub(bounds.total);
            if excess == 0 {
                break;
            }
            self.shrink(
                largest,
                cost.saturating_sub(excess.max(bounds.total / FREED_PART)),
            );
        }
    }

    /// Drops the oldest reads of an exchange until it costs no more than `bound`.
    fn shrink(&mut self, id: u64, bound: usize) {
        let Some(exchange) = self.exchanges.get_mut(&id) else {
            return;
        };
        while exchange.cost() > bound {
            let freed = exchange.copy.drop_oldest();
            if freed == 0 {
                break;
            }
            self.cost -= freed;
        }
    }

    fn remove(&mut self, id: u64) {
        self.over.remove(&id);
        let Some(exchange) = self.exchanges.remove(&id) else {
            return;
        };
        self.cost -= exchange.cost();
        self.changes.remove(&exchange.changed);
        exchange.wake.notify_waiters();
        if self.dropped.len() == MAX_DROPPED {
            self.dropped.pop_front();
        }
        self.dropped.push_back(id);
        self.dropped_count += 1;
    }
}

/// A duration in ms.
fn ms(duration: Duration) -> f64 {
    round(duration.as_secs_f64() * 1000.0)
}

/// Milliseconds with at most three decimals.
fn round(ms: f64) -> f64 {
    (ms * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests;
