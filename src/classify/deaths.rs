//! Legs whose pictures killed workers: after the second, none of theirs is tried again for a while.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::id::LegId;
use crate::limits::WORKER_DEATHS;

/// Deaths of a worker until a leg is barred.
const BARRED_FROM: usize = 2;

/// How long a death counts.
const COUNTS_FOR: Duration = Duration::from_secs(600);

/// The last deaths, oldest first.
#[derive(Default, Debug)]
pub(super) struct Deaths(VecDeque<(LegId, Instant)>);

impl Deaths {
    /// A worker died while it looked at this leg's picture.
    pub(super) fn add(&mut self, leg: LegId, now: Instant) {
        if self.0.len() >= WORKER_DEATHS {
            self.0.pop_front();
        }
        self.0.push_back((leg, now));
    }

    /// This leg's picture was innocent: another worker has looked at it and lives.
    pub(super) fn absolve(&mut self, leg: LegId) {
        self.0.retain(|(of, _)| *of != leg);
    }

    /// Whether this leg's pictures are tried no more.
    pub(super) fn is_barred(&self, leg: LegId, now: Instant) -> bool {
        let of_leg = self.0.iter().filter(|(of, _)| *of == leg);
        let counting = of_leg.filter(|(_, at)| now.saturating_duration_since(*at) < COUNTS_FOR);
        counting.count() >= BARRED_FROM
    }
}
