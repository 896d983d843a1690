//! Serves streams without hyper's buffers.
//!
//! hyper allocates two buffers of 8 KiB for each connection, keeps them as long as it serves the
//! connection, and has no option for smaller ones. That is most of what a stream costs in memory and,
//! because the buffers are cold when an event is due, in time: with these buffers, a connection takes
//! more than the 10 kB that the design allows. So hyper reads the request and writes the head of the
//! response; then the body is written here, and hyper serves the request after it.
//!
//! # Sequence
//!
//! 1. [`serve_requests`] starts a hyper connection on the socket. hyper reads a request and calls the app.
//! 2. If hyper would send the response in chunks, [`Handover::take_body`] keeps the body and gives
//!    hyper [`Pending`] in its place: a body of unknown length that never has a frame.
//! 3. hyper encodes the head, with `transfer-encoding: chunked`, polls the body, and writes the
//!    head to the socket. When its write buffer is empty it flushes the socket.
//! 4. [`Io`] reports the flush: the kernel has all of the head.
//! 5. `serve_requests` finds a response whose head is written. It converts the hyper connection into its parts:
//!    the socket, and what hyper has read after the request. That frees the buffers.
//! 6. [`Chunks`] writes the body. Meanwhile it reads up to 512 bytes, in order to notice when the
//!    client disconnects.
//! 7. If the connection persists, [`serve`] continues at step 1 with what was read ahead.
//!
//! Any other response stays with hyper: it has a known length, or no body, or the client speaks
//! HTTP/1.0, or hyper still reads the body of the request.
//!
//! # What this relies on
//!
//! hyper documents step 5, but not the order of events in step 3. The tests of this module pin it:
//! they fail when a new hyper flushes before the head is written, or writes anything after it.
//!
//! # The alternative
//!
//! Parsing the request line here, before hyper reads, would need no placeholder and no flush, but a
//! second implementation of limits, timeouts, the head and error responses. It would help the first
//! request of a connection only: browsers open a stream on a connection that has served the page.

mod chunks;
mod io;
#[cfg(test)]
mod tests;

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use axum::{
    body::{Body, HttpBody},
    http::{HeaderMap, Method, Request, StatusCode, Version, header::CONNECTION},
    response::Response,
};
use bytes::Bytes;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use self::{chunks::Chunks, io::Io};
use crate::generator::CutOff;

/// Why a connection ended early.
pub(super) type Error = Box<dyn std::error::Error + Send + Sync>;

/// Serves a connection until it ends. `shutdown` makes a future that is ready once the connection is
/// to end after the current response.
///
/// # Errors
///
/// If the client breaks the protocol or disconnects in the middle of a response, or if a body
/// fails: the error of the body is then among the sources of the error.
pub(super) async fn serve<S, F, G>(
    mut socket: S,
    http: &http1::Builder,
    app: impl Fn(Request<Incoming>) -> F,
    shutdown: impl Fn() -> G,
) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    F: Future<Output = Response>,
    G: Future<Output = ()>,
{
    let mut read_ahead = Bytes::new();
    loop {
        // On the heap, so that nothing of hyper remains while the stream is written.
        let requests = Box::pin(serve_requests(socket, read_ahead, http, &app, shutdown()));
        let Some(stream) = requests.await? else {
            return Ok(());
        };
        socket = stream.socket;
        let mut chunks = Chunks::new(stream.response.body, stream.read_ahead);
        poll_fn(|cx| chunks.poll(&mut socket, cx)).await?;
        if !stream.response.keep_alive {
            poll_fn(|cx| Pin::new(&mut socket).poll_shutdown(cx)).await?;
            return Ok(());
        }
        read_ahead = chunks.into_read_ahead();
    }
}

/// A stream whose head is written.
struct Stream<S> {
    socket: S,
    /// What the client has sent since the request for the stream.
    read_ahead: Bytes,
    response: StreamResponse,
}

/// Serves requests by hyper, until the connection ends or the response is a stream.
async fn serve_requests<S, F>(
    socket: S,
    read_ahead: Bytes,
    http: &http1::Builder,
    app: impl Fn(Request<Incoming>) -> F,
    shutdown: impl Future<Output = ()>,
) -> hyper::Result<Option<Stream<S>>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    F: Future<Output = Response>,
{
    let handover = &Handover::default();
    let respond = service_fn(|request: Request<Incoming>| {
        let request_framing = RequestFraming::of(&request);
        let response = app(request);
        async move {
            let mut response = response.await;
            // After an error hyper writes no response, and ends the connection.
            match response.extensions_mut().remove::<CutOff>() {
                Some(cut_off) => Err(cut_off),
                None => Ok(handover.take_body(response, request_framing)),
            }
        }
    });
    let io = TokioIo::new(Io {
        socket,
        read_ahead,
        handover,
    });
    let mut connection = http.serve_connection(io, respond);
    let mut shutdown = pin!(shutdown);
    let mut is_shutting_down = false;
    let response = poll_fn(|cx| {
        let mut connection = Pin::new(&mut connection);
        if !is_shutting_down && shutdown.as_mut().poll(cx).is_ready() {
            is_shutting_down = true;
            connection.as_mut().graceful_shutdown();
        }
        match connection.poll(cx) {
            Poll::Ready(result) => Poll::Ready(result.map(|()| None)),
            Poll::Pending => match handover.response_with_head_written() {
                Some(response) => Poll::Ready(Ok(Some(response))),
                None => Poll::Pending,
            },
        }
    });
    let Some(response) = response.await? else {
        return Ok(None);
    };
    let parts = connection.into_parts();
    let Io {
        socket, read_ahead, ..
    } = parts.io.into_inner();
    Ok(Some(Stream {
        socket,
        // A copy, because even an empty `read_buf` keeps the buffer of hyper allocated.
        read_ahead: [parts.read_buf, read_ahead].concat().into(),
        response,
    }))
}

/// What the framing of a response depends on in its request.
#[derive(Clone, Copy)]
struct RequestFraming {
    /// hyper sends a body of unknown length in chunks, and reads nothing while it does.
    chunked: bool,
    /// The client may send another request on this connection.
    keep_alive: bool,
}

impl RequestFraming {
    fn of<B: HttpBody>(request: &Request<B>) -> Self {
        Self {
            chunked: request.version() == Version::HTTP_11
                && request.method() != Method::HEAD
                && request.method() != Method::CONNECT
                && request.body().is_end_stream(),
            keep_alive: !asks_to_close(request.headers()),
        }
    }
}

fn asks_to_close(headers: &HeaderMap) -> bool {
    let values = headers.get_all(CONNECTION).iter();
    let mut options = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"))
}

/// Passes the body of one response from the service of hyper to [`serve_requests`].
#[derive(Default)]
struct Handover(Mutex<State>);

#[derive(Default)]
enum State {
    #[default]
    Empty,
    /// hyper has the head and has not written all of it.
    WritingHead(StreamResponse),
    HeadWritten(StreamResponse),
}

/// The response without its head.
struct StreamResponse {
    body: Body,
    keep_alive: bool,
}

impl Handover {
    /// Takes the body out of a response that hyper would send in chunks.
    fn take_body(&self, response: Response, request: RequestFraming) -> Response {
        let has_length = response.body().size_hint().exact().is_some();
        let has_body =
            response.status().is_success() && response.status() != StatusCode::NO_CONTENT;
        if has_length || !has_body || !request.chunked {
            return response;
        }
        let (head, body) = response.into_parts();
        *self.state() = State::WritingHead(StreamResponse {
            body,
            keep_alive: request.keep_alive,
        });
        Response::from_parts(head, Body::new(Pending))
    }

    /// Records that the write buffer of hyper is empty.
    fn flushed(&self) {
        let mut state = self.state();
        *state = match std::mem::take(&mut *state) {
            State::WritingHead(response) => State::HeadWritten(response),
            state => state,
        };
    }

    fn response_with_head_written(&self) -> Option<StreamResponse> {
        let mut state = self.state();
        match std::mem::take(&mut *state) {
            State::HeadWritten(response) => Some(response),
            other => {
                *state = other;
                None
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body of unknown length that never has a frame.
struct Pending;

impl HttpBody for Pending {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}
