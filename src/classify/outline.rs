//! How large a picture claims to be, read before any decoder believes it.

use rusty_h264_common::nal::{emulation_unprevent, split_annex_b};
use rusty_h264_decoder::Sps;
use rusty_vp9::{BitReader, parse_uncompressed_header};

use crate::limits::PICTURE_SIDE;

/// The size in a VP8 keyframe's header (RFC 6386, 9.1). `None` if it is none, or holds no picture
/// of at most [`PICTURE_SIDE`] on each side.
pub fn vp8(data: &[u8]) -> Option<(usize, usize)> {
    let [tag, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1] = *data.first_chunk::<10>()? else {
        return None;
    };
    // Two bits on top ask for scaling, which is the viewer's business.
    let side = |low, high| usize::from(u16::from_le_bytes([low, high]) & 0x3fff);
    let is_keyframe = tag & 1 == 0;
    fitting(side(w0, w1), side(h0, h1)).filter(|_| is_keyframe)
}

/// The size in a VP9 keyframe's header (VP9 bitstream specification, 6.2): one frame of profile 0,
/// eight bits, colour at half size. `None` for anything else.
pub fn vp9(data: &[u8]) -> Option<(usize, usize)> {
    if is_superframe(data) {
        return None;
    }
    let header = parse_uncompressed_header(&mut BitReader::new(data), &[(0, 0); 8]).ok()?;
    let halves = (header.subsampling_x, header.subsampling_y) == (1, 1);
    let is_one = header.key_frame && !header.show_existing_frame && header.show_frame;
    let side = |side: u32| usize::try_from(side).unwrap_or(usize::MAX);
    fitting(side(header.width), side(header.height))
        .filter(|_| is_one && halves && header.bit_depth == 8)
}

/// Several frames in one (annex B): each has a size of its own, so none is believed. Browsers send
/// them for spatial layers, which are not negotiated.
fn is_superframe(data: &[u8]) -> bool {
    let Some(marker) = data.last().filter(|last| *last & 0xe0 == 0xc0) else {
        return false;
    };
    let (frames, bytes_each) = (
        usize::from(marker & 7) + 1,
        usize::from(marker >> 3 & 3) + 1,
    );
    let begin = data.len().checked_sub(2 + frames * bytes_each);
    begin.and_then(|begin| data.get(begin)) == Some(marker)
}

/// The size that an H.264 access unit claims (ITU-T H.264, 7.3.2.1), whole blocks: of several
/// claims, the largest is the one that matters. `None` if there is none, or one does not fit.
pub fn h264(data: &[u8]) -> Option<(usize, usize)> {
    let mut largest = None;
    for unit in split_annex_b(data) {
        let is_set = |(head, _): &(&u8, &[u8])| **head & 0x1f == SEQUENCE_PARAMETER_SET;
        let Some((_, rest)) = unit.split_first().filter(is_set) else {
            continue;
        };
        let set = Sps::parse(&emulation_unprevent(rest)).ok()?;
        let size = fitting(set.coded_width(), set.coded_height())?;
        largest = largest.max(Some(size));
    }
    largest
}

/// The type of an H.264 unit that tells the size (ITU-T H.264, table 7-1).
const SEQUENCE_PARAMETER_SET: u8 = 7;

/// The size, if a picture may have it.
pub fn fitting(width: usize, height: usize) -> Option<(usize, usize)> {
    let fits = |side| (1..=PICTURE_SIDE).contains(&side);
    (fits(width) && fits(height)).then_some((width, height))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(width: u16, height: u16) -> Vec<u8> {
        let [w0, w1] = width.to_le_bytes();
        let [h0, h1] = height.to_le_bytes();
        vec![0x10, 0, 0, 0x9d, 1, 0x2a, w0, w1, h0, h1]
    }

    #[test]
    fn the_size_is_read_without_its_scaling_bits() {
        assert_eq!(vp8(&header(640, 480 | 0x4000)), Some((640, 480)));
        assert_eq!(vp8(&header(1920, 1920)), Some((1920, 1920)));
    }

    #[test]
    fn several_frames_in_one_are_not_believed() {
        // A superframe of two frames whose sizes take one byte each.
        assert!(is_superframe(&[1, 2, 3, 0xc1, 1, 2, 0xc1]));
        assert!(!is_superframe(&[1, 2, 3, 0xc0, 1, 2, 0xc1]));
        assert!(!is_superframe(&[0xc1]));
        assert_eq!(vp9(&[]), None);
        assert_eq!(h264(&[0, 0, 0, 1, 7]), None);
        assert_eq!(h264(&[0, 0, 0, 1, 5, 1, 2, 3]), None, "it does not say");
    }

    #[test]
    fn giants_dwarfs_and_what_is_no_keyframe_are_refused() {
        assert_eq!(vp8(&header(16_383, 16_383)), None);
        assert_eq!(vp8(&header(1921, 16)), None);
        assert_eq!(vp8(&header(0, 480)), None);
        assert_eq!(vp8(&header(640, 480)[..9]), None);
        let mut delta = header(640, 480);
        delta[0] |= 1;
        assert_eq!(vp8(&delta), None);
        let mut other = header(640, 480);
        other[3] = 0;
        assert_eq!(vp8(&other), None);
    }
}
