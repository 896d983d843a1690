//! The form that opens a stream.

use super::browser::{CTRL_ENTER, ENTER, ESCAPE};
use super::{HEAD, open, serve};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

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
        ("/", "The browser gave up on this stream"),
        ("/strem", "The browser gave up on this stream"),
    ] {
        browser.fill("Stream", url).await;
        browser.press("Open").await;
        let text = serde_json::Value::from(sentence);
        browser.until(&format!("page.says({text})")).await;
    }
    browser.fill("Stream", "/stream").await;
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
    browser.fill("Stream", &format!("{stream}/?a=b&c=d")).await;
    browser.fill("Event types", "step").await;
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
    let is_marked = "page.find('button', 'Open').matches('.primary')";
    let types = "page.value('textbox', 'Event types')";
    let url = "page.value('textbox', 'Stream')";
    assert_eq!(browser.value(is_marked).await, false);
    assert_eq!(browser.value(types).await, "connecttime, step");

    // The types are in the address, and have an effect only for EventSource.
    browser
        .fill("Stream", &format!("{}/nothing", server.address()))
        .await;
    browser.until(is_marked).await;
    assert_eq!(browser.value(types).await, "");
    browser.fill("Stream", "/stream").await;
    browser.until(&format!("!{is_marked}")).await;
    assert_eq!(browser.value(types).await, "connecttime, step");
    browser.choose("fetch").await;
    browser.until(is_marked).await;
    browser.until("!page.find('textbox', 'Event types')").await;
    browser.choose("EventSource").await;
    browser.until(&format!("!{is_marked}")).await;

    // A host gets its scheme.
    browser
        .fill(
            "Stream",
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
    browser.until_state("Not connected").await;
    browser.press("Request").await;
    browser.click("page.find('textbox', 'Body')").await;
    browser.keys("{\"q\": 1}").await;
    browser.keys(CTRL_ENTER).await;
    browser
        .until_line("^message: content-type: application.json$")
        .await;
    browser.until("!page.find('textbox', 'Body')").await;
}

#[tokio::test]
async fn a_menu_closes_and_keys_go_to_the_focused_element() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    let is_open = "page.find('button', 'Copy link')";
    browser.press("Request").await;
    browser.until(is_open).await;
    browser.click("page.find('checkbox')").await;
    browser.keys(ESCAPE).await;
    browser.until(&format!("!{is_open}")).await;
    browser
        .until("document.activeElement.textContent === 'Request'")
        .await;
    browser.press("Request").await;
    browser.until(is_open).await;
    browser.click("page.find('textbox', 'Stream')").await;
    browser.until(&format!("!{is_open}")).await;
    browser
        .until("document.activeElement.getAttribute('name') === 'url'")
        .await;

    // The data of a detail scrolls by the space bar; elsewhere that freezes the view.
    browser.keys(ESCAPE).await;
    browser.keys("k").await;
    browser.keys(ENTER).await;
    browser
        .until("document.activeElement.tagName === 'PRE'")
        .await;
    let is_frozen = "page.isPressed('Freeze')";
    browser.keys(" ").await;
    assert_eq!(browser.value(is_frozen).await, false);
    browser.keys(ESCAPE).await;
    browser.keys(" ").await;
    browser.until(is_frozen).await;
    browser.keys("?").await;
    browser.until("page.find('dialog')").await;
    browser.keys(ESCAPE).await;
    browser.until("!page.find('dialog')").await;
    browser.press("Keys").await;
    browser.until("page.find('dialog')").await;
}
