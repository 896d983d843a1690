//! What a person does to a connection: hold it, release it, cut it.

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The switch of one connection of a client.
#[derive(Debug, Default)]
pub(crate) struct Control {
    is_held: watch::Sender<bool>,
    cut: CancellationToken,
}

impl Control {
    /// Lets nothing pass from the upstream until it is released. One read is taken and waits.
    pub(super) fn hold(&self) {
        self.is_held.send_replace(true);
    }

    pub(super) fn release(&self) {
        self.is_held.send_replace(false);
    }

    /// Resets the client's connection.
    pub(super) fn cut(&self) {
        self.cut.cancel();
    }

    pub(crate) fn is_held(&self) -> bool {
        *self.is_held.borrow()
    }

    /// Waits while it is held.
    pub(crate) async fn released(&self) {
        // The sender is here, so that the channel is open.
        let _ = self.is_held.subscribe().wait_for(|is_held| !is_held).await;
    }

    /// Waits until it is cut.
    pub(crate) async fn until_cut(&self) {
        self.cut.cancelled().await;
    }
}
