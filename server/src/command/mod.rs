//! The command line: its arguments, and what it prints about itself.

mod browser;
mod page;
mod relay;
mod taps;

use std::{
    io::{self, Write},
    net::SocketAddr,
};

use clap::{CommandFactory, Parser};
use clap_complete::Shell;
use sse_scope_server::Limits;
use sse_scope_tap::dial::IpNet;
use url::Url;

pub(crate) use browser::open;
pub(crate) use page::PageAddress;

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
pub(crate) struct Args {
    /// A stream to look at, such as https://example.org/events: the address that is printed shows the
    /// page with this stream, and the browser opens it, as with --open.
    #[arg(value_name = "URL", value_parser = page::stream)]
    pub(crate) stream: Option<Url>,

    /// Opens the page in the browser.
    #[arg(long)]
    pub(crate) open: bool,

    /// The address to listen on. Port 0 stands for any free port; the actual one is printed.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8844")]
    pub(crate) listen: String,

    /// A host name to answer for, for example behind a proxy; can be repeated. `*` stands for any,
    /// which lets any site that points its name at this server read what it serves. Always allowed:
    /// localhost, loopback addresses, and the address that a client connected to.
    #[arg(long, value_name = "NAME")]
    pub(crate) allow_host: Vec<String>,

    /// How many connections may be open at a time; further ones get 503 with `Retry-After`. Each
    /// needs a file descriptor (ulimit -n).
    #[arg(long, value_name = "N", default_value_t = Limits::default().max_connections)]
    pub(crate) max_connections: usize,

    /// Lets the page ask this server to make its requests, of public addresses only: the third way of the page, to
    /// servers without CORS. Whoever can open the page can then have this server make requests. Without this
    /// argument the relay is on, for any address, where only this machine can open the page: --listen is a loopback
    /// address, and there is neither --allow-host nor --tap-shared.
    #[arg(long)]
    pub(crate) relay: bool,

    /// A network that the relay may connect to although it is not public, such as 10.1.0.0/16; can be repeated.
    #[arg(long, value_name = "CIDR", requires = "relay", value_parser = relay::network)]
    relay_allow: Vec<IpNet>,

    /// Puts a tap in front of a server, such as http://localhost:3000 or api=https://api.example.org/v1; can be
    /// repeated. A tap listens on a port of its own and passes everything on: point a client's base URL at it, and
    /// the page shows each request and what the client receives, as it happens.
    #[arg(long, value_name = "[NAME=]URL")]
    tap: Vec<String>,

    /// The address that a tap listens on; can be repeated, in the order of the taps. By default 127.0.0.1:8845 for the
    /// first, port 8846 for the second, and so on. Port 0 stands for any free port; the actual one is printed.
    #[arg(long, value_name = "ADDR:PORT", requires = "tap")]
    tap_listen: Vec<String>,

    /// Starts taps although others than this machine may open the page, because of --listen or --allow-host: they can
    /// see what passes, keys and cookies included.
    #[arg(long, requires = "tap")]
    tap_shared: bool,

    /// How much of the body of one exchange a tap keeps, in MiB: the latest. All of it passes.
    #[arg(long, value_name = "MIB", requires = "tap", default_value_t = 64, value_parser = taps::memory())]
    tap_exchange_memory: u64,

    /// How much the taps keep in all, in MiB. The oldest exchanges that are over go first.
    #[arg(long, value_name = "MIB", requires = "tap", default_value_t = 512, value_parser = taps::memory())]
    tap_memory: u64,

    /// Prints the completions for a shell, and exits.
    #[arg(long, value_name = "SHELL", exclusive = true)]
    completions: Option<Shell>,

    /// Prints the manual page, and exits. Read it with: man -l FILE
    #[arg(long, exclusive = true)]
    man: bool,
}

impl Args {
    /// Whether a browser is to open the page.
    pub(crate) fn opens_browser(&self) -> bool {
        self.open || self.stream.is_some()
    }

    /// Whether the page may be used through a reverse proxy.
    pub(crate) fn may_be_forwarded(&self) -> bool {
        self.relay || self.tap_shared
    }

    /// Whether only this machine uses the page of a server that listens at `local`.
    pub(crate) fn is_for_this_machine(&self, local: SocketAddr) -> bool {
        // Other names are those of people who are not on this machine.
        local.ip().to_canonical().is_loopback() && self.allow_host.is_empty() && !self.tap_shared
    }

    /// What the arguments ask to print instead of serving: completions or the manual page.
    pub(crate) fn printed(&self) -> io::Result<Option<Vec<u8>>> {
        let mut printed = Vec::new();
        if let Some(shell) = self.completions {
            let mut command = Self::command();
            let name = command.get_name().to_owned();
            clap_complete::generate(shell, &mut command, name, &mut printed);
        } else if self.man {
            clap_mangen::Man::new(Self::command()).render(&mut printed)?;
        } else {
            return Ok(None);
        }
        Ok(Some(printed))
    }
}

/// Writes to stdout. A reader that ends early, such as `head`, is no error.
pub(crate) fn print(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    use super::Args;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Args::command().debug_assert();
    }
}
