//! End to end: the built page, served by the built binary, in a real browser.

#[path = "../browser/mod.rs"]
mod browser;

mod accessibility;
mod answer;
mod article;
mod connection;
mod detail;
mod errors;
mod files;
mod filter;
mod flood;
mod generator;
mod lens;
mod loading;
mod log;
mod relay;
mod relay_way;
mod request;
mod tap;
mod timeline;
mod why;
mod why_link;

use browser::{Browser, Server};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

const OPEN: &str = "Connection open ...";
const CLOSE: &str = "Connection close.";

/// The dates of the default stream, as a regular expression.
const DATE: &str =
    r"\w{3} \w{3} \d\d \d{4} \d\d:\d\d:\d\d GMT\+0000 \(Coordinated Universal Time\)$";

/// The head of an event stream.
const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\naccess-control-allow-origin: *\r\n\r\n";

/// Reads a request with its body, which a browser may send in a packet of its own: what is left unread when the
/// connection is closed resets it, and the browser may lose the response.
async fn read_request(connection: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let length = connection.read(&mut part).await.unwrap_or_default();
        bytes.extend_from_slice(&part[..length]);
        let request = String::from_utf8_lossy(&bytes).into_owned();
        let is_whole = request.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let head = head.to_ascii_lowercase();
            let declared = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .and_then(|length| length.trim().parse().ok());
            body.len() >= declared.unwrap_or(0)
        });
        // A client that speaks TLS waits for an answer.
        let is_http = bytes.first().is_some_and(u8::is_ascii_uppercase);
        if length == 0 || is_whole || !is_http {
            return request;
        }
    }
}

/// Starts a server that sends each connection `head`, then `body(0)` to `body(times - 1)`, and then
/// waits until the client disconnects. Returns its origin.
async fn serve(
    head: &'static str,
    body: impl Fn(usize) -> String + Send + Sync + 'static,
    times: usize,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("bound"));
    let body = std::sync::Arc::new(body);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let body = std::sync::Arc::clone(&body);
            tokio::spawn(async move {
                read_request(&mut connection).await;
                connection.write_all(head.as_bytes()).await?;
                for n in 0..times {
                    connection.write_all(body(n).as_bytes()).await?;
                }
                while connection.read(&mut [0; 4096]).await? > 0 {}
                std::io::Result::Ok(())
            });
        }
    });
    origin
}

/// Opens the page with `query`, in a new browser and from a new server.
async fn open(query: &str) -> (Server, Browser) {
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    browser.goto(&format!("{}/{query}", server.origin)).await;
    (server, browser)
}
