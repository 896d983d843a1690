//! A response body written in chunks (RFC 9112, 7.1) to a socket.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::body::{Body, HttpBody as _};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The last chunk, which ends the body.
const LAST: &[u8] = b"0\r\n\r\n";

/// Chunks up to this size are assembled in one buffer before the write: the copy costs less than a
/// vectored write.
const SMALL: usize = 512;

/// How many bytes are read of the request that follows the stream. After that the client has to
/// wait, as it does with hyper.
const READ_AHEAD: usize = 512;

/// Writes one body.
pub(super) struct Chunks {
    /// `None` once the body has ended.
    body: Option<Body>,
    /// The current chunk.
    size_line: SizeLine,
    data: Bytes,
    /// How many bytes of the current chunk are written, its size line and line end included.
    written: usize,
    /// What the client has sent since the request for this stream.
    read_ahead: Bytes,
}

impl Chunks {
    pub(super) fn new(body: Body, read_ahead: Bytes) -> Self {
        Self {
            body: Some(body),
            size_line: SizeLine::default(),
            data: Bytes::new(),
            written: 0,
            read_ahead,
        }
    }

    /// What the client has sent since the request for this stream.
    pub(super) fn into_read_ahead(self) -> Bytes {
        self.read_ahead
    }

    /// Writes the body; ready when the last chunk is written.
    ///
    /// # Errors
    ///
    /// If the client disconnects, or the body fails.
    pub(super) fn poll<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        socket: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_read_ahead(socket, cx)?;
        loop {
            ready!(self.poll_chunk(socket, cx))?;
            // Dropping the frame wakes a body that waits for the frame to be written.
            self.data = Bytes::new();
            let Some(body) = &mut self.body else {
                return Poll::Ready(Ok(()));
            };
            match ready!(Pin::new(body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    self.data = frame.into_data().unwrap_or_default();
                    self.size_line = SizeLine::new(self.data.len());
                }
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(error))),
                None => {
                    self.body = None;
                    self.data = Bytes::from_static(LAST);
                    self.size_line = SizeLine::default();
                }
            }
            self.written = 0;
        }
    }

    /// Reads what the client sends, in order to notice when it disconnects.
    fn poll_read_ahead<S: AsyncRead + Unpin>(
        &mut self,
        socket: &mut S,
        cx: &mut Context<'_>,
    ) -> io::Result<()> {
        if !self.read_ahead.is_empty() {
            return Ok(());
        }
        let mut buffer = [std::mem::MaybeUninit::uninit(); READ_AHEAD];
        let mut buffer = ReadBuf::uninit(&mut buffer);
        if Pin::new(socket).poll_read(cx, &mut buffer)?.is_pending() {
            return Ok(());
        }
        if buffer.filled().is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.read_ahead = Bytes::copy_from_slice(buffer.filled());
        Ok(())
    }

    /// Ready when the current chunk is written, or there is none.
    fn poll_chunk<S: AsyncWrite + Unpin>(
        &mut self,
        socket: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if self.data.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let line_end: &[u8] = if self.size_line.as_bytes().is_empty() {
            b""
        } else {
            b"\r\n"
        };
        let parts = [self.size_line.as_bytes(), &self.data, line_end];
        let length: usize = parts.iter().map(|part| part.len()).sum();
        while self.written < length {
            let mut skip = self.written;
            let unwritten = parts.map(|part| {
                let from = skip.min(part.len());
                skip -= from;
                &part[from..]
            });
            let count = if length <= SMALL {
                let mut buffer = [0; SMALL];
                let mut end = 0;
                for part in unwritten {
                    buffer[end..end + part.len()].copy_from_slice(part);
                    end += part.len();
                }
                ready!(Pin::new(&mut *socket).poll_write(cx, &buffer[..end]))?
            } else {
                let slices = unwritten.map(IoSlice::new);
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

/// The first line of a chunk: the size of its data in hexadecimal digits. Empty for the last chunk.
#[derive(Clone, Copy, Default)]
struct SizeLine {
    text: [u8; 18],
    length: u8,
}

impl SizeLine {
    fn new(size: usize) -> Self {
        let mut line = Self::default();
        let mut unused = &mut line.text[..];
        io::Write::write_fmt(&mut unused, format_args!("{size:X}\r\n")).expect("16 digits at most");
        line.length = (18 - unused.len()) as u8;
        line
    }

    fn as_bytes(&self) -> &[u8] {
        &self.text[..usize::from(self.length)]
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// A body of frames of these sizes.
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
        Chunks::new(body, Bytes::new())
    }

    #[tokio::test]
    async fn partial_writes_yield_the_same_bytes() {
        let sizes = [1, 0, 9, 10, 15, 16, 255, 256, SMALL - 7, SMALL, 70_000];
        let mut expected = Vec::new();
        for size in sizes.into_iter().filter(|size| *size > 0) {
            expected.extend(format!("{size:X}\r\n{}\r\n", "x".repeat(size)).bytes());
        }
        expected.extend(LAST);
        // A pipe accepts as many bytes in a write as it has room for.
        for room in [1, 2, 3, 7, 300, 1 << 20] {
            let (mut client, mut server) = tokio::io::duplex(room);
            let mut chunks = chunks(&sizes);
            let writing = tokio::spawn(async move {
                let result = std::future::poll_fn(|cx| chunks.poll(&mut server, cx)).await;
                (result, chunks.into_read_ahead())
            });
            client.write_all(b"G").await.expect("room for a byte");
            let mut received = vec![0; expected.len()];
            client.read_exact(&mut received).await.expect("the body");
            assert!(received == expected, "room for {room}");
            let (result, read_ahead) = writing.await.expect("no panic");
            result.expect("the client is connected");
            assert!(read_ahead.len() <= 1);
        }
    }

    #[tokio::test]
    async fn a_disconnected_client_is_an_error() {
        let (client, mut server) = tokio::io::duplex(16);
        let mut chunks = chunks(&[70_000]);
        drop(client);
        let result = std::future::poll_fn(|cx| chunks.poll(&mut server, cx)).await;
        assert!(result.is_err());
    }
}
