//! Clocks: the shard's own, and each sender's against it.

use std::time::{Duration, Instant};

/// The shard's clock: an epoch, and what a wall clock showed then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    epoch: Instant,
    /// NTP time at the epoch (RFC 3550, 4): 32.32 fixed point seconds.
    ntp_epoch: u64,
}

/// Seconds from the NTP era's begin (1900) to the Unix one's (1970).
const NTP_UNIX_SECONDS: u64 = 2_208_988_800;

impl Clock {
    /// A clock that starts at `epoch`, when a wall clock showed `since_unix`.
    pub(crate) fn new(epoch: Instant, since_unix: Duration) -> Self {
        Self {
            epoch,
            ntp_epoch: ntp(since_unix).wrapping_add(NTP_UNIX_SECONDS << 32),
        }
    }

    /// Units of 250 µs since the epoch, for transport-wide feedback.
    pub(crate) fn ticks(&self, now: Instant) -> i64 {
        let micros = now.saturating_duration_since(self.epoch).as_micros();
        i64::try_from(micros / 250).unwrap_or(i64::MAX)
    }

    /// NTP time (RFC 3550, 4).
    pub(crate) fn ntp(&self, now: Instant) -> u64 {
        self.ntp_epoch
            .wrapping_add(ntp(now.saturating_duration_since(self.epoch)))
    }
}

fn ntp(since: Duration) -> u64 {
    (since.as_secs() << 32) | ((u64::from(since.subsec_nanos()) << 32) / 1_000_000_000)
}

/// A sender's wall clock, as its sender reports show it.
#[derive(Debug, Default)]
pub(crate) struct SenderClock {
    /// What to add to the sender's NTP time to get ours, by the newest report.
    offset: Option<u64>,
}

impl SenderClock {
    /// Notes a sender report that arrived now.
    pub(crate) fn reported(&mut self, sender_ntp: u64, our_ntp: u64) {
        self.offset = Some(our_ntp.wrapping_sub(sender_ntp));
    }

    /// What to add to the sender's NTP time to get ours.
    pub(crate) fn offset(&self) -> Option<u64> {
        self.offset
    }
}

/// Where a test's time begins.
#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "there is no other way to make an `Instant`"
)]
pub(crate) fn any_instant() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_a_second_in_every_unit() {
        let start = any_instant();
        let clock = Clock::new(start, Duration::from_secs(1_000));
        let later = start + Duration::from_millis(1_500);
        assert_eq!(clock.ticks(later), 6_000);
        assert_eq!(clock.ntp(later).wrapping_sub(clock.ntp(start)), 3 << 31);
        assert_eq!(clock.ntp(start) >> 32, NTP_UNIX_SECONDS + 1_000);
    }
}
