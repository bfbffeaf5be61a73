//! What the table of cases knows of their pictures: the wrapped key of each case and a row for each
//! picture. The pictures themselves lie elsewhere, sealed.

use rusqlite::{OptionalExtension, params};

use super::case_rows::PictureRow;
use super::case_table::{CaseTable, signed};
use crate::id::CaseId;
use crate::limits;

const KEEP_KEY: &str = "UPDATE cases SET key = ?2 WHERE id = ?1 AND key IS NULL";

const ADD: &str = "\
INSERT INTO pictures (case_id, n, whose, taken_ms, codec, scores)
SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM cases WHERE id = ?1)";

const EXPIRED: &str = "\
SELECT id FROM cases WHERE status = 'closed' AND hold = 0 AND expires_ms <= ?1 ORDER BY id LIMIT ?2";

/// Whatever was decided meanwhile: it is looked at again.
const FORGETTABLE: &str = "\
SELECT 1 FROM cases WHERE id = ?1 AND status = 'closed' AND hold = 0 AND expires_ms <= ?2";

const FORGOTTEN: [&str; 4] = [
    "DELETE FROM debts WHERE case_id = ?1",
    "DELETE FROM decisions WHERE case_id = ?1",
    "DELETE FROM pictures WHERE case_id = ?1",
    "DELETE FROM cases WHERE id = ?1",
];

/// What is gone must be gone from the write-ahead log as well.
const EMPTY_LOG: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// Where the pictures of a case belong.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct PicturePlace {
    /// The key that they are sealed with, itself wrapped; none before the first one.
    pub(super) key: Option<Vec<u8>>,
    /// Those that are there.
    pub(super) pictures: Vec<PictureRow>,
}

impl CaseTable {
    /// Where the pictures of a case belong; nowhere, if there is no such case.
    pub(super) fn picture_place(
        &self,
        id: CaseId,
    ) -> Result<Option<PicturePlace>, rusqlite::Error> {
        let sentence = "SELECT key FROM cases WHERE id = ?1";
        let key: Option<Option<Vec<u8>>> = self
            .connection
            .query_row(sentence, [signed(id.0)], |row| row.get(0))
            .optional()?;
        let Some(key) = key else { return Ok(None) };
        let pictures = self.pictures(id)?;
        Ok(Some(PicturePlace { key, pictures }))
    }

    /// The first key of a case, wrapped; on disk when it returns.
    pub(super) fn keep_key(&self, id: CaseId, wrapped: &[u8]) -> Result<(), rusqlite::Error> {
        let given = params![signed(id.0), wrapped];
        self.connection.execute(KEEP_KEY, given).map(drop)
    }

    /// Pictures that are in their place by now.
    pub(super) fn add_pictures(
        &mut self,
        id: CaseId,
        rows: &[PictureRow],
    ) -> Result<(), rusqlite::Error> {
        let transaction = self.connection.transaction()?;
        for row in rows {
            let scores: Vec<_> = row
                .scores
                .iter()
                .map(|(label, score)| format!("{label}={score}"))
                .collect();
            transaction.execute(
                ADD,
                params![
                    signed(id.0),
                    row.n,
                    row.whose.word(),
                    signed(row.taken_ms),
                    row.codec,
                    scores.join(" "),
                ],
            )?;
        }
        transaction.commit()
    }

    /// Cases whose time is over, as many as are forgotten at once.
    pub(super) fn expired(&self, now_ms: u64) -> Result<Vec<CaseId>, rusqlite::Error> {
        let most = i64::try_from(limits::CASES_SHOWN).unwrap_or(i64::MAX);
        let mut statement = self.connection.prepare(EXPIRED)?;
        let id = |row: &rusqlite::Row<'_>| Ok(CaseId(row.get::<_, i64>(0)?.unsigned_abs()));
        statement
            .query_map(params![signed(now_ms), most], id)?
            .collect()
    }

    /// Forgets those of these cases whose time is over, and with them the keys of their pictures:
    /// which they were.
    pub(super) fn forget(
        &mut self,
        ids: &[CaseId],
        now_ms: u64,
    ) -> Result<Vec<CaseId>, rusqlite::Error> {
        let transaction = self.connection.transaction()?;
        let mut gone = Vec::with_capacity(ids.len());
        for id in ids {
            let given = params![signed(id.0), signed(now_ms)];
            if !transaction.prepare(FORGETTABLE)?.exists(given)? {
                continue;
            }
            for sentence in FORGOTTEN {
                transaction.execute(sentence, [signed(id.0)])?;
            }
            gone.push(*id);
        }
        transaction.commit()?;
        if !gone.is_empty() {
            // Somebody who reads meanwhile keeps it from that: the next time does it.
            let _ = self.connection.query_row(EMPTY_LOG, [], |_| Ok(()));
        }
        Ok(gone)
    }

    /// A name that no other file of cases has: several servers may share a place for pictures, and
    /// each numbers its cases by itself.
    pub(super) fn book(&self) -> Result<String, rusqlite::Error> {
        self.connection
            .query_row("SELECT name FROM book", [], |row| row.get(0))
    }

    /// Which of these cases are not there.
    pub(super) fn absent(&self, ids: Vec<CaseId>) -> Result<Vec<CaseId>, rusqlite::Error> {
        let mut there = self
            .connection
            .prepare("SELECT 1 FROM cases WHERE id = ?1")?;
        let mut absent = Vec::new();
        for id in ids {
            if !there.exists([signed(id.0)])? {
                absent.push(id);
            }
        }
        Ok(absent)
    }

    /// The wrapped keys of the newest cases that have one, to try the operator's key on.
    pub(super) fn newest_key(&self) -> Result<Option<(CaseId, Vec<u8>)>, rusqlite::Error> {
        let newest = "SELECT id, key FROM cases WHERE key IS NOT NULL ORDER BY id DESC LIMIT 1";
        self.connection
            .query_row(newest, [], |row| {
                Ok((CaseId(row.get::<_, i64>(0)?.unsigned_abs()), row.get(1)?))
            })
            .optional()
    }
}
