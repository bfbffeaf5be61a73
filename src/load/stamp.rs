//! What a simulated packet carries: who sent it, when, and bytes that tell whether it is whole.

/// Length of the stamp itself, in bytes.
pub(super) const STAMP_BYTES: usize = 20;
const MARK: [u8; 4] = *b"vvld";

/// What the head of a payload says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stamp {
    /// The visitor who sent it.
    pub(super) sender: u32,
    /// When, in microseconds since the run began.
    pub(super) sent_us: u64,
    /// A count of the sender's packets.
    pub(super) count: u32,
}

impl Stamp {
    /// Fills `room` with the stamp and the bytes that follow from it.
    pub(super) fn write(self, room: &mut [u8]) {
        let [.., fill] = self.count.to_be_bytes();
        room.fill(fill);
        let parts: [&[u8]; 4] = [
            &MARK,
            &self.sender.to_be_bytes(),
            &self.sent_us.to_be_bytes(),
            &self.count.to_be_bytes(),
        ];
        for (place, byte) in room.iter_mut().zip(parts.into_iter().flatten()) {
            *place = *byte;
        }
    }

    /// The stamp of a payload. `None` unless every byte is as it was sent.
    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        let (mark, rest) = payload.split_first_chunk::<4>()?;
        let (sender, rest) = rest.split_first_chunk::<4>()?;
        let (sent_us, rest) = rest.split_first_chunk::<8>()?;
        let (count, filling) = rest.split_first_chunk::<4>()?;
        let [.., fill] = *count;
        // Without an early end, so that the compiler compares many bytes at a time.
        let differ = filling
            .iter()
            .fold(0, |differ, byte| differ | (byte ^ fill));
        (*mark == MARK && differ == 0).then(|| Self {
            sender: u32::from_be_bytes(*sender),
            sent_us: u64::from_be_bytes(*sent_us),
            count: u32::from_be_bytes(*count),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_changed_byte_is_seen_where_it_matters() {
        let stamp = Stamp {
            sender: 7,
            sent_us: 1 << 40,
            count: 0x1234,
        };
        let mut payload = vec![0; 60];
        stamp.write(&mut payload);
        assert_eq!(Stamp::read(&payload), Some(stamp));
        for at in 0..payload.len() {
            let mut altered = payload.clone();
            altered[at] ^= 1;
            assert_ne!(Stamp::read(&altered), Some(stamp), "byte {at}");
        }
        assert_eq!(Stamp::read(&payload[..STAMP_BYTES - 1]), None);
    }
}
