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
    /// By the relay of the page's server, `sse-scope-server`: the same request as by fetch, made by that
    /// server. CORS does not apply, any header can be sent, and the cause of a failure is known.
    Relay(FetchRequest),
}

impl Via {
    /// The request, unless an `EventSource` makes it.
    pub(crate) fn request(&self) -> Option<&FetchRequest> {
        match self {
            Self::EventSource => None,
            Self::Fetch(request) | Self::Relay(request) => Some(request),
        }
    }

    /// Whether the request may be repeated to find out why it fails: it is a GET, and not by the relay, which
    /// reports that itself.
    pub(crate) fn can_be_probed(&self) -> bool {
        match self {
            Self::EventSource => true,
            Self::Fetch(request) => {
                request.method.eq_ignore_ascii_case("GET") && request.body.is_none()
            }
            Self::Relay(_) => false,
        }
    }

    /// The name that captures have for it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::EventSource => "eventsource",
            Self::Fetch(_) => "fetch",
            Self::Relay(_) => "relay",
        }
    }
}

impl From<FetchRequest> for Via {
    fn from(request: FetchRequest) -> Self {
        Self::Fetch(request)
    }
}

/// The request that [`Via::Fetch`] and [`Via::Relay`] send.
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
    /// Names and values of headers, added to those that the browser or the relay sends.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one. Browsers refuse a body for GET and HEAD; the relay does not.
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
