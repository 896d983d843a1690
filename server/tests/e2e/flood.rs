//! Streams that are faster than the page.

use super::browser::{Browser, Engine};
use super::{HEAD, open, read_request, serve};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::watch,
};

/// How many events the large flood has, of how many bytes each.
const EVENTS: u64 = 5_000;
const SIZE: usize = 64_000;

/// How the page explains that it closed a stream.
const CLOSED: &str = "Closed before memory runs out";

/// Starts a server that sends a flood of 320 MB. Returns its origin, and whether all of it is sent.
async fn serve_flood() -> (String, watch::Receiver<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("bound"));
    let (sent, is_sent) = watch::channel(false);
    tokio::spawn(async move {
        let event = format!("data: {}\n\n", "x".repeat(SIZE));
        while let Ok((mut connection, _)) = listener.accept().await {
            let (event, sent) = (event.clone(), sent.clone());
            tokio::spawn(async move {
                read_request(&mut connection).await;
                connection.write_all(HEAD.as_bytes()).await?;
                for _ in 0..EVENTS {
                    connection.write_all(event.as_bytes()).await?;
                }
                sent.send_replace(true);
                while connection.read(&mut [0; 4096]).await? > 0 {}
                std::io::Result::Ok(())
            });
        }
    });
    (origin, is_sent)
}

/// Opens `url` by `way` on a page that is open.
async fn connect(browser: &Browser, way: &str, url: &str) {
    browser.choose_way(way).await;
    browser.fill("Stream", url).await;
    browser.press("Open").await;
}

/// Whether the browser receives no more than the page reads (docs/engines.md).
fn holds_back(browser: &Browser) -> bool {
    browser.engine() == Engine::Chromium
}

#[tokio::test]
async fn by_fetch_a_flood_that_is_not_held_back_is_closed() {
    flood_by("fetch").await;
}

#[tokio::test]
async fn by_the_relay_a_flood_that_is_not_held_back_is_closed() {
    flood_by("relay").await;
}

async fn flood_by(way: &str) {
    let (flood, mut is_sent) = serve_flood().await;
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    // The page does not read until all is sent.
    browser
        .value(
            "(() => {
                const { prototype } = ReadableStreamDefaultReader, { read } = prototype;
                const start = new Promise(resolve => { window.start = resolve; });
                prototype.read = async function () { await start; return read.call(this); };
            })()",
        )
        .await;
    connect(&browser, way, &flood).await;
    if holds_back(&browser) {
        browser.value("start()").await;
        browser
            .until(&format!("page.number('Events') === {EVENTS}"))
            .await;
        assert_eq!(browser.value("page.state()").await, "Open");
        return;
    }
    is_sent.wait_for(|sent| *sent).await.expect("a server");
    browser.value("start()").await;
    browser.until_says(CLOSED).await;
    assert_eq!(browser.value("page.state()").await, "Closed");
    // The page is as good as before.
    connect(&browser, way, "/stream").await;
    browser.until_line("^Ping: ").await;
}

#[tokio::test]
async fn by_event_source_a_flood_that_leaves_no_break_is_closed() {
    const EVENTS: usize = 5_000;
    let burst = |_| format!("data: {}\n\n", "x".repeat(2_000)).repeat(EVENTS);
    let flood = serve(HEAD, burst, 1).await;
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    // A slow page: 2 ms an event.
    browser
        .value(
            "(() => {
                const { get } = Object.getOwnPropertyDescriptor(MessageEvent.prototype, 'data');
                Object.defineProperty(MessageEvent.prototype, 'data', { get() {
                    for (const end = performance.now() + 2; performance.now() < end;);
                    return get.call(this);
                } });
            })()",
        )
        .await;
    connect(&browser, "EventSource", &flood).await;
    if holds_back(&browser) {
        browser
            .until(&format!("page.number('Events') === {EVENTS}"))
            .await;
        return;
    }
    browser.until_says(CLOSED).await;
    assert_eq!(browser.value("page.state()").await, "Closed");
}
