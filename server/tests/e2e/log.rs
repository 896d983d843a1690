//! The log: following, scrolling, freezing, keys.

use super::browser::{ESCAPE, UP};
use super::{HEAD, open, serve};

#[tokio::test]
async fn a_page_with_fifty_thousand_lines_responds_to_a_click() {
    let flood = serve(HEAD, |n| format!("data: {n}\n\n"), 50_000).await;
    let (_server, browser) = open(&format!("?url={flood}/flood")).await;

    browser.until_line("^message: 49999$").await;
    browser
        .until("page.counts() === '50\u{2009}001 lines'")
        .await;
    let rows = browser.value("page.rows().length").await;
    assert!(
        rows.as_u64().is_some_and(|rows| rows < 200),
        "{rows} rows in the document"
    );

    browser.value("page.log().scrollTo(0, 0)").await;
    browser.until_line("^message: 0$").await;
    browser.value("page.away().click()").await;
    browser.until_line("^message: 49999$").await;
    browser.press("Disconnect").await;
    browser.until_line("^Connection close.$").await;
}

#[tokio::test]
async fn the_log_does_not_move_after_scrolling_up() {
    let stream = serve(HEAD, |n| format!("data: {n}\n\n"), 500).await;
    let (_server, browser) = open(&format!("?url={stream}/")).await;
    browser.until_line("^message: 499$").await;
    browser.value("page.log().scrollTo(0, 2400)").await;
    browser.until_line("^message: 99$").await;
    // Reconnecting adds 500 lines below.
    browser.press("Disconnect").await;
    browser.press("Connect").await;
    browser
        .until("page.counts() === '1\u{2009}003 lines'")
        .await;
    assert_eq!(browser.value("page.log().scrollTop").await, 2400);
}

#[tokio::test]
async fn the_log_works_by_keyboard_alone() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    browser.value("page.log().focus()").await;
    browser.keys(UP).await;
    browser.until("page.title() === 'Ping'").await;
    let selected =
        "document.getElementById(page.log().getAttribute('aria-activedescendant')).ariaSelected";
    assert_eq!(browser.value(selected).await, "true");
    // Esc works inside the detail as well, and returns to the log.
    browser.value("page.box().focus()").await;
    browser.keys(ESCAPE).await;
    browser.until("!page.detail()").await;
    browser.until("document.activeElement === page.log()").await;
}

#[tokio::test]
async fn freezing_stops_only_the_view() {
    let (_server, browser) = open("?url=/stream%3Finterval=10%26size=5%26id=seq").await;
    // Any of the lines after the 50th: each is in sight for a moment only.
    browser
        .until_line("^message: ([5-9][0-9]|[0-9]{3,}) ")
        .await;
    browser.press("Freeze").await;
    browser
        .until("page.name(page.away()).includes('frozen')")
        .await;
    let lines = browser.lines().await;
    let events = "+page.number('Events')";
    let before = browser.value(events).await.as_u64().expect("a number");
    browser.until(&format!("{events} > {}", before + 50)).await;
    assert_eq!(browser.lines().await, lines);
    browser.press("Freeze").await;
    browser.until("!page.away()").await;
    assert_ne!(browser.lines().await, lines);
}

#[tokio::test]
async fn the_limit_of_the_log_is_remembered() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    let limit = "page.any('combobox', 'Keep up to').value";
    assert_eq!(browser.value(limit).await, "64");
    browser.press("Keep").await;
    browser
        .click("[...page.find('combobox', 'Keep up to').options].find(option => page.text(option) === '256 MiB')")
        .await;
    browser.client.refresh().await.expect("the page reloads");
    browser.until_line("^Ping: ").await;
    assert_eq!(browser.value(limit).await, "256");
}

#[tokio::test]
async fn a_million_rows_can_be_scrolled() {
    let (_server, browser) =
        open("?via=fetch&url=/stream%3Finterval=0%26count=1000000%26size=8").await;
    let events = "page.number('Events')";
    browser.until(&format!("{events} >= 1000000")).await;
    browser.press("Disconnect").await;
    let scroll = async |to: &str| {
        browser
            .value(&format!("page.log().scrollTo(0, {to})"))
            .await;
    };
    browser.until_line("^message: 999999 ").await;
    scroll("0").await;
    browser.until_line("^Connection open ...$").await;
    // A step of the wheel is a few rows, whatever the scale of the scroll bar.
    scroll("240").await;
    browser.until_line("^message: 20 ").await;
    browser
        .until("page.line(page.first()).startsWith('message: 6 ')")
        .await;
    scroll("page.log().scrollHeight / 2").await;
    browser
        .until("/^message: [45][0-9]{5} /.test(page.line(page.first()))")
        .await;
    let rows = browser.value("page.rows().length").await;
    assert!(rows.as_u64().is_some_and(|rows| rows < 100), "{rows}");
}

#[tokio::test]
async fn the_log_follows_across_reconnections_after_a_detail_was_closed() {
    let stream = "/stream%3Fid=seq%26data=seq%26interval=100ms%26after=10%26resume=gap%26retry=1s";
    let (_server, browser) = open(&format!("?via=fetch&url={stream}")).await;
    // More lines than the window has room for.
    let rows = "page.log().scrollHeight > 1.5 * page.log().clientHeight";
    browser.until(rows).await;
    browser.click("page.rows().at(-1)").await;
    browser.until("page.detail()").await;
    browser.keys(ESCAPE).await;
    browser.until("!page.detail()").await;
    let openings = "+page.figure('Reconnects')";
    let before = browser.value(openings).await.as_u64().expect("a number");
    browser
        .until(&format!("{openings} >= {}", before + 2))
        .await;
    assert_eq!(
        browser.value("!page.away()").await,
        true,
        "it stopped following"
    );
}

#[tokio::test]
async fn columns_without_content_take_no_room_and_headers_belong_to_the_grid() {
    let (server, browser) =
        open("?via=fetch&url=/stream%3Finterval=50ms%26event=a%26id=seq%26after=30").await;
    let headers = "page.all('columnheader').map(page.text).join()";
    browser
        .until(&format!("{headers} === 'time,Δ,event,data,id,size'"))
        .await;
    let grips = "page.all('separator').every(grip => +grip.ariaValueNow >= 40)";
    assert_eq!(browser.value(grips).await, true);
    // Without IDs there is no column for them.
    let url = format!("{}/?via=fetch&url=/stream%3Finterval=50ms", server.origin);
    browser.goto(&url).await;
    browser
        .until(&format!("{headers} === 'time,Δ,event,data,size'"))
        .await;
}

#[tokio::test]
async fn the_parts_are_one_below_the_other_and_the_log_is_last() {
    let (_server, browser) = open("").await;
    browser.until("page.rows().length > 1").await;
    browser.click("page.rows()[1]").await;
    browser.until("page.detail()").await;
    for (width, height) in [(1280, 1000), (1280, 640), (390, 844)] {
        browser.resize(width, height).await;
        let order = "(boxes => boxes.every((box, i) => i === 0 || box.top >= boxes[i - 1].bottom - 1))\
             (page.parts().map(part => part.getBoundingClientRect()))";
        browser.until(order).await;
        browser
            .until("page.parts().at(-1).contains(page.log())")
            .await;
    }
}

#[tokio::test]
async fn a_third_of_a_small_screen_is_log() {
    let (server, browser) = open("").await;
    for (address, is_there) in [
        ("", "/dropped unseen/.test(page.explanation())"),
        (
            "?url=/stream%3Ftype=application/json",
            "/expected text.event-stream/.test(page.explanation())",
        ),
        (
            "?url=/stream&method=POST&body=x",
            "page.find('region', 'Request that was not sent')",
        ),
    ] {
        browser.goto(&format!("{}/{address}", server.origin)).await;
        browser.until(&format!("!!({is_there})")).await;
        for (width, height) in [(320, 568), (390, 844), (640, 400)] {
            browser.resize(width, height).await;
            // What depends on the width in code is drawn a frame later.
            let part = "(log => (Math.min(log.bottom, innerHeight) - log.top) / innerHeight)(page.log().getBoundingClientRect())";
            browser.until(&format!("{part} >= 0.33")).await;
            let overflows = "document.documentElement.scrollWidth > innerWidth";
            assert_eq!(browser.value(overflows).await, false, "{address} {width}");
        }
    }
}
