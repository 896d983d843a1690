//! How the page loads, and what it remembers.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use super::browser::{Browser, Server};
use super::{HEAD, open, serve};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// The button that switches the theme.
const THEME: &str = "page.find('button', /Theme: /)";

/// A server that passes requests on, except some.
struct Changed {
    origin: String,
    /// The paths that are requested.
    paths: Arc<Mutex<Vec<String>>>,
    /// It answers 404 where this is in the path; empty if nothing is missing.
    missing: Arc<Mutex<&'static str>>,
}

/// Starts a server that passes requests on to `server`, but answers 404 where `missing` is in the path, and runs
/// `script` in the page before all else.
async fn serve_changed(server: &Server, missing: &'static str, script: &'static str) -> Changed {
    let paths = Arc::<Mutex<Vec<String>>>::default();
    let missing = Arc::new(Mutex::new(missing));
    let (requested, is_missing) = (Arc::clone(&paths), Arc::clone(&missing));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("bound"));
    let address = server.address().to_owned();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let (address, requested) = (address.clone(), Arc::clone(&requested));
            let missing = *is_missing.lock().expect("no panic");
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let length = connection.read(&mut request).await?;
                let request = String::from_utf8_lossy(&request[..length]);
                let path = request.split(' ').nth(1).unwrap_or_default();
                requested.lock().expect("no panic").push(path.to_owned());
                if !missing.is_empty() && path.contains(missing) {
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
    Changed {
        origin,
        paths,
        missing,
    }
}

#[tokio::test]
async fn a_load_that_fails_shows_the_reason() {
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    for missing in [".wasm", ".js"] {
        let changed = serve_changed(&server, missing, "").await;
        browser.goto(&changed.origin).await;
        browser.until_says("SSE Scope could not start: ").await;
    }
    let changed = serve_changed(&server, "", "delete window.WebAssembly").await;
    browser.goto(&changed.origin).await;
    browser.until_says("no WebAssembly").await;
}

#[tokio::test]
async fn each_file_of_the_page_is_requested_once() {
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    let changed = serve_changed(&server, "", "").await;
    // Without the default stream, which the server that passes requests on would wait for.
    browser.goto(&format!("{}/?url=", changed.origin)).await;
    browser
        .until("page.find('button', 'Connect') && page.find('button', 'Why?')")
        .await;
    let paths = changed.paths.lock().expect("no panic");
    for file in [".js", ".wasm", ".css"] {
        let requested: Vec<_> = paths.iter().filter(|path| path.ends_with(file)).collect();
        let distinct: HashSet<_> = requested.iter().collect();
        assert!(!requested.is_empty(), "{file} of {paths:?}");
        assert_eq!(requested.len(), distinct.len(), "{file} of {paths:?}");
    }
    // What is seldom used.
    let seldom = ["request", "tap"].map(|part| format!("/split_{part}"));
    assert!(
        !paths
            .iter()
            .any(|path| seldom.iter().any(|part| path.starts_with(part))),
        "{paths:?}"
    );
}

#[tokio::test]
async fn a_part_that_does_not_load_is_reported_and_the_rest_works() {
    let server = Server::start("127.0.0.1:0").await;
    let stream = serve(HEAD, |n| format!("data: {n}\n\n"), 2).await;
    let browser = Browser::start().await;
    let changed = serve_changed(&server, "/split_", "").await;
    let opened = format!("{}/?via=fetch&url={stream}", changed.origin);
    browser.goto(&opened).await;
    browser.until_line("^message: 1$").await;
    let missed = "page.says('This part of the page did not load.')";
    browser
        .until(&format!("{missed} || page.find('button', 'Why?')"))
        .await;
    if browser.value(missed).await != true {
        // A debug build of the page has no parts.
        return;
    }
    browser.press("Freeze").await;
    *changed.missing.lock().expect("no panic") = "";
    browser.press("Try again").await;
    browser.until("page.find('button', 'Why?')").await;
    browser.until(&format!("!{missed}")).await;

    *changed.missing.lock().expect("no panic") = "/split_";
    browser.press("Request").await;
    browser.until(missed).await;
    *changed.missing.lock().expect("no panic") = "";
    browser.press("Try again").await;
    browser.until("page.find('combobox', 'Method')").await;
    // The detail was not loaded ahead. It is tried again when it is needed.
    browser.press("Request").await;
    browser
        .click("page.rows().find(row => row.textContent.includes('message'))")
        .await;
    browser.until("page.detail()").await;
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
