//! Where the tokens of JSON end (RFC 8259). No token is decoded.

/// A place where text is not JSON: its byte, and what is wrong there.
pub(super) type Wrong = (usize, &'static str);

/// The first byte at `at` or after it that is not white space.
pub(super) fn space_end(json: &[u8], mut at: usize) -> usize {
    while matches!(json.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        at += 1;
    }
    at
}

/// The end of the string whose opening quotation mark is at `start`.
///
/// # Errors
///
/// What is wrong with the string, and where.
pub(super) fn string_end(json: &[u8], start: usize) -> Result<usize, Wrong> {
    let mut at = start + 1;
    loop {
        let rest = json.get(at..).unwrap_or_default();
        let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1F);
        at += rest.iter().position(is_special).unwrap_or(rest.len());
        match json.get(at) {
            None => return Err((start, "the string has no end")),
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => {
                let is_hex = |digits: &[u8]| digits.iter().all(u8::is_ascii_hexdigit);
                at += match json.get(at + 1) {
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
                    Some(b'u') if json.get(at + 2..at + 6).is_some_and(is_hex) => 6,
                    _ => return Err((at, "JSON has no such escape")),
                }
            }
            Some(0..=0x1F) => return Err((at, "a control character in a string must be escaped")),
            Some(_) => at += 1,
        }
    }
}

/// The end of the number that begins at `start`.
///
/// # Errors
///
/// What is wrong with the number, and where.
pub(super) fn number_end(json: &[u8], start: usize) -> Result<usize, Wrong> {
    let is = |at: usize, any: &[u8]| json.get(at).is_some_and(|byte| any.contains(byte));
    let digits_end = |from: usize| {
        let mut at = from;
        while json.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        match at > from {
            true => Ok(at),
            false => Err((from, "a digit is missing")),
        }
    };
    let digits = start + usize::from(is(start, b"-"));
    let mut end = digits_end(digits)?;
    if is(digits, b"0") && end > digits + 1 {
        return Err((digits, "a number must not begin with 0"));
    }
    if is(end, b".") {
        end = digits_end(end + 1)?;
    }
    if is(end, b"eE") {
        end = digits_end(end + 1 + usize::from(is(end + 1, b"+-")))?;
    }
    Ok(end)
}
