//! Whose turn it is: frames that wait for a worker.
//!
//! When more frames come than can be looked at, first come, first served would look at each just too
//! late. So nobody is begun who cannot be finished by the deadline, those that somebody waits for
//! come first, and of the others whoever was not looked at for longest: where there are too few workers
//! for all, each is looked at less often, and none not at all. Of one leg's frames the newest says most
//! about what is shown now.

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use foldhash::fast::FixedState;

use crate::id::LegId;
use crate::limits::CLASSIFY_LINE;
use crate::tap::{Frame, Occasion};

/// A frame that has no verdict yet.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) frame: Frame,
    /// When it was handed over.
    pub(super) since: Instant,
    /// Whether a worker has died of it already.
    pub(super) again: bool,
}

impl Job {
    /// Whether somebody is not shown, or not let in, before it is judged.
    fn is_pressing(&self) -> bool {
        match self.frame.occasion {
            Occasion::Door | Occasion::MatchStart | Occasion::Asked => true,
            Occasion::Routine => self.again,
        }
    }
}

/// The frames that wait, in the order they came.
#[derive(Debug)]
pub(super) struct Turns {
    jobs: VecDeque<Job>,
    deadline: Duration,
    /// How long a worker takes, as a moving average.
    usual: Duration,
    /// When a frame of each leg was begun last; for a while.
    begun: HashMap<LegId, Instant, FixedState>,
    /// When the older ones are forgotten.
    forget_at: usize,
}

/// Whoever was not looked at for so long waits as long as anybody.
const LONG: Duration = Duration::from_secs(60);
/// Legs that are remembered before it is looked which of them need not be.
const REMEMBERED: usize = 1024;

impl Turns {
    pub(super) fn new(deadline: Duration) -> Self {
        Self {
            jobs: VecDeque::new(),
            deadline,
            usual: Duration::ZERO,
            begun: HashMap::default(),
            forget_at: REMEMBERED,
        }
    }

    /// One more. What comes back has no place any more: the oldest of those nobody waits for, or the
    /// oldest.
    pub(super) fn add(&mut self, job: Job) -> Option<Job> {
        self.jobs.push_back(job);
        if self.jobs.len() <= CLASSIFY_LINE {
            return None;
        }
        let least = self.jobs.iter().position(|job| !job.is_pressing());
        self.jobs.remove(least.unwrap_or(0))
    }

    /// Back again, before everybody else.
    pub(super) fn put_back(&mut self, job: Job) {
        self.jobs.push_front(job);
    }

    /// Whoever is next.
    pub(super) fn take_next(&mut self, now: Instant) -> Option<Job> {
        let in_time = |job: &Job| now + self.usual < job.since + self.deadline;
        let pressing = |job: &Job| job.is_pressing() && in_time(job);
        let next = self.jobs.iter().position(pressing);
        let next = next.or_else(|| {
            let others = self.jobs.iter().enumerate();
            let others = others.filter(|(_, job)| in_time(job));
            let rested = |job: &Job| self.begun.get(&job.frame.leg).copied();
            let turn = others.min_by_key(|(place, job)| (rested(job), Reverse(*place)));
            turn.map(|(place, _)| place)
        });
        let job = self.jobs.remove(next?)?;
        self.remember(job.frame.leg, now);
        Some(job)
    }

    fn remember(&mut self, leg: LegId, now: Instant) {
        self.begun.insert(leg, now);
        if self.begun.len() > self.forget_at {
            let lately = |at: &Instant| now.saturating_duration_since(*at) < LONG;
            self.begun.retain(|_, at| lately(at));
            self.forget_at = REMEMBERED.max(2 * self.begun.len());
        }
    }

    /// Those whose deadline has come.
    pub(super) fn take_late(&mut self, now: Instant) -> VecDeque<Job> {
        let is_late = |job: &Job| job.since + self.deadline <= now;
        let jobs = std::mem::take(&mut self.jobs);
        let (late, in_time) = jobs.into_iter().partition(is_late);
        self.jobs = in_time;
        late
    }

    /// When the next deadline comes.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.jobs.iter().map(|job| job.since + self.deadline).min()
    }

    /// A worker took so long. However long that was, a frame that has just come is always begun.
    pub(super) fn learn(&mut self, took: Duration) {
        self.usual = ((self.usual * 7 + took) / 8).min(self.deadline / 2);
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "some instant to begin with")]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::codec::VideoCodec;
    use crate::id::LegId;

    const DEADLINE: Duration = Duration::from_millis(1000);

    fn job(leg: u64, occasion: Occasion, since: Instant) -> Job {
        let frame = Frame {
            leg: LegId(leg),
            occasion,
            codec: VideoCodec::Vp8,
            taken: since,
            data: Bytes::new(),
        };
        Job {
            frame,
            since,
            again: false,
        }
    }

    fn legs(turns: &mut Turns, now: Instant) -> Vec<u64> {
        let next = || turns.take_next(now).map(|job| job.frame.leg.0);
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn those_that_somebody_waits_for_come_first_and_of_the_others_the_newest() {
        let now = Instant::now();
        let mut turns = Turns::new(DEADLINE);
        for (leg, occasion) in [
            (1, Occasion::Routine),
            (2, Occasion::Door),
            (3, Occasion::Routine),
            (4, Occasion::MatchStart),
        ] {
            assert!(turns.add(job(leg, occasion, now)).is_none());
        }
        turns.put_back(Job {
            again: true,
            ..job(5, Occasion::Routine, now)
        });
        assert_eq!(legs(&mut turns, now), [5, 2, 4, 3, 1]);
    }

    #[test]
    fn where_there_are_too_few_workers_for_all_nobody_is_left_out() {
        let (legs, every, takes) = (60, 5_000, 125);
        let begin = Instant::now();
        let at = |ms: u64| begin + Duration::from_millis(ms);
        let mut turns = Turns::new(DEADLINE * 2);
        let mut looked = vec![0; 60];
        // A half more than can be looked at, each of them again and again at the same moment.
        for ms in 0..60_000 {
            for leg in (0..legs).filter(|leg| (ms + leg * 83) % every == 0) {
                turns.add(job(leg, Occasion::Routine, at(ms)));
            }
            turns.take_late(at(ms));
            if ms % takes == 0
                && let Some(job) = turns.take_next(at(ms))
            {
                let leg = usize::try_from(job.frame.leg.0).unwrap();
                let last = std::mem::replace(&mut looked[leg], ms);
                assert!(ms - last <= 2 * every + 2_000, "{leg} at {last} and {ms}");
            }
        }
        let longest = looked.iter().map(|last| 60_000 - last).max();
        assert!(longest.unwrap() <= 2 * every + 2_000, "{looked:?}");
    }

    #[test]
    fn legs_are_forgotten_that_have_long_gone() {
        let begin = Instant::now();
        let mut turns = Turns::new(DEADLINE);
        for leg in 0..10_000 {
            let now = begin + Duration::from_millis(leg * 100);
            turns.add(job(leg, Occasion::Routine, now));
            assert!(turns.take_next(now).is_some());
        }
        assert!(turns.begun.len() <= 2 * REMEMBERED, "{}", turns.begun.len());
    }

    #[test]
    fn nobody_is_begun_who_cannot_be_finished() {
        let now = Instant::now();
        let mut turns = Turns::new(DEADLINE);
        for _ in 0..50 {
            turns.learn(Duration::from_millis(100));
        }
        turns.add(job(1, Occasion::Door, now));
        turns.add(job(2, Occasion::Door, now + DEADLINE / 2));
        let late = now + Duration::from_millis(920);
        assert_eq!(legs(&mut turns, late), [2]);
        assert_eq!(turns.next_due(), Some(now + DEADLINE));
        assert_eq!(turns.take_late(now + DEADLINE).len(), 1);
        // However slow the workers were, whoever has just come is tried.
        turns.learn(Duration::from_secs(60));
        turns.add(job(3, Occasion::Routine, late));
        assert_eq!(legs(&mut turns, late), [3]);
    }

    #[test]
    fn when_it_is_full_whoever_nobody_waits_for_leaves() {
        let now = Instant::now();
        let mut turns = Turns::new(DEADLINE);
        turns.add(job(0, Occasion::Door, now));
        turns.add(job(1, Occasion::Routine, now));
        let room = u64::try_from(CLASSIFY_LINE).unwrap();
        for leg in 2..room {
            turns.add(job(leg, Occasion::Door, now));
        }
        let left = |job: Option<Job>| job.map(|job| job.frame.leg.0);
        assert_eq!(left(turns.add(job(100, Occasion::Door, now))), Some(1));
        assert_eq!(left(turns.add(job(101, Occasion::Door, now))), Some(0));
    }
}
