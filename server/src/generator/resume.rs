//! Where a stream begins for a client that says which event it saw last. Pure, and without any
//! record of what was sent: the ID alone tells, so any copy of the server can resume any client.

use crate::generator::{
    data::Tokens,
    events::Start,
    spec::{Data, Id, Resume, Spec, ms},
};

/// How many events of the past there are to be had again where IDs are times.
const KEPT: u64 = 10_000;

/// How far the clocks of two servers may differ, in ms.
const DRIFT: u64 = 10_000;

/// How many events `resume=gap` leaves out, and `resume=repeat` sends again.
const SLIP: u64 = 3;

impl Spec {
    /// The ID of event `number` where IDs are times: the ms since 1970 of its burst, and from the
    /// second of a burst on its place in it.
    pub(crate) fn time_id(&self, number: u64) -> String {
        let time = (number / self.burst).saturating_mul(ms(self.interval));
        match number % self.burst {
            0 => time.to_string(),
            place => format!("{time}-{place}"),
        }
    }

    /// The number of the event that has the ID `id`; `None` if no event has it.
    fn number_of(&self, id: &str) -> Option<u64> {
        let digits = |text: &str| {
            let plain = text.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| text.parse::<u64>().ok()).flatten()
        };
        match self.id {
            Id::None => None,
            Id::Seq => digits(id),
            Id::Time => {
                let (time, place) = id.split_once('-').unwrap_or((id, "0"));
                let (time, place) = (digits(time)?, digits(place)?);
                (place < self.burst).then_some(())?;
                (time / ms(self.interval))
                    .checked_mul(self.burst)?
                    .checked_add(place)
            }
        }
    }

    /// Where the stream begins for a client that saw `last`, at `now` (ms since 1970).
    pub(crate) fn start(&self, last: Option<&str>, now: u64) -> Start {
        // The burst of this moment: its first event is due at once.
        let current = match self.id {
            Id::Time => (now / ms(self.interval)).saturating_mul(self.burst),
            Id::None | Id::Seq => 0,
        };
        let anew = Start {
            number: current,
            incomplete: None,
        };
        let last = last.filter(|id| !id.is_empty() && self.resume != Resume::Ignore);
        let Some(last) = last else {
            return anew;
        };
        let seen = self.number_of(last).filter(|number| match self.id {
            Id::Time => {
                let ahead = self.burst.saturating_mul(DRIFT / ms(self.interval) + 1);
                *number < current.saturating_add(ahead)
            }
            Id::None | Id::Seq => *number < u64::MAX,
        });
        let Some(seen) = seen else {
            return Start {
                incomplete: Some(None),
                ..anew
            };
        };
        let number = match self.resume {
            Resume::Ignore | Resume::Replay => seen + 1,
            Resume::Gap => seen.saturating_add(1 + SLIP),
            Resume::Repeat => (seen + 1).saturating_sub(SLIP),
        };
        let oldest = current.saturating_sub(KEPT);
        Start {
            number: number.max(oldest),
            incomplete: (number < oldest).then(|| Some(oldest - number)),
        }
    }

    /// Whether a client that begins at `start` has had all events that there are: it is told not to
    /// come back (HTML, 9.2.3: status 204).
    pub(crate) fn is_complete(&self, start: Start, seed: u64) -> bool {
        let count = match self.data {
            Data::Tokens => Some(Tokens::new(seed, self.count).count),
            _ => self.count,
        };
        // With `repeat` it begins with what it had.
        let seen = match self.resume {
            Resume::Repeat => SLIP,
            _ => 0,
        };
        self.resume != Resume::Ignore
            && self.id == Id::Seq
            && start.number > 0
            && count.is_some_and(|count| start.number.saturating_add(seen) >= count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(query: &str) -> Spec {
        Spec::parse(query).expect(query)
    }

    #[test]
    fn a_client_goes_on_where_its_id_says() {
        const NOW: u64 = 1_795_389_954_321;
        for (query, last, number, incomplete) in [
            ("id=seq&resume=replay", None, 0, None),
            ("id=seq&resume=replay", Some(""), 0, None),
            ("id=seq&resume=replay", Some("0"), 1, None),
            ("id=seq&resume=replay", Some("41"), 42, None),
            ("id=seq&resume=gap", Some("41"), 45, None),
            ("id=seq&resume=repeat", Some("41"), 39, None),
            ("id=seq&resume=repeat", Some("1"), 0, None),
            ("id=seq&resume=ignore", Some("41"), 0, None),
            ("id=seq", Some("41"), 0, None),
            ("id=seq&resume=replay", Some("x"), 0, Some(None)),
            ("id=seq&resume=replay", Some("+1"), 0, Some(None)),
            (
                "id=seq&resume=replay",
                Some("18446744073709551615"),
                0,
                Some(None),
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
                Some(None),
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
                Some(None),
            ),
            (
                "id=time&resume=replay",
                Some("1795379953000"),
                NOW / 1000 - KEPT,
                None,
            ),
            (
                "id=time&resume=replay",
                Some("1795379900000"),
                NOW / 1000 - KEPT,
                Some(Some(53)),
            ),
        ] {
            let start = spec(query).start(last, NOW);
            let expected = Start { number, incomplete };
            assert_eq!(start, expected, "{query} {last:?}");
        }
    }

    #[test]
    fn the_id_of_a_number_is_that_number() {
        for query in ["id=time&interval=7ms", "id=time&interval=250ms&burst=4"] {
            let spec = spec(query);
            for number in (0..100).chain(1_795_389_954..1_795_390_054) {
                assert_eq!(spec.number_of(&spec.time_id(number)), Some(number));
            }
        }
    }
}
