//! The ring of recent packets of a picture: a receiver's NACK is answered from here when it can be.

use std::time::{Duration, Instant};

use super::tape::{Place, Tape};
use crate::limits;

/// Where the recent packets of one downlink's picture are kept, as they were sent, before
/// protection: on the tape of the shard that holds the downlink.
#[derive(Default)]
pub(crate) struct Ring {
    /// Slot `index % len`; made with the first packet.
    slots: Vec<Slot>,
    /// What was resent last, and when, by the same slots; made with the first request.
    resent: Vec<Option<(u64, Instant)>>,
}

#[derive(Clone, Copy)]
struct Slot {
    index: u64,
    place: Place,
}

const EMPTY: Slot = Slot {
    index: u64::MAX,
    place: Place::NOWHERE,
};

/// A second request for a packet just resent crosses it on the way.
const RESEND_PAUSE: Duration = Duration::from_millis(15);

/// What the ring says to a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kept<'a> {
    /// Here it is.
    Packet(&'a [u8]),
    /// It was resent a moment ago.
    JustResent,
    /// Not here: never sent, or too old.
    Missing,
}

impl Ring {
    /// Keeps a copy of a packet.
    pub(crate) fn keep(&mut self, index: u64, packet: &[u8], tape: &mut Tape, now: Instant) {
        if self.slots.is_empty() {
            self.slots = vec![EMPTY; limits::RING_PACKETS];
        }
        if let (Some(slot), Some(place)) =
            (self.slots.get_mut(slot_of(index)), tape.keep(packet, now))
        {
            *slot = Slot { index, place };
        }
    }

    /// Reads the slot that a packet will have, so that it is in the cache by then.
    pub(crate) fn glance(&self, index: u64) {
        let slot = self.slots.get(slot_of(index));
        std::hint::black_box(slot.map(|slot| slot.index));
    }

    /// Looks for a packet to resend, and notes that it is resent now.
    pub(crate) fn take<'a>(&mut self, index: u64, tape: &'a Tape, now: Instant) -> Kept<'a> {
        let at = slot_of(index);
        let slot = self.slots.get(at).filter(|slot| slot.index == index);
        let Some(packet) = slot.and_then(|slot| tape.at(slot.place)) else {
            return Kept::Missing;
        };
        if self.resent.is_empty() {
            self.resent = vec![None; limits::RING_PACKETS];
        }
        let Some(resent) = self.resent.get_mut(at) else {
            return Kept::Missing;
        };
        let is_under_way = resent.is_some_and(|(of, then)| {
            of == index && now.saturating_duration_since(then) < RESEND_PAUSE
        });
        if is_under_way {
            return Kept::JustResent;
        }
        *resent = Some((index, now));
        Kept::Packet(packet)
    }

    /// Forgets every packet, keeps its own memory: what belongs to the last match stays there, and
    /// the tape may be another shard's from now on.
    pub(crate) fn clear(&mut self) {
        self.slots.fill(EMPTY);
    }
}

fn slot_of(index: u64) -> usize {
    usize::try_from(index).unwrap_or(0) % limits::RING_PACKETS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::clock::any_instant;

    #[test]
    fn a_packet_is_found_until_its_slot_is_needed() {
        let now = any_instant();
        let (mut ring, mut tape) = (Ring::default(), Tape::default());
        assert_eq!(ring.take(3, &tape, now), Kept::Missing);
        ring.keep(3, b"three", &mut tape, now);
        assert_eq!(ring.take(3, &tape, now), Kept::Packet(b"three"));
        assert_eq!(ring.take(3, &tape, now), Kept::JustResent);
        let later = now + RESEND_PAUSE;
        assert_eq!(ring.take(3, &tape, later), Kept::Packet(b"three"));
        let next = 3 + u64::try_from(limits::RING_PACKETS).expect("small");
        ring.keep(next, b"later", &mut tape, now);
        assert_eq!(ring.take(3, &tape, now), Kept::Missing);
        assert_eq!(ring.take(next, &tape, now), Kept::Packet(b"later"));
    }

    #[test]
    fn a_packet_is_found_until_the_tape_is_written_over() {
        let start = any_instant();
        let (mut ring, mut tape) = (Ring::default(), Tape::default());
        ring.keep(3, b"three", &mut tape, start);
        let late = start + 3 * limits::KEPT_FOR;
        assert_eq!(ring.take(3, &tape, late), Kept::Packet(b"three"));
        tape.trim(late);
        assert_eq!(ring.take(3, &tape, late), Kept::Missing);
    }

    #[test]
    fn nothing_is_found_after_clearing() {
        let now = any_instant();
        let (mut ring, mut tape) = (Ring::default(), Tape::default());
        ring.keep(1, b"one", &mut tape, now);
        ring.clear();
        assert_eq!(ring.take(1, &tape, now), Kept::Missing);
    }
}
