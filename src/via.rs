//! How a stream is received: what the hook and the component are given. Pure.

/// How a stream is received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Via {
    /// By the browser's `EventSource`: exactly what any page with an `EventSource` receives.
    #[default]
    EventSource,
    /// By streamed `fetch`: every byte, and requests that an `EventSource` cannot make.
    Fetch(FetchRequest),
}

impl From<FetchRequest> for Via {
    fn from(request: FetchRequest) -> Self {
        Self::Fetch(request)
    }
}

/// The request that [`Via::Fetch`] sends.
///
/// ```
/// use sse_scope::FetchRequest;
///
/// let question = FetchRequest::post(r#"{"prompt": "Hello"}"#)
///     .header("content-type", "application/json");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchRequest {
    /// The method: `GET`, `POST` …
    pub method: String,
    /// Names and values of headers, added to those that the browser sends.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one. Browsers refuse a body for GET and HEAD.
    pub body: Option<String>,
}

impl Default for FetchRequest {
    fn default() -> Self {
        Self {
            method: "GET".to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }
}

impl FetchRequest {
    /// A POST with `body`.
    pub fn post(body: impl Into<String>) -> Self {
        Self {
            method: "POST".to_owned(),
            headers: Vec::new(),
            body: Some(body.into()),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}
