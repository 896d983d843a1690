//! What is found from probes.

use super::*;
use crate::{
    session::{Case, Probed, Trouble, example},
    source::{Outcome, Probe, Relayed, UpstreamEnd},
};

/// The mistakes that only probes show.
pub(super) const BY_PROBES: [Mistake; 11] = [
    Mistake::CorsMissing,
    Mistake::CorsHidden,
    Mistake::CorsOther,
    Mistake::CorsTwice,
    Mistake::CorsStar,
    Mistake::CorsCredentials,
    Mistake::CorsOnError,
    Mistake::Preflight,
    Mistake::MixedContent,
    Mistake::WrongScheme,
    Mistake::SixConnections,
];

fn case(trouble: Trouble) -> Case {
    Case {
        by_event_source: trouble != Trouble::Unreachable,
        ..example(trouble)
    }
}

/// The mistakes that are found after these probes, most certain first.
fn found(case: Case, made: Vec<(Probe, Outcome)>) -> Vec<Mistake> {
    let (means, failure) = match case.trouble {
        Trouble::GaveUp => (Means::EventSource, Some(Failure::BrowserGaveUp)),
        Trouble::NoConnection => (Means::EventSource, Some(Failure::BrowserRetries)),
        Trouble::Unreachable => (Means::Fetch, Some(Failure::Unreachable)),
        _ => (Means::EventSource, None),
    };
    let mut play = Play::new(means, 64);
    play.response = None;
    let made = made.into_iter().map(|(probe, outcome)| Probed {
        probe,
        outcome,
        took: 3.0,
    });
    play.probes = Probes {
        case: Some(case),
        made: made.collect(),
        goes_on: false,
    };
    if let Some(failure) = failure {
        play.act(&Fail(failure, None));
    }
    play.check();
    let found = play.findings();
    found.into_iter().map(|finding| finding.mistake).collect()
}

fn relayed(status: u16, headers: &[(&str, &str)]) -> (Probe, Outcome) {
    let outcome = Outcome::Relayed {
        response: Some(response(status, headers, "")),
        relayed: Box::default(),
        failure: None,
    };
    (Probe::Relay, outcome)
}

fn not_relayed(outcome: &str) -> (Probe, Outcome) {
    let relayed = Relayed {
        outcome: outcome.to_owned(),
        ..Relayed::default()
    };
    let failure = Failure::Upstream {
        end: UpstreamEnd::NoResponse,
        text: "It failed.".to_owned(),
    };
    let outcome = Outcome::Relayed {
        response: None,
        relayed: Box::new(relayed),
        failure: Some(failure),
    };
    (Probe::Relay, outcome)
}

const STREAM: (&str, &str) = ("content-type", "text/event-stream");
const ORIGIN: &str = "access-control-allow-origin";

#[test]
fn what_is_wrong_with_cors_is_named() {
    let hidden = || {
        vec![
            (Probe::Fetch, Outcome::Failed),
            (Probe::NoCors, Outcome::Opaque),
        ]
    };
    let allowed = ("access-control-allow-credentials", "true");
    let only = Mistake::CorsCredentials;
    // Each row: whether credentials are sent, the headers that the relay received, and what is found.
    for (has_credentials, headers, expected) in [
        (false, vec![], Mistake::CorsMissing),
        (false, vec![(ORIGIN, "http://a:80")], Mistake::CorsOther),
        (false, vec![(ORIGIN, "http://a/")], Mistake::CorsOther),
        (false, vec![(ORIGIN, "null")], Mistake::CorsOther),
        (
            false,
            vec![(ORIGIN, "*"), (ORIGIN, "*")],
            Mistake::CorsTwice,
        ),
        (false, vec![(ORIGIN, "http://a, *")], Mistake::CorsTwice),
        (true, vec![(ORIGIN, "*"), allowed], Mistake::CorsStar),
        (true, vec![(ORIGIN, "http://a")], only),
        (
            true,
            vec![(ORIGIN, "http://c"), allowed],
            Mistake::CorsOther,
        ),
        // The browser has another reason.
        (false, vec![(ORIGIN, "*")], Mistake::NoResponse),
        (
            true,
            vec![(ORIGIN, "http://a"), allowed],
            Mistake::NoResponse,
        ),
    ] {
        let mut case = case(Trouble::GaveUp);
        case.target.has_credentials = has_credentials;
        let headers: Vec<_> = headers.into_iter().chain([STREAM]).collect();
        let mut made = hidden();
        made.push(relayed(200, &headers));
        assert_eq!(found(case, made), [expected], "{headers:?}");
    }
    // The status of the error, and that the browser hides it.
    let mut made = hidden();
    made.push(relayed(500, &[]));
    assert_eq!(
        found(case(Trouble::GaveUp), made),
        [Mistake::CorsOnError, Mistake::ServerError]
    );
    // Without the relay.
    assert_eq!(
        found(case(Trouble::GaveUp), hidden()),
        [Mistake::CorsHidden]
    );
    let mut made = hidden();
    let readable = Outcome::Answered(response(200, &[STREAM], ""));
    made.push((Probe::OtherCredentials, readable));
    assert_eq!(found(case(Trouble::GaveUp), made), [only]);
}

#[test]
fn a_response_to_a_probe_is_that_of_the_failed_request() {
    let answered = |status, headers: &[(&str, &str)]| {
        vec![(
            Probe::Fetch,
            Outcome::Answered(response(status, headers, "")),
        )]
    };
    for (status, expected) in [
        (204, Mistake::NoContent),
        (401, Mistake::Unauthorized),
        (404, Mistake::NotFound),
        (429, Mistake::TooManyRequests),
        (503, Mistake::Unavailable),
        (200, Mistake::MissingType),
    ] {
        assert_eq!(
            found(case(Trouble::GaveUp), answered(status, &[])),
            [expected]
        );
    }
    let charset = ("content-type", "text/event-stream; charset=latin1");
    assert_eq!(
        found(case(Trouble::GaveUp), answered(200, &[charset])),
        [Mistake::Charset]
    );
    // The server has recovered.
    assert_eq!(
        found(case(Trouble::GaveUp), answered(200, &[STREAM])),
        [Mistake::GaveUp]
    );
    // An ID that only the relay could send.
    let mut resumed = case(Trouble::GaveUp);
    resumed.target.last_event_id = "1".to_owned();
    let made = vec![
        (Probe::Fetch, Outcome::Failed),
        (
            Probe::Plain,
            Outcome::Answered(response(200, &[STREAM, (ORIGIN, "*")], "")),
        ),
        relayed(404, &[(ORIGIN, "*")]),
    ];
    assert_eq!(found(resumed, made), [Mistake::NotFound]);
}

#[test]
fn the_preflight_is_a_fault_of_a_fetch_only() {
    let made = |allowed: &str, status| {
        let (_, preflight) = relayed(
            status,
            &[(ORIGIN, "*"), ("access-control-allow-headers", allowed)],
        );
        vec![
            (
                Probe::Plain,
                Outcome::Answered(response(200, &[STREAM], "")),
            ),
            relayed(200, &[STREAM, (ORIGIN, "*")]),
            (Probe::Preflight, preflight),
        ]
    };
    let mut case = case(Trouble::Unreachable);
    case.has_header = true;
    for (allowed, status, expected) in [
        ("x-other", 204, Mistake::Preflight),
        ("last-event-id", 405, Mistake::Preflight),
        ("x-other, Last-Event-ID", 204, Mistake::NoResponse),
        ("*", 200, Mistake::NoResponse),
    ] {
        let found = found(case.clone(), made(allowed, status));
        assert_eq!(found, [expected], "{allowed}, {status}");
    }
    let without_relay = made("", 200).into_iter().take(1).collect();
    assert_eq!(found(case, without_relay), [Mistake::Preflight]);
}

#[test]
fn why_there_is_no_connection_is_named() {
    let failed = || {
        vec![
            (Probe::Fetch, Outcome::Failed),
            (Probe::NoCors, Outcome::Failed),
            (Probe::Redirect, Outcome::Failed),
            (Probe::OtherScheme, Outcome::Failed),
        ]
    };
    for (outcome, expected) in [
        ("refused", Mistake::Refused),
        ("name-not-found", Mistake::NameNotFound),
        ("reset", Mistake::Reset),
        ("closed", Mistake::EmptyAnswer),
        ("not-http", Mistake::NotHttp),
        ("tls", Mistake::Tls),
        ("no-tls", Mistake::WrongScheme),
        ("only-tls", Mistake::WrongScheme),
        ("timed-out", Mistake::NoAnswerInTime),
    ] {
        for trouble in [Trouble::GaveUp, Trouble::NoConnection, Trouble::Unreachable] {
            let mut made = failed();
            made.push(not_relayed(outcome));
            assert_eq!(found(case(trouble), made), [expected], "{trouble:?}");
        }
    }
    let nobody = |trouble| found(case(trouble), failed());
    assert_eq!(nobody(Trouble::GaveUp), [Mistake::NoServer]);
    assert_eq!(nobody(Trouble::NoConnection), [Mistake::NoServer]);
    assert_eq!(nobody(Trouble::Unreachable), [Mistake::NoResponse]);
    // Firefox takes it for an answer.
    let mut made = failed();
    made[1].1 = Outcome::Opaque;
    made.push(not_relayed("not-http"));
    assert_eq!(found(case(Trouble::GaveUp), made), [Mistake::NotHttp]);
    let mut made = failed();
    made[3].1 = Outcome::Opaque;
    assert_eq!(found(case(Trouble::GaveUp), made), [Mistake::WrongScheme]);
    let mut made = failed();
    made[2].1 = Outcome::Opaque;
    assert_eq!(found(case(Trouble::GaveUp), made), [Mistake::Redirects]);
    let mut mixed = case(Trouble::GaveUp);
    "https://a".clone_into(&mut mixed.target.page);
    assert_eq!(found(mixed, Vec::new()), [Mistake::MixedContent]);
}

#[test]
fn why_there_is_no_response_yet_is_named() {
    let hanging = |made| found(case(Trouble::Hanging), made);
    let late = (Probe::OtherPool, Outcome::TimedOut);
    let [six, never] = [Mistake::SixConnections, Mistake::NoAnswerInTime];
    let mut own = case(Trouble::Hanging);
    own.own_streams = 6;
    assert_eq!(found(own, Vec::new()), [six]);
    let at_once = (Probe::OtherPool, Outcome::Opaque);
    let same = |outcome| (Probe::NoCors, outcome);
    assert_eq!(
        hanging(vec![at_once.clone(), same(Outcome::TimedOut)]),
        [six]
    );
    // By now there is an answer for this pool, too.
    assert_eq!(hanging(vec![at_once, same(Outcome::Opaque)]), []);
    let relay = |outcome| (Probe::Relay, outcome);
    assert_eq!(
        hanging(vec![late.clone(), relay(Outcome::TimedOut)]),
        [never]
    );
    assert_eq!(
        hanging(vec![late.clone(), relayed(200, &[STREAM])]),
        [never]
    );
    assert_eq!(hanging(vec![late, not_relayed("reset")]), [Mistake::Reset]);
}

#[test]
fn before_the_last_answer_nothing_is_claimed() {
    let mut play = Play::new(Means::EventSource, 64);
    play.probes = Probes {
        case: Some(case(Trouble::GaveUp)),
        made: Vec::new(),
        goes_on: true,
    };
    play.act(&Fail(Failure::BrowserGaveUp, None));
    assert_eq!(play.findings(), []);
}
