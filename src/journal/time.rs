//! Times as text, exact to the µs. The times of a journal are in ms since the Unix epoch.
//!
//! Everything here is computed with integers: formatting floating-point numbers would add a tenth to
//! the size of the page.

/// The last time that can be written, in µs. After it, in the year 2109, an `f64` in ms no longer
/// distinguishes every µs.
pub(super) const LAST: u64 = (1 << 42) * 1000 - 1;

const DAY: u64 = 86_400_000_000;

/// A time in ms as one in µs.
pub(super) fn micros(at: f64) -> u64 {
    ((at * 1000.0).round_ties_even() as u64).min(LAST)
}

/// The inverse of [`micros`].
pub(super) fn from_micros(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

/// Appends `number` with at least `width` digits.
pub(super) fn digits(number: u64, width: usize, out: &mut String) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(number);
    out.extend(std::iter::repeat_n('0', width.saturating_sub(digits.len())));
    out.push_str(digits);
}

/// Appends a time in µs as one in ms, with up to three decimals, without trailing zeros.
pub(super) fn ms(micros: u64, out: &mut String) {
    digits(micros / 1000, 1, out);
    let mut rest = micros % 1000;
    if rest > 0 {
        let mut width = 3;
        while rest.is_multiple_of(10) {
            rest /= 10;
            width -= 1;
        }
        out.push('.');
        digits(rest, width, out);
    }
}

/// The inverse of [`ms`]: a time in µs from digits with up to three decimals.
pub(super) fn parse_ms(text: &str) -> Option<u64> {
    let (whole, decimals) = match text.split_once('.') {
        Some((whole, decimals)) if matches!(decimals.len(), 1..=3) => (whole, decimals),
        Some(_) => return None,
        None => (text, ""),
    };
    // More than 13 digits are beyond `LAST`, and could overflow below.
    if !matches!(whole.len(), 1..=13) {
        return None;
    }
    let mut micros = 0;
    for byte in whole.bytes().chain(decimals.bytes()) {
        if !byte.is_ascii_digit() {
            return None;
        }
        micros = micros * 10 + u64::from(byte - b'0');
    }
    for _ in decimals.len()..3 {
        micros *= 10;
    }
    Some(micros).filter(|micros| *micros <= LAST)
}

/// A time in ms from digits with up to three decimals. Parsing any floating-point number would add 15 kB to
/// the page.
pub(crate) fn read_ms(text: &str) -> Option<f64> {
    parse_ms(text).map(from_micros)
}

/// Appends a time as in ISO 8601, in UTC: `2026-11-23T03:14:26.120000Z`.
pub(super) fn iso(at: f64, out: &mut String) {
    let micros = micros(at);
    let (year, month, day) = civil(micros / DAY);
    let second = micros % DAY / 1_000_000;
    for (number, width, after) in [
        (year, 4, '-'),
        (month, 2, '-'),
        (day, 2, 'T'),
        (second / 3600, 2, ':'),
        (second / 60 % 60, 2, ':'),
        (second % 60, 2, '.'),
        (micros % 1_000_000, 6, 'Z'),
    ] {
        digits(number, width, out);
        out.push(after);
    }
}

/// The year, month and day of a number of days since 1970-01-01.
///
/// It counts in eras of 400 years, which all have the same number of days, from 1 March of the year 0:
/// so a leap day is the last day of its year.
fn civil(days: u64) -> (u64, u64, u64) {
    const ERA: u64 = 146_097;
    let days = days + 719_468;
    let day_of_era = days % ERA;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // From March on, the days before each month lie on a line with a slope of 30.6.
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = days / ERA * 400 + year_of_era;
    if month < 10 {
        (year, month + 3, day)
    } else {
        (year + 1, month - 9, day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(at: f64) -> String {
        let mut out = String::new();
        iso(at, &mut out);
        out
    }

    #[test]
    fn known_times() {
        for (at, expected) in [
            (0.0, "1970-01-01T00:00:00.000000Z"),
            (-1.0, "1970-01-01T00:00:00.000000Z"),
            (f64::NAN, "1970-01-01T00:00:00.000000Z"),
            (0.001, "1970-01-01T00:00:00.000001Z"),
            (951_782_400_000.0, "2000-02-29T00:00:00.000000Z"),
            (951_868_800_000.0, "2000-03-01T00:00:00.000000Z"),
            (1_709_164_799_999.999, "2024-02-28T23:59:59.999999Z"),
            (1_709_164_800_000.0, "2024-02-29T00:00:00.000000Z"),
            (1_795_403_666_120.0, "2026-11-23T03:14:26.120000Z"),
            (1_795_403_666_120.5, "2026-11-23T03:14:26.120500Z"),
            (1_795_403_666_120.001, "2026-11-23T03:14:26.120001Z"),
            (4_107_542_400_000.0, "2100-03-01T00:00:00.000000Z"),
            (f64::INFINITY, "2109-05-15T07:35:11.103999Z"),
        ] {
            assert_eq!(told(at), expected, "{at}");
        }
    }

    #[test]
    fn each_day_is_the_one_after_the_day_before() {
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..=LAST / DAY {
            assert_eq!(civil(days), (year, month, day));
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let last = match month {
                2 => 28 + u64::from(is_leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > last {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
    }

    #[test]
    fn micros_are_exact() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..100_000 {
            let n = random.u64(..=LAST);
            assert_eq!(micros(from_micros(n)), n);
        }
        for n in [0, 1, 999, LAST - 1, LAST] {
            assert_eq!(micros(from_micros(n)), n);
        }
    }

    #[test]
    fn digits_are_those_of_the_number() {
        for number in [0, 1, 9, 10, 12_345, u64::MAX] {
            let mut out = String::new();
            digits(number, 1, &mut out);
            assert_eq!(out, number.to_string());
        }
        let mut out = String::new();
        digits(7, 3, &mut out);
        assert_eq!(out, "007");
    }
}
