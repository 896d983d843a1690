//! What the parts of the panel share.

use std::sync::Arc;

use gloo_timers::callback::Interval;
use leptos::{html, prelude::*};
use send_wrapper::SendWrapper;

use crate::{
    clock::now,
    frame::Frame,
    offers::{TOKEN, offers},
    session::{UseEventSourceOptions, UseEventSourceReturn, use_event_source},
    tap::{Exchange, Exchanges},
    via::FetchRequest,
};

/// Where the server lists the exchanges, and has more about each.
const EXCHANGES: &str = "/tap/exchanges";

/// How much of the list is kept as it arrived, in bytes: it is read at once.
const BOUND: usize = 16 << 10;

/// How often durations are shown anew, in ms.
const TICK_MS: u32 = 500;

/// The exchanges of the server's taps, and which of them is chosen. The page provides it as context if its
/// server has taps.
#[derive(Clone, Copy)]
pub(crate) struct Taps {
    /// The exchanges. It notifies once a frame.
    pub(super) list: RwSignal<Exchanges>,
    /// The stream that reports them.
    pub(super) stream: UseEventSourceReturn,
    /// Whether the panel is open.
    pub(in crate::view) is_open: RwSignal<bool>,
    /// The exchange that is shown in place of the stream.
    pub(super) chosen: RwSignal<Option<u64>>,
    /// Why the last command about it failed.
    pub(super) refused: RwSignal<String>,
    /// The stream in whose place it is shown.
    pub(super) player: StoredValue<Option<UseEventSourceReturn>>,
    /// The time, in ms since the Unix epoch, while the panel is open.
    pub(super) clock: RwSignal<f64>,
    ticking: StoredValue<Option<SendWrapper<Interval>>>,
    /// The button that opens the panel.
    pub(in crate::view) button: NodeRef<html::Button>,
    /// The row of the list that the keys or a press moved to.
    pub(super) current: RwSignal<Option<u64>>,
    /// Whether that row has yet to take the focus.
    pub(super) takes_focus: StoredValue<bool>,
}

impl Taps {
    /// Follows the exchanges of the taps, if the server has any.
    pub(crate) fn follow() -> Option<Self> {
        let offers = offers();
        if !offers.tap {
            return None;
        }
        let list = RwSignal::new(Exchanges::default());
        let frame = Frame::new(move || list.notify());
        let request = FetchRequest::default().header(TOKEN, &*offers.token);
        let options = UseEventSourceOptions::default()
            .via(Signal::stored(request.into()))
            .bound(BOUND)
            .on_event(move |message| {
                let mut list = list.write_untracked();
                list.apply(&message.event_type, &message.data);
                frame.request();
            });
        Some(Self {
            list,
            stream: use_event_source(Signal::stored(EXCHANGES.to_owned()), options),
            is_open: RwSignal::new(false),
            chosen: RwSignal::new(None),
            refused: RwSignal::default(),
            player: StoredValue::new(None),
            clock: RwSignal::new(now()),
            ticking: StoredValue::new(None),
            button: NodeRef::new(),
            current: RwSignal::new(None),
            takes_focus: StoredValue::new(false),
        })
    }

    /// The taps, if the page has any.
    pub(in crate::view) fn get() -> Option<Self> {
        use_context()
    }

    /// An exchange, as it is now; the same again if nothing arrived about it.
    pub(super) fn exchange(
        &self,
        id: impl Fn() -> Option<u64> + Send + Sync + 'static,
    ) -> Memo<Option<Arc<Exchange>>> {
        let list = self.list;
        let id = Signal::derive(id);
        Memo::new_with_compare(
            move |_| list.read().get(id.get()?),
            |before, after| {
                let address = |exchange: Option<&Option<Arc<Exchange>>>| {
                    exchange.and_then(Option::as_ref).map(Arc::as_ptr)
                };
                address(before) != address(after)
            },
        )
    }

    /// How many exchanges are not over.
    pub(in crate::view) fn open_count(&self) -> usize {
        self.list.read().open()
    }

    /// Shows an exchange in place of the stream: live if it goes on.
    pub(super) fn choose(&self, id: u64) {
        self.current.set(Some(id));
        self.chosen.set(Some(id));
        self.refused.set(String::new());
        if let Some(stream) = self.player.get_value() {
            stream.follow(&path(id, "/capture"), &name(id));
        }
    }

    /// Opens the panel and moves the focus to its list, if there is something in it.
    pub(in crate::view) fn open(&self) {
        let clock = self.clock;
        let tick = move || clock.set(now());
        tick();
        let ticking = SendWrapper::new(Interval::new(TICK_MS, tick));
        self.ticking.set_value(Some(ticking));
        self.is_open.set(true);
        let rows = self.list.read_untracked().rows(false);
        let current = self
            .current
            .get_untracked()
            .filter(|row| rows.contains(row));
        self.move_to(current.or(rows.first().copied()));
    }

    /// Moves the focus to a row of the list.
    pub(super) fn move_to(&self, row: Option<u64>) {
        self.takes_focus.set_value(true);
        self.current.set(row);
    }

    /// Opens the panel, or closes it.
    pub(in crate::view) fn toggle(&self) {
        if self.is_open.get_untracked() {
            self.close();
        } else {
            self.open();
        }
    }

    /// Closes the panel and moves the focus to the button that opens it.
    pub(super) fn close(&self) {
        self.is_open.set(false);
        self.ticking.set_value(None);
        if let Some(button) = self.button.get_untracked() {
            let _ = button.focus();
        }
    }
}

/// The name of a capture of the exchange `id`.
pub(super) fn name(id: u64) -> String {
    ["tap ", &id.to_string()].concat()
}

/// The path of something about the exchange `id`.
pub(super) fn path(id: u64, what: &str) -> String {
    [EXCHANGES, "/", &id.to_string(), what].concat()
}

// Attributes of the same few types, because each other type of closure costs code.

/// Whether there is no text.
pub(super) fn is_empty(text: Memo<String>) -> Memo<bool> {
    Memo::new(move |_| text.read().is_empty())
}

/// The words for an attribute such as `aria-pressed`.
pub(in crate::view) fn words(is: impl Into<Signal<bool>>) -> Memo<&'static str> {
    fn words(is: Signal<bool>) -> Memo<&'static str> {
        Memo::new(move |_| if is.get() { "true" } else { "false" })
    }
    words(is.into())
}
