//! The answer of a model, as the events of the stream say it.

mod facts;
mod items;
mod reading;
mod section;
mod selection;

use leptos::{ev, html, prelude::*};

use super::{
    grip::{Axis, Grip, Size},
    part::{Part, part},
    watched::Watched,
    window::{RowKey, Rows},
};
use crate::lens::is_answer;

use facts::Facts;
use items::Items;
use reading::Reading;
use section::Section;

/// The button that opens the answer. It has its place from the beginning, and is seen once the shape of an event is
/// recognised.
#[component]
pub(super) fn AnswerButton() -> impl IntoView {
    let watched = Watched::expect();
    let is_there = RwSignal::new(false);
    let recognition = Callback::new(move |()| recognition::call(is_there));
    view! {
        <Part needed=Signal::stored(false) ahead=true load=recognition::load view=recognition />
        <button
            type="button"
            data-do="answer"
            style:visibility=move || if is_there.get() { "visible" } else { "hidden" }
            aria-pressed=move || if watched.answer.get() { "true" } else { "false" }
            title="Shows the model's answer that the events are pieces of"
            on:click=move |_| watched.answer.update(|open| *open = !*open)
        >
            "Answer"
        </button>
    }
}

part! {
    reading: fn recognition(is_there: RwSignal<bool>) -> AnyView { view! { <Recognition is_there /> }.into_any() }
}

/// Sets `is_there` while the log has an event of a shape that is recognised.
#[component]
fn Recognition(is_there: RwSignal<bool>) -> impl IntoView {
    let entries = Watched::expect().stream.entries;
    Effect::new(move |_| {
        let was_there = is_there.get_untracked();
        let is_now = entries
            .with(|journal| (was_there && journal.figures().events > 0) || is_answer(journal));
        if is_now != was_there {
            is_there.set(is_now);
        }
    });
}

/// [`Answer`], once it is opened.
#[component]
pub(crate) fn AnswerPane() -> impl IntoView {
    let watched = Watched::expect();
    let view = Callback::new(move |()| answer_view::call());
    let needed = Signal::derive(move || watched.answer.get());
    view! { <Part needed load=answer_view::load view /> }
}

part! {
    answer: fn answer_view() -> AnyView { view! { <Answer /> }.into_any() }
}

/// How near the end the text must be for the pane to stay at the end, in px.
const NEAR: i32 = 24;

/// The answers in the log, one at a time, as they grow.
#[component]
fn Answer() -> impl IntoView {
    let watched = Watched::expect();
    let reading = Reading::new(watched);
    let facts = Memo::new(move |_| Facts::of(reading, watched));
    let body = NodeRef::<html::Div>::new();
    selection::follow(reading, body);

    let sections = Signal::derive(move || {
        let parts = reading.answer(|answer, of| {
            let key = |number| RowKey {
                of,
                number,
                ..RowKey::default()
            };
            (0..answer.parts.len()).map(key).collect()
        });
        parts.unwrap_or_default()
    });
    let section = Callback::new(move |RowKey { of, number, .. }: RowKey| {
        view! { <Section reading of part=number /> }.into_any()
    });

    // The pane stays at the end of an answer that grows, unless the reader scrolls up.
    let follows = StoredValue::new(false);
    let is_growing = Memo::new(move |_| facts.with(|facts| facts.is_growing));
    Effect::new(move |_| follows.set_value(is_growing.get()));
    Effect::new(move |_| {
        reading.lens.track();
        let scroller = body.get().filter(|_| follows.get_value());
        request_animation_frame(move || {
            if let Some(scroller) = scroller {
                scroller.set_scroll_top(scroller.scroll_height());
            }
        });
    });
    let on_scroll = move |_| {
        if let Some(body) = body.get_untracked() {
            let rest = body.scroll_height() - body.scroll_top() - body.client_height();
            follows.set_value(rest < NEAR);
        }
    };

    let close = move || {
        watched.answer.set(false);
        watched.focus_log();
    };
    let on_keydown = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" && !event.default_prevented() {
            event.prevent_default();
            event.stop_propagation();
            close();
        }
    };
    let is_closed = Memo::new(move |_| !watched.answer.get());
    let (width, height) = (
        Size::remembered("detail-width", Axis::X),
        Size::remembered("detail-height", Axis::Y),
    );
    let resized = Signal::derive(move || is_closed.track());
    let no_row = Memo::new(move |_| watched.selected.get().is_none());
    let is_first = Memo::new(move |_| facts.with(|facts| facts.place == 0));
    let is_last = Memo::new(move |_| facts.with(|facts| facts.place + 1 >= facts.count));
    let is_only = Memo::new(move |_| facts.with(|facts| facts.count <= 1));
    let lines = Memo::new(move |_| match watched.marked.with(Vec::len) {
        0 => String::new(),
        1 => "The selected text is of 1 event, which is marked in the log.".to_owned(),
        several => format!(
            "The selected text is of {several} events, which are marked in the log. New text is shown when nothing is selected."
        ),
    });

    view! {
        <aside
            class="detail answer"
            aria-label="Answer"
            hidden=is_closed
            style=("--detail-width", move || width.css())
            style=("--detail-height", move || height.css())
            on:keydown=on_keydown
        >
            <Grip label="Width of the answer" size=width resized />
            <Grip label="Height of the answer" size=height resized />
            <div class="detail-head">
                <h2>{move || facts.with(|facts| facts.title.clone())}</h2>
                <button
                    type="button"
                    class="quiet"
                    aria-label="Earlier answer"
                    hidden=is_only
                    disabled=is_first
                    on:click=move |_| reading.choose(facts.with_untracked(|facts| facts.place.checked_sub(1)))
                >
                    "‹"
                </button>
                <button
                    type="button"
                    class="quiet"
                    aria-label="Later answer"
                    hidden=is_only
                    disabled=is_last
                    on:click=move |_| reading.choose(facts.with_untracked(|facts| Some(facts.place + 1)))
                >
                    "›"
                </button>
                <button
                    type="button"
                    class="quiet"
                    title="Shows the selected row in full in place of the answer"
                    hidden=no_row
                    on:click=move |_| watched.answer.set(false)
                >
                    "Detail"
                </button>
                <button type="button" class="quiet" title="Esc" on:click=move |_| close()>
                    "Close"
                </button>
            </div>
            <p
                class="answer-state"
                role="status"
                data-state=move || facts.with(|facts| facts.state)
            >
                {move || facts.with(|facts| facts.sentence.clone())}
            </p>
            <div
                class="answer-body"
                role="region"
                tabindex="0"
                aria-label="Text of the answer"
                node_ref=body
                on:scroll=on_scroll
            >
                <Rows keys=sections row=section />
            </div>
            <p class="detail-note" role="status">{lines}</p>
            <div class="answer-figures">
                <dl>
                    <Items items=Signal::derive(move || facts.with(|facts| facts.figures.clone())) />
                </dl>
                <dl class="answer-notes">
                    <Items items=Signal::derive(move || facts.with(|facts| facts.notes.clone())) />
                </dl>
            </div>
        </aside>
    }
}
