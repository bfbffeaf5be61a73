//! A stranger's bytes in place of a picture.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use visavis::classify::decode::decode;
use visavis::classify::looking::{Eye, Sight};
use visavis::codec::VideoCodec;
use visavis::limits::PICTURE_BYTES;

use crate::show::keyframe;

fn with_size(width: u16, height: u16) -> Vec<u8> {
    let mut data = keyframe().to_vec();
    data[6..8].copy_from_slice(&width.to_le_bytes());
    data[8..10].copy_from_slice(&height.to_le_bytes());
    data
}

#[test]
fn a_header_that_claims_a_giant_is_not_believed() {
    for (width, height) in [
        (16_383, 16_383),
        (1921, 240),
        (320, 1921),
        (0, 240),
        (320, 0),
    ] {
        assert!(decode(VideoCodec::Vp8, &with_size(width, height)).is_none());
    }
    assert!(decode(VideoCodec::Vp8, &with_size(320, 240)).is_some());
}

#[test]
fn a_cut_picture_is_none_or_whole() {
    for length in (0..keyframe().len()).step_by(37) {
        if let Some(picture) = decode(VideoCodec::Vp8, &keyframe()[..length]) {
            assert_eq!((picture.luma.width(), picture.luma.height()), (320, 240));
        }
    }
    assert!(decode(VideoCodec::Vp8, &keyframe()[..200]).is_none());
}

#[test]
fn more_bytes_than_any_picture_are_not_looked_at() {
    let mut endless = keyframe().to_vec();
    endless.resize(PICTURE_BYTES, 0);
    assert!(
        decode(VideoCodec::Vp8, &endless).is_some(),
        "filled up, as the load tester does"
    );
    endless.push(0);
    assert!(decode(VideoCodec::Vp8, &endless).is_none());
}

#[test]
fn random_bytes_and_flipped_bits_never_stop_the_looking() {
    let mut chance = StdRng::seed_from_u64(7);
    let eye = Eye::default();
    let mut decoded = 0;
    for _ in 0..400 {
        let mut data = keyframe().to_vec();
        for _ in 0..chance.random_range(1..40) {
            let at = chance.random_range(0..data.len());
            data[at] = chance.random();
        }
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            eye.see(VideoCodec::Vp8, &data)
        }));
        decoded += usize::from(matches!(seen, Ok(Sight::Seen { .. } | Sight::Unusable)));
    }
    assert!(decoded > 0, "the flips went past the header into pictures");
    for length in 0..600 {
        let data: Vec<u8> = (0..length).map(|_| chance.random()).collect();
        assert_eq!(eye.see(VideoCodec::Vp8, &data), Sight::Undecodable);
    }
}
