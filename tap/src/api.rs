//! What the page asks about exchanges, at `/tap/…`.

use std::{
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::{
    Tap,
    exchanges::{Command, CommandError, Exchanges, ListCursor},
};

/// The shortest time between two lists of what changed.
const INTERVAL: Duration = Duration::from_millis(200);

/// What the page is told of a tap.
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

#[derive(Clone)]
struct Shared {
    exchanges: Exchanges,
    taps: std::sync::Arc<[Listening]>,
}

/// The routes at `/tap/…`. They show what others sent, secrets included: only the page may use them.
pub fn routes(exchanges: Exchanges, taps: Vec<Listening>) -> Router {
    Router::new()
        .route("/tap/exchanges", get(list))
        .route("/tap/exchanges/{id}", get(detail))
        .route("/tap/exchanges/{id}/capture", get(capture))
        .route("/tap/exchanges/{id}/{command}", post(command))
        .with_state(Shared {
            exchanges,
            taps: taps.into(),
        })
}

/// An event stream: the taps, then each exchange, then each that changes.
async fn list(State(shared): State<Shared>) -> Response {
    let (pieces, body) = pieces();
    tokio::spawn(async move {
        let mut cursor = ListCursor::default();
        // Firefox holds a response until its first byte.
        let mut out = b": tap\n\n".to_vec();
        event(&mut out, "taps", &*shared.taps);
        loop {
            let changed = shared.exchanges.changed();
            let Some(listed) = shared.exchanges.list(&mut cursor) else {
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

async fn detail(State(shared): State<Shared>, Path(id): Path<u64>) -> Response {
    match shared.exchanges.detail(id) {
        Some(detail) => {
            let mut json = Vec::new();
            write_json(&mut json, &detail);
            typed("application/json", Body::from(json))
        }
        None => refused(CommandError::Unknown),
    }
}

/// The body of a response, as it arrives.
async fn capture(State(shared): State<Shared>, Path(id): Path<u64>) -> Response {
    let Some(mut cursor) = shared.exchanges.capture(id) else {
        return refused(CommandError::Unknown);
    };
    let (pieces, body) = pieces();
    tokio::spawn(async move {
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

async fn command(
    State(shared): State<Shared>,
    Path((id, command)): Path<(u64, String)>,
) -> Response {
    let command = match command.as_str() {
        "cut" => Command::Cut,
        "hold" => Command::Hold,
        "release" => Command::Release,
        _ => {
            return sentence(
                StatusCode::NOT_FOUND,
                "An exchange can be cut, held or released.",
            );
        }
    };
    match shared.exchanges.command(id, command) {
        Ok(()) => protected(StatusCode::NO_CONTENT.into_response()),
        Err(error) => refused(error),
    }
}

fn refused(error: CommandError) -> Response {
    let status = match error {
        CommandError::Unknown => StatusCode::NOT_FOUND,
        CommandError::Over => StatusCode::CONFLICT,
    };
    sentence(status, &error.to_string())
}

fn sentence(status: StatusCode, text: &str) -> Response {
    protected((status, format!("{text}\n")).into_response())
}

fn typed(content_type: &'static str, body: Body) -> Response {
    let mut response = protected(Response::new(body));
    let content_type = HeaderValue::from_static(content_type);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}

/// Neither kept by a cache nor taken for anything else.
fn protected(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
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
