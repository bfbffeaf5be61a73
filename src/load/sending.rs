//! Makes the packets of one visitor: a voice like Opus, a picture like VP8.

use super::clip;
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
/// The shortest VP8 payload descriptor (RFC 7741, 4.2): only the S bit, where a picture begins.
const DESCRIPTOR_BYTES: usize = 1;
/// What one packet holds of a picture at most.
const CONTENT_BYTES: usize = PICTURE_BYTES - STAMP_BYTES - DESCRIPTOR_BYTES;
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
        let stamp = self.stamp(timestamp, (0, 1), 0);
        let start = self.begin(stream, timestamp, false);
        let bytes = &mut self.out.bytes;
        let end = bytes.len() + VOICE_BYTES - STAMP_BYTES;
        bytes.resize(end, voice_byte(&stamp));
        bytes.extend(stamp.bytes());
        self.finish(stream, start);
    }

    /// One picture of the clip, filled up with zeros to so many bytes, stamps included.
    pub(super) fn show(
        &mut self,
        stream: &mut Stream,
        timestamp: u32,
        (position, bytes): (u16, usize),
    ) {
        let picture = clip::picture(position);
        let factor = if position == 0 { KEYFRAME_FACTOR } else { 1 };
        let needed = picture.len().div_ceil(CONTENT_BYTES);
        let needed = picture.len() + needed * (DESCRIPTOR_BYTES + STAMP_BYTES);
        let bytes = needed.max(bytes * factor);
        let parts = u16::try_from(bytes.div_ceil(PICTURE_BYTES)).unwrap_or(u16::MAX);
        for part in 0..parts {
            let rest = bytes - usize::from(part) * PICTURE_BYTES;
            let least = DESCRIPTOR_BYTES + STAMP_BYTES;
            let size = rest.clamp(least, PICTURE_BYTES) - least;
            let rest = picture.get(usize::from(part) * CONTENT_BYTES..);
            let rest = rest.unwrap_or_default();
            let real = rest.get(..size).unwrap_or(rest);
            let stamp = self.stamp(timestamp, (part, parts), position);
            let start = self.begin(stream, timestamp, part + 1 == parts);
            let bytes = &mut self.out.bytes;
            bytes.push(if part == 0 { 0x10 } else { 0 });
            bytes.extend_from_slice(real);
            bytes.resize(bytes.len() + size - real.len(), 0);
            bytes.extend(stamp.bytes());
            if let (Some(kept), Some(packet)) = (&mut stream.kept, bytes.get(start..)) {
                kept.keep(stream.index, packet);
            }
            self.finish(stream, start);
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
    const fn stamp(&self, timestamp: u32, (part, parts): (u16, u16), position: u16) -> Stamp {
        Stamp {
            sender: self.sender,
            sent_us: self.now_us,
            count: timestamp,
            part,
            parts,
            position,
        }
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

/// Whether a voice's payload is what was sent.
pub(super) fn voice_fits(stamp: &Stamp, payload: &[u8]) -> bool {
    let expected = voice_byte(stamp);
    payload.iter().all(|byte| *byte == expected)
}

/// Whether the payload of a picture's packet is what was sent.
pub(super) fn picture_fits(stamp: &Stamp, payload: &[u8]) -> bool {
    let offset = usize::from(stamp.part) * CONTENT_BYTES;
    let content = payload.get(DESCRIPTOR_BYTES..);
    content.is_some_and(|content| clip::has(stamp.position, offset, content))
}

/// A voice is one byte over and over, another in each packet.
const fn voice_byte(stamp: &Stamp) -> u8 {
    let [_, _, byte, _] = stamp.count.to_be_bytes();
    byte
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::VideoCodec;
    use crate::load::hello;
    use crate::rtp::{self, Header};
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
        press.show(&mut stream, 0, (1, 2500));
        press.speak(&mut Stream::new(8, hello::AUDIO), 0);
        assert_eq!(out.lengths, [1100, 1100, 408, 116]);
        assert_eq!(stream.report(0, 0).packets, 3);
    }

    /// What is sent, in clear.
    fn opened(out: &Batch, keys: &KeyPair) -> Vec<(Header, Vec<u8>)> {
        let inbound = Inbound::new(&keys.client);
        let opened = out.datagrams().map(|datagram| {
            let header = Header::parse(datagram).expect("RTP");
            let mut packet = datagram.to_vec();
            let opened = inbound.unprotect_rtp(&mut ReplayWindow::new(), &mut packet, &header);
            packet.truncate(opened.expect("genuine").length);
            (header, packet)
        });
        opened.collect()
    }

    /// A VP8 keyframe in the file format that holds one (RFC 9649, 2.5), decoded.
    fn decoded(keyframe: &[u8]) -> (u32, u32, Vec<u8>) {
        let size = |bytes: usize| u32::try_from(bytes).expect("small").to_le_bytes();
        let file = [
            b"RIFF",
            &size(keyframe.len() + 12)[..],
            b"WEBPVP8 ",
            &size(keyframe.len()),
            keyframe,
        ];
        let file = std::io::Cursor::new(file.concat());
        let mut decoder = image_webp::WebPDecoder::new(file).expect("a picture");
        let (width, height) = decoder.dimensions();
        let mut pixels = vec![0; decoder.output_buffer_size().expect("small")];
        decoder.read_image(&mut pixels).expect("it can be decoded");
        (width, height, pixels)
    }

    #[test]
    fn a_keyframe_can_be_decoded_from_its_packets() {
        let keys = keys();
        let mut outbound = Outbound::new(&keys.client);
        // Less than the picture needs, and more.
        for bytes in [10, 5000] {
            let mut out = Batch::default();
            let mut press = Press {
                outbound: &mut outbound,
                transport: &mut 0,
                sender: 1,
                now_us: 5,
                out: &mut out,
            };
            let mut stream = Stream::new(bytes, hello::VIDEO);
            press.show(&mut stream, 0, (0, bytes as usize));
            let mut keyframe = Vec::new();
            for (at, (header, packet)) in opened(&out, &keys).iter().enumerate() {
                let payload = rtp::payload(packet, header).expect("padding is counted");
                let stamp = Stamp::read(packet).expect("stamped");
                assert!(picture_fits(&stamp, payload));
                assert_eq!(rtp::starts_keyframe(VideoCodec::Vp8, payload), at == 0);
                keyframe.extend_from_slice(&payload[DESCRIPTOR_BYTES..]);
            }
            assert!(keyframe.starts_with(clip::picture(0)));
            assert!(keyframe.len() <= clip::picture(0).len().max(3 * 5000));
            let even = keyframe.len() & !1;
            let (width, height, pixels) = decoded(&keyframe[..even]);
            assert_eq!((width, height), (320, 240));
            let pixel = |x: usize, y: usize| &pixels[(y * 320 + x) * 3..][..3];
            let (eye, cheek) = (pixel(130, 108), pixel(120, 140));
            assert!(eye.iter().all(|part| *part < 90), "{eye:?}");
            assert!(cheek[0] > 190 && cheek[2] < 180, "{cheek:?}");
        }
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
        press.show(&mut stream, 77, (1, 2500));
        press.resend(&stream, &mut rtx, 3);
        press.resend(&stream, &mut rtx, 4);
        assert_eq!(out.count(), 4, "the last was never sent");
        let plain = opened(&out, &keys);
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
