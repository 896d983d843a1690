//! Reads the members of JSON objects.

use crate::{journal::read_ms, json::Index};

/// A value of a JSON text, or the absence of one. What is absent or of another type reads as empty.
#[derive(Clone, Copy)]
pub(crate) struct Member<'a> {
    index: &'a Index,
    node: Option<usize>,
}

impl<'a> Member<'a> {
    /// The whole of `index`.
    pub(crate) fn whole(index: &'a Index) -> Self {
        Self {
            index,
            node: Some(0),
        }
    }

    /// The member `key` of this object.
    pub(crate) fn get(self, key: &str) -> Self {
        let node = self.node.and_then(|node| self.index.member(node, key));
        Self { node, ..self }
    }

    /// Whether there is a value other than `null`.
    pub(crate) fn is_some(self) -> bool {
        !self.is("null")
    }

    /// Whether this is the literal `literal`.
    pub(crate) fn is(self, literal: &str) -> bool {
        self.written() == literal
    }

    /// The items of this array.
    pub(crate) fn items(self) -> impl Iterator<Item = Self> {
        let children = self.node.into_iter();
        children
            .flat_map(move |node| self.index.children(node))
            .map(move |child| Self {
                node: Some(child),
                ..self
            })
    }

    /// The text of this string, if it is one.
    pub(crate) fn text(self) -> Option<String> {
        self.index.text(self.node?)
    }

    /// This number, if it is one, with at most three decimals: as the server writes times and counts.
    pub(crate) fn number(self) -> Option<f64> {
        read_ms(self.written())
    }

    /// This number as a count: 0 if there is none.
    pub(crate) fn count(self) -> u64 {
        self.number().unwrap_or_default() as u64
    }

    /// The texts in this array.
    pub(crate) fn texts(self) -> Vec<String> {
        self.items().filter_map(Self::text).collect()
    }

    /// The pairs of texts in this array: names and values of headers.
    pub(crate) fn pairs(self) -> Vec<(String, String)> {
        let pairs = self.items().map(|pair| {
            let mut texts = pair.texts().into_iter();
            let mut next = || texts.next().unwrap_or_default();
            (next(), next())
        });
        pairs.collect()
    }

    fn written(self) -> &'a str {
        self.node.map_or("null", |node| self.index.value(node))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_of_another_type_reads_as_absent() {
        let index = Index::of(
            r#"{"a":[1,"x\n",null],"n":15.062,"m":-1,"e":1e3,"p":[["a","b"],["c"],3],"z":null}"#,
        )
        .expect("JSON");
        let whole = Member::whole(&index);
        assert_eq!(whole.get("a").texts(), ["x\n"]);
        assert_eq!(whole.get("n").number(), Some(15.062));
        assert_eq!(whole.get("n").count(), 15);
        assert_eq!(whole.get("m").number().or(whole.get("e").number()), None);
        assert_eq!(whole.get("n").text(), None);
        assert_eq!(whole.get("a").number(), None);
        assert!(whole.get("n").is_some());
        for absent in [whole.get("z"), whole.get("y"), whole.get("n").get("x")] {
            assert!(!absent.is_some());
            assert_eq!(absent.count(), 0);
            assert!(absent.texts().is_empty());
        }
        let pairs = whole.get("p").pairs();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(pairs, [pair("a", "b"), pair("c", ""), pair("", "")]);
    }
}
