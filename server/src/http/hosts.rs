//! Which hosts this server answers for. A page of another site could have its own name point here
//! (DNS rebinding), and would then be of the same origin as this server for the browser.

use std::net::IpAddr;

use axum::http::{HeaderMap, Uri, header::HOST, uri::Authority};

/// The names that are this server's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts {
    names: Vec<String>,
}

impl Hosts {
    /// Loopback names, and `names`; `*` is any.
    pub(crate) fn new(names: &[String]) -> Self {
        Self {
            names: names.iter().map(|name| normal(name)).collect(),
        }
    }

    /// Whether a request that came in at `ip` is for this server; if not, the host that it is for.
    pub(crate) fn check(&self, uri: &Uri, headers: &HeaderMap, ip: IpAddr) -> Result<(), String> {
        let mut given = headers.get_all(HOST).iter();
        let host = match (uri.authority(), given.next(), given.next()) {
            // RFC 9112, 3.2.2: what the request line says counts.
            (Some(authority), _, None) => authority.host().to_owned(),
            (None, Some(value), None) => match Authority::try_from(value.as_bytes()) {
                Ok(authority) => authority.host().to_owned(),
                Err(_) => return Err(String::from_utf8_lossy(value.as_bytes()).into_owned()),
            },
            (None, None, _) => return Err(String::new()),
            (_, _, Some(_)) => return Err(String::new()),
        };
        let name = normal(&host);
        let is_ours = match name.parse::<IpAddr>() {
            Ok(address) => address.is_loopback() || address == ip,
            Err(_) => name == "localhost" || name.ends_with(".localhost"),
        };
        let allowed = is_ours || self.names.iter().any(|one| *one == name || one == "*");
        if allowed { Ok(()) } else { Err(host) }
    }
}

/// A name as names are compared: without case, without the dot of the root; addresses without
/// brackets.
fn normal(name: &str) -> String {
    let name = name.strip_suffix('.').unwrap_or(name);
    let name = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name);
    name.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_names_reach_the_server() {
        let hosts = Hosts::new(&["Scope.Example".to_owned(), "other.example.".to_owned()]);
        let at: IpAddr = "192.0.2.7".parse().expect("an address");
        for (host, allowed) in [
            ("localhost", true),
            ("localhost:8844", true),
            ("LOCALHOST.:8844", true),
            ("app.localhost", true),
            ("127.0.0.1:8844", true),
            ("127.9.9.9", true),
            ("[::1]:8844", true),
            ("192.0.2.7:8844", true),
            ("scope.example", true),
            ("SCOPE.EXAMPLE:443", true),
            ("other.example", true),
            ("192.0.2.8", false),
            ("evil.example", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("evillocalhost", false),
            ("scope.example.evil", false),
            ("", false),
            ("a b", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().expect("a value"));
            let relative = Uri::from_static("/stream");
            let answer = hosts.check(&relative, &headers, at);
            assert_eq!(answer.is_ok(), allowed, "{host}");
            let any = Hosts::new(&["*".to_owned()]);
            if Authority::try_from(host).is_ok() {
                assert!(any.check(&relative, &headers, at).is_ok(), "{host}");
            }
            headers.append(HOST, "localhost".parse().expect("a value"));
            assert!(hosts.check(&relative, &headers, at).is_err(), "two hosts");
        }
        let absolute = Uri::from_static("http://evil.example/stream");
        let mut headers = HeaderMap::new();
        headers.insert(HOST, "localhost".parse().expect("a value"));
        assert!(hosts.check(&absolute, &headers, at).is_err());
        let none = HeaderMap::new();
        assert!(
            hosts
                .check(&Uri::from_static("/"), &none, at)
                .is_err_and(|host| host.is_empty())
        );
    }
}
