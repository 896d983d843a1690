//! The options of [`use_event_source`](super::use_event_source), and the types that they take.

use std::{fmt, rc::Rc};

use codee::Decoder;
use leptos::prelude::*;
use sse_wire::Event;

use crate::{journal, via::Via};

/// An event, with its own copy of the data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The event type; `message` unless the stream sets another.
    pub event_type: String,
    /// The data.
    pub data: String,
    /// The last event ID after this event.
    pub last_event_id: String,
}

impl From<Event<'_>> for Message {
    fn from(event: Event<'_>) -> Self {
        Self {
            event_type: event.event_type.to_owned(),
            data: event.data.to_owned(),
            last_event_id: event.last_event_id.to_owned(),
        }
    }
}

/// Event types, fixed or in a signal.
///
/// ```
/// # use leptos::prelude::*;
/// use sse_scope::UseEventSourceOptions;
///
/// let fixed = UseEventSourceOptions::default().events(["step", "done"]);
/// let types = RwSignal::new(vec!["step".to_owned()]);
/// let changing = UseEventSourceOptions::default().events(types);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct EventTypes(pub(super) Signal<Vec<String>>);

impl<T: Into<String>, const N: usize> From<[T; N]> for EventTypes {
    fn from(types: [T; N]) -> Self {
        Self(Signal::stored(types.map(Into::into).into()))
    }
}

impl<T: Into<String>> From<Vec<T>> for EventTypes {
    fn from(types: Vec<T>) -> Self {
        Self(Signal::stored(types.into_iter().map(Into::into).collect()))
    }
}

impl From<Signal<Vec<String>>> for EventTypes {
    fn from(types: Signal<Vec<String>>) -> Self {
        Self(types)
    }
}

impl From<RwSignal<Vec<String>>> for EventTypes {
    fn from(types: RwSignal<Vec<String>>) -> Self {
        Self(types.into())
    }
}

impl From<Memo<Vec<String>>> for EventTypes {
    fn from(types: Memo<Vec<String>>) -> Self {
        Self(types.into())
    }
}

/// Options of [`use_event_source`](super::use_event_source).
#[derive(Clone)]
pub struct UseEventSourceOptions {
    pub(super) events: EventTypes,
    pub(super) via: Signal<Via>,
    pub(super) with_credentials: Signal<bool>,
    pub(super) immediate: bool,
    pub(super) bound: usize,
    pub(super) last_event_id: String,
    pub(super) on_event: Option<OnEvent>,
    pub(super) policy: Policy,
}

/// When to take a connection for lost, and when to connect again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    /// The reconnection time of a stream that sets none, in ms.
    pub(super) reconnection_time: u64,
    /// After how many failed attempts in a row to stop; `None` never to stop.
    pub(super) max_attempts: Option<u32>,
    /// After how much silence a connection counts as lost, in ms; `None` for any.
    pub(super) idle_timeout: Option<u32>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            // The same as in Chromium and WebKit.
            reconnection_time: 3_000,
            max_attempts: None,
            idle_timeout: None,
        }
    }
}

pub(super) type OnEvent = Rc<dyn Fn(Message)>;

impl Default for UseEventSourceOptions {
    fn default() -> Self {
        Self {
            events: Vec::<String>::new().into(),
            via: Signal::stored(Via::EventSource),
            with_credentials: Signal::stored(false),
            immediate: true,
            bound: journal::DEFAULT_BOUND,
            last_event_id: String::new(),
            on_event: None,
            policy: Policy::default(),
        }
    }
}

impl fmt::Debug for UseEventSourceOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UseEventSourceOptions")
            .field("immediate", &self.immediate)
            .field("bound", &self.bound)
            .field("last_event_id", &self.last_event_id)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl UseEventSourceOptions {
    /// The event types to subscribe to, beside `message`. A change does not interrupt the connection. By
    /// `fetch` all types arrive anyway.
    #[must_use]
    pub fn events(self, events: impl Into<EventTypes>) -> Self {
        Self {
            events: events.into(),
            ..self
        }
    }

    /// Calls `on_event` with each event: once, in order, and as soon as it arrives. The callback may use
    /// the commands of the stream. If there are several callbacks, each is called, in the order in which
    /// they were added.
    ///
    /// ```
    /// # use leptos::prelude::*;
    /// use sse_scope::{UseEventSourceOptions, UseEventSourceReturn, use_event_source};
    ///
    /// # #[component]
    /// # fn Answer() -> impl IntoView {
    /// // Append tokens to an answer, and stop when it is complete.
    /// let answer = RwSignal::new(String::new());
    /// let stream = StoredValue::new(None::<UseEventSourceReturn>);
    /// let options = UseEventSourceOptions::default().on_event(move |message| {
    ///     if message.data == "[DONE]" {
    ///         if let Some(stream) = stream.get_value() {
    ///             stream.disconnect();
    ///         }
    ///     } else {
    ///         answer.update(|answer| answer.push_str(&message.data));
    ///     }
    /// });
    /// stream.set_value(Some(use_event_source("/stream?data=tokens", options)));
    /// view! { <p>{answer}</p> }
    /// # }
    /// ```
    #[must_use]
    pub fn on_event(self, on_event: impl Fn(Message) + 'static) -> Self {
        let on_event: OnEvent = match self.on_event {
            None => Rc::new(on_event),
            Some(first) => Rc::new(move |message: Message| {
                first(message.clone());
                on_event(message);
            }),
        };
        Self {
            on_event: Some(on_event),
            ..self
        }
    }

    /// Calls `on_decoded` with the data of each event of the type `event_type`, decoded by the codec `C`,
    /// as [`on_event`](Self::on_event) does. It does not subscribe to the type:
    /// [`events`](Self::events) does.
    ///
    /// The codecs are those of the crate `codee`, as in leptos-use: `FromToStringCodec` for what can be
    /// parsed from text, and with the feature `json`, `JsonSerdeCodec`.
    ///
    /// ```
    /// # #[cfg(feature = "json")]
    /// # {
    /// # use leptos::prelude::*;
    /// use serde::Deserialize;
    /// use sse_scope::{UseEventSourceOptions, codec::JsonSerdeCodec, use_event_source};
    ///
    /// #[derive(Clone, Deserialize)]
    /// struct Step {
    ///     n: u32,
    ///     text: String,
    /// }
    ///
    /// # #[component]
    /// # fn Job() -> impl IntoView {
    /// let steps = RwSignal::new(Vec::new());
    /// let is_done = RwSignal::new(false);
    /// let options = UseEventSourceOptions::default()
    ///     .events(["step", "done"])
    ///     .on_decoded::<Step, JsonSerdeCodec>("step", move |step| {
    ///         if let Ok(step) = step {
    ///             steps.update(|steps| steps.push(step));
    ///         }
    ///     })
    ///     .on_event(move |message| is_done.set(message.event_type == "done"));
    /// // The stream is closed when the job is done: an empty URL means no stream.
    /// let url = move || if is_done.get() { "" } else { "/jobs/7" }.to_owned();
    /// use_event_source(url, options);
    /// view! {
    ///     <For each=move || steps.get() key=|step| step.n let:step>
    ///         <p>{step.text}</p>
    ///     </For>
    /// }
    /// # }
    /// # }
    /// ```
    #[must_use]
    pub fn on_decoded<T, C>(
        self,
        event_type: impl Into<String>,
        on_decoded: impl Fn(Result<T, C::Error>) + 'static,
    ) -> Self
    where
        C: Decoder<T, Encoded = str>,
    {
        let event_type = event_type.into();
        self.on_event(move |message| {
            if message.event_type == event_type {
                on_decoded(C::decode(&message.data));
            }
        })
    }

    /// The last event ID that the first connection sends, to resume an earlier stream. Only `fetch` can
    /// send it. Default: none.
    #[must_use]
    pub fn last_event_id(self, last_event_id: impl Into<String>) -> Self {
        Self {
            last_event_id: last_event_id.into(),
            ..self
        }
    }

    /// The reconnection time in ms, until the stream sets one by its `retry` field. Default: 3,000.
    ///
    /// It is the time from the loss of a stream to the next attempt; after a failed attempt, a backoff
    /// delay is added. While the browser reconnects an `EventSource`, its own time counts instead.
    #[must_use]
    pub fn reconnection_time(mut self, ms: u64) -> Self {
        self.policy.reconnection_time = ms;
        self
    }

    /// Closes the stream for good after `attempts` failed attempts in a row, with
    /// [`Cause::AttemptLimit`](crate::Cause::AttemptLimit). An attempt fails if the stream does not open.
    /// With 0, a lost stream is not requested again. Default: no limit.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.policy.max_attempts = Some(attempts);
        self
    }

    /// Takes a connection for lost if nothing arrives for `ms`, and connects again. The time begins with
    /// the request. Default: no timeout.
    ///
    /// By `fetch` any byte counts, such as a comment that is sent to keep the connection alive. An
    /// `EventSource` exposes only events of the types that are subscribed to, so there only these count.
    /// While the browser itself reconnects, the time does not run.
    #[must_use]
    pub fn idle_timeout(mut self, ms: u32) -> Self {
        self.policy.idle_timeout = Some(ms);
        self
    }

    /// How to receive the stream. Default: by `EventSource`.
    ///
    /// A change, such as a header with a renewed token, connects again with the last event ID; the log
    /// stays. Setting a value that is equal to the current one changes nothing: use
    /// [`restart`](super::UseEventSourceReturn::restart) to send the same request once more.
    #[must_use]
    pub fn via(self, via: impl Into<Signal<Via>>) -> Self {
        Self {
            via: via.into(),
            ..self
        }
    }

    /// Whether to send cookies to another origin. A change connects again, by `fetch` with the last event
    /// ID. Default: no.
    #[must_use]
    pub fn with_credentials(self, with_credentials: impl Into<Signal<bool>>) -> Self {
        Self {
            with_credentials: with_credentials.into(),
            ..self
        }
    }

    /// Whether to connect when mounted, and not only when [`connect`](super::UseEventSourceReturn::connect) is
    /// called. Default: yes.
    #[must_use]
    pub fn immediate(self, immediate: bool) -> Self {
        Self { immediate, ..self }
    }

    /// How many bytes the log keeps at most. Default: [`DEFAULT_BOUND`](crate::DEFAULT_BOUND).
    #[must_use]
    pub fn bound(self, bytes: usize) -> Self {
        Self {
            bound: bytes,
            ..self
        }
    }
}
