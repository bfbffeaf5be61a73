//! A stay between the door and leaving: its leg, its WebSocket, and what it asks for.

use std::time::Instant;

use super::Lobby;
use super::door::{Ask, ByeReason, LeftReason, LegNews, Notice, Output, Refusal, Standing};
use super::session::{Leg, Socket, State};
use super::wish;
use crate::id::SessionId;
use crate::private::Private;

impl Lobby {
    /// Something is heard of a session's leg.
    pub(super) fn handle_leg(&mut self, id: SessionId, news: LegNews, now: Instant) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        match (news, session.leg) {
            (LegNews::Connected, Leg::Connecting { video, .. }) => {
                session.leg = Leg::Connected { video };
                if let State::Looking { since, again } = &mut session.state {
                    // The wait begins when the wait for oneself is over.
                    (*since, *again) = (now, now);
                }
                self.tell(id, Notice::Connected);
                self.look_around(id, now);
            }
            (LegNews::Silent, Leg::Connected { video }) => {
                session.leg = Leg::Silent { video };
                self.leave_match(id, LeftReason::Lost, now);
                self.tell(id, Notice::Silent);
                self.settle(id, now);
            }
            (LegNews::Heard, Leg::Silent { video }) => {
                session.leg = Leg::Connected { video };
                self.tell(id, Notice::Connected);
                self.look_around(id, now);
            }
            (LegNews::Closed, _) => self.fail(id, now),
            (LegNews::Connected | LegNews::Silent | LegNews::Heard, _) => {}
        }
    }

    /// A session's picture has been looked at.
    pub(super) fn handle_screened(&mut self, id: SessionId, now: Instant) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.is_screened = true;
        if let State::Looking { since, again } = &mut session.state {
            // The wait begins when the wait for oneself is over.
            (*since, *again) = (now, now);
        }
        self.look_around(id, now);
    }

    /// A session asks for something.
    pub(super) fn handle_ask(&mut self, id: SessionId, ask: Ask, now: Instant) {
        if !self.sessions.contains_key(&id) {
            return;
        }
        let done = match ask {
            Ask::Leave => {
                self.end(id, LeftReason::Gone, ByeReason::Left, now);
                Ok(())
            }
            Ask::Chat(text) => self.chat(id, text, now),
            Ask::Typing { active } => self.typing(id, active, now),
            Ask::Next => self.pass_meter(id, now).and_then(|()| self.next(id, now)),
            Ask::Stop => self.pass_meter(id, now).map(|()| self.stop(id, now)),
            Ask::Interests(words) => self
                .pass_meter(id, now)
                .and_then(|()| self.change_interests(id, &words, now)),
            Ask::Report(complaint) => self
                .pass_meter(id, now)
                .and_then(|()| self.report(id, complaint)),
            Ask::Restart(offer) => self
                .pass_meter(id, now)
                .and_then(|()| self.restart(id, offer)),
        };
        if let Err(refusal) = done {
            self.tell(id, Notice::Refused(refusal));
        }
    }

    /// The WebSocket is lost: the match goes on for a while, but no new one begins.
    pub(super) fn handle_unplugged(&mut self, id: SessionId, now: Instant) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.socket = Socket::Unplugged {
            until: now + self.rules.grace,
        };
        self.settle(id, now);
    }

    /// There is a new WebSocket: the stay goes on where it was.
    pub(super) fn handle_resume(
        &mut self,
        id: SessionId,
        offer: Option<Private<String>>,
        now: Instant,
    ) {
        let online = self.online();
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.socket = Socket::Plugged;
        let standing = self.standing(id);
        self.outputs.push_back(Output::Resumed {
            session: id,
            online,
            standing,
        });
        if let Some(offer) = offer
            && let Err(refusal) = self.restart(id, offer)
        {
            self.tell(id, Notice::Refused(refusal));
        }
        match self.sessions.get(&id).map(|session| session.leg) {
            Some(Leg::Connected { .. }) => self.tell(id, Notice::Connected),
            Some(Leg::Silent { .. }) => self.tell(id, Notice::Silent),
            Some(Leg::None | Leg::Opening { .. } | Leg::Connecting { .. }) | None => {}
        }
        self.look_around(id, now);
    }

    /// Something was due for a session.
    pub(super) fn handle_alarm(&mut self, id: SessionId, now: Instant) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let passed = |until: Instant| until <= now;
        match (session.socket, session.leg, session.state) {
            (Socket::Unplugged { until }, _, _) if passed(until) => {
                self.end(id, LeftReason::Gone, ByeReason::Ended, now);
            }
            (_, Leg::Opening { until } | Leg::Connecting { until, .. }, _) if passed(until) => {
                self.fail(id, now);
            }
            (_, _, State::Left { until }) if passed(until) => {
                session.state = State::looking(now);
                self.look_around(id, now);
            }
            (_, _, State::Looking { again, .. }) if passed(again) => self.look_around(id, now),
            _ => self.settle(id, now),
        }
    }

    /// Leaves the match if there is one, and looks.
    fn next(&mut self, id: SessionId, now: Instant) -> Result<(), Refusal> {
        if self.drain.begun() && !self.drain.leads_on() {
            return Err(Refusal::Draining);
        }
        self.part(id, LeftReason::Next, now);
        if self.drain.leads_on() {
            self.dismiss_if_draining(id);
            return Ok(());
        }
        let Some(session) = self.sessions.get_mut(&id) else {
            return Ok(());
        };
        if !matches!(session.state, State::Looking { .. }) {
            session.state = State::looking(now);
        }
        match session.leg {
            Leg::None | Leg::Connected { .. } => {
                self.look_around(id, now);
                Ok(())
            }
            Leg::Opening { .. } | Leg::Connecting { .. } | Leg::Silent { .. } => {
                self.settle(id, now);
                Err(Refusal::NotConnected)
            }
        }
    }

    /// Leaves the match if there is one, and does not look.
    fn stop(&mut self, id: SessionId, now: Instant) {
        self.part(id, LeftReason::Stopped, now);
        let online = self.online();
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        session.state = State::Idle;
        self.settle(id, now);
        self.tell(id, Notice::Idle { online });
        self.dismiss_if_draining(id);
    }

    fn change_interests(
        &mut self,
        id: SessionId,
        words: &[String],
        now: Instant,
    ) -> Result<(), Refusal> {
        let interests = wish::interests(words, &self.rules)?;
        let Some(session) = self.sessions.get_mut(&id) else {
            return Ok(());
        };
        // The queues are found by the interests: out by the old ones, in by the new.
        self.waiting.place(id, session, None);
        session.interests = interests;
        self.look_around(id, now);
        Ok(())
    }

    fn restart(&mut self, id: SessionId, offer: Private<String>) -> Result<(), Refusal> {
        match self.sessions.get(&id).map(|session| session.leg) {
            None => {}
            Some(Leg::None) => return Err(Refusal::TextOnly),
            Some(Leg::Opening { .. }) => return Err(Refusal::NotConnected),
            Some(Leg::Connecting { .. } | Leg::Connected { .. } | Leg::Silent { .. }) => {
                self.outputs
                    .push_back(Output::Restart { session: id, offer });
            }
        }
        Ok(())
    }

    /// What is not chat or typing shares one meter.
    fn pass_meter(&mut self, id: SessionId, now: Instant) -> Result<(), Refusal> {
        let pace = self.rules.other;
        let session = self.sessions.get_mut(&id);
        let passes = session.is_some_and(|session| session.meters.other.take(pace, now));
        if passes {
            Ok(())
        } else {
            Err(Refusal::TooFast)
        }
    }

    fn standing(&self, id: SessionId) -> Standing {
        match self.sessions.get(&id).map(|session| session.state) {
            Some(State::Looking { .. }) => Standing::Waiting,
            Some(State::Left { .. }) => Standing::Left,
            Some(State::Facing {
                match_id, partner, ..
            }) => Standing::Matched {
                match_id,
                common: self.common([id, partner]),
            },
            Some(State::Idle) | None => Standing::Idle,
        }
    }

    /// The leg is gone for good, or never came.
    fn fail(&mut self, id: SessionId, now: Instant) {
        self.tell(id, Notice::Refused(Refusal::ConnectionFailed));
        self.end(id, LeftReason::Lost, ByeReason::Ended, now);
    }

    /// The stay is over.
    pub(super) fn end(&mut self, id: SessionId, reason: LeftReason, bye: ByeReason, now: Instant) {
        if !self.sessions.contains_key(&id) {
            return;
        }
        self.part(id, reason, now);
        self.tell(id, Notice::Bye(bye));
        self.remove(id);
    }
}
