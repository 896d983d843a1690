//! The timeline.

use super::open;

#[tokio::test]
async fn the_timeline_is_a_slider_that_shows_where_it_is_and_the_way_back() {
    let (_server, browser) = open("?via=fetch&url=/stream%3Finterval=50ms%26data=seq").await;
    // Each line is in sight for a moment only.
    browser.until("page.number('Events') > 20").await;
    let slider = "page.find('slider', 'Events over time')";
    let now = "page.any('button', 'Now')";
    let shown = format!("getComputedStyle({now}).visibility");
    browser.value(&format!("{slider}.focus()")).await;
    // It follows, and so has all events that the log has.
    browser
        .until(&format!(
            "{slider}.ariaValueNow === '100' && /^[\\d.]+ s, up to the last line$/.test({slider}.ariaValueText)"
        ))
        .await;
    assert_eq!(browser.value(&shown).await, "hidden");
    let top = format!("{slider}.getBoundingClientRect().top");
    let before = browser.value(&top).await;
    // Zoom in to a quarter of the 5, 10, 20 or 30 s that have all lines so far, and move to the first line.
    browser
        .keys("++\u{E012}\u{E012}\u{E012}\u{E012}\u{E012}\u{E012}")
        .await;
    browser
        .until(&format!(
            "/^(1.25|2.50|5.00|7.50) s: /.test({slider}.ariaValueText.split(', ').pop())"
        ))
        .await;
    browser.until(&format!("{shown} === 'visible'")).await;
    assert_eq!(browser.value(&top).await, before, "nothing moved");
    browser.press("Now").await;
    browser
        .until(&format!(
            "{shown} === 'hidden' && document.activeElement === {slider} && {slider}.ariaValueNow === '100'"
        ))
        .await;
    // Home shows all lines.
    browser.keys("\u{E011}").await;
    browser.until(&format!("{shown} === 'visible'")).await;
    browser.keys("\u{E010}").await;
    browser.until(&format!("{shown} === 'hidden'")).await;
}

#[tokio::test]
async fn an_opened_capture_fits_the_timeline() {
    let (_server, browser) = open("").await;
    browser.until_line("^Ping: ").await;
    // Two events an hour apart.
    let capture = "sse-capture 1\n{}\nopen 1000\nbytes 2000 9\ndata: 1\n\n\nbytes 3600000 9\ndata: 2\n\n\nclose 3601000\nend\n";
    let file = browser.downloads().join("hour.sse");
    std::fs::write(&file, capture).expect("it can be written");
    browser.choose_file(&file).await;
    browser.until_line("^message: 2$").await;
    browser
        .until("page.find('slider').parentElement.innerText.includes(': 2 events')")
        .await;
    // The time and the counts under the pointer.
    browser
        .value(
            "(canvas => canvas.dispatchEvent(new PointerEvent('pointermove', \
             { bubbles: true, clientX: canvas.getBoundingClientRect().left + canvas.clientWidth / 2 })))\
             (page.find('slider'))",
        )
        .await;
    browser
        .until(r"/^\d\d:\d\d:\d\d\.\d{3}: 0 events$/m.test(page.find('slider').parentElement.innerText)")
        .await;
}
