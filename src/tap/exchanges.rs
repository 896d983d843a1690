//! The list of exchanges, within a bound.

use std::{collections::VecDeque, sync::Arc};

use super::{Exchange, Member};
use crate::json::Index;

/// How many exchanges are kept. The server may keep more.
const MOST: usize = 1_000;

/// How many exchanges are shown: each is a row of the page.
pub(crate) const ROWS: usize = 200;

/// A tap: where it listens, and what is behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tap {
    pub(crate) name: String,
    /// The address and port.
    pub(crate) listen: String,
    pub(crate) url: String,
}

/// What the server reports about its taps.
#[derive(Debug, Default)]
pub(crate) struct Exchanges {
    taps: Vec<Tap>,
    /// In the order of their numbers.
    kept: VecDeque<Arc<Exchange>>,
    /// How many exchanges the server dropped for others.
    gone: u64,
}

impl Exchanges {
    /// Applies an event of the server's stream. What is malformed or unknown changes nothing.
    pub(crate) fn apply(&mut self, event_type: &str, data: &str) {
        match event_type {
            // The first event of each connection: all exchanges follow.
            "taps" => {
                *self = Self {
                    taps: taps(data),
                    ..Self::default()
                };
            }
            "exchange" => {
                if let Some(exchange) = Exchange::read(data) {
                    self.keep(exchange);
                }
            }
            "gone" => {
                if let Some(index) = Index::of(data) {
                    let gone = Member::whole(&index);
                    self.gone = gone.get("count").count();
                    for id in gone.get("ids").items() {
                        if let Ok(place) = self.place(id.count()) {
                            self.kept.remove(place);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// Puts an exchange in its place, within the bound: those that are over go first.
    fn keep(&mut self, exchange: Exchange) {
        let exchange = Arc::new(exchange);
        match self.place(exchange.id) {
            Ok(place) => self.kept[place] = exchange,
            Err(place) => self.kept.insert(place, exchange),
        }
        if self.kept.len() > MOST {
            let over = self.kept.iter().position(|exchange| exchange.is_over());
            self.kept.remove(over.unwrap_or_default());
        }
    }

    /// The place of the exchange `id`, or the one that it would have.
    fn place(&self, id: u64) -> Result<usize, usize> {
        self.kept.binary_search_by_key(&id, |exchange| exchange.id)
    }

    pub(crate) fn taps(&self) -> &[Tap] {
        &self.taps
    }

    /// The tap with this name.
    pub(crate) fn tap(&self, name: &str) -> Option<&Tap> {
        self.taps.iter().find(|tap| tap.name == name)
    }

    pub(crate) fn get(&self, id: u64) -> Option<Arc<Exchange>> {
        self.kept.get(self.place(id).ok()?).cloned()
    }

    /// The latest exchange of the client of `exchange`. As in the server, exchanges are of one client if their tap,
    /// method, path, client's host and client's name are the same.
    pub(crate) fn latest_of_client(&self, exchange: &Exchange) -> Option<Arc<Exchange>> {
        let client = |exchange: &Exchange| {
            let host = exchange.client.rsplit_once(':').unwrap_or_default().0;
            [
                &*exchange.tap,
                &*exchange.method,
                &*exchange.path,
                host,
                &*exchange.agent,
            ]
            .join("\n")
        };
        let wanted = client(exchange);
        let mut kept = self.kept.iter().rev();
        kept.find(|other| client(other) == wanted).cloned()
    }

    /// How many exchanges the server dropped for others.
    pub(crate) fn gone(&self) -> u64 {
        self.gone
    }

    /// How many exchanges are not over.
    pub(crate) fn open(&self) -> usize {
        let kept = self.kept.iter();
        kept.filter(|exchange| !exchange.is_over()).count()
    }

    /// How many exchanges are kept, of all or of those that are event streams.
    pub(crate) fn len(&self, only_streams: bool) -> usize {
        self.newest_first(only_streams).count()
    }

    /// The exchanges to show: the newest first, at most [`ROWS`].
    pub(crate) fn rows(&self, only_streams: bool) -> Vec<u64> {
        self.newest_first(only_streams).take(ROWS).collect()
    }

    fn newest_first(&self, only_streams: bool) -> impl Iterator<Item = u64> {
        let kept = self.kept.iter().rev();
        kept.filter(move |exchange| exchange.is_stream || !only_streams)
            .map(|exchange| exchange.id)
    }
}

fn taps(data: &str) -> Vec<Tap> {
    let Some(index) = Index::of(data) else {
        return Vec::new();
    };
    let taps = Member::whole(&index).items().map(|tap| {
        let text = |key| tap.get(key).text().unwrap_or_default();
        Tap {
            name: text("name"),
            listen: text("listen"),
            url: text("url"),
        }
    });
    taps.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(id: usize, state: &str, stream: bool) -> String {
        format!(r#"{{"id":{id},"state":"{state}","stream":{stream}}}"#)
    }

    #[test]
    fn exchanges_are_listed_newest_first_and_change_in_place() {
        let mut all = Exchanges::default();
        all.apply("exchange", &exchange(1, "open", true));
        all.apply("exchange", &exchange(3, "over", false));
        all.apply("exchange", &exchange(2, "waiting", false));
        assert_eq!(all.rows(false), [3, 2, 1]);
        assert_eq!(all.rows(true), [1]);
        assert_eq!((all.len(false), all.len(true), all.open()), (3, 1, 2));
        let (first, other) = (all.get(1), all.get(2));
        all.apply("exchange", &exchange(1, "over", true));
        assert_eq!(all.rows(false), [3, 2, 1]);
        assert_eq!(all.open(), 1);
        assert_ne!(all.get(1), first);
        let same = other.zip(all.get(2));
        assert!(same.is_some_and(|(before, after)| Arc::ptr_eq(&before, &after)));
    }

    #[test]
    fn a_new_connection_begins_a_new_list() {
        let mut all = Exchanges::default();
        all.apply("exchange", &exchange(1, "open", true));
        all.apply("gone", r#"{"ids":[1],"count":4}"#);
        assert_eq!((all.len(false), all.gone()), (0, 4));
        all.apply("exchange", &exchange(2, "open", true));
        all.apply(
            "taps",
            r#"[{"name":"a","listen":"127.0.0.1:8845","url":"http://localhost:3000/"}]"#,
        );
        assert_eq!((all.len(false), all.gone()), (0, 0));
        let tap = Tap {
            name: "a".to_owned(),
            listen: "127.0.0.1:8845".to_owned(),
            url: "http://localhost:3000/".to_owned(),
        };
        assert_eq!(all.taps(), [tap]);
    }

    #[test]
    fn the_oldest_that_are_over_are_dropped_first() {
        let mut all = Exchanges::default();
        all.apply("exchange", &exchange(0, "open", true));
        for id in 1..=MOST {
            all.apply("exchange", &exchange(id, "over", false));
        }
        assert_eq!(all.len(false), MOST);
        assert!(all.get(0).is_some() && all.get(1).is_none() && all.get(2).is_some());
        assert_eq!(all.rows(false).len(), ROWS);
        assert_eq!(all.rows(false)[0], MOST as u64);
        for id in 0..2 * MOST {
            all.apply("exchange", &exchange(id, "open", true));
        }
        assert_eq!(all.open(), MOST);
        assert!(all.get(MOST as u64 - 1).is_none(), "the oldest");
    }

    #[test]
    fn malformed_events_change_nothing() {
        let mut all = Exchanges::default();
        all.apply("exchange", &exchange(1, "open", true));
        for (event_type, data) in [
            ("exchange", "{}"),
            ("exchange", "x"),
            ("gone", "["),
            ("message", "{\"id\":2}"),
        ] {
            all.apply(event_type, data);
        }
        assert_eq!(all.rows(false), [1]);
    }
}
