//! JSON as text: writing strings, and finding the values in what was received without decoding them.

mod beginning;
mod decode;
mod fold;
mod index;
mod merge;
mod path;
mod scan;
mod value;

pub(crate) use beginning::{Beginning, Progress};
pub(crate) use decode::decoded;
pub(crate) use fold::Folding;
pub(crate) use index::{Index, Kind, Reader, is_container, looks_like_container};
pub(crate) use merge::merged;
pub(crate) use path::path;
pub(crate) use value::Value;

/// Appends `text` as it is written within a string of JSON or JavaScript.
pub(crate) fn escape(text: &str, out: &mut String) {
    // Some programs treat U+0080 to U+009F, U+2028 and U+2029 as line ends, so they are escaped too.
    let is_special = |c: char| c.is_control() || matches!(c, '"' | '\\' | '\u{2028}' | '\u{2029}');
    for piece in text.split_inclusive(is_special) {
        let mut chars = piece.chars();
        match chars.next_back().filter(|c| is_special(*c)) {
            Some(special) => {
                out.push_str(chars.as_str());
                escape_char(special, out);
            }
            None => out.push_str(piece),
        }
    }
}

fn escape_char(c: char, out: &mut String) {
    let short = match c {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        _ => "",
    };
    out.push_str(short);
    if short.is_empty() {
        out.push_str("\\u");
        for shift in [12, 8, 4, 0] {
            let digit = u32::from(c) >> shift & 0xF;
            out.extend(char::from_digit(digit, 16));
        }
    }
}

/// `text` as a string of JSON or JavaScript, also safe within a page's `<script>`.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    escape(text, &mut out);
    out.push('"');
    out.replace('<', "\\u003c")
}
