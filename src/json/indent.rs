//! Indenting JSON without decoding it: each token stays as it is written.

/// How deep arrays and objects may be nested: deeper than anyone reads.
const DEEPEST: usize = 512;

/// The longest indented text, in bytes. Deeply nested values are indented far, so the text can grow
/// several hundredfold.
const LONGEST: usize = 16 << 20;

/// `json` indented by two spaces. Every token stays as it is: 64-bit integers, `1e400`, duplicate keys
/// and escapes. `None` if `json` is not one JSON object or array (RFC 8259), or nested too deeply or too
/// long when indented.
pub(crate) fn indent(json: &str) -> Option<String> {
    let mut tokens = Tokens {
        json,
        at: 0,
        out: String::new(),
        closers: Vec::new(),
    };
    tokens.skip_space();
    if !matches!(tokens.peek(), Some(b'{' | b'[')) {
        return None;
    }
    tokens.value()?;
    while tokens.next_value()? {
        tokens.value()?;
    }
    (tokens.at == json.len()).then_some(tokens.out)
}

struct Tokens<'a> {
    json: &'a str,
    at: usize,
    out: String,
    /// The closing bracket of each open container, the innermost last. Recursion would overflow the
    /// stack.
    closers: Vec<u8>,
}

impl Tokens<'_> {
    fn peek(&self) -> Option<u8> {
        self.json.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Copies the token that ends at `end`, and skips the space after it.
    fn take(&mut self, end: usize) {
        self.out
            .push_str(self.json.get(self.at..end).unwrap_or_default());
        self.at = end;
        self.skip_space();
    }

    /// Copies `byte`, which must be next.
    fn take_byte(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.take(self.at + 1))
    }

    /// Copies the next value. Of a container that is not empty, that is everything up to its first
    /// scalar or empty container.
    fn value(&mut self) -> Option<()> {
        while let opener @ (b'{' | b'[') = self.peek()? {
            // In ASCII each closing bracket is two after its opening one.
            let closer = opener + 2;
            self.take_byte(opener)?;
            if self.peek()? == closer {
                return self.take_byte(closer);
            }
            if self.closers.len() == DEEPEST {
                return None;
            }
            self.closers.push(closer);
            self.begin_member(closer)?;
        }
        let end = match self.peek()? {
            b'"' => self.string_end()?,
            b'-' | b'0'..=b'9' => self.number_end()?,
            _ => {
                let rest = self.json.as_bytes().get(self.at..)?;
                let literals = ["true", "false", "null"];
                let literal = literals
                    .iter()
                    .find(|literal| rest.starts_with(literal.as_bytes()))?;
                self.at + literal.len()
            }
        };
        self.take(end);
        Some(())
    }

    /// After a value, closes the containers that end there. Returns whether another value follows.
    fn next_value(&mut self) -> Option<bool> {
        while let Some(closer) = self.closers.last().copied() {
            if self.peek()? == b',' {
                self.take_byte(b',')?;
                self.begin_member(closer)?;
                return Some(true);
            }
            self.closers.pop();
            self.new_line()?;
            self.take_byte(closer)?;
        }
        Some(false)
    }

    /// Begins a new line; in an object, with the key of the next value.
    fn begin_member(&mut self, closer: u8) -> Option<()> {
        self.new_line()?;
        if closer == b'}' {
            let end = self.string_end()?;
            self.take(end);
            self.take_byte(b':')?;
            self.out.push(' ');
        }
        Some(())
    }

    fn new_line(&mut self) -> Option<()> {
        self.out.push('\n');
        for _ in 0..self.closers.len() {
            self.out.push_str("  ");
        }
        (self.out.len() <= LONGEST).then_some(())
    }

    /// The end of the string that begins here.
    fn string_end(&self) -> Option<usize> {
        let mut bytes = self.json.bytes().enumerate().skip(self.at);
        if bytes.next()?.1 != b'"' {
            return None;
        }
        loop {
            match bytes.next()? {
                (at, b'"') => return Some(at + 1),
                (_, b'\\') => match bytes.next()?.1 {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        for _ in 0..4 {
                            bytes
                                .next()
                                .filter(|(_, digit)| digit.is_ascii_hexdigit())?;
                        }
                    }
                    _ => return None,
                },
                (_, 0..=0x1F) => return None,
                _ => {}
            }
        }
    }

    /// The end of the number that begins here.
    fn number_end(&self) -> Option<usize> {
        let bytes = self.json.as_bytes();
        let is = |at: usize, any: &[u8]| bytes.get(at).is_some_and(|byte| any.contains(byte));
        let digits_end = |mut at: usize| {
            let start = at;
            while bytes.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
            (at > start).then_some(at)
        };
        let start = self.at + usize::from(is(self.at, b"-"));
        let mut end = digits_end(start)?;
        if is(start, b"0") && end > start + 1 {
            return None;
        }
        if is(end, b".") {
            end = digits_end(end + 1)?;
        }
        if is(end, b"eE") {
            end = digits_end(end + 1 + usize::from(is(end + 1, b"+-")))?;
        }
        Some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// JSON without the space between its tokens.
    fn compact(json: &str) -> String {
        let (mut out, mut in_string, mut escaped) = (String::new(), false, false);
        for c in json.chars() {
            if in_string || !matches!(c, ' ' | '\t' | '\n' | '\r') {
                out.push(c);
            }
            in_string ^= c == '"' && !escaped;
            escaped = in_string && c == '\\' && !escaped;
        }
        out
    }

    #[test]
    fn each_member_is_on_a_separate_line() {
        for (json, expected) in [
            ("{}", "{}"),
            ("[ ]", "[]"),
            (" [1 ,2]\n", "[\n  1,\n  2\n]"),
            (
                r#"{"a":{"b":[],"c":{}},"d":[null,true,false]}"#,
                "{\n  \"a\": {\n    \"b\": [],\n    \"c\": {}\n  },\n  \"d\": [\n    null,\n    true,\n    false\n  ]\n}",
            ),
            ("[[[\r\n]\t]]", "[\n  [\n    []\n  ]\n]"),
        ] {
            assert_eq!(indent(json).as_deref(), Some(expected), "{json}");
        }
    }

    #[test]
    fn tokens_stay_as_they_are() {
        for token in [
            "12345678901234567890",
            "-0",
            "-0.0",
            "1e400",
            "0E-0",
            "1.0e+05",
            "0.10",
            r#""""#,
            r#""\u00e4\ud800\/\"\\\b\f\n\r\t""#,
            "\"ä\u{1F600}\u{7F} [ , ]\"",
        ] {
            let json = format!("[{token}]");
            assert_eq!(indent(&json), Some(format!("[\n  {token}\n]")));
            let json = format!("{{\"a\":{token},\"a\":{token}}}");
            let expected = format!("{{\n  \"a\": {token},\n  \"a\": {token}\n}}");
            assert_eq!(indent(&json), Some(expected));
        }
    }

    #[test]
    fn text_that_is_not_a_json_container_is_not_indented() {
        for text in [
            "",
            " ",
            "1",
            "\"a\"",
            "null",
            "[",
            "]",
            "{",
            "}",
            "[1",
            "[1,",
            "[1,]",
            "[,1]",
            "[1 2]",
            "[1]]",
            "[1]x",
            "[}",
            "{]",
            "{1:2}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\" 1}",
            "{\"a\":1,}",
            "{a:1}",
            "{,}",
            "[01]",
            "[-]",
            "[+1]",
            "[1.]",
            "[.1]",
            "[1e]",
            "[1e+]",
            "[0x1]",
            "[NaN]",
            "[nul]",
            "[nulll]",
            "[True]",
            "['a']",
            "[\"a]",
            "[\"\\x\"]",
            "[\"\\u12g4\"]",
            "[\"\\u12\"]",
            "[\"\\",
            "[\"\n\"]",
            "[\"\0\"]",
            "[\u{A0}]",
            "\u{FEFF}[]",
            "[]\u{FEFF}",
            "//\n[]",
            "[1,/**/2]",
            "[tru",
            "[1-2]",
            "[--1]",
            "[1.2.3]",
        ] {
            assert_eq!(indent(text), None, "{text}");
        }
    }

    #[test]
    fn json_that_is_too_deep_or_too_long_is_not_indented() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(indent(&nested(DEEPEST)).is_some());
        // The innermost container is empty, so it adds no level of indentation.
        assert!(indent(&nested(DEEPEST + 1)).is_some());
        assert_eq!(indent(&nested(DEEPEST + 2)), None);
        assert_eq!(indent(&"[".repeat(1_000_000)), None);
        assert_eq!(indent(&"{\"a\":".repeat(1_000_000)), None);
        let wide = format!(
            "{}{}1{}",
            "[".repeat(DEEPEST),
            "1,".repeat(100_000),
            "]".repeat(DEEPEST)
        );
        assert_eq!(indent(&wide), None);
    }

    /// A random value.
    fn value(random: &mut fastrand::Rng, depth: usize) -> String {
        let space = |random: &mut fastrand::Rng| ["", "", " ", "\n\t", "\r\n  "][random.usize(..5)];
        let kinds = if depth == 0 { 6 } else { 10 };
        let mut out = space(random).to_owned();
        match random.usize(..kinds) {
            0 => out.push_str(["true", "false", "null"][random.usize(..3)]),
            1 | 2 => out.push_str(["0", "-1.5e3", "18446744073709551616"][random.usize(..3)]),
            3..6 => out.push_str(["\"\"", "\" [\\\"{ \"", "\"\\\\\"", "\"é,\""][random.usize(..4)]),
            kind => {
                let (open, close) = if kind % 2 == 0 {
                    ('{', '}')
                } else {
                    ('[', ']')
                };
                out.push(open);
                for n in 0..random.usize(..4) {
                    if n > 0 {
                        out.push(',');
                    }
                    if open == '{' {
                        out.push_str(space(random));
                        out.push_str(["\"a\"", "\"a : \"", "\"\\\\\""][random.usize(..3)]);
                        out.push_str(space(random));
                        out.push(':');
                    }
                    out.push_str(&value(random, depth - 1));
                }
                out.push_str(space(random));
                out.push(close);
            }
        }
        out.push_str(space(random));
        out
    }

    #[test]
    fn only_the_space_between_tokens_changes() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..3_000 {
            let json = value(&mut random, 6);
            let is_container = json.trim_start().starts_with(['{', '[']);
            let Some(indented) = indent(&json) else {
                assert!(!is_container, "{json}");
                continue;
            };
            assert_eq!(compact(&indented), compact(&json));
            assert_eq!(
                indent(&indented).as_ref(),
                Some(&indented),
                "once is enough"
            );
            assert_eq!(indent(&compact(&json)), Some(indented));
            // No shorter beginning of it is JSON.
            let end = random.usize(..json.trim_end().len());
            if json.is_char_boundary(end) {
                assert_eq!(indent(&json[..end]), None, "{}", &json[..end]);
            }
        }
    }
}
