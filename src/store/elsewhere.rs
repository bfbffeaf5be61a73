//! [`Elsewhere`]: what another process on the same store has decided about who stays outside.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags};

use super::kept_out::{KeptOut, Outside};
use super::ledger::PATIENCE;
use super::wall_clock::now_ms;
use crate::moderation::{DeviceKey, Label};

/// Until when each device stays outside, in milliseconds since 1970, as this process knows it.
pub(super) type Known = Arc<Mutex<HashMap<DeviceKey, u64>>>;

const ALL: &str = "SELECT device, until_ms, label FROM kept_out";

/// Looks now and then into a table that other processes write to as well.
#[derive(Debug)]
pub struct Elsewhere {
    connection: Connection,
    known: Known,
    /// SQLite's number of the last change that was looked at.
    seen: Option<i64>,
}

/// What another process has decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum News {
    /// A device stays outside, or longer.
    Kept(Outside),
    /// It may come in again.
    Lifted(DeviceKey),
}

impl KeptOut {
    /// A look at what other processes write here.
    ///
    /// # Errors
    /// The table cannot be opened.
    pub fn elsewhere(&self) -> Result<Elsewhere, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.file, flags)?;
        connection.busy_timeout(PATIENCE)?;
        Ok(Elsewhere {
            connection,
            known: Arc::clone(&self.known),
            seen: None,
        })
    }
}

impl Elsewhere {
    /// What has changed since the last look, and not by this process. Costs one page of the disk's where
    /// nothing has; reads the disk: from a thread that may wait.
    ///
    /// # Errors
    /// The table cannot be read.
    pub fn look(&mut self) -> Result<Vec<News>, rusqlite::Error> {
        let now = self
            .connection
            .pragma_query_value(None, "data_version", |row| row.get(0))?;
        if self.seen == Some(now) {
            return Ok(Vec::new());
        }
        let changes = self.compare(now_ms())?;
        self.seen = Some(now);
        Ok(changes)
    }

    fn compare(&self, now_ms: u64) -> Result<Vec<News>, rusqlite::Error> {
        // Held, so that what this process writes meanwhile is no news.
        let mut known = self.known.lock();
        let mut there = HashMap::with_capacity(known.len());
        let mut changes = Vec::new();
        let mut all = self.connection.prepare(ALL)?;
        let mut rows = all.query([])?;
        while let Some(row) = rows.next()? {
            let (device, until_ms, label): (Vec<u8>, i64, String) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            // What is no ban is nobody's.
            let (Ok(device), Ok(until_ms), Ok(label)) = (
                device.try_into().map(DeviceKey),
                u64::try_from(until_ms),
                Label::new(&label),
            ) else {
                continue;
            };
            there.insert(device, until_ms);
            let before = known.get(&device).copied().unwrap_or(0);
            if until_ms > before.max(now_ms) {
                changes.push(News::Kept(Outside {
                    device,
                    rest: Duration::from_millis(until_ms - now_ms),
                    label,
                }));
            }
        }
        let lifted = known
            .iter()
            .filter(|(device, until_ms)| !there.contains_key(device) && **until_ms > now_ms)
            .map(|(device, _)| News::Lifted(*device));
        changes.extend(lifted);
        *known = there;
        Ok(changes)
    }
}
