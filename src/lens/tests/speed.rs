//! How fast answers are assembled, as a ratio to the log alone: `make bench-lens`.

use std::time::Instant;

use super::*;

const EVENTS: usize = 100_000;

#[test]
#[ignore = "a measurement, which a benchmark cannot make: the lens is private"]
fn compared_to_the_log() {
    for (name, event) in [
        (
            "chat",
            r#"{"id":"chatcmpl-9nVk4q2W8mB3xYtR7cPzLs1a","object":"chat.completion.chunk","created":1694268190,"model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_44709d6fcb","choices":[{"index":0,"delta":{"content":" token"},"logprobs":null,"finish_reason":null}],"usage":null}"#,
        ),
        (
            "anthropic",
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" token"}}"#,
        ),
        (
            "ai-sdk",
            r#"{"type":"text-delta","id":"0","delta":" token"}"#,
        ),
    ] {
        let stream = format!("data: {event}\n\n").repeat(EVENTS);
        let (mut log, mut both) = (f64::MAX, f64::MAX);
        let mut longest: f64 = 0.0;
        for _ in 0..9 {
            let begin = Instant::now();
            let mut journal = Journal::new(256 << 20);
            journal.opened(0.0);
            for chunk in stream.as_bytes().chunks(64 << 10) {
                journal.receive(0.0, chunk);
            }
            log = log.min(begin.elapsed().as_secs_f64());
            let begin = Instant::now();
            let mut lens = Lens::default();
            loop {
                let begin = Instant::now();
                let done = lens.advance(&journal, 256 << 10);
                longest = longest.max(begin.elapsed().as_secs_f64());
                if done {
                    break;
                }
            }
            both = both.min(begin.elapsed().as_secs_f64());
            assert_eq!(lens.answers()[0].timing.events as usize, EVENTS);
        }
        println!(
            "{name}: log {:.0} ns, lens {:.0} ns an event; with the lens {:.2} of the rate of the log; 256 KiB at most {:.1} ms",
            log * 1e9 / EVENTS as f64,
            both * 1e9 / EVENTS as f64,
            log / (log + both),
            longest * 1e3,
        );
    }
}
