//! How verdicts about an operator's own labelled pictures compare with the labels: counts, precision
//! and recall at the thresholds of a policy.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::moderation::{Label, Outcome, Policy, Verdict};

/// What has been counted so far.
#[derive(Debug)]
pub struct Evaluation<'a> {
    policy: &'a Policy,
    folders: BTreeMap<Label, Folder>,
    bars: Vec<Bar>,
}

/// The pictures of one label.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Debug)]
pub struct Folder {
    /// Those that were judged.
    pub pictures: u64,
    /// Those that make no picture.
    pub unreadable: u64,
    /// Those that the policy would keep from a stranger's eyes, each by itself.
    pub hidden: u64,
}

/// What comes out for one threshold of the policy.
#[derive(Clone, PartialEq, Serialize, Debug)]
pub struct Bar {
    /// The label.
    pub label: String,
    /// The least score that counts.
    pub threshold: f32,
    /// What the rows with this threshold do, as `blur`.
    pub actions: Vec<&'static str>,
    /// Pictures at or above it, of any label.
    pub flagged: u64,
    /// Pictures at or above it that have the label.
    pub right: u64,
    /// Pictures of the label below it.
    pub missed: u64,
    /// Share of the flagged that have the label; none without such a folder, or nothing flagged.
    pub precision: Option<f64>,
    /// Share of the label's pictures that are flagged; none without any.
    pub recall: Option<f64>,
}

impl<'a> Evaluation<'a> {
    /// Nothing counted yet.
    pub fn new(policy: &'a Policy, labels: impl IntoIterator<Item = Label>) -> Self {
        let folders: BTreeMap<_, _> = labels
            .into_iter()
            .map(|label| (label, Folder::default()))
            .collect();
        let mut bars: Vec<Bar> = Vec::new();
        for row in &policy.rows {
            if !folders.contains_key(&row.label) && !can_one_picture_show(&row.label) {
                continue;
            }
            let same = |bar: &&mut Bar| {
                bar.label == row.label.as_str() && bar.threshold.total_cmp(&row.threshold).is_eq()
            };
            let word = row.action.word();
            match bars.iter_mut().find(same) {
                Some(bar) if bar.actions.contains(&word) => {}
                Some(bar) => bar.actions.push(word),
                None => bars.push(Bar::new(&row.label, row.threshold, word)),
            }
        }
        Self {
            policy,
            folders,
            bars,
        }
    }

    /// A picture in this label's folder was looked at.
    pub fn add(&mut self, label: &Label, verdict: &Verdict) {
        let folder = self.folders.entry(label.clone()).or_default();
        if verdict.outcome != Outcome::Judged {
            folder.unreadable += 1;
            return;
        }
        folder.pictures += 1;
        if !self.policy.opens_the_door(verdict) {
            folder.hidden += 1;
        }
        for bar in &mut self.bars {
            let flagged =
                Label::new(&bar.label).is_ok_and(|label| verdict.score_of(&label) >= bar.threshold);
            let has_label = bar.label == label.as_str();
            bar.flagged += u64::from(flagged);
            bar.right += u64::from(flagged && has_label);
            bar.missed += u64::from(!flagged && has_label);
        }
    }

    /// A file in this label's folder makes no picture.
    pub fn add_unreadable(&mut self, label: &Label) {
        self.folders.entry(label.clone()).or_default().unreadable += 1;
    }

    /// What was found, folder by folder and threshold by threshold.
    pub fn finish(mut self) -> (BTreeMap<String, Folder>, Vec<Bar>) {
        for bar in &mut self.bars {
            bar.recall = share(bar.right, bar.right + bar.missed);
            let is_known = bar.right + bar.missed > 0;
            bar.precision = share(bar.right, bar.flagged).filter(|_| is_known);
        }
        let named = |(label, folder): (Label, Folder)| (label.as_str().to_owned(), folder);
        (self.folders.into_iter().map(named).collect(), self.bars)
    }
}

impl Bar {
    fn new(label: &Label, threshold: f32, action: &'static str) -> Self {
        Self {
            label: label.as_str().to_owned(),
            threshold,
            actions: vec![action],
            flagged: 0,
            right: 0,
            missed: 0,
            precision: None,
            recall: None,
        }
    }
}

/// Whether a single picture can have it, and not only a sequence of them, or what others say.
fn can_one_picture_show(label: &Label) -> bool {
    let of_time = [Label::FROZEN, Label::NO_VERDICT, Label::UNDECODABLE];
    !of_time.contains(label) && !label.as_str().starts_with(Label::REPORTED.as_str())
}

#[expect(clippy::cast_precision_loss, reason = "no folder holds 2^52 pictures")]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::moderation::Score;

    fn verdict(porn: f32) -> Verdict {
        let score = Score::new(Label::PORN, porn).unwrap();
        Verdict::judged(vec![score], Arc::from("test"), Duration::ZERO)
    }

    #[test]
    fn precision_and_recall_come_from_what_is_flagged_right_and_missed() {
        let policy = Policy::default();
        let mut evaluation = Evaluation::new(&policy, [Label::PORN, Label::NEUTRAL]);
        for porn in [0.9, 0.95, 0.99, 0.2] {
            evaluation.add(&Label::PORN, &verdict(porn));
        }
        evaluation.add(&Label::NEUTRAL, &verdict(0.97));
        evaluation.add(&Label::NEUTRAL, &verdict(0.01));
        evaluation.add_unreadable(&Label::NEUTRAL);
        let (folders, bars) = evaluation.finish();
        let neutral = Folder {
            pictures: 2,
            unreadable: 1,
            hidden: 1,
        };
        assert_eq!(folders["neutral"], neutral);
        let bar = bars
            .iter()
            .find(|bar| bar.label == "porn" && (bar.threshold - 0.85).abs() < 1e-6)
            .unwrap();
        assert_eq!((bar.flagged, bar.right, bar.missed), (4, 3, 1));
        assert_eq!((bar.precision, bar.recall), (Some(0.75), Some(0.75)));
    }

    #[test]
    fn a_label_without_a_folder_has_no_precision_and_what_takes_time_no_row() {
        let policy = Policy::default();
        let mut evaluation = Evaluation::new(&policy, [Label::NEUTRAL]);
        evaluation.add(&Label::NEUTRAL, &verdict(0.97));
        let (_, bars) = evaluation.finish();
        let bar = bars.iter().find(|bar| bar.label == "porn").unwrap();
        assert_eq!((bar.flagged, bar.precision, bar.recall), (1, None, None));
        let of_time = ["frozen", "no_verdict", "undecodable", "reported"];
        assert!(!bars.iter().any(|bar| of_time.contains(&&*bar.label)));
    }
}
