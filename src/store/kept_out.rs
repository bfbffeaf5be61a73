//! [`KeptOut`]: the devices that stay outside, on disk, so that a restart lets nobody in early.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use parking_lot::Mutex;
use rusqlite::{Connection, params};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tracing::error;

use super::elsewhere::Known;
use super::ledger::{AppendCause, OpenError, PATIENCE};
use super::wall_clock::now_ms;
use crate::limits;
use crate::moderation::{DeviceKey, Label};

/// The name of the table's file within the folder.
pub const DEVICES_FILE: &str = "devices.db";

/// The name of the file that holds the secret under which device tokens are signed.
pub const SECRET_FILE: &str = "device.key";

const TABLE: &str = "\
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS kept_out (
    device   BLOB    PRIMARY KEY,
    until_ms INTEGER NOT NULL,
    label    TEXT    NOT NULL
) STRICT, WITHOUT ROWID;";

/// Whoever is kept out longer stays so.
const KEEP: &str = "\
INSERT INTO kept_out (device, until_ms, label) VALUES (?1, ?2, ?3)
ON CONFLICT (device) DO UPDATE SET until_ms = excluded.until_ms, label = excluded.label
WHERE excluded.until_ms > until_ms";

const LIFT: &str = "DELETE FROM kept_out WHERE device = ?1";

/// The devices that stay outside. Clones write to the same table.
#[derive(Clone, Debug)]
pub struct KeptOut {
    inbox: mpsc::Sender<Order>,
    pub(super) file: Arc<Path>,
    writer: Arc<Mutex<Option<thread::JoinHandle<()>>>>,
    pub(super) known: Known,
}

/// A device that stays outside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outside {
    /// The device.
    pub device: DeviceKey,
    /// For how much longer.
    pub rest: Duration,
    /// Why.
    pub label: Label,
}

/// What the thread is told, and who waits for it.
#[derive(Debug)]
struct Order {
    change: Change,
    done: oneshot::Sender<Result<(), AppendCause>>,
}

#[derive(Debug)]
enum Change {
    Keep(Outside),
    Lift(DeviceKey),
    Close,
}

impl KeptOut {
    /// Opens the table in a folder, makes both where they are not there, forgets whose time has
    /// passed, and gives those who still stay outside.
    ///
    /// # Errors
    /// The folder cannot be made, or the file cannot be opened.
    pub fn open(folder: &Path) -> Result<(Self, Vec<Outside>), OpenError> {
        make_folder(folder)?;
        let file = folder.join(DEVICES_FILE);
        let now_ms = now_ms();
        let (connection, outside) = read(&file, now_ms).map_err(|source| OpenError::File {
            file: file.clone(),
            source,
        })?;
        let (inbox, orders) = mpsc::channel(limits::AUDIT_BATCHES);
        let known = Known::default();
        known.lock().extend(outside.iter().map(|one| {
            let rest_ms = u64::try_from(one.rest.as_millis()).unwrap_or(u64::MAX);
            (one.device, now_ms.saturating_add(rest_ms))
        }));
        let writers = Arc::clone(&known);
        let writer = thread::Builder::new()
            .name("kept out".to_owned())
            .spawn(move || write(&connection, &writers, orders))
            .map_err(OpenError::Thread)?;
        let kept_out = Self {
            inbox,
            file: Arc::from(file),
            writer: Arc::new(Mutex::new(Some(writer))),
            known,
        };
        Ok((kept_out, outside))
    }

    /// Keeps a device out, or longer if it is already. Never waits: the answer comes once that is
    /// on disk, or cannot be put there.
    pub fn keep(&self, outside: Outside) -> oneshot::Receiver<Result<(), AppendCause>> {
        self.send(Change::Keep(outside))
    }

    /// Lets a device in again. Never waits, as [`KeptOut::keep`].
    pub fn lift(&self, device: DeviceKey) -> oneshot::Receiver<Result<(), AppendCause>> {
        self.send(Change::Lift(device))
    }

    fn send(&self, change: Change) -> oneshot::Receiver<Result<(), AppendCause>> {
        let (done, answer) = oneshot::channel();
        let (order, cause) = match self.inbox.try_send(Order { change, done }) {
            Ok(()) => return answer,
            Err(TrySendError::Full(order)) => (order, AppendCause::Behind),
            Err(TrySendError::Closed(order)) => (order, AppendCause::Closed),
        };
        // The other end is in our hand: it cannot be gone.
        let _ = order.done.send(Err(cause));
        answer
    }

    /// Waits until everything so far is written, and closes the table: from a thread that may wait.
    pub fn close(&self) {
        let (done, _) = oneshot::channel();
        let change = Change::Close;
        let _ = self.inbox.blocking_send(Order { change, done });
        let thread = self.writer.lock().take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

/// The secret of this folder, made at the first start and readable by its owner only. Without it
/// every device is a new one.
///
/// # Errors
/// The file cannot be read or made, or does not hold 32 bytes.
pub fn device_secret(folder: &Path) -> Result<[u8; 32], OpenError> {
    make_folder(folder)?;
    let file = folder.join(SECRET_FILE);
    let refused = |source| OpenError::Secret {
        file: file.clone(),
        source,
    };
    let mut secret = [0; 32];
    let system = |_| io::Error::other("the system gives no random bytes");
    SystemRandom::new()
        .fill(&mut secret)
        .map_err(system)
        .map_err(refused)?;
    let mut new = OpenOptions::new();
    match new.write(true).create_new(true).mode(0o600).open(&file) {
        Ok(mut made) => {
            made.write_all(&secret)
                .and_then(|()| made.sync_all())
                .map_err(refused)?;
            return Ok(secret);
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(refused(error)),
    }
    let mut kept = Vec::new();
    fs::File::open(&file)
        .and_then(|file| file.take(33).read_to_end(&mut kept))
        .map_err(refused)?;
    let length = |_| io::Error::new(io::ErrorKind::InvalidData, "it does not hold 32 bytes");
    kept.try_into()
        .map_err(|kept: Vec<u8>| refused(length(kept)))
}

pub(super) fn make_folder(folder: &Path) -> Result<(), OpenError> {
    fs::create_dir_all(folder).map_err(|source| OpenError::Folder {
        folder: folder.to_owned(),
        source,
    })
}

fn read(file: &Path, now_ms: u64) -> Result<(Connection, Vec<Outside>), rusqlite::Error> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(PATIENCE)?;
    connection.execute_batch(TABLE)?;
    let now = whole(now_ms);
    connection.execute("DELETE FROM kept_out WHERE until_ms <= ?1", [now])?;
    let mut outside = Vec::new();
    {
        let mut all = connection.prepare("SELECT device, until_ms - ?1, label FROM kept_out")?;
        let mut rows = all.query([now])?;
        while let Some(row) = rows.next()? {
            let device: Vec<u8> = row.get(0)?;
            let rest_ms: i64 = row.get(1)?;
            let label: String = row.get(2)?;
            // What somebody else has put there does not keep the server from starting.
            if let (Ok(device), Ok(rest_ms), Ok(label)) = (
                device.try_into(),
                u64::try_from(rest_ms),
                Label::new(&label),
            ) {
                outside.push(Outside {
                    device: DeviceKey(device),
                    rest: Duration::from_millis(rest_ms),
                    label,
                });
            }
        }
    }
    Ok((connection, outside))
}

fn write(connection: &Connection, known: &Known, mut orders: mpsc::Receiver<Order>) {
    while let Some(Order { change, done }) = orders.blocking_recv() {
        let changed = match change {
            Change::Keep(outside) => keep(connection, known, &outside),
            Change::Lift(device) => lift(connection, known, device),
            Change::Close => return,
        };
        let answer = changed.map_err(AppendCause::from);
        if let Err(cause) = &answer {
            error!(%cause, "who stays outside is not written down");
        }
        // Whoever asked may be gone; what is written stays.
        let _ = done.send(answer);
    }
}

fn keep(connection: &Connection, known: &Known, outside: &Outside) -> Result<(), rusqlite::Error> {
    let DeviceKey(device) = outside.device;
    let rest_ms = u64::try_from(outside.rest.as_millis()).unwrap_or(u64::MAX);
    let until_ms = now_ms().saturating_add(rest_ms);
    let row = params![device.as_slice(), whole(until_ms), outside.label.as_str()];
    let mut known = known.lock();
    if connection.execute(KEEP, row)? > 0 {
        known.insert(outside.device, until_ms);
    }
    Ok(())
}

fn lift(connection: &Connection, known: &Known, key: DeviceKey) -> Result<(), rusqlite::Error> {
    let DeviceKey(device) = key;
    let mut known = known.lock();
    connection.execute(LIFT, [device.as_slice()])?;
    known.remove(&key);
    Ok(())
}

pub(super) fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
