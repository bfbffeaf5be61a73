//! A timer wheel: when to look after which leg. It costs nothing per packet.

use std::time::{Duration, Instant};

/// Width of one slot.
pub(crate) const SLOT: Duration = Duration::from_millis(5);
const SLOTS: usize = 256;

/// Keys by the slot of time they are due in; what lies beyond the horizon comes up early and is
/// put back by its owner.
pub(crate) struct Wheel {
    slots: Vec<Vec<usize>>,
    epoch: Instant,
    /// The next slot to look at, counted from the epoch.
    next: u64,
    waiting: usize,
}

impl Wheel {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            slots: vec![Vec::new(); SLOTS],
            epoch: now,
            next: 0,
            waiting: 0,
        }
    }

    /// Brings `key` up at `due` or a little later.
    pub(crate) fn schedule(&mut self, key: usize, due: Instant) {
        let horizon = self.next + SLOTS as u64 - 1;
        let slot = self
            .slot_at(due)
            .saturating_add(1)
            .clamp(self.next, horizon);
        let at = usize::try_from(slot).unwrap_or(0) % SLOTS;
        if let Some(keys) = self.slots.get_mut(at) {
            keys.push(key);
            self.waiting += 1;
        }
    }

    /// Moves the keys that are due now into `due`.
    pub(crate) fn advance(&mut self, now: Instant, due: &mut Vec<usize>) {
        let current = self.slot_at(now);
        // After a long sleep every slot is due once.
        self.next = self.next.max((current + 1).saturating_sub(SLOTS as u64));
        while self.next <= current {
            let at = usize::try_from(self.next).unwrap_or(0) % SLOTS;
            if let Some(keys) = self.slots.get_mut(at) {
                self.waiting -= keys.len();
                due.append(keys);
            }
            self.next += 1;
        }
    }

    /// When the next key comes up.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        if self.waiting == 0 {
            return None;
        }
        let slot = (self.next..self.next + SLOTS as u64).find(|slot| {
            let at = usize::try_from(*slot).unwrap_or(0) % SLOTS;
            self.slots.get(at).is_some_and(|keys| !keys.is_empty())
        })?;
        let millis = slot.saturating_mul(u64::try_from(SLOT.as_millis()).unwrap_or(1));
        self.epoch.checked_add(Duration::from_millis(millis))
    }

    fn slot_at(&self, time: Instant) -> u64 {
        let since = time.saturating_duration_since(self.epoch).as_millis();
        u64::try_from(since / SLOT.as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::clock::any_instant;

    #[test]
    fn a_key_comes_up_when_due_and_not_before() {
        let start = any_instant();
        let at = |ms| start + Duration::from_millis(ms);
        let mut wheel = Wheel::new(start);
        let mut due = Vec::new();
        wheel.schedule(1, at(23));
        wheel.schedule(2, at(100));
        assert!(
            wheel
                .next_due()
                .is_some_and(|next| next >= at(23) && next <= at(30))
        );
        wheel.advance(at(22), &mut due);
        assert!(due.is_empty());
        wheel.advance(at(30), &mut due);
        assert_eq!(due, [1]);
        wheel.advance(at(10_000), &mut due);
        assert_eq!(due, [1, 2]);
        assert_eq!(wheel.next_due(), None);
    }

    #[test]
    fn the_past_comes_up_at_the_next_turn() {
        let start = any_instant();
        let mut wheel = Wheel::new(start);
        let mut due = Vec::new();
        wheel.advance(start + Duration::from_secs(3600), &mut due);
        wheel.schedule(7, start);
        wheel.advance(start + Duration::from_secs(3600) + SLOT, &mut due);
        assert_eq!(due, [7]);
    }
}
