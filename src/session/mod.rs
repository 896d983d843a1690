//! One watched stream, from connect to close: its state as signals, and its commands.

mod attempt;
mod idle;
mod link;
mod options;
mod retry;

use std::{
    cell::{Cell, RefCell},
    fmt,
    rc::{Rc, Weak},
    sync::Arc,
};

use codee::Decoder;
use gloo_timers::callback::Timeout;
use leptos::{ev, prelude::*};
use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use web_sys::{Blob, File};

use crate::{
    clock::{self, now},
    frame::Frame,
    journal::{CaptureError, Journal, Record},
    json::merged,
    source::{
        Capture, EventSource, Failure, Fetch, Notice, Relay, Relayed, Response, Source, UrlError,
        resolve, thrown_message,
    },
    via::Via,
};
use idle::Idle;
use link::Input;
use options::{OnEvent, Policy};
use retry::{Attempt, Backoff, decide};

pub(crate) use link::attempts_failed;
pub use link::{By, Cause, Link};
pub use options::{EventTypes, Message, UseEventSourceOptions};

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
///   expose the status: this hook tries again after both.
/// - A new `EventSource` does not send the last event ID: this hook starts one after the browser gave up, in
///   [`restart`](UseEventSourceReturn::restart), and in [`retry`](UseEventSourceReturn::retry) while the
///   browser waits. To resume in every browser, use [`Via::Fetch`].
/// - The browser reconnects an `EventSource` after a time of its own. The options
///   [`reconnection_time`](UseEventSourceOptions::reconnection_time) and the backoff count only where this
///   hook takes over: after the browser gave up, and after an idle timeout. `Retry-After` does not
///   count by `EventSource`.
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
        on_cleanup(move || shown.remove());
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
        playback: playback.read_only(),
        entries: entries.read_only(),
        url,
        via,
        session,
    }
}

/// A capture that is opened in place of the stream.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Playback {
    /// The name of the file, if the log shows a capture and its file has a name.
    pub name: String,
    /// The capture's JSON object of facts, if the log shows a capture. More facts can follow while it is
    /// read.
    pub facts: Option<String>,
    /// Whether the capture is still being made, and is read as it arrives.
    pub is_live: bool,
    /// Differs for each capture that is opened; 0 if the log shows none.
    pub(crate) turn: u32,
    /// The fraction of a file that was read, from 0 to 1; `None` if no file is being read.
    pub progress: Option<f64>,
    /// Why the last file could not be read completely.
    pub error: Option<CaptureError>,
}

/// The state of a stream, and its commands; see [`use_event_source`].
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
    /// [`on_event`](UseEventSourceOptions::on_event) receives each of them.
    pub message: Memo<Option<Message>>,
    /// What the relay reports about the last request. By any other way it is not known.
    pub relayed: ReadSignal<Option<Relayed>>,
    /// How the last connection failed or ended; `None` once a connection opens again.
    pub failure: ReadSignal<Option<Failure>>,
    /// The capture that is opened in place of the stream.
    pub playback: ReadSignal<Playback>,
    /// What was received since `url` changed last. It notifies once a frame, not once an event; read it
    /// with `.with(…)`, which copies nothing.
    pub entries: ReadSignal<Journal>,
    url: Signal<String>,
    via: Signal<Via>,
    session: StoredValue<Option<SendWrapper<Rc<Session>>>>,
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
    /// [`on_decoded`](UseEventSourceOptions::on_decoded) where each event type has its own, or where every
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

/// For how long after the page is back its connections may be those that ended while it was away, in ms.
const RETURN_MS: f64 = 2_000.0;

/// The state behind the signals. It holds at most one source and one timer, so that no connection can be
/// orphaned.
struct Session {
    /// This session, for the callbacks of sources and timers, which must not keep it alive.
    me: Weak<Session>,
    url: Signal<String>,
    events: Signal<Vec<String>>,
    via: Signal<Via>,
    with_credentials: Signal<bool>,
    /// The last event ID that a new series of connections begins with.
    first_event_id: String,
    on_event: Option<OnEvent>,
    policy: Policy,
    link: RwSignal<Link>,
    response: RwSignal<Option<Response>>,
    relayed: RwSignal<Option<Relayed>>,
    failure: RwSignal<Option<Failure>>,
    playback: RwSignal<Playback>,
    entries: RwSignal<Journal>,
    /// Notifies the subscribers of `entries`.
    frame: Frame,
    source: RefCell<Option<Source>>,
    /// A file that is being read, until it is known to be a capture and becomes the source.
    file: RefCell<Option<Capture>>,
    /// The name of that file.
    file_name: RefCell<String>,
    /// How many captures were opened.
    turns: Cell<u32>,
    /// Whether the server answered the current attempt.
    answered: Cell<bool>,
    /// When something last arrived, in ms since the Unix epoch. Only kept if there is an idle timeout.
    heard: Cell<f64>,
    /// When the current attempt began, in ms since the Unix epoch.
    started: Cell<f64>,
    /// When the page was back after it had been left, in ms since the Unix epoch, until a connection fails.
    returned: Cell<f64>,
    /// The timer of the next attempt, if the page makes it.
    retry: RefCell<Option<Timeout>>,
    /// The timer of the idle timeout.
    idle: RefCell<Option<Timeout>>,
    backoff: RefCell<Backoff>,
}

impl Session {
    fn connect(&self) {
        self.release();
        if self.is_off() {
            self.set_failure(None);
            self.forget_response();
            return self.apply(Input::TurnOff);
        }
        self.file.take();
        if self
            .playback
            .with_untracked(|playback| playback.facts.is_some())
        {
            self.entries.write().start_over();
        }
        self.set_playback(Playback::default());
        self.forget_response();
        self.set_failure(None);
        self.backoff.borrow_mut().reset();
        self.apply(Input::Connect);
        self.entries.write_untracked().restart(&self.first_event_id);
        self.open();
    }

    fn restart(&self) {
        if !self.link.with_untracked(Link::is_live) {
            return self.connect();
        }
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

    /// Continues after the user went to another page and back, and the browser had kept this page. Chromium
    /// keeps the connection too; WebKit ends it. Then the next attempt need not wait, unless the browser makes
    /// it: only the browser can send the last event ID of an `EventSource`.
    fn return_from_cache(&self) {
        match self.link.get_untracked() {
            Link::Waiting { by: By::Page, .. } => self.retry(),
            // WebKit reports some ends only now, after bytes that it still had.
            _ => self.returned.set(now()),
        }
    }

    fn clear(&self) {
        let is_capture = self
            .playback
            .with_untracked(|playback| playback.facts.is_some());
        if is_capture {
            self.release();
        }
        self.file.take();
        self.set_playback(Playback::default());
        let mut entries = self.entries.write();
        if is_capture {
            entries.start_over();
        } else {
            entries.clear();
        }
    }

    fn play(&self, file: Blob) {
        self.stop_playing();
        let name = file.dyn_ref::<File>().map(File::name);
        *self.file_name.borrow_mut() = name.unwrap_or_default();
        let on_notice = self.on_notice();
        *self.file.borrow_mut() = Some(Capture::open(file, on_notice));
        self.playback.update(|playback| {
            playback.progress = Some(0.0);
            playback.error = None;
        });
    }

    fn follow(&self, path: &str, name: &str) {
        self.stop_playing();
        name.clone_into(&mut self.file_name.borrow_mut());
        let capture = Capture::request(path, self.on_notice());
        let error = capture
            .as_ref()
            .err()
            .map(|error| CaptureError::Unreadable {
                message: thrown_message(error),
            });
        *self.file.borrow_mut() = capture.ok();
        self.playback.update(|playback| playback.error = error);
    }

    fn stop_playing(&self) {
        self.file.take();
        let plays = matches!(*self.source.borrow(), Some(Source::Capture(_)));
        if plays {
            self.source.take();
        }
        if self
            .playback
            .with_untracked(|playback| playback.progress.is_some() || playback.is_live)
        {
            self.playback.update(|playback| {
                playback.progress = None;
                playback.is_live = false;
            });
        }
    }

    fn subscribe(&self, events: &[String]) {
        if let Some(Source::EventSource(source)) = &mut *self.source.borrow_mut() {
            source.subscribe(events);
        }
    }

    /// Whether the URL is empty, which turns the stream off.
    fn is_off(&self) -> bool {
        self.url.with_untracked(|url| url.trim().is_empty())
    }

    /// Ends the source and the timer.
    fn release(&self) {
        self.source.take();
        self.retry.take();
        self.idle.take();
    }

    fn open(&self) {
        self.answered.set(false);
        self.started.set(now());
        match self.new_source() {
            Ok(source) => {
                *self.source.borrow_mut() = Some(source);
                self.watch_for_silence();
            }
            Err(cause) => self.apply(Input::Over(cause)),
        }
    }

    fn new_source(&self) -> Result<Source, Cause> {
        let url = resolve(&self.url.get_untracked())
            .map_err(Cause::Url)?
            .href();
        let with_credentials = self.with_credentials.get_untracked();
        let on_notice = self.on_notice();
        match self.via.get_untracked() {
            Via::EventSource => {
                let events = self.events.get_untracked();
                EventSource::open(&url, with_credentials, &events, on_notice)
                    .map(Source::EventSource)
                    .map_err(|_| Cause::Url(UrlError::Unparsable { given: url }))
            }
            Via::Fetch(request) => {
                let entries = self.entries.read_untracked();
                let id = entries.last_event_id();
                Fetch::open(&url, &request, with_credentials, id, on_notice)
                    .map(Source::Fetch)
                    .map_err(|error| Cause::Request(thrown_message(&error)))
            }
            Via::Relay(request) => {
                let entries = self.entries.read_untracked();
                let id = entries.last_event_id();
                Relay::open(&url, &request, id, on_notice)
                    .map(Source::Relay)
                    .map_err(|error| Cause::Request(thrown_message(&error)))
            }
        }
    }

    fn on_notice(&self) -> Rc<dyn Fn(Notice<'_>)> {
        let me = self.me.clone();
        Rc::new(move |notice| {
            if let Some(session) = me.upgrade() {
                session.receive(notice);
            }
        })
    }

    /// Handles a notice from a source.
    fn receive(&self, notice: Notice<'_>) {
        match notice {
            Notice::Event { time_stamp, event } => {
                let at = clock::from_time_stamp(time_stamp);
                self.entries.write_untracked().event(at, event);
                self.frame.request();
                self.heard.set(at);
                if let Some(on_event) = &self.on_event {
                    on_event(event.into());
                }
            }
            Notice::Bytes { bytes, continues } => self.receive_bytes(bytes, continues),
            Notice::Relayed(relayed) => self.relayed.set(Some(relayed)),
            Notice::Response(response) => {
                self.answered.set(true);
                self.set_response(Some(response));
            }
            Notice::Opened => {
                clock::set();
                self.set_failure(None);
                self.apply(Input::Opened { at: now() });
                // Also after the browser has reconnected by itself.
                self.watch_for_silence();
            }
            Notice::Failed(failure) => self.failed(failure),
            Notice::Record(Record::Facts(facts)) => self.show_capture(facts),
            Notice::Record(Record::MoreFacts(more)) => self.playback.update(|playback| {
                let facts = playback.facts.take().unwrap_or_default();
                playback.facts = Some(merged(&facts, more));
            }),
            Notice::Record(record) => {
                self.entries.write_untracked().replay(record);
                self.frame.request();
            }
            Notice::Progress(part) => {
                self.playback
                    .update(|playback| playback.progress = Some(part));
            }
            Notice::Played(result) => {
                self.file.take();
                self.playback.update(|playback| {
                    playback.progress = None;
                    playback.is_live = false;
                    playback.error = result.err();
                });
            }
        }
    }

    fn receive_bytes(&self, bytes: &[u8], continues: bool) {
        let at = now();
        self.heard.set(at);
        let mut entries = self.entries.write_untracked();
        let Some(on_event) = &self.on_event else {
            entries.receive_with(at, bytes, continues, &mut |_| {});
            return self.frame.request();
        };
        // The callback may use commands that change the log, so it is called after the log is updated.
        let mut messages = Vec::new();
        entries.receive_with(at, bytes, continues, &mut |event| {
            messages.push(event.into());
        });
        drop(entries);
        self.frame.request();
        messages.into_iter().for_each(|message| on_event(message));
    }

    /// Puts the capture that is being read in the place of the stream.
    fn show_capture(&self, facts: &str) {
        let capture = self.file.take();
        self.turns.update(|turns| turns + 1);
        self.disconnect();
        self.forget_response();
        self.set_failure(None);
        *self.source.borrow_mut() = capture.map(Source::Capture);
        let mut entries = self.entries.write();
        entries.start_over();
        entries.restart("");
        drop(entries);
        self.playback.update(|playback| {
            playback.name = self.file_name.take();
            playback.facts = Some(facts.to_owned());
            // A file has a progress.
            playback.is_live = playback.progress.is_none();
            playback.turn = self.turns.get();
        });
    }

    fn failed(&self, failure: Failure) {
        // The response to an earlier attempt stays until another arrives, so that the display does not
        // flicker. After this failure none will arrive.
        if matches!(failure, Failure::Relay { .. }) {
            self.forget_response();
        } else if !self.answered.get() {
            self.set_response(None);
        }
        self.set_failure(Some(failure.clone()));
        self.log_failed_attempt(&failure);
        let via = self.via.get_untracked();
        let reconnection_time = self.entries.read_untracked().reconnection_time();
        let mut input = decide(
            &failure,
            &Attempt {
                link: &self.link.get_untracked(),
                method: via.request().map_or("GET", |request| &request.method),
                reconnection_time: reconnection_time.unwrap_or(self.policy.reconnection_time)
                    as f64,
                now: now(),
                random: js_sys::Math::random(),
                max_attempts: self.policy.max_attempts,
            },
            &mut self.backoff.borrow_mut(),
        );
        if let Input::GaveUp { until } = &mut input
            && now() - self.returned.take() < RETURN_MS
        {
            *until = now();
        }
        match &input {
            Input::GaveUp { until } => {
                self.release();
                self.retry_at(*until);
            }
            Input::Over(_) => self.release(),
            // While the browser waits, nothing can arrive.
            _ => drop(self.idle.take()),
        }
        self.apply(input);
    }

    /// Starts the idle timeout, if there is one.
    fn watch_for_silence(&self) {
        if let Some(timeout) = self.policy.idle_timeout {
            self.heard.set(now());
            self.look_for_silence_in(f64::from(timeout));
        }
    }

    /// Sets the timer of the idle timeout. `after` is in ms.
    fn look_for_silence_in(&self, after: f64) {
        let me = self.me.clone();
        // Rounded up, so that it does not fire just before the time.
        let timer = Timeout::new(after.ceil() as u32, move || {
            if let Some(session) = me.upgrade() {
                session.look_for_silence();
            }
        });
        *self.idle.borrow_mut() = Some(timer);
    }

    fn look_for_silence(&self) {
        let timeout = f64::from(self.policy.idle_timeout.unwrap_or(u32::MAX));
        match Idle::at(now(), self.heard.get(), timeout) {
            Idle::Wait(left) => self.look_for_silence_in(left),
            Idle::TimedOut => self.failed(Failure::TimedOut),
        }
    }

    /// Adds a failed attempt to the log. The loss of an open connection is not one.
    fn log_failed_attempt(&self, failure: &Failure) {
        let link = self.link.get_untracked();
        if link.is_open() {
            return;
        }
        let response = self
            .response
            .get_untracked()
            .filter(|_| self.answered.get());
        let via_fetch = self.via.get_untracked() != Via::EventSource;
        let reason = attempt::reason(response.as_ref(), failure, via_fetch);
        // A browser does not expose when it begins an attempt of its own.
        let is_own = matches!(link, Link::Connecting { .. });
        let took = is_own.then(|| now() - self.started.get());
        self.entries.write_untracked().failed(now(), &reason, took);
        self.frame.request();
    }

    /// Sets the timer of the next attempt.
    fn retry_at(&self, until: f64) {
        let me = self.me.clone();
        let timer = Timeout::new((until - now()).max(0.0) as u32, move || {
            if let Some(session) = me.upgrade() {
                session.retry();
            }
        });
        *self.retry.borrow_mut() = Some(timer);
    }

    /// Changes the link. No other function does.
    fn apply(&self, input: Input) {
        let before = self.link.get_untracked();
        let is_lost = matches!(input, Input::Lost | Input::GaveUp { .. } | Input::Over(_));
        let after = before.clone().next(input);
        if before.is_open() != after.is_open() {
            let mut entries = self.entries.write_untracked();
            if after.is_open() {
                entries.opened(now());
            } else {
                entries.closed(now());
                if is_lost {
                    entries.lost();
                }
            }
            drop(entries);
            self.frame.request();
        }
        if before != after {
            self.link.set(after);
        }
    }

    fn set_response(&self, response: Option<Response>) {
        if self.response.with_untracked(|known| *known != response) {
            self.response.set(response);
        }
    }

    fn forget_response(&self) {
        self.set_response(None);
        if self.relayed.with_untracked(Option::is_some) {
            self.relayed.set(None);
        }
    }

    fn set_failure(&self, failure: Option<Failure>) {
        if self.failure.with_untracked(|known| *known != failure) {
            self.failure.set(failure);
        }
    }

    fn set_playback(&self, playback: Playback) {
        if self.playback.with_untracked(|known| *known != playback) {
            self.playback.set(playback);
        }
    }
}
