//! The answers of language models that `/stream` plays, over raw sockets. `answers/` has the exact bytes, in the
//! shapes of the public references that `src/generator/answer/` cites; `sdks.rs` has them read by the SDKs of the
//! APIs.

mod raw;

use raw::{LAST_CHUNK, Server, chunks, events};

/// Each API with its end, or the last event after an error.
const APIS: [(&str, &str); 6] = [
    ("openai", "[DONE]"),
    ("openai-responses", "response.completed"),
    ("anthropic", "message_stop"),
    ("gemini", "finishReason"),
    ("ai-sdk", "[DONE]"),
    ("ag-ui", "RUN_FINISHED"),
];

/// The stream of an answer to `query`, and whether the response is complete.
async fn stream(server: &Server, query: &str) -> (String, bool) {
    let response = server
        .request(&format!("GET /stream?interval=0&{query}"), "")
        .await;
    assert_eq!(response.status(), "200", "{query}");
    let stream = String::from_utf8(chunks(&response.body).concat()).expect("UTF-8");
    (stream, response.body.ends_with(LAST_CHUNK.as_bytes()))
}

#[tokio::test]
async fn each_answer_has_exactly_the_events_of_its_api() {
    let server = Server::start().await;
    let whole = "parts=reasoning,text,tool,usage&text=Hi%20there";
    let failed = "parts=text,error&text=Hi%20there";
    for (query, expected) in [
        (
            format!("data=openai&{whole}"),
            include_str!("answers/openai.txt"),
        ),
        (
            format!("data=openai&{failed}"),
            include_str!("answers/openai-error.txt"),
        ),
        (
            format!("data=openai-responses&{whole}"),
            include_str!("answers/openai-responses.txt"),
        ),
        (
            format!("data=openai-responses&{failed}"),
            include_str!("answers/openai-responses-error.txt"),
        ),
        (
            format!("data=anthropic&{whole}"),
            include_str!("answers/anthropic.txt"),
        ),
        (
            format!("data=anthropic&{failed}"),
            include_str!("answers/anthropic-error.txt"),
        ),
        (
            format!("data=gemini&{whole}"),
            include_str!("answers/gemini.txt"),
        ),
        (
            format!("data=gemini&{failed}"),
            include_str!("answers/gemini-error.txt"),
        ),
        (
            format!("data=ai-sdk&{whole}"),
            include_str!("answers/ai-sdk.txt"),
        ),
        (
            format!("data=ai-sdk&{failed}"),
            include_str!("answers/ai-sdk-error.txt"),
        ),
        (
            format!("data=ag-ui&{whole}"),
            include_str!("answers/ag-ui.txt"),
        ),
        (
            format!("data=ag-ui&{failed}"),
            include_str!("answers/ag-ui-error.txt"),
        ),
    ] {
        let (stream, is_complete) = stream(&server, &query).await;
        assert_eq!(stream, expected, "{query}");
        assert!(is_complete, "{query}");
    }
}

#[tokio::test]
async fn an_answer_can_be_cut_short_under_status_200() {
    let server = Server::start().await;
    for (api, end) in APIS {
        let (all, _) = stream(&server, &format!("data={api}")).await;
        let last = all.trim_end().rsplit("\n\n").next().expect("an event");
        assert!(last.contains(end), "{api}: {last}");
        let count = events(all.as_bytes()).len();
        // After the event before the last, and a complete response all the same.
        let after = count - 1;
        let (cut, is_complete) = stream(&server, &format!("data={api}&after={after}")).await;
        assert_eq!(cut, all[..all.len() - last.len() - 2], "{api}");
        assert!(is_complete, "{api}");
        // In the middle of the last event.
        let query = format!("data={api}&after={after}&end=truncate");
        let (half, is_complete) = stream(&server, &query).await;
        assert_eq!(half, all[..cut.len() + last.len().div_ceil(2)], "{api}");
        assert!(!is_complete, "{api}");
    }
}

#[tokio::test]
async fn an_answer_is_resumed_until_complete() {
    let server = Server::start().await;
    for (api, _) in APIS {
        let query = format!("data={api}&interval=0&id=seq&resume=replay&parts=tool,text,usage");
        let response = server.request(&format!("GET /stream?{query}"), "").await;
        let all = events(&chunks(&response.body).concat());
        let mut received = Vec::new();
        let mut last = String::new();
        loop {
            let ask = format!("GET /stream?{query}&after=30&lastEventId={last}");
            let response = server.request(&ask, "").await;
            if response.status() == "204" {
                break;
            }
            for event in events(&chunks(&response.body).concat()) {
                last.clone_from(&event.2);
                received.push(event);
            }
        }
        assert_eq!(received, all, "{api}");
    }
}

#[tokio::test]
async fn only_the_ai_sdk_has_a_header_of_its_own() {
    let server = Server::start().await;
    for (api, _) in APIS {
        let ask = format!("GET /stream?data={api}&interval=0");
        let head = server.request(&ask, "").await.head.to_lowercase();
        let has_header = head.contains("\r\nx-vercel-ai-ui-message-stream: v1\r\n");
        assert_eq!(has_header, api == "ai-sdk", "{head}");
    }
}

#[tokio::test]
async fn an_event_with_all_of_a_long_text_is_complete() {
    let server = Server::start().await;
    // Characters whose JSON is six times as long.
    let query = "data=openai-responses&count=10000&text=%01%02%03%04%05%06";
    let (stream, is_complete) = stream(&server, query).await;
    assert!(is_complete);
    let events = events(stream.as_bytes());
    assert_eq!(events.len(), 10_000);
    let mut joined = String::new();
    for (_, data, _) in &events {
        let data: serde_json::Value = serde_json::from_str(data).expect("JSON");
        joined += data["delta"].as_str().unwrap_or_default();
        if data["type"] == "response.completed" {
            assert_eq!(data["response"]["output"][0]["content"][0]["text"], *joined);
        }
    }
    assert_eq!(joined.len(), 6 * (10_000 - 8));
}
