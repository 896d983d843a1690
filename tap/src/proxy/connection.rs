//! One connection of a client, and the one to the upstream that belongs to it.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::StatusCode;
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{Interest, ReadHalf, WriteHalf, split},
    net::TcpStream,
    time::{sleep, timeout},
};

use super::{
    Upstream, answer,
    asked::Queue,
    head::RequestHead,
    receive::{Received, Receiver},
    requests::{Accepted, ClientEnd, Refusal, Requests, Rewrite},
    responses::Responses,
};
use crate::{
    dial::{Alpn, DialError, Dialed, ForwardProxy, Stream},
    exchanges::{Begun, Control, End, EndKind, Phases, Recorder},
};

/// How long a new connection may take to send the head of its first request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// What the system queues for a client, in bytes. By default it is megabytes, and "taken" would mean little. On
/// loopback a segment has 64 KiB: with 32 KiB here, bodies wait for acknowledgments that the receiver delays.
const SEND_BUFFER: usize = 128 << 10;

/// After this much silence the system probes whether the client still exists.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// How long a client may keep its side open after the upstream closed the connection: as long as Linux waits
/// for the other side of a connection that a program has closed.
const LINGER: Duration = Duration::from_secs(60);

/// Serves one connection until it ends.
pub(super) async fn serve(tcp: TcpStream, client: SocketAddr, upstream: Arc<Upstream>) {
    if let Err(error) = set_options(&tcp) {
        tracing::debug!(%error, "cannot set the options of a connection");
    }
    let control = Arc::new(Control::default());
    let stopped = upstream.shutdown.cancelled();
    let connection = Connection {
        tcp: &tcp,
        client,
        upstream: &upstream,
        control: &control,
    };
    let outcome = tokio::select! {
        biased;
        () = stopped => return,
        outcome = connection.serve() => outcome,
    };
    match outcome {
        Outcome::Closed => {}
        Outcome::Reset => {
            // The close that follows resets the connection.
            if let Err(error) = tcp.set_zero_linger() {
                tracing::debug!(%error, "cannot reset a connection");
            }
        }
        Outcome::Answer(refusal) => {
            let answering = answer::send(&tcp, &upstream.name, &refusal);
            tokio::select! {
                biased;
                () = upstream.shutdown.cancelled() => {}
                () = answering => {}
            }
        }
    }
}

fn set_options(tcp: &TcpStream) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let socket = SockRef::from(tcp);
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))?;
    socket.set_send_buffer_size(SEND_BUFFER)
}

/// What becomes of the client's connection.
enum Outcome {
    Closed,
    Reset,
    /// The tap answers, then closes.
    Answer(Refusal),
}

#[derive(Clone, Copy)]
struct Connection<'a> {
    tcp: &'a TcpStream,
    client: SocketAddr,
    upstream: &'a Upstream,
    control: &'a Arc<Control>,
}

impl Connection<'_> {
    async fn serve(self) -> Outcome {
        let mut requests = Requests::new(self.tcp);
        let head = match timeout(HEAD_TIMEOUT, requests.head()).await {
            Ok(Ok(head)) => head,
            Ok(Err(ClientEnd::Refused(refusal))) => return Outcome::Answer(refusal),
            Ok(Err(_)) | Err(_) => return Outcome::Closed,
        };
        let first = match self.accept(&requests, head) {
            Ok(first) => first,
            Err(refusal) => return Outcome::Answer(refusal),
        };
        let recorder = first.recorder.clone();
        let dialed = tokio::select! {
            biased;
            dialed = self.upstream.dialer.dial(&self.upstream.url, Alpn::Http1) => dialed,
            _ = self.tcp.ready(Interest::ERROR) => {
                recorder.end(End::new(
                    EndKind::ClientLeft,
                    "The client reset the connection before there was one to the upstream.",
                ));
                return Outcome::Closed;
            }
            () = self.control.until_cut() => {
                recorder.end(cut());
                return Outcome::Reset;
            }
        };
        match dialed {
            Ok(dialed) => self.converse(requests, first, dialed).await,
            Err(error) => Outcome::Answer(self.unreachable(&recorder, &error)),
        }
    }

    /// Checks the head of a request, and begins its exchange.
    fn accept(&self, requests: &Requests<'_>, head: RequestHead) -> Result<Accepted, Refusal> {
        let local = self
            .tcp
            .local_addr()
            .map(|address| address.ip().to_canonical());
        let local = local.unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED));
        if let Some(host) = requests.host(&head)
            && !(self.upstream.allows_host)(host, local)
        {
            let host: String = String::from_utf8_lossy(host).chars().take(100).collect();
            return Err(Refusal {
                status: StatusCode::FORBIDDEN,
                text: format!(
                    "The host “{host}” is not allowed: a tap answers for localhost, 127.0.0.1 and the names given \
                     by --allow-host."
                ),
            });
        }
        let recorder = self.upstream.exchanges.begin(Begun {
            tap: Arc::clone(&self.upstream.name),
            url: self.upstream.url_of(&head.target),
            method: head.method.to_string(),
            path: head.target.clone(),
            client: self.client,
            line: head.line.clone(),
            headers: head.headers.clone(),
            control: Arc::clone(self.control),
        });
        Ok(Accepted { head, recorder })
    }

    fn unreachable(&self, recorder: &Recorder, error: &DialError) -> Refusal {
        recorder.end(End::new(
            EndKind::Failed,
            format!("The request did not reach the upstream. {error}"),
        ));
        Refusal {
            status: StatusCode::BAD_GATEWAY,
            text: format!(
                "The request did not reach {}. {error}",
                self.upstream.url.as_str()
            ),
        }
    }

    /// Passes on both ways until the connection ends.
    async fn converse(self, requests: Requests<'_>, first: Accepted, dialed: Dialed) -> Outcome {
        first.recorder.connected(
            dialed.remote,
            Phases {
                name: dialed.phases.name.map(ms),
                connect: dialed.phases.connect.map(ms),
                tls: dialed.phases.tls.map(ms),
                ..Phases::default()
            },
        );
        let queue = Arc::new(Queue::default());
        let mut responses = Responses::new(Arc::clone(&queue));
        let (mut reading, mut writing) = split(dialed.stream);
        let outcome = {
            let forward = dialed.forward_proxy.as_ref();
            let sending = self.send(requests, first, &mut writing, forward, &queue);
            self.both_ways(sending, &mut reading, &mut responses, &queue)
                .await
        };
        let upstream = reading.unsplit(writing);
        match outcome {
            Over::Closed => {
                // A request that was sent after the upstream had closed its side.
                let text = "The upstream closed the connection before it answered.";
                responses.end(EndKind::UpstreamEnded, text);
                Outcome::Closed
            }
            Over::ClientReset { closed_before } => {
                let text = match closed_before {
                    true => "The client closed the connection.",
                    false => "The client reset the connection.",
                };
                responses.end(EndKind::ClientLeft, text);
                if let Err(error) = upstream.tcp().set_zero_linger() {
                    tracing::debug!(%error, "cannot reset the connection to the upstream");
                }
                Outcome::Closed
            }
            Over::UpstreamFailed => Outcome::Reset,
            Over::Cut => {
                queue.end_all(&cut());
                Outcome::Reset
            }
            Over::Refused(refusal) => Outcome::Answer(refusal),
        }
    }

    async fn send(
        &self,
        requests: Requests<'_>,
        first: Accepted,
        writing: &mut WriteHalf<Stream>,
        forward: Option<&ForwardProxy>,
        queue: &Arc<Queue>,
    ) -> ClientEnd {
        let upstream = self.upstream;
        let mut line = Vec::new();
        let mut target_prefix = upstream.prefix.clone();
        if let Some(forward) = forward {
            target_prefix = upstream.url_of("");
            if let Some(authorization) = &forward.authorization {
                line.extend_from_slice(b"Proxy-Authorization: ");
                line.extend_from_slice(authorization.as_bytes());
                line.extend_from_slice(b"\r\n");
            }
        }
        let rewrite = Rewrite {
            authority: &upstream.authority,
            target_prefix: &target_prefix,
            line: &line,
        };
        requests
            .pass(first, writing, rewrite, queue, |requests, head| {
                self.accept(requests, head)
            })
            .await
    }

    async fn both_ways(
        &self,
        sending: impl Future<Output = ClientEnd>,
        reading: &mut ReadHalf<Stream>,
        responses: &mut Responses,
        queue: &Queue,
    ) -> Over {
        let client_closed = AtomicBool::new(false);
        let receiver = Receiver {
            client: self.tcp,
            control: self.control,
            client_closed: &client_closed,
        };
        let receiving = receiver.run(reading, responses);
        let (mut sending, mut receiving) = (pin!(sending), pin!(receiving));
        let (mut is_sent, mut is_received) = (false, false);
        let mut refusal = None;
        let mut lingering = pin!(sleep(LINGER));
        loop {
            tokio::select! {
                biased;
                received = &mut receiving, if !is_received => match received {
                    Received::Closed => {
                        is_received = true;
                        if let Some(refusal) = refusal {
                            return Over::Refused(refusal);
                        }
                        lingering.as_mut().reset(tokio::time::Instant::now() + LINGER);
                    }
                    Received::Failed => return Over::UpstreamFailed,
                    Received::ClientGone => {
                        let closed_before = client_closed.load(Ordering::Relaxed);
                        return Over::ClientReset { closed_before };
                    }
                },
                sent = &mut sending, if !is_sent => {
                    is_sent = true;
                    match sent {
                        ClientEnd::Closed => {
                            client_closed.store(true, Ordering::Relaxed);
                        }
                        // What the upstream sent before is passed on until its end is read.
                        ClientEnd::UpstreamGone => {}
                        ClientEnd::Failed => return Over::ClientReset { closed_before: false },
                        ClientEnd::Refused(why) => refusal = Some(why),
                    }
                }
                () = queue.all_answered(), if refusal.is_some() => {
                    // An answer among bytes that are not understood would be misunderstood.
                    let refusal = refusal.filter(|_| !queue.is_opaque());
                    return refusal.map_or(Over::Closed, Over::Refused);
                }
                _ = self.tcp.ready(Interest::ERROR) => {
                    let closed_before = client_closed.load(Ordering::Relaxed);
                    return Over::ClientReset { closed_before };
                }
                () = self.control.until_cut() => return Over::Cut,
                () = &mut lingering, if is_received => return Over::Closed,
            }
            if is_sent && is_received {
                return Over::Closed;
            }
        }
    }
}

/// How a conversation ended.
enum Over {
    Closed,
    ClientReset {
        /// Whether the client had closed its side before.
        closed_before: bool,
    },
    UpstreamFailed,
    Cut,
    Refused(Refusal),
}

fn cut() -> End {
    End::new(EndKind::Cut, "The connection of the client was cut here.")
}

fn ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1000.0
}
