//! Writes events, comments and reconnection times. The result is always well-formed; [`raw`] can write
//! malformed streams.

/// Why an event cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A line break would end the field and begin another one.
    #[error("the {field} contains a line break (CR or LF), which would end the field")]
    LineBreak {
        /// The name of the field: `event` or `id`.
        field: &'static str,
    },
    /// Readers ignore an ID that contains U+0000, and truncate or refuse such an event type.
    #[error("the {field} contains U+0000, which readers do not accept")]
    Nul {
        /// The name of the field: `event` or `id`.
        field: &'static str,
    },
}

/// Appends an event. If `event_type` is `None` or empty, the type is `message`; if there is an `id`, it
/// becomes the last event ID. Data is split into lines at each LF, CR or CRLF, which readers join by
/// LF.
///
/// # Errors
///
/// If `event_type` or `id` contains a line break or U+0000. Nothing is appended then.
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
    let event_type = event_type.filter(|event_type| !event_type.is_empty());
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

/// Appends a comment, which `EventSource` ignores: a comment line for each line of `text`.
pub fn comment(out: &mut Vec<u8>, text: &str) {
    for line in lines(text) {
        raw::line(out, ": ", line);
    }
}

/// Appends a reconnection time, in ms.
pub fn retry(out: &mut Vec<u8>, ms: u64) {
    raw::line(out, "retry: ", &ms.to_string());
}

/// The lines of `text`, separated by LF, CR or CRLF; at least one.
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

/// Writes without checks, for callers that need a malformed stream.
pub mod raw {
    /// Appends `prefix`, `text` and LF, whatever they contain.
    pub fn line(out: &mut Vec<u8>, prefix: &str, text: &str) {
        out.extend_from_slice(prefix.as_bytes());
        out.extend_from_slice(text.as_bytes());
        out.push(b'\n');
    }
}
