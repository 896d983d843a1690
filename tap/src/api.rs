//! What the page asks about exchanges, at `/tap/…`.

use std::{
    fmt,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::{
    Guard, Tap,
    exchanges::{Command, CommandError, Exchanges, ListCursor},
    guard::text,
};

/// The shortest time between two lists of what changed.
const INTERVAL: Duration = Duration::from_millis(200);

/// How many streams of exchanges and captures may be open at a time.
const MAX_VIEWERS: usize = 64;

/// A tap, as the page shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Listening {
    name: String,
    listen: String,
    url: String,
}

impl Listening {
    /// The tap listens at this address.
    pub fn new(tap: &Tap, at: SocketAddr) -> Self {
        Self {
            name: tap.name().to_owned(),
            listen: at.to_string(),
            url: tap.url().to_string(),
        }
    }
}

impl fmt::Display for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, listen, url } = self;
        write!(
            f,
            "Tap {name}: http://{listen} -> {}",
            url.trim_end_matches('/')
        )
    }
}

/// Shows the page what passes through the taps.
#[derive(Clone)]
pub struct TapApi {
    exchanges: Exchanges,
    taps: Arc<[Listening]>,
    places: Arc<Semaphore>,
}

impl TapApi {
    /// Shows `exchanges`, which are those of `taps`.
    pub fn new(exchanges: Exchanges, taps: Vec<Listening>) -> Self {
        Self {
            exchanges,
            taps: taps.into(),
            places: Arc::new(Semaphore::new(MAX_VIEWERS)),
        }
    }

    /// The routes at `/tap/…`, behind the guard: what they show has secrets in it.
    pub fn routes<S: Clone + Send + Sync + 'static>(self, guard: &Guard) -> Router<S> {
        let routes = Router::new()
            .route("/tap/exchanges", get(list))
            .route("/tap/exchanges/{id}", get(detail))
            .route("/tap/exchanges/{id}/capture", get(capture))
            .route("/tap/exchanges/{id}/{command}", post(command));
        guard.before(routes.with_state(self))
    }

    /// The place of one more viewer, if there is one.
    fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }
}

fn too_many_viewers() -> Response {
    let sentence =
        format!("{MAX_VIEWERS} views of exchanges are open, which is the limit: close one first.");
    text(StatusCode::TOO_MANY_REQUESTS, &sentence)
}

/// An event stream: the taps, then each exchange, then each that changes.
async fn list(State(api): State<TapApi>) -> Response {
    let Some(place) = api.place() else {
        return too_many_viewers();
    };
    let (pieces, body) = pieces();
    tokio::spawn(async move {
        let _place = place;
        let mut cursor = ListCursor::default();
        // Firefox holds a response until its first byte.
        let mut out = b": tap\n\n".to_vec();
        event(&mut out, "taps", &*api.taps);
        loop {
            let changed = api.exchanges.changed();
            let Some(listed) = api.exchanges.list(&mut cursor) else {
                return;
            };
            for exchange in &listed.exchanges {
                event(&mut out, "exchange", exchange);
            }
            if let Some(gone) = &listed.gone {
                event(&mut out, "gone", gone);
            }
            let piece = Bytes::from(std::mem::take(&mut out));
            if !piece.is_empty() && pieces.send(piece).await.is_err() {
                return;
            }
            if listed.has_more {
                continue;
            }
            let next = async {
                tokio::time::sleep(INTERVAL).await;
                changed.await;
            };
            tokio::select! {
                () = next => {}
                () = pieces.closed() => return,
            }
        }
    });
    typed("text/event-stream", body)
}

fn event(out: &mut Vec<u8>, name: &str, data: &(impl Serialize + ?Sized)) {
    out.extend_from_slice(format!("event: {name}\ndata: ").as_bytes());
    write_json(out, data);
    out.extend_from_slice(b"\n\n");
}

fn write_json(out: &mut Vec<u8>, data: &(impl Serialize + ?Sized)) {
    // Numbers, strings, and lists and structures of them: nothing that JSON cannot have.
    let _ = serde_json::to_writer(out, data);
}

async fn detail(State(api): State<TapApi>, Path(id): Path<u64>) -> Response {
    match api.exchanges.detail(id) {
        Some(detail) => {
            let mut json = Vec::new();
            write_json(&mut json, &detail);
            typed("application/json", Body::from(json))
        }
        None => refused(CommandError::Unknown),
    }
}

/// The body of a response, as it arrives.
async fn capture(State(api): State<TapApi>, Path(id): Path<u64>) -> Response {
    let Some(mut cursor) = api.exchanges.capture(id) else {
        return refused(CommandError::Unknown);
    };
    let Some(place) = api.place() else {
        return too_many_viewers();
    };
    let (pieces, body) = pieces();
    tokio::spawn(async move {
        let _place = place;
        loop {
            let mut out = Vec::new();
            tokio::select! {
                has_more = cursor.next(&mut out) => {
                    if !has_more || pieces.send(out.into()).await.is_err() {
                        return;
                    }
                }
                () = pieces.closed() => return,
            }
        }
    });
    typed("application/vnd.sse-scope.capture", body)
}

async fn command(State(api): State<TapApi>, Path((id, command)): Path<(u64, String)>) -> Response {
    let command = match command.as_str() {
        "cut" => Command::Cut,
        "hold" => Command::Hold,
        "release" => Command::Release,
        _ => {
            return text(
                StatusCode::NOT_FOUND,
                &"An exchange can be cut, held or released.",
            );
        }
    };
    match api.exchanges.command(id, command) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refused(error),
    }
}

fn refused(error: CommandError) -> Response {
    let status = match error {
        CommandError::Unknown => StatusCode::NOT_FOUND,
        CommandError::Over => StatusCode::CONFLICT,
    };
    text(status, &error)
}

fn typed(content_type: &'static str, body: Body) -> Response {
    ([(header::CONTENT_TYPE, content_type)], body).into_response()
}

/// A body in pieces, each of which is made when the one before it was taken.
fn pieces() -> (mpsc::Sender<Bytes>, Body) {
    let (sender, receiver) = mpsc::channel(1);
    (sender, Body::new(Pieces(receiver)))
}

struct Pieces(mpsc::Receiver<Bytes>);

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let piece = ready!(self.0.poll_recv(cx));
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }
}
