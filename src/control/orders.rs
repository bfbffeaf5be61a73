//! What a backend wants of sessions of its own: matches, and beside them what the desk is to do about one
//! and what nobody is to get of it.

use std::time::Instant;

use super::line::SocketId;
use super::request::{Demand, Order, Ruled, Unordered};
use super::switchboard::{Switchboard, leg_of};
use crate::id::SessionId;
use crate::media::{Command, Muted};

impl<F: FnMut(Command)> Switchboard<F> {
    /// A backend wants something. Whoever asked may be gone before the answer.
    pub(super) fn serve(&mut self, demand: Demand, now: Instant) {
        match demand {
            Demand::Pair {
                sockets,
                begun,
                done,
            } => {
                let _ = done.send(self.pair(sockets, begun, now));
            }
            Demand::Unpair { socket, done } => {
                let session = self.register.session_on(socket);
                let parted = session.is_some_and(|session| self.lobby.unpair(session, now));
                self.heed_lobby(now);
                let _ = done.send(parted);
            }
            Demand::Find { match_id, done } => {
                let _ = done.send(self.sessions_by_match.contains_key(&match_id));
            }
            Demand::Measure { socket, done } => {
                let _ = done.send(self.measurements(socket));
            }
            Demand::Order {
                socket,
                order,
                done,
            } => {
                let _ = done.send(self.order(socket, order, now));
            }
            Demand::Mute {
                socket,
                muted,
                done,
            } => {
                let _ = done.send(self.mute(socket, muted));
            }
        }
    }

    /// A service of the operator's decides: the desk has it written down, and then it is done.
    pub(super) fn order(
        &mut self,
        socket: SocketId,
        order: Order,
        now: Instant,
    ) -> Result<(), Unordered> {
        let session = self.session_at(socket).ok_or(Unordered::Gone)?;
        if !self.is_overseen() {
            return Err(Unordered::NotModerated);
        }
        let device = self.register.stay(session).and_then(|stay| stay.device);
        let Order { ruling, label, by } = order;
        self.rule(
            Ruled {
                session: Some(session),
                device,
                ruling,
                label,
                by,
            },
            now,
        );
        Ok(())
    }

    /// What a session sends is muted, or no longer. Answers whether it is there.
    pub(super) fn mute(&mut self, socket: SocketId, muted: Muted) -> bool {
        let session = self.session_at(socket);
        if let Some(session) = session {
            let leg = leg_of(session);
            (self.command)(Command::Mute { leg, muted });
        }
        session.is_some()
    }

    /// The session on a line, whether it sends there or receives.
    pub(super) fn session_at(&self, socket: SocketId) -> Option<SessionId> {
        let own = self.register.session_on(socket);
        own.or_else(|| self.players.session_on(socket))
    }
}
