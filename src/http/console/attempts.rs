//! [`Attempts`]: how often unknown tokens may be tried from one address. Addresses are kept in memory
//! for that and nowhere else.

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::http::prefixes::Prefixes;
use crate::limits;
use crate::pace::Pace;

/// A person mistypes a few times; a machine needs more than 2^255 tries.
const PACE: Pace = Pace {
    burst: 10,
    every: Duration::from_secs(6),
};

/// SHA-256 of a token.
pub(super) type TokenHash = [u8; 32];

/// Who has tried how often.
pub(super) struct Attempts {
    prefixes: Prefixes,
    /// Tokens that were good: whoever holds one is not kept out by rubbish from the same address,
    /// which is what many visitors behind one proxy have.
    known: HashSet<TokenHash>,
}

impl Default for Attempts {
    fn default() -> Self {
        Self {
            prefixes: Prefixes::new(PACE, limits::SIGN_IN_ADDRESSES),
            known: HashSet::new(),
        }
    }
}

impl Attempts {
    /// Takes a try.
    ///
    /// # Errors
    /// When the next may be made.
    pub(super) fn take(
        &mut self,
        address: Option<IpAddr>,
        token: &TokenHash,
        now: Instant,
    ) -> Result<(), Duration> {
        if self.known.contains(token) {
            return Ok(());
        }
        self.prefixes.take(address, now)
    }

    /// The token is somebody's.
    pub(super) fn remember(&mut self, token: TokenHash) {
        if self.known.len() >= limits::TOKENS_REMEMBERED {
            self.known.clear();
        }
        self.known.insert(token);
    }

    /// The token is nobody's any more.
    pub(super) fn forget(&mut self, token: &TokenHash) {
        self.known.remove(token);
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some instant to begin with"
)]
mod tests {
    use super::*;

    const BAD: TokenHash = [0; 32];
    const GOOD: TokenHash = [1; 32];

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn an_address_tries_so_often_and_another_is_not_held_to_it() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..PACE.burst {
            assert_eq!(attempts.take(address(1), &BAD, now), Ok(()));
        }
        assert_eq!(attempts.take(address(1), &BAD, now), Err(PACE.every));
        assert_eq!(attempts.take(address(2), &BAD, now), Ok(()));
        assert_eq!(attempts.take(address(1), &BAD, now + PACE.every), Ok(()));
    }

    #[test]
    fn who_is_known_is_not_kept_out_by_rubbish_from_the_same_address() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        attempts.remember(GOOD);
        while attempts.take(address(1), &BAD, now).is_ok() {}
        assert_eq!(attempts.take(address(1), &GOOD, now), Ok(()));
        attempts.forget(&GOOD);
        assert!(attempts.take(address(1), &GOOD, now).is_err());
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        let of = |last: u16| Some(IpAddr::from([0x2001, 0xdb8, 1, 1, 0, 0, 0, last]));
        let taken = (0..100).filter(|last| attempts.take(of(*last), &BAD, now).is_ok());
        assert_eq!(taken.count(), PACE.burst as usize);
    }

    #[test]
    fn memory_is_bounded_and_those_without_a_place_share_one_count() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        let of = |number: u32| Some(IpAddr::from(number.to_be_bytes()));
        let taken = (0..20_000).filter(|number| attempts.take(of(*number), &BAD, now).is_ok());
        let most = limits::SIGN_IN_ADDRESSES + PACE.burst as usize;
        assert_eq!(taken.count(), most);
        assert_eq!(attempts.prefixes.len(), limits::SIGN_IN_ADDRESSES);
        let later = now + PACE.every * PACE.burst;
        assert_eq!(attempts.take(of(30_000), &BAD, later), Ok(()));
        assert_eq!(attempts.prefixes.len(), 1);
    }
}
