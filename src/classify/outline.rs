//! How large a picture claims to be, read before any decoder believes it.

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
