//! The request and the response of the chosen exchange.

use std::sync::Arc;

use leptos::prelude::*;

use super::{
    super::detail::CopyButton,
    ledger::Ledger,
    taps::{Taps, is_empty, path, words},
};
use crate::{
    source::ask,
    tap::{Details, Exchange, Lag, Request, Response, Secrets},
    text,
};

/// How often the details of an exchange that goes on are read anew, in ms.
const PACE_MS: f64 = 2_000.0;

/// The details of the chosen exchange: its times, its request beside its response, and the connections of its
/// client.
#[component]
pub(super) fn Shown(
    taps: Taps,
    /// The chosen exchange.
    exchange: Memo<Option<Arc<Exchange>>>,
) -> impl IntoView {
    let answered = RwSignal::<(u64, Answer)>::new((0, Err(String::new())));
    let is_of_chosen = move || taps.chosen.get() == Some(answered.read().0);
    let problem = Memo::new(move |_| {
        let problem = answered.read().1.as_ref().err().cloned();
        problem.filter(|_| is_of_chosen()).unwrap_or_default()
    });
    // They are read when the exchange reaches another state, and from time to time while it or a later
    // connection of its client goes on.
    let version = Memo::new(move |_| {
        let exchange = exchange.read();
        let exchange = exchange.as_deref();
        let latest = exchange.and_then(|exchange| taps.list.read().latest_of_client(exchange));
        let Some((exchange, latest)) = exchange.zip(latest) else {
            return String::new();
        };
        let goes_on = !exchange.is_over() || !latest.is_over();
        let turn = if goes_on {
            taps.clock.get() / PACE_MS
        } else {
            0.0
        };
        let status = exchange.status.unwrap_or_default();
        let numbers = [exchange.id, latest.id, status.into(), turn as u64];
        let numbers = numbers.map(|number| number.to_string()).join(" ");
        [&*numbers, exchange.state.name(), latest.state.name()].join(" ")
    });
    let receive = Callback::new(move |(id, answer): (u64, Answer)| {
        // The component may be gone by now. What was read before is better than why it is not read again.
        let _ = answered.try_update(|answered| {
            if answer.is_ok() || answered.0 != id {
                *answered = (id, answer);
            }
        });
    });
    Effect::new(move |_| {
        // A memo that is only tracked never notifies.
        version.get();
        if let Some(id) = taps.chosen.get_untracked() {
            request_details(id, receive);
        }
    });

    // The exchange whose keys are shown.
    let revealed = RwSignal::new(None::<u64>);
    let is_revealed = Memo::new(move |_| {
        taps.chosen
            .get()
            .is_some_and(|id| revealed.get() == Some(id))
    });
    let secrets = move || match is_revealed.get() {
        true => Secrets::Shown,
        false => Secrets::Hidden,
    };
    let shown = move |format: fn(&Details, Secrets) -> String| {
        Memo::new(move |_| {
            let answered = answered.read();
            let details = answered.1.as_ref().ok().filter(|_| is_of_chosen());
            details.map_or_else(String::new, |details| format(details, secrets()))
        })
    };
    let fact = move |format: fn(&Exchange) -> String| {
        Memo::new(move |_| exchange.read().as_deref().map_or_else(String::new, format))
    };
    let ledger = Memo::new(move |_| {
        let answered = answered.read();
        let details = answered.1.as_ref().ok().filter(|_| is_of_chosen());
        details
            .map(|details| details.ledger.clone())
            .unwrap_or_default()
    });
    let curl = move |()| {
        let exchange = exchange.read_untracked();
        let list = taps.list.read_untracked();
        let tap = exchange
            .as_deref()
            .and_then(|exchange| list.tap(&exchange.tap));
        let answered = answered.read_untracked();
        let command = tap
            .zip(answered.1.as_ref().ok())
            .and_then(|(tap, details)| {
                let origin = ["http://", &tap.listen].concat();
                details.request.curl(&origin, untrack(secrets))
            });
        command.unwrap_or_default()
    };
    let no_curl = Memo::new(move |_| {
        let answered = answered.read();
        !answered
            .1
            .as_ref()
            .is_ok_and(|details| details.request.is_whole())
    });
    view! {
        <div class="tap-details">
            <div class="tap-tools">
                <button
                    type="button"
                    class="quiet"
                    title="Shows what is hidden because it looks like a key"
                    aria-pressed=words(is_revealed)
                    on:click=move |_| {
                        let chosen = taps.chosen.get_untracked();
                        revealed.set(chosen.filter(|_| !is_revealed.get_untracked()));
                    }
                >
                    "Show keys"
                </button>
                <CopyButton
                    label="Copy as curl"
                    hidden=no_curl
                    text=Callback::new(curl)
                />
            </div>
            <p class="problem" role="status" hidden=is_empty(problem)>{problem}</p>
            <dl>
                <Fact label="Client" text=fact(|exchange| exchange.client.clone()) />
                <Fact label="Upstream took" text=shown(|details, _| part(details, |response| response.phases.text())) />
                <Fact label="Until the client had it" text=fact(|exchange| lag(&exchange.lag)) />
                <Fact label="Copy" text=fact(copy) />
            </dl>
            <div class="tap-pair">
                <Text label="Request" text=shown(|details, secrets| details.request.head(secrets)) />
                <Text label="Response" text=shown(|details, secrets| part(details, |response| response.head(secrets))) />
                <Text label="Request body" text=shown(|details, secrets| body(&details.request, secrets)) />
                <Text label="Response body" text=shown(Details::answer) />
            </div>
            <Ledger connections=ledger chosen=taps.chosen />
        </div>
    }
}

/// The details, or why they are not known.
type Answer = Result<Details, String>;

/// Has `receive` called with the number of an exchange and its details.
fn request_details(id: u64, receive: Callback<(u64, Answer)>) {
    let read = move |answer: Result<String, String>| match answer.map(|data| Details::read(&data)) {
        Ok(Some((exchange, mut details))) if exchange.has_short_answer() => {
            let read = move |capture: Result<String, String>| {
                details.read_answer(&capture.unwrap_or_default());
                receive.run((id, Ok(details)));
            };
            ask(&path(id, "/capture"), false, Box::new(read));
        }
        Ok(Some((_, details))) => receive.run((id, Ok(details))),
        Ok(None) => {
            let problem = "The server has no details of this exchange.";
            receive.run((id, Err(problem.to_owned())));
        }
        Err(problem) => receive.run((id, Err(problem))),
    };
    ask(&path(id, ""), false, Box::new(read));
}

/// A fact with its label. Hidden while there is none.
#[component]
fn Fact(label: &'static str, text: Memo<String>) -> impl IntoView {
    view! {
        <div hidden=is_empty(text)>
            <dt>{label}</dt>
            <dd>{text}</dd>
        </div>
    }
}

/// A text with its title. Hidden while there is none.
#[component]
fn Text(label: &'static str, text: Memo<String>) -> impl IntoView {
    view! {
        <div hidden=is_empty(text)>
            <h4>{label}</h4>
            <pre tabindex="0" role="region" aria-label=label>{text}</pre>
        </div>
    }
}

/// A text about the response, if there is one.
fn part(details: &Details, format: impl Fn(&Response) -> String) -> String {
    details.response.as_ref().map_or_else(String::new, format)
}

/// The body, and what is missing of it.
fn body(request: &Request, secrets: Secrets) -> String {
    let missing = request.missing();
    let separator = if missing.is_empty() { "" } else { "\n\n" };
    [&*request.body(secrets), separator, &missing].concat()
}

/// From the read of the upstream to the moment when the client had taken the bytes.
fn lag(lag: &Lag) -> String {
    let mut text = lag.figures.map_or_else(String::new, |figures| {
        let [median, p99, max] = figures.map(text::duration);
        format!("median {median}, p99 {p99}, max {max}")
    });
    if lag.waiting > 0 {
        let separator = if text.is_empty() { "" } else { "; " };
        text.push_str(&[separator, &text::bytes(lag.waiting), " not taken yet"].concat());
    }
    text
}

/// What was dropped of the copy.
fn copy(exchange: &Exchange) -> String {
    match exchange.gone {
        0 => String::new(),
        gone => [&*text::bytes(gone), " dropped, the oldest first"].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lag_has_its_figures_and_what_the_client_has_not_taken() {
        let figures = Some([0.04, 0.2, 1.2]);
        for (figures, waiting, expected) in [
            (None, 0, ""),
            (figures, 0, "median 40 µs, p99 200 µs, max 1.20 ms"),
            (
                figures,
                7,
                "median 40 µs, p99 200 µs, max 1.20 ms; 7 B not taken yet",
            ),
            (None, 1_250, "1.25 kB not taken yet"),
        ] {
            assert_eq!(lag(&Lag { figures, waiting }), expected);
        }
    }
}
