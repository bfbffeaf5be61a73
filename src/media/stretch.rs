//! A stretch of numbers with one constant offset: what makes a relay a handful of additions.
//!
//! Numbers are whole (48-bit packet indices, unwrapped transport-wide numbers), so that wrap is the
//! business of the two ends only. A stretch begins where a match (or, after a stop, its picture)
//! begins: what lies before it belongs to somebody else.

/// `out = in - start_in + start_out`, from the start on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    /// The first number as the sender counts.
    pub(crate) start_in: u64,
    /// The first number as the receiver counts.
    pub(crate) start_out: u64,
}

impl Stretch {
    /// The receiver's number for the sender's. `None` before the stretch.
    pub(crate) fn forth(&self, number: u64) -> Option<u64> {
        number
            .checked_sub(self.start_in)?
            .checked_add(self.start_out)
    }

    /// The sender's number for the receiver's. `None` before the stretch.
    pub(crate) fn back(&self, number: u64) -> Option<u64> {
        number
            .checked_sub(self.start_out)?
            .checked_add(self.start_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_is_where_it_was() {
        let stretch = Stretch {
            start_in: 65_530,
            start_out: 131_071,
        };
        assert_eq!(stretch.forth(65_540), Some(131_081));
        assert_eq!(stretch.back(131_081), Some(65_540));
        assert_eq!(stretch.forth(65_529), None);
        assert_eq!(stretch.back(131_070), None);
    }
}
