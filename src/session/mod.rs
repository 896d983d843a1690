//! One watched stream from connect to close: its state as signals, and the commands it takes.

mod backoff;
mod frame;
mod link;

use std::{
    cell::RefCell,
    rc::{Rc, Weak},
};

use gloo_timers::callback::Timeout;
use leptos::prelude::*;

use crate::{
    journal::{self, Item, Journal},
    source::{EventSource, Notice, UrlError, resolve},
};
use backoff::{Backoff, HELD_MS};
use frame::Frame;

pub use link::{By, Cause, Input, Link};

/// Watches the event stream at `url` with the browser's `EventSource`.
///
/// It connects when the component that calls it is mounted and whenever `url` changes, and closes
/// the connection when that component is unmounted. There is never more than one connection, and
/// each browser object it makes is released with it.
///
/// A lost connection is opened again: by the browser, as the HTML standard says, and where the
/// browser has given up (a status that is not 200, another content type, a refusal by CORS) by
/// this hook, after a delay with exponential backoff.
///
/// # Usage
///
/// ```
/// # use leptos::prelude::*;
/// use sse_scope::{Item, UseEventSourceOptions, UseEventSourceReturn, use_event_source};
///
/// # #[component]
/// # fn Demo() -> impl IntoView {
/// let UseEventSourceReturn { link, entries, .. } = use_event_source(
///     "/stream",
///     UseEventSourceOptions::default().events(vec!["connecttime".to_owned()]),
/// );
/// let latest = move || {
///     entries.with(|log| match log.iter().next_back().map(|entry| &entry.item) {
///         Some(Item::Event(event)) => event.data.clone(),
///         _ => String::new(),
///     })
/// };
/// view! { <p class:open=move || link.with(|link| link.is_open())>{latest}</p> }
/// # }
/// ```
///
/// # Caveats
///
/// - An `EventSource` tells neither status nor headers, nor the names of events that nobody listens
///   to, nor the reconnection time; what is not here cannot be had in this way.
/// - A browser gives up on status 204, which asks clients to stay away, as it does on 500, and does
///   not tell one from the other: this hook tries again after both.
/// - [`UseEventSourceReturn::retry`] while the browser is waiting starts a new `EventSource`, and
///   that one does not know the last event ID.
pub fn use_event_source(
    url: impl Into<Signal<String>>,
    options: UseEventSourceOptions,
) -> UseEventSourceReturn {
    // Memos: setting a signal to what it is already is no change.
    let url = url.into();
    let url: Signal<String> = Signal::from(Memo::new(move |_| url.get()));
    let UseEventSourceOptions {
        events,
        with_credentials,
        immediate,
        bound,
    } = options;
    let with_credentials: Signal<bool> = Signal::from(Memo::new(move |_| with_credentials.get()));
    let link = RwSignal::new(Link::Idle);
    let entries = RwSignal::new_local(Journal::new(bound));
    let session = Rc::new_cyclic(|me| Session {
        me: me.clone(),
        url,
        events,
        with_credentials,
        link,
        entries,
        frame: Frame::new(move || entries.notify()),
        source: RefCell::default(),
        retry: RefCell::default(),
        backoff: RefCell::default(),
    });
    // The one strong reference: dropped with the component that owns this scope.
    let session = StoredValue::new_local(session);

    Effect::new(move |previous: Option<String>| {
        let url = url.get();
        with_credentials.track();
        session.with_value(|session| match &previous {
            None if immediate => session.connect(),
            None => {}
            Some(previous) => {
                session.connect();
                if *previous != url {
                    session.start_over();
                }
            }
        });
        url
    });
    Effect::new(move |_| {
        let events = events.get();
        session.with_value(|session| session.listen_to(&events));
    });

    UseEventSourceReturn {
        link: link.read_only(),
        entries: entries.read_only(),
        session,
    }
}

/// Options of [`use_event_source`].
#[derive(Clone, Copy, Debug)]
pub struct UseEventSourceOptions {
    events: Signal<Vec<String>>,
    with_credentials: Signal<bool>,
    immediate: bool,
    bound: usize,
}

impl Default for UseEventSourceOptions {
    fn default() -> Self {
        Self {
            events: Signal::stored(Vec::new()),
            with_credentials: Signal::stored(false),
            immediate: true,
            bound: journal::DEFAULT_BOUND,
        }
    }
}

impl UseEventSourceOptions {
    /// The event types to listen to beside `message`. A change does not interrupt the connection.
    #[must_use]
    pub fn events(self, events: impl Into<Signal<Vec<String>>>) -> Self {
        Self {
            events: events.into(),
            ..self
        }
    }

    /// Whether to send cookies to another origin. A change connects again. Default: no.
    #[must_use]
    pub fn with_credentials(self, with_credentials: impl Into<Signal<bool>>) -> Self {
        Self {
            with_credentials: with_credentials.into(),
            ..self
        }
    }

    /// Whether to connect when mounted, without being asked by
    /// [`connect`](UseEventSourceReturn::connect). Default: yes.
    #[must_use]
    pub fn immediate(self, immediate: bool) -> Self {
        Self { immediate, ..self }
    }

    /// How many bytes of the log are kept. Default: [`DEFAULT_BOUND`](crate::DEFAULT_BOUND).
    #[must_use]
    pub fn bound(self, bytes: usize) -> Self {
        Self {
            bound: bytes,
            ..self
        }
    }
}

/// What [`use_event_source`] gives: the state, and the commands.
#[derive(Clone, Copy)]
pub struct UseEventSourceReturn {
    /// Where the connection stands.
    pub link: ReadSignal<Link>,
    /// What came, since `url` changed last. Subscribers hear of it once a frame, not once an event;
    /// read it with `.with(…)`, which copies nothing.
    pub entries: ReadSignal<Journal, LocalStorage>,
    session: StoredValue<Rc<Session>, LocalStorage>,
}

impl UseEventSourceReturn {
    /// Connects, anew if there is a connection.
    pub fn connect(self) {
        self.session.with_value(|session| session.connect());
    }

    /// Closes the connection, or gives up the wait for the next.
    pub fn disconnect(self) {
        self.session.with_value(|session| session.disconnect());
    }

    /// Makes the attempt that is waited for now. Does nothing unless the link is
    /// [`Link::Waiting`].
    pub fn retry(self) {
        self.session.with_value(|session| session.retry());
    }
}

/// What is behind the signals. It holds at most one source and one timer, so that no connection can
/// be left behind.
struct Session {
    /// For the callbacks of the source and of the timer, which must not keep the session alive.
    me: Weak<Session>,
    url: Signal<String>,
    events: Signal<Vec<String>>,
    with_credentials: Signal<bool>,
    link: RwSignal<Link>,
    entries: RwSignal<Journal, LocalStorage>,
    frame: Frame,
    source: RefCell<Option<EventSource>>,
    /// When this page, and not the browser, makes the next attempt.
    retry: RefCell<Option<Timeout>>,
    backoff: RefCell<Backoff>,
}

impl Session {
    fn connect(&self) {
        self.release();
        self.backoff.borrow_mut().reset();
        self.apply(Input::Connect);
        self.open();
    }

    fn disconnect(&self) {
        self.release();
        self.apply(Input::Disconnect);
    }

    fn retry(&self) {
        if matches!(self.link.get_untracked(), Link::Waiting { .. }) {
            self.release();
            self.apply(Input::Retry);
            self.open();
        }
    }

    fn listen_to(&self, events: &[String]) {
        if let Some(source) = &mut *self.source.borrow_mut() {
            source.listen_to(events);
        }
    }

    /// Begins a new log: another URL is another stream.
    fn start_over(&self) {
        self.entries.update(Journal::clear);
    }

    fn release(&self) {
        self.source.take();
        self.retry.take();
    }

    fn open(&self) {
        let opened = resolve(&self.url.get_untracked()).and_then(|url| {
            let me = self.me.clone();
            EventSource::open(
                &url.href(),
                self.with_credentials.get_untracked(),
                &self.events.get_untracked(),
                move |notice| {
                    if let Some(session) = me.upgrade() {
                        session.hear(notice);
                    }
                },
            )
            .map_err(|_| UrlError::Unparsable { given: url.href() })
        });
        match opened {
            Ok(source) => *self.source.borrow_mut() = Some(source),
            Err(error) => self.apply(Input::Refused(error)),
        }
    }

    fn hear(&self, notice: Notice) {
        match notice {
            Notice::Event(event) => self.push(Item::Event(event)),
            Notice::Opened => self.apply(Input::Opened { at: now() }),
            Notice::Failed { retrying } => {
                if let Link::Open { since } = self.link.get_untracked()
                    && now() - since >= HELD_MS
                {
                    self.backoff.borrow_mut().reset();
                }
                if retrying {
                    self.apply(Input::Lost);
                } else {
                    self.retry_later();
                }
            }
        }
    }

    /// Does what the browser would, now that it has given up.
    fn retry_later(&self) {
        let delay = self.backoff.borrow_mut().next_delay(js_sys::Math::random());
        let me = self.me.clone();
        let timer = Timeout::new(delay as u32, move || {
            if let Some(session) = me.upgrade() {
                session.retry();
            }
        });
        *self.retry.borrow_mut() = Some(timer);
        self.apply(Input::GaveUp {
            until: now() + delay,
        });
    }

    /// The only place where the link changes.
    fn apply(&self, input: Input) {
        let before = self.link.get_untracked();
        let after = before.clone().next(input);
        match (before.is_open(), after.is_open()) {
            (false, true) => self.push(Item::Opened),
            (true, false) => self.push(Item::Closed),
            _ => {}
        }
        if before != after {
            self.link.set(after);
        }
    }

    fn push(&self, item: Item) {
        self.entries
            .update_untracked(|entries| entries.push(now(), item));
        self.frame.request();
    }
}

/// The time, in ms since the Unix epoch.
pub(crate) fn now() -> f64 {
    js_sys::Date::now()
}
