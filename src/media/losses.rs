//! Packets of the picture that are missing on the way up: asked of the sender by the home shard,
//! long before the receiver could (RFC 4585, 6.2.1).

use std::time::{Duration, Instant};

use super::arrivals::Arrivals;
use crate::limits;

/// Missing packets of one stream, by 48-bit packet index.
#[derive(Default)]
pub(crate) struct Losses {
    highest: Option<Place>,
    missing: Vec<Missing>,
    /// The transport-wide number of the packet that was mended last, until it is taken note of.
    mended: Option<u64>,
    /// Room to find out which numbers a gap has.
    numbers: Vec<u64>,
    /// From asking first to the resent packet, smoothed.
    round_trip: Option<Duration>,
}

/// A packet's index in its stream, and its transport-wide number.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) index: u64,
    pub(crate) transport: Option<u64>,
}

struct Missing {
    index: u64,
    /// Where it can be told.
    transport: Option<u64>,
    since: Instant,
    /// When it was asked for, at first and last.
    asked: Option<(Instant, Instant)>,
    tries: u8,
}

/// A late packet is often only out of order: ask after this long.
const REORDERING: Duration = Duration::from_millis(5);
/// Older losses are past mending: a keyframe mends the picture.
const PATIENCE: Duration = Duration::from_millis(1000);
const TRIES: u8 = 10;
const FIRST_ROUND_TRIP: Duration = Duration::from_millis(80);
/// Transport-wide numbers between two packets of the picture, at most, for those lost there to be told.
const NUMBERS_BETWEEN: u64 = 256;
const RETRY_BOUNDS: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(300));

impl Losses {
    /// Notes that a packet of the stream came first-hand. A gap too wide to mend is forgotten.
    pub(crate) fn arrived(&mut self, place: Place, arrivals: &Arrivals, now: Instant) {
        match self.highest {
            Some(highest) if place.index <= highest.index => {
                self.missing.retain(|missing| missing.index != place.index);
                return;
            }
            Some(highest) if place.index > highest.index + 1 => {
                self.open(highest, place, arrivals, now);
            }
            Some(_) | None => {}
        }
        self.highest = Some(place);
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
        self.mended = missing.transport;
        if let Some((first, _)) = missing.asked {
            let sample = now.saturating_duration_since(first);
            self.round_trip = Some(
                self.round_trip
                    .map_or(sample, |smooth| (smooth * 7 + sample) / 8),
            );
        }
        true
    }

    /// The transport-wide number under which a packet was lost that has come as a retransmission.
    pub(crate) fn take_mended(&mut self) -> Option<u64> {
        self.mended.take()
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
        // Asked before an answer can be here, since the request may be lost as well: who has heard it
        // does not resend again within a round trip.
        let round_trip = self.round_trip.unwrap_or(FIRST_ROUND_TRIP);
        let retry = (round_trip / 2).clamp(least, most);
        self.missing.retain(|missing| {
            missing.index >= since
                && missing.tries < TRIES
                && now.saturating_duration_since(missing.since) < PATIENCE
        });
        for missing in &mut self.missing {
            let is_due = match missing.asked {
                None => now.saturating_duration_since(missing.since) >= REORDERING,
                Some((_, last)) => now.saturating_duration_since(last) >= retry,
            };
            if is_due {
                let first = missing.asked.map_or(now, |(first, _)| first);
                missing.asked = Some((first, now));
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

    fn open(&mut self, before: Place, after: Place, arrivals: &Arrivals, now: Instant) {
        let gap = before.index + 1..after.index;
        let width = usize::try_from(gap.end - gap.start).unwrap_or(usize::MAX);
        if width.saturating_add(self.missing.len()) > limits::MISSING_PACKETS {
            self.missing.clear();
            return;
        }
        self.numbers.clear();
        self.numbers
            .extend(lost_between(before.transport, after.transport, arrivals));
        // As many as are missing are theirs, in order; of more it is unknown which.
        if self.numbers.len() != width {
            self.numbers.clear();
        }
        let mut numbers = self.numbers.drain(..);
        let gap = gap.map(|index| Missing {
            index,
            transport: numbers.next(),
            since: now,
            asked: None,
            tries: 0,
        });
        self.missing.extend(gap);
    }
}

/// The transport-wide numbers between two that did not arrive.
fn lost_between(
    before: Option<u64>,
    after: Option<u64>,
    arrivals: &Arrivals,
) -> impl Iterator<Item = u64> {
    let between = before.zip(after).map(|(before, after)| before + 1..after);
    let between =
        between.filter(|between| between.end.saturating_sub(between.start) <= NUMBERS_BETWEEN);
    between
        .unwrap_or_default()
        .filter(|number| arrivals.at(*number).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::clock::any_instant;

    const fn place(index: u64, transport: Option<u64>) -> Place {
        Place { index, transport }
    }

    #[test]
    fn a_gap_is_asked_for_again_until_it_closes() {
        let start = any_instant();
        let at = |ms| start + Duration::from_millis(ms);
        let mut losses = Losses::default();
        let mut wanted = Vec::new();
        let arrivals = Arrivals::new();
        losses.arrived(place(10, None), &arrivals, at(0));
        losses.arrived(place(13, None), &arrivals, at(0));
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
        losses.arrived(place(12, None), &arrivals, at(201));
        assert!(losses.is_empty());
    }

    #[test]
    fn what_is_mended_has_the_number_under_which_it_was_lost() {
        let now = any_instant();
        let (mut losses, mut arrivals) = (Losses::default(), Arrivals::new());
        let mut arrive = |losses: &mut Losses, index: Option<u64>, number: u64| {
            arrivals.record(number, 1);
            if let Some(index) = index {
                losses.arrived(place(index, Some(number)), &arrivals, now);
            }
        };
        // A packet of sound is among them, and arrived.
        arrive(&mut losses, Some(10), 100);
        arrive(&mut losses, None, 102);
        arrive(&mut losses, Some(13), 104);
        assert!(losses.resent(12, now));
        assert_eq!(losses.take_mended(), Some(103));
        assert!(losses.resent(11, now));
        assert_eq!(
            (losses.take_mended(), losses.take_mended()),
            (Some(101), None)
        );
        // Something else is lost as well: which is which nobody knows.
        arrive(&mut losses, Some(15), 107);
        assert!(losses.resent(14, now));
        assert_eq!(losses.take_mended(), None);
    }

    #[test]
    fn a_gap_too_wide_to_mend_is_left_to_a_keyframe() {
        let now = any_instant();
        let mut losses = Losses::default();
        losses.arrived(place(1, Some(1)), &Arrivals::new(), now);
        losses.arrived(place(1_000_000, Some(2)), &Arrivals::new(), now);
        assert!(losses.is_empty());
    }
}
