//! What was counted.

use std::time::Duration;

use hdrhistogram::Histogram;

/// A distribution of times, in microseconds.
pub type Times = Histogram<u64>;

/// Three digits are kept of times from 1 µs to a minute; what is longer counts as a minute.
pub fn times() -> Times {
    Histogram::new_with_bounds(1, 60_000_000, 3).expect("the bounds are in order")
}

/// Adds a time to a distribution.
pub fn note(times: &mut Times, time: Duration) {
    times.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
}

/// What was counted in a span of time. Tallies of neighbouring spans, and of visitors that are
/// carried by different threads, [add](Self::add) up.
#[derive(Clone, Debug)]
pub struct Tally {
    /// RTP packets sent.
    pub sent: u64,
    /// RTP packets received, decrypted and whole.
    pub received: u64,
    /// RTP packets that are missing among those received. Less than zero where more gaps were
    /// filled than opened.
    pub lost: i64,
    /// Those of `received` and `lost` that belong to pictures.
    pub picture_packets: u64,
    /// As `lost`.
    pub picture_lost: i64,
    /// Those of `received` that were missing and came when asked for.
    pub repaired: u64,
    /// Packets that could not be decrypted, or came twice.
    pub refused: u64,
    /// Packets that were decrypted and are not what was sent.
    pub corrupt: u64,
    /// Complete pictures received.
    pub pictures: u64,
    /// From the sender's making of a packet to its receiver's reading it.
    pub latency: Times,
    /// From Next to the last packet of the new partner's first picture.
    pub next_to_picture: Times,
    /// Of that, from hearing that there is a new partner: without the wait for one.
    pub match_to_picture: Times,
    /// Visitors who began to show the test card.
    pub cards_shown: u64,
    /// Complete pictures of it that reached somebody.
    pub cards_seen: u64,
    /// From its first packet to the word that it is stopped.
    pub card_to_stop: Times,
    /// How late the crowd itself was to send.
    pub lateness: Times,
    /// Processor time of the threads that carry media.
    pub processor: Duration,
    /// How long those threads were ready to run and had no processor.
    pub waiting: Duration,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            sent: 0,
            received: 0,
            lost: 0,
            picture_packets: 0,
            picture_lost: 0,
            repaired: 0,
            refused: 0,
            corrupt: 0,
            pictures: 0,
            latency: times(),
            next_to_picture: times(),
            match_to_picture: times(),
            cards_shown: 0,
            cards_seen: 0,
            card_to_stop: times(),
            lateness: times(),
            processor: Duration::ZERO,
            waiting: Duration::ZERO,
        }
    }
}

impl Tally {
    /// Adds what another has counted.
    pub fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.received += other.received;
        self.lost += other.lost;
        self.picture_packets += other.picture_packets;
        self.picture_lost += other.picture_lost;
        self.repaired += other.repaired;
        self.refused += other.refused;
        self.corrupt += other.corrupt;
        self.pictures += other.pictures;
        self.cards_shown += other.cards_shown;
        self.cards_seen += other.cards_seen;
        for (sum, more) in [
            (&mut self.latency, &other.latency),
            (&mut self.next_to_picture, &other.next_to_picture),
            (&mut self.match_to_picture, &other.match_to_picture),
            (&mut self.card_to_stop, &other.card_to_stop),
            (&mut self.lateness, &other.lateness),
        ] {
            sum.add(more).expect("all have the same bounds");
        }
        self.processor += other.processor;
        self.waiting += other.waiting;
    }
}

/// The share of packets that is missing.
pub(super) fn loss_ratio(lost: i64, received: u64) -> f64 {
    let lost = real(lost.max(0).unsigned_abs());
    lost / (lost + real(received)).max(1.0)
}

/// A count as a number to divide.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of one run are far below 2^53"
)]
pub(super) const fn real(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_add_up_to_the_whole() {
        let mut first = Tally {
            sent: 5,
            lost: 3,
            ..Tally::default()
        };
        let mut second = Tally {
            sent: 7,
            lost: -2,
            processor: Duration::from_secs(1),
            ..Tally::default()
        };
        note(&mut first.latency, Duration::from_millis(1));
        note(&mut second.latency, Duration::from_millis(9));
        first.add(&second);
        assert_eq!((first.sent, first.lost), (12, 1));
        assert_eq!(first.processor, Duration::from_secs(1));
        assert_eq!(first.latency.len(), 2);
        assert!(first.latency.max() >= 9000);
    }
}
