//! Onlookers: legs by which a service of the operator's sees what a session sends, and the session does not
//! notice. **The line in the audit log comes first**: before it is on disk there is no leg.

use std::time::Instant;

use super::line::SocketId;
use super::players::{MARK, Role};
use super::request::Refusal;
use super::switchboard::{Switchboard, leg_of};
use crate::direction::Direction;
use crate::id::{LegId, SessionId};
use crate::media::{Command, onlooking};
use crate::moderation::{Actor, Input};
use crate::private::Private;

/// A connected onlooker gets what the session sends.
pub(super) const fn begin(session: SessionId, onlooker: LegId) -> Command {
    Command::Onlook {
        onlooking: onlooking(onlooker.0 & !MARK),
        sends: leg_of(session),
        receives: onlooker,
    }
}

/// It no longer does.
pub(super) const fn end(session: SessionId, onlooker: LegId) -> Command {
    Command::Unlook {
        onlooking: onlooking(onlooker.0 & !MARK),
        sends: leg_of(session),
        receives: onlooker,
    }
}

impl<F: FnMut(Command)> Switchboard<F> {
    /// A line brings an onlooker for the session on another. One that was there before goes.
    pub(super) fn look_on(
        &mut self,
        socket: SocketId,
        at: SocketId,
        (offer, by): (Private<String>, Actor),
        now: Instant,
    ) {
        let Some(session) = self.session_at(at) else {
            return self.refuse(socket, Refusal::NotJoined);
        };
        if !self.is_overseen() {
            return self.refuse(socket, Refusal::NotModerated);
        }
        if let Some(before) = self.players.of_role(session, Role::Onlooker) {
            self.end_player(before, now);
        }
        let as_what = (Role::Onlooker, Some(offer));
        let leg = self.players.add(session, socket, as_what);
        let onlooker = Input::Onlooker { session, leg, by };
        self.tell_desk(onlooker, now);
    }

    /// It is written down who looks on: the leg may be opened, unless it was given up meanwhile.
    pub(super) fn open_onlooker(&mut self, leg: LegId) {
        let Some(player) = self.players.get_mut(leg) else {
            return;
        };
        let (session, offer) = (player.session, player.offer.take());
        let codec = self.register.stay(session).and_then(|stay| stay.codec);
        if let Some(offer) = offer {
            (self.command)(Command::Open {
                leg,
                offer,
                direction: Direction::RecvOnly,
                codec,
            });
        }
    }
}
