//! End to end: the built page, served by the built binary, in a real Chromium.

mod browser;
#[path = "e2e/request.rs"]
mod request;

use browser::{Browser, Server};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const OPEN: &str = "Connection open ...";
const CLOSE: &str = "Connection close.";

/// The dates of the default stream, as a regular expression.
const DATE: &str =
    r"\w{3} \w{3} \d\d \d{4} \d\d:\d\d:\d\d GMT\+0000 \(Coordinated Universal Time\)$";

/// The head of an event stream.
const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\naccess-control-allow-origin: *\r\n\r\n";

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
                let mut request = [0; 4096];
                let _ = connection.read(&mut request).await;
                connection.write_all(head.as_bytes()).await?;
                for n in 0..times {
                    connection.write_all(body(n).as_bytes()).await?;
                }
                while connection.read(&mut request).await? > 0 {}
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

#[tokio::test]
async fn the_default_stream_appears_under_the_policy_without_a_console_error() {
    let (_server, browser) = open("").await;

    browser.until_line(&format!("^Ping: {DATE}")).await;
    let lines = browser.lines().await;
    assert_eq!(lines[0], OPEN);
    assert!(lines[1].starts_with("Start time: "), "{lines:?}");
    assert!(lines[2].starts_with("Ping: "), "{lines:?}");
    browser.until_line(&format!("^Start time: {DATE}")).await;
    browser
        .until("document.querySelector('.link-time').textContent >= '00:00:02'")
        .await;

    browser.press("Disconnect").await;
    browser.until_line("^Connection close.$").await;
    browser.press("Connect").await;
    browser
        .until("document.querySelector('.link-name').textContent === 'Open'")
        .await;
    browser
        .until(&format!(
            "document.querySelector('.log').innerText.split('{OPEN}').length === 3"
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
        .until("document.querySelector('.link-name').textContent.includes('attempt 2')")
        .await;
    let _back = Server::start(server.address()).await;
    browser
        .until("document.querySelector('.link-name').textContent === 'Open'")
        .await;
    browser
        .until(&format!(
            "document.querySelector('.log').innerText.split('{OPEN}').length === 3"
        ))
        .await;
    assert_eq!(browser.count(CLOSE).await, 1);
}

#[tokio::test]
async fn a_page_with_fifty_thousand_lines_responds_to_a_click() {
    let flood = serve(HEAD, |n| format!("data: {n}\n\n"), 50_000).await;
    let (_server, browser) = open(&format!("?url={flood}/flood")).await;

    browser.until_line("^message: 49999$").await;
    browser
        .until("document.querySelector('.log-counts').textContent === '50\u{2009}001 lines'")
        .await;
    let rows = browser
        .value("document.querySelectorAll('.row').length")
        .await;
    assert!(
        rows.as_u64().is_some_and(|rows| rows < 200),
        "{rows} rows in the document"
    );

    browser
        .value("document.querySelector('.log-scroller').scrollTo(0, 0)")
        .await;
    browser.until_line("^message: 0$").await;
    browser
        .value("document.querySelector('[data-do=follow]').click()")
        .await;
    browser.until_line("^message: 49999$").await;
    browser.press("Disconnect").await;
    browser.until_line("^Connection close.$").await;
}

#[tokio::test]
async fn the_log_does_not_move_after_scrolling_up() {
    let stream = serve(HEAD, |n| format!("data: {n}\n\n"), 500).await;
    let (_server, browser) = open(&format!("?url={stream}/")).await;
    browser.until_line("^message: 499$").await;
    browser
        .value("document.querySelector('.log-scroller').scrollTo(0, 2400)")
        .await;
    browser.until_line("^message: 99$").await;
    // Reconnecting adds 500 lines below.
    browser.press("Disconnect").await;
    browser.press("Connect").await;
    browser
        .until("document.querySelector('.log-counts').textContent === '1\u{2009}003 lines'")
        .await;
    assert_eq!(
        browser
            .value("document.querySelector('.log-scroller').scrollTop")
            .await,
        2400
    );
}

#[tokio::test]
async fn the_selected_event_is_shown_completely() {
    let stream = serve(
        HEAD,
        |_| format!("id: 7\ndata: {}\ndata: end\n\n", "x".repeat(2_000)),
        1,
    )
    .await;
    let (_server, browser) = open(&format!("?url={stream}/")).await;
    browser.until_line("bytes in all").await;
    browser
        .value("document.querySelector('.row[data-kind=event]').click()")
        .await;
    browser
        .until("document.querySelector('.detail pre').textContent === 'x'.repeat(2000) + '\\nend'")
        .await;
    let facts = browser
        .value("document.querySelector('.detail dl').textContent")
        .await;
    assert!(
        facts
            .as_str()
            .is_some_and(|facts| facts.contains("2\u{2009}004 bytes") && facts.contains("ID7")),
        "{facts}"
    );
}

#[tokio::test]
async fn large_data_is_shown_in_parts_and_the_form_is_remembered() {
    let stream = serve(HEAD, |_| format!("data: {}\n\n", "x".repeat(150_000)), 1).await;
    let (_server, browser) = open(&format!("?url={stream}/")).await;
    let open_first = "document.querySelector('.row[data-kind=event]').click()";
    let length = "document.querySelector('.detail pre').textContent.length";
    browser.until_line("bytes in all").await;
    browser.value(open_first).await;
    browser.until(&format!("{length} === 65536")).await;
    // Parts that are already shown are not laid out again.
    browser
        .value("!(window.first = document.querySelector('.detail pre').firstChild)")
        .await;
    browser.press("Show more: 84.4 kB of 150 kB left").await;
    browser.until(&format!("{length} === 131072")).await;
    browser.press("Show more: 18.9 kB of 150 kB left").await;
    browser.until(&format!("{length} === 150000")).await;
    assert_eq!(
        browser
            .value("window.first === document.querySelector('.detail pre').firstChild")
            .await,
        true
    );

    browser.press("Bytes").await;
    let hex = "document.querySelector('.detail pre').textContent.startsWith('0000000  64 61 74 61 3a 20 78')";
    browser.until(hex).await;
    browser.until(&format!("{length} === 65536")).await;
    browser.client.refresh().await.expect("the page reloads");
    browser.until_line("bytes in all").await;
    browser.value(open_first).await;
    browser.until(hex).await;
    // The text column is complete: nothing wraps.
    assert_eq!(
        browser
            .value("getComputedStyle(document.querySelector('.detail pre')).whiteSpace")
            .await,
        "pre"
    );
}

#[tokio::test]
async fn bad_input_gets_a_sentence_and_leaves_the_page_usable() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    for (url, sentence) in [
        ("", "The URL is empty"),
        ("http://[", "“http://[” is not a URL"),
        (
            "ftp://example.org/",
            "“ftp://example.org/” has the scheme “ftp:”",
        ),
        ("javascript:alert(1)", "has the scheme “javascript:”"),
        // These are not streams: HTML, and a 404.
        (
            "/",
            "Content type is text/html; expected text/event-stream.",
        ),
        ("/strem", "Server answered 404; expected 200."),
    ] {
        browser.fill("url", url).await;
        browser.press("Open").await;
        let text = serde_json::Value::from(sentence);
        browser
            .until(&format!(
                "document.querySelector('.link-explanation')?.textContent.includes({text})"
            ))
            .await;
    }
    browser.fill("url", "/stream").await;
    browser.press("Open").await;
    browser.until_line("^Ping: ").await;
}

#[tokio::test]
async fn the_address_follows_the_form_and_opens_the_same_stream_again() {
    let stream = serve(
        HEAD,
        |_| "event: step\ndata: 1\n\ndata: 2\n\n".to_owned(),
        1,
    )
    .await;
    let (_server, browser) = open("").await;
    browser.fill("url", &format!("{stream}/?a=b&c=d")).await;
    choose_way(&browser, "EventSource").await;
    browser.fill("events", "step").await;
    browser.press("Open").await;
    browser.until_line("^step: 1$").await;
    browser.client.refresh().await.expect("the page reloads");
    browser.until_line("^step: 1$").await;
    browser.until_line("^message: 2$").await;
}

#[tokio::test]
async fn an_entered_value_looks_applied_only_once_it_is() {
    let (server, browser) = open("?url=/stream&events=connecttime,step").await;
    browser.until_line("^Ping: ").await;
    let is_marked = "[...document.querySelectorAll('form button')].some(button => button.textContent === 'Open')";
    let types = "document.querySelector('[name=events]').value";
    let url = "document.querySelector('[name=url]').value";
    assert_eq!(browser.value(is_marked).await, false);
    assert_eq!(browser.value(types).await, "connecttime, step");

    // The types are in the address, and have an effect only for EventSource.
    browser
        .fill("url", &format!("{}/nothing", server.address()))
        .await;
    browser.until(is_marked).await;
    assert_eq!(browser.value(types).await, "");
    browser.fill("url", "/stream").await;
    browser.until(&format!("!{is_marked}")).await;
    assert_eq!(browser.value(types).await, "connecttime, step");
    choose_way(&browser, "fetch").await;
    browser.until(is_marked).await;
    browser
        .until("document.querySelector('[name=events]').offsetParent === null")
        .await;
    choose_way(&browser, "auto").await;
    browser.until(&format!("!{is_marked}")).await;

    // A host gets its scheme.
    browser
        .fill(
            "url",
            &format!("{}/stream?data=seq&interval=50ms", server.address()),
        )
        .await;
    browser.press("Open").await;
    browser.until_line("^message: 3$").await;
    browser.until(&format!("!{is_marked}")).await;
    assert_eq!(
        browser.value(url).await,
        format!("{}/stream?data=seq&interval=50ms", server.origin)
    );
}

#[tokio::test]
async fn a_json_body_is_sent_as_json_by_ctrl_enter() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move {
        // The first connection is the CORS preflight, which asks whether the second is allowed.
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let length = connection.read(&mut request).await.unwrap_or_default();
            let request = String::from_utf8_lossy(&request[..length]).to_lowercase();
            let response = if request.starts_with("options") {
                "HTTP/1.1 204 No Content\r\naccess-control-allow-origin: *\r\naccess-control-allow-headers: *\r\nconnection: close\r\n\r\n".to_owned()
            } else {
                let mut lines = request.lines();
                let sent = lines.find(|line| line.starts_with("content-type"));
                format!("{HEAD}data: {}\n\n", sent.unwrap_or("no type"))
            };
            let _ = connection.write_all(response.as_bytes()).await;
        }
    });
    let link = format!("?url={origin}/&via=fetch&method=POST");
    let (_server, browser) = open(&link).await;
    browser
        .until("document.querySelector('.link-name')?.textContent === 'Not connected'")
        .await;
    browser.click(".request-more > summary").await;
    browser.click("[name=body]").await;
    browser.keys("{\"q\": 1}").await;
    browser.keys("\u{E009}\u{E007}\u{E000}").await;
    browser
        .until_line("^message: content-type: application.json$")
        .await;
    browser
        .until("!document.querySelector('.request-more').open")
        .await;
}

#[tokio::test]
async fn a_menu_closes_and_keys_go_to_the_focused_element() {
    const ESCAPE: &str = "\u{E00C}";
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    let is_open = "document.querySelector('.request-more').open";
    browser.click(".request-more > summary").await;
    browser.until(is_open).await;
    browser.click("[name=credentials]").await;
    browser.keys(ESCAPE).await;
    browser.until(&format!("!{is_open}")).await;
    browser
        .until("document.activeElement.textContent === 'Request'")
        .await;
    browser.click(".request-more > summary").await;
    browser.until(is_open).await;
    browser.click("[name=url]").await;
    browser.until(&format!("!{is_open}")).await;
    browser
        .until("document.activeElement.getAttribute('name') === 'url'")
        .await;

    // The data of a detail scrolls by the space bar; elsewhere that freezes the view.
    browser.keys(ESCAPE).await;
    browser.keys("k").await;
    browser.keys("\u{E007}").await;
    browser
        .until("document.activeElement.tagName === 'PRE'")
        .await;
    let is_frozen =
        "document.querySelector('[data-do=freeze]').getAttribute('aria-pressed') === 'true'";
    browser.keys(" ").await;
    assert_eq!(browser.value(is_frozen).await, false);
    browser.keys(ESCAPE).await;
    browser.keys(" ").await;
    browser.until(is_frozen).await;
    browser.keys("?").await;
    browser.until("document.querySelector('dialog').open").await;
    browser.keys(ESCAPE).await;
    browser
        .until("!document.querySelector('dialog').open")
        .await;
    browser.press("Keys").await;
    browser.until("document.querySelector('dialog').open").await;
}

#[tokio::test]
async fn a_load_that_fails_shows_the_reason() {
    let server = Server::start("127.0.0.1:0").await;

    let browser = Browser::start().await;
    browser
        .devtools(
            "Emulation.setScriptExecutionDisabled",
            serde_json::json!({ "value": true }),
        )
        .await;
    browser.goto(&server.origin).await;
    let text = browser
        .client
        .find(fantoccini::Locator::Css("noscript"))
        .await
        .expect("a noscript element");
    assert!(
        text.text()
            .await
            .expect("text")
            .contains("JavaScript is off")
    );

    for blocked in ["*.wasm", "*.js"] {
        let browser = Browser::start().await;
        browser
            .devtools("Network.enable", serde_json::json!({}))
            .await;
        browser
            .devtools(
                "Network.setBlockedURLs",
                serde_json::json!({ "urls": [blocked] }),
            )
            .await;
        browser.goto(&server.origin).await;
        browser
            .until("document.body.innerText.includes('SSE Scope could not start: ')")
            .await;
    }

    let browser = Browser::start().await;
    browser
        .devtools(
            "Page.addScriptToEvaluateOnNewDocument",
            serde_json::json!({ "source": "delete window.WebAssembly" }),
        )
        .await;
    browser.goto(&server.origin).await;
    browser
        .until("document.body.innerText.includes('no WebAssembly')")
        .await;
}

#[tokio::test]
async fn the_original_page_shows_the_default_stream() {
    let mut server = Server::start("127.0.0.1:0").await;
    let page = include_str!("article/page.html").replace("http://127.0.0.1:8844", &server.origin);
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("original.html");
    std::fs::write(&file, page).expect("the target folder is writable");
    let browser = Browser::start().await;
    browser.goto(&format!("file://{}", file.display())).await;
    browser
        .until("document.querySelectorAll('p').length >= 4")
        .await;
    server.kill().await;
    browser
        .until("document.body.lastElementChild.previousElementSibling.innerText.includes('close')")
        .await;
    let text = browser
        .value("document.getElementById('example').innerText")
        .await;
    let lines: Vec<&str> = text
        .as_str()
        .expect("text")
        .lines()
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(lines[0], OPEN);
    assert!(lines[1].starts_with("Start time: "), "{lines:?}");
    assert!(lines[2].starts_with("Ping: "), "{lines:?}");
    assert!(lines[3].starts_with("Ping: "), "{lines:?}");
    assert_eq!(lines.last(), Some(&CLOSE));
}

#[tokio::test]
async fn the_page_shows_the_original_stream() {
    let mut node = tokio::process::Command::new("node")
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/article/server.js"
        ))
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node is on PATH");
    let origin = browser::first_line_with(&mut node, "http://").await;
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    browser
        .goto(&format!(
            "{}/?url={origin}/stream&events=connecttime",
            server.origin
        ))
        .await;
    browser
        .until_line(r"^connecttime: \w{3} \w{3} \d\d \d{4} ")
        .await;
    browser
        .until("document.querySelectorAll('.log-sizer .row').length >= 5")
        .await;
    assert_eq!(browser.lines().await[0], OPEN);
    assert!(browser.count("message: ").await >= 3);
    node.kill().await.expect("running");
    browser.until_line("^Connection close.$").await;
}

#[tokio::test]
async fn the_log_works_by_keyboard_alone() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    browser
        .value("document.querySelector('.log-scroller').focus()")
        .await;
    let keys = async |keys: &str| {
        let focused = browser
            .client
            .active_element()
            .await
            .expect("a focused element");
        focused
            .send_keys(keys)
            .await
            .expect("an element that accepts keys");
    };
    const UP: &str = "\u{E013}";
    const ESCAPE: &str = "\u{E00C}";
    keys(UP).await;
    browser
        .until("document.querySelector('.detail h2').textContent === 'Ping'")
        .await;
    let selected = "document.getElementById(document.querySelector('.log-scroller').getAttribute('aria-activedescendant')).ariaSelected";
    assert_eq!(browser.value(selected).await, "true");
    // Esc works inside the detail as well, and returns to the log.
    browser
        .value("document.querySelector('.detail pre').focus()")
        .await;
    keys(ESCAPE).await;
    browser
        .until("document.querySelector('.detail').hidden")
        .await;
    browser
        .until("document.activeElement.className === 'log-scroller'")
        .await;
}

#[tokio::test]
async fn the_chosen_theme_is_remembered() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    let ground = "getComputedStyle(document.body).backgroundColor";
    for (theme, colour) in [("light", "rgb(233, 237, 239)"), ("dark", "rgb(11, 16, 20)")] {
        browser
            .value("document.querySelector('.masthead button').click()")
            .await;
        browser.until(&format!("{ground} === '{colour}'")).await;
        browser.client.refresh().await.expect("the page reloads");
        browser
            .until(&format!(
                "document.querySelector('.masthead')?.innerText.includes('{theme}')"
            ))
            .await;
        assert_eq!(browser.value(ground).await, colour);
    }
}

/// The name and the contents of the file about the stream of `origin` that the page saves, once it is
/// complete.
async fn saved(browser: &Browser, origin: &str, suffix: &str) -> (String, Vec<u8>) {
    let host = origin
        .trim_start_matches("http://")
        .replace(['.', ':'], "-");
    let beginning = format!("sse-scope-{host}-");
    let start = std::time::Instant::now();
    loop {
        let files = std::fs::read_dir(browser.downloads()).expect("a folder");
        for file in files.filter_map(Result::ok) {
            let name = file.file_name().into_string().expect("UTF-8");
            // Chromium renames a download when it is complete.
            if name.starts_with(&beginning) && name.ends_with(&format!(".{suffix}")) {
                let bytes = std::fs::read(file.path()).expect("a file");
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
    const ENTER: &str = "\u{E007}";
    const ESCAPE: &str = "\u{E00C}";
    const SELECT_ALL: &str = "\u{E009}a\u{E000}";
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
    browser
        .until("document.querySelectorAll('.log-sizer .row').length === 3")
        .await;
    browser.keys(ESCAPE).await;
    browser.keys("k").await;
    browser
        .until("document.querySelector('.detail pre').textContent === 'other'")
        .await;
    browser.keys(ENTER).await;
    browser
        .until("document.activeElement.tagName === 'PRE'")
        .await;
    browser.keys(ESCAPE).await;
    browser
        .until("document.querySelector('.detail').hidden")
        .await;
    browser.keys(" ").await;
    browser
        .until("document.querySelector('[data-do=freeze]').getAttribute('aria-pressed') === 'true'")
        .await;
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
    browser
        .until("document.querySelector('[data-figure=events]').dataset.value === '200'")
        .await;
    browser.press("Disconnect").await;
    browser.until_line("^Connection close.$").await;
    let lines = browser.lines().await;
    let export = async || {
        browser
            .value("document.querySelector('[data-do=capture]').click()")
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
    browser.choose_file("input[type=file]", &file).await;
    browser
        .until("document.querySelector('[data-figure=events]').dataset.value === '200'")
        .await;
    browser.until_line("^Connection close.$").await;
    // The lines that are visible both times.
    let again = browser.lines().await;
    let both = lines.len().min(again.len());
    assert!(both > 5);
    assert_eq!(again[again.len() - both..], lines[lines.len() - both..]);
    assert_eq!(export().await, first);

    std::fs::write(&file, &first[..first.len() / 2]).expect("a writable file");
    browser.choose_file("input[type=file]", &file).await;
    browser
        .until("!document.querySelector('[data-problem=file]').hidden")
        .await;
    browser
        .until("document.querySelector('.opened').textContent.startsWith('This is a capture of ')")
        .await;

    // A file that is not a capture changes nothing.
    let lines = browser.lines().await;
    for wrong in ["data: 1\n\n", "", "sse-capture 2\n{}\n", "\u{89}PNG\r\n"] {
        std::fs::write(&file, wrong).expect("a writable file");
        browser
            .value("document.querySelector('[data-problem=file]').hidden = true")
            .await;
        browser.choose_file("input[type=file]", &file).await;
        browser
            .until("!document.querySelector('[data-problem=file]').hidden")
            .await;
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
    browser.fill("url", "/stream?data=seq&interval=50ms").await;
    browser.press("Open").await;
    browser.until_line("^message: 3$").await;
    let lines = browser.lines().await;
    assert_eq!(lines[..2], [OPEN.to_owned(), "message: 0".to_owned()]);
    browser
        .until("document.querySelector('.opened').hidden")
        .await;

    // The same stream replaces the capture as well.
    std::fs::write(&file, &first).expect("a writable file");
    browser.choose_file("input[type=file]", &file).await;
    browser
        .until("document.querySelector('[data-figure=events]').dataset.value === '200'")
        .await;
    browser.press("Connect").await;
    browser.until_line("^message: 3$").await;
    let lines = browser.lines().await;
    assert_eq!(lines[..2], [OPEN.to_owned(), "message: 0".to_owned()]);
}

#[tokio::test]
async fn freezing_stops_only_the_view() {
    let (_server, browser) = open("?url=/stream%3Finterval=10%26size=5%26id=seq").await;
    browser.until_line("^message: 50 ").await;
    browser.press("Freeze").await;
    browser
        .until("document.querySelector('[data-do=follow]').textContent.includes('frozen')")
        .await;
    let lines = browser.lines().await;
    let events = "+document.querySelector('[data-figure=events]').dataset.value";
    let before = browser.value(events).await.as_u64().expect("a number");
    browser.until(&format!("{events} > {}", before + 50)).await;
    assert_eq!(browser.lines().await, lines);
    browser.press("Freeze").await;
    browser
        .until("document.querySelector('[data-do=follow]').hidden")
        .await;
    assert_ne!(browser.lines().await, lines);
}

#[tokio::test]
async fn the_filter_finds_text_patterns_and_types() {
    let stream = serve(
        HEAD,
        |n| {
            format!(
                "event: {}\ndata: Number {n}\n\n",
                if n % 2 == 0 { "even" } else { "odd" }
            )
        },
        20,
    )
    .await;
    let (_server, browser) = open(&format!("?via=fetch&url={stream}/")).await;
    browser.until_line("^odd: Number 19$").await;
    let shown = async |count: usize| {
        browser
            .until(&format!(
                "document.querySelectorAll('.log-sizer .row').length === {count}"
            ))
            .await;
    };
    browser.fill("filter", "number 1").await;
    shown(11).await;
    browser.press("Aa").await;
    shown(0).await;
    browser.press("Aa").await;
    browser.press(".*").await;
    browser.fill("filter", "^number [37]$").await;
    shown(2).await;
    browser.fill("filter", "(").await;
    browser
        .until("document.querySelector('[data-problem=filter]').textContent.includes('Invalid regular expression')")
        .await;
    browser.fill("filter", "1").await;
    browser.press("odd 10").await;
    shown(6).await;
    browser.press("even 10").await;
    shown(11).await;
}

#[tokio::test]
async fn a_pressed_chip_shows_its_lines_and_the_number_hidden() {
    let stream = serve(
        HEAD,
        |n| format!("event: {}\ndata: {n}\n\n: c\n\n", ["a", "b"][n % 2]),
        6,
    )
    .await;
    let (_server, browser) = open(&format!("?via=fetch&url={stream}/")).await;
    browser.until_line("^b: 5$").await;
    let is = async |rows: usize, pressed: &[&str], hidden: &str| {
        browser
            .until(&format!(
                "document.querySelectorAll('.log-sizer .row').length === {rows} && document.querySelector('.chips-hidden').textContent === '{hidden}'"
            ))
            .await;
        let pressed = serde_json::json!(pressed);
        browser
            .until(&format!(
                "JSON.stringify([...document.querySelectorAll('.chip[aria-pressed=true]')].map(chip => chip.textContent)) === JSON.stringify({pressed})"
            ))
            .await;
    };
    let all = ["All 6", "Comments and notes 6"];
    is(13, &all, "").await;
    browser.press("a 3").await;
    is(3, &["a 3"], "3 events, 6 comments and notes hidden").await;
    let colour = async |css: &str| {
        let value = format!(
            "getComputedStyle(document.querySelector('{css}')).getPropertyValue('--colour')"
        );
        browser.value(&value).await
    };
    let (first, second) = (".chip[data-name=\"0\"]", ".chip[data-name=\"1\"]");
    assert_eq!(colour(first).await, colour(".row[data-kind=event]").await);
    assert_ne!(colour(first).await, colour(second).await);
    browser.press("b 3").await;
    is(6, &["a 3", "b 3"], "6 comments and notes hidden").await;
    browser.press("Comments and notes 6").await;
    is(12, &["a 3", "b 3", "Comments and notes 6"], "").await;
    browser.press("All 6").await;
    is(13, &all, "").await;
    browser.press("Comments and notes 6").await;
    is(7, &["All 6"], "6 comments and notes hidden").await;
    browser.client.refresh().await.expect("the page reloads");
    browser.until_line("^b: 5$").await;
    is(7, &["All 6"], "6 comments and notes hidden").await;
}

#[tokio::test]
async fn a_capture_is_opened_by_dropping_it_on_the_page() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    browser
        .value(
            r"globalThis.drag = (type, file) => {
                const dataTransfer = new DataTransfer();
                if (file) dataTransfer.items.add(new File(['sse-capture 1\n{}\nbytes 1 9\ndata: 1\n\n\nend\n'], 'x.sse'));
                else dataTransfer.setData('text/plain', 'text');
                const event = new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true });
                document.querySelector('.log-scroller').dispatchEvent(event);
                return event.defaultPrevented;
            }, true",
        )
        .await;
    let hint = "document.querySelector('.drop-hint').hidden";
    assert_eq!(browser.value("drag('dragover', false)").await, false);
    assert_eq!(browser.value(hint).await, true, "text is for the boxes");
    assert_eq!(browser.value("drag('dragover', true)").await, true);
    browser.until(&format!("!{hint}")).await;
    // The drag leaves the page.
    browser.until(hint).await;
    browser.value("drag('dragover', true)").await;
    browser.value("drag('drop', true)").await;
    browser.until_line("^message: 1$").await;
    assert_eq!(browser.value(hint).await, true);
}

#[tokio::test]
async fn the_limit_of_the_log_is_remembered() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    let limit = "document.querySelector('[name=bound]').value";
    assert_eq!(browser.value(limit).await, "64");
    browser.click(".keep > summary").await;
    browser.click("[name=bound] [value=\"256\"]").await;
    browser.client.refresh().await.expect("the page reloads");
    browser.until_line("^Ping: ").await;
    assert_eq!(browser.value(limit).await, "256");
}

#[tokio::test]
async fn a_million_rows_can_be_scrolled() {
    let (_server, browser) =
        open("?via=fetch&url=/stream%3Finterval=0%26count=1000000%26size=8").await;
    let events = "document.querySelector('[data-figure=events]').dataset.value";
    browser.until(&format!("{events} >= 1000000")).await;
    browser.press("Disconnect").await;
    let scroll = async |to: &str| {
        browser
            .value(&format!(
                "document.querySelector('.log-scroller').scrollTo(0, {to})"
            ))
            .await;
    };
    browser.until_line("^message: 999999 ").await;
    scroll("0").await;
    browser.until_line("^Connection open ...$").await;
    // A step of the wheel is a few rows, whatever the scale of the scroll bar.
    scroll("240").await;
    browser.until_line("^message: 20 ").await;
    browser
        .until(
            "document.querySelector('.log-sizer .row .line').textContent.startsWith('message: 6 ')",
        )
        .await;
    scroll("document.querySelector('.log-scroller').scrollHeight / 2").await;
    browser
        .until("/^message: [45][0-9]{5} /.test(document.querySelector('.log-sizer .row .line').textContent)")
        .await;
    let rows = browser
        .value("document.querySelectorAll('.log-sizer .row').length")
        .await;
    assert!(rows.as_u64().is_some_and(|rows| rows < 100), "{rows}");
}

/// Chooses the way of the request that is entered.
async fn choose_way(browser: &Browser, way: &str) {
    browser
        .value(&format!("(() => {{ const way = document.querySelector('select[name=via]'); way.value = '{way}'; way.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()"))
        .await;
}

/// Opens a preset of the generator panel, by `way`.
async fn open_preset(browser: &Browser, way: &str, preset: &str) {
    choose_way(browser, way).await;
    browser.click(".generator > summary").await;
    browser.press(preset).await;
    browser.press("Open this stream").await;
    browser
        .until("!document.querySelector('.generator').open")
        .await;
}

#[tokio::test]
async fn presets_of_the_generator_open_their_streams() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;

    // Reset three times and resumed by the browser itself: no event is missing or repeated.
    open_preset(&browser, "EventSource", "drops every 10 events").await;
    browser.until_line("^message: 35$").await;
    let seen = browser
        .value(
            "[...document.querySelectorAll('.log-sizer .row[data-kind=event]')]\
             .map(row => [+row.style.top.slice(0, -2) || row.getBoundingClientRect().top, row.querySelector('.data').textContent])\
             .sort((a, b) => a[0] - b[0]).map(row => +row[1])",
        )
        .await;
    let seen: Vec<u64> = serde_json::from_value(seen).expect("numbers");
    assert!(seen.len() > 5, "{seen:?}");
    assert!(
        seen.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{seen:?}"
    );
    browser
        .until("/^[3-9]/.test(document.querySelector('[data-figure=reconnects]').textContent)")
        .await;

    // The answer of a language model, to its end.
    open_preset(&browser, "fetch", "model tokens").await;
    browser.until_line("^message: \\[DONE\\]$").await;

    // Bytes arrive, but no event.
    open_preset(&browser, "fetch", "never dispatches").await;
    browser
        .until("document.querySelector('.link-name').textContent === 'Open' && /[1-9] (B|kB)/.test(document.querySelector('[data-figure=bytes]').textContent)")
        .await;
    let events = browser
        .value("document.querySelectorAll('.log-sizer .row[data-kind=event]').length")
        .await;
    assert_eq!(events.as_u64(), Some(0));

    // A content type that EventSource rejects, with the reason.
    open_preset(&browser, "fetch", "wrong content type").await;
    browser
        .until("/application.json/.test(document.querySelector('.link-explanation').textContent)")
        .await;

    // The fields follow the URL, and the URL follows the fields.
    browser.click(".generator > summary").await;
    browser
        .until("document.querySelector('[data-parameter=type]').value === 'application/json'")
        .await;
    browser
        .value("(() => { const box = document.querySelector('[data-parameter=type]'); box.value = ''; box.dispatchEvent(new Event('input', { bubbles: true })); })()")
        .await;
    let url = browser
        .value("document.querySelector('[name=url]').value")
        .await;
    assert_eq!(url, "/stream");
}

#[tokio::test]
async fn a_link_sends_only_a_get_by_itself() {
    let link = "?url=/stream%3Fdata=seq&via=fetch&method=POST&body=secret";
    let (_server, browser) = open(link).await;
    browser
        .until("document.querySelector('.link-name')?.textContent === 'Not connected'")
        .await;
    // A reload is a GET of the page, and does not send the body.
    browser.until("!location.search.includes('secret')").await;
    browser.press("Send POST").await;
    browser.until_line("^message: 0$").await;
}

/// Writes a capture of `url` with `stream` in it, and opens it.
async fn open_capture(browser: &Browser, url: &str, stream: &str) {
    let capture = format!(
        "sse-capture 1\n{{\"url\":\"{url}\"}}\nopen 1000\nbytes 2000 {}\n{stream}\nclose 3000\nend\n",
        stream.len()
    );
    let file = browser.downloads().join("capture.sse");
    std::fs::write(&file, capture).expect("it can be written");
    browser.choose_file("input[type=file]", &file).await;
    browser.until_line("^Connection close.$").await;
}

#[tokio::test]
async fn a_pressed_chip_and_the_colours_are_those_of_the_type_in_another_log_too() {
    let stream = serve(
        HEAD,
        |n| format!("event: {}\ndata: {n}\n\n", ["a", "b"][n % 2]),
        10,
    )
    .await;
    let (_server, browser) = open(&format!("?via=fetch&url={stream}/")).await;
    browser.until_line("^b: 9$").await;
    let colour = "[...document.querySelectorAll('.row')].find(row => row.textContent.includes('b: ')).dataset.name";
    let before = browser.value(colour).await;
    browser.press("b 5").await;
    browser
        .until("document.querySelectorAll('.log-sizer .row').length === 5")
        .await;

    // In the capture another type is the first.
    let captured = "event: c\ndata: 1\n\nevent: b\ndata: 2\n\nevent: a\ndata: 3\n\n";
    let file = browser.downloads().join("capture.sse");
    let capture = format!(
        "sse-capture 1\n{{}}\nbytes 1 {}\n{captured}\nend\n",
        captured.len()
    );
    std::fs::write(&file, capture).expect("it can be written");
    browser.choose_file("input[type=file]", &file).await;
    browser.until_line("^b: 2$").await;
    assert_eq!(browser.lines().await, ["b: 2"]);
    assert_eq!(browser.value(colour).await, before);

    browser.press("Clear").await;
    browser.press("Connect").await;
    browser.until_line("^b: 9$").await;
    let lines = browser.lines().await;
    assert!(
        lines.iter().all(|line| line.starts_with("b: ")),
        "{lines:?}"
    );
    assert_eq!(browser.value(colour).await, before);
}

#[tokio::test]
async fn a_problem_with_a_file_outlives_a_filter_and_is_shown_again() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    let file = browser.downloads().join("wrong.sse");
    let file_problem = "document.querySelector('[data-problem=file]')";
    let filter_problem = "document.querySelector('[data-problem=filter]')";
    std::fs::write(&file, "no capture").expect("it can be written");
    browser.choose_file("input[type=file]", &file).await;
    browser.until(&format!("!{file_problem}.hidden")).await;
    let sentence = browser.value(&format!("{file_problem}.textContent")).await;

    browser.press(".*").await;
    browser.fill("filter", "(").await;
    browser.until(&format!("!{filter_problem}.hidden")).await;
    browser.click(".chip").await;
    assert_eq!(
        browser.value(&format!("{file_problem}.hidden")).await,
        false
    );
    // The same error again, after another one was shown.
    browser.press(".*").await;
    browser.until(&format!("{filter_problem}.hidden")).await;
    browser.choose_file("input[type=file]", &file).await;
    browser.until(&format!("!{file_problem}.hidden")).await;
    assert_eq!(
        browser.value(&format!("{file_problem}.textContent")).await,
        sentence
    );
}

#[tokio::test]
async fn the_log_follows_across_reconnections_after_a_detail_was_closed() {
    let stream = "/stream%3Fid=seq%26data=seq%26interval=100ms%26after=10%26resume=gap%26retry=1s";
    let (_server, browser) = open(&format!("?via=fetch&url={stream}")).await;
    // More lines than the window has room for.
    let rows = "document.querySelector('.log-scroller').scrollHeight > 1.5 * document.querySelector('.log-scroller').clientHeight";
    browser.until(rows).await;
    browser.click(".log-sizer .row:last-child").await;
    browser
        .until("!document.querySelector('.detail').hidden")
        .await;
    browser.keys("\u{E00C}").await;
    browser
        .until("document.querySelector('.detail').hidden")
        .await;
    let openings = "+document.querySelector('[data-figure=reconnects]').textContent";
    let before = browser.value(openings).await.as_u64().expect("a number");
    browser
        .until(&format!("{openings} >= {}", before + 2))
        .await;
    assert_eq!(
        browser
            .value("document.querySelector('[data-do=follow]').hidden")
            .await,
        true,
        "it stopped following"
    );
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
