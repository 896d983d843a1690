//! What events are called on the page.

use std::sync::Arc;

/// A label for each event type; a type without one is shown by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(Arc<[(String, String)]>);

impl Labels {
    /// From pairs of an event type and its label.
    ///
    /// ```
    /// let labels = sse_scope::Labels::new([("message", "Ping")]);
    /// assert_eq!(labels.get("message"), "Ping");
    /// assert_eq!(labels.get("done"), "done");
    /// ```
    pub fn new<T: Into<String>, L: Into<String>>(pairs: impl IntoIterator<Item = (T, L)>) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(event_type, label)| (event_type.into(), label.into()))
                .collect(),
        )
    }

    /// The label of `event_type`.
    pub fn get<'a>(&'a self, event_type: &'a str) -> &'a str {
        self.0
            .iter()
            .find(|(named, _)| named == event_type)
            .map_or(event_type, |(_, label)| label)
    }
}
