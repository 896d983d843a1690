//! What holds of any stream.

use fastrand::Rng;

use super::{streams::all, *};

/// All that is understood, but for what depends on the reads.
fn understood(journal: &Journal, most: impl Fn() -> usize) -> (Vec<Answer>, Unreads) {
    let mut lens = Lens::default();
    while !lens.advance(journal, most()) {}
    let mut answers: Vec<_> = lens.answers().iter().cloned().collect();
    for answer in &mut answers {
        answer.timing.forget_reads();
        answer.room = 0;
    }
    (answers, lens.unread().clone())
}

#[test]
fn the_answer_is_the_same_whatever_the_split_of_the_bytes_and_of_the_work() {
    let mut random = Rng::with_seed(1);
    for (shape, stream) in all() {
        let mut whole = Journal::default();
        whole.opened(0.0);
        whole.receive(1.0, stream.as_bytes());
        whole.closed(1.0);
        let expected = understood(&whole, || usize::MAX);
        for _ in 0..30 {
            let mut journal = Journal::default();
            let mut lens = Lens::default();
            journal.opened(0.0);
            let mut rest = stream.as_bytes();
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(random.usize(1..=rest.len().min(200)));
                journal.receive(1.0, piece);
                // A lens that follows, and one that reads all at the end.
                lens.advance(&journal, random.usize(..500));
                rest = after;
            }
            journal.closed(1.0);
            while !lens.advance(&journal, 1) {}
            let seed = random.u64(..);
            let random = std::cell::RefCell::new(Rng::with_seed(seed));
            let at_end = understood(&journal, || random.borrow_mut().usize(..700));
            assert_eq!(at_end, expected, "{shape:?}");
            let mut following: Vec<_> = lens.answers().iter().cloned().collect();
            for answer in &mut following {
                answer.timing.forget_reads();
                answer.room = 0;
            }
            assert_eq!(following, expected.0, "{shape:?}");
        }
    }
}

#[test]
fn no_stream_makes_it_panic_and_each_event_is_read_or_counted() {
    let mut random = Rng::with_seed(2);
    for _ in 0..20 {
        for (_, stream) in all() {
            let mut bytes = stream.into_bytes();
            for _ in 0..random.usize(1..40) {
                let at = random.usize(..bytes.len());
                match random.u8(..4) {
                    0 => bytes[at] = random.u8(..),
                    1 => drop(bytes.remove(at)),
                    2 => {
                        let end = (at + random.usize(..60)).min(bytes.len());
                        let part = bytes[at..end].to_vec();
                        bytes.splice(at..at, part);
                    }
                    _ => {
                        let new =
                            random.choice(["null", "-1", "1e999", "{}", "[]", "\"\"", "\u{0}"]);
                        bytes.splice(at..at, new.expect("one").bytes());
                    }
                }
            }
            let mut journal = Journal::default();
            if random.bool() {
                journal.opened(1.0);
            }
            journal.receive(0.0, &bytes);
            if random.bool() {
                journal.closed(f64::NAN);
            }
            let lens = lens(&journal);
            let read: u64 = lens
                .answers()
                .iter()
                .map(|answer| answer.timing.events)
                .sum();
            let events = journal.figures().events;
            assert_eq!(read + lens.unread().count(), events);
            for answer in lens.answers() {
                assert_eq!(answer.state(), answer.clone().state());
                answer.rate();
                for part in &answer.parts {
                    for line in part.pieces.lines(0..usize::MAX) {
                        let range = part.pieces.range(line);
                        assert!(!range.is_empty() && part.pieces.text().get(range).is_some());
                        assert!(journal.get(line).is_some());
                    }
                }
            }
        }
    }
}

#[test]
fn lines_that_were_evicted_before_they_were_read_are_counted() {
    let chunk = |n: u64| {
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{n:04} \"}}}}]}}\n\n")
    };
    let mut journal = Journal::new(20_000);
    journal.opened(0.0);
    let mut following = Lens::default();
    for n in 0..1_000 {
        journal.receive(1.0, chunk(n).as_bytes());
        following.advance(&journal, usize::MAX);
    }
    assert!(journal.evicted() > 500);
    let text = following.answers()[0].parts[0].pieces.text();
    assert_eq!(text.len(), 5_000, "what was read stays");
    assert_eq!(following.missed(), 0);
    let late = lens(&journal);
    assert_eq!(late.missed(), journal.evicted());
    let text = late.answers()[0].parts[0].pieces.text();
    assert_eq!(text.len() as u64, 5 * journal.len() as u64);
    // A cleared log is another one.
    journal.clear();
    following.advance(&journal, usize::MAX);
    assert!(following.answers().is_empty());
    assert_eq!(following.missed(), 0);
    journal.receive(2.0, chunk(7).as_bytes());
    following.advance(&journal, usize::MAX);
    assert_eq!(parts(&following.answers()[0]), ["Text 0: 0007 "]);
}

#[test]
fn what_is_kept_is_bounded_and_what_is_left_out_is_counted() {
    let chunk = |text: &str| {
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
    };
    let text = "x".repeat(1_000);
    let mut journal = Journal::default();
    journal.opened(0.0);
    let mut lens = Lens::with_bound(100_000);
    let done = "data: [DONE]\n\n";
    // Answers that fit, of which the oldest are dropped.
    for _ in 0..10 {
        for _ in 0..30 {
            journal.receive(1.0, chunk(&text).as_bytes());
        }
        journal.receive(1.0, done.as_bytes());
        lens.advance(&journal, usize::MAX);
    }
    assert_eq!(lens.dropped() + lens.answers().len() as u64, 10);
    assert!(lens.dropped() > 0);
    for answer in lens.answers() {
        assert_eq!(answer.parts[0].pieces.text().len(), 30_000);
        assert_eq!(answer.left_out.bytes, 0);
    }
    // One that does not fit.
    for _ in 0..200 {
        journal.receive(1.0, chunk(&text).as_bytes());
    }
    lens.advance(&journal, usize::MAX);
    assert_eq!(lens.answers().len(), 1);
    let answer = &lens.answers()[0];
    let kept = answer.parts[0].pieces.text().len() as u64;
    assert!((90_000..100_000).contains(&kept));
    assert_eq!(kept + answer.left_out.bytes, 200_000);
    assert!(answer.left_out.line.is_some());
    // More answers than are kept.
    let mut lens = Lens::default();
    for _ in 0..100 {
        journal.receive(1.0, chunk("x").as_bytes());
        journal.receive(1.0, done.as_bytes());
    }
    lens.advance(&journal, usize::MAX);
    assert_eq!(lens.answers().len(), MOST_ANSWERS);
    // An event that is too large.
    journal.receive(1.0, chunk(&"x".repeat(LARGEST)).as_bytes());
    let before = lens.unread().count();
    lens.advance(&journal, usize::MAX);
    assert_eq!(lens.unread().count(), before + 1);
}

#[test]
fn a_call_reads_about_as_much_as_it_may() {
    let chunk = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n";
    let mut journal = Journal::default();
    journal.receive(1.0, chunk.repeat(1_000).as_bytes());
    let mut lens = Lens::default();
    assert!(!lens.advance(&journal, 10_000));
    let read = lens.answers()[0].timing.events;
    assert!((50..150).contains(&read), "{read}");
}
