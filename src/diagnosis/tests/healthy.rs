//! Streams without a fault: whatever is said of them at any moment is information.

use super::*;

pub(super) struct Healthy {
    pub(super) name: &'static str,
    pub(super) means: Means,
    asked: &'static [&'static str],
    pub(super) acts: Vec<Act>,
}

fn by(means: Means, name: &'static str, acts: Vec<Act>) -> Healthy {
    Healthy {
        name,
        means,
        asked: &[],
        acts,
    }
}

fn fetch(name: &'static str, acts: Vec<Act>) -> Healthy {
    by(Means::Fetch, name, acts)
}

/// A stream that opens, and then does this.
fn open(acts: Vec<Act>) -> Vec<Act> {
    let mut all = vec![Wait(5.0), Open];
    all.extend(acts);
    all
}

/// Connections that the server ends, each after these acts, with a second between them.
fn connections(each: impl IntoIterator<Item = Vec<Act>>) -> Vec<Act> {
    let mut all = Vec::new();
    for acts in each {
        all.extend(open(acts));
        all.extend([Lose(Failure::Ended), Wait(1_000.0)]);
    }
    all
}

/// The date of the generator, `seconds` after a minute.
fn clock(seconds: u64) -> String {
    format!(
        "Sun Nov 22 2026 23:25:{:02} GMT+0000 (Coordinated Universal Time)",
        seconds % 60
    )
}

fn seq(ids: std::ops::Range<u64>) -> Vec<String> {
    ids.map(|n| format!("id: {n}\ndata: {n}\n\n")).collect()
}

fn pieces(text: &str) -> String {
    format!(
        "data: {{\"object\":\"chat.completion.chunk\",\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n"
    )
}

pub(super) fn healthy() -> Vec<Healthy> {
    let second = 1_000.0;
    let mut default = vec![Write(
        format!(
            "retry: 10000\nevent: connecttime\ndata: {0}\n\ndata: {0}\n\n",
            clock(0)
        )
        .into(),
    )];
    default.push(Wait(second));
    default.extend(writes(
        second,
        (1..30).map(|n| format!("data: {}\n\n", clock(n))),
    ));
    let mut answer = writes(40.0, ["Hel", "lo\\n\\n", "data: x"].map(pieces));
    answer.extend([
        Write(b"data: [DONE]\n\n".to_vec()),
        End(Failure::Ended),
        Wait(60.0 * second),
    ]);
    let anthropic = [
        "event: message_start\ndata: {\"type\":\"message_start\"}\n\n",
        "event: ping\ndata: {\"type\":\"ping\"}\n\n",
        "event: content_block_delta\ndata: {\"delta\":{\"text\":\"Hi\"}}\n\n",
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    ];
    let mut anthropic = writes(40.0, anthropic);
    anthropic.push(End(Failure::Ended));
    let mut history = writes(0.0, seq(0..200));
    history.extend(writes(second, seq(200..230)));
    let flood = writes(1.0, (0..200).map(|n| format!("data: {n}\n\n").repeat(100)));
    let slow_large = {
        let body = ["data: ", &"x".repeat(1 << 20), "\n\n"].concat();
        let parts: Vec<Vec<u8>> = body.as_bytes().chunks(60_000).map(Vec::from).collect();
        writes(180.0, parts)
    };
    let slow_lines = {
        let lines: String = (0..300)
            .map(|n| format!("data: {n} {}\n", "x".repeat(95)))
            .collect();
        let body = lines + "\n";
        let parts: Vec<Vec<u8>> = body.as_bytes().chunks(1_460).map(Vec::from).collect();
        writes(60.0, parts)
    };
    let batches = (0..8).map(|batch| {
        let stamps = (0..5).map(|n| format!("data: {}\n\n", clock(batch * 5 + n)));
        stamps.collect::<String>()
    });
    let padding = [": ", &" ".repeat(2_048), "\n\n", "data: a\n\n"].concat();
    let mut checkpoints = writes(second, seq(0..3));
    checkpoints.extend(writes(second, ["id: 7\n\n", "id: 9\n\n"]));
    checkpoints.extend(writes(second, seq(10..12)));
    let mut reset_id = writes(second, seq(0..3));
    reset_id.extend(writes(second, ["id:\ndata: over\n\n"]));
    let shared = |ids: &[u64]| writes(second, ids.iter().map(|n| format!("id: {n}\ndata: a\n\n")));
    let mut restarted = open(writes(second, seq(0..5)));
    restarted.extend([
        Lose(Failure::Ended),
        Wait(second),
        Fail(
            Failure::Refused {
                retry_after: Some(2_000),
            },
            Some(stream()),
        ),
        Wait(2.0 * second),
    ]);
    restarted.extend(open(writes(second, seq(5..9))));
    let events = |count: u64| {
        (0..count).flat_map(|n| {
            [
                Dispatch("message", n.to_string(), n.to_string()),
                Wait(1_000.0),
            ]
        })
    };
    let mut by_browser = open(events(5).collect());
    by_browser.extend([Lose(Failure::BrowserRetries), Wait(3.0 * second), Open]);
    by_browser.extend((5..9).flat_map(|n| {
        [
            Dispatch("message", n.to_string(), n.to_string()),
            Wait(second),
        ]
    }));
    vec![
        fetch("the default stream", open(default)),
        fetch(
            "two types, IDs and heartbeats",
            open(writes(
                500.0,
                (0..20).map(|n| {
                    format!(":\n\nevent: status\nid: {n}\ndata: {{\"n\":{n}}}\n\ndata: a\n\n")
                }),
            )),
        ),
        fetch("a model's answer to a POST", open(answer)),
        fetch("a model's answer with types", open(anthropic)),
        fetch("a flood", open(flood)),
        fetch("a burst of history, then one a second", open(history)),
        fetch("an event a minute", open(writes(60.0 * second, seq(0..6)))),
        fetch(
            "resumed after each loss",
            connections((0..4).map(|n| writes(200.0, seq(n * 10..n * 10 + 10)))),
        ),
        fetch(
            "renewed every 30 s",
            connections((0..4).map(|n| writes(10.0 * second, seq(n * 3..n * 3 + 3)))),
        ),
        fetch(
            "polling with one event",
            connections((0..4).map(|_| writes(1.0, ["retry: 5000\ndata: 21.5\n\n"]))),
        ),
        fetch(
            "polling a state of three events",
            connections(
                (0..4).map(|_| writes(1.0, ["retry: 5000\ndata: a\n\ndata: b\n\ndata: c\n\n"])),
            ),
        ),
        fetch(
            "batches of five every 5 s",
            open(writes(5.0 * second, batches)),
        ),
        fetch(
            "only heartbeats so far",
            open(writes(15.0 * second, [":\n\n"; 8])),
        ),
        fetch(
            "open, and not a byte",
            open(vec![
                Wait(10.0 * second),
                Wait(10.0 * second),
                Wait(100.0 * second),
            ]),
        ),
        fetch(
            "CRLF",
            open(writes(
                second,
                (0..9).map(|n| format!("id: {n}\r\ndata: a\r\n\r\n")),
            )),
        ),
        fetch(
            "CR",
            open(writes(
                second,
                (0..9).map(|n| format!("id: {n}\rdata: a\r\r")),
            )),
        ),
        fetch(
            "all line ends",
            open(writes(
                second,
                ["data: a\r\n\n", "data: b\r\r", "data: c\n\r\n"],
            )),
        ),
        fetch(
            "a byte order mark at the beginning",
            open(writes(second, ["\u{FEFF}data: a\n\n", "data: b\n\n"])),
        ),
        fetch(
            "data of many lines",
            open(writes(
                second,
                ["data: a\ndata:\ndata:  b\ndata: c\ndata: d\n\n"; 4],
            )),
        ),
        fetch("an event of 1 MiB over 3 s", open(slow_large)),
        fetch(
            "an event of 300 lines over a slow network",
            open(slow_lines),
        ),
        fetch(
            "a harmless field",
            open(writes(second, ["version: 2\ndata: a\n\n"; 4])),
        ),
        fetch(
            "fields before the first event",
            open(writes(5.0 * second, [":ok\nversion: 2\n\n"])),
        ),
        fetch(
            "only types of its own",
            open(writes(second, ["event: step\ndata: 1\n\n"; 4])),
        ),
        fetch(
            "heartbeats as events without data",
            open(writes(second, ["event: ping\n\n", "data: a\n\n"])),
        ),
        fetch("IDs without data, as checkpoints", open(checkpoints)),
        fetch("the last event ID is reset once", open(reset_id)),
        fetch(
            "characters of four bytes",
            open(writes(second, ["data: \u{1F600}ü→\n\n"; 4])),
        ),
        fetch(
            "an opening comment of 2 kB for old browsers",
            open(writes(second, [padding])),
        ),
        fetch(
            "a sequence of IDs that others share",
            connections([
                shared(&[3, 7, 12, 13]),
                shared(&[20, 21, 25]),
                shared(&[90]),
            ]),
        ),
        fetch(
            "many answers over one connection, which is lost at times",
            {
                let pause = [Wait(20_000.0)];
                let answer = || writes(10.0, [pieces("a"), "data: [DONE]\n\n".to_owned()]);
                let mut acts = open(answer());
                acts.extend(pause);
                acts.extend([Lose(Failure::Ended), Wait(second)]);
                acts.extend(open(answer()));
                acts
            },
        ),
        fetch("204 at the end", {
            let mut acts = connections([writes(second, seq(0..5))]);
            acts.push(Fail(Failure::NoContent, Some(response(204, &[], ""))));
            acts
        }),
        fetch(
            "closed by the user within an event",
            open(vec![Write(b"data: a\n\ndata: b".to_vec()), Close]),
        ),
        fetch("opened twice by the user", {
            let mut acts = open(writes(second, seq(0..5)));
            acts.push(Close);
            acts.extend(open(writes(second, seq(0..5))));
            acts
        }),
        by(
            Means::Relay,
            "by the relay",
            open(writes(second, seq(0..5))),
        ),
        fetch("back after a failed attempt", restarted),
        by(
            Means::EventSource,
            "by EventSource, lost and resumed",
            by_browser,
        ),
        by(
            Means::EventSource,
            "by EventSource, silent",
            open(vec![Wait(20.0 * second), Wait(100.0 * second)]),
        ),
        Healthy {
            asked: &["step"],
            ..fetch(
                "a type that was not asked for",
                open(writes(
                    second,
                    ["event: other\ndata: 1\n\n", "event: step\ndata: 1\n\n"],
                )),
            )
        },
    ]
}

#[test]
fn a_healthy_stream_gives_no_alarm_at_any_moment() {
    let streams = healthy();
    assert!(streams.len() >= 28);
    for Healthy {
        name,
        means,
        asked,
        acts,
    } in &streams
    {
        for split in [usize::MAX, 1_460, 7, 1] {
            // A flood in single bytes takes long and shows nothing more.
            let bytes: usize = acts
                .iter()
                .map(|act| match act {
                    Write(bytes) => bytes.len(),
                    _ => 0,
                })
                .sum();
            if bytes / split > 4_000 {
                continue;
            }
            let mut play = Play::new(*means, split);
            play.asked = asked.iter().map(|&name| name.to_owned()).collect();
            for act in acts {
                // An attempt that fails is shown while it lasts.
                play.act(act);
                let is_failed = matches!(act, Fail(Failure::Refused { .. }, _));
                for finding in play.findings() {
                    assert!(
                        finding.certainty == Certainty::Information || is_failed,
                        "{name}, in reads of {split}: {finding:#?}"
                    );
                }
            }
        }
    }
}
