//! `visavis audit verify`: walks along the audit log's chain.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::print;
use crate::config::Loaded;
use crate::store::{self, AUDIT_FILE, Seal};

/// Ends the command's help.
pub const AFTER_HELP: &str = "\
Examples:
  visavis audit verify
  visavis audit verify --file backup/audit.db --seal 5f0c...

Prints how many lines there are and the seal of the last one. Whoever cuts lines off the end leaves
a chain that is whole: note the last seal elsewhere now and then, and ask for it with --seal. Exit
code 1 and one line if a line was changed, removed or moved, or the seal is not there.";

/// What to do with the audit log.
#[derive(Args, Clone, Debug)]
pub struct AuditArguments {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Subcommand, Clone, Debug)]
enum AuditCommand {
    /// Walk along the whole chain and say whether every line is as it was written.
    #[command(after_help = AFTER_HELP)]
    Verify {
        /// The file; without it audit.db in the folder of the configuration.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// A seal that must be in it.
        #[arg(long, value_name = "HEX")]
        seal: Option<String>,
    },
}

/// Does what is asked.
///
/// # Errors
/// The log cannot be read, or is not as it was written.
pub fn audit(loaded: &Loaded, arguments: &AuditArguments) -> anyhow::Result<()> {
    let AuditCommand::Verify { file, seal } = &arguments.command;
    let wanted = seal
        .as_deref()
        .map(|seal| Seal::from_hex(seal).context("a seal is 64 hexadecimal digits"))
        .transpose()?;
    let folder = &loaded.config.store.folder;
    let file = file.clone().unwrap_or_else(|| folder.join(AUDIT_FILE));
    let verified = store::verify(&file, wanted)?;
    if !verified.contains {
        bail!("the seal is not in {}: lines are missing", file.display());
    }
    let (lines, last) = (verified.lines, verified.last);
    print(&format!(
        "{lines} lines, each as it was written\nlast seal {last}\n"
    ))
}
