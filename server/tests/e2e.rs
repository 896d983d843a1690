//! The whole: the built page, served by the built binary, in a real Chromium.

mod browser;

use browser::{Browser, Server};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const OPEN: &str = "Connection open ...";
const CLOSE: &str = "Connection close.";

/// The article's date, as a regular expression.
const DATE: &str =
    r"\w{3} \w{3} \d\d \d{4} \d\d:\d\d:\d\d GMT\+0000 \(Coordinated Universal Time\)$";

/// The head of any event stream.
const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\naccess-control-allow-origin: *\r\n\r\n";

/// Answers each connection with `head`, then with `body` over and over `times`, and keeps it open
/// until the client leaves. Returns its origin.
async fn answer(
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

/// The page of a server of its own, with `query`, in a browser of its own.
async fn open(query: &str) -> (Server, Browser) {
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    browser.goto(&format!("{}/{query}", server.origin)).await;
    (server, browser)
}

#[tokio::test]
async fn the_article_s_lines_appear_under_the_policy_without_a_console_error() {
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
async fn a_server_that_dies_is_one_line_and_its_return_another() {
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
async fn a_page_with_fifty_thousand_lines_answers_a_click() {
    let flood = answer(HEAD, |n| format!("data: {n}\n\n"), 50_000).await;
    let (_server, browser) = open(&format!("?url={flood}/flood")).await;

    browser.until_line("^message: 49999$").await;
    browser
        .until("document.querySelector('.log-counts').textContent === '50001 lines'")
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
    browser.press("Follow the newest").await;
    browser.until_line("^message: 49999$").await;
    browser.press("Disconnect").await;
    browser.until_line("^Connection close.$").await;
}

#[tokio::test]
async fn a_reader_who_scrolled_up_stays_where_he_is() {
    let stream = answer(HEAD, |n| format!("data: {n}\n\n"), 500).await;
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
        .until("document.querySelector('.log-counts').textContent === '1003 lines'")
        .await;
    assert_eq!(
        browser
            .value("document.querySelector('.log-scroller').scrollTop")
            .await,
        2400
    );
}

#[tokio::test]
async fn the_selected_event_is_shown_whole() {
    let stream = answer(
        HEAD,
        |_| format!("id: 7\ndata: {}\ndata: end\n\n", "x".repeat(2_000)),
        1,
    )
    .await;
    let (_server, browser) = open(&format!("?url={stream}/")).await;
    browser.until_line("bytes in all").await;
    browser
        .value("document.querySelector('[data-kind=event]').click()")
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
            .is_some_and(|facts| facts.contains("2004 bytes") && facts.contains("ID7")),
        "{facts}"
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
        ("localhost:8844/stream", "has the scheme “localhost:”"),
        // Not a stream: HTML, and nothing at all.
        ("/", "The browser gave up on this stream"),
        ("/strem", "The browser gave up on this stream"),
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
    let stream = answer(
        HEAD,
        |_| "event: step\ndata: 1\n\ndata: 2\n\n".to_owned(),
        1,
    )
    .await;
    let (_server, browser) = open("").await;
    browser.fill("url", &format!("{stream}/?a=b&c=d")).await;
    browser.fill("events", "step").await;
    browser.press("Open").await;
    browser.until_line("^step: 1$").await;
    browser.client.refresh().await.expect("the page reloads");
    browser.until_line("^step: 1$").await;
    browser.until_line("^message: 2$").await;
}

#[tokio::test]
async fn a_load_that_fails_says_so() {
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
        .expect("it is there");
    assert!(
        text.text()
            .await
            .expect("it has text")
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
async fn the_article_s_page_shows_our_stream() {
    let mut server = Server::start("127.0.0.1:0").await;
    let page = include_str!("article/page.html").replace("http://127.0.0.1:8844", &server.origin);
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("article.html");
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
async fn our_page_shows_the_article_s_stream() {
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
        .until("document.querySelectorAll('.row').length >= 5")
        .await;
    assert_eq!(browser.lines().await[0], OPEN);
    assert!(browser.count("message: ").await >= 3);
    node.kill().await.expect("it runs");
    browser.until_line("^Connection close.$").await;
}

#[tokio::test]
async fn the_log_is_read_by_keyboard_alone() {
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
            .expect("something has the focus");
        focused.send_keys(keys).await.expect("it takes keys");
    };
    const UP: &str = "\u{E013}";
    const ESCAPE: &str = "\u{E00C}";
    keys(UP).await;
    browser
        .until("document.querySelector('.detail h2').textContent === 'Ping'")
        .await;
    let selected = "document.getElementById(document.querySelector('.log-scroller').getAttribute('aria-activedescendant')).ariaSelected";
    assert_eq!(browser.value(selected).await, "true");
    // From inside the detail, too, and back to the log.
    browser
        .value("document.querySelector('.detail pre').focus()")
        .await;
    keys(ESCAPE).await;
    browser.until("!document.querySelector('.detail')").await;
    browser
        .until("document.activeElement.className === 'log-scroller'")
        .await;
}

#[tokio::test]
async fn the_theme_is_the_reader_s_and_remembered() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    let ground = "getComputedStyle(document.body).backgroundColor";
    for (theme, colour) in [("light", "rgb(238, 241, 242)"), ("dark", "rgb(13, 19, 23)")] {
        browser
            .value("document.querySelector('.masthead button').click()")
            .await;
        browser.until(&format!("{ground} === '{colour}'")).await;
        browser.client.refresh().await.expect("the page reloads");
        browser
            .until(&format!(
                "document.querySelector('.masthead').innerText.includes('{theme}')"
            ))
            .await;
        assert_eq!(browser.value(ground).await, colour);
    }
}
