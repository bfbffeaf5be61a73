//! [`UsualWait`]: how long it took lately to find a partner; a median, so that one who waited all
//! night does not frighten everybody.

use std::collections::VecDeque;
use std::time::Duration;

use crate::limits;

/// The median of the last waits.
#[derive(Default, Debug)]
pub(super) struct UsualWait {
    recent: VecDeque<Duration>,
    median: Option<Duration>,
}

impl UsualWait {
    /// Somebody waited so long.
    pub(super) fn record(&mut self, waited: Duration) {
        if self.recent.len() == limits::WAITS_REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(waited);
        let mut sorted: Vec<_> = self.recent.iter().copied().collect();
        let middle = sorted.len() / 2;
        let (_, median, _) = sorted.select_nth_unstable(middle);
        self.median = Some(*median);
    }

    /// What one may expect; unknown before the first match.
    pub(super) const fn get(&self) -> Option<Duration> {
        self.median
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_known_before_the_first_wait() {
        assert_eq!(UsualWait::default().get(), None);
    }

    #[test]
    fn one_endless_wait_changes_little() {
        let mut usual = UsualWait::default();
        for seconds in [1, 2, 3, 36_000, 2] {
            usual.record(Duration::from_secs(seconds));
        }
        assert_eq!(usual.get(), Some(Duration::from_secs(2)));
    }

    #[test]
    fn it_follows_what_is_usual_now() {
        let mut usual = UsualWait::default();
        for _ in 0..1_000 {
            usual.record(Duration::from_secs(60));
        }
        for _ in 0..limits::WAITS_REMEMBERED {
            usual.record(Duration::from_secs(1));
        }
        assert_eq!(usual.get(), Some(Duration::from_secs(1)));
        assert_eq!(usual.recent.len(), limits::WAITS_REMEMBERED);
    }
}
