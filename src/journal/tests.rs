//! The journal against a model that keeps everything, and tables for what a property cannot show.

use sse_wire::{Content, Event, encode};

use super::*;

/// A line with owned text and bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Owned {
    pub(super) at: f64,
    pub(super) kind: Kind,
    pub(super) event_type: String,
    pub(super) data: String,
    pub(super) id: String,
    pub(super) size: usize,
    pub(super) bytes: Vec<u8>,
}

impl Owned {
    pub(super) fn of(line: &Line<'_>) -> Self {
        Self {
            at: line.at(),
            kind: line.kind(),
            event_type: line.event_type().into_owned(),
            data: line.data().into_owned(),
            id: line.last_event_id().into_owned(),
            size: line.size(),
            bytes: line.bytes().into_owned(),
        }
    }
}

/// Every line as it was when it was added. The bytes are read one by one.
struct Model {
    lines: Vec<Owned>,
    cleared: usize,
    reader: Reader,
    stream: Vec<u8>,
    id: String,
    /// The last failed attempts, with the number of their line.
    failed: Option<(u64, FailedAttempts)>,
}

impl Model {
    fn link(&mut self, at: f64, kind: Kind) {
        self.push(at, kind, "", "", Vec::new());
    }

    fn push(&mut self, at: f64, kind: Kind, event_type: &str, data: &str, bytes: Vec<u8>) {
        self.lines.push(Owned {
            at,
            kind,
            event_type: event_type.to_owned(),
            data: data.to_owned(),
            id: self.id.clone(),
            size: if kind == Kind::Event {
                data.len()
            } else {
                bytes.len()
            },
            bytes,
        });
    }

    fn event(&mut self, at: f64, event: Event<'_>) {
        let mut bytes = Vec::new();
        let name = Some(event.event_type).filter(|name| *name != "message");
        let id = Some(event.last_event_id).filter(|id| *id != self.id);
        encode::event(&mut bytes, name, event.data, id).expect("encodable");
        self.id = event.last_event_id.to_owned();
        self.push(at, Kind::Event, event.event_type, event.data, bytes);
    }

    fn receive(&mut self, at: f64, chunk: &[u8]) {
        for byte in chunk {
            self.stream.push(*byte);
            let mut items = Vec::new();
            self.reader.read(&[*byte], |item| {
                let (kind, event_type, data) = match item.content {
                    Content::Event(event) => (
                        Kind::Event,
                        event.event_type.to_owned(),
                        event.data.to_owned(),
                    ),
                    Content::Comment(text) => (Kind::Comment, String::new(), text.to_owned()),
                    Content::Retry(_) => (Kind::Retry, String::new(), String::new()),
                    Content::Note(note) => (Kind::Note, String::new(), note.to_string()),
                    Content::Blank => return,
                };
                let id = item.id.map(str::to_owned);
                items.push((item.range, kind, event_type, data, id));
            });
            for (range, kind, event_type, mut data, id) in items {
                let bytes = self.stream[range.start as usize..range.end as usize].to_vec();
                if let Some(id) = id {
                    self.id = id;
                }
                if kind == Kind::Retry {
                    let line = String::from_utf8_lossy(&bytes).into_owned();
                    let (_, value) = line.trim().split_once(':').expect("a field");
                    value.trim_start().clone_into(&mut data);
                }
                self.push(at, kind, &event_type, &data, bytes);
            }
        }
    }

    fn finish(&mut self, at: f64) {
        let mut notes = Vec::new();
        self.reader.finish(|item| {
            if let Content::Note(note) = item.content {
                notes.push((item.range, note));
            }
        });
        for (range, note) in notes {
            let bytes = self.stream[range.start as usize..range.end as usize].to_vec();
            self.push(at, Kind::Note, "", &note.to_string(), bytes);
        }
        self.stream.clear();
    }

    fn set_id(&mut self, id: &str) {
        id.clone_into(&mut self.id);
        self.reader = self.reader.clone().with_last_event_id(id);
    }
}

/// What a connection delivers.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Closed,
    Events,
    Bytes,
}

/// A journal with random input, and its model.
pub(super) struct Live {
    pub(super) journal: Journal,
    pub(super) random: fastrand::Rng,
    model: Model,
    bound: usize,
    way: Way,
    pub(super) at: f64,
    /// Whether to leave out what drops lines.
    pub(super) only_complete: bool,
    /// Whether to leave out events without bytes.
    pub(super) only_bytes: bool,
}

const TYPES: [&str; 6] = ["message", "a", "b", "über", "tick", "open"];
const REASONS: [&str; 3] = ["", "no response", "503 Überlastet: \u{1F600}"];
const IDS: [&str; 5] = ["", "1", "2", "long-identifier-0123456789", "é"];

impl Live {
    pub(super) fn new(seed: u64, bound: usize, largest_event: usize) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut journal = Journal::new(bound);
        journal.largest_event = largest_event;
        Self {
            journal,
            model: Model {
                lines: Vec::new(),
                cleared: 0,
                reader: Reader::with_bound(largest_event),
                stream: Vec::new(),
                id: String::new(),
                failed: None,
            },
            bound: bound.min(MOST_BOUND),
            way: Way::Closed,
            at: 1.7e12 + random.f64() * 1e9,
            random,
            only_complete: false,
            only_bytes: false,
        }
    }

    /// Does something at random.
    pub(super) fn step(&mut self) {
        self.at += match self.random.u8(..16) {
            0 => 0.0,
            1 | 2 => self.random.f64() * 5_000.0,
            3 | 4 => 0.0004,
            // The clock is set back.
            5 => -self.random.f64() * 3.0,
            _ => self.random.f64(),
        };
        let at = self.at;
        match (self.random.u8(..100), self.way) {
            (0, _) if !self.only_complete => {
                self.journal.clear();
                self.model.cleared = self.model.lines.len();
            }
            (1, _) if !self.only_complete => {
                let bound = self.bound / 2 + self.random.usize(..=self.bound);
                let largest_event = self.journal.largest_event;
                self.journal.set_bound(bound);
                self.journal.largest_event = largest_event;
            }
            (2..5, Way::Closed) => {
                // A new series of connections.
                let id = IDS[self.random.usize(..IDS.len())];
                self.journal.restart(id);
                self.model.set_id(id);
            }
            (5..20, Way::Closed) => {
                let reason = REASONS[self.random.usize(..REASONS.len())];
                let took = Some(self.random.f64() * 1e4).filter(|took| *took > 1e3);
                self.fail(
                    at,
                    reason,
                    took.map(|took| time::from_micros(time::micros(took))),
                );
            }
            (_, Way::Closed) => {
                self.way = if self.random.u8(..4) == 0 && !self.only_bytes {
                    Way::Events
                } else {
                    Way::Bytes
                };
                self.journal.opened(at);
                self.model.link(at, Kind::Opened);
                let id = self.model.id.clone();
                self.model.set_id(&id);
            }
            (2..8, _) => {
                self.way = Way::Closed;
                if self.random.bool() {
                    self.journal.closed(at);
                    self.model.finish(at);
                    self.model.link(at, Kind::Closed);
                } else {
                    self.journal.replay(Record::Broken { at });
                    self.model.finish(at);
                }
            }
            (_, Way::Events) => {
                let data = random_data(&mut self.random);
                let event = Event {
                    event_type: TYPES[self.random.usize(..TYPES.len() - 1)],
                    data: &data,
                    last_event_id: IDS[self.random.usize(..IDS.len())],
                };
                self.journal.event(at, event);
                if self.too_large(event) {
                    let bound = self.journal.bound();
                    self.model.set_id(event.last_event_id);
                    let note = Note::TooLarge { bound }.to_string();
                    self.model.push(at, Kind::Note, "", &note, Vec::new());
                } else {
                    self.model.event(at, event);
                }
            }
            (_, Way::Bytes) => {
                let chunk = random_chunk(&mut self.random);
                self.journal.receive(at, &chunk);
                self.model.receive(at, &chunk);
            }
        }
    }

    /// An attempt fails. The model adds it to the last line if that is about such attempts, and is kept.
    fn fail(&mut self, at: f64, reason: &str, took: Option<f64>) {
        // Times are exact to the microsecond in a capture, and so are those in the text.
        let at = time::from_micros(time::micros(at));
        let is_kept = !self.journal.is_empty();
        self.journal.failed(at, reason, took);
        let last = self
            .model
            .failed
            .take()
            .filter(|(line, _)| is_kept && line + 1 == self.model.lines.len() as u64);
        let (line, attempts) = match last {
            Some((line, known)) if known.reason == reason => {
                let count = known.count + 1;
                (
                    line,
                    FailedAttempts {
                        last_at: at,
                        count,
                        took,
                        ..known
                    },
                )
            }
            _ => {
                self.model.link(at, Kind::Failed);
                let reason = reason.to_owned();
                let line = self.model.lines.len() as u64 - 1;
                (
                    line,
                    FailedAttempts {
                        last_at: at,
                        count: 1,
                        took,
                        reason,
                    },
                )
            }
        };
        self.model.lines[line as usize].data = attempts.to_string();
        self.model.failed = Some((line, attempts));
    }

    /// Whether the event does not fit in the journal. The model has not received it yet.
    fn too_large(&self, event: Event<'_>) -> bool {
        let mut bytes = Vec::new();
        let name = Some(event.event_type).filter(|name| *name != "message");
        let id = Some(event.last_event_id).filter(|id| *id != self.model.id);
        encode::event(&mut bytes, name, event.data, id).expect("encodable");
        bytes.len() + size_of::<Row>() > self.journal.bound()
    }

    /// Every line that was added.
    pub(super) fn all_lines(&self) -> &[Owned] {
        &self.model.lines
    }

    /// Compares the journal with its model.
    fn check(&mut self) {
        let (journal, model) = (&self.journal, &self.model);
        let kept = journal.kept();
        assert_eq!(journal.len() as u64, kept.end - kept.start);
        assert_eq!(journal.is_empty(), kept.is_empty());
        assert_eq!(journal.received(), journal.len() as u64 + journal.evicted());
        assert_eq!(
            journal.received(),
            (model.lines.len() - model.cleared) as u64
        );
        assert_eq!(kept.end, model.lines.len() as u64, "numbers never restart");
        assert!(
            journal.held() <= journal.bound(),
            "{} held of {}",
            journal.held(),
            journal.bound()
        );
        assert!(journal.get(kept.end).is_none());
        assert!(
            kept.start
                .checked_sub(1)
                .is_none_or(|gone| journal.get(gone).is_none())
        );
        let expected = &model.lines[kept.start as usize..];
        // All lines if there are few; a sample if there are many.
        let mut lines: Vec<u64> = kept.clone().collect();
        if lines.len() > 60 {
            self.random.shuffle(&mut lines);
            lines.truncate(20);
            lines.extend([kept.start, kept.end - 1]);
        }
        for seq in lines {
            let line = journal.get(seq).expect("kept");
            assert_eq!(line.seq(), seq);
            let expected = &model.lines[seq as usize];
            let mut owned = Owned::of(&line);
            if is_cut(&owned, expected) {
                owned.size = expected.size;
                owned.bytes.clone_from(&expected.bytes);
            }
            assert_eq!(&owned, expected, "line {seq}");
            let name = line
                .name()
                .map(|name| &*journal.names()[usize::from(name)].text);
            assert_eq!(
                name,
                Some(&*expected.event_type).filter(|name| !name.is_empty())
            );
            assert_eq!(line.note().is_some(), expected.kind == Kind::Note);
        }
        let asides = expected.iter().filter(|line| line.kind.is_aside()).count();
        assert_eq!(journal.asides(), asides);
        let is_event = |line: &&Owned| line.kind == Kind::Event;
        let events = expected.iter().filter(is_event).count();
        assert_eq!(journal.kept_events(), events);
        for name in journal.names() {
            let has_type =
                |line: &&Owned| line.kind == Kind::Event && line.event_type == *name.text;
            let kept = expected.iter().filter(has_type).count();
            assert_eq!(name.kept, kept as u64, "{}", name.text);
            let received = model.lines[model.cleared..].iter().filter(has_type).count();
            assert_eq!(name.received, received as u64, "{}", name.text);
        }
        let links: Vec<_> = model
            .lines
            .iter()
            .filter(|line| matches!(line.kind, Kind::Opened | Kind::Closed))
            .collect();
        let told: Vec<_> = journal.links().collect();
        let known: Vec<_> = links
            .iter()
            .map(|line| (line.at, line.kind == Kind::Opened))
            .collect();
        assert!(known.ends_with(&told));
        let of_kept = expected
            .iter()
            .filter(|line| matches!(line.kind, Kind::Opened | Kind::Closed));
        let of_kept = of_kept.count();
        assert!((of_kept..=of_kept + 1).contains(&told.len()));
        for _ in 0..3 {
            let mut time = || match expected.len() {
                0 => self.at,
                len => expected[self.random.usize(..len)].at - f64::from(self.random.u8(..2)),
            };
            let times = time()..time();
            let found: Vec<u64> = journal.between(times.clone()).flatten().collect();
            let known: Vec<u64> = (kept.start..)
                .zip(expected)
                .filter(|(_, line)| times.contains(&line.at))
                .map(|(seq, _)| seq)
                .collect();
            assert_eq!(found, known, "{times:?}");
        }
        let arrivals: Vec<u64> = journal
            .arrivals
            .pieces(0..u64::MAX)
            .flatten()
            .map(|arrival| arrival.end)
            .collect();
        assert!(arrivals.is_sorted_by(|before, after| before < after));
        let tape = journal.tape.range();
        match (arrivals.first(), arrivals.last()) {
            (Some(first), Some(last)) => assert!(*first > tape.start && *last == tape.end),
            _ => assert!(tape.is_empty()),
        }
    }
}

/// Whether the bytes of a note are gone, though the note is kept: its event was too large.
fn is_cut(line: &Owned, expected: &Owned) -> bool {
    line.kind == Kind::Note && line.bytes.is_empty() && !expected.bytes.is_empty()
}

/// The data of an event, as a browser delivers it: its lines end in LF.
fn random_data(random: &mut fastrand::Rng) -> String {
    const PIECES: [&str; 8] = [
        "a",
        "{\"b\": 1}",
        "\n",
        " ",
        "ü",
        "\u{1F600}",
        ":",
        "data: x",
    ];
    let mut data = String::new();
    for _ in 0..random.usize(..6) {
        data.push_str(PIECES[random.usize(..PIECES.len())]);
    }
    if random.u8(..20) == 0 {
        data.push_str(&"y".repeat(random.usize(..300)));
    }
    data
}

/// Some bytes of a stream, well-formed or not.
fn random_chunk(random: &mut fastrand::Rng) -> Vec<u8> {
    const PIECES: [&[u8]; 52] = [
        b"data: a\n\n",
        b"data: b\n\n",
        b"data: c\r\n\r\n",
        b"data: d\ndata: e\n\n",
        b"data: f\n: within\ndata: g\n\n",
        b"data: h\nretry: 7\n\n",
        b"event: a\ndata: i\n\n",
        b"event: b\nid: 5\ndata: j\n\n",
        b"id: 6\ndata: k\n\n",
        b"id: 8\n\n",
        b"id\n\n",
        b"id: 9\ndata: l\n\n",
        b"event: c\n\n",
        b": comment\n",
        b": keep\n\n",
        b":\n",
        b"retry: 100\n",
        b"data: \xFF\n\n",
        b"event: error\ndata: m\n\n",
        b"event: open\ndata: n\xFF\n\n",
        b"id: 1\0\ndata: o\n\n",
        b"event: a\nevent: b\nid: 3\nid: 4\ndata: p\n\n",
        b"data",
        b"data:",
        b"data: ",
        b"data: q",
        b"event",
        b"event: r",
        b"id: ",
        b"id: s",
        b"retry: x",
        b":",
        b": t",
        b"foo: u",
        b"Data: v",
        b" data: w",
        b"{\"h\": 1}",
        b"\n",
        b"\n",
        b"\n\n",
        b"\r",
        b"\r\n",
        b"\r\n\r\n",
        b"\r\r",
        b" ",
        b"\0",
        b"\xEF\xBB\xBF",
        b"\xEF\xBB",
        b"\xFF",
        b"\xF0\x9F\x98\x80",
        b"\xF0\x9F",
        b"\xC3",
    ];
    let mut chunk = Vec::new();
    for _ in 0..random.usize(..5) {
        chunk.extend_from_slice(PIECES[random.usize(..PIECES.len())]);
        if random.u8(..) < 6 {
            chunk.resize(chunk.len() + random.usize(1..100), b'z');
        }
    }
    if random.u8(..4) == 0 {
        chunk.truncate(random.usize(..=chunk.len()));
    }
    chunk
}

#[test]
fn a_journal_is_its_model_without_the_evicted_lines() {
    for seed in 0..160 {
        let bound = [usize::MAX, 1 << 20, 4_000, 1_000, 500, 200, 60, 1][seed as usize % 8];
        let largest_event = [usize::MAX, 64][seed as usize / 8 % 2];
        let mut live = Live::new(seed, bound, largest_event);
        println!("seed {seed}");
        for _ in 0..120 {
            live.step();
            live.check();
        }
    }
}

/// A journal that received `stream` in one read at 1 ms.
fn received(stream: &[u8]) -> Journal {
    let mut journal = Journal::default();
    journal.receive(1.0, stream);
    journal
}

fn shown(journal: &Journal) -> Vec<(Kind, String, String)> {
    let line = |line: Line<'_>| {
        let bytes = line.bytes().escape_ascii().to_string();
        (line.kind(), bytes, line.last_event_id().into_owned())
    };
    journal.iter().map(line).collect()
}

#[test]
fn a_line_within_an_event_has_its_own_bytes() {
    let mut journal = received(b"data: a\r\n: within\r\nda");
    assert_eq!(
        shown(&journal),
        [(Kind::Comment, r"\n: within\r".into(), String::new())]
    );
    journal.receive(2.0, b"ta: b\r\n\r\n");
    let all = r"data: a\r\n: within\r\ndata: b\r\n\r";
    assert_eq!(
        shown(&journal),
        [
            (Kind::Comment, r"\n: within\r".into(), String::new()),
            (Kind::Event, all.into(), String::new())
        ]
    );
    assert_eq!(journal.get(0).expect("kept").data(), "within");
    assert_eq!(journal.get(1).expect("kept").data(), "a\nb");
    journal.set_bound(journal.held() - 1);
    assert_eq!(
        shown(&journal),
        [(Kind::Event, all.into(), String::new())],
        "the event needs its bytes from the first on"
    );
}

#[test]
fn a_block_without_data_sets_the_last_event_id() {
    let journal = received(b": a\nid: 7\n\n: b\ndata: c\n\nid\n\ndata: d\n\n");
    let ids: Vec<_> = shown(&journal).into_iter().map(|(.., id)| id).collect();
    assert_eq!(ids, ["", "7", "7", "7", "", ""]);
    assert_eq!(journal.last_event_id(), "");
}

#[test]
fn a_new_series_of_connections_has_its_own_id_and_no_reconnection_time() {
    let mut journal = Journal::default();
    journal.restart("5");
    journal.opened(1.0);
    journal.receive(2.0, b"retry: 7\ndata: a\n\ndata: b\nid: 6\n\n");
    assert_eq!(journal.reconnection_time(), Some(7));
    journal.restart("");
    assert_eq!(journal.reconnection_time(), None);
    journal.opened(3.0);
    journal.receive(4.0, b"data: c\n\n");
    let ids: Vec<_> = shown(&journal).into_iter().map(|(.., id)| id).collect();
    assert_eq!(ids, ["5", "5", "5", "6", "", ""]);
    journal.clear();
    assert_eq!(journal.last_event_id(), "");
}

#[test]
fn an_id_outlives_the_connection() {
    let mut journal = Journal::default();
    journal.opened(1.0);
    journal.receive(2.0, b"id: 6\ndata: a\n\nid: 7\ndata: unfinished");
    journal.closed(3.0);
    journal.opened(4.0);
    journal.receive(5.0, b"data: b\n\n");
    let last = journal.iter().next_back().expect("kept");
    assert_eq!((&*last.data(), &*last.last_event_id()), ("b", "6"));
}

#[test]
fn an_id_holds_when_the_line_that_set_it_is_gone() {
    let mut journal = received(b"id: 7\ndata: a\n\n");
    for n in 0..1_000 {
        journal.receive(f64::from(n), b"data: b\n\n");
    }
    journal.set_bound(10_000);
    assert!(journal.evicted() > 0);
    assert!(journal.iter().all(|line| line.last_event_id() == "7"));
    journal.clear();
    journal.receive(1_000.0, b"data: b\n\nid\ndata: c\n\n");
    let ids: Vec<_> = shown(&journal).into_iter().map(|(.., id)| id).collect();
    assert_eq!(ids, ["7", ""]);
}

#[test]
fn notes_at_the_end_of_a_stream_are_in_order() {
    // The note about line ends is added first, but is about a line within the unfinished event.
    let mut journal = received(b": a\ndata: b\n: c\r");
    journal.replay(Record::Broken { at: 2.0 });
    let kinds: Vec<_> = journal.iter().map(|line| line.kind()).collect();
    assert_eq!(
        kinds,
        [Kind::Comment, Kind::Comment, Kind::Note, Kind::Note]
    );
    let bytes: Vec<_> = shown(&journal)
        .into_iter()
        .map(|(_, bytes, _)| bytes)
        .collect();
    assert_eq!(bytes, [r": a\n", r": c\r", r"\r", r"data: b\n: c\r"]);
    for bound in (0..journal.held()).rev() {
        journal.set_bound(bound);
        assert!(journal.held() <= bound);
        let left = shown(&journal);
        assert!(
            left.iter()
                .map(|(_, bytes, _)| bytes)
                .eq(&bytes[4 - left.len()..])
        );
    }
}

#[test]
fn an_event_without_end_does_not_exceed_the_bound() {
    let mut journal = Journal::new(10_000);
    journal.receive(0.0, b"data: a\n\nid: 7\ndata: b\n");
    for n in 0..1_000 {
        let comment = format!(": {n}\n");
        journal.receive(1.0, comment.as_bytes());
        assert!(journal.held() <= 10_000);
        if let Some(last) = journal.iter().next_back() {
            assert_eq!(last.data(), n.to_string());
        }
    }
    journal.receive(2.0, &[b'x'; 20_000]);
    assert!(journal.held() <= 10_000 && journal.is_empty());
    journal.receive(3.0, b"\n\ndata: c\n\n");
    let line = journal.iter().next_back().expect("kept");
    assert_eq!((&*line.data(), &*line.last_event_id()), ("c", "7"));
    assert_eq!(journal.received(), journal.evicted() + journal.len() as u64);
    assert_eq!(journal.figures().events, 3, "the one without end came");
}

#[test]
fn an_id_in_evicted_bytes_holds_for_the_lines_after_them() {
    let mut journal = Journal::new(10_000);
    journal.receive(0.0, b"id: 7\n");
    for _ in 0..20 {
        let comment = format!(": {}\n", "x".repeat(1_000));
        journal.receive(1.0, comment.as_bytes());
    }
    // The block with the ID is gone from the tape, and the event after it does not set one.
    let stream = b"\ndata: a\n\nid: 8\ndata: b\n\n";
    journal.receive(2.0, stream);
    let ids: Vec<_> = shown(&journal).into_iter().map(|(.., id)| id).collect();
    assert_eq!(ids, ["7", "7", "8"], "of a note and two events");
}

#[test]
fn an_event_that_alone_exceeds_the_bound_gets_a_note() {
    let mut journal = Journal::new(1_000);
    let data = "x".repeat(2_000);
    let event = Event {
        event_type: "message",
        data: &data,
        last_event_id: "7",
    };
    journal.event(1.0, event);
    let line = journal.get(0).expect("kept");
    assert_eq!(line.note(), Some(&Note::TooLarge { bound: 1_000 }));
    assert_eq!((line.size(), &*line.last_event_id()), (0, "7"));
    journal.event(2.0, Event { data: "y", ..event });
    assert_eq!(
        shown(&journal)[1].1,
        r"data: y\n\n",
        "the ID need not be set again"
    );
    assert_eq!(shown(&journal)[1].2, "7");
}

#[test]
fn types_and_ids_that_no_stream_can_contain_are_left_out() {
    for (event_type, last_event_id, bytes) in [
        ("", "", r"data: a\n\n"),
        ("b\nc", "", r"data: a\n\n"),
        ("b\r", "7", r"id: 7\ndata: a\n\n"),
        ("b", "7\n8", r"event: b\ndata: a\n\n"),
        ("b", "\0", r"event: b\ndata: a\n\n"),
        ("b\0", "7", r"event: b\x00\nid: 7\ndata: a\n\n"),
    ] {
        let mut journal = Journal::default();
        journal.event(
            1.0,
            Event {
                event_type,
                data: "a",
                last_event_id,
            },
        );
        let line = journal.get(0).expect("kept");
        assert_eq!(line.bytes().escape_ascii().to_string(), bytes);
        let mut again = Journal::default();
        again.receive(1.0, &line.bytes());
        assert_eq!(
            Owned::of(&again.get(0).expect("kept")),
            Owned::of(&line),
            "its bytes decode to the same line"
        );
    }
}

#[test]
fn types_beyond_the_table_are_decoded_again() {
    let mut journal = Journal::default();
    let long = "z".repeat(1_000);
    for n in 0..5_000 {
        let stream = format!("event: {n}\ndata: a\n\n");
        journal.receive(1.0, stream.as_bytes());
    }
    let stream = format!("event: {long}\ndata: a\n\n");
    journal.receive(1.0, stream.as_bytes());
    for (n, line) in journal.iter().enumerate() {
        let expected = if n < 5_000 { &n.to_string() } else { &long };
        assert_eq!(line.event_type(), *expected);
    }
    assert_eq!(journal.get(4_999).and_then(|line| line.name()), None);
    journal.set_bound(1);
    assert!(journal.names().iter().all(|name| name.kept == 0));
}

#[test]
fn lines_that_span_blocks_are_complete() {
    let mut random = fastrand::Rng::with_seed(1);
    let mut journal = Journal::new(3 << 20);
    let mut all: Vec<String> = Vec::new();
    for n in 0..200 {
        let unit = format!("{n} ü ");
        let data = unit.repeat(random.usize(1..10_000));
        let stream = format!(": {data}\nid: {n}\ndata: {data}\ndata: b\n\ndata: {data}\n\n");
        let cut = random.usize(..=stream.len());
        for chunk in [&stream.as_bytes()[..cut], &stream.as_bytes()[cut..]] {
            journal.receive(f64::from(n), chunk);
        }
        all.extend([data.clone(), format!("{data}\nb"), data]);
        assert!(journal.held() <= journal.bound());
    }
    assert!(journal.evicted() > 0 && journal.len() > 20);
    for line in journal.iter() {
        let expected = &all[line.seq() as usize];
        assert_eq!(line.data(), **expected);
        assert_eq!(
            line.last_event_id(),
            match line.kind() {
                Kind::Comment if line.seq() == 0 => String::new(),
                Kind::Comment => (line.seq() / 3 - 1).to_string(),
                _ => (line.seq() / 3).to_string(),
            }
        );
        for most in [0, 1, 7, 20, expected.len() - 1, expected.len(), usize::MAX] {
            let end = expected.floor_char_boundary(most);
            assert_eq!(line.beginning(most), expected[..end]);
        }
    }
}

#[test]
fn clearing_drops_lines_and_figures_but_not_the_stream() {
    let mut journal = received(b"id: 7\ndata: a\n\nevent: b\nda");
    journal.clear();
    assert!(journal.is_empty() && journal.names().iter().all(|name| name.received == 0));
    assert_eq!((journal.received(), journal.evicted()), (0, 0));
    assert_eq!(journal.figures().events, 0);
    journal.receive(2.0, b"ta: c\n\n");
    let line = journal.get(1).expect("the numbers go on");
    assert_eq!((&*line.event_type(), &*line.data()), ("b", "c"));
    assert_eq!(line.last_event_id(), "7");
    assert_eq!((journal.received(), journal.evicted()), (1, 0));
}

#[test]
fn the_link_is_known_as_far_back_as_the_lines() {
    let mut journal = Journal::default();
    journal.opened(1.0);
    journal.closed(2.0);
    // The clock was set back.
    journal.opened(1.5);
    let links = |journal: &Journal| journal.links().collect::<Vec<_>>();
    assert_eq!(links(&journal), [(1.0, true), (2.0, false), (1.5, true)]);
    journal.set_bound(journal.held() - 1);
    assert_eq!(journal.len(), 2);
    assert_eq!(links(&journal), [(1.0, true), (2.0, false), (1.5, true)]);
    journal.set_bound(journal.held() - 1);
    assert_eq!(links(&journal), [(2.0, false), (1.5, true)]);
    journal.clear();
    assert_eq!(links(&journal), [(1.5, true)], "it is still open");
}

#[test]
fn the_last_reconnection_time_counts() {
    let journal = received(b"retry: 5\nretry: x\nretry: 0007\n");
    assert_eq!(journal.reconnection_time(), Some(7));
    let data: Vec<_> = journal
        .iter()
        .filter(|line| line.kind() == Kind::Retry)
        .map(|line| line.data().into_owned())
        .collect();
    assert_eq!(data, ["5", "0007"]);
}

#[test]
fn a_note_about_an_event_larger_than_the_bound_is_kept() {
    let mut journal = Journal::new(1_000);
    journal.opened(0.0);
    journal.receive(1.0, b"data: before\n\nid: 7\n");
    for _ in 0..50 {
        let line = format!("data: {}\n", "x".repeat(90));
        journal.receive(2.0, line.as_bytes());
        assert!(journal.held() <= 1_000);
    }
    journal.receive(3.0, b"\ndata: after\n\n");
    let lines: Vec<_> = journal
        .iter()
        .map(|line| {
            (
                line.kind(),
                line.bytes().len(),
                line.last_event_id().into_owned(),
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            (Kind::Note, 0, "7".to_owned()),
            (Kind::Event, 13, "7".to_owned())
        ]
    );
}

#[test]
fn reads_are_counted_and_their_ends_kept() {
    let mut journal = Journal::default();
    journal.opened(0.0);
    for piece in ["data: a", "", "\n", "\ndata: b\n\n"] {
        journal.receive(1.0, piece.as_bytes());
    }
    assert_eq!(journal.figures().reads, 3);
    let ends: Vec<u64> = journal
        .arrivals
        .pieces(0..9)
        .flatten()
        .map(|arrival| arrival.end)
        .collect();
    assert_eq!(ends, [7, 8, 18]);
}

#[test]
fn a_bound_beyond_32_bits_is_lowered() {
    let mut journal = Journal::new(usize::MAX);
    assert_eq!(journal.bound(), MOST_BOUND);
    journal.set_bound(usize::MAX);
    assert_eq!(journal.bound(), MOST_BOUND);
    journal.set_bound(5);
    assert_eq!(journal.bound(), 5);
}

#[test]
fn the_last_connections_are_kept_with_what_arrived() {
    let mut journal = Journal::default();
    journal.opened(0.0);
    journal.receive(5.0, b"data: a\n\ndata: b\n\ndata");
    journal.closed(10.0);
    journal.lost();
    journal.opened(20.0);
    journal.receive(25.0, b": x\n\ndata: c\n\n");
    let of = |journal: &Journal| -> Vec<_> {
        let connections = journal.connections();
        connections
            .map(|each| {
                (
                    each.events,
                    each.bytes,
                    each.lifetime(30.0),
                    each.silence(30.0),
                )
            })
            .collect()
    };
    assert_eq!(of(&journal), [(2, 22, 10.0, 5.0), (1, 14, 10.0, 5.0)]);
    let first = journal.connections().next().expect("two");
    assert!(first.is_lost && first.is_unfinished && first.is_whole);
    let second = journal.connections().next_back().expect("two");
    assert!(!second.is_lost && second.closed_at.is_none());
    assert_eq!(
        journal.get(second.lines.start).map(|line| line.kind()),
        Some(Kind::Opened)
    );

    journal.clear();
    assert_eq!(of(&journal), [(0, 0, 10.0, 10.0)]);
    assert!(journal.connections().all(|each| !each.is_whole));
    journal.closed(40.0);
    assert!(
        !journal.connections().any(|each| each.is_lost),
        "the user has closed it"
    );
    journal.restart("");
    assert_eq!(journal.connections().count(), 0);
    for n in 0..100 {
        journal.opened(f64::from(n));
    }
    assert_eq!(journal.connections().count(), 16);
    journal.start_over();
    assert_eq!(journal.connections().count(), 0);
}

#[test]
fn lines_are_counted_by_what_may_be_wrong_with_them() {
    for bound in [DEFAULT_BOUND, 400] {
        let mut journal = Journal::new(bound);
        journal.opened(0.0);
        for _ in 0..9 {
            journal.receive(1.0, b"Data: a\n: b\nid:\ndata: c\n\nretry: 1\n");
        }
        let counts = [
            journal.noted(NoteKind::WrongCase),
            journal.comments(),
            journal.empty_ids(),
            journal.retries(),
        ];
        assert_eq!(counts.map(|sign| sign.count), [9; 4], "{bound}");
        assert_eq!(counts.map(|sign| sign.first), [1, 2, 3, 4]);
        assert_eq!(counts.map(|sign| sign.last), [33, 34, 35, 36]);
        assert_eq!(journal.noted(NoteKind::BareJson).count, 0);
    }
}

#[test]
fn lines_and_reads_have_their_place_in_their_stream() {
    let mut journal = Journal::default();
    journal.opened(0.0);
    journal.receive(1.0, b"data: a\n\n");
    journal.closed(2.0);
    journal.opened(3.0);
    journal.receive(4.0, b"data: b\nData: c\n");
    journal.receive(5.0, b"\ndata: d");
    let place = |seq| journal.get(seq).and_then(|line| line.place());
    assert_eq!(place(1), Some(0..9));
    assert_eq!(place(4), Some(8..16), "a note within an event");
    assert_eq!(place(5), Some(0..17));
    assert_eq!(place(3), None, "an opening has no bytes");
    let first_bytes = |seq| {
        journal
            .get(seq)
            .map(|line| line.first_bytes(6).into_owned())
    };
    assert_eq!(first_bytes(4).as_deref(), Some(&b"Data: "[..]));
    let reads: Vec<_> = journal.reads().map(|read| (read.at, read.bytes)).collect();
    assert_eq!(reads, [(5.0, 16..24), (4.0, 0..16)]);
    let (pending, len) = journal.unfinished(4);
    assert_eq!(
        (&*pending, len, journal.unfinished_at()),
        (&b"data"[..], 7, 17)
    );
}
