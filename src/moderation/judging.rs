//! From a verdict to what happens: which rows of the policy it makes true, and what they do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::audit_line::{Actor, AuditLine, Deed};
use super::case::Opening;
use super::desk::Desk;
use super::docket::Output;
use super::dossier::{Blur, Bounds, Dossier, Newest, Of, Sights, Stage};
use super::policy::{Action, Policy, Row, When};
use super::reporting;
use super::verdict::{Label, Outcome, Verdict};
use super::vigilance::{NEAR, NEAR_FOR};
use crate::id::SessionId;

/// A row that has come true, and the score that made it so.
pub(super) type Due = (Row, f32);

impl Desk {
    pub(super) fn handle_judged(
        &mut self,
        session: SessionId,
        taken: Instant,
        verdict: &Verdict,
        now: Instant,
    ) {
        let Some(dossier) = self.dossiers.get_mut(&session) else {
            return;
        };
        if dossier.connected_at().is_none() {
            return;
        }
        let newest = Newest { taken, verdict };
        dossier.sights.add(&self.policy, newest);
        if verdict.outcome == Outcome::Judged {
            dossier.sights.judged_at = Some(now);
        }
        if self.policy.nearness(verdict) >= NEAR {
            dossier.sights.near_until = Some(now + NEAR_FOR);
        }
        let due = dossier.due(&self.policy, newest, now);
        self.decide(session, (Of::Pictures, due), &verdict.version, now);
        self.admit(session, taken, verdict, now);
        self.settle(session, now);
    }

    /// Nobody has judged for as long as a row says.
    pub(super) fn miss_verdicts(&mut self, session: SessionId, now: Instant) {
        let Some(dossier) = self.dossiers.get(&session) else {
            return;
        };
        let due: Vec<Due> = dossier
            .missed(&self.policy)
            .filter(|(_, at)| *at <= now)
            .map(|(row, _)| (row.clone(), 1.0))
            .collect();
        let version = self.no_version();
        self.decide(session, (Of::Pictures, due), &version, now);
    }

    /// Rows have come true: each is written down, and of those in force the strongest is done.
    pub(super) fn decide(
        &mut self,
        session: SessionId,
        (of, due): (Of, Vec<Due>),
        version: &Arc<str>,
        now: Instant,
    ) {
        let Some(dossier) = self.dossiers.get_mut(&session) else {
            return;
        };
        let mut strongest: Option<&Due> = None;
        let mut review = None;
        let mut tried = Vec::new();
        for one in &due {
            let (row, _) = one;
            let in_force = self.policy.is_in_force(row);
            dossier.seen(of).spend(row, !in_force, now);
            if !in_force {
                tried.push(one);
                continue;
            }
            let stronger = |(best, _): &Due| row.action.strength() > best.action.strength();
            if strongest.is_none_or(stronger) {
                strongest = Some(one);
            }
            if row.review || row.action == Action::Review {
                review = review.or(Some(one));
            }
        }
        for one in tried {
            if let Some(deed) = one.0.action.deed() {
                self.write_row(session, one, version, deed);
            }
        }
        if let Some(one) = strongest {
            self.carry_out(session, one, version, now);
        }
        if let Some(one) = review {
            self.write_row(session, one, version, Deed::Review);
        }
    }

    fn carry_out(&mut self, session: SessionId, one: &Due, version: &Arc<str>, now: Instant) {
        let (row, _) = one;
        let label = row.label.clone();
        let Some(dossier) = self.dossiers.get(&session) else {
            return;
        };
        if dossier.has_left {
            return self.keep_departed_out(session, one, version, now);
        }
        if dossier.stage == Stage::Over {
            return;
        }
        match row.action {
            // A review is written down with those that stand beside another action.
            Action::Allow | Action::Review => {}
            Action::Warn => {
                self.write_row(session, one, version, Deed::Warn);
                self.outputs.push_back(Output::Warn {
                    session,
                    label: label.clone(),
                });
                self.strike(session, &label, now);
            }
            // Their picture shows nothing of it. They were told when the text was kept back.
            Action::Blur if label.is_of_text() => {
                self.write_row(session, one, version, Deed::Withhold);
                self.strike(session, &label, now);
            }
            Action::Blur if dossier.blur.is_some() => {}
            Action::Blur => {
                self.write_row(session, one, version, Deed::Blur);
                self.outputs.push_back(Output::Blur {
                    session,
                    label: label.clone(),
                });
                self.strike(session, &label, now);
                if let Some(dossier) = self.dossiers.get_mut(&session) {
                    dossier.blur = Some(Blur {
                        since: now,
                        label: label.clone(),
                        by_hand: false,
                    });
                }
            }
            Action::End | Action::Cooldown(_) | Action::Ban(_) => {
                self.end(session, one, version, now);
            }
        }
        if row.action.hides() && !reporting::is_of_reports(&label) && !label.is_of_text() {
            self.prove(session);
        }
    }

    fn end(&mut self, session: SessionId, one: &Due, version: &Arc<str>, now: Instant) {
        let (row, _) = one;
        let label = row.label.clone();
        let (output, outside) = match row.action {
            Action::Cooldown(lasts) => {
                let cool_down = Some(lasts);
                let output = Output::End {
                    session,
                    label: label.clone(),
                    cool_down,
                };
                (output, cool_down)
            }
            Action::Ban(lasts) => {
                let output = Output::Ban {
                    session,
                    label: label.clone(),
                    lasts,
                };
                (output, Some(lasts))
            }
            Action::Allow | Action::Review | Action::Warn | Action::Blur | Action::End => {
                let output = Output::End {
                    session,
                    label: label.clone(),
                    cool_down: None,
                };
                (output, None)
            }
        };
        if let Some(deed) = row.action.deed() {
            self.write_row(session, one, version, deed);
        }
        self.outputs.push_back(output);
        let Some(dossier) = self.dossiers.get_mut(&session) else {
            return;
        };
        dossier.stage = Stage::Over;
        dossier.held_since = None;
        dossier.look_again = None;
        if let (Some(device), Some(outside)) = (dossier.device, outside) {
            self.keep_out(device, &label, outside, now);
        }
    }

    fn strike(&mut self, session: SessionId, label: &Label, now: Instant) {
        let Some(dossier) = self.dossiers.get_mut(&session) else {
            return;
        };
        dossier.strikes.add(label, now);
        if let Some(device) = dossier.device {
            self.devices.strike(device, label, now);
        }
    }

    /// What was seen proves those right who said so.
    fn prove(&mut self, session: SessionId) {
        if let Some(dossier) = self.dossiers.get_mut(&session) {
            let proved = dossier.reports.prove();
            self.credit(proved);
        }
    }

    pub(super) fn write_row(
        &mut self,
        session: SessionId,
        one: &Due,
        version: &Arc<str>,
        deed: Deed,
    ) {
        let (row, score) = one;
        let lasts = match row.action {
            Action::Cooldown(lasts) | Action::Ban(lasts) => Some(lasts),
            Action::Allow | Action::Review | Action::Warn | Action::Blur | Action::End => None,
        };
        let line = AuditLine {
            actor: Actor::Policy {
                version: Arc::clone(&self.policy.version),
                shadow: !self.policy.is_in_force(row),
            },
            session: Some(session),
            label: row.label.clone(),
            score: *score,
            version: Arc::clone(version),
            deed,
            reason: format!("line {}: {row}", row.line),
        };
        self.write_and_open(line, lasts);
    }

    /// Writes a line down; after it, where a person should look, comes the case.
    pub(super) fn write_and_open(&mut self, line: AuditLine, lasts: Option<Duration>) {
        let dossier = line.session.and_then(|session| self.dossiers.get(&session));
        let device = dossier.and_then(|dossier| dossier.device);
        let opening = Opening::of(&line, device, lasts);
        self.outputs.push_back(Output::Write(line));
        self.outputs.extend(opening.map(Output::OpenCase));
    }
}

impl Dossier {
    /// The rows that a picture which was just added makes true.
    fn due(&self, policy: &Policy, newest: Newest<'_>, now: Instant) -> Vec<Due> {
        self.due_among(&self.sights, policy, newest, now)
            .filter(|(row, _)| row.label != Label::NO_VERDICT)
            .filter(|(row, _)| !reporting::is_of_reports(&row.label) && !row.label.is_of_text())
            .collect()
    }

    /// The rows that a text which was just added makes true.
    pub(super) fn due_of_text(
        &self,
        policy: &Policy,
        newest: Newest<'_>,
        now: Instant,
    ) -> Vec<Due> {
        self.due_among(&self.remarks, policy, newest, now)
            .filter(|(row, _)| row.label.is_of_text())
            .collect()
    }

    /// The rows that a later word about a picture makes true: what is young and what is old is told by when
    /// the pictures were taken, however long the word took.
    pub(super) fn due_of_opinion(&self, policy: &Policy, newest: Newest<'_>) -> Vec<Due> {
        self.due_among(&self.opinions, policy, newest, newest.taken)
            .filter(|(row, _)| !row.label.is_of_text())
            .collect()
    }

    fn due_among<'a>(
        &'a self,
        seen: &'a Sights,
        policy: &'a Policy,
        newest: Newest<'a>,
        now: Instant,
    ) -> impl Iterator<Item = Due> + 'a {
        let rows = policy.rows.iter().enumerate();
        rows.filter(|(_, row)| row.action != Action::Allow)
            .filter(|(_, row)| self.is_due_by_history(row))
            .filter(move |(place, row)| {
                let repetition = row.after_strikes > 0;
                let last = self.strikes.last(&row.label).filter(|_| repetition);
                let bounds = Bounds {
                    now,
                    not_before: last.map(|last| last + policy.grace),
                    shadow: !policy.is_in_force(row),
                };
                seen.fulfil(*place, row, bounds, newest)
            })
            .map(move |(_, row)| (row.clone(), newest.verdict.score_of(&row.label)))
    }

    fn is_due_by_history(&self, row: &Row) -> bool {
        self.strikes.count(&row.label) >= row.after_strikes
            && self.reports.weight() >= row.after_reports
    }

    /// The rows about missing verdicts, each with the moment when it comes true.
    pub(super) fn missed<'a>(
        &'a self,
        policy: &'a Policy,
    ) -> impl Iterator<Item = (&'a Row, Instant)> {
        let since = match self.stage {
            Stage::Passed { since } => Some(self.sights.judged_at.unwrap_or(since)),
            // At the door the policy's screening says what a missing verdict means.
            Stage::Outside | Stage::Screening { .. } | Stage::Over => None,
        };
        let rows = policy.rows.iter();
        rows.filter(|row| row.label == Label::NO_VERDICT && row.action != Action::Allow)
            .filter(|row| self.is_due_by_history(row))
            .filter_map(move |row| {
                let spent = self.sights.spent_until(row, !policy.is_in_force(row));
                let since = since?;
                let since = spent.map_or(since, |spent| spent.max(since));
                match row.when {
                    When::For(lasts) => Some((row, since + lasts)),
                    When::Hits { .. } => None,
                }
            })
    }

    /// When the first row about missing verdicts comes true.
    pub(super) fn next_missed(&self, policy: &Policy) -> Option<Instant> {
        self.missed(policy).map(|(_, at)| at).min()
    }
}
