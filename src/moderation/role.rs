//! [`Role`]: what somebody at the desk may do.

use std::fmt;
use std::str::FromStr;

/// What somebody may do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    /// Is to look and decide.
    Moderator,
    /// Is to give second opinions, too.
    Senior,
    /// Is to change the policy, too.
    Admin,
    /// Alone is to see what may show a child.
    ChildSafety,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Moderator,
        Self::Senior,
        Self::Admin,
        Self::ChildSafety,
    ];

    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Moderator => "moderator",
            Self::Senior => "senior",
            Self::Admin => "admin",
            Self::ChildSafety => "child-safety",
        }
    }

    /// Whether they give second opinions.
    pub const fn is_senior(self) -> bool {
        match self {
            Self::Moderator => false,
            Self::Senior | Self::Admin | Self::ChildSafety => true,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(word: &str) -> Result<Self, UnknownRole> {
        let role = Self::ALL.into_iter().find(|role| role.word() == word);
        role.ok_or(UnknownRole)
    }
}

/// A word that is no role.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a role is moderator, senior, admin or child-safety")]
pub struct UnknownRole;
