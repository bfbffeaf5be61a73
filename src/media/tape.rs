//! The recent packets of all pictures that a shard relays, one after another as they were sent.
//!
//! One tape for all of them costs less than a ring for each: it is written straight on, which is
//! what memory does best, and its length follows what is sent. It is bounded by age.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::limits;

/// Packets in the order they were kept. The oldest are written over.
#[derive(Default)]
pub(crate) struct Tape {
    /// In the order they were begun; the last is being written.
    reels: VecDeque<Reel>,
    /// How many reels were there before the first of these.
    gone: u64,
}

struct Reel {
    bytes: Box<[u8]>,
    filled: usize,
    /// When the newest packet on it was kept.
    newest: Instant,
}

/// Where on the tape a packet lies, counted in bytes from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    position: u64,
    length: u16,
}

impl Place {
    /// Where nothing is.
    pub(crate) const NOWHERE: Self = Self {
        position: u64::MAX,
        length: 0,
    };
}

const REEL: u64 = limits::REEL_BYTES as u64;

impl Tape {
    /// Keeps a copy of a packet.
    pub(crate) fn keep(&mut self, packet: &[u8], now: Instant) -> Option<Place> {
        let length = u16::try_from(packet.len()).ok()?;
        let has_room = self
            .reels
            .back()
            .is_some_and(|reel| reel.filled + packet.len() <= reel.bytes.len());
        if !has_room {
            self.turn(now);
        }
        let number = self.gone + self.reels.len().checked_sub(1)? as u64;
        let reel = self.reels.back_mut()?;
        let start = reel.filled;
        reel.bytes
            .get_mut(start..start + packet.len())?
            .copy_from_slice(packet);
        reel.filled += packet.len();
        reel.newest = now;
        let position = number * REEL + start as u64;
        Some(Place { position, length })
    }

    /// The packet that was kept there, unless it was written over.
    pub(crate) fn at(&self, place: Place) -> Option<&[u8]> {
        let number = (place.position / REEL).checked_sub(self.gone)?;
        let reel = self.reels.get(usize::try_from(number).ok()?)?;
        let start = usize::try_from(place.position % REEL).ok()?;
        reel.bytes.get(start..start + usize::from(place.length))
    }

    /// Gives back memory: all of it when nothing has been kept for a while, and what is much too
    /// old when less is kept than before. Two reels take turns however slowly they fill.
    pub(crate) fn trim(&mut self, now: Instant) {
        let is_old = |reel: &Reel| reel.is_older(now, 2 * limits::KEPT_FOR);
        let least = if self.reels.back().is_some_and(is_old) {
            0
        } else {
            2
        };
        while self.reels.len() > least && self.reels.front().is_some_and(is_old) {
            self.reels.pop_front();
            self.gone += 1;
        }
    }

    /// Bytes of memory that it holds.
    pub(crate) fn held(&self) -> usize {
        self.reels.len() * limits::REEL_BYTES
    }

    /// Begins another reel: the oldest once more if it is old enough, or if there may be no more.
    fn turn(&mut self, now: Instant) {
        let is_spent = self.held() >= limits::TAPE_BYTES
            || self
                .reels
                .front()
                .is_some_and(|oldest| oldest.is_older(now, limits::KEPT_FOR));
        let spent = if is_spent {
            self.reels.pop_front()
        } else {
            None
        };
        self.gone += u64::from(spent.is_some());
        let bytes = spent.map_or_else(
            || vec![0; limits::REEL_BYTES].into_boxed_slice(),
            |reel| reel.bytes,
        );
        self.reels.push_back(Reel {
            bytes,
            filled: 0,
            newest: now,
        });
    }
}

impl Reel {
    fn is_older(&self, now: Instant, age: Duration) -> bool {
        now.saturating_duration_since(self.newest) > age
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::clock::any_instant;

    const PACKET: [u8; 1200] = [7; 1200];
    const PACKETS_ON_A_REEL: usize = limits::REEL_BYTES / PACKET.len();

    fn fill_reels(tape: &mut Tape, reels: usize, now: Instant) -> Place {
        for _ in 1..reels * PACKETS_ON_A_REEL {
            tape.keep(&PACKET, now).expect("there is room");
        }
        tape.keep(&PACKET, now).expect("there is room")
    }

    #[test]
    fn every_packet_is_found_where_it_was_put() {
        let now = any_instant();
        let mut tape = Tape::default();
        let places: Vec<_> = (0..=u8::MAX)
            .cycle()
            .take(3 * PACKETS_ON_A_REEL)
            .map(|byte| (byte, tape.keep(&[byte; 1200], now).expect("there is room")))
            .collect();
        for (byte, place) in places {
            assert_eq!(tape.at(place), Some(&[byte; 1200][..]));
        }
        assert_eq!(tape.at(Place::NOWHERE), None);
    }

    #[test]
    fn what_is_young_is_not_written_over_and_what_is_old_is() {
        let start = any_instant();
        let mut tape = Tape::default();
        let first = tape.keep(b"first", start).expect("there is room");
        fill_reels(&mut tape, 3, start + limits::KEPT_FOR);
        assert_eq!(tape.at(first), Some(&b"first"[..]));
        let held = tape.held();
        fill_reels(&mut tape, 2, start + 3 * limits::KEPT_FOR);
        assert_eq!(tape.at(first), None);
        assert_eq!(tape.held(), held, "old reels serve again");
    }

    #[test]
    fn the_tape_is_bounded_whatever_is_sent() {
        let now = any_instant();
        let mut tape = Tape::default();
        let reels = limits::TAPE_BYTES / limits::REEL_BYTES;
        let last = fill_reels(&mut tape, reels + 3, now);
        assert_eq!(tape.held(), limits::TAPE_BYTES);
        assert_eq!(tape.at(last), Some(&PACKET[..]));
    }

    #[test]
    fn memory_is_given_back_when_less_is_sent() {
        let start = any_instant();
        let mut tape = Tape::default();
        let last = fill_reels(&mut tape, 5, start);
        tape.trim(start + limits::KEPT_FOR);
        assert_eq!(tape.at(last), Some(&PACKET[..]));
        let late = start + 3 * limits::KEPT_FOR;
        fill_reels(&mut tape, 2, late);
        tape.trim(late);
        assert_eq!((tape.held(), tape.at(last)), (2 * limits::REEL_BYTES, None));
    }

    #[test]
    fn nothing_is_held_for_a_shard_that_is_silent() {
        let start = any_instant();
        let mut tape = Tape::default();
        let last = fill_reels(&mut tape, 2, start);
        let late = start + 3 * limits::KEPT_FOR;
        tape.trim(late);
        assert_eq!((tape.held(), tape.at(last)), (0, None));
        let next = tape.keep(b"next", late).expect("there is room");
        assert_eq!((tape.at(last), tape.at(next)), (None, Some(&b"next"[..])));
    }

    #[test]
    fn what_is_kept_at_a_steady_rate_takes_no_new_memory() {
        let start = any_instant();
        for packets_per_second in [20, 200, 2_000, 20_000] {
            let mut tape = Tape::default();
            let at = |packet: u64| start + Duration::from_secs(packet) / packets_per_second;
            let settled = u64::from(packets_per_second) * 3 + 5 * PACKETS_ON_A_REEL as u64;
            let mut held = 0;
            for packet in 0..2 * settled {
                tape.keep(&PACKET, at(packet)).expect("there is room");
                tape.trim(at(packet));
                if packet == settled {
                    held = tape.held();
                }
                assert!(packet <= settled || tape.held() == held, "packet {packet}");
            }
        }
    }
}
