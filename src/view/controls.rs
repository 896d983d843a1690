//! What the page provides to the stream in it.

use leptos::{html, prelude::*};

use crate::session::UseEventSourceReturn;

/// What the page provides to the stream in it, as context: one button that connects and disconnects, and
/// sentences about the request. An `EventStream` without it has buttons of its own.
#[derive(Clone, Copy)]
pub(crate) struct Controls {
    /// The stream that is mounted.
    pub(crate) stream: StoredValue<Option<UseEventSourceReturn>>,
    /// Whether that stream is connected or tries to.
    pub(crate) is_live: RwSignal<bool>,
    /// Why the entered request cannot be sent, or what became of an import; shown in place of the
    /// explanation of the link.
    pub(crate) notice: RwSignal<String>,
    /// The event types that the user asked for.
    pub(crate) asked: RwSignal<Vec<String>>,
    /// Whether the log shows only what a client with an `EventSource` receives that listens to these types.
    pub(crate) lens: RwSignal<bool>,
    /// Opens the same address by fetch.
    pub(crate) use_fetch: Callback<()>,
    /// Opens the same address by the relay.
    pub(crate) use_relay: Callback<()>,
    /// The button that connects and disconnects.
    pub(crate) button: NodeRef<html::Button>,
}

impl Controls {
    /// The controls of the page, if the calling component is a part of it.
    pub(super) fn get() -> Option<Self> {
        use_context()
    }
}
