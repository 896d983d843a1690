//! The page in Chromium, by chromedriver: `cargo test --features ssr`, once wasm-pack has built the page.

use std::time::Duration;

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::{net::TcpListener, process::Command, sync::broadcast, time};

const MOMENT: Duration = Duration::from_millis(20);

async fn browser_at(driver: &str) -> Client {
    let args = ["--headless=new", "--no-sandbox", "--disable-gpu"];
    let Value::Object(capabilities) = json!({"goog:chromeOptions": {"args": args}}) else {
        unreachable!("written as an object")
    };
    let mut builder = ClientBuilder::new(HttpConnector::new());
    builder.capabilities(capabilities);
    loop {
        match builder.connect(driver).await {
            Ok(browser) => return browser,
            Err(_) => time::sleep(MOMENT).await,
        }
    }
}

async fn until(browser: &Client, condition: &str) {
    let holds = format!("return {condition};");
    while browser.execute(&holds, Vec::new()).await.unwrap() != true {
        time::sleep(MOMENT).await;
    }
}

async fn until_open(streams: usize, ticks: &broadcast::Sender<u64>) {
    while ticks.receiver_count() != streams {
        time::sleep(MOMENT).await;
    }
}

async fn the_page_hydrates(browser: Client) {
    let browser = &browser;
    let (ticks, _) = broadcast::channel(16);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let page = format!("http://{}/", listener.local_addr().unwrap());
    let router = hydrate::server::router(ticks.clone());
    tokio::spawn(async { axum::serve(listener, router).await });

    browser.goto(&page).await.unwrap();
    until_open(1, &ticks).await;
    ticks.send(7).unwrap();
    until(
        browser,
        "document.querySelector('[role=grid]').textContent.includes('tick: 7 s')",
    )
    .await;

    let html = "fetch('/').then(page => page.text()).then(arguments[0])";
    let html = browser.execute_async(html, Vec::new()).await.unwrap();
    let html = html.as_str().unwrap();
    assert!(html.contains("Not connected"), "without scripts: {html}");
    let each = "['h1', 'section', '[role=grid]', '[aria-label=Detail]']";
    let once = "part => document.querySelectorAll(part).length === 1";
    until(browser, &format!("{each}.every({once})")).await;

    let toggle = "document.querySelector('h1 + button').click() ?? true";
    until(browser, toggle).await;
    until_open(0, &ticks).await;
    until(browser, toggle).await;
    until_open(1, &ticks).await;

    // What the browser remembers differs from what the server rendered.
    until(
        browser,
        "localStorage.setItem('sse-scope-width-id', 222) ?? true",
    )
    .await;
    browser.refresh().await.unwrap();
    until(
        browser,
        "/--width-id: ?222px/.test(document.body.outerHTML)",
    )
    .await;
}

#[tokio::test]
async fn the_page_of_the_server_hydrates_once_and_connects() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let mut driver = Command::new("chromedriver");
    let driver = driver
        .arg(format!("--port={port}"))
        .kill_on_drop(true)
        .spawn();
    let _driver = driver.expect("chromedriver is on PATH");
    let browser = browser_at(&format!("http://127.0.0.1:{port}")).await;
    // In a task of its own: if it panics, the browser still ends.
    let test = time::timeout(Duration::from_secs(60), the_page_hydrates(browser.clone()));
    let result = tokio::spawn(test).await;
    let page = browser.source().await.unwrap();
    browser.close().await.unwrap();
    let result = result.expect("no panic");
    let (_, body) = page.split_once("<body>").expect("a body");
    assert!(result.is_ok(), "a condition never became true: {body}");
}
