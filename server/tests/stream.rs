//! Each parameter and each fault of `/stream` over raw sockets: the bytes, and how the connection
//! ends. `resume.rs` has the tests of resumption, `src/generator/writer/tests.rs` those of any
//! combination of parameters.

mod raw;

use std::{
    io::{ErrorKind, Read},
    time::Duration,
};

use memchr::memmem;
use raw::{Connection, GET_STREAM, LAST_CHUNK, PATIENCE, Response, Server, chunks, events};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, timeout},
};

/// How a response ended.
#[derive(Debug, PartialEq, Eq)]
enum Ending {
    /// With the last chunk.
    Complete,
    /// The connection was closed before the last chunk.
    Truncated,
    /// The connection was reset.
    Reset,
}

/// The chunks of the response to `query`, and how it ended.
async fn all(server: &Server, query: &str) -> (Vec<Vec<u8>>, Ending) {
    let request =
        format!("GET /stream?{query} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    let mut connection = server.send(&request).await;
    let reading = connection.tcp.read_to_end(&mut connection.received);
    let result = timeout(PATIENCE, reading).await.expect("an end in time");
    let response = Response::parse(&connection.received);
    assert_eq!(response.status(), "200", "{query}: {}", response.head);
    let ending = match result {
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{query}");
            Ending::Reset
        }
        Ok(_) if response.body.ends_with(LAST_CHUNK.as_bytes()) => Ending::Complete,
        Ok(_) => Ending::Truncated,
    };
    (chunks(&response.body), ending)
}

async fn text(server: &Server, query: &str) -> String {
    let (chunks, ending) = all(server, query).await;
    assert_eq!(ending, Ending::Complete, "{query}");
    String::from_utf8(chunks.concat()).expect("UTF-8")
}

#[tokio::test]
async fn signal_parameters() {
    let server = Server::start().await;
    for (query, expected) in [
        (
            "data=seq&count=2&interval=1",
            "retry: 10000\ndata: 0\n\ndata: 1\n\n",
        ),
        (
            "data=seq&count=3&interval=1&event=a,,b&retry=none",
            "event: a\ndata: 0\n\ndata: 1\n\nevent: b\ndata: 2\n\n",
        ),
        (
            "size=6&count=1&id=seq&retry=250ms",
            "retry: 250\nid: 0\ndata: 0 xxxx\n\n",
        ),
        (
            "data=seq&lines=3&count=1&retry=none",
            "data: 0\ndata: line 2\ndata: line 3\n\n",
        ),
        (
            "data=seq&burst=2&count=3&interval=30ms&retry=none",
            "data: 0\n\ndata: 1\n\ndata: 2\n\n",
        ),
    ] {
        assert_eq!(text(&server, query).await, expected, "{query}");
    }
    let json = text(&server, "data=json&count=50&interval=0&seed=3").await;
    let json = events(json.as_bytes());
    assert_eq!(json.len(), 50);
    for (number, (_, data, _)) in json.iter().enumerate() {
        let object: serde_json::Value = serde_json::from_str(data).expect("JSON");
        assert_eq!(object["n"], number);
    }
}

#[tokio::test]
async fn model_tokens_join_to_an_answer() {
    let server = Server::start().await;
    let stream = text(&server, "data=tokens&interval=0").await;
    let events = events(stream.as_bytes());
    let mut answer = String::new();
    for (_, data, _) in &events[..events.len() - 1] {
        let chunk: serde_json::Value = serde_json::from_str(data).expect("JSON");
        answer += chunk["choices"][0]["delta"]["content"]
            .as_str()
            .unwrap_or_default();
    }
    assert!(answer.starts_with("Server-Sent Events are one HTTP response"));
    assert!(answer.ends_with("each an event of its own."));
    assert_eq!(events.last().expect("some").1, "[DONE]");
}

#[tokio::test]
async fn time_ids_follow_the_clock() {
    let server = Server::start().await;
    let stream = text(&server, "id=time&interval=40ms&count=5&data=seq").await;
    let ids: Vec<u64> = events(stream.as_bytes())
        .iter()
        .map(|(_, _, id)| id.parse().expect("a number"))
        .collect();
    let now = jiff::Timestamp::now().as_millisecond() as u64;
    assert!(
        ids.windows(2).all(|pair| pair[1] == pair[0] + 40),
        "{ids:?}"
    );
    assert!(
        ids[0].is_multiple_of(40) && (now - 20_000..=now).contains(&ids[4]),
        "{ids:?}"
    );
}

#[tokio::test]
async fn heartbeats_between_events() {
    let server = Server::start().await;
    let request =
        "GET /stream?interval=3600s&data=seq&heartbeat=30ms HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut stream = server.send(request).await;
    let received = stream
        .until(|received| received.matches(": heartbeat\n\n").count() >= 3)
        .await;
    assert_eq!(received.matches("data: ").count(), 1);
}

#[tokio::test]
async fn bursts_and_jitter_follow_the_interval() {
    let server = Server::start().await;
    let began = Instant::now();
    let (chunks, _) = all(&server, "data=seq&burst=3&count=9&interval=60ms&retry=none").await;
    assert!(began.elapsed() >= Duration::from_millis(120));
    let events: Vec<_> = chunks
        .iter()
        .map(|chunk| memmem::find_iter(chunk, "\n\n").count())
        .collect();
    assert_eq!(events, [3, 3, 3], "each burst is one write");
    let began = Instant::now();
    let jittery = "data=seq&count=4&interval=20ms&jitter=100ms&seed=5";
    assert_eq!(text(&server, jittery).await.matches("data: ").count(), 4);
    assert!(began.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn the_same_seed_gives_the_same_bytes_in_the_same_writes() {
    let server = Server::start().await;
    for query in [
        "data=json&newline=mixed&interval=0&count=300&split=7&id=seq",
        "data=tokens&interval=1ms&jitter=2ms&newline=mixed",
        "data=json&interval=0&count=2000&hold=1k&size=200",
    ] {
        let first = all(&server, &format!("{query}&seed=42")).await;
        assert_eq!(
            all(&server, &format!("{query}&seed=42")).await,
            first,
            "{query}"
        );
        let other = all(&server, &format!("{query}&seed=43")).await;
        assert_ne!(other.0, first.0, "{query}");
    }
}

#[tokio::test]
async fn the_body_of_a_request_is_read_so_that_the_end_of_the_stream_arrives() {
    let server = Server::start().await;
    let head = "POST /stream?data=seq&count=2&interval=0 HTTP/1.1\r\nhost: localhost\r\n";
    let body = "x".repeat(100_000);
    let length = body.len();
    let mut connection = server
        .send(&format!(
            "{head}content-length: {length}\r\nexpect: 100-continue\r\n\r\n"
        ))
        .await;
    // The server sends this when it begins to read.
    connection
        .until(|received| received.starts_with("HTTP/1.1 100 Continue\r\n\r\n"))
        .await;
    let writing = connection.tcp.write_all(body.as_bytes());
    writing.await.expect("the server reads");
    connection.until_end_of_body().await;
    // A connection with bytes that nobody read cannot be used again: the server closes it.
    connection.received.clear();
    let next = format!("{head}\r\n");
    let writing = connection.tcp.write_all(next.as_bytes());
    writing.await.expect("the server reads");
    connection.until_end_of_body().await;
    let response = String::from_utf8_lossy(&connection.received);
    assert!(response.contains("data: 1\n\n"), "{response}");
}

#[tokio::test]
async fn framing_parameters() {
    let server = Server::start().await;
    for (query, expected) in [
        ("newline=lf", "retry: 10000\nid: 0\ndata: 0\n\n"),
        ("newline=cr", "retry: 10000\rid: 0\rdata: 0\r\r"),
        ("newline=crlf", "retry: 10000\r\nid: 0\r\ndata: 0\r\n\r\n"),
        ("bom", "\u{FEFF}retry: 10000\nid: 0\ndata: 0\n\n"),
    ] {
        let query = format!("data=seq&count=1&id=seq&{query}");
        assert_eq!(text(&server, &query).await, expected);
    }
    let (chunks, _) = all(&server, "data=seq&count=1&retry=none&split=4").await;
    assert_eq!(chunks, [b"data".as_slice(), b": 0\n", b"\n"]);
    let mixed = text(&server, "data=seq&count=300&interval=0&newline=mixed").await;
    assert_eq!(events(mixed.as_bytes()).len(), 300);
}

#[tokio::test]
async fn held_bytes_are_released_at_once() {
    let server = Server::start().await;
    let (chunks, _) = all(&server, "data=seq&count=12&interval=10ms&hold=60ms").await;
    let events = |chunk: &[u8]| memmem::find_iter(chunk, "\n\n").count();
    assert!(
        chunks.len() < 6 && chunks.iter().any(|chunk| events(chunk) > 1),
        "{} chunks",
        chunks.len()
    );
    let (chunks, _) = all(&server, "size=100&count=100&interval=0&hold=1k&split=900").await;
    let (last, others) = chunks.split_last().expect("some");
    assert!(others.iter().all(|chunk| chunk.len() <= 900) && last.len() <= 900);
}

#[tokio::test]
async fn each_compressed_write_can_be_decompressed() {
    let server = Server::start().await;
    let request = "GET /stream?data=seq&interval=20ms&gzip HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut connection = server.send(request).await;
    let mut decompressed = String::new();
    while decompressed.matches("data: ").count() < 3 {
        assert_ne!(
            connection
                .tcp
                .read_buf(&mut connection.received)
                .await
                .expect("open"),
            0
        );
        let Some(head) = memmem::find(&connection.received, b"\r\n\r\n") else {
            continue;
        };
        let compressed = chunks(&connection.received[head + 4..]).concat();
        decompressed.clear();
        let mut decoder = flate2::read::GzDecoder::new(&compressed[..]);
        let mut byte = [0];
        // Until all that was received is decompressed.
        while matches!(decoder.read(&mut byte), Ok(1)) {
            decompressed.push(byte[0].into());
        }
    }
    let response = Response::parse(&connection.received);
    assert_eq!(response.header("content-encoding"), Some("gzip"));
    let (chunks, _) = all(&server, "data=seq&count=3&interval=0&gzip&retry=none").await;
    let mut complete = String::new();
    flate2::read::GzDecoder::new(&chunks.concat()[..])
        .read_to_string(&mut complete)
        .expect("complete");
    assert_eq!(complete, "data: 0\n\ndata: 1\n\ndata: 2\n\n");
}

#[tokio::test]
async fn response_parameters() {
    let server = Server::start().await;
    for (query, status, kind, cors) in [
        (
            "count=0",
            "200",
            Some("text/event-stream; charset=utf-8"),
            true,
        ),
        (
            "status=201&count=0",
            "201",
            Some("text/event-stream; charset=utf-8"),
            true,
        ),
        ("status=204", "204", None, true),
        ("status=404", "404", Some("text/plain; charset=utf-8"), true),
        ("status=599", "599", Some("text/plain; charset=utf-8"), true),
        (
            "status=500&type=application/json",
            "500",
            Some("application/json"),
            true,
        ),
        ("type=text/html&count=0", "200", Some("text/html"), true),
        ("type=none&count=0", "200", None, true),
        (
            "cors=none&count=0",
            "200",
            Some("text/event-stream; charset=utf-8"),
            false,
        ),
        (
            "cors=none&status=500",
            "500",
            Some("text/plain; charset=utf-8"),
            false,
        ),
    ] {
        let response = server.request(&format!("GET /stream?{query}"), "").await;
        assert_eq!(response.status(), status, "{query}");
        if status != "204" {
            assert_eq!(response.header("content-type"), kind, "{query}");
        }
        let origin = response.header("access-control-allow-origin");
        assert_eq!(origin, cors.then_some("*"), "{query}");
        assert_eq!(response.header("access-control-allow-credentials"), None);
    }
    // A link must not be able to make the server send a page that acts as its own.
    let page = server
        .request("GET /stream?type=text/html&raw=PHNjcmlwdD4", "")
        .await;
    assert_eq!(
        page.header("content-security-policy"),
        Some("sandbox; default-src 'none'")
    );
    let asked = Instant::now();
    let late = server.request("GET /stream?delay=150ms&count=0", "").await;
    assert_eq!(late.status(), "200");
    assert!(asked.elapsed() >= Duration::from_millis(150));
}

#[tokio::test]
async fn redirections_lead_to_the_stream() {
    let server = Server::start().await;
    let mut path = "/stream?data=seq&redirect=3&count=1&status=302&event=a%26b".to_owned();
    for left in (0..3).rev() {
        let hop = server.request(&format!("GET {path}"), "").await;
        assert_eq!(hop.status(), "302");
        path = hop.header("location").expect("a location").to_owned();
        assert!(path.starts_with("/stream?"), "{path}");
        assert_eq!(
            path.contains(&format!("redirect={left}")),
            left > 0,
            "{path}"
        );
    }
    let query = path.strip_prefix("/stream?").expect("the path");
    assert_eq!(
        text(&server, query).await,
        "retry: 10000\nevent: a&b\ndata: 0\n\n"
    );
    let hop = server.request("GET /stream?redirect=1", "").await;
    assert_eq!(
        (hop.status(), hop.header("location")),
        ("307", Some("/stream?"))
    );
}

#[tokio::test]
async fn a_stream_ends_as_the_query_asks() {
    let server = Server::start().await;
    let two = "retry: 10000\ndata: 0\n\ndata: 1\n\n";
    for (end, expected, ending) in [
        ("close", two.to_owned(), Ending::Complete),
        ("reset", two.to_owned(), Ending::Reset),
        ("truncate", format!("{two}data"), Ending::Truncated),
    ] {
        for limit in ["after=2", "after=2&count=5"] {
            let query = format!("data=seq&interval=10ms&{limit}&end={end}");
            let (chunks, ended) = all(&server, &query).await;
            assert_eq!(ended, ending, "{query}");
            assert_eq!(
                String::from_utf8_lossy(&chunks.concat()),
                expected,
                "{query}"
            );
        }
    }
    // A reader does not dispatch the truncated event.
    let (chunks, _) = all(&server, "size=100000&count=1&end=truncate").await;
    assert_eq!(events(&chunks.concat()).len(), 1);

    let request =
        "GET /stream?data=seq&interval=1&after=2&end=stall HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut silent = server.send(request).await;
    silent
        .until(|received| received.contains("data: 1\n\n"))
        .await;
    let more = timeout(Duration::from_millis(200), silent.tcp.read_u8()).await;
    assert!(more.is_err(), "open and silent");
    assert_eq!(server.streams.live(), 1);
    drop(silent);
    server.until_live(0).await;
}

#[tokio::test]
async fn raw_bytes_end_as_the_query_asks() {
    let server = Server::start().await;
    for (end, ending) in [
        ("close", Ending::Complete),
        ("reset", Ending::Reset),
        ("truncate", Ending::Truncated),
    ] {
        let (chunks, ended) = all(&server, &format!("raw=ZGF0YTo&split=2&end={end}")).await;
        assert_eq!(chunks, [b"da".as_slice(), b"ta", b":"]);
        assert_eq!(ended, ending);
    }
}

/// hyper writes the streams of these requests, and returns the error of the body.
#[tokio::test]
async fn a_stream_that_hyper_writes_is_reset_as_well() {
    let server = Server::start().await;
    let path = "/stream?data=seq&after=1&end=reset";
    for request in [
        format!("GET {path} HTTP/1.0\r\nhost: localhost\r\n\r\n"),
        format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{{}}"),
    ] {
        let mut connection = server.send(&request).await;
        let reading = connection.tcp.read_to_end(&mut connection.received);
        let result = timeout(PATIENCE, reading).await.expect("an end in time");
        let error = result.expect_err("no reset");
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{request}");
        let response = String::from_utf8_lossy(&connection.received);
        assert!(response.contains("data: 0\n\n"), "{response}");
    }
}

#[tokio::test]
async fn the_query_may_ask_for_no_response() {
    let server = Server::start().await;
    let not_http = "220 mail.example.org ESMTP\r\n";
    for request in [
        "GET PATH HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "GET PATH HTTP/1.0\r\nhost: localhost\r\n\r\n",
        "POST PATH HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}",
    ] {
        for (instead, expected) in [
            ("reset", Err(ErrorKind::ConnectionReset)),
            ("empty", Ok("")),
            ("not-http", Ok(not_http)),
        ] {
            let path = format!("/stream?delay=1&instead={instead}");
            let mut connection = server.send(&request.replace("PATH", &path)).await;
            let reading = connection.tcp.read_to_end(&mut connection.received);
            let result = timeout(PATIENCE, reading).await.expect("an end in time");
            let received = String::from_utf8_lossy(&connection.received);
            let result = result.map(|_| &*received).map_err(|error| error.kind());
            assert_eq!(result, expected, "{request}{instead}");
        }
    }
    server.until_live(0).await;
}

#[tokio::test]
async fn a_stream_is_compressed_without_flushes_only_for_clients_that_accept_it() {
    let server = Server::start().await;
    for (accepts, is_compressed) in [
        ("accept-encoding: deflate, GZIP;q=0.5\r\n", true),
        ("accept-encoding: gzip;q=0, br\r\n", false),
        ("accept-encoding: identity\r\n", false),
        ("", false),
    ] {
        let request = "GET /stream?gzip=unflushed&data=seq&interval=0&count=3";
        let response = server.request(request, accepts).await;
        let coding = is_compressed.then_some("gzip");
        assert_eq!(response.header("content-encoding"), coding, "{accepts}");
        assert_eq!(response.header("vary"), Some("accept-encoding"));
    }
}

#[tokio::test]
async fn corrupt_streams() {
    let server = Server::start().await;
    for (fault, expected) in [
        ("utf8", b"data: 0 caf\xE9\n\n".as_slice()),
        ("nul-id", b"id: 0\0\ndata: 0\n\n"),
        ("no-blank", b"data: 0\n"),
        ("case", b"Data: 0\n\n"),
        ("space", b"data : 0\n\n"),
    ] {
        let query = format!("data=seq&count=1&retry=none&corrupt={fault}");
        let (chunks, ending) = all(&server, &query).await;
        assert_eq!(chunks.concat(), expected, "{fault}");
        assert_eq!(ending, Ending::Complete);
    }
    let bare = text(&server, "count=1&retry=none&corrupt=bare-json").await;
    assert!(
        bare.starts_with("{\"n\":0,") && bare.ends_with("}\n\n"),
        "{bare}"
    );
    let huge = text(&server, "count=1&retry=none&corrupt=huge").await;
    assert_eq!(huge.len(), (64 << 20) + "data: \n\n".len());
    // A browser dispatches no event of these.
    for (fault, dispatched) in [("no-blank", 0), ("case", 0), ("space", 0), ("bare-json", 0)] {
        let stream = text(&server, &format!("count=3&interval=0&corrupt={fault}")).await;
        assert_eq!(events(stream.as_bytes()).len(), dispatched, "{fault}");
    }
}

#[tokio::test]
async fn an_outage_refuses_new_streams_and_ends_open_ones() {
    let server = Server::start().await;
    let always = server.request("GET /stream?outage=1s/1s", "").await;
    assert_eq!(always.status(), "503");
    assert_eq!(always.header("retry-after"), Some("1"));
    assert_eq!(always.header("access-control-allow-origin"), Some("*"));
    assert_eq!(always.text(), "Down, as asked for by outage.\n");
    // Down for 20 ms of each 400 ms, so an open stream ends well within `PATIENCE`.
    loop {
        let request = "GET /stream?data=seq&interval=10ms&outage=20ms/400ms HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        let mut connection = server.send(request).await;
        connection.until_end().await;
        let response = Response::parse(&connection.received);
        if response.status() == "503" {
            continue;
        }
        assert!(response.body.ends_with(LAST_CHUNK.as_bytes()));
        break;
    }
}

#[tokio::test]
async fn a_post_gets_a_stream() {
    let server = Server::start().await;
    let response = server
        .request(
            "POST /stream?data=seq&count=1",
            "content-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
        )
        .await;
    assert_eq!(response.status(), "200");
    assert_eq!(
        chunks(&response.body).concat(),
        b"retry: 10000\ndata: 0\n\n"
    );
}

#[tokio::test]
async fn framing_and_faults_keep_the_default_events() {
    let server = Server::start().await;
    let stream = text(&server, "after=2&newline=crlf").await;
    let lines: Vec<_> = stream.split("\r\n").collect();
    assert_eq!(lines[..2], ["retry: 10000", "event: connecttime"]);
    assert_eq!(events(stream.as_bytes()).len(), 2);
    let mut plain: Connection = server.send(GET_STREAM).await;
    plain
        .until(|received| received.contains("connecttime"))
        .await;
}

#[tokio::test]
async fn the_help_lists_every_parameter_as_text_and_json() {
    let server = Server::start().await;
    let text = server.request("GET /stream/help", "").await;
    assert_eq!(
        text.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    let json = server.request("GET /stream/help.json", "").await;
    assert_eq!(json.header("content-type"), Some("application/json"));
    let json: serde_json::Value = serde_json::from_slice(&json.body).expect("JSON");
    let names: Vec<_> = json["parameters"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|parameter| parameter["name"].as_str().expect("a name"))
        .collect();
    assert!(names.len() == 35, "{names:?}");
    for name in names {
        assert!(text.text().contains(&format!("\n  {name}\n")), "{name}");
    }
    for preset in json["presets"].as_array().expect("a list") {
        let query = preset["query"].as_str().expect("a query");
        assert!(text.text().contains(query));
        let response = server.request(&format!("HEAD /stream?{query}"), "").await;
        assert!(matches!(response.status(), "200" | "503"), "{query}");
    }
}
