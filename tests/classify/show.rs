//! Harmless pictures to show: the load tester's drawn face, and patterns made by arithmetic.

use std::time::{Duration, Instant};

use visavis::classify::picture::{Colours, Plane};
use visavis::codec::VideoCodec;
use visavis::id::LegId;
use visavis::tap::{Frame, Occasion};

/// The one keyframe of the load tester's clip: VP8, 320x240.
pub(crate) fn keyframe() -> &'static [u8] {
    let file = include_bytes!("../../src/load/face/face.ivf");
    // IVF: 32 bytes of header, then each picture behind its length and its time.
    let (length, rest) = file[32..].split_first_chunk::<4>().unwrap();
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap();
    &rest[8..8 + length]
}

/// The same picture in VP9 and in H.264 (Annex B).
pub(crate) const VP9_KEYFRAME: &[u8] = include_bytes!("../data/face.vp9");
pub(crate) const H264_KEYFRAME: &[u8] = include_bytes!("../data/face.h264");

/// A frame that holds these bytes.
pub(crate) fn frame(leg: u64, data: &[u8]) -> Frame {
    Frame {
        leg: LegId(leg),
        occasion: Occasion::Door,
        codec: VideoCodec::Vp8,
        taken: now(),
        data: data.to_vec().into(),
    }
}

/// A pattern of 256 steps, the same that the references were recorded with.
fn sample(x: usize, y: usize, seed: usize) -> u8 {
    let sum = x * x * seed / 37 + y * y * (seed + 3) / 41 + x * y / (seed + 5);
    u8::try_from(sum % 256).unwrap()
}

/// A plane of that pattern.
pub(crate) fn pattern(width: usize, height: usize, seed: usize) -> Plane {
    let rows = (0..height).flat_map(|y| (0..width).map(move |x| sample(x, y, seed)));
    Plane::new(width, height, width, rows.collect()).unwrap()
}

/// A square picture of three such patterns.
pub(crate) fn coloured(side: usize) -> Colours {
    let plane = |seed| {
        let samples = (0..side * side).map(|at| sample(at % side, at / side, seed));
        samples.map(f32::from).collect::<Vec<f32>>()
    };
    Colours {
        planes: [2, 3, 5].map(plane),
    }
}

#[expect(clippy::disallowed_methods, reason = "some instant to begin with")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// A deadline that nothing here comes near to.
pub(crate) const EVER: Duration = Duration::from_secs(60);
