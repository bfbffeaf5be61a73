//! Known pictures: a list of fingerprints, and whether one is near to any of them.

use super::pdq::Fingerprint;

/// Bits by which a copy may differ; what Meta and its partners match by.
pub const DISTANCE_MAX: u32 = 31;

/// Quality from which a fingerprint tells enough: Meta's 50 for pictures of 256 steps, less for
/// video, whose luma has 219 (BT.601), its gradients being so much smaller.
pub const QUALITY_MIN: u8 = 43;

/// Fingerprints of pictures that nobody may show.
#[derive(Clone, Default, Debug)]
pub struct KnownPictures(Vec<Fingerprint>);

/// Why a list cannot be read.
#[derive(Clone, PartialEq, Eq, thiserror::Error, Debug)]
pub enum ListError {
    /// Something else stands where a fingerprint should.
    #[error("line {line}: 64 hexadecimal digits stand first on each line")]
    Digits {
        /// Counts from one.
        line: usize,
    },
}

impl KnownPictures {
    /// Reads a list: one fingerprint on a line, 64 hexadecimal digits, whatever follows behind a
    /// comma or a blank being left alone. Empty lines and those that begin with `#` are skipped.
    ///
    /// # Errors
    /// A line holds something else: the list is refused whole.
    pub fn parse(text: &str) -> Result<Self, ListError> {
        let mut list = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let first = line.split([',', ' ', '\t']).next().unwrap_or_default();
            let fingerprint = Fingerprint::parse(first);
            list.push(fingerprint.ok_or(ListError::Digits { line: index + 1 })?);
        }
        list.sort_unstable();
        list.dedup();
        Ok(Self(list))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every one, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Fingerprint> {
        self.0.iter()
    }

    /// Whether a picture is a copy of one of these. The list is walked from end to end: a million
    /// entries take some three milliseconds.
    pub fn has(&self, fingerprint: &Fingerprint, quality: u8) -> bool {
        quality >= QUALITY_MIN
            && self
                .0
                .iter()
                .any(|known| known.distance(fingerprint) <= DISTANCE_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_ones(count: usize) -> Fingerprint {
        let mut bytes = [0; 32];
        for bit in 0..count {
            bytes[bit / 8] |= 1 << (bit % 8);
        }
        Fingerprint(bytes)
    }

    #[test]
    fn a_copy_within_31_bits_is_known_and_one_beyond_is_not() {
        let list = KnownPictures::parse(&"0".repeat(64)).unwrap();
        assert!(list.has(&with_ones(31), 50));
        assert!(!list.has(&with_ones(32), 50));
        assert!(
            !list.has(&with_ones(0), QUALITY_MIN - 1),
            "nothing to tell by"
        );
        assert!(!KnownPictures::default().has(&with_ones(0), 100));
    }

    #[test]
    fn a_list_is_read_past_comments_and_columns() {
        let text = format!(
            "# source\n\n{}, 90, case 7\n{}\n",
            "f0".repeat(32),
            "F0".repeat(32)
        );
        let list = KnownPictures::parse(&text).unwrap();
        assert_eq!(list.len(), 1);
        assert_eq!(list.iter().next().unwrap().to_string(), "f0".repeat(32));
    }

    #[test]
    fn a_wrong_line_is_named() {
        let short = format!("{}\nabc\n", "0".repeat(64));
        assert_eq!(
            KnownPictures::parse(&short).unwrap_err(),
            ListError::Digits { line: 2 }
        );
        assert!(KnownPictures::parse(&"g".repeat(64)).is_err());
    }
}
