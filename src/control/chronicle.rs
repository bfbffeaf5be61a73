//! What is told of a stay's steps when they are over: the log, the gauges, and a trace ([`crate::traces`]).

use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use tracing::info;

use super::switchboard::Switchboard;
use crate::id::{MatchId, SessionId};
use crate::lobby::{LeftReason, Medium};
use crate::media::Command;
use crate::moderation::{Label, Verdict};

/// The names of the steps, in the order in which they usually come.
pub(super) mod steps {
    /// From `join` to the connected leg.
    pub(in crate::control) const CONNECT: &str = "connect";
    /// From there to the first picture that passes.
    pub(in crate::control) const SCREEN: &str = "screen";
    /// Looking for a partner.
    pub(in crate::control) const WAIT: &str = "wait";
    /// From `next` to the partner's first picture on its way.
    pub(in crate::control) const PICTURE: &str = "picture";
}

impl<F: FnMut(Command)> Switchboard<F> {
    /// A step of a session that lasted until now.
    pub(super) fn stepped(
        &mut self,
        session: SessionId,
        name: &'static str,
        from: Instant,
        now: Instant,
    ) {
        if let Some(stay) = self.register.stay(session) {
            stay.trail.step(name, [from, now], || []);
        }
    }

    /// Both looked for each other for so long.
    pub(super) fn waited(&mut self, sessions: [SessionId; 2], waited: [Duration; 2], now: Instant) {
        for (session, waited) in sessions.into_iter().zip(waited) {
            let from = now.checked_sub(waited).unwrap_or(now);
            self.stepped(session, steps::WAIT, from, now);
        }
    }

    /// A match is over.
    pub(super) fn faced_each_other(
        &mut self,
        (match_id, sessions): (MatchId, [SessionId; 2]),
        (medium, reason): (Medium, LeftReason),
        lasted: Duration,
        now: Instant,
    ) {
        info!(%match_id, ?reason, lasted_ms = lasted.as_millis(), "match ended");
        self.gauges.lasted(lasted);
        let from = now.checked_sub(lasted).unwrap_or(now);
        for session in sessions {
            let Some(stay) = self.register.stay(session) else {
                continue;
            };
            stay.trail.step("match", [from, now], || {
                [
                    KeyValue::new("visavis.match", match_id.to_string()),
                    KeyValue::new("visavis.medium", format!("{medium:?}").to_lowercase()),
                    KeyValue::new("visavis.reason", format!("{reason:?}").to_lowercase()),
                ]
            });
        }
    }

    /// A picture was judged, or could not be.
    pub(super) fn looked_at(
        &mut self,
        session: SessionId,
        taken: Instant,
        verdict: &Verdict,
        now: Instant,
    ) {
        let Some(stay) = self.register.stay(session) else {
            return;
        };
        stay.trail.step("look", [taken, now], || {
            let highest = verdict
                .scores
                .iter()
                .max_by(|one, other| one.value.total_cmp(&other.value));
            let label = highest.map(|score| score.label.to_string());
            let took_ms = verdict.took.as_secs_f64() * 1e3;
            [
                KeyValue::new(
                    "visavis.outcome",
                    format!("{:?}", verdict.outcome).to_lowercase(),
                ),
                KeyValue::new("visavis.label", label.unwrap_or_default()),
                KeyValue::new("visavis.classifier_ms", took_ms),
            ]
        });
    }

    /// Something was done about a session, for what a picture has shown.
    pub(super) fn acted(&mut self, session: SessionId, label: &Label, now: Instant) {
        let taken = self.pulse.acted(session, label, now);
        let Some((stay, taken)) = self.register.stay(session).zip(taken) else {
            return;
        };
        let facts = || [KeyValue::new("visavis.label", label.to_string())];
        stay.trail.step("act", [taken, now], facts);
    }
}
