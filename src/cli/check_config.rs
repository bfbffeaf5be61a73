//! `visavis check-config`: what would be in force, and where each value came from.

use super::print;
use crate::config::{Loaded, effective};
use crate::server::rulebook;

/// Ends the command's help.
pub const AFTER_HELP: &str = "\
Example:
  VISAVIS_MEDIA_SHARDS=2 visavis check-config --media-listen 0.0.0.0:3479

What it prints is a configuration file itself. Exit code 2 and one line if something is wrong.";

/// Prints the configuration that is in force.
///
/// # Errors
/// The policy that it names is wrong, or standard output is closed.
pub fn check_config(loaded: &Loaded) -> anyhow::Result<()> {
    rulebook::load(loaded)?;
    print(&effective(loaded))
}
