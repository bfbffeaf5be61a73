//! [`Dossier`]: what the desk knows of one session. It is forgotten with it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::docket::DeviceKey;
use super::policy::{Policy, Row, Strength, When};
use super::reporting::{Reports, Repute};
use super::strikes::Strikes;
use super::verdict::{Label, Outcome, Score, Verdict};
use super::vigilance::Level;
use crate::id::MatchId;
use crate::limits;
use crate::pace::Meter;

/// One session, as the desk knows it.
#[derive(Debug)]
pub(super) struct Dossier {
    pub(super) device: Option<DeviceKey>,
    pub(super) stage: Stage,
    pub(super) facing: Option<MatchId>,
    /// The picture is kept from this match's partner since then.
    pub(super) held_since: Option<Instant>,
    /// The picture is stopped.
    pub(super) blur: Option<Blur>,
    /// When the tap is asked again for a picture that somebody waits for.
    pub(super) look_again: Option<Instant>,
    pub(super) sights: Sights,
    /// What was written, as far as there is something to say of it.
    pub(super) remarks: Sights,
    /// What a service said later of pictures that were taken.
    pub(super) opinions: Sights,
    /// Until then it may say more.
    pub(super) expected_until: Option<Instant>,
    /// Whether nobody is there any more; see [`super::departed`].
    pub(super) has_left: bool,
    pub(super) strikes: Strikes,
    pub(super) reports: Reports,
    /// How its own reports fared.
    pub(super) repute: Repute,
    pub(super) report_meter: Meter,
    pub(super) level: Option<Level>,
    /// When it is woken; only [`crate::alarm::Alarms`] writes it.
    pub(super) alarm: Option<Instant>,
}

/// What rows count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Of {
    /// Pictures, as they are judged.
    Pictures,
    /// Texts.
    Texts,
    /// What a service says later.
    Opinions,
}

/// How far a session has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// Its leg is not connected.
    Outside,
    /// Nothing of it has passed yet.
    Screening {
        /// Since then.
        since: Instant,
        /// Whether it was told that it takes long.
        told: bool,
    },
    /// It may be matched.
    Passed {
        /// When its leg connected.
        since: Instant,
    },
    /// Its stay ends: nothing more is decided.
    Over,
}

/// A picture that is stopped.
#[derive(Clone, Debug)]
pub(super) struct Blur {
    pub(super) since: Instant,
    /// Why.
    pub(super) label: Label,
    /// Whether somebody has decided it who saw more than a picture: then no picture lifts it.
    pub(super) by_hand: bool,
}

/// What was seen of a session lately.
#[derive(Default, Debug)]
pub(super) struct Sights {
    /// By when they were taken, the newest last.
    kept: VecDeque<Sight>,
    /// What has led to something does not lead to it again.
    spent: Vec<Spent>,
    /// Since when each row's label is seen without interruption, by the row's place.
    streaks: Vec<Option<Instant>>,
    /// When the newest picture that passes was taken.
    pub(super) passed_at: Option<Instant>,
    /// When the newest picture that was judged came back.
    pub(super) judged_at: Option<Instant>,
    /// Until then it is looked at closely, because a picture came near to being hidden.
    pub(super) near_until: Option<Instant>,
    /// How many pictures have passed, for reports to be wrong.
    pub(super) passes: u32,
}

#[derive(Debug)]
struct Sight {
    taken: Instant,
    verdict: Verdict,
}

/// Pictures taken up to then have led to something at least as strong.
#[derive(Debug)]
struct Spent {
    label: Label,
    strength: Strength,
    shadow: bool,
    until: Instant,
}

/// A picture and when it was taken.
#[derive(Clone, Copy)]
pub(super) struct Newest<'a> {
    pub(super) taken: Instant,
    pub(super) verdict: &'a Verdict,
}

impl Sights {
    /// Whether pictures taken then are the newest.
    pub(super) fn is_newest(&self, taken: Instant) -> bool {
        self.kept.back().is_none_or(|last| last.taken <= taken)
    }

    /// Remembers a picture, if there is anything to remember: one that nobody has looked at may still be
    /// looked at later, and is no newer than one that was.
    pub(super) fn add(&mut self, policy: &Policy, newest: Newest<'_>) {
        let Newest { taken, verdict } = newest;
        if !says_anything(verdict) {
            return;
        }
        if self.is_newest(taken) {
            self.follow_streaks(policy, newest);
        }
        let place = self.kept.partition_point(|sight| sight.taken <= taken);
        let verdict = verdict.clone();
        self.kept.insert(place, Sight { taken, verdict });
        if self.kept.len() > limits::VERDICTS_KEPT {
            self.kept.pop_front();
        }
    }

    fn follow_streaks(&mut self, policy: &Policy, newest: Newest<'_>) {
        self.streaks.resize(policy.rows.len(), None);
        for (row, since) in policy.rows.iter().zip(&mut self.streaks) {
            if !speaks_of(newest.verdict, &row.label) {
                continue;
            }
            let reached = row.is_reached_by(newest.verdict.score_of(&row.label));
            *since = reached.then(|| since.unwrap_or(newest.taken));
        }
    }

    /// Whether a picture that was just added makes a row true.
    pub(super) fn fulfil(
        &self,
        place: usize,
        row: &Row,
        rules: Bounds,
        newest: Newest<'_>,
    ) -> bool {
        if !row.is_reached_by(newest.verdict.score_of(&row.label)) {
            return false;
        }
        let spent = self.spent_until(row, rules.shadow);
        let counts = |taken: Instant| {
            rules.not_before.is_none_or(|earliest| taken >= earliest)
                && spent.is_none_or(|spent| taken > spent)
        };
        match row.when {
            When::For(lasts) => {
                let since = self.streaks.get(place).copied().flatten();
                let since = since.map(|since| spent.map_or(since, |spent| since.max(spent)));
                counts(newest.taken)
                    && since
                        .is_some_and(|since| newest.taken.saturating_duration_since(since) >= lasts)
            }
            When::Hits { hits, of, within } => {
                let recent = self
                    .kept
                    .iter()
                    .rev()
                    .filter(|sight| speaks_of(&sight.verdict, &row.label))
                    .filter(|sight| rules.now.saturating_duration_since(sight.taken) <= within)
                    .take(of)
                    .filter(|sight| counts(sight.taken))
                    .filter(|sight| row.is_reached_by(sight.verdict.score_of(&row.label)));
                counts(newest.taken) && recent.count() >= hits
            }
        }
    }

    /// When pictures stop to count for a row because they have led to it, or to something stronger.
    pub(super) fn spent_until(&self, row: &Row, shadow: bool) -> Option<Instant> {
        self.spent
            .iter()
            .filter(|spent| spent.label == row.label && spent.shadow == shadow)
            .filter(|spent| spent.strength >= row.action.strength())
            .map(|spent| spent.until)
            .max()
    }

    /// What was taken until then has led to this.
    pub(super) fn spend(&mut self, row: &Row, shadow: bool, until: Instant) {
        let strength = row.action.strength();
        let same = |spent: &&mut Spent| {
            spent.label == row.label && spent.strength == strength && spent.shadow == shadow
        };
        match self.spent.iter_mut().find(same) {
            Some(spent) => spent.until = spent.until.max(until),
            None => self.spent.push(Spent {
                label: row.label.clone(),
                strength,
                shadow,
                until,
            }),
        }
    }

    /// What hides the newest picture that was judged, if anything does.
    pub(super) fn last_hidden(&self, policy: &Policy) -> Option<Label> {
        let judged = |sight: &&Sight| sight.verdict.outcome == Outcome::Judged;
        let newest = self.kept.iter().rev().find(judged)?;
        policy.hidden_by(&newest.verdict).cloned()
    }

    /// Forgets what was seen, and what it led to is not undone.
    pub(super) fn forget(&mut self) {
        self.kept.clear();
        self.streaks.clear();
    }

    /// Rows have other places from now on.
    pub(super) fn forget_streaks(&mut self) {
        self.streaks.clear();
    }
}

/// What bounds the pictures that count for a row.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    pub(super) now: Instant,
    /// Pictures taken earlier are no repetition.
    pub(super) not_before: Option<Instant>,
    pub(super) shadow: bool,
}

/// Whether somebody has looked: a service that was late leaves what the workers said.
fn says_anything(verdict: &Verdict) -> bool {
    let of_the_picture = |score: &Score| score.label != Label::NO_VERDICT;
    verdict.outcome == Outcome::Judged || verdict.scores.iter().any(of_the_picture)
}

/// A verdict without a judgement says nothing of what is in the picture.
fn speaks_of(verdict: &Verdict, label: &Label) -> bool {
    verdict.outcome == Outcome::Judged || verdict.score_of(label) > 0.0
}

impl Dossier {
    pub(super) fn new(device: Option<DeviceKey>) -> Self {
        Self {
            device,
            stage: Stage::Outside,
            facing: None,
            held_since: None,
            blur: None,
            look_again: None,
            sights: Sights::default(),
            remarks: Sights::default(),
            opinions: Sights::default(),
            expected_until: None,
            has_left: false,
            strikes: Strikes::default(),
            reports: Reports::default(),
            repute: Repute::default(),
            report_meter: Meter::default(),
            level: None,
            alarm: None,
        }
    }

    /// What rows count of one kind.
    pub(super) const fn seen(&mut self, of: Of) -> &mut Sights {
        match of {
            Of::Pictures => &mut self.sights,
            Of::Texts => &mut self.remarks,
            Of::Opinions => &mut self.opinions,
        }
    }

    /// Whether the newest picture that passes is young enough to be shown.
    pub(super) fn is_fresh(&self, fresh: Duration, now: Instant) -> bool {
        self.sights
            .passed_at
            .is_some_and(|taken| now.saturating_duration_since(taken) < fresh)
    }

    /// Since when its pictures can be looked at; none before the leg is connected and after the end.
    pub(super) const fn connected_at(&self) -> Option<Instant> {
        match self.stage {
            Stage::Screening { since, .. } | Stage::Passed { since } => Some(since),
            Stage::Outside | Stage::Over => None,
        }
    }
}
