//! What the relay answers, as notices. Pure.

use super::{Failure, Notice, Response, UpstreamEnd, response::refusal};
use crate::{
    journal::{Record, read_ms},
    json::{Index, Kind},
};

/// What only the relay can see of a request: its way to the server and back.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Relayed {
    /// The redirections that were followed.
    pub hops: Vec<Hop>,
    /// How long each phase of the last request took.
    pub phases: Phases,
    /// The version of HTTP: `HTTP/1.1`, `HTTP/2`. Empty without a response.
    pub version: String,
    /// The address and port that answered. Empty without a response.
    pub remote: String,
    /// The relay's word for how the request failed or ended, such as `refused` or `reset`; empty before.
    pub outcome: String,
    /// The trailers, which follow the body.
    pub trailers: Vec<(String, String)>,
}

/// A redirection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hop {
    /// The URL that answered.
    pub url: String,
    /// The status code.
    pub status: u16,
    /// The header `Location`.
    pub location: String,
}

/// How long the phases of a request took, in ms. A phase that was not reached, or that was not needed, has
/// no time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Phases {
    /// The resolution of the name.
    pub name: Option<f64>,
    /// The TCP connection.
    pub connect: Option<f64>,
    /// The TLS handshake.
    pub tls: Option<f64>,
    /// From the request to the head of the response.
    pub head: Option<f64>,
    /// From the request to the first byte of the body.
    pub first_byte: Option<f64>,
}

impl Phases {
    /// The phases with their names.
    pub(crate) fn named(self) -> [(&'static str, Option<f64>); 5] {
        [
            ("name", self.name),
            ("connect", self.connect),
            ("TLS", self.tls),
            ("head", self.head),
            ("first byte", self.first_byte),
        ]
    }

    /// How long it took to the head of the response, in ms.
    fn to_head(self) -> f64 {
        let phases = [self.name, self.connect, self.tls, self.head];
        phases.into_iter().flatten().fold(0.0, |sum, ms| sum + ms)
    }
}

/// The answer of the relay to one request, as far as it is known.
#[derive(Default)]
pub(super) struct Answer {
    /// `None` until there are facts.
    relayed: Option<Relayed>,
    /// Whether the response is an event stream.
    is_open: bool,
    /// A response that is none, until its body begins.
    refused: Option<(Response, Failure)>,
    /// How it ended.
    failure: Option<Failure>,
}

impl Answer {
    /// Passes a record of the capture on; returns whether there is more to read.
    pub(super) fn record(
        &mut self,
        record: Record<'_>,
        notify: &dyn Fn(Notice<'_>) -> bool,
    ) -> bool {
        match record {
            Record::Facts(facts) | Record::MoreFacts(facts) => match Index::of(facts) {
                Some(facts) => self.facts(&Facts(facts), notify),
                None => true,
            },
            Record::Bytes {
                bytes, continues, ..
            } => match &mut self.refused {
                Some((response, _)) => {
                    response.set_excerpt(bytes);
                    false
                }
                None if self.is_open => notify(Notice::Bytes { bytes, continues }),
                None => true,
            },
            _ => true,
        }
    }

    /// How it ended; `None` if the relay did not report it.
    pub(super) fn finish(self, notify: &dyn Fn(Notice<'_>) -> bool) -> Option<Failure> {
        match self.refused {
            Some((response, failure)) => {
                notify(Notice::Response(response));
                Some(failure)
            }
            None => self.failure,
        }
    }

    fn facts(&mut self, facts: &Facts, notify: &dyn Fn(Notice<'_>) -> bool) -> bool {
        let mut relayed = self.relayed.clone().unwrap_or_default();
        relayed.update(facts);
        let mut goes_on = true;
        if self.relayed.as_ref() != Some(&relayed) {
            goes_on = notify(Notice::Relayed(relayed.clone()));
        }
        if let Some(node) = facts.member(0, "response") {
            let response = facts.response(node, &relayed);
            match refusal(&response) {
                Some(failure) => self.refused = Some((response, failure)),
                None => {
                    self.is_open = true;
                    goes_on = notify(Notice::Response(response)) && notify(Notice::Opened);
                }
            }
        }
        if let Some(node) = facts.member(0, "failure") {
            self.failure = Some(facts.failure(node, UpstreamEnd::NoResponse));
        }
        if let Some(node) = facts.member(0, "end") {
            self.failure = Some(facts.failure(node, UpstreamEnd::BrokeOff));
        }
        self.relayed = Some(relayed);
        goes_on
    }
}

impl Relayed {
    /// Sets what `facts` are about.
    fn update(&mut self, facts: &Facts) {
        if let Some(hops) = facts.member(0, "hops") {
            let hops = facts.0.children(hops).map(|hop| Hop {
                url: facts.text(hop, "url"),
                status: facts.status(hop),
                location: facts.text(hop, "location"),
            });
            self.hops = hops.collect();
        }
        if let Some(phases) = facts.member(0, "phases") {
            let ms = |name| facts.ms(phases, name);
            self.phases = Phases {
                name: ms("name"),
                connect: ms("connect"),
                tls: ms("tls"),
                head: ms("head"),
                first_byte: ms("firstByte"),
            };
        }
        if let Some(ms) = facts.ms(0, "firstByte") {
            self.phases.first_byte = Some(ms);
        }
        if let Some(response) = facts.member(0, "response") {
            self.version = facts.text(response, "version");
            self.remote = facts.text(response, "remote");
        }
        for how in ["failure", "end"] {
            if let Some(how) = facts.member(0, how) {
                self.outcome = facts.text(how, "kind");
            }
        }
        if facts.member(0, "trailers").is_some() {
            self.trailers = facts.pairs(0, "trailers");
        }
    }
}

/// Facts of the relay. A member that is missing, or of another type, is empty.
struct Facts(Index);

impl Facts {
    fn member(&self, node: usize, key: &str) -> Option<usize> {
        let member = self.0.member(node, key);
        // Only a container has members.
        member.filter(|member| self.0.get(*member).kind != Kind::Literal)
    }

    fn text(&self, node: usize, key: &str) -> String {
        let member = self.member(node, key);
        let text = member.and_then(|member| self.0.text(member));
        text.unwrap_or_default()
    }

    fn ms(&self, node: usize, key: &str) -> Option<f64> {
        read_ms(self.0.value(self.member(node, key)?))
    }

    fn status(&self, node: usize) -> u16 {
        let status = self.member(node, "status");
        let status = status.and_then(|status| self.0.value(status).parse().ok());
        status.unwrap_or_default()
    }

    /// Pairs of names and values.
    fn pairs(&self, node: usize, key: &str) -> Vec<(String, String)> {
        let Some(pairs) = self.member(node, key) else {
            return Vec::new();
        };
        let pairs = self.0.children(pairs).map(|pair| {
            let mut texts = self.0.children(pair).map(|text| self.0.text(text));
            let mut next = || texts.next().flatten().unwrap_or_default();
            (next(), next())
        });
        pairs.collect()
    }

    /// A failure of the upstream, which had this `end` unless it was complete, or one of the relay itself.
    fn failure(&self, node: usize, end: UpstreamEnd) -> Failure {
        let text = self.text(node, "text");
        match &*self.text(node, "kind") {
            "ended" => Failure::Upstream {
                end: UpstreamEnd::Ended,
                text,
            },
            kind @ ("not-allowed" | "stopped") => Failure::Relay {
                is_final: kind == "not-allowed",
                text,
            },
            _ => Failure::Upstream { end, text },
        }
    }

    fn response(&self, node: usize, relayed: &Relayed) -> Response {
        Response {
            status: self.status(node),
            status_text: self.text(node, "statusText"),
            headers: self.pairs(node, "headers"),
            after: relayed.phases.to_head(),
            redirected_to: (!relayed.hops.is_empty()).then(|| self.text(0, "url")),
            excerpt: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::journal::CaptureReader;

    /// A notice, with its own copy of what it contains.
    #[derive(Debug, PartialEq)]
    enum Owned {
        Opened,
        Bytes(String, bool),
        Response(Response),
        Relayed(Relayed),
    }

    /// The notices of a capture that arrives in pieces of `size` bytes, and how it ended. Bytes of one read
    /// are joined.
    fn notices(capture: &str, size: usize) -> (Vec<Owned>, Option<Failure>) {
        let seen = RefCell::new(Vec::new());
        let notify = |notice: Notice<'_>| {
            let mut seen = seen.borrow_mut();
            match notice {
                Notice::Opened => seen.push(Owned::Opened),
                Notice::Bytes { bytes, continues } => {
                    let text = str::from_utf8(bytes).expect("ASCII");
                    match seen.last_mut() {
                        Some(Owned::Bytes(before, _)) if continues => before.push_str(text),
                        _ => seen.push(Owned::Bytes(text.to_owned(), continues)),
                    }
                }
                Notice::Response(response) => seen.push(Owned::Response(response)),
                Notice::Relayed(relayed) => seen.push(Owned::Relayed(relayed)),
                _ => panic!("no notice of the relay"),
            }
            true
        };
        let (mut reader, mut answer) = (CaptureReader::new(), Answer::default());
        let mut goes_on = true;
        for piece in capture.as_bytes().chunks(size) {
            let mut record = |record: Record<'_>| goes_on &= answer.record(record, &notify);
            reader.feed(piece, &mut record).expect("a capture");
            if !goes_on {
                break;
            }
        }
        let failure = answer.finish(&notify);
        (seen.into_inner(), failure)
    }

    fn more(facts: &str) -> String {
        format!("facts {}\n{facts}\n", facts.len())
    }

    fn upstream(end: UpstreamEnd, text: &str) -> Option<Failure> {
        let text = text.to_owned();
        Some(Failure::Upstream { end, text })
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    const STREAM: &str = "sse-capture 1\n{\"way\":\"relay\",\"url\":\"http://b/\",\
        \"hops\":[{\"url\":\"http://a/\",\"status\":302,\"location\":\"//b\"}],\
        \"phases\":{\"name\":0.5,\"connect\":0.25,\"head\":30},\
        \"response\":{\"status\":200,\"statusText\":\"OK\",\"version\":\"HTTP/1.1\",\"remote\":\"127.0.0.1:3000\",\
        \"headers\":[[\"Content-Type\",\"text/event-stream\"],[\"Set-Cookie\",\"a\"],[\"Set-Cookie\",\"b\"]]}}\n\
        open 1\nbytes 2 9\ndata: a\n\n\n";

    #[test]
    fn a_stream_by_the_relay_is_the_same_as_by_fetch_with_its_way_there() {
        let first = Relayed {
            hops: vec![Hop {
                url: "http://a/".to_owned(),
                status: 302,
                location: "//b".to_owned(),
            }],
            phases: Phases {
                name: Some(0.5),
                connect: Some(0.25),
                head: Some(30.0),
                ..Phases::default()
            },
            version: "HTTP/1.1".to_owned(),
            remote: "127.0.0.1:3000".to_owned(),
            outcome: String::new(),
            trailers: Vec::new(),
        };
        let response = Response {
            status: 200,
            status_text: "OK".to_owned(),
            headers: vec![
                pair("Content-Type", "text/event-stream"),
                pair("Set-Cookie", "a"),
                pair("Set-Cookie", "b"),
            ],
            after: 30.75,
            redirected_to: Some("http://b/".to_owned()),
            excerpt: String::new(),
        };
        let capture = [
            STREAM,
            &*more("{\"firstByte\":31.5}"),
            "bytes 3 4\n: b\n\n",
            &*more(
                "{\"end\":{\"kind\":\"reset\",\"text\":\"Reset.\"},\"trailers\":[[\"x\",\"y\"]]}",
            ),
            "close 4\nend\n",
        ]
        .concat();
        let mut second = first.clone();
        second.phases.first_byte = Some(31.5);
        let mut third = second.clone();
        third.outcome = "reset".to_owned();
        third.trailers = vec![pair("x", "y")];
        for size in [1, 7, 1_000] {
            let (notices, failure) = notices(&capture, size);
            let expected = [
                Owned::Relayed(first.clone()),
                Owned::Response(response.clone()),
                Owned::Opened,
                Owned::Bytes("data: a\n\n".to_owned(), false),
                Owned::Relayed(second.clone()),
                Owned::Bytes(": b\n".to_owned(), false),
                Owned::Relayed(third.clone()),
            ];
            assert_eq!(notices, expected);
            assert_eq!(failure, upstream(UpstreamEnd::BrokeOff, "Reset."));
        }
    }

    #[test]
    fn a_stream_that_the_server_ended_is_not_one_that_was_lost() {
        let end = more("{\"end\":{\"kind\":\"ended\",\"text\":\"Ended.\"}}");
        let (_, failure) = notices(&[STREAM, &end].concat(), 100);
        assert_eq!(failure, upstream(UpstreamEnd::Ended, "Ended."));
    }

    #[test]
    fn what_the_relay_itself_does_is_not_a_failure_of_the_server() {
        let relay = |is_final, text: &str| {
            let text = text.to_owned();
            Some(Failure::Relay { is_final, text })
        };
        let stopped = more("{\"end\":{\"kind\":\"stopped\",\"text\":\"Stopped.\"}}");
        let (_, failure) = notices(&[STREAM, &stopped].concat(), 100);
        assert_eq!(failure, relay(false, "Stopped."));
        let refused =
            "sse-capture 1\n{\"failure\":{\"kind\":\"not-allowed\",\"text\":\"No.\"}}\nend\n";
        assert_eq!(notices(refused, 100).1, relay(true, "No."));
    }

    #[test]
    fn an_answer_that_is_cut_off_has_no_end() {
        for cut in 14..STREAM.len() {
            let (_, failure) = notices(&STREAM[..cut], 100);
            assert_eq!(failure, None, "{cut}");
        }
    }

    #[test]
    fn a_failure_keeps_what_was_reached() {
        let capture = "sse-capture 1\n{\"url\":\"https://a/\",\"hops\":[],\"phases\":{\"name\":1.5,\"tls\":null},\
            \"failure\":{\"kind\":\"refused\",\"phase\":\"connect\",\"text\":\"Refused.\"}}\nend\n";
        let (notices, failure) = notices(capture, 100);
        let relayed = Relayed {
            phases: Phases {
                name: Some(1.5),
                ..Phases::default()
            },
            outcome: "refused".to_owned(),
            ..Relayed::default()
        };
        assert_eq!(notices, [Owned::Relayed(relayed)]);
        assert_eq!(failure, upstream(UpstreamEnd::NoResponse, "Refused."));
    }

    #[test]
    fn a_response_that_is_no_event_stream_is_refused_with_the_beginning_of_its_body() {
        let facts = |status: u16, name: &str, value: &str| {
            format!(
                "sse-capture 1\n{{\"response\":{{\"status\":{status},\"headers\":[[\"{name}\",\"{value}\"]]}}}}\nopen 1\n"
            )
        };
        let refused = |retry_after| Some(Failure::Refused { retry_after });
        let ended = more("{\"end\":{\"kind\":\"ended\",\"text\":\"Ended.\"}}");
        for (status, name, value, rest, excerpt, expected) in [
            (
                503,
                "retry-after",
                "5",
                "bytes 1 4\nbusy\nbytes 1 3\n",
                "busy",
                refused(Some(5_000)),
            ),
            (
                200,
                "content-type",
                "text/html",
                "bytes 1 3\n<p>\n",
                "<p>",
                refused(None),
            ),
            (
                204,
                "content-type",
                "text/event-stream",
                &*ended,
                "",
                Some(Failure::NoContent),
            ),
            (404, "a", "b", &*ended, "", refused(None)),
        ] {
            let (notices, failure) = notices(&(facts(status, name, value) + rest), 1_000);
            assert_eq!(failure, expected);
            let [Owned::Relayed(_), .., Owned::Response(response)] = &notices[..] else {
                panic!("{notices:?}");
            };
            assert_eq!((response.status, &*response.excerpt), (status, excerpt));
        }
    }

    #[test]
    fn facts_of_other_types_are_left_out() {
        for facts in [
            "{\"response\":null,\"hops\":null,\"phases\":1,\"trailers\":{},\"firstByte\":\"1\"}",
            "{\"response\":[],\"hops\":[1,[],\"a\"],\"trailers\":[1,[2],[\"a\"]],\"end\":1}",
            "{\"response\":{\"status\":-1,\"headers\":{\"a\":\"b\"}},\"failure\":[]}",
        ] {
            notices(&format!("sse-capture 1\n{facts}\nbytes 1 1\na\nend\n"), 100);
        }
    }
}
