//! Bytes in hexadecimal, 16 a row, as `xxd` has them. Pure.

use std::ops::Range;

/// How many bytes a row has.
pub(super) const BYTES: usize = 16;

/// Where the text column begins.
const TEXT: usize = 59;

/// Row `number` of `bytes`: the offset, the bytes in hexadecimal and, where they are printable, as ASCII.
pub(super) fn row(bytes: &[u8], number: usize) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let start = number * BYTES;
    let row = bytes.get(start..).unwrap_or_default();
    let row = row.get(..BYTES).unwrap_or(row);
    let mut out = String::with_capacity(TEXT + BYTES);
    for shift in (0..7).rev() {
        out.push(DIGITS[start >> (4 * shift) & 15].into());
    }
    out.push(' ');
    for place in 0..BYTES {
        if place % 8 == 0 {
            out.push(' ');
        }
        match row.get(place) {
            Some(byte) => {
                out.push(DIGITS[usize::from(byte >> 4)].into());
                out.push(DIGITS[usize::from(byte & 15)].into());
            }
            None => out.push_str("  "),
        }
        out.push(' ');
    }
    out.push(' ');
    for byte in row {
        let is_printable = (0x20..0x7F).contains(byte);
        out.push(if is_printable { (*byte).into() } else { '.' });
    }
    out
}

/// All rows, one a line.
pub(super) fn dump(bytes: &[u8]) -> String {
    let rows = 0..bytes.len().div_ceil(BYTES);
    let mut out = String::new();
    for number in rows {
        out.push_str(&row(bytes, number));
        out.push('\n');
    }
    out
}

/// The places within row `number` of those of `found` that are in it, and the number of the first of
/// these; `found` has ascending places in the bytes. In ascending order: first those in hexadecimal, then
/// those in the text column.
pub(super) fn marks(found: &[Range<usize>], number: usize) -> (Vec<Range<usize>>, usize) {
    let (start, end) = (number * BYTES, (number + 1) * BYTES);
    let first = found.partition_point(|place| place.end <= start);
    let within: Vec<Range<usize>> = found
        .iter()
        .skip(first)
        .take_while(|place| place.start < end)
        .map(|place| place.start.max(start) - start..place.end.min(end) - start)
        .collect();
    let hex = |byte: usize| 9 + 3 * byte + byte / 8;
    let in_hex = within
        .iter()
        .map(|place| hex(place.start)..hex(place.end - 1) + 2);
    let in_text = within
        .iter()
        .map(|place| TEXT + place.start..TEXT + place.end);
    (in_hex.chain(in_text).collect(), first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_as_xxd_does() {
        let bytes = b"data: \xE2\x82\xAC\n0123456789";
        assert_eq!(
            dump(bytes),
            "0000000  64 61 74 61 3a 20 e2 82  ac 0a 30 31 32 33 34 35  data: ....012345\n\
             0000010  36 37 38 39                                       6789\n"
        );
        assert_eq!(dump(b""), "");
    }

    #[test]
    fn a_match_is_marked_in_both_columns_and_in_each_row_that_it_is_in() {
        let bytes = b"data: 0123456789abcdefgh";
        let found = [0..4, 14..18, 20..21];
        let marked = |number: usize| {
            let text = row(bytes, number);
            let (marks, first) = marks(&found, number);
            let marked: Vec<String> = marks
                .into_iter()
                .map(|mark| text[mark].to_owned())
                .collect();
            (marked, first)
        };
        let (texts, first) = marked(0);
        assert_eq!(texts, ["64 61 74 61", "38 39", "data", "89"]);
        assert_eq!(first, 0);
        let (texts, first) = marked(1);
        assert_eq!(texts, ["61 62", "65", "ab", "e"]);
        assert_eq!(first, 1);
        assert_eq!(marks(&found, 2), (vec![], 3));
    }
}
