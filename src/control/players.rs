//! [`Players`]: the legs that some sessions receive by, where their own only sends (WHEP beside WHIP).
//!
//! A player has a line of its own and no session: it comes to one that is there, and goes with it.

use std::collections::HashMap;
use std::time::Instant;

use super::line::SocketId;
use super::request::{Message, Refusal};
use super::switchboard::{Switchboard, leg_of, session_of};
use crate::direction::Direction;
use crate::id::{LegId, SessionId};
use crate::lobby::{Ask, ByeReason, Input, LegNews, Notice};
use crate::media::{Command, Ends, Event};
use crate::private::Private;

/// Every player that there is.
#[derive(Default, Debug)]
pub(super) struct Players {
    by_leg: HashMap<LegId, Player>,
    by_socket: HashMap<SocketId, LegId>,
    by_session: HashMap<SessionId, LegId>,
    last: u64,
}

#[derive(Clone, Copy, Debug)]
struct Player {
    session: SessionId,
    socket: SocketId,
    /// Whether its first offer was answered.
    is_open: bool,
}

/// Set in the number of every player, and of no session's own leg.
const MARK: u64 = 1 << 63;

/// Whether a leg is a player.
pub(super) const fn is_player(leg: LegId) -> bool {
    leg.0 & MARK != 0
}

impl Players {
    /// The player that a line has brought.
    pub(super) fn on(&self, socket: SocketId) -> Option<LegId> {
        self.by_socket.get(&socket).copied()
    }

    /// The player of a session.
    pub(super) fn of(&self, session: SessionId) -> Option<LegId> {
        self.by_session.get(&session).copied()
    }

    /// The session that a player on this line receives for.
    pub(super) fn session_on(&self, socket: SocketId) -> Option<SessionId> {
        let player = self.by_leg.get(self.by_socket.get(&socket)?)?;
        Some(player.session)
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

    fn add(&mut self, player: Player) -> LegId {
        self.last += 1;
        let leg = LegId(MARK | self.last);
        self.by_leg.insert(leg, player);
        self.by_socket.insert(player.socket, leg);
        self.by_session.insert(player.session, leg);
        leg
    }

    fn remove(&mut self, leg: LegId) {
        let Some(player) = self.by_leg.remove(&leg) else {
            return;
        };
        self.by_socket.remove(&player.socket);
        self.by_session.remove(&player.session);
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
        let leg = self.players.add(Player {
            session,
            socket,
            is_open: false,
        });
        (self.command)(Command::Open {
            leg,
            offer,
            direction: Direction::RecvOnly,
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
        let (session, socket) = (player.session, player.socket);
        let put = |news| Input::Player { session, news };
        match event {
            Event::Answered { answer, .. } => {
                player.is_open = true;
                self.tell_socket(socket, Message::Answer(answer));
            }
            Event::Refused { reason, .. } => {
                let is_open = player.is_open;
                self.tell_socket(socket, self.unanswered(reason));
                if !is_open {
                    self.players.remove(leg);
                }
            }
            Event::Connected { .. } | Event::Heard { .. } => {
                self.tell_socket(socket, Message::Notice(Notice::Connected));
                self.put(put(LegNews::Connected), now);
            }
            Event::Silent { .. } => {
                self.tell_socket(socket, Message::Notice(Notice::Silent));
                self.put(put(LegNews::Silent), now);
            }
            Event::Closed { .. } => self.end_player(leg, now),
            // It sends nothing, and no leg is a thread.
            Event::FirstPicture { .. } | Event::Quality { .. } | Event::Load { .. } => {}
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
        let Some(&Player {
            session, socket, ..
        }) = self.players.by_leg.get(&leg)
        else {
            return;
        };
        // Before it is forgotten: the end of the match has to be told to it, too.
        let news = LegNews::Closed;
        self.put(Input::Player { session, news }, now);
        if self.players.of(session) != Some(leg) {
            // Its session has ended by that, and it with the session.
            return;
        }
        self.players.remove(leg);
        (self.command)(Command::Close { leg });
        self.tell_socket(socket, Message::Notice(Notice::Bye(ByeReason::Left)));
    }
}
