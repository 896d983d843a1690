//! A row of the log.

use leptos::prelude::*;

use super::{
    marked::{Breaks, marked},
    viewport::ROW,
    watched::Watched,
};
use crate::{
    clock,
    journal::{Dispatch, Kind, Line},
    text,
};

/// How many bytes of an event's data, type or ID a row shows. The detail shows them all.
const SHOWN: usize = 400;

/// How many matches of the filter a row marks at most.
const MARKS: usize = 40;

/// The texts of a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Cells {
    time: String,
    delta: String,
    /// For the style: what the line is about.
    kind: &'static str,
    /// For the style: the colour of the event type, from 0 to 7.
    colour: Option<u16>,
    label: String,
    data: String,
    id: String,
    size: String,
    /// Why a client with an `EventSource` does not receive the line; empty if it does.
    missed: &'static str,
}

/// Where a row is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Place {
    /// The distance from the upper edge of all rows, in px.
    pub(super) y: f64,
    /// The index of the line among those that are shown.
    pub(super) index: u64,
    pub(super) selected: bool,
    /// Whether selected text of the answer is from it.
    pub(super) marked: bool,
}

impl Cells {
    /// The cells of `line`. `before` is the time of the line above. `origin` is the time that times count
    /// from, if they are relative. Both are in ms since the Unix epoch. `listeners` are those of
    /// [`Watched::listeners`].
    pub(super) fn of(
        line: &Line<'_>,
        before: Option<f64>,
        origin: Option<f64>,
        listeners: Option<&[String]>,
        watched: Watched,
    ) -> Self {
        let mut cells = Self {
            time: match origin {
                Some(origin) => text::time_since(line.at() - origin),
                None => clock::time_of_day(line.at()),
            },
            delta: before.map_or(String::new(), |before| {
                ["+", &text::gap(line.at() - before)].concat()
            }),
            colour: line.name().map(|name| name % 8),
            missed: listeners.map_or("", |listeners| missed(line.dispatch(listeners))),
            ..Self::default()
        };
        (cells.kind, cells.data) = match line.kind() {
            Kind::Opened => ("opened", "Connection open ...".to_owned()),
            Kind::Closed => ("closed", "Connection close.".to_owned()),
            Kind::Failed => ("failed", failed(line)),
            Kind::Event => ("event", line.beginning(SHOWN).into_owned()),
            Kind::Comment => ("comment", line.beginning(SHOWN).into_owned()),
            Kind::Retry => ("retry", line.beginning(SHOWN).into_owned()),
            Kind::Note => ("note", line.data().into_owned()),
        };
        if line.kind() == Kind::Event {
            let label = watched.label(&line.event_type());
            text::beginning(&label, SHOWN).clone_into(&mut cells.label);
            text::beginning(&line.last_event_id(), SHOWN).clone_into(&mut cells.id);
            cells.size = text::bytes(line.size() as u64);
            if line.size() > cells.data.len() {
                let more = format!("… ({} bytes in all)", line.size());
                cells.data.push_str(&more);
            }
        } else if line.kind().is_aside() {
            cells.kind.clone_into(&mut cells.label);
        }
        cells
    }
}

/// Why a client with an `EventSource` does not receive a line; empty if it does.
fn missed(dispatch: Dispatch) -> &'static str {
    match dispatch {
        Dispatch::NoListener => "Not received by an EventSource: no listener for this type",
        Dispatch::Nothing => "Not received by an EventSource: not an event",
        Dispatch::Received | Dispatch::Unknown => "",
    }
}

/// Which attempts failed, and why.
pub(super) fn failed(line: &Line<'_>) -> String {
    let attempts = line.failed_attempts();
    let described = attempts.map(|attempts| attempts.describe(&clock::time_of_day));
    ["Connection failed: ", &described.unwrap_or_default()].concat()
}

/// A row of the log. It shows one line for as long as that line is in sight, and then another.
#[component]
pub(super) fn Row(
    /// The ID of the element, by which the log refers to the selected row.
    id: Signal<String>,
    cells: Signal<Cells>,
    place: Signal<Place>,
) -> impl IntoView {
    let watched = Watched::expect();
    let name = |name: &str| marked(name, &[], None, Breaks::Sign);
    let data = move || {
        cells.with(|cells| {
            let matches = watched.highlight.with(|highlight| {
                let found = highlight
                    .as_ref()
                    .map(|find| find.ranges(&cells.data, MARKS));
                found.unwrap_or_default()
            });
            marked(&cells.data, &matches, None, Breaks::Sign)
        })
    };
    let separator = move |cells: &Cells| if cells.label.is_empty() { "" } else { ": " };
    view! {
        <div
            class="row"
            role="row"
            id=id
            style:height=format!("{}px", ROW as i64)
            style:position="absolute"
            // Without a style sheet too, a row is one line, with spaces between its cells.
            style:overflow="hidden"
            style:white-space="pre"
            style:inset="0 0 auto"
            style:transform=move || format!("translateY({}px)", place.with(|place| place.y as i64))
            aria-rowindex=move || place.with(|place| place.index + 2)
            aria-selected=move || if place.with(|place| place.selected) { "true" } else { "false" }
            data-marked=move || place.with(|place| place.marked.then_some("true"))
            data-kind=move || cells.with(|cells| cells.kind)
            data-name=move || cells.with(|cells| cells.colour)
        >
            <time class="time" role="gridcell">{move || cells.with(|cells| cells.time.clone())}</time>
            " "
            <span class="delta" role="gridcell">{move || cells.with(|cells| cells.delta.clone())}</span>
            " "
            <span class="line" role="presentation">
                <b class="label" role="gridcell"><bdi>{move || cells.with(|cells| name(&cells.label))}</bdi></b>
                <span class="separator">{move || cells.with(separator)}</span>
                <span class="data" role="gridcell"><bdi>{move || data()}</bdi></span>
            </span>
            " "
            <span class="id" role="gridcell"><bdi>{move || cells.with(|cells| name(&cells.id))}</bdi></span>
            " "
            <span class="size" role="gridcell">{move || cells.with(|cells| cells.size.clone())}</span>
            <span
                class="missed"
                role="gridcell"
                title=move || cells.with(|cells| cells.missed)
                aria-label=move || cells.with(|cells| cells.missed)
                hidden=move || cells.with(|cells| cells.missed.is_empty())
            >
                "○"
            </span>
        </div>
    }
}
