//! What a server sent first: for one that does not speak HTTP, what it speaks instead.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many bytes are kept.
const KEPT: usize = 48;

/// The first bytes that a server sent.
#[derive(Clone, Debug, Default)]
pub(super) struct FirstBytes(Arc<Mutex<Vec<u8>>>);

impl FirstBytes {
    fn add(&self, bytes: &[u8]) {
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = KEPT - first.len();
        first.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn get(&self) -> Vec<u8> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.get().is_empty()
    }

    /// What they are, as a word and as a sentence, if they are not the beginning of a response.
    pub(super) fn of_something_else(&self) -> Option<(&'static str, String)> {
        let first = self.get();
        let status_line = b"HTTP/";
        let compared = first.len().min(status_line.len());
        if first[..compared] == status_line[..compared] {
            return None;
        }
        // An alert or a handshake message of TLS (RFC 8446, 5.1).
        if let [0x15 | 0x16, 0x03, ..] = first[..] {
            let text = "The server speaks TLS: the URL should begin with https://.";
            return Some(("only-tls", text.to_owned()));
        }
        let beginning = String::from_utf8_lossy(&first).escape_debug().to_string();
        let text = format!("The answer is not HTTP: it begins with “{beginning}”.");
        Some(("not-http", text))
    }
}

/// A connection that keeps the first bytes read.
pub(super) struct Noted<S> {
    pub(super) stream: S,
    pub(super) first: FirstBytes,
    /// How many bytes were read, until they suffice.
    pub(super) read: usize,
}

impl<S: AsyncRead + Unpin> AsyncRead for Noted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if self.read < KEPT {
            let bytes = &buffer.filled()[before..];
            self.first.add(bytes);
            self.read += bytes.len();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Noted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
