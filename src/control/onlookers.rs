//! Onlookers: legs by which a service of the operator's sees what a session sends, and the session does not
//! notice. **The line in the audit log comes first**: before it is on disk there is no leg.

use std::time::Instant;

use super::line::SocketId;
use super::players::{MARK, Role};
use super::request::Refusal;
use super::switchboard::{Switchboard, leg_of};
use crate::direction::Direction;
use crate::id::{LegId, SessionId};
use crate::media::{Certificates, Command, onlooking};
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

/// What is known of an onlooker.
#[derive(Debug)]
pub(super) struct Watching {
    /// The first offer, until the media plane has it.
    pub(super) offer: Option<Private<String>>,
    /// Who looks on.
    pub(super) by: Actor,
    /// From when on there was something to see.
    pub(super) since: Option<Instant>,
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
        let watching = Watching {
            offer: Some(offer),
            by: by.clone(),
            since: None,
        };
        let as_what = (Role::Onlooker, Some(watching));
        let leg = self.players.add(session, socket, as_what);
        let onlooker = Input::Onlooker { session, leg, by };
        self.tell_desk(onlooker, now);
    }

    /// There is something to see from now on, if it was not already.
    pub(super) fn looked(&mut self, leg: LegId, now: Instant) {
        let player = self.players.get_mut(leg);
        if let Some(watching) = player.and_then(|player| player.watching.as_mut()) {
            watching.since.get_or_insert(now);
        }
    }

    /// An onlooker goes: what it saw is written down as well.
    pub(super) fn unlooked(&mut self, leg: LegId, now: Instant) {
        let Some(player) = self.players.get_mut(leg) else {
            return;
        };
        let session = player.session;
        if let Some(Watching { by, since, .. }) = player.watching.take() {
            let saw = since.map(|then| now.saturating_duration_since(then));
            self.tell_desk(Input::Unlooked { session, by, saw }, now);
        }
    }

    /// It is written down who looks on: the leg may be opened, unless it was given up meanwhile.
    pub(super) fn open_onlooker(&mut self, leg: LegId) {
        let Some(player) = self.players.get_mut(leg) else {
            return;
        };
        let watching = player.watching.as_mut();
        let (session, offer) = (player.session, watching.and_then(|it| it.offer.take()));
        let codec = self.register.stay(session).and_then(|stay| stay.codec);
        if let Some(offer) = offer {
            (self.command)(Command::Open {
                leg,
                offer,
                direction: Direction::RecvOnly,
                certificates: Certificates::Any,
                codec,
            });
        }
    }
}
