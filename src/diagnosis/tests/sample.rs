//! What is found by EventSource, with the beginning of the same stream by fetch.

use super::{faults::faults, healthy::healthy, *};

/// An EventSource that is open and has had no event, since `sample` began.
fn without_events(sample: &Play) -> Play {
    let mut play = Play::new(Means::EventSource, 64);
    play.act(&Open);
    play.now = sample.now;
    play
}

#[test]
fn what_the_bytes_show_is_found_by_event_source() {
    let mut found = 0;
    for fault in faults() {
        let is_one = matches!(&fault.acts[..], [Open, rest @ ..] if !rest.iter().any(|act| matches!(act, Open)));
        // These are about the end of the stream or its times, and the connection of the EventSource has its own.
        let is_of_bytes = !matches!(
            fault.mistake,
            Mistake::AnswerComplete
                | Mistake::AnswerCut
                | Mistake::Batches
                | Mistake::BrokeOff
                | Mistake::Buffered
                | Mistake::Charset
                | Mistake::ClosedByUser
                | Mistake::Ended
                | Mistake::Silent
                | Mistake::TooFast
        );
        if fault.means != Means::Fetch || !is_one || !is_of_bytes {
            continue;
        }
        let mut sample = Play::new(Means::Fetch, 1_460);
        sample.response.clone_from(&fault.response);
        fault.acts.iter().for_each(|act| sample.act(act));
        let play = without_events(&sample);
        let findings = diagnose(&play.with_sample(Some(&sample.evidence())));
        let first = findings.first().map(|finding| finding.mistake);
        assert_eq!(first, Some(fault.mistake), "{findings:#?}");
        let mut traces = findings.iter().flat_map(|finding| &finding.evidence);
        assert!(traces.all(|trace| trace.line.is_none()), "{findings:#?}");
        found += 1;
    }
    assert!(found > 30, "{found}");
}

#[test]
fn a_sample_of_a_healthy_stream_gives_no_alarm_at_any_moment() {
    for stream in healthy() {
        if stream.means != Means::Fetch {
            continue;
        }
        let mut sample = Play::new(Means::Fetch, 1_460);
        for act in &stream.acts {
            sample.act(act);
            let is_failed = matches!(act, Fail(..));
            let play = without_events(&sample);
            for finding in diagnose(&play.with_sample(Some(&sample.evidence()))) {
                assert!(
                    finding.certainty == Certainty::Information || is_failed,
                    "{}: {finding:#?}",
                    stream.name
                );
            }
        }
    }
}

#[test]
fn a_silent_event_source_is_explained_by_what_its_sample_received() {
    for (acts, sentence) in [
        (
            vec![],
            "Open, and for more than 5.00 s no event of a type that is subscribed to. In a request of its own, by fetch, there is no response yet.",
        ),
        (
            vec![Open, Write(b"data: a\n\n".to_vec())],
            "Open, and for more than 5.00 s no event of a type that is subscribed to. In a request of its own, by fetch, 1 event and 9 B arrived.",
        ),
        (
            vec![Fail(
                Failure::Refused { retry_after: None },
                Some(response(429, &[], "")),
            )],
            "Open, and for more than 5.00 s no event of a type that is subscribed to. In a request of its own, by fetch, the server answered with status 429.",
        ),
    ] {
        let mut sample = Play::new(Means::Fetch, 64);
        if acts.is_empty() {
            sample.response = None;
        }
        acts.iter().for_each(|act| sample.act(act));
        sample.now += 6_000.0;
        let play = without_events(&sample);
        let findings = diagnose(&play.with_sample(Some(&sample.evidence())));
        assert_eq!(findings.len(), 1, "{findings:#?}");
        assert_eq!(findings[0].sentence, sentence);
    }
}
