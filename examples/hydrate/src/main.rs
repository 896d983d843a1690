//! Starts the server; see the library for how to run it.

use std::{io, time::Duration};

use tokio::{net::TcpListener, sync::broadcast, time};

#[tokio::main]
async fn main() -> io::Result<()> {
    let (ticks, _) = broadcast::channel(16);
    let router = hydrate::server::router(ticks.clone());
    tokio::spawn(async move {
        let mut second = time::interval(Duration::from_secs(1));
        for number in 0.. {
            second.tick().await;
            // Fails while no stream is open.
            let _ = ticks.send(number);
        }
    });
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("http://{}/", listener.local_addr()?);
    axum::serve(listener, router).await
}
