//! Passes on what the client sends: heads with the upstream's name in them, everything else as it is.

use std::{io, sync::Arc};

use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{
    asked::{Asked, Queue},
    body::Body,
    framing::{Followed, Framing},
    head::{BadRequest, MAX_HEAD, RequestHead},
};
use crate::exchanges::Recorder;

/// How much is read from the client at once, in bytes.
const READ: usize = 16 << 10;

/// What a client sends, from its first request on.
pub(super) struct Requests<'a> {
    client: &'a TcpStream,
    /// What was read and not passed on.
    buffer: Vec<u8>,
}

/// A request that is to be passed on.
pub(super) struct Accepted {
    pub(super) head: RequestHead,
    pub(super) recorder: Recorder,
}

/// How the client's side of a connection ended.
#[derive(Debug)]
pub(super) enum ClientEnd {
    /// It was closed.
    Closed,
    /// It was reset, or failed in another way.
    Failed,
    /// The upstream does not take what the client sends.
    UpstreamGone,
    /// The tap itself answers the next request.
    Refused(Refusal),
}

/// What the tap itself answers.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: http::StatusCode,
    pub(super) text: String,
}

impl From<BadRequest> for ClientEnd {
    fn from(bad: BadRequest) -> Self {
        Self::Refused(Refusal {
            status: bad.status(),
            text: bad.to_string(),
        })
    }
}

/// How heads are changed for the upstream.
pub(super) struct Rewrite<'a> {
    pub(super) authority: &'a str,
    pub(super) target_prefix: &'a str,
    /// An additional header line, with its end; may be empty.
    pub(super) line: &'a [u8],
}

impl<'a> Requests<'a> {
    pub(super) fn new(client: &'a TcpStream) -> Self {
        Self {
            client,
            buffer: Vec::new(),
        }
    }

    /// Reads until there is the head of a request. The head stays in the buffer.
    pub(super) async fn head(&mut self) -> Result<RequestHead, ClientEnd> {
        let mut read = 0;
        loop {
            // Only the end of a line can complete a head.
            if (self.buffer[read..].contains(&b'\n') || self.buffer.len() > MAX_HEAD)
                && let Some(head) = RequestHead::read(&self.buffer)?
            {
                return Ok(head);
            }
            read = self.buffer.len();
            if self.read().await? == 0 {
                return Err(match self.buffer.is_empty() {
                    true => ClientEnd::Closed,
                    false => BadRequest::Unfinished.into(),
                });
            }
        }
    }

    /// The value of `Host` in a head that was read last.
    pub(super) fn host(&self, head: &RequestHead) -> Option<&[u8]> {
        head.host(&self.buffer)
    }

    /// Passes on a request, and those that follow and are accepted.
    pub(super) async fn pass(
        mut self,
        first: Accepted,
        upstream: &mut (impl AsyncWriteExt + Unpin),
        rewrite: Rewrite<'_>,
        queue: &Arc<Queue>,
        accept: impl Fn(&Self, RequestHead) -> Result<Accepted, Refusal>,
    ) -> ClientEnd {
        let passed = self.requests(first, upstream, rewrite, queue, accept).await;
        let Err(end) = passed;
        if let ClientEnd::Closed = end
            && upstream.shutdown().await.is_err()
        {
            return ClientEnd::UpstreamGone;
        }
        end
    }

    async fn requests(
        &mut self,
        first: Accepted,
        upstream: &mut (impl AsyncWriteExt + Unpin),
        rewrite: Rewrite<'_>,
        queue: &Arc<Queue>,
        accept: impl Fn(&Self, RequestHead) -> Result<Accepted, Refusal>,
    ) -> Result<std::convert::Infallible, ClientEnd> {
        let mut next = Some(first);
        loop {
            let accepted = match next.take() {
                Some(accepted) => accepted,
                None => {
                    let head = self.head().await?;
                    accept(self, head).map_err(ClientEnd::Refused)?
                }
            };
            queue.push(Asked {
                recorder: accepted.recorder.clone(),
                method: accepted.head.method.clone(),
            });
            let may_become_tunnel = accepted.head.may_become_tunnel;
            let is_understood = self.request(accepted, upstream, &rewrite).await?;
            if may_become_tunnel {
                // What follows is a request only if the answer is no.
                queue.all_answered().await;
            }
            if !is_understood || (may_become_tunnel && queue.is_opaque()) {
                self.everything(upstream).await?;
            }
        }
    }

    /// Passes on one request; returns whether its end was found.
    async fn request(
        &mut self,
        accepted: Accepted,
        upstream: &mut (impl AsyncWriteExt + Unpin),
        rewrite: &Rewrite<'_>,
    ) -> Result<bool, ClientEnd> {
        let Accepted { mut head, recorder } = accepted;
        let encoding = head.header("content-encoding").unwrap_or_default();
        let mut body = Body::new(encoding, false);
        let mut out = head.rewrite(
            &self.buffer,
            rewrite.authority,
            rewrite.target_prefix,
            rewrite.line,
        );
        self.buffer.drain(..head.length);
        let mut is_sent = false;
        loop {
            let mut content = Vec::new();
            let followed = follow(&mut head.framing, &self.buffer, &mut content);
            let passing = followed
                .as_ref()
                .map_or(self.buffer.len(), |followed| followed.length);
            if out.is_empty() {
                write(upstream, &self.buffer[..passing]).await?;
            } else {
                // The head and what came with it, as the client sent it.
                out.extend_from_slice(&self.buffer[..passing]);
                write(upstream, &out).await?;
                out = Vec::new();
            }
            if !is_sent {
                recorder.sent();
                is_sent = true;
            }
            self.buffer.drain(..passing);
            if !content.is_empty() {
                let (decoded, _) = body.read(&content);
                recorder.request_body(content.len(), decoded);
            }
            match followed {
                Ok(Followed { is_end: true, .. }) => {
                    recorder.request_complete();
                    return Ok(true);
                }
                Ok(_) => {}
                Err(_) => return Ok(false),
            }
            if self.read().await? == 0 {
                return Err(ClientEnd::Closed);
            }
        }
    }

    /// Passes on everything until the client closes its side.
    async fn everything(
        &mut self,
        upstream: &mut (impl AsyncWriteExt + Unpin),
    ) -> Result<std::convert::Infallible, ClientEnd> {
        loop {
            write(upstream, &self.buffer).await?;
            self.buffer.clear();
            if self.read().await? == 0 {
                return Err(ClientEnd::Closed);
            }
        }
    }

    /// Reads once; returns how much.
    async fn read(&mut self) -> Result<usize, ClientEnd> {
        if self.buffer.is_empty() {
            // A client that only receives needs no buffer.
            self.buffer = Vec::new();
        }
        loop {
            self.client
                .readable()
                .await
                .map_err(|_| ClientEnd::Failed)?;
            // A vector grows without end; no more than what is reserved is read.
            self.buffer.reserve(READ);
            match self.client.try_read_buf(&mut self.buffer) {
                Ok(length) => return Ok(length),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Err(ClientEnd::Failed),
            }
        }
    }
}

fn follow(
    framing: &mut Framing,
    bytes: &[u8],
    content: &mut Vec<u8>,
) -> Result<Followed, super::framing::NotChunked> {
    framing.follow(bytes, &mut |piece| content.extend_from_slice(piece))
}

async fn write(upstream: &mut (impl AsyncWriteExt + Unpin), bytes: &[u8]) -> Result<(), ClientEnd> {
    let written = async {
        upstream.write_all(bytes).await?;
        upstream.flush().await
    };
    written
        .await
        .map_err(|_: io::Error| ClientEnd::UpstreamGone)
}
