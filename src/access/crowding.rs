//! [`Crowding`]: how many have come from each network of late, as a number that halves with time.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// How often those who can be forgotten are looked for, at most.
const CLEAN_EVERY: Duration = Duration::from_secs(1);

/// Whoever counts for less is forgotten.
const NOBODY: f64 = 0.5;

/// How many have come from each of many networks, of which so many are remembered; the rest share one
/// number.
#[derive(Debug)]
pub struct Crowding<K> {
    half_life: Duration,
    most: usize,
    counts: HashMap<K, Count>,
    others: Count,
    cleaned: Option<Instant>,
}

/// A number and when it was right.
#[derive(Clone, Copy, Default, Debug)]
struct Count {
    number: f64,
    at: Option<Instant>,
}

impl Count {
    fn at(self, now: Instant, half_life: Duration) -> f64 {
        let since = self
            .at
            .map_or(Duration::ZERO, |then| now.saturating_duration_since(then));
        self.number * (-since.div_duration_f64(half_life)).exp2()
    }
}

impl<K: Eq + Hash> Crowding<K> {
    /// Nobody has come yet.
    pub fn new(half_life: Duration, most: usize) -> Self {
        Self {
            half_life,
            most,
            counts: HashMap::new(),
            others: Count::default(),
            cleaned: None,
        }
    }

    /// Somebody comes from a network: how many that makes of late.
    pub fn add(&mut self, network: K, now: Instant) -> f64 {
        let half_life = self.half_life;
        let count = if self.has_place(&network, now) {
            self.counts.entry(network).or_default()
        } else {
            &mut self.others
        };
        let number = count.at(now, half_life) + 1.0;
        *count = Count {
            number,
            at: Some(now),
        };
        number
    }

    fn has_place(&mut self, network: &K, now: Instant) -> bool {
        if self.counts.len() < self.most || self.counts.contains_key(network) {
            return true;
        }
        let since = |then: Instant| now.saturating_duration_since(then);
        if self.cleaned.is_none_or(|then| since(then) >= CLEAN_EVERY) {
            self.cleaned = Some(now);
            let half_life = self.half_life;
            self.counts
                .retain(|_, count| count.at(now, half_life) >= NOBODY);
        }
        self.counts.len() < self.most
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some instant to begin with"
)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_crowd_is_half_as_many_after_its_half_life() {
        let (mut crowding, now) = (Crowding::new(MINUTE, 10), Instant::now());
        let mut add = |network, now| format!("{:.0}", crowding.add(network, now));
        let last = (0..64).map(|_| add("a", now)).last();
        assert_eq!(last.as_deref(), Some("64"));
        assert_eq!(add("b", now), "1");
        assert_eq!(add("a", now + MINUTE), "33");
        assert_eq!(add("a", now + MINUTE * 30), "1");
    }

    #[test]
    fn memory_is_bounded_and_those_without_a_place_count_as_one() {
        let (mut crowding, now) = (Crowding::new(MINUTE, 100), Instant::now());
        for network in 0..100 {
            assert!(crowding.add(network, now) < 1.5);
        }
        let beyond: Vec<_> = (100..110)
            .map(|network| crowding.add(network, now))
            .collect();
        assert!(beyond.last().is_some_and(|number| *number > 9.0));
        // Half a minute later they still count; two minutes later all are forgotten.
        assert!(crowding.add(200, now + MINUTE / 2) > 5.0);
        assert!(crowding.add(200, now + MINUTE * 2) < 1.5);
        assert_eq!(crowding.counts.len(), 1);
    }
}
