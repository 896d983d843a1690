//! Finding text in what is shown, in order to mark it.

use std::ops::Range;

use js_sys::{Array, Function, Reflect, RegExp};
use leptos::prelude::window;
use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;

use crate::source::thrown_message;

/// How much of an event's data a regular expression examines, in bytes. The browser cannot interrupt a
/// search, and the time of some searches grows with the square of the length.
pub(super) const PATTERN_BYTES: usize = 16 << 10;

/// What to mark.
#[derive(Clone, Debug)]
pub(super) enum Find {
    /// This text.
    Exact(String),
    /// This text, where the case of ASCII letters does not matter.
    Folded(String),
    /// What a regular expression of the browser matches; it has the flags `g` and `u` or `i`.
    Pattern(SendWrapper<RegExp>),
}

impl PartialEq for Find {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exact(one), Self::Exact(other)) | (Self::Folded(one), Self::Folded(other)) => {
                one == other
            }
            // Each is compiled anew, so these are equal only to themselves.
            (Self::Pattern(one), Self::Pattern(other)) => **one == **other,
            _ => false,
        }
    }
}

impl Find {
    /// What a filter by `text` finds, to be marked: all matches, whereas the filter looks for one.
    pub(super) fn new(text: &str, match_case: bool, is_pattern: bool) -> Option<Self> {
        if text.is_empty() {
            None
        } else if is_pattern {
            let pattern = compile(text, if match_case { "gu" } else { "giu" });
            pattern.ok().map(Self::Pattern)
        } else if match_case {
            Some(Self::Exact(text.to_owned()))
        } else if text.is_ascii() {
            Some(Self::Folded(text.to_owned()))
        } else {
            compile(&escaped(text), "gi").ok().map(Self::Pattern)
        }
    }

    /// The places of the first `most` matches in `text`, in bytes. No two overlap and none is empty.
    pub(super) fn ranges(&self, text: &str, most: usize) -> Vec<Range<usize>> {
        match self {
            Self::Pattern(pattern) => matches(pattern, text, most),
            _ => self.ranges_in_bytes(text.as_bytes(), most),
        }
    }

    /// The same in bytes, where a regular expression finds nothing.
    pub(super) fn ranges_in_bytes(&self, text: &[u8], most: usize) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut from = 0;
        while found.len() < most
            && let Some(place) = self.next(text, from)
        {
            from = place.end;
            found.push(place);
        }
        found
    }

    /// Whether `text` has a match.
    pub(super) fn is_in(&self, text: &str) -> bool {
        !self.ranges(text, 1).is_empty()
    }

    /// The first match at `from` or after it.
    fn next(&self, text: &[u8], from: usize) -> Option<Range<usize>> {
        let rest = text.get(from..)?;
        let (at, length) = match self {
            Self::Pattern(_) => return None,
            Self::Exact(needle) => (memchr::memmem::find(rest, needle.as_bytes())?, needle.len()),
            Self::Folded(needle) => (find_folded(rest, needle.as_bytes())?, needle.len()),
        };
        (length > 0).then_some(from + at..from + at + length)
    }
}

/// A regular expression that matches `text` and nothing else.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if letter.is_ascii_punctuation() {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// Compiles a regular expression of the browser: the crate `regex` is larger than the page.
///
/// `RegExp::new` does not catch the exception that a syntax error throws; `Reflect` does.
pub(super) fn compile(text: &str, flags: &str) -> Result<SendWrapper<RegExp>, String> {
    let class = Reflect::get(&window(), &"RegExp".into()).unwrap_or_default();
    let arguments = Array::of2(&text.into(), &flags.into());
    Reflect::construct(class.unchecked_ref::<Function>(), &arguments)
        .map(|made| SendWrapper::new(made.unchecked_into()))
        .map_err(|error| {
            // Only some browsers begin with this.
            let (message, beginning) = (thrown_message(&error), "Invalid regular expression: ");
            let reason = message.strip_prefix(beginning).unwrap_or(&message);
            [beginning, reason].concat()
        })
}

/// The first place of `needle` in `text`, where the case of ASCII letters does not matter.
fn find_folded(text: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), text).find(|at| {
        let found = text.get(*at..at + needle.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(needle))
    })
}

/// The matches of a regular expression. The browser counts in UTF-16, and a match may be empty.
fn matches(pattern: &RegExp, text: &str, most: usize) -> Vec<Range<usize>> {
    pattern.set_last_index(0);
    let (mut units, mut bytes) = (0, 0);
    let mut chars = text.chars();
    let mut byte_at = |unit: usize| {
        while units < unit
            && let Some(c) = chars.next()
        {
            units += c.len_utf16();
            bytes += c.len_utf8();
        }
        bytes
    };
    let mut found = Vec::new();
    while found.len() < most
        && let Some(hit) = pattern.exec(text)
    {
        let end = pattern.last_index() as usize;
        let length = hit.get(0).length() as usize;
        if length == 0 {
            pattern.set_last_index(end as u32 + 1);
            continue;
        }
        let start = byte_at(end - length);
        found.push(start..byte_at(end));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_do_not_overlap() {
        for (find, text, expected) in [
            (Find::Exact("aa".to_owned()), "aaaaa aA", &[0..2, 2..4][..]),
            (Find::Folded("aA".to_owned()), "äAaab aA", &[2..4, 7..9]),
            (Find::Folded("[X".to_owned()), "[x{X[X", &[0..2, 4..6]),
            (Find::Exact(String::new()), "abc", &[]),
            (Find::Folded(String::new()), "abc", &[]),
            (Find::Folded("abcd".to_owned()), "abc", &[]),
        ] {
            assert_eq!(find.ranges(text, usize::MAX), expected, "{find:?}");
            assert_eq!(find.is_in(text), !expected.is_empty());
            assert_eq!(find.ranges(text, 1).len(), expected.len().min(1));
        }
    }

    #[test]
    fn folded_matches_agree_with_std() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut word = |letters: &[char], most: usize| -> String {
            (0..random.usize(1..most))
                .map(|_| letters[random.usize(..letters.len())])
                .collect()
        };
        for _ in 0..5_000 {
            let letters = ['a', 'A', 'b', '[', '{', '\u{E0}'];
            let (text, needle) = (word(&letters, 12), word(&letters, 4));
            let folded = text.to_ascii_lowercase();
            let expected: Vec<usize> = folded
                .match_indices(&needle.to_ascii_lowercase())
                .map(|(at, _)| at)
                .collect();
            let found = Find::Folded(needle.clone()).ranges(&text, usize::MAX);
            let starts: Vec<usize> = found.iter().map(|place| place.start).collect();
            assert_eq!(starts, expected, "{needle} in {text}");
        }
    }

    #[test]
    fn a_text_is_not_read_as_a_pattern() {
        for (text, expected) in [
            ("ä", "ä"),
            ("(ä)|b.*", r"\(ä\)\|b\.\*"),
            ("a b\\", r"a b\\"),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }
}
