//! One watched stream, from connect to close: its state as signals, and its commands.

mod attempt;
mod comparison;
mod find_out;
mod handle;
mod idle;
mod link;
mod options;
mod playback;
mod probes;
mod retry;
#[cfg(feature = "app")]
mod sample;
mod stream;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use leptos::{ev, prelude::*};
use send_wrapper::SendWrapper;

use crate::{frame::Frame, journal::Journal, via::Via};
use stream::Session;

pub use handle::UseEventSourceReturn;
pub(crate) use link::attempts_failed;
pub use link::{By, Cause, Link};
pub use options::{EventTypes, Message, UseEventSourceOptions};
pub use playback::Playback;
#[cfg(test)]
pub(crate) use probes::example;
pub(crate) use probes::{Case, POOL, Probed, Probes, Trouble};
#[cfg(feature = "app")]
pub(crate) use sample::{Sample, use_sample};

/// Watches the event stream at `url`, with the browser's `EventSource`, by `fetch`, or by the relay of the
/// page's server.
///
/// It connects when the calling component is mounted and whenever `url` changes, and closes the
/// connection when that component is unmounted. There is never more than one connection.
///
/// An empty URL turns the stream off: the connection is closed, the link is [`Link::Idle`], and the log
/// stays until there is another URL. So a signal can switch a stream on and off:
///
/// ```
/// # use leptos::prelude::*;
/// # use sse_scope::use_event_source;
/// # fn demo(job: Signal<Option<u32>>) {
/// let url = move || job.get().map_or_else(String::new, |job| format!("/jobs/{job}/progress"));
/// let stream = use_event_source(url, Default::default());
/// # }
/// ```
///
/// A lost connection is opened again: by the browser, as the HTML standard requires, or by this hook
/// where the browser gives up and for every loss by `fetch`. The hook waits with exponential backoff. A
/// browser gives up after a status other than 200, another content type, or where CORS forbids the
/// response; Firefox does too if a server of another origin does not answer.
///
/// # Usage
///
/// ```
/// # use leptos::prelude::*;
/// use sse_scope::{UseEventSourceOptions, UseEventSourceReturn, use_event_source};
///
/// # #[component]
/// # fn Demo() -> impl IntoView {
/// let UseEventSourceReturn { link, message, .. } = use_event_source(
///     "/stream",
///     UseEventSourceOptions::default().events(["connecttime"]),
/// );
/// let latest = move || message.get().map(|message| message.data);
/// view! { <p class:open=move || link.with(|link| link.is_open())>{latest}</p> }
/// # }
/// ```
///
/// # Caveats
///
/// - On a server (the feature `ssr`) it makes no connection, and the link is [`Link::Idle`]. It connects
///   once the page is hydrated.
/// - An `EventSource` does not expose the status and headers of the response, comments, or the
///   reconnection time. It delivers only events of the types that are subscribed to.
/// - An `EventSource` gives up on status 204, which asks clients to stop, as it does on 500, and does not
///   expose the status: before this hook tries again, it asks for the head of the response by fetch. After 204
///   it stays closed, and it waits as long as `Retry-After` says. To another origin a last event ID cannot be
///   sent without a CORS preflight, and an answer without CORS cannot be read: then it tries again.
/// - A new `EventSource` does not send the last event ID: this hook starts one after the browser gave up, in
///   [`restart`](UseEventSourceReturn::restart), and in [`retry`](UseEventSourceReturn::retry) while the
///   browser waits. To resume in every browser, use [`Via::Fetch`].
/// - The browser reconnects an `EventSource` after a time of its own. The options
///   [`reconnection_time`](UseEventSourceOptions::reconnection_time) and the backoff count only where this
///   hook takes over: after the browser gave up, and after an idle timeout.
/// - [`Via::Fetch`] has none of these limits, but it is not the browser's own client. To another origin its
///   `Last-Event-ID` header causes a CORS preflight. A request whose method is not GET is not repeated
///   automatically.
/// - Not every browser holds a server back that sends faster than the page reads. There the hook closes the
///   stream before it fills the memory ([`Cause::TooFast`]).
pub fn use_event_source<M>(
    url: impl IntoReactiveValue<Signal<String>, M>,
    options: UseEventSourceOptions,
) -> UseEventSourceReturn {
    watch(url.into_reactive_value(), options)
}

fn watch(url: Signal<String>, options: UseEventSourceOptions) -> UseEventSourceReturn {
    let UseEventSourceOptions {
        events: EventTypes(events),
        via,
        with_credentials,
        immediate,
        bound,
        last_event_id,
        on_event,
        policy,
    } = options;
    let link = RwSignal::new(Link::Idle);
    let response = RwSignal::new(None);
    let relayed = RwSignal::new(None);
    let failure = RwSignal::new(None);
    let probes = RwSignal::new(Probes::default());
    let comparison = RwSignal::new(None);
    let playback = RwSignal::new(Playback::default());
    let entries = RwSignal::new(Journal::new(bound));
    let new_session = || {
        Rc::new_cyclic(|me| Session {
            me: me.clone(),
            url,
            events,
            via,
            with_credentials,
            first_event_id: last_event_id,
            on_event,
            policy,
            link,
            response,
            relayed,
            failure,
            probes,
            comparison,
            playback,
            entries,
            frame: Frame::new(move || entries.notify()),
            source: RefCell::default(),
            file: RefCell::default(),
            file_name: RefCell::default(),
            turns: Cell::default(),
            answered: Cell::default(),
            started: Cell::default(),
            returned: Cell::default(),
            heard: Cell::default(),
            retry: RefCell::default(),
            idle: RefCell::default(),
            inquiry: RefCell::default(),
            comparing: RefCell::default(),
            counted: RefCell::default(),
            asks_again: Cell::default(),
            is_diagnosed: Cell::default(),
            backoff: RefCell::default(),
        })
    };
    // The only strong reference: it is dropped with the component that owns this scope. On a server there
    // is none, so that nothing touches a window and no command does anything.
    let session = cfg!(target_arch = "wasm32").then(|| SendWrapper::new(new_session()));
    let session = StoredValue::new(session);

    // Setting a signal to the value that it already has must not connect again.
    let mut requested: Option<(String, bool, Via)> = None;
    let current = move || session.try_get_value().flatten();
    Effect::new(move |_| {
        let request = (url.get(), with_credentials.get(), via.get());
        let previous = match &requested {
            Some(requested) if *requested == request => return,
            _ => requested.replace(request),
        };
        let Some(session) = current() else {
            return;
        };
        match (&previous, &requested) {
            (None, _) if immediate => session.connect(),
            (Some(previous), Some(requested)) if previous.0 == requested.0 => {
                // The same stream by another request, such as one with a new token.
                session.restart();
            }
            (Some(_), Some(_)) => {
                session.connect();
                // Another URL is another stream, with a log of its own. What was received before the
                // stream was turned off stays.
                if !session.is_off() {
                    session.entries.write().start_over();
                }
            }
            _ => {}
        }
    });
    Effect::new(move |_| {
        let events = events.get();
        if let Some(session) = current() {
            session.subscribe(&events);
        }
    });

    if cfg!(target_arch = "wasm32") {
        let shown = window_event_listener(ev::pageshow, move |event| {
            if event.persisted()
                && let Some(session) = current()
            {
                session.return_from_cache();
            }
        });
        // A page that holds a lock is not kept by the browser when the user leaves it.
        let hidden = window_event_listener(ev::pagehide, move |_| {
            if let Some(session) = current() {
                session.count(false);
            }
        });
        on_cleanup(move || {
            shown.remove();
            hidden.remove();
        });
    }

    let message = Memo::new(move |_| {
        entries.with(|journal| {
            let event = journal.last_event()?;
            Some(Message {
                event_type: event.event_type().into_owned(),
                data: event.data().into_owned(),
                last_event_id: event.last_event_id().into_owned(),
            })
        })
    });
    UseEventSourceReturn {
        message,
        link: link.read_only(),
        response: response.read_only(),
        relayed: relayed.read_only(),
        failure: failure.read_only(),
        probes: probes.read_only(),
        comparison: comparison.read_only(),
        playback: playback.read_only(),
        entries: entries.read_only(),
        url,
        via,
        with_credentials,
        session,
    }
}
