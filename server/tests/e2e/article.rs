//! The article that the project started from: its page with our server, and our page with its server.

use super::browser::{Browser, Server, first_line_with};
use super::{CLOSE, OPEN};

#[tokio::test]
async fn the_original_page_shows_the_default_stream() {
    let mut server = Server::start("127.0.0.1:0").await;
    let page =
        include_str!("../article/page.html").replace("http://127.0.0.1:8844", &server.origin);
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
    let origin = first_line_with(&mut node, "http://").await;
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
        .until("page.lines().filter(line => line.startsWith('message: ')).length >= 3")
        .await;
    assert_eq!(browser.lines().await[0], OPEN);
    node.kill().await.expect("running");
    browser.until_line("^Connection close.$").await;
}
