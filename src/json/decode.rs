//! Decoding strings.

use std::borrow::Cow;

/// The text of a JSON string, which is `quoted` with its quotation marks. Half of a surrogate pair is
/// U+FFFD.
pub(crate) fn decoded(quoted: &str) -> Cow<'_, str> {
    let inner = quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(quoted);
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let mut chars = after.chars();
        let c = match chars.next() {
            Some('b') => '\u{8}',
            Some('f') => '\u{C}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let (c, length) = unicode(after);
                chars = after.get(length..).unwrap_or_default().chars();
                c
            }
            other => other.unwrap_or('\\'),
        };
        out.push(c);
        rest = chars.as_str();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The character of an escape `uXXXX` or `uXXXX\uXXXX` at the beginning of `escape`, and its length.
fn unicode(escape: &str) -> (char, usize) {
    let unit = |at: usize| {
        let digits = escape.get(at..at + 4)?;
        u32::from_str_radix(digits, 16).ok()
    };
    match unit(1) {
        Some(high @ 0xD800..0xDC00) => {
            let is_pair = escape.get(5..7) == Some("\\u");
            match unit(7).filter(|_| is_pair) {
                Some(low @ 0xDC00..0xE000) => {
                    let code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                    (char::from_u32(code).unwrap_or('\u{FFFD}'), 11)
                }
                _ => ('\u{FFFD}', 5),
            }
        }
        unit => (unit.and_then(char::from_u32).unwrap_or('\u{FFFD}'), 5),
    }
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn escapes_are_decoded() {
        for (quoted, expected) in [
            (r#""""#, ""),
            (r#""plain ä""#, "plain ä"),
            (r#""\"\\\/\b\f\n\r\t.""#, "\"\\/\u{8}\u{C}\n\r\t."),
            (r#""\u00e4\u20AC""#, "ä€"),
            (r#""x\ud83d\ude00y""#, "x\u{1F600}y"),
            (r#""\ud83dx\ude00""#, "\u{FFFD}x\u{FFFD}"),
            (r#""\ud83d\n""#, "\u{FFFD}\n"),
            (r#""\ud83d\u0041""#, "\u{FFFD}A"),
            (r#""\\u0041""#, "\\u0041"),
        ] {
            assert_eq!(decoded(quoted), expected, "{quoted}");
            let lone =
                quoted.contains("ud83dx") || quoted.ends_with("n\"") || quoted.contains("u0041");
            if !lone {
                let by_serde: String = serde_json::from_str(quoted).expect("JSON");
                assert_eq!(decoded(quoted), by_serde);
            }
        }
    }
}
