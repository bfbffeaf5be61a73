//! Packets of a picture that a visitor has sent and keeps, in case they are asked for again.

use crate::limits;

/// The last packets of one stream, in clear.
#[derive(Default)]
pub(super) struct Kept {
    /// Slot `index % len`; made with the first packet.
    slots: Vec<(u64, Vec<u8>)>,
}

impl Kept {
    /// Keeps a copy.
    pub(super) fn keep(&mut self, index: u64, packet: &[u8]) {
        if self.slots.is_empty() {
            self.slots = vec![(u64::MAX, Vec::new()); limits::RING_PACKETS];
        }
        if let Some((of, bytes)) = self.slots.get_mut(slot_of(index)) {
            *of = index;
            bytes.clear();
            bytes.extend_from_slice(packet);
        }
    }

    /// The newest packet with this sequence number.
    pub(super) fn find(&self, sequence: u16) -> Option<&[u8]> {
        let slot = self.slots.get(slot_of(sequence.into()));
        let (_, bytes) = slot.filter(|(index, _)| index & 0xffff == u64::from(sequence))?;
        Some(bytes)
    }
}

fn slot_of(index: u64) -> usize {
    usize::try_from(index).unwrap_or(0) % limits::RING_PACKETS
}

// The place of a packet follows from its sequence number alone.
const _: () = assert!(0x1_0000_usize.is_multiple_of(limits::RING_PACKETS));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_found_until_its_place_is_needed() {
        let mut kept = Kept::default();
        assert_eq!(kept.find(3), None);
        kept.keep(0x1_0003, b"three");
        assert_eq!(kept.find(3), Some(&b"three"[..]));
        assert_eq!(kept.find(4), None);
        kept.keep(0x1_0003 + limits::RING_PACKETS as u64, b"later");
        assert_eq!(kept.find(3), None);
    }
}
