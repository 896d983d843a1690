//! The rules on the absence of a response.

use super::{
    Certainty::{Certain, Information, Likely},
    Evidence, Findings, Mistake, Trace,
    answer::refused,
    number, origin,
};
use crate::{
    session::{By, Case, Cause, Link, POOL, Probed, Probes, Trouble},
    source::{Failure, Outcome, Probe, Relayed},
    text,
};

pub(super) fn rules(evidence: &Evidence<'_>, found: &mut Findings) {
    if let Link::Connecting { .. } = evidence.link
        && let Some(case) = &evidence.probes.case
        && case.trouble == Trouble::Hanging
    {
        return hanging(evidence, case, found);
    }
    let failure = match (evidence.link, evidence.failure) {
        (Link::Closed { cause: Cause::User }, _) => return,
        (
            Link::Closed {
                cause: Cause::NotRelayed(failure),
            },
            _,
        )
        | (_, Some(failure)) => failure,
        _ => return,
    };
    match failure {
        Failure::NoContent => {
            let sentence =
                "The server answered 204: the stream is over, and clients stop reconnecting.";
            found.add(Mistake::NoContent, Information, sentence, Vec::new());
        }
        Failure::Relay { text, .. } => {
            found.add(Mistake::NotRelayed, Certain, text.clone(), Vec::new());
        }
        Failure::Upstream { text, .. } => {
            let outcome = evidence.relayed.map_or("", |relayed| &*relayed.outcome);
            // The relay's own sentence is the exact one.
            found.add(of_relay(outcome), Certain, text.clone(), traces(evidence));
        }
        Failure::BrowserGaveUp | Failure::BrowserRetries | Failure::Unreachable => {
            no_response(evidence, failure, found);
        }
        _ => {}
    }
}

/// What the relay's word for a failure means.
fn of_relay(outcome: &str) -> Mistake {
    match outcome {
        "name-not-found" => Mistake::NameNotFound,
        "refused" => Mistake::Refused,
        "reset" => Mistake::Reset,
        "closed" => Mistake::EmptyAnswer,
        "not-http" | "head-too-large" => Mistake::NotHttp,
        "no-tls" | "only-tls" => Mistake::WrongScheme,
        "tls" => Mistake::Tls,
        "redirect" | "redirects" => Mistake::Redirects,
        "timed-out" => Mistake::NoAnswerInTime,
        "encoding" => Mistake::WrongEncoding,
        _ => Mistake::NotReached,
    }
}

/// The browser exposes no response, and not why.
fn no_response(evidence: &Evidence<'_>, failure: &Failure, found: &mut Findings) {
    let probes = evidence.probes;
    if probes.goes_on {
        // The next answer may show another cause.
        return;
    }
    if let Some(case) = &probes.case
        && (origin::rules(evidence, case, found) || by_probes(evidence, case, found))
    {
        return;
    }
    let is_answered = probes.made.iter().any(|probed| probed.outcome.is_answer());
    let is_probed = !probes.made.is_empty();
    match failure {
        // In Firefox because no server answers.
        Failure::BrowserGaveUp if is_probed && !is_answered => {
            found.add(Mistake::NoServer, Certain, NOBODY, traces(evidence));
        }
        Failure::BrowserGaveUp => {
            let sentence = "The browser gave up: the answer is none of an event stream (its status or content type), CORS hides it, or, in Firefox, no server answers.";
            found.add(Mistake::GaveUp, Certain, sentence, traces(evidence));
        }
        // After a refusal the browser would have given up: so no server answers.
        Failure::BrowserRetries
            if matches!(
                evidence.link,
                Link::Waiting {
                    attempt: 2..,
                    by: By::Browser,
                    ..
                }
            ) =>
        {
            let sentence = [NOBODY, " The browser tries again by itself."].concat();
            found.add(Mistake::NoServer, Certain, sentence, traces(evidence));
        }
        Failure::Unreachable if is_probed && !is_answered => {
            found.add(Mistake::NoResponse, Certain, NOBODY, traces(evidence));
        }
        Failure::Unreachable => {
            let sentence = "No response: no server answers there, the network is down, or CORS hides the response. A page cannot know which.";
            found.add(Mistake::NoResponse, Certain, sentence, traces(evidence));
        }
        _ => {}
    }
}

/// A server that forbids other pages by `Cross-Origin-Resource-Policy` looks the same, in the mode `no-cors` too.
const NOBODY: &str = "No response: nothing listens there, the name is unknown, TLS fails, redirections lead in a circle, or the server forbids pages of other origins. A browser does not expose which.";

/// What the probes show beside CORS. Returns whether they explain the failure.
fn by_probes(evidence: &Evidence<'_>, case: &Case, found: &mut Findings) -> bool {
    let probes = evidence.probes;
    if probes.is_answered(Probe::OtherScheme) {
        let (certainty, sentence) = match case.origin.starts_with("https:") {
            // Some servers answer at a port for TLS that TLS is missing.
            true => (
                Likely,
                "By https: there is no response, and by http: the server answers: it speaks no TLS at this port, or the browser does not trust its certificate.",
            ),
            false => (
                Certain,
                "By http: there is no response, and by https: the server answers.",
            ),
        };
        found.add(Mistake::WrongScheme, certainty, sentence, traces(evidence));
        return true;
    }
    if let Some((relayed, text)) = probes.of(Probe::Relay).and_then(Outcome::upstream) {
        // The relay's own sentence is the exact one.
        found.add(of_relay(&relayed.outcome), Certain, text, traces(evidence));
        return true;
    }
    if probes.of(Probe::NoCors) == Some(&Outcome::TimedOut) {
        let sentence = "No response: the server has accepted a request and sent nothing for 4 s.";
        found.add(Mistake::NoAnswerInTime, Likely, sentence, traces(evidence));
        return true;
    }
    // By EventSource the header with the ID needs no preflight, so that only a probe failed for it.
    let verdict = probes.verdict().or_else(|| probes.readable());
    if let Some(response) = verdict.filter(|_| case.by_event_source)
        && !response.is_event_stream()
    {
        refused(response, probes, found);
        return true;
    }
    if probes.of(Probe::Redirect) == Some(&Outcome::Opaque) {
        let sentence = "The server redirects, and no response is at the end of it: redirections lead in a circle, or where they lead no server answers, or CORS hides the response.";
        found.add(Mistake::Redirects, Certain, sentence, traces(evidence));
        return true;
    }
    if let Some((response, _)) = probes.relayed() {
        let sentence = format!(
            "The relay is answered {}, and this browser is not: it does not trust the certificate, or an extension or a proxy of the browser blocks the request.",
            response.status
        );
        found.add(Mistake::NoResponse, Likely, sentence, traces(evidence));
        return true;
    }
    false
}

/// No response arrived yet.
fn hanging(evidence: &Evidence<'_>, case: &Case, found: &mut Findings) {
    let probes = evidence.probes;
    let server = text::beginning(&case.origin, 200);
    let trace = || traces(evidence);
    if case.own_streams >= POOL {
        let sentence = format!(
            "No response yet: this page’s tabs have {} streams open to {server}, and a browser opens six connections to one server by HTTP/1.1.",
            case.own_streams
        );
        return found.add(Mistake::SixConnections, Certain, sentence, trace());
    }
    if probes.is_answered(Probe::OtherPool) {
        if probes.of(Probe::NoCors) == Some(&Outcome::TimedOut) {
            let sentence = format!(
                "No response yet, while a request over another connection is answered at once: all six connections of this browser to {server} are in use."
            );
            found.add(Mistake::SixConnections, Likely, sentence, trace());
        }
        return;
    }
    if let Some((relayed, text)) = probes.of(Probe::Relay).and_then(Outcome::upstream) {
        return found.add(of_relay(&relayed.outcome), Likely, text, trace());
    }
    if let Some((_, relayed)) = probes.relayed() {
        let head = text::duration(relayed.phases.head.unwrap_or_default());
        let sentence = format!(
            "No byte of the body yet: the relay received the head of a response in {head}. Firefox opens a stream with its first byte."
        );
        return found.add(Mistake::NoAnswerInTime, Information, sentence, trace());
    }
    let sentence = "No response for more than 5 s: the server has accepted the request and sends no head, or all six connections to it are in use.";
    match probes.of(Probe::Relay) {
        Some(Outcome::TimedOut) => {
            let sentence = "No response for more than 5 s, and none to the relay: the server does not send the head of its response.";
            found.add(Mistake::NoAnswerInTime, Likely, sentence, trace());
        }
        _ => found.add(Mistake::NoAnswerInTime, Information, sentence, trace()),
    }
}

/// How many attempts failed, and what became of each probe.
pub(super) fn traces(evidence: &Evidence<'_>) -> Vec<Trace> {
    let count = evidence.journal.figures().failed_attempts;
    let failed = (count > 0).then(|| [&*number(count, "attempt", "attempts"), " failed."].concat());
    let made = evidence.probes.made.iter().map(made);
    failed.into_iter().chain(made).map(Trace::text).collect()
}

/// What became of each probe that the user asked for. Those after a failure are evidence of its finding.
pub(crate) fn probe_lines(probes: &Probes) -> Vec<String> {
    let is_asked = |case: &Case| case.trouble == Trouble::Asked;
    match &probes.case {
        Some(case) if is_asked(case) => probes.made.iter().map(made).collect(),
        _ => Vec::new(),
    }
}

fn made(probed: &Probed) -> String {
    let outcome = match &probed.outcome {
        Outcome::Answered(response) => format!("status {}", response.status),
        Outcome::Opaque if probed.probe == Probe::Redirect => "a redirection".to_owned(),
        Outcome::Opaque => "a response that this page may not read".to_owned(),
        Outcome::Failed => "no response".to_owned(),
        Outcome::Relayed {
            response: Some(response),
            relayed,
            ..
        } => status(response.status, relayed),
        Outcome::Relayed {
            failure: Some(failure),
            ..
        } => failure.to_string().trim_end_matches('.').to_owned(),
        Outcome::TimedOut | Outcome::Relayed { .. } => "no response in time".to_owned(),
    };
    let took = text::duration(probed.took);
    [name(probed.probe), ": ", &outcome, ", after ", &took].concat()
}

fn status(status: u16, relayed: &Relayed) -> String {
    match relayed.hops.len() {
        0 => format!("status {status}"),
        hops => format!(
            "status {status} after {}",
            number(hops as u64, "redirection", "redirections")
        ),
    }
}

fn name(probe: Probe) -> &'static str {
    match probe {
        Probe::Fetch => "By fetch",
        Probe::Plain => "By fetch without headers of its own",
        Probe::NoCors => "By fetch without CORS (no-cors)",
        Probe::OtherCredentials => "By fetch with credentials the other way round",
        Probe::OtherPool => "By fetch over another connection",
        Probe::Redirect => "By fetch that follows no redirection",
        Probe::OtherScheme => "By fetch with the other scheme",
        Probe::Relay => "By the relay",
        Probe::Preflight => "The preflight, by the relay",
    }
}
