//! What passes is the same, byte for byte, as without the tap, and passes at once.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::support::{Ended, Peer, Tapped, upstream};

/// What one side does; the next step waits until the other side has noticed.
#[derive(Clone, Debug)]
enum Step {
    /// The client sends; `{host}` stands for the address that it connected to.
    Client(Vec<u8>),
    Upstream(Vec<u8>),
    ClientCloses,
    UpstreamCloses,
    ClientResets,
    UpstreamResets,
}
use Step::{ClientCloses, ClientResets, UpstreamCloses, UpstreamResets};

fn client(text: &str) -> Step {
    Step::Client(text.as_bytes().to_vec())
}

fn server(text: &str) -> Step {
    Step::Upstream(text.as_bytes().to_vec())
}

/// What each side received, and how its connection ended.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    client: (String, Option<Ended>),
    upstream: (String, Option<Ended>),
}

/// Plays steps; the client connects to `address`.
async fn play(steps: &[Step], address: SocketAddr, listener: &TcpListener) -> Seen {
    let mut client = Some(Peer::connect(address).await);
    let mut upstream: Option<Peer> = None;
    // What the upstream should have received has its own address in it.
    let own = listener.local_addr().expect("bound").to_string();
    let (mut sent, mut answered) = (0, 0);
    let mut seen = Seen {
        client: (String::new(), None),
        upstream: (String::new(), None),
    };
    for step in steps {
        match step {
            Step::Client(bytes) => {
                let text = |host: &str| {
                    let mut pieces = split(bytes, b"{host}").into_iter();
                    let mut text = pieces.next().unwrap_or_default().to_vec();
                    for piece in pieces {
                        text.extend_from_slice(host.as_bytes());
                        text.extend_from_slice(piece);
                    }
                    text
                };
                let client = client.as_mut().expect("the client is there");
                client.send(text(&address.to_string())).await;
                sent += text(&own).len();
                if upstream.is_none() {
                    upstream = Some(Peer::accept(listener).await);
                }
                upstream
                    .as_mut()
                    .expect("accepted")
                    .until_length(sent)
                    .await;
            }
            Step::Upstream(bytes) => {
                upstream.as_mut().expect("a request").send(bytes).await;
                answered += bytes.len();
                client
                    .as_mut()
                    .expect("a client")
                    .until_length(answered)
                    .await;
            }
            ClientCloses => {
                let tcp = &client.as_ref().expect("a client").tcp;
                socket2::SockRef::from(tcp)
                    .shutdown(std::net::Shutdown::Write)
                    .expect("open");
                upstream.as_mut().expect("a request").until_end().await;
            }
            UpstreamCloses => {
                let tcp = &upstream.as_ref().expect("a request").tcp;
                socket2::SockRef::from(tcp)
                    .shutdown(std::net::Shutdown::Write)
                    .expect("open");
                client.as_mut().expect("a client").until_end().await;
            }
            ClientResets => {
                let client = client.take().expect("a client");
                seen.client = (client.text(), client.ended);
                client.reset();
                upstream.as_mut().expect("a request").until_end().await;
            }
            UpstreamResets => {
                let upstream = upstream.take().expect("a request");
                seen.upstream = (upstream.text(), upstream.ended);
                upstream.reset();
                client.as_mut().expect("a client").until_end().await;
            }
        }
    }
    if let Some(client) = &client {
        seen.client = (client.text(), client.ended);
    }
    if let Some(upstream) = &upstream {
        seen.upstream = (upstream.text(), upstream.ended);
    }
    seen
}

/// The parts of `bytes` between `separator`.
fn split<'a>(bytes: &'a [u8], separator: &[u8]) -> Vec<&'a [u8]> {
    let found = bytes
        .windows(separator.len())
        .position(|window| window == separator);
    match found {
        None => vec![bytes],
        Some(at) => {
            let mut parts = vec![&bytes[..at]];
            parts.extend(split(&bytes[at + separator.len()..], separator));
            parts
        }
    }
}

/// Each of these passes as without the tap: a name, how the exchanges end, and the steps.
fn conversations() -> Vec<(&'static str, &'static str, Vec<Step>)> {
    let get = client("GET /a?b=c HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\n\r\n");
    let stream = server(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    vec![
        (
            "an event stream, an event after the other",
            "complete upstream-ended",
            vec![
                get.clone(),
                stream.clone(),
                server("9\r\ndata: 1\n\n\r\n"),
                server("9\r\ndata: 2\n\n\r\n"),
                server("0\r\n\r\n"),
                // The connection is used again.
                get.clone(),
                stream.clone(),
                UpstreamCloses,
                ClientCloses,
            ],
        ),
        (
            "chunks of odd sizes, in odd pieces, with trailers",
            "complete complete",
            vec![
                client("GET / HTTP/1.1\r\nhOSt:{host}  \r\nTE: trailers\r\nX-Empty:\r\n\r\n"),
                server(
                    "HTTP/1.1 200 Very  well\r\ntransfer-encoding:\tChunked\r\nTrailer: x\r\n\r",
                ),
                server("\n"),
                server("0000A;ext=\"a;b\"\r\n01234"),
                server("56789\r"),
                server("\n1"),
                server("\r\nx\r\n000\r\nX-Trailer: 1\r\n"),
                server("\r\n"),
                get.clone(),
                server("HTTP/1.1 204 No Content\r\n\r\n"),
            ],
        ),
        (
            "informational responses",
            "complete",
            vec![
                client(
                    "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
                ),
                server("HTTP/1.1 100 Continue\r\n\r\n"),
                server("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
                client("ab"),
                client("c"),
                server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
            ],
        ),
        (
            "responses without a body",
            "complete complete complete complete",
            vec![
                client("HEAD / HTTP/1.1\r\nHost: {host}\r\n\r\n"),
                server("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
                get.clone(),
                server("HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n"),
                get.clone(),
                server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
                get.clone(),
                server("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"),
            ],
        ),
        (
            "a body until the connection closes",
            "complete",
            vec![
                get.clone(),
                server("HTTP/1.1 200 OK\r\n\r\n"),
                server("data: 1\n\n"),
                UpstreamCloses,
                ClientCloses,
            ],
        ),
        (
            "HTTP/1.0, without Host",
            "complete",
            vec![
                client("GET / HTTP/1.0\r\n\r\n"),
                server("HTTP/1.0 200 OK\r\n\r\nold"),
                UpstreamCloses,
                ClientCloses,
            ],
        ),
        (
            "requests that do not wait",
            "complete complete complete",
            vec![
                client(
                    "GET /1 HTTP/1.1\r\nHost: {host}\r\n\r\nPOST /2 HTTP/1.1\r\nHost: {host}\r\n\
                     Transfer-Encoding: chunked\r\n\r\n3\r\na",
                ),
                client("bc\r\n0\r\nX-T: 1\r\n\r\nGET /3 HTTP/1.1\r\nhost: {host}\r\n\r\n"),
                server(
                    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2",
                ),
                server("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n3"),
            ],
        ),
        (
            "a response that is folded and malformed in its details",
            "complete",
            vec![
                get.clone(),
                server(
                    "HTTP/1.1 200 OK\r\nX-Folded: a\r\n  b\r\nNo colon here\r\nX : y\r\nContent-Length: 2\r\n\r\nok",
                ),
            ],
        ),
        (
            "what is not HTTP",
            "upstream-ended",
            vec![
                get.clone(),
                server("SSH-2.0-OpenSSH_9.2\r\n"),
                server("\0\x01\x02"),
                UpstreamCloses,
                ClientCloses,
            ],
        ),
        (
            "malformed chunks",
            "upstream-ended",
            vec![
                get.clone(),
                stream.clone(),
                server("xyz\r\nnot a chunk"),
                server("more"),
                UpstreamCloses,
            ],
        ),
        (
            "an upgrade",
            "tunnel",
            vec![
                client(
                    "GET /ws HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
                ),
                server("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
                client("\u{81}\u{80}GET / HTTP/1.1\r\n\r\n"),
                server("\u{81}\u{2}hi"),
                client("more"),
                ClientCloses,
                server("and more"),
                UpstreamCloses,
            ],
        ),
        (
            "an upgrade that is refused",
            "complete complete",
            vec![
                client("GET /ws HTTP/1.1\r\nHost: {host}\r\nUpgrade: h2c\r\n\r\n"),
                server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
                get.clone(),
                server("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"),
            ],
        ),
        (
            "a tunnel by CONNECT",
            "tunnel",
            vec![
                client("CONNECT example.org:443 HTTP/1.1\r\nHost: {host}\r\n\r\n"),
                server("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
                client("\u{16}\u{3}"),
                server("\u{16}\u{3}\u{3}"),
            ],
        ),
        (
            "an answer before the request is complete",
            "complete",
            vec![
                client("POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\n\r\nab"),
                server(
                    "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno",
                ),
                client("more"),
                UpstreamCloses,
                ClientCloses,
            ],
        ),
        (
            "the client closes its side, and the answer comes",
            "complete",
            vec![
                get.clone(),
                ClientCloses,
                stream.clone(),
                server("9\r\ndata: 1\n\n\r\n0\r\n\r\n"),
                UpstreamCloses,
            ],
        ),
        (
            "the client resets",
            "client-left",
            vec![get.clone(), stream.clone(), ClientResets],
        ),
        (
            "the upstream resets",
            "upstream-reset",
            vec![get.clone(), stream, UpstreamResets],
        ),
        (
            "an answer that nobody asked for",
            "complete",
            vec![
                get.clone(),
                server("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"),
                server("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"),
                UpstreamCloses,
            ],
        ),
    ]
}

#[tokio::test]
async fn every_conversation_is_the_same_with_and_without_the_tap() {
    for (name, ends, steps) in conversations() {
        let (listener, url) = upstream().await;
        let direct = play(&steps, listener.local_addr().expect("bound"), &listener).await;
        let tapped = Tapped::start(&url).await;
        let through = play(&steps, tapped.address, &listener).await;
        assert_eq!(through, direct, "{name}");
        for (id, kind) in (1..).zip(ends.split(' ')) {
            assert_eq!(tapped.page.end(id).await.0, kind, "{name}, exchange {id}");
        }
        let next = ends.split(' ').count() as u64 + 1;
        let (status, _) = tapped.page.get(&format!("/tap/exchanges/{next}")).await;
        assert_eq!(status, 404, "{name}");
    }
}

#[tokio::test]
async fn any_bytes_pass_as_they_are() {
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    gzip.extend((0..=255).cycle().take(100_000));
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        gzip.len()
    );
    let steps = [
        Step::Client(
            [
                b"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 256\r\n\r\n".as_slice(),
                &(0..=255).collect::<Vec<_>>(),
            ]
            .concat(),
        ),
        server(&head),
        Step::Upstream(gzip),
    ];
    let (listener, url) = upstream().await;
    let direct = play(&steps, listener.local_addr().expect("bound"), &listener).await;
    let tapped = Tapped::start(&url).await;
    assert_eq!(play(&steps, tapped.address, &listener).await, direct);
}

#[tokio::test]
async fn the_path_of_the_url_is_put_before_each_path() {
    let (listener, url) = upstream().await;
    let tapped = Tapped::start(&format!("{url}/api/v1/")).await;
    let mut client = Peer::connect(tapped.address).await;
    client
        .send("GET /chat?x=/y HTTP/1.1\r\nhost: localhost\r\n\r\nOPTIONS * HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await;
    let mut upstream = Peer::accept(&listener).await;
    let host = listener.local_addr().expect("bound");
    let expected = format!(
        "GET /api/v1/chat?x=/y HTTP/1.1\r\nhost: {host}\r\n\r\nOPTIONS * HTTP/1.1\r\nhost: {host}\r\n\r\n"
    );
    upstream.until_length(expected.len()).await;
    assert_eq!(upstream.text(), expected);
}

#[tokio::test]
async fn what_cannot_be_passed_on_is_answered_by_the_tap() {
    let (listener, url) = upstream().await;
    let tapped = Tapped::start(&url).await;
    let long = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "y".repeat(70_000)
    );
    for (request, status, part) in [
        ("nonsense\r\n\r\n", "400", "not HTTP/1.1"),
        (
            "GET / HTTP/1.1\r\n\r\n",
            "400",
            "several Host lines, or none",
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n",
            "400",
            "several Host lines",
        ),
        (
            "GET / HTTP/1.1\r\nHost:\r\nhost:\r\n\r\n",
            "400",
            "Host lines",
        ),
        (
            "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
            "403",
            "“evil.example” is not allowed",
        ),
        (
            "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
            "400",
            "as for a proxy",
        ),
        ("GET x HTTP/1.1\r\nHost: a\r\n\r\n", "400", "not a path"),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "400",
            "both",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "400",
            "different",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
            "400",
            "not a number",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
            "400",
            "chunked",
        ),
        (
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            "400",
            "HTTP/1.0",
        ),
        (long.as_str(), "431", "64 KiB"),
    ] {
        let mut client = Peer::connect(tapped.address).await;
        client.send(request).await;
        assert_eq!(client.until_end().await, Ended::Closed, "{request}");
        let answer = client.text();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        assert!(answer.contains("\r\nx-sse-scope-tap: a\r\n"), "{answer}");
        assert!(answer.contains("The tap “a” of SSE Scope: "), "{answer}");
        assert!(answer.contains(part), "{answer}");
    }
    // None of them reached the upstream.
    let mut client = Peer::connect(tapped.address).await;
    client.send("GET /last HTTP/1.1\r\nHost: a\r\n\r\n").await;
    Peer::accept(&listener).await.until("GET /last").await;
}

#[tokio::test]
async fn a_refusal_waits_for_the_responses_before_it() {
    let (listener, url) = upstream().await;
    let tapped = Tapped::start(&url).await;
    let mut client = Peer::connect(tapped.address).await;
    client
        .send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET http://b/ HTTP/1.1\r\nHost: b\r\n\r\n")
        .await;
    let mut upstream = Peer::accept(&listener).await;
    upstream.until("\r\n\r\n").await;
    upstream
        .send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfi")
        .await;
    client.until("fi").await;
    upstream.send("rst").await;
    client.until_end().await;
    let (first, second) = client
        .text()
        .split_once("first")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .expect("the first");
    assert!(first.starts_with("HTTP/1.1 200"), "{first}");
    assert!(second.starts_with("HTTP/1.1 400"), "{second}");
}
