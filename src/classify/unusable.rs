//! Pictures that show nothing: a model would take them for drawings.

use super::picture::Plane;

/// Standard deviation of luma up to which a picture is flat: black, white, a covered lens.
const FLAT: f64 = 5.0;

/// Luma up to which a sample is dark, of 16 to 235.
const DARK: u8 = 48;

/// Share of the samples that must not be dark for anything to be recognised.
const LIT: f64 = 0.01;

/// Whether there is nothing to see: black, flat or too dark.
pub fn is_unusable(luma: &Plane) -> bool {
    let mut counts = [0_u32; 256];
    for row in luma.rows() {
        for sample in row {
            counts[usize::from(*sample)] += 1;
        }
    }
    let by_value = || {
        (0..=u8::MAX)
            .zip(&counts)
            .map(|(value, count)| (value, f64::from(*count)))
    };
    let samples: f64 = by_value().map(|(_, count)| count).sum();
    let sum: f64 = by_value()
        .map(|(value, count)| f64::from(value) * count)
        .sum();
    let mean = sum / samples;
    let variance = by_value()
        .map(|(value, count)| (f64::from(value) - mean).powi(2) * count)
        .sum::<f64>()
        / samples;
    let lit: f64 = by_value()
        .filter(|(value, _)| *value > DARK)
        .map(|(_, count)| count)
        .sum();
    variance.sqrt() <= FLAT || lit < LIT * samples
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(sample: impl Fn(usize) -> u8) -> Plane {
        Plane::new(64, 64, 64, (0..4096).map(sample).collect()).unwrap()
    }

    #[test]
    fn black_white_grey_and_dark_pictures_show_nothing() {
        assert!(is_unusable(&plane(|_| 16)));
        assert!(is_unusable(&plane(|_| 235)));
        assert!(is_unusable(
            &plane(|at| 126 + u8::try_from(at % 4).unwrap())
        ));
        let night = plane(|at| 16 + u8::try_from(at % 32).unwrap());
        assert!(is_unusable(&night));
    }

    #[test]
    fn a_lit_part_of_a_dark_picture_is_something_to_see() {
        assert!(!is_unusable(&plane(|at| if at < 100 { 120 } else { 18 })));
        assert!(!is_unusable(&plane(|at| u8::try_from(at % 200).unwrap())));
    }
}
