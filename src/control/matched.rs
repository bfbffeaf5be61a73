//! A match: it begins, shows its first pictures, is measured, and ends.

use std::time::{Duration, Instant};

use tracing::info;

use super::chronicle::steps;
use super::line::SocketId;
use super::request::{Begun, Measured, Message};
use super::switchboard::{Switchboard, session_of};
use crate::id::{LegId, MatchId, SessionId};
use crate::lobby::{Medium, Unpaired};
use crate::media::{Command, Quality};
use crate::moderation;

impl<F: FnMut(Command)> Switchboard<F> {
    /// A backend brings two together.
    pub(super) fn pair(
        &mut self,
        sockets: [SocketId; 2],
        begun: Begun,
        now: Instant,
    ) -> Result<MatchId, Unpaired> {
        let [Some(one), Some(other)] = sockets.map(|socket| self.register.session_on(socket))
        else {
            return Err(Unpaired::NotTwo);
        };
        let paired = self.lobby.pair([one, other], now);
        if let Ok(match_id) = paired {
            (begun.0)(match_id);
        }
        self.heed_lobby(now);
        paired
    }

    pub(super) fn match_began(
        &mut self,
        match_id: MatchId,
        sessions: [SessionId; 2],
        medium: Medium,
        waited: [Duration; 2],
    ) {
        let [one, other] = sessions;
        info!(%match_id, %one, %other, ?medium, "match began");
        self.gauges.matches_begun.increment(1);
        for waited in waited {
            self.gauges.waited(waited);
        }
        self.sessions_by_match.insert(match_id, sessions);
        if medium == Medium::Video {
            let ends = sessions.map(|session| self.players.ends_of(session));
            (self.command)(Command::Match { match_id, ends });
        }
    }

    pub(super) fn match_ended(
        &mut self,
        match_id: MatchId,
        sessions: [SessionId; 2],
        medium: Medium,
        now: Instant,
    ) {
        self.sessions_by_match.remove(&match_id);
        self.register.face(sessions, false);
        self.tell_desk(moderation::Input::Parted { match_id, sessions }, now);
        if medium == Medium::Video {
            let ends = sessions.map(|session| self.players.ends_of(session));
            (self.command)(Command::Part { match_id, ends });
        }
    }

    /// Whoever pressed Next sees somebody.
    pub(super) fn first_picture(
        &mut self,
        match_id: MatchId,
        shown: SessionId,
        timestamp: u32,
        now: Instant,
    ) {
        let Some(pair) = self.sessions_by_match.get(&match_id) else {
            return;
        };
        let Some(viewer) = pair.iter().find(|session| **session != shown) else {
            return;
        };
        let viewer = *viewer;
        let picture = Message::Picture {
            match_id,
            timestamp,
        };
        match self.players.of(viewer) {
            Some(player) => self.tell_player(player, picture),
            None => self.tell(viewer, picture),
        }
        let next_at = self
            .register
            .stay(viewer)
            .and_then(|stay| stay.next_at.take());
        if let Some(next_at) = next_at {
            self.gauges
                .first_picture(now.saturating_duration_since(next_at));
            self.stepped(viewer, steps::PICTURE, next_at, now);
        }
    }
    /// How well goes, or went, what one leg sends to another in a match.
    pub(super) fn measured(
        &mut self,
        match_id: MatchId,
        [from, to]: [LegId; 2],
        quality: Box<Quality>,
        is_over: bool,
    ) {
        let session = session_of(from);
        if is_over {
            self.gauges.measured(&quality);
            if let Some(receiver) = self.players.session_by(to) {
                let received = Measured {
                    sends: None,
                    receives: Some(quality.clone()),
                };
                self.tell(receiver, Message::Measured(received));
            }
            let sent = Measured {
                sends: Some(quality),
                receives: None,
            };
            self.tell(session, Message::Measured(sent));
        } else if self.sessions_by_match.contains_key(&match_id)
            && let Some(stay) = self.register.stay(session)
        {
            stay.sends = Some(quality);
        }
    }

    /// How well the match goes that the session on a line is in, or the one that a player there is of.
    pub(super) fn measurements(&mut self, socket: SocketId) -> Measured {
        let session = self.session_at(socket);
        let partner = session.and_then(|session| self.register.partner_of(session));
        let [sends, receives] = [session, partner].map(|session| {
            let stay = self.register.stay(session?)?;
            stay.sends.clone()
        });
        Measured { sends, receives }
    }
}
