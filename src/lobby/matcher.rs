//! Who faces whom: the choice among those who wait.

use std::time::Instant;

use rand::Rng;
use rand::rngs::StdRng;

use super::Sessions;
use super::rules::Rules;
use super::session::{Insistence, Place, Session, State};
use super::waiting::{Queue, Waiting};
use crate::id::SessionId;
use crate::limits;

/// One who looks for a partner now.
pub(super) struct Seeker<'a> {
    pub(super) id: SessionId,
    pub(super) session: &'a Session,
    pub(super) place: Place,
    pub(super) rules: &'a Rules,
    pub(super) now: Instant,
}

/// A place to look at: queues, merged by how long those in them have waited.
struct Tier<'a> {
    queues: Vec<&'a Queue>,
    /// Whether a common language comes before a longer wait.
    prefers_language: bool,
}

impl Seeker<'_> {
    /// Chooses among those who wait: the nearest tier that has somebody, in it the longest wait,
    /// among equals by chance.
    pub(super) fn choose(
        &self,
        waiting: &Waiting,
        sessions: &Sessions,
        rng: &mut StdRng,
    ) -> Option<SessionId> {
        for tier in self.tiers(waiting) {
            let mut fitting = self.fitting(&tier, sessions);
            if tier.prefers_language && fitting.iter().any(|fit| fit.language_in_common) {
                fitting.retain(|fit| fit.language_in_common);
            }
            let Some(longest) = fitting.first() else {
                continue;
            };
            let still_equal = longest.since + limits::EQUAL_WAIT;
            let equals = fitting
                .iter()
                .take_while(|fit| fit.since <= still_equal)
                .count();
            return fitting.get(rng.random_range(0..equals)).map(|fit| fit.id);
        }
        None
    }

    fn tiers<'w>(&self, waiting: &'w Waiting) -> Vec<Tier<'w>> {
        let pool = self.place.pool;
        let language = self.language_insistence();
        let mut tiers = Vec::with_capacity(3);
        if self.place.interests < Insistence::Ignores {
            let interests = self.session.interests.iter();
            tiers.push(Tier {
                queues: interests
                    .filter_map(|word| waiting.with_interest(pool, word))
                    .collect(),
                prefers_language: language < Insistence::Ignores,
            });
        }
        if self.place.interests == Insistence::Insists {
            return tiers;
        }
        if language < Insistence::Ignores {
            let spoken = self.session.languages.iter().map(Some).chain([None]);
            tiers.push(Tier {
                queues: spoken
                    .filter_map(|word| waiting.with_language(pool, word))
                    .collect(),
                prefers_language: false,
            });
        }
        if language > Insistence::Insists {
            let queues = waiting.open(pool).into_iter().collect();
            tiers.push(Tier {
                queues,
                prefers_language: false,
            });
        }
        tiers
    }

    /// The first few of a tier who fit, longest wait first.
    fn fitting(&self, tier: &Tier<'_>, sessions: &Sessions) -> Vec<Fit> {
        let mut fitting = Vec::with_capacity(limits::MATCH_CHOICE);
        let mut misfits = 0;
        let mut strangers_seen = 0;
        for (since, id) in Merged::new(&tier.queues) {
            strangers_seen += 1;
            if fitting.len() == limits::MATCH_CHOICE
                || misfits == limits::MATCH_SCAN
                || strangers_seen > LOOKS
            {
                break;
            }
            if id == self.id {
                continue;
            }
            let Some(other) = sessions.get(&id) else {
                continue;
            };
            if self.acquainted(id, other) {
                continue;
            }
            let language_in_common = speak_together(self.session, other);
            if self.fits(other, language_in_common) {
                fitting.push(Fit {
                    since,
                    id,
                    language_in_common,
                });
            } else {
                misfits += 1;
            }
        }
        fitting
    }

    fn acquainted(&self, id: SessionId, other: &Session) -> bool {
        self.session.acquaintance.shuns(id, self.now) || other.acquaintance.shuns(self.id, self.now)
    }

    /// What one of the two insists on, both must have. Interests fit by where one looks: those who
    /// insist on them stand in no queue but that of their interests.
    fn fits(&self, other: &Session, language_in_common: bool) -> bool {
        let State::Looking { since, .. } = other.state else {
            return false;
        };
        language_in_common
            || (self.language_insistence() > Insistence::Insists
                && other.language_insistence(self.rules, since, self.now) > Insistence::Insists)
    }

    fn language_insistence(&self) -> Insistence {
        self.session
            .language_insistence(self.rules, self.place.since, self.now)
    }
}

/// Sessions looked at in one tier, at most: acquaintances are passed over, but not for ever.
const LOOKS: usize = limits::MATCH_SCAN + limits::PARTNERS_REMEMBERED + limits::BLOCKS;

/// One who would do.
struct Fit {
    since: Instant,
    id: SessionId,
    language_in_common: bool,
}

/// One who does not say what they speak may speak anything.
fn speak_together(one: &Session, other: &Session) -> bool {
    one.languages.is_empty()
        || other.languages.is_empty()
        || one
            .languages
            .iter()
            .any(|word| other.languages.contains(word))
}

/// Several queues as one, longest wait first, each session once.
struct Merged<'a> {
    fronts: Vec<std::iter::Peekable<std::collections::btree_set::Iter<'a, (Instant, SessionId)>>>,
}

impl<'a> Merged<'a> {
    fn new(queues: &[&'a Queue]) -> Self {
        Self {
            fronts: queues.iter().map(|queue| queue.iter().peekable()).collect(),
        }
    }
}

impl Iterator for Merged<'_> {
    type Item = (Instant, SessionId);

    fn next(&mut self) -> Option<Self::Item> {
        let first = **self
            .fronts
            .iter_mut()
            .filter_map(|front| front.peek())
            .min()?;
        for front in &mut self.fronts {
            front.next_if(|entry| **entry == first);
        }
        Some(first)
    }
}
