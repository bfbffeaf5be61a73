//! What a simulated packet carries: who sent it, when, and where in a picture it belongs. It stands
//! in the packet's padding (RFC 3550, 5.1), so that the payload is free to be a real picture.

use std::ops::Range;

/// Length of the padding, in bytes.
pub(super) const STAMP_BYTES: usize = 28;
const MARK: [u8; 4] = *b"vvld";

/// What the padding says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stamp {
    /// The visitor who sent it.
    pub(super) sender: u32,
    /// When, in microseconds since the run began.
    pub(super) sent_us: u64,
    /// Which of the sender's pictures, or packets of a voice.
    pub(super) count: u32,
    /// Which packet of how many of the picture.
    pub(super) part: u16,
    pub(super) parts: u16,
    /// Which picture of the clip it is.
    pub(super) position: u16,
}

impl Stamp {
    /// The padding as it is sent.
    pub(super) fn bytes(self) -> [u8; STAMP_BYTES] {
        let mut bytes = [0; STAMP_BYTES];
        let parts: [&[u8]; 7] = [
            &MARK,
            &self.sender.to_be_bytes(),
            &self.sent_us.to_be_bytes(),
            &self.count.to_be_bytes(),
            &self.part.to_be_bytes(),
            &self.parts.to_be_bytes(),
            &self.position.to_be_bytes(),
        ];
        for (place, byte) in bytes.iter_mut().zip(parts.into_iter().flatten()) {
            *place = *byte;
        }
        // The last byte counts the padding.
        if let Some(last) = bytes.last_mut() {
            *last = u8::try_from(STAMP_BYTES).unwrap_or(0);
        }
        bytes
    }

    /// The stamp at the end of a packet.
    pub(super) fn read(packet: &[u8]) -> Option<Self> {
        let bytes = packet.last_chunk::<STAMP_BYTES>()?;
        let field = |range: Range<usize>| bytes.get(range);
        let short = |at| Some(u16::from_be_bytes(field(at..at + 2)?.try_into().ok()?));
        let word = |at| Some(u32::from_be_bytes(field(at..at + 4)?.try_into().ok()?));
        let stamp = Self {
            sender: word(4)?,
            sent_us: u64::from_be_bytes(field(8..16)?.try_into().ok()?),
            count: word(16)?,
            part: short(20)?,
            parts: short(22)?,
            position: short(24)?,
        };
        (*bytes == stamp.bytes()).then_some(stamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_changed_byte_is_seen() {
        let stamp = Stamp {
            sender: 7,
            sent_us: 1 << 40,
            count: 0x1234,
            part: 2,
            parts: 3,
            position: 9,
        };
        let packet = [&[0; 60][..], &stamp.bytes()].concat();
        assert_eq!(Stamp::read(&packet), Some(stamp));
        for at in 60..packet.len() {
            let mut altered = packet.clone();
            altered[at] ^= 1;
            assert_ne!(Stamp::read(&altered), Some(stamp), "byte {at}");
        }
        assert_eq!(Stamp::read(&packet[..packet.len() - 1]), None);
        assert_eq!(Stamp::read(&[0; STAMP_BYTES - 1]), None);
    }
}
