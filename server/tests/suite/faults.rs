//! 88 streams that servers, proxies and frameworks send by mistake, with the mistakes that are right to name.

use super::{
    browser::Engine,
    streams::{Step::*, Stream, *},
};

pub(crate) struct Fault {
    pub(crate) name: &'static str,
    pub(crate) group: Group,
    pub(crate) stream: Stream,
    /// The event types that the page is asked to subscribe to.
    pub(crate) events: &'static str,
    /// The mistakes that are right to name by fetch.
    pub(crate) fetch: &'static [&'static str],
    /// The same by EventSource, if others.
    pub(crate) event_source: &'static [&'static str],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Framing,
    Types,
    Answer,
    Origin,
    Connection,
    Course,
    End,
}

use Group::*;

fn fault(
    group: Group,
    name: &'static str,
    stream: Stream,
    right: &'static [&'static str],
) -> Fault {
    Fault {
        name,
        group,
        stream,
        events: "",
        fetch: right,
        event_source: right,
    }
}

impl Fault {
    fn by_event_source(self, right: &'static [&'static str]) -> Self {
        Self {
            event_source: right,
            ..self
        }
    }

    fn asked(self, events: &'static str) -> Self {
        Self { events, ..self }
    }
}

fn utf16(text: &str, is_little: bool) -> Vec<u8> {
    let units = text.encode_utf16();
    let bytes = |unit: u16| match is_little {
        true => unit.to_le_bytes(),
        false => unit.to_be_bytes(),
    };
    units.flat_map(bytes).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("to memory");
    encoder.finish().expect("to memory")
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("to memory");
    encoder.finish().expect("to memory")
}

pub(crate) fn faults() -> Vec<Fault> {
    let all: Vec<_> = framing()
        .into_iter()
        .chain(types())
        .chain(answers())
        .chain(origins())
        .chain(connections())
        .chain(courses())
        .chain(ends())
        .collect();
    assert_eq!(all.len(), 88);
    all
}

fn framing() -> Vec<Fault> {
    let fault = |name, stream, right| fault(Framing, name, stream, right);
    vec![
        fault(
            "no blank line",
            generator("interval=200ms&data=seq&corrupt=no-blank"),
            &["no-blank-line"],
        ),
        fault(
            "no blank line, and the response ends",
            generator("interval=0&count=5&data=seq&corrupt=no-blank"),
            &["no-blank-line"],
        ),
        fault(
            "no blank line, with types, IDs and CRLF",
            generator("interval=200ms&event=a&id=seq&newline=crlf&corrupt=no-blank"),
            &["no-blank-line"],
        ),
        fault(
            "line feeds in single quotation marks",
            dripped(r"data: a\n\n", 300),
            &["literal-escapes"],
        ),
        fault(
            "line feeds escaped twice",
            dripped("data: a\\n\\n\n\n", 300),
            &["literal-escapes"],
        ),
        fault(
            "the repr of bytes",
            dripped(r"b'data: a\n\n'", 300),
            &["literal-escapes"],
        ),
        fault(
            "a frame as a JSON string",
            dripped("\"data: a\\n\\n\"\n", 300),
            &["literal-escapes"],
        ),
        fault("NDJSON", dripped("{\"a\":1}\n", 300), &["ndjson"]),
        fault(
            "JSON without a field",
            generator("interval=200ms&corrupt=bare-json"),
            &["bare-json"],
        ),
        fault(
            "indented JSON without a field",
            dripped("{\n  \"a\": 1\n}\n\n", 300),
            &["bare-json", "unprefixed-lines"],
        ),
        fault(
            "Data in capitals",
            generator("interval=200ms&data=seq&corrupt=case"),
            &["wrong-case"],
        ),
        fault(
            "a space before the colon",
            generator("interval=200ms&data=seq&corrupt=space"),
            &["space-before-colon"],
        ),
        fault(
            "indented by spaces",
            dripped("    data: a\n\n", 300),
            &["indented"],
        ),
        fault(
            "another field",
            dripped("message: a\n\n", 300),
            &["unknown-fields"],
        ),
        fault(
            "no colon",
            dripped("data a\n\n", 300),
            &["unprefixed-lines"],
        ),
        fault(
            "text of several lines",
            dripped("data: first\nsecond\n\n", 300),
            &["unprefixed-lines"],
        ),
        fault(
            "indented JSON after the field",
            dripped("data: {\n  \"a\": 1\n}\n\n", 300),
            &["unprefixed-lines"],
        ),
        fault(
            "a line of spaces",
            dripped("data: a\n  \n", 300),
            &["white-space-line"],
        ),
        fault(
            "fields in comments",
            dripped(": data: a\n\n", 300),
            &["event-in-comment"],
        ),
        fault(
            "only comments",
            dripped(": keep-alive\n\n", 300),
            &["only-comments"],
        ),
        fault(
            "two events as one",
            dripped("event: a\ndata: 1\nevent: b\ndata: 2\n\n", 300),
            &["field-twice"],
        ),
        fault(
            "an event without data",
            parts(["data: a\n\n", "event: done\n\n"], 300),
            &["no-data"],
        ),
        fault(
            "an event that does not end",
            bytes("data: a"),
            &["never-ends"],
        ),
        fault(
            "a byte order mark before each event",
            dripped("\u{FEFF}data: a\n\n", 300),
            &["bom-inside"],
        ),
        fault("empty IDs", dripped("id:\ndata: a\n\n", 300), &["empty-id"]),
        fault(
            "an ID with U+0000",
            generator("interval=200ms&data=seq&id=seq&corrupt=nul-id"),
            &["nul-id"],
        ),
        fault(
            "retry: 0",
            generator("interval=200ms&retry=0"),
            &["retry-zero"],
        ),
        fault(
            "retry: 5",
            generator("interval=200ms&retry=5"),
            &["retry-small"],
        ),
        fault(
            "retry: 5s",
            bytes("retry: 5s\ndata: a\n\n"),
            &["retry-not-a-number"],
        ),
        fault(
            "retry: a day",
            bytes("retry: 86400000\ndata: a\n\n"),
            &["retry-long"],
        ),
        fault(
            "Latin-1",
            generator("interval=200ms&data=seq&corrupt=utf8"),
            &["not-utf-8"],
        ),
        fault(
            "Windows-1252",
            dripped(b"data: \x93quoted\x94\n\n", 300),
            &["not-utf-8"],
        ),
        fault(
            "UTF-16",
            bytes(utf16("data: hello\n\ndata: hello\n\n", true)),
            &["utf-16"],
        ),
        fault(
            "UTF-16 with a byte order mark",
            bytes(utf16("\u{FEFF}data: hello\n\ndata: hello\n\n", false)),
            &["utf-16"],
        ),
        fault(
            "gzip without the header",
            bytes(gzip(b"data: hello\n\ndata: hello\n\n")),
            &["gzip-unmarked"],
        ),
        fault(
            "zlib without the header",
            bytes(zlib(b"data: hello\n\ndata: hello\n\n")),
            &["gzip-unmarked"],
        ),
        fault(
            "a page under the type of a stream",
            ended("<!doctype html>\n<html><title>Error</title></html>\n"),
            &["page-as-stream"],
        ),
    ]
}

fn types() -> Vec<Fault> {
    let fault = |name, stream, right| fault(Types, name, stream, right);
    // By EventSource these events cannot be seen: it is right to say that they may exist.
    let unseen: &[_] = &["not-subscribed", "silent-by-subscription"];
    vec![
        fault(
            "a type that nobody subscribes to",
            dripped("event: step\ndata: 1\n\n", 300),
            &["not-subscribed"],
        )
        .by_event_source(unseen),
        fault(
            "a type in capitals",
            dripped("event: Update\ndata: 1\n\n", 300),
            &["not-subscribed"],
        )
        .asked("update")
        .by_event_source(unseen),
        fault(
            "the server’s own event: error",
            generator("interval=200ms&event=error,&data=seq"),
            &["own-error-event"],
        ),
        fault(
            "the server’s own event: open",
            generator("interval=200ms&event=open,&data=seq"),
            &["own-open-event"],
        )
        .asked("open"),
    ]
}

fn answers() -> Vec<Fault> {
    let fault = |name, stream, right| fault(Answer, name, stream, right);
    let cors = "access-control-allow-origin: *";
    // Other browsers read the stream as UTF-8 all the same.
    let refused_charset: &[_] = match Engine::chosen() {
        Engine::Chromium => &["charset"],
        Engine::Firefox | Engine::WebKit => &[],
    };
    let html = "<!doctype html><html><head><title>App</title></head><body></body></html>";
    let login = "<!doctype html><title>Sign in</title><form><input type=\"password\"></form>";
    vec![
        fault(
            "text/plain",
            generator("interval=200ms&type=text/plain"),
            &["wrong-type"],
        ),
        fault(
            "PHP’s text/html",
            generator("interval=200ms&type=text/html"),
            &["wrong-type"],
        ),
        fault(
            "no content type",
            generator("interval=200ms&type=none"),
            &["missing-type"],
        ),
        fault(
            "a fallback to index.html",
            answer(
                &format!("200 OK\r\ncontent-type: text/html\r\n{cors}"),
                html,
            ),
            &["page-instead"],
        ),
        fault(
            "a login",
            answer(
                &format!("200 OK\r\ncontent-type: text/html\r\n{cors}"),
                login,
            ),
            &["page-instead"],
        ),
        fault(
            "charset=iso-8859-1",
            generator("interval=200ms&type=text/event-stream;charset=iso-8859-1"),
            &["charset"],
        )
        .by_event_source(refused_charset),
        fault(
            "charset=utf8, without a hyphen",
            generator("interval=200ms&type=text/event-stream;charset=utf8"),
            &["charset"],
        )
        .by_event_source(refused_charset),
        fault(
            "content-encoding: gzip, and plain text",
            generator("encoding=gzip&interval=200ms"),
            &["wrong-encoding"],
        ),
        fault(
            "compressed twice",
            answer(
                &format!(
                    "200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\n{cors}"
                ),
                gzip(&gzip(b"data: a\n\ndata: b\n\n")),
            ),
            &["gzip-unmarked"],
        ),
        fault("204 at once", generator("status=204"), &["no-content"]),
        fault(
            "401, Bearer",
            answer(
                &format!(
                    "401 Unauthorized\r\nwww-authenticate: Bearer\r\ncontent-type: application/json\r\n{cors}"
                ),
                "{\"error\":\"no token\"}",
            ),
            &["unauthorized"],
        ),
        fault("401, by cookie", generator("status=401"), &["unauthorized"]),
        fault("403", generator("status=403"), &["forbidden"]),
        fault(
            "a circle of redirections",
            generator("redirect=30"),
            &["redirects"],
        ),
        fault("404", generator("status=404"), &["not-found"]),
        fault(
            "429 with Retry-After",
            generator("status=429&retryAfter=30"),
            &["too-many-requests"],
        ),
        fault("500", generator("status=500"), &["server-error"]),
        fault("502", generator("status=502"), &["bad-gateway"]),
        fault(
            "503 with Retry-After",
            generator("status=503&retryAfter=30"),
            &["unavailable"],
        ),
    ]
}

fn origins() -> Vec<Fault> {
    let fault = |name, stream, right| fault(Origin, name, stream, right);
    let with = |cors: &str| {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n{cors}connection: close\r\n\r\n"
        );
        Stream::Script(vec![Send(head.into()), Send(b"data: a\n\n".into()), Stall])
    };
    let with_credentials = |cors: &str| match with(cors) {
        Stream::Script(steps) => Stream::WithCredentials(steps),
        other => other,
    };
    vec![
        fault("no CORS header", with(""), &["cors-missing", "cors-hidden"]),
        fault(
            "another origin’s CORS header",
            with("access-control-allow-origin: https://example.org\r\n"),
            &["cors-other-origin", "cors-hidden"],
        ),
        fault(
            "two CORS headers",
            with("access-control-allow-origin: *\r\naccess-control-allow-origin: *\r\n"),
            &["cors-twice", "cors-hidden"],
        ),
        fault(
            "any origin, with credentials",
            with_credentials("access-control-allow-origin: *\r\n"),
            &["cors-star", "cors-hidden"],
        ),
        fault(
            "the preflight of Last-Event-ID",
            Stream::WithoutPreflight(vec![
                vec![
                    Send(HEAD.into()),
                    Send(b"retry: 300\nid: 1\ndata: a\n\n".into()),
                ],
                vec![Send(HEAD.into()), Send(b"id: 2\ndata: b\n\n".into()), Stall],
            ]),
            &["preflight"],
        )
        // An EventSource sends this header without a preflight.
        .by_event_source(&[]),
        fault(
            "an error without a CORS header",
            answer(
                "500 Internal Server Error\r\ncontent-type: text/plain",
                "no",
            ),
            &["cors-on-error", "cors-hidden"],
        ),
    ]
}

fn connections() -> Vec<Fault> {
    let fault = |name, stream, right| fault(Connection, name, stream, right);
    vec![
        fault(
            "nothing listens",
            Stream::At("http://127.0.0.1:9/events"),
            &["refused"],
        ),
        fault(
            "an unknown name",
            Stream::At("http://nothing.invalid/events"),
            &["name-not-found"],
        ),
        fault("a reset at once", generator("instead=reset"), &["reset"]),
        fault(
            "an empty answer",
            generator("instead=empty"),
            &["empty-answer"],
        ),
        // Firefox takes it for a page of the same origin.
        fault(
            "not HTTP",
            Stream::OtherOrigin("instead=not-http"),
            &["not-http"],
        ),
        fault(
            "https to a port for http",
            Stream::At("https://127.0.0.1:PORT/events"),
            &["wrong-scheme"],
        ),
        fault(
            "a certificate of nobody",
            Stream::Tls(vec![Send(HEAD.into()), Stall]),
            &["tls"],
        ),
        fault(
            "never an answer",
            Stream::Script(vec![Stall]),
            &["no-answer-in-time"],
        ),
        fault(
            "six connections are open",
            Stream::SixBefore(vec![Send(HEAD.into()), Send(b"data: a\n\n".into()), Stall]),
            &["six-connections"],
        ),
    ]
}

fn courses() -> Vec<Fault> {
    let fault = |name, stream, right| fault(Course, name, stream, right);
    let resumed = |how: &str| {
        generator(format!(
            "id=seq&data=seq&interval=50ms&after=10&resume={how}&retry=500ms"
        ))
    };
    vec![
        fault(
            "a finite answer in a loop",
            ended("data: a\n\ndata: b\n\ndata: c\n\n"),
            &["finite-in-loop"],
        ),
        fault(
            "[DONE], and again",
            generator("data=tokens&interval=0&retry=1s&id=none"),
            &["done-and-again"],
        ),
        fault("IDs start again", resumed("ignore"), &["ids-restarted"]),
        fault("events arrive again", resumed("repeat"), &["ids-repeated"]),
        fault("events are missing", resumed("gap"), &["ids-gap"]),
        fault(
            "cut after 5.5 s of silence",
            Stream::Turns(vec![
                vec![
                    Send(HEAD.into()),
                    Send(b"retry: 200\ndata: a\n\n".into()),
                    Wait(5_500),
                    Reset,
                ],
                vec![
                    Send(HEAD.into()),
                    Wait(2_000),
                    Send(b"data: b\n\n".into()),
                    Wait(5_500),
                    Reset,
                ],
            ]),
            &["cut-after-silence"],
        ),
        fault(
            "compressed, and never flushed",
            generator("interval=200ms&gzip=unflushed"),
            &["not-flushed"],
        ),
        fault(
            "held back until 4 KiB are full",
            generator("hold=4k&interval=50ms&data=clock"),
            &["buffered"],
        )
        .by_event_source(&["buffered", "batches"]),
    ]
}

fn ends() -> Vec<Fault> {
    let fault = |name, stream, right| fault(End, name, stream, right);
    vec![
        fault(
            "cut within an event",
            generator("interval=200ms&data=json&after=3&end=truncate&retry=30s"),
            &["cut-inside"],
        ),
        fault(
            "broken off",
            generator("interval=200ms&data=seq&after=3&end=reset&retry=30s"),
            &["broke-off", "reset"],
        )
        .by_event_source(&["broke-off", "reset", "ended"]),
        fault(
            "reset within an event",
            Stream::Script(vec![
                Send(HEAD.into()),
                Send(b"retry: 30000\ndata: a\n\ndata: b".into()),
                Wait(300),
                Reset,
            ]),
            &["cut-inside"],
        )
        .by_event_source(&["cut-inside", "ended"]),
        fault(
            "an answer with types without its end",
            ended(
                "retry: 30000\nevent: message_start\ndata: {}\n\nevent: content_block_delta\ndata: {}\n\n",
            ),
            &["answer-cut"],
        ),
        fault(
            "a model’s answer without its end",
            generator("data=tokens&interval=50ms&after=5&retry=30s"),
            &["answer-cut"],
        ),
    ]
}
