//! The header of an RTP packet (RFC 3550, section 5.1), and its fields changed in place.

use super::bytes::{put, u16_at, u32_at};

const FIXED: usize = 12;
const MARKER: u8 = 0x80;

/// Where the header ends and what it says. The packet's bytes stay where they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// For a picture: this packet ends a frame.
    pub marker: bool,
    /// The payload ends with padding, whose last byte counts it.
    pub padding: bool,
    /// Which codec, by the numbers of the sender's SDP.
    pub payload_type: u8,
    /// Rises by one with each packet of the SSRC.
    pub sequence: u16,
    /// When the payload was taken, in the codec's clock.
    pub timestamp: u32,
    /// Whose packet it claims to be.
    pub ssrc: u32,
    /// How many contributing sources are named. A browser names none.
    pub csrcs: u8,
    /// Bytes before the payload: fixed part, contributing sources and extension block.
    pub length: usize,
    /// The header extensions, where there are any.
    pub extension: Option<ExtensionBlock>,
}

/// Where the header extensions of a packet lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExtensionBlock {
    /// Tells the form of the elements (RFC 8285): `0xBEDE` or `0x100x`.
    pub profile: u16,
    /// Offset of the first element in the packet.
    pub start: usize,
    /// Offset of the first byte after the block.
    pub end: usize,
}

impl Header {
    /// Reads the header of a packet, protected or not: SRTP leaves headers in clear.
    ///
    /// `None` unless the version is 2 and every length keeps inside the packet.
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let [first, second, ..] = *packet.first_chunk::<FIXED>()?;
        if first >> 6 != 2 {
            return None;
        }
        let csrcs = first & 0x0f;
        let mut length = FIXED.checked_add(usize::from(csrcs).checked_mul(4)?)?;
        let extension = match first & 0x10 {
            0 => None,
            _ => Some(ExtensionBlock::at(packet, length)?),
        };
        if let Some(block) = extension {
            length = block.end;
        }
        if length > packet.len() {
            return None;
        }
        Some(Self {
            marker: second & MARKER != 0,
            padding: first & 0x20 != 0,
            payload_type: second & !MARKER,
            sequence: u16_at(packet, 2)?,
            timestamp: u32_at(packet, 4)?,
            ssrc: u32_at(packet, 8)?,
            csrcs,
            length,
            extension,
        })
    }
}

impl ExtensionBlock {
    /// Offset of the profile, two bytes before the length and four before the elements.
    pub(super) const fn profile_offset(&self) -> usize {
        self.start.saturating_sub(4)
    }

    fn at(packet: &[u8], offset: usize) -> Option<Self> {
        let profile = u16_at(packet, offset)?;
        let words = usize::from(u16_at(packet, offset.checked_add(2)?)?);
        let start = offset.checked_add(4)?;
        let end = start.checked_add(words.checked_mul(4)?)?;
        (end <= packet.len()).then_some(Self {
            profile,
            start,
            end,
        })
    }
}

/// The payload without its padding; `None` where the padding claims more than there is.
pub fn payload<'a>(packet: &'a [u8], header: &Header) -> Option<&'a [u8]> {
    let payload = packet.get(header.length..)?;
    if !header.padding {
        return Some(payload);
    }
    let padding = usize::from(*payload.last()?);
    if padding == 0 {
        return None;
    }
    payload.get(..payload.len().checked_sub(padding)?)
}

/// Changes the sequence number. Like all setters here it leaves a packet alone that is too short.
pub fn set_sequence(packet: &mut [u8], sequence: u16) {
    put(packet, 2, sequence.to_be_bytes());
}

/// Changes the timestamp.
pub fn set_timestamp(packet: &mut [u8], timestamp: u32) {
    put(packet, 4, timestamp.to_be_bytes());
}

/// Changes the SSRC.
pub fn set_ssrc(packet: &mut [u8], ssrc: u32) {
    put(packet, 8, ssrc.to_be_bytes());
}

/// Changes the payload type and keeps the marker.
pub fn set_payload_type(packet: &mut [u8], payload_type: u8) {
    if let Some(byte) = packet.get_mut(1) {
        *byte = (*byte & MARKER) | (payload_type & !MARKER);
    }
}

/// Changes the marker and keeps the payload type.
pub fn set_marker(packet: &mut [u8], marker: bool) {
    if let Some(byte) = packet.get_mut(1) {
        *byte = (*byte & !MARKER) | if marker { MARKER } else { 0 };
    }
}

/// Says that the payload ends with no padding.
pub fn set_no_padding(packet: &mut [u8]) {
    if let Some(byte) = packet.first_mut() {
        *byte &= !0x20;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Marker, payload type 96, one contributing source, two words of one-byte extensions.
    const FULL: [u8; 33] = [
        0x91, 0xe0, 0x12, 0x34, 0x00, 0x00, 0x10, 0x00, 0xca, 0xfe, 0xba, 0xbe, // fixed
        0x00, 0x00, 0x00, 0x07, // contributing source
        0xbe, 0xde, 0x00, 0x02, 0x31, 0x00, 0x09, 0x00, 0x00, 0x00, 0x00, 0x00, // extensions
        0x01, 0x02, 0x03, 0x04, 0x05, // payload
    ];

    #[test]
    fn a_full_header_is_read_to_its_end() {
        let header = Header::parse(&FULL).unwrap();
        let expected = Header {
            marker: true,
            padding: false,
            payload_type: 96,
            sequence: 0x1234,
            timestamp: 0x1000,
            ssrc: 0xcafe_babe,
            csrcs: 1,
            length: 28,
            extension: Some(ExtensionBlock {
                profile: 0xbede,
                start: 20,
                end: 28,
            }),
        };
        assert_eq!(header, expected);
        assert_eq!(payload(&FULL, &header), Some(&[1, 2, 3, 4, 5][..]));
    }

    #[test]
    fn a_header_that_leaves_its_packet_is_refused() {
        for length in 0..28 {
            assert_eq!(Header::parse(&FULL[..length]), None, "{length} bytes");
        }
        assert!(Header::parse(&FULL[..28]).is_some());
    }

    #[test]
    fn only_version_two_is_spoken() {
        let mut packet = FULL;
        for version in [0, 1, 3] {
            packet[0] = (version << 6) | 0x11;
            assert_eq!(Header::parse(&packet), None, "version {version}");
        }
    }

    #[test]
    fn padding_is_taken_off_the_payload() {
        let mut packet = FULL;
        packet[0] |= 0x20;
        for (count, left) in [(1, Some(4)), (5, Some(0)), (6, None), (0, None)] {
            packet[32] = count;
            let header = Header::parse(&packet).unwrap();
            let got = payload(&packet, &header).map(<[u8]>::len);
            assert_eq!(got, left, "padding of {count}");
        }
    }

    #[test]
    fn fields_change_alone() {
        let mut packet = FULL;
        set_sequence(&mut packet, 0xffff);
        set_timestamp(&mut packet, 7);
        set_ssrc(&mut packet, 9);
        set_payload_type(&mut packet, 111);
        let before = Header::parse(&FULL).unwrap();
        let changed = Header {
            sequence: 0xffff,
            timestamp: 7,
            ssrc: 9,
            payload_type: 111,
            ..before
        };
        assert_eq!(Header::parse(&packet), Some(changed));
        set_marker(&mut packet, false);
        packet[0] |= 0x20;
        set_no_padding(&mut packet);
        assert_eq!(
            Header::parse(&packet),
            Some(Header {
                marker: false,
                ..changed
            })
        );
    }

    #[test]
    fn setters_leave_a_stump_alone() {
        let mut stump = [0x80];
        set_sequence(&mut stump, 1);
        set_timestamp(&mut stump, 1);
        set_ssrc(&mut stump, 1);
        set_payload_type(&mut stump, 1);
        set_marker(&mut stump, true);
        set_no_padding(&mut stump);
        set_no_padding(&mut []);
        assert_eq!(stump, [0x80]);
    }
}
