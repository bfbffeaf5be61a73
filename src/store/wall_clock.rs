//! The machine's clock, for what outlives the process. It may leap: a server that starts before its time is
//! set, an administrator's mistake. What is written down then has a wrong time; what is forgotten then is gone.
//! So nothing is forgotten by a clock that has just leapt: [`Patience`].

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tracing::warn;

use crate::metrics::CLOCK_LEAPS;

/// Further than any clock drifts between two looks.
const LEAP_MS: u64 = 10 * 60 * 1000;

/// How long a clock that has leapt must go on steadily until it is believed.
const BELIEVED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Milliseconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the store is a driver: what is kept across a restart needs the machine's clock"
)]
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, millis)
}

/// For how long what is forgotten by its age has to wait, where the clock leaps.
#[derive(Debug)]
pub(super) struct Patience {
    /// A time that is believed, by both clocks.
    believed: (u64, Instant),
    /// Another that the machine's clock has leapt to.
    leapt: Option<(u64, Instant)>,
}

impl Patience {
    /// The clock is believed at the start: there is nothing to compare it with.
    pub(super) fn new() -> Self {
        Self::at(now_ms(), now())
    }

    const fn at(now_ms: u64, now: Instant) -> Self {
        Self {
            believed: (now_ms, now),
            leapt: None,
        }
    }

    /// The time by which something may be forgotten for good: the machine's, or an earlier one while that is
    /// not believed.
    pub(super) fn certain_ms(&mut self) -> u64 {
        self.look(now_ms(), now())
    }

    fn look(&mut self, now_ms: u64, now: Instant) -> u64 {
        let expected = after(self.believed, now);
        if now_ms.abs_diff(expected) <= LEAP_MS {
            *self = Self::at(now_ms, now);
            return now_ms;
        }
        let goes_on = |leapt| now_ms.abs_diff(after(leapt, now)) <= LEAP_MS;
        match self.leapt {
            Some(leapt) if goes_on(leapt) => {
                if now.saturating_duration_since(leapt.1) >= BELIEVED_AFTER {
                    *self = Self::at(now_ms, now);
                    return now_ms;
                }
            }
            Some(_) | None => {
                CLOCK_LEAPS.counter().increment(1);
                warn!("the machine's clock has leapt: nothing is forgotten by it for a day");
                self.leapt = Some((now_ms, now));
            }
        }
        expected.min(now_ms)
    }
}

/// What the machine's clock should say now, after it has said that then.
fn after((then_ms, then): (u64, Instant), now: Instant) -> u64 {
    then_ms.saturating_add(millis(now.saturating_duration_since(then)))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the store is a driver: a clock is held against another"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(60 * 60);
    const HOUR_MS: u64 = 60 * 60 * 1000;
    const YEAR_MS: u64 = 365 * 24 * HOUR_MS;
    const START_MS: u64 = 50 * YEAR_MS;

    /// Looks once an hour at a clock that is so far ahead.
    fn looks(patience: &mut Patience, start: Instant, hours: [u32; 2], ahead_ms: u64) -> Vec<u64> {
        let [from, to] = hours;
        let look = |hour| {
            let right_ms = START_MS + u64::from(hour) * HOUR_MS;
            patience.look(right_ms + ahead_ms, start + HOUR * hour) - right_ms
        };
        (from..to).map(look).collect()
    }

    #[test]
    fn a_clock_that_goes_is_believed() {
        let start = now();
        let mut patience = Patience::at(START_MS, start);
        assert_eq!(looks(&mut patience, start, [0, 50], 0), [0; 50]);
        // A second is set right now and then.
        let minute = 60_000;
        assert_eq!(looks(&mut patience, start, [50, 60], minute), [minute; 10]);
    }

    #[test]
    fn one_that_leaps_ahead_is_believed_after_a_day() {
        let start = now();
        let mut patience = Patience::at(START_MS, start);
        let ahead = looks(&mut patience, start, [1, 48], YEAR_MS);
        assert_eq!(ahead[..24], [0; 24]);
        assert_eq!(ahead[24..], [YEAR_MS; 23]);
    }

    #[test]
    fn one_that_leaps_and_is_set_right_has_cost_nothing() {
        let start = now();
        let mut patience = Patience::at(START_MS, start);
        assert_eq!(looks(&mut patience, start, [1, 20], YEAR_MS), [0; 19]);
        assert_eq!(looks(&mut patience, start, [20, 60], 0), [0; 40]);
        // Each leap has a day of its own.
        assert_eq!(looks(&mut patience, start, [60, 70], YEAR_MS), [0; 10]);
        assert_eq!(looks(&mut patience, start, [70, 90], 2 * YEAR_MS), [0; 20]);
    }

    #[test]
    fn by_one_that_goes_back_less_is_forgotten_at_once() {
        let start = now();
        let mut patience = Patience::at(START_MS, start);
        assert_eq!(patience.look(7, start + HOUR), 7);
    }
}
