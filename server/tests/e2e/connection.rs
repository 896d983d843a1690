//! The connection: opened, lost, closed, and never asked for what is not a GET.

use super::browser::{Browser, Server};
use super::{CLOSE, DATE, OPEN, open, serve};

#[tokio::test]
async fn the_default_stream_appears_under_the_policy_without_a_console_error() {
    let (_server, browser) = open("").await;

    browser.until_line(&format!("^Ping: {DATE}")).await;
    let lines = browser.lines().await;
    assert_eq!(lines[0], OPEN);
    assert!(lines[1].starts_with("Start time: "), "{lines:?}");
    assert!(lines[2].starts_with("Ping: "), "{lines:?}");
    browser.until_line(&format!("^Start time: {DATE}")).await;
    browser.until("page.time() >= '00:00:02'").await;

    browser.press("Disconnect").await;
    browser.until_line("^Connection close.$").await;
    browser.press("Connect").await;
    browser.until_state("Open").await;
    browser
        .until(&format!(
            "page.lines().filter(line => line === '{OPEN}').length === 2"
        ))
        .await;
    assert_eq!(browser.count(CLOSE).await, 1);
    assert_eq!(browser.console_errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_lost_server_is_one_line_and_its_return_another() {
    let mut server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    browser.goto(&server.origin).await;
    browser.until_line("^Ping: ").await;

    server.kill().await;
    browser.until_line("^Connection close.$").await;
    // At least one attempt fails before the server is back.
    browser
        .until("page.number('Attempts failed') > 0 && /retries/.test(page.state())")
        .await;
    let _back = Server::start(server.address()).await;
    browser.until_state("Open").await;
    browser
        .until(&format!(
            "page.lines().filter(line => line === '{OPEN}').length === 2"
        ))
        .await;
    assert_eq!(browser.count(CLOSE).await, 1);
}

/// A refusal with a body.
const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\naccess-control-allow-origin: *\r\n\
     connection: close\r\ncontent-length: 11\r\n\r\nbusy\nlater\n";

#[tokio::test]
async fn failed_attempts_by_fetch_share_a_line_with_their_reason_and_their_number() {
    let busy = serve(BUSY, |_| String::new(), 0).await;
    let (_server, browser) = open(&format!("?via=fetch&url={busy}/")).await;
    let line = "^Connection failed: 503 Service Unavailable: busy, \\d+ times, the last at \\d\\d:\\d\\d:\\d\\d\\.\\d{3} in \\d";
    browser.until_line(line).await;
    assert_eq!(browser.count("Connection failed").await, 1);
    browser.until("page.number('Attempts failed') >= 2").await;
}

#[tokio::test]
async fn a_failed_attempt_by_event_source_is_a_line_without_a_reason() {
    let busy = serve(BUSY, |_| String::new(), 0).await;
    let (server, browser) = open(&format!("?via=EventSource&url={busy}/")).await;
    browser
        .until_line("^Connection failed: the browser gives no reason")
        .await;
    // By fetch more is known.
    let page = format!("{}/?via=fetch&url=http://127.0.0.1:1/", server.origin);
    browser.goto(&page).await;
    browser
        .until_line("^Connection failed: no response, in")
        .await;
}
