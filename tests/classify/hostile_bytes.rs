//! A stranger's bytes in place of a picture.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use visavis::classify::decode::decode;
use visavis::classify::looking::{Eye, Sight};
use visavis::codec::VideoCodec;
use visavis::limits::PICTURE_BYTES;

use crate::show::{H264_KEYFRAME, VP9_KEYFRAME, keyframe};

fn codings() -> [(VideoCodec, &'static [u8]); 3] {
    [
        (VideoCodec::Vp8, keyframe()),
        (VideoCodec::Vp9, VP9_KEYFRAME),
        (VideoCodec::H264, H264_KEYFRAME),
    ]
}

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
    for (codec, data) in codings() {
        for length in (0..data.len()).step_by(37) {
            if let Some(picture) = decode(codec, &data[..length]) {
                assert_eq!((picture.luma.width(), picture.luma.height()), (320, 240));
            }
        }
        assert!(decode(codec, &data[..20]).is_none());
        assert!(decode(codec, data).is_some());
    }
}

#[test]
fn a_picture_of_another_coding_is_none() {
    for (codec, _) in codings() {
        for (other, data) in codings() {
            assert_eq!(
                decode(codec, data).is_some(),
                codec == other,
                "{other:?} as {codec:?}"
            );
        }
    }
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
    for (codec, whole) in codings() {
        let mut decoded = 0;
        for _ in 0..200 {
            let mut data = whole.to_vec();
            for _ in 0..chance.random_range(1..10) {
                let at = chance.random_range(0..data.len());
                data[at] = chance.random();
            }
            // As the worker does: a decoder that panics has met bytes that make no picture.
            let see = AssertUnwindSafe(|| eye.see(codec, &data));
            let seen = catch_unwind(see);
            decoded += usize::from(matches!(seen, Ok(Sight::Seen { .. } | Sight::Unusable)));
        }
        assert!(
            decoded > 0,
            "{codec:?}: the flips went past the header into pictures"
        );
    }
    for length in 0..600 {
        let data: Vec<u8> = (0..length).map(|_| chance.random()).collect();
        for (codec, _) in codings() {
            assert_eq!(eye.see(codec, &data), Sight::Undecodable);
        }
    }
}
