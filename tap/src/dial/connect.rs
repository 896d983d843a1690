//! From a name to addresses, from addresses to a connection.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    net::{TcpStream, lookup_host},
    task::JoinSet,
    time::timeout,
};
use url::Host;

use super::{Cause, set_options};

/// How long an attempt has before the one to the next address begins beside it (RFC 8305, 5).
const NEXT_ATTEMPT: Duration = Duration::from_millis(250);

/// Whether `host` is this machine by its very name (RFC 6761, 6.3) or address.
pub(super) fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => is_localhost(name),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => IpAddr::V6(*address).to_canonical().is_loopback(),
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    // `Url` has names in lower case.
    name == "localhost" || name.ends_with(".localhost")
}

/// The addresses of a host: at least one.
pub(super) async fn addresses(host: &Host<&str>, port: u16) -> Result<Vec<SocketAddr>, Cause> {
    let name = match *host {
        Host::Ipv4(address) => return Ok(vec![(address, port).into()]),
        Host::Ipv6(address) => return Ok(vec![(address, port).into()]),
        // As browsers do: not every system has an entry for localhost and for the names below it.
        Host::Domain(name) if is_localhost(name) => {
            return Ok(vec![
                (Ipv4Addr::LOCALHOST, port).into(),
                (Ipv6Addr::LOCALHOST, port).into(),
            ]);
        }
        Host::Domain(name) => name,
    };
    let not_found = |reason: String| Cause::NameNotFound {
        name: name.to_owned(),
        reason,
    };
    match lookup_host((name, port)).await {
        Ok(found) => {
            let found: Vec<_> = found.collect();
            if found.is_empty() {
                return Err(not_found("it has no address".to_owned()));
            }
            Ok(found)
        }
        Err(error) => {
            let text = error.to_string();
            // The standard library puts this before what the system says.
            let reason = text.strip_prefix("failed to lookup address information: ");
            Err(not_found(reason.unwrap_or(&text).to_owned()))
        }
    }
}

/// Connects to the first address that answers. The addresses are tried in order; an attempt that takes long
/// goes on beside the later ones.
pub(super) async fn connect(addresses: Vec<SocketAddr>) -> Result<(TcpStream, SocketAddr), Cause> {
    let mut attempts = JoinSet::new();
    let mut failures = Vec::new();
    let mut addresses = addresses.into_iter();
    loop {
        let next = addresses.next();
        let is_last = next.is_none();
        if let Some(address) = next {
            attempts.spawn(async move { (address, TcpStream::connect(address).await) });
        }
        let done = if is_last {
            attempts.join_next().await
        } else {
            match timeout(NEXT_ATTEMPT, attempts.join_next()).await {
                Ok(done) => done,
                Err(_) => continue,
            }
        };
        match done {
            Some(Ok((address, Ok(tcp)))) => {
                set_options(&tcp);
                return Ok((tcp, address));
            }
            Some(Ok((address, Err(error)))) => failures.push((address, error)),
            // An attempt panicked, which it cannot.
            Some(Err(_)) => {}
            None => return Err(worth_saying(failures)),
        }
    }
}

/// Of several failures the one that says most: a host may have an address of a kind that this machine
/// cannot reach at all.
fn worth_saying(failures: Vec<(SocketAddr, io::Error)>) -> Cause {
    let refused =
        |(_, error): &&(SocketAddr, io::Error)| error.kind() == ErrorKind::ConnectionRefused;
    if failures.iter().any(|failure| refused(&failure)) {
        let addresses = failures.iter().filter(refused).map(|&(at, _)| at).collect();
        return Cause::Refused { addresses };
    }
    let Some((address, error)) = failures.into_iter().next() else {
        return Cause::Io(ErrorKind::AddrNotAvailable.into());
    };
    match error.kind() {
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            Cause::Unreachable { address, error }
        }
        ErrorKind::ConnectionReset => Cause::Reset,
        _ => Cause::Connect { address, error },
    }
}
