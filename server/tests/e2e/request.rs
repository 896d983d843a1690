//! The request bar: one button, the way, links, the history of the tab, curl, headers, saved requests.

use super::*;

/// The label of the button at the end of the bar.
const BUTTON: &str = "[...document.querySelectorAll('form button')].map(button => button.textContent).filter(text => /^(Open|Connect|Disconnect)$/.test(text)).join()";

const URL: &str = "document.querySelector('[name=url]').value";

/// Pastes `text` into the box for the URL.
async fn paste(browser: &Browser, text: &str) {
    let text = serde_json::Value::from(text);
    browser
        .value(&format!(
            "(() => {{ const data = new DataTransfer(); data.setData('text/plain', {text}); const box = document.querySelector('[name=url]'); box.focus(); box.dispatchEvent(new ClipboardEvent('paste', {{ clipboardData: data, bubbles: true, cancelable: true }})); }})()"
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
                let mut request = vec![0; 65536];
                let length = connection.read(&mut request).await.unwrap_or_default();
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
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
async fn all_types_arrive_unless_an_event_source_was_chosen() {
    let stream = serve(HEAD, |_| "event: own\ndata: 1\n\ndata: 2\n\n".to_owned(), 1).await;
    let (_server, browser) = open(&format!("?url={stream}/")).await;
    browser.until_line("^own: 1$").await;
    assert_eq!(
        browser
            .value("document.querySelector('[name=via]').selectedOptions[0].textContent")
            .await,
        "auto (fetch)"
    );
    assert_eq!(
        browser.value("location.search.includes('via=')").await,
        false
    );

    choose_way(&browser, "EventSource").await;
    browser.press("Open").await;
    browser
        .until(
            "document.querySelector('.link-explanation')?.textContent.includes('dropped unseen')",
        )
        .await;
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
    let width = "document.querySelector('form .open').offsetWidth";
    let before = browser.value(width).await;
    let is = |label: &str| format!("{BUTTON} === '{label}'");
    browser.until(&is("Disconnect")).await;
    browser.press("Disconnect").await;
    browser.until(&is("Connect")).await;
    browser.press("Connect").await;
    browser.until(&is("Disconnect")).await;
    browser.fill("url", "/stream?data=seq&interval=50ms").await;
    browser.until(&is("Open")).await;
    assert_eq!(browser.value(width).await, before);
    // Enter opens, and opens again.
    browser.keys("\u{E007}").await;
    browser.until_line("^message: 3$").await;
    browser.until(&is("Disconnect")).await;
    browser.fill("url", "/stream?data=seq&interval=50ms").await;
    browser.keys("\u{E007}").await;
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
    let offer =
        "(document.querySelector('[aria-label=\"Request that was not sent\"]')?.innerText ?? '')";
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
        .until("!document.querySelector('[aria-label=\"Request that was not sent\"]').checkVisibility()")
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
    browser.fill("url", &format!("{origin}/one")).await;
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
        .until("/Nothing was sent[^]*body/.test(document.querySelector('[aria-label=\"Request that was not sent\"]')?.innerText)")
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
        .until("/Imported from curl.* -k[.]/.test(document.querySelector('.link-explanation').textContent)")
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
    browser.click(".request-more > summary").await;
    browser.press("Authorization: Basic …").await;
    browser.fill("authorization", "test").await;
    browser.fill("authorization-password", "123£").await;
    browser.press("Set").await;
    browser.press("Add header").await;
    browser
        .until("document.querySelectorAll('[name=header-name]').length === 2")
        .await;
    browser
        .value("[...document.querySelectorAll('[name=header-name]')].at(-1).focus()")
        .await;
    browser.keys("x-own\u{E004}1\u{E007}").await;
    browser
        .until_line("^request: .*uthorization: Basic dGVzdDoxMjPCow==")
        .await;

    // Removed again.
    browser.click(".request-more > summary").await;
    browser.click("[aria-label='Remove header']").await;
    browser
        .until("document.querySelectorAll('[name=header-name]').length === 1")
        .await;
    browser.press("Open").await;
    browser
        .until("[...document.querySelectorAll('.row .line')].some(line => /x-own: 1/.test(line.textContent) && !/uthorization/.test(line.textContent))")
        .await;
}

#[tokio::test]
async fn a_saved_request_is_opened_after_a_reload_and_deleted() {
    let (_server, browser) = open("?url=/stream%3Fdata=seq").await;
    browser.until_line("^message: 0$").await;
    browser.click(".saved > summary").await;
    browser.fill("save-as", "Numbers").await;
    browser.press("Save").await;
    let saved = "[...document.querySelectorAll('[aria-label=\"Saved requests\"] li')].length";
    browser.until(&format!("{saved} === 1")).await;
    browser.keys("\u{E00C}").await;
    browser.fill("url", "/stream").await;
    browser.press("Open").await;
    browser.until_line("^Ping: ").await;
    browser.client.refresh().await.expect("the page reloads");
    browser.until_line("^Ping: ").await;
    browser.click(".saved > summary").await;
    browser.press("Numbers").await;
    browser.until_line("^message: 0$").await;
    browser
        .until("!document.querySelector('.saved').open")
        .await;
    browser.click(".saved > summary").await;
    browser.click("[aria-label='Delete Numbers']").await;
    browser.until(&format!("{saved} === 0")).await;
}

#[tokio::test]
async fn nothing_moves_when_a_sentence_appears_at_any_width() {
    let (_server, browser) = open("?via=fetch&url=/stream").await;
    browser.until_line("^Ping: ").await;
    let top = "document.querySelector('.log').getBoundingClientRect().top";
    for width in [320, 360, 640, 1280] {
        browser
            .devtools(
                "Emulation.setDeviceMetricsOverride",
                serde_json::json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false }),
            )
            .await;
        browser.until(&format!("innerWidth === {width}")).await;
        let sentence = "document.querySelector('.link-explanation').textContent";
        browser.until(&format!("{sentence} === ''")).await;
        let before = browser.value(top).await;
        paste(&browser, "curl -k /stream?data=seq").await;
        browser
            .until(&format!("{sentence}.startsWith('Imported')"))
            .await;
        assert_eq!(browser.value(top).await, before, "at {width} px");
        browser.fill("url", "/stream?data=seq&count=1").await;
    }
}
