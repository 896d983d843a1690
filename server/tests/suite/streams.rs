//! What a stream of the suite consists of, and the server that plays what the generator does not.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rcgen::generate_simple_self_signed;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
};

/// A stream, by its source.
#[derive(Clone)]
pub(crate) enum Stream {
    /// The generator's, with this query.
    Generator(String),
    /// The same, of another origin than the page.
    OtherOrigin(&'static str),
    /// One of a [`Server`] of another origin than the page.
    Script(Vec<Step>),
    /// The same, in turn for one connection after the other.
    Turns(Vec<Vec<Step>>),
    /// The same, but the server does not answer a preflight.
    WithoutPreflight(Vec<Vec<Step>>),
    /// The same as the first, after six connections to that server are open.
    SixBefore(Vec<Step>),
    /// The same, requested with credentials.
    WithCredentials(Vec<Step>),
    /// The same, but the server speaks TLS, with a certificate of its own.
    Tls(Vec<Step>),
    /// At this URL, where `PORT` is that of the [`Server`].
    At(&'static str),
}

/// What the server does on a connection, after a request.
#[derive(Clone)]
pub(crate) enum Step {
    Send(Vec<u8>),
    Wait(u64),
    /// Resets the connection.
    Reset,
    /// Waits until the client leaves.
    Stall,
}

use Step::*;

/// The head of an event stream of another origin, whose body lasts as long as the connection.
pub(crate) const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                               access-control-allow-origin: *\r\nconnection: close\r\n\r\n";

/// The generator's stream of `query`.
pub(crate) fn generator(query: impl Into<String>) -> Stream {
    Stream::Generator(query.into())
}

/// Exactly these bytes, by the generator, then silence.
pub(crate) fn bytes(bytes: impl AsRef<[u8]>) -> Stream {
    Stream::Generator(format!("raw={}&end=stall", URL_SAFE_NO_PAD.encode(bytes)))
}

/// Exactly these bytes, by the generator, then the end of the response.
pub(crate) fn ended(bytes: impl AsRef<[u8]>) -> Stream {
    Stream::Generator(format!("raw={}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// An event stream in which `part` is sent again and again, each `pause` ms.
pub(crate) fn dripped(part: impl AsRef<[u8]>, pause: u64) -> Stream {
    parts((0..100).map(|_| part.as_ref().to_vec()), pause)
}

/// An event stream of these parts, with `pause` ms between them, then silence.
pub(crate) fn parts<T: Into<Vec<u8>>>(parts: impl IntoIterator<Item = T>, pause: u64) -> Stream {
    let mut steps = vec![Send(HEAD.into())];
    steps.extend(
        parts
            .into_iter()
            .flat_map(|part| [Send(part.into()), Wait(pause)]),
    );
    steps.push(Stall);
    Stream::Script(steps)
}

/// An answer with this head, without the lines that end it, and this body; then the connection ends.
pub(crate) fn answer(head: &str, body: impl AsRef<[u8]>) -> Stream {
    let mut all = format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n").into_bytes();
    all.extend(body.as_ref());
    Stream::Script(vec![Send(all)])
}

/// What a server is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    WithoutPreflight,
    Tls,
}

struct Turns {
    turns: Vec<Vec<Step>>,
    /// The number of the next connection.
    next: AtomicUsize,
    preflight: bool,
}

/// Plays steps to everyone who asks for them.
pub(crate) struct Server {
    port: u16,
}

impl Server {
    /// Starts a server that plays one of `turns` after the other, each on a connection.
    pub(crate) async fn start(turns: Vec<Vec<Step>>, kind: Kind) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let turns = Arc::new(Turns {
            turns,
            next: AtomicUsize::new(0),
            preflight: kind != Kind::WithoutPreflight,
        });
        let acceptor = (kind == Kind::Tls).then(acceptor);
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let (turns, acceptor) = (Arc::clone(&turns), acceptor.clone());
                tokio::spawn(async move {
                    match acceptor {
                        None => connection(tcp, &turns).await,
                        Some(acceptor) => connection(acceptor.accept(tcp).await?, &turns).await,
                    }
                });
            }
        });
        Self { port }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

fn acceptor() -> TlsAcceptor {
    let own = generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).expect("a key");
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .expect("a certificate with its key");
    TlsAcceptor::from(Arc::new(config))
}

/// What can be reset.
trait Socket: AsyncRead + AsyncWrite + Unpin {
    fn reset_on_drop(&self);
}

impl Socket for TcpStream {
    fn reset_on_drop(&self) {
        self.set_zero_linger().expect("an open socket");
    }
}

impl Socket for tokio_rustls::server::TlsStream<TcpStream> {
    fn reset_on_drop(&self) {
        self.get_ref().0.reset_on_drop();
    }
}

async fn connection(mut socket: impl Socket, turns: &Turns) -> std::io::Result<()> {
    let mut request = vec![0; 16_384];
    let len = socket.read(&mut request).await?;
    if request[..len].starts_with(b"OPTIONS") {
        if !turns.preflight {
            let refusal = b"HTTP/1.1 405 Method Not Allowed\r\nconnection: close\r\n\r\n";
            return socket.write_all(refusal).await;
        }
        let allow = "HTTP/1.1 204 No Content\r\naccess-control-allow-origin: *\r\n\
                     access-control-allow-headers: *\r\nconnection: close\r\n\r\n";
        return socket.write_all(allow.as_bytes()).await;
    }
    let turn = turns.next.fetch_add(1, Ordering::Relaxed) % turns.turns.len();
    for step in &turns.turns[turn] {
        match step {
            Send(bytes) => socket.write_all(bytes).await?,
            Wait(ms) => tokio::time::sleep(Duration::from_millis(*ms)).await,
            Reset => {
                socket.reset_on_drop();
                return Ok(());
            }
            Stall => while socket.read(&mut request).await? > 0 {},
        }
    }
    socket.shutdown().await
}
