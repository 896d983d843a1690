//! The taps that the arguments name.

use std::{collections::HashSet, net::SocketAddr, ops::RangeInclusive};

use clap::builder::RangedU64ValueParser;
use sse_scope_tap::{Bounds, Tap, TapError};

use super::Args;

/// The port of the first tap: the one after that of the page.
const FIRST_PORT: usize = 8845;

/// Memory that can be given, in MiB.
const MEMORY: RangeInclusive<u64> = 1..=1 << 20;

/// Why the taps cannot be as the arguments say.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TapsError {
    #[error("--tap {given}: {source}")]
    Tap { given: String, source: TapError },
    #[error("Two taps are named “{0}”: give each another name, with --tap NAME=URL.")]
    SameName(String),
    #[error(
        "--tap-listen is given {listen} times, and --tap {taps}: each --tap-listen is for the --tap at the same place."
    )]
    TooManyAddresses { listen: usize, taps: usize },
    #[error(
        "The page shows what passes through a tap, keys and cookies included, and others than this machine may open it: \
         leave out --allow-host and have --listen name a loopback address, or add --tap-shared."
    )]
    Shared,
}

pub(super) fn memory() -> RangedU64ValueParser<u64> {
    RangedU64ValueParser::new().range(MEMORY)
}

impl Args {
    /// The taps of a server whose page is at `page`, and the address that each listens on.
    pub(crate) fn taps(&self, page: SocketAddr) -> Result<Vec<(Tap, String)>, TapsError> {
        if !self.tap.is_empty() && !self.tap_shared && !self.is_for_this_machine(page) {
            return Err(TapsError::Shared);
        }
        if self.tap_listen.len() > self.tap.len() {
            return Err(TapsError::TooManyAddresses {
                listen: self.tap_listen.len(),
                taps: self.tap.len(),
            });
        }
        let mut names = HashSet::new();
        let taps = self.tap.iter().enumerate().map(|(place, given)| {
            let (name, url) = name_and_url(place, given);
            let tap = Tap::new(&name, url).map_err(|source| TapsError::Tap {
                given: given.clone(),
                source,
            })?;
            if !names.insert(name.clone()) {
                return Err(TapsError::SameName(name));
            }
            let listen = self.tap_listen.get(place).cloned();
            let listen = listen.unwrap_or_else(|| format!("127.0.0.1:{}", FIRST_PORT + place));
            Ok((tap, listen))
        });
        taps.collect()
    }

    /// How much the taps keep.
    pub(crate) fn tap_bounds(&self) -> Bounds {
        let bytes = |mib: u64| usize::try_from(mib << 20).unwrap_or(usize::MAX);
        let total = bytes(self.tap_memory);
        Bounds {
            exchange: bytes(self.tap_exchange_memory).min(total),
            total,
            ..Bounds::default()
        }
    }
}

/// The name and the URL of the tap at `place`: without a name it is `tap`, `tap2` and so on.
fn name_and_url(place: usize, given: &str) -> (String, &str) {
    match given.split_once('=') {
        // A URL can have `=` in it, too.
        Some((name, url)) if !name.contains([':', '/']) => (name.to_owned(), url),
        _ if place == 0 => ("tap".to_owned(), given),
        _ => (format!("tap{}", place + 1), given),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use clap::Parser;

    use super::*;

    fn args(arguments: &str) -> Args {
        let arguments = format!("sse-scope-server {arguments}");
        Args::try_parse_from(arguments.split_whitespace()).expect("arguments")
    }

    const PAGE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8844);

    #[test]
    fn others_see_what_passes_only_if_that_is_asked_for() {
        let everywhere = SocketAddr::from(([0, 0, 0, 0], 8844));
        for (arguments, page, expected) in [
            ("--tap http://a", PAGE, Ok(1)),
            ("--tap http://a", everywhere, Err(TapsError::Shared)),
            (
                "--tap http://a --allow-host b",
                PAGE,
                Err(TapsError::Shared),
            ),
            ("--tap http://a --tap-shared", everywhere, Ok(1)),
            ("", everywhere, Ok(0)),
        ] {
            let taps = args(arguments).taps(page).map(|taps| taps.len());
            assert_eq!(taps, expected, "{arguments} {page}");
        }
    }

    #[test]
    fn taps_have_names_and_addresses_of_their_own() {
        let taps = |arguments: &str| {
            let taps = args(arguments).taps(PAGE).expect("taps");
            let text =
                |(tap, listen): &(Tap, String)| format!("{} {listen} {}", tap.name(), tap.url());
            taps.iter().map(text).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(taps(""), "");
        assert_eq!(
            taps("--tap http://localhost:3000"),
            "tap 127.0.0.1:8845 http://localhost:3000/"
        );
        assert_eq!(
            taps(
                "--tap http://a --tap b-2=https://b/x=y/ --tap http://c --tap-listen 127.0.0.1:0 --tap-listen [::1]:9"
            ),
            "tap 127.0.0.1:0 http://a/, b-2 [::1]:9 https://b/x=y/, tap3 127.0.0.1:8847 http://c/"
        );
    }

    #[test]
    fn an_error_names_what_is_wrong() {
        for (arguments, part) in [
            ("--tap localhost:3000", "“localhost:3000” is not a URL"),
            ("--tap a=b", "“b” is not a URL"),
            ("--tap a_b=http://a", "“a_b” is not a name"),
            ("--tap =http://a", "“” is not a name"),
            ("--tap ftp://a", "http:// or https://"),
            ("--tap http://user:secret@a", "no user"),
            ("--tap http://a?b=c", "query"),
            (
                "--tap a=http://a --tap a=http://b",
                "Two taps are named “a”",
            ),
            (
                "--tap http://a --tap-listen 127.0.0.1:1 --tap-listen 127.0.0.1:2",
                "2 times",
            ),
        ] {
            let error = args(arguments).taps(PAGE).expect_err(arguments).to_string();
            assert!(error.contains(part), "{error}");
        }
        for refused in [
            "--tap-listen 127.0.0.1:1",
            "--tap http://a --tap-memory 0",
            "--tap-memory 1",
        ] {
            let arguments = format!("sse-scope-server {refused}");
            let parsed = Args::try_parse_from(arguments.split_whitespace());
            assert!(parsed.is_err(), "{refused}");
        }
    }

    #[test]
    fn an_exchange_keeps_no_more_than_all() {
        let bounds = args("--tap http://a --tap-memory 8").tap_bounds();
        assert_eq!((bounds.exchange, bounds.total), (8 << 20, 8 << 20));
        assert_eq!(args("").tap_bounds(), Bounds::default());
    }
}
