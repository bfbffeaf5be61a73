//! What a person has decided, or a service of the operator's, carried out: on the session while it is
//! there, and on its device.

use std::time::{Duration, Instant};

use super::audit_line::{Actor, AuditLine, Deed};
use super::desk::Desk;
use super::docket::{DeviceKey, Output};
use super::dossier::{Blur, Dossier, Stage};
use super::ruling::Ruling;
use super::verdict::Label;
use crate::id::SessionId;

/// A ruling, and about whom.
pub(super) struct Ruled {
    pub(super) session: Option<SessionId>,
    pub(super) device: Option<DeviceKey>,
    pub(super) ruling: Ruling,
    pub(super) label: Label,
    pub(super) by: Actor,
}

impl Desk {
    pub(super) fn handle_ruled(&mut self, ruled: Ruled, now: Instant) {
        if let (Some(device), Some(lasts)) = (ruled.device, ruled.ruling.outside()) {
            self.keep_out(device, &ruled.label, lasts, now);
        }
        let Some(session) = ruled.session else {
            return;
        };
        let stage = self.dossiers.get(&session).map(|dossier| dossier.stage);
        if stage.is_none_or(|stage| stage == Stage::Over) {
            return;
        }
        match ruled.ruling {
            Ruling::Dismiss | Ruling::Unblur => {
                let deed = ruled.deed();
                self.lift(session, (ruled.by, deed), now);
            }
            Ruling::Warn => {
                let label = ruled.label.clone();
                self.write_ruling(session, &ruled);
                self.outputs.push_back(Output::Warn { session, label });
            }
            Ruling::Blur => self.blur_by_hand(session, ruled, now),
            Ruling::End => self.end_by_hand(session, &ruled, None),
            Ruling::Cooldown(lasts) | Ruling::Ban(lasts) => {
                self.end_by_hand(session, &ruled, Some(lasts));
            }
        }
        self.settle(session, now);
    }

    /// What another server has decided about a device holds here as well, for those of it who are here.
    pub(super) fn hear_of_kept_out(
        &mut self,
        device: DeviceKey,
        label: &Label,
        rest: Duration,
        now: Instant,
    ) {
        self.keep_out(device, label, rest, now);
        let is_here =
            |dossier: &Dossier| dossier.device == Some(device) && dossier.stage != Stage::Over;
        let mut here: Vec<_> = self
            .dossiers
            .iter()
            .filter(|(_, dossier)| is_here(dossier))
            .map(|(session, _)| *session)
            .collect();
        here.sort_unstable();
        for session in here {
            let reason = format!("its device stays outside for {} s more", rest.as_secs());
            self.write_rule(session, label, Deed::TurnAway, reason);
            self.end_stay(session, label.clone(), Some(rest));
            self.settle(session, now);
        }
    }

    fn blur_by_hand(&mut self, session: SessionId, ruled: Ruled, now: Instant) {
        self.write_ruling(session, &ruled);
        let Some(dossier) = self.dossiers.get_mut(&session) else {
            return;
        };
        // It is stopped already, and no longer the next picture's to lift.
        if let Some(blur) = &mut dossier.blur {
            blur.by_hand = true;
            return;
        }
        let label = ruled.label;
        dossier.blur = Some(Blur {
            since: now,
            label: label.clone(),
            by_hand: true,
        });
        self.outputs.push_back(Output::Blur { session, label });
    }

    fn end_by_hand(&mut self, session: SessionId, ruled: &Ruled, outside: Option<Duration>) {
        self.write_ruling(session, ruled);
        self.end_stay(session, ruled.label.clone(), outside);
    }

    fn end_stay(&mut self, session: SessionId, label: Label, cool_down: Option<Duration>) {
        self.outputs.push_back(Output::End {
            session,
            label,
            cool_down,
        });
        if let Some(dossier) = self.dossiers.get_mut(&session) {
            dossier.stage = Stage::Over;
            dossier.held_since = None;
            dossier.look_again = None;
        }
    }

    fn write_ruling(&mut self, session: SessionId, ruled: &Ruled) {
        let line = AuditLine {
            actor: ruled.by.clone(),
            session: Some(session),
            label: ruled.label.clone(),
            score: 0.0,
            version: self.no_version(),
            deed: ruled.deed(),
            reason: format!("{}, on the session itself", ruled.ruling.deed().word()),
        };
        // Of a person there is a case already.
        self.write_and_open(line, ruled.ruling.outside());
    }
}

impl Ruled {
    /// What a person decides of a case has a line of its own, with the reason; a service has only this.
    fn deed(&self) -> Deed {
        match self.by {
            Actor::Backend(_) => self.ruling.deed(),
            Actor::Person(_)
            | Actor::Visitor(_)
            | Actor::Policy { .. }
            | Actor::Nobody
            | Actor::Clock => Deed::CarryOut,
        }
    }
}
