//! An operator's own picture, a file in JPEG, PNG or WebP, as the picture that a worker would see.
//!
//! A WebP that holds a VP8 keyframe is decoded as the keyframe that it is. Others are brought to the
//! colours of video, and to a size that is looked at.

use std::io::Cursor;

use image_webp::WebPDecoder;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::decode::decode;
use super::picture::{Picture, Plane};
use crate::codec::VideoCodec;
use crate::limits::{PICTURE_SIDE, STILL_PIXELS, STILL_SIDE};

/// Why a file shows no picture.
#[derive(Clone, PartialEq, Eq, thiserror::Error, Debug)]
pub enum StillError {
    /// It begins like none that we know.
    #[error("neither JPEG nor PNG nor WebP")]
    Unknown,
    /// More than is decoded.
    #[error("{width} x {height} is larger than {STILL_SIDE} a side or {STILL_PIXELS} pixels")]
    TooLarge {
        /// What it claims.
        width: usize,
        /// What it claims.
        height: usize,
    },
    /// The decoder's words.
    #[error("{0}")]
    Broken(String),
}

/// Red, green and blue, pixel by pixel.
struct Pixels {
    width: usize,
    height: usize,
    bytes: Vec<u8>,
}

/// The picture in a file's bytes.
///
/// # Errors
/// They hold none, or one that is too large.
pub fn picture(file: &[u8]) -> Result<Picture, StillError> {
    let pixels = match file {
        [0xff, 0xd8, ..] => jpeg(file)?,
        [0x89, b'P', b'N', b'G', ..] => png(file)?,
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => {
            if let Some(picture) = keyframe(file).and_then(|data| decode(VideoCodec::Vp8, data)) {
                return Ok(picture);
            }
            webp(file)?
        }
        _ => return Err(StillError::Unknown),
    };
    let broken = || StillError::Broken("it has no pixels".to_owned());
    as_video(&pixels).ok_or_else(broken)
}

/// The VP8 keyframe that a simple WebP consists of.
fn keyframe(file: &[u8]) -> Option<&[u8]> {
    let chunk = file.get(12..)?;
    let rest = chunk.strip_prefix(b"VP8 ")?;
    let (length, data) = rest.split_first_chunk::<4>()?;
    data.get(..usize::try_from(u32::from_le_bytes(*length)).ok()?)
}

fn jpeg(file: &[u8]) -> Result<Pixels, StillError> {
    let options = DecoderOptions::default()
        .set_max_width(STILL_SIDE)
        .set_max_height(STILL_SIDE)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(Cursor::new(file), options);
    decoder.decode_headers().map_err(broken)?;
    let (width, height) = decoder.dimensions().unwrap_or_default();
    let (width, height) = fitting(width, height)?;
    let bytes = decoder.decode().map_err(broken)?;
    Ok(Pixels {
        width,
        height,
        bytes,
    })
}

fn png(file: &[u8]) -> Result<Pixels, StillError> {
    let mut decoder = png::Decoder::new(Cursor::new(file));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(broken)?;
    let (width, height) = fitting_u32(reader.info().width, reader.info().height)?;
    let mut bytes = vec![0; reader.output_buffer_size().unwrap_or_default()];
    let frame = reader.next_frame(&mut bytes).map_err(broken)?;
    let samples = frame.color_type.samples();
    Ok(Pixels {
        width,
        height,
        bytes: opaque(&bytes, samples),
    })
}

fn webp(file: &[u8]) -> Result<Pixels, StillError> {
    let mut decoder = WebPDecoder::new(Cursor::new(file)).map_err(broken)?;
    let (width, height) = decoder.dimensions();
    let (width, height) = fitting_u32(width, height)?;
    let mut bytes = vec![0; decoder.output_buffer_size().unwrap_or_default()];
    decoder.read_image(&mut bytes).map_err(broken)?;
    let samples = if decoder.has_alpha() { 4 } else { 3 };
    Ok(Pixels {
        width,
        height,
        bytes: opaque(&bytes, samples),
    })
}

fn broken(error: impl ToString) -> StillError {
    StillError::Broken(error.to_string().chars().take(200).collect())
}

fn fitting_u32(width: u32, height: u32) -> Result<(usize, usize), StillError> {
    let side = |side: u32| usize::try_from(side).unwrap_or(usize::MAX);
    fitting(side(width), side(height))
}

fn fitting(width: usize, height: usize) -> Result<(usize, usize), StillError> {
    let fits = width.max(height) <= STILL_SIDE && width.saturating_mul(height) <= STILL_PIXELS;
    match fits {
        true => Ok((width, height)),
        false => Err(StillError::TooLarge { width, height }),
    }
}

/// Red, green and blue of pixels that may be grey and may be transparent: those lie on white.
fn opaque(bytes: &[u8], samples: usize) -> Vec<u8> {
    let over_white = |value: u8, alpha: u8| {
        let (value, alpha) = (u32::from(value), u32::from(alpha));
        u8::try_from((value * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
    };
    let colours = |pixel: &[u8]| match *pixel {
        [grey] => [grey; 3],
        [grey, alpha] => [over_white(grey, alpha); 3],
        [red, green, blue] => [red, green, blue],
        [red, green, blue, alpha] => [red, green, blue].map(|value| over_white(value, alpha)),
        _ => [0; 3],
    };
    bytes.chunks_exact(samples).flat_map(colours).collect()
}

/// As video carries it (BT.601, 16 to 235), colours at half the size; `None` without pixels.
fn as_video(pixels: &Pixels) -> Option<Picture> {
    let step = pixels
        .width
        .max(pixels.height)
        .div_ceil(PICTURE_SIDE)
        .max(1);
    // Even sides: colours have half of each.
    let side = |side: usize| (side / step).max(2) & !1;
    let (width, height) = (side(pixels.width), side(pixels.height));
    let [mut luma, mut blue, mut red] = [const { Vec::new() }; 3];
    for y in 0..height {
        for x in 0..width {
            let [r, g, b] = pixels.mean(x * step, y * step, step)?;
            luma.push(sample(16.0 + 0.256_788 * r + 0.504_129 * g + 0.097_906 * b));
            if x % 2 == 0 && y % 2 == 0 {
                let [r, g, b] = pixels.mean(x * step, y * step, 2 * step)?;
                blue.push(sample(
                    128.0 - 0.148_223 * r - 0.290_993 * g + 0.439_216 * b,
                ));
                red.push(sample(
                    128.0 + 0.439_216 * r - 0.367_788 * g - 0.071_427 * b,
                ));
            }
        }
    }
    Some(Picture {
        luma: Plane::new(width, height, width, luma)?,
        blue: Plane::new(width / 2, height / 2, width / 2, blue)?,
        red: Plane::new(width / 2, height / 2, width / 2, red)?,
    })
}

impl Pixels {
    /// The mean of a square of pixels, as far as it lies within the picture.
    fn mean(&self, left: usize, top: usize, side: usize) -> Option<[f32; 3]> {
        let mut sums = [0_u32; 3];
        let mut count = 0_u32;
        for y in top..(top + side).min(self.height) {
            let row = (y * self.width + left) * 3;
            let within = side.min(self.width.checked_sub(left)?) * 3;
            for pixel in self.bytes.get(row..row + within)?.chunks_exact(3) {
                for (sum, value) in sums.iter_mut().zip(pixel) {
                    *sum += u32::from(*value);
                }
                count += 1;
            }
        }
        (count > 0).then(|| sums.map(|sum| sum as f32 / count as f32))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounded and within a byte"
)]
fn sample(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PNG of one colour.
    fn flat_png(side: u32, colour: [u8; 3]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, side, side);
        encoder.set_color(png::ColorType::Rgb);
        let mut writer = encoder.write_header().unwrap();
        let pixels = usize::try_from(side * side).unwrap();
        writer.write_image_data(&colour.repeat(pixels)).unwrap();
        writer.finish().unwrap();
        file
    }

    #[test]
    fn a_png_has_the_colours_of_video() {
        let picture = picture(&flat_png(64, [255, 0, 0])).unwrap();
        // Red of full strength (BT.601): 81, 90, 240.
        let first = |plane: &Plane| plane.rows().next().unwrap()[0];
        let samples = [&picture.luma, &picture.blue, &picture.red].map(first);
        assert_eq!(samples, [81, 90, 240]);
        assert_eq!((picture.luma.width(), picture.blue.width()), (64, 32));
    }

    #[test]
    fn a_large_picture_is_brought_to_a_size_that_is_looked_at() {
        let picture = picture(&flat_png(2000, [9, 9, 9])).unwrap();
        assert_eq!(picture.luma.width(), 1000);
    }

    #[test]
    fn a_webp_of_a_keyframe_is_the_keyframe() {
        let ivf = include_bytes!("../load/face/face.ivf");
        let length = u32::from_le_bytes(*ivf[32..].first_chunk().unwrap());
        let data = &ivf[44..44 + usize::try_from(length).unwrap()];
        let mut file = [&b"RIFF"[..], &(length + 12).to_le_bytes(), b"WEBPVP8 "].concat();
        file.extend_from_slice(&length.to_le_bytes());
        file.extend_from_slice(data);
        let seen = picture(&file).unwrap();
        let decoded = decode(VideoCodec::Vp8, data).unwrap();
        assert!(seen.luma.rows().eq(decoded.luma.rows()));
    }

    #[test]
    fn what_is_no_picture_says_why() {
        assert_eq!(picture(b"a text").unwrap_err(), StillError::Unknown);
        assert_eq!(picture(b"").unwrap_err(), StillError::Unknown);
        let cut = &flat_png(64, [1, 2, 3])[..60];
        assert!(matches!(picture(cut), Err(StillError::Broken(_))));
        assert!(matches!(
            picture(&[0xff, 0xd8, 0xff, 0xe0]),
            Err(StillError::Broken(_))
        ));
        assert!(picture(b"RIFF\0\0\0\0WEBPVP8 \xff\xff\xff\xff").is_err());
        let huge = fitting(STILL_SIDE, STILL_SIDE);
        assert!(matches!(huge, Err(StillError::TooLarge { .. })));
    }

    #[test]
    fn what_is_transparent_lies_on_white() {
        assert_eq!(opaque(&[0, 0], 2), [255; 3]);
        assert_eq!(opaque(&[10, 20, 30, 255], 4), [10, 20, 30]);
    }
}
