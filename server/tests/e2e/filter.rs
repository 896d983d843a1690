//! The filter and the chips.

use super::{HEAD, open, serve};

#[tokio::test]
async fn the_filter_finds_text_patterns_and_types() {
    let stream = serve(
        HEAD,
        |n| {
            format!(
                "event: {}\ndata: Number {n}\n\n",
                if n % 2 == 0 { "even" } else { "odd" }
            )
        },
        20,
    )
    .await;
    let (_server, browser) = open(&format!("?via=fetch&url={stream}/")).await;
    browser.until_line("^odd: Number 19$").await;
    let shown = async |count: usize| {
        browser
            .until(&format!("page.rows().length === {count}"))
            .await;
    };
    browser.fill("Filter by text in the data", "number 1").await;
    shown(11).await;
    browser.press("Match case").await;
    shown(0).await;
    browser.press("Match case").await;
    browser.press("Regular expression").await;
    browser
        .fill("Filter by text in the data", "^number [37]$")
        .await;
    shown(2).await;
    browser.fill("Filter by text in the data", "(").await;
    browser
        .until("page.says('Invalid regular expression')")
        .await;
    browser.fill("Filter by text in the data", "1").await;
    browser.press("odd 10").await;
    shown(6).await;
    browser.press("even 10").await;
    shown(11).await;
}

#[tokio::test]
async fn a_pressed_chip_shows_its_lines_and_the_number_hidden() {
    let stream = serve(
        HEAD,
        |n| format!("event: {}\ndata: {n}\n\n: c\n\n", ["a", "b"][n % 2]),
        6,
    )
    .await;
    let (_server, browser) = open(&format!("?via=fetch&url={stream}/")).await;
    browser.until_line("^b: 5$").await;
    let is = async |rows: usize, pressed: &[&str], hidden: &str| {
        browser.until_rows(rows).await;
        browser
            .until(&format!(
                "'{hidden}' ? page.says('{hidden}') : !page.says(' hidden')"
            ))
            .await;
        let pressed = serde_json::json!(pressed);
        browser
            .until(&format!(
                "JSON.stringify(page.all('button', / [0-9]+$/).filter(chip => chip.ariaPressed === 'true').map(page.name)) === JSON.stringify({pressed})"
            ))
            .await;
    };
    let all = ["All 6", "Comments and notes 6"];
    is(13, &all, "").await;
    browser.press("a 3").await;
    is(3, &["a 3"], "3 events, 6 comments and notes hidden").await;
    let colour = async |element: &str| {
        let value = format!("getComputedStyle({element}).getPropertyValue('--colour')");
        browser.value(&value).await
    };
    let (first, second) = ("page.find('button', 'a 3')", "page.find('button', 'b 3')");
    assert_eq!(colour(first).await, colour("page.events()[0]").await);
    assert_ne!(colour(first).await, colour(second).await);
    browser.press("b 3").await;
    is(6, &["a 3", "b 3"], "6 comments and notes hidden").await;
    browser.press("Comments and notes 6").await;
    is(12, &["a 3", "b 3", "Comments and notes 6"], "").await;
    browser.press("All 6").await;
    is(13, &all, "").await;
    browser.press("Comments and notes 6").await;
    is(7, &["All 6"], "6 comments and notes hidden").await;
    browser.client.refresh().await.expect("the page reloads");
    browser.until_line("^b: 5$").await;
    is(7, &["All 6"], "6 comments and notes hidden").await;
}

#[tokio::test]
async fn a_pressed_chip_and_the_colours_are_those_of_the_type_in_another_log_too() {
    let stream = serve(
        HEAD,
        |n| format!("event: {}\ndata: {n}\n\n", ["a", "b"][n % 2]),
        10,
    )
    .await;
    let (_server, browser) = open(&format!("?via=fetch&url={stream}/")).await;
    browser.until_line("^b: 9$").await;
    let colour = "getComputedStyle(page.events().find(row => page.line(row).startsWith('b: '))).getPropertyValue('--colour')";
    let before = browser.value(colour).await;
    browser.press("b 5").await;
    browser.until_rows(5).await;

    // In the capture another type is the first.
    let captured = "event: c\ndata: 1\n\nevent: b\ndata: 2\n\nevent: a\ndata: 3\n\n";
    let file = browser.downloads().join("capture.sse");
    let capture = format!(
        "sse-capture 1\n{{}}\nbytes 1 {}\n{captured}\nend\n",
        captured.len()
    );
    std::fs::write(&file, capture).expect("it can be written");
    browser.choose_file(&file).await;
    browser.until_line("^b: 2$").await;
    assert_eq!(browser.lines().await, ["b: 2"]);
    assert_eq!(browser.value(colour).await, before);

    browser.press("Clear").await;
    browser.press("Connect").await;
    browser.until_line("^b: 9$").await;
    let lines = browser.lines().await;
    assert!(
        lines.iter().all(|line| line.starts_with("b: ")),
        "{lines:?}"
    );
    assert_eq!(browser.value(colour).await, before);
}

#[tokio::test]
async fn on_a_narrow_screen_the_log_does_not_move_as_event_types_appear() {
    let (server, browser) = open("").await;
    browser.resize(320, 800).await;
    let mut tops = Vec::new();
    for (types, last) in [("a", "a"), ("first,second,third,fourth,fifth", "fifth")] {
        let count = types.split(',').count();
        let stream = format!("/stream%3Fevent={types}%26count={count}%26end=stall%26interval=10ms");
        browser
            .goto(&format!("{}/?via=fetch&url={stream}", server.origin))
            .await;
        browser
            .until(&format!("page.any('button', '{last} 1')"))
            .await;
        tops.push(
            browser
                .value("page.log().getBoundingClientRect().top")
                .await,
        );
    }
    assert_eq!(tops[0], tops[1]);
}
