//! How the page loads, and what it remembers.

use std::sync::{Arc, Mutex};

use super::browser::{Browser, Server};
use super::open;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// The button that switches the theme.
const THEME: &str = "page.find('button', /Theme: /)";

/// Starts a server that passes requests on to `server`, but answers 404 where the path ends with
/// `missing`, and runs `script` in the page before all else. Returns its origin, and the paths that are
/// requested.
async fn serve_changed(
    server: &Server,
    missing: &'static str,
    script: &'static str,
) -> (String, Arc<Mutex<Vec<String>>>) {
    let paths = Arc::<Mutex<Vec<String>>>::default();
    let requested = Arc::clone(&paths);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("bound"));
    let address = server.address().to_owned();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let (address, requested) = (address.clone(), Arc::clone(&requested));
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let length = connection.read(&mut request).await?;
                let request = String::from_utf8_lossy(&request[..length]);
                let path = request.split(' ').nth(1).unwrap_or_default();
                requested.lock().expect("no panic").push(path.to_owned());
                if !missing.is_empty() && path.ends_with(missing) {
                    let response = b"HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n";
                    return connection.write_all(response).await;
                }
                let request =
                    format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
                let mut upstream = TcpStream::connect(&address).await?;
                upstream.write_all(request.as_bytes()).await?;
                let mut response = Vec::new();
                upstream.read_to_end(&mut response).await?;
                if path == "/" && !script.is_empty() {
                    let page = String::from_utf8_lossy(&response);
                    let (_, body) = page.split_once("\r\n\r\n").unwrap_or_default();
                    // Without the head, and so without the policy and the length.
                    response = format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<script>{script}</script>{body}"
                    )
                    .into_bytes();
                }
                connection.write_all(&response).await
            });
        }
    });
    (origin, paths)
}

#[tokio::test]
async fn a_load_that_fails_shows_the_reason() {
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    for missing in [".wasm", ".js"] {
        let (origin, _) = serve_changed(&server, missing, "").await;
        browser.goto(&origin).await;
        browser.until_says("SSE Scope could not start: ").await;
    }
    let (origin, _) = serve_changed(&server, "", "delete window.WebAssembly").await;
    browser.goto(&origin).await;
    browser.until_says("no WebAssembly").await;
}

#[tokio::test]
async fn each_file_of_the_page_is_requested_once() {
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    let (origin, paths) = serve_changed(&server, "", "").await;
    // Without the default stream, which the server that passes requests on would wait for.
    browser.goto(&format!("{origin}/?url=")).await;
    browser.until("page.find('button', 'Connect')").await;
    let paths = paths.lock().expect("no panic");
    for file in [".js", ".wasm", ".css"] {
        let requests = paths.iter().filter(|path| path.ends_with(file)).count();
        assert_eq!(requests, 1, "{file} of {paths:?}");
    }
}

#[tokio::test]
async fn without_javascript_the_page_says_what_it_needs() {
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start_without_javascript().await;
    let opened = browser.client.goto(&server.origin).await;
    opened.expect("the page loads");
    let text = browser
        .client
        .find(fantoccini::Locator::Css("noscript"))
        .await
        .expect("a noscript element");
    let text = text.text().await.expect("text");
    assert!(text.contains("JavaScript is off"), "{text}");
}

#[tokio::test]
async fn the_chosen_theme_is_remembered() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    let ground = "getComputedStyle(document.body).backgroundColor";
    for (theme, colour) in [("light", "rgb(233, 237, 239)"), ("dark", "rgb(11, 16, 20)")] {
        browser.click(THEME).await;
        browser.until(&format!("{ground} === '{colour}'")).await;
        browser.client.refresh().await.expect("the page reloads");
        browser
            .until(&format!("page.name({THEME}).includes('{theme}')"))
            .await;
        assert_eq!(browser.value(ground).await, colour);
    }
}
