//! Passes on what the upstream sends: each read at once, and only then has it looked at.

use std::{
    io,
    net::Shutdown,
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    net::TcpStream,
};

use super::responses::{Responses, UpstreamEnd};
use crate::{
    capture,
    exchanges::{Control, Taken},
};

/// How much is read from the upstream at once at first, in bytes: an event needs no more.
const FIRST_READ: usize = 4 << 10;

/// The most that is read at once, where reads are full.
const MAX_READ: usize = 64 << 10;

/// The way from the upstream to a client.
pub(super) struct Receiver<'a> {
    pub(super) client: &'a TcpStream,
    pub(super) control: &'a Control,
    /// Whether the client has closed its side.
    pub(super) client_closed: &'a AtomicBool,
}

/// How the upstream's side ended.
pub(super) enum Received {
    /// It was closed, and the client's connection is closed for writing.
    Closed,
    /// It was reset, or failed.
    Failed,
    /// The client takes nothing more.
    ClientGone,
}

impl Receiver<'_> {
    /// Passes on everything.
    pub(super) async fn run(
        self,
        upstream: &mut (impl AsyncRead + Unpin),
        responses: &mut Responses,
    ) -> Received {
        let mut buffer = vec![0; FIRST_READ];
        // A socket counts as writable only once that was waited for.
        if self.client.writable().await.is_err() {
            return Received::ClientGone;
        }
        loop {
            let read = upstream.read(&mut buffer).await;
            if !matches!(read, Ok(1..)) {
                // Nor does an end pass while the exchange is held.
                self.control.released().await;
            }
            let length = match read {
                Ok(length) => length,
                // The connection was closed without the close of TLS (RFC 8446, 6.1). A client without TLS sees
                // a close.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
                Err(error) => {
                    responses.upstream_ended(&UpstreamEnd::failed(&error), false);
                    return Received::Failed;
                }
            };
            if length == 0 {
                let client_left = self.client_closed.load(Ordering::Relaxed);
                responses.upstream_ended(&UpstreamEnd::Closed, client_left);
                // It fails only if the connection is gone.
                let _ = SockRef::from(self.client).shutdown(Shutdown::Write);
                return Received::Closed;
            }
            if self.deliver(&buffer[..length], responses).await.is_err() {
                return Received::ClientGone;
            }
            if length == buffer.len() && length < MAX_READ {
                buffer.resize(length * 2, 0);
            }
        }
    }

    /// Writes one read to the client, then has it looked at.
    async fn deliver(&self, bytes: &[u8], responses: &mut Responses) -> io::Result<()> {
        let at = capture::now();
        let begin = Instant::now();
        let is_held = self.control.is_held();
        let mut written = match is_held {
            true => 0,
            false => self.write_what_fits(bytes)?,
        };
        let taken = match bytes.len() - written {
            0 => Taken::All(begin.elapsed()),
            waiting => Taken::NotYet(waiting),
        };
        responses.read(bytes, at, taken);
        if written < bytes.len() {
            if is_held {
                self.control.released().await;
            }
            while written < bytes.len() {
                self.client.writable().await?;
                written += self.write_what_fits(&bytes[written..])?;
            }
            responses.taken(begin.elapsed());
        }
        Ok(())
    }

    fn write_what_fits(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = 0;
        while written < bytes.len() {
            match self.client.try_write(&bytes[written..]) {
                Ok(length) => written += length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }
}
