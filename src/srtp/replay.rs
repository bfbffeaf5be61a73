//! What has been received, so that nothing is taken twice (RFC 3711, section 3.3.2).

use super::SrtpError;
use crate::rtp::sequence;

/// The highest index of one SSRC and which of those below it have come.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct ReplayWindow {
    highest: u64,
    /// Bit `n` stands for `highest - n`; the lowest is set from the first packet on.
    seen: u128,
}

impl ReplayWindow {
    /// Packets before the highest that can still come.
    pub const SIZE: u64 = 128;

    /// Has seen nothing.
    pub const fn new() -> Self {
        Self {
            highest: 0,
            seen: 0,
        }
    }

    /// Has seen one packet.
    pub(super) const fn only(index: u64) -> Self {
        Self {
            highest: index,
            seen: 1,
        }
    }

    /// The highest index received.
    pub const fn highest(&self) -> Option<u64> {
        match self.seen {
            0 => None,
            _ => Some(self.highest),
        }
    }

    /// The index that a packet with this sequence number must have (RFC 3711, section 3.3.1):
    /// nearest to the highest, in the first turn where nothing has come. `None` before the first.
    pub(super) const fn index_of(&self, sequence: u16) -> Option<u64> {
        match self.highest() {
            None => Some(sequence as u64),
            Some(highest) => sequence::nearest(highest, sequence),
        }
    }

    /// Whether a packet with this index may still be taken.
    pub(super) const fn check(&self, index: u64) -> Result<(), SrtpError> {
        let Some(age) = self.highest.checked_sub(index) else {
            return Ok(());
        };
        match self.seen {
            0 => Ok(()),
            _ if age >= Self::SIZE => Err(SrtpError::TooOld),
            seen if seen & (1 << age) != 0 => Err(SrtpError::Replayed),
            _ => Ok(()),
        }
    }

    /// Remembers an authenticated packet.
    pub(super) fn insert(&mut self, index: u64) {
        let advance = match self.highest() {
            None => Self::SIZE,
            Some(highest) => match index.checked_sub(highest) {
                Some(advance) => advance,
                None => return self.insert_late(highest.wrapping_sub(index)),
            },
        };
        let kept = u32::try_from(advance).ok();
        let kept = kept.and_then(|advance| self.seen.checked_shl(advance));
        self.seen = kept.unwrap_or(0) | 1;
        self.highest = index;
    }

    const fn insert_late(&mut self, age: u64) {
        if age < Self::SIZE {
            self.seen |= 1 << age;
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;

    fn take(window: &mut ReplayWindow, index: u64) -> Result<(), SrtpError> {
        window.check(index)?;
        window.insert(index);
        Ok(())
    }

    #[test]
    fn each_index_is_taken_once_in_any_order() {
        let mut window = ReplayWindow::new();
        for index in [100, 103, 101, 99, 102, 200] {
            assert_eq!(take(&mut window, index), Ok(()), "{index}");
        }
        for index in [100, 103, 101, 99, 102, 200] {
            assert_eq!(
                take(&mut window, index),
                Err(SrtpError::Replayed),
                "{index}"
            );
        }
        assert_eq!(window.highest(), Some(200));
    }

    #[test]
    fn the_window_ends_after_its_size() {
        let mut window = ReplayWindow::new();
        take(&mut window, 1000).unwrap();
        assert_eq!(
            take(&mut window, 1000 - ReplayWindow::SIZE),
            Err(SrtpError::TooOld)
        );
        assert_eq!(take(&mut window, 1001 - ReplayWindow::SIZE), Ok(()));
        assert_eq!(take(&mut window, 0), Err(SrtpError::TooOld));
    }

    #[test]
    fn a_leap_forgets_what_it_leaves_behind() {
        for leap in [127, 128, 129, 1 << 32, 1 << 40] {
            let mut window = ReplayWindow::new();
            take(&mut window, 5).unwrap();
            take(&mut window, 5 + leap).unwrap();
            let expected = if leap < 128 {
                SrtpError::Replayed
            } else {
                SrtpError::TooOld
            };
            assert_eq!(take(&mut window, 5), Err(expected), "{leap}");
            assert_eq!(take(&mut window, 4 + leap), Ok(()), "{leap}");
        }
    }

    #[test]
    fn index_zero_is_an_index() {
        let mut window = ReplayWindow::new();
        assert_eq!(window.highest(), None);
        assert_eq!(take(&mut window, 0), Ok(()));
        assert_eq!(take(&mut window, 0), Err(SrtpError::Replayed));
        assert_eq!(window.highest(), Some(0));
    }

    #[test]
    fn the_turn_is_guessed_nearest_to_the_highest() {
        let mut window = ReplayWindow::new();
        assert_eq!(window.index_of(65_000), Some(65_000));
        take(&mut window, 2).unwrap();
        assert_eq!(window.index_of(65_535), None);
        take(&mut window, 65_535).unwrap();
        assert_eq!(window.index_of(0), Some(65_536));
        take(&mut window, 65_537).unwrap();
        assert_eq!(window.index_of(65_534), Some(65_534));
    }

    #[test]
    fn it_agrees_with_a_plain_memory() {
        let mut random = StdRng::seed_from_u64(7);
        let (mut window, mut taken) = (ReplayWindow::new(), std::collections::HashSet::new());
        let mut highest = 0u64;
        for _ in 0..20_000 {
            let index =
                (highest + random.random_range(0..10)).saturating_sub(random.random_range(0..200));
            let old = !taken.is_empty() && highest.saturating_sub(index) >= ReplayWindow::SIZE;
            let expected = !old && taken.insert(index);
            assert_eq!(
                take(&mut window, index).is_ok(),
                expected,
                "{index} after {highest}"
            );
            if expected {
                highest = highest.max(index);
            }
        }
    }
}
