//! The server for the tests of the page: the product with more paths, for responses that the page
//! has to handle. Runs the command on its command line with the address in `SSE_SCOPE_SERVER`, and
//! exits with it; without a command it serves until Ctrl-C.
//!
//! | path | answer |
//! | --- | --- |
//! | `/stream` | as in the product |
//! | `/fixture/live` | the number of live streams, those of this file included |
//! | `/fixture/status/N` | status N |
//! | `/fixture/html` | HTML, status 200 |
//! | `/fixture/flaky?key=K&failures=N` | status 500 for the first N requests of each K, then the default stream |
//! | `/fixture/resume` | one event, whose ID is 1 more than `Last-Event-ID` |
//! | `/fixture/echo` | the request as events: method, headers and body |
//! | `/fixture/raw?body=B` | an event stream of the bytes B that stays open |
//! | `/fixture/raw?body=B&end=true` | the same, ended |
//! | `/fixture/raw?body=B&every=MS` | the bytes B repeatedly |

use std::{
    collections::HashMap,
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, Query, Request, State},
    http::{HeaderMap, Method, StatusCode},
    middleware::{Next, from_fn},
    response::{IntoResponse, Redirect, Response},
    routing::{any, get},
};
use http_body::Frame;
use sse_scope_server::{Limits, Offers, Streams, app, run};
use tokio::{net::TcpListener, process::Command, time::Interval};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    let streams = Streams::default();
    let fixture = Fixture {
        streams: streams.clone(),
        raw: Arc::default(),
        failures: Arc::default(),
    };
    let routes = Router::new()
        .route("/fixture/live", get(live))
        .route("/fixture/status/{status}", get(status))
        .route(
            "/fixture/html",
            get(async || axum::response::Html("<p>not a stream</p>")),
        )
        .route("/fixture/flaky", get(flaky))
        .route("/fixture/resume", get(resume))
        .route("/fixture/echo", any(echo))
        .route("/fixture/raw", get(raw))
        .with_state(fixture)
        .layer(from_fn(allow_every_origin));
    let serving = run(
        listener,
        app(&streams, Offers::default()).merge(routes),
        streams,
        Limits::default(),
        std::future::pending(),
    );

    let mut command = std::env::args_os().skip(1);
    let Some(program) = command.next() else {
        println!("{address}");
        return Ok(serving.await?);
    };
    let mut command = Command::new(program)
        .args(command)
        .env("SSE_SCOPE_SERVER", address)
        .spawn()?;
    tokio::select! {
        result = serving => Ok(result?),
        status = command.wait() => std::process::exit(status?.code().unwrap_or(1)),
    }
}

#[derive(Clone)]
struct Fixture {
    streams: Streams,
    raw: Arc<AtomicUsize>,
    failures: Arc<Mutex<HashMap<String, u32>>>,
}

/// The page of the tests has another origin.
async fn allow_every_origin(request: Request, next: Next) -> impl IntoResponse {
    let headers = [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-headers", "*"),
    ];
    if request.method() == Method::OPTIONS {
        return (headers, StatusCode::NO_CONTENT).into_response();
    }
    (headers, next.run(request).await).into_response()
}

async fn live(State(fixture): State<Fixture>) -> String {
    (fixture.streams.live() + fixture.raw.load(Ordering::Relaxed)).to_string()
}

async fn resume(headers: HeaderMap) -> impl IntoResponse {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let next = last.and_then(|id| id.parse().ok()).unwrap_or(0) + 1;
    let last = last.unwrap_or("nothing");
    (
        [("content-type", "text/event-stream")],
        format!("retry: 10\nid: {next}\ndata: after {last}\n\n"),
    )
}

async fn echo(method: Method, headers: HeaderMap, body: String) -> impl IntoResponse {
    let header = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        format!("data: {name}: {}\n\n", value.unwrap_or_default())
    };
    (
        [("content-type", "text/event-stream")],
        format!(
            "data: {method}\n\n{}{}data: {body}\n\n",
            header("x-test"),
            header("content-type")
        ),
    )
}

async fn status(Path(status): Path<u16>) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST)
}

#[derive(serde::Deserialize)]
struct Flaky {
    key: String,
    failures: u32,
}

async fn flaky(
    State(fixture): State<Fixture>,
    Query(Flaky { key, failures }): Query<Flaky>,
) -> Response {
    let mut seen = fixture.failures.lock().expect("no holder panics");
    let seen = seen.entry(key).or_default();
    *seen += 1;
    if *seen > failures {
        Redirect::temporary("/stream").into_response()
    } else {
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

#[derive(serde::Deserialize)]
struct Raw {
    body: String,
    #[serde(default)]
    end: bool,
    every: Option<u64>,
}

async fn raw(State(fixture): State<Fixture>, Query(raw): Query<Raw>) -> impl IntoResponse {
    fixture.raw.fetch_add(1, Ordering::Relaxed);
    let body = RawBody {
        bytes: raw.body.into(),
        sent: false,
        end: raw.end,
        every: raw
            .every
            .map(|ms| tokio::time::interval(Duration::from_millis(ms))),
        live: fixture.raw,
    };
    (
        [
            ("content-type", "text/event-stream"),
            ("cache-control", "no-store"),
        ],
        Body::new(body),
    )
}

struct RawBody {
    bytes: Bytes,
    sent: bool,
    end: bool,
    every: Option<Interval>,
    live: Arc<AtomicUsize>,
}

impl http_body::Body for RawBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(every) = &mut self.every {
            ready!(every.poll_tick(cx));
        } else if self.sent {
            return if self.end {
                Poll::Ready(None)
            } else {
                Poll::Pending
            };
        }
        self.sent = true;
        Poll::Ready(Some(Ok(Frame::data(self.bytes.clone()))))
    }
}

impl Drop for RawBody {
    fn drop(&mut self) {
        self.live.fetch_sub(1, Ordering::Relaxed);
    }
}
