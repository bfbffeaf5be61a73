//! Makes the packets of one visitor: a voice like Opus, a picture like VP8.

use super::hello;
use super::kept::Kept;
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

    /// Each datagram by itself.
    pub(super) fn datagrams(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.bytes.as_slice();
        self.lengths.iter().map_while(move |length| {
            let (datagram, after) = rest.split_at_checked(*length)?;
            rest = after;
            Some(datagram)
        })
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
/// Payload and stamp of a voice's packets: 32 kbit/s.
const VOICE_BYTES: usize = 80;
/// Payload and stamp of a picture's packets: 1,100 bytes on the wire.
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
    kept: Option<Kept>,
}

impl Stream {
    pub(super) const fn new(ssrc: u32, payload_type: u8) -> Self {
        Self {
            ssrc,
            payload_type,
            index: 1,
            packets: 0,
            octets: 0,
            kept: None,
        }
    }

    /// What is sent can be asked for again.
    pub(super) fn keeping(self) -> Self {
        Self {
            kept: Some(Kept::default()),
            ..self
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
        let stamp = self.stamp(timestamp, (0, 1));
        self.packet(stream, timestamp, &stamp, (&[], VOICE_BYTES));
    }

    /// One picture of so many bytes.
    pub(super) fn show(&mut self, stream: &mut Stream, timestamp: u32, bytes: usize, is_key: bool) {
        let bytes = if is_key {
            bytes * KEYFRAME_FACTOR
        } else {
            bytes
        };
        let count = bytes.div_ceil(PICTURE_BYTES).max(1);
        let parts = u16::try_from(count).unwrap_or(u16::MAX);
        for part in 0..parts {
            // The S bit begins a picture; the P bit of its tag is 0 in a keyframe.
            let head = match part {
                0 => [0x10, u8::from(!is_key), 0, 0],
                _ => [0; DESCRIPTOR_BYTES],
            };
            let rest = bytes - usize::from(part) * PICTURE_BYTES;
            let rest = rest.clamp(DESCRIPTOR_BYTES + STAMP_BYTES, PICTURE_BYTES);
            let stamp = self.stamp(timestamp, (part, parts));
            self.packet(stream, timestamp, &stamp, (&head, rest));
        }
    }

    /// A packet once more, by the stream made for that (RFC 4588, 4), if it is still there.
    pub(super) fn resend(&mut self, stream: &Stream, rtx: &mut Stream, sequence: u16) {
        let kept = stream.kept.as_ref().and_then(|kept| kept.find(sequence));
        let Some((header, rest)) = kept.and_then(|kept| kept.split_at_checked(HEADER_BYTES)) else {
            return;
        };
        let marker = header.get(1).is_some_and(|second| second & 0x80 != 0);
        let timestamp = header.get(4..8).and_then(|field| field.try_into().ok());
        let timestamp = timestamp.map_or(0, u32::from_be_bytes);
        let start = self.begin(rtx, timestamp, marker);
        self.out.bytes.extend(sequence.to_be_bytes());
        self.out.bytes.extend_from_slice(rest);
        self.finish(rtx, start);
    }

    /// The time of a picture is its name, too.
    fn stamp(&self, timestamp: u32, (part, parts): (u16, u16)) -> Stamp {
        Stamp {
            sender: self.sender,
            sent_us: self.now_us,
            count: timestamp,
            part,
            parts,
            content: u16::from_be_bytes([0, timestamp.to_be_bytes()[2]]),
        }
    }

    /// `size` is that of payload and stamp.
    fn packet(
        &mut self,
        stream: &mut Stream,
        timestamp: u32,
        stamp: &Stamp,
        (head, size): (&[u8], usize),
    ) {
        let is_last = stream.payload_type == hello::VIDEO && stamp.part + 1 == stamp.parts;
        let start = self.begin(stream, timestamp, is_last);
        let [_, fill] = stamp.content.to_be_bytes();
        let bytes = &mut self.out.bytes;
        bytes.extend_from_slice(head);
        bytes.resize(start + HEADER_BYTES + size - STAMP_BYTES, fill);
        bytes.extend(stamp.bytes());
        if let (Some(kept), Some(packet)) = (&mut stream.kept, bytes.get(start..)) {
            kept.keep(stream.index, packet);
        }
        self.finish(stream, start);
    }

    /// Writes a header; answers where it begins.
    fn begin(&mut self, stream: &Stream, timestamp: u32, marker: bool) -> usize {
        let [.., high, low] = stream.index.to_be_bytes();
        let bytes = &mut self.out.bytes;
        let start = bytes.len();
        let marker = if marker { 0x80 } else { 0 };
        // Version 2, with padding and extension.
        bytes.extend([0xb0, stream.payload_type | marker, high, low]);
        bytes.extend(timestamp.to_be_bytes());
        bytes.extend(stream.ssrc.to_be_bytes());
        let [number_high, number_low] = self.transport.to_be_bytes();
        // One element in the one-byte form (RFC 8285, 4.2).
        let id = (TRANSPORT_CC << 4) | 1;
        bytes.extend([0xbe, 0xde, 0, 1, id, number_high, number_low, 0]);
        *self.transport = self.transport.wrapping_add(1);
        start
    }

    /// Encrypts what was written since `start`.
    fn finish(&mut self, stream: &mut Stream, start: usize) {
        let bytes = &mut self.out.bytes;
        let length = bytes.len() - start;
        bytes.resize(start + length + TAG_BYTES, 0);
        let room = bytes.get_mut(start..).unwrap_or_default();
        let protected = self.outbound.protect_rtp(room, length, stream.index);
        let protected = protected.unwrap_or(0);
        bytes.truncate(start + protected);
        if protected > 0 {
            self.out.lengths.push(protected);
        }
        stream.index += 1;
        stream.packets = stream.packets.wrapping_add(1);
        let octets = u32::try_from(length - HEADER_BYTES).unwrap_or(0);
        stream.octets = stream.octets.wrapping_add(octets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::Header;
    use crate::srtp::{Inbound, KeyPair, Profile, ReplayWindow};

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
        let lengths: Vec<usize> = batch.datagrams().map(<[u8]>::len).collect();
        assert_eq!(lengths, [10, 10, 10, 4, 4, 9]);
        assert_eq!(runs(64), [(34, 10), (4, 4), (9, 9)]);
        assert_eq!(
            runs(1),
            [(10, 10), (10, 10), (10, 10), (4, 4), (4, 4), (9, 9)]
        );
    }

    fn keys() -> KeyPair {
        let profile = Profile::AeadAes256Gcm;
        let keys = KeyPair::from_exporter(profile, &vec![1; profile.exporter_length()]);
        keys.expect("the right length")
    }

    #[test]
    fn a_picture_is_cut_into_packets_of_one_length() {
        let mut outbound = Outbound::new(&keys().client);
        let mut out = Batch::default();
        let mut press = Press {
            outbound: &mut outbound,
            transport: &mut 0,
            sender: 1,
            now_us: 5,
            out: &mut out,
        };
        let mut stream = Stream::new(9, hello::VIDEO);
        press.show(&mut stream, 0, 2500, false);
        press.speak(&mut Stream::new(8, hello::AUDIO), 0);
        assert_eq!(out.lengths, [1100, 1100, 408, 116]);
        assert_eq!(stream.report(0, 0).packets, 3);
    }

    #[test]
    fn what_is_asked_for_goes_again_under_its_old_number() {
        let keys = keys();
        let mut outbound = Outbound::new(&keys.client);
        let mut out = Batch::default();
        let mut press = Press {
            outbound: &mut outbound,
            transport: &mut 7,
            sender: 1,
            now_us: 5,
            out: &mut out,
        };
        let mut stream = Stream::new(9, hello::VIDEO).keeping();
        let mut rtx = Stream::new(10, hello::RTX);
        press.show(&mut stream, 77, 2500, false);
        press.resend(&stream, &mut rtx, 3);
        press.resend(&stream, &mut rtx, 4);
        assert_eq!(out.count(), 4, "the last was never sent");
        let mut plain: Vec<(Header, Vec<u8>)> = Vec::new();
        for datagram in out.datagrams() {
            let header = Header::parse(datagram).expect("RTP");
            let mut packet = datagram.to_vec();
            let inbound = Inbound::new(&keys.client);
            let opened = inbound.unprotect_rtp(&mut ReplayWindow::new(), &mut packet, &header);
            packet.truncate(opened.expect("genuine").length);
            plain.push((header, packet));
        }
        let [_, _, (original, sent), (again, resent)] = &plain[..] else {
            panic!("{}", plain.len());
        };
        assert_eq!((again.ssrc, again.payload_type), (10, hello::RTX));
        assert_eq!((original.marker, again.marker), (true, true));
        assert_eq!((original.timestamp, again.timestamp), (77, 77));
        assert_eq!(resent[again.length..again.length + 2], [0, 3]);
        assert_eq!(resent[again.length + 2..], sent[original.length..]);
        assert_eq!(Stamp::read(resent), Stamp::read(sent));
        assert!(Stamp::read(sent).is_some());
    }
}
