//! Streams, played into a journal as the session does, and what is found in them at each moment.

mod coding;
mod faults;
mod healthy;
mod link;
mod sample;

use sse_wire::Event;

use super::*;
use crate::session::{By, Cause};

/// When a stream begins, in ms since the Unix epoch.
const START: f64 = 1_795_403_666_000.0;

/// In up to how many reads of one write to look for findings after each.
const MOST_CHECKS: usize = 100;

/// What happens to a stream.
enum Act {
    /// The response is an event stream.
    Open,
    /// The server writes these bytes at once.
    Write(Vec<u8>),
    /// An EventSource dispatches an event: type, data, ID.
    Dispatch(&'static str, String, String),
    /// Time passes, in ms.
    Wait(f64),
    /// The connection is lost or ends, and the page connects again.
    Lose(Failure),
    /// The same, and nobody connects again.
    End(Failure),
    /// An attempt to connect fails.
    Fail(Failure, Option<Response>),
    /// The user closes the connection.
    Close,
}

use Act::*;

/// The text of `parts`, each in a write of its own, with `pause` ms between them.
fn writes<T: Into<Vec<u8>>>(pause: f64, parts: impl IntoIterator<Item = T>) -> Vec<Act> {
    let parts = parts.into_iter();
    parts
        .flat_map(|part| [Write(part.into()), Wait(pause)])
        .collect()
}

/// A stream and what is known of it.
struct Play {
    journal: Journal,
    link: Link,
    failure: Option<Failure>,
    probes: Probes,
    comparison: Option<Comparison>,
    response: Option<Response>,
    relayed: Option<Relayed>,
    means: Means,
    asked: Vec<String>,
    now: f64,
    /// The largest read, in bytes.
    split: usize,
}

impl Play {
    fn new(means: Means, split: usize) -> Self {
        Self {
            journal: Journal::default(),
            link: Link::Connecting { attempt: 1 },
            failure: None,
            probes: Probes::default(),
            comparison: None,
            response: (means != Means::EventSource).then(stream),
            relayed: None,
            means,
            asked: Vec::new(),
            now: START,
            split,
        }
    }

    fn act(&mut self, act: &Act) {
        match act {
            Open => {
                self.failure = None;
                if self.means != Means::EventSource {
                    self.response.get_or_insert_with(stream);
                }
                self.link = Link::Open { since: self.now };
                self.journal.opened(self.now);
            }
            Write(bytes) => {
                let is_quick = bytes.len() / self.split < MOST_CHECKS;
                for part in bytes.chunks(self.split) {
                    self.journal.receive(self.now, part);
                    if is_quick {
                        self.check();
                    }
                }
            }
            Dispatch(event_type, data, last_event_id) => self.journal.event(
                self.now,
                Event {
                    event_type,
                    data,
                    last_event_id,
                },
            ),
            Wait(ms) => self.now += ms,
            Lose(failure) => {
                self.lose(failure);
                self.link = Link::Waiting {
                    attempt: 1,
                    until: Some(self.now + 1_000.0),
                    by: By::Page,
                };
            }
            End(failure) => {
                self.lose(failure);
                let cause = Cause::NotRepeated(failure.clone());
                self.link = Link::Closed { cause };
            }
            Fail(failure, response) => {
                self.response.clone_from(response);
                self.failure = Some(failure.clone());
                self.journal.failed(self.now, "a reason", None);
                let by = match self.means {
                    Means::EventSource => By::Browser,
                    _ => By::Page,
                };
                self.link = Link::Waiting {
                    attempt: 2,
                    until: None,
                    by,
                };
            }
            Close => {
                self.journal.closed(self.now);
                self.link = Link::Closed { cause: Cause::User };
            }
        }
        self.check();
    }

    fn lose(&mut self, failure: &Failure) {
        self.failure = Some(failure.clone());
        self.journal.closed(self.now);
        self.journal.lost();
    }

    fn findings(&self) -> Vec<Finding> {
        diagnose(&self.evidence())
    }

    fn evidence(&self) -> Evidence<'_> {
        self.with_sample(None)
    }

    fn with_sample<'a>(&'a self, sample: Option<&'a Evidence<'a>>) -> Evidence<'a> {
        Evidence {
            means: self.means,
            link: &self.link,
            response: self.response.as_ref(),
            relayed: self.relayed.as_ref(),
            failure: self.failure.as_ref(),
            probes: &self.probes,
            comparison: self.comparison.as_ref(),
            journal: &self.journal,
            sample,
            asked: &self.asked,
            now: self.now,
        }
    }

    /// What holds of the findings of any stream at any moment.
    fn check(&self) {
        let findings = self.findings();
        assert!(findings.is_sorted_by_key(|finding| finding.certainty));
        for finding in &findings {
            assert!(finding.sentence.ends_with(['.', '?']), "{finding:?}");
            let lines = finding.evidence.iter().filter_map(|trace| trace.line);
            for line in lines {
                assert!(self.journal.get(line).is_some(), "{finding:?}");
            }
        }
    }
}

/// The response of an event stream.
fn stream() -> Response {
    response(200, &[("content-type", "text/event-stream")], "")
}

fn response(status: u16, headers: &[(&str, &str)], excerpt: &str) -> Response {
    let headers = headers.iter();
    Response {
        status,
        status_text: String::new(),
        headers: headers
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        after: 10.0,
        redirected_to: None,
        excerpt: excerpt.to_owned(),
    }
}

#[test]
fn every_mistake_has_a_section_in_the_documentation_and_a_source() {
    let faults = include_str!("../../../docs/faults.md");
    for mistake in Mistake::ALL {
        let anchor = format!("<a id=\"{}\"></a>", mistake.name());
        assert!(faults.contains(&anchor), "{anchor}");
        assert!(!mistake.source().is_empty(), "{mistake:?}");
        let mend = mistake.mend();
        assert!(mend.lines().all(|line| !line.is_empty()));
        let is_documented = faults.contains(&format!("```text\n{mend}\n```"));
        assert!(mend.is_empty() || is_documented, "{mistake:?}: {mend}");
    }
}

#[test]
fn a_report_shows_what_the_server_sent_as_text() {
    let mut play = Play::new(Means::Fetch, 64);
    play.act(&Open);
    play.act(&Write(b"Data: <img src=x> *a*\n\n".to_vec()));
    let report = markdown("http://a/?b=<i>", "open", &play.findings());
    assert!(report.starts_with(
        "# SSE Scope: http://a/?b=\\<i\\>\n\nThe connection: open.\n\n## 1 line was ignored"
    ));
    assert!(
        report.contains("- Bytes 0 to 21: “Data: \\<img src=x\\> \\*a\\*↵”\n"),
        "{report}"
    );
    assert!(report.contains("\nMend:\n\n    Write data, event, id and retry in lower case.\n"));
    let none = markdown("", "open", &[]);
    assert!(none.ends_with("Nothing was found.\n"));
}
