//! PDQ: a fingerprint of 256 bits that a picture keeps when it is scaled, encoded or retouched.
//!
//! As Meta describes it ("The TMK+PDQF video-hashing algorithm and the PDQ image-hashing
//! algorithm", 2019): the luma is blurred by two rounds of box filters and taken down to 64 x 64;
//! of its cosine transform the 16 x 16 lowest frequencies without the constant are kept, and each
//! bit says whether one of them lies above their median.

use std::f32::consts::PI;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::picture::Plane;

/// Side of the small picture that is transformed.
const SIDE: usize = 64;

/// Frequencies that are kept, in each direction.
const KEPT: usize = 16;

/// Rounds of box filters: two make a tent.
const ROUNDS: usize = 2;

/// Smallest side that has a fingerprint.
const SIDE_MIN: usize = 5;

/// 256 bits, the last frequency first, as they are written in hexadecimal by other programs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// Reads 64 hexadecimal digits.
    pub fn parse(digits: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// Bits that differ: 0 for the same picture, about 128 for strangers.
    pub fn distance(&self, other: &Self) -> u32 {
        let pairs = self.0.iter().zip(&other.0);
        pairs.map(|(a, b)| (a ^ b).count_ones()).sum()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The fingerprint of a plane of luma and how much there is in it to tell, 0 to 100. `None` if it is
/// too small.
pub fn fingerprint(luma: &Plane) -> Option<(Fingerprint, u8)> {
    let (width, height) = (luma.width(), luma.height());
    if width < SIDE_MIN || height < SIDE_MIN {
        return None;
    }
    let mut full = Vec::with_capacity(width * height);
    for row in luma.rows() {
        full.extend(row.iter().copied().map(f32::from));
    }
    let small = if (width, height) == (SIDE, SIDE) {
        full
    } else {
        for _ in 0..ROUNDS {
            full = blurred_along_rows(&full, width, window(width));
            full = blurred_along_columns(&full, width, window(height));
        }
        decimated(&full, width, height)
    };
    Some((bits(&frequencies(&small)), quality(&small)))
}

/// Half of what becomes one sample, rounded up: two rounds reach over all of it.
fn window(side: usize) -> usize {
    side.div_ceil(2 * SIDE)
}

/// How far a window reaches to the left of its sample, and to the right.
fn reach(window: usize) -> (usize, usize) {
    let right = window / 2;
    (window - right - 1, right)
}

fn blurred_along_rows(samples: &[f32], width: usize, window: usize) -> Vec<f32> {
    let (left, right) = reach(window);
    let mut blurred = Vec::with_capacity(samples.len());
    for row in samples.chunks_exact(width) {
        let mut sum: f32 = row.iter().take(right).sum();
        let mut count = right.min(width);
        for at in 0..width {
            if let Some(entering) = row.get(at + right) {
                sum += entering;
                count += 1;
            }
            if let Some(leaving) = at.checked_sub(left + 1).and_then(|gone| row.get(gone)) {
                sum -= leaving;
                count -= 1;
            }
            blurred.push(sum / count as f32);
        }
    }
    blurred
}

/// The same downwards, for all columns at once: a row is added, a row taken away.
fn blurred_along_columns(samples: &[f32], width: usize, window: usize) -> Vec<f32> {
    let (above, below) = reach(window);
    let rows: Vec<&[f32]> = samples.chunks_exact(width).collect();
    let mut sums = vec![0.0_f32; width];
    let mut count = 0_usize;
    for row in rows.iter().take(below) {
        add(&mut sums, row, 1.0);
        count += 1;
    }
    let mut blurred = Vec::with_capacity(samples.len());
    for at in 0..rows.len() {
        if let Some(entering) = rows.get(at + below) {
            add(&mut sums, entering, 1.0);
            count += 1;
        }
        if let Some(leaving) = at.checked_sub(above + 1).and_then(|gone| rows.get(gone)) {
            add(&mut sums, leaving, -1.0);
            count -= 1;
        }
        let count = count as f32;
        blurred.extend(sums.iter().map(|sum| sum / count));
    }
    blurred
}

fn add(sums: &mut [f32], row: &[f32], sign: f32) {
    for (sum, sample) in sums.iter_mut().zip(row) {
        *sum += sign * sample;
    }
}

/// One sample from the middle of each of 64 x 64 fields.
fn decimated(samples: &[f32], width: usize, height: usize) -> Vec<f32> {
    let middle = |at: usize, side: usize| (2 * at + 1) * side / (2 * SIDE);
    let mut small = Vec::with_capacity(SIDE * SIDE);
    for y in 0..SIDE {
        let row = middle(y, height) * width;
        small.extend((0..SIDE).filter_map(|x| samples.get(row + middle(x, width))));
    }
    small
}

/// Steps between neighbours, in whole hundredths of the range, so that noise counts for nothing.
fn quality(small: &[f32]) -> u8 {
    let step = |a: f32, b: f32| ((a - b) * 100.0 / 255.0).trunc().abs();
    let rows: Vec<&[f32]> = small.chunks_exact(SIDE).collect();
    let mut steps = 0.0;
    for row in &rows {
        steps += row
            .windows(2)
            .map(|pair| step(pair[0], pair[1]))
            .sum::<f32>();
    }
    for pair in rows.windows(2) {
        let across = pair[0].iter().zip(pair[1]);
        steps += across.map(|(a, b)| step(*a, *b)).sum::<f32>();
    }
    (0..100)
        .find(|quality| steps < 90.0 * f32::from(quality + 1))
        .unwrap_or(100)
}

/// The first frequencies of the cosine transform, without the constant.
fn frequencies(small: &[f32]) -> Vec<f32> {
    let matrix = cosines();
    // First down the columns, then along the rows.
    let mut half = vec![0.0_f32; KEPT * SIDE];
    for (waves, out) in matrix.chunks_exact(SIDE).zip(half.chunks_exact_mut(SIDE)) {
        for (wave, row) in waves.iter().zip(small.chunks_exact(SIDE)) {
            add(out, row, *wave);
        }
    }
    let mut whole = Vec::with_capacity(KEPT * KEPT);
    for row in half.chunks_exact(SIDE) {
        for waves in matrix.chunks_exact(SIDE) {
            whole.push(row.iter().zip(waves).map(|(a, b)| a * b).sum());
        }
    }
    whole
}

/// Row `i` is the wave with `i + 1` half turns over 64 samples.
fn cosines() -> Vec<f32> {
    let scale = (2.0 / SIDE as f32).sqrt();
    let mut matrix = Vec::with_capacity(KEPT * SIDE);
    for i in 0..KEPT {
        for j in 0..SIDE {
            let turn = PI / 2.0 / SIDE as f32 * ((i + 1) * (2 * j + 1)) as f32;
            matrix.push(scale * turn.cos());
        }
    }
    matrix
}

/// One bit for each frequency above the median; the lower of the two in the middle is the median.
fn bits(frequencies: &[f32]) -> Fingerprint {
    let mut sorted = frequencies.to_vec();
    let (_, median, _) = sorted.select_nth_unstable_by(KEPT * KEPT / 2 - 1, f32::total_cmp);
    let mut bytes = [0_u8; 32];
    for (at, frequency) in frequencies.iter().enumerate() {
        if frequency > median
            && let Some(byte) = bytes.iter_mut().rev().nth(at / 8)
        {
            *byte |= 1 << (at % 8);
        }
    }
    Fingerprint(bytes)
}
