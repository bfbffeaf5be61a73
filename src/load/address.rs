//! Where a server's HTTP side is, read from the url that a person gives.

use hyper::Uri;

use super::LoadError;

/// Where a server's HTTP side is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address {
    /// A name or an IP address, without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// What protects the connection.
    pub security: Security,
}

/// What protects a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Security {
    /// Nothing.
    None,
    /// https and wss.
    Tls,
}

impl Address {
    /// Reads `http://host:port` or `https://host:port`, `ws` and `wss` likewise.
    ///
    /// # Errors
    /// [`LoadError::BadUrl`], also where a path follows.
    pub fn parse(url: &str) -> Result<Self, LoadError> {
        let bad = || LoadError::BadUrl(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| bad())?;
        let (port, security) = match uri.scheme_str() {
            Some("http" | "ws") => (80, Security::None),
            Some("https" | "wss") => (443, Security::Tls),
            _ => return Err(bad()),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(bad)?;
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(bad());
        }
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: uri.port_u16().unwrap_or(port),
            security,
        })
    }

    /// Host and port as they stand in a request.
    pub fn authority(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_people_write_it() {
        let read = |url: &str| Address::parse(url).expect("good").authority();
        assert_eq!(read("http://[::1]:8080/"), "[::1]:8080");
        assert_eq!(read("http://chat.example"), "chat.example:80");
        assert_eq!(read("wss://10.0.0.1"), "10.0.0.1:443");
        let security = |url: &str| Address::parse(url).expect("good").security;
        assert_eq!(security("ws://a"), Security::None);
        assert_eq!(security("https://a:8443"), Security::Tls);
        for url in [
            "localhost:8080",
            "ftp://there",
            "http://",
            "http://a/b",
            "http://a?b",
            "",
        ] {
            assert!(Address::parse(url).is_err(), "{url}");
        }
    }
}
