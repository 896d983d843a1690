//! The rules on CORS, and on a secure page that requests what is not secure.

use super::{
    Certainty::{Certain, Likely},
    Evidence, Findings, Mistake,
    answer::{header, refused},
    connection::traces,
};
use crate::{
    session::{Case, Trouble},
    source::{Outcome, Probe, Response},
    text,
};

const ALLOW_ORIGIN: &str = "access-control-allow-origin";
const ALLOW_CREDENTIALS: &str = "access-control-allow-credentials";
const ALLOW_HEADERS: &str = "access-control-allow-headers";

/// Returns whether these rules explain the failure.
pub(super) fn rules(evidence: &Evidence<'_>, case: &Case, found: &mut Findings) -> bool {
    if case.is_mixed() {
        let sentence = "This page is secure (https:) and the stream is not (http:): browsers block it as mixed content, without asking the server.";
        found.add(Mistake::MixedContent, Certain, sentence, Vec::new());
        return true;
    }
    if !case.is_cross_origin() {
        return false;
    }
    let probes = evidence.probes;
    // Firefox takes an answer that is not HTTP for one of HTTP/0.9.
    if probes
        .of(Probe::Relay)
        .and_then(Outcome::upstream)
        .is_some()
    {
        return false;
    }
    match probes.relayed() {
        Some((response, _)) => by_relay(evidence, case, response, found),
        None => by_browser(evidence, case, found),
    }
}

/// What the browser alone shows.
fn by_browser(evidence: &Evidence<'_>, case: &Case, found: &mut Findings) -> bool {
    let probes = evidence.probes;
    if case.trouble == Trouble::Unreachable && probes.readable().is_some() {
        let sentence = "With its headers the request gets no response, and without them it does: the server does not allow the header in the preflight (OPTIONS).";
        found.add(Mistake::Preflight, Likely, sentence, traces(evidence));
        return true;
    }
    if !probes.is_answered(Probe::NoCors) || probes.readable().is_some() {
        return false;
    }
    if matches!(
        probes.of(Probe::OtherCredentials),
        Some(Outcome::Answered(_))
    ) {
        let sentence = format!(
            "With credentials CORS hides the response, without them it does not: {ALLOW_ORIGIN} is “*”, or {ALLOW_CREDENTIALS} is missing."
        );
        found.add(
            Mistake::CorsCredentials,
            Certain,
            sentence,
            traces(evidence),
        );
        return true;
    }
    let sentence = format!(
        "The server answers, and CORS hides its response from this page: {ALLOW_ORIGIN} is missing, names another origin, or is there twice. An error without it looks the same, and so does in Firefox an answer that is not HTTP."
    );
    found.add(Mistake::CorsHidden, Certain, sentence, traces(evidence));
    true
}

/// What the relay received.
fn by_relay(
    evidence: &Evidence<'_>,
    case: &Case,
    response: &Response,
    found: &mut Findings,
) -> bool {
    let mut trace = vec![header(response, ALLOW_ORIGIN)];
    if case.target.has_credentials {
        trace.push(header(response, ALLOW_CREDENTIALS));
    }
    trace.extend(traces(evidence));
    if let Some((mistake, sentence)) = fails(case, response) {
        let is_error = response.status != 200;
        if is_error && mistake == Mistake::CorsMissing {
            let sentence = format!(
                "The server answered {}, without {ALLOW_ORIGIN}: the browser hides the error from pages of other origins, so that they cannot know what is wrong.",
                response.status
            );
            found.add(Mistake::CorsOnError, Certain, sentence, trace);
            refused(response, evidence.probes, found);
            return true;
        }
        if !response.is_event_stream() {
            refused(response, evidence.probes, found);
        }
        found.add(mistake, Certain, sentence, trace);
        return true;
    }
    if case.trouble == Trouble::Unreachable
        && let Some(Outcome::Relayed {
            response: Some(preflight),
            ..
        }) = evidence.probes.of(Probe::Preflight)
        && let Some(why) = forbids(case, preflight)
    {
        let sentence = format!(
            "The header Last-Event-ID needs a preflight to another origin, and the server’s answer to OPTIONS does not allow it: {why}."
        );
        let mut trace = vec![header(preflight, ALLOW_HEADERS)];
        trace.extend(traces(evidence));
        found.add(Mistake::Preflight, Certain, sentence, trace);
        return true;
    }
    false
}

/// The CORS check (Fetch, “CORS check”): why the browser hides the response.
fn fails(case: &Case, response: &Response) -> Option<(Mistake, String)> {
    let given: Vec<&str> = values(response, ALLOW_ORIGIN).collect();
    let page = &case.target.page;
    let given = match given[..] {
        [] => {
            let sentence = format!(
                "CORS: the response has no {ALLOW_ORIGIN}, so that pages of other origins may not read it."
            );
            return Some((Mistake::CorsMissing, sentence));
        }
        [one] if !one.contains(',') => one,
        _ => {
            let sentence = format!(
                "CORS: the response has more than one {ALLOW_ORIGIN} ({}): a browser accepts only one.",
                text::beginning(&given.join(", "), 200)
            );
            return Some((Mistake::CorsTwice, sentence));
        }
    };
    let with_credentials = case.target.has_credentials;
    if given == "*" {
        let sentence = format!(
            "CORS: {ALLOW_ORIGIN} is “*”, which is not enough for a request with credentials: it must be {page}."
        );
        return with_credentials.then_some((Mistake::CorsStar, sentence));
    }
    if given != page {
        let sentence = format!(
            "CORS: {ALLOW_ORIGIN} is {}, and this page is {page}.",
            text::beginning(given, 200)
        );
        return Some((Mistake::CorsOther, sentence));
    }
    let allows = response.header(ALLOW_CREDENTIALS).map(str::trim);
    (with_credentials && allows != Some("true")).then(|| {
        let sentence = format!(
            "CORS: the request has credentials, and the response has no {ALLOW_CREDENTIALS}: true."
        );
        (Mistake::CorsCredentials, sentence)
    })
}

/// Why the answer to a preflight forbids `Last-Event-ID` (Fetch, “CORS-preflight fetch”).
fn forbids(case: &Case, preflight: &Response) -> Option<String> {
    if !(200..300).contains(&preflight.status) {
        return Some(format!("its status is {}", preflight.status));
    }
    if fails(case, preflight).is_some() {
        return Some(format!("it has no {ALLOW_ORIGIN} for this page"));
    }
    let mut allowed = values(preflight, ALLOW_HEADERS).flat_map(|value| value.split(','));
    let is_allowed = allowed.any(|name| {
        let name = name.trim();
        name.eq_ignore_ascii_case("last-event-id") || name == "*" && !case.target.has_credentials
    });
    (!is_allowed).then(|| format!("{ALLOW_HEADERS} does not name it"))
}

/// The values of all headers of this name.
fn values<'a>(response: &'a Response, name: &'a str) -> impl Iterator<Item = &'a str> {
    let headers = response.headers.iter();
    headers
        .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}
