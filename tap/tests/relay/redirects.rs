//! Redirects, as Fetch follows them.

use serde_json::json;

use super::support::{Relaying, serve};

/// A server that redirects `/N` to `/N-1`, and answers `/0` with the request that it received there.
async fn countdown() -> String {
    serve(|mut asked| async move {
        let path = asked.request.split(' ').nth(1).expect("a path");
        let left: usize = path[1..].parse().expect("a number");
        if let Some(next) = left.checked_sub(1) {
            asked
                .write(format!("HTTP/1.1 302 Found\r\nlocation: {next}\r\n\r\n"))
                .await;
        } else {
            let request = asked.request.clone();
            asked
                .write(format!("HTTP/1.1 200 OK\r\n\r\n{request}"))
                .await;
        }
    })
    .await
}

#[tokio::test]
async fn each_redirect_is_shown() {
    let origin = countdown().await;
    let asked = json!({
        "url": format!("{origin}/2"), "method": "POST", "body": "b",
        "headers": [["content-type", "text/plain"], ["authorization", "a"]],
    });
    let capture = Relaying::start().await.ask(&asked).await.whole().await;
    let facts = capture.facts();
    assert_eq!(facts["url"], format!("{origin}/0"));
    assert_eq!(
        facts["hops"],
        json!([
            {"url": format!("{origin}/2"), "status": 302, "location": "1"},
            {"url": format!("{origin}/1"), "status": 302, "location": "0"},
        ])
    );
    let request = capture.body();
    assert!(request.starts_with("GET /0 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("authorization: a\r\n"), "{request}");
    assert!(!request.contains("content-"), "{request}");
}

#[tokio::test]
async fn credentials_do_not_reach_another_origin() {
    let other = countdown().await;
    let location = other.replace("127.0.0.1", "localhost");
    let origin = serve(move |mut asked| {
        let location = location.clone();
        async move {
            asked
                .write(format!(
                    "HTTP/1.1 307 Temporary\r\nlocation: {location}/0\r\n\r\n"
                ))
                .await;
        }
    })
    .await;
    let asked = json!({
        "url": origin, "method": "POST", "body": "b",
        "headers": [["authorization", "secret"], ["cookie", "secret"], ["host", "a.example"], ["x-key", "k"]],
    });
    let capture = Relaying::start().await.ask(&asked).await.whole().await;
    let request = capture.body();
    assert!(request.starts_with("POST /0 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("host: localhost:"), "{request}");
    assert!(request.contains("x-key: k\r\n"), "{request}");
    assert!(!request.contains("secret"), "{request}");
    assert_eq!(capture.facts()["hops"][0]["status"], 307);
}

#[tokio::test]
async fn twenty_redirects_are_followed_and_no_more() {
    let origin = countdown().await;
    let relaying = Relaying::start().await;
    let capture = relaying.whole(&format!("{origin}/20")).await;
    assert_eq!(capture.facts()["response"]["status"], 200);
    let capture = relaying.whole(&format!("{origin}/21")).await;
    let (kind, phase, text) = capture.failure();
    assert_eq!((&*kind, &*phase), ("redirects", "head"));
    assert!(text.contains("more than 20 times"), "{text}");
    assert_eq!(capture.facts()["hops"].as_array().expect("hops").len(), 21);
}

#[tokio::test]
async fn a_redirect_loop() {
    let origin = serve(|mut asked| async move {
        let next = if asked.request.starts_with("GET /a ") {
            "b"
        } else {
            "a"
        };
        asked
            .write(format!(
                "HTTP/1.1 303 See Other\r\nlocation: /{next}\r\n\r\n"
            ))
            .await;
    })
    .await;
    let capture = Relaying::start().await.whole(&format!("{origin}/a")).await;
    let (kind, _, text) = capture.failure();
    assert_eq!(kind, "redirects");
    assert!(text.contains("circle"), "{text}");
}

#[tokio::test]
async fn a_redirect_that_leads_nowhere() {
    let origin = serve(|mut asked| async move {
        asked
            .write("HTTP/1.1 302 Found\r\nlocation: ftp://a.example/\r\n\r\n")
            .await;
    })
    .await;
    let (kind, _, text) = Relaying::start().await.whole(&origin).await.failure();
    assert_eq!(kind, "redirect");
    assert!(text.contains("ftp://a.example/"), "{text}");
}
