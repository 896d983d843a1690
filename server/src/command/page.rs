//! The address of the page.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use url::{Url, form_urlencoded};

/// Reads the URL of a stream to look at.
pub(super) fn stream(given: &str) -> Result<Url, &'static str> {
    Url::parse(given)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or("give a whole URL that begins with http:// or https://, such as https://example.org/events")
}

/// The address of the page on a server, with the stream that the page opens.
pub(crate) struct PageAddress<'a> {
    server: SocketAddr,
    stream: Option<&'a Url>,
}

impl<'a> PageAddress<'a> {
    /// The page on the server that listens at `server`. Without `stream` the page opens that server's
    /// default stream.
    pub(crate) fn new(server: SocketAddr, stream: Option<&'a Url>) -> Self {
        Self { server, stream }
    }

    /// The address for a browser on the same machine. A server that listens on all addresses (0.0.0.0
    /// or ::) is reached by the loopback address; the other is not a host that it answers for.
    pub(crate) fn for_this_machine(self) -> Self {
        let mut server = self.server;
        if server.ip().is_unspecified() {
            server.set_ip(match server.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        Self { server, ..self }
    }
}

impl fmt::Display for PageAddress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}/", self.server)?;
        if let Some(stream) = self.stream {
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("url", stream.as_str())
                .finish();
            write!(f, "?{query}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{PageAddress, stream};

    #[test]
    fn a_stream_is_an_http_url() {
        for given in [
            "http://localhost:3000/events",
            "https://example.org",
            "HTTPS://example.org/a?b=c#d",
            "https://例え.jp/流れ",
        ] {
            assert!(stream(given).is_ok(), "{given}");
        }
        for given in [
            "",
            "example.org/events",
            "localhost:3000",
            "/stream",
            "http://",
            "ftp://example.org/",
            "file:///etc/passwd",
            "javascript:alert(1)",
        ] {
            assert!(stream(given).is_err(), "{given}");
        }
    }

    #[test]
    fn the_address_has_the_stream_as_one_parameter() {
        let given = stream("https://example.org/a b?x=1&y=ü#z").expect("a URL");
        let server = "127.0.0.1:8844".parse().expect("an address");
        assert_eq!(
            PageAddress::new(server, Some(&given)).to_string(),
            "http://127.0.0.1:8844/?url=https%3A%2F%2Fexample.org%2Fa%2520b%3Fx%3D1%26y%3D%25C3%25BC%23z",
        );
        assert_eq!(
            PageAddress::new(server, None).to_string(),
            "http://127.0.0.1:8844/"
        );
    }

    #[test]
    fn a_browser_reaches_a_server_on_all_addresses_by_loopback() {
        for (listens, reached) in [
            ("0.0.0.0:8844", "http://127.0.0.1:8844/"),
            ("[::]:8844", "http://[::1]:8844/"),
            ("192.0.2.1:80", "http://192.0.2.1:80/"),
        ] {
            let server = listens.parse().expect("an address");
            assert_eq!(
                PageAddress::new(server, None)
                    .for_this_machine()
                    .to_string(),
                reached
            );
        }
    }
}
