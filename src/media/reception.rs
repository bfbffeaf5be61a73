//! What was received of one stream, and the receiver report blocks the home shard makes of it
//! (RFC 3550, 6.4 and appendix A).

use std::time::{Duration, Instant};

use crate::rtp::rtcp::ReportBlock;

/// Reception of one stream, and what its sender has been told of it.
pub(crate) struct Reception {
    clock_rate: u32,
    first: Option<u64>,
    highest: u64,
    received: u64,
    /// At the last report of our own: packets expected and received.
    reported: (u64, u64),
    /// Cumulative loss as the sender was last told, whoever told it.
    told_lost: i32,
    jitter: f64,
    transit: Option<f64>,
    epoch: Option<Instant>,
    /// Middle 32 bits of the newest sender report's NTP time, and when it came.
    last_report: Option<(u32, Instant)>,
}

impl Reception {
    pub(crate) fn new(clock_rate: u32) -> Self {
        Self {
            clock_rate,
            first: None,
            highest: 0,
            received: 0,
            reported: (0, 0),
            told_lost: 0,
            jitter: 0.0,
            transit: None,
            epoch: None,
            last_report: None,
        }
    }

    /// Notes a packet.
    pub(crate) fn received(&mut self, index: u64, timestamp: u32, now: Instant) {
        let first = *self.first.get_or_insert(index);
        self.first = Some(first.min(index));
        self.highest = self.highest.max(index);
        self.received += 1;
        self.measure_jitter(timestamp, now);
    }

    /// The newest 48-bit packet index.
    pub(crate) fn highest(&self) -> Option<u64> {
        self.first.map(|_| self.highest)
    }

    /// How many packets were sent until the newest, and how many of them arrived.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let expected = self.first.map_or(0, |first| self.highest - first + 1);
        (expected, self.received)
    }

    /// Interarrival jitter in ticks of the stream's clock.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates"
    )]
    pub(crate) const fn jitter(&self) -> u32 {
        self.jitter as u32
    }

    /// Notes a sender report of this stream.
    pub(crate) fn sender_report(&mut self, ntp: u64, now: Instant) {
        self.last_report = Some((middle(ntp), now));
    }

    /// A block of our own: what was lost on the way up since the last one.
    pub(crate) fn report(&mut self, ssrc: u32, now: Instant) -> Option<ReportBlock> {
        let first = self.first?;
        let expected = self.highest - first + 1;
        let (expected_then, received_then) = self.reported;
        let expected_now = expected.saturating_sub(expected_then);
        let received_now = self.received.saturating_sub(received_then);
        let lost = expected_now.saturating_sub(received_now);
        self.reported = (expected, self.received);
        let fraction = (lost * 256).checked_div(expected_now).unwrap_or(0);
        self.tell_lost(i32::try_from(lost).unwrap_or(i32::MAX));
        let (last_sr, delay) = self.last_report.map_or((0, 0), |(sr, at)| {
            (sr, units_of_65536(now.saturating_duration_since(at)))
        });
        Some(ReportBlock {
            ssrc,
            fraction_lost: u8::try_from(fraction).unwrap_or(u8::MAX),
            cumulative_lost: self.told_lost,
            highest_sequence: low32(self.highest),
            jitter: self.jitter(),
            last_sr,
            delay_since_last_sr: delay,
        })
    }

    /// Adds to what the sender has been told, for a partner's block that is passed on, and forgets
    /// our own count of the same packets. Answers the new total.
    pub(crate) fn partner_reported(&mut self, newly_lost: i32) -> i32 {
        if let Some(first) = self.first {
            self.reported = (self.highest - first + 1, self.received);
        }
        self.tell_lost(newly_lost);
        self.told_lost
    }

    fn tell_lost(&mut self, newly: i32) {
        // 24 bits, signed (RFC 3550, 6.4.1).
        self.told_lost = self
            .told_lost
            .saturating_add(newly)
            .clamp(-0x80_0000, 0x7f_ffff);
    }

    fn measure_jitter(&mut self, timestamp: u32, now: Instant) {
        let epoch = *self.epoch.get_or_insert(now);
        let rate = f64::from(self.clock_rate);
        let arrival = now.saturating_duration_since(epoch).as_secs_f64() * rate;
        // RFC 3550, A.8, with the difference taken before it is widened so that wrap is harmless.
        let transit = arrival - f64::from(timestamp);
        if let Some(last) = self.transit {
            let wrap = 4_294_967_296.0;
            let mut difference = (transit - last) % wrap;
            if difference > wrap / 2.0 {
                difference -= wrap;
            } else if difference < -wrap / 2.0 {
                difference += wrap;
            }
            self.jitter += (difference.abs() - self.jitter) / 16.0;
        }
        self.transit = Some(transit);
    }
}

/// The middle 32 bits of an NTP time (RFC 3550, 6.4.1).
pub(crate) fn middle(ntp: u64) -> u32 {
    low32(ntp >> 16)
}

/// The low 32 bits.
pub(crate) fn low32(number: u64) -> u32 {
    u32::try_from(number & 0xffff_ffff).expect("32 bits fit")
}

/// As a receiver report counts a delay (RFC 3550, 6.4.1).
pub(crate) fn units_of_65536(time: Duration) -> u32 {
    u32::try_from(time.as_micros() * 65_536 / 1_000_000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::clock::any_instant;

    #[test]
    fn losses_are_told_once() {
        let now = any_instant();
        let mut reception = Reception::new(90_000);
        for index in [100, 101, 103, 104] {
            reception.received(index, 0, now);
        }
        let block = reception.report(7, now).expect("something was received");
        assert_eq!((block.fraction_lost, block.cumulative_lost), (51, 1));
        assert_eq!(block.highest_sequence, 104);
        let again = reception.report(7, now).expect("something was received");
        assert_eq!((again.fraction_lost, again.cumulative_lost), (0, 1));
        assert_eq!(reception.partner_reported(4), 5);
    }
}
