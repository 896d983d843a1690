//! The rules on the response.

use super::{
    Certainty::{Certain, Information, Likely},
    Evidence, Findings, Means, Mistake, Trace, connection,
    framing::is_page,
    number,
};
use crate::{
    session::Probes,
    source::{Failure, Outcome, Probe, Response},
    text,
};

pub(super) fn rules(evidence: &Evidence<'_>, found: &mut Findings) {
    if evidence.means == Means::Capture {
        return;
    }
    // What a probe was answered, the failed request was answered too.
    let probes = evidence.probes;
    let known = evidence
        .response
        .map(|response| probes.with_all_headers(response));
    let response = known.or_else(|| probes.response());
    match response {
        Some(response) if response.is_event_stream() => accepted(evidence, response, found),
        Some(response) => refused(response, evidence.probes, found),
        None => connection::rules(evidence, found),
    }
}

/// A response that is an event stream by its status and its type.
fn accepted(evidence: &Evidence<'_>, response: &Response, found: &mut Findings) {
    let content_type = response.header("content-type").unwrap_or_default();
    if let Some(charset) = charset(content_type)
        && !charset.eq_ignore_ascii_case("utf-8")
    {
        let sentence = format!(
            "The charset of the content type is {charset}: Chromium's EventSource refuses the stream, and others read it as UTF-8 all the same."
        );
        found.add(
            Mistake::Charset,
            Certain,
            sentence,
            vec![header(response, "content-type")],
        );
    }
    encoding(evidence, response, found);
    if evidence.response.is_none() {
        answers_now(evidence, found);
    }
}

/// A body that could not be decoded.
pub(super) fn encoding(evidence: &Evidence<'_>, response: &Response, found: &mut Findings) {
    let broke_off = match evidence.failure {
        Some(Failure::BrokeOff) => true,
        Some(Failure::Upstream { .. }) => evidence
            .relayed
            .is_some_and(|relayed| relayed.outcome == "encoding"),
        _ => false,
    };
    let coding = response.header("content-encoding").unwrap_or("identity");
    let is_relayed = evidence.means == Means::Relay;
    let last = evidence.journal.connections().next_back();
    let is_empty = last.is_some_and(|last| last.bytes == 0);
    if broke_off && (is_relayed || is_empty && !coding.eq_ignore_ascii_case("identity")) {
        let certainty = if is_relayed { Certain } else { Likely };
        found.add(
            Mistake::WrongEncoding,
            certainty,
            not_decoded(coding),
            vec![header(response, "content-encoding")],
        );
    }
}

/// The sentence about a body whose content coding is not `coding`.
pub(super) fn not_decoded(coding: &str) -> String {
    format!("The body is not encoded as content-encoding says ({coding}): it could not be decoded.")
}

/// By `EventSource`, which has no response: what a probe was answered with is an event stream.
fn answers_now(evidence: &Evidence<'_>, found: &mut Findings) {
    let (mistake, sentence) = match evidence.failure {
        Some(Failure::BrowserGaveUp) if found.0.is_empty() => (
            Mistake::GaveUp,
            "The browser gave up; asked again at once, the server answers with an event stream. What failed was over by then.",
        ),
        Some(Failure::BrowserRetries) if !evidence.link.is_open() => (
            Mistake::NoServer,
            "There was no response, and by now the server answers with an event stream: the browser will find it.",
        ),
        _ => return,
    };
    found.add(mistake, Information, sentence, connection::traces(evidence));
}

/// The parameter `charset` of a content type.
fn charset(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("charset").then_some(value)
    })
}

pub(super) fn header(response: &Response, name: &str) -> Trace {
    let value = response.header(name).unwrap_or("none");
    Trace::text([name, ": ", text::beginning(value, 200)].concat())
}

/// A response that is not an event stream.
pub(super) fn refused(response: &Response, probes: &Probes, found: &mut Findings) {
    let mut trace = Vec::new();
    if let Some(url) = &response.redirected_to {
        trace.push(Trace::text(
            ["redirected to ", text::beginning(url, 200)].concat(),
        ));
    }
    if response.status == 200 {
        return not_a_stream(response, trace, found);
    }
    let mut status = response.status.to_string();
    if !response.status_text.is_empty() {
        status = [&status, " ", &response.status_text].concat();
    }
    let after = retry_after(response);
    let (mistake, certainty, sentence) = match response.status {
        204 => (
            Mistake::NoContent,
            Information,
            "The server answered 204: the stream is over, and clients stop reconnecting."
                .to_owned(),
        ),
        401 => {
            let with_cookies = probes.of(Probe::OtherCredentials);
            let way = if matches!(with_cookies, Some(Outcome::Answered(with)) if with.status == 200)
            {
                "with the cookies of this browser it answers 200, so the request must send them"
            } else if response.header("www-authenticate").is_some() {
                trace.push(header(response, "www-authenticate"));
                "it asks for an Authorization header"
            } else {
                "it asks for credentials, a cookie or an Authorization header"
            };
            (
                Mistake::Unauthorized,
                Certain,
                format!("The server answered {status}: {way}."),
            )
        }
        403 => (
            Mistake::Forbidden,
            Certain,
            format!("The server answered {status}: it refuses this request."),
        ),
        404 | 410 => (
            Mistake::NotFound,
            Certain,
            format!("The server answered {status}: there is nothing at this address."),
        ),
        429 => (
            Mistake::TooManyRequests,
            Certain,
            format!("The server answered {status}: too many requests. {after}"),
        ),
        503 => (
            Mistake::Unavailable,
            Certain,
            format!("The server answered {status}: it is not available now. {after}"),
        ),
        502 | 504 => (
            Mistake::BadGateway,
            Certain,
            format!(
                "A proxy answered {status}: the server behind it did not answer, or not as it should."
            ),
        ),
        500 => (
            Mistake::ServerError,
            Certain,
            format!("The server answered {status}: it failed before the stream began."),
        ),
        _ => (
            Mistake::Status,
            Certain,
            format!("The server answered {status}; an event stream needs status 200."),
        ),
    };
    trace.extend(said(response));
    found.add(mistake, certainty, sentence, trace);
}

fn not_a_stream(response: &Response, mut trace: Vec<Trace>, found: &mut Findings) {
    let given = response.header("content-type").unwrap_or_default();
    let given = given.split(';').next().unwrap_or_default().trim();
    trace.push(header(response, "content-type"));
    trace.extend(said(response));
    // PHP sends an event stream as text/html too, unless it is told otherwise.
    let is_html = given.eq_ignore_ascii_case("text/html");
    let body = response.excerpt.trim_start();
    if is_page(body.as_bytes()) || is_html && (body.is_empty() || body.starts_with('<')) {
        let login = if is_login(response) {
            " It looks like a login."
        } else {
            ""
        };
        let sentence = format!(
            "A web page was sent in place of the stream{}.{login}",
            match title(&response.excerpt) {
                Some(title) => format!(", “{title}”"),
                None => String::new(),
            }
        );
        found.add(Mistake::Page, Certain, sentence, trace);
    } else if given.is_empty() {
        let sentence = "The response has no content type, so that no EventSource accepts it.";
        found.add(Mistake::MissingType, Certain, sentence, trace);
    } else {
        let sentence = format!(
            "The content type is {}, and not text/event-stream: no EventSource accepts it.",
            text::beginning(given, 100)
        );
        found.add(Mistake::WrongType, Certain, sentence, trace);
    }
}

/// What the body says: its title, or its first line.
fn said(response: &Response) -> Option<Trace> {
    let body = &response.excerpt;
    let line = match title(body) {
        Some(title) => title,
        None => body.lines().map(str::trim).find(|line| !line.is_empty())?,
    };
    let shown = text::beginning(line, 160);
    let dots = if shown.len() < line.len() { "…" } else { "" };
    Some(Trace::text(["The body: “", shown, dots, "”"].concat()))
}

/// The title of a page.
fn title(page: &str) -> Option<&str> {
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower.get(start..)?.find('>')? + 1;
    let len = lower.get(start..)?.find("</title")?;
    let title = page.get(start..start + len)?.trim();
    (!title.is_empty()).then(|| text::beginning(title, 100))
}

fn is_login(response: &Response) -> bool {
    let url = response.redirected_to.as_deref().unwrap_or_default();
    let title = title(&response.excerpt).unwrap_or_default();
    let words = [url, title].concat().to_ascii_lowercase();
    ["login", "log in", "signin", "sign in", "sign-in"]
        .iter()
        .any(|word| words.contains(word))
        || response.excerpt.contains("type=\"password\"")
}

/// What the header `Retry-After` asks for, in a sentence.
fn retry_after(response: &Response) -> String {
    match response.header("retry-after").map(str::trim) {
        None => "No Retry-After can be read.".to_owned(),
        Some(value) => match value.parse() {
            Ok(seconds) => format!(
                "Clients are asked to wait {} (Retry-After).",
                number(seconds, "second", "seconds")
            ),
            Err(_) => format!(
                "Clients are asked to wait until {} (Retry-After).",
                text::beginning(value, 60)
            ),
        },
    }
}
