//! Where a stream begins for a client that sends the last event ID it received. Pure, and without a
//! record of what was sent: the ID is sufficient, so any instance of the server can resume any
//! client.

use super::{
    answer::Model,
    spec::{Id, Resume, Spec, ms},
};

/// How many past events a client can still get if IDs are times.
const MAX_REPLAYED: u64 = 10_000;

/// How far the clocks of two servers may differ, in ms.
const MAX_CLOCK_DRIFT: u64 = 10_000;

/// How many events `resume=gap` omits, and `resume=repeat` sends again.
const SLIP: u64 = 3;

/// Where a stream begins for one client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Start {
    /// The number of the first event.
    pub(crate) number: u64,
    /// The events between the last one that the client received and the first one, if there are
    /// any.
    pub(crate) missed: Option<Missed>,
}

/// Events that the client missed and cannot get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missed {
    Count(u64),
    /// The ID of the client is not one of this stream.
    Unknown,
}

impl Spec {
    /// The ID of event `number` if IDs are times: the ms since 1970 of its burst, followed by its
    /// index within the burst from the second event on.
    pub(crate) fn time_id(&self, number: u64) -> String {
        let time = (number / self.burst).saturating_mul(ms(self.interval));
        match number % self.burst {
            0 => time.to_string(),
            index => format!("{time}-{index}"),
        }
    }

    /// The number of the event that has the ID `id`; `None` if no event has it.
    fn number_of(&self, id: &str) -> Option<u64> {
        let number = |digits: &str| {
            let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            is_plain.then(|| digits.parse::<u64>().ok()).flatten()
        };
        match self.id {
            Id::None => None,
            Id::Seq => number(id),
            Id::Time => {
                let (time, index) = id.split_once('-').unwrap_or((id, "0"));
                let (time, index) = (number(time)?, number(index)?);
                (index < self.burst).then_some(())?;
                (time / ms(self.interval))
                    .checked_mul(self.burst)?
                    .checked_add(index)
            }
        }
    }

    /// Where the stream begins for a client that sends the ID `last`, at `now` (ms since 1970).
    pub(crate) fn start(&self, last: Option<&str>, now: u64) -> Start {
        // The current burst: its first event is due at once.
        let current = match self.id {
            Id::Time => (now / ms(self.interval)).saturating_mul(self.burst),
            Id::None | Id::Seq => 0,
        };
        let from_beginning = Start {
            number: current,
            missed: None,
        };
        let last = last.filter(|id| !id.is_empty() && self.resume != Resume::Ignore);
        let Some(last) = last else {
            return from_beginning;
        };
        let seen = self.number_of(last).filter(|number| match self.id {
            Id::Time => {
                let drift = self
                    .burst
                    .saturating_mul(MAX_CLOCK_DRIFT / ms(self.interval) + 1);
                *number < current.saturating_add(drift)
            }
            Id::None | Id::Seq => *number < u64::MAX,
        });
        let Some(seen) = seen else {
            return Start {
                missed: Some(Missed::Unknown),
                ..from_beginning
            };
        };
        let number = match self.resume {
            Resume::Ignore | Resume::Replay => seen + 1,
            Resume::Gap => seen.saturating_add(1 + SLIP),
            Resume::Repeat => (seen + 1).saturating_sub(SLIP),
        };
        let oldest = current.saturating_sub(MAX_REPLAYED);
        Start {
            number: number.max(oldest),
            missed: (number < oldest).then(|| Missed::Count(oldest - number)),
        }
    }

    /// Whether a client that starts at `start` has received all events. Its request then gets
    /// status 204, which ends reconnection (HTML, 9.2.3).
    pub(crate) fn is_complete(&self, start: Start, seed: u64) -> bool {
        if self.resume == Resume::Ignore || self.id != Id::Seq || start.number == 0 {
            return false;
        }
        let model = Model::new(self, seed);
        let count = model.map_or(self.count, |model| Some(model.count()));
        // With `repeat` the first events are ones that the client has received.
        let received = match self.resume {
            Resume::Repeat => SLIP,
            _ => 0,
        };
        count.is_some_and(|count| start.number.saturating_add(received) >= count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(query: &str) -> Spec {
        Spec::parse(query).expect(query)
    }

    #[test]
    fn a_client_resumes_after_its_id() {
        const NOW: u64 = 1_795_389_954_321;
        for (query, last, number, missed) in [
            ("id=seq&resume=replay", None, 0, None),
            ("id=seq&resume=replay", Some(""), 0, None),
            ("id=seq&resume=replay", Some("0"), 1, None),
            ("id=seq&resume=replay", Some("41"), 42, None),
            ("id=seq&resume=gap", Some("41"), 45, None),
            ("id=seq&resume=repeat", Some("41"), 39, None),
            ("id=seq&resume=repeat", Some("1"), 0, None),
            ("id=seq&resume=ignore", Some("41"), 0, None),
            ("id=seq", Some("41"), 0, None),
            ("id=seq&resume=replay", Some("x"), 0, Some(Missed::Unknown)),
            ("id=seq&resume=replay", Some("+1"), 0, Some(Missed::Unknown)),
            (
                "id=seq&resume=replay",
                Some("18446744073709551615"),
                0,
                Some(Missed::Unknown),
            ),
            ("id=time&resume=replay", None, NOW / 1000, None),
            (
                "id=time&resume=replay",
                Some("1795389950000"),
                1_795_389_951,
                None,
            ),
            (
                "id=time&resume=replay&burst=3",
                Some("1795389950000-2"),
                1_795_389_951 * 3,
                None,
            ),
            (
                "id=time&resume=replay&burst=3",
                Some("1795389950000-3"),
                NOW / 1000 * 3,
                Some(Missed::Unknown),
            ),
            (
                "id=time&resume=replay",
                Some("1795389955000"),
                1_795_389_956,
                None,
            ),
            (
                "id=time&resume=replay",
                Some("1795389995000"),
                NOW / 1000,
                Some(Missed::Unknown),
            ),
            (
                "id=time&resume=replay",
                Some("1795379953000"),
                NOW / 1000 - MAX_REPLAYED,
                None,
            ),
            (
                "id=time&resume=replay",
                Some("1795379900000"),
                NOW / 1000 - MAX_REPLAYED,
                Some(Missed::Count(53)),
            ),
        ] {
            let start = spec(query).start(last, NOW);
            let expected = Start { number, missed };
            assert_eq!(start, expected, "{query} {last:?}");
        }
    }

    #[test]
    fn number_of_inverts_time_id() {
        for query in ["id=time&interval=7ms", "id=time&interval=250ms&burst=4"] {
            let spec = spec(query);
            for number in (0..100).chain(1_795_389_954..1_795_390_054) {
                assert_eq!(spec.number_of(&spec.time_id(number)), Some(number));
            }
        }
    }
}
