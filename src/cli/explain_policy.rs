//! `visavis explain-policy`: what a score of a label would lead to.

use clap::Args;

use super::print;
use crate::config::Loaded;
use crate::moderation::{Label, Score};
use crate::server::rulebook;

/// Ends the command's help.
pub const AFTER_HELP: &str = "\
Examples:
  visavis explain-policy porn 0.9
  visavis explain-policy no_face 1 --moderation-policy policy.toml

Exit code 2 and one line if the policy is wrong.";

/// What is asked.
#[derive(Args, Clone, Debug)]
pub struct ExplainArguments {
    /// The label, as porn or no_verdict.
    label: String,
    /// The score, from 0 to 1.
    score: f32,
}

/// Prints every row about the label, and what each would do.
///
/// # Errors
/// The policy is wrong, or what is asked is no label or no score.
pub fn explain_policy(loaded: &Loaded, arguments: &ExplainArguments) -> anyhow::Result<()> {
    let policy = rulebook::load(loaded)?;
    let score = Score::new(Label::new(&arguments.label)?, arguments.score)?;
    print(&policy.explain(&score.label, score.value))
}
