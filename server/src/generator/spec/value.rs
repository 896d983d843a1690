//! Values of parameters: durations, sizes, numbers. Each is read whole or not at all.

use std::time::Duration;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;

use super::{Hold, Outage};

/// Base64 with the URL's alphabet (RFC 4648, 5), with or without padding.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The longest time that a parameter takes.
pub(crate) const LONGEST: Duration = Duration::from_secs(3_600);

/// The most data of an event, in bytes.
const LARGEST: u64 = 16 << 20;

/// A whole number in decimal digits and nothing else: Rust's own reading takes a `+` as well.
pub(super) fn number<N: std::str::FromStr>(value: &str) -> Option<N> {
    let (digits, unit) = split_unit(value);
    unit.is_empty().then(|| digits.parse().ok()).flatten()
}

/// A time up to [`LONGEST`]: `250ms`, `2s`, or a bare number of ms.
pub(super) fn duration(value: &str) -> Option<Duration> {
    let (digits, unit) = split_unit(value);
    let number = digits.parse().ok()?;
    let duration = match unit {
        "" | "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        _ => return None,
    };
    (duration <= LONGEST).then_some(duration)
}

/// As [`duration`], and not none.
pub(super) fn some_time(value: &str) -> Option<Duration> {
    duration(value).filter(|time| !time.is_zero())
}

/// From 1 to [`LARGEST`] bytes: `64k`, `1m`, or a bare number of bytes.
pub(super) fn size(value: &str) -> Option<usize> {
    let (digits, unit) = split_unit(value);
    let number: u64 = digits.parse().ok()?;
    let bytes = match unit {
        "" => number,
        "k" => number.checked_mul(1 << 10)?,
        "m" => number.checked_mul(1 << 20)?,
        _ => return None,
    };
    let bytes = Some(bytes).filter(|bytes| (1..=LARGEST).contains(bytes))?;
    usize::try_from(bytes).ok()
}

/// `1` or nothing for on, `0` for off.
pub(super) fn switch(value: &str) -> Option<bool> {
    match value {
        "" | "1" => Some(true),
        "0" => Some(false),
        _ => None,
    }
}

/// Event types with commas between them; an empty one is an event without a type.
pub(super) fn names(value: &str) -> Option<Vec<String>> {
    let writable = |name: &str| name.len() <= 256 && !name.contains(['\n', '\r', '\0']);
    let names: Vec<String> = value.split(',').map(str::to_owned).collect();
    (names.len() <= 64 && names.iter().all(|name| writable(name))).then_some(names)
}

/// A time, or a size that says so by its unit and is at most what a frame holds.
pub(super) fn hold(value: &str) -> Option<Hold> {
    if value.ends_with('k') {
        return size(value)
            .filter(|size| *size <= crate::generator::FRAME)
            .map(Hold::Bytes);
    }
    some_time(value).map(Hold::For)
}

/// `2s/10s`: the time down, and the time from one outage to the next.
pub(super) fn outage(value: &str) -> Option<Outage> {
    let (down, period) = value.split_once('/')?;
    let (down, period) = (some_time(down)?, some_time(period)?);
    (down <= period).then_some(Outage { down, period })
}

pub(super) fn base64url(value: &str) -> Option<Bytes> {
    Some(BASE64URL.decode(value).ok()?.into())
}

/// A value that a header can have (RFC 9110, 5.5), of visible ASCII and spaces.
pub(super) fn header(value: &str) -> Option<String> {
    let visible = value
        .bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_graphic());
    (visible && !value.is_empty() && value.len() <= 256 && value.trim() == value)
        .then(|| value.to_owned())
}

/// The digits that `value` begins with, and what comes after them.
fn split_unit(value: &str) -> (&str, &str) {
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    value.split_at(digits)
}
