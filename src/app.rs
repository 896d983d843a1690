//! The page: everything around one watched stream.

#![allow(
    unreachable_pub,
    reason = "the macro of a component declares public items, whatever its visibility"
)]

use std::mem;

use leptos::{ev, prelude::*};

use crate::{
    address::{self, CONNECT_TIME, Entry, is_default_stream},
    known_types,
    request::{Request, Way},
    session::{UseEventSourceOptions, UseEventSourceReturn},
    source::Failure,
    view::{
        AnswerPane, Controls, EventStream, FiguresBar, FilterBar, Focus, HeldRequest, Keys, Labels,
        Masthead, RequestBar, TapPanel, TapPlayer, Taps, Timeline, Why,
    },
};

/// The page. It opens the stream in its address, or else the default stream.
///
/// Each request that is opened is an entry in the history of the tab. A request that is not a GET is never
/// sent because of an address alone: the page then shows it, and offers to send it.
#[component]
pub fn App() -> impl IntoView {
    let request = RwSignal::new(address::requested());
    // A separate signal, because the event types can change while the stream is open.
    let events = RwSignal::new(request.get_untracked().event_types());
    let held = RwSignal::new(is_held(&request.read_untracked()));
    let lens = RwSignal::new(address::has_lens());
    // Headers and body leave the address, which others may see.
    address::show(&request.read_untracked(), lens.get_untracked(), Entry::Same);
    // Both can change while the stream is open.
    Effect::new(move |before: Option<()>| {
        let shown = Request {
            events: events.get().join(", "),
            ..request.get_untracked()
        };
        let lens = lens.get();
        if before.is_some() {
            address::show(&shown, lens, Entry::Same);
        }
    });

    // Each call opens a stream with a new log, even for the same request, unless only the event types
    // differ.
    let open = Callback::new(move |entered: Request| {
        let current = Request {
            events: entered.events.clone(),
            ..request.get_untracked()
        };
        let is_same = entered == current;
        let entry = if is_same { Entry::Same } else { Entry::New };
        address::show(&entered, lens.get_untracked(), entry);
        let was_held = held.get_untracked();
        held.set(false);
        let types = entered.event_types();
        let has_other_types = events.get_untracked() != types;
        if has_other_types {
            events.set(types);
        }
        if was_held || !is_same || !has_other_types {
            request.set(entered);
        }
    });
    let moved = window_event_listener(ev::popstate, move |_| {
        lens.set(address::has_lens());
        let entered = address::requested();
        let current = Request {
            events: entered.events.clone(),
            ..request.get_untracked()
        };
        // Otherwise only the fragment changed.
        if entered != current {
            events.set(entered.event_types());
            held.set(is_held(&entered));
            request.set(entered);
        }
    });
    on_cleanup(move || moved.remove());

    let stream = StoredValue::new(None::<UseEventSourceReturn>);
    // The ID after which the next stream resumes.
    let resume_after = StoredValue::new(String::new());
    provide_context(Focus::default());
    if let Some(taps) = Taps::follow() {
        provide_context(taps);
    }
    provide_context(Controls {
        stream,
        is_live: RwSignal::new(!held.get_untracked()),
        notice: RwSignal::new(String::new()),
        asked: events,
        lens,
        use_fetch: Callback::new(move |()| {
            if let Some(stream) = stream.get_value()
                && stream.failure.get_untracked() == Some(Failure::BrowserGaveUp)
            {
                resume_after.set_value(stream.last_event_id());
            }
            open.run(Request {
                way: Way::Fetch,
                events: events.get_untracked().join(", "),
                ..request.get_untracked()
            });
        }),
        use_relay: Callback::new(move |()| {
            let entered = Request {
                way: Way::Relay,
                events: events.get_untracked().join(", "),
                ..request.get_untracked()
            };
            if let Some(stream) = stream.get_value() {
                resume_after.set_value(stream.last_event_id());
            }
            if entered.is_get() {
                return open.run(entered);
            }
            // It may have reached the server by fetch already.
            address::show(&entered, lens.get_untracked(), Entry::New);
            held.set(true);
            request.set(entered);
        }),
        button: NodeRef::new(),
    });
    view! {
        <Masthead />
        <main>
            <RequestBar request=request events=events held=held open=open />
            <HeldRequest request=request held=held send=open />
            <TapPanel />
            {move || {
                let request = request.get();
                let labels = labels(&request.url);
                let by_fetch = request.by_fetch();
                // By fetch all types arrive.
                let types = Memo::new(move |_| {
                    if by_fetch { events.get() } else { known_types::with_known(&events.read()) }
                });
                // A request that cannot be sent is held.
                let via = request.via().unwrap_or_default();
                let immediate = !held.get_untracked();
                let last_event_id = resume_after.try_update_value(mem::take).unwrap_or_default();
                let options = UseEventSourceOptions::default().last_event_id(last_event_id);
                let Request { url, with_credentials, .. } = request;
                view! {
                    <EventStream url events=types labels immediate options via=Signal::stored(via) with_credentials=Signal::stored(with_credentials)>
                        <Instruments />
                    </EventStream>
                }
            }}
        </main>
    }
}

/// Whether the page does not open `request` by itself: an address alone sends only a GET, nothing that
/// the browser cannot send as it was asked, and by the relay no headers, because a browser lets no other page
/// send them to any server.
fn is_held(request: &Request) -> bool {
    !request.is_get() || request.relays_headers() || request.via().is_err()
}

/// The parts of the page between the state of the connection and the log.
#[component]
fn Instruments() -> impl IntoView {
    view! {
        <FiguresBar />
        <Why />
        <Timeline />
        <FilterBar />
        <Keys />
        <TapPlayer />
        <AnswerPane />
    }
}

/// The labels of the default stream; none for any other.
fn labels(url: &str) -> Labels {
    if is_default_stream(url) {
        Labels::new([(CONNECT_TIME, "Start time"), ("message", "Ping")])
    } else {
        Labels::default()
    }
}
