//! The options of [`use_event_source`](super::use_event_source), and the types that they take.

use std::rc::Rc;

use leptos::prelude::*;
use sse_wire::Event;

use crate::{journal, request::Via};

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
        }
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
    /// the commands of the stream.
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
        Self {
            on_event: Some(Rc::new(on_event)),
            ..self
        }
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

    /// How to receive the stream. A change connects again. Default: by `EventSource`.
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
