//! The door: who may come in, and what they are told if not.

use std::time::Instant;

use rand::Rng;

use super::Lobby;
use super::acquaintance::Acquaintance;
use super::door::{ByeReason, Medium, Notice, Output, Refusal};
use super::session::{Leg, Meters, Player, Session, Socket, State};
use super::wish::{self, Door, Wish};
use crate::codec::VideoCodec;
use crate::direction::Direction;
use crate::id::SessionId;
use crate::limits;
use crate::private::Private;

/// Whether somebody may come in by video.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Openness {
    /// They may.
    #[default]
    Open,
    /// As many are here as the server can carry.
    Full,
    /// The server is about to end.
    Draining,
}

impl Lobby {
    /// Whether somebody may come in by video now.
    pub fn openness(&self) -> Openness {
        if self.drain.leads_on() {
            // The newer server is.
            Openness::Open
        } else if self.drain.begun() {
            Openness::Draining
        } else if self.has_room && self.sessions.len() < self.rules.sessions {
            Openness::Open
        } else {
            Openness::Full
        }
    }

    /// Somebody is at the door. Whoever comes by text has joined at once; whoever comes by video,
    /// when the offer is answered.
    pub(super) fn handle_join(&mut self, id: SessionId, wish: Wish, now: Instant) {
        debug_assert!(!self.sessions.contains_key(&id), "a name is given once");
        if self.drain.leads_on() && !matches!(wish.door, Door::Led { .. }) {
            self.tell(id, Notice::Bye(ByeReason::Moved));
            return self.outputs.push_back(Output::Ended { session: id });
        }
        let session = match self.admit(&wish, now) {
            Ok(session) => session,
            Err(refusal) => {
                self.tell(id, Notice::Refused(refusal));
                return self.outputs.push_back(Output::Ended { session: id });
            }
        };
        self.sessions.insert(id, session);
        match wish.door {
            Door::Video { offer } => self.open(id, offer, (Direction::SendRecv, false), now),
            Door::Led { offer, direction } => self.open(id, offer, (direction, true), now),
            Door::Text => {
                self.greet(id);
                self.look_around(id, now);
            }
        }
    }

    fn open(
        &mut self,
        id: SessionId,
        offer: Private<String>,
        (direction, is_led): (Direction, bool),
        now: Instant,
    ) {
        self.outputs.push_back(Output::Open {
            session: id,
            offer,
            direction,
            is_led,
        });
        self.settle(id, now);
    }

    /// The offer is answered: the stay has begun, and the leg connects.
    pub(super) fn handle_answered(&mut self, id: SessionId, video: VideoCodec) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if let Leg::Opening { until } = session.leg {
            session.leg = Leg::Connecting { video, until };
            self.greet(id);
        }
    }

    fn admit(&mut self, wish: &Wish, now: Instant) -> Result<Session, Refusal> {
        if self.drain.begun() {
            return Err(Refusal::Draining);
        }
        let band = wish.band.ok_or(Refusal::AdultsOnly)?;
        let interests = wish::interests(&wish.interests, &self.rules)?;
        let languages = wish::languages(&wish.languages, &self.rules)?;
        let is_crowded = !matches!(wish.door, Door::Text) && !self.has_room;
        if is_crowded || self.sessions.len() >= self.rules.sessions {
            return Err(self.full());
        }
        let (medium, leg) = match wish.door {
            Door::Video { .. } | Door::Led { .. } => (
                Medium::Video,
                Leg::Opening {
                    until: now + limits::CONNECT_PATIENCE,
                },
            ),
            Door::Text => (Medium::Text, Leg::None),
        };
        let is_led = matches!(wish.door, Door::Led { .. });
        let player = match wish.door {
            Door::Led {
                direction: Direction::SendOnly,
                ..
            } => Player::Missing,
            Door::Led { .. } | Door::Video { .. } | Door::Text => Player::NotNeeded,
        };
        Ok(Session {
            medium,
            is_led,
            band,
            leg,
            player,
            is_screened: medium == Medium::Text || !self.rules.screening,
            socket: Socket::Plugged,
            state: if is_led {
                State::Idle
            } else {
                State::looking(now)
            },
            interests,
            languages,
            acquaintance: Acquaintance::default(),
            last_match: None,
            meters: Meters::default(),
            place: None,
            alarm: None,
        })
    }

    /// Spread out, so that those who were turned away together do not come back together.
    fn full(&mut self) -> Refusal {
        let retry_after = self
            .rules
            .retry_after
            .mul_f64(self.rng.random_range(1.0..2.0));
        Refusal::Full { retry_after }
    }

    fn greet(&mut self, id: SessionId) {
        let online = self.online();
        self.outputs.push_back(Output::Joined {
            session: id,
            online,
        });
    }
}
