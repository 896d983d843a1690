//! Streams with one fault each: the first finding is this fault.

use super::*;
use crate::source::UpstreamEnd;

pub(super) struct Faulty {
    pub(super) mistake: Mistake,
    pub(super) means: Means,
    pub(super) response: Option<Response>,
    outcome: &'static str,
    pub(super) acts: Vec<Act>,
}

fn fetch(mistake: Mistake, acts: Vec<Act>) -> Faulty {
    Faulty {
        mistake,
        means: Means::Fetch,
        response: Some(stream()),
        outcome: "",
        acts,
    }
}

/// The server writes each of `parts`, with half a second between them.
fn sent<T: Into<Vec<u8>>>(mistake: Mistake, parts: impl IntoIterator<Item = T>) -> Faulty {
    let mut acts = vec![Open];
    acts.extend(writes(500.0, parts));
    fetch(mistake, acts)
}

/// The same, with 200 ms between them.
fn quickly<T: Into<Vec<u8>>>(mistake: Mistake, parts: impl IntoIterator<Item = T>) -> Faulty {
    let mut acts = vec![Open];
    acts.extend(writes(200.0, parts));
    fetch(mistake, acts)
}

/// The server writes these bytes and ends the response.
fn ended(mistake: Mistake, bytes: impl Into<Vec<u8>>) -> Faulty {
    fetch(
        mistake,
        vec![Open, Write(bytes.into()), Wait(10.0), Lose(Failure::Ended)],
    )
}

/// An answer that is no event stream.
fn answer(mistake: Mistake, response: Response) -> Faulty {
    let failure = match response.status {
        204 => Failure::NoContent,
        _ => Failure::Refused { retry_after: None },
    };
    fetch(mistake, vec![Wait(10.0), Fail(failure, Some(response))])
}

/// The relay reports that it got no response.
fn relay(mistake: Mistake, outcome: &'static str) -> Faulty {
    let failure = Failure::Upstream {
        end: UpstreamEnd::NoResponse,
        text: "A sentence.".to_owned(),
    };
    Faulty {
        means: Means::Relay,
        response: None,
        outcome,
        ..fetch(mistake, vec![Fail(failure, None)])
    }
}

fn event_source(mistake: Mistake, acts: Vec<Act>) -> Faulty {
    Faulty {
        means: Means::EventSource,
        response: None,
        ..fetch(mistake, acts)
    }
}

/// Connections that end after these writes.
fn again<T: Into<Vec<u8>> + Clone>(mistake: Mistake, each: Vec<Vec<T>>) -> Faulty {
    let mut acts = Vec::new();
    for parts in each {
        acts.push(Open);
        acts.extend(writes(200.0, parts));
        acts.extend([Lose(Failure::Ended), Wait(1_000.0)]);
    }
    acts.push(Open);
    fetch(mistake, acts)
}

fn seq(ids: std::ops::Range<u64>) -> Vec<String> {
    ids.map(|n| format!("id: {n}\ndata: {n}\n\n")).collect()
}

fn utf16(text: &str, is_little: bool) -> Vec<u8> {
    let units = text.encode_utf16();
    units
        .flat_map(|unit| {
            if is_little {
                unit.to_le_bytes()
            } else {
                unit.to_be_bytes()
            }
        })
        .collect()
}

/// A stream that is held back until 4 KiB are full, with an event each 200 ms.
fn buffered() -> Vec<Act> {
    let body: Vec<u8> = (0..1_000_u64)
        .flat_map(|n| {
            let ms = n * 200;
            format!(
                "data: {{\"at\":\"2026-11-22T23:{:02}:{:02}.{:03}Z\",\"number\":{n}}}\n\n",
                ms / 60_000,
                ms / 1_000 % 60,
                ms % 1_000
            )
            .into_bytes()
        })
        .collect();
    let mut acts = vec![Open];
    for part in body.chunks_exact(4_096).take(6) {
        let events = part.windows(2).filter(|pair| pair == b"\n\n").count();
        acts.extend([Wait(events as f64 * 200.0), Write(part.to_vec())]);
    }
    acts
}

pub(super) fn faults() -> Vec<Faulty> {
    use Mistake::*;
    let html = |title: &str| format!("<!doctype html><html><head><title>{title}</title></head>");
    let typed =
        |content_type: &str, body: &str| response(200, &[("content-type", content_type)], body);
    vec![
        // Framing.
        ended(
            GzipUnmarked,
            [0x78, 0x9C, 0x4B, 0x49, 0x2C, 0x49, 0xB4, 0x52, 0x48, 0x0A],
        ),
        ended(
            GzipUnmarked,
            [
                0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0x4B, 0x49, 0x0A, 0x3A, 0x0A,
            ],
        ),
        sent(Utf16, [utf16("data: hello\n\ndata: b\n\n", true)]),
        sent(Utf16, [utf16("\u{FEFF}data: hello\n\n", false)]),
        ended(PageAsStream, html("Not here") + "\n<body>\n"),
        ended(LiteralEscapes, r"data: a\n\ndata: b\n\n"),
        sent(LiteralEscapes, [r"data: a\n\n"; 3]),
        quickly(LiteralEscapes, [r"data: a\n\n"; 6]),
        quickly(LiteralEscapes, [r"b'data: a\n\n'"; 6]),
        sent(LiteralEscapes, ["b'data: a\\n\\n'\n"; 3]),
        sent(LiteralEscapes, ["\"data: a\\n\\n\"\n"; 3]),
        event_source(
            LiteralEscapes,
            vec![
                Open,
                Dispatch("message", "a\\n\\n".to_owned(), String::new()),
            ],
        ),
        sent(LiteralEscapes, ["data: a\\n\\n\n\n"; 2]),
        sent(NoBlankLine, ["data: a\n"; 4]),
        sent(
            NoBlankLine,
            ["event: a\nid: 1\ndata: a\n", "event: a\nid: 2\ndata: a\n"].repeat(3),
        ),
        sent(NoBlankLine, ["event: a\r\nid: 1\r\ndata: a\r\n"; 4]),
        ended(NoBlankLine, "data: a\ndata: b\n"),
        ended(NoBlankLine, "data: a\n"),
        sent(Ndjson, ["{\"a\":1}\n"; 3]),
        sent(BareJson, ["{\"a\":1}\n\n"; 3]),
        sent(BareJson, ["{\n  \"a\": 1\n}\n\n"; 3]),
        sent(BareJson, ["data: a\n\n{\"a\":1}\n\n"; 3]),
        sent(WrongCase, ["Data: a\n\n"; 2]),
        sent(SpaceBeforeColon, ["data : a\n\n"; 2]),
        sent(Indented, ["  data: a\n\n"; 2]),
        sent(UnknownFields, ["message: a\n\n"; 3]),
        sent(UnprefixedLines, ["data: a\nand b\n\n"; 2]),
        sent(UnprefixedLines, ["data: {\n  \"a\": 1\n}\n\n"; 2]),
        sent(UnprefixedLines, ["hello\n"; 2]),
        sent(WhiteSpaceLine, ["data: a\n \n"; 3]),
        sent(EventInComment, [": data: a\n\n"; 3]),
        sent(OnlyComments, [": a\n\n"; 3]),
        sent(FieldTwice, ["event: a\ndata: 1\nevent: b\ndata: 2\n\n"]),
        sent(NoData, ["data: a\n\nevent: done\n\n"]),
        fetch(
            NeverEnds,
            vec![Open, Write(b"data: a".to_vec()), Wait(16_000.0)],
        ),
        sent(LargeEvent, [["data: ", &"x".repeat(100_000)].concat()]),
        sent(BomInside, ["data: a\n\n\u{FEFF}data: b\n\n"]),
        sent(EmptyId, ["id:\ndata: a\n\n"; 2]),
        sent(NulId, ["id: 1\0\ndata: a\n\n"]),
        sent(RetryNotANumber, ["retry: 5s\ndata: a\n\n"]),
        sent(RetryZero, ["retry: 0\ndata: a\n\n"]),
        sent(RetrySmall, ["retry: 5\ndata: a\n\n"]),
        sent(RetryLong, ["retry: 86400000\ndata: a\n\n"]),
        sent(NotUtf8, [b"data: caf\xE9 \n\n".to_vec()]),
        event_source(
            NotUtf8,
            vec![
                Open,
                Dispatch("message", "caf\u{FFFD}".to_owned(), String::new()),
            ],
        ),
        event_source(UnprefixedLines, {
            let event = || Dispatch("message", "{".to_owned(), String::new());
            vec![Open, event(), event()]
        }),
        event_source(AnswerCut, {
            let data = "{\"object\":\"chat.completion.chunk\"}".to_owned();
            vec![
                Open,
                Dispatch("message", data, String::new()),
                Lose(Failure::BrowserRetries),
            ]
        }),
        event_source(Batches, {
            let event = || Dispatch("message", "a".to_owned(), String::new());
            let batch = || [Wait(2_000.0), event(), event(), event()];
            let batches = (0..6).flat_map(|_| batch());
            [Open].into_iter().chain(batches).collect()
        }),
        sent(NotUtf8, [b"data: \xFF\xFE\n\n".to_vec()]),
        // Types.
        sent(OwnErrorEvent, ["event: error\ndata: a\n\n"]),
        sent(OwnOpenEvent, ["event: open\ndata: a\n\n"]),
        event_source(
            OwnErrorEvent,
            vec![Open, Dispatch("error", "a".to_owned(), String::new())],
        ),
        sent(NotSubscribed, ["event: a\ndata: a\n\n"]),
        // The answer.
        answer(Page, typed("text/html; charset=utf-8", &html("App"))),
        answer(Page, typed("text/plain", &html("App"))),
        answer(WrongType, typed("application/json", "{}")),
        answer(WrongType, typed("text/html", "data: a\n\n")),
        answer(MissingType, response(200, &[], "data: a\n\n")),
        Faulty {
            response: Some(typed("text/event-stream; charset=\"ISO-8859-1\"", "")),
            ..sent(Charset, ["data: a\n\n"])
        },
        answer(NoContent, response(204, &[], "")),
        answer(
            Unauthorized,
            response(401, &[("www-authenticate", "Bearer")], "no token"),
        ),
        answer(Forbidden, response(403, &[], "")),
        answer(NotFound, response(404, &[], "")),
        answer(TooManyRequests, response(429, &[("retry-after", "7")], "")),
        answer(
            Unavailable,
            response(503, &[("retry-after", "Sun, 22 Nov 2026 23:25:54 GMT")], ""),
        ),
        answer(ServerError, response(500, &[], "")),
        answer(BadGateway, response(502, &[], "")),
        answer(Status, response(418, &[], "")),
        // No answer.
        event_source(NoServer, vec![Fail(Failure::BrowserRetries, None)]),
        event_source(GaveUp, vec![Fail(Failure::BrowserGaveUp, None)]),
        fetch(NoResponse, vec![Fail(Failure::Unreachable, None)]),
        relay(NameNotFound, "name-not-found"),
        relay(Refused, "refused"),
        relay(Reset, "reset"),
        relay(EmptyAnswer, "closed"),
        relay(NotHttp, "not-http"),
        relay(Tls, "tls"),
        relay(WrongScheme, "no-tls"),
        relay(WrongScheme, "only-tls"),
        relay(Redirects, "redirects"),
        relay(NoAnswerInTime, "timed-out"),
        relay(WrongEncoding, "encoding"),
        relay(NotReached, "unreachable"),
        Faulty {
            response: Some(response(
                200,
                &[
                    ("content-type", "text/event-stream"),
                    ("content-encoding", "gzip"),
                ],
                "",
            )),
            ..fetch(
                WrongEncoding,
                vec![Open, Wait(5.0), Lose(Failure::BrokeOff)],
            )
        },
        // The course.
        again(DoneAndAgain, vec![vec!["data: a\n\ndata: [DONE]\n\n"]; 2]),
        again(FiniteInLoop, vec![vec!["data: a\n\n", "data: b\n\n"]; 2]),
        again(Polling, vec![vec!["data: a\n\n"]; 2]),
        event_source(Polling, {
            let each = || {
                let event = |data: &str| Dispatch("message", data.to_owned(), String::new());
                [
                    Open,
                    event("a"),
                    event("b"),
                    Wait(5.0),
                    Lose(Failure::BrowserRetries),
                    Wait(3_000.0),
                ]
            };
            [each(), each()].into_iter().flatten().collect()
        }),
        again(IdsRestarted, vec![seq(0..5), seq(0..5)]),
        again(IdsRepeated, vec![seq(0..5), seq(5..10), seq(7..12)]),
        again(IdsGap, vec![seq(0..5), seq(8..12)]),
        again(Renewal, vec![seq(0..10), seq(10..20), seq(20..30)]),
        fetch(CutAfterSilence, {
            let mut acts = Vec::new();
            for events in [3, 40] {
                acts.push(Open);
                acts.extend(writes(1_000.0, vec!["data: a\n\n"; events]));
                acts.extend([Wait(59_000.0), Lose(Failure::BrokeOff), Wait(1_000.0)]);
            }
            acts.push(Open);
            acts
        }),
        fetch(Buffered, buffered()),
        sent(Batches, Vec::<String>::new()).with(writes(2_000.0, ["data: a\n\ndata: b\n\n"; 6])),
        // The end.
        fetch(Silent, vec![Open, Wait(16_000.0)]),
        event_source(SilentBySubscription, vec![Open, Wait(16_000.0)]),
        event_source(SilentBySubscription, vec![Open, Wait(6_000.0)]),
        // Bytes without an event that no other rule is about.
        sent(Silent, ["retry: 5000\n\n"; 40]),
        sent(Silent, ["id: 7\n\n"; 40]),
        sent(Silent, ["\n"; 40]),
        ended(CutInside, "data: a\n\ndata: b"),
        fetch(
            CutInside,
            vec![
                Open,
                Write(b"data: a\n\ndata: b".to_vec()),
                Lose(Failure::BrokeOff),
            ],
        ),
        fetch(
            BrokeOff,
            vec![
                Open,
                Write(b"data: a\n\n".to_vec()),
                Lose(Failure::BrokeOff),
            ],
        ),
        ended(
            AnswerCut,
            "data: {\"object\":\"chat.completion.chunk\"}\n\n",
        ),
        ended(AnswerCut, "event: message_start\ndata: {}\n\n"),
        event_source(
            AnswerCut,
            vec![
                Open,
                Dispatch("message_start", "{}".to_owned(), String::new()),
                Dispatch("content_block_delta", "{}".to_owned(), String::new()),
                Lose(Failure::BrowserRetries),
            ],
        ),
        ended(
            AnswerComplete,
            "event: message_start\ndata: {}\n\nevent: message_stop\ndata: {}\n\n",
        ),
        ended(Ended, "data: a\n\n"),
        ended(
            Ended,
            "data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n",
        ),
        fetch(
            TooFast,
            vec![Open, Write(b"data: a\n\n".to_vec()), End(Failure::TooFast)],
        ),
        fetch(
            ClosedByUser,
            vec![Open, Write(b"data: a\n\n".to_vec()), Close],
        ),
    ]
}

impl Faulty {
    fn with(mut self, acts: Vec<Act>) -> Self {
        self.acts.extend(acts);
        self
    }
}

#[test]
fn each_fault_is_found_first_at_any_split_of_the_bytes() {
    for fault in faults() {
        for split in [usize::MAX, 1_460, 7, 1] {
            // Reads beyond this number are not looked at.
            let bytes = fault.acts.iter().map(|act| match act {
                Write(bytes) => bytes.len(),
                _ => 0,
            });
            if bytes.sum::<usize>() / split > 8_192 {
                continue;
            }
            let mut play = Play::new(fault.means, split);
            play.response.clone_from(&fault.response);
            if !fault.outcome.is_empty() {
                play.relayed = Some(Relayed {
                    outcome: fault.outcome.to_owned(),
                    ..Relayed::default()
                });
            }
            fault.acts.iter().for_each(|act| play.act(act));
            let findings = play.findings();
            let first = findings.first().map(|finding| finding.mistake);
            assert_eq!(
                first,
                Some(fault.mistake),
                "in reads of {split}: {findings:#?}"
            );
        }
    }
}

#[test]
fn a_line_of_json_is_named_once_it_is_known_what_follows() {
    for (rest, mistake) in [
        ("{\"b\":2}\n", Mistake::Ndjson),
        ("\n", Mistake::BareJson),
        ("data: b\n\n", Mistake::BareJson),
    ] {
        let mut play = Play::new(Means::Fetch, 64);
        play.act(&Open);
        play.act(&Write(b"{\"a\":1}\n".to_vec()));
        play.act(&Wait(5_000.0));
        assert_eq!(play.findings(), []);
        play.act(&Write(rest.into()));
        assert_eq!(play.findings()[0].mistake, mistake, "{rest:?}");
    }
}

#[test]
fn each_mistake_that_a_stream_can_show_is_found_in_one() {
    let faults = faults();
    for mistake in Mistake::ALL {
        let is_played = faults.iter().any(|fault| fault.mistake == *mistake);
        // These need what a stream alone does not show, or accompany other findings.
        let is_other = matches!(
            mistake,
            Mistake::HarmlessFields | Mistake::TooLarge | Mistake::NotRelayed
        );
        let is_probed = super::link::BY_PROBES.contains(mistake);
        let is_measured = matches!(mistake, Mistake::NotFlushed | Mistake::HeadNotFlushed);
        assert!(
            is_played || is_probed || is_measured || is_other,
            "{mistake:?}"
        );
    }
}
