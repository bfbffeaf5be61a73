//! `visavis moderator`: who may decide at the desk.

use anyhow::Context;
use clap::{Args, Subcommand};

use super::print;
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
removed and added again. Nothing asks for a token yet: the list comes before the console.";

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
                format!("{:<12}  {}  {}\n", one.role, date(one.added_ms), one.name)
            };
            print(&moderators.list()?.iter().map(line).collect::<String>())
        }
        ModeratorCommand::Remove { name } => Ok(moderators.remove(name)?),
    }
}

/// The day in UTC, as 2026-11-26.
fn date(ms: u64) -> String {
    let mut days = ms / (24 * 60 * 60 * 1000);
    let mut year = 1970;
    while days >= days_of_year(year) {
        days -= days_of_year(year);
        year += 1;
    }
    let mut month = 1;
    while days >= days_of_month(year, month) {
        days -= days_of_month(year, month);
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02}", days + 1)
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

const fn days_of_year(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

const fn days_of_month(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_told_as_the_calendar_has_it() {
        const DAY: u64 = 24 * 60 * 60 * 1000;
        let told = [0, 59, 19_782, 19_783, 20_453, 20_783].map(|days| date(days * DAY));
        let expected = [
            "1970-01-01",
            "1970-03-01",
            "2024-02-29",
            "2024-03-01",
            "2025-12-31",
            "2026-11-26",
        ];
        assert_eq!(told, expected);
    }
}
