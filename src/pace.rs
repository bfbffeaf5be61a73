//! How often something may be asked for: a token bucket that needs one [`Instant`] (the generic
//! cell rate algorithm of ATM).

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// So many at once, and then one more per time.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How many at once.
    pub burst: u32,
    /// One more per this time.
    pub every: Duration,
}

/// How far somebody has used up their pace.
#[derive(Clone, Copy, Default, Debug)]
pub struct Meter {
    /// When all of it is there again.
    restored: Option<Instant>,
}

impl Meter {
    /// Takes one, if there is one.
    pub fn take(&mut self, pace: Pace, now: Instant) -> bool {
        let restored = self.restored.map_or(now, |restored| restored.max(now));
        let used = restored - now;
        if used > pace.every * pace.burst.saturating_sub(1) {
            return false;
        }
        self.restored = Some(restored + pace.every);
        true
    }
}

/// How often those who can be forgotten are looked for, at most.
const CLEAN_EVERY: Duration = Duration::from_secs(1);

/// One pace for each of many, of whom so many are remembered; the rest share one.
#[derive(Debug)]
pub struct Paces<K> {
    pace: Pace,
    most: usize,
    meters: HashMap<K, (Meter, Instant)>,
    others: Meter,
    cleaned: Option<Instant>,
}

impl<K: Eq + Hash> Paces<K> {
    /// Nobody has taken anything yet.
    pub fn new(pace: Pace, most: usize) -> Self {
        Self {
            pace,
            most,
            meters: HashMap::new(),
            others: Meter::default(),
            cleaned: None,
        }
    }

    /// Takes one for somebody; for nobody in particular, of what all others share.
    ///
    /// # Errors
    /// When the next may be taken.
    pub fn take(&mut self, who: Option<K>, now: Instant) -> Result<(), Duration> {
        let taken = match who {
            Some(who) if self.has_place(&who, now) => {
                let new = || (Meter::default(), now);
                let (meter, last) = self.meters.entry(who).or_insert_with(new);
                *last = now;
                meter.take(self.pace, now)
            }
            Some(_) | None => self.others.take(self.pace, now),
        };
        if taken { Ok(()) } else { Err(self.pace.every) }
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.meters.len()
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.meters.is_empty()
    }

    /// Makes room by forgetting those whose pace is all there again.
    fn has_place(&mut self, who: &K, now: Instant) -> bool {
        if self.meters.len() < self.most || self.meters.contains_key(who) {
            return true;
        }
        let since = |then: Instant| now.saturating_duration_since(then);
        if self.cleaned.is_none_or(|then| since(then) >= CLEAN_EVERY) {
            self.cleaned = Some(now);
            let whole = self.pace.every * self.pace.burst;
            self.meters.retain(|_, (_, last)| since(*last) < whole);
        }
        self.meters.len() < self.most
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
        every: Duration::from_secs(1),
    };

    #[test]
    fn a_burst_passes_and_what_follows_waits() {
        let now = Instant::now();
        let mut meter = Meter::default();
        let taken: Vec<_> = (0..5).map(|_| meter.take(PACE, now)).collect();
        assert_eq!(taken, [true, true, true, false, false]);
    }

    #[test]
    fn one_more_passes_per_time_and_never_more_than_a_burst() {
        let start = Instant::now();
        let mut meter = Meter::default();
        while meter.take(PACE, start) {}
        let later = start + PACE.every;
        assert!(meter.take(PACE, later));
        assert!(!meter.take(PACE, later));
        let much_later = start + PACE.every * 100;
        assert_eq!((0..10).filter(|_| meter.take(PACE, much_later)).count(), 3);
    }
}
