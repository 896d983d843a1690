//! The relay: makes a request that the page asks for, and sends back what happens as a capture.
//!
//! | file | contents |
//! | --- | --- |
//! | `mod.rs` | [`Relay`]: the route, and how many streams may be open |
//! | `request.rs` | what the page asks for, checked |
//! | `redirect.rs` | where a redirect leads |
//! | `upstream.rs` | one request to a server, until its head is there |
//! | `first_bytes.rs` | what a server sent first, for one that does not speak HTTP |
//! | `exchange.rs` | the whole of it, from the request to the last record |
//! | `report.rs` | facts for the page, in JSON |
//! | `failure.rs` | [`Failure`](failure::Failure): why an exchange did not complete |

mod exchange;
mod failure;
mod first_bytes;
mod redirect;
mod report;
mod request;
mod upstream;

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::Response,
    routing::post,
};
use bytes::Bytes;
use http_body::Frame;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use self::{exchange::Exchange, request::Request};
use crate::{
    dial::Dialer,
    guard::{Guard, text},
};

/// The largest request of the page, in bytes.
const MAX_REQUEST: usize = 8 << 20;

/// A future that is ready at the shutdown.
pub(crate) type Shutdown = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What the relay bears, and how long it waits.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many exchanges may be open at a time.
    pub streams: usize,
    /// How long a server may take until the head of its response is there.
    pub head_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            streams: 64,
            head_timeout: Duration::from_secs(120),
        }
    }
}

/// Makes requests for the page.
#[derive(Clone)]
pub struct Relay {
    dialer: Dialer,
    limits: Limits,
    places: Arc<Semaphore>,
    shutdown: Arc<dyn Fn() -> Shutdown + Send + Sync>,
}

impl Relay {
    /// A relay that connects by `dialer`. `shutdown` makes a future that is ready when open exchanges are to
    /// end.
    pub fn new<F>(dialer: Dialer, shutdown: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let limits = Limits::default();
        Self {
            dialer,
            limits,
            places: Arc::new(Semaphore::new(limits.streams)),
            shutdown: Arc::new(move || Box::pin(shutdown())),
        }
    }

    /// Sets the limits.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self.places = Arc::new(Semaphore::new(limits.streams.min(Semaphore::MAX_PERMITS)));
        self
    }

    /// The route `/relay`, behind the guard.
    pub fn routes<S: Clone + Send + Sync + 'static>(self, guard: &Guard) -> Router<S> {
        guard.before(Router::new().route("/relay", post(serve).with_state(self)))
    }
}

async fn serve(State(relay): State<Relay>, body: Body) -> Response {
    let Ok(place) = Arc::clone(&relay.places).try_acquire_owned() else {
        let limit = relay.limits.streams;
        return text(
            StatusCode::TOO_MANY_REQUESTS,
            &format!("{limit} relayed streams are open, which is the limit: close one first."),
        );
    };
    let json = match Limited::new(body, MAX_REQUEST).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return text(
                StatusCode::PAYLOAD_TOO_LARGE,
                &format!("The request is larger than {} MiB.", MAX_REQUEST >> 20),
            );
        }
        Err(error) => {
            return text(
                StatusCode::BAD_REQUEST,
                &format!("The request did not arrive: {error}."),
            );
        }
    };
    let request = match Request::parse(&json) {
        Ok(request) => request,
        Err(error) => return text(StatusCode::BAD_REQUEST, &error),
    };
    let (sender, records) = mpsc::channel(1);
    let exchange = Exchange::new(request, relay.dialer, relay.limits, sender);
    let mut response = Response::new(Body::new(Records {
        work: Some(Box::pin(exchange.run((relay.shutdown)()))),
        records,
        _place: place,
    }));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/vnd.sse-scope.capture"),
    );
    response
}

/// The records of an exchange as a body. The exchange makes progress only while the body is polled: where
/// the page does not read, the server is held back, and where the page leaves, the request ends.
struct Records {
    /// The exchange. `None` once it is over.
    work: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    records: mpsc::Receiver<Bytes>,
    _place: OwnedSemaphorePermit,
}

impl http_body::Body for Records {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        if let Some(work) = &mut this.work
            && work.as_mut().poll(cx).is_ready()
        {
            this.work = None;
        }
        let record = ready!(this.records.poll_recv(cx));
        Poll::Ready(record.map(|record| Ok(Frame::data(record))))
    }
}
