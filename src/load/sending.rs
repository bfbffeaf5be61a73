//! Makes the packets of one visitor: a voice like Opus, a picture like VP8.

use super::stamp::{STAMP_BYTES, Stamp};
use crate::rtp::rtcp::SenderReport;
use crate::srtp::Outbound;

/// Packets to one address, side by side: each run of equal length is one segmented send.
#[derive(Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    lengths: Vec<usize>,
}

impl Batch {
    /// Adds a finished datagram.
    pub(super) fn push(&mut self, datagram: &[u8]) {
        self.bytes.extend_from_slice(datagram);
        self.lengths.push(datagram.len());
    }

    /// Runs of equal datagrams, the last of which may be shorter, and the length of each.
    pub(super) fn runs(&self, most: usize) -> Vec<(&[u8], usize)> {
        let mut runs = Vec::new();
        let (mut rest, mut lengths) = (self.bytes.as_slice(), self.lengths.as_slice());
        while let Some(&segment) = lengths.first() {
            let equal = lengths.iter().take(most).take_while(|n| **n == segment);
            let mut count = equal.count();
            let mut bytes = segment * count;
            if let Some(last) = lengths.get(count).filter(|n| **n < segment && count < most) {
                bytes += last;
                count += 1;
            }
            let Some((run, after)) = rest.split_at_checked(bytes) else {
                break;
            };
            runs.push((run, segment));
            rest = after;
            lengths = lengths.get(count..).unwrap_or_default();
        }
        runs
    }

    /// How many datagrams it holds.
    pub(super) fn count(&self) -> usize {
        self.lengths.len()
    }

    /// Forgets everything, keeps the memory.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.lengths.clear();
    }
}

/// The id under which every packet carries its transport-wide number.
pub(super) const TRANSPORT_CC: u8 = 3;
/// Length of RTP header and the one extension.
const HEADER_BYTES: usize = 20;
/// Room for the longest SRTP tag.
const TAG_BYTES: usize = 20;
/// A packet of a voice: 32 kbit/s.
const VOICE_BYTES: usize = 80;
/// Payload of a picture's packets: 1,100 bytes on the wire.
const PICTURE_BYTES: usize = 1064;
/// VP8 payload descriptor and frame tag (RFC 7741, 4.2 and 4.3).
pub(super) const DESCRIPTOR_BYTES: usize = 4;
/// How much larger a keyframe is.
const KEYFRAME_FACTOR: usize = 3;

/// One stream that a visitor sends.
pub(super) struct Stream {
    pub(super) ssrc: u32,
    payload_type: u8,
    index: u64,
    packets: u32,
    octets: u32,
}

impl Stream {
    pub(super) const fn new(ssrc: u32, payload_type: u8) -> Self {
        Self {
            ssrc,
            payload_type,
            index: 1,
            packets: 0,
            octets: 0,
        }
    }

    pub(super) const fn report(&self, ntp: u64, rtp_timestamp: u32) -> SenderReport {
        SenderReport {
            ssrc: self.ssrc,
            ntp,
            rtp_timestamp,
            packets: self.packets,
            octets: self.octets,
        }
    }
}

/// What packets are made with.
pub(super) struct Press<'a> {
    pub(super) outbound: &'a mut Outbound,
    /// The next transport-wide number.
    pub(super) transport: &'a mut u16,
    pub(super) sender: u32,
    pub(super) now_us: u64,
    pub(super) out: &'a mut Batch,
}

impl Press<'_> {
    /// One packet of a voice.
    pub(super) fn speak(&mut self, stream: &mut Stream, timestamp: u32) {
        self.packet(stream, (timestamp, false), &[], VOICE_BYTES);
    }

    /// One picture of so many bytes.
    pub(super) fn show(&mut self, stream: &mut Stream, timestamp: u32, bytes: usize, is_key: bool) {
        let bytes = if is_key {
            bytes * KEYFRAME_FACTOR
        } else {
            bytes
        };
        let count = bytes.div_ceil(PICTURE_BYTES).max(1);
        for part in 0..count {
            // The S bit begins a picture; the P bit of its tag is 0 in a keyframe.
            let head = match part {
                0 => [0x10, u8::from(!is_key), 0, 0],
                _ => [0; DESCRIPTOR_BYTES],
            };
            let rest = bytes - part * PICTURE_BYTES;
            let payload = rest.clamp(DESCRIPTOR_BYTES + STAMP_BYTES, PICTURE_BYTES);
            self.packet(stream, (timestamp, part + 1 == count), &head, payload);
        }
    }

    fn packet(
        &mut self,
        stream: &mut Stream,
        (timestamp, marker): (u32, bool),
        head: &[u8],
        payload: usize,
    ) {
        let [.., high, low] = stream.index.to_be_bytes();
        let start = self.out.bytes.len();
        let bytes = &mut self.out.bytes;
        let marker = if marker { 0x80 } else { 0 };
        bytes.extend([0x90, stream.payload_type | marker, high, low]);
        bytes.extend(timestamp.to_be_bytes());
        bytes.extend(stream.ssrc.to_be_bytes());
        let [number_high, number_low] = self.transport.to_be_bytes();
        // One element in the one-byte form (RFC 8285, 4.2).
        let id = (TRANSPORT_CC << 4) | 1;
        bytes.extend([0xbe, 0xde, 0, 1, id, number_high, number_low, 0]);
        bytes.extend_from_slice(head);
        let length = HEADER_BYTES + payload;
        bytes.resize(start + length + TAG_BYTES, 0);
        let stamp = Stamp {
            sender: self.sender,
            sent_us: self.now_us,
            count: stream.packets,
        };
        let body = start + HEADER_BYTES + head.len();
        if let Some(body) = bytes.get_mut(body..start + length) {
            stamp.write(body);
        }
        let room = bytes.get_mut(start..).unwrap_or_default();
        let protected = self.outbound.protect_rtp(room, length, stream.index);
        let length = protected.unwrap_or(0);
        bytes.truncate(start + length);
        if length > 0 {
            self.out.lengths.push(length);
        }
        *self.transport = self.transport.wrapping_add(1);
        stream.index += 1;
        stream.packets = stream.packets.wrapping_add(1);
        let octets = u32::try_from(payload).unwrap_or(0);
        stream.octets = stream.octets.wrapping_add(octets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::srtp::{KeyPair, Profile};

    #[test]
    fn equal_datagrams_are_sent_together_with_a_shorter_one_behind() {
        let mut batch = Batch::default();
        for length in [10, 10, 10, 4, 4, 9] {
            batch.push(&vec![1; length]);
        }
        let runs = |most| -> Vec<(usize, usize)> {
            let runs = batch.runs(most);
            runs.iter().map(|(b, n)| (b.len(), *n)).collect()
        };
        assert_eq!(runs(64), [(34, 10), (4, 4), (9, 9)]);
        assert_eq!(
            runs(1),
            [(10, 10), (10, 10), (10, 10), (4, 4), (4, 4), (9, 9)]
        );
    }

    #[test]
    fn a_picture_is_cut_into_packets_of_one_length() {
        let profile = Profile::AeadAes256Gcm;
        let keys = KeyPair::from_exporter(profile, &vec![1; profile.exporter_length()]);
        let mut outbound = Outbound::new(&keys.expect("the right length").client);
        let mut out = Batch::default();
        let mut press = Press {
            outbound: &mut outbound,
            transport: &mut 0,
            sender: 1,
            now_us: 5,
            out: &mut out,
        };
        let mut stream = Stream::new(9, 96);
        press.show(&mut stream, 0, 2500, false);
        press.speak(&mut Stream::new(8, 111), 0);
        assert_eq!(out.lengths, [1100, 1100, 408, 116]);
        assert_eq!(stream.report(0, 0).packets, 3);
    }
}
