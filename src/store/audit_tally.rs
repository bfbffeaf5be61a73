//! [`AuditLog::tally`]: how often what was done by whom on which day, for figures and reports.

use rusqlite::{Connection, OpenFlags};

use super::audit::AuditLog;
use super::ledger::PATIENCE;
use crate::calendar::{DAY_MS, Day};

// The first word of the actor says what they are: policy, shadow, visitor, person, backend, nobody.
const TALLY: &str = "\
SELECT time_ms / ?3, substr(actor, 1, instr(actor || ' ', ' ') - 1), action, label, count(*)
FROM audit WHERE time_ms >= ?1 AND time_ms < ?2
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4";

/// Lines of one day that say the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tally {
    /// The day, in UTC.
    pub day: Day,
    /// What kind of actor: `policy`, `shadow`, `visitor`, `person`, `backend` or `nobody`.
    pub by: String,
    /// What was done.
    pub action: String,
    /// About what.
    pub label: String,
    /// How many lines.
    pub count: u64,
}

impl AuditLog {
    /// What was written down from one day up to another, which is left out. Reads the whole log: from
    /// a thread that may wait.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn tally(&self, (from, to): (Day, Day)) -> Result<Vec<Tally>, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(self.file(), flags)?;
        connection.busy_timeout(PATIENCE)?;
        let mut tally = connection.prepare(TALLY)?;
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let mut rows = tally.query([
            whole(from.begins_ms()),
            whole(to.begins_ms()),
            whole(DAY_MS),
        ])?;
        let mut tallies = Vec::new();
        while let Some(row) = rows.next()? {
            tallies.push(Tally {
                day: Day(u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0)),
                by: row.get(1)?,
                action: row.get(2)?,
                label: row.get(3)?,
                count: u64::try_from(row.get::<_, i64>(4)?).unwrap_or(0),
            });
        }
        Ok(tallies)
    }
}
