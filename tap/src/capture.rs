//! Writes the capture format (docs/capture-format.md) for the page, one record at a time.
//!
//! Times are in milliseconds since 1970-01-01 UTC.

use std::{
    fmt::Display,
    io::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};

/// The time now.
pub(crate) fn now() -> f64 {
    // A clock before 1970 is set wrong, and any time is as good.
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64() * 1000.0)
}

/// The first line: the format and its version. The line of facts follows.
pub(crate) fn begin(out: &mut Vec<u8>) {
    out.extend_from_slice(b"sse-capture 1\n");
}

/// The second line: `facts` is a JSON object without line breaks.
pub(crate) fn head(out: &mut Vec<u8>, facts: &str) {
    debug_assert!(!facts.contains('\n'), "{facts}");
    write(out, format_args!("{facts}\n"));
}

/// A connection opened.
pub(crate) fn open(out: &mut Vec<u8>, at: f64) {
    write(out, format_args!("open {}\n", Time(at)));
}

/// Bytes of the stream that arrived together.
pub(crate) fn bytes(out: &mut Vec<u8>, at: f64, bytes: &[u8]) {
    write(out, format_args!("bytes {} {}\n", Time(at), bytes.len()));
    out.extend_from_slice(bytes);
    out.push(b'\n');
}

/// The connection is closed.
pub(crate) fn close(out: &mut Vec<u8>, at: f64) {
    write(out, format_args!("close {}\n", Time(at)));
}

/// Bytes of the stream are missing here.
pub(crate) fn broken(out: &mut Vec<u8>, at: f64) {
    write(out, format_args!("break {}\n", Time(at)));
}

/// Facts that became known after the head: `facts` is a JSON object without line breaks.
pub(crate) fn facts(out: &mut Vec<u8>, facts: &str) {
    debug_assert!(!facts.contains('\n'), "{facts}");
    write(out, format_args!("facts {}\n{facts}\n", facts.len()));
}

/// The capture is complete.
pub(crate) fn end(out: &mut Vec<u8>) {
    out.extend_from_slice(b"end\n");
}

fn write(out: &mut Vec<u8>, record: impl Display) {
    // Writing to a vector cannot fail.
    let _ = write!(out, "{record}");
}

/// A time as the format has it: at most three decimals, without trailing zeros.
struct Time(f64);

impl Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        ((self.0 * 1000.0).round() / 1000.0).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_record_is_written_as_the_format_has_it() {
        let mut out = Vec::new();
        begin(&mut out);
        head(&mut out, r#"{"way":"relay"}"#);
        open(&mut out, 1_795_403_666_118.4);
        bytes(&mut out, 1_795_403_666_120.0, b"data: 1\n\n");
        facts(&mut out, r#"{"firstByte":1.5}"#);
        bytes(&mut out, 1_795_403_667_120.25, b"\xff");
        broken(&mut out, 1_795_403_667_121.999_9);
        close(&mut out, 0.001);
        end(&mut out);
        let expected = b"sse-capture 1\n{\"way\":\"relay\"}\nopen 1795403666118.4\nbytes 1795403666120 9\ndata: 1\n\n\n\
            facts 17\n{\"firstByte\":1.5}\nbytes 1795403667120.25 1\n\xff\nbreak 1795403667122\nclose 0.001\nend\n";
        assert_eq!(out, expected, "{}", String::from_utf8_lossy(&out));
    }
}
