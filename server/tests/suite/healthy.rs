//! 28 streams without a fault: whatever the page reports of them is information.

use super::streams::{Step::*, Stream, *};

pub(crate) struct Healthy {
    pub(crate) name: &'static str,
    pub(crate) stream: Stream,
    /// The event types that the page is asked to subscribe to.
    pub(crate) events: &'static str,
    /// For how long it is watched, in ms.
    pub(crate) lasts: u64,
}

fn healthy(name: &'static str, stream: Stream) -> Healthy {
    Healthy {
        name,
        stream,
        events: "",
        lasts: 5_000,
    }
}

impl Healthy {
    fn for_ms(self, lasts: u64) -> Self {
        Self { lasts, ..self }
    }
}

pub(crate) fn streams() -> Vec<Healthy> {
    let ids = |from: u64, to: u64| (from..to).map(|n| format!("id: {n}\ndata: {n}\n\n"));
    let large = ["data: ", &"x".repeat(1 << 20), "\n\n"]
        .concat()
        .into_bytes();
    let lines: String = (0..300)
        .map(|n| format!("data: {n} {}\n", "x".repeat(95)))
        .collect();
    let piece = |text: &str| {
        format!(
            "data: {{\"object\":\"chat.completion.chunk\",\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n"
        )
    };
    let answer = [
        piece("Hel"),
        piece("lo\\n\\n"),
        piece("data: x"),
        "data: [DONE]\n\n".to_owned(),
    ];
    let history = {
        let mut steps = vec![
            Send(HEAD.into()),
            Send(ids(0, 200).collect::<String>().into()),
        ];
        steps.extend(ids(200, 230).flat_map(|event| [Wait(500), Send(event.into())]));
        steps.push(Stall);
        Stream::Script(steps)
    };
    let polled = |body: &str| Stream::Script(vec![Send(HEAD.into()), Send(body.into()), Wait(20)]);
    let all = vec![
        healthy("the default stream", generator("")),
        healthy(
            "two types, IDs and heartbeats",
            generator("interval=200ms&event=,status&data=json&id=seq&heartbeat=500ms&retry=2s"),
        ),
        healthy(
            "answers of a model over one connection",
            parts(answer.clone().into_iter().chain(answer), 150),
        ),
        healthy("a flood", generator("interval=0&count=200000&end=stall")),
        healthy("history, then an event at a time", history).for_ms(8_000),
        healthy(
            "an event each 4 s",
            generator("interval=4s&data=seq&id=seq"),
        )
        .for_ms(18_000),
        healthy(
            "resumed after each loss",
            generator("after=10&interval=100ms&id=seq&data=seq&resume=replay&retry=500ms"),
        )
        .for_ms(8_000),
        healthy(
            "late by chance",
            generator("interval=300ms&jitter=250ms&id=seq&data=clock"),
        )
        .for_ms(8_000),
        healthy(
            "polling with one event",
            polled("retry: 1000\ndata: 21.5\n\n"),
        ),
        healthy(
            "polling a state of three events",
            polled("retry: 1000\ndata: a\n\ndata: b\n\ndata: c\n\n"),
        ),
        healthy(
            "batches of five",
            generator("burst=5&interval=2s&data=clock"),
        )
        .for_ms(12_000),
        healthy("only heartbeats so far", dripped(":\n\n", 1_000)),
        healthy("open, and not a byte", parts(Vec::<String>::new(), 0)).for_ms(18_000),
        healthy("CRLF", generator("newline=crlf&interval=200ms&id=seq")),
        healthy("CR", generator("newline=cr&interval=200ms&id=seq")),
        healthy(
            "all line ends, in reads of three bytes",
            generator("newline=mixed&interval=200ms&id=seq&split=3"),
        ),
        healthy(
            "a byte order mark at the beginning",
            generator("bom=1&interval=200ms"),
        ),
        healthy("data of five lines", generator("lines=5&interval=200ms")),
        healthy(
            "an event of 1 MiB over 3 s",
            parts(large.chunks(60_000).map(<[u8]>::to_vec), 170),
        ),
        healthy(
            "an event of 300 lines over a slow network",
            parts(
                (lines + "\n")
                    .into_bytes()
                    .chunks(1_460)
                    .map(<[u8]>::to_vec),
                100,
            ),
        ),
        healthy("a harmless field", dripped("version: 2\ndata: a\n\n", 300)),
        Healthy {
            events: "step",
            ..healthy(
                "only a type that is subscribed to",
                generator("interval=200ms&event=step"),
            )
        },
        healthy(
            "heartbeats as events without data",
            dripped("event: ping\n\ndata: a\n\n", 300),
        ),
        healthy(
            "IDs without data, as checkpoints",
            parts(
                ["id: 1\ndata: a\n\n", "id: 7\n\n", "id: 9\ndata: b\n\n"],
                500,
            ),
        ),
        healthy(
            "compressed as it says",
            generator("gzip=1&interval=200ms&data=json"),
        ),
        healthy(
            "redirected three times",
            generator("redirect=3&interval=200ms"),
        ),
        healthy("a head after 3 s", generator("delay=3s&interval=200ms")).for_ms(8_000),
        healthy(
            "204 after the last event",
            generator("count=5&after=5&interval=100ms&id=seq&data=seq&resume=replay&retry=300ms"),
        ),
    ];
    assert_eq!(all.len(), 28);
    all
}
