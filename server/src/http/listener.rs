//! Accepts connections, up to the limit, until the shutdown signal.

use std::{future::Future, io, sync::Arc, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::{
    Limits,
    connection::{self, Shared},
    limits::MAX_REFUSING,
};
use crate::{metrics::Refusal, streams::Streams};

/// Serves `app` until `shutdown` is ready, then ends all open streams and returns within a second.
///
/// # Errors
///
/// If the listener has no local address. A failure to accept one connection is logged only.
pub async fn run(
    listener: TcpListener,
    app: Router,
    streams: Streams,
    limits: Limits,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    listener.local_addr()?;
    let shared = Arc::new(Shared::new(streams, &limits));
    let places = Arc::new(Semaphore::new(
        limits.max_connections.min(Semaphore::MAX_PERMITS),
    ));
    let refusing = Arc::new(Semaphore::new(MAX_REFUSING));
    let connections = TaskTracker::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        let (tcp, peer) = match accepted {
            Ok(accepted) => accepted,
            // The client disconnected while it was in the queue.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
                ) =>
            {
                continue;
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                // If the system has no file descriptors left, another attempt at once would only
                // keep it busy.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let span = tracing::debug_span!("connection", %peer);
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            let app = Some(app.clone());
            let serving = connection::serve(tcp, app, place, Arc::clone(&shared));
            connections.spawn(serving.instrument(span));
        } else {
            shared.streams.count_refusal(Refusal::Connections);
            if let Ok(place) = Arc::clone(&refusing).try_acquire_owned() {
                let serving = connection::serve(tcp, None, place, Arc::clone(&shared));
                connections.spawn(serving.instrument(span));
            }
        }
    }
    drop(listener);
    shared.streams.end_all();
    shared.shutdown.begin();
    connections.close();
    connections.wait().await;
    Ok(())
}
