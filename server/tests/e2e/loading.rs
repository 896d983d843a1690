//! How the page loads, and what it remembers.

use super::browser::{Browser, Server};
use super::open;

/// The button that switches the theme.
const THEME: &str = "page.find('button', /Theme: /)";

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
