//! Exports and captures.

use super::browser::{Browser, ENTER, ESCAPE, SELECT_ALL};
use super::{HEAD, OPEN, open, serve};

/// The name and the contents of the file about the stream of `origin` that the page saves, once it is
/// complete.
pub(super) async fn saved(browser: &Browser, origin: &str, suffix: &str) -> (String, Vec<u8>) {
    let host = origin
        .trim_start_matches("http://")
        .replace(['.', ':'], "-");
    let beginning = format!("sse-scope-{host}-");
    let start = std::time::Instant::now();
    loop {
        let files = std::fs::read_dir(browser.downloads()).expect("a folder");
        for file in files.filter_map(Result::ok) {
            let name = file.file_name().into_string().expect("UTF-8");
            // Chromium renames a download when it is complete. Firefox fills another file meanwhile, and
            // then renames that over an empty one.
            if name.starts_with(&beginning) && name.ends_with(&format!(".{suffix}")) {
                let bytes = std::fs::read(file.path()).expect("a file");
                if bytes.is_empty() {
                    continue;
                }
                let _ = std::fs::remove_file(file.path());
                return (name, bytes);
            }
        }
        assert!(start.elapsed().as_secs() < 60, "no .{suffix} is saved");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_url_leads_to_an_exported_file_by_keyboard_alone() {
    let stream = serve(
        HEAD,
        |_| {
            "event: step\nid: 7\ndata: {\"a\": \"\u{e4}\"}\n\ndata: other\n\n: comment\n\n"
                .to_owned()
        },
        3,
    )
    .await;
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    let focused = "document.activeElement.getAttribute('name') || document.activeElement.className || document.activeElement.dataset.do";

    browser.keys("u").await;
    assert_eq!(browser.value(focused).await, "url");
    browser.keys(SELECT_ALL).await;
    browser.keys(&format!("{stream}/")).await;
    browser.keys(ENTER).await;
    browser.until_line("^comment: comment$").await;
    browser.keys(ESCAPE).await;

    browser.keys("/").await;
    assert_eq!(browser.value(focused).await, "filter");
    browser.keys("OTHER").await;
    browser.until_rows(3).await;
    browser.keys(ENTER).await;
    browser.keys("k").await;
    browser.until("page.data() === 'other'").await;
    browser.keys(ENTER).await;
    browser
        .until("document.activeElement.tagName === 'PRE'")
        .await;
    browser.keys(ESCAPE).await;
    browser.until("!page.detail()").await;
    browser.keys(" ").await;
    browser.until("page.isPressed('Freeze')").await;
    browser.keys("e").await;
    browser
        .until("document.activeElement.dataset.do === 'jsonl'")
        .await;
    browser.keys(ENTER).await;
    let (name, bytes) = saved(&browser, &stream, "jsonl").await;
    let minute = name
        .trim_end_matches(".jsonl")
        .rsplit_once('T')
        .expect("a time");
    assert!(
        minute.1.len() == 4 && minute.1.bytes().all(|byte| byte.is_ascii_digit()),
        "{name}"
    );
    assert_eq!(
        browser.value("document.activeElement.textContent").await,
        "Export",
        "the focus is where it was"
    );
    let text = String::from_utf8(bytes).expect("UTF-8");
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(
        lines
            .iter()
            .all(|line| line["data"] == "other" && line["kind"] == "event")
    );
}

#[tokio::test]
async fn an_opened_capture_shows_the_same_lines() {
    let stream = serve(
        HEAD,
        |n| {
            format!(
                "event: step\r\nid: {n}\r\ndata: {{\"n\": {n}}}\r\n\r\n: \u{20ac}\n\ndata : bad\n\n"
            )
        },
        200,
    )
    .await;
    let (_server, browser) = open(&format!("?via=fetch&url={stream}/")).await;
    browser.until("page.number('Events') === 200").await;
    browser.press("Disconnect").await;
    browser.until_line("^Connection close.$").await;
    let lines = browser.lines().await;
    let export = async || {
        browser.press("Export").await;
        browser
            .press("Capture (.sse): every byte with its time")
            .await;
        saved(&browser, &stream, "sse").await.1
    };
    let first = export().await;
    let text = String::from_utf8_lossy(&first).into_owned();
    assert!(text.starts_with("sse-capture 1\n"), "{text:.100}");
    let file = browser.downloads().join("again.sse");
    std::fs::write(&file, &first).expect("a writable file");

    browser
        .goto(&format!("{}/?url=/nothing", _server.origin))
        .await;
    browser.choose_file(&file).await;
    browser.until("page.number('Events') === 200").await;
    browser.until_line("^Connection close.$").await;
    // The lines that are visible both times.
    let again = browser.lines().await;
    let both = lines.len().min(again.len());
    assert!(both > 5);
    assert_eq!(again[again.len() - both..], lines[lines.len() - both..]);
    assert_eq!(export().await, first);

    std::fs::write(&file, &first[..first.len() / 2]).expect("a writable file");
    browser.choose_file(&file).await;
    browser.until_says("The capture is cut off at byte").await;
    browser.until_says("Capture “again.sse” of ").await;

    // A file that is not a capture changes nothing.
    let lines = browser.lines().await;
    for (wrong, sentence) in [
        ("", "This is neither a capture"),
        ("sse-capture 2\n{}\n", "version 2"),
        ("\u{89}PNG\r\n", "This is neither a capture"),
    ] {
        std::fs::write(&file, wrong).expect("a writable file");
        browser.choose_file(&file).await;
        browser.until_says(sentence).await;
        // The sentence takes room from the log, so fewer lines may be visible.
        let now = browser.lines().await;
        let both = lines.len().min(now.len());
        assert!(both > 5);
        assert_eq!(
            now[now.len() - both..],
            lines[lines.len() - both..],
            "{wrong:?}"
        );
    }

    // Another stream replaces the capture.
    browser
        .fill("Stream", "/stream?data=seq&interval=50ms")
        .await;
    browser.press("Open").await;
    browser.until_line("^message: 3$").await;
    let lines = browser.lines().await;
    assert_eq!(lines[..3], [OPEN, "retry: 10000", "message: 0"]);
    browser.until("!page.says('Capture “')").await;

    // The same stream replaces the capture as well.
    std::fs::write(&file, &first).expect("a writable file");
    browser.choose_file(&file).await;
    browser.until("page.number('Events') === 200").await;
    browser.press("Connect").await;
    browser.until_line("^message: 3$").await;
    let lines = browser.lines().await;
    assert_eq!(lines[..3], [OPEN, "retry: 10000", "message: 0"]);
}

#[tokio::test]
async fn a_capture_is_opened_by_dropping_it_on_the_page() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    browser
        .value(
            r"window.drag = (type, file) => {
                const dataTransfer = new DataTransfer();
                if (file) dataTransfer.items.add(new File(['sse-capture 1\n{}\nbytes 1 9\ndata: 1\n\n\nend\n'], 'x.sse'));
                else dataTransfer.setData('text/plain', 'text');
                const event = new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true });
                page.log().dispatchEvent(event);
                return event.defaultPrevented;
            }, true",
        )
        .await;
    let hint = "!page.says('Drop a capture')";
    assert_eq!(browser.value("window.drag('dragover', false)").await, false);
    assert_eq!(browser.value(hint).await, true, "text is for the boxes");
    assert_eq!(browser.value("window.drag('dragover', true)").await, true);
    browser.until(&format!("!{hint}")).await;
    // The drag leaves the page.
    browser.until(hint).await;
    browser.value("window.drag('dragover', true)").await;
    browser.value("window.drag('drop', true)").await;
    browser.until_line("^message: 1$").await;
    assert_eq!(browser.value(hint).await, true);
}

/// Writes a capture of `url` with `stream` in it, and opens it.
async fn open_capture(browser: &Browser, url: &str, stream: &str) {
    let capture = format!(
        "sse-capture 1\n{{\"url\":\"{url}\"}}\nopen 1000\nbytes 2000 {}\n{stream}\nclose 3000\nend\n",
        stream.len()
    );
    let file = browser.downloads().join("capture.sse");
    std::fs::write(&file, capture).expect("it can be written");
    browser.choose_file(&file).await;
    browser.until_line("^Connection close.$").await;
}

#[tokio::test]
async fn a_problem_with_a_file_outlives_a_filter_and_is_shown_again() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    let file = browser.downloads().join("wrong.sse");
    const FILE_PROBLEM: &str = "This is neither a capture";
    const FILTER_PROBLEM: &str = "Invalid regular expression";
    std::fs::write(&file, "no capture").expect("it can be written");
    browser.choose_file(&file).await;
    browser.until_says(FILE_PROBLEM).await;

    browser.press("Regular expression").await;
    browser.fill("Filter by text in the data", "(").await;
    browser.until_says(FILTER_PROBLEM).await;
    browser.click("page.find('button', /^All /)").await;
    assert_eq!(
        browser.value(&format!("page.says('{FILE_PROBLEM}')")).await,
        true
    );
    // The same error again, after another one was shown.
    browser.press("Regular expression").await;
    browser
        .until(&format!("!page.says('{FILTER_PROBLEM}')"))
        .await;
    browser.choose_file(&file).await;
    browser.until_says(FILE_PROBLEM).await;
}

#[tokio::test]
async fn labels_belong_to_the_stream_and_not_to_a_capture_of_another() {
    let (server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    let stream = "event: connecttime\ndata: 1\n\ndata: 2\n\n";
    open_capture(&browser, "https://example.org/events", stream).await;
    let lines = browser.lines().await;
    assert_eq!(lines[1..3], ["connecttime: 1", "message: 2"]);
    open_capture(&browser, &format!("{}/stream", server.origin), stream).await;
    browser.until_line("^Ping: 2$").await;
    let lines = browser.lines().await;
    assert_eq!(lines[1..3], ["Start time: 1", "Ping: 2"]);
}

#[tokio::test]
async fn a_saved_event_stream_opens_as_a_stream_of_its_own() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    assert_eq!(browser.value("page.says('Attempts failed')").await, false);
    let file = browser.downloads().join("saved.txt");
    std::fs::write(&file, ": by curl -N\n\ndata: saved\n\n").expect("it can be written");
    browser.choose_file(&file).await;
    // The labels are not those of the stream before.
    browser.until_line("^message: saved$").await;
    browser.until_line("^Connection close.$").await;
    let lines = browser.lines().await;
    assert_eq!(lines[0], OPEN);
    let status = "page.all('status').map(page.text)";
    browser
        .until(&format!(
            "{status}.some(text => /^Capture “saved.txt”, \\d{{4}}-\\d\\d-\\d\\d \\d\\d:/.test(text))"
        ))
        .await;
    browser.until("page.state() === 'Capture'").await;
}
