//! An index over JSON: where each value is in the text. Nothing is decoded, so numbers keep all their
//! digits and duplicate keys stay.
//!
//! [`Reader`] builds it in slices, so that megabytes do not block the page. It does not recurse: however
//! deeply values are nested, the stack does not overflow.

use std::{fmt, ops::Range, sync::Arc};

use super::{
    decode::decoded,
    scan::{Wrong, number_end, space_end, string_end},
};

/// The number of no node.
const NONE: u32 = u32::MAX;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Object,
    Array,
    String,
    Number,
    /// `true`, `false` or `null`.
    Literal,
}

impl Kind {
    /// Whether the value may have children.
    pub(crate) fn is_container(self) -> bool {
        matches!(self, Self::Object | Self::Array)
    }
}

/// A value: where it is in the text, and its relatives in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// Where the key is, with its quotation marks; empty if the value has none.
    key: (u32, u32),
    value: (u32, u32),
    parent: u32,
    /// The number of the first node after this one and everything within it.
    next: u32,
    pub(crate) kind: Kind,
    /// How many values are directly within this one.
    pub(crate) children: u32,
    /// How many values of the same parent are before this one.
    pub(crate) place: u32,
    /// How many values this one is within.
    pub(crate) depth: u32,
}

/// The values of a JSON text in the order of the text. Node 0 is the whole.
#[derive(Debug)]
pub(crate) struct Index {
    text: Arc<str>,
    nodes: Vec<Node>,
}

impl Index {
    /// The index of `text`, if that is JSON.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let mut reader = Reader::new(text.into());
        (reader.read(usize::MAX) == Ok(true)).then(|| reader.finish())
    }

    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The node with the number `node`, which must be less than [`len`](Self::len).
    pub(crate) fn get(&self, node: usize) -> &Node {
        &self.nodes[node]
    }

    /// The nodes, in the order of their numbers.
    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The number of the node that `node` is directly within; `None` for the whole.
    pub(crate) fn parent(&self, node: usize) -> Option<usize> {
        let parent = self.get(node).parent;
        (parent != NONE).then_some(parent as usize)
    }

    /// The number of the first node after `node` and everything within it.
    pub(crate) fn next(&self, node: usize) -> usize {
        self.get(node).next as usize
    }

    /// The value as it is written.
    pub(crate) fn value(&self, node: usize) -> &str {
        self.part(self.get(node).value)
    }

    /// The key as it is written, with its quotation marks; `None` for an item of an array.
    pub(crate) fn key(&self, node: usize) -> Option<&str> {
        Some(self.part(self.get(node).key)).filter(|key| !key.is_empty())
    }

    /// The nodes that are directly within `node`.
    pub(crate) fn children(&self, node: usize) -> impl Iterator<Item = usize> {
        let end = self.next(node);
        let first = Some(node + 1).filter(|first| *first < end);
        std::iter::successors(first, move |child| {
            Some(self.next(*child)).filter(|next| *next < end)
        })
    }

    /// The member of the object `node` that has `key`.
    pub(crate) fn member(&self, node: usize, key: &str) -> Option<usize> {
        let is = |found: &str| {
            let plain = found.get(1..found.len().saturating_sub(1));
            // Few keys have escapes.
            plain == Some(key) || (found.contains('\\') && decoded(found) == key)
        };
        self.children(node)
            .find(|child| self.key(*child).is_some_and(is))
    }

    /// The text of the string `node`; `None` if it is none.
    pub(crate) fn text(&self, node: usize) -> Option<String> {
        (self.get(node).kind == Kind::String).then(|| decoded(self.value(node)).into_owned())
    }

    fn part(&self, (start, end): (u32, u32)) -> &str {
        let range: Range<usize> = start as usize..end as usize;
        self.text.get(range).unwrap_or_default()
    }
}

/// Why a text is not JSON: the line and the column, counted from 1, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Error {
    line: usize,
    column: usize,
    what: &'static str,
}

impl Error {
    fn at(text: &str, (at, what): Wrong) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let last = before.rsplit('\n').next().unwrap_or_default();
        Self {
            line: before.matches('\n').count() + 1,
            column: last.chars().count() + 1,
            what,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, what } = self;
        write!(f, "Not JSON: line {line}, column {column}: {what}.")
    }
}

/// What may be next in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Value,
    /// A value, or the end of the array.
    FirstValue,
    Key,
    /// A key, or the end of the object.
    FirstKey,
    /// A comma, or the end of the container.
    Comma,
    /// Nothing: the value is complete.
    End,
}

/// Reads a text in slices and builds its [`Index`].
#[derive(Debug)]
pub(crate) struct Reader {
    index: Index,
    at: usize,
    expected: Expected,
    /// The innermost container that is not complete.
    open: u32,
    /// Where the key of the next value is.
    key: (u32, u32),
}

impl Reader {
    /// A reader at the beginning of `text`.
    pub(crate) fn new(text: Arc<str>) -> Self {
        Self {
            at: space_end(text.as_bytes(), 0),
            index: Index {
                text,
                nodes: Vec::new(),
            },
            expected: Expected::Value,
            open: NONE,
            key: (0, 0),
        }
    }

    /// A reader at the beginning of `text`, with the memory of an index that is not needed any more.
    pub(crate) fn reusing(text: Arc<str>, mut index: Index) -> Self {
        index.nodes.clear();
        let mut reader = Self::new(text);
        reader.index.nodes = index.nodes;
        reader
    }

    /// Reads about `most` more bytes: a string is not divided. Returns whether the text is complete.
    ///
    /// # Errors
    ///
    /// The text is not JSON.
    pub(crate) fn read(&mut self, most: usize) -> Result<bool, Error> {
        let until = self.at.saturating_add(most);
        let text = Arc::clone(&self.index.text);
        while self.at < until {
            match self.step(text.as_bytes()) {
                Ok(false) => {}
                Ok(true) => return Ok(true),
                Err(wrong) => return Err(Error::at(&text, wrong)),
            }
        }
        Ok(false)
    }

    /// The index of what was read.
    pub(crate) fn finish(self) -> Index {
        self.index
    }

    /// Reads a token. Returns whether the text is complete.
    fn step(&mut self, json: &[u8]) -> Result<bool, Wrong> {
        use Expected::{Comma, End, FirstKey, FirstValue, Key, Value};
        let at = self.at;
        let end = match (self.expected, json.get(at)) {
            (End, None) => return Ok(true),
            (_, None) => return Err((at, "the text ends too early")),
            (End, Some(_)) => return Err((at, "nothing may follow the value")),
            (FirstValue, Some(b']')) | (FirstKey, Some(b'}')) => self.close(),
            (Value | FirstValue, Some(byte)) => self.value(*byte, json)?,
            (Key | FirstKey, Some(b'"')) => {
                let end = string_end(json, at)?;
                self.key = (at as u32, end as u32);
                self.expected = Value;
                let colon = space_end(json, end);
                if json.get(colon) != Some(&b':') {
                    return Err((colon, "a colon is missing after the key"));
                }
                colon + 1
            }
            (Key | FirstKey, Some(_)) => return Err((at, "a key in double quotes is missing")),
            (Comma, Some(byte)) => {
                let is_object = self.is_in_object();
                match byte {
                    b',' => {
                        self.expected = if is_object { Key } else { Value };
                        at + 1
                    }
                    b'}' if is_object => self.close(),
                    b']' if !is_object => self.close(),
                    _ if is_object => return Err((at, "“,” or “}” is missing")),
                    _ => return Err((at, "“,” or “]” is missing")),
                }
            }
        };
        self.at = space_end(json, end);
        Ok(false)
    }

    /// Reads a scalar or the beginning of a container. Returns where that ends.
    fn value(&mut self, byte: u8, json: &[u8]) -> Result<usize, Wrong> {
        let at = self.at;
        let is_next = |literal: &str| {
            let rest = json.get(at..).unwrap_or_default();
            rest.starts_with(literal.as_bytes())
        };
        let (kind, end) = match byte {
            b'{' => (Kind::Object, at + 1),
            b'[' => (Kind::Array, at + 1),
            b'"' => (Kind::String, string_end(json, at)?),
            b'-' | b'0'..=b'9' => (Kind::Number, number_end(json, at)?),
            b't' if is_next("true") => (Kind::Literal, at + 4),
            b'n' if is_next("null") => (Kind::Literal, at + 4),
            b'f' if is_next("false") => (Kind::Literal, at + 5),
            _ => return Err((at, "a value is missing")),
        };
        let number = self.index.nodes.len() as u32;
        let mut node = Node {
            key: std::mem::take(&mut self.key),
            value: (at as u32, end as u32),
            parent: self.open,
            next: number + 1,
            kind,
            children: 0,
            place: 0,
            depth: 0,
        };
        if let Some(parent) = self.index.nodes.get_mut(self.open as usize) {
            node.place = parent.children;
            node.depth = parent.depth + 1;
            parent.children += 1;
        }
        self.index.nodes.push(node);
        self.expected = match kind {
            Kind::Object => Expected::FirstKey,
            Kind::Array => Expected::FirstValue,
            _ => self.after_value(),
        };
        if kind.is_container() {
            self.open = number;
        }
        Ok(end)
    }

    /// Completes the innermost container. Returns where it ends.
    fn close(&mut self) -> usize {
        let end = self.at + 1;
        let next = self.index.nodes.len() as u32;
        if let Some(node) = self.index.nodes.get_mut(self.open as usize) {
            node.value.1 = end as u32;
            node.next = next;
            self.open = node.parent;
        }
        self.expected = self.after_value();
        end
    }

    fn after_value(&self) -> Expected {
        match self.open {
            NONE => Expected::End,
            _ => Expected::Comma,
        }
    }

    fn is_in_object(&self) -> bool {
        let open = self.index.nodes.get(self.open as usize);
        open.is_some_and(|open| open.kind == Kind::Object)
    }
}

/// Whether `text` looks like a JSON object or array: by its first letter.
pub(crate) fn looks_like_container(text: &str) -> bool {
    text.trim_start_matches([' ', '\t', '\n', '\r'])
        .starts_with(['{', '['])
}

/// Whether `text` is one JSON object or array.
pub(crate) fn is_container(text: &str) -> bool {
    looks_like_container(text) && Reader::new(text.into()).read(usize::MAX) == Ok(true)
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::Value;

    use super::*;

    /// The index of `text`, which must be JSON. It is read in slices of `slice` bytes.
    pub(crate) fn index(text: &str, slice: usize) -> Index {
        let mut reader = Reader::new(text.into());
        loop {
            match reader.read(slice) {
                Ok(true) => return reader.finish(),
                Ok(false) => {}
                Err(error) => panic!("{text}: {error}"),
            }
        }
    }

    /// A random value.
    pub(crate) fn value(random: &mut fastrand::Rng, depth: usize) -> String {
        let space = |random: &mut fastrand::Rng| ["", "", " ", "\n\t", "\r\n  "][random.usize(..5)];
        let kinds = if depth == 0 { 6 } else { 10 };
        let mut out = space(random).to_owned();
        match random.usize(..kinds) {
            0 => out.push_str(["true", "false", "null"][random.usize(..3)]),
            1 | 2 => out.push_str(["0", "-1.5e3", "18446744073709551615"][random.usize(..3)]),
            3..6 => out
                .push_str(["\"\"", "\" [\\\"{ \"", "\"\\\\\"", "\"é,\\u00e9\""][random.usize(..4)]),
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
                        let key = [
                            format!("\"k{n}\""),
                            format!("\"{n} : \""),
                            format!("\"\\\\{n}\""),
                        ];
                        out.push_str(space(random));
                        out.push_str(&key[random.usize(..3)]);
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

    /// Checks the subtree of `node` against `value`; returns how many nodes it has.
    fn check(index: &Index, node: usize, value: &Value) -> usize {
        let reparsed: Value = serde_json::from_str(index.value(node)).expect("a span is JSON");
        assert_eq!(reparsed, *value);
        let mut child = node + 1;
        let mut check_child = |place: usize, key: Option<&String>, value: &Value| {
            assert_eq!(index.parent(child), Some(node));
            assert_eq!(index.get(child).place as usize, place);
            assert_eq!(index.get(child).depth, index.get(node).depth + 1);
            let found = index
                .key(child)
                .map(|key| serde_json::from_str::<String>(key).expect("a string"));
            assert_eq!(found.as_ref(), key);
            child += check(index, child, value);
        };
        let kind = index.get(node).kind;
        match value {
            Value::Object(members) => {
                // serde_json sorts the members; the index has them in the order of the text.
                assert_eq!(kind, Kind::Object);
                let mut at = node + 1;
                let mut place = 0;
                while at < index.next(node) {
                    let key: String =
                        serde_json::from_str(index.key(at).expect("a key")).expect("a string");
                    check_child(place, Some(&key), &members[&key]);
                    at = index.next(at);
                    place += 1;
                }
                assert_eq!(place, members.len());
            }
            Value::Array(items) => {
                assert_eq!(kind, Kind::Array);
                for (place, item) in items.iter().enumerate() {
                    check_child(place, None, item);
                }
            }
            Value::String(_) => assert_eq!(kind, Kind::String),
            Value::Number(_) => assert_eq!(kind, Kind::Number),
            _ => assert_eq!(kind, Kind::Literal),
        }
        assert_eq!(index.next(node), child);
        child - node
    }

    #[test]
    fn every_span_parses_as_the_value_that_it_stands_for() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..3_000 {
            let json = value(&mut random, 6);
            let expected: Value = serde_json::from_str(&json).expect("JSON");
            let index = index(&json, random.usize(1..40));
            assert_eq!(check(&index, 0, &expected), index.len());
            // No shorter beginning of a container is JSON.
            let end = random.usize(..json.trim_end().len());
            if looks_like_container(&json) && json.is_char_boundary(end) {
                assert!(!is_container(&json[..end]), "{}", &json[..end]);
            }
        }
    }

    #[test]
    fn values_stay_as_they_are_written() {
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
            let json = format!("{{\"a\": {token} ,\"a\":{token}}}");
            let index = index(&json, usize::MAX);
            assert_eq!(index.len(), 3, "duplicate keys stay");
            for node in 1..3 {
                assert_eq!(index.key(node), Some("\"a\""));
                assert_eq!(index.value(node), token);
            }
        }
    }

    #[test]
    fn what_is_not_json_has_a_place_and_a_reason() {
        for (text, line, column) in [
            ("[", 1, 2),
            ("{", 1, 2),
            ("[1", 1, 3),
            ("[1,\n  ]", 2, 3),
            ("[,1]", 1, 2),
            ("[1 2]", 1, 4),
            ("[1]]", 1, 4),
            ("[1]x", 1, 4),
            ("[}", 1, 2),
            ("{]", 1, 2),
            ("{1:2}", 1, 2),
            ("{\"a\"}", 1, 5),
            ("{\"a\":}", 1, 6),
            ("{\"a\" 1}", 1, 6),
            ("{\"ä\":1,}", 1, 8),
            ("{a:1}", 1, 2),
            ("{,}", 1, 2),
            ("[01]", 1, 2),
            ("[-]", 1, 3),
            ("[+1]", 1, 2),
            ("[1.]", 1, 4),
            ("[.1]", 1, 2),
            ("[1e]", 1, 4),
            ("[1e+]", 1, 5),
            ("[0x1]", 1, 3),
            ("[NaN]", 1, 2),
            ("[nul]", 1, 2),
            ("[nulll]", 1, 6),
            ("[True]", 1, 2),
            ("['a']", 1, 2),
            ("[\"a]", 1, 2),
            ("[\"\\x\"]", 1, 3),
            ("[\"\\u12g4\"]", 1, 3),
            ("[\"\\u12\"]", 1, 3),
            ("[\"\\", 1, 3),
            ("[\"\n\"]", 1, 3),
            ("[\"\0\"]", 1, 3),
            ("[\u{A0}]", 1, 2),
            ("[]\u{FEFF}", 1, 3),
            ("[1,/**/2]", 1, 4),
            ("[1-2]", 1, 3),
            ("[--1]", 1, 3),
            ("[1.2.3]", 1, 5),
        ] {
            let error = Reader::new(text.into()).read(usize::MAX);
            let error = error.expect_err(text);
            assert_eq!(
                (error.line, error.column),
                (line, column),
                "{text}: {error}"
            );
            assert!(!is_container(text));
        }
        let error = Reader::new("[1\n 2]".into()).read(9).expect_err("no JSON");
        assert_eq!(
            error.to_string(),
            "Not JSON: line 2, column 2: “,” or “]” is missing."
        );
        for text in ["", " ", "1", "\"a\"", "null", "x", "\u{FEFF}[]"] {
            assert!(!is_container(text), "{text}");
        }
        assert!(is_container(" [ ]\n"));
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        const DEPTH: usize = 1_000_000;
        let json = format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
        let nested = index(&json, 10_000);
        assert_eq!(nested.len(), DEPTH);
        assert_eq!(nested.get(DEPTH - 1).depth as usize, DEPTH - 1);
        assert_eq!(nested.value(DEPTH - 1), "[]");
        assert!(!is_container(&"{\"a\":".repeat(DEPTH)));
    }
}
