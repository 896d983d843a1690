//! The answer of a model, assembled from the events of a stream.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc::{UnboundedSender, unbounded_channel},
};

use super::accessibility::examine;
use super::browser::{Browser, ESCAPE, Server};
use super::{HEAD, open, serve};

/// A stream to one client, whose events the test sends. It ends when this is dropped.
struct Stream {
    origin: String,
    events: UnboundedSender<String>,
}

impl Stream {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("bound"));
        let (events, mut sent) = unbounded_channel::<String>();
        tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await?;
            // No further client gets an answer.
            drop(listener);
            let _ = connection.read(&mut [0; 4096]).await;
            connection.write_all(HEAD.as_bytes()).await?;
            // Firefox and WebKit have a response once its first byte is there.
            connection.write_all(b": hello\n\n").await?;
            while let Some(event) = sent.recv().await {
                connection.write_all(event.as_bytes()).await?;
            }
            std::io::Result::Ok(())
        });
        Self { origin, events }
    }

    /// Sends an event with this data.
    fn send(&self, data: &str) {
        let event = format!("data: {data}\n\n");
        self.events.send(event).expect("the client is there");
    }

    /// Sends a chunk of OpenAI Chat Completions.
    fn delta(&self, delta: &str) {
        self.send(&chunk(delta));
    }
}

fn chunk(delta: &str) -> String {
    format!(
        r#"{{"id":"c1","object":"chat.completion.chunk","model":"some-model","choices":[{{"index":0,"delta":{delta},"finish_reason":null}}]}}"#
    )
}

/// Opens the page with a stream, by fetch.
async fn watch(stream: &Stream) -> (Server, Browser) {
    open(&format!("?via=fetch&url={}/", stream.origin)).await
}

/// Waits until the parts of the answer are these: their titles and texts.
async fn until_parts(browser: &Browser, parts: &[(&str, &str)]) {
    let parts: Vec<_> = parts
        .iter()
        .map(|(title, text)| format!("{title}|{text}"))
        .collect();
    let parts = serde_json::Value::from(serde_json::json!(parts).to_string());
    browser
        .until(&format!("JSON.stringify(page.answerParts()) === {parts}"))
        .await;
}

async fn until_sentence(browser: &Browser, beginning: &str) {
    browser
        .until(&format!("page.answerState().startsWith('{beginning}')"))
        .await;
}

#[tokio::test]
async fn an_answer_grows_as_its_events_arrive() {
    let stream = Stream::start().await;
    let (_server, browser) = watch(&stream).await;
    browser.until_rows(2).await;
    browser.until("!page.find('button', 'Answer')").await;
    let bar = "page.find('button', 'Freeze').getBoundingClientRect()";
    let place = format!("JSON.stringify({bar})");
    let before = browser.value(&place).await;
    stream.delta(r#"{"role":"assistant","reasoning_content":"Think."}"#);
    browser.until("page.find('button', 'Answer')").await;
    assert_eq!(browser.value(&place).await, before, "nothing moved");
    browser.press("Answer").await;
    // Reasoning is folded.
    until_parts(&browser, &[("Reasoning, 6 B", "")]).await;
    until_sentence(&browser, "Not complete yet: “[DONE]” did not arrive").await;
    stream.delta(r#"{"content":"<b>Hello</b>"}"#);
    let text = "<b>Hello</b>";
    until_parts(&browser, &[("Reasoning, 6 B", ""), ("Text", text)]).await;
    stream.delta(r#"{"content":",\nworld"}"#);
    let text = "<b>Hello</b>,\nworld";
    until_parts(&browser, &[("Reasoning, 6 B", ""), ("Text", text)]).await;
    browser.press("Reasoning, 6 B").await;
    until_parts(&browser, &[("Reasoning, 6 B", "Think."), ("Text", text)]).await;
    examine(&browser, "an answer that grows").await;
    stream.send(r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"completion_tokens":5}}"#);
    stream.send("[DONE]");
    until_sentence(&browser, "Complete").await;
    for (figure, shown) in [
        ("Model", "some-model"),
        ("Finish reason", "stop"),
        ("Usage", "completion_tokens 5"),
    ] {
        browser
            .until(&format!(
                "page.figure('{figure}', page.answer()) === '{shown}'"
            ))
            .await;
    }
    browser
        .until("/^5 in [1-5] reads?$/.test(page.figure('Events', page.answer()))")
        .await;
    // Another answer over the same connection; the first one stays.
    stream.delta(r#"{"content":"Again"}"#);
    until_parts(&browser, &[("Text", "Again")]).await;
    browser.press("Earlier answer").await;
    until_parts(&browser, &[("Reasoning, 6 B", ""), ("Text", text)]).await;
    assert_eq!(browser.console_errors().await, [""; 0]);
}

#[tokio::test]
async fn selected_text_marks_its_rows_and_a_row_its_text() {
    let stream = Stream::start().await;
    let (_server, browser) = watch(&stream).await;
    browser.until_state("Open").await;
    for word in ["one ", "two ", "three ", "four"] {
        stream.delta(&format!(r#"{{"content":"{word}"}}"#));
    }
    browser.until("page.find('button', 'Answer')").await;
    browser.press("Answer").await;
    until_parts(&browser, &[("Text", "one two three four")]).await;
    // From the middle of "two" to the beginning of "three".
    let select = "const text = page.answerTexts()[0].firstElementChild.firstChild, selection = getSelection();
        selection.setBaseAndExtent(text, 5, text, 9)";
    browser.value(&format!("(() => {{ {select} }})()")).await;
    let marked = "JSON.stringify(page.rows().filter(row => row.hasAttribute('data-marked')).map(row => /content\":\"(\\w+)/.exec(page.line(row))[1]))";
    browser
        .until(&format!("{marked} === '[\"two\",\"three\"]'"))
        .await;
    browser.until_says("The selected text is of 2 events").await;
    examine(&browser, "selected text").await;
    // What arrives meanwhile does not change what is selected.
    stream.delta(r#"{"content":" five"}"#);
    browser.until("page.events().length === 5").await;
    browser
        .until("page.answerTexts()[0].textContent === 'one two three four' && String(getSelection()) === 'wo t'")
        .await;
    browser.value("getSelection().removeAllRanges()").await;
    until_parts(&browser, &[("Text", "one two three four five")]).await;
    browser.until(&format!("{marked} === '[]'")).await;
    // The other way round.
    browser.click("page.events()[2]").await;
    browser
        .until("page.answerTexts()[0].querySelector('mark')?.textContent === 'three '")
        .await;
    browser.until("page.detail() === null").await;
    browser.press("Detail").await;
    browser.until("page.detail() && !page.answer()").await;
    browser.press("Answer").await;
    browser.until("page.answer()").await;
    browser
        .click("page.find('button', 'Close', page.answer())")
        .await;
    browser
        .until("!page.answer() && page.focused() === 'Log'")
        .await;
    browser.keys(ESCAPE).await;
}

#[tokio::test]
async fn a_cut_answer_says_so_and_its_arguments_are_the_beginning_of_json() {
    let stream = Stream::start().await;
    let (_server, browser) = watch(&stream).await;
    browser.until_state("Open").await;
    stream.delta(r#"{"tool_calls":[{"index":0,"id":"t","function":{"name":"get_weather","arguments":"{\"city\":"}}]}"#);
    browser.until("page.find('button', 'Answer')").await;
    browser.press("Answer").await;
    until_parts(&browser, &[("Tool call: get_weather", "{\"city\":")]).await;
    browser
        .until_says("The arguments so far are the beginning of JSON.")
        .await;
    stream.send(r#"{"choices":[{"index":0,"delta":{"audio":{"id":"x"}}}]}"#);
    browser.until_says("delta.audio: 1 event").await;
    stream.delta(r#"{"tool_calls":[{"index":0,"function":{"arguments":"\"Paris"}}]}"#);
    let arguments = "{\"city\":\"Paris";
    until_parts(&browser, &[("Tool call: get_weather", arguments)]).await;
    drop(stream);
    until_sentence(&browser, "Cut: its end is missing").await;
    browser.until_says("The arguments are cut").await;
    examine(&browser, "a cut answer").await;
    // What was not understood is found.
    browser
        .click("page.find('button', /^delta.audio: /, page.answer())")
        .await;
    browser
        .until("page.line(page.selected()).includes('audio')")
        .await;
}

#[tokio::test]
async fn a_hundred_thousand_events_do_not_freeze_the_page() {
    const EVENTS: usize = 100_000;
    let body = |n: usize| match n {
        100 => format!(
            "data: {}\n\ndata: [DONE]\n\n",
            chunk(r#"{"content":"end"}"#)
        ),
        _ => format!("data: {}\n\n", chunk(r#"{"content":" token"}"#)).repeat(EVENTS / 100),
    };
    let stream = serve(HEAD, body, 101).await;
    let (_server, browser) = open(&format!("?via=fetch&url={stream}/")).await;
    browser.until("page.find('button', 'Answer')").await;
    browser.press("Answer").await;
    until_sentence(&browser, "Complete").await;
    browser
        .until("page.figure('Events', page.answer()).startsWith('100\u{2009}002 in ')")
        .await;
    browser
        .until("page.answerTexts()[0].textContent.endsWith(' tokenend')")
        .await;
    // Only the end is in the document.
    let length = browser
        .number("page.answerTexts()[0].textContent.length")
        .await;
    assert!(length < 60_000.0, "{length}");
    browser
        .until("page.find('button', /^Show earlier text: /)")
        .await;
    browser
        .click("page.find('button', /^Show earlier text: /)")
        .await;
    browser
        .until("page.find('button', /^Show later text: /)")
        .await;
}
