//! TLS: which problem, which certificate, and HTTP/2.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
};
use sse_scope_tap::dial::{Allowed, Dialer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::support::{Relaying, serve};

/// An authority that issues certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl Authority {
    fn new() -> Self {
        Self::named("Test Authority")
    }

    fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let certificate = params
            .self_signed(&key)
            .expect("a certificate")
            .der()
            .clone();
        Self {
            issuer: Issuer::new(params, key),
            certificate,
        }
    }

    /// A dialer that trusts this authority, and no other.
    fn dialer(&self) -> Dialer {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).expect("a certificate");
        Dialer::new(Allowed::Any).with_roots(roots)
    }

    /// Configures a server with a certificate for `name`, changed by `change`.
    fn issue(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> ServerConfig {
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "Test Server");
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .expect("a certificate and its key")
    }
}

/// Starts a server with TLS that treats each connection with `respond`. Returns its URL.
async fn serve_tls<F>(
    config: ServerConfig,
    respond: impl Fn(TlsStream<tokio::net::TcpStream>) -> F + Send + 'static,
) -> String
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            if let Ok(tls) = acceptor.accept(tcp).await {
                tokio::spawn(respond(tls));
            }
        }
    });
    format!("https://localhost:{port}/")
}

/// Answers one request by HTTP/1.1.
async fn greet(mut tls: TlsStream<tokio::net::TcpStream>) {
    let mut request = [0; 1024];
    let _ = tls.read(&mut request).await;
    let _ = tls.write_all(b"HTTP/1.1 200 OK\r\n\r\nhello").await;
    let _ = tls.shutdown().await;
}

/// Asks a server with this certificate, and returns the failure.
async fn problem(dialer: Dialer, config: ServerConfig) -> String {
    let url = serve_tls(config, greet).await;
    let (kind, phase, text) = Relaying::by(dialer).await.whole(&url).await.failure();
    assert_eq!((&*kind, &*phase), ("tls", "tls"), "{text}");
    text
}

#[tokio::test]
async fn a_trusted_certificate() {
    let authority = Authority::new();
    let url = serve_tls(authority.issue("localhost", |_| {}), greet).await;
    let capture = Relaying::by(authority.dialer()).await.whole(&url).await;
    assert_eq!(capture.body(), "hello");
    assert_eq!(capture.end().0, "ended");
    let facts = capture.facts();
    assert_eq!(facts["response"]["version"], "HTTP/1.1");
    assert!(facts["phases"]["tls"].is_f64(), "{facts}");
}

#[tokio::test]
async fn an_issuer_that_is_not_trusted() {
    let authority = Authority::new();
    let text = problem(
        Authority::named("Other").dialer(),
        authority.issue("localhost", |_| {}),
    )
    .await;
    assert!(
        text.contains("no authority that this system trusts"),
        "{text}"
    );
    assert!(
        text.contains(
            "It is for localhost, issued to CN=Test Server by CN=Test Authority, valid from 1975-01-01 to 4096-01-01."
        ),
        "{text}"
    );
}

#[tokio::test]
async fn a_certificate_that_is_not_valid_now() {
    let authority = Authority::new();
    let expired = authority.issue("localhost", |params| {
        params.not_after = date_time_ymd(2020, 1, 2)
    });
    let text = problem(authority.dialer(), expired).await;
    assert!(text.contains("has expired"), "{text}");
    assert!(
        text.contains("valid from 1975-01-01 to 2020-01-02"),
        "{text}"
    );
    let early = authority.issue("localhost", |params| {
        params.not_before = date_time_ymd(4000, 1, 2)
    });
    let text = problem(authority.dialer(), early).await;
    assert!(text.contains("not valid yet"), "{text}");
}

#[tokio::test]
async fn a_certificate_for_another_name() {
    let authority = Authority::new();
    let text = problem(authority.dialer(), authority.issue("a.example", |_| {})).await;
    assert!(text.contains("not for localhost"), "{text}");
    assert!(text.contains("It is for a.example"), "{text}");
}

#[tokio::test]
async fn a_self_signed_certificate() {
    for is_ca in [IsCa::NoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
        let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        params.is_ca = is_ca;
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .expect("a certificate and its key");
        let text = problem(Authority::new().dialer(), config).await;
        assert!(
            text.contains("no authority that this system trusts"),
            "{text}"
        );
        assert!(text.contains("by itself"), "{text}");
    }
}

#[tokio::test]
async fn http_on_a_port_that_should_have_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            let _ = tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            let mut bytes = [0; 1024];
            while tcp.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
        }
    });
    let relaying = Relaying::by(Authority::new().dialer()).await;
    let url = format!("https://127.0.0.1:{port}/");
    let (kind, phase, text) = relaying.whole(&url).await.failure();
    assert_eq!((&*kind, &*phase), ("no-tls", "tls"));
    assert!(text.contains("http://"), "{text}");
}

#[tokio::test]
async fn tls_on_a_port_that_should_have_http() {
    let url = serve_tls(Authority::new().issue("localhost", |_| {}), greet).await;
    let url = url.replace("https://", "http://");
    let (kind, phase, text) = Relaying::start().await.whole(&url).await.failure();
    assert_eq!((&*kind, &*phase), ("only-tls", "head"), "{text}");
    assert!(text.contains("https://"), "{text}");
}

#[tokio::test]
async fn a_handshake_that_ends_early() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("https://{}/", listener.local_addr().expect("bound"));
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            // The handshake of the client, which is read lest its bytes reset the connection.
            let mut bytes = [0; 4096];
            let _ = tcp.read(&mut bytes).await;
        }
    });
    let relaying = Relaying::by(Authority::new().dialer()).await;
    let (kind, phase, _) = relaying.whole(&url).await.failure();
    assert_eq!((&*kind, &*phase), ("closed", "tls"));
}

#[tokio::test]
async fn a_handshake_that_does_not_arrive() {
    let url = serve(|mut asked| async move { asked.until_left().await }).await;
    let url = url.replace("http://", "https://");
    let dialer = Authority::new()
        .dialer()
        .with_timeout(Duration::from_millis(200));
    let (kind, phase, text) = Relaying::by(dialer).await.whole(&url).await.failure();
    assert_eq!((&*kind, &*phase), ("timed-out", "tls"));
    assert!(
        text.contains("TLS handshake did not complete within 0.2 s"),
        "{text}"
    );
}

#[tokio::test]
async fn http2() {
    let authority = Authority::new();
    let mut config = authority.issue("localhost", |_| {});
    config.alpn_protocols = vec![b"h2".to_vec()];
    let url = serve_tls(config, |tls| async move {
        let respond = service_fn(|request: http::Request<hyper::body::Incoming>| async move {
            let host = request.uri().authority().map(ToString::to_string);
            let text = format!("{:?} {host:?}", request.version());
            Ok::<_, Infallible>(http::Response::new(Full::new(Bytes::from(text))))
        });
        let http = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        let _ = http.serve_connection(TokioIo::new(tls), respond).await;
    })
    .await;
    let capture = Relaying::by(authority.dialer()).await.whole(&url).await;
    assert_eq!(capture.facts()["response"]["version"], "HTTP/2");
    assert_eq!(capture.facts()["response"]["statusText"], "");
    let host = url.trim_start_matches("https://").trim_end_matches('/');
    assert_eq!(capture.body(), format!("HTTP/2.0 Some({host:?})"));
    assert_eq!(capture.end().0, "ended");
}

/// A body of one frame, which fails at a signal: hyper then resets the stream.
struct Failing {
    sent: bool,
    signal: tokio::sync::mpsc::UnboundedReceiver<()>,
}

impl http_body::Body for Failing {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<http_body::Frame<Bytes>>>> {
        if !std::mem::replace(&mut self.sent, true) {
            let frame = http_body::Frame::data(Bytes::from_static(b"hello"));
            return Poll::Ready(Some(Ok(frame)));
        }
        let failing = self.signal.poll_recv(cx);
        failing.map(|_| Some(Err(std::io::ErrorKind::Other.into())))
    }
}

#[tokio::test]
async fn a_stream_of_http2_that_is_reset() {
    let authority = Authority::new();
    let mut config = authority.issue("localhost", |_| {});
    config.alpn_protocols = vec![b"h2".to_vec()];
    let (fail, signal) = tokio::sync::mpsc::unbounded_channel();
    let signal = Mutex::new(Some(signal));
    let url = serve_tls(config, move |tls| {
        let signal = signal
            .lock()
            .expect("a test")
            .take()
            .expect("one connection");
        let body = Mutex::new(Some(Failing {
            sent: false,
            signal,
        }));
        async move {
            let respond = service_fn(move |_| {
                let body = body.lock().expect("a test").take().expect("one request");
                async { Ok::<_, Infallible>(http::Response::new(body)) }
            });
            let http = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            let _ = http.serve_connection(TokioIo::new(tls), respond).await;
        }
    })
    .await;
    let relaying = Relaying::by(authority.dialer()).await;
    let mut page = relaying.get(&url).await;
    page.until("hello").await;
    fail.send(()).expect("a server");
    let capture = page.whole().await;
    assert_eq!(capture.end().0, "reset", "{}", capture.0);
}
