//! Why an attempt to connect failed, for the log. Pure.

use crate::{
    source::{Failure, Response},
    text,
};

/// How much of the first line of a body is in the log, in bytes: what follows it must stay in sight.
const SHOWN: usize = 60;

/// Why an attempt failed, on one line. `response` is what the server answered to this attempt, if it did.
/// By `EventSource` neither a response nor a reason is known.
pub(super) fn reason(response: Option<&Response>, failure: &Failure, via_fetch: bool) -> String {
    if !via_fetch {
        return "the browser gives no reason".to_owned();
    }
    let Some(response) = response else {
        // Only the relay sees why.
        let (Failure::Upstream { .. } | Failure::Relay { .. }) = failure else {
            return "no response".to_owned();
        };
        let mut reason = failure.to_string();
        // The sentence continues.
        reason.truncate(reason.trim_end_matches('.').len());
        return reason;
    };
    let mut reason = response.status.to_string();
    let mut add = |separator: &str, text: &str| {
        if !text.is_empty() {
            reason.push_str(separator);
            reason.push_str(text);
        }
    };
    add(" ", &response.status_text);
    if response.status == 200 {
        let given = response.header("content-type").unwrap_or("none");
        add(", content type ", given);
        add(" instead of ", "text/event-stream");
    }
    let mut lines = response.excerpt.lines().map(str::trim);
    let line = lines.find(|line| !line.is_empty()).unwrap_or_default();
    let beginning = text::beginning(line, SHOWN);
    // The sentence continues.
    add(": ", beginning.trim_end_matches('.'));
    if beginning.len() < line.len() {
        reason.push('…');
    }
    reason
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::UpstreamEnd;

    #[test]
    fn a_reason_has_the_status_and_the_first_line_of_the_body() {
        let response = |status: u16, status_text: &str, excerpt: &str| Response {
            status,
            status_text: status_text.to_owned(),
            headers: vec![("content-type".to_owned(), "text/html".to_owned())],
            after: 1.0,
            redirected_to: None,
            excerpt: excerpt.to_owned(),
        };
        for (response, expected) in [
            (response(401, "Unauthorized", ""), "401 Unauthorized"),
            (response(503, "", "\n  busy. \nlater"), "503: busy"),
            (
                response(400, "", &"x".repeat(61)),
                &["400: ", &"x".repeat(60), "…"].concat(),
            ),
            (
                response(200, "OK", "<html>"),
                "200 OK, content type text/html instead of text/event-stream: <html>",
            ),
        ] {
            assert_eq!(reason(Some(&response), &Failure::Ended, true), expected);
        }
        let without = |failure: Failure, via_fetch| reason(None, &failure, via_fetch);
        assert_eq!(without(Failure::Unreachable, true), "no response");
        assert_eq!(
            without(Failure::BrowserGaveUp, false),
            "the browser gives no reason"
        );
        let refused = Failure::Upstream {
            end: UpstreamEnd::NoResponse,
            text: "127.0.0.1:1 refused the connection.".to_owned(),
        };
        assert_eq!(without(refused, true), "127.0.0.1:1 refused the connection");
    }
}
