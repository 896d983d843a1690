//! One client's socket: shared, so that its end is noticed also while nobody reads or writes, and
//! able to end by a reset.

use std::{
    io,
    net::Shutdown,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use crate::http::handover::Handover;

/// What becomes of a connection: a stream is written without hyper; its end is as it comes, unless a
/// stream asks for a reset.
#[derive(Clone, Default)]
pub(crate) struct Fate(Arc<(AtomicBool, Handover)>);

impl Fate {
    pub(crate) fn reset(&self) {
        self.0.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn handover(&self) -> &Handover {
        &self.0.1
    }
}

/// A connection that ends by its [`Fate`].
pub(crate) struct Socket {
    tcp: Arc<TcpStream>,
    fate: Fate,
    /// Read already, and for hyper to read again.
    pub(crate) ahead: Bytes,
}

impl Socket {
    pub(crate) fn new(tcp: Arc<TcpStream>, fate: Fate) -> Self {
        Self {
            tcp,
            fate,
            ahead: Bytes::new(),
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.fate.0.0.load(Ordering::Relaxed)
            && let Err(error) = self.tcp.set_zero_linger()
        {
            tracing::debug!(%error, "cannot reset a connection");
        }
    }
}

/// Tries again as long as the system says that it would not have to wait, and then has to.
fn retry<T>(
    mut ready: impl FnMut() -> Poll<io::Result<()>>,
    mut attempt: impl FnMut() -> io::Result<T>,
) -> Poll<io::Result<T>> {
    loop {
        ready!(ready())?;
        match attempt() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            result => return Poll::Ready(result),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.ahead.is_empty() {
            let count = self.ahead.len().min(buffer.remaining());
            buffer.put_slice(&self.ahead[..count]);
            self.ahead.advance(count);
            return Poll::Ready(Ok(()));
        }
        let read = ready!(retry(
            || self.tcp.poll_read_ready(cx),
            || self.tcp.try_read(buffer.initialize_unfilled()),
        ))?;
        buffer.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        retry(
            || self.tcp.poll_write_ready(cx),
            || self.tcp.try_write(bytes),
        )
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        retry(
            || self.tcp.poll_write_ready(cx),
            || self.tcp.try_write_vectored(slices),
        )
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper asks for this when it has written all that it has.
        self.fate.handover().is_flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(&*self.tcp).shutdown(Shutdown::Write))
    }
}
