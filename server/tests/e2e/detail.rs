//! The detail of a line, and what concerns received text.

use super::browser::{Browser, DOWN, ENTER, ESCAPE, LEFT, RIGHT, SHIFT_ENTER, Server, UP};
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
        .value("!(window.first = page.box().firstChild)")
        .await;
    browser.press("Show more: 84.4 kB of 150 kB left").await;
    browser.until(&format!("{length} === 131072")).await;
    browser.press("Show more: 18.9 kB of 150 kB left").await;
    browser.until(&format!("{length} === 150000")).await;
    assert_eq!(
        browser
            .value("window.first === page.box().firstChild")
            .await,
        true
    );

    browser.press("Bytes").await;
    let hex = "page.box().textContent.startsWith('0000000  64 61 74 61 3a 20 78')";
    browser.until(hex).await;
    browser.client.refresh().await.expect("the page reloads");
    browser.until_line("bytes in all").await;
    browser.value(open_first).await;
    browser.until(hex).await;
    // The text column is complete: nothing wraps.
    assert_eq!(
        browser
            .value("getComputedStyle([...page.box().querySelectorAll('div')].find(row => row.textContent.startsWith('0000000') && !row.children.length)).whiteSpace")
            .await,
        "pre"
    );
}

/// Opens the page on a stream of `body`, by fetch, and waits until all is received, which is the event
/// `last`.
async fn watch(body: &str) -> (Server, Browser) {
    let body = format!("{body}event: last\ndata: .\n\n");
    let stream = serve(HEAD, move |_| body.clone(), 1).await;
    let (server, browser) = open(&format!("?via=fetch&url={stream}/")).await;
    browser.until_line("^last: ").await;
    (server, browser)
}

/// Opens the detail of the line that contains `text`.
async fn open_line(browser: &Browser, text: &str) {
    let row = format!("page.rows().find(row => row.textContent.includes('{text}'))");
    browser.until(&format!("!!{row}")).await;
    browser.value(&format!("{row}.click()")).await;
}

/// The rows of the tree.
const NODES: &str = "page.all('treeitem').map(node => node.textContent)";

/// The count of the search in the detail.
const COUNT: &str = "page.detail().querySelector('output').textContent";

/// The text of the node that has the selection.
const SELECTED: &str =
    "page.all('treeitem').find(node => node.ariaSelected === 'true')?.textContent";

/// Replaces the clipboard of the page by a variable, because a headless browser has none.
async fn catch_copies(browser: &Browser) {
    browser
        .value("navigator.clipboard.writeText = async text => { window.copied = text }, 1")
        .await;
}

#[tokio::test]
async fn json_is_a_tree_that_keys_fold_and_whose_values_are_copied() {
    let json =
        r#"{"id":12345678901234567890,"choices":[{"delta":{"content":"a\nb","it's":1e400}}]}"#;
    let (_server, browser) = watch(&format!("event: chunk\ndata: {json}\n\n")).await;
    open_line(&browser, "choices").await;
    browser.until(&format!("{NODES}.length === 7")).await;
    assert_eq!(
        browser.value(NODES).await,
        serde_json::json!([
            "▾{2}",
            "id: 12345678901234567890",
            "▾choices: [1]",
            "▾0: {1}",
            "▾delta: {2}",
            "content: \"a\nb\"",
            "it's: 1e400",
        ])
    );

    // The line break in the text has a sign, and breaks no row.
    let heights = "page.all('treeitem').map(node => node.scrollHeight)";
    assert_eq!(browser.value(heights).await, serde_json::json!(vec![24; 7]));

    browser.value("page.find('tree').focus()").await;
    for key in [DOWN, DOWN, DOWN, LEFT] {
        browser.keys(key).await;
    }
    browser.until(&format!("{NODES}.length === 3")).await;
    assert_eq!(
        browser
            .value("page.all('treeitem').find(node => node.ariaSelected === 'true').ariaExpanded")
            .await,
        "false"
    );
    for key in [RIGHT, RIGHT, RIGHT, DOWN] {
        browser.keys(key).await;
    }
    browser
        .until(&format!("{SELECTED}.startsWith('content')"))
        .await;
    // A string is copied as its text, and its path names it.
    catch_copies(&browser).await;
    browser.press("Copy value").await;
    browser.until("window.copied === 'a\\nb'").await;
    browser.press("Copy path").await;
    browser
        .until("window.copied === '$.choices[0].delta.content'")
        .await;
    browser.press("Copy row").await;
    browser
        .until("window.copied.startsWith('{\"time\":')")
        .await;
    let row = browser.value("JSON.parse(window.copied)").await;
    assert_eq!(
        (&row["event"], &row["data"]),
        (&"chunk".into(), &json.into())
    );

    browser.press("Fold all").await;
    browser.until(&format!("{NODES}.length === 3")).await;
    browser.press("Unfold all").await;
    browser.until(&format!("{NODES}.length === 7")).await;
}

#[tokio::test]
async fn megabytes_of_json_have_a_bounded_number_of_nodes_and_a_search_unfolds_them() {
    let items: Vec<String> = (0..40_000)
        .map(|n| {
            format!(
                r#"{{"id":{n},"text":"lorem ipsum dolor sit amet {n}","tags":["a",["b{n}x"]]}}"#
            )
        })
        .collect();
    let (_server, browser) = watch(&format!("data: {{\"items\":[{}]}}\n\n", items.join(","))).await;
    open_line(&browser, "items").await;
    browser.until(&format!("{NODES}[1]?.includes('[40')")).await;
    browser.press("Unfold all").await;
    browser
        .until(&format!("{NODES}.some(node => node.includes('tags'))"))
        .await;
    let nodes = browser.value(&format!("{NODES}.length")).await;
    assert!(nodes.as_u64().is_some_and(|nodes| nodes < 60), "{nodes}");
    browser.press("Fold all").await;
    browser.until(&format!("{NODES}.length === 2")).await;

    browser.fill("Find in the data", "B39998X").await;
    browser.until(&format!("{COUNT} === '1 of 1'")).await;
    browser
        .until(&format!("{SELECTED} === '0: \"b39998x\"'"))
        .await;
    let marked = "page.find('tree').querySelector('mark').textContent";
    assert_eq!(browser.value(marked).await, "b39998x");
    assert_eq!(
        browser
            .value("page.detail().querySelector('code').textContent")
            .await,
        "$.items[39998].tags[1][0]"
    );
    // It is in sight.
    let in_sight = "(() => { const node = page.all('treeitem').find(node => node.ariaSelected === 'true').getBoundingClientRect(), tree = page.find('tree').getBoundingClientRect(); return node.top >= tree.top && node.bottom <= tree.bottom })()";
    browser.until(in_sight).await;
}

#[tokio::test]
async fn a_search_goes_through_the_matches_in_text_and_in_bytes() {
    let text = format!(
        "needle {} Needle {} NEEDLE",
        "x".repeat(70_006),
        "y".repeat(70_000)
    );
    let (_server, browser) = watch(&format!("data: {text}\n\n")).await;
    open_line(&browser, "needle").await;
    browser.fill("Find in the data", "needle").await;
    let current = "page.box().querySelector('mark[aria-current]')?.textContent";
    browser
        .until(&format!("{COUNT} === '1 of 3' && {current} === 'needle'"))
        .await;
    browser.keys(ENTER).await;
    browser
        .until(&format!("{COUNT} === '2 of 3' && {current} === 'Needle'"))
        .await;
    browser.keys(ENTER).await;
    browser
        .until(&format!("{COUNT} === '3 of 3' && {current} === 'NEEDLE'"))
        .await;
    browser.keys(ENTER).await;
    browser.until(&format!("{COUNT} === '1 of 3'")).await;
    // Shift and Enter.
    browser.keys(SHIFT_ENTER).await;
    browser.until(&format!("{COUNT} === '3 of 3'")).await;

    browser.press("Bytes").await;
    browser.until(&format!("{COUNT} === '1 of 3'")).await;
    browser
        .until(&format!("{current} === '6e 65  65 64 6c 65'"))
        .await;
    browser.press("Next match").await;
    browser.until(&format!("{COUNT} === '2 of 3'")).await;
    // The rows around the match are in the document, and few others.
    browser.until("/Needle/.test(page.box().textContent)").await;
    let length = browser.value("page.box().textContent.length").await;
    assert!(
        length.as_u64().is_some_and(|length| length < 6_000),
        "{length}"
    );

    // The text column is complete: what does not fit is reached by scrolling sideways.
    browser
        .until("(() => { const data = page.box(); return data.scrollWidth > data.clientWidth + 100 })()")
        .await;

    // Esc empties the box; then it goes back to the log.
    browser
        .value("page.find('textbox', 'Find in the data').focus()")
        .await;
    browser.keys(ESCAPE).await;
    browser
        .until("page.find('textbox', 'Find in the data').value === ''")
        .await;
    browser.until(&format!("{COUNT} === ''")).await;
    browser.keys(ESCAPE).await;
    browser.until("page.focused() === 'Log'").await;
}

#[tokio::test]
async fn matches_of_the_filter_are_marked_and_esc_clears_it_in_place() {
    let lines: String = (0..300)
        .map(|n| {
            format!(
                "data: line {n} {}\n\n",
                if n % 50 == 0 { "Rare" } else { "" }
            )
        })
        .collect();
    let (_server, browser) = watch(&lines).await;
    browser.fill("Filter by text in the data", "rare").await;
    let marks = "[...page.log().querySelectorAll('mark')].map(mark => mark.textContent)";
    browser
        .until(&format!(
            "{marks}.join() === 'Rare,Rare,Rare,Rare,Rare,Rare'"
        ))
        .await;
    open_line(&browser, "line 50 ").await;
    browser
        .until("page.box().querySelector('mark')?.textContent === 'Rare'")
        .await;
    browser.press("Regular expression").await;
    browser.fill("Filter by text in the data", "e \\d+ r").await;
    browser.until(&format!("{marks}[1] === 'e 50 R'")).await;

    browser.keys(ESCAPE).await;
    browser
        .until("page.value('textbox', 'Filter by text in the data') === ''")
        .await;
    browser.until(&format!("{marks}.length === 0")).await;
    // The selected line stays selected and in sight, although others are around it again.
    let selected = "page.rows().find(row => row.ariaSelected === 'true')";
    let in_sight = format!(
        "(() => {{ const row = {selected}?.getBoundingClientRect(), log = page.log().getBoundingClientRect(); return row && row.top >= log.top && row.bottom <= log.bottom }})()"
    );
    browser.until(&in_sight).await;
    browser
        .until(&format!("{selected}.textContent.includes('line 50 ')"))
        .await;
    browser.keys(ESCAPE).await;
    browser.until("!page.detail()").await;
    browser.until("page.focused() === 'Log'").await;
}

#[tokio::test]
async fn characters_that_cannot_be_seen_have_a_sign_and_stay_themselves() {
    let (_server, browser) =
        watch("event: pay\u{202E}lap\nid: a\u{200B}b\ndata: {\"k\u{2066}\":\"v\u{FEFF}\"}\n\n")
            .await;
    open_line(&browser, "pay").await;
    let signs = |within: &str| {
        format!(
            "[...{within}.querySelectorAll('bdi[data-name]')].map(sign => sign.dataset.name + (getComputedStyle(sign, '::before').content === 'none' ? ' unseen' : '')).join(' ')"
        )
    };
    let expected = "U+202E U+2066 U+FEFF U+200B U+200B";
    browser
        .until(&format!("{} === '{expected}'", signs("page.log()")))
        .await;
    browser
        .until(&format!(
            "{} === 'U+2066 U+FEFF'",
            signs("page.find('tree')")
        ))
        .await;
    browser
        .until(&format!(
            "{} === 'U+202E'",
            signs("page.find('button', /^pay/)")
        ))
        .await;
    // The text itself is as received.
    browser.until_line("^pay\u{202E}lap: ").await;
}

#[tokio::test]
async fn the_size_of_the_detail_is_set_by_keys_and_remembered() {
    let (_server, browser) = watch("data: one\n\n").await;
    open_line(&browser, "one").await;
    let grip = "page.find('separator', 'Width of the detail')";
    let width = "page.detail().offsetWidth";
    browser
        .until(&format!(
            "+{grip}.ariaValueNow === {width} && {width} > 300"
        ))
        .await;
    let before = browser.value(width).await.as_i64().expect("a width");
    browser.value(&format!("{grip}.focus()")).await;
    browser.keys(LEFT).await;
    browser.keys(LEFT).await;
    let expected = before + 40;
    browser.until(&format!("{width} === {expected}")).await;
    browser
        .until(&format!("+{grip}.ariaValueNow === {expected}"))
        .await;
    // By the pointer: to the left is wider.
    let dragged = "['pointerdown', 100], ['pointermove', 70], ['lostpointercapture', 70]";
    browser
        .value(&format!(
            "[{dragged}].forEach(([type, clientX]) => {grip}.dispatchEvent(new PointerEvent(type, {{ clientX, bubbles: true, cancelable: true }})))"
        ))
        .await;
    let expected = expected + 30;
    browser.until(&format!("{width} === {expected}")).await;

    browser.client.refresh().await.expect("the page reloads");
    open_line(&browser, "one").await;
    browser.until(&format!("{width} === {expected}")).await;
    browser
        .value(&format!(
            "{grip}.dispatchEvent(new MouseEvent('dblclick', {{ bubbles: true }}))"
        ))
        .await;
    browser.until(&format!("{width} === {before}")).await;
    // The selection of lines changes neither size.
    browser.value("page.log().focus()").await;
    browser.keys(UP).await;
    browser.until("page.title() === 'Connection'").await;
    assert_eq!(browser.value(width).await, before);
}

#[tokio::test]
async fn what_is_not_json_is_shown_as_text_with_the_place_of_the_error() {
    let (_server, browser) = watch("data: {\"a\": 1,}\n\n").await;
    open_line(&browser, "1,}").await;
    browser.until("page.data() === '{\"a\": 1,}'").await;
    browser
        .until("page.detail().textContent.includes('Not JSON: line 1, column 9: a key in double quotes is missing.')")
        .await;
}
