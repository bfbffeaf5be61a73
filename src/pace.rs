//! How often something may be asked for: a token bucket that needs one [`Instant`] (the generic
//! cell rate algorithm of ATM).

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
