use std::{net::SocketAddr, time::Duration};

use super::*;

const BOUNDS: Bounds = Bounds {
    exchange: 10_000,
    total: 30_000,
    count: 5,
};

fn begin(exchanges: &Exchanges) -> Recorder {
    exchanges.begin(Begun {
        tap: "a".into(),
        url: "http://a/".to_owned(),
        method: "GET".to_owned(),
        path: "/".to_owned(),
        client: SocketAddr::from(([127, 0, 0, 1], 1)),
        line: "GET / HTTP/1.1".to_owned(),
        headers: Vec::new(),
        control: Arc::default(),
    })
}

fn read(recorder: &Recorder, bytes: &[u8]) {
    recorder.read(&Read {
        at: 1.0,
        bytes,
        seen: &Seen::default(),
        taken: Taken::All(Duration::ZERO),
    });
}

fn end(recorder: &Recorder) {
    recorder.end(End::new(EndKind::Complete, "The end."));
}

/// The IDs that are kept, and whether the costs add up.
fn kept(exchanges: &Exchanges) -> Vec<u64> {
    let kept = exchanges.lock();
    let sum: usize = kept.exchanges.values().map(Exchange::cost).sum();
    assert_eq!(sum, kept.cost);
    let changes: Vec<_> = kept
        .changes
        .iter()
        .map(|(change, id)| (*id, *change))
        .collect();
    let mut by_id: Vec<_> = kept
        .exchanges
        .values()
        .map(|one| (one.id, one.changed))
        .collect();
    by_id.sort_by_key(|(_, change)| *change);
    assert_eq!(changes, by_id);
    kept.exchanges.keys().copied().collect()
}

fn gone(exchanges: &Exchanges, id: u64) -> u64 {
    exchanges.lock().exchanges[&id].copy.gone
}

#[test]
fn a_long_exchange_drops_its_own_beginning() {
    let exchanges = Exchanges::new(BOUNDS);
    let recorder = begin(&exchanges);
    for _ in 0..100 {
        read(&recorder, &[b'x'; 1000]);
    }
    assert_eq!(kept(&exchanges), [1]);
    assert!(exchanges.cost() <= BOUNDS.exchange);
    assert!(
        (92_000..95_000).contains(&gone(&exchanges, 1)),
        "{}",
        gone(&exchanges, 1)
    );
    // One read that is too long in itself.
    read(&recorder, &[b'x'; 20_000]);
    assert_eq!(gone(&exchanges, 1), 120_000);
    kept(&exchanges);
}

#[test]
fn the_oldest_exchanges_that_are_over_go_first() {
    let exchanges = Exchanges::new(BOUNDS);
    let open = begin(&exchanges);
    let over: Vec<_> = (0..3).map(|_| begin(&exchanges)).collect();
    for recorder in over.iter().chain([&open]) {
        read(recorder, &[b'x'; 4500]);
    }
    // Not in the order of their beginning.
    end(&over[2]);
    end(&over[0]);
    let late = begin(&exchanges);
    for _ in 0..3 {
        read(&late, &[b'x'; 2500]);
    }
    assert_eq!(kept(&exchanges), [1, 3, 4, 5]);
    let also = begin(&exchanges);
    read(&also, &[b'x'; 4800]);
    assert_eq!(kept(&exchanges), [1, 3, 5, 6]);
    assert!([1, 3, 5, 6].iter().all(|id| gone(&exchanges, *id) == 0));
    // None is over: the longest copy gets shorter.
    let more = begin(&exchanges);
    read(&more, &[b'x'; 7000]);
    assert_eq!(kept(&exchanges), [1, 3, 5, 6, 7]);
    assert!(exchanges.cost() <= BOUNDS.total);
    assert!(gone(&exchanges, 5) > 0);
}

#[test]
fn no_more_than_a_number_of_exchanges_is_kept() {
    let exchanges = Exchanges::new(Bounds {
        count: 3,
        ..Bounds::default()
    });
    let open = begin(&exchanges);
    for _ in 0..10 {
        end(&begin(&exchanges));
    }
    assert_eq!(kept(&exchanges), [1, 9, 10, 11]);
    // What is reported of one that is gone has no effect.
    let lost = Recorder::new(exchanges.clone(), 5);
    read(&lost, b"x");
    end(&lost);
    drop(open);
    assert_eq!(kept(&exchanges), [1, 9, 10, 11]);
}

#[test]
fn a_bound_of_nothing_keeps_what_is_needed() {
    let exchanges = Exchanges::new(Bounds {
        exchange: 0,
        total: 0,
        count: 0,
    });
    let recorder = begin(&exchanges);
    read(&recorder, b"data: 1\n\n");
    end(&recorder);
    assert_eq!(kept(&exchanges), [1]);
    assert_eq!(gone(&exchanges, 1), 9);
    end(&begin(&exchanges));
    assert_eq!(kept(&exchanges), [2]);
}

/// What a viewer of the list gets: IDs, and those that are gone.
fn list(exchanges: &Exchanges, cursor: &mut ListCursor) -> (Vec<u64>, Vec<u64>) {
    let mut ids = Vec::new();
    let mut gone = Vec::new();
    loop {
        let listed = exchanges.list(cursor).expect("not too far behind");
        for exchange in &listed.exchanges {
            let json = serde_json::to_value(exchange).expect("JSON");
            ids.push(json["id"].as_u64().expect("an ID"));
        }
        gone.extend(listed.gone.into_iter().flat_map(|gone| gone.ids));
        if !listed.has_more {
            return (ids, gone);
        }
    }
}

#[test]
fn each_viewer_sees_each_change_once() {
    let exchanges = Exchanges::new(Bounds {
        count: 2,
        ..Bounds::default()
    });
    let recorders: Vec<_> = (0..500).map(|_| begin(&exchanges)).collect();
    let mut first = ListCursor::default();
    assert_eq!(list(&exchanges, &mut first), ((1..=500).collect(), vec![]));
    assert_eq!(list(&exchanges, &mut first), (vec![], vec![]));
    read(&recorders[6], b"x");
    read(&recorders[2], b"x");
    let mut second = ListCursor::default();
    assert_eq!(list(&exchanges, &mut second).0.len(), 500);
    read(&recorders[6], b"y");
    read(&recorders[0], b"y");
    assert_eq!(list(&exchanges, &mut second), (vec![7, 1], vec![]));
    read(&recorders[0], b"z");
    assert_eq!(list(&exchanges, &mut first), (vec![3, 7, 1], vec![]));
    assert_eq!(list(&exchanges, &mut second), (vec![1], vec![]));
    for recorder in &recorders[..4] {
        end(recorder);
    }
    assert_eq!(list(&exchanges, &mut first), (vec![3, 4], vec![1, 2]));
    kept(&exchanges);
}

#[test]
fn a_viewer_that_missed_what_was_dropped_starts_again() {
    let exchanges = Exchanges::new(Bounds {
        count: 0,
        ..Bounds::default()
    });
    let mut cursor = ListCursor::default();
    list(&exchanges, &mut cursor);
    for _ in 0..MAX_DROPPED + 1 {
        end(&begin(&exchanges));
    }
    let (_, gone) = list(&exchanges, &mut cursor);
    assert_eq!(gone.len(), MAX_DROPPED);
    for _ in 0..MAX_DROPPED + 1 {
        end(&begin(&exchanges));
    }
    assert!(exchanges.list(&mut cursor).is_none());
}
