//! Reports: what visitors say of each other, and how much that weighs.

use std::time::{Duration, Instant};

use super::audit_line::{Actor, AuditLine, Deed};
use super::desk::Desk;
use super::docket::{DeviceKey, Output};
use super::dossier::{Of, Stage};
use super::policy::{Action, Row};
use super::verdict::{Label, Score};
use crate::category::Category;
use crate::id::SessionId;
use crate::limits;
use crate::pace::Pace;

/// How often one session may report; beyond it nothing is heard.
const REPORT_PACE: Pace = Pace {
    burst: 3,
    every: Duration::from_secs(20),
};

/// For so long what is seen can prove a report right; then it may be wrong.
pub(super) const SETTLED_AFTER: Duration = Duration::from_secs(60);

/// So many pictures that pass within that time prove a report wrong.
const PASSES_THAT_DISPROVE: u32 = 3;

/// How often a reporter was right.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Repute {
    right: u32,
    wrong: u32,
}

impl Repute {
    /// How likely the next report is right: a half for somebody new (Laplace's rule of succession).
    pub(super) fn credibility(self) -> f32 {
        // As small numbers they fit; as large ones a rounded ratio is as good.
        let (right, wrong) = (self.right.min(1_000), self.wrong.min(1_000));
        let as_small = |number: u32| f32::from(u16::try_from(number).unwrap_or(u16::MAX));
        as_small(right + 1) / as_small(right + wrong + 2)
    }

    pub(super) const fn add(&mut self, proof: Proof) {
        match proof {
            Proof::Right => self.right = self.right.saturating_add(1),
            Proof::Wrong => self.wrong = self.wrong.saturating_add(1),
        }
    }
}

/// What became of a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Proof {
    /// What was seen led to an action.
    Right,
    /// Picture after picture passed.
    Wrong,
}

/// The reports about one session.
#[derive(Default, Debug)]
pub(super) struct Reports {
    kept: Vec<Report>,
    /// The last one.
    pub(super) last: Option<Instant>,
}

#[derive(Debug)]
struct Report {
    by: SessionId,
    device: Option<DeviceKey>,
    category: Category,
    weight: f32,
    at: Instant,
    /// Passing pictures when it came.
    passes: u32,
    settled: bool,
}

/// A reporter whose report is proved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Proved {
    pub(super) by: SessionId,
    pub(super) device: Option<DeviceKey>,
    pub(super) proof: Proof,
}

impl Reports {
    /// Whether the reporter has complained already: one voice each.
    fn has_heard(&self, by: SessionId) -> bool {
        self.kept.iter().any(|report| report.by == by)
    }

    /// How much all reports weigh together.
    pub(super) fn weight(&self) -> f32 {
        self.kept.iter().map(|report| report.weight).sum()
    }

    /// How likely at least one of them is right, if they are independent.
    fn score(&self, category: Option<Category>) -> f32 {
        let counted = self
            .kept
            .iter()
            .filter(|report| category.is_none_or(|category| report.category == category));
        1.0 - counted.map(|report| 1.0 - report.weight).product::<f32>()
    }

    /// When the oldest report that is neither right nor wrong yet becomes so.
    pub(super) fn settles_at(&self) -> Option<Instant> {
        self.kept
            .iter()
            .find(|report| !report.settled)
            .map(|report| report.at + SETTLED_AFTER)
    }

    /// What is seen leads to an action: those who said so were right.
    pub(super) fn prove(&mut self) -> Vec<Proved> {
        let open = self.kept.iter_mut().filter(|report| !report.settled);
        open.map(|report| {
            report.settled = true;
            report.proved(Proof::Right)
        })
        .collect()
    }

    /// Time has passed: those who said what a picture would show, and nothing was seen, were wrong.
    pub(super) fn settle(&mut self, passes: u32, now: Instant) -> Vec<Proved> {
        let mut proved = Vec::new();
        for report in &mut self.kept {
            if report.settled || report.at + SETTLED_AFTER > now {
                continue;
            }
            report.settled = true;
            let passed_since = passes.saturating_sub(report.passes);
            // Of the other categories a model sees nothing: only a person can tell.
            if report.category == Category::Nudity && passed_since >= PASSES_THAT_DISPROVE {
                proved.push(report.proved(Proof::Wrong));
            }
        }
        proved
    }
}

impl Report {
    const fn proved(&self, proof: Proof) -> Proved {
        Proved {
            by: self.by,
            device: self.device,
            proof,
        }
    }
}

/// The label under which reports of a category stand in a policy.
pub(super) fn label_of(category: Category) -> Label {
    let word = match category {
        Category::Nudity => "reported_nudity",
        Category::Minor => "reported_minor",
        Category::Violence => "reported_violence",
        Category::Hate => "reported_hate",
        Category::Spam => "reported_spam",
        Category::Other => "reported_other",
    };
    Label::new(word).unwrap_or(Label::REPORTED)
}

/// Whether a label is about what visitors say.
pub(super) fn is_of_reports(label: &Label) -> bool {
    let reported = Label::REPORTED;
    *label == reported || label.as_str().starts_with("reported_")
}

impl Desk {
    pub(super) fn handle_reported(
        &mut self,
        by: SessionId,
        about: SessionId,
        category: Category,
        now: Instant,
    ) {
        let Some(reporter) = self.dossiers.get_mut(&by) else {
            return;
        };
        if by == about || !reporter.report_meter.take(REPORT_PACE, now) {
            return;
        }
        let (weight, device) = (reporter.repute.credibility(), reporter.device);
        let heard = self
            .dossiers
            .get(&about)
            .is_some_and(|dossier| dossier.reports.has_heard(by));
        if heard {
            return;
        }
        let line = AuditLine {
            actor: Actor::Visitor(by),
            session: Some(about),
            label: label_of(category),
            score: weight,
            version: self.no_version(),
            deed: Deed::Report,
            reason: "reported by another visitor".to_owned(),
        };
        self.write_and_open(line, None);
        let Some(dossier) = self.dossiers.get_mut(&about) else {
            return;
        };
        if dossier.stage == Stage::Over || dossier.reports.kept.len() >= limits::REPORTS_KEPT {
            return;
        }
        dossier.reports.last = Some(now);
        dossier.reports.kept.push(Report {
            by,
            device,
            category,
            weight,
            at: now,
            passes: dossier.sights.passes,
            settled: false,
        });
        self.outputs.push_back(Output::Look { session: about });
        self.judge_reports(about, category, now);
    }

    /// The rows about reports, with the new one.
    fn judge_reports(&mut self, about: SessionId, category: Category, now: Instant) {
        let Some(dossier) = self.dossiers.get(&about) else {
            return;
        };
        let scores = [
            Score {
                label: Label::REPORTED,
                value: dossier.reports.score(None),
            },
            Score {
                label: label_of(category),
                value: dossier.reports.score(Some(category)),
            },
        ];
        let is_due = |row: &Row, score: &Score| {
            let spent = dossier
                .sights
                .spent_until(row, !self.policy.is_in_force(row));
            row.label == score.label
                && row.is_reached_by(score.value)
                && dossier.strikes.count(&row.label) >= row.after_strikes
                && dossier.reports.weight() >= row.after_reports
                && row.action != Action::Allow
                // Once is enough: the next report says no more than this one.
                && spent.is_none()
        };
        let due: Vec<_> = scores
            .iter()
            .flat_map(|score| {
                let rows = self.policy.rows.iter();
                rows.filter(move |row| is_due(row, score))
                    .map(move |row| (row.clone(), score.value))
            })
            .collect();
        let version = self.no_version();
        self.decide(about, (Of::Pictures, due), &version, now);
        self.settle(about, now);
    }

    /// Credits or blames those who reported.
    pub(super) fn credit(&mut self, proved: Vec<Proved>) {
        for Proved { by, device, proof } in proved {
            if let Some(reporter) = self.dossiers.get_mut(&by) {
                reporter.repute.add(proof);
            }
            if let Some(device) = device {
                self.devices.credit(device, proof);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reporter_who_was_right_weighs_more_and_one_who_was_wrong_less() {
        let mut repute = Repute::default();
        let new = repute.credibility();
        assert!((new - 0.5).abs() < 1e-6);
        repute.add(Proof::Right);
        repute.add(Proof::Right);
        assert!((repute.credibility() - 0.75).abs() < 1e-6);
        for _ in 0..6 {
            repute.add(Proof::Wrong);
        }
        assert!(repute.credibility() < new);
        for _ in 0..100_000 {
            repute.add(Proof::Right);
        }
        assert!(repute.credibility() <= 1.0 && repute.credibility() > 0.9);
    }

    #[test]
    fn each_category_has_a_label_of_its_own() {
        let categories = [
            Category::Nudity,
            Category::Minor,
            Category::Violence,
            Category::Hate,
            Category::Spam,
            Category::Other,
        ];
        for category in categories {
            let label = label_of(category);
            assert!(is_of_reports(&label) && label != Label::REPORTED, "{label}");
        }
        assert!(!is_of_reports(&Label::PORN));
    }
}
