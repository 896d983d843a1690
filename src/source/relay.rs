//! An event stream by the relay: requested by the server of this page, which reports what it receives as a
//! capture.

use std::rc::Rc;

use leptos::task::spawn_local;
use wasm_bindgen::JsValue;

use super::{
    Abort, Failure, Guard, Notice,
    answer::Answer,
    body::read,
    own_server::{Refusal, Request},
};
use crate::{
    journal::{CaptureReader, Record},
    json::quoted,
    via::FetchRequest,
};

/// Where the relay is, on the server of this page.
const PATH: &str = "/relay";

/// The name of the header with the last event ID.
const LAST_EVENT_ID: &str = "last-event-id";

/// A request that is aborted when this is dropped; no notice follows.
pub(crate) struct Relay {
    _abort: Abort,
    _guard: Guard,
}

impl Relay {
    /// Starts to request `url`, which is absolute.
    ///
    /// # Errors
    ///
    /// What the browser throws if it does not send the request to the relay.
    pub(crate) fn open(
        url: &str,
        request: &FetchRequest,
        last_event_id: &str,
        on_notice: Rc<dyn Fn(Notice<'_>)>,
    ) -> Result<Self, JsValue> {
        let (request, abort) = Request::new(PATH, Some(&order(url, request, last_event_id)))?;
        let (guard, notify) = Guard::new(on_notice);
        spawn_local(async move {
            let failure = run(&request, &notify).await;
            notify(Notice::Failed(failure));
        });
        Ok(Self {
            _abort: abort,
            _guard: guard,
        })
    }
}

/// What the relay is asked for, in JSON.
fn order(url: &str, request: &FetchRequest, last_event_id: &str) -> String {
    let has = |name: &str| {
        let mut names = request.headers.iter().map(|(known, _)| known);
        names.any(|known| known.eq_ignore_ascii_case(name))
    };
    let mut order = String::new();
    let mut add = |parts: &[&str]| parts.iter().for_each(|part| order.push_str(part));
    add(&[
        "{\"url\":",
        &quoted(url),
        ",\"method\":",
        &quoted(&request.method),
        ",\"headers\":[",
    ]);
    let mut separator = "";
    let mut header = |name: &str, value: &str| {
        add(&[separator, "[", &quoted(name), ",", &quoted(value), "]"]);
        separator = ",";
    };
    // As by fetch.
    if !has("accept") {
        header("accept", "text/event-stream");
    }
    if request.body.is_some() && !has("content-type") {
        header("content-type", "text/plain;charset=UTF-8");
    }
    for (name, value) in &request.headers {
        // One that the stream set is newer.
        if last_event_id.is_empty() || !name.eq_ignore_ascii_case(LAST_EVENT_ID) {
            header(name, value);
        }
    }
    if !last_event_id.is_empty() {
        header(LAST_EVENT_ID, last_event_id);
    }
    let body = request.body.as_deref().map(quoted);
    add(&["],\"body\":", body.as_deref().unwrap_or("null"), "}"]);
    order
}

/// Sends `request` and reads the answer to its end, as long as `notify` returns true.
async fn run(request: &Request, notify: &dyn Fn(Notice<'_>) -> bool) -> Failure {
    let incoming = match request.send().await {
        Ok(incoming) => incoming,
        Err(Refusal { status, text }) => {
            let is_final = status.is_some_and(is_final);
            return Failure::Relay { is_final, text };
        }
    };
    let (mut reader, mut answer) = (CaptureReader::new(), Answer::default());
    let mut damage = None;
    let mut goes_on = true;
    let mut pass_on = |bytes: &[u8]| {
        let mut record = |record: Record<'_>| goes_on &= answer.record(record, notify);
        damage = reader.feed(bytes, &mut record).err();
        goes_on && damage.is_none()
    };
    let ended = read(&incoming, &mut pass_on).await;
    if let Some(failure) = answer.finish(notify) {
        return failure;
    }
    let text = match (ended, damage) {
        (Ok(Failure::TooFast), _) => return Failure::TooFast,
        (_, Some(damage)) => damage.to_string(),
        _ => "The connection to it broke off.".to_owned(),
    };
    Failure::Relay {
        is_final: false,
        text,
    }
}

/// Whether a status of the relay is about the request, and not about the moment, as 429 is.
fn is_final(status: u16) -> bool {
    (400..500).contains(&status) && status != 429
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn ordered(request: FetchRequest, last_event_id: &str) -> Value {
        let order = order("http://h/?a=\"<", &request, last_event_id);
        serde_json::from_str(&order).expect("JSON")
    }

    #[test]
    fn the_relay_is_asked_for_what_fetch_would_send() {
        assert_eq!(
            ordered(FetchRequest::default(), ""),
            json!({
                "url": "http://h/?a=\"<",
                "method": "GET",
                "headers": [["accept", "text/event-stream"]],
                "body": null,
            })
        );
        let post = FetchRequest::post("é\u{2028}\n\0")
            .header("Accept", "a/b")
            .header("Cookie", "c=\"d\"")
            .header("Last-Event-ID", "1");
        assert_eq!(
            ordered(post, "2é"),
            json!({
                "url": "http://h/?a=\"<",
                "method": "POST",
                "headers": [
                    ["content-type", "text/plain;charset=UTF-8"],
                    ["Accept", "a/b"],
                    ["Cookie", "c=\"d\""],
                    ["last-event-id", "2é"],
                ],
                "body": "é\u{2028}\n\0",
            })
        );
    }

    #[test]
    fn only_a_refusal_of_the_request_itself_is_final() {
        for (status, expected) in [(400, true), (403, true), (429, false), (503, false)] {
            assert_eq!(is_final(status), expected, "{status}");
        }
    }

    #[test]
    fn a_header_that_was_entered_is_not_replaced_by_a_default() {
        let post = FetchRequest::post("{}").header("Content-Type", "application/json");
        let headers = &ordered(post.header("last-event-id", "7"), "")["headers"];
        assert_eq!(
            *headers,
            json!([
                ["accept", "text/event-stream"],
                ["Content-Type", "application/json"],
                ["last-event-id", "7"],
            ])
        );
    }
}
