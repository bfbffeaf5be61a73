//! Counts what arrives for one visitor, and decides what to tell the sender about it.

use crate::rtp::Header;
use crate::srtp::{Inbound, ReplayWindow};

/// One stream that a visitor receives, unbroken whoever sends it.
#[derive(Default)]
pub(super) struct Incoming {
    /// As the answer declares it.
    pub(super) ssrc: u32,
    window: ReplayWindow,
    first: Option<u64>,
    /// The highest index.
    pub(super) highest: u64,
    received: u64,
}

impl Incoming {
    /// Decrypts in place; answers the plain packet's length. `None` where it is refused.
    pub(super) fn open(
        &mut self,
        inbound: &Inbound,
        packet: &mut [u8],
        header: &Header,
    ) -> Option<usize> {
        let opened = inbound
            .unprotect_rtp(&mut self.window, packet, header)
            .ok()?;
        self.note(opened.index);
        Some(opened.length)
    }

    fn note(&mut self, index: u64) {
        let first = *self.first.get_or_insert(index);
        if index >= first {
            self.received += 1;
            self.highest = self.highest.max(index);
        }
    }

    /// Packets that are missing since the last [`reset`](Self::reset).
    pub(super) fn lost(&self) -> u64 {
        let expected = self.first.map_or(0, |first| self.highest - first + 1);
        expected.saturating_sub(self.received)
    }

    /// Begins to count anew.
    pub(super) fn reset(&mut self) {
        self.first = None;
        self.received = 0;
        self.highest = 0;
    }
}

/// Transport-wide numbers that arrived since the last feedback, in order.
#[derive(Default)]
pub(super) struct Arrivals {
    entries: Vec<(u16, Option<i64>)>,
    next: Option<u16>,
    /// How many feedback packets were sent.
    pub(super) count: u8,
}

/// Numbers that may be missing between two that arrive before the later one is taken for a new
/// beginning.
const GAP: u16 = 256;

impl Arrivals {
    /// Notes an arrival, in units of 250 µs.
    pub(super) fn note(&mut self, number: u16, ticks: i64) {
        let next = *self.next.get_or_insert(number);
        let ahead = number.wrapping_sub(next);
        if ahead < GAP {
            let missing = (0..ahead).map(|step| (next.wrapping_add(step), None));
            self.entries.extend(missing);
            self.entries.push((number, Some(ticks)));
            self.next = Some(number.wrapping_add(1));
        } else if ahead > u16::MAX - GAP {
            let late = self.entries.iter_mut().rev().find(|(n, _)| *n == number);
            if let Some((_, at)) = late {
                *at = Some(ticks);
            }
        } else {
            self.entries = vec![(number, Some(ticks))];
            self.next = Some(number.wrapping_add(1));
        }
    }

    /// What arrived, once.
    pub(super) fn take(&mut self) -> Vec<(u16, Option<i64>)> {
        self.count = self.count.wrapping_add(1);
        std::mem::take(&mut self.entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_a_loss_until_it_is_filled() {
        let mut track = Incoming::default();
        for index in [70_000, 70_001, 70_004, 70_003] {
            track.note(index);
        }
        assert_eq!(track.lost(), 1);
        track.reset();
        track.note(70_005);
        assert_eq!(track.lost(), 0);
    }

    #[test]
    fn feedback_names_every_number_once_and_in_order() {
        let mut arrivals = Arrivals::default();
        for (number, ticks) in [(65_534, 1), (1, 4), (0, 5)] {
            arrivals.note(number, ticks);
        }
        let expected = [
            (65_534, Some(1)),
            (65_535, None),
            (0, Some(5)),
            (1, Some(4)),
        ];
        assert_eq!(arrivals.take(), expected);
        assert!(arrivals.take().is_empty());
    }
}
