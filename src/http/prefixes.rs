//! [`Prefixes`]: how often something may be asked for from one network. Addresses are kept in memory
//! for that and nowhere else: none is printed, none reaches a disk.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};

use crate::pace::{Pace, Paces};

/// A pace for each network.
pub(super) struct Prefixes(Paces<IpAddr>);

impl Prefixes {
    /// Beyond so many networks all others share one count.
    pub(super) fn new(pace: Pace, most: usize) -> Self {
        Self(Paces::new(pace, most))
    }

    /// Takes one from the network of an address.
    ///
    /// # Errors
    /// When the next may be taken.
    pub(super) fn take(&mut self, address: Option<IpAddr>, now: Instant) -> Result<(), Duration> {
        self.0.take(address.map(prefix), now)
    }

    /// How many networks are counted.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Who has one address of IPv6 has 2^64 of them.
pub(super) fn prefix(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let prefix = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(prefix))
        }
    }
}

/// Where a request comes from: the other end of its connection or, where that is a machine of this
/// network, the last address outside it that a proxy has noted. `None` for this network itself: there
/// is a proxy that notes nothing, and one pace would hold back everybody behind it.
pub(super) fn origin_address(extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
    let ConnectInfo(other_end) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    if !is_near(other_end.ip()) {
        return Some(other_end.ip());
    }
    let noted = headers.get_all("x-forwarded-for").iter();
    let noted = noted
        .filter_map(|line| line.to_str().ok())
        .collect::<Vec<_>>();
    let mut addresses = noted.iter().rev().flat_map(|line| line.rsplit(','));
    // What stands before something that is no address was written by whoever sent it.
    let last = addresses.find_map(|text| match text.trim().parse::<IpAddr>() {
        Ok(address) if is_near(address) => None,
        Ok(address) => Some(Some(address)),
        Err(_) => Some(None),
    });
    last.flatten()
}

/// Whether a machine is of this network.
fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            address.is_loopback() || address.is_private() || address.is_link_local()
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some instant to begin with"
)]
mod tests {
    use super::*;

    const PACE: Pace = Pace {
        burst: 3,
        every: Duration::from_secs(6),
    };

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_has_its_own_pace() {
        let (mut prefixes, now) = (Prefixes::new(PACE, 100), Instant::now());
        let mut takes = |text: &str, now| prefixes.take(Some(ip(text)), now).is_ok();
        for (network, mate, other) in [
            ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"),
            ("2001:db8:1:1::1", "2001:db8:1:1:9::9", "2001:db8:1:2::1"),
        ] {
            assert!((0..3).all(|_| takes(network, now)));
            assert!(!takes(network, now) && !takes(mate, now));
            assert!(takes(other, now));
            assert!(takes(mate, now + PACE.every));
        }
    }

    #[test]
    fn memory_is_bounded_and_those_without_a_place_share_one_pace() {
        let (mut prefixes, now) = (Prefixes::new(PACE, 1_000), Instant::now());
        let of = |number: u32| Some(IpAddr::from(number.to_be_bytes()));
        let taken = (0..5_000).filter(|number| prefixes.take(of(*number), now).is_ok());
        assert_eq!(taken.count(), 1_003);
        assert_eq!(prefixes.len(), 1_000);
        let later = now + PACE.every * PACE.burst;
        assert_eq!(prefixes.take(of(9_000), later), Ok(()));
        assert_eq!(prefixes.len(), 1);
    }

    #[test]
    fn behind_a_proxy_of_this_network_its_word_is_taken() {
        let of = |other_end: &str, noted: &[&str]| {
            let mut extensions = Extensions::new();
            extensions.insert(ConnectInfo(SocketAddr::new(ip(other_end), 1)));
            let mut headers = HeaderMap::new();
            for line in noted {
                headers.append("x-forwarded-for", line.parse().unwrap());
            }
            origin_address(&extensions, &headers)
        };
        let (visitor, liar) = (Some(ip("198.51.100.9")), "203.0.113.1");
        assert_eq!(of("198.51.100.9", &[]), visitor);
        assert_eq!(of("198.51.100.9", &[liar]), visitor, "no proxy of ours");
        assert_eq!(of("10.0.0.2", &["198.51.100.9"]), visitor);
        assert_eq!(of("::1", &[&format!("{liar}, 198.51.100.9")]), visitor);
        assert_eq!(of("10.0.0.2", &[liar, "198.51.100.9, 10.0.0.3"]), visitor);
        assert_eq!(of("10.0.0.2", &[&format!("{liar}, unknown")]), None);
        assert_eq!(of("127.0.0.1", &[]), None);
        assert_eq!(of("127.0.0.1", &["10.1.1.1"]), None);
    }
}
