//! The handle of a stream: its state as signals, and its commands.

use std::{fmt, rc::Rc, sync::Arc};

use codee::Decoder;
use leptos::prelude::*;
use send_wrapper::SendWrapper;
use web_sys::Blob;

use super::{
    link::Link,
    options::Message,
    playback::Playback,
    probes::{Probes, Trouble},
    stream::Session,
};
use crate::{
    journal::Journal,
    source::{Comparison, Failure, Relayed, Response},
    via::Via,
};

/// The state of a stream, and its commands; see [`use_event_source`](super::use_event_source).
///
/// A command that is called after the component was unmounted does nothing.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct UseEventSourceReturn {
    /// The state of the connection.
    pub link: ReadSignal<Link>,
    /// The last response of the server. An `EventSource` does not expose it.
    pub response: ReadSignal<Option<Response>>,
    /// The last event. It notifies once a frame, so it may skip events:
    /// [`on_event`](crate::UseEventSourceOptions::on_event) receives each of them.
    pub message: Memo<Option<Message>>,
    /// What the relay reports about the last request. By any other way it is not known.
    pub relayed: ReadSignal<Option<Relayed>>,
    /// How the last connection failed or ended; `None` once a connection opens again.
    pub failure: ReadSignal<Option<Failure>>,
    /// What was found out by probes about the last failure.
    #[cfg_attr(
        not(feature = "app"),
        allow(dead_code, reason = "only the page uses it")
    )]
    pub(crate) probes: ReadSignal<Probes>,
    /// The stream with compression and without, if they were compared.
    #[cfg_attr(
        not(feature = "app"),
        allow(dead_code, reason = "only the page uses it")
    )]
    pub(crate) comparison: ReadSignal<Option<Comparison>>,
    /// The capture that is opened in place of the stream.
    pub playback: ReadSignal<Playback>,
    /// What was received since `url` changed last. It notifies once a frame, not once an event; read it
    /// with `.with(…)`, which copies nothing.
    pub entries: ReadSignal<Journal>,
    pub(super) url: Signal<String>,
    pub(super) via: Signal<Via>,
    pub(super) with_credentials: Signal<bool>,
    pub(super) session: StoredValue<Option<SendWrapper<Rc<Session>>>>,
}

impl fmt::Debug for UseEventSourceReturn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UseEventSourceReturn")
            .field("link", &self.link.try_get_untracked())
            .finish_non_exhaustive()
    }
}

impl UseEventSourceReturn {
    /// The data of the last event, decoded by the codec `C`, and the error if it cannot be decoded. Use
    /// it for a stream whose events are all of one shape, and
    /// [`on_decoded`](crate::UseEventSourceOptions::on_decoded) where each event type has its own, or where every
    /// event counts.
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// use sse_scope::{codec::FromToStringCodec, use_event_source};
    ///
    /// # #[component]
    /// # fn Temperature() -> impl IntoView {
    /// let stream = use_event_source("/temperature", Default::default());
    /// let latest = stream.decoded::<f64, FromToStringCodec>();
    /// let text = move || match latest.get() {
    ///     None => "waiting".to_owned(),
    ///     Some(Ok(celsius)) => format!("{celsius} °C"),
    ///     Some(Err(error)) => format!("not a number: {error}"),
    /// };
    /// view! { <p>{text}</p> }
    /// # }
    /// ```
    pub fn decoded<T, C>(self) -> Memo<Option<Result<T, Arc<C::Error>>>>
    where
        T: Send + Sync + 'static,
        C: Decoder<T, Encoded = str>,
        C::Error: Send + Sync + 'static,
    {
        let message = self.message;
        // An error need not be comparable: a different message is a different value.
        Memo::new_with_compare(
            move |_| {
                message.with(|message| {
                    let data = &message.as_ref()?.data;
                    // An error need not be Clone, which `get` needs.
                    Some(C::decode(data).map_err(Arc::new))
                })
            },
            |_, _| true,
        )
    }

    /// Connects. An existing connection is closed first. Does nothing while the URL is empty.
    pub fn connect(self) {
        self.command(Session::connect);
    }

    /// Closes the connection, or gives up waiting for the next one.
    pub fn disconnect(self) {
        self.command(Session::disconnect);
    }

    /// Closes the connection and connects again with the last event ID, as if the server had dropped the
    /// connection. Connects if there is none. Only `fetch` can send the ID.
    pub fn restart(self) {
        self.command(Session::restart);
    }

    /// Makes the next attempt now. Does nothing unless the link is [`Link::Waiting`].
    pub fn retry(self) {
        self.command(Session::retry);
    }

    /// Drops the lines of the log, its counts and its figures. The connection stays as it is.
    pub fn clear(self) {
        self.command(Session::clear);
    }

    /// Keeps at most `bytes` in the log from now on; see [`Journal::set_bound`].
    pub fn set_bound(self, bytes: usize) {
        self.command(|session| session.entries.write().set_bound(bytes));
    }

    /// Opens a capture in place of the stream: closes the connection and clears the log, as soon as
    /// `file` is known to be a capture. [`playback`](Self::playback) has the progress and the errors.
    pub fn play(self, file: Blob) {
        self.command(|session| session.play(file));
    }

    /// Opens the capture at `path` of the page's server in place of the stream, and follows it as it is made;
    /// otherwise like [`play`](Self::play). `name` is shown for it.
    #[cfg_attr(
        not(feature = "app"),
        allow(dead_code, reason = "only the page uses it")
    )]
    pub(crate) fn follow(self, path: &str, name: &str) {
        self.command(|session| session.follow(path, name));
    }

    /// Stops reading a capture. What was read stays.
    pub fn stop_playing(self) {
        self.command(Session::stop_playing);
    }

    /// Has each failure explained by probes from now on: requests of their own.
    #[cfg_attr(
        not(feature = "app"),
        allow(dead_code, reason = "only the page uses it")
    )]
    pub(crate) fn explain_failures(self) {
        self.command(|session| session.is_diagnosed.set(true));
    }

    /// Whether probes may be sent: the relay reports by itself why a connection fails, and only a GET has no
    /// effect.
    #[cfg_attr(
        not(feature = "app"),
        allow(dead_code, reason = "only the page uses it")
    )]
    pub(crate) fn can_be_probed(self) -> bool {
        self.via.with(Via::can_be_probed)
    }

    /// Sends probes because of `trouble`.
    #[cfg_attr(
        not(feature = "app"),
        allow(dead_code, reason = "only the page uses it")
    )]
    pub(crate) fn find_out(self, trouble: Trouble) {
        self.command(|session| session.find_out(trouble));
    }

    /// Compares the stream with compression to the stream without; if `only_if_compressed`, not where it is known
    /// not to be.
    #[cfg_attr(
        not(feature = "app"),
        allow(dead_code, reason = "only the page uses it")
    )]
    pub(crate) fn compare(self, only_if_compressed: bool) {
        self.command(|session| session.compare(only_if_compressed));
    }

    fn command(self, command: impl FnOnce(&Session)) {
        if let Some(session) = self.session.try_get_value().flatten() {
            command(&session);
        }
    }

    /// The URL as it was given.
    pub(crate) fn url(self) -> String {
        self.url.get_untracked()
    }

    /// Whether the stream is received by `fetch`, or by the relay, which receives the same.
    pub(crate) fn via_fetch(self) -> bool {
        self.via.get_untracked() != Via::EventSource
    }

    /// The name of the way by which the stream is received.
    pub(crate) fn way(self) -> &'static str {
        self.via.with_untracked(Via::name)
    }

    /// The last event ID of the stream.
    pub(crate) fn last_event_id(self) -> String {
        self.entries
            .with_untracked(|journal| journal.last_event_id().to_owned())
    }

    /// Whether more can arrive: by a connection, or in a capture that is still being made.
    pub(crate) fn goes_on(self) -> bool {
        self.link.with(Link::is_live) || self.playback.with(|playback| playback.is_live)
    }

    pub(crate) fn current_playback(self) -> Playback {
        self.playback.get_untracked()
    }
}
