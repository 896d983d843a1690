//! Where the connection stands, and what can be done about it.

use std::{cell::Cell, rc::Rc};

use leptos::prelude::*;
use web_sys::HtmlElement;

use super::{
    dom::{self, Attribute, Slot},
    watched::Watched,
};
use crate::{
    clock::now,
    session::{By, Cause, Link},
    source::{Answer, Failure},
    text,
};

/// After how long without an answer to say what may be wrong, in ms.
const PATIENCE_MS: f64 = 4_000.0;

const GAVE_UP: &str = "The browser gave up on this stream, and does not tell a page why. Usual reasons: the status \
     is not 200; the content type is not text/event-stream; the stream is on another origin, which \
     does not allow this page to read it (CORS). By fetch the page can tell.";

const UNREACHABLE: &str = "No answer: nothing listens there, the network is down, or the stream is on another origin, \
     which does not allow this page to read it (CORS); a browser does not tell which.";

const NOBODY: &str =
    "No answer: nothing listens there, its name is not known, or the network is down.";

const BROKE_OFF: &str = "The connection broke off in the middle of the response; what the browser had not handed over by \
     then is lost.";

const NO_ANSWER: &str = "No answer yet. The server may be holding it back, or the browser the request: it opens at \
     most six connections to an HTTP/1.1 server, over all its tabs.";

const MARKUP: &str = r#"
<p class="link-state">
  <span class="lamp" aria-hidden="true"></span>
  <span class="link-name"></span> <span class="link-time"></span>
</p>
<p class="unseen" role="status"></p>
<div class="link-buttons">
  <button type="button" data-do="retry" hidden>Try now</button>
  <button type="button" data-do="switch">Connect</button>
</div>
<p class="link-explanation" role="status" hidden></p>
<details class="answer" hidden>
  <summary></summary>
  <pre></pre>
</details>"#;

/// The state of the link, its uptime or countdown, the reason where something is wrong, what the
/// server answered where that is known, and the buttons.
pub(super) fn link_state(watched: Watched) -> impl IntoView {
    dom::panel("link", MARKUP, move |root| {
        watched.on_draw(mount(watched, &root))
    })
}

fn mount(watched: Watched, root: &HtmlElement) -> dom::Draw {
    let stream = watched.stream;
    let slot = |css| Slot::new(root, css);
    let state = Attribute::new(&dom::find(root, ".link-state"), "data-state");
    let (name_slot, time_slot, spoken_slot) =
        (slot(".link-name"), slot(".link-time"), slot(".unseen"));
    let (button, retry) = (slot("[data-do=switch]"), dom::find(root, "[data-do=retry]"));
    let (explanation, answered) = (slot(".link-explanation"), dom::find(root, ".answer"));
    let (summary, headers) = (slot("summary"), slot(".answer pre"));

    let class = Attribute::new(&button.element, "class");
    // One button with two faces, so that it keeps the focus.
    let switch = button.element.clone();
    dom::on_press(root, move |what, _| {
        if what == "retry" {
            stream.retry();
            // The button that was pressed goes away.
            let _ = switch.focus();
        } else if stream.current_link().is_live() {
            stream.disconnect();
        } else {
            stream.connect();
        }
    });

    let connecting_since: Rc<Cell<Option<f64>>> = Rc::default();
    Rc::new(move || {
        let now = now();
        let link = &stream.current_link();
        let answer = stream.current_answer();
        state.set(kind(link));
        name_slot.set(&name(link));
        time_slot.set(&time(link, now));
        spoken_slot.set(spoken(link));
        let is_live = link.is_live();
        button.set(if is_live { "Disconnect" } else { "Connect" });
        class.set(if is_live { "" } else { "primary" });
        dom::show(&retry, matches!(link, Link::Waiting { .. }));

        let since = match link {
            Link::Connecting { .. } => connecting_since.get().unwrap_or(now),
            _ => now,
        };
        connecting_since.set(Some(since));
        let why = match link {
            // It still explains, and must not come and go with each attempt.
            Link::Connecting { attempt } if now - since <= PATIENCE_MS && *attempt > 1 => None,
            Link::Connecting { .. } if now - since <= PATIENCE_MS => Some(String::new()),
            Link::Connecting { .. } => Some(NO_ANSWER.to_owned()),
            _ => {
                let failure = stream.current_failure();
                Some(explain(
                    link,
                    answer.as_ref(),
                    failure.as_ref(),
                    stream.via_fetch(),
                ))
            }
        };
        if let Some(why) = why {
            explanation.set(&why);
            dom::show(&explanation.element, !why.is_empty());
        }
        dom::show(&answered, answer.is_some());
        if let Some(answer) = &answer {
            summary.set(&title(answer));
            headers.set(&head(answer));
        }
    })
}

/// Why the stream is not open; empty if there is nothing to explain.
fn explain(
    link: &Link,
    answer: Option<&Answer>,
    failure: Option<&Failure>,
    via_fetch: bool,
) -> String {
    match link {
        Link::Waiting { by: By::Page, .. } if !via_fetch => GAVE_UP.to_owned(),
        Link::Waiting { by: By::Page, .. } => failed(
            answer,
            failure,
            "It is opened again after its reconnection time.",
        ),
        // If the server had refused, the browser would have given up: so no server answers.
        Link::Waiting { attempt, .. } if *attempt > 1 => NOBODY.to_owned(),
        Link::Closed { cause } => match cause {
            Cause::User => String::new(),
            Cause::Url(error) => error.to_string(),
            Cause::Request(why) => format!("The browser does not send this request: {why}."),
            Cause::NoContent => {
                "The server answered with status 204, which asks clients to stop reconnecting."
                    .to_owned()
            }
            Cause::NotRepeated(failure) => failed(
                answer,
                Some(failure),
                "A request that is not a GET is not repeated automatically.",
            ),
        },
        _ => String::new(),
    }
}

/// How a connection by fetch failed or ended, and what is `next` after a stream.
fn failed(answer: Option<&Answer>, failure: Option<&Failure>, next: &str) -> String {
    match (failure, answer) {
        (Some(Failure::Ended), _) => ["The stream ended. ", next].concat(),
        (Some(Failure::BrokeOff), _) => [BROKE_OFF, " ", next].concat(),
        (_, Some(answer)) if !answer.is_event_stream() => refusal(answer),
        _ => UNREACHABLE.to_owned(),
    }
}

fn refusal(answer: &Answer) -> String {
    if answer.status != 200 {
        let line = answer.excerpt.lines().next().unwrap_or_default();
        let is_text = answer
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("text/plain"));
        return match line {
            // The server's own sentence.
            said if is_text && !said.is_empty() => {
                format!(
                    "The status is {}, and the server says: {said}",
                    answer.status
                )
            }
            _ => format!(
                "The status is {}, and an event stream has 200.",
                answer.status
            ),
        };
    }
    let given = answer.header("content-type").unwrap_or("missing");
    format!("The content type is {given}, and that of an event stream is text/event-stream.")
}

/// `200 OK after 12.5 ms`
fn title(answer: &Answer) -> String {
    format!(
        "{} {} after {}",
        answer.status,
        answer.status_text,
        text::duration(answer.after)
    )
}

fn head(answer: &Answer) -> String {
    let mut head = String::new();
    if let Some(url) = &answer.redirected_to {
        head.push_str(&format!("redirected to {url}\n"));
    }
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\n"));
    }
    if !answer.excerpt.is_empty() {
        head.push_str(&format!("\n{}", answer.excerpt));
    }
    head
}

/// For the style.
fn kind(link: &Link) -> &'static str {
    match link {
        Link::Idle => "idle",
        Link::Connecting { .. } => "connecting",
        Link::Open { .. } => "open",
        Link::Waiting { .. } => "waiting",
        Link::Closed {
            cause: Cause::Url(_) | Cause::Request(_),
        } => "refused",
        Link::Closed { .. } => "closed",
    }
}

/// What a screen reader says: the same for all attempts of a series, so that it is said once.
fn spoken(link: &Link) -> &'static str {
    match link {
        Link::Idle => "",
        Link::Connecting { attempt: 1 } => "Connecting",
        Link::Open { .. } => "Open",
        Link::Connecting { .. } | Link::Waiting { .. } => "No connection, trying again",
        Link::Closed {
            cause: Cause::Url(_) | Cause::Request(_),
        } => "Cannot connect",
        Link::Closed { .. } => "Closed",
    }
}

/// What is shown beside the time.
fn name(link: &Link) -> String {
    match link {
        Link::Idle => "Not connected".to_owned(),
        Link::Connecting { attempt } if *attempt > 1 => format!("Connecting, attempt {attempt}"),
        Link::Waiting {
            attempt,
            by: By::Browser,
            ..
        } => {
            let state = if *attempt == 1 {
                "Lost"
            } else {
                "No connection"
            };
            format!("{state}. The browser tries again by itself, attempt {attempt}")
        }
        Link::Waiting {
            attempt,
            by: By::Page,
            ..
        } => format!("Waiting for attempt {attempt}"),
        _ => spoken(link).to_owned(),
    }
}

/// The uptime or the countdown at `now`.
fn time(link: &Link, now: f64) -> String {
    match link {
        Link::Open { since } => text::uptime(now - since),
        Link::Waiting {
            until: Some(until), ..
        } => {
            format!("in {} s", ((until - now) / 1_000.0).ceil().max(0.0) as u32)
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

    #[test]
    fn a_failure_is_explained_as_far_as_it_is_known() {
        let waiting = Link::Waiting {
            attempt: 1,
            until: Some(1.0),
            by: By::Page,
        };
        let answer = |status: u16, content_type: &str| Answer {
            status,
            status_text: "Any".to_owned(),
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            after: 12.54,
            redirected_to: None,
            excerpt: String::new(),
        };
        let stream = || Some(answer(200, "text/event-stream"));
        let refused = Failure::Refused { retry_after: None };
        for (answer, failure, via_fetch, expected) in [
            (None, &refused, false, "The browser gave up"),
            (
                None,
                &Failure::Unreachable,
                true,
                "No answer: nothing listens there",
            ),
            (
                Some(answer(500, "text/html")),
                &refused,
                true,
                "The status is 500, and an event stream",
            ),
            (
                Some(answer(200, "text/html")),
                &refused,
                true,
                "The content type is text/html, and",
            ),
            (stream(), &Failure::Ended, true, "The stream ended."),
            (
                stream(),
                &Failure::BrokeOff,
                true,
                "The connection broke off",
            ),
        ] {
            let sentence = explain(&waiting, answer.as_ref(), Some(failure), via_fetch);
            assert!(sentence.starts_with(expected), "{sentence}");
        }
    }
}
