//! What the tap itself answers, where nothing came from the upstream.

use std::{io, net::Shutdown, time::Duration};

use socket2::SockRef;
use tokio::{net::TcpStream, time::timeout};

use super::requests::Refusal;

/// How long a client may take to read an answer and to close its connection.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Answers, and waits until the client closes its side: closing before would reset the connection if the client
/// is still sending, and the answer could be lost (RFC 9112, 9.6).
pub(super) async fn send(tcp: &TcpStream, tap: &str, refusal: &Refusal) {
    let answering = async {
        write(tcp, text(tap, refusal).as_bytes()).await?;
        SockRef::from(tcp).shutdown(Shutdown::Write)?;
        drain(tcp).await
    };
    if let Ok(Err(error)) = timeout(TIMEOUT, answering).await {
        tracing::debug!(%error, "cannot answer");
    }
}

fn text(tap: &str, refusal: &Refusal) -> String {
    let Refusal { status, text } = refusal;
    let body = format!("The tap “{tap}” of SSE Scope: {text}\n");
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\
         x-content-type-options: nosniff\r\nx-sse-scope-tap: {tap}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

async fn write(tcp: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        tcp.writable().await?;
        match tcp.try_write(bytes) {
            Ok(length) => bytes = &bytes[length..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn drain(tcp: &TcpStream) -> io::Result<()> {
    let mut scratch = [0; 4096];
    loop {
        tcp.readable().await?;
        match tcp.try_read(&mut scratch) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
