//! What a comparison with and without compression shows, and heads that are late.

use super::*;
use crate::source::{Beginning, Phases};

const GZIP: [(&str, &str); 1] = [("content-encoding", "gzip")];

/// The findings of a stream that is open and empty by fetch, after this comparison.
fn after(compressed: Beginning, plain: Beginning) -> Vec<(Mistake, Certainty)> {
    let mut play = Play::new(Means::Fetch, 64);
    play.comparison = Some(Comparison {
        compressed,
        plain,
        took: 4_000.0,
    });
    play.act(&Open);
    play.act(&Wait(9_000.0));
    let findings = play.findings().into_iter();
    findings
        .map(|finding| (finding.mistake, finding.certainty))
        .collect()
}

#[test]
fn a_compressor_that_is_not_flushed_is_certain_only_if_the_same_stream_arrives_without_it() {
    let begun = Beginning::example;
    let text = || begun(&[], Some((12.0, "data: a")));
    let held = || begun(&GZIP, None);
    let not_flushed = |certainty| [(Mistake::NotFlushed, certainty)];
    assert_eq!(after(held(), text()), not_flushed(Certainty::Certain));
    let late = begun(&GZIP, Some((2_000.0, "data: a")));
    assert_eq!(after(late, text()), not_flushed(Certainty::Likely));
    let slow = || {
        let mut slow = begun(&GZIP, Some((2_000.0, "data: a")));
        slow.response.as_mut().expect("one").after = 1_990.0;
        slow
    };
    let unreadable = || begun(&[], Some((12.0, "\u{1F}\u{FFFD}")));
    let refused = || Beginning::default();
    let broken = || {
        let mut broken = held();
        "reset".clone_into(&mut broken.outcome);
        broken
    };
    for (compressed, plain) in [
        // The server is silent.
        (held(), begun(&[], None)),
        // It just began to send.
        (held(), begun(&[], Some((3_500.0, "data: a")))),
        // What arrives is compressed too.
        (held(), begun(&GZIP, Some((12.0, "data: a")))),
        (held(), unreadable()),
        (begun(&GZIP, Some((13.0, "data: a"))), text()),
        // It is not compressed, whatever is accepted.
        (begun(&[], None), text()),
        (begun(&[("content-encoding", "identity")], None), text()),
        (broken(), text()),
        // The server is slow, or answers to one request at a time.
        (slow(), text()),
        (refused(), text()),
        (held(), refused()),
    ] {
        let shown = format!("{compressed:?}, {plain:?}");
        assert_eq!(after(compressed, plain), [], "{shown}");
    }
}

#[test]
fn the_figures_of_the_comparison_are_in_the_sentence() {
    let mut play = Play::new(Means::EventSource, 64);
    play.comparison = Some(Comparison {
        compressed: Beginning::example(&GZIP, None),
        plain: Beginning::example(&[], Some((12.0, ": hello"))),
        took: 4_000.0,
    });
    play.act(&Open);
    play.act(&Wait(9_000.0));
    let found = &play.findings()[0];
    assert_eq!(
        found.sentence,
        "Compressed (gzip), nothing of the stream arrives for 4.00 s; uncompressed, its first byte arrives after 12.0 ms: the compressor is not flushed."
    );
    let traces: Vec<_> = found.evidence.iter().map(|trace| &*trace.text).collect();
    assert_eq!(
        traces,
        [
            "By the relay, with compression: content-encoding gzip, no byte in 4.00 s",
            "By the relay, without compression: content-encoding none, the first byte after 12.0 ms",
        ]
    );
}

#[test]
fn a_coding_that_is_not_true_is_certain_once_the_relay_cannot_decode_it() {
    let mut damaged = Beginning::example(&GZIP, None);
    "encoding".clone_into(&mut damaged.outcome);
    let text = Beginning::example(&[], Some((12.0, "data: a")));
    for (means, failure) in [
        (Means::Fetch, Failure::BrokeOff),
        (Means::EventSource, Failure::BrowserRetries),
    ] {
        for (plain, arrives) in [(&text, true), (&damaged, false)] {
            let mut play = Play::new(means, 64);
            if means == Means::Fetch {
                let headers = [("content-type", "text/event-stream"), GZIP[0]];
                play.response = Some(response(200, &headers, ""));
            }
            play.act(&Open);
            play.act(&Wait(5.0));
            play.act(&Lose(failure.clone()));
            let doubted = doubt(&play.evidence(), &play.findings());
            assert_eq!(doubted, Some(Doubt::Unreadable), "{means:?}");
            play.comparison = Some(Comparison {
                compressed: damaged.clone(),
                plain: plain.clone(),
                took: 20.0,
            });
            let found = play.findings();
            let wrong = found
                .iter()
                .filter(|it| it.mistake == Mistake::WrongEncoding);
            assert_eq!(wrong.count(), 1, "{found:?}");
            assert_eq!(found[0].mistake, Mistake::WrongEncoding);
            assert_eq!(found[0].certainty, Certainty::Certain);
            assert_eq!(found[0].sentence.ends_with("as text."), arrives);
        }
    }
}

#[test]
fn compressed_bytes_without_a_header_may_arrive_as_text_without_compression() {
    let packed = Beginning::example(&[], Some((5.0, "\u{1F}\u{FFFD}")));
    for (plain, arrives) in [
        (Beginning::example(&[], Some((5.0, "data: a"))), true),
        (packed.clone(), false),
    ] {
        let mut play = Play::new(Means::Fetch, 64);
        play.act(&Open);
        play.act(&Write(vec![
            0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0x4B, 0x49, 0x0A, 0x3A, 0x0A,
        ]));
        assert_eq!(
            doubt(&play.evidence(), &play.findings()),
            Some(Doubt::Unreadable)
        );
        play.comparison = Some(Comparison {
            compressed: packed.clone(),
            plain,
            took: 6.0,
        });
        let found = play.findings();
        assert_eq!(found[0].mistake, Mistake::GzipUnmarked);
        assert_eq!(found[0].sentence.ends_with("as text."), arrives);
    }
}

#[test]
fn only_a_stream_that_brings_nothing_or_bursts_is_compared() {
    let batches = || writes(2_000.0, ["data: a\n\ndata: b\n\n"; 6]);
    let event = || Dispatch("message", "a".to_owned(), String::new());
    for (means, acts, expected) in [
        (Means::Fetch, vec![Wait(9_000.0)], None),
        (Means::Fetch, vec![Open, Wait(4_900.0)], None),
        (Means::Fetch, vec![Open, Wait(5_100.0)], Some(Doubt::Held)),
        (Means::EventSource, vec![Open, Wait(9_000.0)], None),
        (Means::EventSource, vec![Open, event(), Wait(9_000.0)], None),
        (
            Means::Fetch,
            vec![Open, Write(b":\n\n".to_vec()), Wait(9_000.0)],
            None,
        ),
        (
            Means::Fetch,
            [Open].into_iter().chain(batches()).collect(),
            Some(Doubt::Held),
        ),
        (Means::Relay, vec![Open, Wait(5_100.0)], None),
        (Means::Capture, vec![Open, Wait(5_100.0)], None),
        (Means::Fetch, vec![Open, Wait(5_100.0), Close], None),
        // It was complete.
        (
            Means::Fetch,
            vec![Open, Wait(10.0), Lose(Failure::Ended)],
            None,
        ),
    ] {
        let mut play = Play::new(means, 64);
        acts.iter().for_each(|act| play.act(act));
        let doubted = doubt(&play.evidence(), &play.findings());
        assert_eq!(doubted, expected, "{means:?}, {} acts", acts.len());
    }
}

#[test]
fn an_event_source_without_events_is_compared_if_its_sample_brings_nothing() {
    for (acts, expected) in [
        (vec![Open, Wait(5_100.0)], Some(Doubt::Held)),
        (vec![Open, Wait(4_900.0)], None),
        (vec![Open, Write(b":\n\n".to_vec()), Wait(9_000.0)], None),
    ] {
        let mut play = Play::new(Means::EventSource, 64);
        play.act(&Open);
        play.act(&Wait(9_000.0));
        let mut sample = Play::new(Means::Fetch, 64);
        acts.iter().for_each(|act| sample.act(act));
        let sample = sample.evidence();
        assert_eq!(doubt(&play.with_sample(Some(&sample)), &[]), expected);
    }
}

/// What is found if the head arrives after `head` ms, and the first bytes of the body `pause` ms later.
fn head(means: Means, head: f64, pause: f64, plain: Option<Beginning>) -> Vec<Finding> {
    let mut play = Play::new(means, 64);
    play.response = Some(Response {
        after: head,
        ..stream()
    });
    if means == Means::Relay {
        play.relayed = Some(Relayed {
            phases: Phases {
                head: Some(head),
                first_byte: Some(head + pause),
                ..Phases::default()
            },
            ..Relayed::default()
        });
    }
    play.comparison = plain.map(|plain| Comparison {
        compressed: Beginning::default(),
        plain,
        took: 10.0,
    });
    play.act(&Open);
    play.act(&Wait(pause));
    play.act(&Write(b"data: a\n\n".to_vec()));
    play.act(&Wait(1_000.0));
    play.act(&Write(b"data: b\n\n".to_vec()));
    play.findings()
}

#[test]
fn a_head_that_arrives_late_and_with_the_first_event_is_told_from_one_that_is_flushed() {
    let found = |means, after, pause, plain| {
        let findings = head(means, after, pause, plain);
        findings
            .first()
            .map(|found| (found.mistake, found.certainty))
    };
    let late = Some((Mistake::HeadNotFlushed, Certainty::Information));
    let begun = |after| {
        let mut begun = Beginning::example(&[], Some((3_001.0, "data: a")));
        begun.response.as_mut().expect("one").after = after;
        Some(begun)
    };
    for means in [Means::Fetch, Means::Relay] {
        for (after, pause, expected) in [
            (3_000.0, 1.0, late),
            // Flushed; then the first event is late.
            (10.0, 3_000.0, None),
            (3_000.0, 1_000.0, None),
            // As long as a proxy may take.
            (1_900.0, 1.0, None),
        ] {
            assert_eq!(
                found(means, after, pause, None),
                expected,
                "{after}, {pause}"
            );
        }
    }
    // In Firefox the relay decides.
    assert_eq!(found(Means::Fetch, 3_000.0, 1.0, begun(10.0)), None);
    assert_eq!(found(Means::Fetch, 3_000.0, 1.0, begun(3_000.0)), late);
    assert_eq!(found(Means::Capture, 3_000.0, 1.0, None), None);
    let sentence = |plain| head(Means::Fetch, 3_000.0, 1.0, plain)[0].sentence.clone();
    assert!(sentence(None).contains("arrived after 3.00 s, together with"));
    assert!(sentence(None).contains("Firefox"));
    assert!(!sentence(begun(3_000.0)).contains("Firefox"));
}
