//! Whether a text that arrives in pieces is JSON, or the beginning of it.

/// How far a text is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Nothing but white space.
    #[default]
    Empty,
    /// More text can make it JSON.
    Beginning,
    /// It is JSON.
    Whole,
    /// No more text can make it JSON. The byte at which that is certain.
    Broken(usize),
}

/// Reads a text in pieces (RFC 8259). What was read is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Beginning {
    state: State,
    /// The containers that are not complete, innermost last: whether each is an object.
    open: Vec<bool>,
    /// How many bytes were read.
    at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Value,
    /// A value, or the end of the array.
    FirstValue,
    Key,
    /// A key, or the end of the object.
    FirstKey,
    Colon,
    /// A comma, or the end of the container.
    After,
    /// A string; whether it is a key.
    Text(bool),
    Escape(bool),
    /// How many hexadecimal digits are missing.
    Hex(bool, u8),
    Number(Number),
    /// What is left of `true`, `false` or `null`.
    Literal(&'static [u8]),
    Broken(usize),
}

/// What was read of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    Minus,
    Zero,
    Integer,
    Point,
    Fraction,
    E,
    Sign,
    Exponent,
}

impl Default for Beginning {
    fn default() -> Self {
        Self {
            state: State::Value,
            open: Vec::new(),
            at: 0,
        }
    }
}

impl Beginning {
    /// Reads the next piece.
    pub(crate) fn read(&mut self, text: &str) {
        for byte in text.bytes() {
            if matches!(self.state, State::Broken(_)) {
                return;
            }
            self.state = self.next(byte).unwrap_or(State::Broken(self.at));
            self.at += 1;
        }
    }

    /// How far the text is.
    pub(crate) fn progress(&self) -> Progress {
        match self.state {
            State::Broken(at) => Progress::Broken(at),
            State::Value if self.open.is_empty() => Progress::Empty,
            State::After if self.open.is_empty() => Progress::Whole,
            State::Number(number) if self.open.is_empty() && number.is_whole() => Progress::Whole,
            _ => Progress::Beginning,
        }
    }

    /// The state after `byte`; `None` if the text is broken there.
    fn next(&mut self, byte: u8) -> Option<State> {
        use State::{
            After, Broken, Colon, Escape, FirstKey, FirstValue, Hex, Key, Literal, Text, Value,
        };
        let is_space = matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        Some(match (self.state, byte) {
            (Value | FirstValue | Key | FirstKey | Colon | After, _) if is_space => self.state,
            (FirstValue, b']') => self.close(false)?,
            (FirstKey, b'}') => self.close(true)?,
            (Value | FirstValue, _) => self.value(byte)?,
            (Key | FirstKey, b'"') => Text(true),
            (Colon, b':') => Value,
            (After, b',') => match self.open.last()? {
                true => Key,
                false => Value,
            },
            (After, b'}' | b']') => self.close(byte == b'}')?,
            (Text(is_key), b'"') => match is_key {
                true => Colon,
                false => After,
            },
            (Text(is_key), b'\\') => Escape(is_key),
            (Text(_), 0x20..) => self.state,
            (Escape(is_key), b'u') => Hex(is_key, 4),
            (Escape(is_key), b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                Text(is_key)
            }
            (Hex(is_key, missing), _) if byte.is_ascii_hexdigit() => match missing {
                1 => Text(is_key),
                _ => Hex(is_key, missing - 1),
            },
            (Literal(rest), _) => match rest.split_first() {
                Some((next, [])) if *next == byte => After,
                Some((next, rest)) if *next == byte => Literal(rest),
                _ => return None,
            },
            (State::Number(number), _) => match number.next(byte) {
                Some(number) => State::Number(number),
                // The byte is the first one after the number.
                None if number.is_whole() => {
                    self.state = After;
                    return self.next(byte);
                }
                None => return None,
            },
            (Key | FirstKey | Colon | After | Text(_) | Escape(_) | Hex(..) | Broken(_), _) => {
                return None;
            }
        })
    }

    fn value(&mut self, byte: u8) -> Option<State> {
        Some(match byte {
            b'{' => {
                self.open.push(true);
                State::FirstKey
            }
            b'[' => {
                self.open.push(false);
                State::FirstValue
            }
            b'"' => State::Text(false),
            b'-' => State::Number(Number::Minus),
            b'0' => State::Number(Number::Zero),
            b'1'..=b'9' => State::Number(Number::Integer),
            b't' => State::Literal(b"rue"),
            b'f' => State::Literal(b"alse"),
            b'n' => State::Literal(b"ull"),
            _ => return None,
        })
    }

    fn close(&mut self, is_object: bool) -> Option<State> {
        (self.open.pop()? == is_object).then_some(State::After)
    }
}

impl Number {
    fn is_whole(self) -> bool {
        matches!(
            self,
            Self::Zero | Self::Integer | Self::Fraction | Self::Exponent
        )
    }

    /// What was read after `byte`; `None` if the number does not go on with it.
    fn next(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::Minus, b'0') => Self::Zero,
            (Self::Minus, b'1'..=b'9') | (Self::Integer, b'0'..=b'9') => Self::Integer,
            (Self::Zero | Self::Integer, b'.') => Self::Point,
            (Self::Point | Self::Fraction, b'0'..=b'9') => Self::Fraction,
            (Self::Zero | Self::Integer | Self::Fraction, b'e' | b'E') => Self::E,
            (Self::E, b'+' | b'-') => Self::Sign,
            (Self::E | Self::Sign | Self::Exponent, b'0'..=b'9') => Self::Exponent,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Reader, index::tests::value},
        *,
    };

    fn progress(pieces: &[&str]) -> Progress {
        let mut beginning = Beginning::default();
        for piece in pieces {
            beginning.read(piece);
        }
        beginning.progress()
    }

    #[test]
    fn every_beginning_of_json_is_one_and_only_the_whole_is_whole() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..500 {
            let json = value(&mut random, 5);
            let json = format!("{{\"a\":{json}}}");
            for end in 0..json.len() {
                if !json.is_char_boundary(end) {
                    continue;
                }
                let (before, after) = json.split_at(end);
                let expected = match before.is_empty() {
                    true => Progress::Empty,
                    false => Progress::Beginning,
                };
                assert_eq!(progress(&[before]), expected, "{before}");
                assert_eq!(progress(&[before, after]), Progress::Whole, "{json}");
            }
        }
    }

    #[test]
    fn what_is_whole_is_what_the_reader_of_json_reads() {
        let mut random = fastrand::Rng::with_seed(2);
        for _ in 0..20_000 {
            let mut json = value(&mut random, 4).into_bytes();
            for _ in 0..random.usize(..3) {
                let at = random.usize(..json.len());
                json[at] = *random
                    .choice(b"{}[]\",:\\u0123456789+-.eEtrufalsn \n\t\x01")
                    .expect("one");
            }
            let Ok(json) = String::from_utf8(json) else {
                continue;
            };
            let is_json = Reader::new((&*json).into()).read(usize::MAX) == Ok(true);
            assert_eq!(progress(&[&json]) == Progress::Whole, is_json, "{json}");
            if is_json {
                assert!(!matches!(progress(&[&json, "x"]), Progress::Whole));
            }
        }
    }

    #[test]
    fn broken_text_has_a_place() {
        for (text, at) in [
            ("x", 0),
            ("{\"a\":}", 5),
            ("{\"a\":1}}", 7),
            ("[1 2", 3),
            ("[01", 2),
            ("[1,]", 3),
            ("{\"a\n", 3),
            ("\"\\x", 2),
        ] {
            assert_eq!(progress(&[text]), Progress::Broken(at), "{text}");
        }
        for (text, expected) in [
            ("", Progress::Empty),
            (" \n", Progress::Empty),
            ("1", Progress::Whole),
            ("1.", Progress::Beginning),
            ("nul", Progress::Beginning),
            (" null ", Progress::Whole),
        ] {
            assert_eq!(progress(&[text]), expected, "{text:?}");
        }
    }
}
