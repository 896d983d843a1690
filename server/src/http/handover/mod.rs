//! A stream once its head is written.
//!
//! hyper keeps two buffers of 8 KiB for each connection as long as it serves it, and cannot be told
//! not to: most of what a stream would cost, in memory and, as all of it is cold when an event is due,
//! in time. So hyper reads the request and writes the head; from there on the body is written here,
//! in chunks (RFC 9112, 7.1), and what comes after it is hyper's again.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, HttpBody as _},
    http::{HeaderMap, Method, Request, StatusCode, Version, header::CONNECTION},
    response::Response,
};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What ends a body of chunks.
const LAST: &[u8] = b"0\r\n\r\n";

/// A chunk of so many bytes is put together before it is written: copying them costs less than it
/// costs the system to collect them.
const SMALL: usize = 512;

/// How much is read of what a client sends during a stream, which is its next request; then it has to
/// wait, as it has with hyper.
const AHEAD: usize = 512;

/// Where a connection's service leaves the body that is to be written here.
#[derive(Default)]
pub(crate) struct Handover {
    body: Mutex<Option<Taken>>,
    /// All of the head is with the system.
    flushed: AtomicBool,
}

/// A body without its head.
pub(crate) struct Taken {
    body: Body,
    /// The connection goes on after it.
    pub(crate) keep: bool,
}

/// What a request says about the body of its response.
pub(crate) struct Wish {
    chunks: bool,
    keep: bool,
}

impl Wish {
    pub(crate) fn of<B: http_body::Body>(request: &Request<B>) -> Self {
        Self {
            // hyper knows how it is done for an old client, and what to do with a body that comes.
            chunks: request.version() == Version::HTTP_11
                && request.method() != Method::HEAD
                && request.method() != Method::CONNECT
                && request.body().is_end_stream(),
            keep: !asks_to_close(request.headers()),
        }
    }
}

fn asks_to_close(headers: &HeaderMap) -> bool {
    let values = headers.get_all(CONNECTION).iter();
    let mut tokens = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    tokens.any(|token| token.trim_ascii().eq_ignore_ascii_case(b"close"))
}

impl Handover {
    /// Takes the body out of a response that hyper would write in chunks, and leaves one in its place
    /// that never says anything.
    pub(crate) fn take_from(&self, response: Response, wish: &Wish) -> Response {
        let has_length = response.body().size_hint().exact().is_some();
        let has_body =
            response.status().is_success() && response.status() != StatusCode::NO_CONTENT;
        if has_length || !has_body || !wish.chunks {
            return response;
        }
        let (head, body) = response.into_parts();
        let keep = wish.keep;
        self.flushed.store(false, Ordering::Relaxed);
        *self.lock() = Some(Taken { body, keep });
        Response::from_parts(head, Body::new(Silent))
    }

    /// hyper has nothing more to write.
    pub(crate) fn is_flushed(&self) {
        self.flushed.store(true, Ordering::Relaxed);
    }

    /// A body whose head is written.
    pub(crate) fn take(&self) -> Option<Taken> {
        let flushed = self.flushed.load(Ordering::Relaxed);
        flushed.then(|| self.lock().take()).flatten()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Taken>> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of a length that nobody knows, and without end.
struct Silent;

impl http_body::Body for Silent {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<http_body::Frame<Bytes>>>> {
        Poll::Pending
    }
}

/// A body on its way to `socket`.
pub(crate) struct Chunks {
    body: Option<Body>,
    /// The chunk that is being written, and how much of it is.
    size: Size,
    data: Bytes,
    written: usize,
    /// What the client sent meanwhile.
    pub(crate) ahead: Bytes,
}

impl Chunks {
    /// `ahead` is what the client sent already.
    pub(crate) fn new(taken: Taken, ahead: Bytes) -> Self {
        Self {
            body: Some(taken.body),
            size: Size::default(),
            data: Bytes::new(),
            written: 0,
            ahead,
        }
    }

    /// Ready when all is written.
    ///
    /// # Errors
    ///
    /// If the client left, or the body is to be cut.
    pub(crate) fn poll<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        socket: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_ahead(socket, cx)?;
        loop {
            ready!(self.poll_chunk(socket, cx))?;
            // Whoever waits for it to be written goes on.
            self.data = Bytes::new();
            let Some(body) = &mut self.body else {
                return Poll::Ready(Ok(()));
            };
            match ready!(Pin::new(body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    self.data = frame.into_data().unwrap_or_default();
                    self.size = Size::of(self.data.len());
                }
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(error))),
                None => {
                    self.body = None;
                    self.data = Bytes::from_static(LAST);
                    self.size = Size::default();
                }
            }
            self.written = 0;
        }
    }

    /// Notices a client that leaves.
    fn poll_ahead<S: AsyncRead + Unpin>(
        &mut self,
        socket: &mut S,
        cx: &mut Context<'_>,
    ) -> io::Result<()> {
        if !self.ahead.is_empty() {
            return Ok(());
        }
        let mut buffer = [std::mem::MaybeUninit::uninit(); AHEAD];
        let mut buffer = ReadBuf::uninit(&mut buffer);
        if Pin::new(socket).poll_read(cx, &mut buffer)?.is_pending() {
            return Ok(());
        }
        if buffer.filled().is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.ahead = Bytes::copy_from_slice(buffer.filled());
        Ok(())
    }

    /// Ready when the chunk is written, or there is none.
    fn poll_chunk<S: AsyncWrite + Unpin>(
        &mut self,
        socket: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if self.data.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let end: &[u8] = if self.size.line().is_empty() {
            b""
        } else {
            b"\r\n"
        };
        let parts = [self.size.line(), &self.data, end];
        let length: usize = parts.iter().map(|part| part.len()).sum();
        while self.written < length {
            // What is left of each part.
            let mut before = self.written;
            let left = parts.map(|part| {
                let from = before.min(part.len());
                before -= from;
                &part[from..]
            });
            let count = if length <= SMALL {
                let mut buffer = [0; SMALL];
                let mut end = 0;
                for part in left {
                    buffer[end..end + part.len()].copy_from_slice(part);
                    end += part.len();
                }
                ready!(Pin::new(&mut *socket).poll_write(cx, &buffer[..end]))?
            } else {
                let slices = left.map(IoSlice::new);
                ready!(Pin::new(&mut *socket).poll_write_vectored(cx, &slices))?
            };
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += count;
        }
        Poll::Ready(Ok(()))
    }
}

/// The line before a chunk's data: its size in hexadecimal digits. Empty where there is none.
#[derive(Clone, Copy, Default)]
struct Size {
    text: [u8; 18],
    length: u8,
}

impl Size {
    fn of(size: usize) -> Self {
        let mut this = Self::default();
        let mut rest = &mut this.text[..];
        io::Write::write_fmt(&mut rest, format_args!("{size:X}\r\n")).expect("16 digits at most");
        this.length = (18 - rest.len()) as u8;
        this
    }

    fn line(&self) -> &[u8] {
        &self.text[..usize::from(self.length)]
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// Frames of these sizes, then the end.
    struct Frames(std::collections::VecDeque<usize>);

    impl http_body::Body for Frames {
        type Data = Bytes;
        type Error = io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<io::Result<http_body::Frame<Bytes>>>> {
            let frame = |size| Ok(http_body::Frame::data(vec![b'x'; size].into()));
            Poll::Ready(self.0.pop_front().map(frame))
        }
    }

    fn chunks(sizes: &[usize]) -> Chunks {
        let body = Body::new(Frames(sizes.iter().copied().collect()));
        Chunks::new(Taken { body, keep: true }, Bytes::new())
    }

    #[tokio::test]
    async fn a_body_is_the_same_through_any_pipe() {
        let sizes = [1, 0, 9, 10, 15, 16, 255, 256, SMALL - 7, SMALL, 70_000];
        let mut expected = Vec::new();
        for size in sizes.into_iter().filter(|size| *size > 0) {
            expected.extend(format!("{size:X}\r\n{}\r\n", "x".repeat(size)).bytes());
        }
        expected.extend(LAST);
        // A pipe takes as many bytes at a time as it has room for.
        for room in [1, 2, 3, 7, 300, 1 << 20] {
            let (mut client, mut server) = tokio::io::duplex(room);
            let mut chunks = chunks(&sizes);
            let writing = tokio::spawn(async move {
                let result = std::future::poll_fn(|cx| chunks.poll(&mut server, cx)).await;
                (result, chunks.ahead)
            });
            client.write_all(b"G").await.expect("room for a byte");
            let mut received = vec![0; expected.len()];
            client.read_exact(&mut received).await.expect("all of it");
            assert!(received == expected, "room for {room}");
            let (result, ahead) = writing.await.expect("no panic");
            result.expect("the client is there");
            assert!(ahead.len() <= 1);
        }
    }

    #[tokio::test]
    async fn a_client_that_leaves_ends_it() {
        let (client, mut server) = tokio::io::duplex(16);
        let mut chunks = chunks(&[70_000]);
        drop(client);
        let result = std::future::poll_fn(|cx| chunks.poll(&mut server, cx)).await;
        assert!(result.is_err());
    }

    #[test]
    fn a_request_says_whether_the_connection_goes_on() {
        for (value, keep) in [("keep-alive", true), ("Close", false), ("te, close", false)] {
            let request = Request::builder().header(CONNECTION, value);
            let request = request.body(Body::empty()).expect("a request");
            assert_eq!(Wish::of(&request).keep, keep, "{value}");
        }
    }
}
