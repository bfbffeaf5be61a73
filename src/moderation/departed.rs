//! [`Departed`]: those who left before a service has said all of their pictures. What it says then keeps
//! their device out, or asks a person to look; there is nobody to warn and no picture to stop.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use foldhash::fast::FixedState;

use super::desk::Desk;
use super::docket::Output;
use super::dossier::{Dossier, Stage};
use super::judging::Due;
use super::policy::Action;
use crate::id::SessionId;
use crate::limits;

/// Who left of late, and why that is not all yet. Bounded: the one that left first is forgotten first.
#[derive(Default, Debug)]
pub(super) struct Departed {
    by_session: HashMap<SessionId, Dossier, FixedState>,
    order: VecDeque<(Instant, SessionId)>,
}

impl Departed {
    /// Somebody has left: remembered if more is to come, and what a later word does not need is forgotten.
    pub(super) fn add(&mut self, session: SessionId, dossier: Dossier, now: Instant) {
        self.forget(now);
        if dossier.expected_until.is_none_or(|until| until <= now) {
            return;
        }
        let kept = Dossier {
            stage: Stage::Over,
            has_left: true,
            opinions: dossier.opinions,
            strikes: dossier.strikes,
            ..Dossier::new(dossier.device)
        };
        self.by_session.insert(session, kept);
        self.order.push_back((now, session));
    }

    /// Takes somebody out who is remembered.
    pub(super) fn take(&mut self, session: SessionId, now: Instant) -> Option<Dossier> {
        self.forget(now);
        self.by_session.remove(&session)
    }

    /// Puts somebody back who was taken out.
    pub(super) fn put_back(&mut self, session: SessionId, dossier: Dossier) {
        self.by_session.insert(session, dossier);
    }

    fn forget(&mut self, now: Instant) {
        let is_over =
            |since: Instant| now.saturating_duration_since(since) >= limits::OPINION_PATIENCE;
        while let Some((since, session)) = self.order.front()
            && (is_over(*since) || self.order.len() >= limits::OPINIONS_AWAITED)
        {
            self.by_session.remove(session);
            self.order.pop_front();
        }
    }
}

impl Desk {
    /// A service will say more of a picture of somebody's.
    pub(super) fn expect_more(&mut self, session: SessionId, now: Instant) {
        if let Some(dossier) = self.dossiers.get_mut(&session) {
            dossier.expected_until = Some(now + limits::OPINION_PATIENCE);
        }
    }

    /// A row has come true for somebody who has left.
    pub(super) fn keep_departed_out(
        &mut self,
        session: SessionId,
        one: &Due,
        version: &Arc<str>,
        now: Instant,
    ) {
        let (row, _) = one;
        let (Action::Cooldown(lasts) | Action::Ban(lasts)) = row.action else {
            return;
        };
        let dossier = self.dossiers.get(&session);
        let (Some(device), Some(deed)) = (dossier.and_then(|one| one.device), row.action.deed())
        else {
            return;
        };
        let label = row.label.clone();
        self.write_row(session, one, version, deed);
        self.outputs.push_back(Output::KeepOut {
            device,
            label: label.clone(),
            lasts,
        });
        // It may be here again.
        self.hear_of_kept_out(device, &label, lasts, now);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tap::any_instant;

    fn awaited(until: Instant) -> Dossier {
        Dossier {
            expected_until: Some(until),
            ..Dossier::new(None)
        }
    }

    #[test]
    fn who_left_is_remembered_while_more_is_to_come_and_only_so_many_are() {
        let (mut departed, now) = (Departed::default(), any_instant());
        let later = now + Duration::from_secs(1);
        departed.add(SessionId(1), Dossier::new(None), now);
        departed.add(SessionId(2), awaited(now), now);
        assert!(departed.by_session.is_empty() && departed.order.is_empty());
        departed.add(SessionId(3), awaited(later), now);
        let taken = departed.take(SessionId(3), later).unwrap();
        assert!(taken.has_left);
        departed.put_back(SessionId(3), taken);
        assert!(
            departed
                .take(SessionId(3), now + limits::OPINION_PATIENCE)
                .is_none()
        );
        let most = u64::try_from(limits::OPINIONS_AWAITED).unwrap();
        for session in 0..most + 5 {
            departed.add(SessionId(session), awaited(later), now);
        }
        assert!(departed.by_session.len() <= limits::OPINIONS_AWAITED);
        assert!(departed.take(SessionId(0), now).is_none());
        assert!(departed.take(SessionId(most + 4), now).is_some());
    }
}
