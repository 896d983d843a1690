//! The speed of the reader, as ratios in one run: to the crate `eventsource-stream`, and to npm's
//! `eventsource-parser` in Node, if `make bench-wire` has installed it.
//!
//! Common benchmark harnesses do not print ratios, so this file has its own. In each round, the three
//! parsers read the same bytes one after the other, so that a slow moment of the machine affects all
//! of them. The result is the median of the rounds; the lowest and the highest show the spread.

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

/// The number of rounds.
const ROUNDS: usize = 9;

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
        "{:30} {:>8}  {:26} x eventsource-parser",
        "", "MB/s", "x eventsource-stream"
    );
    for case in &cases {
        let (mut rates, mut of_crate, mut of_node) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let mut runs = [(); 5].map(|()| time(|| wire(case)));
            let rate = case.bytes.len() as f64 / median(&mut runs).as_secs_f64() / 1e6;
            let theirs = case.bytes.len() as f64 / time(|| eventsource_stream(case)).as_secs_f64();
            rates.push(rate);
            of_crate.push(rate / theirs * 1e6);
            of_node.extend(node(case).map(|node| rate / node));
        }
        rates.sort_by(f64::total_cmp);
        println!(
            "{:30} {:8.0}  {:26} {}",
            case.name,
            rates[ROUNDS / 2],
            spread(&mut of_crate),
            spread(&mut of_node)
        );
    }

    println!("\nOne event in 1-byte chunks, ns per byte: the time is linear if these are equal");
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

fn wire(case: &Case) {
    let mut reader = Reader::default();
    let mut length = 0_u64;
    for chunk in case.bytes.chunks(case.chunk) {
        reader.read(chunk, |item| {
            if let Content::Event(event) = item.content {
                length += black_box(event).data.len() as u64;
            }
        });
    }
    black_box(length);
}

fn eventsource_stream(case: &Case) {
    let chunks = case.bytes.chunks(case.chunk).map(Ok::<_, Infallible>);
    let mut events = stream::iter(chunks).eventsource();
    block_on(async {
        while let Some(event) = events.next().await {
            black_box(event).expect("well-formed");
        }
    });
}

/// The median, with the lowest and the highest.
fn spread(ratios: &mut [f64]) -> String {
    ratios.sort_by(f64::total_cmp);
    match &*ratios {
        [] => "not installed".to_owned(),
        [low, .., high] => format!("{:5.1} ({low:.1} to {high:.1})", ratios[ratios.len() / 2]),
        [only] => format!("{only:5.1}"),
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
    // Node looks for packages beside the module that imports them.
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
