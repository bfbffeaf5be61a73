//! [`Ledger`]: the audit log's table in SQLite, and the walk along its chain.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, Row, TransactionBehavior, params};

use super::chain::{Seal, Stored};
use crate::moderation::AuditLine;

/// The shape of the table; a file with a greater one is from a later version of visavis.
const SHAPE: i64 = 1;

/// How long a writer waits for another one.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

// Durable when `COMMIT` returns, also when the machine loses power: FULL syncs the log each time.
const SETTINGS: &str = "\
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;";

const TABLE: &str = "\
CREATE TABLE IF NOT EXISTS audit (
    sequence INTEGER PRIMARY KEY,
    time_ms  INTEGER NOT NULL,
    actor    TEXT    NOT NULL,
    session  TEXT    NOT NULL,
    label    TEXT    NOT NULL,
    score    REAL    NOT NULL,
    version  TEXT    NOT NULL,
    action   TEXT    NOT NULL,
    reason   TEXT    NOT NULL,
    seal     BLOB    NOT NULL
) STRICT;
CREATE TRIGGER IF NOT EXISTS audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS audit_is_not_shortened BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
PRAGMA user_version = 1;";

const LAST: &str = "SELECT sequence, seal FROM audit ORDER BY sequence DESC LIMIT 1";

const INSERT: &str = "\
INSERT INTO audit
    (sequence, time_ms, actor, session, label, score, version, action, reason, seal)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

const WALK: &str = "\
SELECT sequence, time_ms, actor, session, label, score, version, action, reason, seal
FROM audit ORDER BY sequence";

/// Why something in the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its folder is not there and cannot be made.
    #[error("the folder {folder} cannot be made")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The file is no database of ours, or the system refuses.
    #[error("{file} cannot be opened")]
    File {
        /// The file.
        file: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// It was written by a later version.
    #[error("{file} was written by a later version of visavis")]
    Later {
        /// The file.
        file: PathBuf,
    },
    /// The secret of the device tokens cannot be read or made.
    #[error("{file}, the secret of the device tokens, cannot be used")]
    Secret {
        /// The file.
        file: PathBuf,
        /// What the system says, or that it holds something else.
        #[source]
        source: std::io::Error,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
    /// The thread that writes cannot be started.
    #[error("the store's thread cannot be started")]
    Thread(#[source] std::io::Error),
}

/// Why lines are not on disk.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AppendCause {
    /// The disk has no room.
    #[error("the disk has no room")]
    DiskFull,
    /// Another program keeps the file locked.
    #[error("another program keeps the file locked")]
    Locked,
    /// More lines wait than can be kept.
    #[error("the store is too far behind")]
    Behind,
    /// The thread that writes has ended.
    #[error("the store is closed")]
    Closed,
    /// Anything else that SQLite says.
    #[error("the file cannot be used: {0}")]
    Other(String),
}

impl From<rusqlite::Error> for AppendCause {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            _ => Self::Other(error.to_string()),
        }
    }
}

/// The open table, for one writer.
#[derive(Debug)]
pub(super) struct Ledger {
    connection: Connection,
}

impl Ledger {
    /// Opens the file, and makes the table if it is new.
    pub(super) fn open(file: &Path) -> Result<Self, OpenError> {
        let refused = |source| OpenError::File {
            file: file.to_owned(),
            source,
        };
        let connection = Connection::open(file).map_err(refused)?;
        connection.busy_timeout(PATIENCE).map_err(refused)?;
        connection.execute_batch(SETTINGS).map_err(refused)?;
        let shape = connection
            .query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))
            .map_err(refused)?;
        if shape > SHAPE {
            return Err(OpenError::Later {
                file: file.to_owned(),
            });
        }
        connection.execute_batch(TABLE).map_err(refused)?;
        Ok(Self { connection })
    }

    /// Appends lines, all or none; they are on disk when it returns.
    pub(super) fn append<'a>(
        &mut self,
        lines: impl Iterator<Item = &'a AuditLine>,
        time_ms: u64,
    ) -> Result<(), AppendCause> {
        // The write lock first: whoever else writes, the last line is the one read here.
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let (mut sequence, mut seal) = last(&transaction)?;
            let mut insert = transaction.prepare(INSERT)?;
            for line in lines {
                sequence += 1;
                let stored = Stored::new(line, sequence, time_ms);
                seal = seal.next(&stored);
                insert.execute(params![
                    whole(stored.sequence),
                    whole(stored.time_ms),
                    stored.actor,
                    stored.session,
                    stored.label,
                    f64::from(stored.score),
                    stored.version,
                    stored.action,
                    stored.reason,
                    seal.as_bytes(),
                ])?;
            }
        }
        Ok(transaction.commit()?)
    }
}

fn last(connection: &Connection) -> Result<(u64, Seal), rusqlite::Error> {
    let mut statement = connection.prepare(LAST)?;
    let mut rows = statement.query([])?;
    match rows.next()? {
        None => Ok((0, Seal::FIRST)),
        Some(row) => Ok((number(row, 0)?, seal_at(row, 1)?.unwrap_or(Seal::FIRST))),
    }
}

/// What a walk along the whole chain found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verified {
    /// How many lines there are.
    pub lines: u64,
    /// The seal of the last one: kept elsewhere, it shows a log that was cut off.
    pub last: Seal,
    /// Whether the seal that was asked for is the last one or one before.
    pub contains: bool,
}

/// Why a log does not verify.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It cannot be read.
    #[error("{file} cannot be read as an audit log")]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// A line is not where it should be.
    #[error("line {expected} is missing: line {found} stands in its place")]
    Missing {
        /// What should come.
        expected: u64,
        /// What comes.
        found: u64,
    },
    /// A line is not the one that was sealed.
    #[error("line {line} is not as it was written")]
    Changed {
        /// The line.
        line: u64,
    },
}

/// Walks along the chain from the first line; nothing is changed.
///
/// # Errors
/// The first line that is wrong, or the file cannot be read.
pub fn verify(file: &Path, wanted: Option<Seal>) -> Result<Verified, VerifyError> {
    let unreadable = |source| VerifyError::Unreadable {
        file: file.to_owned(),
        source,
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(unreadable)?;
    connection.busy_timeout(PATIENCE).map_err(unreadable)?;
    let mut statement = connection.prepare(WALK).map_err(unreadable)?;
    let mut rows = statement.query([]).map_err(unreadable)?;
    let mut verified = Verified {
        lines: 0,
        last: Seal::FIRST,
        contains: wanted.is_none_or(|wanted| wanted == Seal::FIRST),
    };
    while let Some(row) = rows.next().map_err(unreadable)? {
        let (stored, seal) = read(row).map_err(unreadable)?;
        let expected = verified.lines + 1;
        if stored.sequence != expected {
            let found = stored.sequence;
            return Err(VerifyError::Missing { expected, found });
        }
        if seal != Some(verified.last.next(&stored)) {
            return Err(VerifyError::Changed { line: expected });
        }
        verified.last = verified.last.next(&stored);
        verified.lines = expected;
        verified.contains |= Some(verified.last) == wanted;
    }
    Ok(verified)
}

/// A line and its seal, from the columns of [`WALK`].
pub(super) fn read(row: &Row<'_>) -> Result<(Stored, Option<Seal>), rusqlite::Error> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it was written from 32 bits; what does not fit them was changed, and shows"
    )]
    let score = row.get::<_, f64>(5)? as f32;
    let stored = Stored {
        sequence: number(row, 0)?,
        time_ms: number(row, 1)?,
        actor: row.get(2)?,
        session: row.get(3)?,
        label: row.get(4)?,
        score,
        version: row.get(6)?,
        action: row.get(7)?,
        reason: row.get(8)?,
    };
    Ok((stored, seal_at(row, 9)?))
}

fn seal_at(row: &Row<'_>, column: usize) -> Result<Option<Seal>, rusqlite::Error> {
    Ok(Seal::from_bytes(&row.get::<_, Vec<u8>>(column)?))
}

/// A negative number was never written; it reads as one that fits nowhere.
fn number(row: &Row<'_>, column: usize) -> Result<u64, rusqlite::Error> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(u64::MAX))
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::id::SessionId;
    use crate::moderation::{Actor, Deed, Label};

    fn line(reason: &str) -> AuditLine {
        AuditLine {
            actor: Actor::Visitor(SessionId(1)),
            session: Some(SessionId(2)),
            label: Label::REPORTED,
            score: 0.5,
            version: Arc::from(""),
            deed: Deed::Report,
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn a_full_disk_takes_no_line_of_a_group_and_the_chain_goes_on_when_there_is_room() {
        let name = format!("visavis-full-{}.db", std::process::id());
        let file = std::env::temp_dir().join(name);
        let mut ledger = Ledger::open(&file).unwrap();
        ledger.append([line("first")].iter(), 1).unwrap();
        let limit = |pages: u32| {
            let sql = format!("PRAGMA max_page_count = {pages}");
            move |ledger: &Ledger| ledger.connection.query_row(&sql, [], |_| Ok(())).unwrap()
        };
        // SQLite takes no less than what is there already, and says that a full disk is full.
        limit(1)(&ledger);
        let long = line(&"x".repeat(100_000));
        let refused = ledger.append([line("short"), long.clone()].iter(), 2);
        assert_eq!(refused, Err(AppendCause::DiskFull));
        limit(1_000_000)(&ledger);
        ledger.append([line("second"), long].iter(), 3).unwrap();
        drop(ledger);
        assert_eq!(verify(&file, None).unwrap().lines, 3);
        std::fs::remove_file(&file).unwrap();
    }
}
