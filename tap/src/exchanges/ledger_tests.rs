use std::net::Ipv4Addr;

use super::*;

fn key() -> Key {
    Key {
        tap: "a".to_owned(),
        method: "GET".to_owned(),
        target: "/events".to_owned(),
        client: Ipv4Addr::LOCALHOST.into(),
        agent: None,
    }
}

/// A client that connects with each `Last-Event-ID` and receives the IDs beside it; its last connection.
fn resumed(connections: &[(&str, &str)]) -> Connection {
    let mut ledger = Ledger::default();
    for (id, (sent, ids)) in (1..).zip(connections) {
        ledger.connect(
            &key(),
            id,
            id as f64,
            Some(*sent).filter(|sent| !sent.is_empty()),
        );
        for event_id in ids.split_whitespace() {
            ledger.event_id(&key(), id, event_id);
        }
        ledger.end(&key(), id, id as f64 + 0.25, "The end.");
    }
    ledger.of(&key()).pop().expect("a connection")
}

#[test]
fn what_was_lost_repeated_or_reordered_is_found_by_id() {
    for (connections, lost, repeated, reordered) in [
        // Resumed as it should be.
        (&[("", "1 2 3"), ("3", "4 5")][..], "", "", ""),
        // The client had not processed 3: it is sent again, which is no repetition.
        (&[("", "1 2 3"), ("2", "3 4")], "", "", ""),
        // 3 was sent before the cut, and is not sent again.
        (&[("", "1 2 3"), ("2", "4 5")], "3", "", ""),
        // Sent while nobody was connected.
        (&[("", "1 2 3"), ("3", "6 7")], "4 5", "", ""),
        (&[("", "1 2 3"), ("2", "5")], "3 4", "", ""),
        // The server starts again.
        (&[("", "1 2 3"), ("3", "1 2 3 4")], "", "1 2 3", ""),
        (&[("", "1 2 3"), ("3", "2 3 4")], "", "2 3", ""),
        // Without Last-Event-ID.
        (&[("", "1 2 3"), ("", "1 2 3 4")], "", "1 2 3", ""),
        (&[("", "1 2 3"), ("", "4")], "", "", ""),
        (&[("", "1 2 3"), ("", "6")], "4 5", "", ""),
        // In another order.
        (&[("", "a b c d"), ("a", "c b d e")], "", "", "b"),
        (&[("", "a b c d"), ("a", "c e b d")], "", "", "b d"),
        // IDs that do not count: nothing is known of what was sent meanwhile.
        (&[("", "10 20 30"), ("30", "50")], "", "", ""),
        (&[("", "a b"), ("b", "d")], "", "", ""),
        // An ID that nobody sent.
        (&[("", "1 2 3"), ("x", "4")], "", "", ""),
        // Over several connections.
        (&[("", "1 2"), ("2", ""), ("2", "4")], "3", "", ""),
        (&[("", "1 2 3"), ("2", ""), ("2", "3 4")], "", "", ""),
    ] {
        let last = resumed(connections);
        let found = [&last.lost, &last.repeated, &last.reordered].map(|ids| ids.join(" "));
        assert_eq!(found, [lost, repeated, reordered], "{connections:?}");
        assert_eq!(last.more, 0);
    }
}

#[test]
fn the_delay_is_measured_against_the_time_that_was_declared_before() {
    let mut ledger = Ledger::default();
    ledger.retry(&key(), 1);
    ledger.connect(&key(), 1, 1000.0, None);
    ledger.retry(&key(), 3000);
    ledger.end(&key(), 1, 1500.0, "The client left.");
    ledger.connect(&key(), 2, 4512.5, Some("7"));
    ledger.retry(&key(), 5000);
    let [first, second] = ledger.of(&key()).try_into().expect("two connections");
    assert_eq!((first.delay, first.retry), (None, None));
    assert_eq!(first.end.as_deref(), Some("The client left."));
    assert_eq!((second.delay, second.retry), (Some(3012.5), Some(3000)));
    assert_eq!(second.sent.as_deref(), Some("7"));
    assert_eq!(second.end, None);
    // A second client like it, while the first is connected: no time between them.
    ledger.connect(&key(), 3, 5000.0, None);
    assert_eq!(ledger.of(&key()).pop().and_then(|third| third.delay), None);
}

#[test]
fn what_is_remembered_has_bounds() {
    let mut ledger = Ledger::default();
    for client in 0..MAX_SERIES + 10 {
        let key = Key {
            target: client.to_string(),
            ..key()
        };
        ledger.connect(&key, 1, 0.0, None);
    }
    assert_eq!(ledger.series.len(), MAX_SERIES);
    ledger.connect(&key(), 1, 0.0, None);
    for id in 0..MAX_IDS + 10 {
        ledger.event_id(&key(), 1, &format!("{id}{}", "é".repeat(1000)));
    }
    for id in 2..MAX_CONNECTIONS as u64 + 10 {
        ledger.connect(&key(), id, 0.0, None);
    }
    let series = &ledger.series[&key()];
    assert_eq!(series.ids.order.len(), MAX_IDS);
    assert_eq!(series.ids.places.len(), MAX_IDS);
    assert!(series.ids.order.iter().all(|id| id.len() <= MAX_ID));
    assert_eq!(series.connections.len(), MAX_CONNECTIONS);
}

#[test]
fn long_lists_are_cut_and_counted() {
    let last = resumed(&[("", "1 2 3"), ("3", "1000000 1000001")]);
    assert_eq!(last.lost.len(), MAX_LISTED);
    assert_eq!(last.lost[0], "4");
    assert_eq!(last.more, 1_000_000 - 4 - MAX_LISTED as u64);
}
