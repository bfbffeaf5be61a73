//! [`CaseTable`]: cases, decisions and leases in SQLite. All that is known of SQL about them stands
//! here and in [`super::case_reading`], so that another engine takes these files' place.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::case_debts;
use super::case_reading;
use super::case_rows::{Appeal, CaseRow, Decision, Lease, Owed, Receipt};
use super::exhibits::Filing;
use super::ledger::{AppendCause, OpenError, PATIENCE};
use crate::id::CaseId;
use crate::limits;
use crate::moderation::{CaseClass, DeviceKey, Escalation, Opening, Origin, Role, Status};

/// The shape of the tables; a file with a greater one is from a later version of visavis.
const SHAPE: i64 = 1;

const TABLES: &str = "\
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA secure_delete = ON;
CREATE TABLE IF NOT EXISTS cases (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    code         TEXT    NOT NULL UNIQUE,
    run          INTEGER NOT NULL,
    session      INTEGER NOT NULL,
    device       BLOB,
    class        TEXT    NOT NULL,
    label        TEXT    NOT NULL,
    score        REAL    NOT NULL,
    severity     INTEGER NOT NULL,
    origin       TEXT    NOT NULL,
    status       TEXT    NOT NULL,
    machine      TEXT,
    policy       TEXT    NOT NULL,
    version      TEXT    NOT NULL,
    reports      INTEGER NOT NULL,
    opened_ms    INTEGER NOT NULL,
    lease_by     TEXT,
    lease_ms     INTEGER,
    escalated_to TEXT,
    appeal       TEXT,
    appeal_ms    INTEGER,
    hold         INTEGER NOT NULL DEFAULT 0,
    expires_ms   INTEGER NOT NULL,
    key          BLOB
) STRICT;
CREATE INDEX IF NOT EXISTS cases_that_wait ON cases (severity DESC, opened_ms)
WHERE status != 'closed';
CREATE INDEX IF NOT EXISTS cases_by_session ON cases (run, session) WHERE status != 'closed';
CREATE INDEX IF NOT EXISTS cases_by_device ON cases (device);
CREATE TABLE IF NOT EXISTS decisions (
    case_id  INTEGER NOT NULL REFERENCES cases (id),
    by       TEXT    NOT NULL,
    role     TEXT    NOT NULL,
    action   TEXT    NOT NULL,
    lasts_ms INTEGER,
    reason   TEXT    NOT NULL,
    note     TEXT    NOT NULL,
    at_ms    INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS decisions_by_case ON decisions (case_id);
CREATE TABLE IF NOT EXISTS pictures (
    case_id  INTEGER NOT NULL REFERENCES cases (id),
    n        INTEGER NOT NULL,
    whose    TEXT    NOT NULL,
    taken_ms INTEGER NOT NULL,
    codec    TEXT    NOT NULL,
    scores   TEXT    NOT NULL,
    PRIMARY KEY (case_id, n)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS book (
    name TEXT NOT NULL
) STRICT;
INSERT INTO book SELECT lower(hex(randomblob(8))) WHERE NOT EXISTS (SELECT 1 FROM book);
PRAGMA user_version = 1;";

const JOINED: &str = "\
SELECT id, code FROM cases WHERE run = ?1 AND session = ?2 AND status != 'closed'";

const JOIN: &str = "\
UPDATE cases SET
    label    = CASE WHEN ?3 > severity THEN ?2 ELSE label END,
    score    = CASE WHEN ?3 > severity THEN ?4 ELSE score END,
    severity = max(severity, ?3),
    expires_ms = CASE WHEN class = 'conduct' AND ?5 = 'child_safety' THEN ?6 ELSE expires_ms END,
    class    = CASE WHEN ?5 = 'child_safety' THEN ?5 ELSE class END,
    machine  = COALESCE(?7, machine),
    policy   = CASE WHEN ?8 = '' THEN policy ELSE ?8 END,
    version  = CASE WHEN ?9 = '' THEN version ELSE ?9 END,
    reports  = reports + ?10
WHERE id = ?1";

const INSERT: &str = "\
INSERT INTO cases (code, run, session, device, class, label, score, severity, origin, status,
                   machine, policy, version, reports, opened_ms, expires_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'open', ?10, ?11, ?12, ?13, ?14, ?15)";

// A lease from the future was given by a clock that has gone back since: it holds nobody up.
const LEASE: &str = "\
UPDATE cases SET lease_by = ?2, lease_ms = ?4
WHERE id = ?1 AND status != 'closed'
  AND (lease_by IS NULL OR lease_by = ?2 OR lease_ms <= ?3 OR lease_ms > ?4)";

const GIVE_BACK: &str =
    "UPDATE cases SET lease_by = NULL, lease_ms = NULL WHERE id = ?1 AND lease_by = ?2";

const DECIDE: &str = "\
UPDATE cases SET status = ?3, lease_by = NULL, lease_ms = NULL
WHERE id = ?1 AND lease_by = ?2 AND status = ?4";

const DECISION: &str = "\
INSERT INTO decisions (case_id, by, role, action, lasts_ms, reason, note, at_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

const ESCALATE: &str = "\
UPDATE cases SET status = 'escalated', escalated_to = ?3, class = ?4, expires_ms = ?5,
    lease_by = NULL, lease_ms = NULL
WHERE id = ?1 AND lease_by = ?2 AND status != 'closed'";

const APPEAL: &str = "\
UPDATE cases SET appeal = ?2, appeal_ms = ?3, origin = 'appeal',
    status = CASE WHEN status IN ('open', 'closed') THEN 'appealed' ELSE status END
WHERE id = ?1 AND appeal_ms IS NULL";

/// How long cases are kept from their opening; longer only while they are open or on legal hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keeping {
    /// Ordinary ones.
    pub conduct: Duration,
    /// Those of what may show a child.
    pub child_safety: Duration,
}

impl Keeping {
    const fn of(self, class: CaseClass) -> Duration {
        match class {
            CaseClass::Conduct => self.conduct,
            CaseClass::ChildSafety => self.child_safety,
        }
    }
}

/// The open tables, for one thread.
#[derive(Debug)]
pub(super) struct CaseTable {
    pub(super) connection: Connection,
    keeping: Keeping,
}

/// Whether somebody has a case now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Leased {
    /// They do.
    Yes(Lease),
    /// Somebody else does.
    Taken(Lease),
    /// Nobody can: it is closed, or there is none.
    Gone,
}

/// What became of a decision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taken {
    /// It is on disk.
    Yes,
    /// Whoever decided no longer had the case.
    Lapsed,
}

impl CaseTable {
    /// Opens the file, and makes the tables if it is new.
    pub(super) fn open(file: &Path, keeping: Keeping) -> Result<Self, OpenError> {
        let refused = |source| OpenError::File {
            file: file.to_owned(),
            source,
        };
        let connection = Connection::open(file).map_err(refused)?;
        connection.busy_timeout(PATIENCE).map_err(refused)?;
        let shape = connection
            .query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))
            .map_err(refused)?;
        if shape > SHAPE {
            return Err(OpenError::Later {
                file: file.to_owned(),
            });
        }
        connection.execute_batch(TABLES).map_err(refused)?;
        connection
            .execute_batch(case_debts::TABLE)
            .map_err(refused)?;
        Ok(Self {
            connection,
            keeping,
        })
    }

    /// Opens cases, or goes on with those that are open about the same sessions; all or none, and on
    /// disk when it returns. Beyond the most that may wait nobody gets a new one: there is no receipt.
    pub(super) fn add<'a>(
        &mut self,
        filings: impl Iterator<Item = (&'a Filing, &'a str)>,
        run: u64,
        now_ms: u64,
    ) -> Result<Vec<Option<Receipt>>, AppendCause> {
        let keeping = self.keeping;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut waiting = case_reading::waiting(&transaction)?;
        let mut receipts = Vec::new();
        for (Filing { opening, .. }, code) in filings {
            let session = signed(opening.session.0);
            let joined = transaction
                .query_row(JOINED, params![signed(run), session], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
                })
                .optional()?;
            let expires = now_ms.saturating_add(millis(keeping.of(opening.class)));
            let (id, code) = if let Some((id, code)) = joined {
                join(&transaction, id, opening, expires)?;
                (id, code)
            } else if waiting >= limits::CASES_OPEN {
                receipts.push(None);
                continue;
            } else {
                waiting += 1;
                insert(&transaction, (opening, code), run, (now_ms, expires))?;
                (transaction.last_insert_rowid(), code.to_owned())
            };
            receipts.push(Some(Receipt {
                session: opening.session,
                reporter: opening.reporter,
                id: CaseId(id.unsigned_abs()),
                code,
            }));
        }
        transaction.commit()?;
        Ok(receipts)
    }

    /// Gives a case to somebody, or renews their lease.
    pub(super) fn lease(
        &self,
        id: CaseId,
        by: &str,
        now_ms: u64,
    ) -> Result<Leased, rusqlite::Error> {
        let until_ms = now_ms.saturating_add(millis(limits::LEASE));
        let given = params![signed(id.0), by, signed(now_ms), signed(until_ms)];
        let changed = self.connection.execute(LEASE, given)?;
        let by = by.to_owned();
        if changed == 1 {
            return Ok(Leased::Yes(Lease { by, until_ms }));
        }
        let row = self.find(id, now_ms)?;
        Ok(row
            .filter(|row| row.status != Status::Closed)
            .and_then(|row| row.lease)
            .map_or(Leased::Gone, Leased::Taken))
    }

    /// Somebody gives a case back.
    pub(super) fn give_back(&self, id: CaseId, by: &str) -> Result<(), rusqlite::Error> {
        let given = params![signed(id.0), by];
        self.connection.execute(GIVE_BACK, given).map(drop)
    }

    /// A decision by somebody who has the case; it is on disk when it returns.
    pub(super) fn decide(
        &mut self,
        row: &CaseRow,
        (by, role): (&str, Role),
        (decision, owed): (&Decision, Option<&Owed>),
        (status, now_ms): (Status, u64),
    ) -> Result<Taken, rusqlite::Error> {
        let id = signed(row.id.0);
        let transaction = self.connection.transaction()?;
        let was = row.status.word();
        let changed = transaction.execute(DECIDE, params![id, by, status.word(), was])?;
        if changed == 0 {
            return Ok(Taken::Lapsed);
        }
        let lasts = decision.ruling.outside().map(|lasts| signed(millis(lasts)));
        transaction.execute(
            DECISION,
            params![
                id,
                by,
                role.word(),
                decision.ruling.deed().word(),
                lasts,
                decision.reason,
                decision.note,
                signed(now_ms),
            ],
        )?;
        if let Some(owed) = owed {
            case_debts::owe(&transaction, id, owed, now_ms)?;
        }
        transaction.commit()?;
        Ok(Taken::Yes)
    }

    /// Hands a case to others.
    pub(super) fn escalate(
        &self,
        row: &CaseRow,
        by: &str,
        to: Escalation,
    ) -> Result<Taken, rusqlite::Error> {
        let class = match to {
            Escalation::Senior => row.class,
            Escalation::ChildSafety => CaseClass::ChildSafety,
        };
        let kept = row.opened_ms.saturating_add(millis(self.keeping.of(class)));
        let expires = row.expires_ms.max(kept);
        let given = params![
            signed(row.id.0),
            by,
            to.word(),
            class.word(),
            signed(expires)
        ];
        match self.connection.execute(ESCALATE, given)? {
            0 => Ok(Taken::Lapsed),
            _ => Ok(Taken::Yes),
        }
    }

    /// Keeps a case beyond its time, or no longer.
    pub(super) fn hold(&self, id: CaseId, on: bool) -> Result<(), rusqlite::Error> {
        let hold = "UPDATE cases SET hold = ?2 WHERE id = ?1";
        self.connection
            .execute(hold, params![signed(id.0), i64::from(on)])
            .map(drop)
    }

    /// A visitor asks for another look; false if they have before.
    pub(super) fn appeal(&self, id: CaseId, appeal: &Appeal) -> Result<bool, rusqlite::Error> {
        let given = params![signed(id.0), appeal.text, signed(appeal.at_ms)];
        Ok(self.connection.execute(APPEAL, given)? == 1)
    }
}

fn join(
    connection: &Connection,
    id: i64,
    opening: &Opening,
    expires_ms: u64,
) -> Result<(), rusqlite::Error> {
    connection.prepare(JOIN)?.execute(params![
        id,
        opening.label.as_str(),
        opening.severity,
        f64::from(opening.score),
        opening.class.word(),
        signed(expires_ms),
        opening.done.map(|deed| deed.word()),
        &*opening.policy,
        &*opening.version,
        i64::from(opening.origin == Origin::Report),
    ])?;
    Ok(())
}

fn insert(
    connection: &Connection,
    (opening, code): (&Opening, &str),
    run: u64,
    (now_ms, expires_ms): (u64, u64),
) -> Result<(), rusqlite::Error> {
    connection.prepare(INSERT)?.execute(params![
        code,
        signed(run),
        signed(opening.session.0),
        opening.device.map(|DeviceKey(key)| key.to_vec()),
        opening.class.word(),
        opening.label.as_str(),
        f64::from(opening.score),
        opening.severity,
        opening.origin.word(),
        opening.done.map(|deed| deed.word()),
        &*opening.policy,
        &*opening.version,
        i64::from(opening.origin == Origin::Report),
        signed(now_ms),
        signed(expires_ms),
    ])?;
    Ok(())
}

pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
