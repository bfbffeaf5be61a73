//! [`Cadence`]: when a media thread reads its socket next.
//!
//! Being woken costs more than a packet does. Where packets come so densely that a short rest brings
//! several, the thread rests and reads them together; where they come one by one, or faster than they
//! are handled, it does not.

use std::time::{Duration, Instant};

/// Packets that a rest must be likely to bring: fewer are not worth their waiting.
const WORTH: f64 = 2.0;

/// Over how long packets are counted to tell how densely they come.
const MEMORY: f64 = 0.02;

/// How a thread waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wait {
    /// Until something comes, or for so long.
    Socket(Duration),
    /// For so long, whatever comes.
    Rest(Duration),
    /// Not at all.
    Not,
}

/// How densely packets come to one thread.
#[derive(Debug)]
pub(crate) struct Cadence {
    /// The rest; zero for none.
    rest: Duration,
    /// Packets, those longer ago counting less.
    recent: f64,
    counted: Instant,
}

impl Cadence {
    pub(crate) const fn new(rest: Duration, now: Instant) -> Self {
        Self {
            rest,
            recent: 0.0,
            counted: now,
        }
    }

    /// So many packets have come in a turn.
    pub(crate) fn came(&mut self, packets: u32, now: Instant) {
        let since = now.saturating_duration_since(self.counted).as_secs_f64();
        self.counted = now;
        self.recent = self.recent * (1.0 - since / MEMORY).max(0.0) + f64::from(packets);
    }

    /// How to wait, where something else is due after `due` and the turn has left something or not.
    pub(crate) fn next(&self, has_more: bool, due: Duration) -> Wait {
        if has_more || due.is_zero() {
            return Wait::Not;
        }
        if due > self.rest && self.recent * self.rest.as_secs_f64() / MEMORY >= WORTH {
            return Wait::Rest(self.rest);
        }
        Wait::Socket(due)
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some instant to begin with"
)]
mod tests {
    use super::*;

    const REST: Duration = Duration::from_micros(250);
    const LONG: Duration = Duration::from_millis(5);

    fn after(packets_per_second: u32) -> Cadence {
        let mut now = Instant::now();
        let mut cadence = Cadence::new(REST, now);
        for _ in 0..packets_per_second / 10 {
            now += Duration::from_secs(1) / packets_per_second;
            cadence.came(1, now);
        }
        cadence
    }

    #[test]
    fn who_gets_a_packet_now_and_then_waits_for_it() {
        assert_eq!(after(500).next(false, LONG), Wait::Socket(LONG));
    }

    #[test]
    fn who_gets_many_rests_and_reads_them_together() {
        assert_eq!(after(20_000).next(false, LONG), Wait::Rest(REST));
    }

    #[test]
    fn nobody_rests_over_what_is_due_or_left() {
        let cadence = after(20_000);
        assert_eq!(cadence.next(true, LONG), Wait::Not);
        assert_eq!(cadence.next(false, Duration::ZERO), Wait::Not);
        let soon = Duration::from_micros(100);
        assert_eq!(cadence.next(false, soon), Wait::Socket(soon));
    }

    #[test]
    fn a_silence_is_noticed() {
        let mut cadence = after(20_000);
        cadence.came(0, cadence.counted + Duration::from_millis(50));
        assert_eq!(cadence.next(false, LONG), Wait::Socket(LONG));
    }

    #[test]
    fn without_a_rest_nobody_rests() {
        let mut cadence = after(20_000);
        cadence.rest = Duration::ZERO;
        assert_eq!(cadence.next(false, LONG), Wait::Socket(LONG));
    }
}
