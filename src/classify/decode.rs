//! One keyframe's bytes to a picture, without its past.

use image_webp::vp8::Vp8Decoder;
use rusty_h264_decoder::Decoder;
use rusty_vp9::Vp9Decoder;

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
        VideoCodec::Vp9 => vp9(data),
        VideoCodec::H264 => h264(data),
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

fn vp9(data: &[u8]) -> Option<Picture> {
    outline::vp9(data)?;
    let mut decoder = Vp9Decoder::new();
    decoder.push(data, None).ok()?;
    let frame = decoder.next_frame().ok()?;
    let side = |side: u32| usize::try_from(side).ok();
    let (width, height) = outline::fitting(side(frame.width)?, side(frame.height)?)?;
    let [luma, blue, red] = <[Vec<u8>; 3]>::try_from(frame.planes).ok()?;
    let [stride, blue_stride, red_stride] = <[usize; 3]>::try_from(frame.strides).ok()?;
    let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
    Some(Picture {
        luma: Plane::new(width, height, stride, luma)?,
        blue: Plane::new(half_width, half_height, blue_stride, blue)?,
        red: Plane::new(half_width, half_height, red_stride, red)?,
    })
}

fn h264(data: &[u8]) -> Option<Picture> {
    outline::h264(data)?;
    let frame = Decoder::new().decode(data).ok()??;
    let (width, height) = outline::fitting(frame.width, frame.height)?;
    let (half_width, half_height) = (width / 2, height / 2);
    Some(Picture {
        luma: Plane::new(width, height, width, frame.y)?,
        blue: Plane::new(half_width, half_height, half_width, frame.u)?,
        red: Plane::new(half_width, half_height, half_width, frame.v)?,
    })
}
