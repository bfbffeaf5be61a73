//! 16-bit sequence numbers that wrap, laid out on one line of 64 bits.

/// Whether `a` comes after `b`, the shorter way around.
///
/// ```
/// use visavis::rtp::sequence::is_newer;
/// assert!(is_newer(2, 65_535));
/// assert!(!is_newer(7, 7));
/// ```
pub const fn is_newer(a: u16, b: u16) -> bool {
    a != b && a.wrapping_sub(b) < 0x8000
}

/// The place on the line that ends in `sequence` and lies nearest to `highest` (RFC 3711,
/// section 3.3.1); `None` where that would be before the line's beginning.
pub const fn nearest(highest: u64, sequence: u16) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "the distance is taken around the circle of 16 bits, either way"
    )]
    let distance = sequence.wrapping_sub(highest as u16) as i16;
    highest.checked_add_signed(distance as i64)
}

/// Lays out the numbers of one SSRC, in whatever order they come (after RFC 3550, A.1).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Unwrapper {
    highest: Option<u64>,
}

impl Unwrapper {
    /// Knows no number yet.
    pub const fn new() -> Self {
        Self { highest: None }
    }

    /// The highest place given so far.
    pub const fn highest(&self) -> Option<u64> {
        self.highest
    }

    /// The place of `sequence`: its low 16 bits are `sequence`, and it lies nearest to the highest
    /// place so far. The first is given the second turn (65,536 and up), so that those which it
    /// overtook have a place too.
    pub fn unwrap(&mut self, sequence: u16) -> u64 {
        let first = 0x1_0000 | u64::from(sequence);
        let highest = self.highest.unwrap_or(first);
        // Before the beginning there is no place: whoever comes from there takes its first turn.
        let place = nearest(highest, sequence).unwrap_or_else(|| u64::from(sequence));
        self.highest = Some(highest.max(place));
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_is_the_shorter_way_around() {
        assert!(is_newer(1, 0));
        assert!(is_newer(0, 65_535));
        assert!(is_newer(0x7fff, 0));
        assert!(!is_newer(0x8000, 0));
        assert!(!is_newer(0, 1));
        assert!(!is_newer(5, 5));
    }

    #[test]
    fn numbers_rise_across_the_wrap() {
        let mut unwrapper = Unwrapper::new();
        let places: Vec<u64> = [65_534, 65_535, 0, 1].map(|s| unwrapper.unwrap(s)).into();
        assert_eq!(places, [131_070, 131_071, 131_072, 131_073]);
    }

    #[test]
    fn a_late_number_has_its_place_before_the_wrap() {
        let mut unwrapper = Unwrapper::new();
        let places: Vec<u64> = [65_535, 1, 65_534, 2].map(|s| unwrapper.unwrap(s)).into();
        assert_eq!(places, [131_071, 131_073, 131_070, 131_074]);
        assert_eq!(unwrapper.highest(), Some(131_074));
    }

    #[test]
    fn those_overtaken_by_the_first_come_before_it() {
        let mut unwrapper = Unwrapper::new();
        assert_eq!(unwrapper.unwrap(1), 65_537);
        assert_eq!(unwrapper.unwrap(65_535), 65_535);
    }

    #[test]
    fn ten_turns_are_counted() {
        let mut unwrapper = Unwrapper::new();
        let mut expected = 0x1_0000;
        for sequence in (0..655_360u32).step_by(1000) {
            let low = u16::try_from(sequence & 0xffff).unwrap();
            assert_eq!(unwrapper.unwrap(low), expected);
            expected += 1000;
        }
    }

    #[test]
    fn nothing_lies_before_the_beginning() {
        assert_eq!(nearest(3, 65_535), None);
        assert_eq!(nearest(3, 0), Some(0));
        assert_eq!(nearest(65_536, 65_535), Some(65_535));
    }
}
