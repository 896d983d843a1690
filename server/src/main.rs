//! The program: reads its arguments, starts the server, and ends it on a signal.

mod command;
mod taps;

use std::{
    io::{ErrorKind, IsTerminal},
    net::SocketAddr,
    process::ExitCode,
};

use clap::Parser;
use command::{Args, PageAddress};
use sse_scope_server::{Limits, Offers, Streams, app, has_page, run};
use sse_scope_tap::{Guard, dial::Dialer};
use taps::Taps;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error(
        "`{given}` is not an address to listen on: give ADDR:PORT, such as 127.0.0.1:8844 or [::1]:0 (any free port)."
    )]
    NotAnAddress { given: String },
    #[error(
        "{given} is taken by another program: stop that program, or choose another port with {argument} ADDR:PORT (port 0: any free one)."
    )]
    Taken {
        given: String,
        argument: &'static str,
    },
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
    let listener = bind(args.listen.clone(), "--listen").await?;
    let local = listener.local_addr()?;
    let taps = Taps::bind(&args, local).await?;
    let page = PageAddress::new(local, args.stream.as_ref());
    println!("SSE Scope is at {page}");
    if !has_page() {
        println!(
            "It was built without its page and serves only /stream. In its source, `make build` builds both."
        );
    }
    taps.print();
    if opens_browser {
        // The listener already accepts: the system keeps the connection until the server takes it.
        command::open(page.for_this_machine().to_string());
    }
    let offers = offers(&args, local, &taps)?;
    let stop_taps = CancellationToken::new();
    let tapping = taps.serve(&args, &stop_taps)?;
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
    // They end at once, and a panic there has been reported.
    let _ = tapping.join();
    Ok(())
}

/// What the page may use of this server.
fn offers(args: &Args, local: SocketAddr, taps: &Taps) -> Result<Offers, StartError> {
    let guard = Guard::new().map_err(StartError::Random)?;
    let guard = if args.may_be_forwarded() {
        guard.allow_forwarded()
    } else {
        guard
    };
    let offers = match taps.api() {
        Some(api) => Offers::new(guard).with_taps(api),
        None => Offers::new(guard),
    };
    Ok(match args.relay(local) {
        Some(allowed) => offers.with_relay(Dialer::new(allowed)),
        None => offers,
    })
}

/// Listens on the address that is given with this argument.
async fn bind(given: String, argument: &'static str) -> Result<TcpListener, StartError> {
    TcpListener::bind(&given)
        .await
        .map_err(|source| match source.kind() {
            ErrorKind::AddrInUse => StartError::Taken { given, argument },
            ErrorKind::AddrNotAvailable | ErrorKind::PermissionDenied => {
                StartError::Refused { given, source }
            }
            _ if given.parse::<std::net::SocketAddr>().is_ok() => {
                StartError::Refused { given, source }
            }
            _ => StartError::NotAnAddress { given },
        })
}
