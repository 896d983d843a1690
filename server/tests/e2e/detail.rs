//! The detail of the selected line.

use super::{HEAD, open, serve};

#[tokio::test]
async fn the_selected_event_is_shown_completely() {
    let stream = serve(
        HEAD,
        |_| format!("id: 7\ndata: {}\ndata: end\n\n", "x".repeat(2_000)),
        1,
    )
    .await;
    let (_server, browser) = open(&format!("?url={stream}/")).await;
    browser.until_line("bytes in all").await;
    browser.value("page.events()[0].click()").await;
    browser
        .until("page.data() === 'x'.repeat(2000) + '\\nend'")
        .await;
    let facts = browser
        .value("page.detail().querySelector('dl').textContent")
        .await;
    assert!(
        facts
            .as_str()
            .is_some_and(|facts| facts.contains("2\u{2009}004 bytes") && facts.contains("ID7")),
        "{facts}"
    );
}

#[tokio::test]
async fn large_data_is_shown_in_parts_and_the_form_is_remembered() {
    let stream = serve(HEAD, |_| format!("data: {}\n\n", "x".repeat(150_000)), 1).await;
    let (_server, browser) = open(&format!("?url={stream}/")).await;
    let open_first = "page.events()[0].click()";
    let length = "page.data().length";
    browser.until_line("bytes in all").await;
    browser.value(open_first).await;
    browser.until(&format!("{length} === 65536")).await;
    // Parts that are already shown are not laid out again.
    browser
        .value("!(window.first = page.detail().querySelector('pre').firstChild)")
        .await;
    browser.press("Show more: 84.4 kB of 150 kB left").await;
    browser.until(&format!("{length} === 131072")).await;
    browser.press("Show more: 18.9 kB of 150 kB left").await;
    browser.until(&format!("{length} === 150000")).await;
    assert_eq!(
        browser
            .value("window.first === page.detail().querySelector('pre').firstChild")
            .await,
        true
    );

    browser.press("Bytes").await;
    let hex = "page.data().startsWith('0000000  64 61 74 61 3a 20 78')";
    browser.until(hex).await;
    browser.until(&format!("{length} === 65536")).await;
    browser.client.refresh().await.expect("the page reloads");
    browser.until_line("bytes in all").await;
    browser.value(open_first).await;
    browser.until(hex).await;
    // The text column is complete: nothing wraps.
    assert_eq!(
        browser
            .value("getComputedStyle(page.detail().querySelector('pre')).whiteSpace")
            .await,
        "pre"
    );
}
