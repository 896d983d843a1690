//! The ways to an upstream: TLS, and a proxy of the environment.

use std::sync::Arc;

use hyper_util::client::proxy::matcher::Matcher;
use rustls::{RootCertStore, ServerConfig, crypto::ring, pki_types::PrivatePkcs8KeyDer};
use sse_scope_tap::{
    Bounds,
    dial::{Allowed, Dialer},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::support::{Ended, GET, Peer, STREAM, Tapped, chunk, patiently, upstream};

/// A tap in front of a server with TLS, a client that has sent a request, and the server's end of it.
async fn secured() -> (Tapped, Peer, TlsStream<TcpStream>) {
    let (listener, url) = upstream().await;
    let certified =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let mut roots = RootCertStore::empty();
    roots
        .add(certified.cert.der().clone())
        .expect("a certificate");
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![certified.cert.der().clone()],
            PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()).into(),
        )
        .expect("a certificate and its key");
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let url = url.replace("http://127.0.0.1", "https://localhost");
    let tapped = Tapped::with(&url, Bounds::default(), |settings| {
        settings.dialer = Dialer::new(Allowed::Any).with_roots(roots);
    })
    .await;
    let mut client = Peer::connect(tapped.address).await;
    client.send(GET).await;
    let tls = patiently("a handshake", accept(&listener, config)).await;
    (tapped, client, tls)
}

async fn accept(listener: &TcpListener, config: ServerConfig) -> TlsStream<TcpStream> {
    let (tcp, _) = listener.accept().await.expect("a connection");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    acceptor.accept(tcp).await.expect("a handshake")
}

async fn head(tls: &mut TlsStream<TcpStream>) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        assert_ne!(tls.read_buf(&mut head).await.expect("open"), 0);
    }
    String::from_utf8(head).expect("text")
}

#[tokio::test]
async fn an_upstream_with_tls_gets_http_1_1() {
    let (tapped, mut client, mut tls) = secured().await;
    assert_eq!(
        tls.get_ref().1.alpn_protocol(),
        Some(b"http/1.1".as_slice())
    );
    let head = patiently("a head", head(&mut tls)).await;
    assert!(
        head.starts_with("GET /events HTTP/1.1\r\nHost: localhost:"),
        "{head}"
    );
    tls.write_all(STREAM.as_bytes()).await.expect("open");
    for text in ["data: 1\n\n", "data: 2\n\n"] {
        tls.write_all(&chunk(text)).await.expect("open");
        tls.flush().await.expect("open");
        client.until(text).await;
    }
    let detail = tapped.page.detail(1).await;
    assert!(
        detail["response"]["phases"]["tls"]
            .as_f64()
            .is_some_and(|ms| ms > 0.0)
    );
    // What the client sends after that, and its close.
    client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n").await;
    socket2::SockRef::from(&client.tcp)
        .shutdown(std::net::Shutdown::Write)
        .expect("open");
    let mut rest = String::new();
    patiently("the client's close", tls.read_to_string(&mut rest))
        .await
        .expect("a clean close");
    assert!(rest.starts_with("GET /next HTTP/1.1\r\n"), "{rest}");
    tls.write_all(b"0\r\n\r\n").await.expect("open");
    tls.shutdown().await.expect("open");
    assert_eq!(client.until_end().await, Ended::Closed);
    assert_eq!(tapped.page.end(1).await.0, "complete");
}

#[tokio::test]
async fn a_tls_connection_that_breaks_off_is_passed_on() {
    for resets in [false, true] {
        let (tapped, mut client, mut tls) = secured().await;
        patiently("a head", head(&mut tls)).await;
        tls.write_all(STREAM.as_bytes()).await.expect("open");
        tls.flush().await.expect("open");
        client.until("\r\n\r\n").await;
        let (tcp, _) = tls.into_inner();
        let (ended, kind) = match resets {
            true => (Ended::Reset, "upstream-reset"),
            false => (Ended::Closed, "upstream-ended"),
        };
        if resets {
            tcp.set_zero_linger().expect("a socket");
        }
        drop(tcp);
        assert_eq!(client.until_end().await, ended);
        assert_eq!(tapped.page.end(1).await.0, kind);
    }
}

#[tokio::test]
async fn an_upstream_without_tls_is_named() {
    let (listener, url) = upstream().await;
    let url = url.replace("http://127.0.0.1", "https://localhost");
    let tapped = Tapped::with(&url, Bounds::default(), |settings| {
        settings.dialer = Dialer::new(Allowed::Any).with_roots(RootCertStore::empty());
    })
    .await;
    let mut client = Peer::connect(tapped.address).await;
    client.send(GET).await;
    let mut upstream = Peer::accept(&listener).await;
    upstream.send("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    assert_eq!(client.until_end().await, Ended::Closed);
    assert!(
        client.text().starts_with("HTTP/1.1 502 "),
        "{}",
        client.text()
    );
    let (kind, text) = tapped.page.end(1).await;
    assert_eq!(kind, "failed");
    assert!(text.contains("TLS"), "{text}");
}

#[tokio::test]
async fn a_proxy_of_the_environment_gets_the_whole_url() {
    let (listener, url) = upstream().await;
    let proxy = url.replace("http://", "http://user:word@");
    let tapped = Tapped::with("http://target.invalid/v1", Bounds::default(), |settings| {
        let proxies = Matcher::builder().all(proxy).build();
        settings.dialer = Dialer::new(Allowed::Any).with_proxies(proxies);
    })
    .await;
    let mut client = Peer::connect(tapped.address).await;
    client
        .send("GET /chat?x HTTP/1.1\r\nhost: localhost\r\nX: y\r\n\r\n")
        .await;
    let mut upstream = Peer::accept(&listener).await;
    upstream.until("\r\n\r\n").await;
    assert_eq!(
        upstream.text(),
        "GET http://target.invalid/v1/chat?x HTTP/1.1\r\nProxy-Authorization: Basic dXNlcjp3b3Jk\r\n\
         host: target.invalid\r\nX: y\r\n\r\n"
    );
}
