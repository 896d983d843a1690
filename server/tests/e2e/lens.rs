//! The log as a client with an `EventSource` receives it.

use super::accessibility::examine;
use super::browser::{Browser, ENTER};
use super::{HEAD, open, serve};

const SWITCH: &str = "As an EventSource";

/// Opens a stream with two types beside `message`, comments, a block without data and a reconnection time.
async fn watch(query: &str) -> (super::Server, Browser) {
    let body = |_| {
        ": hello\nretry: 5000\n\ndata: one\n\nevent: status\ndata: two\n\nevent: status\n\n\
         event: step\ndata: three\n\nid: 7\n\ndata: last\n\n"
            .to_owned()
    };
    let stream = serve(HEAD, body, 1).await;
    let (server, browser) = open(&format!("?via=fetch&url={stream}/{query}")).await;
    (server, browser)
}

/// Waits until the log has exactly these lines.
async fn until_lines(browser: &Browser, lines: &[&str]) {
    let lines = serde_json::json!(lines).to_string();
    let lines = serde_json::Value::from(lines);
    browser
        .until(&format!("JSON.stringify(page.lines()) === {lines}"))
        .await;
}

/// Waits until these lines are marked as not received.
async fn until_missed(browser: &Browser, beginnings: &[&str]) {
    let beginnings = serde_json::json!(beginnings).to_string();
    let beginnings = serde_json::Value::from(beginnings);
    browser
        .until(&format!(
            "JSON.stringify(page.missed().map(row => page.line(row).split(': ')[0])) === {beginnings}"
        ))
        .await;
}

const OPENED: &str = "Connection open ...";

#[tokio::test]
async fn the_log_is_shown_as_a_client_with_an_event_source_receives_it() {
    let (_server, browser) = watch("").await;
    browser.until_line("^message: last$").await;
    let marks = ["comment", "retry", "status", "note", "step", "note"];
    until_missed(&browser, &marks).await;
    browser.until_rows(9).await;
    examine(&browser, "marks").await;

    browser.press(SWITCH).await;
    let lines = [OPENED, "message: one", "message: last"];
    until_lines(&browser, &lines).await;
    browser
        .until("page.says('2 events, 4 comments and notes hidden')")
        .await;
    browser
        .until("/9 lines, 3 shown/.test(page.counts())")
        .await;
    browser
        .until("page.find('button', 'All 2') && !page.find('button', /^(status|step|Comments)/)")
        .await;
    until_missed(&browser, &[]).await;
    examine(&browser, "the lens").await;

    let types = "Event types that it listens to";
    browser.fill(types, "status").await;
    browser.keys(ENTER).await;
    let lines = [OPENED, "message: one", "status: two", "message: last"];
    until_lines(&browser, &lines).await;
    browser
        .until("page.says('1 event, 4 comments and notes hidden')")
        .await;
    // The connection is the same one.
    assert_eq!(browser.count(OPENED).await, 1);
    browser
        .until("/[?&]lens=eventsource/.test(location.search) && /[?&]events=status/.test(location.search)")
        .await;

    browser.client.refresh().await.expect("the page reloads");
    until_lines(&browser, &lines).await;
    browser.until(&format!("page.isPressed('{SWITCH}')")).await;
    browser
        .until(&format!("page.value('textbox', '{types}') === 'status'"))
        .await;

    browser.press(SWITCH).await;
    browser.until_rows(9).await;
    browser
        .until("!/lens/.test(location.search) && !page.says(' hidden')")
        .await;
    let marks = ["comment", "retry", "note", "step", "note"];
    until_missed(&browser, &marks).await;
}

#[tokio::test]
async fn the_detail_names_the_listeners_that_an_event_is_dispatched_to() {
    let (_server, browser) = watch("&events=step").await;
    browser.until_line("^message: last$").await;
    for (line, sentence) in [
        (
            "status: two",
            "Dispatches it to listeners of “status”; this page asked for “message”, “step”.",
        ),
        ("step: three", "Dispatches it to listeners of “step”."),
        (
            "comment: hello",
            "Ignores the comment, and dispatches no event.",
        ),
        (
            "retry: 5000",
            "Sets its reconnection time, and dispatches no event.",
        ),
    ] {
        browser
            .click(&format!(
                "page.rows().find(row => page.line(row) === '{line}')"
            ))
            .await;
        browser
            .until(&format!(
                "page.detail() && page.text(page.detail()).includes('EventSource{sentence}')"
            ))
            .await;
    }
    browser
        .click(&format!(
            "page.rows().find(row => page.line(row) === '{OPENED}')"
        ))
        .await;
    browser
        .until("page.title() === 'Connection' && !/EventSource/.test(page.detail().innerText)")
        .await;
}

#[tokio::test]
async fn by_event_source_there_is_no_lens_because_the_log_is_that_of_a_client() {
    let (server, browser) = open("?lens=eventsource").await;
    browser.until_line("^Ping: ").await;
    browser
        .until(&format!(
            "!page.find('button', '{SWITCH}') && page.missed().length === 0"
        ))
        .await;
    // By fetch the default stream is asked for with its type.
    browser
        .goto(&format!("{}/?via=fetch&lens=eventsource", server.origin))
        .await;
    browser.until_line("^Start time: ").await;
    browser.until_line("^Ping: ").await;
    browser
        .until("page.lines().every(line => !/^(retry|comment)/.test(line))")
        .await;
}

#[tokio::test]
async fn the_switch_works_by_keyboard_and_the_log_does_not_move_as_lines_are_marked() {
    let (_server, browser) = watch("").await;
    browser.resize(360, 640).await;
    browser.until_line("^message: last$").await;
    let top = "page.log().getBoundingClientRect().top";
    let text = "page.events().map(row => page.text(row)).join()";
    let data = "page.events()[0].querySelector('.data').getBoundingClientRect().left";
    let marked = (
        browser.value(top).await,
        browser.value(data).await,
        browser.value(text).await,
    );
    // The first event is received: its row has no mark, and its data begins where that of a marked row does.
    let other = "page.missed().find(row => row.dataset.kind === 'event').querySelector('.line').getBoundingClientRect().left";
    let line = "page.events()[0].querySelector('.line').getBoundingClientRect().left";
    assert_eq!(browser.value(line).await, browser.value(other).await);
    browser
        .value(&format!("page.find('button', '{SWITCH}').focus()"))
        .await;
    browser.keys(" ").await;
    until_lines(&browser, &[OPENED, "message: one", "message: last"]).await;
    browser.keys(" ").await;
    browser.until_rows(9).await;
    let again = (
        browser.value(top).await,
        browser.value(data).await,
        browser.value(text).await,
    );
    assert_eq!(again, marked);
}
