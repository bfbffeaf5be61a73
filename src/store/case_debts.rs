//! What a decided case still owes: who is to stay outside by it, or no longer, as long as that is not on the
//! list of those. It is written with the decision, so that neither a crash nor a full disk comes between.

use std::time::Duration;

use rusqlite::{Connection, params};

use super::case_rows::Owed;
use super::case_table::CaseTable;
use crate::id::CaseId;
use crate::moderation::{DeviceKey, Label};

/// The table, beside those of the cases.
pub(super) const TABLE: &str = "\
CREATE TABLE IF NOT EXISTS debts (
    case_id  INTEGER PRIMARY KEY REFERENCES cases (id),
    device   BLOB    NOT NULL,
    lifts    INTEGER NOT NULL,
    until_ms INTEGER,
    label    TEXT    NOT NULL
) STRICT;";

const OWE: &str = "\
INSERT OR REPLACE INTO debts (case_id, device, lifts, until_ms, label) VALUES (?1, ?2, ?3, ?4, ?5)";

/// What is lifted late must not lift what was decided since.
const LIFT_NO_MORE: &str = "UPDATE debts SET lifts = 0 WHERE device = ?1";

const OWED: &str = "SELECT case_id, device, lifts, until_ms, label FROM debts ORDER BY case_id";

const PAY: &str = "DELETE FROM debts WHERE case_id = ?1";

/// Notes a debt; within the transaction of the decision.
pub(super) fn owe(
    connection: &Connection,
    id: i64,
    owed: &Owed,
    now_ms: u64,
) -> Result<(), rusqlite::Error> {
    let DeviceKey(device) = owed.device;
    connection.execute(LIFT_NO_MORE, [device.as_slice()])?;
    let until_ms = owed.rest.map(|rest| {
        let rest_ms = u64::try_from(rest.as_millis()).unwrap_or(u64::MAX);
        i64::try_from(now_ms.saturating_add(rest_ms)).unwrap_or(i64::MAX)
    });
    let row = params![
        id,
        device.as_slice(),
        owed.lifts,
        until_ms,
        owed.label.as_str()
    ];
    connection.execute(OWE, row).map(drop)
}

impl CaseTable {
    /// All that is owed now.
    pub(super) fn owed(&self, now_ms: u64) -> Result<Vec<(CaseId, Owed)>, rusqlite::Error> {
        let mut all = self.connection.prepare(OWED)?;
        let mut rows = all.query([])?;
        let mut owed = Vec::new();
        while let Some(row) = rows.next()? {
            let (id, device): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
            let (lifts, until_ms): (bool, Option<i64>) = (row.get(2)?, row.get(3)?);
            let label: String = row.get(4)?;
            // What somebody else has put there is nobody's debt.
            let (Ok(device), Ok(label)) = (device.try_into(), Label::new(&label)) else {
                continue;
            };
            let until_ms = until_ms.and_then(|until_ms| u64::try_from(until_ms).ok());
            let rest_ms = until_ms.and_then(|until_ms| until_ms.checked_sub(now_ms));
            let id = CaseId(id.unsigned_abs());
            owed.push((
                id,
                Owed {
                    device: DeviceKey(device),
                    lifts,
                    rest: rest_ms.map(Duration::from_millis),
                    label,
                },
            ));
        }
        Ok(owed)
    }

    /// It is on the list.
    pub(super) fn pay(&self, id: CaseId) -> Result<(), rusqlite::Error> {
        let id = i64::try_from(id.0).unwrap_or(i64::MAX);
        self.connection.execute(PAY, [id]).map(drop)
    }
}
