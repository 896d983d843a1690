//! A request that the page was asked for by a link, and that it does not send by itself.

use leptos::prelude::*;

use crate::request::Request;

/// How many characters of a body are shown.
const EXCERPT: usize = 2_000;

/// Shows a request that was not sent, and offers to send it.
#[component]
pub(crate) fn HeldRequest(
    /// The request of the page.
    request: RwSignal<Request>,
    /// Whether it is not sent.
    held: RwSignal<bool>,
    /// Sends a request.
    send: Callback<Request>,
) -> impl IntoView {
    let label = Memo::new(move |_| ["Send ", request.read().method()].concat());
    let sentence = Memo::new(move |_| sentence(&request.read()));
    let text = Memo::new(move |_| shown(&request.read()));
    let cannot = Memo::new(move |_| request.read().via().is_err());
    view! {
        <section class="held" aria-label="Request that was not sent" hidden=move || !held.get()>
            <p role="status">{sentence}</p>
            <pre tabindex="0" aria-label="The request">{text}</pre>
            <button
                type="button"
                class="primary"
                disabled=cannot
                on:click=move |_| send.run(request.get_untracked())
            >
                {label}
            </button>
        </section>
    }
}

/// Why the request was not sent.
fn sentence(request: &Request) -> String {
    match request.via() {
        Err(problem) => problem,
        Ok(_) if request.is_get() => "Nothing was sent. This address asks the relay to send headers, which \
             a browser may not let other pages send. Send them only if you trust the source of this address."
            .to_owned(),
        Ok(_) => [
            "Nothing was sent. This address asks for a ",
            request.method(),
            ", which can change something on the server. Send it only if you trust the source of this \
             address.",
        ]
        .concat(),
    }
}

/// The request as text: method and URL, headers, and the beginning of the body.
fn shown(request: &Request) -> String {
    let mut text = [request.method(), " ", &request.url].concat();
    if request.sends_cookies() {
        text.push_str("\nwith the cookies that the browser sends to this server");
    }
    for (name, value) in request.all_headers() {
        text.push_str(&["\n", name, ": ", value].concat());
    }
    if !request.body.is_empty() {
        text.push_str("\n\n");
        text.extend(request.body.chars().take(EXCERPT));
        if request.body.chars().nth(EXCERPT).is_some() {
            text.push_str(" …");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Way;

    #[test]
    fn all_that_would_be_sent_is_shown_but_only_the_beginning_of_the_body() {
        let request = Request {
            url: "http://h/".to_owned(),
            way: Way::Fetch,
            method: "POST".to_owned(),
            headers: "a: b\naccept: c/d".to_owned(),
            body: "é".repeat(EXCERPT + 1),
            with_credentials: true,
            ..Request::default()
        };
        let text = shown(&request);
        assert!(
            text.starts_with("POST http://h/\nwith the cookies"),
            "{text}"
        );
        assert!(
            text.contains("\na: b\naccept: c/d\ncontent-type: text/plain"),
            "{text}"
        );
        assert_eq!(text.matches('é').count(), EXCERPT);
        assert!(text.ends_with(" …"));
        assert!(sentence(&request).starts_with("Nothing was sent. This address asks for a POST"));
        let by_relay = Request {
            way: Way::Relay,
            ..request.clone()
        };
        assert!(shown(&by_relay).starts_with("POST http://h/\na: b"));
        let broken = Request {
            headers: "no colon".to_owned(),
            ..request
        };
        assert!(sentence(&broken).starts_with("The header “no colon”"));
    }
}
