//! The figures of a stream, and its rate over the last minute.

use std::{cell::Cell, rc::Rc};

use leptos::prelude::*;
use web_sys::HtmlElement;

use super::{
    dom::{self, Attribute, Slot},
    watched::Watched,
};
use crate::{clock::now, text};

/// How often figures change at most, in ms: what changes faster cannot be read.
const PACE_MS: f64 = 200.0;

const MARKUP: &str = r#"
<span data-figure="events" title="Events since the log was cleared">–</span>
<span class="rate"><span data-figure="rate" title="Mean of the last five seconds">–</span></span>
<span data-figure="gap" title="Between the last two events; median, 99th percentile and longest">–</span>
<span data-figure="bytes" title="Bytes of the stream">–</span>
<span data-figure="id" title="Last event ID">–</span>
<span data-figure="reconnects">–</span>
<p class="unseen" role="status"></p>"#;

/// How often a screen reader hears of the figures, in ms.
const SPOKEN_MS: f64 = 10_000.0;

pub(crate) fn figures_bar(watched: Watched) -> impl IntoView {
    dom::panel("figures-bar", MARKUP, move |root| {
        let draw = mount(watched, &root);
        watched.on_draw(draw);
    })
}

fn mount(watched: Watched, root: &HtmlElement) -> dom::Draw {
    let figure = |name| Slot::new(root, &format!("[data-figure={name}]"));
    let (events, rate, gap) = (figure("events"), figure("rate"), figure("gap"));
    let (bytes, id, reconnects) = (figure("bytes"), figure("id"), figure("reconnects"));
    let spoken = Slot::new(root, "[role=status]");
    let (drawn, said) = (Cell::new(0.0), Cell::new((now(), 0)));
    let value = Attribute::new(&events.element, "data-value");
    Rc::new(move || {
        let now = now();
        if now - drawn.get() < PACE_MS / 2.0 {
            return;
        }
        drawn.set(now);
        let journal = watched.journal();
        let figures = journal.figures();
        let plural = if figures.events == 1 { "" } else { "s" };
        events.set(&format!("{} event{plural}", text::count(figures.events)));
        value.set(&figures.events.to_string());
        rate.set(&text::rate(figures.rate(now)));
        gap.set(&match (figures.last_gap, figures.max_gap) {
            (Some(last), Some(max)) => {
                let quantile = |part| {
                    figures
                        .gap_quantile(part)
                        .map_or(String::new(), text::duration)
                };
                format!(
                    "gap {}, median {}, p99 {}, max {}",
                    text::duration(last),
                    quantile(0.5),
                    quantile(0.99),
                    text::duration(max)
                )
            }
            _ => "gap –".to_owned(),
        });
        bytes.set(&text::bytes(figures.bytes));
        let last = journal.last_event_id();
        let last = text::beginning(last, 40);
        id.set(&["last id ", if last.is_empty() { "–" } else { last }].concat());
        let again = figures.openings.saturating_sub(1);
        let plural = if again == 1 { "" } else { "s" };
        reconnects.set(&format!("{again} reconnect{plural}"));
        let (at, count) = said.get();
        if now - at > SPOKEN_MS && count != figures.events {
            said.set((now, figures.events));
            spoken.set(&format!("{} events", figures.events));
        }
    })
}
