//! The panel with the exchanges that pass through the server's taps.
//!
//! | file | contents |
//! | --- | --- |
//! | `mod.rs` | the panel |
//! | `taps.rs` | what its parts share: the exchanges, and which of them is chosen |
//! | `list.rs` | the table of exchanges |
//! | `how_to.rs` | what the table shows while there is no exchange |
//! | `chosen.rs` | the chosen exchange, and what can be done to it |
//! | `details.rs` | its request and its response |
//! | `ledger.rs` | the connections of its client |
//! | `player.rs` | where its response is shown: in place of the stream |

mod chosen;
mod details;
mod how_to;
mod ledger;
mod list;
mod player;
mod taps;

use leptos::{ev, prelude::*};

use self::{chosen::Chosen, how_to::HowTo, list::List, taps::is_empty};
use super::part::{Part, part};
use crate::{
    session::{Cause, Link},
    source::Failure,
    tap::{Exchanges, ROWS},
    text,
};

pub(crate) use player::TapPlayer;
pub(crate) use taps::Taps;
pub(super) use taps::words;

/// The panel, while it is open; nothing if the server has no taps.
#[component]
pub(crate) fn TapPanel() -> impl IntoView {
    Taps::get().map(|taps| {
        let view = Callback::new(move |()| panel::call(taps));
        view! { <Part needed=taps.is_open load=panel::load view /> }
    })
}

part! {
    tap: fn panel(taps: Taps) -> AnyView {
        (move || taps.is_open.get().then(|| view! { <Panel taps=taps /> }.into_any())).into_any()
    }
}

#[component]
fn Panel(taps: Taps) -> impl IntoView {
    let only_streams = RwSignal::new(false);
    let has_some = Memo::new(move |_| taps.list.read().len(false) > 0);
    let counts = Memo::new(move |_| counts(&taps.list.read(), only_streams.get()));
    let problem = Memo::new(move |_| {
        let failure = taps.stream.failure.read();
        taps.stream
            .link
            .with(|link| problem(link, failure.as_ref()))
    });
    let listens = Memo::new(move |_| {
        let list = taps.list.read();
        let each = list
            .taps()
            .iter()
            .map(|tap| [&*tap.name, ": ", &tap.listen, " → ", &tap.url].concat());
        each.collect::<Vec<_>>().join(", ")
    });
    let on_keydown = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" {
            event.prevent_default();
            taps.close();
        }
    };
    view! {
        <section class="tap" id="tap" aria-label="Tap" on:keydown=on_keydown>
            <div class="tap-head">
                <h2>"Tap"</h2>
                <span class="tap-listens" title=listens>{listens}</span>
                <label>
                    <input type="checkbox" name="only-streams" bind:checked=only_streams />
                    " Streams only"
                </label>
                <button type="button" class="quiet" on:click=move |_| taps.close()>
                    "Close"
                </button>
            </div>
            <p class="problem" role="status" hidden=is_empty(problem)>
                {problem}
            </p>
            <div class="tap-list">
                <div hidden=has_some>
                    <HowTo taps=taps />
                </div>
                <List taps=taps only_streams=only_streams />
            </div>
            <p class="tap-counts">{counts}</p>
            <Chosen taps=taps />
        </section>
    }
}

/// How many exchanges there are, and how many of them are not shown.
fn counts(list: &Exchanges, only_streams: bool) -> String {
    let all = list.len(only_streams);
    let what = if only_streams {
        "event stream"
    } else {
        "exchange"
    };
    let s = if all == 1 { "" } else { "s" };
    let mut counts = format!("{} {what}{s}", text::count(all as u64));
    if all > ROWS {
        counts.push_str(&format!(", the newest {ROWS} are listed"));
    }
    if list.gone() > 0 {
        let gone = text::count(list.gone());
        counts.push_str(&format!("; {gone} older dropped for others"));
    }
    counts
}

/// Why the list may not be current; empty if it is.
fn problem(link: &Link, failure: Option<&Failure>) -> String {
    match (link, failure) {
        (Link::Open { .. } | Link::Idle, _) | (Link::Connecting { attempt: 1 }, _) => "",
        // The token of an earlier launch.
        (_, Some(Failure::Refused { .. })) => {
            "The server was started anew: reload this page to see its taps."
        }
        (Link::Closed { cause: Cause::User }, _) => "The list is stopped.",
        _ => {
            "The server of this page does not answer: the list is as it was. The page tries again."
        }
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_listed_is_counted() {
        let mut list = Exchanges::default();
        let mut add = |ids: std::ops::Range<usize>, stream: bool| {
            for id in ids {
                list.apply("exchange", &format!("{{\"id\":{id},\"stream\":{stream}}}"));
            }
        };
        add(0..1, true);
        add(1..250, false);
        assert_eq!(counts(&list, true), "1 event stream");
        assert_eq!(
            counts(&list, false),
            "250 exchanges, the newest 200 are listed"
        );
        list.apply("gone", "{\"ids\":[],\"count\":1200}");
        assert_eq!(
            counts(&list, true),
            "1 event stream; 1\u{2009}200 older dropped for others"
        );
    }

    #[test]
    fn a_list_that_is_not_current_says_so() {
        let waiting = Link::Waiting {
            attempt: 2,
            until: None,
            by: crate::session::By::Page,
        };
        let refused = Failure::Refused { retry_after: None };
        let open = Link::Open { since: 0.0 };
        assert_eq!(problem(&open, None), "");
        assert_eq!(problem(&Link::Connecting { attempt: 1 }, None), "");
        assert!(problem(&waiting, Some(&Failure::Unreachable)).contains("does not answer"));
        let retry = Link::Connecting { attempt: 2 };
        assert!(problem(&retry, Some(&refused)).contains("reload"));
    }
}
