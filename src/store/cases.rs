//! [`Cases`]: the thread that owns the table of cases, and the ways to it.

use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use parking_lot::Mutex;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{error, warn};

use super::case_rows::{Appeal, CaseFile, CaseRow, Decision, Owed, Queue, Receipt};
use super::case_table::{CaseTable, Keeping, Leased, Taken};
use super::evidence::PictureLine;
use super::exhibits::{Filed, Filing};
use super::kept_out::make_folder;
use super::ledger::{AppendCause, OpenError};
use super::wall_clock::{Patience, now_ms};
use crate::id::CaseId;
use crate::limits;
use crate::metrics;
use crate::moderation::{CaseClass, Escalation, Role, Status};

/// The name of the tables' file within the folder.
pub const CASES_FILE: &str = "cases.db";

/// Letters of a case's code (Crockford's: none is taken for another).
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The cases. Clones work on the same table.
#[derive(Clone, Debug)]
pub struct Cases {
    inbox: mpsc::Sender<Mail>,
    changed: watch::Receiver<u64>,
    run: u64,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// What the thread is told.
enum Mail {
    Open(Vec<Filing>, oneshot::Sender<Opened>),
    Do(Job),
    Close,
}

type Opened = Result<Vec<Receipt>, AppendCause>;

type Job = Box<dyn FnOnce(&mut Clerk) + Send>;

/// The table, and what the thread keeps beside it.
pub(super) struct Clerk {
    pub(super) table: CaseTable,
    run: u64,
    /// What the disk did not take yet: tried again with whatever comes next.
    backlog: Vec<Unwritten>,
    /// Where what there is to see goes, if it is kept.
    pictures: Option<PictureLine>,
    changed: watch::Sender<u64>,
    /// When the figures were last counted.
    counted_ms: u64,
    patience: Patience,
}

/// A filing that is not on disk.
struct Unwritten {
    filing: Filing,
    /// What the visitor may ask with.
    code: String,
    /// When it came, in milliseconds since 1970.
    at_ms: u64,
}

/// Figures are counted so often at most.
const COUNT_EVERY_MS: u64 = 1_000;

impl Cases {
    /// Opens the tables in a folder, makes both where they are not there, and starts the thread.
    ///
    /// # Errors
    /// The folder cannot be made, the file cannot be opened or is of a later version.
    pub fn open(folder: &Path, keeping: Keeping) -> Result<Self, OpenError> {
        make_folder(folder)?;
        let table = CaseTable::open(&folder.join(CASES_FILE), keeping)?;
        // Within what SQLite can hold; two processes of one folder never draw the same.
        let run = u64::from_be_bytes(random()?) >> 1;
        let (inbox, mails) = mpsc::channel(limits::CASE_MAILS);
        let (changes, changed) = watch::channel(0);
        let clerk = Clerk {
            table,
            run,
            backlog: Vec::new(),
            pictures: None,
            changed: changes,
            counted_ms: 0,
            patience: Patience::new(),
        };
        let thread = thread::Builder::new()
            .name("cases".to_owned())
            .spawn(move || clerk.work(mails))
            .map_err(OpenError::Thread)?;
        Ok(Self {
            inbox,
            changed,
            run,
            thread: Arc::new(Mutex::new(Some(thread))),
        })
    }

    /// The number of this process: session numbers begin anew in each.
    pub const fn run(&self) -> u64 {
        self.run
    }

    /// Opens cases, or goes on with those about the same sessions. Never waits: the receipts come
    /// once they are on disk. What the disk does not take is kept in memory for a later try, as far
    /// as there is room.
    pub fn add(&self, filings: impl IntoIterator<Item: Into<Filing>>) -> oneshot::Receiver<Opened> {
        let (done, receipts) = oneshot::channel();
        let filings = filings.into_iter().map(Into::into).collect();
        let (mail, cause) = match self.inbox.try_send(Mail::Open(filings, done)) {
            Ok(()) => return receipts,
            Err(TrySendError::Full(mail)) => (mail, AppendCause::Behind),
            Err(TrySendError::Closed(mail)) => (mail, AppendCause::Closed),
        };
        if let Mail::Open(_, done) = mail {
            // The other end is in our hand: it cannot be gone.
            let _ = done.send(Err(cause));
        }
        receipts
    }

    /// How long ago it was opened.
    pub fn age_of(&self, row: &CaseRow) -> Duration {
        Duration::from_millis(now_ms().saturating_sub(row.opened_ms))
    }

    /// Counts up whenever a case changes.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.clone()
    }

    /// What is open.
    ///
    /// # Errors
    /// As all that follow: the table cannot be used.
    pub async fn queue(&self, class: Option<CaseClass>) -> Result<Queue, AppendCause> {
        self.ask(move |clerk, now| Ok(clerk.table.queue(class, now)?))
            .await
    }

    /// The most pressing case that this person may take up, leased to them.
    ///
    /// # Errors
    /// The table cannot be used.
    pub async fn next(&self, name: &str, role: Role) -> Result<Option<CaseRow>, AppendCause> {
        let name = name.to_owned();
        self.ask(move |clerk, now| {
            let Some(case) = clerk.table.most_pressing((&name, role), now)? else {
                return Ok(None);
            };
            clerk.table.lease(case.id, &name, now)?;
            clerk.tell();
            Ok(clerk.table.find(case.id, now)?)
        })
        .await
    }

    /// One case.
    ///
    /// # Errors
    /// The table cannot be used.
    pub async fn find(&self, id: CaseId) -> Result<Option<CaseRow>, AppendCause> {
        self.ask(move |clerk, now| Ok(clerk.table.find(id, now)?))
            .await
    }

    /// The case with that code.
    ///
    /// # Errors
    /// The table cannot be used.
    pub async fn find_by_code(&self, code: &str) -> Result<Option<CaseFile>, AppendCause> {
        let code = code.to_owned();
        self.ask(
            move |clerk, now| match clerk.table.find_by_code(&code, now)? {
                Some(row) => Ok(clerk.table.whole(row.id, now)?),
                None => Ok(None),
            },
        )
        .await
    }

    /// One case, whole.
    ///
    /// # Errors
    /// The table cannot be used.
    pub async fn whole(&self, id: CaseId) -> Result<Option<CaseFile>, AppendCause> {
        self.ask(move |clerk, now| Ok(clerk.table.whole(id, now)?))
            .await
    }

    /// Gives a case to somebody, or renews their lease.
    ///
    /// # Errors
    /// The table cannot be used.
    pub async fn lease(&self, id: CaseId, by: &str) -> Result<Leased, AppendCause> {
        let by = by.to_owned();
        self.change(move |clerk, now| Ok(clerk.table.lease(id, &by, now)?))
            .await
    }

    /// Somebody gives a case back.
    ///
    /// # Errors
    /// The table cannot be used.
    pub async fn give_back(&self, id: CaseId, by: &str) -> Result<(), AppendCause> {
        let by = by.to_owned();
        self.change(move |clerk, _| Ok(clerk.table.give_back(id, &by)?))
            .await
    }

    /// A decision by somebody who has the case, after which it stands there; with it what it owes to the list of
    /// who stays outside.
    ///
    /// # Errors
    /// The table cannot be used.
    pub async fn decide(
        &self,
        row: CaseRow,
        by: (&str, Role),
        (decision, owed): (Decision, Option<Owed>),
        status: Status,
    ) -> Result<Taken, AppendCause> {
        let (name, role) = (by.0.to_owned(), by.1);
        self.change(move |clerk, now| {
            let by = (name.as_str(), role);
            let decided = (&decision, owed.as_ref());
            Ok(clerk.table.decide(&row, by, decided, (status, now))?)
        })
        .await
    }

    /// What decided cases owe to the list of who stays outside, as it was not put there yet.
    ///
    /// # Errors
    /// The table cannot be used.
    pub async fn owed(&self) -> Result<Vec<(CaseId, Owed)>, AppendCause> {
        self.ask(|clerk, now| Ok(clerk.table.owed(now)?)).await
    }

    /// What a case owed is on the list.
    ///
    /// # Errors
    /// The table cannot be used.
    pub async fn pay(&self, id: CaseId) -> Result<(), AppendCause> {
        self.ask(move |clerk, _| Ok(clerk.table.pay(id)?)).await
    }

    /// Somebody who has a case hands it to others.
    ///
    /// # Errors
    /// The table cannot be used.
    pub async fn escalate(
        &self,
        row: CaseRow,
        by: &str,
        to: Escalation,
    ) -> Result<Taken, AppendCause> {
        let by = by.to_owned();
        self.change(move |clerk, _| Ok(clerk.table.escalate(&row, &by, to)?))
            .await
    }

    /// Keeps a case beyond its time, or no longer.
    ///
    /// # Errors
    /// The table cannot be used.
    pub async fn hold(&self, id: CaseId, on: bool) -> Result<(), AppendCause> {
        self.change(move |clerk, _| Ok(clerk.table.hold(id, on)?))
            .await
    }

    /// A visitor asks for another look; false if they have before.
    ///
    /// # Errors
    /// The table cannot be used.
    pub async fn appeal(&self, id: CaseId, text: &str) -> Result<bool, AppendCause> {
        let text = text.to_owned();
        self.change(move |clerk, at_ms| Ok(clerk.table.appeal(id, &Appeal { text, at_ms })?))
            .await
    }

    /// From now on what there is to see goes there.
    pub(super) async fn send_pictures_to(&self, line: PictureLine) -> Result<(), AppendCause> {
        self.ask(move |clerk, _| {
            clerk.pictures = Some(line);
            Ok(())
        })
        .await
    }

    /// Cases whose time is over, as many as are forgotten at once.
    ///
    /// # Errors
    /// The table cannot be used.
    pub async fn expired(&self) -> Result<Vec<CaseRow>, AppendCause> {
        self.ask(|clerk, now| {
            let ids = clerk.table.expired(clerk.patience.certain_ms())?;
            let rows = ids.into_iter().map(|id| clerk.table.find(id, now));
            let rows: Result<Vec<_>, _> = rows.collect();
            Ok(rows?.into_iter().flatten().collect())
        })
        .await
    }

    /// Forgets those of these cases whose time is over, and with them the keys of their pictures:
    /// which they were.
    ///
    /// # Errors
    /// The table cannot be used.
    pub async fn forget(&self, ids: Vec<CaseId>) -> Result<Vec<CaseId>, AppendCause> {
        self.change(move |clerk, now| Ok(clerk.table.forget(&ids, now)?))
            .await
    }

    /// Waits until everything so far is written, and closes the tables: from a thread that may wait.
    pub fn close(&self) {
        let _ = self.inbox.blocking_send(Mail::Close);
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }

    pub(super) async fn change<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Clerk, u64) -> Result<T, AppendCause> + Send + 'static,
    ) -> Result<T, AppendCause> {
        self.ask(|clerk, now| {
            let done = job(clerk, now)?;
            clerk.tell();
            Ok(done)
        })
        .await
    }

    pub(super) async fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Clerk, u64) -> Result<T, AppendCause> + Send + 'static,
    ) -> Result<T, AppendCause> {
        let (done, answer) = oneshot::channel();
        let job = Box::new(move |clerk: &mut Clerk| {
            // Whoever asked may be gone; what is written stays.
            let _ = done.send(job(clerk, now_ms()));
        });
        let sent = self.inbox.send(Mail::Do(job)).await;
        sent.map_err(|_| AppendCause::Closed)?;
        answer.await.map_err(|_| AppendCause::Closed)?
    }
}

impl Clerk {
    fn work(mut self, mut mails: mpsc::Receiver<Mail>) {
        while let Some(mail) = mails.blocking_recv() {
            match mail {
                Mail::Open(filings, done) => {
                    // Whoever asked may be gone; what is written stays.
                    let _ = done.send(self.add(filings));
                }
                Mail::Do(job) => {
                    self.catch_up();
                    job(&mut self);
                }
                Mail::Close => {
                    self.catch_up();
                    return;
                }
            }
        }
    }

    fn add(&mut self, filings: Vec<Filing>) -> Opened {
        let at_ms = now_ms();
        let kept = self.backlog.len();
        for filing in filings {
            let code = code().map_err(|error| AppendCause::Other(error.to_string()))?;
            self.backlog.push(Unwritten {
                filing,
                code,
                at_ms,
            });
        }
        let all = self.backlog.iter().map(|one| (&one.filing, &*one.code));
        match self.table.add(all, self.run, at_ms) {
            Ok(receipts) => {
                let written = std::mem::take(&mut self.backlog);
                self.hand_on(written, &receipts);
                self.tell();
                if receipts.contains(&None) {
                    warn!("too many cases wait for somebody: some are in the audit log alone");
                }
                Ok(receipts.into_iter().flatten().collect())
            }
            Err(cause) => {
                error!(%cause, "cases are not written; they are tried again");
                self.backlog.truncate(limits::CASES_UNWRITTEN.max(kept));
                self.spare_memory();
                Err(cause)
            }
        }
    }

    /// What there is to see of cases that are on disk follows them.
    fn hand_on(&self, written: Vec<Unwritten>, receipts: &[Option<Receipt>]) {
        let Some(pictures) = &self.pictures else {
            return;
        };
        for (one, receipt) in written.into_iter().zip(receipts) {
            if let Some(receipt) = receipt {
                pictures.offer(Filed {
                    case: receipt.id,
                    at_ms: one.at_ms,
                    exhibits: one.filing.exhibits,
                });
            }
        }
    }

    /// Cases wait for the disk as long as it takes; their pictures only as far as there is room.
    fn spare_memory(&mut self) {
        let mut bytes = 0;
        for one in &mut self.backlog {
            bytes += one.filing.bytes();
            if bytes > limits::EVIDENCE_BYTES {
                one.filing.exhibits.clear();
            }
        }
    }

    /// What the disk did not take is tried again.
    fn catch_up(&mut self) {
        if !self.backlog.is_empty() {
            // What goes wrong is told already.
            drop(self.add(Vec::new()));
        }
    }

    /// Something has changed: whoever watches the queue is told, and the figures follow.
    fn tell(&mut self) {
        self.changed.send_modify(|changes| *changes += 1);
        let now = now_ms();
        // A clock that goes back is no reason to stop counting.
        if now.abs_diff(self.counted_ms) < COUNT_EVERY_MS {
            return;
        }
        self.counted_ms = now;
        for class in CaseClass::ALL {
            let Ok((open, oldest_ms)) = self.table.waiting(Some(class)) else {
                return;
            };
            let oldest = oldest_ms.map_or(0, |oldest| now.saturating_sub(oldest) / 1_000);
            metrics::CASES_OPEN
                .gauge_of(class.word().to_owned())
                .set(figure(open));
            metrics::CASES_OLDEST
                .gauge_of(class.word().to_owned())
                .set(figure(oldest));
        }
    }
}

/// For a gauge, which holds whole numbers up to 2^53.
#[expect(
    clippy::cast_precision_loss,
    reason = "there are fewer cases than 2^53"
)]
const fn figure(count: u64) -> f64 {
    count as f64
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mail")
    }
}

/// 80 random bits: nobody guesses one, and a person can type it.
fn code() -> Result<String, OpenError> {
    let bytes: [u8; 16] = random()?;
    let mut code = String::with_capacity(19);
    for (place, byte) in bytes.into_iter().enumerate() {
        if place > 0 && place % 4 == 0 {
            code.push('-');
        }
        let letter = LETTERS.get(usize::from(byte % 32));
        code.extend(letter.copied().map(char::from));
    }
    Ok(code)
}

fn random<const N: usize>() -> Result<[u8; N], OpenError> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| OpenError::Random)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SessionId;
    use crate::moderation::{Label, Opening, Origin};

    fn report(about: u64) -> Opening {
        Opening {
            session: SessionId(about),
            device: None,
            class: CaseClass::Conduct,
            label: Label::PORN,
            score: 0.5,
            severity: 3,
            origin: Origin::Report,
            reporter: Some(SessionId(0)),
            done: None,
            lasts: None,
            policy: Arc::from(""),
            version: Arc::from(""),
        }
    }

    /// Leaves the disk so many pages for the table.
    async fn limit(cases: &Cases, pages: u32) {
        let sql = format!("PRAGMA max_page_count = {pages}");
        let job = move |clerk: &mut Clerk, _| {
            Ok(clerk
                .table
                .connection
                .query_row(&sql, [], |row| row.get(0))?)
        };
        let _: u32 = cases.ask(job).await.unwrap();
    }

    #[tokio::test]
    async fn a_full_disk_loses_no_case_and_they_are_there_when_there_is_room() {
        let name = format!("visavis-cases-full-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let year = Duration::from_secs(365 * 24 * 60 * 60);
        let keeping = Keeping {
            conduct: year,
            child_safety: year,
        };
        let cases = Cases::open(&folder, keeping).unwrap();
        // SQLite takes no less than what is there already, and says that a full disk is full.
        limit(&cases, 1).await;
        let about = |count: std::ops::Range<u64>| count.map(report).collect::<Vec<_>>();
        let mut refused = 0;
        for hundred in 0..5 {
            let some = about(hundred * 100..(hundred + 1) * 100);
            match cases.add(some).await.unwrap() {
                Ok(_) => {}
                Err(AppendCause::DiskFull) => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert!(refused > 1, "{refused}");
        let waiting = |cases: &Cases| {
            let cases = cases.clone();
            async move { cases.ask(|clerk, _| Ok(clerk.table.waiting(None)?.0)).await }
        };
        assert!(waiting(&cases).await.unwrap() < 500);
        limit(&cases, 1_000_000).await;
        assert_eq!(waiting(&cases).await.unwrap(), 500);
        let close = cases.clone();
        tokio::task::spawn_blocking(move || close.close())
            .await
            .unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
