//! The state of one stream, and what happens to it.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use gloo_timers::callback::Timeout;
use leptos::prelude::*;

use super::{
    attempt,
    idle::Idle,
    link::{By, Cause, Input, Link},
    options::{OnEvent, Policy},
    playback::Playback,
    probes::Probes,
    retry::{Attempt, Backoff, decide},
};
use crate::{
    clock::{self, now},
    frame::Frame,
    journal::{Journal, Record},
    json::merged,
    source::{
        Capture, Comparing, Comparison, Counted, EventSource, Failure, Fetch, Inquiry, Notice,
        Relay, Relayed, Response, Source, UrlError, resolve, thrown_message,
    },
    via::Via,
};

/// For how long after the page is back its connections may be those that ended while it was away, in ms.
const RETURN_MS: f64 = 2_000.0;

/// The state behind the signals. It holds at most one source and one timer, so that no connection can be
/// orphaned.
pub(super) struct Session {
    /// This session, for the callbacks of sources and timers, which must not keep it alive.
    pub(super) me: Weak<Session>,
    pub(super) url: Signal<String>,
    pub(super) events: Signal<Vec<String>>,
    pub(super) via: Signal<Via>,
    pub(super) with_credentials: Signal<bool>,
    /// The last event ID that a new series of connections begins with.
    pub(super) first_event_id: String,
    pub(super) on_event: Option<OnEvent>,
    pub(super) policy: Policy,
    pub(super) link: RwSignal<Link>,
    pub(super) response: RwSignal<Option<Response>>,
    pub(super) relayed: RwSignal<Option<Relayed>>,
    pub(super) failure: RwSignal<Option<Failure>>,
    pub(super) probes: RwSignal<Probes>,
    pub(super) comparison: RwSignal<Option<Comparison>>,
    pub(super) playback: RwSignal<Playback>,
    pub(super) entries: RwSignal<Journal>,
    /// Notifies the subscribers of `entries`.
    pub(super) frame: Frame,
    pub(super) source: RefCell<Option<Source>>,
    /// A file that is being read, until it is known to be a capture and becomes the source.
    pub(super) file: RefCell<Option<Capture>>,
    /// The name of that file.
    pub(super) file_name: RefCell<String>,
    /// How many captures were opened.
    pub(super) turns: Cell<u32>,
    /// Whether the server answered the current attempt.
    pub(super) answered: Cell<bool>,
    /// When something last arrived, in ms since the Unix epoch. Only kept if there is an idle timeout.
    pub(super) heard: Cell<f64>,
    /// When the current attempt began, in ms since the Unix epoch.
    pub(super) started: Cell<f64>,
    /// When the page was back after it had been left, in ms since the Unix epoch, until a connection fails.
    pub(super) returned: Cell<f64>,
    /// The timer of the next attempt, if the page makes it.
    pub(super) retry: RefCell<Option<Timeout>>,
    /// The timer of the idle timeout.
    pub(super) idle: RefCell<Option<Timeout>>,
    pub(super) backoff: RefCell<Backoff>,
    /// The probe that is under way.
    pub(super) inquiry: RefCell<Option<Inquiry>>,
    /// The comparison that is under way.
    pub(super) comparing: RefCell<Option<Comparing>>,
    /// Has the open stream counted among those of the tabs of this page.
    pub(super) counted: RefCell<Option<Counted>>,
    /// Whether that probe is the first of a sequence that was made before.
    pub(super) asks_again: Cell<bool>,
    /// Whether somebody wants to know why a connection fails.
    pub(super) is_diagnosed: Cell<bool>,
}

impl Session {
    pub(super) fn connect(&self) {
        self.release();
        self.forget_probes();
        self.forget_comparison();
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

    pub(super) fn restart(&self) {
        if !self.link.with_untracked(Link::is_live) {
            return self.connect();
        }
        self.release();
        self.forget_probes();
        self.forget_comparison();
        self.backoff.borrow_mut().reset();
        self.apply(Input::Connect);
        self.open();
    }

    pub(super) fn disconnect(&self) {
        self.release();
        self.forget_probes();
        self.comparing.take();
        self.apply(Input::Disconnect);
    }

    pub(super) fn retry(&self) {
        if matches!(self.link.get_untracked(), Link::Waiting { .. }) {
            self.release();
            self.apply(Input::Retry);
            self.open();
        }
    }

    /// Continues after the user went to another page and back, and the browser had kept this page. Chromium
    /// keeps the connection too; WebKit ends it. Then the next attempt need not wait, unless the browser makes
    /// it: only the browser can send the last event ID of an `EventSource`.
    pub(super) fn return_from_cache(&self) {
        match self.link.get_untracked() {
            Link::Waiting { by: By::Page, .. } => self.retry(),
            // WebKit reports some ends only now, after bytes that it still had.
            link => {
                self.returned.set(now());
                self.count(link.is_open());
            }
        }
    }

    pub(super) fn clear(&self) {
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

    pub(super) fn subscribe(&self, events: &[String]) {
        if let Some(Source::EventSource(source)) = &mut *self.source.borrow_mut() {
            source.subscribe(events);
        }
    }

    /// Whether the URL is empty, which turns the stream off.
    pub(super) fn is_off(&self) -> bool {
        self.url.with_untracked(|url| url.trim().is_empty())
    }

    /// Ends the source and the timer.
    pub(super) fn release(&self) {
        self.source.take();
        self.retry.take();
        self.idle.take();
    }

    pub(super) fn open(&self) {
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

    pub(super) fn new_source(&self) -> Result<Source, Cause> {
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

    pub(super) fn on_notice(&self) -> Rc<dyn Fn(Notice<'_>)> {
        let me = self.me.clone();
        Rc::new(move |notice| {
            if let Some(session) = me.upgrade() {
                session.receive(notice);
            }
        })
    }

    /// Handles a notice from a source.
    pub(super) fn receive(&self, notice: Notice<'_>) {
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
                self.forget_probes();
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

    pub(super) fn receive_bytes(&self, bytes: &[u8], continues: bool) {
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

    pub(super) fn failed(&self, failure: Failure) {
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
        let until = match &input {
            Input::GaveUp { until } => Some(*until),
            _ => None,
        };
        match &input {
            Input::GaveUp { .. } | Input::Over(_) => self.release(),
            // While the browser waits, nothing can arrive.
            _ => drop(self.idle.take()),
        }
        let was_open = self.link.with_untracked(Link::is_open);
        self.apply(input);
        if let Some(until) = until {
            self.retry_at(until);
        }
        if self.find_out_after(&failure, was_open) {
            // The answer to the probe sets it again.
            self.retry.take();
        }
    }

    /// Starts the idle timeout, if there is one.
    pub(super) fn watch_for_silence(&self) {
        if let Some(timeout) = self.policy.idle_timeout {
            self.heard.set(now());
            self.look_for_silence_in(f64::from(timeout));
        }
    }

    /// Sets the timer of the idle timeout. `after` is in ms.
    pub(super) fn look_for_silence_in(&self, after: f64) {
        let me = self.me.clone();
        // Rounded up, so that it does not fire just before the time.
        let timer = Timeout::new(after.ceil() as u32, move || {
            if let Some(session) = me.upgrade() {
                session.look_for_silence();
            }
        });
        *self.idle.borrow_mut() = Some(timer);
    }

    pub(super) fn look_for_silence(&self) {
        let timeout = f64::from(self.policy.idle_timeout.unwrap_or(u32::MAX));
        match Idle::at(now(), self.heard.get(), timeout) {
            Idle::Wait(left) => self.look_for_silence_in(left),
            Idle::TimedOut => self.failed(Failure::TimedOut),
        }
    }

    /// Adds a failed attempt to the log. The loss of an open connection is not one.
    pub(super) fn log_failed_attempt(&self, failure: &Failure) {
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
    pub(super) fn retry_at(&self, until: f64) {
        let me = self.me.clone();
        let timer = Timeout::new((until - now()).max(0.0) as u32, move || {
            if let Some(session) = me.upgrade() {
                session.retry();
            }
        });
        *self.retry.borrow_mut() = Some(timer);
    }

    /// Changes the link. No other function does.
    pub(super) fn apply(&self, input: Input) {
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
            self.count(after.is_open());
        }
        if before != after {
            self.link.set(after);
        }
    }

    pub(super) fn set_response(&self, response: Option<Response>) {
        if self.response.with_untracked(|known| *known != response) {
            self.response.set(response);
        }
    }

    pub(super) fn forget_response(&self) {
        self.set_response(None);
        if self.relayed.with_untracked(Option::is_some) {
            self.relayed.set(None);
        }
    }

    pub(super) fn set_failure(&self, failure: Option<Failure>) {
        if self.failure.with_untracked(|known| *known != failure) {
            self.failure.set(failure);
        }
    }
}
