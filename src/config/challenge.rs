//! The section `[challenge]`: what visitors without a token do before they are let in.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What is asked of visitors without a token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Challenge {
    /// What they are asked for.
    pub kind: ChallengeKind,
    /// Visitors of one network who are asked for nothing.
    pub free_joins: u32,
    /// In how long half of those who have come from a network are forgotten.
    pub half_life_ms: u64,
    /// Bits of the proof of work where a network begins to be crowded.
    pub least_bits: u32,
    /// Bits that are never exceeded.
    pub most_bits: u32,
    /// Where the answers of a captcha are checked; empty for none.
    pub captcha_url: String,
    /// What its widget is told; public.
    pub captcha_site_key: String,
    /// A file with what the service knows us by.
    pub captcha_secret: PathBuf,
}

impl Default for Challenge {
    fn default() -> Self {
        Self {
            kind: ChallengeKind::Work,
            free_joins: 20,
            half_life_ms: 600_000,
            least_bits: 16,
            most_bits: 22,
            captcha_url: String::new(),
            captcha_site_key: String::new(),
            captcha_secret: PathBuf::new(),
        }
    }
}

/// What visitors are asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChallengeKind {
    /// Nothing.
    None,
    /// A sum that their browser does by itself.
    Work,
    /// A captcha of the operator's.
    Captcha,
}
