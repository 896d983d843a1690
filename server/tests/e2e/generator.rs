//! The generator panel.

use super::browser::{Browser, ESCAPE};
use super::open;

/// Opens a preset of the generator panel, by `way`.
async fn open_preset(browser: &Browser, way: &str, preset: &str) {
    browser.choose_way(way).await;
    browser.press("Generator").await;
    browser.press(preset).await;
    browser.press("Open this stream").await;
    browser
        .until("!page.find('button', 'Open this stream')")
        .await;
}

#[tokio::test]
async fn presets_of_the_generator_open_their_streams() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;

    // Reset three times and resumed by the browser itself: no event is missing or repeated.
    open_preset(&browser, "EventSource", "drops every 10 events").await;
    browser.until_line("^message: 35$").await;
    let seen = browser
        .value(
            "page.events().sort((a, b) => a.ariaRowIndex - b.ariaRowIndex)\
             .map(row => Number(page.line(row).replace('message: ', '')))",
        )
        .await;
    let seen: Vec<u64> = serde_json::from_value(seen).expect("numbers");
    assert!(seen.len() > 5, "{seen:?}");
    assert!(
        seen.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{seen:?}"
    );
    browser
        .until("/^[3-9]/.test(page.figure('Reconnects'))")
        .await;

    // The answer of a language model, to its end.
    open_preset(&browser, "fetch", "model tokens").await;
    browser.until_line("^message: \\[DONE\\]$").await;

    // Bytes arrive, but no event.
    open_preset(&browser, "fetch", "never dispatches").await;
    browser
        .until("page.state() === 'Open' && /[1-9] (B|kB)/.test(page.figure('Bytes'))")
        .await;
    let events = browser.value("page.events().length").await;
    assert_eq!(events.as_u64(), Some(0));

    // A content type that EventSource rejects, with the reason.
    open_preset(&browser, "fetch", "wrong content type").await;
    browser.until("page.says('application/json')").await;

    // The fields follow the URL, and the URL follows the fields.
    browser.press("Generator").await;
    browser
        .until("page.value('textbox', 'type') === 'application/json'")
        .await;
    browser.fill("type", "").await;
    let url = browser.value("page.value('textbox', 'Stream')").await;
    assert_eq!(url, "/stream");
}

#[tokio::test]
async fn no_menu_scrolls_sideways() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    for width in [1280, 800] {
        browser.resize(width, 720).await;
        for menu in ["Saved", "Request", "Generator", "Keep", "Export"] {
            browser.press(menu).await;
            if menu == "Generator" {
                browser.until("page.find('button', 'healthy')").await;
            }
            let panel = "document.querySelector('.menu[open] > div')";
            let beyond = browser
                .number(&format!("{panel}.scrollWidth - {panel}.clientWidth"))
                .await;
            assert_eq!(beyond, 0.0, "{menu} at {width} px");
            browser.keys(ESCAPE).await;
        }
    }
}

#[tokio::test]
async fn the_columns_of_the_generator_begin_at_the_same_height() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    browser.press("Generator").await;
    browser.until("page.find('button', 'healthy')").await;
    let tops = browser
        .value(
            "(() => {
                const tops = new Map();
                for (const legend of document.querySelectorAll('.parameters legend')) {
                    const { left, top } = legend.getBoundingClientRect();
                    tops.set(left, Math.min(top, tops.get(left) ?? top));
                }
                return [...tops.values()];
            })()",
        )
        .await;
    let tops: Vec<f64> = serde_json::from_value(tops).expect("numbers");
    assert!(tops.len() > 1, "{tops:?}");
    assert!(tops.iter().all(|top| top == &tops[0]), "{tops:?}");
}
