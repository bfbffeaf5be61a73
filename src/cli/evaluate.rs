//! `visavis evaluate`: how well the pipeline and the policy do on the operator's own pictures.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, IsTerminal as _, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::print;
use crate::classify::evaluation::{Bar, Evaluation, Folder};
use crate::classify::judgement::Judge;
use crate::classify::looking::{Eye, Sight};
use crate::classify::{Settings, look_here, still};
use crate::config::Loaded;
use crate::id::LegId;
use crate::limits::STILL_BYTES;
use crate::moderation::{Label, Outcome, Verdict};
use crate::server::rulebook;

/// Ends the command's help.
pub const AFTER_HELP: &str = "\
Examples:
  visavis evaluate pictures            with pictures/porn/1.jpg, pictures/neutral/2.png and so on
  visavis evaluate pictures --moderation-policy policy.toml --format json > found.json

The folder has one folder for each label, named like it, with pictures in JPEG, PNG or WebP. Each is
looked at as a worker would, one by one: what needs a sequence of pictures (k of n, frozen) is not
tried. Precision is the share of the flagged pictures that have the label, recall the share of the
label's pictures that are flagged. The pictures stay where they are; nothing is sent or kept.";

/// What to look at.
#[derive(Args, Clone, Debug)]
pub struct EvaluateArguments {
    /// The folder of folders.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// text for people, json for programs.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Pictures that are looked at at the same time; one per core if not given.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Format {
    Text,
    Json,
}

/// What is printed.
#[derive(Serialize)]
struct Found {
    policy: String,
    pipeline: String,
    folders: BTreeMap<String, Folder>,
    thresholds: Vec<Bar>,
    unreadable: Vec<Unreadable>,
}

#[derive(Serialize)]
struct Unreadable {
    file: String,
    reason: String,
}

/// One file to look at.
struct Picture {
    label: Label,
    path: PathBuf,
}

/// What was said of which, or why nothing.
type Said = (usize, Result<Verdict, String>);

/// Looks at every picture and says what was found.
///
/// # Errors
/// The policy or a model is wrong, or there is no picture to look at.
pub fn evaluate(loaded: &Loaded, arguments: &EvaluateArguments) -> anyhow::Result<()> {
    let policy = rulebook::load(loaded)?;
    let pictures = pictures(&arguments.folder)?;
    if pictures.is_empty() {
        let folder = arguments.folder.display();
        bail!(
            "no picture in {folder}: it needs a folder for each label, as {folder}/neutral/1.jpg"
        );
    }
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = arguments.threads.map_or(cores, usize::from);
    let settings = Settings::from(&loaded.config);
    let lookers = look_here(&settings, threads.min(pictures.len()))
        .map_err(|error| anyhow::Error::new(error).context("what looks at pictures"))?;
    let pipeline = lookers.first().map(|(_, judge)| judge.version());

    let labels = pictures.iter().map(|picture| picture.label.clone());
    let mut evaluation = Evaluation::new(&policy, labels);
    let mut unreadable = Vec::new();
    let bar = progress_bar(pictures.len());
    for (at, said) in look_at_all(&pictures, lookers, &bar) {
        let Some(picture) = pictures.get(at) else {
            continue;
        };
        let reason = match said {
            Ok(verdict) if verdict.outcome == Outcome::Judged => {
                evaluation.add(&picture.label, &verdict);
                continue;
            }
            Ok(_) => "it is not decoded, or a model fails at it".to_owned(),
            Err(reason) => reason,
        };
        evaluation.add_unreadable(&picture.label);
        let file = picture.path.display().to_string();
        unreadable.push(Unreadable { file, reason });
    }
    bar.finish_and_clear();
    unreadable.sort_by(|one, other| one.file.cmp(&other.file));
    let (folders, thresholds) = evaluation.finish();
    let found = Found {
        policy: policy.version.to_string(),
        pipeline: pipeline.as_deref().unwrap_or_default().to_owned(),
        folders,
        thresholds,
        unreadable,
    };
    match arguments.format {
        Format::Text => print(&found.text()),
        Format::Json => print(&(serde_json::to_string_pretty(&found)? + "\n")),
    }
}

/// Every file in every folder, in order.
fn pictures(folder: &Path) -> anyhow::Result<Vec<Picture>> {
    let mut pictures = Vec::new();
    for inner in entries(folder)? {
        if !inner.is_dir() {
            continue;
        }
        let name = inner.file_name().unwrap_or_default().to_string_lossy();
        let label = Label::new(&name)
            .with_context(|| format!("{} is named like no label", inner.display()))?;
        let files = entries(&inner)?.into_iter().filter(|path| path.is_file());
        pictures.extend(files.map(|path| Picture {
            label: label.clone(),
            path,
        }));
    }
    Ok(pictures)
}

/// What is in a folder and not hidden, in order.
fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let named = || folder.display().to_string();
    let read = fs::read_dir(folder).with_context(named)?;
    let mut entries = Vec::new();
    for entry in read {
        let entry = entry.with_context(named)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            entries.push(entry.path());
        }
    }
    entries.sort();
    Ok(entries)
}

/// Shares the pictures among threads, and gives what they say in the order they say it.
fn look_at_all(pictures: &[Picture], lookers: Vec<(Eye, Judge)>, bar: &ProgressBar) -> Vec<Said> {
    let next = AtomicUsize::new(0);
    let (said, heard): (Sender<Said>, Receiver<Said>) = channel();
    thread::scope(|scope| {
        for (eye, mut judge) in lookers {
            let (said, next) = (said.clone(), &next);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(picture) = pictures.get(at) else {
                        return;
                    };
                    // A decoder that panics has met a file that makes no picture.
                    let look = AssertUnwindSafe(|| look(&eye, &mut judge, at, &picture.path));
                    let verdict = catch_unwind(look)
                        .unwrap_or_else(|_| Err("its decoder gave up".to_owned()));
                    if said.send((at, verdict)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(said);
        heard.iter().inspect(|_| bar.inc(1)).collect()
    })
}

fn look(eye: &Eye, judge: &mut Judge, at: usize, path: &Path) -> Result<Verdict, String> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(STILL_BYTES)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    let picture = still::picture(&bytes).map_err(|error| error.to_string())?;
    let sight = eye.look(&picture);
    if let Sight::Failed { reason } = sight {
        return Err(reason);
    }
    // Each is somebody else's: none stands still.
    let leg = LegId(at as u64);
    judge
        .verdict(sight, leg, Duration::ZERO)
        .map_err(|_| "a model says what is no score".to_owned())
}

fn progress_bar(pictures: usize) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(pictures as u64);
    match ProgressStyle::with_template("{bar:30} {pos}/{len} pictures, {eta} to go") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

impl Found {
    fn text(&self) -> String {
        let mut text = format!("policy {}\nlooked at by {}\n", self.policy, self.pipeline);
        let _ = writeln!(
            text,
            "\n{:<20} {:>9} {:>11} {:>7}",
            "folder", "pictures", "unreadable", "hidden"
        );
        for (label, folder) in &self.folders {
            let _ = writeln!(
                text,
                "{label:<20} {:>9} {:>11} {:>7}",
                folder.pictures, folder.unreadable, folder.hidden
            );
        }
        let _ = writeln!(
            text,
            "\n{:<20} {:>5}  {:<14} {:>8} {:>6} {:>7} {:>10} {:>7}",
            "label", "from", "action", "flagged", "right", "missed", "precision", "recall"
        );
        for bar in &self.thresholds {
            let _ = writeln!(
                text,
                "{:<20} {:>5}  {:<14} {:>8} {:>6} {:>7} {:>10} {:>7}",
                bar.label,
                bar.threshold,
                bar.actions.join(","),
                bar.flagged,
                bar.right,
                bar.missed,
                share(bar.precision),
                share(bar.recall)
            );
        }
        if !self.unreadable.is_empty() {
            text.push_str("\nunreadable\n");
        }
        for one in &self.unreadable {
            let _ = writeln!(text, "{}: {}", one.file, one.reason);
        }
        text
    }
}

fn share(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{share:.3}"))
}
