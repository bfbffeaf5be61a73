//! `visavis moderator`: who may decide at the desk.

use anyhow::Context;
use clap::{Args, Subcommand};

use super::print;
use crate::calendar::Day;
use crate::config::Loaded;
use crate::store::{Moderators, Role};

/// Ends the command's help.
pub const AFTER_HELP: &str = "\
Examples:
  visavis moderator add \"Ada L.\" --role senior     prints her token, once
  visavis moderator list
  visavis moderator remove \"Ada L.\"

Roles: moderator, senior, admin, and child-safety, who alone is to see what may show a child. The
list is kept in moderators.db in --store-folder, of each token only its hash: who loses theirs is
removed and added again. The console asks for the token: docs/console.md.";

/// What to do with the list of moderators.
#[derive(Args, Clone, Debug)]
pub struct ModeratorArguments {
    #[command(subcommand)]
    command: ModeratorCommand,
}

#[derive(Subcommand, Clone, Debug)]
enum ModeratorCommand {
    /// Add somebody and print the token that they sign in with; it is shown only now.
    Add {
        /// As the audit log will show it.
        name: String,
        /// moderator, senior, admin or child-safety.
        #[arg(long, value_name = "ROLE")]
        role: Role,
    },
    /// Print who may decide, with role and time of adding.
    List,
    /// From now on their token is worth nothing; what they decided keeps their name.
    Remove {
        /// As it was added.
        name: String,
    },
}

/// Does what is asked.
///
/// # Errors
/// The list cannot be used, the name is taken, or nobody has it.
pub fn moderator(loaded: &Loaded, arguments: &ModeratorArguments) -> anyhow::Result<()> {
    let mut moderators =
        Moderators::open(&loaded.config.store.folder).context("the list of moderators")?;
    match &arguments.command {
        ModeratorCommand::Add { name, role } => {
            let token = moderators.add(name, *role)?;
            print(&format!("{}\n", token.reveal()))
        }
        ModeratorCommand::List => {
            let line = |one: &crate::store::Moderator| {
                format!(
                    "{:<12}  {}  {}\n",
                    one.role,
                    Day::of(one.added_ms),
                    one.name
                )
            };
            print(&moderators.list()?.iter().map(line).collect::<String>())
        }
        ModeratorCommand::Remove { name } => Ok(moderators.remove(name)?),
    }
}
