//! What one RTP payload adds to its picture, by coding; whatever order payloads come in, each adds
//! the same bytes.

use crate::codec::VideoCodec;
use crate::rtp::descriptor::{self, Piece, Start};

/// What is to be known of a payload beside the bytes it adds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Unpacked {
    /// Whether the picture begins here, and which kind.
    pub(super) start: Start,
    /// How it stands between its neighbours.
    pub(super) shape: Shape,
    /// Whether it holds some of the picture itself, and not only its parameters.
    pub(super) is_picture: bool,
}

/// How a payload stands between its neighbours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// Alone.
    Whole,
    /// It begins what later ones go on with.
    Opening,
    /// It goes on with what an earlier one began.
    Middle,
    /// It ends what an earlier one began.
    Closing,
}

/// Whether payloads in this order fit together: what one opens the next go on with, until it is
/// closed.
pub(super) fn fit_together(shapes: impl Iterator<Item = Shape>) -> bool {
    let mut is_open = false;
    for shape in shapes {
        let wants_open = matches!(shape, Shape::Middle | Shape::Closing);
        if wants_open != is_open {
            return false;
        }
        is_open = matches!(shape, Shape::Opening | Shape::Middle);
    }
    !is_open
}

/// Appends what a payload adds to its picture. `None` where it is not of its coding: then nothing
/// is said of what was appended.
pub(super) fn unpack(codec: VideoCodec, payload: &[u8], out: &mut Vec<u8>) -> Option<Unpacked> {
    match codec {
        VideoCodec::Vp8 => append(descriptor::vp8(payload)?, out),
        VideoCodec::Vp9 => append(descriptor::vp9(payload)?, out),
        VideoCodec::H264 => h264(payload, out),
    }
}

fn append(piece: Piece<'_>, out: &mut Vec<u8>) -> Option<Unpacked> {
    out.extend_from_slice(piece.data);
    Some(Unpacked {
        start: piece.start,
        shape: Shape::Whole,
        is_picture: true,
    })
}

const SLICE: u8 = 1;
const IDR: u8 = 5;
const SPS: u8 = 7;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;
/// Before each unit (H.264, Annex B).
const START_CODE: [u8; 4] = [0, 0, 0, 1];

/// RFC 6184, 5.6 to 5.8: a unit alone, several in one payload, or one in several.
fn h264(payload: &[u8], out: &mut Vec<u8>) -> Option<Unpacked> {
    let (first, rest) = payload.split_first()?;
    let mut unpacked = Unpacked {
        start: Start::Not,
        shape: Shape::Whole,
        is_picture: false,
    };
    match first & 0x1f {
        1..=23 => unit(*first, rest, out, &mut unpacked),
        STAP_A => {
            let mut rest = rest;
            while let Some((size, units)) = rest.split_first_chunk::<2>() {
                let size = usize::from(u16::from_be_bytes(*size));
                let (head, tail) = units.get(..size)?.split_first()?;
                unit(*head, tail, out, &mut unpacked);
                rest = units.get(size..)?;
            }
            if !rest.is_empty() {
                return None;
            }
        }
        FU_A => {
            let (header, fragment) = rest.split_first()?;
            let head = (first & 0xe0) | (header & 0x1f);
            unpacked.shape = match (header & 0x80 != 0, header & 0x40 != 0) {
                (true, false) => Shape::Opening,
                (false, false) => Shape::Middle,
                (false, true) => Shape::Closing,
                // One fragment would be a unit alone (RFC 6184, 5.8).
                (true, true) => return None,
            };
            if unpacked.shape == Shape::Opening {
                unit(head, fragment, out, &mut unpacked);
            } else {
                out.extend_from_slice(fragment);
            }
        }
        // Interleaved modes, which the answer does not offer, and what is not used at all.
        _ => return None,
    }
    Some(unpacked)
}

fn unit(head: u8, tail: &[u8], out: &mut Vec<u8>, unpacked: &mut Unpacked) {
    out.extend_from_slice(&START_CODE);
    out.push(head);
    out.extend_from_slice(tail);
    match head & 0x1f {
        // A decoder that has nothing yet needs the parameters first: a picture begins with them.
        SPS if unpacked.start == Start::Not => unpacked.start = Start::Keyframe,
        SLICE => unpacked.start = Start::Other,
        IDR => unpacked.is_picture = true,
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(payload: &[u8]) -> Option<(Unpacked, Vec<u8>)> {
        let mut out = Vec::new();
        let unpacked = unpack(VideoCodec::H264, payload, &mut out)?;
        Some((unpacked, out))
    }

    #[test]
    fn a_unit_alone_gets_a_start_code() {
        let (unpacked, out) = unpacked(&[0x65, 1, 2]).unwrap();
        assert_eq!(out, [0, 0, 0, 1, 0x65, 1, 2]);
        assert!(unpacked.is_picture);
        assert_eq!((unpacked.start, unpacked.shape), (Start::Not, Shape::Whole));
    }

    #[test]
    fn aggregated_units_are_taken_apart() {
        let (unpacked, out) = unpacked(&[0x78, 0, 2, 0x67, 9, 0, 1, 0x68]).unwrap();
        assert_eq!(out, [0, 0, 0, 1, 0x67, 9, 0, 0, 0, 1, 0x68]);
        assert_eq!(unpacked.start, Start::Keyframe);
        assert!(!unpacked.is_picture, "parameters only");
    }

    #[test]
    fn fragments_become_one_unit() {
        let mut out = Vec::new();
        let parts: [&[u8]; 3] = [&[0x7c, 0x85, 1], &[0x7c, 0x05, 2], &[0x7c, 0x45, 3]];
        let shapes = parts.map(|part| unpack(VideoCodec::H264, part, &mut out).unwrap().shape);
        assert_eq!(out, [0, 0, 0, 1, 0x65, 1, 2, 3]);
        assert_eq!(shapes, [Shape::Opening, Shape::Middle, Shape::Closing]);
        assert!(fit_together(shapes.into_iter()));
    }

    #[test]
    fn a_picture_that_needs_its_past_is_told() {
        assert_eq!(unpacked(&[0x61, 1]).unwrap().0.start, Start::Other);
        assert_eq!(unpacked(&[0x7c, 0x81, 1]).unwrap().0.start, Start::Other);
    }

    #[test]
    fn what_does_not_fit_its_payload_is_refused() {
        for payload in [
            &[][..],
            &[0x78, 0, 9, 0x67],
            &[0x78, 0, 0],
            &[0x78, 0, 1, 0x67, 0],
            &[0x7c],
            &[0x7c, 0xc5, 1],
            &[0x79, 0, 0],
            &[0x60, 1],
        ] {
            assert_eq!(unpacked(payload), None, "{payload:x?}");
        }
    }

    #[test]
    fn shapes_fit_or_do_not() {
        use Shape::{Closing, Middle, Opening, Whole};
        let fits = |shapes: &[Shape]| fit_together(shapes.iter().copied());
        assert!(fits(&[Whole, Opening, Middle, Closing, Whole]));
        assert!(!fits(&[Middle]), "without its begin");
        assert!(!fits(&[Opening, Middle]), "without its end");
        assert!(!fits(&[Opening, Whole]), "broken off");
        assert!(!fits(&[Opening, Opening, Closing]), "begun twice");
    }
}
