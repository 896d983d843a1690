//! Bytes that may not be UTF-8, as text.

/// `bytes` as text, with a U+FFFD for each sequence that is not UTF-8 (Encoding, 4.5). The text takes
/// no more memory than its [length](replaced_len).
pub(crate) fn replaced(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(replaced_len(bytes));
    text.extend(pieces(bytes));
    text
}

/// The length of [`replaced`] text.
pub(crate) fn replaced_len(bytes: &[u8]) -> usize {
    pieces(bytes).map(str::len).sum()
}

fn pieces(bytes: &[u8]) -> impl Iterator<Item = &str> {
    bytes.utf8_chunks().flat_map(|chunk| {
        let replacement = if chunk.invalid().is_empty() {
            ""
        } else {
            "\u{FFFD}"
        };
        [chunk.valid(), replacement]
    })
}
