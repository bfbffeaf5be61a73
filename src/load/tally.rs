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

/// What was counted while all were in.
#[derive(Clone, Debug)]
pub struct Tally {
    /// RTP packets sent.
    pub sent: u64,
    /// RTP packets received, decrypted and whole.
    pub received: u64,
    /// RTP packets that are missing among those received.
    pub lost: u64,
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
    /// How late the crowd itself was to send.
    pub lateness: Times,
    /// Processor time of the thread that carries media.
    pub processor: Duration,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            sent: 0,
            received: 0,
            lost: 0,
            refused: 0,
            corrupt: 0,
            pictures: 0,
            latency: times(),
            next_to_picture: times(),
            lateness: times(),
            processor: Duration::ZERO,
        }
    }
}
