//! The section `[age_check]`: a service of the operator's that assures the ages of visitors while they come in.

use std::path::PathBuf;

/// Where ages are checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AgeCheck {
    /// The page that visitors are sent to; empty for none.
    pub url: String,
    /// A file with the secret that its answers are signed with.
    pub secret: PathBuf,
    /// How long a check may take.
    pub wait_ms: u64,
}

impl Default for AgeCheck {
    fn default() -> Self {
        Self {
            url: String::new(),
            secret: PathBuf::new(),
            wait_ms: 15 * 60 * 1_000,
        }
    }
}
