//! [`AuditLog`]: the thread that writes the audit log, and the way to it that never waits.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tracing::error;

use super::kept_out::make_folder;
use super::ledger::{AppendCause, Ledger, OpenError};
use super::wall_clock::now_ms;
use crate::limits;
use crate::moderation::AuditLine;

/// The name of the log within its folder.
pub const AUDIT_FILE: &str = "audit.db";

/// The audit log. Clones write to the same log.
///
/// **An append is on disk once it is answered with `Ok`.** Until then nothing that it speaks of may
/// be done; where it fails, the lines come back, to be appended again.
#[derive(Clone, Debug)]
pub struct AuditLog {
    inbox: mpsc::Sender<Mail>,
    file: Arc<Path>,
    writer: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// What the thread is told.
#[derive(Debug)]
enum Mail {
    Append(Batch),
    Close,
}

#[derive(Debug)]
struct Batch {
    lines: Vec<AuditLine>,
    done: oneshot::Sender<Result<(), AppendError>>,
}

/// Lines that are not on disk, none of them.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[error("{cause}")]
pub struct AppendError {
    /// Why.
    pub cause: AppendCause,
    /// The lines themselves.
    pub lines: Vec<AuditLine>,
}

impl AuditLog {
    /// Opens the log in a folder, makes both where they are not there, and starts the thread.
    ///
    /// # Errors
    /// The folder cannot be made, the file cannot be opened or is of a later version.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        make_folder(folder)?;
        let file = folder.join(AUDIT_FILE);
        let ledger = Ledger::open(&file)?;
        let (inbox, batches) = mpsc::channel(limits::AUDIT_BATCHES);
        let writer = thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || write(ledger, batches))
            .map_err(OpenError::Thread)?;
        Ok(Self {
            inbox,
            file: Arc::from(file),
            writer: Arc::new(Mutex::new(Some(writer))),
        })
    }

    /// Appends lines, all or none, after everything that was appended before. Never waits: the
    /// answer comes once they are on disk, or cannot be put there.
    pub fn append(&self, lines: Vec<AuditLine>) -> oneshot::Receiver<Result<(), AppendError>> {
        let (done, answer) = oneshot::channel();
        let mail = Mail::Append(Batch { lines, done });
        let (mail, cause) = match self.inbox.try_send(mail) {
            Ok(()) => return answer,
            Err(TrySendError::Full(mail)) => (mail, AppendCause::Behind),
            Err(TrySendError::Closed(mail)) => (mail, AppendCause::Closed),
        };
        if let Mail::Append(Batch { lines, done }) = mail {
            // The other end is in our hand: it cannot be gone.
            let _ = done.send(Err(AppendError { cause, lines }));
        }
        answer
    }

    /// The file.
    pub fn file(&self) -> PathBuf {
        self.file.to_path_buf()
    }

    /// Waits until everything appended so far is written, and closes the log, for all its clones:
    /// for the end of the program, from a thread that may wait.
    pub fn close(&self) {
        let _ = self.inbox.blocking_send(Mail::Close);
        let thread = self.writer.lock().take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

/// Groups what waits into one transaction, so that a burst costs one sync.
fn write(mut ledger: Ledger, mut inbox: mpsc::Receiver<Mail>) {
    while let Some(Mail::Append(first)) = inbox.blocking_recv() {
        let mut count = first.lines.len();
        let mut batches = vec![first];
        let mut open = true;
        while open && count < limits::AUDIT_LINES_AT_ONCE {
            match inbox.try_recv() {
                Ok(Mail::Append(batch)) => {
                    count += batch.lines.len();
                    batches.push(batch);
                }
                Ok(Mail::Close) => open = false,
                Err(_) => break,
            }
        }
        write_together(&mut ledger, batches);
        if !open {
            return;
        }
    }
}

fn write_together(ledger: &mut Ledger, batches: Vec<Batch>) {
    let lines = batches.iter().flat_map(|batch| &batch.lines);
    let outcome = ledger.append(lines, now_ms());
    if let Err(cause) = &outcome {
        error!(%cause, "audit lines are not written");
    }
    for Batch { lines, done } in batches {
        let answer = outcome.clone();
        // Whoever asked may be gone; what is written stays.
        let _ = done.send(answer.map_err(|cause| AppendError { cause, lines }));
    }
}
