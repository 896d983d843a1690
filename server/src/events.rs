//! The text of a generated stream, a frame at a time. Pure: when a frame is due is not its matter.

use jiff::Timestamp;
use sse_wire::encode;

use crate::{
    date,
    spec::{Generated, Id},
    stream::RECONNECTION_TIME_MS,
};

/// The most that a frame holds.
pub(crate) const FRAME: usize = 64 << 10;

/// Room for any event but for its padding: the names of its two fields, a date or a number, line ends.
const ROOM: usize = 128;

/// What ends an event.
const END: &[u8] = b"\n\n";

/// Writes the events of one stream.
///
/// Not with `encode::event`: an event may be larger than a frame, and at full speed the checks and
/// the formatting of each cost more than its bytes. A test compares the two.
pub(crate) struct Events {
    size: Option<usize>,
    id: Id,
    /// How many events are not begun.
    left: u64,
    number: Number,
    /// The opening is sent.
    opened: bool,
    /// How much padding the event still needs that is begun and not ended.
    begun: Option<usize>,
    date: Date,
}

impl Events {
    pub(crate) fn new(spec: &Generated) -> Self {
        Self {
            size: spec.size,
            id: spec.id,
            // The end after 2^64 events is not one that anybody sees.
            left: spec.count.unwrap_or(u64::MAX),
            number: Number::ZERO,
            opened: false,
            begun: None,
            date: Date::default(),
        }
    }

    /// Whether the next frame begins the stream.
    pub(crate) fn is_new(&self) -> bool {
        !self.opened
    }

    /// Whether the next frame goes on with the event that the last one began.
    pub(crate) fn is_within_an_event(&self) -> bool {
        self.begun.is_some()
    }

    /// Whether all is written.
    pub(crate) fn is_over(&self) -> bool {
        self.opened && self.left == 0 && self.begun.is_none()
    }

    /// The next frame, of at most [`FRAME`] bytes: it ends the event that is begun and begins no more
    /// than `most` others. Those without a size carry the date of `now`.
    pub(crate) fn frame(&mut self, mut most: u64, now: Timestamp) -> Vec<u8> {
        if self.size.is_none() {
            self.date.set(now);
        }
        let mut out = Vec::with_capacity(self.capacity(most));
        if !self.opened {
            self.opened = true;
            encode::retry(&mut out, RECONNECTION_TIME_MS);
        }
        loop {
            let padding = match self.begun {
                Some(padding) => padding,
                None if most == 0 || self.left == 0 || FRAME - out.len() < ROOM => return out,
                None => {
                    most -= 1;
                    self.left -= 1;
                    self.begin(&mut out)
                }
            };
            let now = padding.min(FRAME - END.len() - out.len());
            out.resize(out.len() + now, b'x');
            if now < padding {
                self.begun = Some(padding - now);
                return out;
            }
            out.extend_from_slice(END);
            self.begun = None;
        }
    }

    /// Writes the next event up to its padding; says how much of that there is to be.
    fn begin(&mut self, out: &mut Vec<u8>) -> usize {
        let number = self.number.digits();
        if self.id == Id::Seq {
            out.extend_from_slice(b"id: ");
            out.extend_from_slice(number);
            out.push(b'\n');
        }
        out.extend_from_slice(b"data: ");
        let padding = match self.size {
            None => {
                out.extend_from_slice(self.date.text.as_bytes());
                0
            }
            // Part of a number would be another number.
            Some(size) if size < number.len() => size,
            Some(size) => {
                out.extend_from_slice(number);
                let rest = size - number.len();
                if rest > 0 {
                    out.push(b' ');
                }
                rest.saturating_sub(1)
            }
        };
        self.number.increase();
        padding
    }

    /// Enough for the next frame, and not much more: a stream of few small events must not hold a
    /// large frame for a client that does not read.
    fn capacity(&self, most: u64) -> usize {
        let events = usize::try_from(most.min(self.left)).unwrap_or(usize::MAX);
        (self.size.unwrap_or(0) + ROOM)
            .saturating_mul(events)
            .saturating_add(self.begun.unwrap_or(0) + ROOM)
            .min(FRAME)
    }
}

/// A number that is kept as its decimal digits.
struct Number {
    digits: [u8; 20],
    /// Where they begin.
    start: usize,
}

impl Number {
    const ZERO: Self = Self {
        digits: [b'0'; 20],
        start: 19,
    };

    fn digits(&self) -> &[u8] {
        &self.digits[self.start..]
    }

    fn increase(&mut self) {
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

/// The date, formatted once a second.
#[derive(Default)]
struct Date {
    second: Option<i64>,
    text: String,
}

impl Date {
    fn set(&mut self, now: Timestamp) {
        let second = Some(now.as_second());
        if self.second != second {
            self.second = second;
            self.text = date::to_string(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_795_389_954).expect("in range")
    }

    fn spec(count: u64, size: Option<usize>, id: Id) -> Generated {
        Generated {
            count: Some(count),
            size,
            id,
            ..Generated::default()
        }
    }

    /// All frames of a stream, which begins `most` events a frame.
    fn all(spec: &Generated, most: u64) -> Vec<u8> {
        let mut events = Events::new(spec);
        let mut all = Vec::new();
        while !events.is_over() {
            let frame = events.frame(most, now());
            assert!((1..=FRAME).contains(&frame.len()), "{}", frame.len());
            all.extend(frame);
        }
        all
    }

    #[test]
    fn an_event_has_data_of_the_size_asked_for() {
        for (size, id, expected) in [
            (Some(1), Id::None, "data: 0\n\ndata: 1\n\n"),
            (Some(2), Id::None, "data: 0 \n\ndata: 1 \n\n"),
            (
                Some(5),
                Id::Seq,
                "id: 0\ndata: 0 xxx\n\nid: 1\ndata: 1 xxx\n\n",
            ),
            (
                None,
                Id::Seq,
                "id: 0\ndata: Sun Nov 22 2026 23:25:54 GMT+0000 (Coordinated Universal Time)\n\n\
                 id: 1\ndata: Sun Nov 22 2026 23:25:54 GMT+0000 (Coordinated Universal Time)\n\n",
            ),
        ] {
            let written = all(&spec(2, size, id), u64::MAX);
            let written = std::str::from_utf8(&written).expect("ASCII");
            assert_eq!(written.strip_prefix("retry: 10000\n"), Some(expected));
        }
        let written = all(&spec(11, Some(1), Id::None), u64::MAX);
        assert!(
            written.ends_with(b"data: 9\n\ndata: x\n\n"),
            "10 has two digits"
        );
    }

    #[test]
    fn a_stream_of_no_events_is_its_opening() {
        assert_eq!(
            all(&spec(0, Some(90), Id::Seq), u64::MAX),
            b"retry: 10000\n"
        );
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
            for id in [Id::None, Id::Seq] {
                let mut expected = Vec::new();
                encode::retry(&mut expected, RECONNECTION_TIME_MS);
                for number in 0..count {
                    let number = number.to_string();
                    let mut data = number.clone() + " ";
                    if size < number.len() {
                        data.clear();
                    }
                    data.truncate(size);
                    data.extend(std::iter::repeat_n('x', size - data.len()));
                    let id = (id == Id::Seq).then_some(&*number);
                    encode::event(&mut expected, None, &data, id).expect("well-formed");
                }
                let spec = spec(count, Some(size), id);
                for most in [1, u64::MAX] {
                    assert!(all(&spec, most) == expected, "{size} {id:?} {most}");
                }
            }
        }
    }

    #[test]
    fn a_frame_begins_no_more_events_than_it_may() {
        let mut events = Events::new(&spec(3, Some(FRAME), Id::None));
        let colons = |frame: &[u8]| frame.iter().filter(|byte| **byte == b':').count();
        assert_eq!(
            colons(&events.frame(1, now())),
            2,
            "retry and the first event"
        );
        assert!(events.is_within_an_event());
        assert_eq!(colons(&events.frame(0, now())), 0);
        assert!(!events.is_within_an_event() && !events.is_over());
        assert_eq!(colons(&events.frame(u64::MAX, now())), 1);
    }

    #[test]
    fn a_frame_takes_no_more_memory_than_it_needs() {
        let mut events = Events::new(&spec(u64::MAX, Some(90), Id::Seq));
        assert!(events.frame(1, now()).capacity() <= 90 + 2 * ROOM);
        assert!(events.frame(u64::MAX, now()).capacity() == FRAME);
    }

    #[test]
    fn a_number_counts() {
        let mut number = Number::ZERO;
        for expected in 0..100_100_u64 {
            assert_eq!(number.digits(), expected.to_string().as_bytes());
            number.increase();
        }
    }

    #[test]
    fn the_date_is_that_of_its_second() {
        let mut events = Events::new(&spec(2, None, Id::None));
        let first = events.frame(1, now());
        let second = events.frame(1, now() + jiff::SignedDuration::from_secs(1));
        assert!(String::from_utf8_lossy(&first).contains("23:25:54"));
        assert!(String::from_utf8_lossy(&second).contains("23:25:55"));
    }
}
