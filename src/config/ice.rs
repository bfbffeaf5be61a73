//! The section `[ice]`: STUN and TURN servers of the operator's that visitors are told of.

use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::OtherForm;

/// What visitors are told to find a way by, besides the media port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ice {
    /// The servers; empty for none.
    pub urls: Vec<IceUrl>,
    /// A file with the secret that is shared with the TURN servers.
    pub turn_secret: PathBuf,
    /// For how long what a visitor is told opens a TURN server.
    pub lifetime_ms: u64,
}

impl Default for Ice {
    fn default() -> Self {
        Self {
            urls: Vec::new(),
            turn_secret: PathBuf::new(),
            lifetime_ms: 12 * 60 * 60 * 1_000,
        }
    }
}

/// A server's URL: `stun:stun.example.org` (RFC 7064) or `turns:turn.example.org:443?transport=tcp`
/// (RFC 7065).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IceUrl(String);

impl IceUrl {
    /// As a browser takes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the server relays, and wants to know for whom.
    pub fn is_turn(&self) -> bool {
        self.0.starts_with("turn")
    }

    /// How the server is spoken to.
    pub fn transport(&self) -> IceTransport {
        if self.0.starts_with("stuns:") || self.0.starts_with("turns:") {
            IceTransport::Tls
        } else if self.0.ends_with("?transport=tcp") {
            IceTransport::Tcp
        } else {
            IceTransport::Udp
        }
    }

    /// Host and port; the latter is that of the scheme where there is none (RFC 7065, 3.2).
    pub fn place(&self) -> (&str, u16) {
        let (_, rest) = self.0.split_once(':').unwrap_or_default();
        let place = rest.split_once('?').map_or(rest, |(place, _)| place);
        let usual = match self.transport() {
            IceTransport::Tls => 5349,
            IceTransport::Tcp | IceTransport::Udp => 3478,
        };
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().unwrap_or(usual)),
            _ => (place, usual),
        };
        (host.trim_matches(['[', ']']), port)
    }
}

/// How a STUN or TURN server is spoken to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IceTransport {
    /// Datagrams.
    Udp,
    /// A connection.
    Tcp,
    /// A connection with TLS.
    Tls,
}

impl FromStr for IceUrl {
    type Err = OtherForm;

    fn from_str(text: &str) -> Result<Self, OtherForm> {
        let (scheme, rest) = text.split_once(':').ok_or(OtherForm)?;
        let (place, query) = match rest.split_once('?') {
            Some((place, query)) => (place, Some(query)),
            None => (rest, None),
        };
        let fits = match (scheme, query) {
            ("stun" | "stuns", query) => query.is_none(),
            ("turn", None | Some("transport=udp" | "transport=tcp")) => true,
            ("turns", None | Some("transport=tcp")) => true,
            _ => false,
        };
        if fits && is_place(place) {
            Ok(Self(text.to_owned()))
        } else {
            Err(OtherForm)
        }
    }
}

/// Whether this is a host, or a host and a port.
fn is_place(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((address, rest)) if address.parse::<std::net::Ipv6Addr>().is_ok() => ("v6", rest),
        Some(_) => return false,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    !host.is_empty()
        && host.bytes().all(sign)
        && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

impl TryFrom<String> for IceUrl {
    type Error = OtherForm;

    fn try_from(text: String) -> Result<Self, OtherForm> {
        text.parse()
    }
}

impl From<IceUrl> for String {
    fn from(url: IceUrl) -> Self {
        url.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_one_that_a_browser_takes() {
        for good in [
            "stun:stun.example.org",
            "stun:192.0.2.1:3478",
            "stuns:stun.example.org:5349",
            "turn:turn.example.org",
            "turn:[2001:db8::1]:3478?transport=tcp",
            "turn:turn.example.org?transport=udp",
            "turns:turn.example.org:443?transport=tcp",
        ] {
            assert_eq!(good.parse::<IceUrl>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "stun",
            "stun:",
            "stun:a?transport=udp",
            "turn:a?transport=sctp",
            "turn:a?x=1",
            "turns:a?transport=udp",
            "turn://a",
            "turn:a:0",
            "turn:a:65536",
            "turn:a:b",
            "turn:[::g]:1",
            "turn:[::1",
            "turn:a b",
            "turn:a>; rel=x",
            "turn:user@a",
            "http:a",
            "TURN:a",
        ] {
            assert_eq!(bad.parse::<IceUrl>(), Err(OtherForm), "{bad:?}");
        }
    }

    #[test]
    fn a_server_is_where_its_url_says() {
        use IceTransport::{Tcp, Tls, Udp};
        for (text, host, port, transport) in [
            ("stun:s.example.org", "s.example.org", 3478, Udp),
            ("turn:192.0.2.1:80", "192.0.2.1", 80, Udp),
            ("turn:[2001:db8::1]?transport=tcp", "2001:db8::1", 3478, Tcp),
            ("turns:[::1]:443?transport=tcp", "::1", 443, Tls),
            ("stuns:s.example.org", "s.example.org", 5349, Tls),
        ] {
            let url: IceUrl = text.parse().unwrap();
            assert_eq!((url.place(), url.transport()), ((host, port), transport));
        }
    }

    #[test]
    fn only_a_turn_server_wants_to_know_for_whom() {
        let is_turn = |text: &str| text.parse::<IceUrl>().unwrap().is_turn();
        assert!(is_turn("turn:a") && is_turn("turns:a"));
        assert!(!is_turn("stun:a") && !is_turn("stuns:turn"));
    }
}
