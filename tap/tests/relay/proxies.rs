//! The proxies that the environment can name.

use hyper_util::client::proxy::matcher::Matcher;
use sse_scope_tap::dial::{Allowed, Dialer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

use super::support::{Relaying, answer, serve};

async fn relaying_by(proxy: &str) -> Relaying {
    let proxies = Matcher::builder().all(proxy).no("direct.example").build();
    Relaying::by(Dialer::new(Allowed::Any).with_proxies(proxies)).await
}

#[tokio::test]
async fn a_proxy_gets_the_whole_url() {
    let proxy = serve(|mut asked| async move {
        let request = asked.request.clone();
        asked
            .write(format!("HTTP/1.1 200 OK\r\n\r\n{request}"))
            .await;
    })
    .await;
    let relaying = relaying_by(&proxy.replace("http://", "http://user:word@")).await;
    let capture = relaying.whole("http://target.invalid/a?b").await;
    let request = capture.body();
    assert!(
        request.starts_with("GET http://target.invalid/a?b HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.contains("\r\nhost: target.invalid\r\n"),
        "{request}"
    );
    assert!(
        request.contains("\r\nproxy-authorization: Basic dXNlcjp3b3Jk\r\n"),
        "{request}"
    );
    let remote = &capture.facts()["response"]["remote"];
    assert_eq!(remote, proxy.trim_start_matches("http://"));
}

#[tokio::test]
async fn a_proxy_connects_to_a_server_with_tls() {
    let proxy = serve(|mut asked| async move {
        assert!(
            asked
                .request
                .starts_with("CONNECT target.invalid:443 HTTP/1.1\r\n")
        );
        asked.write("HTTP/1.1 200 OK\r\n\r\n").await;
        let mut handshake = [0; 1024];
        let _ = asked.tcp.read(&mut handshake).await;
        asked.write("no TLS at all").await;
        asked.until_left().await;
    })
    .await;
    let (kind, phase, text) = relaying_by(&proxy)
        .await
        .whole("https://target.invalid/")
        .await
        .failure();
    // The way to the server is open: the handshake is with the server.
    assert_eq!(phase, "tls", "{kind} {text}");
}

#[tokio::test]
async fn a_proxy_that_refuses() {
    for (response, named) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            "authorization required",
        ),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "unsuccessful"),
        ("", "unexpected end of file"),
    ] {
        let proxy = answer(response).await;
        let failure = relaying_by(&proxy)
            .await
            .whole("https://target.invalid/")
            .await
            .failure();
        assert_eq!((&*failure.0, &*failure.1), ("proxy", "connect"));
        assert!(failure.2.contains(named), "{}", failure.2);
        assert!(
            failure.2.contains(proxy.trim_start_matches("http://")),
            "{}",
            failure.2
        );
    }
}

#[tokio::test]
async fn a_socks_proxy_looks_up_the_name() {
    let target = answer("HTTP/1.1 200 OK\r\n\r\nhello").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let proxy = format!("socks5h://{}", listener.local_addr().expect("bound"));
    let target = target.trim_start_matches("http://").to_owned();
    tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.expect("a connection");
        // RFC 1928, 3 and 4: no authentication; a name of 14 bytes, port 80.
        let mut hello = [0; 3];
        tcp.read_exact(&mut hello).await.expect("a greeting");
        assert_eq!(hello, [5, 1, 0]);
        tcp.write_all(&[5, 0]).await.expect("the relay reads");
        let mut request = [0; 21];
        tcp.read_exact(&mut request).await.expect("a request");
        assert_eq!(&request, b"\x05\x01\x00\x03\x0etarget.invalid\x00\x50");
        tcp.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
            .await
            .expect("the relay reads");
        let mut upstream = TcpStream::connect(target)
            .await
            .expect("the target listens");
        let _ = copy_bidirectional(&mut tcp, &mut upstream).await;
    });
    let capture = relaying_by(&proxy)
        .await
        .whole("http://target.invalid/")
        .await;
    assert_eq!(capture.body(), "hello");
}

#[tokio::test]
async fn a_loopback_host_is_reached_without_a_proxy() {
    let origin = answer("HTTP/1.1 200 OK\r\n\r\ndirect").await;
    let relaying = relaying_by("http://127.0.0.1:9").await;
    for url in [
        origin.clone(),
        origin.replace("127.0.0.1", "localhost"),
        origin.replace("127.0.0.1", "a.localhost"),
    ] {
        assert_eq!(relaying.whole(&url).await.body(), "direct");
    }
}

#[tokio::test]
async fn a_proxy_of_an_unknown_kind() {
    let relaying = relaying_by("socks4://127.0.0.1:9").await;
    let (kind, _, text) = relaying.whole("http://target.invalid/").await.failure();
    assert_eq!(kind, "proxy");
    assert!(text.contains("socks5://"), "{text}");
}
