//! Why an attempt to connect failed, for the log. Pure.

use crate::{source::Answer, text};

/// How much of the first line of a body is in the log, in bytes: what follows it must stay in sight.
const SHOWN: usize = 60;

/// Why an attempt failed, on one line. `answer` is what the server answered to this attempt, if it did.
/// By `EventSource` neither an answer nor a reason is known.
pub(super) fn reason(answer: Option<&Answer>, via_fetch: bool) -> String {
    if !via_fetch {
        return "the browser gives no reason".to_owned();
    }
    let Some(answer) = answer else {
        return "no answer".to_owned();
    };
    let mut reason = answer.status.to_string();
    let mut add = |separator: &str, text: &str| {
        if !text.is_empty() {
            reason.push_str(separator);
            reason.push_str(text);
        }
    };
    add(" ", &answer.status_text);
    if answer.status == 200 {
        let given = answer.header("content-type").unwrap_or("none");
        add(", content type ", given);
        add(" instead of ", "text/event-stream");
    }
    let mut lines = answer.excerpt.lines().map(str::trim);
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

    #[test]
    fn a_reason_has_the_status_and_the_first_line_of_the_body() {
        let answer = |status: u16, status_text: &str, excerpt: &str| Answer {
            status,
            status_text: status_text.to_owned(),
            headers: vec![("content-type".to_owned(), "text/html".to_owned())],
            after: 1.0,
            redirected_to: None,
            excerpt: excerpt.to_owned(),
        };
        for (answer, expected) in [
            (answer(401, "Unauthorized", ""), "401 Unauthorized"),
            (answer(503, "", "\n  busy. \nlater"), "503: busy"),
            (
                answer(400, "", &"x".repeat(61)),
                &["400: ", &"x".repeat(60), "…"].concat(),
            ),
            (
                answer(200, "OK", "<html>"),
                "200 OK, content type text/html instead of text/event-stream: <html>",
            ),
        ] {
            assert_eq!(reason(Some(&answer), true), expected);
        }
        assert_eq!(reason(None, true), "no answer");
        assert_eq!(reason(None, false), "the browser gives no reason");
    }
}
