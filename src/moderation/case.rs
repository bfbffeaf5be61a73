//! What a case is: [`CaseClass`], [`Origin`], [`Status`], and the [`Opening`] with which it begins.

use std::sync::Arc;
use std::time::Duration;

use super::audit_line::{Actor, AuditLine, Deed};
use super::docket::DeviceKey;
use super::verdict::Label;
use crate::id::SessionId;

/// Who may see a case, and how long it is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum CaseClass {
    /// What breaks the rules of the house.
    Conduct,
    /// What may show a child: for the child-safety role alone.
    ChildSafety,
}

/// What brought a case about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Another visitor complained.
    Report,
    /// A row of the policy, or a service of the operator's.
    Machine,
    /// The visitor whom it is about asks for another look.
    Appeal,
}

/// How far a case has come.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Status {
    /// Nobody has decided.
    Open,
    /// Somebody has, and somebody senior is to agree.
    SecondOpinion,
    /// Somebody has handed it to somebody senior, or to child safety.
    Escalated,
    /// It was decided, and the visitor asks for another look.
    Appealed,
    /// It is decided.
    Closed,
}

impl CaseClass {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Conduct, Self::ChildSafety];

    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Conduct => "conduct",
            Self::ChildSafety => "child_safety",
        }
    }

    /// The class of that name.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.word() == word)
    }

    /// The class of a case about this. Lists of known pictures are of abuse, as far as there are any.
    fn of(label: &Label) -> Self {
        match label.as_str() {
            "reported_minor" | "known_picture" | "minor" | "child" | "underage" => {
                Self::ChildSafety
            }
            _ => Self::Conduct,
        }
    }
}

impl Origin {
    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Machine => "machine",
            Self::Appeal => "appeal",
        }
    }

    /// The origin of that name.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Report, Self::Machine, Self::Appeal]
            .into_iter()
            .find(|origin| origin.word() == word)
    }
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Open,
        Self::SecondOpinion,
        Self::Escalated,
        Self::Appealed,
        Self::Closed,
    ];

    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::SecondOpinion => "second_opinion",
            Self::Escalated => "escalated",
            Self::Appealed => "appealed",
            Self::Closed => "closed",
        }
    }

    /// The status of that name.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

/// A person should look: a case begins, or the one that is open about this session goes on.
#[derive(Clone, PartialEq, Debug)]
pub struct Opening {
    /// About whom.
    pub session: SessionId,
    /// Their device, to be recognized when it is kept out.
    pub device: Option<DeviceKey>,
    /// Who may see it.
    pub class: CaseClass,
    /// What was seen or said.
    pub label: Label,
    /// How sure somebody is.
    pub score: f32,
    /// How much it presses, from 1 to 5.
    pub severity: u8,
    /// What brought it about.
    pub origin: Origin,
    /// Who complains, where somebody does.
    pub reporter: Option<SessionId>,
    /// What a machine has done already.
    pub done: Option<Deed>,
    /// For how long, where that keeps the device out.
    pub lasts: Option<Duration>,
    /// The policy that decided; empty where none did.
    pub policy: Arc<str>,
    /// The classifier that looked; empty where none did.
    pub version: Arc<str>,
}

impl Opening {
    /// What follows from a line of the log, if a person should look.
    pub(super) fn of(
        line: &AuditLine,
        device: Option<DeviceKey>,
        lasts: Option<Duration>,
    ) -> Option<Self> {
        let (origin, reporter, policy) = match &line.actor {
            Actor::Visitor(by) => (Origin::Report, Some(*by), Arc::from("")),
            Actor::Policy {
                version,
                shadow: false,
            } => (Origin::Machine, None, Arc::clone(version)),
            Actor::Backend(_) => (Origin::Machine, None, Arc::from("")),
            Actor::Policy { shadow: true, .. }
            | Actor::Person(_)
            | Actor::Nobody
            | Actor::Clock => return None,
        };
        let done = match line.deed {
            // It passes by itself once there is something to see.
            Deed::Blur if is_of_looking(&line.label) => return None,
            Deed::Blur | Deed::End | Deed::Cooldown | Deed::Ban => Some(line.deed),
            Deed::Review | Deed::Report => None,
            Deed::Allow
            | Deed::Warn
            | Deed::Withhold
            | Deed::Unblur
            | Deed::TurnAway
            | Deed::Policy
            | Deed::Readmit
            | Deed::Refuse
            | Deed::CarryOut
            | Deed::Dismiss
            | Deed::SecondOpinion
            | Deed::Escalate
            | Deed::Hold
            | Deed::Unhold
            | Deed::View
            | Deed::Watch
            | Deed::Unwatch
            | Deed::Appeal
            | Deed::Export
            | Deed::Destroy => return None,
        };
        let class = CaseClass::of(&line.label);
        Some(Self {
            session: line.session?,
            device,
            class,
            severity: severity(class, &line.label, done),
            label: line.label.clone(),
            score: line.score,
            origin,
            reporter,
            done,
            lasts,
            policy,
            version: Arc::clone(&line.version),
        })
    }
}

/// Whether a label says how the looking went, and nothing of what there was to see.
fn is_of_looking(label: &Label) -> bool {
    [
        Label::NO_FACE,
        Label::UNUSABLE,
        Label::FROZEN,
        Label::UNDECODABLE,
        Label::NO_VERDICT,
    ]
    .contains(label)
}

/// How much a case presses: a child first, then what hurts somebody, then what was done by a machine
/// that may have been wrong, then the rest.
fn severity(class: CaseClass, label: &Label, done: Option<Deed>) -> u8 {
    if class == CaseClass::ChildSafety {
        return 5;
    }
    let said = match label.as_str() {
        "reported_violence" => 4,
        "reported_nudity" | "reported_hate" | "porn" | "hentai" => 3,
        "reported_other" | "reported" | "sexy" => 2,
        _ => 1,
    };
    let acted = match done {
        Some(Deed::Ban) => 4,
        Some(Deed::Cooldown | Deed::End) => 3,
        Some(_) => 2,
        None => 1,
    };
    said.max(acted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(actor: Actor, label: Label, deed: Deed) -> AuditLine {
        AuditLine {
            actor,
            session: Some(SessionId(1)),
            label,
            score: 0.9,
            version: Arc::from("m1"),
            deed,
            reason: String::new(),
        }
    }

    fn policy(shadow: bool) -> Actor {
        let version = Arc::from("p1");
        Actor::Policy { version, shadow }
    }

    #[test]
    fn a_report_a_review_and_a_hard_action_by_machine_open_a_case_and_nothing_else_does() {
        for deed in [Deed::Blur, Deed::End, Deed::Cooldown, Deed::Ban] {
            let opening = Opening::of(&line(policy(false), Label::PORN, deed), None, None).unwrap();
            assert_eq!(
                (opening.origin, opening.done),
                (Origin::Machine, Some(deed))
            );
        }
        let review = line(policy(false), Label::SEXY, Deed::Review);
        assert_eq!(Opening::of(&review, None, None).unwrap().done, None);
        let report = line(Actor::Visitor(SessionId(2)), Label::REPORTED, Deed::Report);
        let opening = Opening::of(&report, None, None).unwrap();
        assert_eq!(opening.reporter, Some(SessionId(2)));
        for deed in [Deed::Warn, Deed::Allow, Deed::Unblur, Deed::TurnAway] {
            let line = line(policy(false), Label::PORN, deed);
            assert_eq!(Opening::of(&line, None, None), None, "{deed:?}");
        }
    }

    #[test]
    fn what_a_service_of_the_operators_has_done_is_a_case_as_a_row_of_the_policy_is() {
        let cut = line(Actor::Backend(Arc::from("watcher")), Label::PORN, Deed::End);
        let opening = Opening::of(&cut, None, None).unwrap();
        assert_eq!((opening.origin, opening.severity), (Origin::Machine, 3));
        let warned = line(Actor::Backend(Arc::from("")), Label::PORN, Deed::Warn);
        assert_eq!(Opening::of(&warned, None, None), None);
    }

    #[test]
    fn a_picture_without_a_face_is_nobodys_case_unless_the_policy_says_so() {
        let blur = line(policy(false), Label::NO_FACE, Deed::Blur);
        assert_eq!(Opening::of(&blur, None, None), None);
        let review = line(policy(false), Label::NO_FACE, Deed::Review);
        assert!(Opening::of(&review, None, None).is_some());
    }

    #[test]
    fn what_is_only_tried_opens_no_case() {
        let tried = line(policy(true), Label::PORN, Deed::Ban);
        assert_eq!(Opening::of(&tried, None, None), None);
    }

    #[test]
    fn what_may_show_a_child_presses_most_and_is_for_one_role() {
        let minor = Label::new("reported_minor").unwrap();
        let report = line(Actor::Visitor(SessionId(2)), minor, Deed::Report);
        let opening = Opening::of(&report, None, None).unwrap();
        assert_eq!(
            (opening.class, opening.severity),
            (CaseClass::ChildSafety, 5)
        );
    }

    #[test]
    fn every_word_reads_back() {
        for status in Status::ALL {
            assert_eq!(Status::of_word(status.word()), Some(status));
        }
        for class in CaseClass::ALL {
            assert_eq!(CaseClass::of_word(class.word()), Some(class));
        }
        assert_eq!(Origin::of_word("appeal"), Some(Origin::Appeal));
    }
}
