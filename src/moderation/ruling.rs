//! [`Ruling`]: what a person decides, and [`Standing`]: whether this person may, and what follows.

use std::time::Duration;

use super::audit_line::Deed;
use super::case::{CaseClass, Status};
use super::role::Role;

/// A ban beyond it takes a second opinion.
pub const LASTING: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// No ban is longer.
pub const LONGEST_BAN: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// How long somebody cools down if the person does not say.
const COOL_DOWN: Duration = Duration::from_secs(60 * 60);

/// What a person decides about a case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ruling {
    /// Nothing was wrong: what a machine has done is taken back.
    Dismiss,
    /// They are told.
    Warn,
    /// Their picture is stopped.
    Blur,
    /// Their picture goes on.
    Unblur,
    /// Their stay ends.
    End,
    /// Their stay ends, and they stay outside for so long.
    Cooldown(Duration),
    /// They stay outside for so long.
    Ban(Duration),
}

impl Ruling {
    /// The ruling of that name.
    ///
    /// # Errors
    /// There is none, or it does not last so long.
    pub fn of_word(word: &str, lasts: Option<Duration>) -> Result<Self, NoRuling> {
        let lasting = |least: Duration, default: Duration| {
            let lasts = lasts.unwrap_or(default);
            let fits = lasts >= least && lasts <= LONGEST_BAN;
            fits.then_some(lasts).ok_or(NoRuling::Lasts)
        };
        Ok(match word {
            "dismiss" => Self::Dismiss,
            "warn" => Self::Warn,
            "blur" => Self::Blur,
            "unblur" => Self::Unblur,
            "end" => Self::End,
            "cooldown" => Self::Cooldown(lasting(Duration::from_secs(1), COOL_DOWN)?),
            "ban" => Self::Ban(lasting(Duration::from_secs(60), LASTING)?),
            _ => return Err(NoRuling::Word),
        })
    }

    /// How it is written down.
    pub const fn deed(self) -> Deed {
        match self {
            Self::Dismiss => Deed::Dismiss,
            Self::Warn => Deed::Warn,
            Self::Blur => Deed::Blur,
            Self::Unblur => Deed::Unblur,
            Self::End => Deed::End,
            Self::Cooldown(_) => Deed::Cooldown,
            Self::Ban(_) => Deed::Ban,
        }
    }

    /// How long the device stays outside, if it does.
    pub const fn outside(self) -> Option<Duration> {
        match self {
            Self::Cooldown(lasts) | Self::Ban(lasts) => Some(lasts),
            Self::Dismiss | Self::Warn | Self::Blur | Self::Unblur | Self::End => None,
        }
    }

    /// Whether it says that what was done before was wrong.
    pub const fn takes_back(self) -> bool {
        match self {
            Self::Dismiss | Self::Unblur => true,
            Self::Warn | Self::Blur | Self::End | Self::Cooldown(_) | Self::Ban(_) => false,
        }
    }
}

/// Why a word is no ruling.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoRuling {
    /// There is no such word.
    #[error("a decision is dismiss, warn, blur, unblur, end, cooldown or ban")]
    Word,
    /// It lasts too short or too long.
    #[error("a cooldown lasts a second at least, a ban a minute, and neither more than ten years")]
    Lasts,
}

/// To whom a case is handed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Escalation {
    /// To somebody senior.
    Senior,
    /// To child safety: only they see it from then on.
    ChildSafety,
}

impl Escalation {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Senior => "senior",
            Self::ChildSafety => "child_safety",
        }
    }

    /// The one of that name.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Senior, Self::ChildSafety]
            .into_iter()
            .find(|to| to.word() == word)
    }
}

/// Where a case stands, as far as it says who may decide it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Who may see it.
    pub class: CaseClass,
    /// How far it has come.
    pub status: Status,
    /// Who has decided it before.
    pub deciders: Vec<String>,
}

/// What follows from a ruling.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sequel {
    /// How far the case has come then.
    pub status: Status,
    /// What is done at once.
    pub carried_out: Ruling,
}

/// Why somebody may not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Hindrance {
    /// Another role is needed.
    #[error("this case is for another role")]
    Role,
    /// They have decided it before.
    #[error("somebody else has to decide this case")]
    SamePerson,
    /// It is decided.
    #[error("the case is closed")]
    Closed,
}

impl Standing {
    /// Whether somebody with that role may see it.
    ///
    /// # Errors
    /// Only child safety may.
    pub fn see(&self, role: Role) -> Result<(), Hindrance> {
        match (self.class, role) {
            (CaseClass::Conduct, _) | (CaseClass::ChildSafety, Role::ChildSafety) => Ok(()),
            (CaseClass::ChildSafety, Role::Moderator | Role::Senior | Role::Admin) => {
                Err(Hindrance::Role)
            }
        }
    }

    /// Whether somebody may take it up.
    ///
    /// # Errors
    /// Why not.
    pub fn take_up(&self, name: &str, role: Role) -> Result<(), Hindrance> {
        self.see(role)?;
        match self.status {
            Status::Open => Ok(()),
            Status::SecondOpinion | Status::Escalated if !role.is_senior() => Err(Hindrance::Role),
            Status::Escalated => Ok(()),
            Status::SecondOpinion | Status::Appealed => {
                if self.deciders.iter().any(|decider| decider == name) {
                    Err(Hindrance::SamePerson)
                } else {
                    Ok(())
                }
            }
            Status::Closed => Err(Hindrance::Closed),
        }
    }

    /// What follows if somebody rules so.
    ///
    /// # Errors
    /// They may not.
    pub fn rule(&self, name: &str, role: Role, ruling: Ruling) -> Result<Sequel, Hindrance> {
        self.take_up(name, role)?;
        Ok(match (self.status, ruling) {
            // Until somebody agrees it lasts as long as one person alone may say.
            (Status::Open | Status::Escalated | Status::Appealed, Ruling::Ban(lasts))
                if lasts > LASTING =>
            {
                Sequel {
                    status: Status::SecondOpinion,
                    carried_out: Ruling::Ban(LASTING),
                }
            }
            _ => Sequel {
                status: Status::Closed,
                carried_out: ruling,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(status: Status, deciders: &[&str]) -> Standing {
        Standing {
            class: CaseClass::Conduct,
            status,
            deciders: deciders.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    const YEAR: Ruling = Ruling::Ban(Duration::from_secs(365 * 24 * 60 * 60));

    #[test]
    fn a_lasting_ban_waits_for_somebody_senior_who_is_not_the_first() {
        let open = standing(Status::Open, &[]);
        let first = open.rule("ann", Role::Senior, YEAR).unwrap();
        assert_eq!(first.status, Status::SecondOpinion);
        assert_eq!(first.carried_out, Ruling::Ban(LASTING));
        let waiting = standing(Status::SecondOpinion, &["ann"]);
        let again = waiting.rule("ann", Role::Senior, YEAR);
        assert_eq!(again, Err(Hindrance::SamePerson));
        let junior = waiting.rule("bob", Role::Moderator, YEAR);
        assert_eq!(junior, Err(Hindrance::Role));
        let agreed = waiting.rule("cem", Role::Senior, YEAR).unwrap();
        assert_eq!((agreed.status, agreed.carried_out), (Status::Closed, YEAR));
    }

    #[test]
    fn a_ban_of_30_days_is_one_persons_to_give() {
        let open = standing(Status::Open, &[]);
        let ruled = open.rule("ann", Role::Moderator, Ruling::Ban(LASTING));
        assert_eq!(ruled.unwrap().status, Status::Closed);
    }

    #[test]
    fn an_appeal_is_decided_by_somebody_else() {
        let appealed = standing(Status::Appealed, &["ann"]);
        let same = appealed.rule("ann", Role::Admin, Ruling::Dismiss);
        assert_eq!(same, Err(Hindrance::SamePerson));
        let other = appealed.rule("bob", Role::Moderator, Ruling::Dismiss);
        assert_eq!(other.unwrap().status, Status::Closed);
    }

    #[test]
    fn child_safety_alone_sees_what_may_show_a_child() {
        let mut case = standing(Status::Open, &[]);
        case.class = CaseClass::ChildSafety;
        for role in [Role::Moderator, Role::Senior, Role::Admin] {
            assert_eq!(case.see(role), Err(Hindrance::Role), "{role}");
        }
        assert_eq!(case.see(Role::ChildSafety), Ok(()));
    }

    #[test]
    fn a_closed_case_is_decided_by_nobody() {
        let closed = standing(Status::Closed, &["ann"]);
        let ruled = closed.rule("bob", Role::Admin, Ruling::Warn);
        assert_eq!(ruled, Err(Hindrance::Closed));
    }

    #[test]
    fn a_word_is_a_ruling_with_a_sensible_length() {
        assert_eq!(Ruling::of_word("warn", None), Ok(Ruling::Warn));
        let ban = Ruling::of_word("ban", None).unwrap();
        assert_eq!(ban, Ruling::Ban(LASTING));
        let endless = Ruling::of_word("ban", Some(LONGEST_BAN * 2));
        assert_eq!(endless, Err(NoRuling::Lasts));
        assert_eq!(Ruling::of_word("forgive", None), Err(NoRuling::Word));
    }
}
