//! A value of an index, to be read by the names of its members.

use std::borrow::Cow;

use super::{Index, Kind, decoded};

/// A value within an [`Index`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'a> {
    index: &'a Index,
    node: usize,
}

impl<'a> Value<'a> {
    /// The whole; `None` if the index is empty.
    pub(crate) fn whole(index: &'a Index) -> Option<Self> {
        (index.len() > 0).then_some(Self { index, node: 0 })
    }

    /// The member of an object that has `key`, unless it is `null`.
    pub(crate) fn get(self, key: &str) -> Option<Self> {
        let node = self.index.member(self.node, key)?;
        Some(Self { node, ..self }).filter(|value| !value.is_null())
    }

    /// The text of the member that has `key`, if that is a string.
    pub(crate) fn text_of(self, key: &str) -> Option<Cow<'a, str>> {
        self.get(key)?.text()
    }

    /// The number of the member that has `key`, if that is a natural number.
    pub(crate) fn number_of(self, key: &str) -> Option<u64> {
        self.get(key)?.raw().parse().ok()
    }

    /// The members of the object, or the items of the array, that has `key`.
    pub(crate) fn items_of(self, key: &str) -> impl Iterator<Item = Self> + use<'a> {
        self.get(key).into_iter().flat_map(Self::children)
    }

    /// The members of an object, or the items of an array.
    pub(crate) fn children(self) -> impl Iterator<Item = Self> + use<'a> {
        let children = self.index.children(self.node);
        children.map(move |node| Self { node, ..self })
    }

    /// The key of a member; empty for an item of an array.
    pub(crate) fn key(self) -> Cow<'a, str> {
        self.index.key(self.node).map(decoded).unwrap_or_default()
    }

    /// The text of a string.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        (self.kind() == Kind::String).then(|| decoded(self.raw()))
    }

    pub(crate) fn kind(self) -> Kind {
        self.index.get(self.node).kind
    }

    pub(crate) fn is_null(self) -> bool {
        self.raw() == "null"
    }

    /// The value as it is written.
    pub(crate) fn raw(self) -> &'a str {
        self.index.value(self.node)
    }
}
