//! Tells an event stream that was saved as it is, such as by `curl -N`, from other files.

/// The fields of an event stream (HTML, 9.2.6).
const FIELDS: [&[u8]; 4] = [b"data", b"event", b"id", b"retry"];

/// What a file is, by its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// A capture, or the beginning of one.
    Capture,
    /// An event stream: it has a line that is a field or a comment.
    EventStream,
    /// Anything else.
    Other,
}

impl FileKind {
    /// What the file that begins with `bytes` is.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let head = super::HEAD.as_bytes();
        let known = bytes.len().min(head.len());
        // An empty file is neither.
        if known > 0 && bytes.get(..known) == head.get(..known) {
            return Self::Capture;
        }
        let bytes = bytes.strip_prefix(super::BOM).unwrap_or(bytes);
        // Binary files contain NUL, and by chance a line with a colon at its beginning.
        let is_text = !bytes.contains(&0);
        let mut lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r'));
        if is_text && lines.any(is_field_or_comment) {
            Self::EventStream
        } else {
            Self::Other
        }
    }
}

fn is_field_or_comment(line: &[u8]) -> bool {
    let mut parts = line.splitn(2, |byte| *byte == b':');
    let name = parts.next().unwrap_or_default();
    parts.next().is_some() && (name.is_empty() || FIELDS.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_file_decides_what_it_is() {
        for (file, expected) in [
            ("sse-capture 1\n", FileKind::Capture),
            ("sse-cap", FileKind::Capture),
            ("data: a\n\n", FileKind::EventStream),
            ("\u{FEFF}data:a", FileKind::EventStream),
            ("event: a\r\n", FileKind::EventStream),
            ("id: 1\r", FileKind::EventStream),
            ("retry: 5", FileKind::EventStream),
            (": comment", FileKind::EventStream),
            ("foo\n\ndata: a\n\n", FileKind::EventStream),
            ("HTTP/1.1 200 OK\r\n\r\ndata: a\n", FileKind::EventStream),
            ("", FileKind::Other),
            ("no capture", FileKind::Other),
            ("data", FileKind::Other),
            ("{\"data\": 1}", FileKind::Other),
            (" data: a", FileKind::Other),
            ("dates: a", FileKind::Other),
            ("\u{89}PNG\r\n\0:", FileKind::Other),
        ] {
            assert_eq!(FileKind::of(file.as_bytes()), expected, "{file:?}");
        }
    }
}
