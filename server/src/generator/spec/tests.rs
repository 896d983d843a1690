use super::*;
use parse::{MAX_QUOTED, PartialSpec, SpecError};
use table::{PARAMETERS, PRESETS};

fn reads(query: &str, change: impl FnOnce(&mut Spec)) {
    let mut expected = Spec::default();
    change(&mut expected);
    assert_eq!(Spec::parse(query), Ok(expected), "{query}");
}

/// As [`reads`], for a parameter that changes the events of the default stream.
fn reads_changed(query: &str, change: impl FnOnce(&mut Spec)) {
    reads(query, |spec| {
        spec.has_connecttime = false;
        change(spec);
    });
}

#[test]
fn each_parameter_sets_its_field() {
    let ms = Duration::from_millis;
    reads("", |_| {});
    reads_changed("interval=1000", |_| {});
    reads_changed("interval=0", |s| s.interval = Duration::ZERO);
    reads_changed("interval=1", |s| s.interval = ms(1));
    reads_changed("interval=250ms", |s| s.interval = ms(250));
    reads_changed("interval=2s", |s| s.interval = ms(2_000));
    reads_changed("interval=3600000", |s| s.interval = value::MAX_DURATION);
    reads_changed("interval=3600s", |s| s.interval = value::MAX_DURATION);
    reads_changed("count=0", |s| s.count = Some(0));
    reads_changed("count=18446744073709551615", |s| s.count = Some(u64::MAX));
    reads_changed("event=a,,b%20c", |s| {
        s.events = ["a", "", "b c"].map(str::to_owned).to_vec();
    });
    reads_changed("data=clock", |_| {});
    reads_changed("data=tokens", |s| s.data = Data::Tokens);
    reads_changed("data=openai", |s| {
        (s.data, s.retry) = (Data::Answer(Api::OpenAi), None);
    });
    reads_changed("data=ag-ui&retry=2s&parts=tool,text,tool,error", |s| {
        (s.data, s.retry) = (Data::Answer(Api::AgUi), Some(ms(2_000)));
        s.parts = vec![Content::Tool, Content::Text, Content::Tool, Content::Error];
    });
    reads_changed("data=gemini&text=a%20%00b&choices=8&count=9", |s| {
        (s.data, s.retry) = (Data::Answer(Api::Gemini), None);
        (s.text, s.choices, s.count) = (Some("a \0b".to_owned()), 8, Some(9));
    });
    for (text, size) in [("1", 1), ("64k", 65_536), ("16m", 1 << 24)] {
        reads_changed(&format!("size={text}"), |s| {
            (s.size, s.data) = (Some(size), Data::Seq);
        });
    }
    reads_changed("size=9&data=clock", |s| s.size = Some(9));
    reads_changed("lines=1000", |s| s.lines = 1_000);
    reads_changed("id=none", |_| {});
    reads_changed("id=seq", |s| s.id = Id::Seq);
    reads_changed("id=time", |s| s.id = Id::Time);
    reads_changed("burst=5", |s| s.burst = 5);
    reads("retry=none", |s| s.retry = None);
    reads("retry=0", |s| s.retry = Some(ms(0)));
    reads("heartbeat=15s", |s| s.heartbeat = Some(ms(15_000)));
    reads("jitter=40", |s| s.jitter = ms(40));
    reads("seed=7", |s| s.seed = Some(7));
    reads("newline=mixed", |s| s.newline = Newline::Mixed);
    reads("bom", |s| s.bom = true);
    reads("bom=1&gzip=0", |s| s.bom = true);
    reads("split=2", |s| s.split = 2);
    reads("hold=5s", |s| s.hold = Some(Hold::For(ms(5_000))));
    reads("hold=500", |s| s.hold = Some(Hold::For(ms(500))));
    reads("hold=64k", |s| s.hold = Some(Hold::Bytes(65_536)));
    reads("gzip=1", |s| s.gzip = Gzip::Flushed);
    reads("gzip=unflushed", |s| s.gzip = Gzip::Unflushed);
    reads("status=503", |s| s.status = 503);
    reads("type=none", |s| s.content_type = None);
    reads("type=text/plain", |s| {
        s.content_type = Some("text/plain".to_owned());
    });
    reads("cors=none", |s| s.cors = Cors::None);
    reads("cors=twice", |s| s.cors = Cors::Twice);
    reads("encoding=br", |s| s.encoding = Some(Encoding::Brotli));
    reads("status=429&retryAfter=30", |s| {
        s.status = 429;
        s.retry_after = Some(30);
    });
    reads("redirect=3", |s| s.redirect = 3);
    reads("redirect=1&status=301", |s| {
        (s.redirect, s.redirection) = (1, 301);
    });
    reads("delay=2s", |s| s.delay = ms(2_000));
    reads("instead=none", |_| {});
    reads("instead=reset", |s| s.instead = Some(CutOff::Reset));
    reads("instead=empty", |s| s.instead = Some(CutOff::Truncate));
    reads("instead=not-http", |s| s.instead = Some(CutOff::NotHttp));
    reads("after=10&end=reset", |s| {
        (s.after, s.end) = (Some(10), End::Reset);
    });
    reads("outage=2s/10s", |s| {
        s.outage = Some(Outage {
            down: ms(2_000),
            period: ms(10_000),
        });
    });
    reads("corrupt=space", |s| s.corrupt = Some(Corrupt::Space));
    reads("corrupt=bare-json", |s| {
        (s.corrupt, s.data) = (Some(Corrupt::BareJson), Data::Json);
    });
    reads_changed("id=seq&resume=gap&lastEventId=4", |s| {
        (s.id, s.resume) = (Id::Seq, Resume::Gap);
        s.last_event_id = Some("4".to_owned());
    });
    for (query, bytes) in [
        ("raw=ZGF0YQ", b"data".as_slice()),
        ("raw=ZGF0YQ%3D%3D", b"data"),
        ("raw=", b""),
        ("raw=-_8", b"\xFB\xFF"),
    ] {
        reads(query, |s| s.raw = Some(bytes.to_vec().into()));
    }
    reads("end=stall&raw=ZA&gzip&split=1&type=none", |s| {
        (s.end, s.gzip, s.split, s.content_type) = (End::Stall, Gzip::Flushed, 1, None);
        s.raw = Some("d".into());
    });
}

#[test]
fn an_invalid_value_is_rejected_by_name() {
    let time = "|-1|+1|1.5s|2 s|s|2S|1m|3600001|3601s|99999999999999999999";
    let long = "x".repeat(257);
    let many = ",".repeat(64);
    let parts = ["text"; 17].join(",");
    let text = "é".repeat(2_049);
    let cases = [
        ("interval", time),
        ("count", "|-1|+1|1k|1.0|18446744073709551616"),
        ("event", &format!("a\nb|\r|x\0|{long}|{many}")),
        ("data", "|Clock|dates|OpenAI"),
        (
            "size",
            "|0|0k|-1|+1|64K|1g|1kb|16777217|17m|99999999999999999k",
        ),
        ("lines", "|0|1001|-1"),
        ("id", "|Seq|0|seq "),
        ("retry", time),
        ("heartbeat", &format!("{time}|0")),
        ("jitter", time),
        ("burst", "|0|100001"),
        ("seed", "|x|-1"),
        ("newline", "|LF|\n"),
        ("bom", "2|yes|true"),
        ("split", "|0|-1|x"),
        ("hold", "|0|0k|65k|1m|x"),
        ("gzip", "2|br|held"),
        ("status", "|0|100|199|600|OK"),
        ("type", &format!("| a|a |a\nb|é|{long}")),
        ("encoding", "|identity|GZIP"),
        ("cors", "|*|http://a"),
        ("retryAfter", "|-1|3601|5s"),
        ("redirect", "|31|-1|/elsewhere|http://evil.example"),
        ("delay", time),
        ("instead", "|1|rst"),
        ("after", "|-1|x"),
        ("end", "|rst"),
        ("outage", "|1s|1s/|/1s|0/1s|2s/1s|1s/3601s|1s/0"),
        ("corrupt", "|UTF8|all"),
        ("raw", "a b|++|%"),
        ("resume", "|yes"),
        ("lastEventId", &long),
        (
            "parts",
            &format!("|Text|text,|text;tool|usage,usage|error,text|error,error|{parts}"),
        ),
        ("text", &format!("|{text}")),
        ("choices", "|0|9|-1"),
    ];
    let names: Vec<_> = cases.iter().map(|(name, _)| *name).collect();
    let all: Vec<_> = PARAMETERS.iter().map(|parameter| parameter.name).collect();
    assert_eq!(names, all);
    for (name, rejected) in cases {
        for given in rejected.split('|') {
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair(name, given)
                .finish();
            let error = Spec::parse(&query).expect_err(&query);
            let SpecError::NotAccepted {
                name: named,
                given: quoted,
                ..
            } = &error
            else {
                panic!("{query}: {error}");
            };
            let beginning: String = given.chars().take(MAX_QUOTED).collect();
            assert_eq!((*named, quoted), (name, &beginning));
        }
    }
}

#[test]
fn the_table_lists_the_choices_that_are_accepted() {
    for parameter in PARAMETERS {
        let reads = |value: &str| (parameter.read)(&mut PartialSpec::default(), value).is_some();
        for choice in parameter.choices {
            assert!(reads(choice), "{}={choice}", parameter.name);
            let is_listed = parameter
                .accepts
                .split([' ', ',', ':'])
                .any(|word| word == *choice);
            assert!(is_listed, "{}: {choice} is not listed", parameter.name);
        }
    }
    for preset in PRESETS {
        let spec = Spec::parse(preset.query).expect(preset.name);
        assert_ne!(spec, Spec::default(), "{}", preset.name);
    }
}

#[test]
fn contradictions_are_rejected() {
    for (query, sentence) in [
        ("raw=&raw=", "The parameter “raw” is given twice."),
        (
            "count=1&size=1&count=1",
            "The parameter “count” is given twice.",
        ),
        (
            "raw=&id=seq",
            "raw and id cannot be combined: raw is for a stream of given bytes, id for one that is generated.",
        ),
        (
            "bom&raw=",
            "raw and bom cannot be combined: raw is for a stream of given bytes, bom for one that is generated.",
        ),
        (
            "id=time&interval=0",
            "id=time needs an interval, as no two events may have the same time.",
        ),
        (
            "data=tokens&id=time",
            "data=tokens needs numbers from 0: give id=seq or none.",
        ),
        (
            "data=openai&id=time",
            "A model's answer needs numbers from 0: give id=seq or none.",
        ),
        (
            "data=openai&event=a",
            "event needs other data: a model's answer has event types of its own, or none.",
        ),
        (
            "data=tokens&parts=text",
            "parts needs a model's answer: give data=openai, openai-responses, anthropic, gemini, ai-sdk or ag-ui.",
        ),
        (
            "text=a",
            "text needs a model's answer: give data=openai, openai-responses, anthropic, gemini, ai-sdk or ag-ui.",
        ),
        (
            "choices=2&data=anthropic",
            "choices needs an API that has several: give data=openai or gemini.",
        ),
        (
            "data=anthropic&count=5",
            "count=5 is not a number of events of this answer: give 6 to 1000000, or cut it short with after.",
        ),
        (
            "data=openai-responses&count=10001",
            "count=10001 is not a number of events of this answer: give 8 to 10000, or cut it short with after.",
        ),
        (
            "data=gemini&parts=tool&count=3",
            "count=3 is not a number of events of this answer: give 2, or cut it short with after.",
        ),
        (
            "resume=replay",
            "resume needs IDs to resume by: give id=seq or id=time.",
        ),
        (
            "end=reset",
            "end needs a stream that ends: give count, after or outage.",
        ),
        (
            "redirect=2&status=200",
            "redirect needs a status that redirects: give 301, 302, 303, 307 or 308.",
        ),
    ] {
        let error = Spec::parse(query).expect_err(query);
        assert_eq!(error.to_string(), sentence, "{query}");
    }
    let unknown = Spec::parse("intervall=1").expect_err("a typo");
    let unknown = unknown.to_string();
    assert!(unknown.starts_with(
        "There is no parameter “intervall”: /stream takes interval, count, event, data, size,"
    ));
    assert!(unknown.ends_with(", parts, text and choices. See /stream/help."));
}

#[test]
fn an_outage_follows_the_clock() {
    let outage = Outage {
        down: Duration::from_secs(2),
        period: Duration::from_secs(10),
    };
    for (now, state) in [
        (0, OutageState::Down { left: outage.down }),
        (
            51_999,
            OutageState::Down {
                left: Duration::from_millis(1),
            },
        ),
        (
            52_000,
            OutageState::Up {
                left: Duration::from_secs(8),
            },
        ),
        (
            59_999,
            OutageState::Up {
                left: Duration::from_millis(1),
            },
        ),
    ] {
        assert_eq!(outage.at(now), state, "{now}");
    }
}
