//! One watched stream, from connect to close: its state as signals, and its commands.

mod attempt;
mod link;
mod options;
mod retry;

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Blob, File};

use crate::{
    clock::{self, now},
    frame::Frame,
    journal::{CaptureError, Journal, Record},
    request::Via,
    source::{
        Answer, Capture, EventSource, Failure, Fetch, Notice, Source, UrlError, resolve,
        thrown_message,
    },
};
use link::Input;
use options::OnEvent;
use retry::{Attempt, Backoff, decide};

pub use link::{By, Cause, Link};
pub use options::{EventTypes, Message, UseEventSourceOptions};

/// The reconnection time of a stream that sets none, in ms: the same as in Chromium.
const RECONNECTION_TIME_MS: f64 = 3_000.0;

/// Watches the event stream at `url`, with the browser's `EventSource` or by `fetch`.
///
/// It connects when the calling component is mounted and whenever `url` changes, and closes the
/// connection when that component is unmounted. There is never more than one connection.
///
/// A lost connection is opened again: by the browser, as the HTML standard requires, or by this hook
/// where the browser gives up (a status other than 200, another content type, CORS) and for every loss by
/// `fetch`. The hook waits with exponential backoff.
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
/// - An `EventSource` does not expose the status and headers of the response, comments, or the
///   reconnection time. It delivers only events of the types that are subscribed to.
/// - An `EventSource` gives up on status 204, which asks clients to stop, as it does on 500, and does not
///   expose the status: this hook tries again after both.
/// - [`UseEventSourceReturn::retry`] while the browser waits starts a new `EventSource`, which does not
///   have the last event ID.
/// - [`Via::Fetch`] has none of these limits, but it is not the browser's own client. To another origin its
///   `Last-Event-ID` header causes a CORS preflight. A request whose method is not GET is not repeated
///   automatically.
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
    } = options;
    let link = RwSignal::new(Link::Idle);
    let answer = RwSignal::new(None);
    let failure = RwSignal::new(None);
    let playback = RwSignal::new(Playback::default());
    let entries = RwSignal::new_local(Journal::new(bound));
    let session = Rc::new_cyclic(|me| Session {
        me: me.clone(),
        url,
        events,
        via,
        with_credentials,
        first_event_id: last_event_id,
        on_event,
        link,
        answer,
        failure,
        playback,
        entries,
        frame: Frame::new(move || entries.notify()),
        source: RefCell::default(),
        file: RefCell::default(),
        file_name: RefCell::default(),
        answered: Cell::default(),
        started: Cell::default(),
        retry: RefCell::default(),
        backoff: RefCell::default(),
    });
    // The only strong reference: it is dropped with the component that owns this scope.
    let session = StoredValue::new_local(session);

    // Setting a signal to the value that it already has must not connect again.
    let mut requested: Option<(String, bool, Via)> = None;
    Effect::new(move |_| {
        let request = (url.get(), with_credentials.get(), via.get());
        let previous = match &requested {
            Some(requested) if *requested == request => return,
            _ => requested.replace(request),
        };
        let session = session.get_value();
        match (&previous, &requested) {
            (None, _) if immediate => session.connect(),
            (Some(previous), Some(requested)) if previous.0 == requested.0 => {
                // The same stream by another request, such as one with a new token.
                session.restart();
            }
            (Some(_), Some(_)) => {
                session.connect();
                // Another URL is another stream, with a log of its own.
                session.entries.write().start_over();
            }
            _ => {}
        }
    });
    Effect::new(move |_| session.get_value().subscribe(&events.get()));

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
        answer: answer.read_only(),
        failure: failure.read_only(),
        playback: playback.read_only(),
        entries: entries.read_only(),
        session,
    }
}

/// A capture that is opened in place of the stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Playback {
    /// The name of the file, if the log shows a capture and its file has a name.
    pub name: String,
    /// The capture's JSON object of facts, if the log shows a capture.
    pub facts: Option<String>,
    /// The fraction of a file that was read, from 0 to 1; `None` if no file is being read.
    pub progress: Option<f64>,
    /// Why the last file could not be read completely.
    pub error: Option<CaptureError>,
}

/// The state of a stream, and its commands; see [`use_event_source`].
///
/// A command that is called after the component was unmounted does nothing.
#[derive(Clone, Copy)]
pub struct UseEventSourceReturn {
    /// The state of the connection.
    pub link: ReadSignal<Link>,
    /// The last answer of the server. An `EventSource` does not expose it.
    pub answer: ReadSignal<Option<Answer>>,
    /// The last event. It notifies once a frame, so it may skip events:
    /// [`on_event`](UseEventSourceOptions::on_event) receives each of them.
    pub message: Memo<Option<Message>>,
    /// How the last connection failed or ended; `None` once a connection opens again.
    pub failure: ReadSignal<Option<Failure>>,
    /// The capture that is opened in place of the stream.
    pub playback: ReadSignal<Playback>,
    /// What was received since `url` changed last. It notifies once a frame, not once an event; read it
    /// with `.with(…)`, which copies nothing.
    pub entries: ReadSignal<Journal, LocalStorage>,
    session: StoredValue<Rc<Session>, LocalStorage>,
}

impl UseEventSourceReturn {
    /// Connects. An existing connection is closed first.
    pub fn connect(self) {
        self.command(Session::connect);
    }

    /// Closes the connection, or gives up waiting for the next one.
    pub fn disconnect(self) {
        self.command(Session::disconnect);
    }

    /// Closes the connection and connects again with the last event ID, as if the server had dropped the
    /// connection. Connects if there is none.
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

    /// Stops reading a capture. What was read stays.
    pub fn stop_playing(self) {
        self.command(Session::stop_playing);
    }

    fn command(self, command: impl FnOnce(&Session)) {
        if let Some(session) = self.session.try_get_value() {
            command(&session);
        }
    }

    /// The URL as it was given.
    pub(crate) fn url(self) -> String {
        self.session.get_value().url.get_untracked()
    }

    /// Whether the stream is received by `fetch`.
    pub(crate) fn via_fetch(self) -> bool {
        self.session.get_value().via.get_untracked() != Via::EventSource
    }

    pub(crate) fn current_playback(self) -> Playback {
        self.session.get_value().playback.get_untracked()
    }
}

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
    link: RwSignal<Link>,
    answer: RwSignal<Option<Answer>>,
    failure: RwSignal<Option<Failure>>,
    playback: RwSignal<Playback>,
    entries: RwSignal<Journal, LocalStorage>,
    /// Notifies the subscribers of `entries`.
    frame: Frame,
    source: RefCell<Option<Source>>,
    /// A file that is being read, until it is known to be a capture and becomes the source.
    file: RefCell<Option<Capture>>,
    /// The name of that file.
    file_name: RefCell<String>,
    /// Whether the server answered the current attempt.
    answered: Cell<bool>,
    /// When the current attempt began, in ms since the Unix epoch.
    started: Cell<f64>,
    /// The timer of the next attempt, if the page makes it.
    retry: RefCell<Option<Timeout>>,
    backoff: RefCell<Backoff>,
}

impl Session {
    fn connect(&self) {
        self.release();
        self.file.take();
        if self
            .playback
            .with_untracked(|playback| playback.facts.is_some())
        {
            self.entries.write().start_over();
        }
        self.set_playback(Playback::default());
        self.set_answer(None);
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

    fn stop_playing(&self) {
        self.file.take();
        let plays = matches!(*self.source.borrow(), Some(Source::Capture(_)));
        if plays {
            self.source.take();
        }
        if self
            .playback
            .with_untracked(|playback| playback.progress.is_some())
        {
            self.playback.update(|playback| playback.progress = None);
        }
    }

    fn subscribe(&self, events: &[String]) {
        if let Some(Source::EventSource(source)) = &mut *self.source.borrow_mut() {
            source.subscribe(events);
        }
    }

    /// Ends the source and the timer.
    fn release(&self) {
        self.source.take();
        self.retry.take();
    }

    fn open(&self) {
        self.answered.set(false);
        self.started.set(now());
        match self.new_source() {
            Ok(source) => *self.source.borrow_mut() = Some(source),
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
                if let Some(on_event) = &self.on_event {
                    on_event(event.into());
                }
            }
            Notice::Bytes(bytes) => self.receive_bytes(bytes),
            Notice::Answered(answer) => {
                self.answered.set(true);
                self.set_answer(Some(answer));
            }
            Notice::Opened => {
                clock::set();
                self.set_failure(None);
                self.apply(Input::Opened { at: now() });
            }
            Notice::Failed(failure) => self.failed(failure),
            Notice::Record(Record::Facts(facts)) => self.show_capture(facts),
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
                    playback.error = result.err();
                });
            }
        }
    }

    fn receive_bytes(&self, bytes: &[u8]) {
        let mut entries = self.entries.write_untracked();
        let Some(on_event) = &self.on_event else {
            entries.receive(now(), bytes);
            return self.frame.request();
        };
        // The callback may use commands that change the log, so it is called after the log is updated.
        let mut messages = Vec::new();
        entries.receive_with(now(), bytes, &mut |event| messages.push(event.into()));
        drop(entries);
        self.frame.request();
        messages.into_iter().for_each(|message| on_event(message));
    }

    /// Puts the capture that is being read in the place of the stream.
    fn show_capture(&self, facts: &str) {
        let capture = self.file.take();
        self.disconnect();
        self.set_answer(None);
        self.set_failure(None);
        *self.source.borrow_mut() = capture.map(Source::Capture);
        let mut entries = self.entries.write();
        entries.start_over();
        entries.restart("");
        drop(entries);
        self.playback.update(|playback| {
            playback.name = self.file_name.take();
            playback.facts = Some(facts.to_owned());
        });
    }

    fn failed(&self, failure: Failure) {
        // The answer to an earlier attempt stays until another arrives, so that the display does not
        // flicker. After this failure none will arrive.
        if !self.answered.get() {
            self.set_answer(None);
        }
        self.set_failure(Some(failure.clone()));
        self.log_failed_attempt();
        let via = self.via.get_untracked();
        let reconnection_time = self.entries.read_untracked().reconnection_time();
        let input = decide(
            &failure,
            &Attempt {
                link: &self.link.get_untracked(),
                method: match &via {
                    Via::EventSource => "GET",
                    Via::Fetch(request) => &request.method,
                },
                reconnection_time: reconnection_time.map_or(RECONNECTION_TIME_MS, |ms| ms as f64),
                now: now(),
                random: js_sys::Math::random(),
            },
            &mut self.backoff.borrow_mut(),
        );
        if let Input::GaveUp { until } = input {
            self.retry_at(until);
        }
        self.apply(input);
    }

    /// Adds a failed attempt to the log. The loss of an open connection is not one.
    fn log_failed_attempt(&self) {
        let link = self.link.get_untracked();
        if link.is_open() {
            return;
        }
        let answer = self.answer.get_untracked().filter(|_| self.answered.get());
        let via_fetch = self.via.get_untracked() != Via::EventSource;
        let reason = attempt::reason(answer.as_ref(), via_fetch);
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
        let after = before.clone().next(input);
        if before.is_open() != after.is_open() {
            let mut entries = self.entries.write_untracked();
            if after.is_open() {
                entries.opened(now());
            } else {
                entries.closed(now());
            }
            drop(entries);
            self.frame.request();
        }
        if before != after {
            self.link.set(after);
        }
    }

    fn set_answer(&self, answer: Option<Answer>) {
        if self.answer.with_untracked(|known| *known != answer) {
            self.answer.set(answer);
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
