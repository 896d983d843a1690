//! The text of a generated stream, a frame at a time. Pure: the schedule decides when a frame is
//! due.

#[cfg(test)]
mod tests;

use jiff::Timestamp;

use super::{
    FRAME,
    answer::Model,
    data, date,
    resume::{Missed, Start},
    spec::{Corrupt, Data, Id, Newline, Spec},
};

/// Room for any event without its padding, its type, and its data lines after the first: field
/// names, an ID, a date, a number or an object, line ends.
const ROOM: usize = 512;

/// Room for a data line after the first: `data: line 1000` and its line end.
const LINE: usize = 24;

/// The size of the data of an event with `corrupt=huge`, in bytes.
const HUGE: usize = 64 << 20;

/// What `corrupt=utf8` appends to the data: the end of `café` in Latin-1.
const LATIN_1: &[u8] = b" caf\xE9";

/// Writes the events of one stream.
///
/// This does not use `wire::encode::event`: an event may be larger than a frame, many streams are
/// malformed on purpose, and at full speed checking and formatting each event costs more than copying its
/// bytes. A test compares the two on well-formed streams.
pub(crate) struct Events {
    spec: Spec,
    seed: u64,
    /// Has the events, if they are those of a language model.
    model: Option<Model>,
    /// Whether the opening is written.
    opened: bool,
    /// The events that the client missed and cannot get, reported in the opening.
    missed: Option<Missed>,
    /// The number of the next event.
    number: u64,
    /// How many events are not begun.
    remaining: u64,
    /// How many bytes of padding the current event still needs; `None` between events.
    padding: Option<usize>,
    /// How many bytes must be free in a frame for an event to begin.
    room: usize,
    /// The date that events carry.
    date: Timestamp,
    /// Chooses the line ends of `newline=mixed`. Seeded for each event, so that they are the same
    /// whichever connection sends the event.
    rng: fastrand::Rng,
}

impl Events {
    pub(crate) fn new(spec: Spec, seed: u64, start: Start) -> Self {
        let model = Model::new(&spec, seed);
        // No client receives 2^64 events.
        let count = model
            .as_ref()
            .map_or(spec.count.unwrap_or(u64::MAX), Model::count);
        let remaining = match spec.id {
            // Event numbers come from the clock.
            Id::Time => count,
            _ => count.saturating_sub(start.number),
        };
        let longest_type = spec.events.iter().map(String::len).max().unwrap_or(0);
        Self {
            seed,
            model,
            opened: false,
            missed: start.missed,
            number: start.number,
            remaining: remaining.min(spec.after.unwrap_or(u64::MAX)),
            padding: None,
            room: (ROOM + longest_type + spec.lines * LINE).min(FRAME),
            date: Timestamp::UNIX_EPOCH,
            rng: data::rng(seed, 0),
            spec,
        }
    }

    /// Whether the next frame continues an event.
    pub(crate) fn is_within_an_event(&self) -> bool {
        self.padding.is_some()
    }

    /// Whether the stream is complete.
    pub(crate) fn is_over(&self) -> bool {
        self.opened && self.remaining == 0 && self.padding.is_none()
    }

    /// The next frame: ends the current event and begins others, each of which decrements `owed`. It has
    /// at most [`FRAME`] bytes, and more only if an event of a model's answer has more, which is not padding.
    pub(crate) fn frame(&mut self, owed: &mut u64, date: Timestamp) -> Vec<u8> {
        self.date = date;
        let mut out = Vec::with_capacity(self.capacity(*owed));
        if !self.opened {
            self.open(&mut out);
        }
        loop {
            let padding = match self.padding {
                Some(padding) => padding,
                None if *owed == 0
                    || self.remaining == 0
                    || FRAME.saturating_sub(out.len()) < self.room =>
                {
                    return out;
                }
                None => {
                    *owed -= 1;
                    self.remaining -= 1;
                    self.begin(&mut out)
                }
            };
            // Two line ends take at most 4 bytes.
            let fits = padding.min(FRAME.saturating_sub(4 + out.len()));
            out.resize(out.len() + fits, self.padding_byte());
            if fits < padding {
                self.padding = Some(padding - fits);
                return out;
            }
            self.padding = None;
            self.end_block(&mut out);
        }
    }

    /// The first half of one more event.
    pub(crate) fn half(&mut self, date: Timestamp) -> Vec<u8> {
        self.date = date;
        let mut out = Vec::new();
        let padding = self.begin(&mut out);
        out.resize(out.len() + padding.min(FRAME), self.padding_byte());
        out.truncate(out.len().div_ceil(2));
        out
    }

    fn padding_byte(&self) -> u8 {
        match self.spec.data {
            Data::Clock | Data::Seq => b'x',
            // JSON allows spaces after a text.
            Data::Json | Data::Tokens | Data::Answer(_) => b' ',
        }
    }

    /// A comment. Allowed between events only.
    pub(crate) fn heartbeat(&mut self) -> Vec<u8> {
        let mut out = b": heartbeat".to_vec();
        self.end_block(&mut out);
        out
    }

    /// A `retry` field. Allowed between events only.
    pub(crate) fn reconnection_time(&mut self, ms: u64) -> Vec<u8> {
        let mut out = Vec::new();
        self.field(&mut out, b"retry: ", itoa::Buffer::new().format(ms));
        out
    }

    fn open(&mut self, out: &mut Vec<u8>) {
        self.opened = true;
        if self.spec.bom {
            out.extend_from_slice("\u{FEFF}".as_bytes());
        }
        if let Some(retry) = self.spec.retry {
            self.field(
                out,
                b"retry: ",
                itoa::Buffer::new().format(retry.as_millis()),
            );
        }
        if let Some(missed) = self.missed {
            let missed = match missed {
                Missed::Unknown => "null".to_owned(),
                Missed::Count(count) => count.to_string(),
            };
            self.field(out, b"event: ", "incomplete");
            self.field(out, b"data: ", &format!("{{\"missed\":{missed}}}"));
            self.end_line(out);
        }
    }

    /// Writes the next event up to its padding, and returns how many bytes of padding it needs.
    fn begin(&mut self, out: &mut Vec<u8>) -> usize {
        let number = self.number;
        self.number = number.wrapping_add(1);
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(number);
        if self.spec.newline == Newline::Mixed {
            self.rng = data::rng(self.seed, number);
        }
        let event = self.model.as_ref().map(|model| model.event(number));
        match &event {
            Some(event) if !event.event_type.is_empty() => {
                self.field(out, b"event: ", event.event_type);
            }
            _ => self.event_type(out, number),
        }
        self.id(out, number, digits);
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
        let is_json = !matches!(self.spec.data, Data::Clock | Data::Seq);
        let before = out.len();
        match self.spec.data {
            Data::Clock => date::with(self.date, |date| {
                let size = size.unwrap_or(usize::MAX).min(date.len());
                out.extend_from_slice(&date.as_bytes()[..size]);
            }),
            // A part of the number would be another number.
            Data::Seq if size.is_some_and(|size| size < digits.len()) => {}
            Data::Seq => out.extend_from_slice(digits.as_bytes()),
            Data::Json => {
                let object = data::object(number, &mut data::rng(self.seed, number));
                out.extend_from_slice(object.as_bytes());
            }
            Data::Tokens | Data::Answer(_) => {
                let event = event.expect("created for this data");
                out.extend_from_slice(event.data.as_bytes());
            }
        }
        let mut length = out.len() - before;
        if self.spec.corrupt == Some(Corrupt::Utf8) {
            out.extend_from_slice(LATIN_1);
            length += LATIN_1.len();
        }
        for line in 2..=self.spec.lines {
            self.end_line(out);
            out.extend_from_slice(field);
            let before = out.len();
            if !is_json {
                out.extend_from_slice(b"line ");
                out.extend_from_slice(itoa::Buffer::new().format(line).as_bytes());
            }
            length += 1 + out.len() - before;
        }
        let mut padding = size.unwrap_or(0).saturating_sub(length);
        if padding > 0 && length > 0 {
            out.push(b' ');
            padding -= 1;
        }
        padding
    }

    fn event_type(&mut self, out: &mut Vec<u8>, number: u64) {
        if self.spec.has_connecttime {
            if number == 0 {
                self.field(out, b"event: ", "connecttime");
            }
        } else if !self.spec.events.is_empty() {
            let turn = number % self.spec.events.len() as u64;
            let turn = usize::try_from(turn).expect("an index");
            // Taken, because `field` borrows all of `self`.
            let name = std::mem::take(&mut self.spec.events[turn]);
            if !name.is_empty() {
                self.field(out, b"event: ", &name);
            }
            self.spec.events[turn] = name;
        }
    }

    fn id(&mut self, out: &mut Vec<u8>, number: u64, digits: &str) {
        let has_nul = self.spec.corrupt == Some(Corrupt::NulId);
        match self.spec.id {
            Id::None if !has_nul => return,
            Id::None | Id::Seq => {
                out.extend_from_slice(b"id: ");
                out.extend_from_slice(digits.as_bytes());
            }
            Id::Time => {
                out.extend_from_slice(b"id: ");
                out.extend_from_slice(self.spec.time_id(number).as_bytes());
            }
        }
        if has_nul {
            out.push(0);
        }
        self.end_line(out);
    }

    fn field(&mut self, out: &mut Vec<u8>, name: &[u8], value: &str) {
        out.extend_from_slice(name);
        out.extend_from_slice(value.as_bytes());
        self.end_line(out);
    }

    /// Ends a line and adds the empty line after it, which `corrupt=no-blank` omits.
    fn end_block(&mut self, out: &mut Vec<u8>) {
        self.end_line(out);
        if self.spec.corrupt != Some(Corrupt::NoBlank) {
            self.end_line(out);
        }
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(match self.spec.newline {
            Newline::Lf => b"\n",
            Newline::Cr => b"\r",
            Newline::CrLf => b"\r\n",
            // LF after CR would complete a CRLF instead of ending another line.
            Newline::Mixed => match self.rng.u8(if out.ends_with(b"\r") { 1..3 } else { 0..3 }) {
                0 => b"\n".as_slice(),
                1 => b"\r",
                _ => b"\r\n",
            },
        });
    }

    /// The capacity for the next frame, and not much more: a stream of few small events must not hold a
    /// large frame for a client that does not read.
    fn capacity(&self, owed: u64) -> usize {
        let events = usize::try_from(owed.min(self.remaining)).unwrap_or(usize::MAX);
        // For the opening, or the end of the current event.
        let extra = if self.opened && self.padding.is_none() {
            0
        } else {
            ROOM
        };
        (self.spec.size.unwrap_or(0) + self.room)
            .saturating_mul(events)
            .saturating_add(self.padding.unwrap_or(0) + extra)
            .min(FRAME)
    }
}
