//! What simulated visitors show, real pictures in VP8: a clip, and a test card. See `src/load/face`.

use std::sync::LazyLock;

/// The file's pictures in order; the first is a keyframe, and the only one.
static PICTURES: LazyLock<Vec<&'static [u8]>> =
    LazyLock::new(|| pictures(include_bytes!("face/face.ivf")));

/// Stands for the test card among the positions of the clip.
pub(super) const CARD: u16 = u16::MAX;

/// By which a server may know the test card (PDQ).
pub const CARD_HASH: &str = "e39404c919963ba5dc6b9c526796e3ad2ae91c5a1556e371e0311d8e5f8ea275";

/// The test card: one keyframe.
static CARD_PICTURE: LazyLock<Vec<&'static [u8]>> =
    LazyLock::new(|| pictures(include_bytes!("face/card.ivf")));

/// One picture. After the last comes the first.
pub(super) fn picture(position: u16) -> &'static [u8] {
    if position == CARD {
        return CARD_PICTURE.first().copied().unwrap_or_default();
    }
    let at = usize::from(position) % PICTURES.len().max(1);
    PICTURES.get(at).copied().unwrap_or_default()
}

/// The picture of the clip after this one; the first is number 0.
pub(super) fn next(position: u16) -> u16 {
    let next = usize::from(position) + 1;
    u16::try_from(next % PICTURES.len().max(1)).unwrap_or(0)
}

/// Whether these are a picture's bytes from `offset` on, with zeros after its end.
pub(super) fn has(position: u16, offset: usize, bytes: &[u8]) -> bool {
    let rest = picture(position).get(offset..).unwrap_or_default();
    let (real, fill) = bytes.split_at(rest.len().min(bytes.len()));
    // Without an early end, so that the compiler looks at many bytes at a time.
    rest.starts_with(real) && fill.iter().fold(0, |any, byte| any | byte) == 0
}

/// IVF: a header that tells its own length in bytes 6 and 7, then pictures, each behind its length
/// of four bytes and its time of eight.
fn pictures(file: &[u8]) -> Vec<&[u8]> {
    let length = file.get(6..8).and_then(|field| field.try_into().ok());
    let length = length.map_or(0, u16::from_le_bytes);
    let mut rest = file.get(length.into()..).unwrap_or_default();
    let mut pictures = Vec::new();
    while let Some((size, after)) = rest.split_first_chunk::<4>() {
        let size = usize::try_from(u32::from_le_bytes(*size)).unwrap_or(usize::MAX);
        let picture = after
            .get(8..)
            .and_then(|after| after.split_at_checked(size));
        let Some((picture, after)) = picture else {
            break;
        };
        pictures.push(picture);
        rest = after;
    }
    pictures
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::decode::decode;
    use crate::classify::known::QUALITY_MIN;
    use crate::classify::pdq::fingerprint;
    use crate::codec::VideoCodec;

    #[test]
    fn the_clip_begins_with_its_one_keyframe() {
        assert_eq!(PICTURES.len(), 90);
        // The P bit of the frame tag (RFC 6386, 9.1).
        let keys = (0..90).filter(|at| picture(*at)[0] & 1 == 0);
        assert_eq!(keys.collect::<Vec<u16>>(), [0]);
        assert_eq!((next(0), next(89)), (1, 0));
    }

    #[test]
    fn the_test_card_is_known_by_its_hash() {
        let picture = decode(VideoCodec::Vp8, picture(CARD)).expect("it decodes");
        let (found, quality) = fingerprint(&picture.luma).expect("large enough");
        assert_eq!(found.to_string(), CARD_HASH);
        assert!(quality >= QUALITY_MIN, "{quality}");
    }

    #[test]
    fn any_other_byte_is_seen() {
        let first = picture(0);
        assert!(has(0, 100, &first[100..200]));
        assert!(!has(0, 101, &first[100..200]));
        let mut filled = [&first[first.len() - 5..], &[0; 9]].concat();
        assert!(has(0, first.len() - 5, &filled));
        assert!(has(0, first.len() + 5, &[0; 9]), "beyond its end");
        for at in 0..filled.len() {
            filled[at] ^= 1;
            assert!(!has(0, first.len() - 5, &filled), "byte {at}");
            filled[at] ^= 1;
        }
    }
}
