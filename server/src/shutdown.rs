//! That all is to end, told to many who wait for other things as well.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
};

use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Tells all [`Stopped`] of it.
#[derive(Clone, Default)]
pub(crate) struct Stop(Arc<Shared>);

#[derive(Default)]
struct Shared {
    said: AtomicBool,
    token: CancellationToken,
}

impl Stop {
    pub(crate) fn say(&self) {
        self.0.said.store(true, Ordering::Release);
        self.0.token.cancel();
    }

    pub(crate) fn said(&self) -> bool {
        self.0.said.load(Ordering::Acquire)
    }

    /// Ready when it is said.
    pub(crate) fn wait(&self) -> Stopped {
        Stopped {
            stop: self.clone(),
            woken: None,
            waiting: Box::pin(self.0.token.clone().cancelled_owned()),
        }
    }
}

/// A token alone takes two locks each time it is asked, and all streams ask it at each event: on two
/// processors they wait for each other. So it is asked once, for it to wake the task; then a flag is.
pub(crate) struct Stopped {
    stop: Stop,
    /// Who is woken.
    woken: Option<Waker>,
    waiting: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Future for Stopped {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.stop.said() {
            return Poll::Ready(());
        }
        let known = self.woken.as_ref();
        if known.is_some_and(|waker| waker.will_wake(cx.waker())) {
            return Poll::Pending;
        }
        self.woken = Some(cx.waker().clone());
        // Ready if it is said meanwhile.
        self.waiting.as_mut().poll(cx)
    }
}
