//! [`Waiting`]: those who can be matched now, longest wait first, in a queue for each thing that
//! somebody may insist on. A decision looks at the fronts of a few queues and never at everybody.

use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use super::session::{Insistence, Place, Pool, Session};
use super::wish::{Interest, Language};
use crate::id::SessionId;

/// Longest wait first.
pub(super) type Queue = BTreeSet<(Instant, SessionId)>;

/// Those who can be matched now.
#[derive(Default, Debug)]
pub(super) struct Waiting {
    sessions: usize,
    queues_by_pool: HashMap<Pool, Queues>,
}

/// The queues of those who may meet at all.
#[derive(Default, Debug)]
struct Queues {
    /// Everybody who has this interest, whether they insist on it or not.
    by_interest: HashMap<Interest, Queue>,
    /// Those who do not insist on interests, by each language that they speak; `None` for those
    /// who do not say.
    by_language: HashMap<Option<Language>, Queue>,
    /// Those who do not insist on interests.
    open: Queue,
}

impl Waiting {
    /// Moves a session to where it wants to stand, which may be nowhere.
    pub(super) fn place(&mut self, id: SessionId, session: &mut Session, wanted: Option<Place>) {
        if session.place == wanted {
            return;
        }
        if let Some(place) = session.place.take() {
            self.remove(id, session, place);
            self.sessions -= 1;
        }
        if let Some(place) = wanted {
            self.insert(id, session, place);
            self.sessions += 1;
        }
        session.place = wanted;
    }

    /// Those with an interest.
    pub(super) fn with_interest(&self, pool: Pool, interest: &Interest) -> Option<&Queue> {
        self.queues_by_pool.get(&pool)?.by_interest.get(interest)
    }

    /// Those who speak a language, or do not say, and do not insist on interests.
    pub(super) fn with_language(&self, pool: Pool, language: Option<&Language>) -> Option<&Queue> {
        self.queues_by_pool
            .get(&pool)?
            .by_language
            .get(&language.cloned())
    }

    /// All who do not insist on interests.
    pub(super) fn open(&self, pool: Pool) -> Option<&Queue> {
        self.queues_by_pool.get(&pool).map(|queues| &queues.open)
    }

    /// How many wait.
    pub(super) const fn len(&self) -> usize {
        self.sessions
    }

    /// Whether nothing is kept of anybody.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.queues_by_pool.is_empty()
    }

    fn insert(&mut self, id: SessionId, session: &Session, place: Place) {
        let entry = (place.since, id);
        let queues = self.queues_by_pool.entry(place.pool).or_default();
        for interest in &session.interests {
            queues
                .by_interest
                .entry(interest.clone())
                .or_default()
                .insert(entry);
        }
        if place.interests == Insistence::Insists {
            return;
        }
        queues.open.insert(entry);
        for language in languages(session) {
            queues
                .by_language
                .entry(language)
                .or_default()
                .insert(entry);
        }
    }

    fn remove(&mut self, id: SessionId, session: &Session, place: Place) {
        let entry = (place.since, id);
        let Some(queues) = self.queues_by_pool.get_mut(&place.pool) else {
            return;
        };
        for interest in &session.interests {
            take_out(&mut queues.by_interest, interest, entry);
        }
        queues.open.remove(&entry);
        for language in languages(session) {
            take_out(&mut queues.by_language, &language, entry);
        }
        if queues.open.is_empty() && queues.by_interest.is_empty() {
            self.queues_by_pool.remove(&place.pool);
        }
    }
}

fn languages(session: &Session) -> Vec<Option<Language>> {
    if session.languages.is_empty() {
        vec![None]
    } else {
        session.languages.iter().cloned().map(Some).collect()
    }
}

fn take_out<K: std::hash::Hash + Eq>(
    queues: &mut HashMap<K, Queue>,
    key: &K,
    entry: (Instant, SessionId),
) {
    if let Some(queue) = queues.get_mut(key) {
        queue.remove(&entry);
        if queue.is_empty() {
            queues.remove(key);
        }
    }
}
