//! `visavis hashes`: the list of pictures that nobody may show.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::print;
use crate::classify::imported::Imported;
use crate::classify::known::KnownPictures;
use crate::config::Loaded;

/// Ends the command's help.
pub const AFTER_HELP: &str = "\
Examples:
  visavis hashes import known.csv more.txt --moderation-hash-list hashes.txt
  visavis hashes count --moderation-hash-list hashes.txt
  kill -HUP PID                                 a running server reads the list again

A file has one PDQ hash on a line, 64 hexadecimal digits, as ThreatExchange's tools write them;
behind a comma may follow its quality, and then whatever you like. The list is moderation.hash_list
of the configuration, written whole or not at all. Exit code 1 if a file cannot be read.";

/// What to do with the list.
#[derive(Args, Clone, Debug)]
pub struct HashesArguments {
    #[command(subcommand)]
    command: HashesCommand,
}

#[derive(Subcommand, Clone, Debug)]
enum HashesCommand {
    /// Add what is new in these files to the list; say what was there and what is refused.
    Import {
        /// Lists of PDQ hashes.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Print every hash on the list.
    List,
    /// Print how many there are.
    Count,
}

/// Does what is asked.
///
/// # Errors
/// No list is configured, or a file cannot be read or written.
pub fn hashes(loaded: &Loaded, arguments: &HashesArguments) -> anyhow::Result<()> {
    let path = &loaded.config.moderation.hash_list;
    if path.as_os_str().is_empty() {
        return Err(loaded
            .wrong("moderation.hash_list", "set: it names the list")
            .into());
    }
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        other => other.with_context(|| path.display().to_string())?,
    };
    let list = KnownPictures::parse(&text).with_context(|| path.display().to_string())?;
    match &arguments.command {
        HashesCommand::Import { files } => import(path, &text, &list, files),
        HashesCommand::List => print(
            &list
                .iter()
                .map(|one| format!("{one}\n"))
                .collect::<String>(),
        ),
        HashesCommand::Count => print(&format!("{}\n", list.len())),
    }
}

fn import(path: &Path, text: &str, list: &KnownPictures, files: &[PathBuf]) -> anyhow::Result<()> {
    let mut imported = Imported::beside(list);
    let mut refusals = String::new();
    for file in files {
        let bytes = fs::read(file).with_context(|| file.display().to_string())?;
        let before = imported.refused.len();
        imported.read(&String::from_utf8_lossy(&bytes));
        for refused in imported.refused.iter().skip(before) {
            let (line, reason) = (refused.line, refused.reason);
            refusals.push_str(&format!("{}, line {line}: {reason}\n", file.display()));
        }
    }
    if !imported.new.is_empty() {
        let mut whole = text.to_owned();
        if !whole.is_empty() && !whole.ends_with('\n') {
            whole.push('\n');
        }
        whole.extend(imported.new.iter().map(|one| format!("{one}\n")));
        replace(path, &whole)?;
    }
    let (new, duplicate) = (imported.new.len(), imported.duplicate);
    let (refused, all) = (imported.refused.len(), list.len() + new);
    print(&format!(
        "{refusals}{new} new, {duplicate} there already, {refused} refused; {all} on the list\n"
    ))
}

/// Puts a file in another's place, whole and on the disk, or leaves the old one.
fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let file = match File::create_new(&new) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!(
            "{} is there: another import is under way, or broke off and left it behind",
            new.display()
        ),
        other => other.with_context(|| new.display().to_string())?,
    };
    let written = write(file, text).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        // What is half written is of no use; the error says what went wrong.
        let _ = fs::remove_file(&new);
    }
    written.with_context(|| path.display().to_string())
}

fn write(mut file: File, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
