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

/// A time since another, exact to the millisecond at any length: `+0.250`, `+2:03.004`,
/// `+1:02:03.004`. It is negative if a clock was set back. `ms` is in ms.
pub(crate) fn time_since(ms: f64) -> String {
    let all = (ms.abs() + 0.5) as u64;
    let sign = if ms < 0.0 && all > 0 { '-' } else { '+' };
    let (hours, minutes) = (all / 3_600_000, all / 60_000 % 60);
    let (seconds, millis) = (all / 1_000 % 60, all % 1_000);
    match all {
        0..60_000 => format!("{sign}{seconds}.{millis:03}"),
        60_000..3_600_000 => format!("{sign}{minutes}:{seconds:02}.{millis:03}"),
        _ => format!("{sign}{hours}:{minutes:02}:{seconds:02}.{millis:03}"),
    }
}

/// The time between two lines: `450 µs`, `12.5 ms`, `1.020 s`, `2:03.004`, `1:02:03`. It is exact to the
/// millisecond up to an hour; a longer one would not fit its column. `ms` is in ms.
pub(crate) fn gap(ms: f64) -> String {
    let all = (ms.max(0.0) + 0.5) as u64;
    match all {
        0..1_000 => duration(ms),
        1_000..60_000 => format!("{}.{:03} s", all / 1_000, all % 1_000),
        60_000..3_600_000 => time_since(ms).split_off(1),
        _ => format!(
            "{}:{:02}:{:02}",
            all / 3_600_000,
            all / 60_000 % 60,
            all / 1_000 % 60
        ),
    }
}

/// The name of a character that cannot be seen, or that changes the order in which others are shown, such
/// as `U+202E`; `None` for any other character. `before` and `after` are its neighbours.
pub(crate) fn unseen(c: char, before: Option<char>, after: Option<char>) -> Option<String> {
    let is_unseen = match c {
        '\t' => false,
        // Between two letters or emoji, a joiner is a part of how these are written.
        '\u{200C}' | '\u{200D}' => {
            let joins = |c: Option<char>| c.is_some_and(|c| !c.is_ascii() && !c.is_whitespace());
            !(joins(before) && joins(after))
        }
        '\u{AD}'
        | '\u{61C}'
        | '\u{115F}'
        | '\u{1160}'
        | '\u{180E}'
        | '\u{200B}'
        | '\u{200E}'
        | '\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{3164}'
        | '\u{FEFF}'
        | '\u{FFA0}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E007F}' => true,
        c => c.is_control(),
    };
    is_unseen.then(|| match c {
        '\n' => "↵".to_owned(),
        c => {
            let mut name = "U+".to_owned();
            let digits = if u32::from(c) > 0xFFFF { 5 } else { 4 };
            for place in (0..digits).rev() {
                let digit = char::from_digit(u32::from(c) >> (4 * place) & 0xF, 16);
                name.extend(digit.map(|digit| digit.to_ascii_uppercase()));
            }
            name
        }
    })
}

/// Whether `text` is so plain that [`unseen`] names none of its characters. Fast.
pub(crate) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'\t' | 0x20..0x7F))
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
        // From here on, a tenth would be rounded up to 1000.0/s.
        0..1_000 if a_second < 999.95 => [&tenths(a_second), "/s"].concat(),
        0..1_000 => "1.00 k/s".to_owned(),
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
            (999.96, "1.00 k/s"),
            (35_120.0, "35.1 k/s"),
            (999_999.0, "999 k/s"),
            (1_394_000.0, "1.39 M/s"),
        ] {
            assert_eq!(rate(number), expected);
        }
    }

    #[test]
    fn times_are_exact_to_the_millisecond() {
        for (ms, since, between) in [
            (0.0, "+0.000", "0 ms"),
            (-0.2, "+0.000", "0 ms"),
            (-1_500.0, "-1.500", "0 ms"),
            (0.45, "+0.000", "450 µs"),
            (12.54, "+0.013", "12.5 ms"),
            (999.4, "+0.999", "999 ms"),
            (999.5, "+1.000", "1.000 s"),
            (59_999.0, "+59.999", "59.999 s"),
            (60_000.0, "+1:00.000", "1:00.000"),
            (123_004.0, "+2:03.004", "2:03.004"),
            (3_599_999.6, "+1:00:00.000", "1:00:00"),
            (3_723_004.0, "+1:02:03.004", "1:02:03"),
            (360_000_001.0, "+100:00:00.001", "100:00:00"),
        ] {
            assert_eq!(time_since(ms), since);
            assert_eq!(gap(ms), between);
        }
    }

    #[test]
    fn characters_that_cannot_be_seen_have_names() {
        for (text, expected) in [
            ("a b\tc \u{1F600}\u{FE0F} ü", ""),
            ("a\nb", "↵"),
            ("\r\0\u{7F}\u{85}", "U+000D U+0000 U+007F U+0085"),
            (
                "\u{202E}\u{2066}\u{200F}\u{61C}",
                "U+202E U+2066 U+200F U+061C",
            ),
            (
                "\u{200B}\u{FEFF}\u{AD}\u{E0041}",
                "U+200B U+FEFF U+00AD U+E0041",
            ),
            // A family, and a Persian word.
            ("\u{1F468}\u{200D}\u{1F469}", ""),
            ("\u{645}\u{6CC}\u{200C}\u{62E}", ""),
            ("pay\u{200D}pal \u{200C}", "U+200D U+200C"),
        ] {
            let chars: Vec<char> = text.chars().collect();
            let names: Vec<String> = (0..chars.len())
                .filter_map(|at| {
                    let before = at.checked_sub(1).map(|before| chars[before]);
                    unseen(chars[at], before, chars.get(at + 1).copied())
                })
                .collect();
            assert_eq!(names.join(" "), expected, "{text:?}");
            assert!(!is_plain(text));
        }
        assert!(is_plain("{\"a\":\t1}"));
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
