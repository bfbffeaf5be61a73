//! [`Throttle`]: how often the HTTP API may be asked: by one who has a token, and by a network whose
//! tokens are not good.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::prefixes::Prefixes;
use crate::config;
use crate::limits;
use crate::metrics::API_THROTTLED;
use crate::pace::{Pace, Paces};

/// Tokens expire, and many visitors may share an address: what is refused beyond that is somebody's script.
const REFUSALS: Pace = Pace {
    burst: 100,
    every: Duration::from_millis(500),
};

/// Who has asked how often. Of tokens only a number is kept that means nothing elsewhere.
pub(super) struct Throttle {
    visitors: Mutex<Paces<u64>>,
    backends: Mutex<Paces<u64>>,
    guests: Mutex<Prefixes>,
    refused: Mutex<Prefixes>,
    numbers: RandomState,
}

impl Throttle {
    pub(super) fn new(http: &config::Http) -> Self {
        let paces = |burst, every_ms| {
            let every = Duration::from_millis(every_ms);
            let pace = Pace { burst, every };
            Mutex::new(Paces::new(pace, limits::ASKING_TOKENS))
        };
        let guests = Pace {
            burst: http.websocket_burst,
            every: Duration::from_millis(http.websocket_every_ms),
        };
        Self {
            visitors: paces(http.token_burst, http.token_every_ms),
            backends: paces(http.backend_burst, http.backend_every_ms),
            guests: Mutex::new(Prefixes::new(guests, limits::ARRIVING_NETWORKS)),
            refused: Mutex::new(Prefixes::new(REFUSALS, limits::ARRIVING_NETWORKS)),
            numbers: RandomState::new(),
        }
    }

    /// Somebody asks, by the name in their token or by the token itself where that has none.
    ///
    /// # Errors
    /// When they may ask again.
    pub(super) fn take(&self, who: &str, is_backend: bool, now: Instant) -> Result<(), Duration> {
        let (paces, word) = match is_backend {
            true => (&self.backends, "backend"),
            false => (&self.visitors, "token"),
        };
        let taken = paces.lock().take(Some(self.numbers.hash_one(who)), now);
        taken.inspect_err(|_| API_THROTTLED.counter_of(word).increment(1))
    }

    /// Somebody asks who has no token: as often as their network may open WebSockets.
    ///
    /// # Errors
    /// When they may ask again.
    pub(super) fn take_guest(&self, address: Option<IpAddr>, now: Instant) -> Result<(), Duration> {
        let Some(address) = address else {
            return Ok(());
        };
        let taken = self.guests.lock().take(Some(address), now);
        taken.inspect_err(|_| API_THROTTLED.counter_of("guest").increment(1))
    }

    /// A token was not good. Of this network itself nothing is counted: there may be a proxy that does not
    /// say for whom it asks.
    ///
    /// # Errors
    /// When another may be tried.
    pub(super) fn refuse(&self, address: Option<IpAddr>, now: Instant) -> Result<(), Duration> {
        let Some(address) = address else {
            return Ok(());
        };
        let taken = self.refused.lock().take(Some(address), now);
        taken.inspect_err(|_| API_THROTTLED.counter_of("refused").increment(1))
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some instant to begin with"
)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_a_pace_of_their_own_and_a_backend_a_quicker_one() {
        let http = config::Http {
            token_burst: 3,
            token_every_ms: 1_000,
            backend_burst: 50,
            ..config::Http::default()
        };
        let (throttle, now) = (Throttle::new(&http), Instant::now());
        let asks = |who: &str, is_backend| throttle.take(who, is_backend, now).is_ok();
        assert!((0..3).all(|_| asks("ada", false)));
        assert_eq!(
            throttle.take("ada", false, now),
            Err(Duration::from_secs(1))
        );
        assert!(asks("bob", false));
        assert_eq!((0..100).filter(|_| asks("ada", true)).count(), 50);
        let later = now + Duration::from_secs(1);
        assert_eq!(throttle.take("ada", false, later), Ok(()));
    }

    #[test]
    fn tokens_that_are_not_good_are_tried_so_often_from_one_network() {
        let throttle = Throttle::new(&config::Http::default());
        let now = Instant::now();
        let address = |last| Some(IpAddr::from([192, 0, 2, last]));
        let tried = (0..1_000).filter(|_| throttle.refuse(address(1), now).is_ok());
        assert_eq!(tried.count(), 100);
        assert_eq!(throttle.refuse(address(2), now), Ok(()));
        assert!((0..1_000).all(|_| throttle.refuse(None, now).is_ok()));
    }
}
