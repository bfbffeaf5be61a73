//! The payload descriptors of VP8 and VP9: what stands before each piece of a picture.

/// One packet's piece of a picture, without its descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Piece<'a> {
    /// Whether a picture begins here, and which kind.
    pub start: Start,
    /// The piece itself, as the encoder wrote it.
    pub data: &'a [u8],
}

/// How a piece stands to the beginning of its picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Start {
    /// It begins a picture that needs no past.
    Keyframe,
    /// It begins a picture that needs its past.
    Other,
    /// The picture has begun before.
    Not,
}

impl Start {
    const fn of(begins: bool, needs_no_past: bool) -> Self {
        match (begins, needs_no_past) {
            (true, true) => Self::Keyframe,
            (true, false) => Self::Other,
            (false, _) => Self::Not,
        }
    }
}

/// VP8: the descriptor (RFC 7741, 4.2), then the frame tag's P bit (RFC 6386, 9.1).
///
/// `None` where the payload ends within its descriptor, or right behind it.
#[must_use]
pub fn vp8(payload: &[u8]) -> Option<Piece<'_>> {
    let (first, mut rest) = payload.split_first()?;
    let (is_extended, is_start, partition) = (first & 0x80 != 0, first & 0x10 != 0, first & 0x07);
    if is_extended {
        let (bits, after) = rest.split_first()?;
        rest = after;
        if bits & 0x80 != 0 {
            rest = rest.get(picture_id(rest)?..)?;
        }
        if bits & 0x40 != 0 {
            rest = rest.get(1..)?;
        }
        if bits & 0x30 != 0 {
            rest = rest.get(1..)?;
        }
    }
    let needs_no_past = rest.first()? & 1 == 0;
    Some(Piece {
        start: Start::of(is_start && partition == 0, needs_no_past),
        data: rest,
    })
}

/// VP9: the descriptor (RFC 9628, 4.2). Of several spatial layers the lowest begins the picture.
///
/// `None` where the payload ends within its descriptor, or right behind it.
#[must_use]
pub fn vp9(payload: &[u8]) -> Option<Piece<'_>> {
    let (bits, mut rest) = payload.split_first()?;
    let has = |bit: u8| bits & bit != 0;
    let (is_predicted, is_flexible, begins) = (has(0x40), has(0x10), has(0x08));
    if has(0x80) {
        rest = rest.get(picture_id(rest)?..)?;
    }
    let mut layer = 0;
    if has(0x20) {
        let (indices, after) = rest.split_first()?;
        layer = (indices >> 1) & 0x07;
        rest = if is_flexible { after } else { after.get(1..)? };
    }
    if is_flexible && is_predicted {
        // At most three references, each but the last with a bit that says so.
        let count = rest
            .iter()
            .take(2)
            .take_while(|byte| **byte & 1 != 0)
            .count();
        rest = rest.get(count.checked_add(1)?..)?;
    }
    if has(0x02) {
        rest = scalability(rest)?;
    }
    rest.first()?;
    Some(Piece {
        start: Start::of(begins && layer == 0, !is_predicted),
        data: rest,
    })
}

/// Bytes of a picture id: one, or two where its first bit says so.
fn picture_id(rest: &[u8]) -> Option<usize> {
    Some(if rest.first()? & 0x80 == 0 { 1 } else { 2 })
}

/// What follows VP9's scalability structure (RFC 9628, 4.2.1).
fn scalability(structure: &[u8]) -> Option<&[u8]> {
    let (head, mut rest) = structure.split_first()?;
    if head & 0x10 != 0 {
        let layers = usize::from(head >> 5).checked_add(1)?;
        rest = rest.get(layers.checked_mul(4)?..)?;
    }
    if head & 0x08 != 0 {
        let (pictures, mut after) = rest.split_first()?;
        for _ in 0..*pictures {
            let references = usize::from((after.first()? >> 2) & 0x03);
            after = after.get(references.checked_add(1)?..)?;
        }
        rest = after;
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Extended: picture id of two bytes, TL0PICIDX, TID and KEYIDX.
    const VP8: [u8; 8] = [0x90, 0xf0, 0x81, 0x23, 0x05, 0x20, 0x00, 0xaa];
    /// Picture id of two bytes, layers, TL0PICIDX; a structure of one layer and one picture.
    const VP9: [u8; 16] = [
        0xaa, 0x81, 0x23, 0x00, 0x05, 0x18, 2, 0x80, 1, 0xe0, 1, 0x04, 1, 0x82, 0x49, 0x83,
    ];

    #[test]
    fn a_descriptor_is_taken_off() {
        let piece = vp8(&VP8).unwrap();
        assert_eq!((piece.start, piece.data), (Start::Keyframe, &VP8[6..]));
        let piece = vp9(&VP9).unwrap();
        assert_eq!((piece.start, piece.data), (Start::Keyframe, &VP9[13..]));
    }

    #[test]
    fn a_descriptor_that_leaves_its_packet_is_refused() {
        for length in 0..=6 {
            assert_eq!(vp8(&VP8[..length]), None, "{length} bytes");
        }
        assert!(vp8(&VP8[..7]).is_some());
        for length in 0..=13 {
            assert_eq!(vp9(&VP9[..length]), None, "{length} bytes");
        }
        assert!(vp9(&VP9[..14]).is_some());
    }

    #[test]
    fn vp9_says_in_its_descriptor_what_needs_a_past() {
        let start = |payload: &[u8]| vp9(payload).unwrap().start;
        assert_eq!(start(&[0x08, 1]), Start::Keyframe);
        assert_eq!(start(&[0x48, 1]), Start::Other);
        assert_eq!(start(&[0x00, 1]), Start::Not);
        assert_eq!(start(&[0x28, 0x02, 5, 1]), Start::Not, "an upper layer");
        // Flexible mode: two references, no TL0PICIDX.
        let piece = vp9(&[0x78, 0x00, 0x03, 0x02, 9]).unwrap();
        assert_eq!((piece.start, piece.data), (Start::Other, &[9][..]));
    }
}
