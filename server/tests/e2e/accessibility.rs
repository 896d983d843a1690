//! axe-core finds nothing to complain about in any state of the page.

use super::browser::{Browser, ESCAPE};
use super::{HEAD, open, serve};

/// The program that `make test` installs from npm.
const AXE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../target/axe/node_modules/axe-core/axe.min.js"
);

/// Has axe-core examine the page in both themes.
pub(super) async fn examine(browser: &Browser, state: &str) {
    let axe = std::fs::read_to_string(AXE).expect("axe-core is installed (`make test` does it)");
    let script = format!(
        "{axe}; const done = arguments[0];
         const found = async theme => {{
             document.documentElement.dataset.theme = theme;
             const {{ violations }} = await axe.run(document);
             return violations.map(({{ id, nodes }}) => theme + ': ' + id + ': ' + nodes.map(node => node.html.slice(0, 200) + ' ' + node.failureSummary).join('\\n'));
         }};
         found('light').then(async light => done([...light, ...await found('dark')]), error => done([String(error)]));"
    );
    let found = browser.client.execute_async(&script, Vec::new()).await;
    let found: Vec<String> = serde_json::from_value(found.expect("axe-core runs")).expect("texts");
    assert!(found.is_empty(), "{state}: {}", found.join("\n\n"));
}

#[tokio::test]
async fn an_open_stream_and_its_parts() {
    let (server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    examine(&browser, "the default stream").await;
    for menu in ["Saved", "Request", "Generator", "Keep", "Export"] {
        browser.press(menu).await;
        if menu == "Generator" {
            browser.until("page.find('button', 'healthy')").await;
        }
        examine(&browser, menu).await;
        browser.keys(ESCAPE).await;
    }
    browser.press("Keys").await;
    browser.until("page.find('dialog')").await;
    examine(&browser, "the keys").await;

    let json = "?url=/stream%3Fdata=json%26id=seq%26event=,status%26heartbeat=1s%26count=40";
    browser.goto(&format!("{}/{json}", server.origin)).await;
    browser.until("page.events().length > 5").await;
    browser.click("page.events()[3]").await;
    for shape in ["Tree", "Raw", "Bytes"] {
        browser.press(shape).await;
        browser.fill("Find in the data", "1").await;
        examine(&browser, shape).await;
    }
    browser.fill("Filter by text in the data", "1").await;
    browser.until("page.log().querySelector('mark')").await;
    examine(&browser, "a filter").await;
    browser.press("Freeze").await;
    browser.press("Clear").await;
    examine(&browser, "an empty log").await;
}

#[tokio::test]
async fn what_is_not_open() {
    let (server, browser) = open("?url=/stream%3Ftype=application/json").await;
    browser.until_says("expected text/event-stream").await;
    examine(&browser, "a refusal").await;

    browser
        .goto(&format!(
            "{}/?url=/stream&method=POST&body=x",
            server.origin
        ))
        .await;
    browser.until_says("Nothing was sent").await;
    examine(&browser, "a request that was not sent").await;

    browser
        .goto(&format!("{}/?url=/stream?after=1&via=fetch", server.origin))
        .await;
    browser.until_line("^Connection close.$").await;
    examine(&browser, "a stream that ended").await;

    let stream = serve(HEAD, |_| "data: 1\n\n".to_owned(), 1).await;
    browser
        .goto(&format!("{}/?via=eventsource&url={stream}/", server.origin))
        .await;
    browser.until_says("dropped unseen").await;
    examine(&browser, "an EventSource").await;

    let file = browser.downloads().join("saved.txt");
    std::fs::write(&file, "data: saved\n\n").expect("it can be written");
    browser.choose_file(&file).await;
    browser.until_line("^message: saved$").await;
    examine(&browser, "a capture").await;
}
