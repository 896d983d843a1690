//! The resume ledger: a client over its connections, and by the IDs of events what it missed or got twice.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
};

use serde::Serialize;

/// How many clients are followed; the one that connected longest ago goes first.
const MAX_SERIES: usize = 64;

/// How many connections of a client are kept.
const MAX_CONNECTIONS: usize = 100;

/// How many IDs of a client are remembered.
const MAX_IDS: usize = 4096;

/// How many IDs an entry lists of each kind.
const MAX_LISTED: usize = 20;

/// An ID is remembered by this many bytes, a longer one by its beginning and its end.
const MAX_ID: usize = 128;

/// Connections with the same key are those of one client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) tap: String,
    pub(super) method: String,
    pub(super) target: String,
    pub(super) client: IpAddr,
    pub(super) agent: Option<String>,
}

/// A connection of a client: a line of the ledger.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Connection {
    id: u64,
    at: f64,
    /// How it ended, once it has.
    end: Option<String>,
    /// The time since the end of the connection before it, in ms.
    delay: Option<f64>,
    /// The reconnection time that the client had been sent when it connected.
    retry: Option<u64>,
    /// The `Last-Event-ID` that the client sent.
    sent: Option<String>,
    /// The last event ID of this connection.
    last: Option<String>,
    lost: Vec<String>,
    repeated: Vec<String>,
    reordered: Vec<String>,
    /// How many IDs are in none of the lists, because they are full.
    more: u64,
    /// IDs that an earlier connection had after the one that the client sent, and this one has not had yet.
    #[serde(skip)]
    awaited: VecDeque<String>,
    /// The greatest place, among the IDs of earlier connections, of one that was awaited and arrived.
    #[serde(skip)]
    furthest: Option<u64>,
    /// Whether an ID arrived that no earlier connection had.
    #[serde(skip)]
    is_past_seam: bool,
}

/// What is known of a client.
#[derive(Debug, Default)]
struct Series {
    connections: VecDeque<Connection>,
    ids: Ids,
    retry: Option<u64>,
    ended: Option<f64>,
    /// When it connected last: a count of all connections.
    used: u64,
}

/// The IDs that a client was sent, in their order.
#[derive(Debug, Default)]
struct Ids {
    order: VecDeque<String>,
    /// The place of each, counted from the first one ever.
    places: HashMap<String, u64>,
    forgotten: u64,
    /// Whether they are whole numbers, each one more than the one before it.
    steps: Option<bool>,
}

/// The clients that reconnect, or could.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    series: HashMap<Key, Series>,
    used: u64,
}

impl Ledger {
    /// Whether a client with this key is followed.
    pub(super) fn has(&self, key: &Key) -> bool {
        self.series.contains_key(key)
    }

    /// A client connected: exchange `id` at `at`, with this `Last-Event-ID`.
    pub(super) fn connect(&mut self, key: &Key, id: u64, at: f64, sent: Option<&str>) {
        self.used += 1;
        if !self.series.contains_key(key) && self.series.len() >= MAX_SERIES {
            let oldest = self.series.iter().min_by_key(|(_, series)| series.used);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.series.remove(&oldest);
            }
        }
        let series = self.series.entry(key.clone()).or_default();
        series.used = self.used;
        series.connect(id, at, sent);
    }

    /// An event set the last event ID on the connection of exchange `id`.
    pub(super) fn event_id(&mut self, key: &Key, id: u64, event_id: &str) {
        if let Some(series) = self.series.get_mut(key) {
            series.event_id(id, &shortened(event_id));
        }
    }

    /// The stream set the reconnection time.
    pub(super) fn retry(&mut self, key: &Key, retry: u64) {
        if let Some(series) = self.series.get_mut(key) {
            series.retry = Some(retry);
        }
    }

    /// The connection of exchange `id` ended.
    pub(super) fn end(&mut self, key: &Key, id: u64, at: f64, text: &str) {
        let Some(series) = self.series.get_mut(key) else {
            return;
        };
        series.ended = Some(at);
        if let Some(connection) = series.connection(id) {
            connection.end = Some(text.to_owned());
        }
    }

    /// The connections of a client, oldest first.
    pub(super) fn of(&self, key: &Key) -> Vec<Connection> {
        let series = self.series.get(key);
        series.map_or_else(Vec::new, |series| {
            series.connections.iter().cloned().collect()
        })
    }
}

impl Series {
    fn connect(&mut self, id: u64, at: f64, sent: Option<&str>) {
        let sent = sent.map(shortened);
        let is_first = self.connections.is_empty();
        let are_over = self.connections.iter().all(|one| one.end.is_some());
        let ended = self.ended.filter(|_| !is_first && are_over);
        let awaited = match &sent {
            Some(sent) => self.ids.after(sent),
            None => VecDeque::new(),
        };
        if self.connections.len() == MAX_CONNECTIONS {
            self.connections.pop_front();
        }
        self.connections.push_back(Connection {
            id,
            at: super::round(at),
            end: None,
            delay: ended.map(|ended| super::round(at - ended)),
            retry: self.retry.filter(|_| !is_first),
            sent,
            last: None,
            lost: Vec::new(),
            repeated: Vec::new(),
            reordered: Vec::new(),
            more: 0,
            awaited,
            furthest: None,
            // The first connection has nothing to resume.
            is_past_seam: is_first,
        });
    }

    fn connection(&mut self, id: u64) -> Option<&mut Connection> {
        self.connections.iter_mut().rev().find(|one| one.id == id)
    }

    fn event_id(&mut self, id: u64, event_id: &str) {
        let connection = self.connections.iter_mut().rev();
        let Some(connection) = connection.into_iter().find(|one| one.id == id) else {
            return;
        };
        if event_id.is_empty() || connection.last.as_deref() == Some(event_id) {
            // An empty ID resets it; the same one again is no further event for the ledger.
            connection.last = Some(event_id.to_owned());
            return;
        }
        connection.last = Some(event_id.to_owned());
        let place = self.ids.places.get(event_id).copied();
        let awaited = connection.awaited.iter().position(|one| one == event_id);
        match (awaited, place) {
            (Some(at), _) => {
                connection.awaited.remove(at);
                if connection.furthest > place {
                    list(&mut connection.reordered, &mut connection.more, event_id);
                }
                connection.furthest = connection.furthest.max(place);
            }
            (None, Some(_)) => {
                // It was counted as lost before it arrived: late.
                if let Some(lost) = connection.lost.iter().position(|one| one == event_id) {
                    connection.lost.remove(lost);
                    list(&mut connection.reordered, &mut connection.more, event_id);
                } else {
                    list(&mut connection.repeated, &mut connection.more, event_id);
                }
            }
            (None, None) => {
                if let Some(lost) = connection.lost.iter().position(|one| one == event_id) {
                    connection.lost.remove(lost);
                    list(&mut connection.reordered, &mut connection.more, event_id);
                } else if !connection.is_past_seam {
                    connection.is_past_seam = true;
                    for lost in std::mem::take(&mut connection.awaited) {
                        list(&mut connection.lost, &mut connection.more, &lost);
                    }
                    let missed = self.ids.steps_between(event_id);
                    let listed = missed
                        .end
                        .min(missed.start.saturating_add(MAX_LISTED as u64));
                    for lost in missed.start..listed {
                        list(
                            &mut connection.lost,
                            &mut connection.more,
                            &lost.to_string(),
                        );
                    }
                    connection.more += missed.end - listed;
                }
                self.ids.push(event_id);
            }
        }
    }
}

fn list(list: &mut Vec<String>, more: &mut u64, id: &str) {
    if list.len() < MAX_LISTED {
        list.push(id.to_owned());
    } else {
        *more += 1;
    }
}

impl Ids {
    fn push(&mut self, id: &str) {
        let last = self.order.back().and_then(|last| number(last));
        self.steps = match (last, number(id)) {
            _ if self.order.is_empty() => None,
            (Some(last), Some(this)) if this == last + 1 => Some(self.steps != Some(false)),
            // A jump where connections meet says nothing about the steps.
            (Some(last), Some(this)) if this > last && self.steps == Some(true) => Some(true),
            _ => Some(false),
        };
        self.places
            .insert(id.to_owned(), self.forgotten + self.order.len() as u64);
        self.order.push_back(id.to_owned());
        if self.order.len() > MAX_IDS
            && let Some(oldest) = self.order.pop_front()
        {
            self.places.remove(&oldest);
            self.forgotten += 1;
        }
    }

    /// The IDs after this one.
    fn after(&self, id: &str) -> VecDeque<String> {
        let Some(place) = self.places.get(id) else {
            return VecDeque::new();
        };
        let known = usize::try_from(place + 1 - self.forgotten).unwrap_or(usize::MAX);
        self.order.iter().skip(known).cloned().collect()
    }

    /// The numbers between the last ID and this one, if IDs are numbers that count up.
    fn steps_between(&self, id: &str) -> std::ops::Range<u64> {
        let last = self.order.back().and_then(|last| number(last));
        match (last, number(id)) {
            (Some(last), Some(this)) if self.steps == Some(true) && this > last => last + 1..this,
            _ => 0..0,
        }
    }
}

fn number(id: &str) -> Option<u64> {
    // So that one more is a number, too, and the text is that of the number.
    let number: u64 = id.parse().ok().filter(|number| *number < u64::MAX)?;
    (number.to_string() == id).then_some(number)
}

/// An ID as it is remembered: the beginning and the end of a long one.
fn shortened(id: &str) -> String {
    if id.len() <= MAX_ID {
        return id.to_owned();
    }
    let head = id.floor_char_boundary(MAX_ID / 2);
    let tail = id.ceil_char_boundary(id.len() - MAX_ID / 2 + '…'.len_utf8());
    format!("{}…{}", &id[..head], &id[tail..])
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
