//! One watched stream from connect to close: its state as signals, and the commands it takes.

mod backoff;
mod clock;
mod link;

use std::{
    cell::{Cell, RefCell},
    ops::Deref,
    rc::{Rc, Weak},
};

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use sse_wire::Reader;
use wasm_bindgen::JsValue;

use crate::{
    boxed,
    frame::Frame,
    journal::{self, Journal},
    source::{
        Answer, EventSource, Failure, Fetch, FetchRequest, Notice, Source, UrlError, resolve,
    },
};
use backoff::{Backoff, HELD_MS};

pub(crate) use clock::now;
pub use link::{By, Cause, Input, Link};

/// The reconnection time as long as a stream sets none, in ms: Chromium's.
const RECONNECTION_TIME_MS: f64 = 3_000.0;

/// The longest reconnection time that is followed, in ms: a day.
const LONGEST_WAIT_MS: f64 = 86_400_000.0;

/// Watches the event stream at `url`: with the browser's `EventSource`, or by `fetch`.
///
/// It connects when the component that calls it is mounted and whenever `url` changes, and closes
/// the connection when that component is unmounted. There is never more than one connection, and
/// each browser object it makes is released with it.
///
/// A lost connection is opened again: by the browser, as the HTML standard says, and where the
/// browser has given up (a status that is not 200, another content type, a refusal by CORS) by
/// this hook, after a delay with exponential backoff. By `fetch` this hook does both.
///
/// # Usage
///
/// ```
/// # use leptos::prelude::*;
/// use sse_scope::{Kind, UseEventSourceOptions, UseEventSourceReturn, use_event_source};
///
/// # #[component]
/// # fn Demo() -> impl IntoView {
/// let UseEventSourceReturn { link, entries, .. } = use_event_source(
///     "/stream",
///     UseEventSourceOptions::default().events(vec!["connecttime".to_owned()]),
/// );
/// let latest = move || {
///     entries.with(|log| {
///         let events = log.iter().filter(|line| line.kind() == Kind::Event);
///         events.last().map(|event| event.data().into_owned())
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
/// - [`Via::Fetch`] tells all of that, and does all of that right, but it is not the browser's own
///   client. From another origin its `Last-Event-ID` asks for a CORS preflight. A request whose
///   method is not GET is not repeated by itself.
pub fn use_event_source(
    url: impl Into<Signal<String>>,
    options: UseEventSourceOptions,
) -> UseEventSourceReturn {
    let url: Signal<String> = url.into();
    let UseEventSourceOptions {
        events,
        via,
        with_credentials,
        immediate,
        bound,
    } = options;
    let link = RwSignal::new(Link::Idle);
    let answer = RwSignal::new(None);
    let entries = RwSignal::new_local(Journal::new(bound));
    let session = Rc::new_cyclic(|me| Session {
        me: me.clone(),
        url,
        events,
        via,
        with_credentials,
        link,
        answer,
        entries,
        frame: Frame::new(move || entries.notify()),
        source: RefCell::default(),
        reader: RefCell::new(Reader::with_bound(bound)),
        reconnection_time: Cell::new(RECONNECTION_TIME_MS),
        answered: Cell::default(),
        retry: RefCell::default(),
        backoff: RefCell::default(),
    });
    // The one strong reference: dropped with the component that owns this scope.
    let session = StoredValue::new_local(session);

    // What was asked for last: setting a signal to what it is already is no change.
    let mut asked: Option<(String, bool, Via)> = None;
    boxed::effect(move || {
        let wanted = (url.get(), with_credentials.get(), via.get());
        let previous = match &asked {
            Some(asked) if *asked == wanted => return,
            _ => asked.replace(wanted),
        };
        let session = session.get_value();
        match (&previous, &asked) {
            (None, _) if immediate => session.connect(),
            (Some(previous), Some(asked)) => {
                session.connect();
                if previous.0 != asked.0 {
                    session.start_over();
                }
            }
            _ => {}
        }
    });
    boxed::effect(move || session.get_value().listen_to(&events.get()));

    UseEventSourceReturn {
        link: link.read_only(),
        answer: answer.read_only(),
        entries: entries.read_only(),
        session,
    }
}

/// How a stream is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Via {
    /// By the browser's `EventSource`: what its clients see.
    #[default]
    EventSource,
    /// By streamed `fetch`: every byte, and requests that an `EventSource` cannot make.
    Fetch(FetchRequest),
}

/// Options of [`use_event_source`].
#[derive(Clone, Copy, Debug)]
pub struct UseEventSourceOptions {
    events: Signal<Vec<String>>,
    via: Signal<Via>,
    with_credentials: Signal<bool>,
    immediate: bool,
    bound: usize,
}

impl Default for UseEventSourceOptions {
    fn default() -> Self {
        Self {
            events: Signal::stored(Vec::new()),
            via: Signal::stored(Via::EventSource),
            with_credentials: Signal::stored(false),
            immediate: true,
            bound: journal::DEFAULT_BOUND,
        }
    }
}

impl UseEventSourceOptions {
    /// The event types to listen to beside `message`. A change does not interrupt the connection.
    /// By `fetch` all are heard.
    #[must_use]
    pub fn events(self, events: impl Into<Signal<Vec<String>>>) -> Self {
        Self {
            events: events.into(),
            ..self
        }
    }

    /// How to read the stream. A change connects again. Default: by `EventSource`.
    #[must_use]
    pub fn via(self, via: impl Into<Signal<Via>>) -> Self {
        Self {
            via: via.into(),
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
    /// What the server answered last; an `EventSource` does not tell.
    pub answer: ReadSignal<Option<Answer>>,
    /// What came, since `url` changed last. Subscribers hear of it once a frame, not once an event;
    /// read it with `.with(…)`, which copies nothing.
    pub entries: ReadSignal<Journal, LocalStorage>,
    session: StoredValue<Rc<Session>, LocalStorage>,
}

impl UseEventSourceReturn {
    /// Connects, anew if there is a connection.
    pub fn connect(self) {
        self.session.get_value().connect();
    }

    /// Closes the connection, or gives up the wait for the next.
    pub fn disconnect(self) {
        self.session.get_value().disconnect();
    }

    /// Makes the attempt that is waited for now. Does nothing unless the link is
    /// [`Link::Waiting`].
    pub fn retry(self) {
        self.session.get_value().retry();
    }

    /// The URL as it was given.
    pub(crate) fn url(self) -> String {
        boxed::current(self.session.get_value().url)
    }

    /// Whether the stream is read by `fetch`.
    pub(crate) fn is_fetch(self) -> bool {
        boxed::current(self.session.get_value().via) != Via::EventSource
    }

    /// Where the connection stands, for who does not subscribe; like the two below.
    pub(crate) fn current_link(self) -> Link {
        self.session.get_value().link.get_untracked()
    }

    pub(crate) fn current_answer(self) -> Option<Answer> {
        self.session.get_value().answer.get_untracked()
    }

    pub(crate) fn journal(self) -> impl Deref<Target = Journal> {
        self.session.get_value().entries.read_untracked()
    }

    /// Changes the log, as by [`Journal::clear`] or [`Journal::set_bound`].
    pub fn edit(self, change: impl FnOnce(&mut Journal)) {
        change(&mut self.session.get_value().entries.write());
    }
}

/// What is behind the signals. It holds at most one source and one timer, so that no connection can
/// be left behind.
struct Session {
    /// For the callbacks of the source and of the timer, which must not keep the session alive.
    me: Weak<Session>,
    url: Signal<String>,
    events: Signal<Vec<String>>,
    via: Signal<Via>,
    with_credentials: Signal<bool>,
    link: RwSignal<Link>,
    answer: RwSignal<Option<Answer>>,
    entries: RwSignal<Journal, LocalStorage>,
    frame: Frame,
    source: RefCell<Option<Source>>,
    /// Reads what comes by `fetch`, and knows the last event ID over all connections.
    reader: RefCell<Reader>,
    /// How long to wait after a connection was lost, in ms, where it is not the browser that waits.
    reconnection_time: Cell<f64>,
    /// The present attempt was answered.
    answered: Cell<bool>,
    /// When this page, and not the browser, makes the next attempt.
    retry: RefCell<Option<Timeout>>,
    backoff: RefCell<Backoff>,
}

impl Session {
    fn connect(&self) {
        self.release();
        if self.answer.get_untracked().is_some() {
            self.answer.set(None);
        }
        self.backoff.borrow_mut().reset();
        // Somebody asks anew: neither ID nor reconnection time of the last series hold.
        let bound = self.entries.read_untracked().bound();
        *self.reader.borrow_mut() = Reader::with_bound(bound);
        self.reconnection_time.set(RECONNECTION_TIME_MS);
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
        if let Some(Source::EventSource(source)) = &mut *self.source.borrow_mut() {
            source.listen_to(events);
        }
    }

    /// Begins a new log: another URL is another stream.
    fn start_over(&self) {
        self.entries.write().clear();
    }

    fn release(&self) {
        self.source.take();
        self.retry.take();
    }

    fn open(&self) {
        self.answered.set(false);
        let me = self.me.clone();
        let on_notice: Rc<dyn Fn(Notice<'_>)> = Rc::new(move |notice| {
            if let Some(session) = me.upgrade() {
                session.hear(notice);
            }
        });
        match self.source(on_notice) {
            Ok(source) => *self.source.borrow_mut() = Some(source),
            Err(cause) => self.apply(Input::Over(cause)),
        }
    }

    fn source(&self, on_notice: Rc<dyn Fn(Notice<'_>)>) -> Result<Source, Cause> {
        let url = resolve(&boxed::current(self.url))
            .map_err(Cause::Url)?
            .href();
        let with_credentials = boxed::current(self.with_credentials);
        match boxed::current(self.via) {
            Via::EventSource => {
                let events = boxed::current(self.events);
                EventSource::open(&url, with_credentials, &events, on_notice)
                    .map(Source::EventSource)
                    .map_err(|_| Cause::Url(UrlError::Unparsable { given: url }))
            }
            Via::Fetch(request) => {
                let reader = self.reader.borrow();
                let id = reader.last_event_id();
                Fetch::open(&url, &request, with_credentials, id, on_notice)
                    .map(Source::Fetch)
                    .map_err(|error| Cause::Request(message(&error)))
            }
        }
    }

    fn hear(&self, notice: Notice<'_>) {
        match notice {
            Notice::Event { time_stamp, event } => {
                let at = clock::from_time_stamp(time_stamp);
                self.entries.write_untracked().event(at, event);
                self.frame.request();
            }
            Notice::Bytes(bytes) => {
                let mut reader = self.reader.borrow_mut();
                let mut entries = self.entries.write_untracked();
                entries.receive(&mut reader, now(), bytes, |ms| {
                    self.reconnection_time.set((ms as f64).min(LONGEST_WAIT_MS));
                });
                self.frame.request();
            }
            Notice::Answered(answer) => {
                self.answered.set(true);
                self.answer.set(Some(answer));
            }
            Notice::Opened => {
                clock::set();
                self.apply(Input::Opened { at: now() });
            }
            Notice::Failed(failure) => self.failed(failure),
        }
    }

    fn failed(&self, failure: Failure) {
        let open_since = match self.link.get_untracked() {
            Link::Open { since } => Some(since),
            _ => None,
        };
        // The answer to an earlier attempt stays until another comes, so that nothing flickers; here
        // there is none.
        if !self.answered.get() && self.answer.get_untracked().is_some() {
            self.answer.set(None);
        }
        if open_since.is_some_and(|since| now() - since >= HELD_MS) {
            self.backoff.borrow_mut().reset();
        }
        let repeats = match boxed::current(self.via) {
            Via::EventSource => true,
            Via::Fetch(request) => request.method.eq_ignore_ascii_case("GET"),
        };
        match failure {
            Failure::BrowserRetries => self.apply(Input::Lost),
            Failure::NoContent => self.apply(Input::Over(Cause::NoContent)),
            Failure::Lost | Failure::Refused if !repeats => {
                self.apply(Input::Over(Cause::Ended));
            }
            Failure::Lost => {
                // A first attempt after the reconnection time, as a browser makes it; if that
                // fails, further ones ever later.
                let wait = self.reconnection_time.get();
                let more = if open_since.is_some() {
                    0.0
                } else {
                    self.delay()
                };
                self.retry_in(wait + more);
            }
            Failure::Refused => self.retry_in(self.delay()),
        }
    }

    fn delay(&self) -> f64 {
        self.backoff.borrow_mut().next_delay(js_sys::Math::random())
    }

    /// Tries again in `delay` ms, where the browser does not.
    fn retry_in(&self, delay: f64) {
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
        if before.is_open() != after.is_open() {
            let at = now();
            let mut entries = self.entries.write_untracked();
            if after.is_open() {
                entries.opened(at);
            } else {
                entries.finish(&mut self.reader.borrow_mut(), at);
                entries.closed(at);
            }
            drop(entries);
            self.frame.request();
        }
        if before != after {
            self.link.set(after);
        }
    }
}

/// What a thrown value says.
pub(crate) fn message(thrown: &JsValue) -> String {
    let message = js_sys::Reflect::get(thrown, &"message".into());
    let message = message.ok().and_then(|message| message.as_string());
    message.unwrap_or_else(|| "the browser refuses this request".to_owned())
}
