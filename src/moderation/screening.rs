//! Nobody is shown to a stranger unseen: the door, and the first moment of each match.

use std::time::Instant;

use super::audit_line::Deed;
use super::desk::Desk;
use super::docket::Output;
use super::dossier::{Blur, Stage};
use super::policy::Screening;
use super::verdict::{Label, Verdict};
use crate::id::{MatchId, SessionId};

impl Desk {
    pub(super) fn handle_connected(&mut self, session: SessionId, now: Instant) {
        let again = now + self.chance_of_looking();
        let Some(dossier) = self.dossiers.get_mut(&session) else {
            return;
        };
        if dossier.stage != Stage::Outside {
            return;
        }
        dossier.stage = Stage::Screening {
            since: now,
            told: false,
        };
        dossier.look_again = Some(again);
        self.demand_no_more(session);
        self.settle(session, now);
    }

    pub(super) fn handle_matched(&mut self, session: SessionId, match_id: MatchId, now: Instant) {
        let again = now + self.chance_of_looking();
        let Some(dossier) = self.dossiers.get_mut(&session) else {
            return;
        };
        dossier.facing = Some(match_id);
        let by_video = matches!(dossier.stage, Stage::Passed { .. });
        let demanded = self
            .policy
            .fresh
            .filter(|_| by_video && !self.policy.shadow);
        if demanded.is_some_and(|fresh| !dossier.is_fresh(fresh, now)) {
            dossier.look_again = Some(again);
            if dossier.held_since.replace(now).is_none() {
                self.outputs.push_back(Output::Hold { session });
            }
        }
        self.settle(session, now);
    }

    pub(super) fn handle_parted(&mut self, session: SessionId, match_id: MatchId, now: Instant) {
        let Some(dossier) = self.dossiers.get_mut(&session) else {
            return;
        };
        if dossier.facing != Some(match_id) {
            return;
        }
        dossier.facing = None;
        self.release(session);
        self.settle(session, now);
    }

    /// A picture came back: it may open the door, end a hold, lift a blur.
    pub(super) fn admit(
        &mut self,
        session: SessionId,
        taken: Instant,
        verdict: &Verdict,
        now: Instant,
    ) {
        let opens = self.policy.opens_the_door(verdict);
        let passes = self.policy.passes(verdict);
        let Some(dossier) = self.dossiers.get_mut(&session) else {
            return;
        };
        if opens {
            dossier.sights.passed_at = dossier.sights.passed_at.max(Some(taken));
        }
        if passes {
            dossier.sights.passes = dossier.sights.passes.saturating_add(1);
        }
        if opens && let Stage::Screening { since, .. } = dossier.stage {
            self.pass(session, since);
        }
        if passes {
            self.unblur(session, taken);
        }
        let is_fresh = self.dossiers.get(&session).is_some_and(|dossier| {
            self.policy
                .fresh
                .is_none_or(|fresh| dossier.is_fresh(fresh, now))
        });
        if is_fresh {
            self.release(session);
        }
    }

    /// The blur of a machine goes when a picture taken after it passes.
    fn unblur(&mut self, session: SessionId, taken: Instant) {
        let Some(dossier) = self.dossiers.get_mut(&session) else {
            return;
        };
        let newest = dossier.sights.is_newest(taken);
        let ends = |blur: &mut Blur| !blur.by_hand && newest && taken > blur.since;
        let Some(blur) = dossier.blur.take_if(ends) else {
            return;
        };
        let reason = "a later picture passes".to_owned();
        self.write_rule(session, &blur.label, Deed::Unblur, reason);
        self.outputs.push_back(Output::Unblur { session });
    }

    fn pass(&mut self, session: SessionId, since: Instant) {
        if let Some(dossier) = self.dossiers.get_mut(&session) {
            dossier.stage = Stage::Passed { since };
            dossier.look_again = None;
            self.outputs.push_back(Output::Pass { session });
        }
    }

    fn release(&mut self, session: SessionId) {
        if let Some(dossier) = self.dossiers.get_mut(&session)
            && dossier.held_since.take().is_some()
        {
            dossier.look_again = None;
            self.outputs.push_back(Output::Release { session });
        }
    }

    /// A policy that only tries demands no verdict.
    pub(super) fn demand_no_more(&mut self, session: SessionId) {
        let Some(dossier) = self.dossiers.get(&session) else {
            return;
        };
        if self.policy.shadow {
            if let Stage::Screening { since, .. } = dossier.stage {
                self.pass(session, since);
            }
            self.release(session);
        } else if self.policy.fresh.is_none() {
            self.release(session);
        }
    }

    /// The deadline of the door.
    pub(super) fn end_screening(&mut self, session: SessionId, now: Instant) {
        let Some(dossier) = self.dossiers.get_mut(&session) else {
            return;
        };
        let Stage::Screening { since, told: false } = dossier.stage else {
            return;
        };
        if since + self.policy.screening_deadline > now {
            return;
        }
        let seen = dossier.sights.last_hidden(&self.policy);
        if self.policy.screening == Screening::Open && seen.is_none() {
            let reason = "no verdict in time at the door, and the policy is open".to_owned();
            self.write_rule(session, &Label::NO_VERDICT, Deed::Allow, reason);
            return self.pass(session, since);
        }
        dossier.stage = Stage::Screening { since, told: true };
        let label = seen.unwrap_or(Label::NO_VERDICT);
        self.outputs.push_back(Output::Delay { session, label });
    }

    /// The deadline of a hold, where the policy is open.
    pub(super) fn end_hold(&mut self, session: SessionId, now: Instant) {
        let deadline = self.policy.screening_deadline;
        let is_due = self
            .dossiers
            .get(&session)
            .and_then(|dossier| dossier.held_since)
            .is_some_and(|since| since + deadline <= now);
        if is_due && self.policy.screening == Screening::Open {
            let reason = "no verdict in time in a match, and the policy is open".to_owned();
            self.write_rule(session, &Label::NO_VERDICT, Deed::Allow, reason);
            self.release(session);
        }
    }

    /// Somebody waits for a picture that has not come.
    pub(super) fn look_again(&mut self, session: SessionId, now: Instant) {
        let again = now + self.chance_of_looking();
        if let Some(dossier) = self.dossiers.get_mut(&session)
            && dossier.look_again.is_some_and(|at| at <= now)
        {
            dossier.look_again = Some(again);
            self.outputs.push_back(Output::Look { session });
        }
    }
}
