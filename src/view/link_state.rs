//! The state of the connection, and what can be done about it.

use leptos::{html, prelude::*};

use super::{controls::Controls, files::member, server_answer::ServerAnswer, watched::Watched};
use crate::{
    clock::now,
    known_types,
    offers::offers,
    session::{By, Cause, Link, Playback, UseEventSourceReturn, attempts_failed},
    source::{Failure, Response, UpstreamEnd},
    text,
};

/// After how long without a response to explain what may be wrong, in ms.
const PATIENCE_MS: f64 = 4_000.0;

// Each sentence fits in two lines of a narrow page.

const GAVE_UP: &str = "The browser gave up and does not report why.";

/// The same, after events with an ID.
const GAVE_UP_ON_RESUMING: &str =
    "The browser gave up. Only fetch can send the last event ID when it connects again.";

const NOBODY: &str = "No response: no server answers there, or the network is down.";

/// Firefox waits for the first byte of the body.
const NO_ANSWER: &str =
    "No response yet: no head (in some browsers no first byte), or all six connections are in use.";

/// The relay has an answer of its own at once.
const NO_ANSWER_TO_RELAY: &str =
    "No response yet: the server has not sent the head of a response to the relay.";

/// The state of the connection, its uptime or countdown, the reason where something is wrong, the response
/// of the server where it is known, and the buttons that the page does not have.
#[component]
pub(crate) fn LinkState() -> impl IntoView {
    let stream = Watched::expect().stream;
    let controls = Controls::get();
    let link = stream.link;
    let is_live = Memo::new(move |_| link.with(Link::is_live));
    let not_waiting = Memo::new(move |_| link.with(|link| !matches!(link, Link::Waiting { .. })));
    let is_capture = Memo::new(move |_| stream.playback.with(|playback| playback.facts.is_some()));
    let is_tap = Memo::new(move |_| stream.playback.with(is_tap));
    let kind = Memo::new(move |_| {
        if is_capture.get() {
            return "capture";
        }
        stream
            .failure
            .with(|failure| link.with(|link| kind(link, failure.as_ref())))
    });
    let name = Memo::new(move |_| {
        if is_capture.get() {
            return if is_tap.get() { "Tap" } else { "Capture" }.to_owned();
        }
        stream
            .failure
            .with(|failure| link.with(|link| name(link, failure.as_ref())))
    });
    let spoken = Memo::new(move |_| {
        if is_capture.get() {
            return if is_tap.get() { "Tap" } else { "Capture" };
        }
        link.with(spoken)
    });

    // The “Try now” button disappears when it is pressed; the focus then moves to the button that connects
    // and disconnects.
    let switch = controls.map_or_else(NodeRef::new, |controls| controls.button);
    let retry = move |_| {
        stream.retry();
        if let Some(switch) = switch.get_untracked() {
            let _ = switch.focus();
        }
    };
    if let Some(controls) = controls {
        controls.stream.set_value(Some(stream));
        Effect::new(move |_| controls.is_live.set(is_live.get()));
    }
    let own_button = controls
        .is_none()
        .then(|| view! { <Switch stream=stream is_live=is_live node_ref=switch /> }.into_any());
    let use_fetch = controls.filter(|_| !stream.via_fetch()).map(|controls| {
        view! {
            <button
                type="button"
                hidden=is_capture
                title="Opens the same address by fetch, which receives all event types, comments, status and headers"
                on:click=move |_| controls.use_fetch.run(())
            >
                "Use fetch"
            </button>
        }
        .into_any()
    });

    // Where fetch gets no response, the relay sees why, and CORS does not matter to it.
    let cannot_relay = Memo::new(move |_| {
        stream.way() != "fetch"
            || is_capture.get()
            || stream
                .failure
                .with(|failure| *failure != Some(Failure::Unreachable))
    });
    let use_relay = controls.filter(|_| offers().relay).map(|controls| {
        view! {
            <button
                type="button"
                hidden=cannot_relay
                title="The server of this page requests the same address: CORS does not apply, and why a connection fails is known"
                on:click=move |_| controls.use_relay.run(())
            >
                "Use relay"
            </button>
        }
        .into_any()
    });

    view! {
        <div class="link">
            <div class="link-state" data-state=kind>
                <span class="lamp" aria-hidden="true"></span>
                <span class="link-name">{name}</span>
                " "
                <Time />
                <button type="button" hidden=not_waiting on:click=retry>
                    "Try now"
                </button>
            </div>
            <p class="unseen" role="status">{spoken}</p>
            <Explanation />
            <ServerAnswer />
            <div class="link-buttons">{use_fetch} {use_relay} {own_button}</div>
        </div>
    }
}

/// The button of a component that is used without the page. One button with two labels, so that it keeps the
/// focus.
#[component]
fn Switch(
    stream: UseEventSourceReturn,
    is_live: Memo<bool>,
    node_ref: NodeRef<html::Button>,
) -> impl IntoView {
    let press = move |_| {
        if is_live.get_untracked() {
            stream.disconnect();
        } else {
            stream.connect();
        }
    };
    view! {
        <button
            type="button"
            class:primary=move || !is_live.get()
            node_ref=node_ref
            on:click=press
        >
            {move || if is_live.get() { "Disconnect" } else { "Connect" }}
        </button>
    }
}

/// Whether the capture is a copy of an exchange of a tap.
fn is_tap(playback: &Playback) -> bool {
    let facts = playback.facts.as_deref().unwrap_or_default();
    member(facts, "way").as_deref() == Some("tap")
}

/// The uptime, or the time until the next attempt.
#[component]
fn Time() -> impl IntoView {
    let watched = Watched::expect();
    let time = Memo::new(move |_| {
        watched
            .stream
            .link
            .with(|link| time(link, || watched.clock.get()))
    });
    view! { <span class="link-time">{time}</span> }
}

/// Why the stream is not open, where there is something to explain.
#[component]
fn Explanation() -> impl IntoView {
    let watched = Watched::expect();
    let stream = watched.stream;
    let connecting_since = Memo::new(move |_| {
        stream
            .link
            .with(|link| matches!(link, Link::Connecting { .. }).then(now))
    });
    let is_late = Memo::new(move |_| {
        connecting_since
            .get()
            .is_some_and(|since| watched.clock.get() - since > PATIENCE_MS)
    });
    let explanation = Memo::new(move |before: Option<&String>| {
        stream.link.with(|link| match link {
            Link::Connecting { .. } if is_late.get() => match stream.way() {
                "relay" => NO_ANSWER_TO_RELAY.to_owned(),
                _ => NO_ANSWER.to_owned(),
            },
            // The reason for the previous failure stays until there is another one: it must not flicker
            // with each attempt.
            Link::Connecting { attempt } if *attempt > 1 => before.cloned().unwrap_or_default(),
            _ => stream.response.with(|response| {
                let probes = stream.probes.read();
                let response = response.as_ref().or_else(|| probes.verdict());
                stream.failure.with(|failure| {
                    explain(
                        link,
                        response,
                        failure.as_ref(),
                        !stream.last_event_id().is_empty(),
                    )
                })
            }),
        })
    });
    let controls = Controls::get();
    let sentence = Memo::new(move |_| {
        let notice = controls.map(|controls| controls.notice.get());
        match (notice, controls) {
            (Some(notice), _) if !notice.is_empty() => notice,
            (_, Some(controls)) if explanation.read().is_empty() && is_partial(stream) => {
                subscription(&controls.asked.read())
            }
            _ => explanation.get(),
        }
    });
    view! {
        <p class="link-explanation" role="status" title=sentence>
            {sentence}
        </p>
    }
}

/// Whether the log may lack events, because an `EventSource` receives only some types.
fn is_partial(stream: UseEventSourceReturn) -> bool {
    !stream.via_fetch()
        && stream.playback.with(|playback| playback.facts.is_none())
        && stream.link.with(|link| *link != Link::Idle)
}

/// What an `EventSource` receives that the page subscribes to `asked` and the known types.
fn subscription(asked: &[String]) -> String {
    let mut sentence = "Subscribed to message".to_owned();
    for name in asked {
        sentence.push_str(&[", ", name].concat());
    }
    format!(
        "{sentence} and {} known types. Others are dropped unseen.",
        known_types::count()
    )
}

/// Why the stream is not open; empty if there is nothing to explain.
fn explain(
    link: &Link,
    response: Option<&Response>,
    failure: Option<&Failure>,
    has_event_id: bool,
) -> String {
    match (link, failure) {
        (Link::Waiting { by: By::Page, .. }, Some(failure)) => match failure {
            Failure::BrowserGaveUp => {
                let why = match response.filter(|response| !response.is_event_stream()) {
                    Some(response) => refusal(response),
                    None if has_event_id => return GAVE_UP_ON_RESUMING.to_owned(),
                    None => return GAVE_UP.to_owned(),
                };
                let lost = "Only fetch can send the last event ID when it connects again.";
                if has_event_id {
                    [&*why, lost].join(" ")
                } else {
                    why
                }
            }
            // That another attempt follows is clear from the state; the room is needed for the reason.
            Failure::Refused { .. }
            | Failure::Unreachable
            | Failure::Upstream {
                end: UpstreamEnd::NoResponse,
                ..
            }
            | Failure::Relay { .. } => reason(response, failure),
            _ => [&*reason(response, failure), "The page tries again."].join(" "),
        },
        // After a refusal the browser would have given up: so no server answers.
        (Link::Waiting { attempt, .. }, _) if *attempt > 1 => NOBODY.to_owned(),
        (Link::Closed { cause }, _) => match cause {
            Cause::User => String::new(),
            Cause::NotRepeated(failure) => {
                let next = "Only a GET is repeated automatically.";
                [&*reason(response, failure), next].join(" ")
            }
            Cause::AttemptLimit { attempts, failure } => {
                [reason(response, failure), attempts_failed(*attempts)].join(" ")
            }
            cause => cause.to_string(),
        },
        _ => String::new(),
    }
}

/// How a connection failed or ended, in a sentence.
fn reason(response: Option<&Response>, failure: &Failure) -> String {
    match (failure, response) {
        (Failure::Refused { .. }, Some(response)) => refusal(response),
        _ => failure.to_string(),
    }
}

/// What is wrong with a response. Its body is shown beside this.
fn refusal(response: &Response) -> String {
    if response.status != 200 {
        return format!("Server answered {}; expected 200.", response.status);
    }
    // The parameters of the content type do not matter.
    let given = response.header("content-type").unwrap_or_default();
    let given = match given.split(';').next().unwrap_or_default().trim() {
        "" => "missing",
        given => given,
    };
    format!("Content type is {given}; expected text/event-stream.")
}

/// How a connection failed or ended, without details.
#[derive(Clone, Copy, PartialEq)]
enum Loss {
    /// The server answered, but not with an event stream.
    Refused,
    /// The server ended the stream, or it was lost without an error.
    EndedOrLost,
    /// The server ended the stream.
    Ended,
    /// The stream was open.
    Lost,
    /// The stream was not open, and no response arrived or none is known.
    NoConnection,
}

impl Loss {
    fn of(failure: Option<&Failure>, was_open: bool) -> Self {
        match failure {
            Some(Failure::Refused { .. } | Failure::NoContent) => Self::Refused,
            Some(Failure::Ended) => Self::EndedOrLost,
            Some(Failure::Upstream {
                end: UpstreamEnd::Ended,
                ..
            }) => Self::Ended,
            _ if was_open => Self::Lost,
            _ => Self::NoConnection,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Refused => "Refused",
            Self::EndedOrLost => "Ended or lost",
            Self::Ended => "Ended",
            Self::Lost => "Lost",
            Self::NoConnection => "No connection",
        }
    }
}

/// The value of `data-state`: for the style.
fn kind(link: &Link, failure: Option<&Failure>) -> &'static str {
    match link {
        Link::Idle => "idle",
        Link::Connecting { .. } => "connecting",
        Link::Open { .. } => "open",
        Link::Waiting { attempt, .. } => match Loss::of(failure, *attempt == 1) {
            Loss::Refused => "refused",
            Loss::Lost => "lost",
            Loss::EndedOrLost | Loss::Ended | Loss::NoConnection => "waiting",
        },
        Link::Closed { cause } => match cause {
            Cause::Url(_) | Cause::Request(_) | Cause::NotRelayed(_) => "refused",
            Cause::NotRepeated(failure) => match failure {
                Failure::Refused { .. } | Failure::Unreachable | Failure::Relay { .. } => "refused",
                Failure::Upstream { end, .. } => match end {
                    UpstreamEnd::NoResponse => "refused",
                    UpstreamEnd::Ended => "closed",
                    UpstreamEnd::BrokeOff => "lost",
                },
                Failure::BrokeOff => "lost",
                _ => "closed",
            },
            Cause::TooFast => "lost",
            _ => "closed",
        },
    }
}

/// What a screen reader announces: the same for all attempts of a series, so that it is announced once.
fn spoken(link: &Link) -> &'static str {
    match link {
        Link::Idle => "",
        Link::Connecting { attempt: 1 } => "Connecting",
        Link::Open { .. } => "Open",
        Link::Connecting { .. } | Link::Waiting { .. } => "No connection, trying again",
        Link::Closed {
            cause: Cause::Url(_) | Cause::Request(_) | Cause::NotRelayed(_),
        } => "Cannot connect",
        Link::Closed { .. } => "Closed",
    }
}

/// The state, which is shown before the time.
fn name(link: &Link, failure: Option<&Failure>) -> String {
    match link {
        Link::Idle => "Not connected".to_owned(),
        Link::Connecting { attempt } if *attempt > 1 => format!("Connecting, attempt {attempt}"),
        Link::Waiting { attempt, by, .. } => {
            let state = Loss::of(failure, *attempt == 1).name();
            match by {
                By::Browser => format!("{state}. The browser retries"),
                By::Page => format!("{state}. Attempt {attempt}"),
            }
        }
        _ => spoken(link).to_owned(),
    }
}

/// The uptime or the countdown. `now` is called only if there is one.
fn time(link: &Link, now: impl Fn() -> f64) -> String {
    match link {
        Link::Open { since } => text::uptime(now() - since),
        Link::Waiting {
            until: Some(until), ..
        } => {
            format!(
                "in {} s",
                ((until - now()) / 1_000.0).ceil().max(0.0) as u32
            )
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(time(&link, || now), expected);
        }
    }

    #[test]
    fn a_wait_of_the_browser_has_no_countdown() {
        let link = Link::Waiting {
            attempt: 2,
            until: None,
            by: By::Browser,
        };
        assert_eq!(time(&link, || 0.0), "");
    }

    fn upstream(end: UpstreamEnd, text: &str) -> Failure {
        let text = text.to_owned();
        Failure::Upstream { end, text }
    }

    #[test]
    fn a_failure_is_explained_as_far_as_it_is_known() {
        let waiting = Link::Waiting {
            attempt: 1,
            until: Some(1.0),
            by: By::Page,
        };
        let response = |status: u16, content_type: &str| Response {
            status,
            status_text: "Any".to_owned(),
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            after: 12.54,
            redirected_to: None,
            excerpt: String::new(),
        };
        let stream = || Some(response(200, "text/event-stream"));
        let refused = Failure::Refused { retry_after: None };
        let ended = upstream(UpstreamEnd::Ended, "The server ended the response.");
        let unknown = upstream(UpstreamEnd::NoResponse, "The name a was not found.");
        let relay = Failure::Relay {
            is_final: false,
            text: "It does not answer.".to_owned(),
        };
        for (response, failure, has_event_id, expected) in [
            (None, &unknown, false, "The name a was not found."),
            (
                None,
                &relay,
                false,
                "The relay of this page’s server: It does not answer.",
            ),
            (
                stream(),
                &ended,
                true,
                "The server ended the response. The page tries again.",
            ),
            (
                None,
                &Failure::BrowserGaveUp,
                false,
                "The browser gave up and does not report why.",
            ),
            (
                None,
                &Failure::BrowserGaveUp,
                true,
                "The browser gave up. Only fetch can send the last event ID",
            ),
            // A probe was answered.
            (
                Some(response(503, "text/html")),
                &Failure::BrowserGaveUp,
                false,
                "Server answered 503; expected 200.",
            ),
            (
                None,
                &Failure::Unreachable,
                true,
                "No response: no server answers there",
            ),
            (
                Some(response(500, "text/html")),
                &refused,
                true,
                "Server answered 500; expected 200.",
            ),
            (
                Some(response(200, "text/html; charset=utf-8")),
                &refused,
                true,
                "Content type is text/html; expected text/event-stream.",
            ),
            (
                Some(response(200, "")),
                &refused,
                true,
                "Content type is missing; expected text/event-stream.",
            ),
            (
                stream(),
                &Failure::Ended,
                true,
                "The stream ended or broke off. The page tries again.",
            ),
            (
                stream(),
                &Failure::BrokeOff,
                true,
                "The connection broke off",
            ),
        ] {
            let sentence = explain(&waiting, response.as_ref(), Some(failure), has_event_id);
            assert!(sentence.starts_with(expected), "{sentence}");
        }
    }

    #[test]
    fn whatever_the_last_failure_the_sentence_has_the_reason_why_no_attempt_follows() {
        let refused = Failure::Refused { retry_after: None };
        let response = Response {
            status: 500,
            status_text: String::new(),
            headers: Vec::new(),
            after: 1.0,
            redirected_to: None,
            excerpt: String::new(),
        };
        let closed = |cause: Cause| explain(&Link::Closed { cause }, Some(&response), None, false);
        for (failure, reason) in [
            (refused, "Server answered 500; expected 200."),
            (
                Failure::Unreachable,
                "No response: no server answers there, the network is down, or CORS hides the response.",
            ),
            (
                Failure::BrowserGaveUp,
                "The browser gave up and does not report why.",
            ),
            (
                Failure::BrowserRetries,
                "The connection was lost or could not be made.",
            ),
            (Failure::Ended, "The stream ended or broke off."),
        ] {
            assert_eq!(
                closed(Cause::AttemptLimit {
                    attempts: 3,
                    failure: failure.clone()
                }),
                format!("{reason} 3 attempts failed in a row; no further one follows.")
            );
            assert_eq!(
                closed(Cause::NotRepeated(failure)),
                format!("{reason} Only a GET is repeated automatically.")
            );
        }
    }

    #[test]
    fn the_subscription_names_what_was_asked_and_counts_the_rest() {
        let asked = ["a".to_owned(), "b c".to_owned()];
        let sentence = subscription(&asked);
        assert!(sentence.contains("message, a, b c and "), "{sentence}");
        assert!(
            sentence.ends_with(" known types. Others are dropped unseen."),
            "{sentence}"
        );
    }

    #[test]
    fn waiting_lost_and_refused_are_different_states() {
        let waiting = |attempt| Link::Waiting {
            attempt,
            until: Some(1.0),
            by: By::Page,
        };
        let refused = Failure::Refused { retry_after: None };
        let ended = upstream(UpstreamEnd::Ended, "");
        let broken = upstream(UpstreamEnd::BrokeOff, "");
        let unknown = upstream(UpstreamEnd::NoResponse, "");
        for (attempt, failure, expected) in [
            (1, &Failure::BrokeOff, ("lost", "Lost. Attempt 1")),
            (1, &Failure::Ended, ("waiting", "Ended or lost. Attempt 1")),
            // Only the relay sees the difference.
            (1, &ended, ("waiting", "Ended. Attempt 1")),
            (1, &broken, ("lost", "Lost. Attempt 1")),
            (2, &unknown, ("waiting", "No connection. Attempt 2")),
            (
                2,
                &Failure::Unreachable,
                ("waiting", "No connection. Attempt 2"),
            ),
            (2, &refused, ("refused", "Refused. Attempt 2")),
            // Perhaps no server answered.
            (
                2,
                &Failure::BrowserGaveUp,
                ("waiting", "No connection. Attempt 2"),
            ),
        ] {
            let link = waiting(attempt);
            let shown = (kind(&link, Some(failure)), &*name(&link, Some(failure)));
            assert_eq!(shown, expected);
        }
        for (failure, expected) in [
            (Failure::Ended, "closed"),
            (Failure::BrokeOff, "lost"),
            (refused.clone(), "refused"),
            (ended, "closed"),
            (broken, "lost"),
            (unknown, "refused"),
        ] {
            let link = Link::Closed {
                cause: Cause::NotRepeated(failure.clone()),
            };
            assert_eq!(kind(&link, Some(&failure)), expected);
        }
    }
}
