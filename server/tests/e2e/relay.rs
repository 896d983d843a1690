//! The relay and pages of other origins: they can neither have it make a request nor read one.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::browser::{Browser, Server};

/// A server that counts the requests for `/secret`, and answers any request with a page.
async fn target() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("bound"));
    let secrets = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&secrets);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let counted = Arc::clone(&counted);
            tokio::spawn(async move {
                let mut request = Vec::new();
                while !request.windows(4).any(|window| window == b"\r\n\r\n") {
                    if connection.read_buf(&mut request).await? == 0 {
                        return Ok(());
                    }
                }
                if request.starts_with(b"GET /secret ") {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
                connection
                    .write_all(
                        b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\
                          content-length: 41\r\n\r\n<!DOCTYPE html><title>Other</title>hidden",
                    )
                    .await?;
                std::io::Result::Ok(())
            });
        }
    });
    (origin, secrets)
}

/// How a page tries to have `order` relayed: each is an expression for a promise of what it learns.
const ATTEMPTS: [&str; 5] = [
    // With a preflight, which is refused.
    "fetch(relay, { method: 'POST', body: order, headers: { 'content-type': 'application/json' } })",
    "fetch(relay, { method: 'POST', body: order, headers: { 'x-sse-scope-token': token } })",
    // Without a preflight.
    "fetch(relay, { method: 'POST', body: order })",
    "fetch(relay, { method: 'POST', body: order, mode: 'no-cors' })",
    // The page that has the token.
    "fetch(own)",
];

#[tokio::test]
async fn a_page_of_another_origin_cannot_use_the_relay() {
    let server = Server::start("127.0.0.1:0").await;
    let (origin, secrets) = target().await;
    let browser = Browser::start().await;

    // The token, which another page cannot know: it is of no use to it either.
    browser.goto(&server.origin).await;
    let offers = "document.querySelector('meta[name=sse-scope-offers]').content";
    let offers = browser.value(offers).await;
    let offers = offers.as_str().expect("text");
    let token = offers.strip_prefix("relay ").expect("the relay is offered");
    let setup = |own: &str| {
        format!(
            "(token => {{
                const own = '{own}/', relay = own + 'relay';
                const order = JSON.stringify({{ url: '{origin}/secret', method: 'GET', headers: [], body: null }});
                const learn = promise => promise.then(
                    async response => response.type + ' ' + response.status + ' ' + (await response.text()),
                    error => error.name);
                window.learned = undefined;
                Promise.all([{attempts}].map(learn)).then(learned => window.learned = learned);
            }})('{token}')",
            attempts = ATTEMPTS.join(", ")
        )
    };
    browser.goto(&origin).await;
    browser
        .value(&format!("void {}", setup(&server.origin)))
        .await;
    browser.until("window.learned").await;
    let learned = browser.value("window.learned").await;
    let blocked = "TypeError";
    assert_eq!(
        learned,
        serde_json::json!([blocked, blocked, blocked, "opaque 0 ", blocked])
    );

    // A form can send text that is JSON. What it gets is in a frame that the page cannot read.
    browser
        .value(&format!(
            "void (() => {{
                const frame = Object.assign(document.createElement('iframe'), {{ name: 'answer' }});
                const form = Object.assign(document.createElement('form'),
                    {{ method: 'POST', action: '{}/relay', enctype: 'text/plain', target: frame.name }});
                const input = document.createElement('input');
                input.name = '{{\"url\":\"{origin}/secret\",\"method\":\"GET\",\"headers\":[],\"body\":\"';
                input.value = '\"}}';
                form.append(input);
                document.body.append(frame, form);
                form.submit();
            }})()",
            server.origin
        ))
        .await;
    browser
        .until("document.querySelector('iframe').contentDocument === null")
        .await;
    assert_eq!(secrets.load(Ordering::Relaxed), 0, "a request was relayed");

    // The page itself can: the attempts are not in vain for another reason.
    browser.goto(&server.origin).await;
    browser
        .value(&format!("void {}", setup(&server.origin)))
        .await;
    browser.until("window.learned").await;
    let learned = browser.value("window.learned[1]").await;
    let learned = learned.as_str().expect("text");
    assert!(
        learned.starts_with("basic 200 sse-capture 1\n"),
        "{learned}"
    );
    assert!(learned.contains("hidden"), "{learned}");
    assert_eq!(secrets.load(Ordering::Relaxed), 1);
}
