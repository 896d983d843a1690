//! The form that opens a stream: one button, the way, links, the history of the tab, curl, headers, saved
//! requests.

use super::browser::{Browser, CTRL_ENTER, ENTER, ESCAPE, TAB};
use super::{HEAD, open, read_request, serve};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// The label of the button at the end of the bar.
const BUTTON: &str = "page.all('button', /^(Open|Connect|Disconnect)$/).map(page.name).join()";

const URL: &str = "page.value('textbox', 'Stream')";

/// Pastes `text` into the box for the URL.
async fn paste(browser: &Browser, text: &str) {
    let text = serde_json::Value::from(text);
    browser
        .value(&format!(
            "(() => {{ const data = new DataTransfer(); data.setData('text/plain', {text}); const box = page.find('textbox', 'Stream'); box.focus(); box.dispatchEvent(new ClipboardEvent('paste', {{ clipboardData: data, dataType: 'text/plain', data: {text}, bubbles: true, cancelable: true }})); }})()"
        ))
        .await;
}

/// Starts a server that answers each request with a stream of one event, the lines of the request that
/// the page determines.
/// Returns its origin, and how many requests it has read that are not OPTIONS.
async fn echo() -> (String, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("bound"));
    let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let counted = counted.clone();
            tokio::spawn(async move {
                let request = read_request(&mut connection).await;
                if request.starts_with("OPTIONS") {
                    let response = "HTTP/1.1 204 No Content\r\naccess-control-allow-origin: *\r\naccess-control-allow-headers: *, authorization\r\naccess-control-allow-methods: *\r\nconnection: close\r\n\r\n";
                    let _ = connection.write_all(response.as_bytes()).await;
                    return;
                }
                counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                // Without what the browser adds: the log shows only the beginning of long data.
                let own = request.lines().enumerate().filter(|(at, line)| {
                    let line = line.to_ascii_lowercase();
                    let is_header = ["x-", "authorization:", "content-type:"]
                        .iter()
                        .any(|name| line.starts_with(name));
                    *at == 0 || is_header || !line.contains(": ")
                });
                let lines: Vec<_> = own.map(|(_, line)| line).collect();
                let data = lines.join(" ");
                let response = format!("{HEAD}event: request\ndata: {data}\n\n");
                let _ = connection.write_all(response.as_bytes()).await;
                let mut rest = [0; 1024];
                while connection.read(&mut rest).await.is_ok_and(|read| read > 0) {}
            });
        }
    });
    (origin, count)
}

fn sent(count: &std::sync::atomic::AtomicUsize) -> usize {
    count.load(std::sync::atomic::Ordering::SeqCst)
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
        browser.fill("Stream", url).await;
        browser.keys(ENTER).await;
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
    browser.choose_way("EventSource").await;
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
    let is_marked = "!!page.find('button', 'Open')";
    let types = "page.any('textbox', 'Event types').value";
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
    browser.choose_way("fetch").await;
    browser.until(is_marked).await;
    browser.until("!page.find('textbox', 'Event types')").await;
    browser.choose_way("auto").await;
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
            let request = read_request(&mut connection).await.to_lowercase();
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

#[tokio::test]
async fn all_types_arrive_unless_an_event_source_was_chosen() {
    let stream = serve(HEAD, |_| "event: own\ndata: 1\n\ndata: 2\n\n".to_owned(), 1).await;
    let (_server, browser) = open(&format!("?url={stream}/")).await;
    browser.until_line("^own: 1$").await;
    assert_eq!(
        browser
            .value("page.find('combobox', 'Way').selectedOptions[0].textContent")
            .await,
        "auto (fetch)"
    );
    assert_eq!(
        browser.value("location.search.includes('via=')").await,
        false
    );

    browser.choose_way("EventSource").await;
    browser.press("Open").await;
    browser.until_says("dropped unseen").await;
    browser.until_line("^message: 2$").await;
    assert_eq!(browser.count("own: 1").await, 0);
    browser
        .until("location.search.includes('via=eventsource')")
        .await;

    browser.press("Use fetch").await;
    browser.until_line("^own: 1$").await;
    browser.until("location.search.includes('via=fetch')").await;
}

#[tokio::test]
async fn an_event_source_receives_the_types_of_known_services() {
    let stream = serve(HEAD, |_| "event: message_start\ndata: 1\n\n".to_owned(), 1).await;
    let (_server, browser) = open(&format!("?via=eventsource&url={stream}/")).await;
    browser.until_line("^message_start: 1$").await;
}

#[tokio::test]
async fn one_button_opens_connects_and_disconnects() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    let width = "page.find('button', /^(Open|Connect|Disconnect)$/).offsetWidth";
    let before = browser.value(width).await;
    let is = |label: &str| format!("{BUTTON} === '{label}'");
    browser.until(&is("Disconnect")).await;
    browser.press("Disconnect").await;
    browser.until(&is("Connect")).await;
    browser.press("Connect").await;
    browser.until(&is("Disconnect")).await;
    browser
        .fill("Stream", "/stream?data=seq&interval=50ms")
        .await;
    browser.until(&is("Open")).await;
    assert_eq!(browser.value(width).await, before);
    // Enter opens, and opens again.
    browser.keys(ENTER).await;
    browser.until_line("^message: 3$").await;
    browser.until(&is("Disconnect")).await;
    browser
        .fill("Stream", "/stream?data=seq&interval=50ms")
        .await;
    browser.keys(ENTER).await;
    browser.until_line("^message: 0$").await;
    browser.until(&is("Disconnect")).await;
}

#[tokio::test]
async fn a_link_offers_a_post_and_a_reload_keeps_it() {
    let (origin, count) = echo().await;
    let (_server, browser) = open(&format!(
        "?url={origin}/&method=POST&headers=x-a:%20b&body=secret"
    ))
    .await;
    let offer = "(page.find('region', 'Request that was not sent')?.innerText ?? '')";
    for _ in 0..2 {
        browser.until(&format!("/Nothing was sent/.test({offer}) && /POST http/.test({offer}) && /x-a: b/.test({offer}) && /secret/.test({offer})")).await;
        browser
            .until("!location.search.includes('secret') && location.search.includes('method=POST')")
            .await;
        assert_eq!(browser.value(BUTTON).await, "Open");
        browser.client.refresh().await.expect("the page reloads");
    }
    assert_eq!(sent(&count), 0);
    browser.press("Send POST").await;
    browser.until_line("^request: .*POST.*x-a: b.*secret").await;
    assert_eq!(sent(&count), 1);
    browser
        .until("!page.find('region', 'Request that was not sent')")
        .await;
    // It was sent once: a reload offers it again.
    browser.client.refresh().await.expect("the page reloads");
    browser
        .until(&format!("/Nothing was sent/.test({offer})"))
        .await;
    assert_eq!(sent(&count), 1);
}

#[tokio::test]
async fn back_returns_to_the_stream_before_and_sends_no_post() {
    let (origin, count) = echo().await;
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    let length = browser.value("history.length").await;
    browser.fill("Stream", &format!("{origin}/one")).await;
    browser.press("Open").await;
    browser.until_line("^request: .*GET .one").await;
    paste(&browser, &format!("curl {origin}/two -d body")).await;
    browser.until(&format!("{URL}.endsWith('/two')")).await;
    browser.press("Open").await;
    browser.until_line("^request: .*POST .two.*body").await;
    assert_eq!(sent(&count), 2);
    browser.client.refresh().await.expect("the page reloads");
    browser.until(&format!("{BUTTON} === 'Open'")).await;
    let grown = browser.value("history.length").await;
    assert_eq!(
        grown.as_u64(),
        length.as_u64().map(|length| length + 2),
        "an entry for each opened request, and none for the reload"
    );

    browser.value("history.back()").await;
    browser.until_line("^request: .*GET .one").await;
    assert_eq!(sent(&count), 3);
    browser.value("history.back()").await;
    browser.until_line("^Ping: ").await;
    browser.until(&format!("{URL} === '/stream'")).await;
    browser.value("history.go(2)").await;
    browser
        .until("/Nothing was sent[^]*body/.test(page.find('region', 'Request that was not sent').innerText)")
        .await;
    assert_eq!(sent(&count), 3);
}

#[tokio::test]
async fn a_pasted_curl_line_is_imported_and_not_sent() {
    let (origin, count) = echo().await;
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    paste(
        &browser,
        &format!(
            "curl -k '{origin}/chat' \\\n  -H 'x-a: it'\\''s' \\\n  --data-raw $'{{\"a\":\"\\u0021\"}}'"
        ),
    )
    .await;
    browser
        .until("/Imported from curl.* -k[.]/.test(document.body.innerText)")
        .await;
    assert_eq!(sent(&count), 0);
    browser.press("Open").await;
    browser.until_line("^request: POST .chat.*x-a: it's").await;
    browser
        .until_line("^request: .*application.x-www-form-urlencoded")
        .await;
    browser.until_line("^request: .*a.*:.*!").await;
    assert_eq!(sent(&count), 1);
}

#[tokio::test]
async fn headers_are_rows_with_a_preset_for_basic() {
    let (origin, _) = echo().await;
    let (_server, browser) = open(&format!("?url={origin}/")).await;
    browser.until_line("^request: ").await;
    browser.press("Request").await;
    browser.press("Authorization: Basic …").await;
    browser.fill("User", "test").await;
    browser.fill("Password", "123£").await;
    browser.press("Set").await;
    browser.press("Add header").await;
    browser
        .until("page.all('textbox', 'Header name').length === 2")
        .await;
    browser
        .value("page.all('textbox', 'Header name').at(-1).focus()")
        .await;
    browser.keys(&["x-own", TAB, "1", ENTER].concat()).await;
    browser
        .until_line("^request: .*uthorization: Basic dGVzdDoxMjPCow==")
        .await;

    // Removed again.
    browser.press("Request").await;
    browser.press("Remove header").await;
    browser
        .until("page.all('textbox', 'Header name').length === 1")
        .await;
    browser.press("Open").await;
    browser
        .until("page.lines().some(line => /x-own: 1/.test(line) && !/uthorization/.test(line))")
        .await;
}

#[tokio::test]
async fn a_saved_request_is_opened_after_a_reload_and_deleted() {
    let (_server, browser) = open("?url=/stream%3Fdata=seq").await;
    browser.until_line("^message: 0$").await;
    browser.press("Saved").await;
    browser.fill("Name of the request", "Numbers").await;
    browser.press("Save").await;
    let saved = "page.all('button', /^Delete /).length";
    browser.until(&format!("{saved} === 1")).await;
    browser.keys(ESCAPE).await;
    browser.fill("Stream", "/stream").await;
    browser.press("Open").await;
    browser.until_line("^Ping: ").await;
    browser.client.refresh().await.expect("the page reloads");
    browser.until_line("^Ping: ").await;
    browser.press("Saved").await;
    browser.press("Numbers").await;
    browser.until_line("^message: 0$").await;
    browser
        .until("!page.find('textbox', 'Name of the request')")
        .await;
    browser.press("Saved").await;
    browser.press("Delete Numbers").await;
    browser.until(&format!("{saved} === 0")).await;
}

#[tokio::test]
async fn nothing_moves_when_a_sentence_appears_at_any_width() {
    let (_server, browser) = open("?via=fetch&url=/stream").await;
    browser.until_line("^Ping: ").await;
    let top = "page.log().getBoundingClientRect().top";
    for width in [320, 360, 640, 1280] {
        browser.resize(width, 800).await;
        let sentence = "page.explanation()";
        browser.until(&format!("{sentence} === ''")).await;
        let before = browser.value(top).await;
        paste(&browser, "curl -k /stream?data=seq").await;
        browser
            .until(&format!("{sentence}.startsWith('Imported')"))
            .await;
        assert_eq!(browser.value(top).await, before, "at {width} px");
        browser.fill("Stream", "/stream?data=seq&count=1").await;
    }
}

#[tokio::test]
async fn on_a_narrow_screen_tab_follows_what_is_seen() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    // Firefox and WebKit do not have the property: there Tab follows the document.
    if browser
        .value("CSS.supports('reading-flow', 'flex-visual')")
        .await
        == false
    {
        return;
    }
    browser.resize(360, 640).await;
    browser.click("page.find('textbox', 'Stream')").await;
    browser.keys(TAB).await;
    browser
        .until("page.name(document.activeElement) === 'Disconnect'")
        .await;
}
