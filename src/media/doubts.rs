//! [`Doubts`]: packets that are missed and that may be mended yet.
//!
//! A loss that a hop mends says nothing of how much the way carries, as on a radio link that repeats by
//! itself; a sender who hears of it sends too little. So a loss is told only where it was not mended in
//! time, and once: a receiver that reports a late packet names all that it has missed since a second
//! time. What was mended is told as if it had come with the packet after it, for its lateness is the
//! mending's and not the way's.

use std::time::{Duration, Instant};

use super::arrivals::{Arrival, Told, low};
use crate::limits;

/// What is in doubt of the packets of one sender.
#[derive(Default)]
pub(crate) struct Doubts {
    runs: Vec<Run>,
    /// The newest number that was reported as arrived.
    newest: Option<u64>,
}

/// Lost packets side by side.
struct Run {
    /// The first of them.
    from: u64,
    /// The packet after them, which arrived, and when.
    next: u64,
    next_at: i64,
    /// Bit `n` is set until `from + n` is mended.
    missing: u64,
    since: Instant,
}

/// A round trip to a far visitor, and what lies between two reports: the second try takes longer.
const MENDED_WITHIN: Duration = Duration::from_millis(300);

impl Doubts {
    /// Takes what somebody reports of consecutive numbers, and appends to `told` what of it is to be told
    /// now.
    pub(crate) fn hear(&mut self, heard: &[Arrival], now: Instant, told: &mut Vec<Told>) {
        let mut lost_from = None;
        for (number, at) in heard {
            let is_new = self.newest.is_none_or(|newest| *number > newest);
            match at {
                None if is_new => lost_from = lost_from.or(Some(*number)),
                // In doubt, or told already.
                None => {}
                Some(at) if is_new => {
                    self.newest = Some(*number);
                    if let Some(from) = lost_from.take() {
                        self.doubt(from, (*number, *at), now, told);
                    }
                    told.push((low(*number), Some(*at)));
                }
                // What was told once is told no more: each telling may take a datagram of its own.
                Some(_) => told.extend(self.mended(*number).map(|at| (low(*number), Some(at)))),
            }
        }
    }

    /// The first number after the newest that arrived: what is missing from there on may only be late.
    pub(crate) fn unheard(&self) -> u64 {
        self.newest.map_or(0, |newest| newest + 1)
    }

    /// When a packet that has come after all is told to have come; none where it is not in doubt.
    pub(crate) fn mended(&mut self, number: u64) -> Option<i64> {
        let holds = |run: &Run| (run.from..run.next).contains(&number);
        let place = self.runs.iter().position(holds)?;
        let run = self.runs.get_mut(place)?;
        let bit = 1 << (number - run.from);
        if run.missing & bit == 0 {
            return None;
        }
        run.missing &= !bit;
        let at = run.next_at;
        if run.missing == 0 {
            self.runs.swap_remove(place);
        }
        Some(at)
    }

    /// Appends to `told` what was not mended in time. The packet after it is named once more, since
    /// feedback has a time only by what arrived; so are those of a run that were mended, as lost: who
    /// has heard that a packet arrived does not listen to more about it.
    pub(crate) fn give_up(&mut self, now: Instant, told: &mut Vec<Told>) {
        self.runs.retain(|run| {
            let is_open = now.saturating_duration_since(run.since) < MENDED_WITHIN;
            if !is_open {
                told.extend((run.from..run.next).map(|number| (low(number), None)));
                told.push((low(run.next), Some(run.next_at)));
            }
            is_open
        });
    }

    /// More losses side by side than a run has bits, or more runs than there is room for, are no accident
    /// that a repetition mends: they are told at once.
    fn doubt(&mut self, from: u64, next: (u64, i64), now: Instant, told: &mut Vec<Told>) {
        let (next, next_at) = next;
        let width = next - from;
        if width > u64::from(u64::BITS) || self.runs.len() >= limits::RUNS_IN_DOUBT {
            return told.extend((from..next).map(|number| (low(number), None)));
        }
        self.runs.push(Run {
            from,
            next,
            next_at,
            missing: u64::MAX >> (u64::from(u64::BITS) - width),
            since: now,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::clock::any_instant;

    /// What is told of a report of numbers from `from` on; `0` is a loss.
    fn hear(doubts: &mut Doubts, from: u64, ticks: &[i64], now: Instant) -> Vec<Told> {
        let heard: Vec<Arrival> = (from..)
            .zip(
                ticks
                    .iter()
                    .map(|ticks| Some(*ticks).filter(|ticks| *ticks != 0)),
            )
            .collect();
        let mut told = Vec::new();
        doubts.hear(&heard, now, &mut told);
        doubts.give_up(now, &mut told);
        told
    }

    #[test]
    fn what_is_mended_in_time_was_never_lost() {
        let (mut doubts, now) = (Doubts::default(), any_instant());
        let told = hear(&mut doubts, 10, &[1, 0, 0, 4], now);
        assert_eq!(told, [(10, Some(1)), (13, Some(4))]);
        // The receiver reports from the late packet on, and the other loss once more.
        let told = hear(&mut doubts, 11, &[90, 0, 4, 8], now);
        assert_eq!(told, [(11, Some(4)), (14, Some(8))]);
        let told = hear(&mut doubts, 11, &[90, 0, 4, 8], now);
        assert_eq!(told, [], "whoever says it again is not listened to");
        assert_eq!(doubts.mended(12), Some(4), "by the relay itself");
        assert_eq!(doubts.mended(12), None);
        let told = hear(&mut doubts, 15, &[9], now + MENDED_WITHIN);
        assert_eq!(told, [(15, Some(9))]);
    }

    #[test]
    fn what_is_not_mended_is_told_once() {
        let (mut doubts, now) = (Doubts::default(), any_instant());
        hear(&mut doubts, 65_535, &[1, 0, 3], now);
        let told = hear(&mut doubts, 65_536, &[0, 3, 5], now + MENDED_WITHIN);
        assert_eq!(told, [(2, Some(5)), (0, None), (1, Some(3))]);
        let told = hear(&mut doubts, 65_536, &[0, 3, 5], now + 2 * MENDED_WITHIN);
        assert_eq!(told, []);
    }

    #[test]
    fn many_losses_side_by_side_are_told_at_once() {
        let (mut doubts, now) = (Doubts::default(), any_instant());
        let mut ticks = [0; 66];
        (ticks[0], ticks[65]) = (1, 2);
        assert_eq!(
            hear(&mut doubts, 0, &ticks, now).len(),
            2,
            "64 are in doubt"
        );
        let mut ticks = [0; 67];
        (ticks[0], ticks[66]) = (1, 2);
        assert_eq!(hear(&mut doubts, 100, &ticks, now).len(), 67);
    }

    #[test]
    fn only_so_many_are_in_doubt() {
        let (mut doubts, now) = (Doubts::default(), any_instant());
        let ticks = [0, 1].repeat(2 * limits::RUNS_IN_DOUBT);
        let told = hear(&mut doubts, 1, &ticks, now);
        let lost = told.iter().filter(|(_, at)| at.is_none()).count();
        assert_eq!(lost, limits::RUNS_IN_DOUBT);
    }
}
