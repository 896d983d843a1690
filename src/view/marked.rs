//! Received text as it is shown: matches are marked, and characters that cannot be seen have a sign.

use std::ops::Range;

use leptos::{either::Either, prelude::*};

use crate::text;

/// A part of a text.
#[derive(Clone, Debug, PartialEq)]
enum Piece<'a> {
    Plain(&'a str),
    /// A match; the flag is whether it is the current one of a search.
    Match(&'a str, bool),
    /// A character that cannot be seen, and its name.
    Unseen(&'a str, String),
}

/// Whether a line break is shown by a sign, or breaks the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Breaks {
    Sign,
    Kept,
}

/// The view of a text. Its text content is the original one, so that selecting and copying it gives that.
///
/// Each character that cannot be seen is an element, which the style sheet gives a sign and which isolates
/// what the character does to the order of the others.
pub(super) fn marked(
    text: &str,
    matches: &[Range<usize>],
    current: Option<usize>,
    breaks: Breaks,
) -> Either<String, Vec<AnyView>> {
    let is_plain =
        |text: &str| text::is_plain(text) || (breaks == Breaks::Kept && is_plain_in_lines(text));
    if matches.is_empty() && is_plain(text) {
        return Either::Left(text.to_owned());
    }
    let pieces = pieces(text, matches, current, breaks);
    if let [Piece::Plain(text)] = pieces[..] {
        return Either::Left(text.to_owned());
    }
    Either::Right(pieces.into_iter().map(view_of).collect())
}

fn is_plain_in_lines(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b'\t' | b'\n' | 0x20..0x7F))
}

fn view_of(piece: Piece<'_>) -> AnyView {
    match piece {
        Piece::Plain(text) => text.to_owned().into_any(),
        Piece::Match(text, current) => {
            let current = current.then_some("true");
            view! { <mark aria-current=current>{text.to_owned()}</mark> }.into_any()
        }
        Piece::Unseen(text, name) => view! {
            <bdi class="unseen-character" data-name=name>
                {text.to_owned()}
            </bdi>
        }
        .into_any(),
    }
}

/// Divides `text` at the bounds of `matches`, which are in ascending order, and at what cannot be seen.
fn pieces<'a>(
    text: &'a str,
    matches: &[Range<usize>],
    current: Option<usize>,
    breaks: Breaks,
) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let mut at = 0;
    for (number, place) in matches.iter().enumerate() {
        push_seen(text, at..place.start, None, breaks, &mut pieces);
        let is_current = Some(current == Some(number));
        push_seen(text, place.clone(), is_current, breaks, &mut pieces);
        at = place.end;
    }
    push_seen(text, at..text.len(), None, breaks, &mut pieces);
    pieces
}

/// Appends a part of `text` that is within one match, or within none.
fn push_seen<'a>(
    text: &'a str,
    range: Range<usize>,
    is_match: Option<bool>,
    breaks: Breaks,
    pieces: &mut Vec<Piece<'a>>,
) {
    let mut push = |part: Range<usize>, name: Option<String>| {
        let part = text.get(part).filter(|part| !part.is_empty());
        pieces.extend(part.map(|part| match (name, is_match) {
            (Some(name), _) => Piece::Unseen(part, name),
            (None, Some(current)) => Piece::Match(part, current),
            (None, None) => Piece::Plain(part),
        }));
    };
    let part = text.get(range.clone()).unwrap_or_default();
    let mut at = range.start;
    if !text::is_plain(part) {
        let rest = text.get(range.end..).unwrap_or_default();
        let end = rest.chars().next();
        let mut before = text.get(..at).and_then(|text| text.chars().next_back());
        let mut chars = part.char_indices().peekable();
        while let Some((place, c)) = chars.next() {
            let place = range.start + place;
            let after = chars.peek().map(|(_, after)| *after).or(end);
            let is_kept = c == '\n' && breaks == Breaks::Kept;
            if !is_kept && let Some(name) = text::unseen(c, before, after) {
                push(at..place, None);
                at = place + c.len_utf8();
                push(place..at, Some(name));
            }
            before = Some(c);
        }
    }
    push(at..range.end, None);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::single_range_in_vec_init, reason = "a list of ranges")]

    use super::*;

    fn shown(text: &str, matches: &[Range<usize>], current: usize, breaks: Breaks) -> String {
        let pieces = pieces(text, matches, Some(current), breaks);
        let pieces = pieces.into_iter().map(|piece| match piece {
            Piece::Plain(text) => text.to_owned(),
            Piece::Match(text, true) => format!("[!{text}]"),
            Piece::Match(text, false) => format!("[{text}]"),
            Piece::Unseen(_, name) => format!("<{name}>"),
        });
        pieces.collect()
    }

    #[test]
    fn matches_and_what_cannot_be_seen_are_marked() {
        let kept = Breaks::Kept;
        assert_eq!(shown("abcabc", &[1..2, 4..6], 1, kept), "a[b]ca[!bc]");
        assert_eq!(shown("abc", &[0..3], 9, kept), "[abc]");
        assert_eq!(shown("a\u{202E}b\nc", &[], 0, kept), "a<U+202E>b\nc");
        assert_eq!(shown("a\n\u{0}", &[], 0, Breaks::Sign), "a<↵><U+0000>");
        // Within a match, and with a joiner whose neighbours are in other pieces.
        assert_eq!(
            shown("ab\u{200B}cd", &[1..6], 0, kept),
            "a[!b]<U+200B>[!c]d"
        );
        let family = "\u{1F468}\u{200D}\u{1F469}";
        assert_eq!(
            shown(family, &[4..7], 9, kept),
            "\u{1F468}[\u{200D}]\u{1F469}"
        );
    }

    #[test]
    fn nothing_is_lost() {
        let text = "ä\u{2066}x\u{2069}\ny\u{7}";
        let matches = [2..5, 6..9];
        let pieces = pieces(text, &matches, None, Breaks::Sign);
        let texts = pieces.iter().map(|piece| match piece {
            Piece::Plain(text) | Piece::Match(text, _) | Piece::Unseen(text, _) => *text,
        });
        assert_eq!(texts.collect::<String>(), text);
    }
}
