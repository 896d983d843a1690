//! The command line of the generator.

use std::{
    io::{ErrorKind, IsTerminal},
    process::ExitCode,
};

use clap::Parser;
use sse_scope_server::{Limits, Streams, app, has_page, run};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

/// Serves SSE Scope: the page at /, and an event stream to look at with it at /stream.
///
/// The stream sends the start time once (event type `connecttime`), then the time once a second,
/// until the client disconnects. Try it: curl -N http://127.0.0.1:8844/stream
///
/// Ctrl-C or SIGTERM ends the open streams and exits within a second. The environment variable
/// RUST_LOG sets what is logged to stderr: `warn` by default; `debug` logs each connection and
/// stream.
#[derive(Parser)]
#[command(name = "sse-scope-server", version)]
struct Args {
    /// The address to listen on. Port 0 stands for any free port; the actual one is printed.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8844")]
    listen: String,

    /// A host name to answer for, for example behind a proxy; can be repeated. `*` stands for any,
    /// which lets any site that points its name at this server read what it serves. Always allowed:
    /// localhost, loopback addresses, and the address that a client connected to.
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,

    /// How many connections may be open at a time; further ones get 503 with `Retry-After`. Each
    /// needs a file descriptor (ulimit -n).
    #[arg(long, value_name = "N", default_value_t = Limits::default().max_connections)]
    max_connections: usize,
}

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
enum ListenError {
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
    match serve(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sse-scope-server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    // Before the address is printed: a script that reads the address may send a signal at once.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let listener = bind(args.listen).await?;
    println!("SSE Scope is at http://{}/", listener.local_addr()?);
    if !has_page() {
        println!("It was built without its page and serves only /stream; `make run` builds both.");
    }
    let limits = Limits {
        allow_hosts: args.allow_host,
        max_connections: args.max_connections,
        ..Limits::default()
    };
    let streams = Streams::default();
    run(listener, app(&streams), streams, limits, async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
    .await?;
    Ok(())
}

async fn bind(given: String) -> Result<TcpListener, ListenError> {
    TcpListener::bind(&given)
        .await
        .map_err(|source| match source.kind() {
            ErrorKind::AddrInUse => ListenError::Taken { given },
            ErrorKind::AddrNotAvailable | ErrorKind::PermissionDenied => {
                ListenError::Refused { given, source }
            }
            _ if given.parse::<std::net::SocketAddr>().is_ok() => {
                ListenError::Refused { given, source }
            }
            _ => ListenError::NotAnAddress { given },
        })
}
