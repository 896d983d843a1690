//! Texts and numbers as people read them.
//!
//! Numbers are formatted with integers: formatting floating-point numbers would add a tenth to the size
//! of the page.

/// The first `most` bytes, or a few fewer, so that no character is cut in half.
pub(crate) fn beginning(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most))
        .unwrap_or_default()
}

/// `12 345 678`, with thin spaces.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push('\u{2009}');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number of hundredths, with at least three digits: `1.25`, `12.5`, `125`.
fn decimal(hundredths: u64) -> String {
    let whole = hundredths / 100;
    match hundredths {
        0..1_000 => format!("{whole}.{:02}", hundredths % 100),
        1_000..10_000 => format!("{whole}.{}", hundredths / 10 % 10),
        _ => count(whole),
    }
}

/// `450 µs`, `12.5 ms`, `1.02 s`, `5 min`. `ms` is in ms.
pub(crate) fn duration(ms: f64) -> String {
    let us = (ms.max(0.0) * 1_000.0 + 0.5) as u64;
    match us {
        0 => "0 ms".to_owned(),
        1..1_000 => format!("{us} µs"),
        1_000..1_000_000 => format!("{} ms", decimal(us / 10)),
        1_000_000..600_000_000 => format!("{} s", decimal(us / 10_000)),
        _ => format!("{} min", count(us / 60_000_000)),
    }
}

/// `812 B`, `52.1 kB`, `1.25 MB`.
pub(crate) fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", decimal(bytes / 10)),
        1_000_000..1_000_000_000 => format!("{} MB", decimal(bytes / 10_000)),
        _ => format!("{} GB", decimal(bytes / 10_000_000)),
    }
}

/// `2.0/min`, `0.2/s`, `35.1 k/s`, `1.39 M/s`.
pub(crate) fn rate(a_second: f64) -> String {
    if a_second <= 0.0 {
        return "0/s".to_owned();
    }
    if a_second < 0.095 {
        return [&tenths(a_second * 60.0), "/min"].concat();
    }
    match a_second as u64 {
        0..1_000 => [&tenths(a_second), "/s"].concat(),
        1_000..1_000_000 => format!("{} k/s", decimal((a_second / 10.0) as u64)),
        _ => format!("{} M/s", decimal((a_second / 10_000.0) as u64)),
    }
}

/// `0.2`, `12.0`
fn tenths(number: f64) -> String {
    let tenths = (number * 10.0 + 0.5) as u64;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// `hh:mm:ss`.
pub(crate) fn uptime(ms: f64) -> String {
    let seconds = (ms / 1_000.0).max(0.0) as u64;
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_needless_digits() {
        for (number, expected) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1\u{2009}000"),
            (12_345_678, "12\u{2009}345\u{2009}678"),
        ] {
            assert_eq!(count(number), expected);
        }
        for (ms, expected) in [
            (-1.0, "0 ms"),
            (0.0, "0 ms"),
            (0.45, "450 µs"),
            (1.0, "1.00 ms"),
            (12.54, "12.5 ms"),
            (125.0, "125 ms"),
            (1_020.0, "1.02 s"),
            (75_000.0, "75.0 s"),
            (600_000.0, "10 min"),
            (f64::MAX, "307\u{2009}445\u{2009}734\u{2009}561 min"),
        ] {
            assert_eq!(duration(ms), expected);
        }
        for (number, expected) in [
            (999, "999 B"),
            (1_250, "1.25 kB"),
            (52_000, "52.0 kB"),
            (1_250_000, "1.25 MB"),
            (64 << 30, "68.7 GB"),
        ] {
            assert_eq!(bytes(number), expected);
        }
        for (number, expected) in [
            (0.0, "0/s"),
            (1.0 / 3_600.0, "0.0/min"),
            (1.0 / 30.0, "2.0/min"),
            (0.1, "0.1/s"),
            (0.96, "1.0/s"),
            (999.0, "999.0/s"),
            (35_120.0, "35.1 k/s"),
            (999_999.0, "999 k/s"),
            (1_394_000.0, "1.39 M/s"),
        ] {
            assert_eq!(rate(number), expected);
        }
    }

    #[test]
    fn uptime_continues_past_a_day() {
        for (ms, expected) in [
            (-5.0, "00:00:00"),
            (999.0, "00:00:00"),
            (1_000.0, "00:00:01"),
            (751_000.0, "00:12:31"),
            (360_000_000.0, "100:00:00"),
        ] {
            assert_eq!(uptime(ms), expected);
        }
    }
}
