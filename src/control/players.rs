//! [`Players`]: the legs that some sessions receive by, where their own only sends (WHEP beside WHIP).
//!
//! A player has a line of its own and no session: it comes to one that is there, and goes with it. So does
//! an [onlooker](super::onlookers), which receives what the session sends.

use std::collections::HashMap;
use std::time::Instant;

use super::line::SocketId;
use super::onlookers::{self, Watching};
use super::request::{Message, Refusal};
use super::switchboard::{Switchboard, leg_of, session_of};
use crate::direction::Direction;
use crate::id::{LegId, SessionId};
use crate::lobby::{Ask, ByeReason, Input, LegNews, Notice};
use crate::media::{Certificates, Command, Ends, Event};
use crate::private::Private;

/// Every leg that only receives.
#[derive(Default, Debug)]
pub(super) struct Players {
    by_leg: HashMap<LegId, Player>,
    by_socket: HashMap<SocketId, LegId>,
    by_session: HashMap<(SessionId, Role), LegId>,
    last: u64,
}

#[derive(Debug)]
pub(super) struct Player {
    pub(super) session: SessionId,
    pub(super) socket: SocketId,
    pub(super) role: Role,
    /// Whether its first offer was answered.
    is_open: bool,
    /// What is known of an onlooker alone.
    pub(super) watching: Option<Watching>,
}

/// What a leg receives that only does so.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Role {
    /// What the session's partner sends.
    Player,
    /// What the session itself sends.
    Onlooker,
}

/// Set in the number of every leg that only receives, and of no session's own.
pub(super) const MARK: u64 = 1 << 63;

/// Whether a leg only receives.
pub(super) const fn is_player(leg: LegId) -> bool {
    leg.0 & MARK != 0
}

impl Players {
    /// The leg that a line has brought.
    pub(super) fn on(&self, socket: SocketId) -> Option<LegId> {
        self.by_socket.get(&socket).copied()
    }

    /// The player of a session.
    pub(super) fn of(&self, session: SessionId) -> Option<LegId> {
        self.of_role(session, Role::Player)
    }

    /// The leg of this role at a session.
    pub(super) fn of_role(&self, session: SessionId, role: Role) -> Option<LegId> {
        self.by_session.get(&(session, role)).copied()
    }

    /// A leg that only receives.
    pub(super) fn get_mut(&mut self, leg: LegId) -> Option<&mut Player> {
        self.by_leg.get_mut(&leg)
    }

    /// The session that a player on this line receives for.
    pub(super) fn session_on(&self, socket: SocketId) -> Option<SessionId> {
        let player = self.by_leg.get(self.by_socket.get(&socket)?)?;
        (player.role == Role::Player).then_some(player.session)
    }

    /// The session that receives by a leg.
    pub(super) fn session_by(&self, leg: LegId) -> Option<SessionId> {
        if is_player(leg) {
            return self.by_leg.get(&leg).map(|player| player.session);
        }
        Some(session_of(leg))
    }

    /// By what a session sends and receives.
    pub(super) fn ends_of(&self, session: SessionId) -> Ends {
        let sends = leg_of(session);
        Ends {
            sends,
            receives: self.of(session).unwrap_or(sends),
        }
    }

    /// A leg of this role comes by a line, to a session.
    pub(super) fn add(
        &mut self,
        session: SessionId,
        socket: SocketId,
        (role, watching): (Role, Option<Watching>),
    ) -> LegId {
        self.last += 1;
        let leg = LegId(MARK | self.last);
        self.by_socket.insert(socket, leg);
        self.by_session.insert((session, role), leg);
        let player = Player {
            session,
            socket,
            role,
            is_open: false,
            watching,
        };
        self.by_leg.insert(leg, player);
        leg
    }

    pub(super) fn remove(&mut self, leg: LegId) {
        let Some(player) = self.by_leg.remove(&leg) else {
            return;
        };
        self.by_socket.remove(&player.socket);
        self.by_session.remove(&(player.session, player.role));
    }

    /// Whether there is none.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.by_leg.is_empty() && self.by_socket.is_empty() && self.by_session.is_empty()
    }
}

impl<F: FnMut(Command)> Switchboard<F> {
    /// A line brings a player for the session on another. One that was there before goes.
    pub(super) fn attend(
        &mut self,
        socket: SocketId,
        publisher: SocketId,
        offer: Private<String>,
        now: Instant,
    ) {
        let session = self.register.session_on(publisher);
        let stay = session.and_then(|session| self.register.stay(session));
        // Both ways of a match speak one picture coding, so it has to speak that of its own session.
        let Some((session, codec)) = session.zip(stay.and_then(|stay| stay.codec)) else {
            return self.refuse(socket, Refusal::NotJoined);
        };
        if let Some(before) = self.players.of(session) {
            self.end_player(before, now);
        }
        let leg = self.players.add(session, socket, (Role::Player, None));
        (self.command)(Command::Open {
            leg,
            offer,
            direction: Direction::RecvOnly,
            certificates: Certificates::Any,
            codec: Some(codec),
        });
    }

    /// The media plane tells something of a player.
    pub(super) fn handle_player(&mut self, event: Event, now: Instant) {
        let found = event.leg().and_then(|leg| {
            let player = self.players.by_leg.get_mut(&leg)?;
            Some((leg, player))
        });
        // One that has ended meanwhile.
        let Some((leg, player)) = found else { return };
        let (session, socket, role) = (player.session, player.socket, player.role);
        match event {
            Event::Answered { answer, .. } => {
                player.is_open = true;
                self.tell_socket(socket, Message::Answer(answer));
            }
            Event::Refused { reason, .. } => {
                let is_open = player.is_open;
                self.tell_socket(socket, self.unanswered(reason));
                if !is_open {
                    self.unlooked(leg, now);
                    self.players.remove(leg);
                }
            }
            Event::Connected { .. } | Event::Heard { .. } => {
                self.tell_socket(socket, Message::Notice(Notice::Connected));
                self.player_news((leg, session, role), LegNews::Connected, now);
            }
            Event::Silent { .. } => {
                self.tell_socket(socket, Message::Notice(Notice::Silent));
                self.player_news((leg, session, role), LegNews::Silent, now);
            }
            Event::Closed { .. } => self.end_player(leg, now),
            // It sends nothing, and no leg is a thread.
            Event::FirstPicture { .. } | Event::Quality { .. } | Event::Load { .. } => {}
        }
    }

    fn player_news(
        &mut self,
        (leg, session, role): (LegId, SessionId, Role),
        news: LegNews,
        now: Instant,
    ) {
        match (role, news) {
            (Role::Player, news) => self.put(Input::Player { session, news }, now),
            (Role::Onlooker, LegNews::Connected) => {
                self.looked(leg, now);
                (self.command)(onlookers::begin(session, leg));
            }
            (Role::Onlooker, LegNews::Silent | LegNews::Heard | LegNews::Closed) => {}
        }
    }

    /// Whoever brought a player asks for something.
    pub(super) fn ask_player(&mut self, leg: LegId, ask: Ask, now: Instant) {
        match ask {
            Ask::Restart(offer) => (self.command)(Command::Restart { leg, offer }),
            Ask::Leave => self.end_player(leg, now),
            Ask::Next
            | Ask::Stop
            | Ask::Interests(_)
            | Ask::Chat(_)
            | Ask::Typing { .. }
            | Ask::Report(_) => {}
        }
    }

    /// Whoever brought a player is told something.
    pub(super) fn tell_player(&mut self, leg: LegId, message: Message) {
        if let Some(player) = self.players.by_leg.get(&leg) {
            self.tell_socket(player.socket, message);
        }
    }

    /// A player goes, and with it the match of its session.
    pub(super) fn end_player(&mut self, leg: LegId, now: Instant) {
        let Some(player) = self.players.by_leg.get(&leg) else {
            return;
        };
        let (session, socket) = (player.session, player.socket);
        match player.role {
            // Before it is forgotten: the end of the match has to be told to it, too.
            Role::Player => {
                let news = LegNews::Closed;
                self.put(Input::Player { session, news }, now);
            }
            Role::Onlooker => {
                (self.command)(onlookers::end(session, leg));
                self.unlooked(leg, now);
            }
        }
        if !self.players.by_leg.contains_key(&leg) {
            // Its session has ended by that, and it with the session.
            return;
        }
        self.players.remove(leg);
        (self.command)(Command::Close { leg });
        self.tell_socket(socket, Message::Notice(Notice::Bye(ByeReason::Left)));
    }
}
