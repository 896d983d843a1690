//! One connection of a client, and the one to the upstream that belongs to it.

use std::{
    io,
    net::{IpAddr, Shutdown, SocketAddr},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use http::StatusCode;
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncReadExt, Interest, ReadHalf, WriteHalf, split},
    net::TcpStream,
    time::{sleep, timeout},
};

use super::{
    Upstream, answer,
    asked::Queue,
    head::RequestHead,
    requests::{Accepted, ClientEnd, Refusal, Requests, Rewrite},
    responses::{Responses, UpstreamEnd},
};
use crate::{
    capture,
    dial::{Alpn, DialError, Dialed, ForwardProxy, Stream},
    exchanges::{Begun, Control, End, EndKind, Phases, Recorder, Taken},
};

/// How long a new connection may take to send the head of its first request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How much is read from the upstream at once, in bytes.
const READ: usize = 32 << 10;

/// What the system queues for a client, in bytes. By default it is megabytes, and "sent" would mean little.
const SEND_BUFFER: usize = 32 << 10;

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
        let receiving = self.receive(reading, responses, &client_closed);
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
                    Received::UpstreamFailed => return Over::UpstreamFailed,
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

    /// Passes on what the upstream sends.
    async fn receive(
        &self,
        reading: &mut ReadHalf<Stream>,
        responses: &mut Responses,
        client_closed: &AtomicBool,
    ) -> Received {
        let mut buffer = vec![0; READ];
        // Only what has been waited for is known to be writable.
        if self.tcp.writable().await.is_err() {
            return Received::ClientGone;
        }
        loop {
            let read = reading.read(&mut buffer).await;
            if !matches!(read, Ok(1..)) {
                // Nor does an end pass while it is held.
                self.control.released().await;
            }
            let length = match read {
                Ok(length) => length,
                // Without the close of TLS: RFC 8446, 6.1. The client sees what it would see without TLS.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
                Err(error) => {
                    let what = match error.kind() {
                        io::ErrorKind::ConnectionReset => {
                            "The upstream reset the connection".to_owned()
                        }
                        _ => format!("The connection to the upstream failed ({error})"),
                    };
                    responses.upstream_ended(&UpstreamEnd::Failed(what), false);
                    return Received::UpstreamFailed;
                }
            };
            if length == 0 {
                let client_left = client_closed.load(Ordering::Relaxed);
                responses.upstream_ended(&UpstreamEnd::Closed, client_left);
                // Fails only if the connection is gone.
                let _ = SockRef::from(self.tcp).shutdown(Shutdown::Write);
                return Received::Closed;
            }
            if self.deliver(&buffer[..length], responses).await.is_err() {
                return Received::ClientGone;
            }
        }
    }

    /// Writes one read to the client, then has it looked at.
    async fn deliver(&self, bytes: &[u8], responses: &mut Responses) -> io::Result<()> {
        let at = capture::now();
        let begin = Instant::now();
        let mut written = 0;
        // Held since the read began.
        let is_held = self.control.is_held();
        if !is_held {
            written = self.write_what_fits(bytes)?;
        }
        let taken = match bytes.len() - written {
            0 => Taken::All(begin.elapsed()),
            waiting => Taken::NotYet(waiting),
        };
        responses.read(bytes, at, taken);
        if written < bytes.len() {
            if is_held {
                self.control.released().await;
            }
            while written < bytes.len() {
                self.tcp.writable().await?;
                written += self.write_what_fits(&bytes[written..])?;
            }
            responses.taken(begin.elapsed());
        }
        Ok(())
    }

    fn write_what_fits(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = 0;
        while written < bytes.len() {
            match self.tcp.try_write(&bytes[written..]) {
                Ok(length) => written += length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(written)
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

/// How the upstream's side ended.
enum Received {
    Closed,
    UpstreamFailed,
    /// The client takes nothing more.
    ClientGone,
}

fn cut() -> End {
    End::new(EndKind::Cut, "The connection of the client was cut here.")
}

fn ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1000.0
}
