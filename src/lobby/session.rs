//! [`Session`]: one visitor's stay, as the lobby knows it.

use std::time::{Duration, Instant};

use super::acquaintance::Acquaintance;
use super::door::{Medium, Refusal};
use super::rules::Rules;
use super::wish::{Interest, Language};
use crate::age::AgeBand;
use crate::codec::VideoCodec;
use crate::id::{MatchId, SessionId};
use crate::pace::Meter;

/// One visitor's nameless stay.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) medium: Medium,
    /// Whether it looks for nobody by itself.
    pub(super) is_led: bool,
    pub(super) band: AgeBand,
    pub(super) leg: Leg,
    pub(super) player: Player,
    /// Whether others may meet it.
    pub(super) is_screened: bool,
    pub(super) socket: Socket,
    pub(super) state: State,
    pub(super) interests: Vec<Interest>,
    pub(super) languages: Vec<Language>,
    pub(super) acquaintance: Acquaintance,
    /// Whom it may complain about.
    pub(super) last_match: Option<LastMatch>,
    pub(super) meters: Meters,
    /// Where it stands in [`super::waiting::Waiting`]; only that writes it.
    pub(super) place: Option<Place>,
    /// When it is woken; only [`crate::alarm::Alarms`] writes it.
    pub(super) alarm: Option<Instant>,
}

/// How far the session's leg is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Leg {
    /// Text only: there is none.
    None,
    /// Its offer is not answered yet.
    Opening { until: Instant },
    /// ICE and DTLS are under way.
    Connecting { video: VideoCodec, until: Instant },
    /// It can be matched.
    Connected { video: VideoCodec },
    /// Nothing is heard of it.
    Silent { video: VideoCodec },
}

/// How far the leg is that a session receives by, where its own only sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Player {
    /// Its own does both.
    NotNeeded,
    /// There is none yet, or no more.
    Missing,
    /// It can be matched.
    Connected,
}

/// Whether the session can be spoken to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Socket {
    /// It can.
    Plugged,
    /// Its WebSocket is lost; the stay is over then.
    Unplugged { until: Instant },
}

/// What the session is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    /// Looking for a partner, if leg and socket allow it.
    Looking {
        /// Whoever began first is served first.
        since: Instant,
        /// When it looks again and is told how things stand.
        again: Instant,
    },
    /// Facing a partner.
    Facing {
        match_id: MatchId,
        partner: SessionId,
        since: Instant,
    },
    /// The partner is gone; looks again by itself.
    Left { until: Instant },
    /// Does not look.
    Idle,
}

/// The partner of the match that is or was last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct LastMatch {
    pub(super) match_id: MatchId,
    pub(super) partner: SessionId,
    pub(super) reported: bool,
}

/// How far the session has used up what it may ask for.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Meters {
    pub(super) chat: Meter,
    pub(super) typing: Meter,
    pub(super) other: Meter,
}

/// Those who may meet at all: everything in it is a hard constraint.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Pool {
    /// None for text, which never mixes with video.
    pub(super) video: Option<VideoCodec>,
    pub(super) band: AgeBand,
}

/// A place among those who wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub(super) pool: Pool,
    pub(super) since: Instant,
    pub(super) interests: Insistence,
}

/// How much a soft constraint weighs; it relaxes with waiting.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Insistence {
    /// Nobody else will do.
    Insists,
    /// Somebody who fits comes before those who have waited longer.
    Prefers,
    /// Whoever has waited longest.
    Ignores,
}

impl Insistence {
    /// Insists for the patience, prefers for as long again, then ignores.
    fn after(waited: Duration, patience: Duration) -> Self {
        if waited < patience {
            Self::Insists
        } else if waited < patience * 2 {
            Self::Prefers
        } else {
            Self::Ignores
        }
    }
}

impl State {
    /// From now on.
    pub(super) const fn looking(now: Instant) -> Self {
        Self::Looking {
            since: now,
            again: now,
        }
    }
}

impl Session {
    /// Where it may be found by others: none if it cannot be matched now.
    pub(super) fn wanted_place(&self, rules: &Rules, now: Instant) -> Option<Place> {
        let State::Looking { since, .. } = self.state else {
            return None;
        };
        if self.is_led || self.socket != Socket::Plugged || !self.is_screened {
            return None;
        }
        let pool = self.pool()?;
        Some(Place {
            pool,
            since,
            interests: self.interest_insistence(rules, since, now),
        })
    }

    /// Whom it may meet at all; none if its leg cannot be matched now.
    pub(super) fn pool(&self) -> Option<Pool> {
        let video = match self.leg {
            Leg::None => None,
            Leg::Connected { video } => Some(video),
            Leg::Opening { .. } | Leg::Connecting { .. } | Leg::Silent { .. } => return None,
        };
        Some(Pool {
            video,
            band: self.band,
        })
    }

    fn interest_insistence(&self, rules: &Rules, since: Instant, now: Instant) -> Insistence {
        if self.interests.is_empty() {
            return Insistence::Ignores;
        }
        Insistence::after(
            now.saturating_duration_since(since),
            rules.interests_patience,
        )
    }

    /// Languages relax after interests have.
    pub(super) fn language_insistence(
        &self,
        rules: &Rules,
        since: Instant,
        now: Instant,
    ) -> Insistence {
        if self.languages.is_empty() {
            return Insistence::Ignores;
        }
        let interests_relax = self.interests_relax(rules, since);
        let waited = now.saturating_duration_since(interests_relax);
        Insistence::after(waited, rules.languages_patience)
    }

    /// When interests are no longer insisted on.
    fn interests_relax(&self, rules: &Rules, since: Instant) -> Instant {
        if self.interests.is_empty() {
            since
        } else {
            since + rules.interests_patience
        }
    }

    /// When it looks again: when something relaxes, or to be told how things stand.
    pub(super) fn next_look(&self, rules: &Rules, since: Instant, now: Instant) -> Instant {
        let relaxed = self.interests_relax(rules, since);
        [
            since + rules.interests_patience,
            since + rules.interests_patience * 2,
            relaxed + rules.languages_patience,
            relaxed + rules.languages_patience * 2,
        ]
        .into_iter()
        .filter(|&step| step > now)
        .fold(now + rules.waiting_every, Instant::min)
    }

    /// When something is due even if nobody says a word.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let socket = match self.socket {
            Socket::Plugged => None,
            Socket::Unplugged { until } => Some(until),
        };
        let leg = match self.leg {
            Leg::Opening { until } | Leg::Connecting { until, .. } => Some(until),
            Leg::None | Leg::Connected { .. } | Leg::Silent { .. } => None,
        };
        let state = match self.state {
            State::Looking { again, .. } => self.place.map(|_| again),
            State::Left { until } => Some(until),
            State::Facing { .. } | State::Idle => None,
        };
        [socket, leg, state].into_iter().flatten().min()
    }

    /// The partner it faces.
    ///
    /// # Errors
    /// [`Refusal::NotMatched`] if it faces nobody.
    pub(super) const fn partner(&self) -> Result<SessionId, Refusal> {
        match self.state {
            State::Facing { partner, .. } => Ok(partner),
            State::Looking { .. } | State::Left { .. } | State::Idle => Err(Refusal::NotMatched),
        }
    }
}
