//! When each of a sender's packets arrived, by transport-wide number: the feedback that the home
//! shard makes itself while a leg waits, while its video is held, and while it is stopped.

use crate::limits;

/// One number and when it arrived, in units of 250 µs since the shard's epoch; `None` is a loss.
pub(crate) type Arrival = (u64, Option<i64>);
/// The same as it goes on the wire.
pub(crate) type Told = (u16, Option<i64>);

/// The last arrivals of one sender, and how far they were reported.
pub(crate) struct Arrivals {
    /// Slot `number % len` holds `ticks << 16 | number & 0xffff`, plus one so that 0 is empty.
    slots: Box<[u64]>,
    highest: Option<u64>,
    /// The first number that no feedback has named yet.
    unreported: u64,
    /// Numbers whose packets were lost and have come under other numbers, and when, until that is told.
    mended: Vec<(u64, i64)>,
    /// The 8-bit count of feedback packets, one sequence whoever makes them.
    feedback_count: u8,
}

impl Arrivals {
    pub(crate) fn new() -> Self {
        Self {
            slots: vec![0; limits::ARRIVALS].into_boxed_slice(),
            highest: None,
            unreported: 0,
            mended: Vec::new(),
            feedback_count: 0,
        }
    }

    /// Notes that `number` arrived at `ticks`.
    pub(crate) fn record(&mut self, number: u64, ticks: i64) {
        if self.highest.is_none() {
            self.unreported = number;
        }
        self.highest = Some(self.highest.map_or(number, |highest| highest.max(number)));
        let ticks = u64::try_from(ticks).unwrap_or(0);
        if let Some(slot) = self.slots.get_mut(slot_of(number)) {
            *slot = ((ticks << 16) | (number & 0xffff)) + 1;
        }
        // What is too old to be in a slot can no longer be told apart from a loss.
        self.unreported = self.unreported.max(self.oldest());
    }

    /// Notes that what was lost under `number` has come after all, under another one.
    pub(crate) fn mend(&mut self, number: u64, ticks: i64) {
        if number >= self.oldest() && self.mended.len() < limits::MISSING_PACKETS {
            self.mended.push((number, ticks));
        }
    }

    /// One that was reported as lost and has come since, and when; it counts as told.
    pub(crate) fn next_mended(&mut self) -> Option<(u64, i64)> {
        let is_reported = |(number, _): &(u64, i64)| *number < self.unreported;
        let place = self.mended.iter().position(is_reported)?;
        Some(self.mended.swap_remove(place))
    }

    /// When `number` arrived, if it did and is not too old.
    pub(crate) fn at(&self, number: u64) -> Option<i64> {
        if number < self.oldest() || Some(number) > self.highest {
            return None;
        }
        let held = self.slots.get(slot_of(number))?.checked_sub(1)?;
        (held & 0xffff == number & 0xffff).then(|| i64::try_from(held >> 16).unwrap_or(0))
    }

    /// Fills `entries` with what is to be reported next, up to but not including `limit`.
    pub(crate) fn pending(&self, limit: Option<u64>, entries: &mut Vec<Arrival>) {
        entries.clear();
        let Some(highest) = self.highest else { return };
        let end = limit.map_or(highest + 1, |limit| limit.min(highest + 1));
        for number in self.unreported..end.max(self.unreported) {
            entries.push((number, self.at(number)));
        }
    }

    /// The first number that no feedback has named yet.
    pub(crate) fn unreported(&self) -> u64 {
        self.unreported
    }

    /// The newest number that arrived.
    pub(crate) fn highest(&self) -> Option<u64> {
        self.highest
    }

    /// Everything below `number` has been named by some feedback.
    pub(crate) fn reported_below(&mut self, number: u64) {
        self.unreported = self.unreported.max(number);
    }

    /// The count for the next feedback packet.
    pub(crate) fn next_feedback_count(&mut self) -> u8 {
        let count = self.feedback_count;
        self.feedback_count = count.wrapping_add(1);
        count
    }

    fn oldest(&self) -> u64 {
        let kept = u64::try_from(limits::ARRIVALS).unwrap_or(u64::MAX);
        self.highest
            .map_or(0, |highest| (highest + 1).saturating_sub(kept))
    }
}

/// The 16 bits that go on the wire.
pub(crate) fn low(number: u64) -> u16 {
    u16::try_from(number & 0xffff).expect("16 bits fit")
}

fn slot_of(number: u64) -> usize {
    usize::try_from(number).unwrap_or(0) % limits::ARRIVALS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_lie_between_what_arrived() {
        let mut arrivals = Arrivals::new();
        for (number, ticks) in [(70_000, 4), (70_002, 9), (70_001, 11), (70_005, 12)] {
            arrivals.record(number, ticks);
        }
        let mut entries = Vec::new();
        arrivals.pending(Some(70_005), &mut entries);
        assert_eq!(
            entries,
            [
                (70_000, Some(4)),
                (70_001, Some(11)),
                (70_002, Some(9)),
                (70_003, None),
                (70_004, None)
            ]
        );
        arrivals.reported_below(70_005);
        arrivals.pending(None, &mut entries);
        assert_eq!(entries, [(70_005, Some(12))]);
    }

    #[test]
    fn what_is_mended_is_told_once() {
        let mut arrivals = Arrivals::new();
        for number in [1, 2, 4, 6] {
            arrivals.record(number, 4);
        }
        arrivals.reported_below(5);
        arrivals.mend(3, 9);
        arrivals.mend(5, 9);
        assert_eq!(arrivals.next_mended(), Some((3, 9)));
        assert_eq!(arrivals.next_mended(), None, "5 was not reported yet");
        arrivals.reported_below(7);
        assert_eq!(arrivals.next_mended(), Some((5, 9)));
        assert_eq!(arrivals.next_mended(), None);
    }

    #[test]
    fn a_leap_forgets_the_past_and_stays_bounded() {
        let mut arrivals = Arrivals::new();
        arrivals.record(5, 1);
        arrivals.record(1_000_000, 2);
        let mut entries = Vec::new();
        arrivals.pending(None, &mut entries);
        assert_eq!(entries.len(), limits::ARRIVALS);
        assert_eq!(entries.last(), Some(&(1_000_000, Some(2))));
        assert_eq!(entries.iter().filter(|(_, at)| at.is_some()).count(), 1);
        assert_eq!(arrivals.at(5), None);
    }
}
