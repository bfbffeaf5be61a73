//! Packets of the picture that are missing on the way up: asked of the sender by the home shard,
//! long before the receiver could (RFC 4585, 6.2.1).

use std::time::{Duration, Instant};

use crate::limits;

/// Missing packets of one stream, by 48-bit packet index.
#[derive(Default)]
pub(crate) struct Losses {
    highest: Option<u64>,
    missing: Vec<Missing>,
    /// From asking to the resent packet, smoothed: how long to wait before asking again.
    round_trip: Option<Duration>,
}

struct Missing {
    index: u64,
    since: Instant,
    asked: Option<Instant>,
    tries: u8,
}

/// A late packet is often only out of order: ask after this long.
const REORDERING: Duration = Duration::from_millis(5);
/// Older losses are past mending: a keyframe mends the picture.
const PATIENCE: Duration = Duration::from_millis(1000);
const TRIES: u8 = 10;
const FIRST_RETRY: Duration = Duration::from_millis(100);
const RETRY_BOUNDS: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(300));

impl Losses {
    /// Notes that a packet of the stream came first-hand. A gap too wide to mend is forgotten.
    pub(crate) fn arrived(&mut self, index: u64, now: Instant) {
        match self.highest {
            Some(highest) if index <= highest => {
                self.missing.retain(|missing| missing.index != index);
                return;
            }
            Some(highest) => self.open(highest + 1, index, now),
            None => {}
        }
        self.highest = Some(index);
    }

    /// Notes that a packet came as a retransmission. Answers whether it was missing.
    pub(crate) fn resent(&mut self, index: u64, now: Instant) -> bool {
        let Some(at) = self
            .missing
            .iter()
            .position(|missing| missing.index == index)
        else {
            return false;
        };
        let missing = self.missing.swap_remove(at);
        if let (Some(asked), 1) = (missing.asked, missing.tries) {
            let sample = now.saturating_duration_since(asked);
            self.round_trip = Some(
                self.round_trip
                    .map_or(sample, |smooth| (smooth * 7 + sample) / 8),
            );
        }
        true
    }

    /// Whether the sender was or will be asked for this packet.
    pub(crate) fn is_missing(&self, index: u64) -> bool {
        self.missing.iter().any(|missing| missing.index == index)
    }

    /// Whether anything is missing.
    pub(crate) fn is_empty(&self) -> bool {
        self.missing.is_empty()
    }

    /// Fills `wanted` with what to ask for now; only packets from `since` on are worth it.
    pub(crate) fn due(&mut self, since: u64, now: Instant, wanted: &mut Vec<u16>) {
        wanted.clear();
        let (least, most) = RETRY_BOUNDS;
        let retry = self
            .round_trip
            .map_or(FIRST_RETRY, |rtt| (rtt * 3 / 2).clamp(least, most));
        self.missing.retain(|missing| {
            missing.index >= since
                && missing.tries < TRIES
                && now.saturating_duration_since(missing.since) < PATIENCE
        });
        for missing in &mut self.missing {
            let is_due = match missing.asked {
                None => now.saturating_duration_since(missing.since) >= REORDERING,
                Some(asked) => now.saturating_duration_since(asked) >= retry,
            };
            if is_due {
                missing.asked = Some(now);
                missing.tries += 1;
                wanted.push(super::arrivals::low(missing.index));
            }
        }
        wanted.sort_unstable();
    }

    /// Forgets what is missing: nobody is watching.
    pub(crate) fn clear(&mut self) {
        self.missing.clear();
    }

    fn open(&mut self, from: u64, to: u64, now: Instant) {
        let width = usize::try_from(to - from).unwrap_or(usize::MAX);
        if width + self.missing.len() > limits::MISSING_PACKETS {
            self.missing.clear();
            return;
        }
        let gap = (from..to).map(|index| Missing {
            index,
            since: now,
            asked: None,
            tries: 0,
        });
        self.missing.extend(gap);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::clock::any_instant;

    #[test]
    fn a_gap_is_asked_for_again_until_it_closes() {
        let start = any_instant();
        let at = |ms| start + Duration::from_millis(ms);
        let mut losses = Losses::default();
        let mut wanted = Vec::new();
        losses.arrived(10, at(0));
        losses.arrived(13, at(0));
        losses.due(0, at(1), &mut wanted);
        assert!(wanted.is_empty(), "reordering is not loss");
        losses.due(0, at(6), &mut wanted);
        assert_eq!(wanted, [11, 12]);
        losses.due(0, at(20), &mut wanted);
        assert!(wanted.is_empty(), "the sender needs a round trip to answer");
        assert!(losses.resent(11, at(30)));
        assert!(!losses.resent(11, at(31)), "a second copy mends nothing");
        losses.due(0, at(200), &mut wanted);
        assert_eq!(wanted, [12]);
        losses.arrived(12, at(201));
        assert!(losses.is_empty());
    }

    #[test]
    fn a_gap_too_wide_to_mend_is_left_to_a_keyframe() {
        let now = any_instant();
        let mut losses = Losses::default();
        losses.arrived(1, now);
        losses.arrived(1_000_000, now);
        assert!(losses.is_empty());
    }
}
