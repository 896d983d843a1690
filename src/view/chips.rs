//! The chips: which events are shown, by their types, and whether comments and notes are.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_use::use_throttle_fn;

use super::{
    chosen::{Chosen, hidden},
    filter::Filter,
    marked::{Breaks, marked},
    watched::Watched,
};
use crate::{
    journal::{Journal, has_listener},
    text,
};

/// How many event types have a chip.
const CHIPS: usize = 40;

/// How often the chips count, in ms.
const PACE_MS: f64 = 250.0;

/// How many colours the event types have.
const COLOURS: usize = 8;

/// What the chips count: the lines that are kept, or those of them that a client receives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Counts {
    events: u64,
    /// Comments, reconnection times and notes.
    asides: u64,
    /// The event types that have a chip.
    types: Vec<Type>,
    /// How many more types there are.
    more: usize,
    /// What is not shown, as a sentence.
    hidden: String,
}

/// An event type that has a chip.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Type {
    name: Arc<str>,
    events: u64,
    /// The number of its colour; `None` if the log does not know the type.
    colour: Option<usize>,
}

impl Counts {
    /// The counts of `journal`. If `listeners` are given, only of what a client that listens to these types
    /// receives.
    fn of(journal: &Journal, chosen: &Chosen, listeners: Option<&[String]>) -> Self {
        let (kept, kept_asides) = (journal.kept_events() as u64, journal.asides() as u64);
        let mut counts = match listeners {
            Some(_) => Self {
                asides: journal.kept_too_large() as u64,
                ..Self::default()
            },
            None => Self {
                events: kept,
                asides: kept_asides,
                ..Self::default()
            },
        };
        let mut events_of_chosen = 0;
        for (place, name) in journal.names().iter().enumerate() {
            if let Some(listeners) = listeners {
                if !has_listener(&name.text, listeners) {
                    continue;
                }
                counts.events += name.kept;
            }
            if chosen.has(&name.text) {
                events_of_chosen += name.kept;
            } else if name.received == 0 {
                continue;
            } else if counts.types.len() >= CHIPS {
                counts.more += 1;
                continue;
            }
            counts.types.push(Type {
                name: (*name.text).into(),
                events: name.kept,
                colour: Some(place % COLOURS),
            });
        }
        // A type stays chosen even if the log no longer has it.
        for name in chosen.names() {
            if !counts.types.iter().any(|known| *known.name == **name) {
                counts.types.push(Type {
                    name: (**name).into(),
                    events: 0,
                    colour: None,
                });
            }
        }
        let events = if chosen.is_all() {
            counts.events
        } else {
            events_of_chosen
        };
        let asides = if chosen.has_asides() {
            counts.asides
        } else {
            0
        };
        counts.hidden = hidden(
            kept.saturating_sub(events),
            kept_asides.saturating_sub(asides),
        );
        counts
    }
}

/// The chips: one for all events, one for each type, one for comments and notes.
#[component]
pub(super) fn Chips(
    /// What the chips change.
    filter: Filter,
) -> impl IntoView {
    let watched = Watched::expect();
    let Filter { chosen, .. } = filter;

    // At most four times a second, however often the log changes.
    let changed = Trigger::new();
    let count = use_throttle_fn(move || changed.notify(), PACE_MS);
    Effect::new(move |_| {
        watched.stream.entries.track();
        count();
    });
    let counts = Memo::new(move |_| {
        changed.track();
        let listeners = filter.listeners(watched);
        chosen.with(|chosen| Counts::of(&watched.journal(), chosen, listeners.as_deref()))
    });

    let names = Memo::new(move |_| {
        counts.with(|counts| -> Vec<_> {
            let names = counts.types.iter().map(|known| Arc::clone(&known.name));
            names.collect()
        })
    });
    let more = Memo::new(move |_| match counts.with(|counts| counts.more) {
        0 => String::new(),
        more => [&*text::count(more as u64), " more types"].concat(),
    });
    let has_asides = Memo::new(move |_| {
        counts.with(|counts| counts.asides > 0)
            || filter.listeners(watched).is_none() && chosen.with(|chosen| !chosen.has_asides())
    });
    let hidden = Memo::new(move |_| counts.with(|counts| counts.hidden.clone()));
    let asides_hidden = move || {
        counts.with(|counts| counts.asides > 0) && chosen.with(|chosen| !chosen.has_asides())
    };

    view! {
        <div class="chips" role="group" aria-label="Which lines are shown">
            <Chip
                what="all"
                label=Signal::stored("All".to_owned())
                count=Signal::derive(move || counts.with(|counts| counts.events))
                pressed=Signal::derive(move || chosen.with(Chosen::is_all))
                hides=Signal::stored(false)
                on_press=Callback::new(move |()| filter.choose(Chosen::choose_all))
            />
            {move || {
                let names = names.get().into_iter();
                names.map(|name| view! { <TypeChip name filter counts /> }.into_any()).collect_view()
            }}
            <span class="chips-more" hidden=move || more.with(String::is_empty)>
                {more}
            </span>
            {move || {
                if !has_asides.get() {
                    return ().into_any();
                }
                view! {
                    <Chip
                        what="asides"
                        label=Signal::stored("Comments and notes".to_owned())
                        count=Signal::derive(move || counts.with(|counts| counts.asides))
                        pressed=Signal::derive(move || chosen.with(Chosen::has_asides))
                        hides=Signal::derive(asides_hidden)
                        on_press=Callback::new(move |()| filter.choose(Chosen::toggle_asides))
                    />
                }
                .into_any()
            }}
            <span class="chips-hidden">{hidden}</span>
        </div>
    }
}

/// The chip of an event type, with the colour that the type has in the log.
#[component]
fn TypeChip(name: Arc<str>, filter: Filter, counts: Memo<Counts>) -> impl IntoView {
    let watched = Watched::expect();
    let Filter { chosen, .. } = filter;
    let name = StoredValue::new(name);
    let found = Memo::new(move |_| {
        counts.with(|counts| {
            let mut types = counts.types.iter();
            let found = types.find(|known| name.with_value(|name| known.name == *name));
            found.map_or((0, None), |found| (found.events, found.colour))
        })
    });
    let has = move || name.with_value(|name| chosen.with(|chosen| chosen.has(name)));
    view! {
        <Chip
            what="name"
            label=Signal::derive(move || {
                name.with_value(|name| watched.labels.with(|labels| labels.get(name).to_owned()))
            })
            count=Signal::derive(move || found.get().0)
            pressed=Signal::derive(has)
            hides=Signal::derive(move || !chosen.with(Chosen::is_all) && !has())
            colour=Signal::derive(move || found.get().1)
            on_press=Callback::new(move |()| {
                filter.choose(|chosen| name.with_value(|name| chosen.toggle(name)));
            })
        />
    }
}

/// A chip: the lines that it stands for, how many there are, and whether they are shown.
#[component]
fn Chip(
    /// The value of `data-do`, for tests and the style.
    what: &'static str,
    /// The text on the chip.
    label: Signal<String>,
    /// How many lines the chip stands for.
    count: Signal<u64>,
    /// Whether the chip is pressed.
    pressed: Signal<bool>,
    /// Whether the lines of the chip are hidden.
    hides: Signal<bool>,
    /// The number of the chip's colour.
    #[prop(optional)]
    colour: Option<Signal<Option<usize>>>,
    /// Called when the chip is pressed.
    on_press: Callback<()>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="chip"
            class:hides=move || hides.get()
            data-do=what
            data-name=move || colour.and_then(|colour| colour.get()).map(|colour| colour.to_string())
            aria-pressed=move || if pressed.get() { "true" } else { "false" }
            title=label
            on:click=move |_| on_press.run(())
        >
            <bdi>{move || label.with(|label| marked(label, &[], None, Breaks::Sign))}</bdi>
            " "
            <span class="chip-count">{move || text::count(count.get())}</span>
        </button>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(counts: &Counts) -> Vec<(&str, u64, Option<usize>)> {
        let types = counts.types.iter();
        types
            .map(|known| (&*known.name, known.events, known.colour))
            .collect()
    }

    #[test]
    fn chips_count_the_lines_that_pressing_them_shows() {
        let mut journal = Journal::default();
        let mut chosen = Chosen::all(true);
        journal.opened(0.0);
        journal.receive(
            0.0,
            b"event: a\ndata: 1\n\ndata: 2\n\n: c\n\nevent: a\ndata: 3\n\n",
        );
        let counts = Counts::of(&journal, &chosen, None);
        assert_eq!((counts.events, counts.asides, counts.more), (3, 1, 0));
        assert_eq!(
            counted(&counts),
            [("a", 2, Some(0)), ("message", 1, Some(1))]
        );
        assert_eq!(counts.hidden, "");

        chosen.toggle("message");
        let counts = Counts::of(&journal, &chosen, None);
        assert_eq!(counts.hidden, "2 events, 1 comment or note hidden");
    }

    #[test]
    fn chips_of_a_client_count_what_it_receives_and_the_rest_is_hidden() {
        let mut journal = Journal::default();
        let mut chosen = Chosen::all(true);
        journal.receive(
            0.0,
            b"event: a\ndata: 1\n\ndata: 2\n\n: c\n\nevent: b\ndata: 3\n\nevent: a\n\n",
        );
        let of = |chosen: &Chosen, listeners: &[&str]| {
            let listeners: Vec<_> = listeners.iter().map(|name| (*name).to_owned()).collect();
            Counts::of(&journal, chosen, Some(&listeners))
        };
        let counts = of(&chosen, &[]);
        assert_eq!((counts.events, counts.asides), (1, 0));
        assert_eq!(counted(&counts), [("message", 1, Some(1))]);
        assert_eq!(counts.hidden, "2 events, 2 comments and notes hidden");
        let counts = of(&chosen, &["b"]);
        assert_eq!(
            counted(&counts),
            [("message", 1, Some(1)), ("b", 1, Some(2))]
        );
        assert_eq!(counts.hidden, "1 event, 2 comments and notes hidden");
        // A chosen type that the client does not listen to shows nothing.
        chosen.toggle("a");
        let counts = of(&chosen, &["b"]);
        assert_eq!(counted(&counts)[2], ("a", 0, None));
        assert_eq!(counts.hidden, "3 events, 2 comments and notes hidden");
    }

    #[test]
    fn a_chosen_type_has_a_chip_even_without_events() {
        let mut journal = Journal::default();
        let mut chosen = Chosen::all(true);
        journal.receive(0.0, b"event: a\ndata: 1\n\nevent: b\ndata: 2\n\n");
        journal.clear();
        assert_eq!(counted(&Counts::of(&journal, &chosen, None)), []);
        chosen.toggle("b");
        chosen.toggle("c");
        assert_eq!(
            counted(&Counts::of(&journal, &chosen, None)),
            [("b", 0, Some(1)), ("c", 0, None)]
        );
    }

    #[test]
    fn a_limited_number_of_types_have_chips_and_the_others_are_counted() {
        let mut journal = Journal::default();
        let mut chosen = Chosen::all(true);
        for n in 0..CHIPS + 5 {
            journal.receive(0.0, format!("event: {n}\ndata: x\n\n").as_bytes());
        }
        let counts = Counts::of(&journal, &chosen, None);
        assert_eq!((counts.types.len(), counts.more), (CHIPS, 5));
        chosen.toggle("44");
        let counts = Counts::of(&journal, &chosen, None);
        assert_eq!((counts.types.len(), counts.more), (CHIPS + 1, 4));
        assert_eq!(counted(&counts)[CHIPS], ("44", 1, Some(4)));
    }
}
