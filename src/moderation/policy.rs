//! [`Policy`]: the table from verdicts and history to what happens.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::audit_line::Deed;
use super::policy_file::{self, PolicyError};
use super::verdict::{Label, Outcome, Verdict};

/// The policy that is in force when the operator gives none.
pub const DEFAULT_POLICY: &str = include_str!("../../config/policy.toml");

/// The table from verdicts and history to what happens. It is made from a file, and is right.
#[derive(Clone, PartialEq, Debug)]
pub struct Policy {
    /// Stands in every line of the audit log.
    pub version: Arc<str>,
    /// Only tries: decisions are written down and not carried out, and everybody passes.
    pub shadow: bool,
    /// What happens at the door when no verdict comes.
    pub screening: Screening,
    /// When that is, from the connection of the leg.
    pub screening_deadline: Duration,
    /// A picture is shown to a partner only while the newest verdict is younger; none if that is
    /// not demanded.
    pub fresh: Option<Duration>,
    /// After a warning or a blur, so much time passes before what is seen counts as a repetition.
    pub grace: Duration,
    /// The rows, in the order of the file.
    pub rows: Vec<Row>,
}

/// What happens at the door when no verdict comes in time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Screening {
    /// The visitor waits for it, and is told.
    Closed,
    /// The visitor passes unseen.
    Open,
}

/// One row of a policy.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// What is seen.
    pub label: Label,
    /// The least score that counts.
    pub threshold: f32,
    /// How often or how long.
    pub when: When,
    /// Only after so many earlier warnings and blurs.
    pub after_strikes: u32,
    /// Only with reports of so much weight; one by somebody new weighs a half.
    pub after_reports: f32,
    /// What happens.
    pub action: Action,
    /// Whether a person should look as well.
    pub review: bool,
    /// Whether this row only tries.
    pub shadow: bool,
    /// Where it stands in the file, from 1.
    pub line: usize,
}

/// How often or how long something must be seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// In so many of the newest pictures.
    Hits {
        /// How many.
        hits: usize,
        /// Of how many.
        of: usize,
        /// Older pictures do not count.
        within: Duration,
    },
    /// Without interruption for so long.
    For(Duration),
}

/// What happens to a visitor, the weakest first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Nothing.
    Allow,
    /// A person should look; nothing else.
    Review,
    /// They are told.
    Warn,
    /// Their picture is stopped until a later one passes.
    Blur,
    /// Their stay ends.
    End,
    /// Their stay ends, and they stay outside for so long.
    Cooldown(Duration),
    /// They stay outside for so long.
    Ban(Duration),
}

/// Orders actions: what is done for one may be undone for another, never the other way round.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Strength(u8);

impl Action {
    pub(super) const fn strength(self) -> Strength {
        Strength(match self {
            Self::Allow => 0,
            Self::Review => 1,
            Self::Warn => 2,
            Self::Blur => 3,
            Self::End => 4,
            Self::Cooldown(_) => 5,
            Self::Ban(_) => 6,
        })
    }

    /// Whether a picture that leads here is not for a stranger's eyes.
    pub const fn hides(self) -> bool {
        matches!(
            self,
            Self::Blur | Self::End | Self::Cooldown(_) | Self::Ban(_)
        )
    }

    /// Its word in a policy file.
    pub fn word(self) -> &'static str {
        self.deed().map_or("allow", Deed::word)
    }

    /// How it is written down; none for what is not.
    pub(super) const fn deed(self) -> Option<Deed> {
        match self {
            Self::Allow => None,
            Self::Review => Some(Deed::Review),
            Self::Warn => Some(Deed::Warn),
            Self::Blur => Some(Deed::Blur),
            Self::End => Some(Deed::End),
            Self::Cooldown(_) => Some(Deed::Cooldown),
            Self::Ban(_) => Some(Deed::Ban),
        }
    }
}

impl Row {
    /// Whether a score is high enough for it.
    pub fn is_reached_by(&self, score: f32) -> bool {
        score >= self.threshold
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::parse("the built-in policy", DEFAULT_POLICY)
            .expect("a test reads the built-in policy")
    }
}

impl Policy {
    /// Reads a policy; `name` is what an error calls the file.
    ///
    /// ```
    /// use visavis::moderation::Policy;
    /// let text = "version = 'mine'\n[[row]]\nlabel = 'porn'\naction = 'ban'\n";
    /// let error = Policy::parse("policy.toml", text).expect_err("no ban without an end");
    /// assert!(error.to_string().starts_with("policy.toml, line 4: "), "{error}");
    /// ```
    ///
    /// # Errors
    /// The first thing that is wrong, with its line: a policy is refused whole.
    pub fn parse(name: &str, text: &str) -> Result<Self, PolicyError> {
        policy_file::parse(name, text)
    }

    /// Refuses rows that would punish somebody for the age that a machine takes them for.
    ///
    /// # Errors
    /// The first such row: it does more than to call a person.
    pub fn spare_faces(&self, name: &str, of_age: &BTreeSet<Label>) -> Result<(), PolicyError> {
        let punishes = |row: &&Row| of_age.contains(&row.label) && row.action != Action::Review;
        let Some(row) = self.rows.iter().find(punishes) else {
            return Ok(());
        };
        let label = &row.label;
        Err(PolicyError {
            name: name.to_owned(),
            line: row.line,
            reason: format!(
                "{label} is a guess about age from a face: it may lead to review and nothing else"
            ),
        })
    }

    /// Whether a row is carried out, and not only tried.
    pub const fn is_in_force(&self, row: &Row) -> bool {
        !self.shadow && !row.shadow
    }

    /// Whether a picture may open the door: it was judged, and no single such picture counts
    /// toward a blur or worse.
    pub fn opens_the_door(&self, verdict: &Verdict) -> bool {
        verdict.outcome == Outcome::Judged && self.hidden_by(verdict).is_none()
    }

    /// Whether a picture may be shown again after a blur: as at the door, and what must not last
    /// does not last either.
    pub fn passes(&self, verdict: &Verdict) -> bool {
        verdict.outcome == Outcome::Judged && self.reached_and_hidden(verdict).next().is_none()
    }

    /// What keeps a single picture from a stranger's eyes, if anything does.
    pub(super) fn hidden_by(&self, verdict: &Verdict) -> Option<&Label> {
        self.reached_and_hidden(verdict)
            .find(|row| matches!(row.when, When::Hits { .. }))
            .map(|row| &row.label)
    }

    fn reached_and_hidden(&self, verdict: &Verdict) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| {
            self.is_in_force(row)
                && row.action.hides()
                && row.is_reached_by(verdict.score_of(&row.label))
        })
    }

    /// How near a verdict comes to being hidden: 1 where a threshold is reached.
    pub(super) fn nearness(&self, verdict: &Verdict) -> f32 {
        self.rows
            .iter()
            .filter(|row| row.action.hides() && matches!(row.when, When::Hits { .. }))
            .map(|row| verdict.score_of(&row.label) / row.threshold)
            .fold(0.0, f32::max)
    }
}
