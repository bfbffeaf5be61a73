//! One keyframe's bytes to a picture, without its past.

use image_webp::vp8::Vp8Decoder;

use super::outline;
use super::picture::{Picture, Plane};
use crate::codec::VideoCodec;
use crate::limits::PICTURE_BYTES;

/// Decodes one keyframe. `None` for whatever is none, or larger than we look at: a stranger's bytes
/// are no error.
pub fn decode(codec: VideoCodec, data: &[u8]) -> Option<Picture> {
    if data.len() > PICTURE_BYTES {
        return None;
    }
    match codec {
        VideoCodec::Vp8 => vp8(data),
        VideoCodec::Vp9 | VideoCodec::H264 => None,
    }
}

fn vp8(data: &[u8]) -> Option<Picture> {
    let (width, height) = outline::vp8(data)?;
    let frame = Vp8Decoder::decode_frame(data).ok()?;
    // Planes hold whole macroblocks.
    let blocks = width.div_ceil(16);
    let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
    Some(Picture {
        luma: Plane::new(width, height, blocks * 16, frame.ybuf)?,
        blue: Plane::new(half_width, half_height, blocks * 8, frame.ubuf)?,
        red: Plane::new(half_width, half_height, blocks * 8, frame.vbuf)?,
    })
}
