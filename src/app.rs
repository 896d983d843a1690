//! The page: everything around one watched stream.

#![allow(
    unreachable_pub,
    reason = "the macro of a component declares public items, whatever its visibility"
)]

use std::cell::Cell;

use leptos::prelude::*;

use crate::{
    address::{self, CONNECT_TIME, is_default_stream},
    request::Request,
    view::{
        EventStream, FiguresBar, FilterBar, Focus, Keys, Labels, Masthead, RequestBar, Timeline,
    },
};

/// The page. It opens the stream in its address, or else the default stream.
#[component]
pub fn App() -> impl IntoView {
    let request = RwSignal::new(address::requested());
    // A separate signal, because the event types can change while the stream is open.
    let events = RwSignal::new(request.get_untracked().event_types());

    // A link can hold a method, headers and a body. They leave the address, so that a reload does not
    // send them again.
    let mut shown = request.get_untracked();
    if shown.parameters(true) != shown.parameters(false) {
        let _ = address::show(&shown);
    }
    // The address follows the form, so that the user can bookmark and share it.
    Effect::new(move |_| {
        let request = Request {
            events: events.get().join(", "),
            ..request.get()
        };
        // A browser may refuse the change if changes are too frequent. The page works without it.
        if request != shown && address::show(&request).is_ok() {
            shown = request;
        }
    });

    provide_context(Focus::default());
    let by_form = Cell::new(false);
    view! {
        <Masthead />
        <main>
            <RequestBar request=request events=events />
            // Each submission of the form starts a stream with a new log, even for the same URL.
            {move || {
                let request = request.get();
                let labels = labels(&request.url);
                // The form never submits a request that cannot be sent.
                let via = request.via().unwrap_or_default();
                // A link sends only a GET by itself. Anything else needs the form or the Connect button.
                let immediate = by_form.replace(true) || request.is_get();
                let Request { url, with_credentials, .. } = request;
                view! {
                    <EventStream url events labels immediate via=Signal::stored(via) with_credentials=Signal::stored(with_credentials)>
                        <Instruments />
                    </EventStream>
                }
            }}
        </main>
    }
}

/// The parts of the page between the state of the connection and the log.
#[component]
fn Instruments() -> impl IntoView {
    view! {
        <FiguresBar />
        <Timeline />
        <FilterBar />
        <Keys />
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
