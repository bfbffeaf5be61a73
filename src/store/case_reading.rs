//! Reads cases back from the table: the queue, one case, those about a device.

use std::time::Duration;

use rusqlite::{Connection, Params, Row, params};

use super::case_rows::{Appeal, CaseFile, CaseRow, Decided, Lease, PictureRow, Queue, Side};
use super::case_table::{CaseTable, millis, signed};
use crate::id::{CaseId, SessionId};
use crate::limits;
use crate::moderation::{CaseClass, DeviceKey, Origin, Role, Status};

const COLUMNS: &str = "\
SELECT id, code, run, session, device, class, label, score, severity, origin, status, machine,
    policy, version, reports, opened_ms, lease_by, lease_ms, escalated_to, appeal, appeal_ms, hold,
    expires_ms,
    (SELECT group_concat(by, char(10) ORDER BY at_ms) FROM decisions WHERE case_id = id),
    (SELECT count(*) FROM pictures WHERE case_id = id)
FROM cases ";

const WAITING: &str = "\
SELECT count(*), min(opened_ms) FROM cases
WHERE status != 'closed' AND (?1 IS NULL OR class = ?1)";

const DECISIONS: &str = "\
SELECT by, role, action, lasts_ms, reason, note, at_ms FROM decisions
WHERE case_id = ?1 ORDER BY at_ms, rowid";

const PICTURES: &str = "\
SELECT n, whose, taken_ms, codec, scores FROM pictures WHERE case_id = ?1 ORDER BY n";

/// How many cases wait.
pub(super) fn waiting(connection: &Connection) -> Result<usize, rusqlite::Error> {
    let count = "SELECT count(*) FROM cases WHERE status != 'closed'";
    let count: i64 = connection.query_row(count, [], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(0))
}

impl CaseTable {
    /// What is open, of one class or of all: the most pressing first, and of those the oldest.
    pub(super) fn queue(
        &self,
        class: Option<CaseClass>,
        now_ms: u64,
    ) -> Result<Queue, rusqlite::Error> {
        let word = class.map(CaseClass::word);
        let (open, oldest_ms) = self.waiting(class)?;
        let most = i64::try_from(limits::CASES_SHOWN).unwrap_or(i64::MAX);
        let cases = self.rows(
            "WHERE status != 'closed' AND (?1 IS NULL OR class = ?1)
             ORDER BY severity DESC, opened_ms LIMIT ?2",
            params![word, most],
            now_ms,
        )?;
        Ok(Queue {
            cases,
            open,
            oldest_ms,
            now_ms,
        })
    }

    /// How many wait, of one class or of all, and since when the oldest does.
    pub(super) fn waiting(
        &self,
        class: Option<CaseClass>,
    ) -> Result<(u64, Option<u64>), rusqlite::Error> {
        let count = |row: &Row<'_>| {
            let oldest: Option<i64> = row.get(1)?;
            Ok((number(row, 0)?, oldest.map(i64::unsigned_abs)))
        };
        let word = class.map(CaseClass::word);
        self.connection.query_row(WAITING, [word], count)
    }

    /// The most pressing case that nobody has and that this person may take up.
    pub(super) fn most_pressing(
        &self,
        (name, role): (&str, Role),
        now_ms: u64,
    ) -> Result<Option<CaseRow>, rusqlite::Error> {
        let hers = match role {
            Role::ChildSafety => "",
            Role::Moderator | Role::Senior | Role::Admin => "AND class = 'conduct'",
        };
        let pressing = format!(
            "{COLUMNS} WHERE status != 'closed' {hers}
             AND (lease_by IS NULL OR lease_by = ?1 OR lease_ms <= ?2 OR lease_ms > ?3)
             ORDER BY severity DESC, opened_ms"
        );
        let latest = now_ms.saturating_add(millis(limits::LEASE));
        let mut statement = self.connection.prepare(&pressing)?;
        let mut rows = statement.query(params![name, signed(now_ms), signed(latest)])?;
        while let Some(row) = rows.next()? {
            let case = read(row, now_ms)?;
            if case.standing().take_up(name, role).is_ok() {
                return Ok(Some(case));
            }
        }
        Ok(None)
    }

    /// One case.
    pub(super) fn find(&self, id: CaseId, now_ms: u64) -> Result<Option<CaseRow>, rusqlite::Error> {
        let found = self.rows("WHERE id = ?1", [signed(id.0)], now_ms)?;
        Ok(found.into_iter().next())
    }

    /// The case with that code.
    pub(super) fn find_by_code(
        &self,
        code: &str,
        now_ms: u64,
    ) -> Result<Option<CaseRow>, rusqlite::Error> {
        let found = self.rows("WHERE code = ?1", [code], now_ms)?;
        Ok(found.into_iter().next())
    }

    /// One case, whole.
    pub(super) fn whole(
        &self,
        id: CaseId,
        now_ms: u64,
    ) -> Result<Option<CaseFile>, rusqlite::Error> {
        let Some(row) = self.find(id, now_ms)? else {
            return Ok(None);
        };
        let device = row.device.map(|DeviceKey(key)| key.to_vec());
        let most = i64::try_from(limits::CASES_SHOWN).unwrap_or(i64::MAX);
        let history = match device {
            Some(device) => self.rows(
                "WHERE device = ?1 AND id != ?2 ORDER BY id DESC LIMIT ?3",
                params![device, signed(id.0), most],
                now_ms,
            )?,
            None => Vec::new(),
        };
        Ok(Some(CaseFile {
            decisions: self.decisions(id)?,
            pictures: self.pictures(id)?,
            history,
            row,
        }))
    }

    /// What was decided about a case, the first first.
    pub(super) fn decisions(&self, id: CaseId) -> Result<Vec<Decided>, rusqlite::Error> {
        let mut statement = self.connection.prepare(DECISIONS)?;
        let decided = |row: &Row<'_>| {
            Ok(Decided {
                by: row.get(0)?,
                role: row.get(1)?,
                action: row.get(2)?,
                lasts: row.get::<_, Option<i64>>(3)?.map(duration),
                reason: row.get(4)?,
                note: row.get(5)?,
                at_ms: number(row, 6)?,
            })
        };
        statement.query_map([signed(id.0)], decided)?.collect()
    }

    /// The pictures of a case.
    pub(super) fn pictures(&self, id: CaseId) -> Result<Vec<PictureRow>, rusqlite::Error> {
        let mut statement = self.connection.prepare(PICTURES)?;
        let picture = |row: &Row<'_>| {
            let whose: String = row.get(1)?;
            let scores: String = row.get(4)?;
            Ok(PictureRow {
                n: row.get(0)?,
                whose: if whose == Side::About.word() {
                    Side::About
                } else {
                    Side::Reporter
                },
                taken_ms: number(row, 2)?,
                codec: row.get(3)?,
                scores: scores.split_whitespace().filter_map(score).collect(),
            })
        };
        statement.query_map([signed(id.0)], picture)?.collect()
    }

    fn rows(
        &self,
        clause: &str,
        given: impl Params,
        now_ms: u64,
    ) -> Result<Vec<CaseRow>, rusqlite::Error> {
        let mut statement = self.connection.prepare(&format!("{COLUMNS}{clause}"))?;
        statement
            .query_map(given, |row| read(row, now_ms))?
            .collect()
    }
}

fn read(row: &Row<'_>, now_ms: u64) -> Result<CaseRow, rusqlite::Error> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it was written from 32 bits"
    )]
    let score = row.get::<_, f64>(7)? as f32;
    let device: Option<Vec<u8>> = row.get(4)?;
    let deciders: Option<String> = row.get(23)?;
    Ok(CaseRow {
        id: CaseId(number(row, 0)?),
        code: row.get(1)?,
        run: number(row, 2)?,
        session: SessionId(number(row, 3)?),
        device: device.and_then(|key| key.try_into().ok()).map(DeviceKey),
        class: word(row, 5, CaseClass::of_word)?,
        label: row.get(6)?,
        score,
        severity: row.get(8)?,
        origin: word(row, 9, Origin::of_word)?,
        status: word(row, 10, Status::of_word)?,
        machine_action: row.get(11)?,
        policy: row.get(12)?,
        version: row.get(13)?,
        reports: row.get(14)?,
        opened_ms: number(row, 15)?,
        lease: lease(row, now_ms)?,
        escalated_to: row.get(18)?,
        appeal: appeal(row)?,
        legal_hold: row.get(21)?,
        expires_ms: number(row, 22)?,
        deciders: deciders
            .iter()
            .flat_map(|names| names.lines())
            .map(str::to_owned)
            .collect(),
        pictures: row.get(24)?,
    })
}

/// A lease that has not run out, and does not run longer than any may.
fn lease(row: &Row<'_>, now_ms: u64) -> Result<Option<Lease>, rusqlite::Error> {
    let by: Option<String> = row.get(16)?;
    let until_ms = row.get::<_, Option<i64>>(17)?.map(i64::unsigned_abs);
    let latest = now_ms.saturating_add(millis(limits::LEASE));
    Ok(by
        .zip(until_ms)
        .filter(|(_, until_ms)| (now_ms + 1..=latest).contains(until_ms))
        .map(|(by, until_ms)| Lease { by, until_ms }))
}

fn appeal(row: &Row<'_>) -> Result<Option<Appeal>, rusqlite::Error> {
    let at_ms = row.get::<_, Option<i64>>(20)?.map(i64::unsigned_abs);
    let text: Option<String> = row.get(19)?;
    let text = text.unwrap_or_default();
    Ok(at_ms.map(|at_ms| Appeal { text, at_ms }))
}

/// A word that a later version wrote cannot be judged here.
fn word<T>(
    row: &Row<'_>,
    column: usize,
    read: fn(&str) -> Option<T>,
) -> Result<T, rusqlite::Error> {
    let word: String = row.get(column)?;
    let unknown = || {
        let cause = format!("{word} was written by a later version").into();
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, cause)
    };
    read(&word).ok_or_else(unknown)
}

fn score(word: &str) -> Option<(String, f32)> {
    let (label, value) = word.split_once('=')?;
    Some((label.to_owned(), value.parse().ok()?))
}

const fn duration(milliseconds: i64) -> Duration {
    Duration::from_millis(milliseconds.unsigned_abs())
}

fn number(row: &Row<'_>, column: usize) -> Result<u64, rusqlite::Error> {
    Ok(row.get::<_, i64>(column)?.unsigned_abs())
}
