//! Where events come from: the only code that touches the browser's network objects.

mod event_source;
mod url;

pub(crate) use event_source::{EventSource, Notice};
pub use url::UrlError;
pub(crate) use url::resolve;
