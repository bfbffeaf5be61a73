//! The end of the lobby: nobody new, no new match, and a deadline for those that are.

use std::time::{Duration, Instant};

use super::Lobby;
use super::door::{ByeReason, LeftReason, Notice, Output};
use super::session::State;
use crate::id::SessionId;

/// How far the end is.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) enum Drain {
    /// Not in sight.
    #[default]
    NotBegun,
    /// Matches may go on until then, and this is what those are told who go.
    Until(Instant, ByeReason),
    /// Nobody is left; this is what those are told who come.
    Done(ByeReason),
}

impl Drain {
    /// Whether nobody may come in and no match may begin.
    pub(super) fn begun(self) -> bool {
        self != Self::NotBegun
    }

    /// When it is over, whoever is left.
    pub(super) const fn deadline(self) -> Option<Instant> {
        match self {
            Self::Until(until, _) => Some(until),
            Self::NotBegun | Self::Done(_) => None,
        }
    }

    /// Whether a newer server has what this one has no more: a place, and new partners.
    pub(super) const fn leads_on(self) -> bool {
        matches!(
            self,
            Self::Until(_, ByeReason::Moved) | Self::Done(ByeReason::Moved)
        )
    }

    /// What those are told who go, once it has begun.
    const fn bye(self) -> ByeReason {
        match self {
            Self::Until(_, bye) | Self::Done(bye) => bye,
            Self::NotBegun => ByeReason::Shutdown,
        }
    }
}

impl Lobby {
    /// Tells everybody. Those who face nobody have nothing left to wait for.
    pub(super) fn handle_drain(&mut self, within: Duration, bye: ByeReason, now: Instant) {
        match self.drain {
            Drain::NotBegun => {}
            // Told again: the end may come sooner, never later.
            Drain::Until(until, bye) => {
                return self.drain = Drain::Until(until.min(now + within), bye);
            }
            Drain::Done(_) => return self.outputs.push_back(Output::Drained),
        }
        self.drain = Drain::Until(now + within, bye);
        for id in self.everybody() {
            self.tell(id, Notice::GoingAway { drain: within });
            self.settle(id, now);
            self.dismiss_if_draining(id);
        }
    }

    /// Ends the stay of one who faces nobody, if the lobby is draining.
    pub(super) fn dismiss_if_draining(&mut self, id: SessionId) {
        let faces_nobody = |state| !matches!(state, State::Facing { .. });
        if self.drain.begun()
            && self
                .sessions
                .get(&id)
                .is_some_and(|one| faces_nobody(one.state))
        {
            self.tell(id, Notice::Bye(self.drain.bye()));
            self.remove(id);
        }
    }

    /// Ends the drain when nobody is left, or at its deadline.
    pub(super) fn end_drain(&mut self, now: Instant) {
        let Drain::Until(until, bye) = self.drain else {
            return;
        };
        if until <= now {
            for id in self.everybody() {
                self.end(id, LeftReason::Ended, bye, now);
            }
        }
        if self.sessions.is_empty() {
            self.drain = Drain::Done(bye);
            self.outputs.push_back(Output::Drained);
        }
    }

    /// All sessions, in an order that one seed repeats.
    fn everybody(&self) -> Vec<SessionId> {
        let mut everybody: Vec<_> = self.sessions.keys().copied().collect();
        everybody.sort_unstable();
        everybody
    }
}
