//! The log, the timeline and captures.

use super::*;

/// A refusal with a body.
const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\naccess-control-allow-origin: *\r\n\
     content-length: 11\r\n\r\nbusy\nlater\n";

/// The text of a figure, found by its label.
fn figure(label: &str) -> String {
    format!(
        "[...document.querySelectorAll('dt')].find(label => label.textContent === '{label}').nextElementSibling"
    )
}

#[tokio::test]
async fn failed_attempts_by_fetch_share_a_line_with_their_reason_and_their_number() {
    let busy = serve(BUSY, |_| String::new(), 0).await;
    let (_server, browser) = open(&format!("?via=fetch&url={busy}/")).await;
    let line = "^Connection failed: 503 Service Unavailable: busy, \\d+ times, the last at \\d\\d:\\d\\d:\\d\\d\\.\\d{3} in \\d";
    browser.until_line(line).await;
    assert_eq!(browser.count("Connection failed").await, 1);
    let failed = figure("Attempts failed");
    browser.until(&format!("+{failed}.textContent >= 2")).await;
    assert_eq!(
        browser.value(&format!("{failed}.checkVisibility()")).await,
        true
    );
}

#[tokio::test]
async fn a_failed_attempt_by_event_source_is_a_line_without_a_reason() {
    let busy = serve(BUSY, |_| String::new(), 0).await;
    let (_server, browser) = open(&format!("?via=EventSource&url={busy}/")).await;
    browser
        .until_line("^Connection failed: the browser gives no reason")
        .await;
    // An attempt that fails in another way has its own line.
    browser.press("Disconnect").await;
    browser.fill("url", "http://127.0.0.1:1/").await;
    browser.press("fetch").await;
    browser.press("Open").await;
    browser
        .until_line("^Connection failed: no answer, in")
        .await;
}

#[tokio::test]
async fn a_saved_event_stream_opens_as_a_stream_of_its_own() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    assert_eq!(
        browser
            .value(&format!("{}.checkVisibility()", figure("Attempts failed")))
            .await,
        false
    );
    let file = browser.downloads().join("saved.txt");
    std::fs::write(&file, ": by curl -N\n\ndata: saved\n\n").expect("it can be written");
    browser.choose_file("input[type=file]", &file).await;
    // The labels are not those of the stream before.
    browser.until_line("^message: saved$").await;
    browser.until_line("^Connection close.$").await;
    let lines = browser.lines().await;
    assert_eq!(lines[0], OPEN);
    let status =
        "[...document.querySelectorAll('[role=status]')].map(status => status.textContent)";
    browser
        .until(&format!(
            "{status}.some(text => /^Capture “saved.txt”, \\d{{4}}-\\d\\d-\\d\\d \\d\\d:/.test(text))"
        ))
        .await;
    browser
        .until("document.querySelector('.link-name').textContent === 'Capture'")
        .await;
}
