//! Takes the pictures in `docs/`: `make screenshots`. Not a test: it is a test target because cargo
//! gives those the path of the built binary.

mod browser;

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use browser::{Browser, Server, first_line_with};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    process::Command,
};

/// A model's answer in Chinese, for the picture in README.zh-CN.md.
const ANSWER: &str = "服务器 发送 事件 是 一种 让 服务器 向 浏览器 持续 推送 文本 的 技术 。";

#[tokio::main]
async fn main() {
    let server = Server::start("127.0.0.1:0").await;
    let chinese = answer_slowly().await;
    let chinese = format!("{}/?url={chinese}/answer&via=fetch", server.origin);
    let browser = Browser::start().await;
    why(&browser, &server).await;
    for theme in ["light", "dark"] {
        for (width, height) in [(360, 640), (390, 844), (1280, 640), (2560, 1280)] {
            browser.resize(width, height).await;
            let file = format!("scope-{width}-{theme}.png");
            take(&browser, &server.origin, theme, width > 390, 5, &file).await;
        }
        browser.resize(1280, 640).await;
        let file = format!("scope-zh-{theme}.png");
        take(&browser, &chinese, theme, true, 12, &file).await;
    }
    tap(&browser).await;
}

/// Saves the pictures of findings, with their evidence and their mend, for docs/faults.md.
async fn why(browser: &Browser, server: &Server) {
    for (name, query, width, height) in [
        (
            "no-blank-line",
            "interval=200ms&data=seq&corrupt=no-blank",
            1280,
            640,
        ),
        ("not-found", "status=404", 1280, 640),
        (
            "wrong-case",
            "interval=200ms&data=seq&corrupt=case",
            390,
            844,
        ),
    ] {
        browser.resize(width, height).await;
        let stream: String = format!("/stream?{query}")
            .bytes()
            .map(|byte| format!("%{byte:02x}"))
            .collect();
        let url = format!("{}/?via=fetch&url={stream}", server.origin);
        open(browser, &url, "light").await;
        browser
            .until(&format!("page.findings()[0] === '{name}'"))
            .await;
        browser.press("Why?").await;
        save(browser, &format!("why-{name}.png")).await;
    }
}

/// Saves the pictures of the Tap panel, with programs that use the providers' own libraries.
async fn tap(browser: &Browser) {
    let clients = repository("target/clients");
    let mut upstream = Command::new("node")
        .arg(clients.join("node/upstream.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node starts");
    let port = first_line_with(&mut upstream, "").await;
    let (server, tap) =
        Server::start_with_tap(&format!("http://127.0.0.1:{port}"), "127.0.0.1:0").await;
    let tap = format!("http://{tap}");
    let python = clients.join("python/bin/python");
    let in_python = repository("server/tests/clients/python_clients.py");
    let node = Path::new("node");
    let in_node = clients.join("node/node.mjs");
    for (program, script, client) in [
        (node, &in_node, "eventsource"),
        (node, &in_node, "mcp"),
        (&python, &in_python, "anthropic"),
        (&python, &in_python, "openai-responses"),
        (&python, &in_python, "openai-chat"),
    ] {
        let output = Command::new(program)
            .arg(script)
            .args([client, &tap])
            .output()
            .await;
        assert!(output.expect("it runs").status.success(), "{client}");
    }
    browser.resize(1280, 640).await;
    for theme in ["light", "dark"] {
        open(browser, &server.origin, theme).await;
        browser.click("page.find('button', /^Tap/)").await;
        browser.until("page.exchanges().length > 10").await;
        browser
            .click("page.find('button', 'POST /v1/chat/completions')")
            .await;
        browser
            .until("page.rows().length > 9 && page.find('button', /^message/)")
            .await;
        save(browser, &format!("tap-1280-{theme}.png")).await;
    }
}

/// A file or folder of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Saves a picture of the page at `url`, once its log has more than `rows` rows.
async fn take(browser: &Browser, url: &str, theme: &str, detail: bool, rows: usize, file: &str) {
    open(browser, url, theme).await;
    browser.until(&format!("page.rows().length > {rows}")).await;
    if detail {
        browser.value("page.events()[1].click()").await;
        browser.until("page.detail()").await;
    }
    save(browser, file).await;
}

/// Opens the page at `url` in a theme.
async fn open(browser: &Browser, url: &str, theme: &str) {
    browser.goto(url).await;
    browser
        .value(&format!(
            "localStorage.setItem('sse-scope-theme', '{theme}')"
        ))
        .await;
    browser.client.refresh().await.expect("the page reloads");
}

/// Saves a picture of what the browser shows.
async fn save(browser: &Browser, file: &str) {
    let picture = browser.client.screenshot().await.expect("a picture");
    let docs = repository("docs");
    std::fs::write(docs.join(file), picture).expect("the checkout is writable");
    println!("{file}");
}

/// Starts a server that sends [`ANSWER`] piece by piece, and returns its origin.
async fn answer_slowly() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = connection.read(&mut request).await?;
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                            access-control-allow-origin: *\r\n\r\n";
                connection.write_all(head.as_bytes()).await?;
                for (n, piece) in ANSWER.split(' ').enumerate() {
                    let event =
                        format!("id: {n}\nevent: delta\ndata: {{\"text\":\"{piece}\"}}\n\n");
                    connection.write_all(event.as_bytes()).await?;
                    tokio::time::sleep(Duration::from_millis(90)).await;
                }
                while connection.read(&mut request).await? > 0 {}
                std::io::Result::Ok(())
            });
        }
    });
    origin
}
