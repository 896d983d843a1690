//! The taps, from their arguments to their end.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    thread::{self, JoinHandle},
};

use sse_scope_server::Hosts;
use sse_scope_tap::{
    Exchanges, Listening, Tap, TapApi, TapSettings,
    dial::{Allowed, Dialer},
    serve_tap,
};
use tokio::{net::TcpListener, runtime};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{bind, command::Args};

/// The taps, which listen.
pub(crate) struct Taps {
    taps: Vec<(Tap, TcpListener, Listening)>,
    exchanges: Exchanges,
}

impl Taps {
    /// Listens for each tap of a server whose page is at `page`.
    pub(crate) async fn bind(
        args: &Args,
        page: SocketAddr,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let mut taps = Vec::new();
        for (tap, listen) in args.taps(page)? {
            let listener = bind(listen, "--tap-listen").await?;
            let address = listener.local_addr()?;
            let listening = Listening::new(&tap, address);
            taps.push((tap, listener, listening));
        }
        Ok(Self {
            taps,
            exchanges: Exchanges::new(args.tap_bounds()),
        })
    }

    /// Prints where each listens.
    pub(crate) fn print(&self) {
        for (_, _, listening) in &self.taps {
            println!("{listening}");
        }
    }

    /// What the page may see of them; `None` if there are none.
    pub(crate) fn api(&self) -> Option<TapApi> {
        let listening: Vec<_> = self.taps.iter().map(|(_, _, one)| one.clone()).collect();
        (!listening.is_empty()).then(|| TapApi::new(self.exchanges.clone(), listening))
    }

    /// Starts them on a thread of their own. Among several threads, about every other event that passes would wake a
    /// second one: that adds 35 µs to an event in place of 18 µs, and costs 26 µs of CPU in place of 17 µs
    /// (`make bench-server`, one stream of 1,000 events a second).
    pub(crate) fn serve(self, args: &Args, stop: &CancellationToken) -> io::Result<JoinHandle<()>> {
        let hosts = Hosts::new(&args.allow_host);
        let settings = TapSettings {
            // The user named the servers.
            dialer: Dialer::new(Allowed::Any),
            exchanges: self.exchanges,
            allows_host: Arc::new(move |host, local| hosts.allows_value(host, local)),
            max_connections: args.max_connections,
            shutdown: stop.clone(),
        };
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let tasks = TaskTracker::new();
        for (tap, listener, _) in self.taps {
            let listener = listener.into_std()?;
            let settings = settings.clone();
            let serving =
                async { serve_tap(TcpListener::from_std(listener)?, tap, settings).await };
            let serving = async {
                if let Err(error) = serving.await {
                    tracing::warn!(%error, "a tap ended");
                }
            };
            tasks.spawn_on(serving, runtime.handle());
        }
        tasks.close();
        thread::Builder::new()
            .name("taps".to_owned())
            .spawn(move || {
                runtime.block_on(tasks.wait());
                // Without waiting for look-ups of names.
                runtime.shutdown_background();
            })
    }
}
