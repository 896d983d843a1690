//! The labels of event types.

use std::sync::Arc;

/// Labels of event types. A type without a label is shown as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(Arc<[(String, String)]>);

impl Labels {
    /// Labels from pairs of an event type and its label.
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

    /// The label of `event_type`; the type itself if it has none.
    pub fn get<'a>(&'a self, event_type: &'a str) -> &'a str {
        self.0
            .iter()
            .find(|(named, _)| named == event_type)
            .map_or(event_type, |(_, label)| label)
    }
}
