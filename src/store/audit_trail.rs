//! [`AuditLog::trail`]: the log read back, the newest line first, a page at a time.

use rusqlite::{Connection, OpenFlags, params};

use super::audit::AuditLog;
use super::chain::Stored;
use super::ledger::{PATIENCE, read};
use crate::limits;

// A search looks at so many lines and no more: a log of years is not walked for one request.
const PAGE: &str = "\
SELECT sequence, time_ms, actor, session, label, score, version, action, reason, seal FROM
    (SELECT * FROM audit WHERE sequence < ?1 ORDER BY sequence DESC LIMIT ?2)
WHERE (?3 = '' OR actor = ?3) AND (?4 = '' OR action = ?4)
    AND substr(reason, 1, length(?5)) = ?5
ORDER BY sequence DESC LIMIT ?6";

/// Which lines are wanted.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Search {
    /// Only lines before this one.
    pub before: Option<u64>,
    /// Only what this one did, as it stands in the log; empty for anybody.
    pub actor: String,
    /// Only this deed, as it stands in the log; empty for any.
    pub action: String,
    /// Only lines whose reason begins so.
    pub reason_start: String,
}

/// Some lines of the log.
#[derive(Clone, PartialEq, Debug)]
pub struct Trail {
    /// The lines, the newest first.
    pub lines: Vec<Stored>,
    /// From where to look on, if there may be more.
    pub next: Option<u64>,
}

impl AuditLog {
    /// A page of what was written down. Reads the disk: from a thread that may wait.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn trail(&self, search: &Search) -> Result<Trail, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(self.file(), flags)?;
        connection.busy_timeout(PATIENCE)?;
        let newest: i64 =
            connection.query_row("SELECT coalesce(max(sequence), 0) FROM audit", [], |row| {
                row.get(0)
            })?;
        let end = u64::try_from(newest).unwrap_or(0) + 1;
        let before = search.before.map_or(end, |before| before.min(end));
        let mut page = connection.prepare(PAGE)?;
        let mut rows = page.query(params![
            i64::try_from(before).unwrap_or(i64::MAX),
            i64::from(limits::TRAIL_SEARCHED),
            search.actor,
            search.action,
            search.reason_start,
            i64::from(limits::TRAIL_PAGE),
        ])?;
        let mut lines = Vec::new();
        while let Some(row) = rows.next()? {
            lines.push(read(row)?.0);
        }
        let is_full = lines.len() >= limits::TRAIL_PAGE as usize;
        let searched = before.saturating_sub(u64::from(limits::TRAIL_SEARCHED));
        let next = match lines.last() {
            Some(last) if is_full => last.sequence,
            _ => searched,
        };
        let next = (next > 1).then_some(next);
        Ok(Trail { lines, next })
    }
}
