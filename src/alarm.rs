//! [`Alarms`]: one alarm per session, the earliest first.

use std::collections::BTreeSet;
use std::time::Instant;

use crate::id::SessionId;

/// When each session wants to be woken.
#[derive(Default, Debug)]
pub struct Alarms {
    queue: BTreeSet<(Instant, SessionId)>,
}

impl Alarms {
    /// Moves a session's alarm; `held` is what the session remembers of the last call.
    pub fn set(&mut self, session: SessionId, held: &mut Option<Instant>, wanted: Option<Instant>) {
        if *held == wanted {
            return;
        }
        if let Some(at) = held.take() {
            self.queue.remove(&(at, session));
        }
        if let Some(at) = wanted {
            self.queue.insert((at, session));
        }
        *held = wanted;
    }

    /// The earliest alarm of all.
    pub fn earliest(&self) -> Option<Instant> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// The next session whose alarm has come; the alarm stays until it is set anew.
    pub fn due(&self, now: Instant) -> Option<SessionId> {
        self.queue
            .first()
            .filter(|(at, _)| *at <= now)
            .map(|(_, session)| *session)
    }
}
