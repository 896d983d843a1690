//! The headers of a request as rows of name and value. Pure.
//!
//! As text, each header is a line with its name, a colon and its value: the form in which the address of
//! the page has them.

/// The rows of `text`. A line without a colon is a name without a value.
pub(crate) fn rows(text: &str) -> Vec<(String, String)> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            (name.trim().to_owned(), value.trim().to_owned())
        })
        .collect()
}

/// `rows` as text. Rows without a name and a value are left out.
pub(crate) fn text<'a>(rows: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, value) in rows {
        if name.is_empty() && value.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&[name, ": ", value].concat());
    }
    text
}

/// The value of `Authorization` for HTTP Basic authentication, in UTF-8 (RFC 7617).
pub(crate) fn basic(user: &str, password: &str) -> String {
    ["Basic ", &base64([user, ":", password].concat().as_bytes())].concat()
}

/// `bytes` in base64 (RFC 4648, 4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at)) as usize & 63];
            text.push(if at > group.len() {
                '='
            } else {
                char::from(digit)
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_text_are_the_same_headers() {
        let text_of =
            |rows: &[(String, String)]| text(rows.iter().map(|(name, value)| (&**name, &**value)));
        for (given, expected) in [
            ("", ""),
            ("a: b", "a: b"),
            ("\n a:b:c \n\nno colon\n", "a: b:c\nno colon: "),
            (": x", ": x"),
        ] {
            let rows = rows(given);
            assert_eq!(text_of(&rows), expected, "{given:?}");
        }
        assert_eq!(text([("", ""), ("a", "1"), ("", "")]), "a: 1");
    }

    #[test]
    fn base64_as_in_the_standard() {
        // RFC 4648, 10.
        for (bytes, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), expected, "{bytes}");
        }
        // RFC 7617, 2 and 2.1.
        assert_eq!(
            basic("Aladdin", "open sesame"),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
        );
        assert_eq!(basic("test", "123£"), "Basic dGVzdDoxMjPCow==");
    }
}
