//! The ring of recent packets of a picture: a receiver's NACK is answered from here when it can be.

use std::time::{Duration, Instant};

use crate::limits;

/// Recent packets of one downlink's picture as they were sent, before protection.
#[derive(Default)]
pub(crate) struct Ring {
    /// Slot `index % len`; made with the first packet.
    slots: Vec<Slot>,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Slot {
    index: u64,
    length: usize,
    resent: Option<Instant>,
}

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
    pub(crate) fn keep(&mut self, index: u64, packet: &[u8]) {
        if packet.len() > limits::DATAGRAM_BYTES {
            return;
        }
        if self.slots.is_empty() {
            let empty = Slot {
                index: u64::MAX,
                length: 0,
                resent: None,
            };
            self.slots = vec![empty; limits::RING_PACKETS];
            self.bytes = vec![0; limits::RING_PACKETS * limits::DATAGRAM_BYTES];
        }
        let at = slot_of(index);
        let start = at * limits::DATAGRAM_BYTES;
        if let (Some(slot), Some(room)) = (
            self.slots.get_mut(at),
            self.bytes.get_mut(start..start + packet.len()),
        ) {
            room.copy_from_slice(packet);
            *slot = Slot {
                index,
                length: packet.len(),
                resent: None,
            };
        }
    }

    /// Looks for a packet to resend, and notes that it is resent now.
    pub(crate) fn take(&mut self, index: u64, now: Instant) -> Kept<'_> {
        let at = slot_of(index);
        let Some(slot) = self.slots.get_mut(at).filter(|slot| slot.index == index) else {
            return Kept::Missing;
        };
        if slot
            .resent
            .is_some_and(|then| now.saturating_duration_since(then) < RESEND_PAUSE)
        {
            return Kept::JustResent;
        }
        slot.resent = Some(now);
        let start = at * limits::DATAGRAM_BYTES;
        self.bytes
            .get(start..start + slot.length)
            .map_or(Kept::Missing, Kept::Packet)
    }

    /// Forgets every packet, keeps the memory: what belongs to the last match stays there.
    pub(crate) fn clear(&mut self) {
        for slot in &mut self.slots {
            slot.index = u64::MAX;
        }
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
        let mut ring = Ring::default();
        assert_eq!(ring.take(3, now), Kept::Missing);
        ring.keep(3, b"three");
        assert_eq!(ring.take(3, now), Kept::Packet(b"three"));
        assert_eq!(ring.take(3, now), Kept::JustResent);
        assert_eq!(ring.take(3, now + RESEND_PAUSE), Kept::Packet(b"three"));
        ring.keep(
            3 + u64::try_from(limits::RING_PACKETS).expect("small"),
            b"later",
        );
        assert_eq!(ring.take(3, now), Kept::Missing);
    }

    #[test]
    fn nothing_is_found_after_clearing() {
        let now = any_instant();
        let mut ring = Ring::default();
        ring.keep(1, b"one");
        ring.clear();
        assert_eq!(ring.take(1, now), Kept::Missing);
    }
}
