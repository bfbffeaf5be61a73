//! Pictures that stand still or come round again: how many of a leg's last ones look the same.

use std::collections::{HashMap, VecDeque};

use super::pdq::Fingerprint;
use crate::id::LegId;
use crate::limits::{RECENT_LEGS, RECENT_PICTURES};

/// Bits by which two encodings of one still scene differ at most, whatever the camera's noise and the
/// encoder's rate. A picture that sways by up to 4 of its 640 pixels differs by 10 at the median.
const STILL: u32 = 2;

/// The last fingerprints of each leg.
#[derive(Default, Debug)]
pub struct Recent {
    pictures_by_leg: HashMap<LegId, Pictures>,
    turn: u64,
}

#[derive(Default, Debug)]
struct Pictures {
    last: VecDeque<Fingerprint>,
    used: u64,
}

impl Recent {
    /// Which share of the leg's last pictures look like this one, from 0 to 1; it is then one of
    /// them. As long as there are fewer than are remembered, those that lack look different.
    pub fn share(&mut self, leg: LegId, fingerprint: Fingerprint) -> f32 {
        self.turn += 1;
        if self.pictures_by_leg.len() >= RECENT_LEGS && !self.pictures_by_leg.contains_key(&leg) {
            self.forget_oldest();
        }
        let pictures = self.pictures_by_leg.entry(leg).or_default();
        pictures.used = self.turn;
        let same = pictures
            .last
            .iter()
            .filter(|last| last.distance(&fingerprint) <= STILL);
        let share = same.count() as f32 / RECENT_PICTURES as f32;
        if pictures.last.len() >= RECENT_PICTURES {
            pictures.last.pop_front();
        }
        pictures.last.push_back(fingerprint);
        share
    }

    fn forget_oldest(&mut self) {
        let oldest = self
            .pictures_by_leg
            .iter()
            .min_by_key(|(_, pictures)| pictures.used);
        if let Some(leg) = oldest.map(|(leg, _)| *leg) {
            self.pictures_by_leg.remove(&leg);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(number: u8) -> Fingerprint {
        Fingerprint([number; 32])
    }

    #[test]
    fn a_picture_that_never_changes_grows_to_one() {
        let mut recent = Recent::default();
        let shares: Vec<f32> = (0..10)
            .map(|_| recent.share(LegId(1), picture(7)))
            .collect();
        assert_eq!(shares[..3], [0.0, 0.125, 0.25]);
        assert_eq!(shares[8..], [1.0, 1.0]);
    }

    #[test]
    fn a_clip_that_comes_round_is_noticed_and_a_living_picture_is_not() {
        let mut recent = Recent::default();
        for number in [1, 2, 3, 4, 1, 2, 3, 4] {
            recent.share(LegId(1), picture(number));
        }
        let comes_round = recent.share(LegId(1), picture(1));
        let lives = recent.share(LegId(1), picture(9));
        let another_leg = recent.share(LegId(2), picture(1));
        assert_eq!(vec![comes_round, lives, another_leg], [0.25, 0.0, 0.0]);
    }

    #[test]
    fn an_encoders_two_bits_are_still_and_a_third_is_life() {
        let mut recent = Recent::default();
        let flipped = |bits: u8| {
            let mut bytes = [7; 32];
            bytes[0] ^= bits;
            Fingerprint(bytes)
        };
        recent.share(LegId(1), picture(7));
        assert!(recent.share(LegId(1), flipped(0b11)) > 0.0);
        let mut recent = Recent::default();
        recent.share(LegId(1), picture(7));
        assert!(recent.share(LegId(1), flipped(0b111)) <= 0.0);
    }

    #[test]
    fn legs_that_were_not_seen_for_longest_are_forgotten() {
        let mut recent = Recent::default();
        for leg in 0..=u64::try_from(RECENT_LEGS).unwrap() {
            recent.share(LegId(leg), picture(1));
        }
        assert_eq!(recent.pictures_by_leg.len(), RECENT_LEGS);
        let oldest = recent.share(LegId(0), picture(1));
        let newer = recent.share(LegId(5), picture(1));
        assert_eq!(vec![oldest, newer], [0.0, 0.125]);
    }
}
