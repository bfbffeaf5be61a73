//! [`AuditLine`]: what is written down of a decision, before it is carried out.

use std::fmt;
use std::sync::Arc;

use super::verdict::Label;
use crate::id::SessionId;

/// One decision. It names no visitor: no address, no text of theirs, no picture.
#[derive(Clone, PartialEq, Debug)]
pub struct AuditLine {
    /// Who decided.
    pub actor: Actor,
    /// About whom: our own number for a nameless stay; none where it is about nobody.
    pub session: Option<SessionId>,
    /// What was seen.
    pub label: Label,
    /// How sure the one who saw it is, from 0 to 1.
    pub score: f32,
    /// Who looked: the version of the classifier; empty where none did.
    pub version: Arc<str>,
    /// What happens now.
    pub deed: Deed,
    /// In words.
    pub reason: String,
}

/// Who decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Actor {
    /// A rule of the policy.
    Policy {
        /// The policy's version.
        version: Arc<str>,
        /// Whether it only tries: nothing is done.
        shadow: bool,
    },
    /// A visitor: reports decide nothing by themselves, but are written down.
    Visitor(SessionId),
    /// A person at the desk, by the name that the operator gave.
    Person(Arc<str>),
    /// A service of the operator's, by the `sub` of its token; empty where that has none.
    Backend(Arc<str>),
    /// Whoever did not say who they are.
    Nobody,
    /// The server by itself, because a time is over.
    Clock,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy {
                version,
                shadow: false,
            } => write!(f, "policy {version}"),
            Self::Policy {
                version,
                shadow: true,
            } => write!(f, "shadow {version}"),
            Self::Visitor(session) => write!(f, "visitor {session}"),
            Self::Person(name) => write!(f, "person {name}"),
            Self::Backend(name) if name.is_empty() => write!(f, "backend"),
            Self::Backend(name) => write!(f, "backend {name}"),
            Self::Nobody => write!(f, "nobody"),
            Self::Clock => write!(f, "clock"),
        }
    }
}

/// What is written down.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Deed {
    /// Looked at without a verdict, and let through all the same.
    Allow,
    /// The visitor is told.
    Warn,
    /// Their picture is stopped.
    Blur,
    /// Their picture goes on.
    Unblur,
    /// What they wrote is kept back.
    Withhold,
    /// Their stay is ended.
    End,
    /// Their stay is ended, and they may not come back for a while.
    Cooldown,
    /// They may not come back for long.
    Ban,
    /// They came back too early, and are turned away.
    TurnAway,
    /// A person should look.
    Review,
    /// Another visitor complains.
    Report,
    /// Another policy is in force.
    Policy,
    /// A device that was kept out may come back.
    Readmit,
    /// Somebody asked at the desk for what is not theirs.
    Refuse,
    /// What a person has decided is done to a session that is still there.
    CarryOut,
    /// A person finds nothing wrong.
    Dismiss,
    /// A person decides for long, and another is to agree.
    SecondOpinion,
    /// A person hands a case to another role.
    Escalate,
    /// A case is kept beyond its time.
    Hold,
    /// It no longer is.
    Unhold,
    /// A person looks at a picture of a case.
    View,
    /// A service of the operator's sees what a session sends.
    Watch,
    /// It no longer does.
    Unwatch,
    /// A visitor asks for another look.
    Appeal,
    /// A person takes a case out, to submit it elsewhere.
    Export,
    /// The key of a case's pictures is destroyed.
    Destroy,
}

impl Deed {
    /// As it is written in the log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Blur => "blur",
            Self::Unblur => "unblur",
            Self::Withhold => "withhold",
            Self::End => "end",
            Self::Cooldown => "cooldown",
            Self::Ban => "ban",
            Self::TurnAway => "turn_away",
            Self::Review => "review",
            Self::Report => "report",
            Self::Policy => "policy",
            Self::Readmit => "readmit",
            Self::Refuse => "refuse",
            Self::CarryOut => "carry_out",
            Self::Dismiss => "dismiss",
            Self::SecondOpinion => "second_opinion",
            Self::Escalate => "escalate",
            Self::Hold => "hold",
            Self::Unhold => "unhold",
            Self::View => "view",
            Self::Watch => "watch",
            Self::Unwatch => "unwatch",
            Self::Appeal => "appeal",
            Self::Export => "export",
            Self::Destroy => "destroy",
        }
    }
}
