//! How well one direction of a match goes: what is lost on both hops, how late it is, and how often the
//! picture stands still.
//!
//! The way up is measured here, the way down is what the receiver reports (RFC 3550, 6.4).

use std::time::{Duration, Instant};

use super::downlink::Downlink;
use super::uplink::{Stream, Uplink};
use crate::rtp::rtcp::ReportBlock;

/// One direction of a match, since it began.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Quality {
    /// How long that is.
    pub lasted: Duration,
    /// From the one who sends to the relay.
    pub up: Hop,
    /// From the relay to the one who receives.
    pub down: Hop,
    /// From the relay to the one who receives and back, on average; none before they have reported.
    pub round_trip: Option<Duration>,
    /// Packets sent again to the one who receives.
    pub resent: u64,
    /// Bytes of sound and picture that went down.
    pub bytes: u64,
    /// Whole pictures that went down.
    pub pictures: u64,
    /// How often the picture stood still before it left the relay.
    pub freezes: u32,
    /// How long, all together.
    pub frozen: Duration,
}

/// Sound and picture on one hop.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Hop {
    /// Packets that were sent.
    pub packets: u64,
    /// How many of them did not arrive the first time.
    pub lost: u64,
    /// Interarrival jitter of the picture at present (RFC 3550, 6.4.1).
    pub jitter: Duration,
}

impl Hop {
    /// The share that was lost, 0 to 1; none of nothing.
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 packets")]
    pub fn loss_ratio(&self) -> Option<f64> {
        (self.packets > 0).then(|| (self.lost as f64 / self.packets as f64).min(1.0))
    }
}

/// What a relay measures.
pub(crate) struct Course {
    began: Instant,
    told: Instant,
    /// Sound and picture as they stood when the match began.
    up: [Received; 2],
    down: Sent,
    lost_down: i64,
    jitter_down: u32,
    round_trips: (Duration, u32),
    pub(crate) resent: u64,
    pictures: u64,
    last_picture: Option<Instant>,
    /// Microseconds from picture to picture, as a moving mean; 0 before the second.
    usual: u64,
    freezes: u32,
    frozen: Duration,
}

#[derive(Clone, Copy, Default)]
struct Received {
    expected: u64,
    arrived: u64,
}

#[derive(Clone, Copy, Default)]
struct Sent {
    /// Numbers used or passed over.
    numbers: u64,
    packets: u64,
    octets: u64,
}

/// How often the control plane is told.
const TOLD_EVERY: Duration = Duration::from_secs(5);
/// A picture stands still when the next takes so much longer than usual, and three times as long
/// (webrtc-stats, `freezeCount`).
const FREEZE: u64 = 150_000;

impl Course {
    pub(crate) fn begin(uplink: &Uplink, downlink: &Downlink, now: Instant) -> Self {
        Self::new(received(uplink), sent(downlink), now)
    }

    const fn new(up: [Received; 2], down: Sent, began: Instant) -> Self {
        Self {
            began,
            told: began,
            up,
            down,
            lost_down: 0,
            jitter_down: 0,
            round_trips: (Duration::ZERO, 0),
            resent: 0,
            pictures: 0,
            last_picture: None,
            usual: 0,
            freezes: 0,
            frozen: Duration::ZERO,
        }
    }

    /// The last packet of a picture has been sent on.
    pub(crate) fn picture(&mut self, now: Instant) {
        self.pictures += 1;
        let Some(last) = self.last_picture.replace(now) else {
            return;
        };
        let gap = now.saturating_duration_since(last);
        let micros = u64::try_from(gap.as_micros()).unwrap_or(u64::MAX);
        if self.usual == 0 {
            self.usual = micros;
        } else if micros >= (3 * self.usual).max(self.usual + FREEZE) {
            self.freezes += 1;
            self.frozen += gap;
        } else {
            self.usual = self.usual - self.usual / 8 + micros / 8;
        }
    }

    /// The picture is kept back: the time until it goes on is nobody's fault.
    pub(crate) const fn picture_held(&mut self) {
        self.last_picture = None;
    }

    /// The receiver reports on a stream: what is lost since its last report, and how old the sender
    /// report is that it names.
    pub(crate) fn reported(
        &mut self,
        block: &ReportBlock,
        newly_lost: i32,
        is_picture: bool,
        named_after: Option<Duration>,
    ) {
        self.lost_down += i64::from(newly_lost);
        if is_picture {
            self.jitter_down = block.jitter;
        }
        let kept = Duration::from_secs_f64(f64::from(block.delay_since_last_sr) / 65_536.0);
        if let Some(round_trip) = named_after.and_then(|after| after.checked_sub(kept)) {
            self.round_trips.0 += round_trip;
            self.round_trips.1 += 1;
        }
    }

    /// Whether the control plane is to be told now; it counts as told.
    pub(crate) fn is_due(&mut self, now: Instant) -> bool {
        let is_due = now.saturating_duration_since(self.told) >= TOLD_EVERY;
        if is_due {
            self.told = now;
        }
        is_due
    }

    pub(crate) fn quality(&self, uplink: &Uplink, downlink: &Downlink, now: Instant) -> Quality {
        let (mut up, down) = (Hop::default(), sent(downlink));
        for (before, after) in self.up.iter().zip(received(uplink)) {
            let expected = after.expected.saturating_sub(before.expected);
            let arrived = after.arrived.saturating_sub(before.arrived);
            up.packets += expected;
            up.lost += expected.saturating_sub(arrived);
        }
        up.jitter = ticks(uplink.video.reception.jitter());
        let packets = down.packets.saturating_sub(self.down.packets);
        // What never came up is a gap in the numbers that went down, and the receiver counts it, too.
        let gaps = (down.numbers - self.down.numbers).saturating_sub(packets);
        let lost = u64::try_from(self.lost_down).unwrap_or(0);
        let (sum, count) = self.round_trips;
        Quality {
            lasted: now.saturating_duration_since(self.began),
            up,
            down: Hop {
                packets,
                lost: lost.saturating_sub(gaps),
                jitter: ticks(self.jitter_down),
            },
            round_trip: (count > 0).then(|| sum / count),
            resent: self.resent,
            bytes: down.octets.saturating_sub(self.down.octets),
            pictures: self.pictures,
            freezes: self.freezes,
            frozen: self.frozen,
        }
    }
}

fn received(uplink: &Uplink) -> [Received; 2] {
    let count = |stream: &Stream| {
        let (expected, arrived) = stream.reception.counts();
        Received { expected, arrived }
    };
    [count(&uplink.audio), count(&uplink.video)]
}

const fn sent(downlink: &Downlink) -> Sent {
    let (audio, video) = (&downlink.audio, &downlink.video);
    Sent {
        numbers: audio.next_index + video.next_index,
        packets: audio.packets + video.packets,
        octets: audio.octets + video.octets,
    }
}

/// Ticks of a picture's clock.
fn ticks(jitter: u32) -> Duration {
    Duration::from_secs_f64(f64::from(jitter) / 90_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::clock::any_instant;

    fn course(began: Instant) -> Course {
        Course::new(<[Received; 2]>::default(), Sent::default(), began)
    }

    #[test]
    fn a_picture_that_comes_much_later_than_usual_stood_still() {
        let began = any_instant();
        let at = |ms| began + Duration::from_millis(ms);
        let mut course = course(began);
        let mut now = 0;
        for _ in 0..30 {
            now += 33;
            course.picture(at(now));
        }
        now += 150;
        course.picture(at(now));
        assert_eq!(course.freezes, 0, "late, but not much");
        now += 400;
        course.picture(at(now));
        assert_eq!((course.freezes, course.frozen.as_millis()), (1, 400));
        course.picture_held();
        course.picture(at(now + 10_000));
        assert_eq!(course.freezes, 1, "what is kept back does not count");
        assert_eq!(course.pictures, 33);
    }

    #[test]
    fn a_slow_camera_is_no_freeze() {
        let began = any_instant();
        let mut course = course(began);
        for second in 1..60 {
            course.picture(began + Duration::from_secs(second));
        }
        assert_eq!(course.freezes, 0);
    }

    #[test]
    fn a_round_trip_is_what_the_receiver_did_not_keep_the_report_for() {
        let mut course = course(any_instant());
        let block = ReportBlock {
            ssrc: 1,
            fraction_lost: 0,
            cumulative_lost: 0,
            highest_sequence: 0,
            jitter: 90,
            last_sr: 1,
            delay_since_last_sr: 65_536 / 2,
        };
        let after = |ms| Some(Duration::from_millis(ms));
        course.reported(&block, 3, true, after(540));
        course.reported(&block, -1, true, after(560));
        // One who lies about it, and one who names no report.
        course.reported(&block, 0, false, after(100));
        course.reported(&block, 0, false, None);
        assert_eq!(course.round_trips, (Duration::from_millis(100), 2));
        assert_eq!((course.lost_down, course.jitter_down), (2, 90));
    }
}
