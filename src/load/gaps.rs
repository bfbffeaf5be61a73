//! What a visitor is missing of one stream: asked of the server until it comes or is given up
//! (RFC 4585, 6.2.1).

use std::time::{Duration, Instant};

use crate::limits;

/// Packets below the highest whose coming is remembered.
const REMEMBERED: u64 = 2048;
const WORDS: usize = 32;
const _: () = assert!(WORDS as u64 * 64 == REMEMBERED);

/// Which packets have come, first-hand or resent.
#[derive(Clone)]
pub(super) struct Seen {
    highest: Option<u64>,
    /// Bit `index % 2048`.
    bits: [u64; WORDS],
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            highest: None,
            bits: [0; WORDS],
        }
    }
}

impl Seen {
    /// The highest that has come.
    pub(super) const fn highest(&self) -> Option<u64> {
        self.highest
    }

    /// Notes one; answers whether it is news.
    pub(super) fn insert(&mut self, index: u64) -> bool {
        let highest = *self.highest.get_or_insert(index);
        if index + REMEMBERED <= highest {
            return false;
        }
        if index > highest {
            if index - highest >= REMEMBERED {
                self.bits = [0; WORDS];
            }
            for skipped in (highest + 1).max(index.saturating_sub(REMEMBERED))..=index {
                self.set(skipped, false);
            }
            self.highest = Some(index);
        }
        !self.set(index, true)
    }

    /// Sets one bit; answers what it was.
    fn set(&mut self, index: u64, to: bool) -> bool {
        let place = usize::try_from(index / 64).unwrap_or(0) % WORDS;
        let Some(word) = self.bits.get_mut(place) else {
            return false;
        };
        let bit = 1 << (index % 64);
        let was = *word & bit != 0;
        *word = if to { *word | bit } else { *word & !bit };
        was
    }
}

/// Packets that are missing and still worth asking for.
#[derive(Default)]
pub(super) struct Gaps {
    missing: Vec<Missing>,
    /// Something was given up: only a keyframe mends the picture.
    pub(super) is_beyond_mending: bool,
}

struct Missing {
    index: u64,
    since: Instant,
    ask_at: Instant,
    tries: u8,
}

/// A late packet may only be out of order: ask after this long.
const REORDERING: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(1);
const TRIES: u8 = 10;

impl Gaps {
    /// All from `from` up to `to` did not come in their turn.
    pub(super) fn open(&mut self, from: u64, to: u64, now: Instant) {
        let width = usize::try_from(to - from).unwrap_or(usize::MAX);
        if width + self.missing.len() > limits::MISSING_PACKETS {
            self.missing.clear();
            self.is_beyond_mending = true;
            return;
        }
        self.missing.extend((from..to).map(|index| Missing {
            index,
            since: now,
            ask_at: now + REORDERING,
            tries: 0,
        }));
    }

    /// One has come after all.
    pub(super) fn close(&mut self, index: u64) {
        self.missing.retain(|missing| missing.index != index);
    }

    /// How many are still hoped for.
    pub(super) fn count(&self) -> u64 {
        self.missing.len() as u64
    }

    /// When to ask next.
    pub(super) fn due(&self) -> Option<Instant> {
        self.missing.iter().map(|missing| missing.ask_at).min()
    }

    /// What to ask for now, in order; asked again after `retry`.
    pub(super) fn ask(&mut self, now: Instant, retry: Duration) -> Vec<u16> {
        let before = self.missing.len();
        self.missing.retain(|missing| {
            let age = now.saturating_duration_since(missing.since);
            missing.tries < TRIES && age < PATIENCE + retry
        });
        self.is_beyond_mending |= self.missing.len() < before;
        let mut wanted: Vec<u64> = Vec::new();
        for missing in self.missing.iter_mut().filter(|m| m.ask_at <= now) {
            missing.ask_at = now + retry;
            missing.tries += 1;
            wanted.push(missing.index);
        }
        wanted.sort_unstable();
        let low = |index| u16::try_from(index & 0xffff).unwrap_or(0);
        wanted.into_iter().map(low).collect()
    }

    /// Nothing is worth asking for any more.
    pub(super) fn clear(&mut self) {
        self.missing.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::herd::read_clock;

    #[test]
    fn each_packet_is_news_once() {
        let mut seen = Seen::default();
        assert!(seen.insert(70_000));
        assert!(seen.insert(70_003));
        assert!(seen.insert(70_001), "late");
        assert!(!seen.insert(70_001));
        assert!(!seen.insert(70_003));
        assert!(seen.insert(70_000 + 2 * REMEMBERED), "a leap");
        assert!(!seen.insert(70_002), "too old to tell");
        assert!(seen.insert(70_001 + REMEMBERED));
        assert_eq!(seen.highest(), Some(70_000 + 2 * REMEMBERED));
    }

    #[test]
    fn a_gap_is_asked_for_until_it_closes_or_is_given_up() {
        let start = read_clock();
        let at = |ms| start + Duration::from_millis(ms);
        let retry = Duration::from_millis(40);
        let mut gaps = Gaps::default();
        gaps.open(65_535, 65_537, at(0));
        assert_eq!(gaps.due(), Some(at(5)));
        assert!(gaps.ask(at(4), retry).is_empty(), "reordering is not loss");
        assert_eq!(gaps.ask(at(5), retry), [65_535, 0]);
        assert!(
            gaps.ask(at(44), retry).is_empty(),
            "the answer is on its way"
        );
        gaps.close(65_535);
        assert_eq!(gaps.ask(at(45), retry), [0]);
        assert!(!gaps.is_beyond_mending);
        assert!(gaps.ask(at(1100), retry).is_empty());
        assert!(gaps.is_beyond_mending);
        assert_eq!((gaps.count(), gaps.due()), (0, None));
    }

    #[test]
    fn a_gap_too_wide_to_mend_is_left_to_a_keyframe() {
        let mut gaps = Gaps::default();
        gaps.open(1, 1_000_000, read_clock());
        assert!(gaps.is_beyond_mending && gaps.count() == 0);
    }
}
