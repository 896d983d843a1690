//! How fast the reader is, as ratios in one run: against the crate `eventsource-stream`, and against
//! npm's `eventsource-parser` in Node where `make bench-wire` has installed it.
//!
//! A harness of its own, as those at hand do not print ratios: each case runs for a while, by turns
//! with the others, and its median counts.

use std::{
    convert::Infallible,
    hint::black_box,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use eventsource_stream::Eventsource;
use futures::{StreamExt, executor::block_on, stream};
use sse_wire::{Content, Reader};

/// How often each case is run.
const RUNS: usize = 11;

struct Case {
    name: &'static str,
    bytes: Vec<u8>,
    chunk: usize,
}

fn main() {
    let event = |n: usize| {
        let start = format!("id: {n:08}\ndata: {{\"sequence\":{n},\"text\":\"");
        let end = "\"}\n\n";
        format!("{start}{}{end}", "x".repeat(90 - start.len() - end.len()))
    };
    let small: String = (0..200_000).map(event).collect();
    let large = format!("data: {}\n\n", "x".repeat(1_000_000));
    let cases = [
        Case {
            name: "90-byte events, 64 KiB chunks",
            bytes: small.clone().into(),
            chunk: 64 << 10,
        },
        Case {
            name: "90-byte events, 1-byte chunks",
            bytes: small[..90 * 10_000].into(),
            chunk: 1,
        },
        Case {
            name: "1 MB events, 64 KiB chunks",
            bytes: large.repeat(8).into(),
            chunk: 64 << 10,
        },
        Case {
            name: "short comments, 64 KiB chunks",
            bytes: ": hb\n\n".repeat(500_000).into(),
            chunk: 64 << 10,
        },
    ];
    println!(
        "{:32} {:>10} {:>22} {:>24}",
        "MB/s", "sse-wire", "eventsource-stream", "eventsource-parser"
    );
    for case in &cases {
        let wire = |case: &Case| {
            time(|| {
                let mut reader = Reader::default();
                let mut events = 0_u64;
                for chunk in case.bytes.chunks(case.chunk) {
                    reader.read(chunk, |item| {
                        if let Content::Event(event) = item.content {
                            events += black_box(event).data.len() as u64;
                        }
                    });
                }
                black_box(events);
            })
        };
        let crate_ = |case: &Case| {
            time(|| {
                let chunks = case.bytes.chunks(case.chunk).map(Ok::<_, Infallible>);
                let mut events = stream::iter(chunks).eventsource();
                block_on(async {
                    while let Some(event) = events.next().await {
                        black_box(event).expect("well-formed");
                    }
                });
            })
        };
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            ours.push(wire(case));
            theirs.push(crate_(case));
        }
        let rate =
            |times: &mut Vec<Duration>| case.bytes.len() as f64 / median(times).as_secs_f64() / 1e6;
        let (ours, theirs) = (rate(&mut ours), rate(&mut theirs));
        let node = node(case).map_or_else(
            || "not installed".to_owned(),
            |node| format!("{node:8.0} ({:5.1} x)", ours / node),
        );
        println!(
            "{:32} {ours:10.0} {theirs:12.1} ({:5.1} x) {node:>24}",
            case.name,
            ours / theirs
        );
    }

    println!("\nOne event in 1-byte chunks, ns a byte: linear if they are alike");
    for megabytes in [1, 2, 5, 10] {
        let bytes = format!("data: {}\n\n", "x".repeat(megabytes << 20)).into_bytes();
        let mut times = Vec::new();
        for _ in 0..3 {
            times.push(time(|| {
                let mut reader = Reader::default();
                for chunk in bytes.chunks(1) {
                    reader.read(chunk, |item| {
                        black_box(item);
                    });
                }
            }));
        }
        println!(
            "{megabytes:4} MiB {:8.2}",
            median(&mut times).as_nanos() as f64 / bytes.len() as f64
        );
    }
}

fn time(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// MB/s of `eventsource-parser` on the same bytes, already decoded and split into strings.
fn node(case: &Case) -> Option<f64> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    if !home.join("node_modules/eventsource-parser").exists() {
        return None;
    }
    let file = home.join("stream.sse");
    std::fs::write(&file, &case.bytes).ok()?;
    // A module finds its packages beside itself.
    let script = home.join("eventsource-parser.mjs");
    std::fs::copy(
        concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/benches/eventsource-parser.mjs"
        ),
        &script,
    )
    .ok()?;
    let output = Command::new("node")
        .arg(script)
        .arg(file)
        .arg(case.chunk.to_string())
        .output()
        .ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
