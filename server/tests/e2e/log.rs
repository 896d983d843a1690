//! The log, the timeline and captures.

use super::*;

/// A refusal with a body.
const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\naccess-control-allow-origin: *\r\n\
     connection: close\r\ncontent-length: 11\r\n\r\nbusy\nlater\n";

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
    let (server, browser) = open(&format!("?via=EventSource&url={busy}/")).await;
    browser
        .until_line("^Connection failed: the browser gives no reason")
        .await;
    // By fetch more is known.
    let page = format!("{}/?via=fetch&url=http://127.0.0.1:1/", server.origin);
    browser.goto(&page).await;
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

#[tokio::test]
async fn the_timeline_is_a_slider_that_shows_where_it_is_and_the_way_back() {
    let (_server, browser) = open("?via=fetch&url=/stream%3Finterval=50ms%26data=seq").await;
    browser.until_line("^message: 20$").await;
    let slider = "document.querySelector('[role=slider][aria-label=\"Events over time\"]')";
    let now =
        "[...document.querySelectorAll('button')].find(button => button.textContent === 'Now')";
    let shown = format!("getComputedStyle({now}).visibility");
    browser.value(&format!("{slider}.focus()")).await;
    // It follows, and so has all events that the log has.
    browser
        .until(&format!(
            "{slider}.ariaValueNow === '100' && {slider}.ariaValueText === '5.00 s, up to the last line'"
        ))
        .await;
    assert_eq!(browser.value(&shown).await, "hidden");
    let top = format!("{slider}.getBoundingClientRect().top");
    let before = browser.value(&top).await;
    // Zoom in, and move to the first line.
    browser
        .keys("++\u{E012}\u{E012}\u{E012}\u{E012}\u{E012}\u{E012}")
        .await;
    browser
        .until(&format!("{slider}.ariaValueText.includes('1.25 s: ')"))
        .await;
    browser.until(&format!("{shown} === 'visible'")).await;
    assert_eq!(browser.value(&top).await, before, "nothing moved");
    browser.press("Now").await;
    browser
        .until(&format!(
            "{shown} === 'hidden' && document.activeElement === {slider} && {slider}.ariaValueNow === '100'"
        ))
        .await;
    // Home shows all lines.
    browser.keys("\u{E011}").await;
    browser.until(&format!("{shown} === 'visible'")).await;
    browser.keys("\u{E010}").await;
    browser.until(&format!("{shown} === 'hidden'")).await;
}

#[tokio::test]
async fn an_opened_capture_fits_the_timeline() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    // Two events an hour apart.
    let capture = "sse-capture 1\n{}\nopen 1000\nbytes 2000 9\ndata: 1\n\n\nbytes 3600000 9\ndata: 2\n\n\nclose 3601000\nend\n";
    let file = browser.downloads().join("hour.sse");
    std::fs::write(&file, capture).expect("it can be written");
    browser.choose_file("input[type=file]", &file).await;
    browser.until_line("^message: 2$").await;
    browser
        .until("document.querySelector('.timeline').innerText.includes(': 2 events')")
        .await;
    // The time and the counts under the pointer.
    browser
        .value(
            "(canvas => canvas.dispatchEvent(new PointerEvent('pointermove', \
             { bubbles: true, clientX: canvas.getBoundingClientRect().left + canvas.clientWidth / 2 })))\
             (document.querySelector('[role=slider]'))",
        )
        .await;
    browser
        .until(r"/^\d\d:\d\d:\d\d\.\d{3}: 0 events$/m.test(document.querySelector('.timeline').innerText)")
        .await;
}

#[tokio::test]
async fn columns_without_content_take_no_room_and_headers_belong_to_the_grid() {
    let (_server, browser) =
        open("?via=fetch&url=/stream%3Finterval=50ms%26event=a%26id=seq%26after=30").await;
    let (server, plain) = (&_server, &browser);
    let headers = "[...document.querySelectorAll('[role=grid] [role=row] [role=columnheader]')].filter(header => header.checkVisibility()).map(header => header.textContent.trim()).join()";
    plain
        .until(&format!("{headers} === 'time,Δ,event,data,id,size'"))
        .await;
    let grips = "[...document.querySelectorAll('[role=separator]')].every(grip => +grip.ariaValueNow >= 40)";
    assert_eq!(browser.value(grips).await, true);
    // Without IDs there is no column for them.
    let url = format!("{}/?via=fetch&url=/stream%3Finterval=50ms", server.origin);
    browser.goto(&url).await;
    browser
        .until(&format!("{headers} === 'time,Δ,event,data,size'"))
        .await;
}

#[tokio::test]
async fn a_third_of_a_small_screen_is_log() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    for (width, height) in [(320, 640), (390, 844), (640, 400)] {
        let size = serde_json::json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false
        });
        browser
            .devtools("Emulation.setDeviceMetricsOverride", size)
            .await;
        browser.until(&format!("innerWidth === {width}")).await;
        let part = "(log => (Math.min(log.bottom, innerHeight) - log.top) / innerHeight)(document.querySelector('[role=grid]').getBoundingClientRect())";
        let part = browser.value(part).await.as_f64().expect("a number");
        assert!(part >= 1.0 / 3.0, "{width} × {height}: {part}");
        let overflows = "document.documentElement.scrollWidth > innerWidth";
        assert_eq!(browser.value(overflows).await, false, "{width}");
    }
}
