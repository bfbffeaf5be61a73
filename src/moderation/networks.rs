//! [`Networks`]: networks from which somebody was sent away of late. Whoever throws their device token away is
//! a new browser in the same network: for a while new browsers from there stay outside as well.
//!
//! A network is a number made of it under a key that changes every day and is nowhere but in memory
//! (`http/whence`): what is kept here tells nobody an address. It is gone with the process, and after a day.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;

use super::docket::NetworkKey;
use super::verdict::Label;
use crate::limits;

/// Nothing is remembered for longer: the keys change.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Networks with somebody outside. Bounded: what ends first goes first.
#[derive(Debug)]
pub(super) struct Networks {
    /// How long for the first who is sent away; none, if networks do not count.
    base: Duration,
    marks: HashMap<NetworkKey, Mark, RandomState>,
}

#[derive(Clone, Debug)]
struct Mark {
    until: Instant,
    label: Label,
    /// How many were sent away, within a day.
    times: u32,
    first: Instant,
}

impl Networks {
    pub(super) fn new(base: Duration) -> Self {
        Self {
            base,
            marks: HashMap::default(),
        }
    }

    /// Somebody from there is sent away for so long: with each more, new browsers stay outside twice as
    /// long, never longer than whom it is for, nor than a day.
    pub(super) fn mark(&mut self, key: NetworkKey, rest: Duration, label: &Label, now: Instant) {
        if self.base.is_zero() {
            return;
        }
        self.make_room(now);
        let new = || Mark {
            until: now,
            label: label.clone(),
            times: 0,
            first: now,
        };
        let mark = self.marks.entry(key).or_insert_with(new);
        if now.saturating_duration_since(mark.first) >= A_DAY {
            *mark = new();
        }
        let doubled = self.base.saturating_mul(1 << mark.times.min(16));
        mark.times = mark.times.saturating_add(1);
        let until = now + doubled.min(rest).min(A_DAY);
        if until > mark.until {
            mark.until = until;
            mark.label = label.clone();
        }
    }

    /// How much longer new browsers from there stay outside, and for what.
    pub(super) fn rest(&self, keys: [NetworkKey; 2], now: Instant) -> Option<(Duration, Label)> {
        let marks = keys.iter().filter_map(|key| self.marks.get(key));
        let mark = marks.max_by_key(|mark| mark.until)?;
        let rest = mark.until.saturating_duration_since(now);
        (!rest.is_zero()).then(|| (rest, mark.label.clone()))
    }

    /// Whoever was sent away from there is let in again.
    pub(super) fn forgive(&mut self, key: NetworkKey) {
        self.marks.remove(&key);
    }

    fn make_room(&mut self, now: Instant) {
        if self.marks.len() < limits::NETWORKS_KEPT {
            return;
        }
        self.marks.retain(|_, mark| mark.until > now);
        if self.marks.len() >= limits::NETWORKS_KEPT
            && let Some(first) = self.marks.iter().min_by_key(|(_, mark)| mark.until)
        {
            let first = *first.0;
            self.marks.remove(&first);
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

    const HOUR: Duration = Duration::from_secs(60 * 60);
    const HERE: NetworkKey = NetworkKey([1; 16]);
    const ELSEWHERE: NetworkKey = NetworkKey([2; 16]);

    fn rest(networks: &Networks, key: NetworkKey, now: Instant) -> Option<Duration> {
        let rest = networks.rest([key, NetworkKey([0; 16])], now);
        rest.map(|(rest, _)| rest)
    }

    #[test]
    fn new_browsers_stay_outside_for_longer_with_each_who_is_sent_away() {
        let now = Instant::now();
        let mut networks = Networks::new(HOUR);
        for hours in [1, 2, 4, 8, 16, 24, 24] {
            networks.mark(HERE, HOUR * 1_000, &Label::PORN, now);
            assert_eq!(rest(&networks, HERE, now), Some(HOUR * hours));
        }
        assert_eq!(rest(&networks, ELSEWHERE, now), None);
        assert_eq!(rest(&networks, HERE, now + HOUR * 24), None);
        // Under the key of the day before it is the same network.
        let keys = [ELSEWHERE, HERE];
        assert!(networks.rest(keys, now).is_some());
        // A day later it counts from the beginning.
        let later = now + A_DAY;
        networks.mark(HERE, HOUR * 1_000, &Label::PORN, later);
        assert_eq!(rest(&networks, HERE, later), Some(HOUR));
    }

    #[test]
    fn nobody_pays_for_longer_than_whom_it_is_for() {
        let now = Instant::now();
        let mut networks = Networks::new(HOUR);
        networks.mark(HERE, HOUR / 4, &Label::SEXY, now);
        assert_eq!(rest(&networks, HERE, now), Some(HOUR / 4));
        networks.forgive(HERE);
        assert_eq!(rest(&networks, HERE, now), None);
        let mut off = Networks::new(Duration::ZERO);
        off.mark(HERE, HOUR, &Label::PORN, now);
        assert_eq!(rest(&off, HERE, now), None);
    }

    #[test]
    fn memory_is_bounded() {
        let now = Instant::now();
        let mut networks = Networks::new(HOUR);
        let key = |number: usize| {
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&number.to_be_bytes());
            NetworkKey(bytes)
        };
        for number in 0..limits::NETWORKS_KEPT + 10 {
            let at = now + Duration::from_millis(u64::try_from(number).unwrap());
            networks.mark(key(number), HOUR * 9, &Label::PORN, at);
        }
        assert_eq!(networks.marks.len(), limits::NETWORKS_KEPT);
        assert_eq!(rest(&networks, key(0), now), None);
        assert!(rest(&networks, key(limits::NETWORKS_KEPT), now).is_some());
    }
}
