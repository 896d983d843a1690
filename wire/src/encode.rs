//! Writing. What these functions write is well-formed, whatever they are given; the means to write
//! what is not are apart, in [`raw`].

/// Why something cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A line break would end the field and begin another.
    #[error("the {field} contains a line break (CR or LF), which would end the field")]
    LineBreak {
        /// Which field: `event` or `id`.
        field: &'static str,
    },
    /// Readers ignore such an ID, and truncate or refuse such a type.
    #[error("the {field} contains U+0000, which readers do not take")]
    Nul {
        /// Which field: `event` or `id`.
        field: &'static str,
    },
}

/// Appends an event: of type `message` if `event_type` is `None` or empty, with a new last event ID
/// if `id` is given. Data with line breaks (LF, CR or CRLF) is split into lines; the reader joins
/// them by LF.
///
/// # Errors
///
/// If `event_type` or `id` contains a line break or U+0000; then nothing is appended.
///
/// # Examples
///
/// ```
/// let mut out = Vec::new();
/// sse_wire::encode::event(&mut out, Some("step"), "one\ntwo", Some("7"))?;
/// assert_eq!(out, b"event: step\nid: 7\ndata: one\ndata: two\n\n");
/// # Ok::<(), sse_wire::encode::EncodeError>(())
/// ```
pub fn event(
    out: &mut Vec<u8>,
    event_type: Option<&str>,
    data: &str,
    id: Option<&str>,
) -> Result<(), EncodeError> {
    let event_type = event_type.filter(|name| !name.is_empty());
    for (field, value) in [("event", event_type), ("id", id)] {
        let value = value.unwrap_or_default().as_bytes();
        if memchr::memchr2(b'\n', b'\r', value).is_some() {
            return Err(EncodeError::LineBreak { field });
        }
        if memchr::memchr(0, value).is_some() {
            return Err(EncodeError::Nul { field });
        }
    }
    if let Some(event_type) = event_type {
        raw::line(out, "event: ", event_type);
    }
    if let Some(id) = id {
        raw::line(out, "id: ", id);
    }
    for line in lines(data) {
        raw::line(out, "data: ", line);
    }
    out.push(b'\n');
    Ok(())
}

/// Appends a comment, which readers skip: a line, or as many as `text` has.
pub fn comment(out: &mut Vec<u8>, text: &str) {
    for line in lines(text) {
        raw::line(out, ": ", line);
    }
}

/// Appends a reconnection time, in ms.
pub fn retry(out: &mut Vec<u8>, ms: u64) {
    raw::line(out, "retry: ", &ms.to_string());
}

/// The lines of `text`, ended by LF, CR or CRLF; at least one.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = memchr::memchr2(b'\n', b'\r', text.as_bytes()) else {
            return rest.take();
        };
        let (line, after) = text.split_at_checked(end)?;
        rest = after
            .strip_prefix("\r\n")
            .or_else(|| after.strip_prefix(['\n', '\r']));
        Some(line)
    })
}

/// Writing without any check, for whoever wants a malformed stream.
pub mod raw {
    /// Appends `bytes` as they are.
    pub fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
        out.extend_from_slice(bytes);
    }

    /// Appends `before`, `text` and LF as they are, whatever they contain.
    pub fn line(out: &mut Vec<u8>, before: &str, text: &str) {
        out.extend_from_slice(before.as_bytes());
        out.extend_from_slice(text.as_bytes());
        out.push(b'\n');
    }
}
