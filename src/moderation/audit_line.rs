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
    /// Whoever did not say who they are.
    Nobody,
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
            Self::Nobody => write!(f, "nobody"),
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
}

impl Deed {
    /// As it is written in the log.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Blur => "blur",
            Self::Unblur => "unblur",
            Self::End => "end",
            Self::Cooldown => "cooldown",
            Self::Ban => "ban",
            Self::TurnAway => "turn_away",
            Self::Review => "review",
            Self::Report => "report",
            Self::Policy => "policy",
            Self::Readmit => "readmit",
            Self::Refuse => "refuse",
        }
    }
}
