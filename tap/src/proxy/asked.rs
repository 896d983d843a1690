//! The requests of a connection that wait for their responses, in their order.

use std::{
    collections::VecDeque,
    pin::pin,
    sync::{Mutex, MutexGuard, PoisonError},
};

use http::Method;
use tokio::sync::Notify;

use crate::exchanges::{End, Recorder};

/// A request that was passed on.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) recorder: Recorder,
    pub(super) method: Method,
}

/// What both directions of a connection share.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    asked: VecDeque<Asked>,
    /// Whether what follows is no HTTP, or not understood: any bytes, both ways.
    is_opaque: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request is passed on.
    pub(super) fn push(&self, asked: Asked) {
        self.lock().asked.push_back(asked);
    }

    /// The request that is answered next.
    pub(super) fn first(&self) -> Option<Asked> {
        self.lock().asked.front().cloned()
    }

    /// The first request is answered.
    pub(super) fn answered(&self) {
        self.lock().asked.pop_front();
        self.changed.notify_waiters();
    }

    /// What follows is passed without a look at it.
    pub(super) fn set_opaque(&self) {
        self.lock().is_opaque = true;
        self.changed.notify_waiters();
    }

    pub(super) fn is_opaque(&self) -> bool {
        self.lock().is_opaque
    }

    /// Waits until all requests are answered, or until nothing more is understood.
    pub(super) async fn all_answered(&self) {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let is_done = {
                let state = self.lock();
                state.asked.is_empty() || state.is_opaque
            };
            if is_done {
                return;
            }
            changed.await;
        }
    }

    /// Ends all that wait.
    pub(super) fn end_all(&self, end: &End) {
        let asked = std::mem::take(&mut self.lock().asked);
        for one in asked {
            one.recorder.end(end.clone());
        }
        self.changed.notify_waiters();
    }
}
