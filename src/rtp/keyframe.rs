//! Where a picture that needs no past begins.

use crate::codec::VideoCodec;

/// Whether an RTP payload is the first packet of a keyframe.
#[must_use]
pub fn starts_keyframe(codec: VideoCodec, payload: &[u8]) -> bool {
    match codec {
        VideoCodec::Vp8 => vp8(payload).unwrap_or(false),
        VideoCodec::H264 => h264(payload).unwrap_or(false),
    }
}

/// The payload descriptor (RFC 7741, 4.2), then the frame tag's P bit (RFC 6386, 9.1).
fn vp8(payload: &[u8]) -> Option<bool> {
    let (first, mut rest) = payload.split_first()?;
    let (is_extended, is_start, partition) = (first & 0x80 != 0, first & 0x10 != 0, first & 0x07);
    if !is_start || partition != 0 {
        return Some(false);
    }
    if is_extended {
        let (bits, after) = rest.split_first()?;
        rest = after;
        if bits & 0x80 != 0 {
            // A picture id of one or two bytes.
            let id = if rest.first()? & 0x80 == 0 { 1 } else { 2 };
            rest = rest.get(id..)?;
        }
        if bits & 0x40 != 0 {
            rest = rest.get(1..)?;
        }
        if bits & 0x30 != 0 {
            rest = rest.get(1..)?;
        }
    }
    Some(rest.first()? & 1 == 0)
}

const IDR: u8 = 5;
const SPS: u8 = 7;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// An IDR picture or the parameters before it (RFC 6184, 5.4): alone, aggregated, or the first of
/// its fragments.
fn h264(payload: &[u8]) -> Option<bool> {
    let begins = |unit: u8| matches!(unit & 0x1f, IDR | SPS);
    let (first, rest) = payload.split_first()?;
    match first & 0x1f {
        STAP_A => {
            let mut rest = rest;
            while let Some((size, units)) = rest.split_first_chunk::<2>() {
                if begins(*units.first()?) {
                    return Some(true);
                }
                rest = units.get(usize::from(u16::from_be_bytes(*size))..)?;
            }
            Some(false)
        }
        FU_A => {
            let header = rest.first()?;
            Some(header & 0x80 != 0 && begins(*header))
        }
        _ => Some(begins(*first)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vp8_keyframe_is_told_by_its_first_packet() {
        let is_key = |payload: &[u8]| starts_keyframe(VideoCodec::Vp8, payload);
        assert!(is_key(&[0x10, 0x00]));
        assert!(!is_key(&[0x10, 0x01]), "a picture that needs its past");
        assert!(!is_key(&[0x00, 0x00]), "not the start");
        assert!(!is_key(&[0x11, 0x00]), "another partition");
        // Extended: picture id of two bytes, TL0PICIDX, TID and KEYIDX.
        assert!(is_key(&[0x90, 0xf0, 0x81, 0x23, 0x05, 0x20, 0x00]));
        assert!(!is_key(&[0x90, 0xf0, 0x81, 0x23, 0x05, 0x20, 0x01]));
        for length in 0..7 {
            let whole = [0x90, 0xf0, 0x81, 0x23, 0x05, 0x20, 0x00];
            assert!(!is_key(&whole[..length]), "{length} bytes");
        }
    }

    #[test]
    fn an_h264_keyframe_is_told_in_every_packing() {
        let is_key = |payload: &[u8]| starts_keyframe(VideoCodec::H264, payload);
        assert!(is_key(&[0x65, 1]), "IDR");
        assert!(is_key(&[0x67, 1]), "parameters");
        assert!(!is_key(&[0x61, 1]));
        assert!(is_key(&[0x78, 0, 1, 0x09, 0, 1, 0x67]), "aggregated");
        assert!(!is_key(&[0x78, 0, 1, 0x09, 0, 1, 0x61]));
        assert!(is_key(&[0x7c, 0x85, 1]), "first fragment");
        assert!(!is_key(&[0x7c, 0x05, 1]), "a later fragment");
        assert!(!is_key(&[]));
        assert!(!is_key(&[0x78, 0xff, 0xff, 0x09]));
    }
}
