//! The program: reads its arguments, starts the server, and ends it on a signal.

mod command;

use std::{
    io::{ErrorKind, IsTerminal},
    net::SocketAddr,
    process::ExitCode,
    sync::Arc,
};

use clap::Parser;
use command::{Args, PageAddress};
use sse_scope_server::{Hosts, Limits, Offers, Streams, app, has_page, run};
use sse_scope_tap::{
    Exchanges, Guard, Listening, Tap, TapApi, TapSettings,
    dial::{Allowed, Dialer},
    serve_tap,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error(
        "`{given}` is not an address to listen on: give ADDR:PORT, such as 127.0.0.1:8844 or [::1]:0 (any free port)."
    )]
    NotAnAddress { given: String },
    #[error(
        "{given} is taken by another program: stop that program, or choose another port with --listen ADDR:PORT (port 0: any free one)."
    )]
    Taken { given: String },
    #[error("The system does not let this program listen on {given}: {source}.")]
    Refused {
        given: String,
        source: std::io::Error,
    },
    #[error("The system has no random bytes for the token of the page: {0}.")]
    Random(getrandom::Error),
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::builder()
                .with_default_directive(tracing::level_filters::LevelFilter::WARN.into())
                .from_env_lossy(),
        )
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match run_command(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sse-scope-server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run_command(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    match args.printed()? {
        Some(printed) => Ok(command::print(&printed)?),
        None => serve(args).await,
    }
}

async fn serve(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    // Before the address is printed: a script that reads the address may send a signal at once.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let opens_browser = args.opens_browser();
    let listener = bind(args.listen.clone()).await?;
    let page = PageAddress::new(listener.local_addr()?, args.stream.as_ref());
    println!("SSE Scope is at {page}");
    if !has_page() {
        println!(
            "It was built without its page and serves only /stream. In its source, `make build` builds both."
        );
    }
    let taps = Taps::bind(&args).await?;
    if opens_browser {
        // The listener already accepts: the system keeps the connection until the server takes it.
        command::open(page.for_this_machine().to_string());
    }
    let offers = offers(&args, listener.local_addr()?, &taps)?;
    let stop_taps = CancellationToken::new();
    let tapping = taps.serve(&args, &stop_taps);
    let limits = Limits {
        allow_hosts: args.allow_host,
        max_connections: args.max_connections,
        ..Limits::default()
    };
    let streams = Streams::default();
    run(
        listener,
        app(&streams, offers),
        streams,
        limits,
        async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            stop_taps.cancel();
        },
    )
    .await?;
    tapping.wait().await;
    Ok(())
}

/// The taps, which listen.
struct Taps {
    taps: Vec<(Tap, TcpListener, Listening)>,
    exchanges: Exchanges,
}

impl Taps {
    /// Listens for each tap, and prints where.
    async fn bind(args: &Args) -> Result<Self, Box<dyn std::error::Error>> {
        let mut taps = Vec::new();
        for (tap, listen) in args.taps()? {
            let listener = bind(listen).await?;
            let address = listener.local_addr()?;
            let url = tap.url().as_str().trim_end_matches('/');
            println!("Tap {}: http://{address} -> {url}", tap.name());
            let listening = Listening::new(&tap, address);
            taps.push((tap, listener, listening));
        }
        Ok(Self {
            taps,
            exchanges: Exchanges::new(args.tap_bounds()),
        })
    }

    /// Starts them.
    fn serve(self, args: &Args, stop: &CancellationToken) -> TaskTracker {
        let hosts = Hosts::new(&args.allow_host);
        let settings = TapSettings {
            // The user named the servers.
            dialer: Dialer::new(Allowed::Any),
            exchanges: self.exchanges,
            allows_host: Arc::new(move |host, local| hosts.allows_value(host, local)),
            max_connections: args.max_connections,
            shutdown: stop.clone(),
        };
        let tasks = TaskTracker::new();
        for (tap, listener, _) in self.taps {
            let serving = serve_tap(listener, tap, settings.clone());
            tasks.spawn(async move {
                if let Err(error) = serving.await {
                    tracing::warn!(%error, "a tap ended");
                }
            });
        }
        tasks.close();
        tasks
    }
}

/// What the page may use of this server.
fn offers(args: &Args, local: SocketAddr, taps: &Taps) -> Result<Offers, StartError> {
    let guard = Guard::new().map_err(StartError::Random)?;
    let guard = if args.relay {
        guard.allow_forwarded()
    } else {
        guard
    };
    let mut offers = Offers::new(guard);
    if !taps.taps.is_empty() {
        let listening = taps.taps.iter().map(|(_, _, listening)| listening.clone());
        offers = offers.with_taps(TapApi::new(taps.exchanges.clone(), listening.collect()));
    }
    Ok(match args.relay(local) {
        Some(allowed) => offers.with_relay(Dialer::new(allowed)),
        None => offers,
    })
}

async fn bind(given: String) -> Result<TcpListener, StartError> {
    TcpListener::bind(&given)
        .await
        .map_err(|source| match source.kind() {
            ErrorKind::AddrInUse => StartError::Taken { given },
            ErrorKind::AddrNotAvailable | ErrorKind::PermissionDenied => {
                StartError::Refused { given, source }
            }
            _ if given.parse::<std::net::SocketAddr>().is_ok() => {
                StartError::Refused { given, source }
            }
            _ => StartError::NotAnAddress { given },
        })
}
