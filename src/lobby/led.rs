//! Matches that a backend decides on, of sessions that came by [`super::Door::Led`].

use std::time::Instant;

use super::Lobby;
use super::door::{LeftReason, LegNews, Unpaired};
use super::session::{Player, Pool, State};
use crate::id::{MatchId, SessionId};

impl Lobby {
    /// Brings two sessions together, whoever they faced before. Two who face each other go on.
    ///
    /// # Errors
    /// [`Unpaired`], and then nothing has changed.
    pub fn pair(&mut self, pair: [SessionId; 2], now: Instant) -> Result<MatchId, Unpaired> {
        let [one, other] = pair;
        if one == other {
            return Err(Unpaired::NotTwo);
        }
        if let Some(State::Facing {
            match_id, partner, ..
        }) = self.sessions.get(&one).map(|session| session.state)
            && partner == other
        {
            return Ok(match_id);
        }
        if self.drain.leads_on() {
            return Err(Unpaired::Moved);
        }
        if self.drain.begun() {
            return Err(Unpaired::Draining);
        }
        let [ours, theirs] = [self.led_pool(one)?, self.led_pool(other)?];
        if ours != theirs {
            return Err(Unpaired::Apart);
        }
        for id in pair {
            self.part(id, LeftReason::Next, now);
            if let Some(session) = self.sessions.get_mut(&id) {
                session.state = State::looking(now);
            }
        }
        Ok(self.begin_match(pair, now))
    }

    /// Ends the match of a session that is led. Answers whether there was one.
    pub fn unpair(&mut self, id: SessionId, now: Instant) -> bool {
        if !self.sessions.get(&id).is_some_and(|session| session.is_led) {
            return false;
        }
        self.leave_match(id, LeftReason::Ended, now)
    }

    /// Without the leg that it receives by, a session that only sends faces nobody.
    pub(super) fn handle_player(&mut self, id: SessionId, news: LegNews, now: Instant) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if session.player == Player::NotNeeded {
            return;
        }
        session.player = match news {
            LegNews::Connected | LegNews::Heard => Player::Connected,
            LegNews::Silent | LegNews::Closed => Player::Missing,
        };
        if session.player == Player::Missing {
            self.leave_match(id, LeftReason::Lost, now);
        }
    }

    /// Whom a session may meet that is led.
    fn led_pool(&self, id: SessionId) -> Result<Pool, Unpaired> {
        let session = self.sessions.get(&id).ok_or(Unpaired::NotTwo)?;
        if !session.is_led {
            return Err(Unpaired::NotLed);
        }
        let pool = session.pool().filter(|_| session.player != Player::Missing);
        let pool = pool.ok_or(Unpaired::NotConnected)?;
        if !session.is_screened {
            return Err(Unpaired::NotScreened);
        }
        Ok(pool)
    }
}
