//! When each of a sender's packets arrived, by transport-wide number: the feedback that the home
//! shard makes itself while a leg waits, while its video is held, and while it is stopped.

use crate::limits;

/// One number and when it arrived, in units of 250 µs since the shard's epoch; `None` is a loss.
pub(crate) type Arrival = (u16, Option<i64>);

/// The last arrivals of one sender, and how far they were reported.
pub(crate) struct Arrivals {
    /// Slot `number % len` holds `ticks << 16 | number & 0xffff`, plus one so that 0 is empty.
    slots: Box<[u64]>,
    highest: Option<u64>,
    /// The first number that no feedback has named yet.
    unreported: u64,
    /// Numbers whose packets were lost and have come under other numbers, until that is told.
    mended: Vec<u64>,
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
            self.record(number, ticks);
            self.mended.push(number);
        }
    }

    /// When what was lost under `number` came; it counts as told.
    pub(crate) fn tell_mended(&mut self, number: u64) -> Option<i64> {
        let at = self.mended.iter().position(|mended| *mended == number)?;
        self.mended.swap_remove(at);
        self.at(number)
    }

    /// One that some feedback has called lost, and that has come since.
    pub(crate) fn next_mended(&mut self) -> Option<Arrival> {
        let told = |number: &u64| *number < self.unreported;
        let number = *self.mended.iter().find(|number| told(number))?;
        let at = self.tell_mended(number);
        Some((low(number), at))
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
            entries.push((low(number), self.at(number)));
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

    /// As [`reported_below`](Self::reported_below), by feedback that had all that was mended until now.
    pub(crate) fn reported_whole_below(&mut self, number: u64) {
        self.reported_below(number);
        self.mended.retain(|mended| *mended >= number);
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
        let base = low(70_000);
        assert_eq!(
            entries,
            [
                (base, Some(4)),
                (base + 1, Some(11)),
                (base + 2, Some(9)),
                (base + 3, None),
                (base + 4, None)
            ]
        );
        arrivals.reported_below(70_005);
        arrivals.pending(None, &mut entries);
        assert_eq!(entries, [(base + 5, Some(12))]);
    }

    #[test]
    fn what_is_mended_is_told_once() {
        let mut arrivals = Arrivals::new();
        for number in [1, 2, 4, 6] {
            arrivals.record(number, 5);
        }
        arrivals.reported_below(5);
        arrivals.mend(3, 9);
        arrivals.mend(5, 9);
        assert_eq!(arrivals.next_mended(), Some((3, Some(9))));
        assert_eq!(arrivals.next_mended(), None, "5 was never called lost");
        assert_eq!(arrivals.tell_mended(5), Some(9));
        assert_eq!(arrivals.tell_mended(5), None);
        arrivals.mend(5, 9);
        arrivals.reported_whole_below(7);
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
        assert_eq!(entries.last(), Some(&(low(1_000_000), Some(2))));
        assert_eq!(entries.iter().filter(|(_, at)| at.is_some()).count(), 1);
        assert_eq!(arrivals.at(5), None);
    }
}
