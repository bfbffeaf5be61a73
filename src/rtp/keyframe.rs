//! Where a picture that needs no past begins.

use super::descriptor::{self, Piece, Start};
use crate::codec::VideoCodec;

/// Whether an RTP payload is the first packet of a keyframe.
#[must_use]
pub fn starts_keyframe(codec: VideoCodec, payload: &[u8]) -> bool {
    match codec {
        VideoCodec::Vp8 => is_keyframe(descriptor::vp8(payload)),
        VideoCodec::Vp9 => is_keyframe(descriptor::vp9(payload)),
        VideoCodec::H264 => h264(payload).unwrap_or(false),
    }
}

fn is_keyframe(piece: Option<Piece<'_>>) -> bool {
    piece.is_some_and(|piece| piece.start == Start::Keyframe)
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
