//! What the server answered.

use leptos::prelude::*;

use super::watched::Watched;
use crate::{
    source::{Relayed, Response},
    text,
};

/// The status, the headers and, unless it is a stream, the beginning of the body; by the relay also the way
/// to the server. A refusal opens by itself.
#[component]
pub(super) fn ServerAnswer() -> impl IntoView {
    let stream = Watched::expect().stream;
    let (response, relayed) = (stream.response, stream.relayed);
    let is_unknown =
        Memo::new(move |_| response.with(Option::is_none) && relayed.with(Option::is_none));
    let is_refusal = Memo::new(move |_| {
        response.with(|response| {
            response
                .as_ref()
                .is_some_and(|response| !response.is_event_stream())
        })
    });
    let text = move |format: fn(Option<&Response>, Option<&Relayed>) -> String| {
        Memo::new(move |_| {
            response.with(|response| {
                relayed.with(|relayed| format(response.as_ref(), relayed.as_ref()))
            })
        })
    };
    view! {
        <details class="response" hidden=is_unknown prop:open=is_refusal>
            <summary>{text(title)}</summary>
            <pre role="region" tabindex="0" aria-label="Head and body">{text(details)}</pre>
        </details>
    }
}

/// `200 OK in 12.5 ms`
fn title(response: Option<&Response>, relayed: Option<&Relayed>) -> String {
    match (response, relayed) {
        (Some(response), _) => {
            let status = response.status.to_string();
            let after = text::duration(response.after);
            [&*status, " ", &response.status_text, " in ", &after].concat()
        }
        (None, Some(_)) => "No response".to_owned(),
        (None, None) => String::new(),
    }
}

/// The way to the server as far as it is known, the headers, the beginning of the body, and the trailers, as
/// text.
fn details(response: Option<&Response>, relayed: Option<&Relayed>) -> String {
    let mut out = String::new();
    let mut add = |parts: &[&str]| parts.iter().for_each(|part| out.push_str(part));
    if let Some(relayed) = relayed {
        for hop in &relayed.hops {
            let status = hop.status.to_string();
            add(&[&status, " ", &hop.url, " → ", &hop.location, "\n"]);
        }
        let mut separator = "";
        for (name, ms) in relayed.phases.named() {
            if let Some(ms) = ms {
                add(&[separator, name, " ", &text::duration(ms)]);
                separator = " · ";
            }
        }
        add(&["\n"]);
        if !relayed.remote.is_empty() {
            add(&[&relayed.version, " from ", &relayed.remote, "\n"]);
        }
    }
    let Some(response) = response else {
        return out;
    };
    match (relayed, &response.redirected_to) {
        (Some(_), _) => add(&["\n"]),
        (None, Some(url)) => add(&["redirected to ", url, "\n"]),
        (None, None) => {}
    }
    for (name, value) in &response.headers {
        add(&[name, ": ", value, "\n"]);
    }
    if !response.excerpt.is_empty() {
        add(&["\n", &response.excerpt]);
    }
    if let Some(relayed) = relayed
        && !relayed.trailers.is_empty()
    {
        add(&["\nTrailers\n"]);
        for (name, value) in &relayed.trailers {
            add(&[name, ": ", value, "\n"]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Hop, Phases};

    fn response() -> Response {
        Response {
            status: 200,
            status_text: "OK".to_owned(),
            headers: vec![("a".to_owned(), "b".to_owned())],
            after: 12.54,
            redirected_to: Some("http://b/".to_owned()),
            excerpt: String::new(),
        }
    }

    #[test]
    fn by_fetch_the_response_is_all_that_is_known() {
        let refused = Response {
            excerpt: "busy".to_owned(),
            ..response()
        };
        assert_eq!(title(Some(&refused), None), "200 OK in 12.5 ms");
        assert_eq!(
            details(Some(&refused), None),
            "redirected to http://b/\na: b\n\nbusy"
        );
        assert_eq!(title(None, None), "");
    }

    #[test]
    fn by_the_relay_the_way_there_is_known_even_without_a_response() {
        let mut relayed = Relayed {
            hops: vec![Hop {
                url: "http://a/".to_owned(),
                status: 302,
                location: "//b/".to_owned(),
            }],
            phases: Phases {
                name: Some(0.5),
                connect: Some(0.25),
                ..Phases::default()
            },
            ..Relayed::default()
        };
        let way = "302 http://a/ → //b/\nname 500 µs · connect 250 µs";
        assert_eq!(title(None, Some(&relayed)), "No response");
        assert_eq!(details(None, Some(&relayed)), [way, "\n"].concat());

        relayed.phases.head = Some(30.0);
        relayed.phases.first_byte = Some(31.0);
        relayed.version = "HTTP/1.1".to_owned();
        relayed.remote = "127.0.0.1:3000".to_owned();
        relayed.trailers = vec![("c".to_owned(), "d".to_owned())];
        assert_eq!(
            details(Some(&response()), Some(&relayed)),
            [
                way,
                " · head 30.0 ms · first byte 31.0 ms\nHTTP/1.1 from 127.0.0.1:3000\n\na: b\n\nTrailers\nc: d\n"
            ]
            .concat()
        );
    }
}
