//! Reads the values of parameters: durations, sizes, numbers. `None` is a value that is not
//! accepted.

use std::time::Duration;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;

use super::{Content, Hold, Outage};
use crate::generator::FRAME;

/// Base64 with the URL's alphabet (RFC 4648, 5), with or without padding.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The longest duration that a parameter accepts.
pub(super) const MAX_DURATION: Duration = Duration::from_secs(3_600);

/// The largest size that a parameter accepts, in bytes.
const MAX_SIZE: u64 = 16 << 20;

/// A whole number in decimal digits and nothing else: `FromStr` also accepts a `+`.
pub(super) fn number<N: std::str::FromStr>(value: &str) -> Option<N> {
    let (digits, unit) = split_unit(value);
    unit.is_empty().then(|| digits.parse().ok()).flatten()
}

/// Up to [`MAX_DURATION`]: `250ms`, `2s`, or a number of ms.
pub(super) fn duration(value: &str) -> Option<Duration> {
    let (digits, unit) = split_unit(value);
    let number = digits.parse().ok()?;
    let duration = match unit {
        "" | "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        _ => return None,
    };
    (duration <= MAX_DURATION).then_some(duration)
}

/// A [`duration`] other than 0.
pub(super) fn non_zero_duration(value: &str) -> Option<Duration> {
    duration(value).filter(|time| !time.is_zero())
}

/// From 1 to [`MAX_SIZE`] bytes: `64k`, `1m`, or a number of bytes.
pub(super) fn size(value: &str) -> Option<usize> {
    let (digits, unit) = split_unit(value);
    let number: u64 = digits.parse().ok()?;
    let bytes = match unit {
        "" => number,
        "k" => number.checked_mul(1 << 10)?,
        "m" => number.checked_mul(1 << 20)?,
        _ => return None,
    };
    let bytes = Some(bytes).filter(|bytes| (1..=MAX_SIZE).contains(bytes))?;
    usize::try_from(bytes).ok()
}

/// Event types with commas between them; an empty one stands for an event without a type.
pub(super) fn event_types(value: &str) -> Option<Vec<String>> {
    let is_valid = |name: &str| name.len() <= 256 && !name.contains(['\n', '\r', '\0']);
    let names: Vec<String> = value.split(',').map(str::to_owned).collect();
    (names.len() <= 64 && names.iter().all(|name| is_valid(name))).then_some(names)
}

/// The parts of a model's answer with commas between them.
pub(super) fn contents(value: &str) -> Option<Vec<Content>> {
    let contents = value.split(',').map(|name| match name {
        "reasoning" => Some(Content::Reasoning),
        "text" => Some(Content::Text),
        "tool" => Some(Content::Tool),
        "usage" => Some(Content::Usage),
        "error" => Some(Content::Error),
        _ => None,
    });
    let contents: Vec<_> = contents.collect::<Option<_>>()?;
    let usages = contents.iter().filter(|part| **part == Content::Usage);
    let error = contents.iter().position(|part| *part == Content::Error);
    let is_valid = contents.len() <= 16
        && usages.count() <= 1
        && error.is_none_or(|place| place + 1 == contents.len());
    is_valid.then_some(contents)
}

/// A text of 1 to 4096 bytes.
pub(super) fn answer_text(value: &str) -> Option<String> {
    (1..=4096).contains(&value.len()).then(|| value.to_owned())
}

/// A duration, or a size with the unit `k` of at most a frame.
pub(super) fn hold(value: &str) -> Option<Hold> {
    if value.ends_with('k') {
        return size(value).filter(|size| *size <= FRAME).map(Hold::Bytes);
    }
    non_zero_duration(value).map(Hold::For)
}

/// `2s/10s`: the time down, and the time from the beginning of one outage to that of the next.
pub(super) fn outage(value: &str) -> Option<Outage> {
    let (down, period) = value.split_once('/')?;
    let (down, period) = (non_zero_duration(down)?, non_zero_duration(period)?);
    (down <= period).then_some(Outage { down, period })
}

pub(super) fn base64url(value: &str) -> Option<Bytes> {
    Some(BASE64URL.decode(value).ok()?.into())
}

/// A valid header value (RFC 9110, 5.5) of visible ASCII and spaces.
pub(super) fn content_type(value: &str) -> Option<String> {
    let visible = value
        .bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_graphic());
    (visible && !value.is_empty() && value.len() <= 256 && value.trim() == value)
        .then(|| value.to_owned())
}

/// The digits at the beginning of `value`, and the rest.
fn split_unit(value: &str) -> (&str, &str) {
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    value.split_at(digits)
}
