//! What a person has decided, carried out: on the session while it is there, and on its device.

use std::time::{Duration, Instant};

use super::audit_line::{Actor, AuditLine, Deed};
use super::desk::Desk;
use super::docket::{DeviceKey, Output};
use super::dossier::{Blur, Stage};
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
                self.lift(session, (ruled.by, Deed::CarryOut), now);
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

    fn blur_by_hand(&mut self, session: SessionId, ruled: Ruled, now: Instant) {
        let is_blurred = |desk: &Self| {
            let dossier = desk.dossiers.get(&session);
            dossier.is_none_or(|dossier| dossier.blur.is_some())
        };
        if is_blurred(self) {
            return;
        }
        self.write_ruling(session, &ruled);
        let label = ruled.label;
        if let Some(dossier) = self.dossiers.get_mut(&session) {
            dossier.blur = Some(Blur {
                since: now,
                label: label.clone(),
            });
        }
        self.outputs.push_back(Output::Blur { session, label });
    }

    fn end_by_hand(&mut self, session: SessionId, ruled: &Ruled, outside: Option<Duration>) {
        self.write_ruling(session, ruled);
        self.outputs.push_back(Output::End {
            session,
            label: ruled.label.clone(),
            cool_down: outside,
        });
        if let Some(dossier) = self.dossiers.get_mut(&session) {
            dossier.stage = Stage::Over;
            dossier.held_since = None;
            dossier.look_again = None;
        }
    }

    fn write_ruling(&mut self, session: SessionId, ruled: &Ruled) {
        self.outputs.push_back(Output::Write(AuditLine {
            actor: ruled.by.clone(),
            session: Some(session),
            label: ruled.label.clone(),
            score: 0.0,
            version: self.no_version(),
            deed: Deed::CarryOut,
            reason: format!("{}, on the session itself", ruled.ruling.deed().word()),
        }));
    }
}
