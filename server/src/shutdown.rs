//! A shutdown signal that tasks await alongside other work.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use tokio::sync::watch;

/// Sends the signal.
#[derive(Clone, Default)]
pub(crate) struct Shutdown(watch::Sender<bool>);

impl Shutdown {
    pub(crate) fn begin(&self) {
        self.0.send_replace(true);
    }

    /// A future that is ready once [`begin`](Self::begin) is called, now or earlier.
    pub(crate) fn signal(&self) -> ShutdownSignal {
        let mut receiver = self.0.subscribe();
        if *receiver.borrow() {
            receiver.mark_changed();
        }
        let mut waiting = receiver.clone();
        ShutdownSignal {
            receiver,
            registered: None,
            waiting: Box::pin(async move {
                let _ = waiting.changed().await;
            }),
        }
    }
}

/// Awaits the signal.
///
/// Each stream polls one at each event. Polling the channel takes a lock that all streams share, so
/// that two processors would wait for each other. Hence the channel is polled only to register a
/// new waker; otherwise `has_changed` is sufficient, which takes no lock.
pub(crate) struct ShutdownSignal {
    receiver: watch::Receiver<bool>,
    registered: Option<Waker>,
    waiting: Pin<Box<dyn Future<Output = ()> + Send + Sync>>,
}

impl Future for ShutdownSignal {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.receiver.has_changed().unwrap_or(true) {
            return Poll::Ready(());
        }
        let registered = self.registered.as_ref();
        if registered.is_some_and(|waker| waker.will_wake(cx.waker())) {
            return Poll::Pending;
        }
        self.registered = Some(cx.waker().clone());
        // Ready if the signal was sent since the check above.
        self.waiting.as_mut().poll(cx)
    }
}
