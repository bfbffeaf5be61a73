//! [`NetworkNames`]: what network somebody comes from, as a number that tells nobody which: an HMAC of its prefix
//! under a key that is drawn anew every day and is nowhere but here. Who has the disk, the memory of
//! yesterday or the log cannot try all addresses against it.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac::{self, HMAC_SHA256, Key};
use parking_lot::Mutex;

use super::prefixes::prefix;
use crate::moderation::NetworkKey;

/// How long a key is in use; for as long again what it made is still known.
const KEY_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// Makes numbers of networks.
pub(super) struct NetworkNames(Mutex<Keys>);

struct Keys {
    now: Key,
    before: Key,
    drawn: Option<Instant>,
}

impl Default for NetworkNames {
    fn default() -> Self {
        Self(Mutex::new(Keys {
            now: draw(),
            before: draw(),
            drawn: None,
        }))
    }
}

impl NetworkNames {
    /// The network of an address under today's key and under the one before.
    pub(super) fn keys_of(&self, address: IpAddr, now: Instant) -> [NetworkKey; 2] {
        let mut keys = self.0.lock();
        let drawn = *keys.drawn.get_or_insert(now);
        if now.saturating_duration_since(drawn) >= KEY_LIFE {
            keys.drawn = Some(now);
            keys.before = std::mem::replace(&mut keys.now, draw());
        }
        let network = prefix(address).to_string();
        [&keys.now, &keys.before].map(|key| {
            let tag = hmac::sign(key, network.as_bytes());
            let mut short = [0; 16];
            short.copy_from_slice(&tag.as_ref()[..16]);
            NetworkKey(short)
        })
    }
}

fn draw() -> Key {
    Key::new(HMAC_SHA256, &rand::random::<[u8; 32]>())
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some instant to begin with"
)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_is_known_for_a_day_and_then_is_another() {
        let (networks, now) = (NetworkNames::default(), Instant::now());
        let [today, _] = networks.keys_of(ip("2001:db8::1"), now);
        assert_eq!(networks.keys_of(ip("2001:db8::ffff"), now)[0], today);
        assert_ne!(networks.keys_of(ip("2001:db8:0:1::1"), now)[0], today);
        let tomorrow = networks.keys_of(ip("2001:db8::1"), now + KEY_LIFE);
        assert_eq!(tomorrow[1], today);
        assert_ne!(tomorrow[0], today);
        let later = networks.keys_of(ip("2001:db8::1"), now + KEY_LIFE * 2);
        assert!(!later.contains(&today));
    }

    #[test]
    fn another_process_has_other_numbers() {
        let of = |networks: NetworkNames| networks.keys_of(ip("192.0.2.1"), Instant::now())[0];
        assert_ne!(of(NetworkNames::default()), of(NetworkNames::default()));
    }
}
