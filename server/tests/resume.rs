//! Streams that are resumed by the last event ID, over raw sockets.

mod raw;

use raw::{Server, chunks, events};

/// The numbers of the events that a client receives, in order, if it reconnects until status 204.
async fn received_with_reconnection(server: &Server, query: &str, cuts: usize) -> Vec<u64> {
    let mut seen = Vec::new();
    let mut last = String::new();
    for _ in 0..=cuts {
        let header = match last.as_str() {
            "" => String::new(),
            id => format!("last-event-id: {id}\r\n"),
        };
        let response = server
            .request(&format!("GET /stream?{query}"), &header)
            .await;
        if response.status() == "204" {
            break;
        }
        let body = chunks(&response.body).concat();
        for (_, data, id) in events(&body) {
            seen.push(data.parse().expect("a number"));
            last = id;
        }
    }
    seen
}

#[tokio::test]
async fn a_thousand_reconnections_miss_and_repeat_exactly_what_is_asked() {
    let server = Server::start().await;
    let mut rng = fastrand::Rng::with_seed(1);
    let mut cuts = 0;
    while cuts < 1_000 {
        let (after, count) = (rng.u64(1..8), rng.u64(20..60));
        let query = |resume| {
            format!("interval=0&data=seq&id=seq&count={count}&after={after}&resume={resume}")
        };
        let parts = usize::try_from(count.div_ceil(after)).expect("few");
        let replayed = received_with_reconnection(&server, &query("replay"), parts).await;
        assert_eq!(
            replayed,
            (0..count).collect::<Vec<_>>(),
            "{}",
            query("replay")
        );
        cuts += parts;

        let gaps = received_with_reconnection(&server, &query("gap"), parts).await;
        let expected: Vec<_> = (0..count).filter(|n| n % (after + 3) < after).collect();
        assert_eq!(gaps, expected, "{}", query("gap"));

        if after > 3 {
            let repeated = received_with_reconnection(&server, &query("repeat"), 3).await;
            let expected: Vec<_> = (0..4)
                .flat_map(|part| (part * (after - 3)..).take(after as usize))
                .collect();
            assert_eq!(repeated, expected, "{}", query("repeat"));
        }
        let ignored = received_with_reconnection(&server, &query("ignore"), 2).await;
        let expected: Vec<_> = (0..3).flat_map(|_| 0..after).collect();
        assert_eq!(ignored, expected, "{}", query("ignore"));
    }
}

#[tokio::test]
async fn model_tokens_are_resumed_until_complete() {
    let server = Server::start().await;
    let query = "data=tokens&interval=0&id=seq&resume=replay";
    let response = server.request(&format!("GET /stream?{query}"), "").await;
    let all = events(&chunks(&response.body).concat());
    let mut pieces = Vec::new();
    let mut last = String::new();
    loop {
        let ask = format!("GET /stream?{query}&after=7&lastEventId={last}");
        let response = server.request(&ask, "").await;
        if response.status() == "204" {
            break;
        }
        for event in events(&chunks(&response.body).concat()) {
            last.clone_from(&event.2);
            pieces.push(event);
        }
    }
    assert_eq!(pieces, all);
}

#[tokio::test]
async fn any_server_resumes_any_client_by_time_id() {
    // Two servers without shared state.
    let servers = [Server::start().await, Server::start().await];
    let query = "id=time&interval=5ms&data=seq&count=7&resume=replay";
    let mut seen: Vec<u64> = Vec::new();
    let mut last = String::new();
    for turn in 0..20 {
        let ask = match last.as_str() {
            "" => format!("GET /stream?{query}"),
            // In the query, like clients that cannot set the header.
            id => format!("GET /stream?{query}&lastEventId={id}"),
        };
        let response = servers[turn % 2].request(&ask, "").await;
        for (_, data, id) in events(&chunks(&response.body).concat()) {
            seen.push(data.parse().expect("a number"));
            last = id;
        }
    }
    assert_eq!(seen.len(), 140);
    assert!(
        seen.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{seen:?}"
    );
}

#[tokio::test]
async fn missed_events_are_reported() {
    let server = Server::start().await;
    let unknown = server
        .request(
            "GET /stream?id=seq&data=seq&count=1&resume=replay",
            "last-event-id: not-mine\r\n",
        )
        .await;
    let body = chunks(&unknown.body).concat();
    assert_eq!(
        String::from_utf8_lossy(&body),
        "retry: 10000\nevent: incomplete\ndata: {\"missed\":null}\n\nid: 0\ndata: 0\n\n"
    );
    let long_ago = server
        .request(
            "GET /stream?id=time&data=seq&count=1&resume=replay&interval=1s&lastEventId=1000",
            "",
        )
        .await;
    let events = events(&chunks(&long_ago.body).concat());
    assert_eq!(events[0].0, "incomplete");
    let missed: serde_json::Value = serde_json::from_str(&events[0].1).expect("JSON");
    let first: u64 = events[1].1.parse().expect("a number");
    assert_eq!(
        missed["missed"],
        first - 2,
        "counted from the event after ID 1000"
    );
}

#[tokio::test]
async fn a_client_with_all_events_gets_204() {
    let server = Server::start().await;
    for (id, status) in [("7", "200"), ("8", "204"), ("900", "204")] {
        let query = "GET /stream?id=seq&count=9&interval=0&resume=replay";
        let response = server
            .request(query, &format!("last-event-id: {id}\r\n"))
            .await;
        assert_eq!(response.status(), status, "{id}");
    }
}
