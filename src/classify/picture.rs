//! A decoded picture: three planes, luma and two of colour at half its size.

use std::ops::Range;

/// One plane of samples, row by row.
#[derive(Clone, Debug)]
pub struct Plane {
    width: usize,
    height: usize,
    stride: usize,
    samples: Vec<u8>,
}

impl Plane {
    /// A plane of `samples` with `stride` from row to row. `None` if there are too few, or none.
    pub fn new(width: usize, height: usize, stride: usize, samples: Vec<u8>) -> Option<Self> {
        let needed = stride
            .checked_mul(height.checked_sub(1)?)?
            .checked_add(width)?;
        (width > 0 && stride >= width && samples.len() >= needed).then_some(Self {
            width,
            height,
            stride,
            samples,
        })
    }

    /// Samples in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Its rows, without what lies between them.
    pub fn rows(&self) -> impl Iterator<Item = &[u8]> {
        let rows = self.samples.chunks(self.stride).take(self.height);
        rows.filter_map(|row| row.get(..self.width))
    }

    /// The plane at another size, row by row: each sample is the mean of what it covers, or the
    /// nearest where it covers less than one.
    fn resized(&self, width: usize, height: usize) -> Vec<f32> {
        let rows: Vec<&[u8]> = self.rows().collect();
        let columns: Vec<_> = fields(self.width, width).collect();
        let mut resized = Vec::with_capacity(width * height);
        let mut sums = vec![0_u32; self.width];
        for field in fields(self.height, height) {
            sums.fill(0);
            let covered = rows.get(field.clone()).unwrap_or_default();
            for row in covered {
                for (sum, sample) in sums.iter_mut().zip(*row) {
                    *sum += u32::from(*sample);
                }
            }
            for column in &columns {
                let sums = sums.get(column.clone()).unwrap_or_default();
                let total: u32 = sums.iter().sum();
                resized.push(total as f32 / (sums.len() * covered.len()) as f32);
            }
        }
        resized
    }
}

/// Cuts `from` samples into `into` fields of at least one.
fn fields(from: usize, into: usize) -> impl Iterator<Item = Range<usize>> {
    (0..into).map(move |at| {
        let start = at * from / into;
        start..((at + 1) * from / into).max(start + 1)
    })
}

/// A picture as video carries it: BT.601, the range from black to white being 16 to 235.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Brightness.
    pub luma: Plane,
    /// Blue against brightness, half as wide and high.
    pub blue: Plane,
    /// Red against brightness, half as wide and high.
    pub red: Plane,
}

/// A picture in red, green and blue, each a plane of values from 0 to 255.
#[derive(Clone, Debug)]
pub struct Colours {
    /// Red, green, blue.
    pub planes: [Vec<f32>; 3],
}

impl Picture {
    /// The picture at another size, in red, green and blue.
    pub fn colours(&self, width: usize, height: usize) -> Colours {
        let luma = self.luma.resized(width, height);
        let blue = self.blue.resized(width, height);
        let red = self.red.resized(width, height);
        let mut planes = [const { Vec::new() }; 3];
        for plane in &mut planes {
            plane.reserve_exact(luma.len());
        }
        let [reds, greens, blues] = &mut planes;
        for ((y, cb), cr) in luma.iter().zip(&blue).zip(&red) {
            // ITU-R BT.601-7, 2.5: the inverse of its matrix.
            let (y, cb, cr) = (1.164_383 * (y - 16.0), cb - 128.0, cr - 128.0);
            reds.push((y + 1.596_027 * cr).clamp(0.0, 255.0));
            greens.push((y - 0.391_762 * cb - 0.812_968 * cr).clamp(0.0, 255.0));
            blues.push((y + 2.017_232 * cb).clamp(0.0, 255.0));
        }
        Colours { planes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smaller_plane_holds_means_and_a_larger_one_the_nearest() {
        let plane = Plane::new(4, 2, 5, vec![0, 2, 4, 6, 99, 4, 6, 8, 10]).unwrap();
        assert_eq!(plane.resized(2, 1), [3.0, 7.0]);
        assert_eq!(plane.resized(8, 1)[..4], [2.0, 2.0, 4.0, 4.0]);
        assert_eq!(plane.rows().count(), 2);
    }

    #[test]
    fn planes_of_too_few_samples_are_refused() {
        assert!(Plane::new(4, 2, 5, vec![0; 8]).is_none());
        assert!(Plane::new(4, 2, 3, vec![0; 80]).is_none());
        assert!(Plane::new(0, 2, 5, vec![0; 80]).is_none());
        assert!(Plane::new(4, 0, 5, vec![0; 80]).is_none());
    }

    #[test]
    fn white_and_red_come_out_as_such() {
        let plane = |value| Plane::new(2, 2, 2, vec![value; 4]).unwrap();
        let white = Picture {
            luma: plane(235),
            blue: plane(128),
            red: plane(128),
        };
        for plane in white.colours(3, 3).planes {
            assert!(plane.iter().all(|value| *value > 254.9), "{plane:?}");
        }
        // Red of full strength (BT.601): 81, 90, 240.
        let red = Picture {
            luma: plane(81),
            blue: plane(90),
            red: plane(240),
        };
        let [reds, greens, blues] = red.colours(1, 1).planes;
        assert!(reds[0] > 253.0 && greens[0] < 2.0 && blues[0] < 2.0);
    }
}
