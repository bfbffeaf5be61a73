//! A match from its beginning to its end.

use std::time::{Duration, Instant};

use super::Lobby;
use super::door::{Common, LeftReason, Medium, Notice, Output};
use super::matcher::Seeker;
use super::session::{Insistence, LastMatch, State};
use super::usual_wait::UsualWait;
use super::wish;
use crate::id::{MatchId, SessionId};

impl Lobby {
    /// A session that may be looking looks: it is matched, or told how things stand.
    pub(super) fn look_around(&mut self, id: SessionId, now: Instant) {
        self.settle(id, now);
        let Some(session) = self.sessions.get(&id) else {
            return;
        };
        let (Some(place), State::Looking { since, .. }) = (session.place, session.state) else {
            return;
        };
        let seeker = Seeker {
            id,
            session,
            place,
            rules: &self.rules,
            now,
        };
        if let Some(partner) = seeker.choose(&self.waiting, &self.sessions, &mut self.rng) {
            self.begin_match([id, partner], now);
            return;
        }
        let again = session.next_look(&self.rules, since, now);
        let medium = session.medium;
        let waiting = Notice::Waiting {
            online: self.online(),
            usual_wait: self.usual_wait(medium).get(),
            by_interests: place.interests == Insistence::Insists,
        };
        if let Some(session) = self.sessions.get_mut(&id) {
            session.state = State::Looking { since, again };
        }
        self.settle(id, now);
        self.tell(id, waiting);
    }

    pub(super) fn begin_match(&mut self, pair: [SessionId; 2], now: Instant) -> MatchId {
        let match_id = MatchId(self.next_match);
        self.next_match = self.next_match.wrapping_add(1);
        let common = [self.common(pair), self.common([pair[1], pair[0]])];
        let [first, second] = pair;
        let (medium, first_waited) = self.face(first, second, match_id, now);
        let (_, second_waited) = self.face(second, first, match_id, now);
        let waited = [first_waited, second_waited];
        for waited in waited {
            self.usual_wait(medium).record(waited);
        }
        self.outputs.push_back(Output::MatchBegan {
            match_id,
            sessions: pair,
            medium,
            waited,
        });
        let online = self.online();
        for (session, common) in pair.into_iter().zip(common) {
            self.tell(
                session,
                Notice::Matched {
                    match_id,
                    common,
                    online,
                },
            );
        }
        match_id
    }

    /// Ends the match that a session is in, if it is in one, and says so to its partner. The
    /// session itself is idle afterwards.
    pub(super) fn part(&mut self, id: SessionId, reason: LeftReason, now: Instant) -> Parted {
        let Some(session) = self.sessions.get_mut(&id) else {
            return Parted::Nobody;
        };
        let State::Facing {
            match_id,
            partner,
            since,
        } = session.state
        else {
            return Parted::Nobody;
        };
        let medium = session.medium;
        session.state = State::Idle;
        let requeue = self.rules.requeue;
        self.outputs.push_back(Output::MatchEnded {
            match_id,
            sessions: [id, partner],
            medium,
            reason,
            lasted: now.saturating_duration_since(since),
        });
        for (one, other) in [(id, partner), (partner, id)] {
            if let Some(session) = self.sessions.get_mut(&one) {
                session
                    .acquaintance
                    .meet(other, now + self.rules.rematch_window, now);
            }
        }
        self.stay_behind(partner, reason, now + requeue);
        self.settle(id, now);
        self.settle(partner, now);
        self.dismiss_if_draining(partner);
        Parted::Somebody
    }

    /// Ends the match that a session is in by nobody's wish: both sides are told, and look again by
    /// themselves. Answers whether there was one.
    pub(super) fn leave_match(&mut self, id: SessionId, reason: LeftReason, now: Instant) -> bool {
        let parted = self.part(id, reason, now) == Parted::Somebody;
        if parted {
            self.stay_behind(id, reason, now + self.rules.requeue);
            self.settle(id, now);
            self.dismiss_if_draining(id);
        }
        parted
    }

    /// What two sessions have in common, in the order of the first.
    pub(super) fn common(&self, pair: [SessionId; 2]) -> Common {
        let [Some(ours), Some(theirs)] = pair.map(|id| self.sessions.get(&id)) else {
            return Common::default();
        };
        wish::common(
            [&ours.interests, &theirs.interests],
            [&ours.languages, &theirs.languages],
        )
    }

    /// One side of a match that begins: how it is matched, and how long it waited.
    fn face(
        &mut self,
        id: SessionId,
        partner: SessionId,
        match_id: MatchId,
        now: Instant,
    ) -> (Medium, Duration) {
        let session = self
            .sessions
            .get_mut(&id)
            .expect("one who is chosen is here");
        let State::Looking { since, .. } = session.state else {
            unreachable!("one who is chosen is looking");
        };
        let medium = session.medium;
        session.state = State::Facing {
            match_id,
            partner,
            since: now,
        };
        session.last_match = Some(LastMatch {
            match_id,
            partner,
            reported: false,
        });
        self.settle(id, now);
        (medium, now.saturating_duration_since(since))
    }

    pub(super) fn stay_behind(&mut self, id: SessionId, reason: LeftReason, until: Instant) {
        let requeue = self.rules.requeue;
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.state = if session.is_led {
            State::Idle
        } else {
            State::Left { until }
        };
        self.tell(id, Notice::Left { reason, requeue });
    }

    fn usual_wait(&mut self, medium: Medium) -> &mut UsualWait {
        match medium {
            Medium::Video => &mut self.usual_video_wait,
            Medium::Text => &mut self.usual_text_wait,
        }
    }
}

/// Whether there was a match to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Parted {
    /// There was.
    Somebody,
    /// There was none.
    Nobody,
}
