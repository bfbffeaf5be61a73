//! [`Acquaintance`]: whom a session has met lately, and whom it never wants to meet again.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Instant;

use foldhash::fast::FixedState;

use crate::id::SessionId;
use crate::limits;

/// Whom a session has met, until when that counts, and whom it blocks. Bounded both ways.
#[derive(Default, Debug)]
pub(super) struct Acquaintance {
    /// In the order in which they were met, which is also that of expiry.
    met: VecDeque<SessionId>,
    until_by_session: HashMap<SessionId, Instant, FixedState>,
    blocks: VecDeque<SessionId>,
    blocked: HashSet<SessionId, FixedState>,
}

impl Acquaintance {
    /// Remembers a partner until then, and forgets those whose time has passed.
    pub(super) fn meet(&mut self, partner: SessionId, until: Instant, now: Instant) {
        while let Some(first) = self.met.front() {
            let expired = self
                .until_by_session
                .get(first)
                .is_none_or(|until| *until <= now);
            if !expired && self.met.len() < limits::PARTNERS_REMEMBERED {
                break;
            }
            self.until_by_session.remove(first);
            self.met.pop_front();
        }
        if self.until_by_session.insert(partner, until).is_none() {
            self.met.push_back(partner);
        }
    }

    /// Never again.
    pub(super) fn block(&mut self, partner: SessionId) {
        if !self.blocked.insert(partner) {
            return;
        }
        self.blocks.push_back(partner);
        if self.blocks.len() > limits::BLOCKS
            && let Some(first) = self.blocks.pop_front()
        {
            self.blocked.remove(&first);
        }
    }

    /// Whether the two must not meet now, as far as this side knows.
    pub(super) fn shuns(&self, other: SessionId, now: Instant) -> bool {
        self.blocked.contains(&other)
            || self
                .until_by_session
                .get(&other)
                .is_some_and(|until| *until > now)
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some instant to begin with"
)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_partner_is_shunned_within_the_window_and_not_after() {
        let now = Instant::now();
        let until = now + Duration::from_secs(60);
        let mut acquaintance = Acquaintance::default();
        acquaintance.meet(SessionId(1), until, now);
        assert!(acquaintance.shuns(SessionId(1), until - Duration::from_millis(1)));
        assert!(!acquaintance.shuns(SessionId(1), until));
        assert!(!acquaintance.shuns(SessionId(2), now));
    }

    #[test]
    fn one_who_is_blocked_stays_so() {
        let now = Instant::now();
        let mut acquaintance = Acquaintance::default();
        acquaintance.block(SessionId(1));
        assert!(acquaintance.shuns(SessionId(1), now + Duration::from_secs(1_000_000)));
    }

    #[test]
    fn memory_is_bounded_and_forgets_the_oldest() {
        let now = Instant::now();
        let until = now + Duration::from_secs(60);
        let mut acquaintance = Acquaintance::default();
        for number in 0..10_000 {
            acquaintance.meet(SessionId(number), until, now);
            acquaintance.block(SessionId(number + 10_000));
        }
        assert_eq!(acquaintance.met.len(), limits::PARTNERS_REMEMBERED);
        assert_eq!(
            acquaintance.until_by_session.len(),
            limits::PARTNERS_REMEMBERED
        );
        assert_eq!(acquaintance.blocked.len(), limits::BLOCKS);
        assert_eq!(acquaintance.blocks.len(), limits::BLOCKS);
        assert!(
            acquaintance.shuns(SessionId(9_999), now) && !acquaintance.shuns(SessionId(0), now)
        );
    }

    #[test]
    fn what_has_expired_is_forgotten_at_the_next_meeting() {
        let now = Instant::now();
        let mut acquaintance = Acquaintance::default();
        for number in 0..100 {
            acquaintance.meet(SessionId(number), now + Duration::from_secs(1), now);
        }
        let later = now + Duration::from_secs(2);
        acquaintance.meet(SessionId(100), later + Duration::from_secs(1), later);
        assert_eq!(acquaintance.met.len(), 1);
    }
}
