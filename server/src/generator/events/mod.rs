//! The text of a generated stream, a frame at a time. Pure: when a frame is due is not its matter.

use jiff::Timestamp;

use crate::generator::{
    FRAME,
    data::{self, Tokens},
    date,
    spec::{Corrupt, Data, Id, Newline, Spec},
};

/// Room for any event but for its padding, its type, and its lines after the first: the names of its
/// fields, an ID, a date, a number or an object, line ends.
const ROOM: usize = 512;

/// Room for a line of data after the first: `data: line 1000` and its end.
const LINE: usize = 24;

/// The data of an event that is `corrupt=huge`, in bytes.
const HUGE: usize = 64 << 20;

/// What follows the data of an event that is `corrupt=utf8`: the end of `café` in Latin-1.
const LATIN_1: &[u8] = b" caf\xE9";

/// Writes the events of one stream.
///
/// Not with `wire::encode::event`: an event may be larger than a frame, much of what is asked for is
/// not well-formed, and at full speed the checks and the formatting of each cost more than its bytes.
/// A test compares the two where they should agree.
pub(crate) struct Events {
    spec: Spec,
    seed: u64,
    tokens: Option<Tokens>,
    /// The opening is sent.
    opened: bool,
    /// Told in the opening: how many events are missed that cannot be had; `None` in it is unknown.
    incomplete: Option<Option<u64>>,
    /// The next event.
    number: Number,
    /// How many events are not begun.
    left: u64,
    /// How much padding the event still needs that is begun and not ended.
    begun: Option<usize>,
    /// What a frame needs to begin an event.
    room: usize,
    /// What dates say.
    now: Timestamp,
    /// Decides about `newline=mixed`: anew for each event, whichever connection emits it.
    rng: fastrand::Rng,
}

/// Where a stream begins, for this client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Start {
    /// The number of its first event.
    pub(crate) number: u64,
    /// It does not begin where the client left off: so many events are missing, if that is known.
    pub(crate) incomplete: Option<Option<u64>>,
}

impl Events {
    pub(crate) fn new(spec: Spec, seed: u64, start: Start) -> Self {
        let tokens = (spec.data == Data::Tokens).then(|| Tokens::new(seed, spec.count));
        // The end after 2^64 events is not one that anybody sees.
        let count = tokens
            .as_ref()
            .map_or(spec.count.unwrap_or(u64::MAX), |tokens| tokens.count);
        let left = match spec.id {
            // The numbers are those of the clock.
            Id::Time => count,
            _ => count.saturating_sub(start.number),
        };
        let names = spec.events.iter().map(String::len).max().unwrap_or(0);
        Self {
            seed,
            tokens,
            opened: false,
            incomplete: start.incomplete,
            number: Number::new(start.number),
            left: left.min(spec.after.unwrap_or(u64::MAX)),
            begun: None,
            room: (ROOM + names + spec.lines * LINE).min(FRAME),
            now: Timestamp::UNIX_EPOCH,
            rng: data::rng(seed, 0),
            spec,
        }
    }

    /// Whether the next frame goes on with the event that the last one began.
    pub(crate) fn is_within_an_event(&self) -> bool {
        self.begun.is_some()
    }

    /// Whether all is written.
    pub(crate) fn is_over(&self) -> bool {
        self.opened && self.left == 0 && self.begun.is_none()
    }

    /// The next frame, of at most [`FRAME`] bytes: it ends the event that is begun and begins others,
    /// each of them one less of what is `owed`. Dates are those of `now`.
    pub(crate) fn frame(&mut self, owed: &mut u64, now: Timestamp) -> Vec<u8> {
        self.now = now;
        let mut out = Vec::with_capacity(self.capacity(*owed));
        if !self.opened {
            self.open(&mut out);
        }
        loop {
            let padding = match self.begun {
                Some(padding) => padding,
                None if *owed == 0 || self.left == 0 || FRAME - out.len() < self.room => {
                    return out;
                }
                None => {
                    *owed -= 1;
                    self.left -= 1;
                    self.begin(&mut out)
                }
            };
            // Two line ends of two bytes at most.
            let now = padding.min(FRAME.saturating_sub(4 + out.len()));
            out.resize(out.len() + now, self.padding());
            if now < padding {
                self.begun = Some(padding - now);
                return out;
            }
            self.begun = None;
            self.end_line(&mut out);
            if self.spec.corrupt != Some(Corrupt::NoBlank) {
                self.end_line(&mut out);
            }
        }
    }

    /// A part of one more event, which will not end.
    pub(crate) fn half(&mut self, now: Timestamp) -> Vec<u8> {
        self.now = now;
        let mut out = Vec::new();
        let padding = self.begin(&mut out);
        out.resize(out.len() + padding.min(FRAME), self.padding());
        out.truncate(out.len().div_ceil(2));
        out
    }

    fn padding(&self) -> u8 {
        match self.spec.data {
            Data::Clock | Data::Seq => b'x',
            // Between the end of a JSON text and the end of the data it means nothing.
            Data::Json | Data::Tokens => b' ',
        }
    }

    /// A comment, where one may be.
    pub(crate) fn heartbeat(&mut self) -> Vec<u8> {
        let mut out = b": heartbeat".to_vec();
        self.end_line(&mut out);
        if self.spec.corrupt != Some(Corrupt::NoBlank) {
            self.end_line(&mut out);
        }
        out
    }

    /// The last words of a server that stops: come back after `ms`.
    pub(crate) fn come_back_after(&mut self, ms: u64) -> Vec<u8> {
        let mut out = Vec::new();
        self.line(&mut out, b"retry: ", ms.to_string().as_bytes());
        out
    }

    fn open(&mut self, out: &mut Vec<u8>) {
        self.opened = true;
        if self.spec.bom {
            out.extend_from_slice("\u{FEFF}".as_bytes());
        }
        if let Some(retry) = self.spec.retry {
            self.line(out, b"retry: ", retry.as_millis().to_string().as_bytes());
        }
        if let Some(missed) = self.incomplete {
            let missed = missed.map_or("null".to_owned(), |missed| missed.to_string());
            self.line(out, b"event: ", b"incomplete");
            self.line(
                out,
                b"data: ",
                format!("{{\"missed\":{missed}}}").as_bytes(),
            );
            self.end_line(out);
        }
    }

    /// Writes the next event up to its padding; says how much of that there is to be.
    fn begin(&mut self, out: &mut Vec<u8>) -> usize {
        let value = self.number.value;
        if self.spec.newline == Newline::Mixed {
            self.rng = data::rng(self.seed, value);
        }
        self.name(out, value);
        self.id(out, value);
        let field: &[u8] = match self.spec.corrupt {
            Some(Corrupt::Case) => b"Data: ",
            Some(Corrupt::Space) => b"data : ",
            Some(Corrupt::BareJson) => b"",
            _ => b"data: ",
        };
        out.extend_from_slice(field);
        let size = match self.spec.corrupt {
            Some(Corrupt::Huge) => Some(HUGE),
            _ => self.spec.size,
        };
        let is_json = matches!(self.spec.data, Data::Json | Data::Tokens);
        let before = out.len();
        match self.spec.data {
            Data::Clock => date::with(self.now, |date| {
                let size = size.unwrap_or(usize::MAX).min(date.len());
                out.extend_from_slice(&date.as_bytes()[..size]);
            }),
            // Part of a number would be another number.
            Data::Seq if size.is_some_and(|size| size < self.number.digits().len()) => {}
            Data::Seq => out.extend_from_slice(self.number.digits()),
            Data::Json => {
                let object = data::object(value, &mut data::rng(self.seed, value));
                out.extend_from_slice(object.as_bytes());
            }
            Data::Tokens => {
                let tokens = self.tokens.as_ref().expect("made for them");
                out.extend_from_slice(tokens.data(value).as_bytes());
            }
        }
        let mut written = out.len() - before;
        if self.spec.corrupt == Some(Corrupt::Utf8) {
            out.extend_from_slice(LATIN_1);
            written += LATIN_1.len();
        }
        for line in 2..=self.spec.lines {
            self.end_line(out);
            out.extend_from_slice(field);
            let before = out.len();
            if !is_json {
                out.extend_from_slice(format!("line {line}").as_bytes());
            }
            written += 1 + out.len() - before;
        }
        self.number.increase();
        let mut padding = size.unwrap_or(0).saturating_sub(written);
        if padding > 0 && written > 0 {
            out.push(b' ');
            padding -= 1;
        }
        padding
    }

    fn name(&mut self, out: &mut Vec<u8>, number: u64) {
        if self.spec.article {
            if number == 0 {
                self.line(out, b"event: ", b"connecttime");
            }
        } else if !self.spec.events.is_empty() {
            let turn = number % self.spec.events.len() as u64;
            let turn = usize::try_from(turn).expect("an index");
            let name = std::mem::take(&mut self.spec.events[turn]);
            if !name.is_empty() {
                self.line(out, b"event: ", name.as_bytes());
            }
            self.spec.events[turn] = name;
        }
    }

    fn id(&mut self, out: &mut Vec<u8>, number: u64) {
        let nul = self.spec.corrupt == Some(Corrupt::NulId);
        match self.spec.id {
            Id::None if !nul => return,
            Id::None | Id::Seq => {
                out.extend_from_slice(b"id: ");
                out.extend_from_slice(self.number.digits());
            }
            Id::Time => {
                out.extend_from_slice(b"id: ");
                out.extend_from_slice(self.spec.time_id(number).as_bytes());
            }
        }
        if nul {
            out.push(0);
        }
        self.end_line(out);
    }

    fn line(&mut self, out: &mut Vec<u8>, field: &[u8], value: &[u8]) {
        out.extend_from_slice(field);
        out.extend_from_slice(value);
        self.end_line(out);
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(match self.spec.newline {
            Newline::Lf => b"\n",
            Newline::Cr => b"\r",
            Newline::CrLf => b"\r\n",
            // LF after CR would be the other half of CRLF, and no line end of its own.
            Newline::Mixed => match self.rng.u8(if out.ends_with(b"\r") { 1..3 } else { 0..3 }) {
                0 => b"\n".as_slice(),
                1 => b"\r",
                _ => b"\r\n",
            },
        });
    }

    /// Enough for the next frame, and not much more: a stream of few small events must not hold a
    /// large frame for a client that does not read.
    fn capacity(&self, owed: u64) -> usize {
        let events = usize::try_from(owed.min(self.left)).unwrap_or(usize::MAX);
        // For the opening, or the end of an event; an event by itself has its room.
        let rest = if self.opened && self.begun.is_none() {
            0
        } else {
            ROOM
        };
        (self.spec.size.unwrap_or(0) + self.room)
            .saturating_mul(events)
            .saturating_add(self.begun.unwrap_or(0) + rest)
            .min(FRAME)
    }
}

/// A number with its decimal digits.
struct Number {
    value: u64,
    digits: [u8; 20],
    /// Where they begin.
    start: usize,
}

impl Number {
    fn new(value: u64) -> Self {
        let mut digits = [b'0'; 20];
        let text = value.to_string();
        let start = digits.len() - text.len();
        digits[start..].copy_from_slice(text.as_bytes());
        Self {
            value,
            digits,
            start,
        }
    }

    fn digits(&self) -> &[u8] {
        &self.digits[self.start..]
    }

    fn increase(&mut self) {
        self.value = self.value.wrapping_add(1);
        for (index, digit) in self.digits.iter_mut().enumerate().rev() {
            if *digit < b'9' {
                *digit += 1;
                self.start = self.start.min(index);
                return;
            }
            *digit = b'0';
        }
    }
}

#[cfg(test)]
mod tests {
    use sse_wire::encode;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_795_389_954).expect("in range")
    }

    fn events(query: &str) -> Events {
        Events::new(Spec::parse(query).expect(query), 7, Start::default())
    }

    /// All frames of a stream, of which at most `most` events are due at a time.
    fn all(query: &str, most: u64) -> Vec<u8> {
        let mut events = events(query);
        let mut all = Vec::new();
        while !events.is_over() {
            let frame = events.frame(&mut most.clone(), now());
            assert!((1..=FRAME).contains(&frame.len()), "{}", frame.len());
            all.extend(frame);
        }
        all
    }

    #[test]
    fn an_event_is_what_its_parameters_say() {
        const DATE: &str = "Sun Nov 22 2026 23:25:54 GMT+0000 (Coordinated Universal Time)";
        for (query, expected) in [
            ("count=2&size=1", "data: 0\n\ndata: 1\n\n"),
            ("count=2&size=2", "data: 0 \n\ndata: 1 \n\n"),
            (
                "count=2&size=5&id=seq",
                "id: 0\ndata: 0 xxx\n\nid: 1\ndata: 1 xxx\n\n",
            ),
            ("count=1", &format!("data: {DATE}\n\n")),
            ("count=1&size=10&data=clock", "data: Sun Nov 22\n\n"),
            (
                "count=1&size=67&data=clock",
                &format!("data: {DATE} xxxx\n\n"),
            ),
            (
                "count=3&data=seq&event=a,,b",
                "event: a\ndata: 0\n\ndata: 1\n\nevent: b\ndata: 2\n\n",
            ),
            (
                "count=1&data=seq&lines=3",
                "data: 0\ndata: line 2\ndata: line 3\n\n",
            ),
            (
                "count=1&data=seq&lines=2&size=12",
                "data: 0\ndata: line 2 xxx\n\n",
            ),
            (
                "count=2&data=seq&newline=crlf&id=seq",
                "id: 0\r\ndata: 0\r\n\r\nid: 1\r\ndata: 1\r\n\r\n",
            ),
            ("count=1&data=seq&newline=cr", "data: 0\r\r"),
            ("count=2&data=seq&corrupt=no-blank", "data: 0\ndata: 1\n"),
            ("count=1&data=seq&corrupt=case", "Data: 0\n\n"),
            ("count=1&data=seq&corrupt=space", "data : 0\n\n"),
            (
                "count=2&data=seq&corrupt=nul-id",
                "id: 0\0\ndata: 0\n\nid: 1\0\ndata: 1\n\n",
            ),
            (
                "count=1&data=seq&id=time&interval=7ms&burst=2",
                "id: 0\ndata: 0\n\n",
            ),
            ("count=3&after=1&data=seq", "data: 0\n\n"),
            ("count=1&after=3&data=seq", "data: 0\n\n"),
        ] {
            let written = all(&format!("retry=none&{query}"), u64::MAX);
            let written = std::str::from_utf8(&written).expect(query);
            assert_eq!(written, expected, "{query}");
        }
        let latin_1 = all("retry=none&count=1&data=seq&corrupt=utf8", 1);
        assert_eq!(latin_1, b"data: 0 caf\xE9\n\n");
        let bare = all("count=1&corrupt=bare-json", 1);
        assert!(bare.starts_with(b"retry: 10000\n{\"n\":0,"));
        let opening = all("bom&retry=2s&count=1&data=seq", 1);
        assert_eq!(opening, b"\xEF\xBB\xBFretry: 2000\ndata: 0\n\n");
        let huge = all("count=1&corrupt=huge&retry=none", 1);
        assert_eq!(huge.len(), HUGE + "data: \n\n".len());
        let eleventh = all("count=11&size=1", u64::MAX);
        assert!(
            eleventh.ends_with(b"data: 9\n\ndata: x\n\n"),
            "10 has two digits"
        );
    }

    #[test]
    fn json_stays_json_when_it_is_padded_or_has_lines() {
        for query in [
            "data=json&size=300&lines=4",
            "data=json&size=1",
            "data=tokens&size=400&lines=3",
        ] {
            let mut reader = sse_wire::Reader::default();
            let mut data = Vec::new();
            reader.read(&all(&format!("{query}&count=20"), 1), |item| {
                if let sse_wire::Content::Event(event) = item.content {
                    data.push(event.data.to_string());
                }
            });
            assert_eq!(data.len(), 20);
            for data in data.iter().filter(|data| !data.starts_with("[DONE]")) {
                assert!(
                    serde_json::from_str::<serde_json::Value>(data).is_ok(),
                    "{data}"
                );
                assert!(data.len() >= if query.contains("size=1") { 1 } else { 300 });
            }
        }
    }

    #[test]
    fn what_is_missing_is_told_before_all_else() {
        for (incomplete, expected) in [(None, "null"), (Some(12), "12")] {
            let start = Start {
                number: 5,
                incomplete: Some(incomplete),
            };
            let spec = Spec::parse("data=seq&id=seq").expect("a query");
            let mut events = Events::new(spec, 7, start);
            let frame = events.frame(&mut 1, now());
            assert_eq!(
                String::from_utf8_lossy(&frame),
                format!(
                    "retry: 10000\nevent: incomplete\ndata: {{\"missed\":{expected}}}\n\nid: 5\ndata: 5\n\n"
                )
            );
        }
    }

    #[test]
    fn half_an_event_never_ends() {
        for query in ["data=seq", "data=json&id=seq&lines=3", "size=1m"] {
            let mut events = events(query);
            let whole = events.frame(&mut 1, now());
            let half = events.half(now());
            assert!(!half.is_empty() && half.len() < whole.len());
            assert!(!half.ends_with(b"\n\n"));
        }
    }

    #[test]
    fn mixed_line_ends_are_all_three_and_never_merge() {
        let query = "count=500&data=json&id=seq&lines=2&newline=mixed";
        let written = all(query, 1);
        let mut seen = std::collections::BTreeSet::new();
        let mut events = 0;
        let mut reader = sse_wire::Reader::default();
        reader.read(&written, |item| {
            if matches!(item.content, sse_wire::Content::Event(_)) {
                events += 1;
            }
        });
        for pair in written.windows(2) {
            match pair {
                b"\r\n" => seen.insert("crlf"),
                [b'\r', _] => seen.insert("cr"),
                [b'\n', _] => seen.insert("lf"),
                _ => continue,
            };
        }
        assert_eq!((events, seen.len()), (500, 3));
        assert_eq!(written, all(query, u64::MAX), "the seed decides");
    }

    #[test]
    fn a_stream_of_no_events_is_its_opening() {
        assert_eq!(all("count=0&id=seq", u64::MAX), b"retry: 10000\n");
    }

    #[test]
    fn any_size_in_any_frames_is_what_the_encoder_writes() {
        let small = (1..200).map(|size| (size, 12));
        let many = [(1, 12_000), (90, 1_500)];
        let near_a_frame = (FRAME - ROOM - 2..FRAME + 2)
            .step_by(3)
            .map(|size| (size, 2));
        let large = [(3 * FRAME, 2)];
        for (size, count) in small.chain(many).chain(near_a_frame).chain(large) {
            for id in ["none", "seq"] {
                let mut expected = Vec::new();
                encode::retry(&mut expected, 10_000);
                for number in 0..count {
                    let number = number.to_string();
                    let mut data = number.clone() + " ";
                    if size < number.len() {
                        data.clear();
                    }
                    data.truncate(size);
                    data.extend(std::iter::repeat_n('x', size - data.len()));
                    let id = (id == "seq").then_some(&*number);
                    encode::event(&mut expected, None, &data, id).expect("well-formed");
                }
                let query = format!("count={count}&size={size}&id={id}");
                for most in [1, u64::MAX] {
                    assert!(all(&query, most) == expected, "{query} {most}");
                }
            }
        }
    }

    #[test]
    fn a_frame_begins_no_more_events_than_are_owed() {
        let mut events = events(&format!("count=3&size={FRAME}"));
        let colons = |frame: &[u8]| frame.iter().filter(|byte| **byte == b':').count();
        let mut owed = 1;
        assert_eq!(
            colons(&events.frame(&mut owed, now())),
            2,
            "retry and the first event"
        );
        assert_eq!(owed, 0);
        assert!(events.is_within_an_event());
        assert_eq!(colons(&events.frame(&mut owed, now())), 0);
        assert!(!events.is_within_an_event() && !events.is_over());
        assert_eq!(colons(&events.frame(&mut u64::MAX.clone(), now())), 1);
    }

    #[test]
    fn a_frame_takes_no_more_memory_than_it_needs() {
        let mut events = events("size=90&id=seq");
        let room = events.room;
        assert!(events.frame(&mut 1, now()).capacity() <= 90 + room + ROOM);
        assert!(events.frame(&mut u64::MAX.clone(), now()).capacity() == FRAME);
    }

    #[test]
    fn a_number_counts() {
        for begin in [0, 99_950] {
            let mut number = Number::new(begin);
            for expected in begin..begin + 100_100 {
                assert_eq!(number.digits(), expected.to_string().as_bytes());
                number.increase();
            }
        }
    }

    #[test]
    fn the_date_is_that_of_its_second() {
        let mut events = events("count=2");
        let first = events.frame(&mut 1, now());
        let second = events.frame(&mut 1, now() + jiff::SignedDuration::from_secs(1));
        assert!(String::from_utf8_lossy(&first).contains("23:25:54"));
        assert!(String::from_utf8_lossy(&second).contains("23:25:55"));
    }
}
