//! Why a stream shows nothing, or the wrong thing: what the page finds by itself.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::accessibility::examine;
use super::browser::{Browser, ESCAPE, Engine, Server};
use super::{HEAD, open, serve};

/// Opens the page with the generator's stream of `query`.
async fn play(server: &Server, browser: &Browser, via: &str, query: &str) {
    let stream = format!("/stream?{query}");
    let encoded: String = stream.bytes().map(|byte| format!("%{byte:02x}")).collect();
    browser
        .goto(&format!("{}/?via={via}&url={encoded}", server.origin))
        .await;
}

/// Waits until the line says what is certain, and it matches this regular expression.
async fn until_certain(browser: &Browser, sentence: &str) {
    browser
        .until(&format!(
            "page.why().certainty === 'certain' && /{sentence}/.test(page.why().sentence)"
        ))
        .await;
}

/// The same, and waits until the first finding is `mistake`.
async fn until_named(browser: &Browser, mistake: &str, sentence: &str) {
    until_certain(browser, sentence).await;
    browser
        .until(&format!("page.findings()[0] === '{mistake}'"))
        .await;
}

#[tokio::test]
async fn faults_are_named_by_fetch_with_their_figures() {
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    for (query, sentence, mistake) in [
        (
            "interval=200ms&data=seq&corrupt=no-blank",
            r"^\d+ data lines and no blank line: ",
            "no-blank-line",
        ),
        (
            "interval=200ms&data=seq&corrupt=case",
            r"^\d+ lines? (was|were) ignored: names of fields are in lower case",
            "wrong-case",
        ),
        (
            "interval=200ms&corrupt=bare-json",
            r"^\d+ lines? with bare JSON ",
            "bare-json",
        ),
        ("status=404", r"^The server answered 404", "not-found"),
        (
            "type=text/plain",
            r"^The content type is text\/plain, ",
            "wrong-type",
        ),
        (
            "data=tokens&interval=0&retry=1s&id=none",
            r"^The answer was complete, the client connected again, ",
            "done-and-again",
        ),
        (
            "interval=200ms&data=seq&corrupt=utf8",
            r"^Bytes that are not UTF-8 in \d+ .* Latin-1",
            "not-utf-8",
        ),
    ] {
        play(&server, &browser, "fetch", query).await;
        until_named(&browser, mistake, sentence).await;
    }
}

#[tokio::test]
async fn by_event_source_is_said_what_can_be_known() {
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    for (query, sentence, mistake) in [
        ("status=503", "^The server answered 503", "unavailable"),
        (
            "interval=200ms&event=error,&data=seq",
            "events? of type “error” from the server: ",
            "own-error-event",
        ),
    ] {
        play(&server, &browser, "eventsource", query).await;
        until_named(&browser, mistake, sentence).await;
    }
}

#[tokio::test]
async fn an_event_source_without_events_is_explained_by_a_sample_of_the_bytes() {
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    for (query, sentence, mistake) in [
        (
            "interval=200ms&data=seq&corrupt=no-blank",
            r"^\d+ data lines and no blank line: ",
            "no-blank-line",
        ),
        // It is lost at once, again and again.
        (
            "interval=0&count=5&data=seq&corrupt=no-blank&retry=100ms",
            r"^5 data lines and no blank line: ",
            "no-blank-line",
        ),
    ] {
        play(&server, &browser, "eventsource", query).await;
        until_named(&browser, mistake, sentence).await;
    }
    browser.press("Why?").await;
    browser
        .until_says("In a request of its own, by fetch, 0 events and ")
        .await;
}

#[tokio::test]
async fn the_bytes_of_an_event_source_with_events_are_read_only_when_asked() {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let body = move |n: usize| {
        if n == 0 {
            counter.fetch_add(1, Ordering::SeqCst);
            return "retry: 5\n".to_owned();
        }
        "data: a\n\n".to_owned()
    };
    let stream = serve(HEAD, body, 2).await;
    let (server, browser) = open(&format!("?via=eventsource&url={stream}/")).await;
    browser.until_line("^message: a$").await;
    // For longer than a stream without events is waited for.
    browser
        .until("parseFloat(page.figure('Gap now')) >= 6 && / s$/.test(page.figure('Gap now'))")
        .await;
    assert_eq!(browser.value("page.why().sentence").await, "");
    assert_eq!(count.load(Ordering::SeqCst), 1);
    browser.press("Why?").await;
    browser.press("Probe").await;
    browser
        .until("page.findings()[0] === 'retry-small' && page.says('In a request of its own, by fetch, 1 event and ')")
        .await;
    assert_eq!(count.load(Ordering::SeqCst), 2);
    // It says nothing of another stream.
    play(&server, &browser, "eventsource", "interval=200ms").await;
    browser.until("page.number('Events') > 3").await;
    browser.until("page.findings().length === 0").await;
}

#[tokio::test]
async fn a_healthy_stream_has_no_finding() {
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    for via in ["fetch", "eventsource"] {
        let query = "interval=50ms&event=,status&data=json&id=seq&heartbeat=200ms&retry=2s";
        play(&server, &browser, via, query).await;
        let found = "(window.found ??= new Set(), page.findings().forEach(name => window.found.add(name)), window.found)";
        // Five seconds of events, looked at each time that the condition is.
        browser
            .until(&format!("{found} && page.number('Events') > 100"))
            .await;
        let found = browser.value(&format!("[...{found}]")).await;
        assert_eq!(found, serde_json::json!([]), "{via}");
        browser.until("page.why().sentence === ''").await;
    }
}

#[tokio::test]
async fn a_finding_leads_to_the_rows_and_can_be_dismissed() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\naccess-control-allow-origin: *\r\n\r\n";
    let body = |n: usize| match n {
        0 => "data: one\n\n".to_owned(),
        _ => "Data: two\n\ndata : three\n\n".to_owned(),
    };
    let stream = serve(head, body, 2).await;
    let (_server, browser) = open(&format!("?via=fetch&url={stream}/a")).await;
    browser.until_line("^message: one$").await;
    let top = "page.log().getBoundingClientRect().top";
    until_certain(&browser, "in lower case").await;
    examine(&browser, "a finding").await;
    let closed = browser.value(top).await;

    browser.press("Why?").await;
    browser
        .until("page.find('button', /Data: two/) && page.says('Write data, event, id and retry in lower case.')")
        .await;
    examine(&browser, "the findings").await;
    browser
        .click("page.find('button', /^Bytes 11 to 20: “Data: two/)")
        .await;
    browser
        .until("page.detail() && /lower case/.test(page.text(page.detail()))")
        .await;

    // Its section in the documentation, in another tab.
    browser
        .until("[...document.querySelectorAll('a[target=_blank][rel=noopener]')].some(link => link.getAttribute('href') === '/faults#wrong-case')")
        .await;

    browser.press("Dismiss this finding").await;
    until_certain(&browser, "a space before the colon").await;
    browser.until("page.focused() === 'Why?'").await;
    browser.keys(ESCAPE).await;
    browser
        .until("!page.find('button', /Data: two/) && page.detail()")
        .await;
    browser.press("Dismiss this finding").await;
    browser
        .until("page.why().sentence === '' && !page.find('button', 'Dismiss this finding')")
        .await;
    let dismissed = browser.value(top).await;
    assert_eq!(closed, dismissed, "the log moves");
}

#[tokio::test]
async fn the_documentation_of_faults_is_a_page() {
    let (server, browser) = open("faults#wrong-case").await;
    browser
        .until("Math.abs(document.getElementById('wrong-case').getBoundingClientRect().top) < innerHeight")
        .await;
    examine(&browser, "the documentation of faults").await;
    browser.resize(360, 640).await;
    browser
        .until("document.documentElement.scrollWidth <= innerWidth")
        .await;
    examine(&browser, "the documentation of faults on a small screen").await;
    browser
        .click("[...document.links].find(link => link.href.includes('corrupt%3Dcase'))")
        .await;
    browser
        .until("page.findings().includes('wrong-case')")
        .await;
    assert!(browser.console_errors().await.is_empty());
    drop(server);
}

/// The documentation: a section for each fault, most with a link that plays it.
const FAULTS: &str = include_str!("../../../docs/faults.md");

/// The names of the sections with their links, as far as those are played in every browser.
fn links() -> Vec<(&'static str, &'static str)> {
    // A download of 64 MiB, and what Chromium and Firefox report differently.
    const NOT_PLAYED: [&str; 2] = ["too-large", "no-server"];
    let sections = FAULTS.split("<a id=\"").skip(1);
    let links: Vec<_> = sections
        .filter_map(|section| {
            let (name, rest) = section.split_once('"')?;
            let (_, link) = rest.split_once("[Play it](http://127.0.0.1:8844/")?;
            let (link, _) = link.split_once(')')?;
            Some((name, link))
        })
        .filter(|(name, _)| !NOT_PLAYED.contains(name))
        .collect();
    assert!(links.len() > 50, "{}", links.len());
    links
}

/// Plays every third link, and waits until the page names the fault.
async fn play_links(from: usize) {
    let server = Server::start("127.0.0.1:0").await;
    let browser = Browser::start().await;
    for (name, link) in links().into_iter().skip(from).step_by(3) {
        // Its reads do not end where those of the network do, so that buffering is not certain; and it reads a body
        // that is not compressed as it is, whatever the header says.
        let is_other = ["buffered", "wrong-encoding"].contains(&name);
        if is_other && browser.engine() == Engine::WebKit {
            continue;
        }
        // Another origin than that of the page.
        let other = server.address().replace("127.0.0.1", "localhost");
        let link = link
            .replace("127.0.0.1%3A8844", server.address())
            .replace("localhost%3A8844", &other);
        browser.goto(&format!("{}/{link}", server.origin)).await;
        browser
            .until(&format!("page.findings().includes('{name}')"))
            .await;
    }
}

#[tokio::test]
async fn faults_of_the_documentation_are_named_when_they_are_played() {
    play_links(0).await;
}

#[tokio::test]
async fn faults_of_the_documentation_are_named_when_they_are_played_2() {
    play_links(1).await;
}

#[tokio::test]
async fn faults_of_the_documentation_are_named_when_they_are_played_3() {
    play_links(2).await;
}
