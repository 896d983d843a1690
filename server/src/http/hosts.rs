//! The host names that the server answers for. Another site could point its own name at this server (DNS
//! rebinding); for the browser, the pages of that site would then have the same origin as the server.

use std::net::IpAddr;

use axum::http::{HeaderMap, Uri, header::HOST, uri::Authority};

/// The allowed host names.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    names: Vec<String>,
}

impl Hosts {
    /// Allows `names` in addition to loopback names; `*` stands for any.
    pub fn new(names: &[String]) -> Self {
        Self {
            names: names.iter().map(|name| normalize(name)).collect(),
        }
    }

    /// Checks the host of a request on a connection to the address `local`.
    ///
    /// # Errors
    ///
    /// The host, if it is not allowed; empty if the request does not name exactly one.
    pub(super) fn check(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        local: IpAddr,
    ) -> Result<(), String> {
        let mut given = headers.get_all(HOST).iter();
        let host = match (uri.authority(), given.next(), given.next()) {
            // RFC 9112, 3.2.2: the request line takes precedence over the header.
            (Some(authority), _, None) => authority.host().to_owned(),
            (None, Some(value), None) => match Authority::try_from(value.as_bytes()) {
                Ok(authority) => authority.host().to_owned(),
                Err(_) => return Err(String::from_utf8_lossy(value.as_bytes()).into_owned()),
            },
            (None, None, _) => return Err(String::new()),
            (_, _, Some(_)) => return Err(String::new()),
        };
        if self.allows(&host, local) {
            Ok(())
        } else {
            Err(host)
        }
    }

    /// Whether a value of `Host` is allowed on a connection to the address `local`.
    pub fn allows_value(&self, value: &[u8], local: IpAddr) -> bool {
        Authority::try_from(value).is_ok_and(|authority| self.allows(authority.host(), local))
    }

    fn allows(&self, host: &str, local: IpAddr) -> bool {
        let name = normalize(host);
        let is_own = match name.parse::<IpAddr>() {
            Ok(address) => address.is_loopback() || address == local,
            Err(_) => name == "localhost" || name.ends_with(".localhost"),
        };
        is_own || self.names.iter().any(|one| *one == name || one == "*")
    }
}

/// The form in which names are compared: in lower case, without the final dot, and without the
/// brackets around an address.
fn normalize(name: &str) -> String {
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
    fn only_allowed_hosts_are_accepted() {
        let hosts = Hosts::new(&["Scope.Example".to_owned(), "other.example.".to_owned()]);
        let local: IpAddr = "192.0.2.7".parse().expect("an address");
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
            let checked = hosts.check(&relative, &headers, local);
            assert_eq!(checked.is_ok(), allowed, "{host}");
            assert_eq!(
                hosts.allows_value(host.as_bytes(), local),
                allowed,
                "{host}"
            );
            let any = Hosts::new(&["*".to_owned()]);
            if Authority::try_from(host).is_ok() {
                assert!(any.check(&relative, &headers, local).is_ok(), "{host}");
            }
            headers.append(HOST, "localhost".parse().expect("a value"));
            assert!(
                hosts.check(&relative, &headers, local).is_err(),
                "two hosts"
            );
        }
        let absolute = Uri::from_static("http://evil.example/stream");
        let mut headers = HeaderMap::new();
        headers.insert(HOST, "localhost".parse().expect("a value"));
        assert!(hosts.check(&absolute, &headers, local).is_err());
        let none = HeaderMap::new();
        assert!(
            hosts
                .check(&Uri::from_static("/"), &none, local)
                .is_err_and(|host| host.is_empty())
        );
    }
}
