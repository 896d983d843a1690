//! Looks at what the upstream sends, after it was passed on: heads, bodies, trailers.

use std::{io, mem, sync::Arc, time::Duration};

use super::{
    asked::{Asked, Queue},
    body::Body,
    framing::{Followed, Framing},
    head::{MAX_HEAD, ResponseBody, ResponseHead},
};
use crate::exchanges::{Answered, End, EndKind, Read, Recorder, Taken};

/// Reads the responses of one connection.
pub(super) struct Responses {
    queue: Arc<Queue>,
    part: Part,
    /// The exchange that the last read ended with.
    last: Option<Recorder>,
    content: Vec<u8>,
}

enum Part {
    /// The beginning of a head.
    Head(Vec<u8>),
    Body(Box<InBody>),
    /// Any bytes.
    Opaque {
        recorder: Option<Recorder>,
        why: Why,
    },
}

struct InBody {
    recorder: Recorder,
    framing: Framing,
    body: Body,
}

/// Why bytes are not looked at.
#[derive(Clone, Debug)]
enum Why {
    Tunnel,
    /// They are not HTTP, for this reason.
    NotHttp(String),
    /// Nobody asked for them.
    Unasked,
}

/// How the upstream's side of a connection ended.
#[derive(Clone, Debug)]
pub(super) enum UpstreamEnd {
    /// It was closed.
    Closed,
    /// It was reset, or failed in this way.
    Failed(String),
}

impl UpstreamEnd {
    pub(super) fn failed(error: &io::Error) -> Self {
        Self::Failed(match error.kind() {
            io::ErrorKind::ConnectionReset => "The upstream reset the connection".to_owned(),
            _ => format!("The connection to the upstream failed ({error})"),
        })
    }
}

impl Responses {
    pub(super) fn new(queue: Arc<Queue>) -> Self {
        Self {
            queue,
            part: Part::Head(Vec::new()),
            last: None,
            content: Vec::new(),
        }
    }

    /// Looks at one read.
    pub(super) fn read(&mut self, mut bytes: &[u8], at: f64, taken: Taken) {
        while !bytes.is_empty() {
            bytes = match &mut self.part {
                Part::Head(_) => self.head(bytes, at, taken),
                Part::Body(_) => self.body(bytes, at, taken),
                Part::Opaque { recorder, .. } => {
                    if let Some(recorder) = recorder {
                        recorder.read(&Read {
                            at,
                            bytes,
                            seen: &Default::default(),
                            taken,
                        });
                        self.last = Some(recorder.clone());
                    }
                    return;
                }
            };
        }
    }

    /// The client has taken the rest of the last read.
    pub(super) fn taken(&self, lag: Duration) {
        if let Some(recorder) = &self.last {
            recorder.taken(Taken::All(lag));
        }
    }

    /// Reads bytes of a head; returns those after it.
    fn head<'a>(&mut self, bytes: &'a [u8], at: f64, taken: Taken) -> &'a [u8] {
        let Part::Head(begun) = &mut self.part else {
            return bytes;
        };
        let Some(asked) = self.queue.first() else {
            // For example 408 on a connection that waits for its next request.
            self.opaque(None, Why::Unasked);
            return &[];
        };
        let before = begun.len();
        let room = (MAX_HEAD + 1).saturating_sub(before).min(bytes.len());
        begun.extend_from_slice(&bytes[..room]);
        match ResponseHead::read(begun, &asked.method) {
            Ok(None) => &bytes[room..],
            Ok(Some(head)) => {
                // Heads are read at the first byte that completes them.
                let rest = &bytes[head.length.saturating_sub(before).min(bytes.len())..];
                self.last = Some(asked.recorder.clone());
                if !matches!(head.body, ResponseBody::Head) {
                    asked.recorder.taken(taken);
                }
                self.answered(asked, head, at);
                rest
            }
            Err(error) => {
                let begun = mem::take(begun);
                let seen = Default::default();
                let recorder = asked.recorder.clone();
                let earlier = &begun[..before];
                for bytes in [earlier, bytes] {
                    recorder.read(&Read {
                        at,
                        bytes,
                        seen: &seen,
                        taken,
                    });
                }
                self.last = Some(recorder);
                self.opaque(
                    Some(asked),
                    Why::NotHttp(format!("The upstream's answer is not HTTP/1.1: {error}.")),
                );
                &[]
            }
        }
    }

    fn answered(&mut self, asked: Asked, head: ResponseHead, at: f64) {
        if let ResponseBody::Head = head.body {
            asked.recorder.informed(head.line);
            self.part = Part::Head(Vec::new());
            return;
        }
        let encoding = head.joined("content-encoding");
        let is_event_stream = head.is_event_stream();
        let recorder = asked.recorder.clone();
        let answered = Answered {
            line: head.line,
            status: head.status,
            headers: head.headers,
            is_event_stream,
        };
        recorder.answered(at, answered);
        match head.body {
            ResponseBody::Framed(framing) => {
                let is_empty = matches!(framing, Framing::Length(0));
                self.part = Part::Body(Box::new(InBody {
                    recorder,
                    framing,
                    body: Body::new(&encoding, is_event_stream),
                }));
                if is_empty {
                    self.complete();
                }
            }
            _ => self.opaque(Some(asked), Why::Tunnel),
        }
    }

    /// Reads bytes of a body; returns those after it.
    fn body<'a>(&mut self, bytes: &'a [u8], at: f64, taken: Taken) -> &'a [u8] {
        let Part::Body(reading) = &mut self.part else {
            return bytes;
        };
        self.content.clear();
        let content = &mut self.content;
        let followed = reading
            .framing
            .follow(bytes, &mut |piece| content.extend_from_slice(piece));
        let (decoded, seen) = reading.body.read(content);
        reading.recorder.read(&Read {
            at,
            bytes: decoded,
            seen: &seen,
            taken,
        });
        reading.body.shrink();
        self.last = Some(reading.recorder.clone());
        match followed {
            Ok(Followed { length, is_end }) => {
                if is_end {
                    self.complete();
                }
                &bytes[length..]
            }
            Err(_) => {
                let asked = self.queue.first();
                let why = "The chunks of the upstream's answer are malformed: what follows them passed, and is \
                           not shown.";
                self.opaque(asked, Why::NotHttp(why.to_owned()));
                &[]
            }
        }
    }

    /// The body is complete.
    fn complete(&mut self) {
        let Part::Body(mut reading) = mem::replace(&mut self.part, Part::Head(Vec::new())) else {
            return;
        };
        reading.recorder.trailers(reading.framing.trailers());
        let text = match reading.body.end(true) {
            None => "The response is complete.".to_owned(),
            Some(problem) => format!("The response is complete. {problem}"),
        };
        reading.recorder.end(End::new(EndKind::Complete, text));
        self.queue.answered();
    }

    fn opaque(&mut self, asked: Option<Asked>, why: Why) {
        let recorder = asked.map(|asked| asked.recorder);
        self.part = Part::Opaque { recorder, why };
        self.queue.set_opaque();
    }

    /// The upstream's side has ended; `client_left` if the client had closed its side before.
    pub(super) fn upstream_ended(&mut self, end: &UpstreamEnd, client_left: bool) {
        if let (Part::Body(reading), UpstreamEnd::Closed) = (&self.part, end)
            && let Framing::UntilClose = reading.framing
        {
            self.complete();
        }
        let (kind, did) = match end {
            UpstreamEnd::Closed => (
                EndKind::UpstreamEnded,
                "The upstream closed the connection".to_owned(),
            ),
            UpstreamEnd::Failed(what) => (EndKind::UpstreamReset, what.clone()),
        };
        if let Part::Opaque {
            why: Why::Tunnel, ..
        } = self.part
        {
            let text = match end {
                UpstreamEnd::Closed if client_left => "The client closed the tunnel.".to_owned(),
                UpstreamEnd::Closed => "The upstream closed the tunnel.".to_owned(),
                UpstreamEnd::Failed(what) => format!("{what}, a tunnel."),
            };
            self.end(EndKind::Tunnel, text);
            return;
        }
        if client_left && kind == EndKind::UpstreamEnded {
            let text = "The client closed its side of the connection, then the upstream ended.";
            self.end(EndKind::ClientLeft, text);
            return;
        }
        let text = match &mut self.part {
            Part::Head(begun) if begun.is_empty() => format!("{did} before it answered."),
            Part::Head(_) => format!("{did} within the head of its answer."),
            Part::Body(reading) => {
                let place = match &reading.framing {
                    Framing::Length(left) => format!("{left} bytes before the end of the response"),
                    Framing::Chunked(_) => "before the last chunk of the response".to_owned(),
                    Framing::UntilClose => "within the response".to_owned(),
                };
                let problem = reading.body.end(false);
                let problem = problem
                    .map(|problem| format!(" {problem}"))
                    .unwrap_or_default();
                format!("{did} {place}.{problem}")
            }
            Part::Opaque { why, .. } => match why {
                Why::NotHttp(what) => format!("{what} {did}."),
                Why::Unasked | Why::Tunnel => format!("{did}."),
            },
        };
        self.end(kind, text);
    }

    /// Ends what is not over.
    pub(super) fn end(&mut self, kind: EndKind, text: impl Into<String>) {
        self.queue.end_all(&End::new(kind, text));
    }
}

impl Drop for Responses {
    fn drop(&mut self) {
        self.end(EndKind::Failed, "The tap was stopped.");
    }
}
