//! [`Outbox`]: events on their way to webhooks, on disk until every target has them, so that a restart
//! loses none.
//!
//! One row per event and one place per target: a target gets its events in order, and is held up by
//! no other.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use metrics::{Counter, Gauge};
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{error, warn};

use super::kept_out::{make_folder, whole};
use super::ledger::{AppendCause, OpenError, PATIENCE};
use super::wall_clock::{Patience, now_ms};
use crate::limits;
use crate::metrics as table;

/// The name of the table's file within the folder.
pub const OUTBOX_FILE: &str = "webhooks.db";

// AUTOINCREMENT: a sequence is never given twice, also when all before it are deleted.
const TABLE: &str = "\
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    number   INTEGER NOT NULL,
    time_ms  INTEGER NOT NULL,
    body     TEXT    NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS places (
    target TEXT    PRIMARY KEY,
    last   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;";

const ADD: &str = "INSERT INTO events (number, time_ms, body) VALUES (?1, ?2, ?3)";

/// A target that is new gets what comes from now on.
const JOIN: &str = "\
INSERT INTO places (target, last)
VALUES (?1, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0))
ON CONFLICT (target) DO NOTHING";

const NEXT: &str = "\
SELECT sequence, number, body FROM events
WHERE sequence > (SELECT last FROM places WHERE target = ?1) ORDER BY sequence LIMIT 1";

const PASS: &str = "UPDATE places SET last = max(last, ?2) WHERE target = ?1";

/// Sequences have no gaps.
const WAITING: &str = "SELECT coalesce(sum(max(?1 - last, 0)), 0) FROM places";

const NEWEST: &str = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)";

/// The newest event that is too old, or too many.
const STALE: &str = "\
SELECT max(
    coalesce((SELECT max(sequence) FROM events WHERE time_ms < ?1), 0),
    coalesce((SELECT max(sequence) FROM events), 0) - ?2
)";

/// How often it is looked for events that nobody needs any more.
const TIDY_EVERY_MS: u64 = 60_000;

/// Events on their way. Clones write to the same table.
#[derive(Clone, Debug)]
pub struct Outbox {
    inbox: mpsc::Sender<Order>,
    newest: watch::Receiver<()>,
    writer: Arc<Mutex<Option<thread::JoinHandle<()>>>>,
}

/// An event for a target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parcel {
    /// Its place in the order of all.
    pub sequence: i64,
    /// The number by which it is known outside.
    pub number: u64,
    /// What happened, as JSON.
    pub body: String,
}

type Answer<T> = oneshot::Sender<Result<T, AppendCause>>;

#[derive(Debug)]
enum Order {
    Add { number: u64, body: String },
    Next(Arc<str>, Answer<Option<Parcel>>),
    Pass(Arc<str>, i64, Answer<()>),
    Forget(Arc<str>, Answer<()>),
    Settle(Answer<()>),
    Close,
}

/// What the thread holds.
struct Keeper {
    connection: Connection,
    keep_ms: u64,
    tidied_ms: u64,
    patience: Patience,
    woken: watch::Sender<()>,
    lost: Counter,
    waiting: Gauge,
}

impl Outbox {
    /// Opens the table in a folder, and makes both where they are not there. Targets that are not
    /// among these are forgotten.
    ///
    /// # Errors
    /// The folder cannot be made, or the file cannot be opened.
    pub fn open(folder: &Path, targets: &[Arc<str>], keep: Duration) -> Result<Self, OpenError> {
        make_folder(folder)?;
        let file = folder.join(OUTBOX_FILE);
        let connection = prepare(&file, targets).map_err(|source| OpenError::File {
            file: file.clone(),
            source,
        })?;
        let (woken, newest) = watch::channel(());
        let mut keeper = Keeper {
            connection,
            keep_ms: u64::try_from(keep.as_millis()).unwrap_or(u64::MAX),
            tidied_ms: 0,
            patience: Patience::new(),
            woken,
            lost: table::WEBHOOKS_LOST.counter(),
            waiting: table::WEBHOOKS_WAITING.gauge(),
        };
        let (inbox, orders) = mpsc::channel(limits::WEBHOOK_ORDERS);
        let writer = thread::Builder::new()
            .name("webhooks".to_owned())
            .spawn(move || keeper.run(orders))
            .map_err(OpenError::Thread)?;
        Ok(Self {
            inbox,
            newest,
            writer: Arc::new(Mutex::new(Some(writer))),
        })
    }

    /// Keeps an event. Never waits: where more come than the disk takes, they are counted as lost.
    pub fn add(&self, number: u64, body: String) {
        if self.inbox.try_send(Order::Add { number, body }).is_err() {
            table::WEBHOOKS_LOST.counter().increment(1);
        }
    }

    /// The oldest event that a target does not have.
    ///
    /// # Errors
    /// The file cannot be read, or the table is closed.
    pub async fn next(&self, target: &Arc<str>) -> Result<Option<Parcel>, AppendCause> {
        let target = Arc::clone(target);
        self.ask(|answer| Order::Next(target, answer)).await
    }

    /// A target has everything up to this one.
    ///
    /// # Errors
    /// It cannot be written, or the table is closed.
    pub async fn pass(&self, target: &Arc<str>, sequence: i64) -> Result<(), AppendCause> {
        let target = Arc::clone(target);
        self.ask(|answer| Order::Pass(target, sequence, answer))
            .await
    }

    /// A target wants nothing any more.
    ///
    /// # Errors
    /// It cannot be written, or the table is closed.
    pub async fn forget(&self, target: &Arc<str>) -> Result<(), AppendCause> {
        let target = Arc::clone(target);
        self.ask(|answer| Order::Forget(target, answer)).await
    }

    /// Waits until everything so far is written.
    ///
    /// # Errors
    /// It cannot be written, or the table is closed.
    pub async fn settle(&self) -> Result<(), AppendCause> {
        self.ask(Order::Settle).await
    }

    /// Wakes whoever waits for more.
    pub fn newest(&self) -> watch::Receiver<()> {
        self.newest.clone()
    }

    /// Waits until everything so far is written, and closes the table: from a thread that may wait.
    pub fn close(&self) {
        let _ = self.inbox.blocking_send(Order::Close);
        let thread = self.writer.lock().take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }

    async fn ask<T>(&self, order: impl FnOnce(Answer<T>) -> Order) -> Result<T, AppendCause> {
        let (answer, answered) = oneshot::channel();
        let sent = self.inbox.send(order(answer)).await;
        sent.map_err(|_| AppendCause::Closed)?;
        // What was asked together with something that failed is not answered.
        answered.await.unwrap_or(Err(AppendCause::Behind))
    }
}

fn prepare(file: &Path, targets: &[Arc<str>]) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(PATIENCE)?;
    connection.execute_batch(TABLE)?;
    let known: Vec<String> = {
        let mut all = connection.prepare("SELECT target FROM places")?;
        let known = all.query_map([], |row| row.get(0))?;
        known.collect::<Result<_, _>>()?
    };
    for old in known {
        if !targets.iter().any(|target| **target == *old) {
            connection.execute("DELETE FROM places WHERE target = ?1", [old])?;
        }
    }
    for target in targets {
        connection.execute(JOIN, [&**target])?;
    }
    Ok(connection)
}

impl Keeper {
    fn run(&mut self, mut orders: mpsc::Receiver<Order>) {
        let mut batch = Vec::new();
        while orders.blocking_recv_many(&mut batch, limits::WEBHOOK_BATCH) > 0 {
            let is_last = batch.iter().any(|order| matches!(order, Order::Close));
            self.carry_out(&mut batch);
            if is_last {
                return;
            }
        }
    }

    /// One transaction for all, since each waits for the disk.
    fn carry_out(&mut self, batch: &mut Vec<Order>) {
        let mut answers = Vec::new();
        let mut added = 0;
        let done = self.write(batch, &mut answers, &mut added);
        if let Err(cause) = &done {
            error!(%cause, "webhooks are not written down");
            self.lost.increment(added);
        }
        for (answer, given) in answers {
            let given = done.clone().map(|()| given);
            answer.give(given);
        }
        if added > 0 {
            self.woken.send_replace(());
        }
    }

    fn write(
        &mut self,
        batch: &mut Vec<Order>,
        answers: &mut Vec<(Waiter, Option<Parcel>)>,
        added: &mut u64,
    ) -> Result<(), AppendCause> {
        let now = now_ms();
        let orders = std::mem::take(batch);
        *added = orders
            .iter()
            .filter(|order| matches!(order, Order::Add { .. }))
            .count() as u64;
        let transaction = self.connection.transaction()?;
        for order in orders {
            match order {
                Order::Add { number, body } => {
                    transaction.execute(ADD, params![whole(number), whole(now), body])?;
                }
                Order::Next(target, answer) => {
                    let parcel = next(&transaction, &target)?;
                    answers.push((Waiter::Next(answer), parcel));
                }
                Order::Pass(target, sequence, answer) => {
                    transaction.execute(PASS, params![&*target, sequence])?;
                    answers.push((Waiter::Done(answer), None));
                }
                Order::Forget(target, answer) => {
                    transaction.execute("DELETE FROM places WHERE target = ?1", [&*target])?;
                    answers.push((Waiter::Done(answer), None));
                }
                Order::Settle(answer) => answers.push((Waiter::Done(answer), None)),
                Order::Close => {}
            }
        }
        if now.abs_diff(self.tidied_ms) >= TIDY_EVERY_MS {
            self.tidied_ms = now;
            let certain = self.patience.certain_ms();
            let lost = tidy(&transaction, certain.saturating_sub(self.keep_ms))?;
            if lost > 0 {
                warn!(
                    lost,
                    "webhooks are given up: their targets did not take them in time"
                );
                self.lost.increment(lost);
            }
        }
        let newest = transaction.query_row(NEWEST, [], |row| row.get(0))?;
        let waiting = count(&transaction, newest)?;
        transaction.commit()?;
        self.waiting.set(waiting as f64);
        Ok(())
    }
}

/// Somebody who waits for an answer.
enum Waiter {
    Next(Answer<Option<Parcel>>),
    Done(Answer<()>),
}

impl Waiter {
    /// Whoever asked may be gone; what is written stays.
    fn give(self, given: Result<Option<Parcel>, AppendCause>) {
        match self {
            Self::Next(answer) => drop(answer.send(given)),
            Self::Done(answer) => drop(answer.send(given.map(drop))),
        }
    }
}

fn next(connection: &Connection, target: &str) -> Result<Option<Parcel>, rusqlite::Error> {
    let mut statement = connection.prepare(NEXT)?;
    let parcel = statement.query_row([target], |row| {
        let number: i64 = row.get(1)?;
        Ok(Parcel {
            sequence: row.get(0)?,
            number: number.unsigned_abs(),
            body: row.get(2)?,
        })
    });
    parcel.optional()
}

/// Forgets what every target has, and gives up what is too old or too much: how many were not sent.
fn tidy(connection: &Connection, before_ms: u64) -> Result<u64, rusqlite::Error> {
    let most = limits::WEBHOOK_EVENTS;
    let stale: i64 =
        connection.query_row(STALE, params![whole(before_ms), most], |row| row.get(0))?;
    let lost = count(connection, stale)?;
    connection.execute("UPDATE places SET last = max(last, ?1)", [stale])?;
    connection.execute(
        "DELETE FROM events WHERE sequence <= coalesce((SELECT min(last) FROM places), ?1)",
        [i64::MAX],
    )?;
    Ok(lost)
}

/// Events up to one that their targets do not have, for each target.
fn count(connection: &Connection, up_to: i64) -> Result<u64, rusqlite::Error> {
    let waiting: i64 = connection.query_row(WAITING, [up_to], |row| row.get(0))?;
    Ok(waiting.unsigned_abs())
}
