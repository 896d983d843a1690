//! Whether the relay is on, and where it may connect to.

use std::net::{IpAddr, SocketAddr};

use sse_scope_tap::dial::{Allowed, IpNet};

use super::Args;

/// Reads a network, or an address, which is a network of its own.
pub(super) fn network(given: &str) -> Result<IpNet, &'static str> {
    let address = || given.parse::<IpAddr>().map(IpNet::from);
    given
        .parse()
        .or_else(|_| address())
        .map_err(|_| "give a network such as 10.1.0.0/16 or fd00::/8, or an address")
}

impl Args {
    /// Where the relay of a server that listens at `local` may connect to; `None` if it is off.
    pub(crate) fn relay(&self, local: SocketAddr) -> Option<Allowed> {
        match (self.relay, self.is_for_this_machine(local)) {
            (true, _) => Some(Allowed::Public {
                except: self.relay_allow.clone(),
            }),
            (false, true) => Some(Allowed::Any),
            (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn without_its_argument_the_relay_is_on_for_this_machine_only() {
        let public = |nets: &[&str]| {
            let except = nets.iter().map(|net| net.parse().expect("a network"));
            Some(Allowed::Public {
                except: except.collect(),
            })
        };
        for (arguments, local, expected) in [
            (&[][..], "127.0.0.1:8844", Some(Allowed::Any)),
            (&[], "[::1]:8844", Some(Allowed::Any)),
            (&[], "[::ffff:127.0.0.1]:8844", Some(Allowed::Any)),
            (&[], "0.0.0.0:8844", None),
            (&[], "[::]:8844", None),
            (&[], "192.168.1.2:8844", None),
            (&["--allow-host", "scope.example"], "127.0.0.1:8844", None),
            (
                &["--tap", "http://a", "--tap-shared"],
                "127.0.0.1:8844",
                None,
            ),
            (&["--relay"], "127.0.0.1:8844", public(&[])),
            (&["--relay"], "0.0.0.0:8844", public(&[])),
            (
                &[
                    "--relay",
                    "--relay-allow",
                    "10.1.0.0/16",
                    "--relay-allow",
                    "fd00::1",
                ],
                "0.0.0.0:8844",
                public(&["10.1.0.0/16", "fd00::1/128"]),
            ),
        ] {
            let args = Args::parse_from(["sse-scope-server"].iter().chain(arguments));
            let local = local.parse().expect("an address");
            assert_eq!(args.relay(local), expected, "{arguments:?} {local}");
        }
        for refused in [
            &["--relay-allow", "10.0.0.0/8"][..],
            &["--relay", "--relay-allow", "example.org"],
            &["--relay", "--relay-allow", "10.0.0.0/33"],
        ] {
            let parsed = Args::try_parse_from(["sse-scope-server"].iter().chain(refused));
            assert!(parsed.is_err(), "{refused:?}");
        }
    }
}
