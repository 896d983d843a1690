//! Where the connection stands, and what can be done about it.

use gloo_timers::callback::Interval;
use leptos::{html, prelude::*};

use crate::session::{By, Cause, Link, UseEventSourceReturn, now};

/// How often the times on show are read, in ms. They change once a second; reading them more often
/// keeps a second from being skipped.
const TICK_MS: u32 = 250;

/// After how long without an answer to say what may be wrong, in ms.
const PATIENCE_MS: f64 = 4_000.0;

const GAVE_UP: &str = "The browser gave up on this stream, and does not tell a page why. Usual reasons: the status \
     is not 200; the content type is not text/event-stream; the stream is on another origin, which \
     does not allow this page to read it (CORS).";

const NO_ANSWER: &str = "No answer yet. The server may be holding it back, or the browser the request: it opens at \
     most six connections to an HTTP/1.1 server, over all its tabs.";

/// The state of the link, its uptime or countdown, the reason where something is wrong, and the
/// buttons.
#[component]
pub(super) fn LinkState(stream: UseEventSourceReturn) -> impl IntoView {
    let link = stream.link;
    let clock = RwSignal::new(now());
    let _interval = StoredValue::new_local(Interval::new(TICK_MS, move || clock.set(now())));
    // Only the text changes once a second; the rest stands still.
    let time = Memo::new(move |_| link.with(|link| time(link, clock.get().max(now()))));
    let since = Memo::new(move |_| {
        link.track();
        now()
    });
    let explanation = Memo::new(move |shown: Option<&String>| {
        link.with(|link| match link {
            Link::Waiting { by: By::Page, .. } => GAVE_UP.to_owned(),
            Link::Closed {
                cause: Cause::Url(error),
            } => error.to_string(),
            Link::Connecting { .. } if clock.get() - since.get() > PATIENCE_MS => {
                NO_ANSWER.to_owned()
            }
            // It still explains, and must not come and go with each attempt.
            Link::Connecting { attempt: 2.. } => shown.cloned().unwrap_or_default(),
            _ => String::new(),
        })
    });
    let name = Memo::new(move |_| link.with(name));
    let spoken = Memo::new(move |_| link.with(spoken));
    let is_live = Memo::new(move |_| link.with(Link::is_live));
    let is_waiting = Memo::new(move |_| link.with(|link| matches!(link, Link::Waiting { .. })));
    // One button with two faces, so that it keeps the focus.
    let button = NodeRef::<html::Button>::new();
    let switch = move |_| {
        if is_live.get_untracked() {
            stream.disconnect()
        } else {
            stream.connect()
        }
    };
    let retry = move |_| {
        stream.retry();
        // The button that was pressed goes away.
        if let Some(button) = button.get_untracked() {
            let _ = button.focus();
        }
    };

    view! {
        <div class="link">
            <p class="link-state" data-state=move || link.with(kind)>
                <span class="lamp" aria-hidden="true"></span>
                <span class="link-name">{name}</span>
                " "
                <span class="link-time">{time}</span>
            </p>
            <p class="unseen" role="status">{spoken}</p>
            <div class="link-buttons">
                <Show when=move || is_waiting.get()>
                    <button type="button" on:click=retry>"Try now"</button>
                </Show>
                <button
                    type="button"
                    class:primary=move || !is_live.get()
                    node_ref=button
                    on:click=switch
                >
                    {move || if is_live.get() { "Disconnect" } else { "Connect" }}
                </button>
            </div>
            <Show when=move || explanation.with(|text| !text.is_empty())>
                <p class="link-explanation" role="status">{explanation}</p>
            </Show>
        </div>
    }
}

/// For the style.
fn kind(link: &Link) -> &'static str {
    match link {
        Link::Idle => "idle",
        Link::Connecting { .. } => "connecting",
        Link::Open { .. } => "open",
        Link::Waiting { .. } => "waiting",
        Link::Closed { cause: Cause::User } => "closed",
        Link::Closed {
            cause: Cause::Url(_),
        } => "refused",
    }
}

/// What a screen reader says: the same for all attempts of a series, so that it is said once.
fn spoken(link: &Link) -> &'static str {
    match link {
        Link::Idle => "",
        Link::Connecting { attempt: 1 } => "Connecting",
        Link::Open { .. } => "Open",
        Link::Connecting { .. } | Link::Waiting { .. } => "No connection, trying again",
        Link::Closed { cause: Cause::User } => "Closed",
        Link::Closed {
            cause: Cause::Url(_),
        } => "Cannot connect",
    }
}

/// What is shown beside the time.
fn name(link: &Link) -> String {
    match link {
        Link::Idle => "Not connected".to_owned(),
        Link::Connecting { attempt: 1 } => "Connecting".to_owned(),
        Link::Connecting { attempt } => format!("Connecting, attempt {attempt}"),
        Link::Open { .. } => "Open".to_owned(),
        Link::Waiting {
            attempt,
            by: By::Browser,
            ..
        } => {
            format!("Lost. The browser tries again by itself, attempt {attempt}")
        }
        Link::Waiting {
            attempt,
            by: By::Page,
            ..
        } => format!("Waiting for attempt {attempt}"),
        Link::Closed { cause: Cause::User } => "Closed".to_owned(),
        Link::Closed {
            cause: Cause::Url(_),
        } => "Cannot connect".to_owned(),
    }
}

/// The uptime or the countdown at `now`.
fn time(link: &Link, now: f64) -> String {
    match link {
        Link::Open { since } => uptime(now - since),
        Link::Waiting {
            until: Some(until), ..
        } => {
            format!("in {} s", ((until - now) / 1_000.0).ceil().max(0.0) as u32)
        }
        _ => String::new(),
    }
}

/// `hh:mm:ss`.
fn uptime(ms: f64) -> String {
    let seconds = (ms / 1_000.0).max(0.0) as u64;
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uptime_counts_on_after_a_day() {
        for (ms, expected) in [
            (-5.0, "00:00:00"),
            (999.0, "00:00:00"),
            (1_000.0, "00:00:01"),
            (751_000.0, "00:12:31"),
            (360_000_000.0, "100:00:00"),
        ] {
            assert_eq!(uptime(ms), expected);
        }
    }

    #[test]
    fn a_countdown_shows_whole_seconds_and_ends_at_zero() {
        let link = Link::Waiting {
            attempt: 2,
            until: Some(10_000.0),
            by: By::Page,
        };
        for (now, expected) in [
            (6_500.0, "in 4 s"),
            (9_999.0, "in 1 s"),
            (12_000.0, "in 0 s"),
        ] {
            assert_eq!(time(&link, now), expected);
        }
    }

    #[test]
    fn a_wait_of_the_browser_has_no_countdown() {
        let link = Link::Waiting {
            attempt: 2,
            until: None,
            by: By::Browser,
        };
        assert_eq!(time(&link, 0.0), "");
    }
}
